/* What tells the cores apart, where QEMU is no judge: identification, caches, bit-banding,
 * regions of the MPU, and faults that a model makes in the middle of floating point. */
#include "tests/cpu/fixture.h"

#include <stdlib.h>

#include "sim/cpu/internal.h"

enum { CPACR_ALL = 0xFu << 20, SHCSR_ALL = 7u << 16 };
#define CPACR 0xE000ED88u
#define CCR 0xE000ED14u
#define FPCCR 0xE000EF34u
#define FPCAR 0xE000EF38u

static int on_m4(void **state)
{
    *state = rig_new_core(SIM_CORE_M4);
    return 0;
}

static int on_m7(void **state)
{
    *state = rig_new_core(SIM_CORE_M7);
    return 0;
}

static int on_m33(void **state)
{
    *state = rig_new_core(SIM_CORE_M33);
    return 0;
}

static int done(void **state)
{
    rig_free(*state);
    return 0;
}

static void no_such_core(void **state)
{
    (void)state;
    sim_bus bus = { 0 };
    assert_null(sim_cpu_new(&(sim_cpu_config){ .core = (sim_core_kind)99 }, &bus));
}

static void m4_says_what_it_is(void **state)
{
    rig *r = *state;
    assert_int_equal(rig_ppb_read(r, 0xE000ED00u), 0x410FC241u);
    assert_int_equal(rig_ppb_read(r, 0xE000EF40u), 0x10110021u);
    assert_int_equal(rig_ppb_read(r, 0xE000EF48u), 0);
    static const uint32_t features[] = {0x30u, 0x200u, 0x100000u, 0, 0x100030u, 0, 0x1000000u, 0,
                                        0x01141110u, 0x02112000u, 0x21232231u, 0x01111131u,
                                        0x01310132u}; /* DDI 0439D table 4-1 */
    for (uint32_t k = 0; k < sizeof features / sizeof features[0]; k++)
        assert_int_equal(rig_ppb_read(r, 0xE000ED40u + 4u * k), features[k]);
    assert_int_equal(rig_ppb_read(r, 0xE000ED90u), 8u << 8);
    assert_int_equal(rig_ppb_read(r, CCR), 0x200u);
    uint32_t value;
    assert_false(sim_scs_read(r->cpu, 0xE000ED80u, &value)); /* no cache registers */
}

static void m7_says_what_it_is(void **state)
{
    rig *r = *state;
    assert_int_equal(rig_ppb_read(r, 0xE000ED00u), 0x411FC271u);
    assert_int_equal(rig_ppb_read(r, 0xE000EF40u), 0x10110221u); /* double precision */
    assert_int_equal(rig_ppb_read(r, 0xE000EF48u), 0x40u);
    assert_int_equal(rig_ppb_read(r, 0xE000ED90u), 16u << 8);
    assert_int_equal(rig_ppb_read(r, CCR), 0x40200u);
}

static void m33_says_what_it_is(void **state)
{
    rig *r = *state;
    assert_int_equal(rig_ppb_read(r, 0xE000ED00u), 0x410FD214u);
    assert_int_equal(rig_ppb_read(r, 0xE000ED44u), 0x200u); /* no Security Extension */
    assert_int_equal(rig_ppb_read(r, 0xE000EF40u), 0x10110021u);
    assert_int_equal(rig_ppb_read(r, CCR), 0x201u);
    rig_ppb_write(r, CCR, 0);
    assert_int_equal(rig_ppb_read(r, CCR), 0x201u);
    assert_int_equal(rig_ppb_read(r, 0xE000EDD0u), 0); /* no SAU */
    assert_int_equal(rig_ppb_read(r, 0xE000E380u), 0); /* no ITNS */
    assert_int_equal(rig_ppb_read(r, 0xE000ED78u), 0); /* no caches */
    assert_int_equal(rig_ppb_read(r, 0xE000ED7Cu), 0x8000C000u);
    rig_ppb_write(r, 0xE000EF50u, 0);
    rig_ppb_write(r, 0xE000ED8Cu, 0xC00u);
    assert_int_equal(rig_ppb_read(r, 0xE000ED8Cu), 0);
}

/* As CMSIS does it: SCB_EnableICache, SCB_EnableDCache, SCB_CleanInvalidateDCache. */
static void caches_can_be_switched_on(void **state)
{
    rig *r = *state;
    rig_ppb_write(r, 0xE000EF50u, 0); /* ICIALLU */
    rig_ppb_write(r, CCR, rig_ppb_read(r, CCR) | 1u << 17);
    rig_ppb_write(r, 0xE000ED84u, 0);
    uint32_t ccsidr = rig_ppb_read(r, 0xE000ED80u);
    uint32_t sets = (ccsidr >> 13 & 0x7FFFu) + 1u, ways = (ccsidr >> 3 & 0x3FFu) + 1u;
    assert_int_equal(sets * ways * (16u << (ccsidr & 7u)), 16384);
    for (uint32_t set = 0; set < sets; set++)
        for (uint32_t way = 0; way < ways; way++)
            rig_ppb_write(r, 0xE000EF60u, set << 5 | way << 30);
    rig_ppb_write(r, CCR, rig_ppb_read(r, CCR) | 1u << 16);
    rig_ppb_write(r, 0xE000EF70u, RAM); /* DCCIMVAC */
    rig_ppb_write(r, 0xE000EF74u, 0);   /* DCCISW */
    assert_int_equal(rig_ppb_read(r, CCR), 0x70200u);
    rig_ppb_write(r, 0xE000ED84u, 1);
    ccsidr = rig_ppb_read(r, 0xE000ED80u);
    sets = (ccsidr >> 13 & 0x7FFFu) + 1u;
    ways = (ccsidr >> 3 & 0x3FFu) + 1u;
    assert_int_equal(sets * ways * (16u << (ccsidr & 7u)), 16384);
}

static void bit_bands(rig *r, bool there)
{
    PUT(r, CODE, 0x6808); /* ldr r0, [r1] */
    rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
    rig_set_word(r, RAM + 4, 1u << 3);
    sim_cpu_set_reg(r->cpu, 1, 0x22000000u + 4 * 32 + 3 * 4);
    rig_steps(r, 1);
    if (there) {
        assert_reg(r, 0, 1);
        return;
    }
    assert_int_equal(rig_ppb_read(r, 0xE000ED28u), CFSR_PRECISERR | CFSR_BFARVALID);
}

static void m4_has_bit_bands(void **state)
{
    bit_bands(*state, true);
}

static void others_have_none(void **state)
{
    bit_bands(*state, false);
}

static void m7_uses_all_regions(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0x6808); /* ldr r0, [r1] */
    rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
    rig_ppb_write(r, 0xE000ED98u, 15);
    rig_ppb_write(r, 0xE000ED9Cu, RAM);
    rig_ppb_write(r, 0xE000EDA0u, 7u << 1 | 1u); /* 256 bytes, no access */
    assert_int_equal(rig_ppb_read(r, 0xE000ED98u), 15);
    rig_ppb_write(r, 0xE000ED94u, 5);
    sim_cpu_set_reg(r->cpu, 1, RAM + 8);
    rig_steps(r, 1);
    assert_int_equal(rig_ppb_read(r, 0xE000ED28u), CFSR_DACCVIOL | CFSR_MMARVALID);
}

/* A model that cannot answer ends the run inside the lazy write; it can go on from there. */
static void lazy_write_can_be_stopped(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xEE00, 0x0A10, 0xDF00); /* vmov s0, r0; svc 0 */
    PUT(r, handler(11), 0xEE00, 0x0A10, 0x4770);
    rig_ppb_write(r, CPACR, CPACR_ALL);
    sim_cpu_set_reg(r->cpu, 0, 0x3F800000);
    rig_steps(r, 3);
    assert_pc(r, handler(11));
    assert_int_equal(rig_ppb_read(r, FPCCR) & FPCCR_LSPACT, FPCCR_LSPACT);
    uint32_t frame = rig_ppb_read(r, FPCAR);
    rig_ppb_write(r, FPCAR, DEV_STOP);
    assert_int_equal(sim_cpu_step(r->cpu), SIM_CPU_BUS_STOP);
    assert_pc(r, handler(11));
    assert_int_equal(rig_ppb_read(r, FPCCR) & FPCCR_LSPACT, FPCCR_LSPACT);
    rig_ppb_write(r, FPCAR, frame);
    sim_cpu_set_reg(r->cpu, 0, 0x40000000);
    rig_steps(r, 1);
    assert_int_equal(rig_word(r, frame), 0x3F800000);
    assert_int_equal(r->cpu->s[0], 0x40000000);
    rig_steps(r, 1);
    assert_int_equal(r->cpu->s[0], 0x3F800000);
    assert_pc(r, CODE + 6);
}

/* The write has the privilege of the code whose registers these are, not of the handler. */
static void lazy_write_has_its_own_privilege(void **state)
{
    rig *r = *state;
    for (unsigned user = 0; user < 2; user++) {
        rig_reset(r);
        PUT(r, CODE, 0xEE00, 0x0A10, 0xDF00); /* vmov s0, r0; svc 0 */
        PUT(r, handler(11), 0xEE00, 0x0A10, 0x4770);
        rig_ppb_write(r, CPACR, CPACR_ALL);
        rig_ppb_write(r, 0xE000ED24u, SHCSR_ALL);
        rig_ppb_write(r, 0xE000ED20u - 4u, 0x80000000u); /* SVC below the faults */
        r->cpu->control = user;
        rig_steps(r, 3);
        assert_pc(r, handler(11));
        assert_int_equal(rig_ppb_read(r, FPCCR) & FPCCR_USER, user ? FPCCR_USER : 0);
        rig_ppb_write(r, 0xE000ED9Cu, RAM | 16u);                  /* region 0: the RAM, */
        rig_ppb_write(r, 0xE000EDA0u, 1u << 24 | 15u << 1 | 1u);   /* privileged only */
        rig_ppb_write(r, 0xE000ED94u, 5);
        rig_steps(r, 1);
        assert_int_equal(rig_ppb_read(r, 0xE000ED28u), user ? CFSR_MLSPERR : 0);
        assert_int_equal(rig_ppb_read(r, FPCCR) & FPCCR_LSPACT, user ? FPCCR_LSPACT : 0);
        rig_steps(r, 1);
        assert_int_equal(sim_cpu_xpsr(r->cpu) & 511u, user ? SIM_EXC_MEMMANAGE : 0);
    }
}

/* What the handler left in the registers is gone after the return. */
static void clear_on_return(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xDF00);                            /* svc 0 */
    PUT(r, handler(11), 0xEE00, 0x0A10, 0x4770);     /* vmov s0, r0; bx lr */
    rig_ppb_write(r, CPACR, CPACR_ALL);
    rig_ppb_write(r, FPCCR, rig_ppb_read(r, FPCCR) | FPCCR_CLRONRET);
    sim_cpu_set_reg(r->cpu, 0, 0x3F800000);
    rig_steps(r, 3);
    assert_int_equal(r->cpu->s[0], 0x3F800000);
    assert_reg(r, 14, 0xFFFFFFB8u);
    rig_steps(r, 1);
    assert_pc(r, CODE + 2);
    assert_int_equal(r->cpu->s[0], 0);
}

/* CCR.STKOFHFNMIGN: no limit in HardFault, so that its handler can work. */
static void hard_fault_may_ignore_the_limit(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xB401, 0xBF00); /* push {r0} */
    PUT(r, handler(3), 0xB401, 0xB401, 0xBF00);
    r->cpu->sp_limit[0] = STACK;
    rig_ppb_write(r, CCR, CCR_STKOFHFNMIGN);
    rig_steps(r, 2);
    assert_pc(r, handler(3));
    assert_int_equal(rig_ppb_read(r, 0xE000ED28u), CFSR_STKOF);
    assert_reg(r, 13, STACK);
    rig_steps(r, 2);
    assert_reg(r, 13, STACK - 8);
    assert_pc(r, handler(3) + 4);
}

static void double_costs_more(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0xEE80, 0x0A00, 0xEE80, 0x0B00); /* vdiv.f32, vdiv.f64 */
    rig_ppb_write(r, CPACR, CPACR_ALL);
    uint64_t start = sim_cpu_cycles(r->cpu);
    rig_steps(r, 1);
    assert_int_equal(sim_cpu_cycles(r->cpu) - start, 14);
    rig_steps(r, 1);
    assert_int_equal(sim_cpu_cycles(r->cpu) - start, 14 + 28);
}

#define ON(core, f) cmocka_unit_test_setup_teardown(f, on_##core, done)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_such_core),
        ON(m4, m4_says_what_it_is),
        ON(m7, m7_says_what_it_is),
        ON(m33, m33_says_what_it_is),
        ON(m7, caches_can_be_switched_on),
        ON(m4, m4_has_bit_bands),
        ON(m7, others_have_none),
        ON(m33, others_have_none),
        ON(m7, m7_uses_all_regions),
        ON(m4, lazy_write_can_be_stopped),
        ON(m33, lazy_write_can_be_stopped),
        ON(m4, lazy_write_has_its_own_privilege),
        ON(m33, clear_on_return),
        ON(m33, hard_fault_may_ignore_the_limit),
        ON(m7, double_costs_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
