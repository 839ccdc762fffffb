/* Exceptions: entry and return, nesting, masking, pending, sleep, SysTick. */
#include "tests/cpu/fixture.h"

enum {
    NOP = 0xBF00, WFI = 0xBF30, WFE = 0xBF20, SEV = 0xBF40, BX_LR = 0x4770, CPSID_I = 0xB672,
    CPSIE_I = 0xB662, SVC_7 = 0xDF07, LOOP = 0xE7FE
};
#define STR_R0_R1 0x6008
#define LDR_R0_R1 0x6808
#define ICSR 0xE000ED04u
#define SHCSR 0xE000ED24u

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

static void enable(rig *r, unsigned irq, uint32_t priority)
{
    rig_ppb_write(r, 0xE000E100u + irq / 32 * 4, 1u << irq % 32);
    r->cpu->priority[16 + irq] = (uint8_t)priority;
}

static void svc_frame_and_return(void **state)
{
    rig *r = *state;
    PUT(r, CODE, SVC_7, NOP);
    for (unsigned n = 0; n < 13; n++)
        sim_cpu_set_reg(r->cpu, n, 0x100 + n);
    sim_cpu_set_reg(r->cpu, 14, 0xABCDEF01u);
    sim_cpu_set_xpsr(r->cpu, 0xF1000000u);
    rig_steps(r, 2);
    assert_pc(r, handler(11));
    assert_reg(r, 14, 0xFFFFFFF9u);
    assert_reg(r, 13, STACK - 32);
    const uint32_t expected[8] = { 0x100, 0x101,       0x102,    0x103,
                                   0x10C, 0xABCDEF01u, CODE + 2, 0xF1000000u };
    for (unsigned k = 0; k < 8; k++)
        assert_int_equal(rig_word(r, STACK - 32 + 4 * k), expected[k]);
    assert_int_equal(rig_ppb_read(r, SHCSR), 1u << 7);
    sim_cpu_set_reg(r->cpu, 0, 5);
    rig_steps(r, 1);
    assert_pc(r, CODE + 2);
    assert_reg(r, 13, STACK);
    assert_reg(r, 0, 0x100);
    assert_int_equal(sim_cpu_xpsr(r->cpu), 0xF1000000u);
    assert_int_equal(rig_ppb_read(r, SHCSR), 0);
}

static void stack_is_aligned_and_restored(void **state)
{
    rig *r = *state;
    PUT(r, CODE, SVC_7, NOP);
    sim_cpu_set_reg(r->cpu, 13, STACK - 12);
    rig_steps(r, 2);
    assert_reg(r, 13, STACK - 48);
    assert_int_equal(rig_word(r, STACK - 48 + 28) >> 9 & 1u, 1);
    rig_steps(r, 1);
    assert_reg(r, 13, STACK - 12);
    rig_reset(r);
    sim_cpu_set_reg(r->cpu, 13, STACK - 8);
    rig_steps(r, 2);
    assert_reg(r, 13, STACK - 40);
    assert_int_equal(rig_word(r, STACK - 40 + 28) >> 9 & 1u, 0);
    rig_reset(r);
    rig_ppb_write(r, 0xE000ED14u, 0); /* STKALIGN off */
    sim_cpu_set_reg(r->cpu, 13, STACK - 4);
    rig_steps(r, 2);
    assert_reg(r, 13, STACK - 36);
    rig_steps(r, 1);
    assert_reg(r, 13, STACK - 4);
}

static void process_stack(void **state)
{
    rig *r = *state;
    /* msr psp, r0; movs r1, #2; msr control, r1; svc 7; nop */
    PUT(r, CODE, 0xF380, 0x8809, 0x2102, 0xF381, 0x8814, SVC_7, NOP);
    sim_cpu_set_reg(r->cpu, 0, RAM + 0x4000);
    rig_steps(r, 5);
    assert_pc(r, handler(11));
    assert_reg(r, 14, 0xFFFFFFFDu);
    assert_reg(r, 13, STACK);
    assert_int_equal(rig_word(r, RAM + 0x4000 - 8), CODE + 12);
    assert_int_equal(r->cpu->control, 0);
    rig_steps(r, 1);
    assert_reg(r, 13, RAM + 0x4000);
    assert_int_equal(r->cpu->control, 2);
}

static void nesting_and_priority(void **state)
{
    rig *r = *state;
    enable(r, 5, 0x80);
    enable(r, 6, 0x40);
    enable(r, 7, 0x80);
    PUT(r, CODE, NOP, NOP);
    PUT(r, handler(16 + 5), NOP, BX_LR);
    sim_cpu_irq(r->cpu, 5, true);
    sim_cpu_irq(r->cpu, 5, false);
    rig_steps(r, 1);
    assert_pc(r, handler(16 + 5));
    sim_cpu_irq(r->cpu, 7, true); /* same priority: waits */
    sim_cpu_irq(r->cpu, 7, false);
    rig_steps(r, 1);
    assert_pc(r, handler(16 + 5) + 2);
    sim_cpu_irq(r->cpu, 6, true); /* higher: nests */
    sim_cpu_irq(r->cpu, 6, false);
    rig_steps(r, 1);
    assert_pc(r, handler(16 + 6));
    assert_reg(r, 14, 0xFFFFFFF1u);
    assert_int_equal(rig_ppb_read(r, 0xE000E300u), 3u << 5);
    rig_steps(r, 1);
    assert_pc(r, handler(16 + 5) + 2);
    rig_steps(r, 1); /* bx lr: tail-chains into 7, the frame stays */
    assert_pc(r, handler(16 + 7));
    assert_reg(r, 13, STACK - 32);
    assert_reg(r, 14, 0xFFFFFFF9u);
    rig_steps(r, 1);
    assert_pc(r, CODE);
    assert_reg(r, 13, STACK);
}

static void late_arrival_takes_the_highest(void **state)
{
    rig *r = *state;
    enable(r, 20, 0x80);
    enable(r, 10, 0x80);
    enable(r, 60, 0x10);
    PUT(r, CODE, NOP);
    sim_cpu_irq(r->cpu, 20, true);
    sim_cpu_irq(r->cpu, 60, true);
    sim_cpu_irq(r->cpu, 10, true);
    rig_steps(r, 1);
    assert_pc(r, handler(16 + 60));
    sim_cpu_irq(r->cpu, 60, false);
    rig_steps(r, 1);
    assert_pc(r, handler(16 + 10)); /* equal priorities: the lower number */
}

static void masks(void **state)
{
    rig *r = *state;
    enable(r, 3, 0x80);
    PUT(r, CODE, CPSID_I, NOP, CPSIE_I, NOP);
    rig_steps(r, 1);
    sim_cpu_irq(r->cpu, 3, true);
    rig_steps(r, 2);
    assert_pc(r, CODE + 6);
    rig_steps(r, 1);
    assert_pc(r, handler(19));
    sim_cpu_irq(r->cpu, 3, false);
    rig_steps(r, 1);
    assert_pc(r, CODE + 6);
    /* BASEPRI 0x80 masks 0x80, BASEPRI 0x90 does not; BASEPRI_MAX only lowers. */
    r->cpu->basepri = 0x80;
    sim_cpu_irq(r->cpu, 3, true);
    rig_steps(r, 1);
    assert_pc(r, CODE + 8);
    PUT(r, CODE + 8, 0xF380, 0x8812, NOP); /* msr basepri_max, r0 */
    sim_cpu_set_reg(r->cpu, 0, 0xC0);
    rig_steps(r, 1);
    assert_int_equal(r->cpu->basepri, 0x80);
    r->cpu->basepri = 0x90;
    rig_steps(r, 1);
    assert_pc(r, handler(19));
}

static void priority_grouping(void **state)
{
    rig *r = *state;
    enable(r, 1, 0xC0);
    enable(r, 2, 0x80);
    rig_ppb_write(r, 0xE000ED0Cu, 0x05FA0700u); /* all subpriority: no preemption */
    PUT(r, CODE, NOP);
    PUT(r, handler(17), NOP, NOP, BX_LR);
    sim_cpu_irq(r->cpu, 1, true);
    rig_steps(r, 1);
    sim_cpu_irq(r->cpu, 1, false);
    sim_cpu_irq(r->cpu, 2, true);
    rig_steps(r, 2);
    assert_pc(r, handler(17) + 4);
    rig_ppb_write(r, 0xE000ED0Cu, 0x12340000u); /* wrong key: no change */
    assert_int_equal(rig_ppb_read(r, 0xE000ED0Cu), 0xFA050700u);
    rig_ppb_write(r, 0xE000ED0Cu, 0x05FA0000u);
    rig_steps(r, 1);
    assert_pc(r, handler(18));
}

static void faultmask_ends_with_the_handler(void **state)
{
    rig *r = *state;
    enable(r, 1, 0x10);
    PUT(r, CODE, NOP, NOP);
    r->cpu->faultmask = 1;
    sim_cpu_pend_nmi(r->cpu);
    rig_steps(r, 2);
    assert_pc(r, CODE);
    assert_int_equal(r->cpu->faultmask, 1); /* NMI does not clear it */
    r->cpu->faultmask = 0;
    sim_cpu_irq(r->cpu, 1, true);
    rig_steps(r, 1);
    sim_cpu_irq(r->cpu, 1, false);
    PUT(r, handler(17), 0xB671, BX_LR); /* cpsid f */
    rig_steps(r, 1);
    assert_int_equal(r->cpu->faultmask, 1);
    rig_steps(r, 1);
    assert_pc(r, CODE);
    assert_int_equal(r->cpu->faultmask, 0);
}

static void exception_breaks_an_exclusive(void **state)
{
    rig *r = *state;
    /* ldrex r0, [r1]; svc; strex r2, r3, [r1] */
    PUT(r, CODE, 0xE851, 0x0F00, SVC_7, 0xE841, 0x3200);
    sim_cpu_set_reg(r->cpu, 1, RAM);
    rig_steps(r, 3);
    assert_false(r->cpu->exclusive);
    rig_steps(r, 2);
    assert_reg(r, 2, 1);
}

static void level_line_pends_again(void **state)
{
    rig *r = *state;
    enable(r, 40, 0x20);
    PUT(r, CODE, NOP, NOP);
    sim_cpu_irq(r->cpu, 40, true);
    rig_steps(r, 1);
    assert_pc(r, handler(56));
    assert_int_equal(rig_ppb_read(r, 0xE000E204u), 0); /* active, not pending */
    sim_cpu_irq(r->cpu, 40, true); /* no edge */
    assert_int_equal(rig_ppb_read(r, 0xE000E204u), 0);
    rig_steps(r, 1);
    assert_pc(r, handler(56)); /* still high: again */
    sim_cpu_irq(r->cpu, 40, false);
    rig_steps(r, 1);
    assert_pc(r, CODE);
    /* Clearing pending does nothing against a line that is high; a latched pulse it clears. */
    rig_ppb_write(r, 0xE000E184u, 1u << 8);
    sim_cpu_irq(r->cpu, 40, true);
    rig_ppb_write(r, 0xE000E284u, 1u << 8);
    assert_int_equal(rig_ppb_read(r, 0xE000E204u), 1u << 8);
    sim_cpu_irq(r->cpu, 40, false);
    assert_int_equal(rig_ppb_read(r, 0xE000E204u), 1u << 8);
    rig_ppb_write(r, 0xE000E284u, 1u << 8);
    assert_int_equal(rig_ppb_read(r, 0xE000E204u), 0);
}

/* A line is looked at when the core first runs, whatever the order of the resets was. */
static void lines_at_reset(void **state)
{
    rig *r = *state;
    PUT(r, CODE, NOP, NOP, NOP);
    sim_cpu_irq(r->cpu, 3, true);
    sim_cpu_irq(r->cpu, 4, true);
    rig_reset(r);
    sim_cpu_irq(r->cpu, 3, false);
    rig_steps(r, 1);
    assert_int_equal(rig_ppb_read(r, 0xE000E200u), 1u << 4);
}

static void software_pending(void **state)
{
    rig *r = *state;
    PUT(r, CODE, NOP, NOP);
    rig_ppb_write(r, 0xE000EF00u, 101);
    assert_int_equal(rig_ppb_read(r, 0xE000E20Cu), 1u << 5);
    rig_ppb_write(r, 0xE000E28Cu, 0xFFFFFFFFu);
    assert_int_equal(rig_ppb_read(r, 0xE000E20Cu), 0);
    rig_ppb_write(r, 0xE000E10Cu, 0xFFFFFFFFu); /* lines that do not exist stay 0 */
    assert_int_equal(rig_ppb_read(r, 0xE000E10Cu), 0x3Fu);
    rig_ppb_write(r, ICSR, 1u << 28);
    assert_int_equal(rig_ppb_read(r, ICSR), 1u << 28 | 14u << 12 | 1u << 11);
    rig_ppb_write(r, ICSR, 1u << 27);
    rig_steps(r, 1);
    assert_pc(r, CODE + 2);
    rig_ppb_write(r, ICSR, 1u << 31 | 1u << 28);
    rig_steps(r, 1);
    assert_pc(r, handler(2));
    rig_steps(r, 1);
    assert_pc(r, handler(14));
}

static void irq_raised_by_a_store_comes_next(void **state)
{
    rig *r = *state;
    enable(r, 9, 0);
    PUT(r, CODE, STR_R0_R1, 0x2301, LOOP);
    sim_cpu_set_reg(r->cpu, 0, 0x100 | 9);
    sim_cpu_set_reg(r->cpu, 1, DEV_IRQ);
    PUT(r, handler(25), LOOP);
    assert_int_equal(sim_cpu_run(r->cpu, 100), SIM_CPU_DEADLINE);
    assert_pc(r, handler(25));
    assert_int_equal(rig_word(r, STACK - 8), CODE + 2);
    assert_reg(r, 3, 0);
}

static void nmi_of_a_load_comes_right_after_it(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LDR_R0_R1, 0x2301, LOOP);
    sim_cpu_set_reg(r->cpu, 1, DEV_NMI);
    PUT(r, handler(2), LOOP);
    sim_cpu_run(r->cpu, 100);
    assert_pc(r, handler(2));
    assert_reg(r, 0, 0x12345678u);
    assert_reg(r, 3, 0);
    assert_int_equal(rig_word(r, STACK - 8), CODE + 2);
}

static void exception_inside_it(void **state)
{
    rig *r = *state;
    enable(r, 9, 0);
    /* cmp r0, r0; itee eq; streq r0, [r1]; movne r3, #1; movne r3, #2; movs r4, #3 */
    PUT(r, CODE, 0x4280, 0xBF0E, STR_R0_R1, 0x2301, 0x2302, 0x2403, LOOP);
    sim_cpu_set_reg(r->cpu, 0, 0x100 | 9);
    sim_cpu_set_reg(r->cpu, 1, DEV_IRQ);
    /* The handler drops the line (0x009 to DEV_IRQ) and returns with flags changed. */
    PUT(r, handler(25), 0x2009, STR_R0_R1, 0x2001, BX_LR);
    sim_cpu_run(r->cpu, 200);
    assert_pc(r, CODE + 12);
    assert_reg(r, 3, 0);
    assert_reg(r, 4, 3);
    assert_reg(r, 0, 0x109);
    assert_int_equal(r->cpu->it, 0);
}

/* The handler returns by a conditional BX to the middle of another block. */
static void return_from_it_into_it(void **state)
{
    rig *r = *state;
    /* cmp r0, r0; itte eq; svceq; moveq r3, #1; movne r3, #2; movs r4, #3 */
    PUT(r, CODE, 0x4280, 0xBF06, SVC_7, 0x2301, 0x2302, 0x2403, LOOP);
    PUT(r, handler(11), 0x4280, 0xBF08, BX_LR); /* cmp r0, r0; it eq; bxeq lr */
    sim_cpu_run(r->cpu, 100);
    assert_pc(r, CODE + 12);
    assert_reg(r, 3, 1);
    assert_reg(r, 4, 3);
}

static void flags_stay_in_it(void **state)
{
    rig *r = *state;
    /* movs r0, #1; itee ne; addne r0, #0xFF (no flags); cmpeq r0, r0; moveq r1, #1: skipped;
     * it ne; cmpne r0, r0: does set them */
    PUT(r, CODE, 0x2001, 0xBF12, 0x30FF, 0x4280, 0x2101, 0xBF18, 0x4280, LOOP);
    sim_cpu_set_xpsr(r->cpu, 0x31000000u);
    rig_steps(r, 4);
    assert_int_equal(sim_cpu_xpsr(r->cpu) >> 28, 3);
    sim_cpu_run(r->cpu, 100);
    assert_reg(r, 0, 0x100);
    assert_reg(r, 1, 0);
    assert_int_equal(sim_cpu_xpsr(r->cpu) >> 28, 6);
}

static void wfi_and_wake(void **state)
{
    rig *r = *state;
    enable(r, 4, 0x80);
    PUT(r, CODE, WFI, NOP, CPSID_I, WFI, NOP, LOOP);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_SLEEP);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_SLEEP);
    assert_pc(r, CODE + 2);
    sim_cpu_skip_to(r->cpu, 500);
    sim_cpu_irq(r->cpu, 4, true);
    PUT(r, handler(20), LOOP);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_DEADLINE);
    assert_pc(r, handler(20));
    assert_int_equal(rig_word(r, STACK - 8), CODE + 2);
    sim_cpu_irq(r->cpu, 4, false);
    rig_reset(r);
    enable(r, 4, 0x80);
    sim_cpu_set_reg(r->cpu, 15, CODE + 4);
    assert_int_equal(sim_cpu_run(r->cpu, 2000), SIM_CPU_SLEEP);
    sim_cpu_irq(r->cpu, 4, true); /* PRIMASK set: wakes, and goes on after WFI */
    assert_int_equal(sim_cpu_run(r->cpu, 2000), SIM_CPU_DEADLINE);
    assert_pc(r, CODE + 10);
}

static void wfe_and_events(void **state)
{
    rig *r = *state;
    PUT(r, CODE, SEV, WFE, NOP, WFE, NOP, LOOP);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_SLEEP);
    assert_pc(r, CODE + 8); /* the first WFE took the event, the second sleeps */
    sim_cpu_irq(r->cpu, 30, true); /* disabled, SEVONPEND off: no wake */
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_SLEEP);
    sim_cpu_irq(r->cpu, 30, false);
    rig_ppb_write(r, 0xE000E280u, 1u << 30);
    rig_ppb_write(r, 0xE000ED10u, 1u << 4);
    sim_cpu_irq(r->cpu, 30, true);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_DEADLINE);
    assert_pc(r, CODE + 10);
}

static void sleep_on_exit(void **state)
{
    rig *r = *state;
    enable(r, 4, 0x80);
    rig_ppb_write(r, 0xE000ED10u, 2);
    PUT(r, CODE, NOP, LOOP);
    sim_cpu_irq(r->cpu, 4, true);
    rig_steps(r, 1);
    sim_cpu_irq(r->cpu, 4, false);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_SLEEP);
    assert_pc(r, CODE);
}

static void systick_counts_exactly(void **state)
{
    rig *r = *state;
    PUT(r, CODE, LOOP);
    PUT(r, handler(15), LOOP);
    rig_ppb_write(r, 0xE000E014u, 99);
    rig_ppb_write(r, 0xE000E018u, 1234);
    assert_int_equal(rig_ppb_read(r, 0xE000E018u), 0);
    rig_ppb_write(r, 0xE000E010u, 7);
    assert_int_equal(sim_cpu_next_tick(r->cpu), 100);
    sim_cpu_run(r->cpu, 60);
    assert_int_equal(rig_ppb_read(r, 0xE000E018u), 100 - sim_cpu_cycles(r->cpu));
    assert_int_equal(rig_ppb_read(r, 0xE000E010u), 7);
    sim_cpu_skip_to(r->cpu, 100);
    assert_int_equal(rig_ppb_read(r, 0xE000E018u), 0);
    sim_cpu_skip_to(r->cpu, 101);
    assert_int_equal(rig_ppb_read(r, 0xE000E018u), 99);
    sim_cpu_run(r->cpu, 110);
    assert_pc(r, handler(15));
    assert_int_equal(rig_ppb_read(r, 0xE000E010u), 0x10007);
    assert_int_equal(rig_ppb_read(r, 0xE000E010u), 7); /* COUNTFLAG clears on read */
    assert_int_equal(sim_cpu_next_tick(r->cpu), 200);
    assert_false(rig_ppb_read(r, ICSR) >> 26 & 1u);
    sim_cpu_run(r->cpu, 205);
    assert_true(rig_ppb_read(r, ICSR) >> 26 & 1u); /* pending while active */
}

static void systick_eighth_clock_and_sleep(void **state)
{
    rig *r = *state;
    PUT(r, CODE, WFI, LOOP);
    rig_ppb_write(r, 0xE000E014u, 9);
    rig_ppb_write(r, 0xE000E010u, 3);
    assert_int_equal(sim_cpu_next_tick(r->cpu), 80);
    assert_int_equal(sim_cpu_run(r->cpu, 1000), SIM_CPU_SLEEP);
    sim_cpu_skip_to(r->cpu, sim_cpu_next_tick(r->cpu));
    assert_int_equal(sim_cpu_step(r->cpu), SIM_CPU_DEADLINE);
    assert_pc(r, handler(15));
    rig_ppb_write(r, 0xE000E010u, 2);
    assert_int_equal(sim_cpu_next_tick(r->cpu), UINT64_MAX);
    assert_int_equal(rig_ppb_read(r, 0xE000E01Cu), 0x40000000u);
}

typedef struct seen {
    unsigned entries, exits;
    unsigned number;
    uint32_t pc;
} seen;

static void watch(void *ctx, bool entry, unsigned number, uint32_t pc)
{
    seen *s = ctx;
    s->entries += entry;
    s->exits += !entry;
    s->number = number;
    s->pc = pc;
}

static void hook_sees_both_ends(void **state)
{
    rig *r = *state;
    seen s = { 0 };
    sim_cpu_set_exception_hook(r->cpu, watch, &s);
    PUT(r, CODE, SVC_7, NOP);
    rig_steps(r, 3);
    assert_int_equal(s.entries, 1);
    assert_int_equal(s.exits, 1);
    assert_int_equal(s.number, 11);
    assert_int_equal(s.pc, CODE + 2);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(svc_frame_and_return), T(stack_is_aligned_and_restored), T(process_stack),
        T(nesting_and_priority), T(late_arrival_takes_the_highest), T(masks),
        T(faultmask_ends_with_the_handler), T(exception_breaks_an_exclusive), T(return_from_it_into_it), T(flags_stay_in_it),
        T(priority_grouping), T(level_line_pends_again), T(software_pending),
        T(lines_at_reset), T(irq_raised_by_a_store_comes_next), T(nmi_of_a_load_comes_right_after_it),
        T(exception_inside_it), T(wfi_and_wake), T(wfe_and_events), T(sleep_on_exit),
        T(systick_counts_exactly), T(systick_eighth_clock_and_sleep), T(hook_sees_both_ends),
    };
    return cmocka_run_group_tests_name("cpu_exception", tests, NULL, NULL);
}
