/* What a unit may be written with, where it is programmed once and zeros go over anything
 * (RM0440 3.3.7): G4, L4, L4+. */
#include <string.h>

#include "boot/selftest/selftest.h"

/* What the manual leaves open about a unit programmed with all ones: only told, as nothing
 * of the design stands on it; but it must read as ones, without an ECC error. */
static void check_ones(uint32_t offset, const uint8_t *pattern)
{
    uint8_t ones[TB_MAX_UNIT_BYTES], zeros[TB_MAX_UNIT_BYTES] = {0};
    uint32_t first, second, third;
    uint32_t size = TB_TARGET->unit_bytes;
    bool reads;

    memset(ones, 0xFF, sizeof ones);
    first = family_program(1u, offset, ones);
    reads = st_holds(offset, ones);
    second = family_program(1u, offset, pattern);
    third = family_program(1u, offset + size, ones);
    third |= family_program(1u, offset + size, zeros);
    st_begin(st_judge(reads), "unit-ones");
    st_text("programmed with all ones: ");
    st_flags(first);
    st_text("; then data: ");
    st_flags(second);
    st_text("; or then zeros: ");
    st_flags(third);
    st_end();
}

void st_check_units(void)
{
    uint8_t pattern[TB_MAX_UNIT_BYTES], other[TB_MAX_UNIT_BYTES], zeros[TB_MAX_UNIT_BYTES] = {0};
    uint32_t at = st_page(0u), size = TB_TARGET->unit_bytes, flags;
    bool clean = st_page_erased(1u, 0u);

    st_pattern(pattern, 1u, at);
    st_pattern(other, 0u, at + 4u * size);
    flags = family_program(1u, at, pattern);
    st_rule(clean && flags == 0u && st_holds(at, pattern), "unit-once", "a blank unit: ", flags);
    flags = family_program(1u, at, other);
    st_rule(flags != 0u && st_holds(at, pattern), "unit-rewrite", "other data over it: ", flags);
    flags = family_program(1u, at, pattern);
    st_rule(st_holds(at, pattern), "unit-same", "the same data over it: ", flags);
    flags = family_program(1u, at, zeros);
    st_rule(flags == 0u && st_holds(at, zeros), "unit-zero", "zeros over it: ", flags);
    flags = family_program(1u, at, pattern);
    st_rule(flags != 0u && st_holds(at, zeros), "unit-zero-stays", "data over zeros: ", flags);
    check_ones(at + 8u * size, pattern);
    (void)st_page_erased(1u, 0u);
}
