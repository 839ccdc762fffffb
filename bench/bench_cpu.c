/* Speed of the simulated core: million instructions per second of host time, for the kinds
 * of code that firmware is made of. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sim/cpu/cpu.h"

enum { RAM = 0x20000000, FLASH = 0x08000000, BYTES = 16384 };

typedef struct loop {
    const char *name;
    uint16_t code[16];
} loop;

static const loop loops[] = {
    /* movs r3,#0; 1: adds r0,#1; lsrs r2,r0,#1; eors r2,r3; lsrs r3,r2,#1; adds r0,r0,r3;
     * eors r3,r0; b 1b */
    { "ALU", { 0x2300, 0x1C40, 0x0842, 0x405A, 0x0853, 0x18C0, 0x4043, 0xE7F8 } },
    /* 1: ldrb r3,[r1],#1; eors r3,r0; uxtb r2,r3; ldr r2,[r6,r2,lsl #2]; eor r0,r2,r0,lsr #8;
     * subs r4,#1; bne 1b; movs r1,r6; movs r4,#128; b 1b */
    { "CRC by table",
      { 0xF811, 0x3B01, 0x4043, 0xB2DA, 0xF856, 0x2022, 0xEA82, 0x2010, 0x3C01, 0xD1F5, 0x0031,
        0x2480, 0xE7F2 } },
    /* 1: ldmia r1!,{r2,r3}; stmia r5!,{r2,r3}; subs r4,#1; bne 1b; movs r1,r6; movs r5,r7;
     * movs r4,#64; b 1b */
    { "copy by LDM and STM",
      { 0xC90C, 0xC50C, 0x3C01, 0xD1FB, 0x0031, 0x003D, 0x2440, 0xE7F7 } },
    /* 1: ldr r2,[r6,r4]; str r2,[r7,r4]; subs r4,#4; bpl 1b; movs r4,#248; b 1b */
    { "copy by words", { 0x5932, 0x513A, 0x1F24, 0xD5FB, 0x24F8, 0xE7F9 } },
    /* 1: ldr r0,[r8,#28]; lsls r0,r0,#24; bpl 1b */
    { "polling a register", { 0xF8D8, 0x001C, 0x0600, 0xD5FB } },
    /* 1: bl 2f; b 1b; 2: push {r4,lr}; adds r0,#1; pop {r4,pc} */
    { "calls", { 0xF000, 0xF801, 0xE7FC, 0xB510, 0x1C40, 0xBD10 } },
    /* movs r1,#1; 1: tst r0,r1; ite ne; addne r2,#1; addeq r3,#1; adds r0,#1; b 1b */
    { "IT blocks", { 0x2101, 0x4208, 0xBF14, 0x3201, 0x3301, 0x3001, 0xE7F9 } },
};

static sim_access bus_read(void *ctx, uint32_t address, unsigned size, sim_access_kind kind,
                           uint32_t *value)
{
    (void)ctx;
    (void)address;
    (void)size;
    (void)kind;
    *value = 0;
    return SIM_ACCESS_OK;
}

static sim_access bus_write(void *ctx, uint32_t address, unsigned size, uint32_t value)
{
    (void)ctx;
    (void)address;
    (void)size;
    (void)value;
    return SIM_ACCESS_OK;
}

/* Processor time: another job on the machine does not count. */
static double seconds(void)
{
    return (double)clock() / CLOCKS_PER_SEC;
}

static int measure(sim_cpu *cpu, uint8_t *flash, sim_code *code, const loop *l, uint64_t cycles)
{
    sim_code_invalidate(code, 0, BYTES);
    memcpy(flash + 8, l->code, sizeof l->code);
    sim_cpu_reset(cpu, FLASH, FLASH);
    for (unsigned r = 0; r < 13; r++)
        sim_cpu_set_reg(cpu, r, 0);
    sim_cpu_set_reg(cpu, 1, RAM + 0x1000);
    sim_cpu_set_reg(cpu, 4, 128);
    sim_cpu_set_reg(cpu, 5, RAM + 0x2000);
    sim_cpu_set_reg(cpu, 6, RAM + 0x1000);
    sim_cpu_set_reg(cpu, 7, RAM + 0x2000);
    sim_cpu_set_reg(cpu, 8, 0x40013800);
    uint64_t instructions = sim_cpu_instructions(cpu), start_cycles = sim_cpu_cycles(cpu);
    double start = seconds();
    sim_cpu_stop why = sim_cpu_run(cpu, start_cycles + cycles);
    double took = seconds() - start;
    if (why != SIM_CPU_DEADLINE) {
        fprintf(stderr, "%s: stopped (%d) at 0x%08X %s\n", l->name, (int)why,
                (unsigned)sim_cpu_pc(cpu), sim_cpu_stop_text(cpu));
        return 1;
    }
    instructions = sim_cpu_instructions(cpu) - instructions;
    printf("%-22s %7.1f MIPS  %5.2f cycles per instruction\n", l->name,
           (double)instructions / took * 1e-6,
           (double)(sim_cpu_cycles(cpu) - start_cycles) / (double)instructions);
    return 0;
}

int main(int argc, char **argv)
{
    static uint8_t flash[BYTES], ram[BYTES];
    static const uint32_t vectors[2] = { RAM + BYTES, FLASH + 9 };
    uint64_t cycles = argc > 1 ? strtoull(argv[1], NULL, 0) : 100000000u;
    sim_bus bus = { NULL, bus_read, bus_write };
    sim_cpu *cpu = sim_cpu_new(&(sim_cpu_config){ .irq_count = 102, .priority_bits = 4 }, &bus);
    sim_code *flash_code = sim_code_new(BYTES), *ram_code = sim_code_new(BYTES);
    int failed = 0;
    if (!cpu || !flash_code || !ram_code)
        return 1;
    memcpy(flash, vectors, sizeof vectors);
    sim_cpu_map(cpu, FLASH, BYTES, flash, flash_code, SIM_MAP_READ | SIM_MAP_EXEC | SIM_MAP_FLASH);
    sim_cpu_map(cpu, RAM, BYTES, ram, ram_code, SIM_MAP_READ | SIM_MAP_WRITE | SIM_MAP_EXEC);
    for (size_t k = 0; k < sizeof loops / sizeof loops[0]; k++)
        failed |= measure(cpu, flash, flash_code, &loops[k], cycles);
    sim_code_free(flash_code);
    sim_code_free(ram_code);
    sim_cpu_free(cpu);
    return failed;
}
