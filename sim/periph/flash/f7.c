/* FLASH of the STM32F76x: its registers (RM0410 3.7), option bytes, choice of boot area. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/flash/f7.h"
#include "sim/periph/periph.h"

#define FLASH_IRQ 4u

enum { ACR = 0x00, KEYR = 0x04, OPTKEYR = 0x08, SR = 0x0C, CR = 0x10, OPTCR = 0x14, OPTCR1 = 0x18 };

#define ACR_LATENCY 0xFu
#define ACR_PRFTEN (1u << 8)
#define ACR_ARTEN (1u << 9)
#define ACR_ARTRST (1u << 11)
#define OPTCR_RDP(word) ((word) >> 8 & 0xFFu)
#define RDP_LEVEL_2 0xCCu

/* As shipped (RM0410 3.4), but for nDBANK, which a board owner has set to 0. */
static const uint32_t production[F7_OPTIONS] = {[F7_OPTCR] = 0xDFFFAAFCu,
                                                [F7_OPTCR1] = 0x00400080u};

static const char *register_name(uint32_t offset)
{
    static const char *const names[] = {"ACR", "KEYR", "OPTKEYR", "SR", "CR", "OPTCR", "OPTCR1"};
    return offset / 4u < sizeof names / sizeof names[0] ? names[offset / 4u] : NULL;
}

void flash_f7_update_irq(flash_f7 *f)
{
    sim_irq(f->m, FLASH_IRQ,
            ((f->cr & F7_CR_EOPIE) != 0u && (f->sr & F7_SR_EOP) != 0u) ||
                ((f->cr & F7_CR_ERRIE) != 0u && (f->sr & F7_SR_OPERR) != 0u));
}

void flash_f7_error(flash_f7 *f, uint32_t bits)
{
    f->sr |= bits | ((f->cr & F7_CR_ERRIE) != 0u ? F7_SR_OPERR : 0u);
    sim_trace(f->m, SIM_TRACE_FLASH, "refused: SR 0x%05" PRIX32 ", PC 0x%08" PRIX32, f->sr,
              sim_cpu_pc(sim_core(f->m)));
    flash_f7_update_irq(f);
}

/* DS11532. No figure for option bytes was found: as on the other lines, an erase of small pages,
 * and at the longest twice that. */
static const f7_times typical = {
    16u * SIM_PS_PER_US,
    {{400, 300, 250, 250}, {1200, 700, 550, 550}, {2000, 1300, 1000, 1000}},
    50u * SIM_PS_PER_MS};
static const f7_times longest = {
    100u * SIM_PS_PER_US,
    {{800, 600, 500, 500}, {2400, 1400, 1100, 1100}, {4000, 2600, 2000, 2000}},
    100u * SIM_PS_PER_MS};

/* ---- registers ---- */

static sim_access write_cr(flash_f7 *f, uint32_t value)
{
    const uint32_t plain = F7_CR_PG | F7_CR_SER | F7_CR_MER1 | 0x1Fu << 3 | 3u << 8 | F7_CR_MER2 |
                           F7_CR_EOPIE | F7_CR_ERRIE;
    if (!flash_f7_wait(f)) { /* RM0410 3.7.5: the bus stalls */
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & F7_CR_LOCK) != 0u) {
        sim_trace(f->m, SIM_TRACE_FLASH, "CR is locked: write of 0x%08" PRIX32 " ignored", value);
        return SIM_ACCESS_OK;
    }
    f->cr = value & plain;
    if ((value & F7_CR_LOCK) != 0u) {
        f->cr |= F7_CR_LOCK;
        flash_close_key(&f->key);
    }
    if ((value & F7_CR_STRT) != 0u) {
        f->cr |= F7_CR_STRT;
        flash_f7_start_erase(f);
    }
    flash_f7_update_irq(f);
    return SIM_ACCESS_OK;
}

static sim_access write_option(flash_f7 *f, unsigned which, uint32_t value)
{
    if (!flash_f7_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->registers[F7_OPTCR] & F7_OPTCR_OPTLOCK) != 0u ||
        OPTCR_RDP(f->options[F7_OPTCR]) == RDP_LEVEL_2) {
        sim_trace(f->m, SIM_TRACE_OPTION, "OPTCR is locked: write of 0x%08" PRIX32 " ignored",
                  value);
        return SIM_ACCESS_OK;
    }
    f->registers[which] = value;
    if (which == F7_OPTCR && (value & F7_OPTCR_OPTLOCK) != 0u) {
        flash_close_key(&f->opt_key);
    }
    if (which == F7_OPTCR && (value & F7_OPTCR_OPTSTRT) != 0u) {
        flash_f7_start_options(f);
    }
    return SIM_ACCESS_OK;
}

static void apply_timing(flash_f7 *f)
{
    /* AXI is not served by ART. 128 bits in dual-bank mode, 256 in single-bank mode (AN4667). */
    sim_cpu_set_flash_line(sim_core(f->m), flash_f7_single(f) ? 32 : 16);
    sim_cpu_set_flash_timing(sim_core(f->m), f->acr & ACR_LATENCY, false, false, false);
}

static bool read_word(const flash_f7 *f, uint32_t offset, uint32_t *value)
{
    const uint32_t words[] = {f->acr, 0u, 0u, f->sr, f->cr, f->registers[F7_OPTCR],
                              f->registers[F7_OPTCR1]};
    if (offset / 4u >= sizeof words / sizeof words[0]) {
        return false;
    }
    *value = words[offset / 4u];
    return true;
}

static sim_access read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    flash_f7 *f = self;
    uint32_t word;
    if ((offset & ~3u) == SR && f->op.active && !sim_poll_busy(f->m)) {
        return SIM_ACCESS_STOP;
    }
    if (!read_word(f, offset & ~3u, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, false, 0u, "no such register");
    }
    *value = size == 4u ? word : (word >> (8u * (offset & 3u))) & ((1u << (8u * size)) - 1u);
    return SIM_ACCESS_OK;
}

static sim_access write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    flash_f7 *f = self;
    uint32_t word, at = offset & ~3u;
    sim_access result;
    if (!read_word(f, at, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, true, value, "no such register");
    }
    if (size != 4u) { /* OPTCR is often written by bytes; flags are not to be written back */
        unsigned shift = 8u * (offset & 3u);
        uint32_t mask = ((1u << (8u * size)) - 1u) << shift;
        value = ((at == SR ? 0u : word) & ~mask) | ((value << shift) & mask);
    }
    switch (at) {
    case ACR:
        f->acr = value & (ACR_LATENCY | ACR_PRFTEN | ACR_ARTEN | ACR_ARTRST);
        apply_timing(f);
        sim_check_clock(f->m);
        break;
    case KEYR:
        result = flash_turn_key(f->m, &f->key, value, 0x45670123u, 0xCDEF89ABu);
        f->cr = f->key == FLASH_KEY_OPEN ? f->cr & ~F7_CR_LOCK : f->cr | F7_CR_LOCK;
        return result;
    case OPTKEYR:
        result = flash_turn_key(f->m, &f->opt_key, value, 0x08192A3Bu, 0x4C5D6E7Fu);
        f->registers[F7_OPTCR] = f->opt_key == FLASH_KEY_OPEN
                                     ? f->registers[F7_OPTCR] & ~F7_OPTCR_OPTLOCK
                                     : f->registers[F7_OPTCR] | F7_OPTCR_OPTLOCK;
        return result;
    case SR:
        f->sr &= ~(value & F7_SR_FLAGS);
        flash_f7_update_irq(f);
        break;
    case CR:
        return write_cr(f, value);
    default:
        return write_option(f, at == OPTCR ? F7_OPTCR : F7_OPTCR1, value);
    }
    return SIM_ACCESS_OK;
}

/* ---- the model's side towards the machine ---- */

/* Any reset leaves the operation in progress to chance, and loads the options. */
static void reset_model(void *self, unsigned cause)
{
    flash_f7 *f = self;
    (void)cause;
    flash_f7_tear(f, SIM_CUT_RANDOM);
    f->acr = f->sr = 0;
    f->cr = F7_CR_LOCK;
    f->key = f->opt_key = FLASH_KEY_IDLE;
    memcpy(f->options, f->stored, sizeof f->options);
    memcpy(f->registers, f->stored, sizeof f->registers);
    f->registers[F7_OPTCR] |= F7_OPTCR_OPTLOCK;
    f->swapped = false;
    apply_timing(f);
    flash_f7_map(f);
    flash_f7_update_irq(f);
}

static void set_mapping(void *self, bool fb_mode)
{
    flash_f7 *f = self;
    f->swapped = fb_mode && !flash_f7_single(f);
    flash_f7_map(f);
}

/* The ROM starts a bank whose first word points into RAM, and looks no further. */
static bool rom_accepts(const flash_f7 *f, unsigned bank)
{
    const uint8_t *d = f->bank[bank].data;
    uint32_t sp = d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24;
    return sp >= 0x20000000u && sp <= 0x20080000u;
}

/* RM0410 2.3 and AN2606: with nDBOOT = 0 the ROM runs first and looks at BOOT_ADD0, whatever
 * the pin says. The pin has no port on this line and is low. */
static sim_boot boot(void *self)
{
    const flash_f7 *f = self;
    uint32_t base = (f->options[F7_OPTCR1] & 0xFFFFu) << 14, bytes = f->chip->bank_bytes;
    bool second = base - (TB_FLASH_BASE + bytes) < bytes || base - (F7_ITCM_BASE + bytes) < bytes;
    sim_boot to = {.area = SIM_BOOT_FLASH, .vector_base = base, .vtor = base};
    if (flash_f7_single(f) || (f->options[F7_OPTCR] & F7_OPTCR_NDBOOT) != 0u) {
        if (base - 0x00100000u < 0x100000u || base - 0x1FF00000u < 0x100000u) {
            to.area = SIM_BOOT_SYSTEM;
        } else if (base < 0x00100000u || base >= 0x20000000u) {
            to.area = SIM_BOOT_SRAM;
        }
        return to;
    }
    to.by_rom = true;
    to.vector_base = TB_FLASH_BASE;
    to.vtor = 0x00100000u;
    to.fb_mode = second && rom_accepts(f, 1u);
    if (!to.fb_mode && !rom_accepts(f, 0u)) {
        to.area = SIM_BOOT_SYSTEM;
        to.vector_base = to.vtor;
    }
    return to;
}

static uint8_t *bank(void *self, unsigned which)
{
    flash_f7 *f = self;
    return which < F7_BANKS ? f->bank[which].data : NULL;
}

static void set_byte(flash_f7 *f, unsigned which, uint32_t offset, uint8_t byte)
{
    uint8_t fresh[F7_WORD_BYTES];
    uint32_t word = offset / F7_WORD_BYTES;
    memcpy(fresh, f->bank[which].data + word * F7_WORD_BYTES, F7_WORD_BYTES);
    fresh[offset % F7_WORD_BYTES] = byte;
    flash_f7_set_word(f, which, word, fresh, fresh);
}

static bool load(void *self, uint32_t address, const uint8_t *data, size_t bytes)
{
    flash_f7 *f = self;
    uint32_t offset;
    unsigned which;
    for (size_t i = 0; i < bytes; i++) { /* all or nothing */
        if (address + i > UINT32_MAX ||
            !flash_f7_locate(f, address + (uint32_t)i, false, &which, &offset)) {
            return false;
        }
    }
    for (size_t i = 0; i < bytes; i++) {
        flash_f7_locate(f, address + (uint32_t)i, false, &which, &offset);
        set_byte(f, which, offset, data[i]);
    }
    flash_f7_map(f);
    return true;
}

/* Without ECC nothing is correctable. */
static bool damage(void *self, unsigned which, uint32_t offset, sim_damage kind)
{
    flash_f7 *f = self;
    if (which >= F7_BANKS || offset >= f->chip->bank_bytes || kind == SIM_DAMAGE_CORRECTABLE) {
        return false;
    }
    if (kind == SIM_DAMAGE_UNSTABLE) {
        static const uint8_t blank[F7_WORD_BYTES] = {0xFF, 0xFF, 0xFF, 0xFF};
        uint32_t word = offset / F7_WORD_BYTES;
        uint8_t data[F7_WORD_BYTES];
        memcpy(data, f->bank[which].data + word * F7_WORD_BYTES, sizeof data);
        flash_f7_set_word(f, which, word, data, blank);
    } else {
        set_byte(f, which, offset, (uint8_t)(f->bank[which].data[offset] ^ 0x41u));
    }
    flash_f7_map(f);
    return true;
}

/* As the machine's other models ask for it: the watchdogs' bits where other lines have them. */
static uint32_t optr(const void *self)
{
    uint32_t optcr = ((const flash_f7 *)self)->options[F7_OPTCR], word = ~0u;
    word &= (optcr & F7_OPTCR_IWDG_SW) != 0u ? ~0u : ~(1u << 16);
    word &= (optcr & F7_OPTCR_IWDG_STDBY) != 0u ? ~0u : ~(1u << 18);
    return (optcr & F7_OPTCR_WWDG_SW) != 0u ? word : word & ~(1u << 19);
}

static unsigned latency(const void *self)
{
    return ((const flash_f7 *)self)->acr & ACR_LATENCY;
}

static void place_of_op(const void *self, unsigned *where, uint32_t *offset, uint32_t *bytes)
{
    const flash_f7 *f = self;
    *where = f->op.banks == 2u ? 1u : 0u;
    *offset = f->op.offset;
    *bytes = f->op.bytes;
}

static void remap(void *self)
{
    flash_f7_map(self);
}

static const uint8_t *op_data(const void *self)
{
    return ((const flash_f7 *)self)->op.data;
}

static size_t take(const void *self, unsigned which, uint32_t offset, uint32_t bytes, uint8_t *out)
{
    const flash_cells *b = &((const flash_f7 *)self)->bank[which];
    memcpy(out, b->data + offset, bytes);
    memcpy(out + bytes, b->other + offset, bytes);
    return 2u * (size_t)bytes;
}

static void give(void *self, unsigned which, uint32_t offset, uint32_t bytes, const uint8_t *in)
{
    for (uint32_t at = 0; at < bytes; at += F7_WORD_BYTES) {
        flash_f7_set_word(self, which, (offset + at) / F7_WORD_BYTES, in + at, in + bytes + at);
    }
}

static uint64_t options(const void *self)
{
    const flash_f7 *f = self;
    uint64_t hash = sim_mix_bytes(1u, f->options, sizeof f->options);
    hash = sim_mix_bytes(hash, f->registers, sizeof f->registers);
    return sim_mix_bytes(hash, f->stored, sizeof f->stored);
}

static sim_unit unit_reads(const void *self, unsigned which, uint32_t offset, uint8_t *other)
{
    const flash_f7 *f = self;
    uint32_t bytes = f->chip->unit_bytes, at = offset - offset % bytes;
    sim_unit result = SIM_UNIT_WHOLE;
    for (uint32_t i = 0; i < bytes; i += F7_WORD_BYTES) {
        if (f->bank[which].state[(at + i) / F7_WORD_BYTES] != UNIT_OK) {
            result = SIM_UNIT_UNSTABLE;
        }
    }
    if (result == SIM_UNIT_UNSTABLE && other != NULL) {
        memcpy(other, f->bank[which].other + at, bytes);
    }
    return result;
}

/* ---- saved state ---- */

static size_t bank_state_bytes(const flash_f7 *f)
{
    return 2u * (size_t)f->chip->bank_bytes;
}

static size_t state_bytes(const void *self)
{
    return 4u * F7_OPTIONS + F7_BANKS * bank_state_bytes(self);
}

static void save(const void *self, uint8_t *out)
{
    const flash_f7 *f = self;
    uint32_t bytes = f->chip->bank_bytes;
    for (unsigned i = 0; i < 4u * F7_OPTIONS; i++) {
        *out++ = (uint8_t)(f->stored[i / 4u] >> (8u * (i % 4u)));
    }
    for (unsigned i = 0; i < F7_BANKS; i++, out += bank_state_bytes(f)) {
        memcpy(out, f->bank[i].data, bytes);
        memcpy(out + bytes, f->bank[i].other, bytes);
    }
}

static bool restore(void *self, const uint8_t *in, size_t bytes)
{
    flash_f7 *f = self;
    uint32_t size = f->chip->bank_bytes;
    if (bytes != state_bytes(f)) {
        return false;
    }
    memset(f->stored, 0, sizeof f->stored);
    for (unsigned i = 0; i < 4u * F7_OPTIONS; i++) {
        f->stored[i / 4u] |= (uint32_t)*in++ << (8u * (i % 4u));
    }
    /* A programmer that comes before the next power-on finds the board's mode. */
    memcpy(f->options, f->stored, sizeof f->options);
    for (unsigned i = 0; i < F7_BANKS; i++, in += bank_state_bytes(f)) {
        flash_cells *b = &f->bank[i];
        memcpy(b->data, in, size);
        memcpy(b->other, in + size, size);
        for (uint32_t at = 0; at < size; at += F7_WORD_BYTES) {
            b->state[at / F7_WORD_BYTES] = memcmp(b->data + at, b->other + at, F7_WORD_BYTES) != 0
                                               ? UNIT_UNSTABLE
                                               : UNIT_OK;
        }
    }
    flash_f7_recount(f);
    flash_f7_map(f);
    return true;
}

static void destroy(void *self)
{
    flash_f7 *f = self;
    flash_f7_array_free(f);
    free(f);
}

void sim_flash_f7_new(sim_machine *m)
{
    flash_f7 *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    f->m = m;
    f->chip = sim_chip(m);
    f->times = sim_slowest_flash(m) ? &longest : &typical;
    f->done = (sim_event){.fire = flash_f7_done, .self = f};
    f->cr = F7_CR_LOCK;
    memcpy(f->stored, production, sizeof f->stored);
    memcpy(f->options, production, sizeof f->options);
    memcpy(f->registers, production, sizeof f->registers);
    f->registers[F7_OPTCR] |= F7_OPTCR_OPTLOCK;
    flash_f7_array_init(f);
    f->periph = (sim_periph){.name = "FLASH", .base = 0x40023C00u, .bytes = 0x400u, .self = f,
                             .read = read, .write = write, .register_name = register_name};
    f->model = (sim_flash_model){
        .self = f, .read = flash_f7_read, .write = flash_f7_write, .peek = flash_f7_peek,
        .bank = bank, .load = load, .reset = reset_model, .boot = boot, .set_mapping = set_mapping,
        .tear = flash_f7_tear, .optr = optr, .latency = latency, .damage = damage,
        .place = place_of_op, .unit = unit_reads, .remap = remap,
        .op_data = op_data, .apply = flash_f7_apply,
        .take = take, .give = give, .options = options,
        .state_bytes = state_bytes, .save = save, .restore = restore, .destroy = destroy};
    sim_add_periph(m, &f->periph);
    sim_set_flash(m, &f->model);
}
