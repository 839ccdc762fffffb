/* Anything at all as a program: nothing crashes, and a run in one go comes to the same state
 * as single steps, in every register, flag, cycle and byte of RAM. */
#include "tests/cpu/fixture.h"

#include <stdio.h>

enum { PROGRAMS = 800, SLICES = 60, SKIPPER = FLASH + 0x3C0 };

static uint32_t seed = 20240607;

static uint32_t chance(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 17;
    seed ^= seed << 5;
    return seed;
}

/* Mostly things that decode; branches stay short so that loops and granule edges happen. */
static uint16_t halfword(void)
{
    uint32_t h = chance();
    switch (h >> 28) {
    case 0:
        return (uint16_t)(0xBF00u | (h & 0xFFu)); /* IT and hints */
    case 1:
        return (uint16_t)(0xD000u | (h & 0xF3Fu)); /* conditional branches, SVC, UDF */
    case 2:
        return (uint16_t)(0x6000u | (h & 0x1FFFu)); /* loads and stores */
    case 3:
        return (uint16_t)(0xF000u | (h & 0xFFFu));
    case 4:
        return (uint16_t)(0xE800u | (h & 0x7FFu));
    case 5:
        return (uint16_t)(0xB400u | (h & 0x9FFu)); /* push, pop */
    case 6:
        return (uint16_t)(0xB660u | (h & 0x17u)); /* cps */
    default:
        return (uint16_t)h;
    }
}

/* Steps over what faulted, so that a program gets further than its first fault:
 * ldr r0, [sp, #24]; adds r0, #2; str r0, [sp, #24]; movs r1, #1; lsls r1, r1, #24;
 * str r1, [sp, #28]; bx lr */
static const uint16_t skipper[] = { 0x9806, 0x3002, 0x9006, 0x2101, 0x0609, 0x9107, 0x4770 };

static void fill(rig *a, rig *b)
{
    memcpy(a->flash + (SKIPPER - FLASH), skipper, sizeof skipper);
    for (uint32_t at = 0x400; at < FLASH_BYTES; at += 2) {
        uint16_t h = halfword();
        memcpy(a->flash + at, &h, 2);
    }
    for (uint32_t at = 0; at < RAM_BYTES; at += 2) {
        uint16_t h = halfword();
        memcpy(a->ram + at, &h, 2);
    }
    for (unsigned n = 2; n < 16 + IRQS; n++) {
        uint32_t vector = (FLASH + 0x400 + (chance() & 0x1FFEu)) | 1u;
        if (n >= 3 && n <= 6)
            vector = SKIPPER | 1u;
        memcpy(a->flash + 4 * n, &vector, 4);
    }
    memcpy(b->flash, a->flash, FLASH_BYTES);
    memcpy(b->ram, a->ram, RAM_BYTES);
}

static void prepare(rig *r, const uint32_t *values)
{
    sim_code_invalidate(r->flash_code, 0, FLASH_BYTES);
    sim_code_invalidate(r->ram_code, 0, RAM_BYTES);
    memset(r->plain, 0, sizeof r->plain);
    sim_cpu_set_flash_timing(r->cpu, values[13] & 3u, values[13] & 4u, values[13] & 8u,
                             values[13] & 16u);
    rig_reset(r);
    for (unsigned n = 0; n < 13; n++)
        sim_cpu_set_reg(r->cpu, n, values[n]);
    rig_ppb_write(r, 0xE000E100u, 0xFFFFFFFFu);
    rig_ppb_write(r, 0xE000ED24u, values[14] & 7u << 16);
    rig_ppb_write(r, 0xE000ED14u, values[14] & 0x218u);
    rig_ppb_write(r, 0xE000E014u, values[15] & 0x1FFu);
    rig_ppb_write(r, 0xE000E010u, values[15] >> 16 & 7u);
    sim_cpu_set_reg(r->cpu, 15, values[14] & 1u ? RAM + 0x400 + (values[15] & 0x3FEu) : CODE);
}

static uint32_t operand(void)
{
    uint32_t v = chance();
    switch (v & 7u) {
    case 0:
        return DEV_PLAIN + (v >> 20 & 0xFCu);
    case 1:
        return FLASH + (v >> 16 & 0x3FFFu);
    case 2:
        return v;
    case 3:
        return v >> 27;
    case 4:
        return 0xE000E000u + (v >> 20 & 0xFFCu);
    default:
        return RAM + (v >> 16 & 0xFFFFu);
    }
}

static sim_cpu_stop step_until(sim_cpu *cpu, uint64_t deadline)
{
    while (sim_cpu_cycles(cpu) < deadline) {
        sim_cpu_stop why = sim_cpu_step(cpu);
        if (why != SIM_CPU_DEADLINE)
            return why;
    }
    return SIM_CPU_DEADLINE;
}

static void same(const rig *a, const rig *b, unsigned program)
{
    bool equal = sim_cpu_cycles(a->cpu) == sim_cpu_cycles(b->cpu) &&
                 sim_cpu_instructions(a->cpu) == sim_cpu_instructions(b->cpu) &&
                 sim_cpu_xpsr(a->cpu) == sim_cpu_xpsr(b->cpu) &&
                 memcmp(a->ram, b->ram, RAM_BYTES) == 0 &&
                 a->cpu->cfsr == b->cpu->cfsr && a->reads == b->reads && a->writes == b->writes;
    for (unsigned n = 0; n < 16; n++)
        equal = equal && sim_cpu_reg(a->cpu, n) == sim_cpu_reg(b->cpu, n);
    if (equal)
        return;
    for (unsigned n = 0; n < 16; n++)
        if (sim_cpu_reg(a->cpu, n) != sim_cpu_reg(b->cpu, n))
            print_message("r%u %08x %08x\n", n, (unsigned)sim_cpu_reg(a->cpu, n),
                          (unsigned)sim_cpu_reg(b->cpu, n));
    print_message("program %u: cycles %llu %llu, pc %08x %08x, psr %08x %08x\n", program,
                  (unsigned long long)sim_cpu_cycles(a->cpu),
                  (unsigned long long)sim_cpu_cycles(b->cpu), (unsigned)sim_cpu_pc(a->cpu),
                  (unsigned)sim_cpu_pc(b->cpu), (unsigned)sim_cpu_xpsr(a->cpu),
                  (unsigned)sim_cpu_xpsr(b->cpu));
    fail();
}

/* One program, in slices with interrupts between them; ends early where the core stops. */
static void one_program(rig *a, rig *b, unsigned program)
{
    uint32_t values[16];
    fill(a, b);
    for (unsigned n = 0; n < 16; n++)
        values[n] = n < 13 ? operand() : chance();
    prepare(a, values);
    prepare(b, values);
    for (unsigned slice = 0; slice < SLICES; slice++) {
        uint64_t deadline = sim_cpu_cycles(a->cpu) + 1 + chance() % 97;
        sim_cpu_stop run = sim_cpu_run(a->cpu, deadline);
        sim_cpu_stop stepped = step_until(b->cpu, deadline);
        same(a, b, program);
        assert_int_equal(run, stepped);
        if (run != SIM_CPU_DEADLINE && run != SIM_CPU_SLEEP)
            break;
        uint32_t irq = chance();
        sim_cpu_irq(a->cpu, irq & 31u, irq >> 8 & 1u);
        sim_cpu_irq(b->cpu, irq & 31u, irq >> 8 & 1u);
    }
    for (unsigned irq = 0; irq < 32; irq++) {
        sim_cpu_irq(a->cpu, irq, false);
        sim_cpu_irq(b->cpu, irq, false);
    }
}

static void runs_equal_steps(void **state)
{
    (void)state;
    rig *a = rig_new(), *b = rig_new();
    print_message("seed %u\n", (unsigned)seed);
    for (unsigned program = 0; program < PROGRAMS; program++)
        one_program(a, b, program);
    print_message("%llu instructions\n", (unsigned long long)sim_cpu_instructions(a->cpu));
    assert_true(sim_cpu_instructions(a->cpu) > 500000);
    rig_free(a);
    rig_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = { cmocka_unit_test(runs_equal_steps) };
    return cmocka_run_group_tests_name("cpu_random", tests, NULL, NULL);
}
