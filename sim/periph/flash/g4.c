/* FLASH of STM32G4 category 3, L4 and L4+: its registers (RM0440 3.7). */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "sim/periph/flash/g4.h"
#include "sim/periph/periph.h"

#define FLASH_IRQ 4u

enum {
    ACR = 0x00, PDKEYR = 0x04, KEYR = 0x08, OPTKEYR = 0x0C, SR = 0x10, CR = 0x14, ECCR = 0x18,
    OPTR = 0x20, CFGR = 0x130
};

static const struct {
    uint8_t offset, option;
    const char *name;
} option_registers[] = {
    {0x20, OPT_OPTR, "OPTR"},         {0x24, OPT_PCROP1SR, "PCROP1SR"},
    {0x28, OPT_PCROP1ER, "PCROP1ER"}, {0x2C, OPT_WRP1AR, "WRP1AR"},
    {0x30, OPT_WRP1BR, "WRP1BR"},     {0x44, OPT_PCROP2SR, "PCROP2SR"},
    {0x48, OPT_PCROP2ER, "PCROP2ER"}, {0x4C, OPT_WRP2AR, "WRP2AR"},
    {0x50, OPT_WRP2BR, "WRP2BR"},     {0x70, OPT_SEC1R, "SEC1R"},
    {0x74, OPT_SEC2R, "SEC2R"},
};

static const char *register_name(uint32_t offset)
{
    static const char *const names[] = {"ACR", "PDKEYR", "KEYR", "OPTKEYR", "SR", "CR", "ECCR"};
    if (offset / 4u < sizeof names / sizeof names[0]) {
        return names[offset / 4u];
    }
    if (offset == CFGR) {
        return "CFGR";
    }
    for (size_t i = 0; i < sizeof option_registers / sizeof option_registers[0]; i++) {
        if (option_registers[i].offset == (offset & ~3u)) {
            return option_registers[i].name;
        }
    }
    return NULL;
}

static int option_at(const flash_g4 *f, uint32_t offset)
{
    for (size_t i = 0; i < sizeof option_registers / sizeof option_registers[0]; i++) {
        if (option_registers[i].offset == offset &&
            (f->kind->securable || option_registers[i].option < OPT_SEC1R)) {
            return option_registers[i].option;
        }
    }
    return -1;
}

void flash_g4_update_irq(flash_g4 *f)
{
    bool level = ((f->cr & CR_EOPIE) != 0u && (f->sr & SR_EOP) != 0u) ||
                 ((f->cr & CR_ERRIE) != 0u && (f->sr & SR_OPERR) != 0u) ||
                 ((f->cr & CR_RDERRIE) != 0u && (f->sr & SR_RDERR) != 0u) ||
                 ((f->eccr & ECCR_ECCIE) != 0u && (f->eccr & ECCR_ECCC) != 0u);
    sim_irq(f->m, FLASH_IRQ, level);
}

void flash_g4_error(flash_g4 *f, uint32_t bits)
{
    f->sr |= bits | ((f->cr & CR_ERRIE) != 0u ? SR_OPERR : 0u);
    sim_trace(f->m, SIM_TRACE_FLASH, "refused: SR 0x%05" PRIX32 ", PC 0x%08" PRIX32, f->sr,
              sim_cpu_pc(sim_core(f->m)));
    flash_g4_update_irq(f);
}

/* ---- ACR ---------------------------------------------------------------------------- */

static void apply_timing(flash_g4 *f)
{
    sim_cpu_set_flash_timing(sim_core(f->m), f->acr & f->kind->acr_latency,
                             (f->acr & ACR_ICEN) != 0u, (f->acr & ACR_DCEN) != 0u,
                             (f->acr & ACR_PRFTEN) != 0u);
    f->icache_filled = f->icache_filled || (f->acr & ACR_ICEN) != 0u;
    f->dcache_filled = f->dcache_filled || (f->acr & ACR_DCEN) != 0u;
}

static sim_access write_acr(flash_g4 *f, uint32_t value)
{
    uint32_t before = f->acr;
    value &= f->kind->acr_bits;
    /* The caches are reset only while they are off (RM0440 3.7.1). */
    if ((before & ACR_ICEN) != 0u) {
        value &= ~ACR_ICRST;
    }
    if ((before & ACR_DCEN) != 0u) {
        value &= ~ACR_DCRST;
    }
    if (f->pd_key != FLASH_KEY_OPEN) {
        value &= ~ACR_RUN_PD;
    } else if ((value & ACR_RUN_PD) != 0u) {
        return sim_unmodelled(f->m, &f->periph, ACR, 4u, true, value,
                              "flash power-down is not modelled");
    }
    f->acr = value;
    if ((value & ACR_ICRST) != 0u) {
        f->icache_filled = false;
        flash_g4_drop_stale(f, STALE_FETCH);
    }
    if ((value & ACR_DCRST) != 0u) {
        f->dcache_filled = false;
        flash_g4_drop_stale(f, STALE_DATA);
    }
    apply_timing(f);
    if (((before ^ value) & (ACR_ICEN | ACR_DCEN | ACR_ICRST | ACR_DCRST)) != 0u) {
        flash_g4_map(f);
    }
    if (((before ^ value) & f->kind->acr_latency) != 0u) {
        sim_check_clock(f->m);
    }
    return SIM_ACCESS_OK;
}

/* ---- keys ---- */

static sim_access write_keyr(flash_g4 *f, uint32_t value)
{
    sim_access result = flash_turn_key(f->m, &f->key, value, 0x45670123u, 0xCDEF89ABu);
    if (f->key == FLASH_KEY_OPEN) {
        f->cr &= ~CR_LOCK;
    } else {
        f->cr |= CR_LOCK | CR_OPTLOCK;
    }
    return result;
}

static sim_access write_optkeyr(flash_g4 *f, uint32_t value)
{
    if ((f->cr & CR_LOCK) != 0u) {
        f->opt_key = FLASH_KEY_DEAD;
    }
    sim_access result = flash_turn_key(f->m, &f->opt_key, value, 0x08192A3Bu, 0x4C5D6E7Fu);
    if (f->opt_key == FLASH_KEY_OPEN) {
        f->cr &= ~CR_OPTLOCK;
    } else {
        f->cr |= CR_OPTLOCK;
    }
    return result;
}

/* ---- CR ---------------------------------------------------------------------------------- */

static void lock(flash_g4 *f, uint32_t value)
{
    if ((value & CR_LOCK) != 0u) {
        f->cr |= CR_LOCK;
        flash_close_key(&f->key);
    }
    if ((value & (CR_LOCK | CR_OPTLOCK)) != 0u) {
        f->cr |= CR_OPTLOCK;
        flash_close_key(&f->opt_key);
    }
}

static sim_access write_cr(flash_g4 *f, uint32_t value)
{
    const uint32_t secure = f->kind->securable ? CR_SEC_PROT1 | CR_SEC_PROT2 : 0u;
    const uint32_t plain = CR_PG | CR_PER | CR_MER1 | f->kind->pnb_mask << 3 | CR_BKER | CR_MER2 |
                           CR_FSTPG | CR_EOPIE | CR_ERRIE | CR_RDERRIE;
    if (!flash_g4_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & CR_LOCK) != 0u) {
        sim_trace(f->m, SIM_TRACE_FLASH, "CR is locked: write of 0x%08" PRIX32 " ignored", value);
        return SIM_ACCESS_OK;
    }
    uint32_t secured = f->cr & secure;
    bool options_open = (f->cr & CR_OPTLOCK) == 0u;
    f->cr = (value & (plain | secure)) | secured | (f->cr & CR_OPTLOCK);
    if ((f->cr & CR_PG) == 0u) {
        f->latched = false;
    }
    if ((f->cr & CR_FSTPG) == 0u) {
        f->fast.active = false;
    }
    if (secured != (f->cr & secure)) {
        flash_g4_map(f);
    }
    lock(f, value);
    if ((value & CR_STRT) != 0u) {
        f->cr |= CR_STRT;
        flash_g4_start_erase(f);
    } else if ((value & CR_OPTSTRT) != 0u && options_open) {
        f->cr |= CR_OPTSTRT;
        flash_g4_start_options(f);
    } else if ((value & CR_OBL_LAUNCH) != 0u && options_open) {
        sim_trace(f->m, SIM_TRACE_OPTION, "OBL_LAUNCH");
        sim_request_reset(f->m, SIM_RESET_OPTION);
    }
    flash_g4_update_irq(f);
    return SIM_ACCESS_OK;
}

static void write_eccr(flash_g4 *f, uint32_t value)
{
    f->eccr = (f->eccr & ~ECCR_ECCIE) | (value & ECCR_ECCIE);
    f->eccr &= ~(value & (ECCR_ECCC | ECCR_ECCD));
    flash_g4_update_irq(f);
}

static void write_sr(flash_g4 *f, uint32_t value)
{
    f->sr &= ~(value & (SR_ERRORS | SR_EOP)); /* rc_w1 */
    flash_g4_update_irq(f);
}

/* ---- access ---- */

static bool read_word(const flash_g4 *f, uint32_t offset, uint32_t *value)
{
    int option = option_at(f, offset);
    if (option >= 0) {
        *value = f->registers[option];
        return true;
    }
    switch (offset) {
    case ACR:
        *value = f->acr;
        return true;
    case PDKEYR:
    case KEYR:
    case OPTKEYR:
        *value = 0; /* write-only */
        return true;
    case SR:
        *value = f->sr;
        return true;
    case CR:
        *value = f->cr;
        return true;
    case ECCR:
        *value = f->eccr;
        return true;
    case CFGR:
        *value = f->cfgr;
        return f->kind->low_voltage;
    default:
        return false;
    }
}

static sim_access read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    flash_g4 *f = self;
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

static sim_access write_option(flash_g4 *f, int option, uint32_t value)
{
    if (!flash_g4_wait(f)) {
        return SIM_ACCESS_STOP;
    }
    if ((f->cr & CR_OPTLOCK) == 0u) {
        f->registers[option] = value;
    } else {
        sim_trace(f->m, SIM_TRACE_OPTION, "OPTLOCK is set: write of 0x%08" PRIX32 " ignored",
                  value);
    }
    return SIM_ACCESS_OK;
}

static sim_access write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    flash_g4 *f = self;
    uint32_t word, at = offset & ~3u;
    if (!read_word(f, at, &word)) {
        return sim_unmodelled(f->m, &f->periph, offset, size, true, value, "no such register");
    }
    if (size != 4u) { /* flags that a write clears must not be written back by a part of the word */
        unsigned shift = 8u * (offset & 3u);
        uint32_t mask = ((1u << (8u * size)) - 1u) << shift;
        uint32_t rest = at == SR ? 0u : at == ECCR ? word & ECCR_ECCIE : word;
        value = (rest & ~mask) | ((value << shift) & mask);
    }
    int option = option_at(f, at);
    if (option >= 0) {
        return write_option(f, option, value);
    }
    switch (at) {
    case ACR:
        return write_acr(f, value);
    case PDKEYR:
        return flash_turn_key(f->m, &f->pd_key, value, 0x04152637u, 0xFAFBFCFDu);
    case KEYR:
        return write_keyr(f, value);
    case OPTKEYR:
        return write_optkeyr(f, value);
    case CR:
        return write_cr(f, value);
    case SR:
        write_sr(f, value);
        break;
    case CFGR:
        f->cfgr = value & 1u;
        break;
    default:
        write_eccr(f, value);
        break;
    }
    return SIM_ACCESS_OK;
}

/* ---- the model's side towards the machine ---- */

/* Any reset leaves the operation in progress to chance (RM0440 3.3.5). */
static void reset_model(void *self, unsigned cause)
{
    flash_g4 *f = self;
    flash_g4_tear(f, SIM_CUT_RANDOM);
    f->acr = f->kind->acr_reset;
    f->cfgr = 0;
    f->cr = CR_LOCK | CR_OPTLOCK;
    f->sr = f->eccr = 0;
    f->key = f->opt_key = f->pd_key = FLASH_KEY_IDLE;
    f->latched = f->readout_locked = false;
    f->fast = (flash_fast){.active = false};
    f->mass_erased[0] = f->mass_erased[1] = false;
    f->icache_filled = f->dcache_filled = false;
    flash_g4_drop_stale(f, STALE_DATA | STALE_FETCH);
    if ((cause & (SIM_RESET_POWER | SIM_RESET_OPTION | SIM_RESET_STANDBY)) != 0u) {
        flash_g4_load_options(f);
    }
    memcpy(f->registers, f->options, sizeof f->registers);
    apply_timing(f);
    flash_g4_update_irq(f);
}

/* Called at each reset by the machine's boot choice too: then the caches are empty. */
static void set_mapping(void *self, bool fb_mode)
{
    flash_g4 *f = self;
    f->fb_mode = fb_mode;
    if (!f->dcache_filled) {
        f->data_fb = fb_mode;
    }
    if (!f->icache_filled) {
        f->fetch_fb = fb_mode;
    }
    if (f->data_fb != fb_mode || f->fetch_fb != fb_mode) {
        sim_trace(f->m, SIM_TRACE_FLASH, "FB_MODE changed with caches that are not empty");
    }
    flash_g4_map(f);
}

static sim_boot boot(void *self)
{
    flash_g4 *f = self;
    sim_boot to = flash_g4_boot(f);
    f->fb_mode = f->data_fb = f->fetch_fb = to.fb_mode;
    return to;
}

static uint8_t *bank(void *self, unsigned which)
{
    flash_g4 *f = self;
    return which < REGION_OTP ? f->region[which].data : NULL;
}

static bool load(void *self, uint32_t address, const uint8_t *data, size_t bytes)
{
    flash_g4 *f = self;
    unsigned region;
    uint32_t offset;
    for (size_t i = 0; i < bytes; i++) { /* all or nothing */
        if (address + i > UINT32_MAX ||
            !flash_g4_locate(f, address + (uint32_t)i, false, &region, &offset)) {
            return false;
        }
    }
    for (size_t i = 0; i < bytes;) {
        flash_g4_locate(f, address + (uint32_t)i, false, &region, &offset);
        i += cells_load(&f->region[region], offset, data + i, bytes - i);
    }
    flash_g4_map(f);
    return true;
}

static bool damage(void *self, unsigned which, uint32_t offset, sim_damage kind)
{
    flash_g4 *f = self;
    if (which >= REGION_OTP || offset >= f->region[which].bytes) {
        return false;
    }
    cells_damage(&f->region[which], offset, kind);
    flash_g4_map(f);
    return true;
}

static void place(const void *self, unsigned *at, uint32_t *offset, uint32_t *bytes)
{
    const flash_op *op = &((const flash_g4 *)self)->op;
    *at = op->region;
    *offset = op->offset;
    *bytes = op->bytes;
}

static sim_unit unit_reads(const void *self, unsigned which, uint32_t offset, uint8_t *other)
{
    return cells_unit(&((const flash_g4 *)self)->region[which], offset, other);
}

static void remap(void *self)
{
    flash_g4_map(self);
}

static const uint8_t *op_data(const void *self)
{
    return ((const flash_g4 *)self)->op.data;
}

static size_t take(const void *self, unsigned which, uint32_t offset, uint32_t bytes, uint8_t *out)
{
    return cells_take(&((const flash_g4 *)self)->region[which], offset, bytes, out);
}

static void give(void *self, unsigned which, uint32_t offset, uint32_t bytes, const uint8_t *in)
{
    cells_give(&((flash_g4 *)self)->region[which], offset, bytes, in);
}

static uint64_t options(const void *self)
{
    const flash_g4 *f = self;
    uint64_t hash = sim_mix_bytes(1u, f->options, sizeof f->options);
    hash = sim_mix_bytes(hash, f->stored, sizeof f->stored);
    return sim_mix_bytes(hash, f->registers, sizeof f->registers) + f->stored_intact;
}

static uint32_t optr(const void *self)
{
    return ((const flash_g4 *)self)->options[OPT_OPTR];
}

static unsigned latency(const void *self)
{
    return ((const flash_g4 *)self)->acr & ((const flash_g4 *)self)->kind->acr_latency;
}

static void destroy(void *self)
{
    flash_g4 *f = self;
    flash_g4_array_free(f);
    free(f);
}

/* UID, package, flash size and calibration words (RM0440 47, DS12288): a part of its own
 * for each seed would make runs differ for no use, so all parts are this one. */
static void fill_info(flash_g4 *f)
{
    static const uint8_t uid[12] = {0x2A, 0x00, 0x3C, 0x00, 0x0F, 0x51, 0x39, 0x32,
                                    0x34, 0x36, 0x33, 0x38};
    memset(f->info, 0xFF, sizeof f->info);
    memcpy(f->info + 0x190, uid, sizeof uid);
    f->info[0x1E0] = (uint8_t)f->chip->flash_kib;
    f->info[0x1E1] = (uint8_t)(f->chip->flash_kib >> 8);
    f->info[0x100] = 0x00, f->info[0x101] = 0x00; /* LQFP64 */
    f->info[0x1A8] = 0x0C, f->info[0x1A9] = 0x04; /* TS_CAL1 */
    f->info[0x1AA] = 0x74, f->info[0x1AB] = 0x06; /* VREFINT */
    f->info[0x1CA] = 0x5E, f->info[0x1CB] = 0x05; /* TS_CAL2 */
}

void flash_g4_new(sim_machine *m, const flash_kind *kind)
{
    flash_g4 *f = calloc(1, sizeof *f);
    if (f == NULL) {
        abort();
    }
    f->m = m;
    f->chip = sim_chip(m);
    f->kind = kind;
    f->times = sim_slowest_flash(m) ? &kind->longest : &kind->typical;
    f->done = (sim_event){.fire = flash_g4_done, .self = f};
    flash_g4_array_init(f);
    flash_g4_options_init(f);
    fill_info(f);
    f->periph = (sim_periph){.name = "FLASH", .base = 0x40022000u, .bytes = 0x400u, .self = f,
                             .read = read, .write = write, .register_name = register_name};
    f->model = (sim_flash_model){
        .self = f, .read = flash_g4_read, .write = flash_g4_write, .peek = flash_g4_peek,
        .bank = bank, .load = load, .reset = reset_model, .boot = boot, .set_mapping = set_mapping,
        .tear = flash_g4_tear, .optr = optr, .latency = latency,
        .damage = damage, .place = place, .unit = unit_reads,
        .remap = remap, .op_data = op_data, .apply = flash_g4_apply, .take = take, .give = give,
        .options = options,
        .state_bytes = flash_g4_state_bytes, .save = flash_g4_save, .restore = flash_g4_restore,
        .destroy = destroy};
    sim_add_periph(m, &f->periph);
    sim_set_flash(m, &f->model);
}
