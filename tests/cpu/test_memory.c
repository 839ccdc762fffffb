/* Memory: mapping, self-modifying code, the slow path, bit-banding, MPU, PPB access. */
#include "tests/cpu/fixture.h"

#include "sim/cpu/internal.h"

enum { NOP = 0xBF00, LOOP = 0xE7FE, LDR_R0_R1 = 0x6808, STR_R0_R1 = 0x6008 };
#define SHCSR 0xE000ED24u
#define CFSR 0xE000ED28u

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

static void load(rig *r, uint32_t address)
{
    PUT(r, CODE, LDR_R0_R1);
    sim_cpu_set_reg(r->cpu, 1, address);
    sim_cpu_set_reg(r->cpu, 15, CODE);
    rig_steps(r, 1);
}

static void store(rig *r, uint32_t address, uint32_t value)
{
    PUT(r, CODE, STR_R0_R1);
    sim_cpu_set_reg(r->cpu, 0, value);
    sim_cpu_set_reg(r->cpu, 1, address);
    sim_cpu_set_reg(r->cpu, 15, CODE);
    rig_steps(r, 1);
}

static void unaligned_over_an_edge(void **state)
{
    rig *r = *state;
    for (uint32_t at = RAM + 0x3FD; at < RAM + 0x400; at++) {
        store(r, at, 0xA1B2C3D4u);
        load(r, at);
        assert_reg(r, 0, 0xA1B2C3D4u);
        assert_int_equal(r->ram[at - RAM + 3], 0xA1);
    }
    sim_cpu_unmap(r->cpu, RAM + 0x400, 1024);
    rig_ppb_write(r, SHCSR, 7u << 16);
    PUT(r, CODE, LDR_R0_R1);
    sim_cpu_set_reg(r->cpu, 1, RAM + 0x3FE);
    sim_cpu_set_reg(r->cpu, 15, CODE);
    rig_steps(r, 2);
    assert_pc(r, handler(5)); /* the second half is where nothing is */
    assert_int_equal(rig_ppb_read(r, 0xE000ED38u), RAM + 0x400);
}

static void unaligned_on_the_bus_is_split(void **state)
{
    rig *r = *state;
    r->plain[0] = 0x33221100;
    r->plain[1] = 0x77665544;
    load(r, DEV_PLAIN + 1);
    assert_reg(r, 0, 0x44332211);
    assert_int_equal(r->reads, 3); /* byte, halfword, byte */
    load(r, DEV_PLAIN + 2);
    assert_reg(r, 0, 0x55443322);
    assert_int_equal(r->reads, 5);
}

static void code_in_ram_may_be_rewritten(void **state)
{
    rig *r = *state;
    /* RAM: movs r2, #1; b .  ; then the store in flash makes it movs r2, #2 */
    PUT(r, RAM + 0x100, 0x2201, LOOP);
    sim_cpu_set_reg(r->cpu, 15, RAM + 0x100);
    sim_cpu_run(r->cpu, 20);
    assert_reg(r, 2, 1);
    store(r, RAM + 0x100, (uint32_t)LOOP << 16 | 0x2202);
    sim_cpu_set_reg(r->cpu, 15, RAM + 0x100);
    sim_cpu_run(r->cpu, sim_cpu_cycles(r->cpu) + 20);
    assert_reg(r, 2, 2);
}

static void code_rewrites_the_next_instruction(void **state)
{
    rig *r = *state;
    /* strh r0, [r1]; movs r2, #1 (to become movs r2, #9); b back once: loop of two rounds */
    PUT(r, RAM + 0x200, 0x2201, 0x8008, 0xE7FC);
    sim_cpu_set_reg(r->cpu, 0, 0x2209);
    sim_cpu_set_reg(r->cpu, 1, RAM + 0x200);
    sim_cpu_set_reg(r->cpu, 15, RAM + 0x200);
    sim_cpu_run(r->cpu, 50);
    assert_reg(r, 2, 9);
}

static void second_half_may_be_rewritten(void **state)
{
    rig *r = *state;
    /* movw r2, #0x11 that lies across a granule, a 256-byte block, and nothing at all */
    static const uint32_t places[] = { RAM + 0x3FE, RAM + 0x8FE, RAM + 0x602 };
    for (size_t k = 0; k < 3; k++) {
        PUT(r, places[k], 0xF240, 0x2211, LOOP);
        sim_cpu_set_reg(r->cpu, 15, places[k]);
        rig_steps(r, 1); /* no more, so that nothing after it is decoded */
        assert_reg(r, 2, 0x211);
        PUT(r, CODE, 0x8008); /* strh r0, [r1] */
        sim_cpu_set_reg(r->cpu, 0, 0x2222);
        sim_cpu_set_reg(r->cpu, 1, places[k] + 2);
        sim_cpu_set_reg(r->cpu, 15, CODE);
        rig_steps(r, 1);
        sim_cpu_set_reg(r->cpu, 15, places[k]);
        sim_cpu_run(r->cpu, sim_cpu_cycles(r->cpu) + 20);
        assert_reg(r, 2, 0x222);
    }
}

static void records_belong_to_memory_not_addresses(void **state)
{
    rig *r = *state;
    /* The same RAM at a second address: code decoded through one, stored through the other. */
    sim_cpu_map(r->cpu, 0x10000000, RAM_BYTES, r->ram, r->ram_code,
                SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC);
    PUT(r, RAM + 0x100, 0x2201, LOOP);
    sim_cpu_set_reg(r->cpu, 15, RAM + 0x100);
    sim_cpu_run(r->cpu, 20);
    store(r, 0x10000100, (uint32_t)LOOP << 16 | 0x2207);
    sim_cpu_set_reg(r->cpu, 15, RAM + 0x100);
    sim_cpu_run(r->cpu, sim_cpu_cycles(r->cpu) + 20);
    assert_reg(r, 2, 7);
}

static void remap_takes_effect_at_once(void **state)
{
    rig *r = *state;
    PUT(r, CODE, STR_R0_R1, 0x2201, LOOP);
    memcpy(r->other + 0x400, (const uint16_t[]){ 0, 0x2202, LOOP }, 6);
    sim_cpu_set_reg(r->cpu, 1, DEV_REMAP);
    sim_cpu_run(r->cpu, 50);
    assert_reg(r, 2, 2);
    sim_cpu_map(r->cpu, FLASH, FLASH_BYTES, r->flash, r->flash_code,
                SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    sim_cpu_set_reg(r->cpu, 15, CODE + 2);
    sim_cpu_run(r->cpu, 100);
    assert_reg(r, 2, 1); /* and back, with nothing decoded again */
}

static void straddling_instruction_sees_a_remap(void **state)
{
    rig *r = *state;
    PUT(r, FLASH + 0x7FE, 0xF240, 0x2211, LOOP); /* movw r2, #0x211 over the granule's edge */
    sim_cpu_set_reg(r->cpu, 15, FLASH + 0x7FE);
    sim_cpu_run(r->cpu, 20);
    assert_reg(r, 2, 0x211);
    memcpy(r->other + 0x800, (const uint16_t[]){ 0x2233, LOOP }, 4);
    sim_cpu_map(r->cpu, FLASH + 0x800, 1024, r->other + 0x800, sim_code_at(r->other_code, 0x800),
                SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    sim_cpu_set_reg(r->cpu, 15, FLASH + 0x7FE);
    sim_cpu_run(r->cpu, 50);
    assert_reg(r, 2, 0x233);
}

static void unmapped_flash_runs_through_the_bus(void **state)
{
    rig *r = *state;
    /* movs r2, #5; movw r3, #0x211; loop: subs r2, #1; bne loop; b . */
    PUT(r, SLOW_FLASH, 0x2205, 0xF240, 0x2311, 0x3A01, 0xD1FD, LOOP);
    sim_cpu_set_reg(r->cpu, 15, SLOW_FLASH);
    sim_cpu_run(r->cpu, 100);
    assert_pc(r, SLOW_FLASH + 10);
    assert_reg(r, 2, 0);
    assert_reg(r, 3, 0x211);
    assert_true(r->fetches > 12);
}

static void bit_banding(void **state)
{
    rig *r = *state;
    rig_set_word(r, RAM + 0x44, 0);
    store(r, 0x22000000 + 0x45 * 32 + 3 * 4, 1);
    assert_int_equal(rig_word(r, RAM + 0x44), 1u << 11);
    load(r, 0x22000000 + 0x45 * 32 + 3 * 4);
    assert_reg(r, 0, 1);
    load(r, 0x22000000 + 0x45 * 32 + 4 * 4);
    assert_reg(r, 0, 0);
    r->plain[2] = 0xFFFFFFFFu;
    store(r, 0x42000000 + 8 * 32 + 17 * 4, 0xFE);
    assert_int_equal(r->plain[2], ~(1u << 17));
    assert_int_equal(r->last_size, 4);
    assert_int_equal(r->last_address, DEV_PLAIN + 8);
}

static void ppb_by_bytes_and_unknown(void **state)
{
    rig *r = *state;
    PUT(r, CODE, 0x7008, 0x7848, NOP); /* strb r0, [r1]; ldrb r0, [r1, #1] */
    sim_cpu_set_reg(r->cpu, 0, 0xAB);
    sim_cpu_set_reg(r->cpu, 1, 0xE000E402u); /* priority of interrupt 2 */
    rig_steps(r, 2);
    assert_int_equal(r->cpu->priority[18], 0xA0);
    assert_int_equal(rig_ppb_read(r, 0xE000E400u), 0xA00000);
    rig_ppb_write(r, SHCSR, 7u << 16);
    PUT(r, CODE, LDR_R0_R1);
    sim_cpu_set_reg(r->cpu, 1, 0xE0042000u); /* DBGMCU is the bus's to answer */
    sim_cpu_set_reg(r->cpu, 15, CODE);
    rig_steps(r, 1);
    assert_int_equal(r->last_address, 0xE0042000u);
}

static void scb_registers(void **state)
{
    rig *r = *state;
    assert_int_equal(rig_ppb_read(r, 0xE000ED00u), 0x410FC241u);
    assert_int_equal(rig_ppb_read(r, 0xE000ED14u), 0x200);
    rig_ppb_write(r, 0xE000ED08u, 0x08008455u);
    assert_int_equal(rig_ppb_read(r, 0xE000ED08u), 0x08008400u);
    rig_ppb_write(r, 0xE000ED20u, 0xFFFFFFFFu);
    assert_int_equal(rig_ppb_read(r, 0xE000ED20u), 0xF0F000F0u);
    rig_ppb_write(r, 0xE000ED88u, 0xFFFFFFFFu);
    assert_int_equal(rig_ppb_read(r, 0xE000ED88u), 0x00F00000u);
    assert_int_equal(rig_ppb_read(r, 0xE0000E80u), 0); /* ITM_TCR */
    rig_ppb_write(r, 0xE0000000u, 'x');
    PUT(r, CODE, STR_R0_R1);
    sim_cpu_set_reg(r->cpu, 0, 0x05FA0004u);
    sim_cpu_set_reg(r->cpu, 1, 0xE000ED0Cu);
    assert_int_equal(sim_cpu_run(r->cpu, 100), SIM_CPU_RESET_REQUEST);
}

static void exclusives(void **state)
{
    rig *r = *state;
    /* ldrex r0,[r1]; strex r2,r3,[r1]; strex r4,r3,[r1]; ldrexb r0,[r1]; clrex;
     * strexb r5,r3,[r1] */
    PUT(r, CODE, 0xE851, 0x0F00, 0xE841, 0x3200, 0xE841, 0x3400, 0xE8D1, 0x0F4F, 0xF3BF, 0x8F2F,
        0xE8C1, 0x3F45);
    rig_set_word(r, RAM, 0x55);
    sim_cpu_set_reg(r->cpu, 1, RAM);
    sim_cpu_set_reg(r->cpu, 3, 0x77);
    sim_cpu_set_reg(r->cpu, 2, 9);
    rig_steps(r, 6);
    assert_reg(r, 0, 0x77);
    assert_reg(r, 2, 0);
    assert_reg(r, 4, 1);
    assert_reg(r, 5, 1);
    assert_int_equal(rig_word(r, RAM), 0x77);
}

static void mpu_region(rig *r, unsigned n, uint32_t base, uint32_t rasr)
{
    rig_ppb_write(r, 0xE000ED98u, n);
    rig_ppb_write(r, 0xE000ED9Cu, base);
    rig_ppb_write(r, 0xE000EDA0u, rasr);
}

static void mpu_enforces(void **state)
{
    rig *r = *state;
    assert_int_equal(rig_ppb_read(r, 0xE000ED90u), 0x800);
    rig_ppb_write(r, SHCSR, 7u << 16);
    /* 256 bytes of RAM, read-only, execute never, sub-region 7 left out; PRIVDEFENA. */
    mpu_region(r, 2, RAM + 0x1000, 6u << 24 | 1u << 28 | 0x80u << 8 | 7u << 1 | 1u);
    rig_ppb_write(r, 0xE000ED94u, 5);
    load(r, RAM + 0x1000);
    store(r, RAM + 0x10E0, 1);
    store(r, RAM + 0x1100, 1);
    assert_int_equal(rig_word(r, RAM + 0x10E0), 1);
    PUT(r, CODE, STR_R0_R1);
    sim_cpu_set_reg(r->cpu, 1, RAM + 0x10DC);
    sim_cpu_set_reg(r->cpu, 15, CODE);
    rig_steps(r, 2);
    assert_pc(r, handler(4));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_DACCVIOL | CFSR_MMARVALID);
    assert_int_equal(rig_ppb_read(r, 0xE000ED34u), RAM + 0x10DC);
    assert_int_equal(rig_word(r, RAM + 0x10DC), 0);
}

static void mpu_execute_never_and_background(void **state)
{
    rig *r = *state;
    rig_ppb_write(r, SHCSR, 7u << 16);
    mpu_region(r, 0, RAM, 3u << 24 | 1u << 28 | 15u << 1 | 1u); /* RAM: all access, never code */
    mpu_region(r, 1, FLASH, 6u << 24 | 19u << 1 | 1u);
    rig_ppb_write(r, 0xE000ED94u, 1);
    PUT(r, CODE, 0x4700); /* bx r0 */
    sim_cpu_set_reg(r->cpu, 0, RAM | 1);
    rig_steps(r, 3);
    assert_pc(r, handler(4));
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_IACCVIOL);
    rig_steps(r, 1);
    rig_ppb_write(r, CFSR, 0xFFFFFFFFu);
    PUT(r, CODE, LDR_R0_R1); /* no region, no PRIVDEFENA */
    sim_cpu_set_reg(r->cpu, 1, DEV_PLAIN);
    sim_cpu_set_reg(r->cpu, 15, CODE);
    rig_steps(r, 2);
    assert_int_equal(rig_ppb_read(r, CFSR), CFSR_DACCVIOL | CFSR_MMARVALID);
    rig_ppb_write(r, 0xE000ED94u, 0);
    load(r, DEV_PLAIN);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(unaligned_over_an_edge), T(unaligned_on_the_bus_is_split),
        T(code_in_ram_may_be_rewritten), T(code_rewrites_the_next_instruction),
        T(second_half_may_be_rewritten), T(records_belong_to_memory_not_addresses),
        T(remap_takes_effect_at_once), T(straddling_instruction_sees_a_remap),
        T(unmapped_flash_runs_through_the_bus), T(bit_banding), T(ppb_by_bytes_and_unknown),
        T(scb_registers), T(exclusives), T(mpu_enforces), T(mpu_execute_never_and_background),
    };
    return cmocka_run_group_tests_name("cpu_memory", tests, NULL, NULL);
}
