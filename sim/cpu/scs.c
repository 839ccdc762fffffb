/* System control space: NVIC, SCB, debug registers; and the DWT cycle counter. */
#include "sim/cpu/internal.h"

enum { VECTKEY = 0x05FA0000u, AIRCR_READ_KEY = 0xFA050000u };
#define CYCCNTENA 1u
#define DEMCR_TRCENA (1u << 24)

void sim_scs_reset(sim_cpu *cpu)
{
    cpu->aircr_prigroup = 0;
    cpu->scr = 0;
    cpu->ccr = cpu->core->ccr_reset;
    sim_icache_changed(cpu);
    cpu->cfsr = cpu->hfsr = cpu->dfsr = cpu->mmfar = cpu->bfar = cpu->afsr = 0;
    cpu->actlr = cpu->cpacr = 0;
    cpu->fpccr = 0xC0000000u;
    cpu->fpcar = cpu->fpdscr = cpu->csselr = 0;
    cpu->demcr = 0;
    cpu->dwt_ctrl = 0;
    cpu->dwt_held = 0;
    sim_mpu_reset(cpu);
    sim_tick_reset(cpu);
}

static bool dwt_counts(const sim_cpu *cpu)
{
    return (cpu->demcr & DEMCR_TRCENA) && (cpu->dwt_ctrl & CYCCNTENA);
}

static uint32_t dwt_count(const sim_cpu *cpu)
{
    return dwt_counts(cpu) ? (uint32_t)(cpu->cycles - cpu->dwt_base) : cpu->dwt_held;
}

/* Changes what decides whether the counter runs, without losing its value. */
static void dwt_change(sim_cpu *cpu, uint32_t *field, uint32_t value)
{
    uint32_t count = dwt_count(cpu);
    *field = value;
    cpu->dwt_held = count;
    cpu->dwt_base = cpu->cycles - count;
}

/* ---- NVIC ------------------------------------------------------------------------- */

/* Bits 32 * index and up of an exception bitmap, counted in interrupts. */
static uint32_t irq_word(const uint32_t *words, unsigned index)
{
    uint32_t low = words[index] >> 16;
    return index + 1u < SIM_EXCEPTION_WORDS ? low | words[index + 1u] << 16 : low;
}

static bool nvic_read(const sim_cpu *cpu, uint32_t offset, uint32_t *value)
{
    unsigned index = (offset & 0x7Fu) / 4u;
    *value = 0;
    if (offset >= 0x400u && offset < 0x4F0u) {
        for (unsigned k = 0; k < 4; k++) {
            unsigned n = SIM_EXC_IRQ0 + offset - 0x400u + k;
            if (n < cpu->exceptions)
                *value |= (uint32_t)cpu->priority[n] << (8u * k);
        }
        return true;
    }
    if (offset >= 0x380u && offset < 0x400u)
        return cpu->core->v8m; /* ITNS: reads 0 */
    if (offset < 0x100u || offset >= 0x380u)
        return false;
    if (index >= SIM_EXCEPTION_WORDS)
        return true;
    switch (offset >> 7) {
    case 2: /* ISER */
    case 3: /* ICER */
        *value = irq_word(cpu->enabled, index);
        break;
    case 4: /* ISPR */
    case 5: /* ICPR */
        *value = irq_word(cpu->pending, index);
        break;
    case 6: /* IABR */
        *value = irq_word(cpu->active, index);
        break;
    default:
        break;
    }
    return true;
}

static void nvic_bits(sim_cpu *cpu, unsigned group, unsigned first, uint32_t bits)
{
    for (uint32_t left = bits; left; left &= left - 1u) {
        unsigned n = first + (unsigned)__builtin_ctz(left);
        if (n >= cpu->exceptions)
            return;
        if (group == 2)
            sim_put_bit(cpu->enabled, n, true);
        else if (group == 3)
            sim_put_bit(cpu->enabled, n, false);
        else if (group == 4)
            sim_pend(cpu, n);
        else if (!sim_bit(cpu->level, n) || sim_bit(cpu->active, n))
            sim_put_bit(cpu->pending, n, false); /* a line still high stays pending */
    }
}

static bool nvic_write(sim_cpu *cpu, uint32_t offset, uint32_t value, uint32_t lanes)
{
    unsigned index = (offset & 0x7Fu) / 4u;
    sim_attention(cpu);
    if (offset >= 0x400u && offset < 0x4F0u) {
        for (unsigned k = 0; k < 4; k++) {
            unsigned n = SIM_EXC_IRQ0 + offset - 0x400u + k;
            if (n < cpu->exceptions && (lanes >> (8u * k) & 1u))
                cpu->priority[n] = (uint8_t)(value >> (8u * k) & cpu->priority_mask);
        }
        return true;
    }
    if (offset >= 0x380u && offset < 0x400u)
        return cpu->core->v8m;
    if (offset < 0x100u || offset >= 0x380u)
        return false;
    unsigned group = offset >> 7;
    if (group != 6 && index < SIM_EXCEPTION_WORDS)
        nvic_bits(cpu, group, SIM_EXC_IRQ0 + 32u * index, value & lanes);
    return true;
}

/* ---- SCB -------------------------------------------------------------------------- */

static uint32_t icsr_read(const sim_cpu *cpu)
{
    int priority;
    unsigned pending = sim_best_pending(cpu, &priority), active = 0;
    uint32_t value = cpu->ipsr | pending << 12;
    for (unsigned w = 0; w < SIM_EXCEPTION_WORDS; w++)
        active += (unsigned)__builtin_popcount(cpu->active[w]);
    if (active <= 1)
        value |= 1u << 11; /* RETTOBASE */
    for (unsigned n = SIM_EXC_IRQ0; n < cpu->exceptions; n++)
        if (sim_bit(cpu->pending, n))
            value |= 1u << 22; /* ISRPENDING */
    value |= sim_bit(cpu->pending, SIM_EXC_SYSTICK) ? 1u << 26 : 0;
    value |= sim_bit(cpu->pending, SIM_EXC_PENDSV) ? 1u << 28 : 0;
    value |= sim_bit(cpu->pending, SIM_EXC_NMI) ? 1u << 31 : 0;
    return value;
}

static void icsr_write(sim_cpu *cpu, uint32_t value)
{
    if (value >> 31)
        sim_pend(cpu, SIM_EXC_NMI);
    else if (cpu->core->v8m && (value >> 30 & 1u))
        sim_put_bit(cpu->pending, SIM_EXC_NMI, false);
    if (value >> 28 & 1u)
        sim_pend(cpu, SIM_EXC_PENDSV);
    else if (value >> 27 & 1u)
        sim_put_bit(cpu->pending, SIM_EXC_PENDSV, false);
    if (value >> 26 & 1u)
        sim_pend(cpu, SIM_EXC_SYSTICK);
    else if (value >> 25 & 1u)
        sim_put_bit(cpu->pending, SIM_EXC_SYSTICK, false);
}

/* SHCSR: bit, exception, and which of the three states the bit shows. */
static const struct shcsr_bit {
    uint8_t bit, exception, state; /* state: 0 active, 1 pending, 2 enabled */
} shcsr_bits[] = {
    { 0, SIM_EXC_MEMMANAGE, 0 },   { 1, SIM_EXC_BUSFAULT, 0 },  { 3, SIM_EXC_USAGEFAULT, 0 },
    { 7, SIM_EXC_SVCALL, 0 },      { 8, SIM_EXC_DEBUGMON, 0 },  { 10, SIM_EXC_PENDSV, 0 },
    { 11, SIM_EXC_SYSTICK, 0 },    { 12, SIM_EXC_USAGEFAULT, 1 }, { 13, SIM_EXC_MEMMANAGE, 1 },
    { 14, SIM_EXC_BUSFAULT, 1 },   { 15, SIM_EXC_SVCALL, 1 },   { 16, SIM_EXC_MEMMANAGE, 2 },
    { 17, SIM_EXC_BUSFAULT, 2 },   { 18, SIM_EXC_USAGEFAULT, 2 },
};

static uint32_t *shcsr_words(sim_cpu *cpu, unsigned state)
{
    return state == 0 ? cpu->active : state == 1 ? cpu->pending : cpu->enabled;
}

static uint32_t shcsr_read(sim_cpu *cpu)
{
    uint32_t value = 0;
    for (size_t k = 0; k < sizeof shcsr_bits / sizeof shcsr_bits[0]; k++) {
        const struct shcsr_bit *b = &shcsr_bits[k];
        value |= (uint32_t)sim_bit(shcsr_words(cpu, b->state), b->exception) << b->bit;
    }
    return value;
}

/* ARMv8-M shows HardFault and NMI too; only the pending bit can be written. */
static uint32_t shcsr_read_v8(const sim_cpu *cpu)
{
    return (uint32_t)sim_bit(cpu->active, SIM_EXC_HARDFAULT) << 2 |
           (uint32_t)sim_bit(cpu->active, SIM_EXC_NMI) << 5 |
           (uint32_t)sim_bit(cpu->pending, SIM_EXC_HARDFAULT) << 21;
}

static void shcsr_write(sim_cpu *cpu, uint32_t value)
{
    if (cpu->core->v8m)
        sim_put_bit(cpu->pending, SIM_EXC_HARDFAULT, value >> 21 & 1u);
    for (size_t k = 0; k < sizeof shcsr_bits / sizeof shcsr_bits[0]; k++) {
        const struct shcsr_bit *b = &shcsr_bits[k];
        sim_put_bit(shcsr_words(cpu, b->state), b->exception, value >> b->bit & 1u);
    }
}

static uint32_t shpr_read(const sim_cpu *cpu, uint32_t address)
{
    uint32_t value = 0;
    for (unsigned k = 0; k < 4; k++)
        value |= (uint32_t)cpu->priority[address - 0xE000ED18u + 4u + k] << (8u * k);
    return value;
}

static void shpr_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    for (unsigned k = 0; k < 4; k++) {
        unsigned n = address - 0xE000ED18u + 4u + k;
        bool exists = n == SIM_EXC_MEMMANAGE || n == SIM_EXC_BUSFAULT || n == SIM_EXC_USAGEFAULT ||
                      n == SIM_EXC_SVCALL || n == SIM_EXC_DEBUGMON || n == SIM_EXC_PENDSV ||
                      n == SIM_EXC_SYSTICK;
        if (exists && (lanes >> (8u * k) & 1u))
            cpu->priority[n] = (uint8_t)(value >> (8u * k) & cpu->priority_mask);
    }
}

static void aircr_write(sim_cpu *cpu, uint32_t value)
{
    if ((value & 0xFFFF0000u) != VECTKEY)
        return;
    cpu->aircr_prigroup = value >> 8 & 7u;
    if (value & (cpu->core->v8m ? 4u : 5u)) /* SYSRESETREQ, VECTRESET */
        sim_stop_run(cpu, SIM_CPU_RESET_REQUEST);
}

/* Registers that hold what was written. */
static uint32_t *plain_register(sim_cpu *cpu, uint32_t address, uint32_t *writable)
{
    *writable = 0xFFFFFFFFu;
    switch (address) {
    case 0xE000E008u:
        *writable = cpu->core->actlr_bits;
        return &cpu->actlr;
    case 0xE000ED08u:
        *writable = 0xFFFFFF80u;
        return &cpu->vtor;
    case 0xE000ED10u:
        *writable = 0x16u;
        return &cpu->scr;
    case 0xE000ED14u:
        *writable = cpu->core->ccr_bits;
        return &cpu->ccr;
    case 0xE000ED34u:
        return &cpu->mmfar;
    case 0xE000ED38u:
        return &cpu->bfar;
    case 0xE000ED3Cu:
        return &cpu->afsr;
    case 0xE000ED88u:
        *writable = 0x00F00000u;
        return &cpu->cpacr;
    case 0xE000EF34u:
        *writable = cpu->core->v8m ? 0xD000077Bu : 0xC000017Bu;
        return &cpu->fpccr;
    case 0xE000EF38u:
        *writable = 0xFFFFFFF8u;
        return &cpu->fpcar;
    case 0xE000EF3Cu:
        *writable = 0x07C00000u;
        return &cpu->fpdscr;
    default:
        return NULL;
    }
}

static bool is_cache(uint32_t address)
{
    return (address >= 0xE000ED78u && address <= 0xE000ED84u) ||
           (address >= 0xE000EF50u && address <= 0xE000EFBCu);
}

/* CPPWR, NSACR: of a security or power control that is not there. */
static bool is_v8_zero(uint32_t address)
{
    return address == 0xE000E00Cu || address == 0xE000ED8Cu;
}

/* Cache identification and maintenance of the Cortex-M7 (TRM 3.3, 4.3): 16 KB each, as on
 * the STM32H7. What is in the data cache is the bus's affair; there are no other contents. */
static bool cache_read(const sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    if (cpu->core->v8m) { /* always there; without caches only CTR says something */
        *value = address == 0xE000ED7Cu ? 0x8000C000u : 0;
        return is_cache(address) || is_v8_zero(address);
    }
    if (!cpu->core->caches)
        return false;
    switch (address) {
    case 0xE000ED78u: /* CLIDR */
        *value = 0x09000003u;
        return true;
    case 0xE000ED7Cu: /* CTR */
        *value = 0x8303C003u;
        return true;
    case 0xE000ED80u: /* CCSIDR: 128 sets of 4 ways of data, 256 of 2 of instructions */
        *value = cpu->csselr & 1u ? 0xF01FE009u : 0xF00FE019u;
        return true;
    case 0xE000ED84u:
        *value = cpu->csselr;
        return true;
    default: /* write-only operations; TCM, AHBP and error registers with nothing to say */
        *value = 0;
        return is_cache(address);
    }
}

static void tell_cache(sim_cpu *cpu, uint32_t address, uint32_t value)
{
    if (cpu->core->caches && cpu->cache_hook)
        cpu->cache_hook(cpu->cache_ctx, address, value);
}

void sim_cpu_set_cache_hook(sim_cpu *cpu, sim_cpu_cache_hook hook, void *ctx)
{
    cpu->cache_hook = hook;
    cpu->cache_ctx = ctx;
}

static bool cache_write(sim_cpu *cpu, uint32_t address, uint32_t value)
{
    if (cpu->core->v8m)
        return is_cache(address) || is_v8_zero(address);
    if (!cpu->core->caches)
        return false;
    if (address == 0xE000ED84u)
        cpu->csselr = value & 0xFu;
    else if (is_cache(address))
        tell_cache(cpu, address, value);
    return is_cache(address);
}

static bool scb_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    uint32_t writable;
    uint32_t *plain = plain_register(cpu, address, &writable);
    if (plain) {
        *value = *plain;
        return true;
    }
    if (address >= 0xE000ED40u && address < 0xE000ED74u) {
        *value = cpu->core->features[(address - 0xE000ED40u) / 4u];
        return true;
    }
    switch (address) {
    case 0xE000E004u: /* ICTR */
        *value = (cpu->config.irq_count + 31u) / 32u - 1u;
        return true;
    case 0xE000ED00u:
        *value = cpu->config.cpuid;
        return true;
    case 0xE000ED04u:
        sim_tick_sync(cpu);
        *value = icsr_read(cpu);
        return true;
    case 0xE000ED0Cu:
        *value = AIRCR_READ_KEY | cpu->aircr_prigroup << 8;
        return true;
    case 0xE000ED18u:
    case 0xE000ED1Cu:
    case 0xE000ED20u:
        *value = shpr_read(cpu, address);
        return true;
    case 0xE000ED24u:
        *value = shcsr_read(cpu) | (cpu->core->v8m ? shcsr_read_v8(cpu) : 0);
        return true;
    case 0xE000ED28u:
        *value = cpu->cfsr;
        return true;
    case 0xE000ED2Cu:
        *value = cpu->hfsr;
        return true;
    case 0xE000ED30u:
        *value = cpu->dfsr;
        return true;
    case 0xE000EDF0u: /* DHCSR: no debugger */
    case 0xE000EDF4u:
    case 0xE000EDF8u:
    case 0xE000EF00u:
        *value = 0;
        return true;
    case 0xE000EDFCu:
        *value = cpu->demcr;
        return true;
    case 0xE000EF40u: /* MVFR0-2 */
    case 0xE000EF44u:
    case 0xE000EF48u:
        *value = cpu->core->mvfr[(address - 0xE000EF40u) / 4u];
        return true;
    default:
        return sim_mpu_read(cpu, address, value) || cache_read(cpu, address, value);
    }
}

static bool scb_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    uint32_t writable;
    uint32_t *plain = plain_register(cpu, address, &writable);
    if (plain) {
        writable &= lanes;
        *plain = (*plain & ~writable) | (value & writable);
        if (plain == &cpu->ccr)
            tell_cache(cpu, address, cpu->ccr);
        sim_icache_changed(cpu);
        return true;
    }
    if (address >= 0xE000ED40u && address < 0xE000ED74u)
        return true;
    switch (address) {
    case 0xE000ED04u:
        icsr_write(cpu, value & lanes);
        break;
    case 0xE000ED0Cu:
        aircr_write(cpu, value & lanes);
        break;
    case 0xE000ED18u:
    case 0xE000ED1Cu:
    case 0xE000ED20u:
        shpr_write(cpu, address, value, lanes);
        break;
    case 0xE000ED24u:
        shcsr_write(cpu, ((shcsr_read(cpu) | shcsr_read_v8(cpu)) & ~lanes) | (value & lanes));
        break;
    case 0xE000ED28u:
        cpu->cfsr &= ~(value & lanes);
        break;
    case 0xE000ED2Cu:
        cpu->hfsr &= ~(value & lanes);
        break;
    case 0xE000ED30u:
        cpu->dfsr &= ~(value & lanes);
        break;
    case 0xE000EDFCu:
        dwt_change(cpu, &cpu->demcr, ((cpu->demcr & ~lanes) | (value & lanes)) & 0x010F07F1u);
        sim_put_bit(cpu->enabled, SIM_EXC_DEBUGMON, cpu->demcr >> 16 & 1u);
        break;
    case 0xE000EF00u: /* STIR */
        if (SIM_EXC_IRQ0 + (value & 0x1FFu) < cpu->exceptions)
            sim_pend(cpu, SIM_EXC_IRQ0 + (value & 0x1FFu));
        break;
    case 0xE000E004u:
    case 0xE000ED00u:
    case 0xE000EDF0u:
    case 0xE000EDF4u:
    case 0xE000EDF8u:
    case 0xE000EF40u:
    case 0xE000EF44u:
    case 0xE000EF48u:
        break;
    default:
        return sim_mpu_write(cpu, address, value, lanes) || cache_write(cpu, address, value);
    }
    sim_attention(cpu);
    return true;
}

/* ---- ITM, DWT, TPIU: as on a part whose trace is off ------------------------------- */

static bool trace_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    *value = 0;
    if (address == 0xE0001000u)
        *value = 0x40000000u | cpu->dwt_ctrl;
    else if (address == 0xE0001004u)
        *value = dwt_count(cpu);
    return true;
}

static bool trace_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    if (address == 0xE0001000u) {
        dwt_change(cpu, &cpu->dwt_ctrl, value & lanes & CYCCNTENA);
    } else if (address == 0xE0001004u) {
        cpu->dwt_held = value;
        cpu->dwt_base = cpu->cycles - value;
    }
    return true;
}

static bool is_trace(uint32_t address)
{
    uint32_t block = address >> 12;
    return block == 0xE0000u || block == 0xE0001u || block == 0xE0040u;
}

bool sim_scs_read(sim_cpu *cpu, uint32_t address, uint32_t *value)
{
    if (is_trace(address))
        return trace_read(cpu, address, value);
    if (address >> 12 != 0xE000Eu)
        return false;
    if (address >= 0xE000E010u && address < 0xE000E020u)
        return sim_tick_read(cpu, address, value);
    if (address >= 0xE000E100u && address < 0xE000ED00u)
        return nvic_read(cpu, address - 0xE000E000u, value);
    return scb_read(cpu, address, value);
}

bool sim_scs_write(sim_cpu *cpu, uint32_t address, uint32_t value, uint32_t lanes)
{
    if (is_trace(address))
        return trace_write(cpu, address, value, lanes);
    if (address >> 12 != 0xE000Eu)
        return false;
    if (address >= 0xE000E010u && address < 0xE000E020u)
        return sim_tick_write(cpu, address, value, lanes);
    if (address >= 0xE000E100u && address < 0xE000ED00u)
        return nvic_write(cpu, address - 0xE000E000u, value, lanes);
    return scb_write(cpu, address, value, lanes);
}
