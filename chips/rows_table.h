/* The rows: macros that several share, then one ROW() each. Included where ROW() is defined,
 * once as the table (rows.c), once as an object for each row (row_objects.c). */
/* RM0440 3.3.1: on every density of category 3 bank 2 begins at 0x08040000, so the
 * 256 KB and 128 KB parts have a hole below it. */
#define G4_BANK2_BASE 0x08040000u
#define G4_PAGE_BYTES 2048u

/* SRAM1 and SRAM2 together; the stack ends at 0x20018000 at most, since the ROM refuses
 * to start a bank whose initial SP lies in CCM SRAM or its alias (AN2606). Stage 2 runs
 * above the 16 KB that the ROM uses. */
#define G474_COMMON(kib)                                                              \
    .family = TB_FAMILY_G4, .device_id = 0x469u, .flash_kib = (kib), .has_banks = true, \
    .bank_bytes = (kib) * 1024u / 2u, .bank2_base = G4_BANK2_BASE,                    \
    .pages = {{(kib) * 1024u / 2u / G4_PAGE_BYTES, G4_PAGE_BYTES}}, .unit_bytes = 8u, \
    .stage1_bytes = 0x1000u, .stage2_offset = 0x1000u, .stage2_bytes = 0x7000u,       \
    .slot_offset = 0x8000u, .log_units = 64u, .sram = {0x20000000u, 0x18000u},        \
    .ring = {0u, 0x4000u}, .stage2_run = 0x20004000u, .reset_hz = 16000000u,          \
    .boot_hz = 170000000u,                                                            \
    .board = {.name = "NUCLEO-G474RE", .uart_name = "lpuart1", .uart_base = 0x40008000u, \
              .port = 0u, .tx_pin = 2u, .rx_pin = 3u, .alternate = 12u, .uart_irq = 91u},     \
    .console = {.uart_name = "usart1", .uart_base = 0x40013800u, .port = 0u, .tx_pin = 9u, \
                .rx_pin = 10u, .alternate = 7u, .uart_irq = 37u},                     \
    .led_port = 0u, .led_pin = 5u

/* RM0351 3.3.1, RM0432 3.3.1: bank 2 follows bank 1 on every density. SRAM1 is 96 KB on L47x
 * and twice that on L4R; the stack ends below 0x20018000 on both, which the ROM takes for a
 * stack pointer by any account of its check (AN2606). */
#define L4_COMMON(kib, page_bytes)                                                    \
    .flash_kib = (kib), .has_banks = true, .bank_bytes = (kib) * 1024u / 2u,          \
    .bank2_base = TB_FLASH_BASE + (kib) * 1024u / 2u,                                 \
    .pages = {{(kib) * 1024u / 2u / (page_bytes), (page_bytes)}}, .unit_bytes = 8u,   \
    .stage1_bytes = 0x1000u, .stage2_offset = 0x1000u, .stage2_bytes = 0x7000u,       \
    .slot_offset = 0x8000u, .log_units = 64u, .sram = {0x20000000u, 0x18000u},        \
    .ring = {0u, 0x4000u}, .stage2_run = 0x20004000u, .reset_hz = 4000000u
#define L476_COMMON(kib)                                                              \
    .family = TB_FAMILY_L4, .device_id = 0x415u, L4_COMMON(kib, 2048u), .boot_hz = 80000000u, \
    .board = {.name = "NUCLEO-L476RG", .uart_name = "usart2", .uart_base = 0x40004400u, \
              .port = 0u, .tx_pin = 2u, .rx_pin = 3u, .alternate = 7u, .uart_irq = 38u}, \
    .console = {.uart_name = "usart1", .uart_base = 0x40013800u, .port = 0u, .tx_pin = 9u, \
                .rx_pin = 10u, .alternate = 7u, .uart_irq = 37u},                     \
    .led_port = 0u, .led_pin = 5u
#define L4R5_COMMON(kib)                                                              \
    .family = TB_FAMILY_L4PLUS, .device_id = 0x470u, L4_COMMON(kib, 4096u),           \
    .boot_hz = 120000000u,                                                            \
    .board = {.name = "NUCLEO-L4R5ZI", .uart_name = "lpuart1", .uart_base = 0x40008000u, \
              .port = 6u, .tx_pin = 7u, .rx_pin = 8u, .alternate = 8u, .uart_irq = 70u}, \
    .console = {.uart_name = "usart2", .uart_base = 0x40004400u, .port = 3u, .tx_pin = 5u, \
                .rx_pin = 6u, .alternate = 7u, .uart_irq = 38u},                      \
    .led_port = 1u, .led_pin = 7u

/* The stack is in DTCM, and stage 2 runs from ITCM, beside the null page:
 * neither needs a clock, a cache or the bus matrix. Boot is from HSI, see chips/h7/clock.c.
 * UARTs: NUCLEO-H743ZI's and NUCLEO-H7A3ZI-Q's ST-LINK port is USART3. */
#define H7_COMMON(id)                                                                 \
    .family = TB_FAMILY_H7, .device_id = (id), .has_banks = true,                      \
    .bank2_base = 0x08100000u, .log_units = 64u,                                       \
    .sram = {0x20000000u, 0x20000u}, .stage2_run = 0x00001000u,                       \
    .reset_hz = 64000000u, .boot_hz = 64000000u,                                      \
    .console = {.uart_name = "usart2", .uart_base = 0x40004400u, .port = 3u, .tx_pin = 5u, \
                .rx_pin = 6u, .alternate = 7u, .uart_irq = 38u},                      \
    .led_port = 1u, .led_pin = 0u
#define H7_BOARD(board_name)                                                          \
    {.name = (board_name), .uart_name = "usart3", .uart_base = 0x40004800u, .port = 3u, \
     .tx_pin = 8u, .rx_pin = 9u, .alternate = 7u, .uart_irq = 39u}
/* On every density bank 2 begins at 0x08100000 (RM0433 table 16): 1 MB parts have a hole. A
 * session begins with three sectors to erase, 3 s: the ring is all of SRAM1 and SRAM2. Not in AXI
 * SRAM, whose reads revision Y may get wrong (ES0392 2.2.9). */
#define H743_COMMON(kib)                                                              \
    H7_COMMON(0x450u), .flash_kib = (kib), .bank_bytes = (kib) * 1024u / 2u,          \
    .pages = {{(kib) / 256u, 0x20000u}}, .unit_bytes = 32u, .stage1_bytes = 0x20000u, \
    .stage2_offset = 0x20000u, .stage2_bytes = 0x7000u, .slot_offset = 0x40000u,      \
    .ring = {0x30000000u, 0x40000u},                                                  \
    .board = H7_BOARD("NUCLEO-H743ZI")

/* Two banks in one contiguous array (RM0456 7.3.1); pages of 8 KB, units of 16 bytes. The
 * consoles are on LPUART1, the ST-LINK's port is USART1. */
#define U5_PAGE_BYTES 8192u
#define U5_COMMON(id, kib)                                                            \
    .family = TB_FAMILY_U5, .device_id = (id), .flash_kib = (kib), .has_banks = true,  \
    .bank_bytes = (kib) * 1024u / 2u, .bank2_base = TB_FLASH_BASE + (kib) * 1024u / 2u, \
    .pages = {{(kib) * 1024u / 2u / U5_PAGE_BYTES, U5_PAGE_BYTES}}, .unit_bytes = 16u, \
    .stage1_bytes = 0x2000u, .stage2_offset = 0x2000u, .stage2_bytes = 0x8000u,       \
    .slot_offset = 0xA000u, .log_units = 64u, .ring = {0u, 0x4000u},                  \
    .stage2_run = 0x20004000u, .reset_hz = 4000000u, .boot_hz = 48000000u,            \
    .console = {.uart_name = "lpuart1", .uart_base = 0x46002400u, .port = 0u, .tx_pin = 2u, \
                .rx_pin = 3u, .alternate = 8u, .uart_irq = 66u}
#define U5_BOARD(board_name)                                                          \
    {.name = (board_name), .uart_name = "usart1", .uart_base = 0x40013800u, .port = 0u, \
     .tx_pin = 9u, .rx_pin = 10u, .alternate = 7u, .uart_irq = 61u}

/* With nDBANK = 0 (RM0410 table 4). Units are two words, programmed one after the other: a
 * record has 8 bytes. Write protection goes by pairs of sectors: sector 1 is protected with
 * stage 1, and left free; sector 3 is free as well, for what chips/f7/flash.c tries on it.
 * Stage 2 runs from SRAM1, which follows DTCM; the stack ends below SRAM2,
 * inside what any reading of the ROM's check takes for RAM (AN2606). The ring is large for what
 * comes in the seconds in which sectors are erased. */
#define F767_COMMON                                                                   \
    .family = TB_FAMILY_F7, .device_id = 0x451u, .flash_kib = 2048u, .has_banks = true, \
    .bank_bytes = 0x100000u, .bank2_base = 0x08100000u,                               \
    .pages = {{4u, 0x4000u}, {1u, 0x10000u}, {7u, 0x20000u}}, .unit_bytes = 8u,       \
    .stage1_bytes = 0x4000u, .stage2_offset = 0x8000u, .stage2_bytes = 0x4000u,       \
    .slot_offset = 0x10000u, .log_units = 64u, .sram = {0x20000000u, 0x7C000u},       \
    .ring = {0u, 0x40000u},                                                           \
    .stage2_run = 0x20020000u, .reset_hz = 16000000u, .boot_hz = 180000000u,          \
    .board = {.name = "NUCLEO-F767ZI", .uart_name = "usart3", .uart_base = 0x40004800u, \
              .port = 3u, .tx_pin = 8u, .rx_pin = 9u, .alternate = 7u, .uart_irq = 39u},      \
    .console = {.uart_name = "usart2", .uart_base = 0x40004400u, .port = 3u, .tx_pin = 5u,    \
                .rx_pin = 6u, .alternate = 7u, .uart_irq = 38u},                      \
    .led_port = 1u, .led_pin = 0u

ROW(STM32G474RE, .name = "stm32g474re", G474_COMMON(512u))
ROW(STM32G474RC, .name = "stm32g474rc", G474_COMMON(256u))
ROW(STM32G474RB, .name = "stm32g474rb", G474_COMMON(128u))
ROW(STM32G491RE,
    .name = "stm32g491re", .family = TB_FAMILY_G4, .device_id = 0x479u, .flash_kib = 512u,
    .refusal = "the STM32G491 has one flash bank: it cannot update itself by swapping "
               "banks. The STM32G474 of the same size can.")
ROW(STM32L476RG, .name = "stm32l476rg", L476_COMMON(1024u))
ROW(STM32L476RE, .name = "stm32l476re", L476_COMMON(512u))
ROW(STM32L476RC, .name = "stm32l476rc", L476_COMMON(256u))
ROW(STM32L4R5ZI, .name = "stm32l4r5zi", L4R5_COMMON(2048u))
ROW(STM32L4R5ZG, .name = "stm32l4r5zg", L4R5_COMMON(1024u))
ROW(STM32H743ZI, .name = "stm32h743zi", H743_COMMON(2048u))
/* Write protection goes by four sectors: 1 to 3 are protected with stage 1, and left free. */
ROW(STM32H7A3ZI,
    .name = "stm32h7a3zi", H7_COMMON(0x480u), .flash_kib = 2048u, .bank_bytes = 0x100000u,
    .pages = {{128u, 0x2000u}}, .unit_bytes = 16u,
    .stage1_bytes = 0x2000u, .stage2_offset = 0x8000u, .stage2_bytes = 0x8000u,
    .slot_offset = 0x10000u, .ring = {0u, 0x4000u}, .board = H7_BOARD("NUCLEO-H7A3ZI-Q"))
ROW(STM32U575ZI,
    .name = "stm32u575zi", U5_COMMON(0x482u, 2048u), .sram = {0x20000000u, 0x40000u},
    .board = U5_BOARD("NUCLEO-U575ZI-Q"), .led_port = 2u, .led_pin = 7u)
ROW(STM32U575ZG,
    .name = "stm32u575zg", U5_COMMON(0x482u, 1024u), .sram = {0x20000000u, 0x40000u},
    .board = U5_BOARD("NUCLEO-U575ZI-Q"), .led_port = 2u, .led_pin = 7u)
ROW(STM32U545RE,
    .name = "stm32u545re", U5_COMMON(0x455u, 512u), .sram = {0x20000000u, 0x40000u},
    .board = U5_BOARD("NUCLEO-U545RE-Q"), .led_port = 0u, .led_pin = 5u)
ROW(STM32U5A5ZJ,
    .name = "stm32u5a5zj", U5_COMMON(0x481u, 4096u), .sram = {0x20000000u, 0xD0000u},
    .board = U5_BOARD("NUCLEO-U5A5ZJ-Q"), .led_port = 2u, .led_pin = 7u)
ROW(STM32F767ZI, .name = "stm32f767zi", F767_COMMON)

/* Other names of the dies above, with crypto or a display more, or fewer peripherals: what the
 * rows say is the same, by the device id too. They are built, and simulated, as those are; the
 * boards are those of the first name. */
ROW(STM32G473RE, .name = "stm32g473re", G474_COMMON(512u))
ROW(STM32G473RC, .name = "stm32g473rc", G474_COMMON(256u))
ROW(STM32G473RB, .name = "stm32g473rb", G474_COMMON(128u))
ROW(STM32G483RE, .name = "stm32g483re", G474_COMMON(512u))
ROW(STM32G484RE, .name = "stm32g484re", G474_COMMON(512u))
ROW(STM32L475RG, .name = "stm32l475rg", L476_COMMON(1024u))
ROW(STM32L475RE, .name = "stm32l475re", L476_COMMON(512u))
ROW(STM32L475RC, .name = "stm32l475rc", L476_COMMON(256u))
ROW(STM32L486RG, .name = "stm32l486rg", L476_COMMON(1024u))
ROW(STM32L4R9ZI, .name = "stm32l4r9zi", L4R5_COMMON(2048u))
ROW(STM32L4R9ZG, .name = "stm32l4r9zg", L4R5_COMMON(1024u))
ROW(STM32L4S5ZI, .name = "stm32l4s5zi", L4R5_COMMON(2048u))
ROW(STM32L4S9ZI, .name = "stm32l4s9zi", L4R5_COMMON(2048u))
ROW(STM32H743ZG, .name = "stm32h743zg", H743_COMMON(1024u))
ROW(STM32H753ZI, .name = "stm32h753zi", H743_COMMON(2048u))
ROW(STM32F765ZI, .name = "stm32f765zi", F767_COMMON)
ROW(STM32F769NI, .name = "stm32f769ni", F767_COMMON)
ROW(STM32F777ZI, .name = "stm32f777zi", F767_COMMON)
ROW(STM32F779NI, .name = "stm32f779ni", F767_COMMON)
