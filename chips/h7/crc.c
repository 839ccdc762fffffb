/* The CRC unit over memory in one go. */
#include "chips/stm32/crc.h"

#include "chips/chips.h"

uint32_t chip_crc32(const void *data, uint32_t bytes)
{
    crc_settings before = crc_begin(CRC_ENR, CRC_ENR_CRCEN);

    crc_words(data, bytes / 4u);
    return crc_end(CRC_ENR, &before);
}
