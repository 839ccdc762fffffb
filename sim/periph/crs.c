/* CRS (RM0440 8, RM0432 7, RM0456 12): the trimming of HSI48 as storage. What could synchronise it
 * here has no model: with the frames of USB, which is what reset selects, no flag is ever raised;
 * what asks for another source stops the run. */
#include "sim/periph/part/part.h"

enum { R_CR, R_CFGR };
#define CR_CEN (1u << 5)
#define CR_AUTOTRIMEN (1u << 6)
#define CR_SWSYNC (1u << 7)
#define CR_TRIM 0x7F00u
#define CFGR_SYNCSRC (3u << 28)
#define SYNCSRC_USB (2u << 28)

#define OTHERS                                                                              \
    {0x04, "CFGR", 0x2022BB7Fu, 0xB7FFFFFFu}, {0x08, "ISR", 0, 0}, {0x0C, "ICR", 0, 0}
static const sim_reg rows_trim6[] = {{0x00, "CR", 0x00002000u, 0x00003F6Fu}, OTHERS};
static const sim_reg rows_trim7[] = {{0x00, "CR", 0x00004000u, 0x00007F6Fu}, OTHERS};

static sim_access crs_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_block *b = owner;
    uint32_t *value = b->value;
    if (reg == R_CR && (raw & CR_SWSYNC) != 0u) {
        return sim_block_unmodelled(b, reg, raw, "SWSYNC is not modelled");
    }
    if (reg == R_CFGR && (value[R_CR] & CR_CEN) != 0u) {
        value[reg] = old; /* write-protected while the counter runs */
    } else if (reg == R_CR && (value[reg] & CR_CEN) != 0u &&
               (value[R_CFGR] & CFGR_SYNCSRC) != SYNCSRC_USB) {
        return sim_block_unmodelled(b, reg, raw,
                                    "synchronisation by a pin or LSE is not modelled");
    } else if (reg == R_CR && (value[reg] & CR_AUTOTRIMEN) != 0u) {
        value[reg] = (value[reg] & ~CR_TRIM) | (old & CR_TRIM); /* the hardware's */
    }
    return SIM_ACCESS_OK;
}

void sim_crs_new(sim_part *part, uint32_t base, unsigned trim_bits)
{
    static const sim_block_hooks hooks = {NULL, crs_write, NULL};
    sim_block_spec spec = {"CRS", base, 0x400u, true, trim_bits == 6u ? rows_trim6 : rows_trim7,
                           SIM_ROWS(rows_trim7), &hooks};
    sim_block *b = sim_part_alloc(part, sizeof *b);
    sim_block_init(b, part, b, &spec);
}
