/* Option bytes: what is stored and what is in force, write protection, the boot address, and
 * the state that a board keeps (RM0456 7.4, 7.6, 4). */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/u5.h"

#define BOOT_ADDRESS_MASK 0xFFFFFF80u
#define BOOT_PORT 7u /* PH3 */
#define BOOT_PIN 3u

static const uint32_t production[U5_OPTIONS] = {
    [U5_OPTR] = 0x1FEFF8AAu,         [U5_NSBOOTADD0R] = 0x0800007Fu,
    [U5_NSBOOTADD1R] = 0x0BF9007Fu,  [U5_SECBOOTADD0R] = 0x0C00007Cu,
    [U5_SECWM1R1] = 0xFF00FFFFu,     [U5_SECWM1R2] = 0x0F00FFFFu,
    [U5_WRP1AR] = 0xFF00FFFFu,       [U5_WRP1BR] = 0xFF00FFFFu,
    [U5_SECWM2R1] = 0xFF00FFFFu,     [U5_SECWM2R2] = 0x0F00FFFFu,
    [U5_WRP2AR] = 0xFF00FFFFu,       [U5_WRP2BR] = 0xFF00FFFFu,
};

void flash_u5_options_init(flash_u5 *f)
{
    memcpy(f->stored, production, sizeof f->stored);
    memcpy(f->options, production, sizeof f->options);
    memcpy(f->registers, production, sizeof f->registers);
}

/* Parts of their line's full size have two banks whatever DUALBANK says (RM0456 7.3.1). */
static bool heeds_dualbank(const tb_chip *chip)
{
    return chip->flash_kib < (chip->device_id == 0x455u   ? 512u
                              : chip->device_id == 0x482u ? 2048u
                                                          : 4096u);
}

/* At power-on, OBL_LAUNCH and wake from Standby. */
void flash_u5_load_options(flash_u5 *f)
{
    memcpy(f->options, f->stored, sizeof f->options);
    f->single = heeds_dualbank(f->chip) && (f->options[U5_OPTR] & U5_OPTR_DUALBANK) == 0u;
    f->swapped = !f->single && (f->options[U5_OPTR] & U5_OPTR_SWAP_BANK) != 0u;
    sim_trace(f->m, SIM_TRACE_OPTION, "loaded: OPTR 0x%08" PRIX32 "%s%s", f->options[U5_OPTR],
              f->single ? ", one bank" : f->swapped ? ", banks swapped" : "",
              (f->options[U5_OPTR] & U5_OPTR_TZEN) != 0u
                  ? "; TZEN = 1 has no model: the core goes on without the Security Extension"
                  : "");
}

/* The fields have the bits that the line's largest part needs; the others mean nothing. */
static bool wrp_area(const flash_u5 *f, unsigned option, uint32_t first, uint32_t last)
{
    uint32_t mask = f->chip->device_id == 0x455u   ? 0x1Fu
                    : f->chip->device_id == 0x482u ? 0x7Fu
                                                   : 0xFFu;
    uint32_t word = f->options[option];
    uint32_t from = word & mask, to = word >> 16 & mask; /* both inclusive; from > to: none */
    return from <= to && first <= to && last >= from;
}

/* About physical banks (RM0456 7.5.8); of one bank, areas 1 are taken to reach all of it. */
bool flash_u5_write_protected(const flash_u5 *f, unsigned bank, uint32_t offset, uint32_t bytes)
{
    uint32_t first = offset / U5_PAGE_BYTES, last = (offset + bytes - 1u) / U5_PAGE_BYTES;
    if (f->single && bank == 1u) {
        bank = 0u;
        first += f->chip->bank_bytes / U5_PAGE_BYTES;
        last += f->chip->bank_bytes / U5_PAGE_BYTES;
    }
    return bank == 0u
               ? wrp_area(f, U5_WRP1AR, first, last) || wrp_area(f, U5_WRP1BR, first, last)
               : wrp_area(f, U5_WRP2AR, first, last) || wrp_area(f, U5_WRP2BR, first, last);
}

/* Frozen at RDP level 2; an area whose UNLOCK is 0 until RDP goes back (RM0456 7.6.1). */
bool flash_u5_options_allowed(const flash_u5 *f)
{
    static const uint8_t areas[] = {U5_WRP1AR, U5_WRP1BR, U5_WRP2AR, U5_WRP2BR};
    if ((f->options[U5_OPTR] & U5_OPTR_RDP) == U5_RDP_LEVEL_2) {
        return false;
    }
    for (size_t i = 0; i < sizeof areas; i++) {
        if ((f->options[areas[i]] & U5_WRP_UNLOCK) == 0u &&
            f->registers[areas[i]] != f->options[areas[i]]) {
            return false;
        }
    }
    return true;
}

/* No look at what is there: an empty bank is started as it is (RM0456 4.2). */
sim_boot flash_u5_boot(void *self)
{
    flash_u5 *f = self;
    uint32_t optr = f->options[U5_OPTR];
    bool boot0 = (optr & U5_OPTR_NSWBOOT0) != 0u ? sim_pin_level(f->m, BOOT_PORT, BOOT_PIN)
                                                 : (optr & U5_OPTR_NBOOT0) == 0u;
    uint32_t base = f->options[boot0 ? U5_NSBOOTADD1R : U5_NSBOOTADD0R] & BOOT_ADDRESS_MASK;
    sim_boot to = {.area = SIM_BOOT_FLASH, .fb_mode = f->swapped, .vector_base = base,
                   .vtor = base};
    if (base - U5_SYSTEM_BASE < U5_SYSTEM_BYTES) {
        to.area = SIM_BOOT_SYSTEM;
    } else if (base >= 0x20000000u) {
        to.area = SIM_BOOT_SRAM;
    }
    return to;
}

/* ---- saved state ---- */

size_t flash_u5_state_bytes(const void *self)
{
    const flash_u5 *f = self;
    return 4u * U5_OPTIONS + U5_BANKS * cells_saved_bytes(&f->bank[0]);
}

void flash_u5_save(const void *self, uint8_t *out)
{
    const flash_u5 *f = self;
    for (unsigned i = 0; i < 4u * U5_OPTIONS; i++) {
        *out++ = (uint8_t)(f->stored[i / 4u] >> (8u * (i % 4u)));
    }
    for (unsigned i = 0; i < U5_BANKS; i++) {
        cells_save(&f->bank[i], out + i * cells_saved_bytes(&f->bank[i]));
    }
}

bool flash_u5_restore(void *self, const uint8_t *in, size_t bytes)
{
    flash_u5 *f = self;
    const uint8_t *banks = in + 4u * U5_OPTIONS;
    if (bytes != flash_u5_state_bytes(f)) {
        return false;
    }
    for (unsigned i = 0; i < U5_BANKS; i++) {
        if (!cells_can_restore(&f->bank[i], banks + i * cells_saved_bytes(&f->bank[i]))) {
            return false;
        }
    }
    memset(f->stored, 0, sizeof f->stored);
    for (unsigned i = 0; i < 4u * U5_OPTIONS; i++) {
        f->stored[i / 4u] |= (uint32_t)in[i] << (8u * (i % 4u));
    }
    for (unsigned i = 0; i < U5_BANKS; i++) {
        cells_restore(&f->bank[i], banks + i * cells_saved_bytes(&f->bank[i]));
    }
    flash_u5_map(f);
    return true;
}
