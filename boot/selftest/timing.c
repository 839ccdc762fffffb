/* Times, in core cycles at the clock that stage 1 raises to, which is measured first by the
 * length of bits on the wire: both come from the same oscillator, so their ratio is exact. */
#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"

#define DEMCR (*(volatile uint32_t *)0xE000EDFCu)
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL (*(volatile uint32_t *)0xE0001000u)
#define DWT_CYCCNT (*(volatile uint32_t *)0xE0001004u)
#define DWT_LAR (*(volatile uint32_t *)0xE0001FB0u)
#define DWT_LAR_KEY 0xC5ACCE55u
#define BAUD 115200u
#define BITS_PER_BYTE 10u
#define UNITS 32u
#define ERASES 3u

/* 64 of them, sent without a gap. */
static const char ruler[] = "measuring the clock by the length of this line, 640 bits long.\r\n";
_Static_assert(sizeof ruler == 65u, "the line says how long it is");

static uint32_t measure_hz(void)
{
    uint32_t before, cycles;

    st_text("\r");
    st_flush();
    before = DWT_CYCCNT;
    st_text(ruler);
    st_flush();
    cycles = DWT_CYCCNT - before;
    return (uint32_t)((uint64_t)cycles * BAUD / ((sizeof ruler - 1u) * BITS_PER_BYTE));
}

static uint32_t to_ns(uint32_t cycles, uint32_t hz)
{
    return (uint32_t)((uint64_t)cycles * 1000000000u / hz);
}

typedef struct span {
    uint32_t least, most;
    uint64_t total;
} span;

static void span_add(span *s, uint32_t value)
{
    s->least = s->total == 0u || value < s->least ? value : s->least;
    s->most = value > s->most ? value : s->most;
    s->total += value;
}

/* Within the datasheet's maximum, a twentieth for the oscillator that it is measured with,
 * and the driver's own time; and not so quick that nothing can have happened. */
static void judge(const char *name, const span *s, uint32_t count, uint32_t most_ns,
                  uint32_t unit_ns, const char *unit)
{
    uint32_t allowed = most_ns + most_ns / 20u + 5000u;

    st_begin(st_judge(s->most <= allowed && s->least > most_ns / 20u), name);
    st_tenths(s->least / (unit_ns / 10u));
    st_text(" to ");
    st_tenths(s->most / (unit_ns / 10u));
    st_text(", mean ");
    st_tenths((uint32_t)(s->total / count) / (unit_ns / 10u));
    st_text(unit);
    st_text(", at most ");
    st_tenths(most_ns / (unit_ns / 10u));
    st_text(" by ");
    st_text(family_limits().source);
    st_end();
}

static void measure_flash(uint32_t hz)
{
    span programs = {0}, erases = {0};
    uint8_t unit[TB_MAX_UNIT_BYTES];
    bool good = true;

    for (uint32_t n = 0; n < ERASES; n++) {
        for (uint32_t i = 0; i < UNITS; i++) {
            uint32_t at = st_page(0u) + i * TB_TARGET->unit_bytes;
            st_pattern(unit, 1u, at);
            uint32_t before = DWT_CYCCNT;
            good = chip_flash.program(chip_flash.ctx, 1u, at, unit) == TB_OK && good;
            span_add(&programs, to_ns(DWT_CYCCNT - before, hz));
        }
        chip_watchdog_feed();
        uint32_t before = DWT_CYCCNT;
        good = chip_flash.erase(chip_flash.ctx, 1u, st_page(0u)) == TB_OK && good;
        span_add(&erases, to_ns(DWT_CYCCNT - before, hz));
    }
    if (!good) {
        st_line(ST_FAIL, "timing", "an operation failed while it was measured");
    }
    judge("time-program", &programs, UNITS * ERASES, family_limits().program_ns, 1000u, " us a unit");
    judge("time-erase", &erases, ERASES, family_limits().erase_us * 1000u, 1000000u, " ms a page");
}

void st_check_timing(void)
{
    uint32_t hz, difference, before;

    DEMCR |= DEMCR_TRCENA;
    DWT_LAR = DWT_LAR_KEY; /* the M7 has a lock before it, the others nothing */
    DWT_CTRL |= 1u;
    before = DWT_CYCCNT;
    arm_isb();
    if (DWT_CYCCNT == before) {
        st_line(ST_SKIP, "timing", "the cycle counter stands still");
        return;
    }
    (void)st_page_erased(1u, 0u);
    st_flush();
    chip_clock_raise();
    hz = measure_hz();
    difference = hz > TB_TARGET->boot_hz ? hz - TB_TARGET->boot_hz : TB_TARGET->boot_hz - hz;
    st_begin(st_judge(difference < TB_TARGET->boot_hz / 50u), "clock");
    st_tenths(hz / 100000u);
    st_text(" MHz by the wire, expected ");
    st_tenths(TB_TARGET->boot_hz / 100000u);
    st_end();
    measure_flash(hz);
    st_flush();
    chip_restore_reset_state(TB_TARGET);
    st_uart_open();
}
