/* Prints the linker script of a firmware part, made from the chip's row:
 *   tb-linker-script CHIP stage1|stage2|app|selftest
 *   tb-linker-script CHIP slot-bytes */
#include <stdio.h>
#include <string.h>

#include "chips/chips.h"
#include "twinbank/chip.h"
#include "twinbank/image.h"

/* Stage 1's own RAM, stack included: the last of it, so that what an application left
 * lower down (a log, a crash dump) outlives the boot. */
#define STAGE1_RAM_BYTES 0x1000u
#define STAGE2_STACK_BYTES 0x1000u

static uint32_t sram_end(const tb_chip *c)
{
    return c->sram.base + c->sram.bytes;
}

static void print_memory(const char *flash, uint32_t origin, uint32_t bytes, uint32_t ram,
                         uint32_t ram_end)
{
    printf("MEMORY\n{\n");
    printf("    %s : ORIGIN = 0x%08X, LENGTH = 0x%X\n", flash, (unsigned)origin, (unsigned)bytes);
    printf("    RAM (rwx) : ORIGIN = 0x%08X, LENGTH = 0x%X\n", (unsigned)ram,
           (unsigned)(ram_end - ram));
    printf("}\n\n");
}

static void print_ram_only(void)
{
    printf("    .bss (NOLOAD) : ALIGN(4) {\n        __bss_start = .;\n"
           "        *(.bss .bss.* COMMON)\n"
           "        . = ALIGN(4);\n        __bss_end = .;\n    } > RAM\n");
    printf("    .noinit (NOLOAD) : ALIGN(4) { *(.noinit .noinit.*) } > RAM\n");
    printf("    __end = .;\n");
    printf("    /DISCARD/ : { *(.comment) }\n");
}

/* code: the memory that the program runs from, initialised data with it where that is RAM. */
static void print_sections(const char *code)
{
    bool in_flash = strcmp(code, "FLASH") == 0;
    const char *data = in_flash ? "RAM" : code;

    printf("ENTRY(reset_handler)\n__stack_top = ORIGIN(RAM) + LENGTH(RAM);\n\n");
    printf("SECTIONS\n{\n");
    printf("    .text : {\n        KEEP(*(.vectors))\n        *(.unpack)\n        *(.text.early)\n"
           "        . = ALIGN(4);\n        __packed = .;\n"
           "        *(.text .text.*)\n        *(.rodata .rodata.*)\n        . = ALIGN(4);\n"
           "    } > %s\n", code);
    printf("    .ARM.exidx : { *(.ARM.exidx*) } > %s\n", code);
    printf("    .data : ALIGN(4) {\n        __data_start = .;\n        *(.ramfunc .ramfunc.*)\n"
           "        *(.data .data.*)\n        . = ALIGN(4);\n        __data_end = .;\n"
           "    } > %s%s\n",
           data, in_flash ? " AT > FLASH" : "");
    printf("    __data_load = LOADADDR(.data);\n");
    print_ram_only();
    printf("}\n");
}

static void print_stage1(const tb_chip *c)
{
    print_memory("FLASH (rx)", TB_FLASH_BASE, c->stage1_bytes, sram_end(c) - STAGE1_RAM_BYTES,
                 sram_end(c));
    print_sections("FLASH");
}

static void print_stage2(const tb_chip *c)
{
    printf("/* The image, header included, has %u bytes. */\n", (unsigned)c->stage2_bytes);
    if (c->stage2_run - c->sram.base < c->sram.bytes) {
        printf("MEMORY\n{\n    RAM (rwx) : ORIGIN = 0x%08X, LENGTH = 0x%X\n}\n\n",
               (unsigned)c->stage2_run, (unsigned)(sram_end(c) - c->stage2_run));
        print_sections("RAM");
    } else { /* in a RAM for code, with its stack and zeroed data in the usual one */
        print_memory("CODE (rwx)", c->stage2_run, c->stage2_bytes - TB_HEADER_BYTES, c->sram.base,
                     sram_end(c));
        print_sections("CODE");
    }
    printf("ASSERT(__end + 0x%X <= __stack_top, \"no room for the ring and the queue\")\n",
           (unsigned)((c->ring.base == 0u ? c->ring.bytes : 0u) + tb_queue_bytes(c) +
                      CHIP_UART_OUT_BYTES + STAGE2_STACK_BYTES));
    printf("ASSERT(__data_end - 0x%X <= 0x%X, \"stage 2 is too large\")\n",
           (unsigned)c->stage2_run, (unsigned)(c->stage2_bytes - TB_HEADER_BYTES));
}

static void print_app(const tb_chip *c)
{
    printf("/* An application for the slot of %s: the header of %u bytes comes first and is\n"
           " * put there by `twinbank image pack`; the vector table follows. In a project of your\n"
           " * own change just the FLASH line. */\n", c->name, (unsigned)TB_HEADER_BYTES);
    print_memory("FLASH (rx)", TB_FLASH_BASE + c->slot_offset + TB_HEADER_BYTES,
                 tb_slot_image_bytes(c) - TB_HEADER_BYTES, c->sram.base, sram_end(c));
    print_sections("FLASH");
}

/* The self-test stands alone where stage 1 and stage 2 are otherwise, and runs where stage 2
 * does but for its first lines, which copy it there: a part's code is not fetched from every
 * RAM of it (F7, H7). */
static void print_selftest(const tb_chip *c)
{
    uint32_t flash_bytes = c->stage2_offset + c->stage2_bytes;
    bool in_ram = c->stage2_run - c->sram.base < c->sram.bytes;
    const char *code = in_ram ? "RAM" : "CODE";

    print_memory("FLASH (rx)", TB_FLASH_BASE, flash_bytes,
                 in_ram ? c->stage2_run : c->sram.base, sram_end(c));
    if (!in_ram) {
        printf("MEMORY { CODE (rwx) : ORIGIN = 0x%08X, LENGTH = 0x%X }\n\n",
               (unsigned)c->stage2_run, (unsigned)(c->stage2_bytes - TB_HEADER_BYTES));
    }
    printf("ENTRY(boot_handler)\n__stack_top = ORIGIN(RAM) + LENGTH(RAM);\n\n");
    printf("SECTIONS\n{\n");
    printf("    .boot : {\n        KEEP(*(.vectors))\n        *(.boot)\n        . = ALIGN(4);\n"
           "    } > FLASH\n");
    printf("    .text : {\n        __data_start = .;\n        KEEP(*(.run_vectors))\n"
           "        *(.text .text.*)\n        *(.ramfunc .ramfunc.*)\n"
           "        *(.rodata .rodata.*)\n        *(.data .data.*)\n"
           "        . = ALIGN(4);\n        __data_end = .;\n    } > %s AT > FLASH\n", code);
    printf("    __data_load = LOADADDR(.text);\n");
    printf("    .ARM.exidx : { *(.ARM.exidx*) } > FLASH\n");
    print_ram_only();
    printf("}\n");
}

int main(int argc, char **argv)
{
    const tb_chip *chip = argc == 3 ? tb_chip_find(argv[1]) : NULL;

    if (argc != 3) {
        fprintf(stderr, "usage: tb-linker-script CHIP stage1|stage2|app|selftest|slot-bytes\n");
        return 2;
    }
    if (chip == NULL || !chip->has_banks) {
        fprintf(stderr, "tb-linker-script: %s: %s\n", argv[1],
                chip == NULL ? "no such chip" : chip->refusal);
        return 1;
    }
    if (strcmp(argv[2], "slot-bytes") == 0) {
        printf("%u\n", (unsigned)tb_slot_bytes(chip));
        return 0;
    }
    printf("/* %s, %s: made by tb-linker-script from the chip's row. */\n\n", chip->name, argv[2]);
    if (strcmp(argv[2], "stage1") == 0) {
        print_stage1(chip);
    } else if (strcmp(argv[2], "stage2") == 0) {
        print_stage2(chip);
    } else if (strcmp(argv[2], "app") == 0) {
        print_app(chip);
    } else if (strcmp(argv[2], "selftest") == 0) {
        print_selftest(chip);
    } else {
        fprintf(stderr, "tb-linker-script: %s: not stage1, stage2, app, selftest or slot-bytes\n",
                argv[2]);
        return 2;
    }
    return ferror(stdout) != 0 ? 1 : 0;
}
