/* IWDG (RM0440 42): counts LSI, on its own, also in sleep; nothing but a reset stops it. In
 * Standby it goes on, or stands still where an option says so; a wake leaves it as it is. */
#include "sim/periph/part/part.h"

enum { R_KR, R_PR, R_RLR, R_SR, R_WINR };

#define KEY_UNLOCK 0x5555u
#define KEY_RELOAD 0xAAAAu
#define KEY_START 0xCCCCu
#define SR_PVU 1u
#define SR_RVU 2u
#define SR_WVU 4u
#define OPTR_IWDG_SW (1u << 16)
#define OPTR_IWDG_STDBY (1u << 18) /* 1: counts in Standby */
#define UPDATE_PERIODS 5u /* a new PR, RLR or WINR takes that many LSI periods to arrive */

static const sim_reg rows[] = {
    [R_KR] = {0x00, "KR", 0, 0},
    [R_PR] = {0x04, "PR", 0, 0},
    [R_RLR] = {0x08, "RLR", 0xFFFu, 0},
    [R_SR] = {0x0C, "SR", 0, 0},
    [R_WINR] = {0x10, "WINR", 0xFFFu, 0},
};

typedef struct sim_iwdg {
    sim_block block;
    sim_event bite, begin;
    sim_ps since; /* the counter was `count` then */
    uint64_t count;
    sim_ps update_at[3]; /* PR, RLR, WINR: until then SR tells of an update */
    bool unlocked, started, frozen;
} sim_iwdg;

static sim_ps tick_ps(const sim_iwdg *w)
{
    unsigned pr = w->block.value[R_PR] & 7u;
    return sim_periods(4u << (pr < 6u ? pr : 6u), sim_clock_hz(w->block.part->m, SIM_CLOCK_LSI));
}

static uint64_t left(const sim_iwdg *w)
{
    uint64_t ticks = (sim_now(w->block.part->m) - w->since) / tick_ps(w);
    return w->count > ticks ? w->count - ticks : 0u;
}

static void go_on_from(sim_iwdg *w, uint64_t count)
{
    sim_machine *m = w->block.part->m;
    w->since = sim_now(m);
    w->count = count;
    sim_schedule(m, &w->bite, w->since + tick_ps(w) * (count + 1u));
}

static void reload(sim_iwdg *w)
{
    go_on_from(w, w->block.value[R_RLR]);
}

static void bite(void *self)
{
    sim_iwdg *w = self;
    sim_request_reset(w->block.part->m, SIM_RESET_IWDG);
}

static void start(sim_iwdg *w)
{
    if (w->started) {
        return;
    }
    sim_machine *m = w->block.part->m;
    w->started = true;
    for (unsigned i = 0; i < 3u; i++) { /* what waited for LSI goes on now */
        if (w->update_at[i] == SIM_NEVER) {
            w->update_at[i] = sim_now(m) + sim_periods(UPDATE_PERIODS, 32000u);
        }
    }
    reload(w);
}

static uint32_t updating(const sim_iwdg *w)
{
    sim_ps now = sim_now(w->block.part->m);
    return (now < w->update_at[0] ? SR_PVU : 0u) | (now < w->update_at[1] ? SR_RVU : 0u) |
           (now < w->update_at[2] ? SR_WVU : 0u);
}

static uint32_t iwdg_read(void *owner, unsigned reg, uint32_t stored)
{
    return reg == R_SR ? updating(owner) : stored;
}

/* One write at a time: while the flag is set, another is lost (RM0440 42.4.4). */
static void set(sim_iwdg *w, unsigned reg, uint32_t value, uint32_t flag)
{
    static const uint8_t index[] = {[R_PR] = 0, [R_RLR] = 1, [R_WINR] = 2};
    sim_machine *m = w->block.part->m;
    if (!w->unlocked || (updating(w) & flag) != 0u) {
        return;
    }
    uint64_t now_left = left(w);
    w->block.value[reg] = value;
    w->update_at[index[reg]] =
        w->started ? sim_now(m) + sim_periods(UPDATE_PERIODS, 32000u) : SIM_NEVER;
    if (w->started && reg == R_WINR) { /* a new window reloads the counter */
        reload(w);
    } else if (w->started && reg == R_PR) {
        go_on_from(w, now_left);
    }
}

static void refresh(sim_iwdg *w)
{
    if (!w->started) {
        return;
    }
    sim_machine *m = w->block.part->m;
    if (left(w) > w->block.value[R_WINR]) {
        sim_request_reset(m, SIM_RESET_IWDG);
        return;
    }
    reload(w);
}

static sim_access iwdg_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_iwdg *w = owner;
    (void)old;
    switch (reg) {
    case R_KR:
        raw &= 0xFFFFu;
        w->unlocked = raw == KEY_UNLOCK;
        if (raw == KEY_START) {
            start(w);
        } else if (raw == KEY_RELOAD) {
            refresh(w);
        }
        break;
    case R_PR:
        set(w, reg, raw & 7u, SR_PVU);
        break;
    case R_RLR:
        set(w, reg, raw & 0xFFFu, SR_RVU);
        break;
    case R_WINR:
        set(w, reg, raw & 0xFFFu, SR_WVU);
        break;
    default:
        break;
    }
    return SIM_ACCESS_OK;
}

/* Option bytes are loaded by now: IWDG_SW clear starts it without the program. */
static void begin(void *self)
{
    sim_iwdg *w = self;
    if ((sim_flash_optr(w->block.part->m) & OPTR_IWDG_SW) == 0u) {
        start(w);
    }
}

/* At the entry, and at the wake. */
static void through_standby(sim_iwdg *w)
{
    sim_machine *m = w->block.part->m;
    if (sim_in_standby(m) && (sim_flash_optr(m) & OPTR_IWDG_STDBY) == 0u) {
        w->count = left(w);
        sim_cancel(m, &w->bite);
        w->frozen = true;
    } else if (w->frozen) {
        w->frozen = false;
        go_on_from(w, w->count);
    }
}

static void iwdg_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_iwdg *w = owner;
    sim_machine *m = w->block.part->m;
    (void)backup_lost;
    if (cause == SIM_RESET_STANDBY && w->started) {
        through_standby(w);
        return;
    }
    sim_block_reset_values(&w->block);
    sim_cancel(m, &w->bite);
    w->started = w->unlocked = w->frozen = false;
    w->update_at[0] = w->update_at[1] = w->update_at[2] = 0;
    sim_schedule(m, &w->begin, sim_now(m));
}

void sim_iwdg_new(sim_part *part, uint32_t base)
{
    static const sim_block_hooks hooks = {iwdg_read, iwdg_write, iwdg_reset};
    const sim_block_spec spec = {"IWDG", base, 0x400u, true, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_iwdg *w = sim_part_alloc(part, sizeof *w);
    sim_block_init(&w->block, part, w, &spec);
    w->block.keeps_values = true;
    w->bite = (sim_event){.fire = bite, .self = w, .avertible = true};
    w->begin = (sim_event){.fire = begin, .self = w};
}
