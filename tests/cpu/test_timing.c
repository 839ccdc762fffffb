/* Cycles: the table of docs/simulator-core.md, line by line; deadlines, stalls, DWT. */
#include "tests/cpu/fixture.h"

enum { NOP = 0xBF00, LOOP = 0xE7FE, BX_LR = 0x4770, LDR_R0_R1 = 0x6808, STR_R0_R1 = 0x6008 };

static int setup(void **state)
{
    *state = rig_new();
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

static uint64_t cost(rig *r, uint16_t hw1, uint16_t hw2)
{
    rig_reset(r);
    PUT(r, CODE, hw1, hw2, NOP);
    for (unsigned n = 0; n < 13; n++)
        sim_cpu_set_reg(r->cpu, n, RAM + 0x100);
    sim_cpu_set_reg(r->cpu, 14, (CODE + 8) | 1u);
    sim_cpu_set_reg(r->cpu, 7, 0);
    uint64_t before = sim_cpu_cycles(r->cpu);
    rig_steps(r, 1);
    return sim_cpu_cycles(r->cpu) - before;
}

static void instruction_table(void **state)
{
    static const struct {
        uint16_t hw1, hw2;
        unsigned cycles;
    } cases[] = {
        { NOP, NOP, 1 },       { 0x1888, NOP, 1 },       /* adds r0, r1, r2 */
        { 0x4348, NOP, 1 },                              /* muls r0, r1 */
        { 0xFB01, 0x2002, 2 },                           /* mla r0, r1, r2, r2 */
        { 0xFBA1, 0x0302, 1 },                           /* umull r0, r3, r1, r2 */
        { 0xFBB1, 0xF0F7, 2 },                           /* udiv by 0 */
        { 0xFBB7, 0xF0F1, 2 },                           /* udiv 0 by something */
        { LDR_R0_R1, NOP, 2 }, { STR_R0_R1, NOP, 1 },
        { 0xE9D1, 0x2300, 3 },                           /* ldrd */
        { 0xC90D, NOP, 4 },    { 0xC10D, NOP, 4 },       /* ldmia, stmia of three */
        { 0xB40F, NOP, 5 },    { 0xBC0F, NOP, 5 },       /* push, pop of four */
        { LOOP, NOP, 2 },      { BX_LR, NOP, 3 },
        { 0xD0FE, NOP, 1 },                              /* beq, not taken */
        { 0xD1FE, NOP, 2 },                              /* bne, taken */
        { 0xB10F, NOP, 2 },                              /* cbz r7, taken */
        { 0xF000, 0xF800, 2 },                           /* bl */
        { 0xF3EF, 0x8008, 2 },                           /* mrs */
        { 0xBF08, NOP, 1 },                              /* it eq */
    };
    rig *r = *state;
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++)
        assert_int_equal(cost(r, cases[k].hw1, cases[k].hw2), cases[k].cycles);
}

static void divide_takes_two_to_twelve(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xFBB1, 0xF0F2); /* udiv r0, r1, r2 */
    uint64_t last = 2;
    for (unsigned bits = 1; bits <= 32; bits++) {
        rig_reset(r);
        sim_cpu_set_reg(r->cpu, 1, 0xFFFFFFFFu >> (32u - bits));
        sim_cpu_set_reg(r->cpu, 2, 1);
        uint64_t before = sim_cpu_cycles(r->cpu);
        rig_steps(r, 1);
        uint64_t took = sim_cpu_cycles(r->cpu) - before;
        assert_true(took >= last && took <= 12);
        last = took;
    }
    assert_int_equal(last, 12);
}

static void loads_in_a_row_pipeline(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LDR_R0_R1, LDR_R0_R1, LDR_R0_R1, NOP, LDR_R0_R1);
    sim_cpu_set_reg(r->cpu, 1, RAM);
    uint64_t before = sim_cpu_cycles(r->cpu);
    rig_steps(r, 3);
    assert_int_equal(sim_cpu_cycles(r->cpu) - before, 4);
    rig_steps(r, 2);
    assert_int_equal(sim_cpu_cycles(r->cpu) - before, 7);
}

static void exception_costs(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xDF00, NOP);
    uint64_t before = sim_cpu_cycles(r->cpu);
    rig_steps(r, 2);
    assert_int_equal(sim_cpu_cycles(r->cpu) - before, 1 + 12);
    rig_steps(r, 1);
    assert_int_equal(sim_cpu_cycles(r->cpu) - before, 1 + 12 + 1 + 10);
}

static void tail_chain_and_unaligned_cost(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xDF00, LDR_R0_R1);
    rig_steps(r, 2);
    rig_ppb_write(r, 0xE000ED04u, 1u << 28); /* PendSV */
    uint64_t before = sim_cpu_cycles(r->cpu);
    rig_steps(r, 1);
    assert_pc(r, handler(14));
    assert_int_equal(sim_cpu_cycles(r->cpu) - before, 1 + 6);
    rig_steps(r, 1);
    static const unsigned extra[4] = { 0, 2, 1, 2 };
    for (unsigned k = 0; k < 4; k++) {
        sim_cpu_set_reg(r->cpu, 15, CODE + 2);
        sim_cpu_set_reg(r->cpu, 1, RAM + k);
        before = sim_cpu_cycles(r->cpu);
        rig_steps(r, 1);
        assert_int_equal(sim_cpu_cycles(r->cpu) - before, 2 + extra[k]);
    }
}

static uint64_t run_from(rig *r, uint32_t pc, unsigned steps)
{
    sim_cpu_set_reg(r->cpu, 15, pc);
    uint64_t before = sim_cpu_cycles(r->cpu);
    rig_steps(r, steps);
    return sim_cpu_cycles(r->cpu) - before;
}

static void flash_wait_states(void **state)
{
    rig *r = *state;
    PUT(r, CODE, NOP, NOP, NOP, NOP, NOP, NOP, NOP, NOP, LOOP);
    PUT(r, RAM, LOOP);
    sim_cpu_set_flash_timing(r->cpu, 4, true, true, false);
    assert_int_equal(run_from(r, CODE, 8), 8);
    assert_int_equal(run_from(r, CODE + 16, 3), 6);
    sim_cpu_set_flash_timing(r->cpu, 4, false, true, true);
    assert_int_equal(run_from(r, CODE, 8), 8); /* in line, the prefetch hides it */
    assert_int_equal(run_from(r, CODE + 16, 3), 3 * (2 + 4));
    assert_int_equal(run_from(r, RAM, 3), 6);
    sim_cpu_set_flash_timing(r->cpu, 4, false, true, false);
    assert_int_equal(run_from(r, CODE, 8), 8 + 2 * 4); /* two lines of 8 bytes */
}

static void flash_data_wait_states(void **state)
{
    rig *r = *state;
    /* ldr r2,[r1]; nop; ldr r2,[r1,#4]; nop; ldr r2,[r1,#8]: two lines */
    PUT(r, CODE, 0x680A, NOP, 0x684A, NOP, 0x688A);
    sim_cpu_set_reg(r->cpu, 1, FLASH);
    sim_cpu_set_flash_timing(r->cpu, 3, true, true, true);
    assert_int_equal(run_from(r, CODE, 5), 8);
    sim_cpu_set_flash_timing(r->cpu, 3, true, false, true);
    assert_int_equal(run_from(r, CODE, 5), 8 + 2 * 3);
    sim_cpu_set_reg(r->cpu, 1, RAM);
    assert_int_equal(run_from(r, CODE, 5), 8);
}

/* One step after the other and one long run must come to the same cycle and state. */
static void steps_and_runs_agree(void **state)
{
    rig *r = *state;
    /* loop: ldr r0,[r1]; adds r0,#1; str r0,[r1]; cmp r0,#5; ite eq; moveq r2,#1; movne r2,#2;
     * bl f; b loop; f: push {r4,lr}; pop {r4,pc} */
    PUT(r, CODE, NOP, LDR_R0_R1, 0x3001, STR_R0_R1, 0x2805, 0xBF0C, 0x2201, 0x2202, 0xF000, 0xF801,
        0xE7F5, 0xB510, 0xBD10);
    static const struct {
        bool icache, dcache, prefetch;
    } modes[] = { { true, true, true }, { false, true, true }, { false, false, false } };
    for (size_t k = 0; k < 3; k++) {
        uint64_t cycles[2], count[2];
        sim_cpu_set_flash_timing(r->cpu, 2, modes[k].icache, modes[k].dcache, modes[k].prefetch);
        for (unsigned way = 0; way < 2; way++) {
            rig_reset(r);
            rig_set_word(r, RAM, 0);
            sim_cpu_set_reg(r->cpu, 1, RAM);
            uint64_t start = sim_cpu_cycles(r->cpu), before = sim_cpu_instructions(r->cpu);
            if (way == 0)
                assert_int_equal(sim_cpu_run(r->cpu, start + 3000), SIM_CPU_DEADLINE);
            else
                while (sim_cpu_cycles(r->cpu) < start + 3000)
                    rig_steps(r, 1);
            cycles[way] = sim_cpu_cycles(r->cpu) - start;
            count[way] = sim_cpu_instructions(r->cpu) - before;
        }
        assert_int_equal(cycles[0], cycles[1]);
        assert_int_equal(count[0], count[1]);
    }
}

/* A branch to itself is not gone round by the host: what comes of it is the same, SysTick too. */
static void waiting_costs_what_it_costs(void **state)
{
    enum { SLICES = 100 };
    rig *r = *state;
    static const uint16_t narrow[] = { LOOP }, wide[] = { 0xF7FF, 0xBFFE };
    for (unsigned kind = 0; kind < 6; kind++) {
        uint64_t cycles[2][SLICES], count[2];
        rig_put(r, CODE, kind % 2 == 0 ? narrow : wide, kind % 2 == 0 ? 1 : 2);
        PUT(r, handler(15), LDR_R0_R1, 0x3001, STR_R0_R1, BX_LR);
        for (unsigned way = 0; way < 2; way++) {
            sim_cpu_set_flash_timing(r->cpu, 3, kind < 2, true, kind < 4);
            rig_reset(r);
            rig_set_word(r, RAM, 0);
            rig_ppb_write(r, 0xE000E014u, 330);
            rig_ppb_write(r, 0xE000E010u, 7);
            sim_cpu_set_reg(r->cpu, 1, RAM);
            uint64_t start = sim_cpu_cycles(r->cpu), before = sim_cpu_instructions(r->cpu);
            for (unsigned slice = 0; slice < SLICES; slice++) {
                uint64_t until = start + 97u * (slice + 1u);
                if (way == 0)
                    assert_int_equal(sim_cpu_run(r->cpu, until), SIM_CPU_DEADLINE);
                while (sim_cpu_cycles(r->cpu) < until)
                    rig_steps(r, 1);
                cycles[way][slice] = sim_cpu_cycles(r->cpu) - start;
            }
            count[way] = sim_cpu_instructions(r->cpu) - before;
            assert_int_equal(rig_word(r, RAM), 29);
        }
        assert_memory_equal(cycles[0], cycles[1], sizeof cycles[0]);
        assert_int_equal(count[0], count[1]);
    }
}

static void deadline_and_stall(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LDR_R0_R1, NOP, NOP, LOOP);
    sim_cpu_set_reg(r->cpu, 1, DEV_STALL);
    assert_int_equal(sim_cpu_run(r->cpu, 5), SIM_CPU_DEADLINE);
    assert_pc(r, CODE + 2); /* the stall went past the deadline: nothing more ran */
    assert_int_equal(r->cycles_at_access, 1);
    assert_int_equal(sim_cpu_cycles(r->cpu), 12);
    assert_int_equal(sim_cpu_run(r->cpu, 12), SIM_CPU_DEADLINE);
    assert_pc(r, CODE + 2);
    PUT(r, CODE + 2, STR_R0_R1, NOP);
    sim_cpu_set_reg(r->cpu, 1, DEV_BREAK);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_BREAK);
    assert_pc(r, CODE + 4);
}

static void dwt_counts_when_told(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LOOP);
    sim_cpu_run(r->cpu, 100);
    assert_int_equal(rig_ppb_read(r, 0xE0001004u), 0);
    rig_ppb_write(r, 0xE0001000u, 1);
    sim_cpu_run(r->cpu, 200);
    assert_int_equal(rig_ppb_read(r, 0xE0001004u), 0); /* TRCENA is still off */
    rig_ppb_write(r, 0xE000EDFCu, 1u << 24);
    sim_cpu_run(r->cpu, 250);
    assert_int_equal(rig_ppb_read(r, 0xE0001004u), 50);
    rig_ppb_write(r, 0xE0001004u, 1000);
    sim_cpu_run(r->cpu, 300);
    assert_int_equal(rig_ppb_read(r, 0xE0001004u), 1050);
    rig_ppb_write(r, 0xE0001000u, 0);
    sim_cpu_run(r->cpu, 400);
    assert_int_equal(rig_ppb_read(r, 0xE0001004u), 1050);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(instruction_table), T(divide_takes_two_to_twelve), T(loads_in_a_row_pipeline),
        T(exception_costs), T(tail_chain_and_unaligned_cost), T(flash_wait_states),
        T(flash_data_wait_states),
        T(steps_and_runs_agree), T(waiting_costs_what_it_costs), T(deadline_and_stall),
        T(dwt_counts_when_told),
    };
    return cmocka_run_group_tests_name("cpu_timing", tests, NULL, NULL);
}
