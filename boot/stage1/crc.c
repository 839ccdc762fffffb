/* Stage 1 has no room for the table of core/crc.c: this definition is found before that
 * one, and the CRC unit does the work. What stage 1 checks by it (heads, records) is a
 * whole number of words, aligned, and in one piece. */
#include "chips/chips.h"
#include "twinbank/image.h"

uint32_t tb_crc32(uint32_t crc, const void *data, size_t bytes)
{
    (void)crc; /* 0 */
    return chip_stage1_crc(data, (uint32_t)bytes);
}
