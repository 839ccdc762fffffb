/* The CRC unit over memory in one go, where no read of flash is a bus error. */
#include "chips/chips.h"
#include "chips/stm32/crc.h"

uint32_t chip_crc32_fresh(const void *data, uint32_t bytes)
{
    crc_begin();
    crc_words(data, bytes / 4u);
    return ~CRC->DR;
}
