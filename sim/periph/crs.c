/* CRS (RM0440 8): the trimming of HSI48 as storage; no synchronisation source is there, so
 * no flag is ever raised. */
#include "sim/periph/part/part.h"

static const sim_reg rows[] = {
    {0x00, "CR", 0x00004000u, 0x00007F6Fu},
    {0x04, "CFGR", 0x2022BB7Fu, 0xB7FFFFFFu},
    {0x08, "ISR", 0, 0},
    {0x0C, "ICR", 0, 0},
};

void sim_crs_new(sim_part *part)
{
    static const sim_block_spec spec = {"CRS", 0x40002000u, 0x400u, true, rows, SIM_ROWS(rows),
                                        NULL};
    sim_block_init(sim_part_alloc(part, sizeof(sim_block)), part, NULL, &spec);
}
