/* Write protection of stage 1 on G4, L4, L4+ and U5 (RM0440 3.5.3; RM0351 and RM0432 3.5.3;
 * RM0456 7.6.1): two areas in each physical bank, both ends included, first above last for
 * none. Changing them is an option write as any other: a power cut in it is what
 * docs/protection.md says. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/options.h"
#include "registers.h"
#include "tb_target.h"

static reg *areas(unsigned bank)
{
    return bank == 0u ? FLASH->WRP1R : FLASH->WRP2R;
}

static uint32_t first(uint32_t area)
{
    return area & FLASH_WRP_MASK;
}

static uint32_t last(uint32_t area)
{
    return area >> FLASH_WRP_END_SHIFT & FLASH_WRP_MASK;
}

static uint32_t stage1_last(void)
{
    return TB_TARGET->stage1_bytes / TB_TARGET->pages[0].bytes - 1u;
}

uint8_t chip_protected_banks(void)
{
    uint8_t banks = 0u;

    for (unsigned i = 0; i < 4u; i++) {
        uint32_t area = areas(i / 2u)[i % 2u];
        if (first(area) == 0u && last(area) >= stage1_last()) {
            banks |= (uint8_t)(1u << i / 2u);
        }
    }
    return banks;
}

/* The first area that is empty; what protects something else stays. */
static reg *free_area(unsigned bank)
{
    for (unsigned i = 0; i < 2u; i++) {
        reg *area = &areas(bank)[i];
        if (first(*area) > last(*area)) {
            return area;
        }
    }
    return NULL;
}

tb_error chip_protect(void)
{
    uint8_t banks = chip_protected_banks();
    reg *area[2] = {NULL, NULL};
    uint32_t primask;
    tb_error error;

    for (unsigned bank = 0; bank < 2u; bank++) {
        if ((banks >> bank & 1u) == 0u) {
            area[bank] = free_area(bank);
            if (area[bank] == NULL) {
                return TB_ERR_OPTIONS;
            }
        }
    }
    if (!options_supply_good()) {
        return TB_ERR_SUPPLY;
    }
    error = options_open(&primask);
    if (error != TB_OK) {
        return error;
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (area[bank] != NULL) {
            *area[bank] = (*area[bank] & ~(FLASH_WRP_MASK << FLASH_WRP_END_SHIFT | FLASH_WRP_MASK)) |
                          stage1_last() << FLASH_WRP_END_SHIFT;
        }
    }
    return options_commit(primask, 0u);
}
