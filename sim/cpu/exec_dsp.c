/* Parallel addition and subtraction, saturating arithmetic, SEL. */
#include "sim/cpu/internal.h"

/* imm = prefix << 4 | operation. The operation is op1 of the encoding: 0 ADD8, 1 ADD16,
 * 2 ASX, 4 SUB8, 5 SUB16, 6 SAX; the prefix op2, bit 2 for the unsigned ones:
 * 0 S, 1 Q, 2 SH, 4 U, 5 UQ, 6 UH (DDI 0403 A5.3.13, A5.3.14). */
enum { ADD8 = 0, ADD16 = 1, ASX = 2, SUB8 = 4, SUB16 = 5, SAX = 6 };

typedef struct lane_rule {
    bool is_unsigned, saturating, halving;
    unsigned bits;
} lane_rule;

/* One lane; *ge tells whether its GE bits are set by the plain forms. */
static uint32_t lane(const lane_rule *rule, int32_t a, int32_t b, bool subtract, bool *ge)
{
    int32_t r = subtract ? a - b : a + b;
    int32_t top = (int32_t)1 << rule->bits;
    *ge = rule->is_unsigned && !subtract ? r >= top : r >= 0;
    if (rule->halving)
        r >>= 1;
    if (rule->saturating) {
        int32_t low = rule->is_unsigned ? 0 : -top / 2;
        int32_t high = rule->is_unsigned ? top - 1 : top / 2 - 1;
        r = r < low ? low : r > high ? high : r;
    }
    return (uint32_t)r & (uint32_t)(top - 1);
}

static int32_t lane_value(uint32_t word, unsigned by, const lane_rule *rule)
{
    if (rule->bits == 8)
        return rule->is_unsigned ? (int32_t)(word >> by & 0xFFu) : (int8_t)(word >> by);
    return rule->is_unsigned ? (int32_t)(word >> by & 0xFFFFu) : (int16_t)(word >> by);
}

SIM_OP(op_parallel)
{
    unsigned operation = i->imm & 15u, prefix = i->imm >> 4;
    lane_rule rule = { (prefix & 4u) != 0, (prefix & 3u) == 1, (prefix & 3u) == 2,
                       (operation & 3u) == 0 ? 8 : 16 };
    bool exchange = operation == ASX || operation == SAX;
    uint32_t n = RN, m = RM, result = 0;
    uint8_t ge = 0;
    if (exchange)
        m = m >> 16 | m << 16;
    for (unsigned by = 0; by < 32; by += rule.bits) {
        bool subtract = operation == SUB8 || operation == SUB16 || (operation == ASX && by == 0) ||
                        (operation == SAX && by != 0);
        bool set;
        result |= lane(&rule, lane_value(n, by, &rule), lane_value(m, by, &rule), subtract, &set)
                  << by;
        if (set)
            ge |= (uint8_t)((rule.bits == 8 ? 1u : 3u) << (by / 8u));
    }
    if (!rule.saturating && !rule.halving)
        cpu->ge = ge;
    RD = result;
    return NEXT;
}

static int32_t saturate(sim_cpu *cpu, int64_t value)
{
    if (value > INT32_MAX) {
        cpu->q = true;
        return INT32_MAX;
    }
    if (value < INT32_MIN) {
        cpu->q = true;
        return INT32_MIN;
    }
    return (int32_t)value;
}

SIM_OP(op_qadd)
{
    int64_t n = (int32_t)RN, m = (int32_t)RM;
    if (i->imm & 1u)
        n = saturate(cpu, n * 2);
    RD = (uint32_t)saturate(cpu, i->imm & 2u ? m - n : m + n);
    return NEXT;
}

SIM_OP(op_sel)
{
    uint32_t mask = 0;
    for (unsigned k = 0; k < 4; k++)
        if ((uint32_t)cpu->ge >> k & 1u)
            mask |= 0xFFu << (8u * k);
    RD = (RN & mask) | (RM & ~mask);
    return NEXT;
}
