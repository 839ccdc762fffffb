/* The U5's flash controller: registers, keys, and the model's side towards the machine. The
 * secure registers answer as with TZEN = 0: they read 0 and ignore writes. */
#include "sim/periph/flash/u5.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/periph.h"

#define FLASH_IRQ 6u
#define ACR_LATENCY 0xFu
#define ACR_PRFTEN (1u << 8)

enum {
    ACR = 0x00, NSKEYR = 0x08, SECKEYR = 0x0C, OPTKEYR = 0x10, PDKEY1R = 0x18, PDKEY2R = 0x1C,
    NSSR = 0x20, SECSR = 0x24, NSCR = 0x28, SECCR = 0x2C, ECCR = 0x30, OPSR = 0x34,
    FIRST_OPTION = 0x40, LAST_OPTION = FIRST_OPTION + 4 * (U5_OPTIONS - 1)
};

static const char *register_name(uint32_t offset)
{
    static const char *const names[] = {
        "ACR", NULL, "NSKEYR", "SECKEYR", "OPTKEYR", NULL, "PDKEY1R", "PDKEY2R",
        "NSSR", "SECSR", "NSCR", "SECCR", "ECCR", "OPSR", NULL, NULL,
        "OPTR", "NSBOOTADD0R", "NSBOOTADD1R", "SECBOOTADD0R", "SECWM1R1", "SECWM1R2", "WRP1AR",
        "WRP1BR", "SECWM2R1", "SECWM2R2", "WRP2AR", "WRP2BR"};
    return offset / 4u < sizeof names / sizeof names[0] ? names[offset / 4u] : NULL;
}

static bool is_option(uint32_t offset)
{
    return offset >= FIRST_OPTION && offset <= LAST_OPTION;
}

void flash_u5_update_irq(flash_u5 *f)
{
    bool level = ((f->cr & U5_CR_EOPIE) != 0u && (f->sr & U5_SR_EOP) != 0u) ||
                 ((f->cr & U5_CR_ERRIE) != 0u && (f->sr & U5_SR_OPERR) != 0u) ||
                 ((f->eccr & U5_ECCR_ECCIE) != 0u && (f->eccr & U5_ECCR_ECCC) != 0u);
    sim_irq(f->m, FLASH_IRQ, level);
}

void flash_u5_error(flash_u5 *f, uint32_t bits)
{
    f->sr |= bits | ((f->cr & U5_CR_ERRIE) != 0u ? U5_SR_OPERR : 0u);
    sim_trace(f->m, SIM_TRACE_FLASH, "refused: NSSR 0x%05" PRIX32 ", PC 0x%08" PRIX32, f->sr,
              sim_cpu_pc(sim_core(f->m)));
    flash_u5_update_irq(f);
}

static sim_access write_acr(flash_u5 *f, uint32_t value)
{
    if ((value & ~(ACR_LATENCY | ACR_PRFTEN)) != 0u) {
        return sim_unmodelled(f->m, &f->periph, ACR, 4u, true, value,
                              "low-power read and power-down are not modelled");
    }
    uint32_t before = f->acr;
    f->acr = value;
    sim_cpu_set_flash_timing(sim_core(f->m), value & ACR_LATENCY, f->icache_on, f->icache_on,
                             (value & ACR_PRFTEN) != 0u);
    if (((before ^ value) & ACR_LATENCY) != 0u) {
        sim_check_clock(f->m);
    }
    return SIM_ACCESS_OK;
}

/* None is in the manual, and DS13737's table could not be read: the longest erase is what
 * others allow for (5 ms), a bank's that of its pages one by one, the rest twice the typical. */
static const u5_times typical = {118000000u, 1500000000u, 25000000000u};
static const u5_times longest = {236000000u, 5000000000u, 640000000000u};

/* ---- keys ---- */

static sim_access write_nskeyr(flash_u5 *f, uint32_t value)
{
    sim_access result = flash_turn_key(f->m, &f->key, value, 0x45670123u, 0xCDEF89ABu);
    if (f->key == FLASH_KEY_OPEN) {
        f->cr &= ~U5_CR_LOCK;
    } else {
        f->cr |= U5_CR_LOCK | U5_CR_OPTLOCK;
    }
    return result;
}

static sim_access write_optkeyr(flash_u5 *f, uint32_t value)
{
    if ((f->cr & U5_CR_LOCK) != 0u) {
        f->opt_key = FLASH_KEY_DEAD;
    }
    sim_access result = flash_turn_key(f->m, &f->opt_key, value, 0x08192A3Bu, 0x4C5D6E7Fu);
    if (f->opt_key == FLASH_KEY_OPEN) {
        f->cr &= ~U5_CR_OPTLOCK;
    } else {
        f->cr |= U5_CR_OPTLOCK;
    }
    return result;
}

/* ---- NSCR ---- */

static void lock(flash_u5 *f, uint32_t value)
{
    if ((value & U5_CR_LOCK) != 0u) {
        f->cr |= U5_CR_LOCK;
        flash_close_key(&f->key);
    }
    if ((value & (U5_CR_LOCK | U5_CR_OPTLOCK)) != 0u) {
        f->cr |= U5_CR_OPTLOCK;
        flash_close_key(&f->opt_key);
    }
}

/* The manual wants LSE off before OBL_LAUNCH (7.9.8): firmware that leaves it on is told. */
static void launch(flash_u5 *f)
{
    if (sim_clock_hz(f->m, SIM_CLOCK_LSE) != 0u) {
        sim_stop(f->m, "FLASH_NSCR: OBL_LAUNCH with LSE on, PC 0x%08" PRIX32
                 ": it must be off (RM0456 7.9.8)", sim_cpu_pc(sim_core(f->m)));
        return;
    }
    sim_trace(f->m, SIM_TRACE_OPTION, "OBL_LAUNCH");
    sim_request_reset(f->m, SIM_RESET_OPTION);
}

static sim_access write_nscr(flash_u5 *f, uint32_t value)
{
    const uint32_t plain = U5_CR_PG | U5_CR_PER | U5_CR_MER1 | 0xFFu << 3 | U5_CR_BKER |
                           U5_CR_BWR | U5_CR_MER2 | U5_CR_EOPIE | U5_CR_ERRIE;
    if (!flash_u5_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & U5_CR_LOCK) != 0u) {
        sim_trace(f->m, SIM_TRACE_FLASH, "NSCR is locked: write of 0x%08" PRIX32 " ignored",
                  value);
        return SIM_ACCESS_OK;
    }
    bool options_open = (f->cr & U5_CR_OPTLOCK) == 0u;
    f->cr = (value & plain) | (f->cr & U5_CR_OPTLOCK);
    lock(f, value);
    if ((value & U5_CR_STRT) != 0u) {
        f->cr |= U5_CR_STRT;
        flash_u5_start_erase(f);
    } else if ((value & U5_CR_OPTSTRT) != 0u && options_open) {
        f->cr |= U5_CR_OPTSTRT;
        flash_u5_start_options(f);
    } else if ((value & U5_CR_OBL_LAUNCH) != 0u && options_open) {
        launch(f);
    }
    flash_u5_update_irq(f);
    return SIM_ACCESS_OK;
}

/* ---- access ---- */

static bool read_word(const flash_u5 *f, uint32_t offset, uint32_t *value)
{
    if (is_option(offset)) {
        *value = f->registers[(offset - FIRST_OPTION) / 4u];
        return true;
    }
    *value = 0;
    switch (offset) {
    case ACR:
        *value = f->acr;
        return true;
    case NSSR:
        *value = f->sr;
        return true;
    case NSCR:
        *value = f->cr;
        return true;
    case ECCR:
        *value = f->eccr;
        return true;
    case OPSR:
        *value = f->opsr;
        return true;
    default:
        return register_name(offset) != NULL; /* keys, and what is secure only */
    }
}

static sim_access read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    flash_u5 *f = self;
    uint32_t word;
    if ((offset & ~3u) == NSSR && f->op.active && !sim_poll_busy(f->m)) {
        return SIM_ACCESS_STOP;
    }
    if (!read_word(f, offset & ~3u, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, false, 0u, "no such register");
    }
    *value = size == 4u ? word : (word >> (8u * (offset & 3u))) & ((1u << (8u * size)) - 1u);
    return SIM_ACCESS_OK;
}

static sim_access write_option(flash_u5 *f, uint32_t offset, uint32_t value)
{
    if (!flash_u5_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & U5_CR_OPTLOCK) == 0u) {
        f->registers[(offset - FIRST_OPTION) / 4u] = value;
    } else {
        sim_trace(f->m, SIM_TRACE_OPTION, "OPTLOCK is set: write of 0x%08" PRIX32 " ignored",
                  value);
    }
    return SIM_ACCESS_OK;
}

static sim_access write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    flash_u5 *f = self;
    uint32_t word;
    if (size != 4u || !read_word(f, offset, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, true, value,
                              size != 4u ? "words only" : "no such register");
    }
    if (is_option(offset)) {
        return write_option(f, offset, value);
    }
    switch (offset) {
    case ACR:
        return write_acr(f, value);
    case NSKEYR:
        return write_nskeyr(f, value);
    case OPTKEYR:
        return write_optkeyr(f, value);
    case PDKEY1R:
    case PDKEY2R:
        return sim_unmodelled(f->m, &f->periph, offset, size, true, value,
                              "power-down is not modelled");
    case NSCR:
        return write_nscr(f, value);
    case NSSR: /* rc_w1 */
        f->sr &= ~(value & (U5_SR_ERRORS | U5_SR_EOP));
        break;
    case ECCR:
        f->eccr = (f->eccr & ~U5_ECCR_ECCIE) | (value & U5_ECCR_ECCIE);
        f->eccr &= ~(value & (U5_ECCR_ECCC | U5_ECCR_ECCD));
        break;
    default:
        break;
    }
    flash_u5_update_irq(f);
    return SIM_ACCESS_OK;
}

/* ---- the model's side towards the machine ---- */

/* Any reset leaves the operation in progress to chance. Whether OPTR shows, after a reset in
 * the middle of an option change, what was asked for or what is in force, is not in the
 * manual: either, by seed. */
static void reset_model(void *self, unsigned cause)
{
    flash_u5 *f = self;
    bool load = (cause & (SIM_RESET_POWER | SIM_RESET_OPTION | SIM_RESET_STANDBY)) != 0u;
    flash_u5_tear(f, SIM_CUT_RANDOM);
    if ((cause & SIM_RESET_POWER) != 0u) {
        f->opsr = 0;
    }
    f->acr = 1u;
    f->cr = U5_CR_LOCK | U5_CR_OPTLOCK;
    f->sr = f->eccr = 0;
    f->key = f->opt_key = FLASH_KEY_IDLE;
    f->words = 0;
    flash_u5_icache_reset(f);
    if (load) {
        flash_u5_load_options(f);
    }
    bool interrupted = f->opsr >> 29 == 6u && !load;
    if (!interrupted || (sim_random(f->m) & 1u) == 0u) {
        memcpy(f->registers, f->options, sizeof f->registers);
    }
    sim_cpu_set_flash_line(sim_core(f->m), 16); /* RM0456 7.3.1: 128 bits */
    sim_cpu_set_flash_timing(sim_core(f->m), 1u, false, false, false);
    flash_u5_map(f);
    flash_u5_update_irq(f);
}

static void set_mapping(void *self, bool fb_mode)
{
    (void)self, (void)fb_mode; /* SWAP_BANK, as loaded, is all there is */
}

static uint8_t *bank(void *self, unsigned which)
{
    flash_u5 *f = self;
    return which < U5_BANKS ? f->bank[which].data : NULL;
}

static bool load(void *self, uint32_t address, const uint8_t *data, size_t bytes)
{
    flash_u5 *f = self;
    unsigned to;
    uint32_t offset;
    for (size_t i = 0; i < bytes; i++) { /* all or nothing */
        if (address + i > UINT32_MAX ||
            !tb_physical(f->chip, false, address + (uint32_t)i, &to, &offset)) {
            return false;
        }
    }
    for (size_t i = 0; i < bytes;) {
        (void)tb_physical(f->chip, false, address + (uint32_t)i, &to, &offset);
        i += cells_load(&f->bank[to], offset, data + i, bytes - i);
    }
    flash_u5_map(f);
    return true;
}

static bool damage(void *self, unsigned which, uint32_t offset, sim_damage kind)
{
    flash_u5 *f = self;
    if (which >= U5_BANKS || offset >= f->chip->bank_bytes) {
        return false;
    }
    cells_damage(&f->bank[which], offset, kind);
    flash_u5_map(f);
    return true;
}

static void place_of_op(const void *self, unsigned *where, uint32_t *offset, uint32_t *bytes)
{
    const u5_op *op = &((const flash_u5 *)self)->op;
    *where = op->bank;
    *offset = op->offset;
    *bytes = op->bytes;
}

static sim_unit unit_reads(const void *self, unsigned which, uint32_t offset, uint8_t *other)
{
    return cells_unit(&((const flash_u5 *)self)->bank[which], offset, other);
}

static uint32_t optr(const void *self)
{
    return ((const flash_u5 *)self)->options[U5_OPTR];
}

static unsigned latency(const void *self)
{
    return ((const flash_u5 *)self)->acr & ACR_LATENCY;
}

static void remap(void *self)
{
    flash_u5_map(self);
}

static const uint8_t *op_data(const void *self)
{
    return ((const flash_u5 *)self)->op.data;
}

static size_t take(const void *self, unsigned which, uint32_t offset, uint32_t bytes, uint8_t *out)
{
    return cells_take(&((const flash_u5 *)self)->bank[which], offset, bytes, out);
}

static void give(void *self, unsigned which, uint32_t offset, uint32_t bytes, const uint8_t *in)
{
    cells_give(&((flash_u5 *)self)->bank[which], offset, bytes, in);
}

/* Of OPSR only whether it tells of an option change: the address in it differs with every
 * interruption, and says nothing that the contents do not. */
static uint64_t options(const void *self)
{
    const flash_u5 *f = self;
    uint64_t hash = sim_mix_bytes(1u, f->options, sizeof f->options);
    hash = sim_mix_bytes(hash, f->registers, sizeof f->registers);
    hash = sim_mix_bytes(hash, f->stored, sizeof f->stored);
    return hash + (f->opsr >> 29 == 6u) + 2u * f->swapped;
}

static void destroy(void *self)
{
    flash_u5 *f = self;
    flash_u5_array_free(f);
    free(f);
}

/* UID, package and size (RM0456 76): all parts are this one, so that runs repeat. */
static void fill_info(flash_u5 *f)
{
    static const uint8_t uid[12] = {0x1B, 0x00, 0x2D, 0x00, 0x0A, 0x50, 0x33, 0x30,
                                    0x35, 0x39, 0x33, 0x20};
    memset(f->info, 0xFF, sizeof f->info);
    f->info[0] = 0x03, f->info[1] = 0x00; /* LQFP144 */
    memcpy(f->info + 0x200, uid, sizeof uid);
    f->info[0x2A0] = (uint8_t)f->chip->flash_kib;
    f->info[0x2A1] = (uint8_t)(f->chip->flash_kib >> 8);
}

void sim_flash_u5_new(sim_machine *m)
{
    flash_u5 *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    f->m = m;
    f->chip = sim_chip(m);
    f->times = sim_slowest_flash(m) ? &longest : &typical;
    f->acr = 1u;
    f->cr = U5_CR_LOCK | U5_CR_OPTLOCK;
    f->done = (sim_event){.fire = flash_u5_done, .self = f};
    flash_u5_array_init(f);
    flash_u5_options_init(f);
    fill_info(f);
    f->periph = (sim_periph){.name = "FLASH", .base = 0x40022000u, .bytes = 0x400u, .self = f,
                             .read = read, .write = write, .register_name = register_name};
    f->model = (sim_flash_model){
        .self = f, .read = flash_u5_read, .write = flash_u5_write, .peek = flash_u5_peek,
        .bank = bank, .load = load, .reset = reset_model, .boot = flash_u5_boot,
        .set_mapping = set_mapping, .tear = flash_u5_tear, .optr = optr, .latency = latency,
        .damage = damage, .place = place_of_op, .unit = unit_reads, .remap = remap,
        .op_data = op_data, .apply = flash_u5_apply, .take = take, .give = give,
        .options = options, .state_bytes = flash_u5_state_bytes, .save = flash_u5_save,
        .restore = flash_u5_restore, .destroy = destroy};
    sim_add_periph(m, &f->periph);
    flash_u5_icache_init(f);
    sim_set_flash(m, &f->model);
}
