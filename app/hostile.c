/* An application that is out to destroy its own device: it confirms itself, then does what
 * one letter on the wire asks for, with privileges and with interrupts off. For
 * tests/firmware/test_protect.c; docs/protection.md says what comes of each letter. */
#include "app/hostile.h"

#include "app/app.h"
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "tb_target.h"
#include "twinbank/ota.h"

#define BAUD 115200u
#define RING_BYTES 64u
#define SELF_CHECK_MS 20u
#define UNITS 4u /* overwritten in one place */

static tb_ota ota;
static chip_uart wire;
static uint8_t ring[RING_BYTES];
static volatile uint32_t now_ms;

void app_tick(void)
{
    now_ms++;
}

void app_line_interrupt(void)
{
    chip_uart_interrupt(&wire);
}

static unsigned page_of(uint32_t offset)
{
    tb_page page = {0};

    (void)tb_page_at(TB_TARGET, offset, &page);
    return page.number;
}

static unsigned page_end(uint32_t end)
{
    return page_of(end - 1u) + 1u;
}

static uint32_t erase(unsigned bank, uint32_t from, uint32_t to)
{
    return hostile_erase(bank, page_of(from), page_end(to));
}

static uint32_t zero(unsigned bank, uint32_t offset)
{
    bool swapped = ota.running_bank == 1u;

    return hostile_zero(bank,
                        (volatile uint32_t *)tb_mapped_address(TB_TARGET, swapped, bank, offset),
                        UNITS);
}

static uint32_t zero_stage1(void)
{
    uint32_t errors = 0u;

    for (unsigned bank = 0; bank < 2u; bank++) {
        errors |= zero(bank, 0u) | zero(bank, TB_TARGET->stage1_bytes / 2u);
    }
    return errors;
}

/* The pages are known before anything is erased: the row lies in flash as well. */
HOSTILE_RAM static void wipe(unsigned first, unsigned end)
{
    (void)arm_interrupts_mask(); /* the vectors go as well */
    (void)hostile_erase(0u, first, end);
    (void)hostile_erase(1u, first, end);
    SCB_AIRCR = SCB_AIRCR_SYSRESETREQ;
    for (;;) {
    }
}

static uint32_t attack(uint8_t letter)
{
    unsigned other = ota.running_bank ^ 1u;

    switch (letter) {
    case 'e': /* stage 1, ours and the other */
        return erase(0u, 0u, TB_TARGET->stage1_bytes) | erase(1u, 0u, TB_TARGET->stage1_bytes);
    case 'z':
        return zero_stage1();
    case 'm':
        return hostile_erase_banks(1u) | hostile_erase_banks(2u) | hostile_erase_banks(3u);
    case 'o': /* the fallback, with its log, and its stage 2 */
        return erase(other, TB_TARGET->stage2_offset, TB_TARGET->bank_bytes);
    case 'l': /* both logs */
        return zero(other, tb_log_offset(TB_TARGET)) |
               zero(ota.running_bank, tb_log_offset(TB_TARGET));
    case 's':
        return hostile_swap();
    case 'w': /* everything but stage 1 */
        wipe(page_of(TB_TARGET->stage2_offset), page_end(TB_TARGET->bank_bytes));
        return 0u;
    case 'u':
        return hostile_unprotect();
    default:
        return 0u;
    }
}

static void obey(uint8_t letter)
{
    const char text[] = {'a', 't', 't', 'a', 'c', 'k', ' ', (char)letter, ' ', '\0'};
    uint32_t errors;

    arm_dsb();
    errors = attack(letter);
    console_text(text);
    console_hex(errors);
    console_text("\r\n");
}

int main(void)
{
    uint8_t letter;

    SYST_RVR = TB_TARGET->reset_hz / 1000u - 1u;
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_TICKINT | SYST_CSR_CLKSOURCE;
    console_open();
    (void)tb_ota_init(&ota);
    console_text("\r\napp " APP_RELEASE " running from bank ");
    console_number(ota.running_bank + 1u);
    console_text(", hostile\r\n");
    chip_uart_open(&wire, &TB_TARGET->board, BAUD, ring, RING_BYTES);
    for (bool confirmed = false;;) {
        tb_ota_feed();
        if (!confirmed && now_ms >= SELF_CHECK_MS) {
            confirmed = true;
            console_text(tb_ota_confirm(&ota) == TB_OK ? "app " APP_RELEASE " confirmed\r\n"
                                                       : "app " APP_RELEASE " not confirmed\r\n");
        }
        if (chip_uart_read(&wire, &letter, 1u) == 1u) {
            obey(letter);
        }
        arm_wait_for_interrupt();
    }
}
