/* Faults: each cause, its status bits, escalation, lockup; stops of the model. */
#include "tests/cpu/fixture.h"

#include "sim/cpu/internal.h"

enum { NOP = 0xBF00, LOOP = 0xE7FE, BX_LR = 0x4770, BX_R0 = 0x4700, LDR_R0_R1 = 0x6808,
       STR_R0_R1 = 0x6008, UDF = 0xDE00, BKPT = 0xBE00 };
#define SHCSR_ALL (7u << 16)
#define CFSR 0xE000ED28u
#define HFSR 0xE000ED2Cu
#define BFAR 0xE000ED38u

static int setup(void **state)
{
    *state = rig_new();
    rig_ppb_write(*state, 0xE000ED24u, SHCSR_ALL);
    return 0;
}

static int teardown(void **state)
{
    rig_free(*state);
    return 0;
}

/* One faulting instruction at CODE: the frame points at it, the handler is the given one. */
static void expect_fault(rig *r, unsigned exception, uint32_t cfsr)
{
    rig_steps(r, 2);
    assert_pc(r, handler(exception));
    assert_int_equal(rig_word(r, sim_cpu_reg(r->cpu, 13) + 24), CODE);
    assert_int_equal(rig_ppb_read(r, CFSR), cfsr);
}

static void bus_faults_are_precise(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LDR_R0_R1);
    sim_cpu_set_reg(r->cpu, 0, 77);
    sim_cpu_set_reg(r->cpu, 1, DEV_FAULT + 8);
    expect_fault(r, 5, CFSR_PRECISERR | CFSR_BFARVALID);
    assert_int_equal(rig_ppb_read(r, BFAR), DEV_FAULT + 8);
    assert_reg(r, 0, 77);
    rig_ppb_write(r, CFSR, 0xFFFFFFFFu);
    assert_int_equal(rig_ppb_read(r, CFSR), 0);
    rig_reset(r);
    rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
    PUT(r, CODE, 0xF841, 0x0B04); /* str r0, [r1], #4: no write back */
    sim_cpu_set_reg(r->cpu, 1, DEV_FAULT);
    expect_fault(r, 5, CFSR_PRECISERR | CFSR_BFARVALID);
    assert_reg(r, 1, DEV_FAULT);
}

static void instruction_fetch_faults(void **state)
{
    rig *r = *state;
    PUT(r, CODE, BX_R0);
    sim_cpu_set_reg(r->cpu, 0, 0x10000001); /* nothing there */
    rig_steps(r, 3);
    assert_pc(r, handler(5));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_IBUSERR);
    assert_int_equal(rig_word(r, STACK - 8), 0x10000000);
    rig_reset(r);
    rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
    sim_cpu_set_reg(r->cpu, 0, DEV_PLAIN | 1); /* peripherals never execute */
    rig_steps(r, 3);
    assert_pc(r, handler(4));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_IACCVIOL);
    assert_int_equal(r->fetches, 1);
}

static void usage_faults(void **state)
{
    rig *r = *state;
    PUT(r, CODE, UDF);
    expect_fault(r, 6, CFSR_UNDEFINSTR);
    static const struct {
        uint16_t code[2];
        uint32_t cfsr;
    } cases[] = {
        { { 0xEE00, 0x0A10 }, CFSR_NOCP },      /* vmov s0, r0 with CPACR closed */
        { { 0xEE07, 0x0F15 }, CFSR_NOCP },      /* mcr p15: no such coprocessor */
        { { 0xF7F0, 0xA000 }, CFSR_UNDEFINSTR },/* udf.w */
        { { 0xE9D1, 0x2300 }, CFSR_UNALIGNED }, /* ldrd r2, r3, [r1] */
        { { 0xE9C1, 0x2300 }, CFSR_UNALIGNED }, /* strd */
        { { 0xE891, 0x000C }, CFSR_UNALIGNED }, /* ldmia r1, {r2, r3} */
        { { 0xC90C, NOP }, CFSR_UNALIGNED },    /* ldmia r1!, {r2, r3} */
        { { 0xC10C, NOP }, CFSR_UNALIGNED },    /* stmia r1!, {r2, r3} */
        { { 0xE851, 0x0F00 }, CFSR_UNALIGNED }, /* ldrex r0, [r1] */
    };
    for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
        rig_reset(r);
        rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
        rig_put(r, CODE, cases[k].code, 2);
        sim_cpu_set_reg(r->cpu, 1, RAM + 2);
        expect_fault(r, 6, cases[k].cfsr);
        assert_reg(r, 1, RAM + 2);
    }
}

static void traps_by_ccr(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LDR_R0_R1, 0xFBB2, 0xF3F4); /* ldr r0, [r1]; udiv r3, r2, r4 */
    rig_set_word(r, RAM, 0x33221100);
    rig_set_word(r, RAM + 4, 0x77665544);
    sim_cpu_set_reg(r->cpu, 1, RAM + 3);
    sim_cpu_set_reg(r->cpu, 2, 5);
    sim_cpu_set_reg(r->cpu, 3, 5);
    rig_steps(r, 2);
    assert_reg(r, 0, 0x66554433);
    assert_reg(r, 3, 0);
    rig_ppb_write(r, 0xE000ED14u, CCR_UNALIGN_TRP | CCR_DIV_0_TRP);
    sim_cpu_set_reg(r->cpu, 15, CODE);
    expect_fault(r, 6, CFSR_UNALIGNED);
    sim_cpu_set_reg(r->cpu, 15, CODE + 2);
    r->cpu->ipsr = 0;
    rig_steps(r, 1);
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_UNALIGNED | CFSR_DIVBYZERO);
}

static void invalid_state(void **state)
{
    rig *r = *state;
    PUT(r, CODE, BX_R0);
    sim_cpu_set_reg(r->cpu, 0, CODE + 0x20);
    rig_steps(r, 2); /* bx, then the fault */
    rig_steps(r, 1);
    assert_pc(r, handler(6));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_INVSTATE);
    assert_int_equal(rig_word(r, STACK - 8), CODE + 0x20);
    assert_int_equal(rig_word(r, STACK - 4) >> 24 & 1u, 0);
}

static void escalation_and_lockup(void **state)
{
    rig *r = *state;
    rig_ppb_write(r, 0xE000ED24u, 0);
    PUT(r, CODE, UDF);
    PUT(r, handler(3), LDR_R0_R1);
    expect_fault(r, 3, CFSR_UNDEFINSTR);
    assert_int_equal(rig_ppb_read(r, HFSR), HFSR_FORCED);
    rig_ppb_write(r, HFSR, 0xFFFFFFFFu);
    assert_int_equal(rig_ppb_read(r, HFSR), 0);
    sim_cpu_set_reg(r->cpu, 1, DEV_FAULT);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_LOCKUP);
    assert_pc(r, handler(3));
    assert_non_null(strstr(sim_cpu_stop_text(r->cpu), "lockup"));
    assert_non_null(strstr(sim_cpu_stop_text(r->cpu), "080010C0"));
}

static void masked_faults_escalate(void **state)
{
    rig *r = *state;
    PUT(r, CODE, UDF);
    r->cpu->primask = 1;
    expect_fault(r, 3, CFSR_UNDEFINSTR);
    rig_reset(r);
    PUT(r, CODE, 0xDF00); /* svc with interrupts off */
    r->cpu->primask = 1;
    rig_steps(r, 2);
    assert_pc(r, handler(3));
    rig_reset(r);
    PUT(r, CODE, UDF);
    r->cpu->faultmask = 1;
    assert_int_equal(sim_cpu_run(r->cpu, 1000000), SIM_CPU_LOCKUP);
}

static void breakpoint_without_debugger(void **state)
{
    rig *r = *state;
    PUT(r, CODE, BKPT);
    expect_fault(r, 3, 0);
    assert_int_equal(rig_ppb_read(r, HFSR), HFSR_DEBUGEVT);
    rig_reset(r);
    rig_ppb_write(r, 0xE000EDFCu, 1u << 16); /* MON_EN */
    expect_fault(r, 12, 0);
}

static void bad_vector(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xDF00);
    r->cpu->vtor = 0x10000000; /* SVC's vector cannot be read, HardFault's neither */
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_LOCKUP);
    assert_true(rig_ppb_read(r, HFSR) & HFSR_VECTTBL);
}

static void stacking_error(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xDF00);
    r->cpu->priority[5] = 0;
    r->cpu->priority[11] = 0x80;
    sim_cpu_set_reg(r->cpu, 13, DEV_FAULT + 0x100);
    rig_steps(r, 2);
    assert_pc(r, handler(5)); /* the derived fault has the higher priority */
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_STKERR);
    assert_true(sim_bit(r->cpu->pending, 11));
}

static void unstacking_error(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xDF00);
    rig_steps(r, 2);
    sim_cpu_set_reg(r->cpu, 13, DEV_FAULT + 0x100);
    rig_steps(r, 1);
    assert_pc(r, handler(5));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_UNSTKERR);
}

static void illegal_returns(void **state)
{
    rig *r = *state;
    static const uint32_t links[] = { 0xFFFFFFF1u, 0xFFFFFFF0u, 0xFFFFFFFBu, 0xFFFF00F9u };
    for (size_t k = 0; k < sizeof links / sizeof links[0]; k++) {
        rig_reset(r);
        rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
        PUT(r, CODE, 0xDF00);
        rig_steps(r, 2);
        sim_cpu_set_reg(r->cpu, 14, links[k]);
        rig_steps(r, 1);
        assert_pc(r, handler(6));
        assert_int_equal(rig_ppb_read(r, CFSR), CFSR_INVPC);
        assert_reg(r, 14, links[k] | 0xF0000000u);
    }
    /* A frame whose xPSR names an exception, on a return to Thread mode. */
    rig_reset(r);
    rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
    rig_steps(r, 2);
    rig_set_word(r, STACK - 4, 0x01000003);
    rig_steps(r, 1);
    assert_pc(r, handler(6));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_INVPC);
}

static void fault_in_it_keeps_its_place(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0x4280, 0xBF08, LDR_R0_R1, NOP); /* cmp r0, r0; it eq; ldreq r0, [r1] */
    sim_cpu_set_reg(r->cpu, 1, DEV_FAULT);
    PUT(r, handler(5), LOOP);
    sim_cpu_run(r->cpu, 100);
    assert_pc(r, handler(5));
    assert_int_equal(rig_word(r, STACK - 8), CODE + 4);
    assert_int_equal(rig_word(r, STACK - 4) & 0x0600FC00u, 0x0800u); /* ITSTATE 0x08 */
}

static void floating_point_needs_cpacr(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xEE00, 0x0A10); /* vmov s0, r0 */
    PUT(r, handler(6), LOOP);
    sim_cpu_set_reg(r->cpu, 0, 0x3F800000);
    sim_cpu_run(r->cpu, 100);
    assert_pc(r, handler(6));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_NOCP);
    rig_reset(r);
    rig_ppb_write(r, 0xE000ED88u, 0xFu << 20);
    sim_cpu_set_reg(r->cpu, 0, 0x3F800000);
    rig_steps(r, 1);
    assert_pc(r, CODE + 4);
    assert_int_equal(r->cpu->s[0], 0x3F800000);
    assert_int_equal(r->cpu->control, CONTROL_FPCA);
}

static void what_fpv4_lacks_is_undefined(void **state)
{
    rig *r = *state;
    static const uint16_t codes[][2] = {
        { 0xEE30, 0x0B00 }, /* vadd.f64 d0, d0, d0 */
        { 0xFE00, 0x0A00 }, /* vseleq.f32 s0, s0, s0 */
        { 0xEEB6, 0x0A40 }, /* vrintr.f32 s0, s0 */
        { 0xEE70, 0x0BA0 }, /* a double register above 15 */
    };
    PUT(r, handler(3), LOOP);
    for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
        rig_reset(r);
        rig_put(r, CODE, codes[k], 2);
        rig_ppb_write(r, 0xE000ED88u, 0xFu << 20);
        sim_cpu_run(r->cpu, sim_cpu_cycles(r->cpu) + 100);
        assert_pc(r, handler(3));
        assert_int_equal(rig_ppb_read(r, CFSR), CFSR_UNDEFINSTR);
    }
}

static void model_stop_leaves_no_trace(void **state)
{
    rig *r = *state;
    static const uint16_t codes[][2] = {
        { LDR_R0_R1, NOP },  { STR_R0_R1, NOP },  { 0xF851, 0x0B04 }, { 0xF841, 0x0F04 },
        { 0xE8F1, 0x2302 },  { 0xC90D, NOP },     { 0xC10D, NOP },    { 0xE8D1, 0xF000 },
    };
    for (size_t k = 0; k < sizeof codes / sizeof codes[0]; k++) {
        rig_reset(r);
        rig_put(r, CODE, codes[k], 2);
        for (unsigned n = 0; n < 13; n++)
            sim_cpu_set_reg(r->cpu, n, 0x1000 + n);
        sim_cpu_set_reg(r->cpu, 1, DEV_STOP);
        sim_cpu_set_reg(r->cpu, 0, 0);
        assert_int_equal(sim_cpu_run(r->cpu, sim_cpu_cycles(r->cpu) + 100), SIM_CPU_BUS_STOP);
        assert_pc(r, CODE);
        assert_int_equal(r->pc_at_access, CODE);
        for (unsigned n = 2; n < 13; n++)
            assert_reg(r, n, 0x1000 + n);
        assert_reg(r, 1, DEV_STOP);
        assert_reg(r, 0, 0);
    }
}

static void unprivileged_is_kept_out(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LDR_R0_R1, NOP, 0xB672, 0xF380, 0x8808); /* cpsid i; msr msp, r0 */
    r->cpu->control = 1;
    sim_cpu_set_reg(r->cpu, 1, 0xE000ED00u);
    expect_fault(r, 5, CFSR_PRECISERR | CFSR_BFARVALID);
    rig_reset(r);
    r->cpu->control = 1;
    sim_cpu_set_reg(r->cpu, 15, CODE + 4);
    rig_steps(r, 2);
    assert_int_equal(r->cpu->primask, 0);
    assert_reg(r, 13, STACK);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(bus_faults_are_precise), T(instruction_fetch_faults), T(usage_faults), T(traps_by_ccr),
        T(invalid_state), T(escalation_and_lockup), T(masked_faults_escalate),
        T(breakpoint_without_debugger), T(bad_vector), T(stacking_error), T(unstacking_error),
        T(illegal_returns), T(fault_in_it_keeps_its_place), T(floating_point_needs_cpacr),
        T(what_fpv4_lacks_is_undefined),
        T(model_stop_leaves_no_trace), T(unprivileged_is_kept_out),
    };
    return cmocka_run_group_tests_name("cpu_fault", tests, NULL, NULL);
}
