/* The interpreter for a core without a floating-point unit. */
#include "sim/cpu/internal.h"

void sim_decode_fp(const sim_core_row *core, uint32_t hw1, uint32_t hw2, sim_insn *i)
{
    (void)core;
    (void)hw1;
    (void)hw2;
    i->op = op_undefined;
}
