/* The STM32G474: its peripherals, in the order in which resets reach them. */
#include <stdlib.h>

#include "sim/periph/part.h"
#include "sim/periph/periph.h"

typedef struct allocation {
    struct allocation *next;
    max_align_t data[];
} allocation;

void *sim_part_alloc(sim_part *part, size_t bytes)
{
    allocation *a = calloc(1, sizeof *a + bytes);
    if (a == NULL) {
        abort();
    }
    a->next = part->allocations;
    part->allocations = a;
    return a->data;
}

void sim_part_irq(sim_part *part, unsigned irq, unsigned source, bool level)
{
    uint8_t before = part->irq_sources[irq];
    uint8_t after = (uint8_t)(level ? before | 1u << source : before & ~(1u << source));
    part->irq_sources[irq] = after;
    if ((before != 0u) != (after != 0u)) {
        sim_irq(part->m, irq, after != 0u);
    }
}

/* floor(n * 10^12 / hz) in 64 bits: hz < 10^13, as 512 times a core clock is. */
sim_ps sim_periods(uint64_t n, uint64_t hz)
{
    const uint64_t million = 1000000u;
    uint64_t seconds = n / hz, rest = n % hz;
    uint64_t us = rest * million / hz, part = rest * million % hz;
    return seconds * SIM_PS_PER_S + us * million + part * million / hz;
}

uint64_t sim_periods_in(sim_ps time, uint64_t hz)
{
    const uint64_t million = 1000000u;
    uint64_t seconds = time / SIM_PS_PER_S, rest = time % SIM_PS_PER_S;
    uint64_t high = rest / million * hz, low = rest % million * hz;
    return seconds * hz + (high + low / million) / million;
}

static void destroy(sim_part *part)
{
    allocation *a = part->allocations;
    while (a != NULL) {
        allocation *next = a->next;
        free(a);
        a = next;
    }
    free(part);
}

void sim_part_g4_build(sim_machine *m)
{
    sim_part *part = calloc(1, sizeof *part);
    if (part == NULL) {
        abort();
    }
    part->m = m;
    sim_set_part(m, part, destroy);
    sim_flash_g4_new(m);
    sim_rcc_g4_new(part);
    sim_pwr_g4_new(part);
    sim_rtc_g4_new(part);
    sim_syscfg_g4_new(part);
    sim_dma_g4_new(part);
    sim_gpio_new(part);
    sim_exti_g4_new(part);
    sim_uarts_g4_new(part);
    sim_crc_new(part);
    sim_iwdg_new(part);
    sim_wwdg_new(part);
    sim_tim_g4_new(part);
    sim_crs_new(part);
    sim_rng_new(part);
    sim_dbgmcu_g4_new(part);
}

const sim_family sim_family_g47x = {
    .family = TB_FAMILY_G4,
    .device_id = 0x469,
    .core = {.irq_count = SIM_PART_IRQS, .priority_bits = 4u, .cpuid = 0x410FC241u /* M4 r0p1 */},
    .rams = {{0x20000000u, SIM_NO_ADDRESS, 0x18000u}, /* SRAM1 80 KB and SRAM2 16 KB */
             {0x10000000u, 0x20018000u, 0x8000u}},    /* CCM SRAM */
    .flash = {{0x08000000u, 0x08000000u}, {0x1FFF0000u, 0x10000u}},
    .alias_at_0 = true,
    .system_base = 0x1FFF0000u,
    .rom_uses_bytes = 0x4000u, /* AN2606 */
    .cleared_ram = 1u,
    .cleared_optr_bit = 25u, /* CCMSRAM_RST */
    .bit_band = true,
    .names = sim_names_g4,
    .build = sim_part_g4_build,
};
