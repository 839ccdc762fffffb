/* The flash of a part with two banks, above its controller and below all checks. One rule is
 * easy to miss: erase takes the physical bank, programming takes the address at which the
 * unit is mapped now. */
#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "tb_target.h"

static struct {
    bool swapped;
    volatile bool ecc_seen; /* set by the NMI handler, or by finding ECCD standing */
} flash_state;

bool chip_nmi_is_ecc(void)
{
    bool taken = flash_take_ecc_error();

    if (taken) {
        flash_state.ecc_seen = true;
    }
    return taken;
}

/* True if a read since the last call met an uncorrectable unit. The NMI has been taken
 * once the barrier is passed; where it is not ours to handle the flag still tells. */
static bool take_ecc(void)
{
    bool seen;

    arm_dsb();
    arm_isb();
    (void)chip_nmi_is_ecc();
    seen = flash_state.ecc_seen;
    flash_state.ecc_seen = false;
    return seen;
}

static uint32_t mapped(unsigned bank, uint32_t offset)
{
    return tb_mapped_address(TB_TARGET, flash_state.swapped, bank, offset);
}

/* The NMI handler lets a bad unit's read return, so the flag is asked once, at the end. */
static tb_error read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    (void)ctx;
    (void)take_ecc();
    flash_copy(data, (const void *)mapped(bank, offset), bytes);
    if (take_ecc()) {
        /* A line that came in with an error must not answer the next read in silence. */
        flash_flush_caches();
        return TB_ERR_ECC;
    }
    return TB_OK;
}

static tb_error program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    (void)ctx;
    return flash_program_unit((volatile uint32_t *)mapped(bank, offset), unit);
}

static tb_error crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes, uint32_t *crc)
{
    (void)ctx;
    (void)take_ecc();
    *crc = chip_crc32_fresh((const void *)mapped(bank, offset), bytes);
    return take_ecc() ? TB_ERR_ECC : TB_OK;
}

static unsigned mapped_bank(void *ctx)
{
    (void)ctx;
    return flash_state.swapped ? 1u : 0u;
}

const tb_flash chip_flash_bare = {
    .chip = TB_TARGET, .read = read, .program = program, .crc32 = crc32,
    .mapped_bank = mapped_bank,
};

void chip_flash_init(void)
{
    /* The mapping changes only in the last act of stage 1, so it is read once. */
    flash_state.swapped = chip_mapped_bank() == 1u;
}
