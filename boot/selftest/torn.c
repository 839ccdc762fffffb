/* Operations that a reset interrupts: the watchdog is started, and units are programmed, or
 * a page erased, one after the other until it bites. The state in RAM says what was under
 * way. LSI and core run apart, and a delay that grows with each try moves the bite through
 * the operation. Whatever the unit is then, it has to be read without a fault. */
#include <string.h>

#include "boot/selftest/selftest.h"
#include "chips/armv7m.h"

#define TRIES 96u
#define WINDOW_UNITS 256u /* as many for one try: some are programmed within 8 ms */
#define ENOUGH 3u /* torn units, where none of them is told by ECC */
#define READINGS 16u /* a unit that reads the same so often is taken to be stable */
#define DELAY_ROUNDS 61u
#define SHORT_ERASE_US 16000u /* by its maximum: it may be over before the watchdog bites */
#define LEAST_BITE_US 7000u /* the watchdog's 8 ms with the fastest LSI, and some to spare */

static tb_error read_unit(uint32_t at, uint8_t *unit)
{
    return chip_flash.read(chip_flash.ctx, 1u, at, unit, TB_TARGET->unit_bytes);
}

/* A large page has room for several tries between two erases. */
static uint32_t windows(void)
{
    return st_page_bytes(0u) / TB_TARGET->unit_bytes / WINDOW_UNITS;
}

static uint32_t unit_offset(uint32_t index)
{
    uint32_t window = st.torn.tries % windows();

    return st_page(0u) + (window * WINDOW_UNITS + index) * TB_TARGET->unit_bytes;
}

static uint32_t page_unit(uint32_t index)
{
    return st_page(0u) + index * TB_TARGET->unit_bytes;
}

static bool flying(void)
{
    return (st.flight & ST_IN_FLIGHT) != 0u;
}

static uint32_t unit_hit(void)
{
    return st.flight & ~ST_IN_FLIGHT;
}

static void delay(uint32_t rounds)
{
    for (uint32_t i = 0; i < rounds; i++) {
        arm_dsb();
    }
}

static void wait_us(uint32_t us)
{
    SYST_RVR = TB_TARGET->reset_hz / 1000000u * us - 1u; /* 24 bits */
    SYST_CVR = 0u;
    SYST_CSR = SYST_CSR_ENABLE | SYST_CSR_CLKSOURCE;
    while ((SYST_CSR & SYST_CSR_COUNTFLAG) == 0u) {
    }
    SYST_CSR = 0u;
}

static void wait_for_the_bite(void)
{
    delay(TB_TARGET->reset_hz / 4u);
}

static void program_until_reset(void)
{
    uint8_t pattern[TB_MAX_UNIT_BYTES];

    st.flight = 0u;
    st_expect_watchdog(1u);
    delay(st.torn.tries * DELAY_ROUNDS);
    for (uint32_t i = 0; i < WINDOW_UNITS; i++) {
        st_pattern(pattern, 1u, unit_offset(i));
        st.flight = ST_IN_FLIGHT | i;
        (void)chip_flash.program(chip_flash.ctx, 1u, unit_offset(i), pattern);
        st.flight = i;
    }
    wait_for_the_bite();
}

static void classify(void)
{
    uint8_t pattern[TB_MAX_UNIT_BYTES], first[TB_MAX_UNIT_BYTES], again[TB_MAX_UNIT_BYTES];
    uint32_t at = unit_offset(unit_hit()), size = TB_TARGET->unit_bytes, crc;
    tb_error error = read_unit(at, first);
    unsigned crc_refused = 0;
    bool stable = true;

    for (unsigned i = 0; i < READINGS; i++) {
        stable = stable && read_unit(at, again) == error &&
                 (error != TB_OK || memcmp(first, again, size) == 0);
        crc_refused += chip_flash.crc32(chip_flash.ctx, 1u, at, size, &crc) == TB_ERR_ECC ? 1u : 0u;
    }
    stable = stable && (crc_refused == 0u || crc_refused == READINGS);
    st_pattern(pattern, 1u, at);
    if (!stable) {
        st.torn.unstable++;
    } else if (error != TB_OK) {
        st.torn.ecc++;
        st.torn.ecc_register = st_nmi_count != 0u ? st_nmi_register : family_ecc_register();
        st.torn.ecc_offset = at;
        st.torn.crc_refused += crc_refused == READINGS ? 1u : 0u;
    } else if (memcmp(first, pattern, size) == 0) {
        st.torn.newer++;
    } else if (st_is(first, 0xFFu, size)) {
        st.torn.older++;
    } else {
        st.torn.mixed++;
    }
}

/* The units before are whole, those behind are blank. */
static uint32_t neighbours_spoilt(void)
{
    uint8_t pattern[TB_MAX_UNIT_BYTES], unit[TB_MAX_UNIT_BYTES];
    uint32_t spoilt = 0;

    for (uint32_t i = 0; i < WINDOW_UNITS; i++) {
        st_pattern(pattern, 1u, unit_offset(i));
        if (i > unit_hit()) {
            memset(pattern, 0xFF, sizeof pattern);
        }
        if (i != unit_hit() && (read_unit(unit_offset(i), unit) != TB_OK ||
                             memcmp(unit, pattern, TB_TARGET->unit_bytes) != 0)) {
            spoilt++;
        }
    }
    return spoilt;
}

static void say_count(const char *what, uint32_t count)
{
    st_number(count);
    st_text(what);
}

static void say_torn(void)
{
    const st_torn *t = &st.torn;
    uint32_t torn = t->ecc + t->mixed + t->unstable;

    st_begin(torn != 0u ? ST_PASS : ST_SKIP, "torn-unit");
    say_count(" tries: ", t->tries);
    say_count(" between units, ", t->missed);
    say_count(" old, ", t->older);
    say_count(" new, ", t->newer);
    say_count(" mixed, ", t->mixed);
    say_count(" unstable, ", t->unstable);
    say_count(" ECC", t->ecc);
    st_text(torn != 0u ? "; read without a fault" : "; none was torn");
    st_end();
    st_line(st_judge(t->spoilt == 0u), "torn-neighbours", "no other unit was touched");
    if (t->ecc == 0u) {
        st_line(ST_SKIP, "torn-ecc", "no unit was uncorrectable");
    } else {
        st_begin(st_judge(t->crc_refused == t->ecc), "torn-ecc");
        st_text("the driver says ECC error, for the CRC as well; ECC register ");
        st_hex(t->ecc_register);
        st_text(" for offset ");
        st_hex(t->ecc_offset);
        st_text(" of bank 2");
        st_end();
    }
    st_line(st_judge(st_page_erased(1u, 0u)), "torn-recovers", "an erase makes the page whole");
}

void st_check_torn_unit(void)
{
    if (st.phase == 1u) {
        if (flying()) {
            classify();
            st.torn.spoilt += neighbours_spoilt();
        } else {
            st.torn.missed++;
        }
        st.torn.tries++;
    }
    if (st.torn.ecc != 0u || st.torn.tries >= TRIES ||
        (!family_has_ecc && st.torn.mixed + st.torn.unstable >= ENOUGH)) {
        say_torn();
        return;
    }
    /* Torn units count as used even where they look blank: no unit is tried twice. */
    if (st.torn.tries % windows() == 0u) {
        (void)chip_flash.erase(chip_flash.ctx, 1u, st_page(0u));
    }
    program_until_reset();
    st_line(ST_FAIL, "torn-unit", "the watchdog did not bite");
}

/* Without the driver, which would feed the watchdog. */
static void erase_until_reset(void)
{
    const volatile uint32_t *words =
        (const volatile uint32_t *)tb_mapped_address(TB_TARGET, false, 0u, 0u);
    uint8_t pattern[TB_MAX_UNIT_BYTES];
    uint32_t units = st_page_bytes(0u) / TB_TARGET->unit_bytes;
    tb_page page = {0};

    (void)tb_page_at(TB_TARGET, st_page(0u), &page);
    (void)st_page_erased(1u, 0u);
    for (uint32_t i = 0; i < units && i < 512u; i++) {
        st_pattern(pattern, 1u, page_unit(i));
        (void)chip_flash.program(chip_flash.ctx, 1u, page_unit(i), pattern);
        chip_watchdog_feed();
    }
    st_expect_watchdog(1u);
    if (family_limits().erase_us <= SHORT_ERASE_US) {
        wait_us(LEAST_BITE_US);
    }
    st.flight = ST_IN_FLIGHT;
    (void)family_reads_during_erase(1u, &page, words, sizeof pattern / sizeof *words);
    st.flight = 0u;
    wait_for_the_bite();
}

void st_check_torn_erase(void)
{
    uint32_t units = st_page_bytes(0u) / TB_TARGET->unit_bytes;
    uint32_t blank = 0, ecc = 0, whole = 0;
    uint8_t pattern[TB_MAX_UNIT_BYTES], unit[TB_MAX_UNIT_BYTES];

    if (st.phase == 0u) {
        erase_until_reset();
        st_line(ST_FAIL, "torn-erase", "the watchdog did not bite");
        return;
    }
    for (uint32_t i = 0; i < units && i < 512u; i++) {
        tb_error error = read_unit(page_unit(i), unit);
        st_pattern(pattern, 1u, page_unit(i));
        if (error != TB_OK) {
            ecc++;
        } else if (st_is(unit, 0xFFu, TB_TARGET->unit_bytes)) {
            blank++;
        } else if (memcmp(unit, pattern, TB_TARGET->unit_bytes) == 0) {
            whole++;
        }
    }
    st_begin(flying() ? ST_PASS : ST_SKIP, "torn-erase");
    st_text(flying() ? "read without a fault; units: " : "over before the reset; units: ");
    say_count(" blank, ", blank);
    say_count(" as before, ", whole);
    say_count(" ECC, ", ecc);
    say_count(" other", (units < 512u ? units : 512u) - blank - whole - ecc);
    st_end();
    st_line(st_judge(st_page_erased(1u, 0u)), "torn-erase-recovers",
            "a second erase makes the page whole");
}
