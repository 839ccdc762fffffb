/* The CRC unit over memory in one go, where it is clocked by RCC_AHB1ENR. */
#include "chips/stm32/crc.h"

#include "chips/chips.h"

uint32_t chip_crc32(const void *data, uint32_t bytes)
{
    crc_settings before = crc_begin(&RCC->AHB1ENR, RCC_AHB1ENR_CRCEN);

    crc_words(data, bytes / 4u);
    return crc_end(&RCC->AHB1ENR, &before);
}
