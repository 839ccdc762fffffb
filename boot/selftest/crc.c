/* The CRC unit, word by word and byte by byte (RM0440 16.3.3, RM0351 14.3.3, RM0410 12.3.3,
 * RM0433 21.3.3): how the input is reversed depends on the width of the write. */
#include "chips/stm32/crc.h"

#include <string.h>

#include "boot/selftest/selftest.h"

uint32_t st_crc(const uint8_t *data, uint32_t bytes, bool bytewise)
{
    uint32_t words = bytewise ? 0u : bytes / 4u, word;
    volatile uint8_t *byte_port = (volatile uint8_t *)&CRC->DR;
    crc_settings before = crc_keep();

    crc_begin();
    for (uint32_t i = 0; i < words; i++) {
        memcpy(&word, &data[4u * i], sizeof word);
        CRC->DR = word;
    }
    (void)CRC->DR; /* the mode changes only once all is through */
    CRC->CR = CRC_CR_REV_IN_BYTE | CRC_CR_REV_OUT;
    for (uint32_t i = 4u * words; i < bytes; i++) {
        *byte_port = data[i];
    }
    word = ~CRC->DR;
    crc_give_back(&before);
    return word;
}
