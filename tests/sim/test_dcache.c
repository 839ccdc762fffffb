/* The data cache of F767, H743 and H7A3 between the core and DMA (ARMv7-M B2.2, Cortex-M7 TRM). */
#include <string.h>

#include "rig.h"

#define CCR 0xE000ED14u
#define DCIMVAC 0xE000EF5Cu
#define DCISW 0xE000EF60u
#define DCCMVAC 0xE000EF68u
#define DCCIMVAC 0xE000EF70u
#define DCCISW 0xE000EF74u
#define MPU_CTRL 0xE000ED94u
#define MPU_RBAR 0xE000ED9Cu
#define MPU_RASR 0xE000EDA0u
#define CODE 0x20000400u
#define OLD 0x01010101u
#define NEW 0x02020202u

typedef struct line {
    const char *name;
    uint32_t dma2, ahb1enr, enable, ram;
} line;

static const line lines[] = {
    {"stm32f767zi", 0x40026400u, 0x40023830u, 1u << 22, 0x20020000u},
    {"stm32h743zi", 0x40020400u, 0x580244D8u, 2u, 0x24000000u},
    {"stm32h7a3zi", 0x40020400u, 0x58024538u, 2u, 0x38000000u},
};
#define LINES (sizeof lines / sizeof lines[0])

/* Goes round, and does not sleep: a step must find it awake. */
static void idle(sim_machine *m)
{
    wr(m, CODE + 4u, 0xE7FEE7FEu); /* b . */
    sim_cpu_set_reg(sim_core(m), 15u, CODE + 4u);
}

/* Each by an instruction of the core's own: str r1, [r0] or ldr r1, [r0]. */
static uint32_t step(sim_machine *m, uint16_t instruction, uint32_t address, uint32_t value)
{
    wr(m, CODE, instruction);
    sim_cpu_set_reg(sim_core(m), 0u, address);
    sim_cpu_set_reg(sim_core(m), 1u, value);
    sim_cpu_set_reg(sim_core(m), 15u, CODE);
    while (sim_cpu_reg(sim_core(m), 15u) == CODE) { /* a first one may only end the last run */
        (void)sim_cpu_step(sim_core(m));
    }
    assert_int_equal(sim_cpu_reg(sim_core(m), 15u), CODE + 2u);
    value = sim_cpu_reg(sim_core(m), 1u);
    idle(m);
    return value;
}

static void store(sim_machine *m, uint32_t address, uint32_t value)
{
    (void)step(m, 0x6001u, address, value);
}

static uint32_t load(sim_machine *m, uint32_t address)
{
    return step(m, 0x6801u, address, 0);
}

/* A word, by DMA2. */
static void copy(sim_machine *m, const line *l, uint32_t from, uint32_t to)
{
    wr(m, l->dma2 + 0x08u, 0x3Du);
    wr(m, l->dma2 + 0x14u, 1u);
    wr(m, l->dma2 + 0x18u, from);
    wr(m, l->dma2 + 0x1Cu, to);
    wr(m, l->dma2 + 0x10u, 2u << 6 | 2u << 11 | 2u << 13 | 1u);
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(rd(m, l->dma2) & 0x28u, 0x20u);
}

/* OLD at `ram`, NEW at ram + 0x100, and the cache on. */
static sim_machine *new_part(const line *l)
{
    sim_machine *m = rig_m7_new(l->name);
    wr(m, l->ahb1enr, rd(m, l->ahb1enr) | l->enable);
    store(m, l->ram, OLD);
    store(m, l->ram + 4u, OLD);
    store(m, l->ram + 0x100u, NEW);
    store(m, CCR, load(m, CCR) | 1u << 16);
    return m;
}

static void what_dma_wrote_is_seen_when_the_line_was_dropped(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        for (unsigned way = 0; way < 3u; way++) {
            sim_machine *m = new_part(l);
            store(m, DCIMVAC, l->ram); /* before is too early: it comes back */
            copy(m, l, l->ram + 0x100u, l->ram);
            assert_int_equal(load(m, l->ram), OLD);
            store(m, DCCMVAC, l->ram); /* nothing to clean */
            assert_int_equal(load(m, l->ram), OLD);
            if (way == 2u) { /* all sets */
                for (uint32_t set = 0; set < 128u; set++) {
                    store(m, DCISW, set << 5);
                }
            } else {
                store(m, way == 0u ? DCIMVAC : DCCIMVAC, l->ram + 7u);
            }
            assert_int_equal(load(m, l->ram), NEW);
            sim_free(m);
        }
    }
}

static void what_the_core_wrote_reaches_dma_when_the_line_was_cleaned(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        for (unsigned way = 0; way < 3u; way++) {
            sim_machine *m = new_part(l);
            store(m, l->ram, NEW);
            copy(m, l, l->ram, l->ram + 0x200u);
            store(m, DCIMVAC, l->ram + 0x200u);
            assert_int_equal(load(m, l->ram + 0x200u), OLD);
            store(m, way == 0u ? DCCMVAC : way == 1u ? DCCIMVAC : DCCISW,
                  way < 2u ? l->ram : l->ram & 0xFE0u);
            copy(m, l, l->ram, l->ram + 0x200u);
            store(m, DCIMVAC, l->ram + 0x200u);
            assert_int_equal(load(m, l->ram + 0x200u), NEW);
            sim_free(m);
        }
    }
}

/* A line that both write: either way one of them loses. */
static void a_shared_line_loses(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        for (unsigned cleaned = 0; cleaned < 2u; cleaned++) {
            sim_machine *m = new_part(l);
            store(m, l->ram, 3u);
            copy(m, l, l->ram + 0x100u, l->ram + 4u);
            store(m, cleaned != 0u ? DCCIMVAC : DCIMVAC, l->ram);
            assert_int_equal(load(m, l->ram), cleaned != 0u ? 3u : OLD);
            assert_int_equal(load(m, l->ram + 4u), cleaned != 0u ? OLD : NEW);
            sim_free(m);
        }
    }
}

/* 1 KB from `ram` on, by TEX, S, C, B. */
static void the_mpu_decides(void **state)
{
    static const struct {
        uint32_t attributes;
        bool core_sees_dma, dma_sees_core;
    } cases[] = {
        {0u, true, true},                      /* strongly ordered */
        {1u << 19, true, true},                /* normal, not cacheable */
        {1u << 19 | 3u << 16, false, false},   /* write back, write allocate */
        {1u << 19 | 7u << 16, true, true},     /* the same, shareable */
        {3u << 16, false, false},              /* write back */
        {2u << 16, false, true},               /* write through */
        {4u << 19, true, true},                /* inner not cacheable */
        {6u << 19 | 2u << 16, false, true},    /* inner write through */
        {5u << 19 | 1u << 16, false, false},   /* inner write back, write allocate */
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const line *l = &lines[i % LINES];
        sim_machine *m = new_part(l);
        store(m, MPU_RBAR, l->ram | 1u << 4);
        store(m, MPU_RASR, 3u << 24 | cases[i].attributes | 9u << 1 | 1u);
        store(m, MPU_CTRL, 5u); /* elsewhere the default map */
        copy(m, l, l->ram + 0x100u, l->ram);
        assert_int_equal(load(m, l->ram) == NEW, cases[i].core_sees_dma);
        store(m, l->ram + 0x200u, 7u);
        copy(m, l, l->ram + 0x200u, l->ram + 0x400u);
        store(m, DCIMVAC, l->ram + 0x400u);
        assert_int_equal(load(m, l->ram + 0x400u) == 7u, cases[i].dma_sees_core);
        sim_free(m);
    }
}

static void off_and_in_dtcm_all_is_seen(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l);
        copy(m, l, l->ram + 0x100u, l->ram);
        store(m, l->ram + 0x40u, NEW);
        store(m, CCR, load(m, CCR) & ~(1u << 16)); /* both sides come together */
        assert_int_equal(load(m, l->ram), NEW);
        copy(m, l, l->ram + 0x40u, l->ram + 4u);
        assert_int_equal(load(m, l->ram + 4u), NEW);
        sim_free(m);
    }
    sim_machine *m = new_part(&lines[0]);
    store(m, 0x20004000u, 5u);
    copy(m, &lines[0], 0x20004000u, 0x20004100u);
    assert_int_equal(load(m, 0x20004100u), 5u);
    sim_free(m);
}

/* A reset switches it off; what DMA wrote is there. */
static void a_reset_switches_it_off(void **state)
{
    (void)state;
    for (const line *l = lines; l < lines + LINES; l++) {
        sim_machine *m = new_part(l);
        copy(m, l, l->ram + 0x100u, l->ram);
        assert_int_equal(load(m, l->ram), OLD);
        sim_pin_reset(m);
        assert_int_equal(load(m, l->ram), NEW);
        assert_int_equal(load(m, CCR) & 1u << 16, 0u);
        sim_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_dma_wrote_is_seen_when_the_line_was_dropped),
        cmocka_unit_test(what_the_core_wrote_reaches_dma_when_the_line_was_cleaned),
        cmocka_unit_test(a_shared_line_loses),
        cmocka_unit_test(the_mpu_decides),
        cmocka_unit_test(off_and_in_dtcm_all_is_seen),
        cmocka_unit_test(a_reset_switches_it_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
