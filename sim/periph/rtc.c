/* The backup domain: RTC calendar (RM0440 45) and the backup registers, TAMP's (46) or, on
 * older lines, the RTC's own (RM0351 38). All keep their values over every reset but that
 * of the domain. Alarms, wake-up timer, time stamp and tamper pins stop the run. */
#include "sim/periph/part/part.h"

enum { R_TR, R_DR, R_SSR, R_ICSR, R_PRER, R_WUTR, R_CR, R_WPR, R_CALR, R_SHIFTR, R_TSTR, R_TSDR,
       R_TSSSR, R_ALRMAR, R_ALRMASSR, R_ALRMBR, R_ALRMBSSR, R_SR, R_MISR, R_SCR, RTC_ROWS };
enum { T_CR1, T_CR2, T_FLTCR, T_IER, T_SR, T_MISR, T_SCR, T_BKP0R, TAMP_ROWS = T_BKP0R + 32 };

#define ICSR_INITS (1u << 4)
#define ICSR_RSF (1u << 5)
#define ICSR_INITF (1u << 6)
#define ICSR_INIT (1u << 7)
#define CR_ALARMS_WAKEUP_STAMP 0xF00u
#define DAY_S 86400u

static const sim_reg rtc_rows[RTC_ROWS] = {
    [R_TR] = {0x00, "TR", 0, 0},
    [R_DR] = {0x04, "DR", 0x00002101u, 0},
    [R_SSR] = {0x08, "SSR", 0, 0},
    [R_ICSR] = {0x0C, "ICSR", 0x00000007u, 0},
    [R_PRER] = {0x10, "PRER", 0x007F00FFu, 0},
    [R_WUTR] = {0x14, "WUTR", 0x0000FFFFu, 0xFFFFu},
    [R_CR] = {0x18, "CR", 0, 0xEFFCFFFFu},
    [R_WPR] = {0x24, "WPR", 0, 0},
    [R_CALR] = {0x28, "CALR", 0, 0x0000E1FFu},
    [R_SHIFTR] = {0x2C, "SHIFTR", 0, 0},
    [R_TSTR] = {0x30, "TSTR", 0, 0},
    [R_TSDR] = {0x34, "TSDR", 0, 0},
    [R_TSSSR] = {0x38, "TSSSR", 0, 0},
    [R_ALRMAR] = {0x40, "ALRMAR", 0, 0xFFFFFFFFu},
    [R_ALRMASSR] = {0x44, "ALRMASSR", 0, 0x0F007FFFu},
    [R_ALRMBR] = {0x48, "ALRMBR", 0, 0xFFFFFFFFu},
    [R_ALRMBSSR] = {0x4C, "ALRMBSSR", 0, 0x0F007FFFu},
    [R_SR] = {0x50, "SR", 0, 0},
    [R_MISR] = {0x54, "MISR", 0, 0},
    [R_SCR] = {0x5C, "SCR", 0, 0},
};

#define BKP(n) [T_BKP0R + (n)] = {0x100u + 4u * (n), "BKP" #n "R", 0, 0xFFFFFFFFu}
static const sim_reg tamp_rows[TAMP_ROWS] = {
    [T_CR1] = {0x00, "CR1", 0xFFFF0000u, 0x003C0007u},
    [T_CR2] = {0x04, "CR2", 0, 0x07070007u},
    [T_FLTCR] = {0x0C, "FLTCR", 0, 0xFFu},
    [T_IER] = {0x2C, "IER", 0, 0x003C0007u},
    [T_SR] = {0x30, "SR", 0, 0},
    [T_MISR] = {0x34, "MISR", 0, 0},
    [T_SCR] = {0x3C, "SCR", 0, 0},
    BKP(0),  BKP(1),  BKP(2),  BKP(3),  BKP(4),  BKP(5),  BKP(6),  BKP(7),
    BKP(8),  BKP(9),  BKP(10), BKP(11), BKP(12), BKP(13), BKP(14), BKP(15),
    BKP(16), BKP(17), BKP(18), BKP(19), BKP(20), BKP(21), BKP(22), BKP(23),
    BKP(24), BKP(25), BKP(26), BKP(27), BKP(28), BKP(29), BKP(30), BKP(31),
};

/* The older RTC: the same registers in another order, up to ALRMBSSR in the same rows. */
enum { O_TAMPCR = R_SR, O_OR, O_BKP0R, OLD_ROWS = O_BKP0R + 32 };
#undef BKP
#define BKP(n) [O_BKP0R + (n)] = {0x50u + 4u * (n), "BKP" #n "R", 0, 0xFFFFFFFFu}
static const sim_reg old_rows[OLD_ROWS] = {
    [R_TR] = {0x00, "TR", 0, 0},
    [R_DR] = {0x04, "DR", 0x00002101u, 0},
    [R_CR] = {0x08, "CR", 0, 0x01FCFF7Fu},
    [R_ICSR] = {0x0C, "ISR", 0x00000007u, 0},
    [R_PRER] = {0x10, "PRER", 0x007F00FFu, 0},
    [R_WUTR] = {0x14, "WUTR", 0x0000FFFFu, 0xFFFFu},
    [R_ALRMAR] = {0x1C, "ALRMAR", 0, 0xFFFFFFFFu},
    [R_ALRMBR] = {0x20, "ALRMBR", 0, 0xFFFFFFFFu},
    [R_WPR] = {0x24, "WPR", 0, 0},
    [R_SSR] = {0x28, "SSR", 0, 0},
    [R_SHIFTR] = {0x2C, "SHIFTR", 0, 0},
    [R_TSTR] = {0x30, "TSTR", 0, 0},
    [R_TSDR] = {0x34, "TSDR", 0, 0},
    [R_TSSSR] = {0x38, "TSSSR", 0, 0},
    [R_CALR] = {0x3C, "CALR", 0, 0x0000E1FFu},
    [O_TAMPCR] = {0x40, "TAMPCR", 0, 0x01FFFFFFu},
    [R_ALRMASSR] = {0x44, "ALRMASSR", 0, 0x0F007FFFu},
    [R_ALRMBSSR] = {0x48, "ALRMBSSR", 0, 0x0F007FFFu},
    [O_OR] = {0x4C, "OR", 0, 3u},
    BKP(0),  BKP(1),  BKP(2),  BKP(3),  BKP(4),  BKP(5),  BKP(6),  BKP(7),
    BKP(8),  BKP(9),  BKP(10), BKP(11), BKP(12), BKP(13), BKP(14), BKP(15),
    BKP(16), BKP(17), BKP(18), BKP(19), BKP(20), BKP(21), BKP(22), BKP(23),
    BKP(24), BKP(25), BKP(26), BKP(27), BKP(28), BKP(29), BKP(30), BKP(31),
};
_Static_assert(OLD_ROWS <= RTC_ROWS + TAMP_ROWS, "the older RTC's values fit into the words");
#define TAMPCR_PINS 0x29u

enum { WORD_BDCR, WORD_RTC, WORD_TAMP = WORD_RTC + RTC_ROWS, WORDS = WORD_TAMP + TAMP_ROWS };

typedef struct sim_rtc {
    sim_block rtc, tamp;
    sim_part *part;
    sim_clock_user clock;
    uint32_t words[WORDS]; /* all that the domain keeps */
    uint32_t hz;           /* RTCCLK */
    sim_ps since;          /* TR and DR were right then */
    sim_ps init_at, synced_at;
    unsigned keys;
} sim_rtc;

/* ---- calendar -------------------------------------------------------------------- */

static uint32_t from_bcd(uint32_t v) { return (v >> 4) * 10u + (v & 15u); }
static uint32_t to_bcd(uint32_t v) { return v / 10u << 4 | v % 10u; }

static uint32_t days_in(uint32_t month, uint32_t year)
{
    static const uint8_t days[13] = {31, 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2u && year % 4u == 0u ? 29u : days[month <= 12u ? month : 0u];
}

static uint32_t next_day(uint32_t dr)
{
    uint32_t year = from_bcd(dr >> 16 & 0xFFu), month = from_bcd(dr >> 8 & 0x1Fu);
    uint32_t day = from_bcd(dr & 0x3Fu), week = dr >> 13 & 7u;
    week = week >= 7u ? 1u : week + 1u;
    if (++day > days_in(month, year)) {
        day = 1;
        if (++month > 12u) {
            month = 1;
            year = (year + 1u) % 100u;
        }
    }
    return to_bcd(year) << 16 | week << 13 | to_bcd(month) << 8 | to_bcd(day);
}

static void add_seconds(sim_rtc *r, uint64_t seconds)
{
    uint32_t *tr = &r->rtc.value[R_TR];
    bool pm = (*tr >> 22 & 1u) != 0u, twelve = (r->rtc.value[R_CR] >> 6 & 1u) != 0u;
    uint32_t hour = from_bcd(*tr >> 16 & 0x3Fu);
    hour = twelve ? hour % 12u + (pm ? 12u : 0u) : hour;
    uint64_t total =
        hour * 3600u + from_bcd(*tr >> 8 & 0x7Fu) * 60u + from_bcd(*tr & 0x7Fu) + seconds;
    for (; total >= DAY_S; total -= DAY_S) {
        r->rtc.value[R_DR] = next_day(r->rtc.value[R_DR]);
    }
    uint32_t left = (uint32_t)total;
    hour = left / 3600u;
    pm = twelve && hour >= 12u;
    hour = twelve ? (hour % 12u == 0u ? 12u : hour % 12u) : hour;
    *tr = (pm ? 1u << 22 : 0u) | to_bcd(hour) << 16 | to_bcd(left / 60u % 60u) << 8 |
          to_bcd(left % 60u);
}

static uint64_t periods_per_second(const sim_rtc *r)
{
    uint32_t prer = r->rtc.value[R_PRER];
    return (uint64_t)((prer >> 16 & 0x7Fu) + 1u) * ((prer & 0x7FFFu) + 1u);
}

static bool in_init(const sim_rtc *r)
{
    return (r->rtc.value[R_ICSR] & ICSR_INIT) != 0u;
}

static void count(void *owner)
{
    sim_rtc *r = owner;
    sim_ps now = sim_now(r->part->m);
    if (r->hz == 0u || in_init(r)) {
        r->since = now;
        return;
    }
    sim_ps second = sim_periods(periods_per_second(r), r->hz);
    uint64_t seconds = (now - r->since) / second;
    r->since += seconds * second;
    if (seconds != 0u) {
        add_seconds(r, seconds);
    }
}

static void clock_changed(void *owner)
{
    sim_rtc *r = owner;
    r->hz = r->part->services.rtc_hz(r->part);
}

/* ---- registers ----------------------------------------------------------------------- */

static uint32_t rtc_read(void *owner, unsigned reg, uint32_t stored)
{
    sim_rtc *r = owner;
    sim_ps now = sim_now(r->part->m);
    count(r);
    switch (reg) {
    case R_TR:
    case R_DR:
        return r->rtc.value[reg];
    case R_SSR:
        if (r->hz != 0u && !in_init(r)) {
            uint64_t ticks = sim_periods_in(now - r->since, r->hz);
            uint32_t prer = r->rtc.value[R_PRER];
            return (prer & 0x7FFFu) - (uint32_t)(ticks / ((prer >> 16 & 0x7Fu) + 1u));
        }
        return 0;
    case R_ICSR:
        stored |= (r->rtc.value[R_DR] >> 16 & 0xFFu) != 0u ? ICSR_INITS : 0u;
        stored |= in_init(r) && now >= r->init_at ? ICSR_INITF : 0u;
        stored |= r->hz != 0u && !in_init(r) && now >= r->synced_at ? ICSR_RSF : 0u;
        return stored;
    default:
        return stored;
    }
}

static void write_icsr(sim_rtc *r, uint32_t raw)
{
    sim_ps now = sim_now(r->part->m);
    sim_ps two = r->hz != 0u ? sim_periods(2, r->hz) : 0u;
    uint32_t *icsr = &r->rtc.value[R_ICSR];
    if ((raw & ICSR_INIT) != 0u && !in_init(r)) {
        *icsr |= ICSR_INIT;
        r->init_at = r->hz != 0u ? now + two : SIM_NEVER;
    } else if ((raw & ICSR_INIT) == 0u && in_init(r)) {
        *icsr &= ~ICSR_INIT;
        r->since = now;
        r->synced_at = now + 2u * two;
    }
    if ((raw & ICSR_RSF) == 0u) {
        r->synced_at = now + two;
    }
}

static sim_access rtc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    static const uint32_t calendar[] = {[R_TR] = 0x007F7F7Fu, [R_DR] = 0x00FFFF3Fu,
                                        [R_SSR] = 0, [R_ICSR] = 0, [R_PRER] = 0x007F7FFFu};
    sim_rtc *r = owner;
    (void)old;
    switch (reg) {
    case R_TR:
    case R_DR:
    case R_PRER:
        if (in_init(r) && sim_now(r->part->m) >= r->init_at) {
            r->rtc.value[reg] = raw & calendar[reg];
        }
        break;
    case R_ICSR:
        write_icsr(r, raw);
        break;
    case R_CR:
        if ((raw & CR_ALARMS_WAKEUP_STAMP) != 0u) {
            return sim_block_unmodelled(&r->rtc, reg, raw,
                                        "alarms, wake-up timer and time stamp are not modelled");
        }
        break;
    case R_SHIFTR:
        return sim_block_unmodelled(&r->rtc, reg, raw, "not modelled");
    case O_TAMPCR:
        if (r->rtc.regs == old_rows && (raw & TAMPCR_PINS) != 0u) {
            return sim_block_unmodelled(&r->rtc, reg, raw, "tamper pins are not modelled");
        }
        break;
    default:
        break;
    }
    return SIM_ACCESS_OK;
}

/* Without PWR_CR1.DBP nothing of the domain changes; the RTC wants its keys as well,
 * 0xCA and 0x53 to WPR (RM0440 45.3.10), but for what guards nothing (RM0351 38.3.8). */
static bool without_keys(const sim_rtc *r, uint32_t offset)
{
    if (r->rtc.regs != old_rows) {
        return offset == rtc_rows[R_SCR].offset;
    }
    return offset == old_rows[O_TAMPCR].offset || offset >= old_rows[O_OR].offset;
}

static sim_access rtc_bus_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    sim_rtc *r = ((sim_block *)self)->owner;
    if (!sim_block_clocked(&r->rtc) || !r->part->services.dbp(r->part)) {
        return SIM_ACCESS_OK;
    }
    if (offset == rtc_rows[R_WPR].offset) {
        uint32_t key = value & 0xFFu;
        r->keys = key == 0xCAu ? 1u : key == 0x53u && r->keys == 1u ? 2u : 0u;
        return SIM_ACCESS_OK;
    }
    if (r->keys != 2u && !without_keys(r, offset)) {
        return SIM_ACCESS_OK;
    }
    count(r);
    return sim_block_write(self, offset, size, value);
}

static sim_access tamp_bus_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    sim_rtc *r = ((sim_block *)self)->owner;
    if (!sim_block_clocked(&r->tamp) || !r->part->services.dbp(r->part)) {
        return SIM_ACCESS_OK;
    }
    return sim_block_write(self, offset, size, value);
}

static sim_access tamp_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_rtc *r = owner;
    (void)old;
    if (reg == T_CR1 && (raw & 7u) != 0u) {
        return sim_block_unmodelled(&r->tamp, reg, raw, "tamper pins are not modelled");
    }
    return SIM_ACCESS_OK;
}

/* ---- resets and the domain as words ---------------------------------------------------- */

void sim_rtc_domain_reset(sim_part *part)
{
    sim_rtc *r = part->rtc;
    if (r != NULL) {
        sim_block_reset_values(&r->rtc);
        sim_block_reset_values(&r->tamp);
        r->words[WORD_BDCR] = 0;
        r->since = sim_now(part->m);
        r->init_at = r->synced_at = 0;
    }
}

static void rtc_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_rtc *r = owner;
    (void)cause, (void)backup_lost; /* RCC resets the domain where it has to be */
    count(r);
    r->keys = 0;
    r->rtc.value[R_ICSR] &= ~ICSR_INIT;
}

uint32_t *sim_backup_words(sim_machine *m, size_t *count_out)
{
    sim_rtc *r = sim_get_part(m)->rtc;
    count(r);
    r->words[WORD_BDCR] = r->part->services.bdcr(r->part);
    *count_out = WORDS;
    return r->words;
}

uint32_t sim_rtc_kept_bdcr(const sim_part *part)
{
    return part->rtc->words[WORD_BDCR];
}

void sim_rtc_keep_bdcr(sim_part *part, uint32_t value)
{
    part->rtc->words[WORD_BDCR] = value;
}

static sim_rtc *rtc_new(sim_part *part, uint32_t base, const sim_reg *rows, unsigned count_of)
{
    static const sim_block_hooks hooks = {rtc_read, rtc_write, rtc_reset};
    const sim_block_spec spec = {"RTC", base, 0x400u, true, rows, count_of, &hooks};
    sim_rtc *r = sim_part_alloc(part, sizeof *r);
    r->part = part;
    sim_block_init(&r->rtc, part, r, &spec);
    r->rtc.keeps_values = true;
    r->rtc.periph.write = rtc_bus_write;
    r->rtc.value = &r->words[WORD_RTC];
    part->rtc = r;
    r->clock = (sim_clock_user){.changing = count, .changed = clock_changed, .owner = r};
    sim_part_add_clock_user(part, &r->clock);
    return r;
}

void sim_rtc_new(sim_part *part, uint32_t base)
{
    (void)rtc_new(part, base, old_rows, OLD_ROWS);
    sim_rtc_domain_reset(part);
}

void sim_rtc_tamp_new(sim_part *part, uint32_t rtc_base, uint32_t tamp_base)
{
    static const sim_block_hooks hooks = {NULL, tamp_write, NULL};
    const sim_block_spec spec = {"TAMP", tamp_base, 0x400u, true, tamp_rows, TAMP_ROWS, &hooks};
    sim_rtc *r = rtc_new(part, rtc_base, rtc_rows, RTC_ROWS);
    sim_block_init(&r->tamp, part, r, &spec);
    r->tamp.keeps_values = true;
    r->tamp.periph.write = tamp_bus_write;
    r->tamp.value = &r->words[WORD_TAMP];
    sim_rtc_domain_reset(part);
}
