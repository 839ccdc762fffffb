/* The flash of the STM32F767 as modelled, by RM0410 3: sectors of three sizes, SNB with its gap,
 * PSIZE, no ECC, the two views, SWP_FB under both readings of what is unsure about it. */
#include <string.h>

#include "rig.h"

#define F(offset) (0x40023C00u + (offset))
#define ACR F(0x00)
#define KEYR F(0x04)
#define OPTKEYR F(0x08)
#define SR F(0x0C)
#define CR F(0x10)
#define OPTCR F(0x14)
#define OPTCR1 F(0x18)
#define PGPERR (1u << 6)
#define ERSERR (1u << 7)
#define FAULTS (OPERR | WRPERR | PGAERR | PGPERR | ERSERR)
#define SER (1u << 1)
#define SNB(n) ((uint32_t)(n) << 3)
#define PSIZE(n) ((uint32_t)(n) << 8)
#define X32 PSIZE(2)
#define OPTCR_LOCK 1u
#define OPTCR_START 2u
#define NDBOOT (1u << 28)
#define NDBANK (1u << 29)
#define HIGH 0x08100000u
#define ITCM 0x00200000u
#define ITCM_HIGH 0x00300000u
#define RCC_APB2ENR 0x40023844u
#define MEMRMP 0x40013800u
#define SWP_FB (1u << 8)
#define SECTORS 12u
#define PLACE(bank) ((bank) == 0u ? BANK1 : HIGH)

/* RM0410 table 4, of each bank. */
static const struct { uint32_t offset, bytes; } sectors[SECTORS] = {
    {0x00000u, 0x4000u},  {0x04000u, 0x4000u},  {0x08000u, 0x4000u},  {0x0C000u, 0x4000u},
    {0x10000u, 0x10000u}, {0x20000u, 0x20000u}, {0x40000u, 0x20000u}, {0x60000u, 0x20000u},
    {0x80000u, 0x20000u}, {0xA0000u, 0x20000u}, {0xC0000u, 0x20000u}, {0xE0000u, 0x20000u}};

static void sleep_in_ram(sim_machine *m)
{
    wr(m, 0x20000100u, 0xE7FDBF30u); /* wfi; b .-2 */
    sim_cpu_set_reg(sim_core(m), 13u, 0x20010000u);
    sim_cpu_set_reg(sim_core(m), 15u, 0x20000100u);
}

static sim_machine *new_part(unsigned readings)
{
    const sim_options options = {.seed = 1u, .readings = readings};
    static const uint8_t vectors[8] = {0x00, 0x00, 0x01, 0x20, 0x01, 0x01, 0x00, 0x20};
    sim_machine *m = sim_new(tb_chip_find("stm32f767zi"), &options);
    assert_non_null(m);
    assert_true(sim_flash_load(m, BANK1, vectors, sizeof vectors));
    assert_true(sim_flash_load(m, HIGH, vectors, sizeof vectors));
    sim_power_on(m, true);
    sleep_in_ram(m);
    return m;
}

static void power_on(sim_machine *m)
{
    sim_power_on(m, false);
    sleep_in_ram(m);
}

static void unlock(sim_machine *m)
{
    wr(m, KEYR, 0x45670123u);
    wr(m, KEYR, 0xCDEF89ABu);
}

static uint32_t done(sim_machine *m)
{
    while ((rd(m, SR) & BSY) != 0u) {
        rig_pass(m, SIM_PS_PER_MS);
    }
    uint32_t errors = rd(m, SR) & FAULTS;
    wr(m, SR, FAULTS);
    wr(m, CR, 0u);
    return errors;
}

static uint32_t program_sized(sim_machine *m, uint32_t psize, uint32_t address, unsigned size,
                              uint32_t value)
{
    wr(m, CR, PG | PSIZE(psize));
    assert_int_equal(sim_core_write(m, address, size, value), SIM_ACCESS_OK);
    return done(m);
}

static uint32_t program(sim_machine *m, uint32_t address, uint32_t value)
{
    return program_sized(m, 2u, address, 4u, value);
}

static uint32_t erase(sim_machine *m, unsigned number)
{
    wr(m, CR, SER | SNB(number) | X32);
    wr(m, CR, SER | SNB(number) | X32 | STRT);
    return done(m);
}

static uint32_t erase_banks(sim_machine *m, uint32_t which)
{
    wr(m, CR, which | X32);
    wr(m, CR, which | X32 | STRT);
    return done(m);
}

static void set_options(sim_machine *m, uint32_t optcr)
{
    wr(m, OPTKEYR, 0x08192A3Bu);
    wr(m, OPTKEYR, 0x4C5D6E7Fu);
    wr(m, OPTCR, optcr & ~3u);
    wr(m, OPTCR, (optcr & ~3u) | OPTCR_START);
}

static void swap(sim_machine *m)
{
    wr(m, RCC_APB2ENR, 1u << 14);
    wr(m, MEMRMP, SWP_FB);
    assert_int_equal(rd(m, MEMRMP) & SWP_FB, SWP_FB);
}

/* ---- sectors ---- */

static void fill(sim_machine *m, uint32_t low, uint32_t high)
{
    for (unsigned i = 0; i < SECTORS; i++) {
        uint32_t last = sectors[i].offset + sectors[i].bytes - 4u;
        assert_int_equal(program(m, low + sectors[i].offset + 8u, 0x100u + i), 0u);
        assert_int_equal(program(m, low + last, 0x200u + i), 0u);
        assert_int_equal(program(m, high + sectors[i].offset + 8u, 0x100u + i), 0u);
        assert_int_equal(program(m, high + last, 0x200u + i), 0u);
    }
}

static bool is_there(sim_machine *m, unsigned bank, unsigned i)
{
    uint32_t last = sectors[i].offset + sectors[i].bytes - 4u;
    return raw(m, bank, sectors[i].offset + 8u) == 0x100u + i && raw(m, bank, last) == 0x200u + i;
}

static bool is_blank(sim_machine *m, unsigned bank, unsigned i)
{
    uint32_t last = sectors[i].offset + sectors[i].bytes - 4u;
    return raw(m, bank, sectors[i].offset + 8u) == BLANK && raw(m, bank, last) == BLANK;
}

/* first: the bank that numbers 0 to 11 mean. */
static void check_numbers(sim_machine *m, unsigned first)
{
    unlock(m);
    fill(m, BANK1, HIGH);
    for (unsigned i = 0; i < 2u * SECTORS; i++) {
        unsigned bank = i / SECTORS ^ first;
        assert_int_equal(erase(m, i < SECTORS ? i : i + 4u), 0u);
        assert_true(is_blank(m, bank, i % SECTORS));
        for (unsigned k = 0; k < 2u * SECTORS; k++) {
            assert_true(k <= i || is_there(m, k / SECTORS ^ first, k % SECTORS));
        }
    }
    for (unsigned gap = 12u; gap < 32u; gap = gap == 15u ? 28u : gap + 1u) {
        assert_int_equal(erase(m, gap), ERSERR);
    }
    sim_free(m);
}

static void a_number_is_a_sector_of_its_bank(void **state)
{
    (void)state;
    check_numbers(new_part(0u), 0u);
}

/* Unsure, so both are there (docs/families/f7.md). */
static void while_swapped_a_number_means_the_bank_or_the_place(void **state)
{
    (void)state;
    for (unsigned by_place = 0; by_place < 2u; by_place++) {
        sim_machine *m = new_part(by_place != 0u ? SIM_READING_F7_SNB_BY_PLACE : 0u);
        swap(m);
        check_numbers(m, by_place);
    }
}

static void a_bank_is_erased_by_its_bit(void **state)
{
    static const uint32_t bits[] = {MER1, MER2, MER1 | MER2};
    (void)state;
    for (unsigned i = 0; i < 3u; i++) {
        sim_machine *m = new_part(0u);
        unlock(m);
        fill(m, BANK1, HIGH);
        assert_int_equal(erase_banks(m, bits[i]), 0u);
        for (unsigned k = 0; k < SECTORS; k++) {
            assert_true(((i + 1u) & 1u) != 0u ? is_blank(m, 0u, k) : is_there(m, 0u, k));
            assert_true(((i + 1u) & 2u) != 0u ? is_blank(m, 1u, k) : is_there(m, 1u, k));
        }
        sim_free(m);
    }
}

/* ---- programming ---- */

static void an_access_is_as_wide_as_psize_says(void **state)
{
    static const uint32_t values[3] = {0x12u, 0x3456u, 0x789ABCDEu};
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    for (unsigned psize = 0; psize < 4u; psize++) {
        for (unsigned size = 0; size < 3u; size++) {
            uint32_t offset = 0x20000u + 0x100u * psize + 0x10u * size;
            uint32_t errors = program_sized(m, psize, BANK1 + offset, 1u << size, values[size]);
            uint32_t mask = size == 2u ? ~0u : (1u << (8u << size)) - 1u;
            assert_int_equal(errors, psize == size ? 0u : PGPERR);
            assert_int_equal(raw(m, 0u, offset), psize == size ? values[size] | ~mask : BLANK);
        }
    }
    sim_free(m);
}

static void a_row_of_16_bytes_is_not_crossed(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    assert_int_equal(program(m, BANK1 + 0x2000Eu, 0u), PGAERR);
    assert_int_equal(raw(m, 0u, 0x2000Cu), BLANK);
    assert_int_equal(raw(m, 0u, 0x20010u), BLANK);
    assert_int_equal(program(m, BANK1 + 0x20002u, 0x11223344u), 0u); /* within one */
    assert_int_equal(raw(m, 0u, 0x20000u), 0x3344FFFFu);
    assert_int_equal(raw(m, 0u, 0x20004u), 0xFFFF1122u);
    sim_free(m);
}

static void bits_go_to_zero_and_nothing_tells(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    assert_int_equal(program(m, HIGH + 0x20000u, 0xFF00FF00u), 0u);
    assert_int_equal(program(m, HIGH + 0x20000u, 0x0FF00FF0u), 0u);
    assert_int_equal(rd(m, HIGH + 0x20000u), 0x0F000F00u);
    assert_int_equal(program(m, HIGH + 0x20000u, BLANK), 0u);
    assert_int_equal(rd(m, HIGH + 0x20000u), 0x0F000F00u);
    sim_free(m);
}

/* ---- what is wrong with an access ---- */

static void keys_in_order_or_locked_until_reset(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    wr(m, CR, PG);
    assert_int_equal(rd(m, CR), LOCK);
    unlock(m);
    wr(m, CR, LOCK);
    unlock(m); /* as often as one likes */
    assert_int_equal(rd(m, CR), 0u);
    wr(m, CR, LOCK);
    wr(m, KEYR, 0x45670123u);
    assert_int_equal(sim_core_write(m, KEYR, 4u, 0x45670123u), SIM_ACCESS_FAULT);
    assert_int_equal(sim_core_write(m, KEYR, 4u, 0x45670123u), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, CR), LOCK);
    assert_int_equal(sim_core_write(m, OPTKEYR, 4u, 1u), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, OPTCR) & OPTCR_LOCK, OPTCR_LOCK);
    sim_pin_reset(m);
    sleep_in_ram(m);
    unlock(m);
    assert_int_equal(rd(m, CR), 0u);
    sim_free(m);
}

static void what_is_wrong_has_its_flag(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    wr(m, BANK1 + 0x20000u, 0u); /* locked, PG clear */
    assert_int_equal(done(m), ERSERR);
    unlock(m);
    wr(m, BANK1 + 0x20000u, 0u);
    assert_int_equal(done(m), ERSERR);
    assert_int_equal(erase_banks(m, SER | MER1), ERSERR); /* neither is done */
    assert_int_equal(erase_banks(m, 0u), ERSERR);
    assert_int_equal(raw(m, 0u, 0x20000u), BLANK);
    wr(m, CR, ERRIE | PG | PSIZE(0));
    wr(m, BANK1 + 0x20000u, 0u);
    assert_int_equal(done(m), PGPERR | OPERR); /* OPERR with ERRIE only */
    wr(m, CR, EOPIE | PG | X32);
    wr(m, BANK1 + 0x20000u, 0u);
    assert_int_equal(done(m), 0u);
    assert_int_equal(rd(m, SR), EOP); /* EOP with EOPIE only */
    wr(m, SR, EOP);
    assert_int_equal(program(m, BANK1 + 0x20004u, 0u), 0u);
    assert_int_equal(rd(m, SR), 0u);
    sim_free(m);
}

static void sectors_are_protected_in_pairs(void **state)
{
    (void)state;
    for (unsigned bit = 16u; bit < 28u; bit++) {
        sim_machine *m = new_part(0u);
        unsigned bank = (bit - 16u) / 6u, pair = (bit - 16u) % 6u;
        set_options(m, rd(m, OPTCR) & ~(1u << bit));
        rig_pass(m, SIM_PS_PER_S);
        unlock(m); /* RM0410 3.4.2: in force from the next reset on */
        sim_pin_reset(m);
        sleep_in_ram(m);
        unlock(m);
        for (unsigned i = 0; i < 2u * SECTORS; i++) {
            bool closed = i / SECTORS == bank && i % SECTORS / 2u == pair;
            uint32_t at = PLACE(i / SECTORS) + sectors[i % SECTORS].offset + 16u;
            assert_int_equal(program(m, at, 0u), closed ? WRPERR : 0u);
            assert_int_equal(erase(m, i < SECTORS ? i : i + 4u), closed ? WRPERR : 0u);
            assert_int_equal(rd(m, at), BLANK);
        }
        assert_int_equal(erase_banks(m, MER1 | MER2), WRPERR);
        assert_int_equal(erase_banks(m, bank == 0u ? MER1 : MER2), WRPERR);
        assert_int_equal(erase_banks(m, bank == 0u ? MER2 : MER1), 0u);
        sim_free(m);
    }
}

/* ---- views, swap, caches ---- */

static void there_are_two_views_and_one_is_written(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    assert_int_equal(program(m, BANK1 + 0x20000u, 1u), 0u);
    assert_int_equal(program(m, HIGH + 0x20000u, 2u), 0u);
    assert_int_equal(rd(m, ITCM + 0x20000u), 1u);
    assert_int_equal(rd(m, ITCM_HIGH + 0x20000u), 2u);
    wr(m, CR, PG | X32);
    assert_int_equal(sim_core_write(m, ITCM + 0x20004u, 4u, 0u), SIM_ACCESS_FAULT);
    assert_int_equal(raw(m, 0u, 0x20004u), BLANK);
    sim_free(m);
}

static void swp_fb_exchanges_both_views_at_once_until_a_reset(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    assert_int_equal(program(m, BANK1 + 0x20000u, 1u), 0u);
    assert_int_equal(program(m, HIGH + 0x20000u, 2u), 0u);
    wr(m, MEMRMP, SWP_FB); /* without its clock it is not there */
    assert_int_equal(rd(m, BANK1 + 0x20000u), 1u);
    swap(m);
    assert_int_equal(rd(m, BANK1 + 0x20000u), 2u);
    assert_int_equal(rd(m, HIGH + 0x20000u), 1u);
    assert_int_equal(rd(m, ITCM + 0x20000u), 2u);
    assert_int_equal(rd(m, ITCM_HIGH + 0x20000u), 1u);
    assert_int_equal(program(m, BANK1 + 0x20004u, 3u), 0u); /* what is read is what is written */
    assert_int_equal(raw(m, 1u, 0x20004u), 3u);
    sim_pin_reset(m);
    sleep_in_ram(m);
    assert_int_equal(rd(m, BANK1 + 0x20000u), 1u);
    sim_free(m);
}

static void a_swap_that_does_not_take_is_seen_in_the_contents_alone(void **state)
{
    sim_machine *m = new_part(SIM_READING_F7_SWP_FB_DEAD);
    (void)state;
    unlock(m);
    assert_int_equal(program(m, HIGH + 0x20000u, 2u), 0u);
    swap(m); /* the bit stands */
    assert_int_equal(rd(m, BANK1 + 0x20000u), BLANK);
    assert_int_equal(rd(m, HIGH + 0x20000u), 2u);
    sim_free(m);
}

static void the_registers_of_art_are_there(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    assert_int_equal(rd(m, ACR), 0u);
    wr(m, ACR, BLANK);
    assert_int_equal(rd(m, ACR), 0xB0Fu); /* LATENCY, PRFTEN, ARTEN, ARTRST */
    sim_free(m);
}

static void a_busy_bank_stalls_and_the_other_does_not(void **state)
{
    (void)state;
    for (unsigned bank = 0; bank < 2u; bank++) {
        sim_machine *m = new_part(0u);
        unlock(m);
        wr(m, CR, SER | SNB(bank == 0u ? 5 : 21) | X32);
        wr(m, CR, SER | SNB(bank == 0u ? 5 : 21) | X32 | STRT);
        sim_ps began = sim_now(m);
        (void)rd(m, PLACE(bank ^ 1u));
        (void)rd(m, bank == 0u ? ITCM_HIGH : ITCM);
        assert_true(sim_now(m) - began < SIM_PS_PER_MS);
        assert_int_equal(rd(m, SR) & BSY, BSY);
        (void)rd(m, PLACE(bank));
        assert_true(sim_now(m) - began >= SIM_PS_PER_S); /* DS11532: 1 s at x32 */
        assert_int_equal(rd(m, SR) & BSY, 0u);
        sim_free(m);
    }
}

static void a_slower_width_takes_longer(void **state)
{
    static const unsigned least_ms[3][3] = {{400, 300, 250}, {1200, 700, 550}, {2000, 1300, 1000}};
    static const unsigned numbers[3] = {1u, 4u, 5u};
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    for (unsigned s = 0; s < 3u; s++) {
        for (unsigned psize = 0; psize < 3u; psize++) {
            sim_ps began = sim_now(m);
            wr(m, CR, SER | SNB(numbers[s]) | PSIZE(psize));
            wr(m, CR, SER | SNB(numbers[s]) | PSIZE(psize) | STRT);
            assert_int_equal(done(m), 0u);
            sim_ps took = sim_now(m) - began;
            assert_true(took >= least_ms[s][psize] * SIM_PS_PER_MS);
            assert_true(took < (least_ms[s][psize] + 2u) * SIM_PS_PER_MS);
        }
    }
    sim_free(m);
}

/* ---- option bytes ---- */

/* RM0410 3.3.2: one bank is read 256 bits at a time, half of each line from either array. */
static void with_one_bank_each_line_is_of_both(void **state)
{
    sim_machine *m = new_part(0u);
    (void)state;
    unlock(m);
    for (uint32_t i = 0; i < 8u; i++) {
        assert_int_equal(program(m, BANK1 + 0x20000u + 4u * i, 0x10u + i), 0u);
        assert_int_equal(program(m, HIGH + 0x20000u + 4u * i, 0x20u + i), 0u);
    }
    set_options(m, rd(m, OPTCR) | NDBANK);
    rig_pass(m, SIM_PS_PER_S);
    assert_int_equal(rd(m, BANK1 + 0x20004u), 0x11u); /* not before a reset */
    sim_pin_reset(m);
    sleep_in_ram(m);
    assert_int_equal(rd(m, OPTCR) & NDBANK, NDBANK);
    for (uint32_t i = 0; i < 8u; i++) {
        uint32_t at = BANK1 + 0x40000u + 4u * i, half = i % 4u;
        assert_int_equal(rd(m, at), (i < 4u ? 0x10u : 0x20u) + half);
        assert_int_equal(rd(m, at + 0x20u), (i < 4u ? 0x14u : 0x24u) + half);
    }
    swap(m); /* there is nothing to exchange */
    assert_int_equal(rd(m, BANK1 + 0x40000u), 0x10u);
    unlock(m);
    assert_int_equal(erase(m, 5u), 0u); /* 256 KB now */
    assert_int_equal(rd(m, BANK1 + 0x40000u), BLANK);
    assert_int_equal(rd(m, BANK1 + 0x7FFFCu), BLANK);
    assert_int_equal(erase(m, 16u), ERSERR);
    assert_int_equal(program(m, BANK1 + 0x80010u, 7u), 0u);
    assert_int_equal(erase_banks(m, MER1), 0u); /* MER of all */
    assert_int_equal(rd(m, BANK1 + 0x80010u), BLANK);
    assert_int_equal(rd(m, BANK1), BLANK);
    sim_free(m);
}

static void options_are_written_with_their_own_keys(void **state)
{
    sim_machine *m = new_part(0u);
    uint32_t before = rd(m, OPTCR);
    (void)state;
    assert_int_equal(before & (NDBANK | OPTCR_LOCK), OPTCR_LOCK); /* two banks, locked */
    wr(m, OPTCR, before ^ NDBANK);
    assert_int_equal(rd(m, OPTCR), before);
    set_options(m, before | NDBANK);
    assert_int_equal(rd(m, SR) & BSY, BSY);
    rig_pass(m, SIM_PS_PER_S);
    assert_int_equal(rd(m, OPTCR) & OPTCR_START, 0u);
    wr(m, OPTCR, before | OPTCR_LOCK);
    wr(m, OPTCR, before & ~OPTCR_LOCK);
    assert_int_equal(rd(m, OPTCR) & OPTCR_LOCK, OPTCR_LOCK);
    power_on(m);
    assert_int_equal(rd(m, OPTCR) & NDBANK, NDBANK);
    sim_free(m);
}

/* ---- cuts ---- */

static void cut_next(sim_machine *m, sim_op_kind kind, unsigned outcome)
{
    const sim_cut cut = {.op = sim_op_count(m, 1u << kind), .kind_mask = 1u << kind,
                         .when = SIM_CUT_DURING, .outcome = (sim_cut_outcome)outcome};
    sim_schedule_cut(m, &cut);
}

static void run_into_cut(sim_machine *m)
{
    assert_int_equal(sim_run(m, sim_now(m) + 20u * SIM_PS_PER_S), SIM_END_POWER_CUT);
    power_on(m);
    assert_int_equal(sim_cuts_fired(m), 1u);
}

/* Many reads of one word: do they differ, and do they keep to these bits? No read faults. */
static bool reads_differ(sim_machine *m, uint32_t address, uint32_t may_be_0)
{
    uint32_t first = rd(m, address);
    bool differ = false;
    for (unsigned i = 0; i < 64u; i++) {
        uint32_t value = rd(m, address);
        assert_int_equal(value | may_be_0, BLANK);
        differ = differ || value != first;
    }
    return differ;
}

static void a_torn_word_reads_as_something(void **state)
{
    const uint32_t value = 0x12345678u, at = HIGH + 0x20010u;
    (void)state;
    for (unsigned outcome = SIM_CUT_OLD; outcome < SIM_CUT_RANDOM; outcome++) {
        sim_machine *m = new_part(0u);
        unlock(m);
        assert_int_equal(program(m, at - 4u, 1u), 0u);
        cut_next(m, SIM_OP_PROGRAM, outcome);
        wr(m, CR, PG | X32);
        wr(m, at, value);
        run_into_cut(m);
        assert_int_equal(reads_differ(m, at, ~value), outcome == SIM_CUT_UNSTABLE);
        if (outcome == SIM_CUT_OLD || outcome == SIM_CUT_NEW) {
            assert_int_equal(rd(m, at), outcome == SIM_CUT_OLD ? BLANK : value);
        }
        assert_int_equal(rd(m, at - 4u), 1u); /* its neighbours have nothing to do with it */
        assert_int_equal(rd(m, at + 4u), BLANK);
        assert_int_equal(rd(m, SR), 0u);
        unlock(m);
        assert_int_equal(program(m, at, 0u), 0u); /* zeros make an end of it */
        assert_false(reads_differ(m, at, BLANK));
        assert_int_equal(rd(m, at), 0u);
        sim_free(m);
    }
}

static void a_torn_erase_keeps_to_its_sector(void **state)
{
    (void)state;
    for (unsigned outcome = SIM_CUT_OLD; outcome < SIM_CUT_RANDOM; outcome++) {
        sim_machine *m = new_part(0u);
        unsigned blank = 0, old = 0, odd = 0;
        unlock(m);
        for (uint32_t i = 0; i < 64u; i++) {
            assert_int_equal(program(m, BANK1 + 0x8000u + 4u * i, 0u), 0u);
        }
        assert_int_equal(program(m, BANK1 + 0x7FFCu, 5u), 0u);
        assert_int_equal(program(m, BANK1 + 0xC000u, 6u), 0u);
        cut_next(m, SIM_OP_ERASE_PAGE, outcome);
        wr(m, CR, SER | SNB(2) | X32);
        wr(m, CR, SER | SNB(2) | X32 | STRT);
        run_into_cut(m);
        for (uint32_t i = 0; i < 64u; i++) {
            uint32_t at = BANK1 + 0x8000u + 4u * i, value = rd(m, at);
            bool differ = reads_differ(m, at, BLANK);
            blank += !differ && value == BLANK ? 1u : 0u;
            old += !differ && value == 0u ? 1u : 0u;
            odd += differ || (value != 0u && value != BLANK) ? 1u : 0u;
        }
        assert_int_equal(blank + old + odd, 64u);
        assert_true(outcome != SIM_CUT_OLD || old == 64u);
        assert_true(outcome != SIM_CUT_NEW || blank == 64u);
        assert_true(outcome != SIM_CUT_MIXED || (blank > 0u && old > 0u));
        assert_true(outcome != SIM_CUT_ECC || odd > 0u);
        assert_true(outcome != SIM_CUT_UNSTABLE || odd == 64u);
        assert_int_equal(rd(m, BANK1 + 0x7FFCu), 5u);
        assert_int_equal(rd(m, BANK1 + 0xC000u), 6u);
        unlock(m);
        assert_int_equal(erase(m, 2u), 0u);
        for (uint32_t i = 0; i < 64u; i++) {
            assert_false(reads_differ(m, BANK1 + 0x8000u + 4u * i, 0u));
        }
        sim_free(m);
    }
}

static void a_torn_option_change_is_old_new_or_the_worst(void **state)
{
    (void)state;
    for (unsigned outcome = SIM_CUT_OLD; outcome < SIM_CUT_RANDOM; outcome++) {
        sim_machine *m = new_part(0u);
        uint32_t before = rd(m, OPTCR), after = before & ~(1u << 20);
        cut_next(m, SIM_OP_OPTION, outcome);
        set_options(m, after);
        run_into_cut(m);
        uint32_t now = rd(m, OPTCR);
        if (outcome == SIM_CUT_OLD || outcome == SIM_CUT_NEW) {
            assert_int_equal(now, outcome == SIM_CUT_OLD ? before : after);
        } else { /* erased: one bank, RDP neither level 0 nor 2 */
            assert_int_equal(now & NDBANK, NDBANK);
            assert_int_not_equal(now >> 8 & 0xFFu, 0xAAu);
            assert_int_not_equal(now >> 8 & 0xFFu, 0xCCu);
        }
        sim_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_number_is_a_sector_of_its_bank),
        cmocka_unit_test(while_swapped_a_number_means_the_bank_or_the_place),
        cmocka_unit_test(a_bank_is_erased_by_its_bit),
        cmocka_unit_test(an_access_is_as_wide_as_psize_says),
        cmocka_unit_test(a_row_of_16_bytes_is_not_crossed),
        cmocka_unit_test(bits_go_to_zero_and_nothing_tells),
        cmocka_unit_test(keys_in_order_or_locked_until_reset),
        cmocka_unit_test(what_is_wrong_has_its_flag),
        cmocka_unit_test(sectors_are_protected_in_pairs),
        cmocka_unit_test(there_are_two_views_and_one_is_written),
        cmocka_unit_test(swp_fb_exchanges_both_views_at_once_until_a_reset),
        cmocka_unit_test(a_swap_that_does_not_take_is_seen_in_the_contents_alone),
        cmocka_unit_test(the_registers_of_art_are_there),
        cmocka_unit_test(a_busy_bank_stalls_and_the_other_does_not),
        cmocka_unit_test(a_slower_width_takes_longer),
        cmocka_unit_test(with_one_bank_each_line_is_of_both),
        cmocka_unit_test(options_are_written_with_their_own_keys),
        cmocka_unit_test(a_torn_word_reads_as_something),
        cmocka_unit_test(a_torn_erase_keeps_to_its_sector),
        cmocka_unit_test(a_torn_option_change_is_old_new_or_the_worst),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
