/* System instructions: special registers, hints, SVC, BKPT, coprocessor space. */
#include "sim/cpu/internal.h"

SIM_OP(op_nop)
{
    (void)cpu;
    return NEXT;
}

SIM_OP(op_undefined)
{
    (void)i;
    sim_fault_usage(cpu, CFSR_UNDEFINSTR);
    return pc;
}

SIM_OP(op_svc)
{
    sim_raise(cpu, SIM_EXC_SVCALL);
    return NEXT;
}

SIM_OP(op_bkpt)
{
    (void)i;
    sim_fault_debug(cpu);
    return pc;
}

SIM_OP(op_cps)
{
    if (!sim_privileged(cpu))
        return NEXT;
    bool disable = i->imm >> 4 & 1u;
    if (i->imm & 2u)
        cpu->primask = disable;
    if (i->imm & 1u) {
        if (!disable)
            cpu->faultmask = 0;
        else if (sim_execution_priority(cpu) > -1)
            cpu->faultmask = 1;
    }
    sim_attention(cpu);
    return NEXT;
}

uint32_t sim_apsr(const sim_cpu *cpu)
{
    return (cpu->f.n & 0x80000000u) | (cpu->f.z == 0 ? 1u << 30 : 0) | cpu->f.c << 29 |
           cpu->f.v << 28 | (cpu->q ? 1u << 27 : 0) | (uint32_t)cpu->ge << 16;
}

void sim_set_apsr_nzcvq(sim_cpu *cpu, uint32_t value)
{
    cpu->f.n = value & 0x80000000u;
    cpu->f.z = !(value >> 30 & 1u);
    cpu->f.c = value >> 29 & 1u;
    cpu->f.v = value >> 28 & 1u;
    cpu->q = value >> 27 & 1u;
}

static uint32_t read_special(const sim_cpu *cpu, unsigned sysm)
{
    bool privileged = sim_privileged(cpu);
    if (sysm < 8) { /* xPSR parts: 1 is IPSR, 4 leaves the APSR out; EPSR reads as 0 */
        uint32_t value = sysm & 1u ? cpu->ipsr : 0;
        return value | (sysm & 4u ? 0 : sim_apsr(cpu));
    }
    switch (sysm) {
    case 20:
        return cpu->control;
    case 8:
        return !privileged ? 0 : cpu->psp_in_use ? cpu->other_sp : cpu->r[13];
    case 9:
        return !privileged ? 0 : cpu->psp_in_use ? cpu->r[13] : cpu->other_sp;
    case 10: /* MSPLIM and PSPLIM; 0 before ARMv8-M */
    case 11:
        return privileged ? cpu->sp_limit[sysm - 10] : 0;
    case 16:
        return privileged ? cpu->primask : 0;
    case 17:
    case 18:
        return privileged ? cpu->basepri : 0;
    case 19:
        return privileged ? cpu->faultmask : 0;
    default:
        return 0;
    }
}

SIM_OP(op_mrs)
{
    cpu->cycles++;
    RD = read_special(cpu, i->imm);
    return NEXT;
}

static void write_sp(sim_cpu *cpu, bool psp, uint32_t value)
{
    if (psp == cpu->psp_in_use)
        cpu->r[13] = value & ~3u;
    else
        cpu->other_sp = value & ~3u;
}

static void write_privileged(sim_cpu *cpu, unsigned sysm, uint32_t value)
{
    switch (sysm) {
    case 8:
    case 9:
        write_sp(cpu, sysm == 9, value);
        break;
    case 10:
    case 11:
        if (cpu->core->v8m)
            cpu->sp_limit[sysm - 10] = value & ~7u;
        break;
    case 16:
        cpu->primask = value & 1u;
        break;
    case 17:
        cpu->basepri = value & cpu->priority_mask;
        break;
    case 18: /* BASEPRI_MAX: only towards more masking */
        value &= cpu->priority_mask;
        if (value && (value < cpu->basepri || cpu->basepri == 0))
            cpu->basepri = value;
        break;
    case 19:
        if (!(value & 1u))
            cpu->faultmask = 0;
        else if (sim_execution_priority(cpu) > -1)
            cpu->faultmask = 1;
        break;
    case 20:
        cpu->control = (cpu->control & ~5u) | (value & 5u);
        if (cpu->ipsr == 0) { /* SPSEL is written in Thread mode only */
            cpu->control = (cpu->control & ~2u) | (value & 2u);
            sim_use_psp(cpu, value & 2u);
        } else if (cpu->core->v8m) { /* kept for EXC_RETURN, of no effect in a handler */
            cpu->control = (cpu->control & ~2u) | (value & 2u);
        }
        break;
    default:
        break;
    }
}

SIM_OP(op_msr)
{
    uint32_t value = RN;
    cpu->cycles++;
    if (i->imm < 4) {
        if (i->rm & 2u)
            sim_set_apsr_nzcvq(cpu, value);
        if (i->rm & 1u)
            cpu->ge = value >> 16 & 15u;
    } else if (sim_privileged(cpu)) {
        write_privileged(cpu, i->imm, value);
    }
    sim_attention(cpu);
    return NEXT;
}

SIM_OP(op_wfi)
{
    cpu->sleeping = true; /* settled at once where something is pending */
    cpu->sleep_is_wfe = false;
    sim_attention(cpu);
    return NEXT;
}

SIM_OP(op_wfe)
{
    if (cpu->event) {
        cpu->event = false;
        return NEXT;
    }
    cpu->sleeping = true;
    cpu->sleep_is_wfe = true;
    sim_attention(cpu);
    return NEXT;
}

SIM_OP(op_sev)
{
    cpu->event = true;
    return NEXT;
}

SIM_OP(op_coprocessor)
{
    bool fp = i->imm == 10 || i->imm == 11;
    sim_fault_usage(cpu, fp && sim_fp_allowed(cpu) ? CFSR_UNDEFINSTR : CFSR_NOCP);
    return pc;
}
