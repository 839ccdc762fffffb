/* Option bytes: their pages, what is in force, protection, the choice of boot area, and
 * the state that a board keeps (RM0440 2.6, 3.4, 3.5; AN2606). */
#include <inttypes.h>
#include <string.h>

#include "sim/periph/flash/g4.h"

static const uint32_t production[OPT_WORDS] = {
    [OPT_OPTR] = 0xFFEFF8AAu,     [OPT_PCROP1SR] = 0xFFFFFFFFu, [OPT_PCROP1ER] = 0x00000000u,
    [OPT_WRP1AR] = 0xFF00FFFFu,   [OPT_WRP1BR] = 0xFF00FFFFu,   [OPT_PCROP2SR] = 0xFFFFFFFFu,
    [OPT_PCROP2ER] = 0x00000000u, [OPT_WRP2AR] = 0xFF00FFFFu,   [OPT_WRP2BR] = 0xFF00FFFFu,
    [OPT_SEC1R] = 0xFF00FF00u,    [OPT_SEC2R] = 0xFF00FF00u,
};

/* Words and complements that differ: user bits 1, BOR level 0, RDP level 1, PCROP over
 * everything, no WRP (RM0440 3.4.2). */
static const uint32_t mismatch[OPT_WORDS] = {
    [OPT_OPTR] = 0xFFFFF8FFu,     [OPT_PCROP1SR] = 0x00000000u, [OPT_PCROP1ER] = 0xFFFFFFFFu,
    [OPT_WRP1AR] = 0xFF00FFFFu,   [OPT_WRP1BR] = 0xFF00FFFFu,   [OPT_PCROP2SR] = 0x00000000u,
    [OPT_PCROP2ER] = 0xFFFFFFFFu, [OPT_WRP2AR] = 0xFF00FFFFu,   [OPT_WRP2BR] = 0xFF00FFFFu,
    [OPT_SEC1R] = 0xFF00FF00u,    [OPT_SEC2R] = 0xFF00FF00u,
};

bool flash_g4_dual(const flash_g4 *f, uint32_t optr)
{
    uint32_t bit = f->chip->flash_kib == f->kind->most_kib ? f->kind->optr_dual_most
                                                           : f->kind->optr_dual_less;
    return bit == 0u || (optr & bit) != 0u;
}

uint32_t flash_g4_page_bytes(const flash_g4 *f)
{
    bool twice = f->single_bank && f->kind->wide_single_bank;
    return f->chip->pages[0].bytes * (twice ? 2u : 1u);
}

void flash_g4_options_init(flash_g4 *f)
{
    memcpy(f->stored, production, sizeof f->stored);
    memcpy(f->options, production, sizeof f->options);
    memcpy(f->registers, production, sizeof f->registers);
    f->stored_intact = true;
    f->virgin = true;
}

/* At power-on, OBL_LAUNCH and wake from Standby. Parts from production show OPTVERR too. */
void flash_g4_load_options(flash_g4 *f)
{
    memcpy(f->options, f->stored_intact ? f->stored : mismatch, sizeof f->options);
    memcpy(f->registers, f->options, sizeof f->registers);
    if (!f->stored_intact || f->virgin) {
        f->sr |= SR_OPTVERR;
    }
    flash_g4_reorder(f, !flash_g4_dual(f, f->options[OPT_OPTR]));
    sim_trace(f->m, SIM_TRACE_OPTION, "loaded: OPTR 0x%08" PRIX32 "%s", f->options[OPT_OPTR],
              f->stored_intact ? ""
                               : ", after a mismatch: RDP level 1, PCROP over everything, no WRP");
}

/* ---- protection ---- */

static bool wrp_area(const flash_g4 *f, unsigned option, uint32_t first, uint32_t last)
{
    uint32_t word = f->options[option];
    /* both inclusive; from > to: none */
    uint32_t from = word & f->kind->pnb_mask, to = word >> 16 & f->kind->pnb_mask;
    return from <= to && first <= to && last >= from;
}

static bool pcrop_area(const flash_g4 *f, unsigned option, uint32_t first, uint32_t last)
{
    uint32_t unit_bytes = f->single_bank && f->kind->wide_single_bank ? 16u : 8u;
    uint32_t from = f->options[option] & f->kind->pcrop_mask;
    uint32_t to = f->options[option + 1u] & f->kind->pcrop_mask;
    return from <= to && first / unit_bytes <= to && last / unit_bytes >= from;
}

/* PCROP of `first` to `last`, offsets in the bank, or in the array where there is one bank. */
static bool pcrop(const flash_g4 *f, unsigned bank, uint32_t first, uint32_t last)
{
    bool both = f->single_bank && f->kind->wide_single_bank;
    if (f->single_bank && !both) {
        bank = 0u;
    }
    return ((both || bank == 0u) && pcrop_area(f, OPT_PCROP1SR, first, last)) ||
           ((both || bank == 1u) && pcrop_area(f, OPT_PCROP2SR, first, last));
}

static bool wrp(const flash_g4 *f, unsigned bank, uint32_t first, uint32_t last)
{
    bool both = f->single_bank && f->kind->wide_single_bank;
    if (f->single_bank && !both) {
        bank = 0u;
    }
    first /= flash_g4_page_bytes(f);
    last /= flash_g4_page_bytes(f);
    return ((both || bank == 0u) &&
            (wrp_area(f, OPT_WRP1AR, first, last) || wrp_area(f, OPT_WRP1BR, first, last))) ||
           ((both || bank == 1u) &&
            (wrp_area(f, OPT_WRP2AR, first, last) || wrp_area(f, OPT_WRP2BR, first, last)));
}

static uint32_t array_offset(const flash_g4 *f, unsigned region, uint32_t offset)
{
    return f->single_bank ? region * f->chip->bank_bytes + offset : offset;
}

/* All of it is about physical banks (RM0440 3.5.2, 3.5.3). */
bool flash_g4_write_protected(const flash_g4 *f, unsigned region, uint32_t offset, uint32_t bytes)
{
    uint32_t first = array_offset(f, region, offset), last = first + (bytes - 1u);
    return wrp(f, region, first, last) || pcrop(f, region, first, last) ||
           flash_g4_secured(f, region, offset);
}

bool flash_g4_read_protected(const flash_g4 *f, unsigned region, uint32_t offset)
{
    uint32_t at = array_offset(f, region, offset);
    return pcrop(f, region, at, at);
}

/* The securable area, once CR.SEC_PROTx has closed it until the next reset (RM0440 3.5.4). */
bool flash_g4_secured(const flash_g4 *f, unsigned region, uint32_t offset)
{
    bool second = region == 1u && !f->single_bank;
    if ((f->cr & (second ? CR_SEC_PROT2 : CR_SEC_PROT1)) == 0u) {
        return false;
    }
    uint32_t pages = f->options[second ? OPT_SEC2R : OPT_SEC1R] & 0xFFu;
    return array_offset(f, region, offset) / flash_g4_page_bytes(f) < pages;
}

/* Is there anything that keeps reads off the fast path? */
bool flash_g4_any_protection(const flash_g4 *f)
{
    const uint32_t *o = f->options, mask = f->kind->pcrop_mask;
    return (f->cr & (CR_SEC_PROT1 | CR_SEC_PROT2)) != 0u ||
           (o[OPT_PCROP1SR] & mask) <= (o[OPT_PCROP1ER] & mask) ||
           (o[OPT_PCROP2SR] & mask) <= (o[OPT_PCROP2ER] & mask);
}

/* ---- the option pages as memory (RM0440 3.4.1, table 18) ---- */

bool flash_g4_option_byte(const flash_g4 *f, uint32_t address, uint8_t *byte)
{
    static const uint8_t first[] = {OPT_OPTR,   OPT_PCROP1SR, OPT_PCROP1ER,
                                    OPT_WRP1AR, OPT_WRP1BR,   OPT_SEC1R};
    static const uint8_t second[] = {OPT_WORDS,  OPT_PCROP2SR, OPT_PCROP2ER,
                                     OPT_WRP2AR, OPT_WRP2BR,   OPT_SEC2R};
    bool bank2 = address >= 0x1FFFF800u;
    uint32_t at = address - (bank2 ? 0x1FFFF800u : 0x1FFF7800u);
    if (at >= sizeof first * 8u || !f->kind->options_in_memory) {
        return false;
    }
    unsigned which = bank2 ? second[at / 8u] : first[at / 8u];
    if (which >= OPT_SEC1R && !f->kind->securable) {
        which = OPT_WORDS;
    }
    if (which == OPT_WORDS || !f->stored_intact) {
        *byte = 0xFFu;
        return true;
    }
    uint32_t word = (at & 4u) == 0u ? f->stored[which] : ~f->stored[which];
    *byte = (uint8_t)(word >> (8u * (at & 3u)));
    return true;
}

/* ---- boot (RM0440 2.6, silicon: AN2606 patterns 14, 7 and 6) ---- */

/* The ROM starts a bank whose first word points into SRAM, and looks no further. */
static bool rom_accepts(flash_g4 *f, unsigned bank)
{
    if (flash_g4_read_protected(f, bank, 0u) || f->region[bank].state[0] == UNIT_DOUBLE) {
        return false;
    }
    const uint8_t *d = f->region[bank].data;
    uint32_t sp = d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24;
    for (unsigned i = 0; i < 2u; i++) {
        const tb_memory *ram = &f->kind->rom_stack[i];
        if (ram->bytes != 0u && sp - ram->base <= ram->bytes) {
            return true;
        }
    }
    return false;
}

sim_boot flash_g4_boot(void *self)
{
    flash_g4 *f = self;
    const uint32_t optr = f->options[OPT_OPTR];
    bool from_pin = !f->kind->soft_boot0 || (optr & OPTR_NSWBOOT0) != 0u;
    bool boot0 = from_pin ? sim_pin_level(f->m, f->kind->boot0_port, f->kind->boot0_pin)
                          : (optr & OPTR_NBOOT0) == 0u;
    sim_boot to = {.area = SIM_BOOT_FLASH};
    if (f->kind->securable && (f->options[OPT_SEC1R] & SEC1R_BOOT_LOCK) != 0u) {
        return to;
    }
    if (boot0) {
        to.area = (optr & OPTR_NBOOT1) != 0u ? SIM_BOOT_SYSTEM : SIM_BOOT_SRAM;
        to.mem_mode = (optr & OPTR_NBOOT1) != 0u ? 1u : 3u;
    } else if ((optr & OPTR_BFB2) != 0u && flash_g4_dual(f, optr)) {
        to.by_rom = true;
        to.mem_mode = 1u;
        to.vector_base = TB_FLASH_BASE;
        to.fb_mode = rom_accepts(f, 1u);
        if (!to.fb_mode && !rom_accepts(f, 0u)) {
            to.area = SIM_BOOT_SYSTEM;
            to.vector_base = 0u;
        }
    }
    f->readout_locked = to.area == SIM_BOOT_SRAM && (optr & OPTR_RDP) != RDP_LEVEL_0;
    return to;
}

/* ---- saved state ---- */

enum { FLAG_INTACT = 1u, FLAG_VIRGIN = 2u, FLAG_SINGLE_BANK = 4u, FLAGS = 7u };

size_t flash_g4_state_bytes(const void *self)
{
    const flash_g4 *f = self;
    size_t sum = 4u + 4u * OPT_WORDS;
    for (unsigned i = 0; i < REGIONS; i++) {
        sum += cells_saved_bytes(&f->region[i]);
    }
    return sum;
}

static uint8_t *put_word(uint8_t *out, uint32_t word)
{
    for (unsigned i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(word >> (8u * i));
    }
    return out + 4;
}

static const uint8_t *get_word(const uint8_t *in, uint32_t *word)
{
    *word = in[0] | (uint32_t)in[1] << 8 | (uint32_t)in[2] << 16 | (uint32_t)in[3] << 24;
    return in + 4;
}

void flash_g4_save(const void *self, uint8_t *out)
{
    const flash_g4 *f = self;
    out = put_word(out, (f->stored_intact ? FLAG_INTACT : 0u) | (f->virgin ? FLAG_VIRGIN : 0u) |
                            (f->single_bank ? FLAG_SINGLE_BANK : 0u));
    for (unsigned i = 0; i < OPT_WORDS; i++) {
        out = put_word(out, f->stored[i]);
    }
    for (unsigned i = 0; i < REGIONS; i++) {
        cells_save(&f->region[i], out);
        out += cells_saved_bytes(&f->region[i]);
    }
}

bool flash_g4_restore(void *self, const uint8_t *in, size_t bytes)
{
    flash_g4 *f = self;
    uint32_t flags;
    if (bytes != flash_g4_state_bytes(f)) {
        return false;
    }
    const uint8_t *at = get_word(in, &flags) + 4u * OPT_WORDS;
    for (unsigned i = 0; i < REGIONS; i++) {
        if (!cells_can_restore(&f->region[i], at)) {
            return false;
        }
        at += cells_saved_bytes(&f->region[i]);
    }
    if ((flags & ~(uint32_t)FLAGS) != 0u) {
        return false;
    }
    at = in + 4;
    for (unsigned i = 0; i < OPT_WORDS; i++) {
        at = get_word(at, &f->stored[i]);
    }
    f->stored_intact = (flags & FLAG_INTACT) != 0u;
    f->virgin = (flags & FLAG_VIRGIN) != 0u;
    f->single_bank = (flags & FLAG_SINGLE_BANK) != 0u;
    for (unsigned i = 0; i < REGIONS; i++) {
        cells_restore(&f->region[i], at);
        at += cells_saved_bytes(&f->region[i]);
    }
    flash_g4_map(f);
    return true;
}
