/* The flash of the STM32H743 and STM32H7A3 as modelled: two controllers by place, units of
 * 32 and 16 bytes written once, ECC as a bus fault, SWAP_BANK at the reset. */
#include <string.h>

#include "rig.h"

#define F(place, offset) (0x52002000u + 0x100u * (place) + (offset))
#define KEYR 0x04u
#define OPTKEYR 0x08u
#define CR 0x0Cu
#define SR 0x10u
#define CCR 0x14u
#define OPTCR 0x18u
#define OPTSR_CUR 0x1Cu
#define OPTSR_PRG 0x20u
#define WPSN_PRG 0x3Cu
#define ECC_FA 0x60u
#define H_LOCK 1u
#define H_PG 2u
#define H_SER 4u
#define H_WRPERR (1u << 17)
#define H_PGSERR (1u << 18)
#define H_STRBERR (1u << 19)
#define H_INCERR (1u << 21)
#define H_SNECCERR (1u << 25)
#define H_DBECCERR (1u << 26)
#define H_ERRORS 0x6E0000u
#define BUSY 7u
#define SWAP (1u << 31)
#define HIGH 0x08100000u

typedef struct part {
    const char *name;
    unsigned words;
    uint32_t start, snb_shift;
} part;
static const part parts[] = {{"stm32h743zi", 8u, 1u << 7, 8u}, {"stm32h7a3zi", 4u, 1u << 5, 6u},
                             {"stm32h743zg", 8u, 1u << 7, 8u}};
#define PARTS (sizeof parts / sizeof parts[0])

static void sleep_in_ram(sim_machine *m)
{
    wr(m, 0x20000100u, 0xE7FDBF30u); /* wfi; b .-2 */
    sim_cpu_set_reg(sim_core(m), 13u, 0x20010000u);
    sim_cpu_set_reg(sim_core(m), 15u, 0x20000100u);
}

static sim_machine *new_part(const part *p)
{
    const sim_options options = {.seed = 1u};
    static const uint8_t vectors[8] = {0x00, 0x00, 0x01, 0x20, 0x01, 0x01, 0x00, 0x20};
    sim_machine *m = sim_new(tb_chip_find(p->name), &options);
    assert_non_null(m);
    assert_true(sim_flash_load(m, BANK1, vectors, sizeof vectors));
    assert_true(sim_flash_load(m, HIGH, vectors, sizeof vectors));
    sim_power_on(m, true);
    sleep_in_ram(m);
    return m;
}

static void unlock(sim_machine *m, unsigned place)
{
    wr(m, F(place, KEYR), 0x45670123u);
    wr(m, F(place, KEYR), 0xCDEF89ABu);
}

static uint32_t done(sim_machine *m, unsigned place)
{
    while ((rd(m, F(place, SR)) & BUSY) != 0u) {
        rig_pass(m, SIM_PS_PER_MS);
    }
    uint32_t errors = rd(m, F(place, SR)) & H_ERRORS;
    wr(m, F(place, CCR), H_ERRORS);
    return errors;
}

static uint32_t program(sim_machine *m, const part *p, uint32_t address, uint32_t seed)
{
    unsigned place = address >= HIGH ? 1u : 0u;
    wr(m, F(place, CR), H_PG);
    for (unsigned i = 0; i < p->words; i++) {
        wr(m, address + 4u * i, seed + i);
    }
    uint32_t errors = done(m, place);
    wr(m, F(place, CR), 0u);
    return errors;
}

static uint32_t erase(sim_machine *m, const part *p, unsigned place, unsigned sector)
{
    wr(m, F(place, CR), H_SER | sector << p->snb_shift);
    wr(m, F(place, CR), H_SER | sector << p->snb_shift | p->start);
    uint32_t errors = done(m, place);
    wr(m, F(place, CR), 0u);
    return errors;
}

static sim_access look(sim_machine *m, uint32_t address, uint32_t *value)
{
    return sim_core_read(m, address, 4u, value);
}

static void a_unit_is_written_when_its_last_word_is_there(void **state)
{
    (void)state;
    for (const part *p = parts; p < parts + PARTS; p++) {
        sim_machine *m = new_part(p);
        unlock(m, 0u);
        wr(m, F(0u, CR), H_PG);
        for (unsigned i = 0; i + 1u < p->words; i++) {
            wr(m, BANK1 + 0x40000u + 4u * i, i);
        }
        assert_int_equal(rd(m, F(0u, SR)) & BUSY, 2u); /* WBNE */
        assert_int_equal(raw(m, 0u, 0x40000u), BLANK);
        wr(m, BANK1 + 0x40000u + 4u * (p->words - 1u), 7u);
        assert_int_equal(rd(m, F(0u, SR)) & BUSY, 5u); /* QW, BSY */
        assert_int_equal(done(m, 0u), 0u);
        assert_int_equal(raw(m, 0u, 0x40004u), 1u);
        sim_free(m);
    }
}

static void what_is_wrong_with_a_write_has_its_flag(void **state)
{
    (void)state;
    sim_machine *m = new_part(&parts[0]);
    wr(m, BANK1 + 0x40000u, 0u); /* locked */
    assert_int_equal(done(m, 0u), H_PGSERR);
    unlock(m, 0u);
    wr(m, F(0u, CR), H_PG);
    wr(m, BANK1 + 0x40000u, 0u);
    wr(m, BANK1 + 0x40020u, 0u); /* another flash word */
    assert_int_equal(done(m, 0u), H_INCERR);
    wr(m, BANK1 + 0x40000u, 0u);
    wr(m, BANK1 + 0x40000u, 0u); /* the same bytes twice */
    assert_int_equal(done(m, 0u), H_STRBERR);
    wr(m, HIGH + 0x40000u, 0u); /* the other controller is locked */
    assert_int_equal(done(m, 1u), H_PGSERR);
    assert_int_equal(raw(m, 0u, 0x40000u), BLANK);
    assert_int_equal(sim_core_write(m, F(0u, KEYR), 4u, 0u), SIM_ACCESS_FAULT);
    assert_int_equal(rd(m, F(0u, CR)) & H_LOCK, H_LOCK);
    sim_free(m);
}

static void a_unit_is_written_once(void **state)
{
    (void)state;
    for (const part *p = parts; p < parts + PARTS; p++) {
        sim_machine *m = new_part(p);
        uint32_t value;
        unlock(m, 0u);
        assert_int_equal(program(m, p, BANK1 + 0x40000u, 0x11111111u), 0u);
        assert_int_equal(look(m, BANK1 + 0x40000u, &value), SIM_ACCESS_OK);
        assert_int_equal(program(m, p, BANK1 + 0x40000u, 0x11111111u), 0u);
        assert_int_equal(look(m, BANK1 + 0x40000u, &value), SIM_ACCESS_FAULT);
        assert_int_equal(rd(m, F(0u, SR)) & H_DBECCERR, H_DBECCERR);
        assert_int_equal(rd(m, F(0u, ECC_FA)), 0x40000u / (4u * p->words));
        wr(m, F(0u, CCR), H_DBECCERR);
        assert_int_equal(rd(m, F(0u, SR)) & H_DBECCERR, 0u);
        sim_free(m);
    }
}

static void one_wrong_bit_reads_right(void **state)
{
    (void)state;
    sim_machine *m = new_part(&parts[0]);
    unlock(m, 1u);
    assert_int_equal(program(m, &parts[0], HIGH + 0x60000u, 5u), 0u);
    assert_true(sim_flash_damage(m, 1u, 0x60000u, SIM_DAMAGE_CORRECTABLE));
    assert_int_equal(rd(m, HIGH + 0x60000u), 5u);
    assert_int_equal(rd(m, F(1u, SR)) & (H_SNECCERR | H_DBECCERR), H_SNECCERR);
    assert_int_equal(rd(m, F(0u, SR)) & H_SNECCERR, 0u);
    sim_free(m);
}

static void set_swap(sim_machine *m, bool swap)
{
    wr(m, F(0u, OPTKEYR), 0x08192A3Bu);
    wr(m, F(0u, OPTKEYR), 0x4C5D6E7Fu);
    uint32_t word = rd(m, F(0u, OPTSR_PRG));
    wr(m, F(0u, OPTSR_PRG), swap ? word | SWAP : word & ~SWAP);
    wr(m, F(0u, OPTCR), 2u);
}

static void a_controller_is_the_places_not_the_banks(void **state)
{
    (void)state;
    for (const part *p = parts; p < parts + PARTS; p++) {
        const tb_chip *chip = tb_chip_find(p->name);
        uint32_t sector = chip->pages[0].bytes;
        unsigned sectors = chip->pages[0].count;
        for (unsigned swapped = 0; swapped < 2u; swapped++) {
            sim_machine *m = new_part(p);
            if (swapped != 0u) {
                set_swap(m, true);
                rig_pass(m, SIM_PS_PER_S);
                assert_int_equal(rd(m, F(0u, OPTSR_CUR)) & SWAP, SWAP);
                assert_int_equal(rd(m, F(0u, OPTCR)) & SWAP, 0u); /* not before a reset */
                sim_pin_reset(m);
                sleep_in_ram(m);
                assert_int_equal(rd(m, F(0u, OPTCR)) & SWAP, SWAP);
            }
            for (unsigned place = 0; place < 2u; place++) {
                unsigned bank = place ^ swapped;
                uint32_t base = place == 0u ? BANK1 : HIGH;
                unlock(m, place);
                for (unsigned i = 1u; i < sectors; i++) {
                    assert_int_equal(program(m, p, base + i * sector, 0x5000u + i), 0u);
                }
                for (unsigned i = 1u; i < sectors; i++) { /* that sector and no other */
                    assert_int_equal(raw(m, bank, i * sector), 0x5000u + i);
                    assert_int_equal(erase(m, p, place, i), 0u);
                    assert_int_equal(raw(m, bank, i * sector), BLANK);
                    for (unsigned k = i + 1u; k < sectors; k++) {
                        assert_int_equal(raw(m, bank, k * sector), 0x5000u + k);
                    }
                }
                assert_int_not_equal(raw(m, bank, 0u), BLANK);
            }
            sim_free(m);
        }
    }
}

static void a_busy_bank_stalls_and_the_other_does_not(void **state)
{
    (void)state;
    sim_machine *m = new_part(&parts[0]);
    unlock(m, 1u);
    wr(m, F(1u, CR), H_SER | 3u << 4 | 2u << 8);
    wr(m, F(1u, CR), H_SER | 3u << 4 | 2u << 8 | 1u << 7);
    sim_ps began = sim_now(m);
    (void)rd(m, BANK1 + 0x40000u);
    assert_true(sim_now(m) - began < SIM_PS_PER_MS);
    assert_int_equal(rd(m, F(1u, SR)) & BUSY, 5u);
    (void)rd(m, HIGH + 0xE0000u);
    assert_true(sim_now(m) - began >= SIM_PS_PER_S); /* DS12110: 1 s at x64 */
    sim_free(m);
}

static void an_interrupted_option_change_keeps_the_old(void **state)
{
    (void)state;
    for (unsigned outcome = SIM_CUT_OLD; outcome < SIM_CUT_RANDOM; outcome++) {
        sim_machine *m = new_part(&parts[0]);
        const sim_cut cut = {.kind_mask = 1u << SIM_OP_OPTION, .when = SIM_CUT_DURING,
                             .outcome = (sim_cut_outcome)outcome};
        sim_schedule_cut(m, &cut);
        set_swap(m, true);
        assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_S), SIM_END_POWER_CUT);
        sim_power_on(m, false);
        assert_int_equal(rd(m, F(0u, OPTCR)) & SWAP, outcome == SIM_CUT_NEW ? SWAP : 0u);
        assert_int_equal(sim_cuts_fired(m), 1u);
        sim_free(m);
    }
}

static void a_protected_sector_is_neither_written_nor_erased(void **state)
{
    (void)state;
    sim_machine *m = new_part(&parts[0]);
    wr(m, F(0u, OPTKEYR), 0x08192A3Bu);
    wr(m, F(0u, OPTKEYR), 0x4C5D6E7Fu);
    wr(m, F(0u, WPSN_PRG), 0xFFFFFFFBu); /* active low: sector 2 */
    wr(m, F(0u, OPTCR), 2u);
    rig_pass(m, SIM_PS_PER_S);
    unlock(m, 0u);
    assert_int_equal(program(m, &parts[0], BANK1 + 0x40000u, 1u), H_WRPERR);
    assert_int_equal(erase(m, &parts[0], 0u, 2u), H_WRPERR);
    assert_int_equal(program(m, &parts[0], BANK1 + 0x60000u, 1u), 0u);
    sim_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_unit_is_written_when_its_last_word_is_there),
        cmocka_unit_test(what_is_wrong_with_a_write_has_its_flag),
        cmocka_unit_test(a_unit_is_written_once),
        cmocka_unit_test(one_wrong_bit_reads_right),
        cmocka_unit_test(a_controller_is_the_places_not_the_banks),
        cmocka_unit_test(a_busy_bank_stalls_and_the_other_does_not),
        cmocka_unit_test(an_interrupted_option_change_keeps_the_old),
        cmocka_unit_test(a_protected_sector_is_neither_written_nor_erased),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
