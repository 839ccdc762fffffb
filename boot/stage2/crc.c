/* CRC-32 (zlib) by the CRC unit, in place of core/crc.c: all that is received goes through it. The
 * unit is stage 2's own; INIT stays as reset leaves it, for flash_crc32(). */
#include "chips/stm32/crc.h"

#include "chips/armv7m.h"
#include "twinbank/image.h"

uint32_t tb_crc32(uint32_t crc, const void *data, size_t bytes)
{
    crc_registers *unit = CRC;
    volatile uint8_t *dr = (volatile uint8_t *)&unit->DR;
    const uint8_t *byte = data;

    __asm("" : "+r"(dr)); /* in a register, not loaded anew in the loop */
    crc_begin();
    unit->INIT = arm_bits_reversed(~crc);
    unit->CR = CRC_CR_RESET | CRC_CR_REV_IN_BYTE | CRC_CR_REV_OUT;
    while (bytes-- != 0u) {
        *dr = *byte++;
    }
    unit->INIT = 0xFFFFFFFFu;
    return ~unit->DR;
}
