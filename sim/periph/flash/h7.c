/* FLASH of the STM32H7: its registers (RM0433 4.9, RM0455 4.9), twice, 0x100 apart. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/flash/h7.h"
#include "sim/periph/periph.h"

#define FLASH_IRQ 4u
#define PLACE_BYTES 0x100u

enum {
    ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, CR = 0x0C, SR = 0x10, CCR = 0x14, OPTCR = 0x18,
    OPTSR_CUR = 0x1C, OPTSR_PRG = 0x20, OPTCCR = 0x24, ECC_FA = 0x60
};

#define OPTCR_OPTLOCK 1u
#define OPTCR_OPTSTART 2u
#define OPTCR_SWAP (1u << 31)
#define ACR_LATENCY 0xFu
#define CR_EOPIE_TO_DBECCERRIE 0x07FF0000u

/* DS12110 table 53, typical, by PSIZE; its longest times are twice these. The H7A3's times are
 * of no source that was read: of the right order, no more. */
static const h7_line lines[] = {
    {.device_id = 0x450u, .cr_reset = 0x31u, .cr_fw = 1u << 6, .cr_start = 1u << 7,
     .snb_shift = 8u, .snb_mask = 7u, .psize_mask = 3u << 4, .acr_reset = 0x37u,
     .info_base = 0x1FF1E800u, .uid_offset = 0u, .size_offset = 0x80u, .wpsn_sectors = 1u,
     .program = {290u * SIM_PS_PER_US, 180u * SIM_PS_PER_US, 130u * SIM_PS_PER_US,
                 100u * SIM_PS_PER_US},
     .erase = {2000u * SIM_PS_PER_MS, 1800u * SIM_PS_PER_MS, 1100u * SIM_PS_PER_MS,
               1000u * SIM_PS_PER_MS}},
    {.device_id = 0x480u, .cr_reset = 0x01u, .cr_fw = 1u << 4, .cr_start = 1u << 5,
     .snb_shift = 6u, .snb_mask = 0x7Fu, .psize_mask = 0u, .acr_reset = 0x13u,
     .info_base = 0x08FFF800u, .uid_offset = 0u, .size_offset = 0x0Cu, .wpsn_sectors = 4u,
     .program = {40u * SIM_PS_PER_US}, .erase = {3u * SIM_PS_PER_MS}},
};

static const uint32_t production[H7_OPTIONS] = {
    [H7_OPTSR] = 0x0006AAF0u, [H7_PRAR1] = 0x000000FFu, [H7_SCAR1] = 0x000000FFu,
    [H7_WPSN1] = 0xFFFFFFFFu, [H7_BOOT] = 0x1FF00800u,  [H7_PRAR2] = 0x000000FFu,
    [H7_SCAR2] = 0x000000FFu, [H7_WPSN2] = 0xFFFFFFFFu,
};

static const struct {
    uint16_t offset;
    uint8_t option;
    bool programs; /* _PRG: what the next change writes */
    const char *name;
} option_registers[] = {
    {0x1C, H7_OPTSR, false, "OPTSR_CUR"}, {0x20, H7_OPTSR, true, "OPTSR_PRG"},
    {0x28, H7_PRAR1, false, "PRAR_CUR1"}, {0x2C, H7_PRAR1, true, "PRAR_PRG1"},
    {0x30, H7_SCAR1, false, "SCAR_CUR1"}, {0x34, H7_SCAR1, true, "SCAR_PRG1"},
    {0x38, H7_WPSN1, false, "WPSN_CUR1"}, {0x3C, H7_WPSN1, true, "WPSN_PRG1"},
    {0x40, H7_BOOT, false, "BOOT_CUR"},   {0x44, H7_BOOT, true, "BOOT_PRG"},
    {0x128, H7_PRAR2, false, "PRAR_CUR2"}, {0x12C, H7_PRAR2, true, "PRAR_PRG2"},
    {0x130, H7_SCAR2, false, "SCAR_CUR2"}, {0x134, H7_SCAR2, true, "SCAR_PRG2"},
    {0x138, H7_WPSN2, false, "WPSN_CUR2"}, {0x13C, H7_WPSN2, true, "WPSN_PRG2"},
};

/* The second controller's view of the registers that both share. */
static uint32_t canonical(uint32_t offset)
{
    uint32_t own = offset - PLACE_BYTES;
    bool shared = own == ACR || (own >= OPTKEYR && own < CR) || (own >= OPTCR && own < 0x28u) ||
                  own == 0x40u || own == 0x44u;
    return offset >= PLACE_BYTES && shared ? own : offset;
}

static int option_at(uint32_t offset)
{
    for (unsigned i = 0; i < sizeof option_registers / sizeof option_registers[0]; i++) {
        if (option_registers[i].offset == offset) {
            return (int)i;
        }
    }
    return -1;
}

static const char *register_name(uint32_t offset)
{
    static const char *const names[2][7] = {
        {"ACR", "KEYR1", "OPTKEYR", "CR1", "SR1", "CCR1", "OPTCR"},
        {"ACR", "KEYR2", "OPTKEYR", "CR2", "SR2", "CCR2", "OPTCR"}};
    offset = canonical(offset);
    int option = option_at(offset);
    if (option >= 0) {
        return option_registers[option].name;
    }
    unsigned which = offset >= PLACE_BYTES ? 1u : 0u;
    uint32_t at = offset - which * PLACE_BYTES;
    if (at / 4u < 7u) {
        return names[which][at / 4u];
    }
    return at == OPTCCR ? "OPTCCR" : at == ECC_FA ? (which == 0u ? "ECC_FA1" : "ECC_FA2") : NULL;
}

/* ---- interrupts ---- */

void flash_h7_update_irq(flash_h7 *f)
{
    bool level = false;
    for (unsigned i = 0; i < H7_BANKS; i++) {
        level = level || (f->place[i].sr & f->place[i].cr & CR_EOPIE_TO_DBECCERRIE) != 0u;
    }
    sim_irq(f->m, FLASH_IRQ, level);
}

/* ---- keys ---- */

static sim_access write_keyr(h7_place *p, uint32_t value)
{
    sim_access result = flash_turn_key(p->f->m, &p->key, value, 0x45670123u, 0xCDEF89ABu);
    if (p->key == FLASH_KEY_OPEN) {
        p->cr &= ~H7_CR_LOCK;
    } else {
        p->cr |= H7_CR_LOCK;
    }
    return result;
}

static sim_access write_optkeyr(flash_h7 *f, uint32_t value)
{
    sim_access result = flash_turn_key(f->m, &f->opt_key, value, 0x08192A3Bu, 0x4C5D6E7Fu);
    if (f->opt_key == FLASH_KEY_OPEN) {
        f->optcr &= ~OPTCR_OPTLOCK;
    } else {
        f->optcr |= OPTCR_OPTLOCK;
    }
    return result;
}

/* ---- CR, OPTCR, ACR ---- */

static sim_access write_cr(h7_place *p, uint32_t value)
{
    const h7_line *line = p->f->line;
    const uint32_t plain = H7_CR_PG | H7_CR_SER | H7_CR_BER | line->psize_mask |
                           line->snb_mask << line->snb_shift | CR_EOPIE_TO_DBECCERRIE;
    if ((p->cr & H7_CR_LOCK) != 0u) {
        sim_trace(p->f->m, SIM_TRACE_FLASH, "CR%u is locked: write of 0x%08" PRIX32 " ignored",
                  p->number + 1u, value);
        return SIM_ACCESS_OK;
    }
    if (!flash_h7_wait(p)) {
        return SIM_ACCESS_STOP;
    }
    if ((value & 1u << 15) != 0u) {
        return sim_unmodelled(p->f->m, &p->f->periph, CR + p->number * PLACE_BYTES, 4u, true,
                              value, "the CRC over flash is not modelled");
    }
    p->cr = value & plain;
    if ((value & H7_CR_LOCK) != 0u) {
        p->cr |= H7_CR_LOCK;
        flash_close_key(&p->key);
    }
    if ((value & line->cr_fw) != 0u) {
        flash_h7_force_write(p);
    }
    if ((value & line->cr_start) != 0u) {
        p->cr |= line->cr_start;
        flash_h7_start_erase(p);
    }
    flash_h7_update_irq(p->f);
    return SIM_ACCESS_OK;
}

static sim_access write_optcr(flash_h7 *f, uint32_t value)
{
    if ((f->optcr & OPTCR_OPTLOCK) != 0u) {
        sim_trace(f->m, SIM_TRACE_OPTION, "OPTCR is locked: write of 0x%08" PRIX32 " ignored",
                  value);
        return SIM_ACCESS_OK;
    }
    if ((value & 0x10u) != 0u) {
        return sim_unmodelled(f->m, &f->periph, OPTCR, 4u, true, value,
                              "the mass erase by MER is not modelled");
    }
    f->optcr = value & 0x40000000u; /* OPTCHANGEERRIE */
    if ((value & OPTCR_OPTLOCK) != 0u) {
        f->optcr |= OPTCR_OPTLOCK;
        flash_close_key(&f->opt_key);
    }
    if ((value & OPTCR_OPTSTART) != 0u) {
        flash_h7_start_options(f);
    }
    return SIM_ACCESS_OK;
}

static void apply_timing(flash_h7 *f)
{
    sim_cpu_set_flash_line(sim_core(f->m), f->chip->unit_bytes); /* H743 256 bits, H7A3 128 */
    sim_cpu_set_flash_timing(sim_core(f->m), f->acr & ACR_LATENCY, false, false, false);
}

/* ---- access ---- */

static bool read_word(const flash_h7 *f, uint32_t offset, uint32_t *value)
{
    int option = option_at(offset);
    if (option >= 0) {
        const uint32_t *words = option_registers[option].programs ? f->prg : f->cur;
        *value = words[option_registers[option].option];
        if (offset == OPTSR_CUR) {
            *value |= (f->option_busy ? H7_OPTSR_BUSY : 0u) |
                      (f->opt_changeerr ? H7_OPTSR_CHANGEERR : 0u);
        }
        return true;
    }
    const h7_place *p = &f->place[offset >= PLACE_BYTES ? 1u : 0u];
    switch (offset - p->number * PLACE_BYTES) {
    case ACR:
        *value = f->acr;
        return true;
    case KEYR:
    case OPTKEYR:
    case CCR:
    case OPTCCR:
        *value = 0; /* write-only */
        return true;
    case CR:
        *value = p->cr;
        return true;
    case SR:
        *value = p->sr;
        return true;
    case OPTCR:
        *value = f->optcr | (f->swapped ? OPTCR_SWAP : 0u);
        return true;
    case ECC_FA:
        *value = p->ecc_fa;
        return true;
    default:
        return false;
    }
}

static sim_access read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    flash_h7 *f = self;
    uint32_t word, at = canonical(offset & ~3u);
    bool busy = (at == SR && f->place[0].op.active) ||
                (at == SR + PLACE_BYTES && f->place[1].op.active) ||
                (at == OPTSR_CUR && f->option_busy);
    if (busy && !sim_poll_busy(f->m)) {
        return SIM_ACCESS_STOP;
    }
    if (!read_word(f, at, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, false, 0u, "no such register");
    }
    *value = size == 4u ? word : (word >> (8u * (offset & 3u))) & ((1u << (8u * size)) - 1u);
    return SIM_ACCESS_OK;
}

static void write_option(flash_h7 *f, int option, uint32_t value)
{
    if (!option_registers[option].programs) {
        return; /* read-only */
    }
    if ((f->optcr & OPTCR_OPTLOCK) == 0u && !f->option_busy) {
        uint32_t mask = option_registers[option].option == H7_OPTSR
                            ? ~(H7_OPTSR_BUSY | H7_OPTSR_CHANGEERR)
                            : ~0u;
        f->prg[option_registers[option].option] = value & mask;
    } else {
        sim_trace(f->m, SIM_TRACE_OPTION, "%s is locked: write of 0x%08" PRIX32 " ignored",
                  option_registers[option].name, value);
    }
}

static sim_access write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    flash_h7 *f = self;
    uint32_t word, at = canonical(offset & ~3u);
    if (size != 4u || !read_word(f, at, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, true, value,
                              size != 4u ? "registers are written as words" : "no such register");
    }
    int option = option_at(at);
    if (option >= 0) {
        write_option(f, option, value);
        return SIM_ACCESS_OK;
    }
    h7_place *p = &f->place[at >= PLACE_BYTES ? 1u : 0u];
    switch (at - p->number * PLACE_BYTES) {
    case ACR:
        f->acr = value & 0x3Fu;
        apply_timing(f);
        sim_check_clock(f->m);
        break;
    case KEYR:
        return write_keyr(p, value);
    case OPTKEYR:
        return write_optkeyr(f, value);
    case CR:
        return write_cr(p, value);
    case CCR:
        p->sr &= ~(value & 0x1FEF0000u);
        flash_h7_update_irq(f);
        break;
    case OPTCR:
        return write_optcr(f, value);
    case OPTCCR:
        f->opt_changeerr = f->opt_changeerr && (value & H7_OPTSR_CHANGEERR) == 0u;
        break;
    default:
        break; /* SR, ECC_FA: read-only */
    }
    return SIM_ACCESS_OK;
}

/* ---- the model's side towards the machine ---- */

/* Any reset leaves the operation in progress to chance; SWAP_BANK comes into force
 * (RM0433 4.4.6). */
static void reset_model(void *self, unsigned cause)
{
    flash_h7 *f = self;
    (void)cause;
    flash_h7_tear(f, SIM_CUT_RANDOM);
    f->acr = f->line->acr_reset;
    f->optcr = OPTCR_OPTLOCK;
    f->opt_key = FLASH_KEY_IDLE;
    f->opt_changeerr = false;
    memcpy(f->prg, f->cur, sizeof f->prg);
    f->swapped = (f->cur[H7_OPTSR] & H7_OPTSR_SWAP) != 0u;
    for (unsigned i = 0; i < H7_BANKS; i++) {
        h7_place *p = &f->place[i];
        p->cr = f->line->cr_reset;
        p->sr = p->ecc_fa = p->filled = 0;
        p->key = FLASH_KEY_IDLE;
    }
    apply_timing(f);
    flash_h7_map(f);
    flash_h7_update_irq(f);
}

static void set_mapping(void *self, bool fb_mode)
{
    (void)self, (void)fb_mode; /* by the option alone */
}

/* BOOT_ADD0: the BOOT0 pin has no port on this line and is low. */
static sim_boot boot(void *self)
{
    const flash_h7 *f = self;
    uint32_t base = f->cur[H7_BOOT] << 16;
    sim_boot to = {.area = base < 0x1FF00000u ? SIM_BOOT_FLASH
                           : base < 0x20000000u ? SIM_BOOT_SYSTEM
                                                : SIM_BOOT_SRAM,
                   .fb_mode = f->swapped, .vector_base = base, .vtor = base};
    return to;
}

static uint8_t *bank(void *self, unsigned which)
{
    flash_h7 *f = self;
    return which < H7_BANKS ? f->bank[which].data : NULL;
}

static bool load(void *self, uint32_t address, const uint8_t *data, size_t bytes)
{
    flash_h7 *f = self;
    uint32_t offset;
    unsigned which;
    for (size_t i = 0; i < bytes; i++) { /* all or nothing */
        if (address + i > UINT32_MAX ||
            !flash_h7_locate(f, address + (uint32_t)i, false, &which, &offset)) {
            return false;
        }
    }
    for (size_t i = 0; i < bytes;) {
        flash_h7_locate(f, address + (uint32_t)i, false, &which, &offset);
        i += cells_load(&f->bank[which], offset, data + i, bytes - i);
    }
    flash_h7_map(f);
    return true;
}

static bool damage(void *self, unsigned which, uint32_t offset, sim_damage kind)
{
    flash_h7 *f = self;
    if (which >= H7_BANKS || offset >= f->chip->bank_bytes) {
        return false;
    }
    cells_damage(&f->bank[which], offset, kind);
    flash_h7_map(f);
    return true;
}

/* As the machine's other models ask for it: the watchdog's bits where the other lines have them. */
static uint32_t optr(const void *self)
{
    const flash_h7 *f = self;
    uint32_t word = (f->cur[H7_OPTSR] & H7_OPTSR_IWDG_SW) != 0u ? ~0u : ~(1u << 16);
    return (f->cur[H7_OPTSR] & H7_OPTSR_IWDG_SDBY) != 0u ? word : word & ~(1u << 18);
}

static unsigned latency(const void *self)
{
    return ((const flash_h7 *)self)->acr & ACR_LATENCY;
}

static void place_of_op(const void *self, unsigned *where, uint32_t *offset, uint32_t *bytes)
{
    const flash_h7 *f = self;
    *where = f->begun.bank;
    *offset = f->begun.offset;
    *bytes = f->begun.bytes;
}

static void remap(void *self)
{
    flash_h7_map(self);
}

static const uint8_t *op_data(const void *self)
{
    return ((const flash_h7 *)self)->begun.data;
}

static size_t take(const void *self, unsigned which, uint32_t offset, uint32_t bytes, uint8_t *out)
{
    return cells_take(&((const flash_h7 *)self)->bank[which], offset, bytes, out);
}

static void give(void *self, unsigned which, uint32_t offset, uint32_t bytes, const uint8_t *in)
{
    cells_give(&((flash_h7 *)self)->bank[which], offset, bytes, in);
}

static uint64_t options(const void *self)
{
    const flash_h7 *f = self;
    uint64_t hash = sim_mix_bytes(1u, f->cur, sizeof f->cur);
    return sim_mix_bytes(hash, f->prg, sizeof f->prg) + f->swapped;
}

static sim_unit unit_reads(const void *self, unsigned which, uint32_t offset, uint8_t *other)
{
    return cells_unit(&((const flash_h7 *)self)->bank[which], offset, other);
}

/* ---- saved state ---- */

static size_t bank_state_bytes(const flash_h7 *f)
{
    return cells_saved_bytes(&f->bank[0]);
}

static size_t state_bytes(const void *self)
{
    return 4u * H7_OPTIONS + H7_BANKS * bank_state_bytes(self);
}

static void save(const void *self, uint8_t *out)
{
    const flash_h7 *f = self;
    for (unsigned i = 0; i < 4u * H7_OPTIONS; i++) {
        *out++ = (uint8_t)(f->cur[i / 4u] >> (8u * (i % 4u)));
    }
    for (unsigned i = 0; i < H7_BANKS; i++, out += bank_state_bytes(f)) {
        cells_save(&f->bank[i], out);
    }
}

static bool restore(void *self, const uint8_t *in, size_t bytes)
{
    flash_h7 *f = self;
    const uint8_t *banks = in + 4u * H7_OPTIONS;
    if (bytes != state_bytes(f)) {
        return false;
    }
    for (unsigned i = 0; i < H7_BANKS; i++) {
        if (!cells_can_restore(&f->bank[i], banks + i * bank_state_bytes(f))) {
            return false;
        }
    }
    memset(f->cur, 0, sizeof f->cur);
    for (unsigned i = 0; i < 4u * H7_OPTIONS; i++) {
        f->cur[i / 4u] |= (uint32_t)in[i] << (8u * (i % 4u));
    }
    for (unsigned i = 0; i < H7_BANKS; i++, banks += bank_state_bytes(f)) {
        cells_restore(&f->bank[i], banks);
    }
    flash_h7_map(f);
    return true;
}

static void destroy(void *self)
{
    flash_h7 *f = self;
    flash_h7_array_free(f);
    free(f);
}

void sim_flash_h7_new(sim_machine *m)
{
    flash_h7 *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    f->m = m;
    f->slow = sim_slowest_flash(m) ? 2u : 1u;
    f->chip = sim_chip(m);
    for (unsigned i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (lines[i].device_id == f->chip->device_id) {
            f->line = &lines[i];
        }
    }
    if (f->line == NULL) {
        abort();
    }
    for (unsigned i = 0; i < H7_BANKS; i++) {
        f->place[i] = (h7_place){.f = f, .number = i, .cr = f->line->cr_reset};
        f->place[i].done = (sim_event){.fire = flash_h7_done, .self = &f->place[i]};
    }
    f->option_done = (sim_event){.fire = flash_h7_options_done, .self = f};
    f->acr = f->line->acr_reset;
    f->optcr = OPTCR_OPTLOCK;
    memcpy(f->cur, production, sizeof f->cur);
    memcpy(f->prg, production, sizeof f->prg);
    flash_h7_array_init(f);
    f->periph = (sim_periph){.name = "FLASH", .base = 0x52002000u, .bytes = 0x400u, .self = f,
                             .read = read, .write = write, .register_name = register_name};
    f->model = (sim_flash_model){
        .self = f, .read = flash_h7_read, .write = flash_h7_write, .peek = flash_h7_peek,
        .bank = bank, .load = load, .reset = reset_model, .boot = boot, .set_mapping = set_mapping,
        .tear = flash_h7_tear, .optr = optr, .latency = latency, .damage = damage,
        .place = place_of_op, .unit = unit_reads, .remap = remap,
        .op_data = op_data, .apply = flash_h7_apply,
        .take = take, .give = give, .options = options,
        .state_bytes = state_bytes, .save = save, .restore = restore, .destroy = destroy};
    sim_add_periph(m, &f->periph);
    sim_set_flash(m, &f->model);
}
