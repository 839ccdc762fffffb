/* CRC-32 (zlib) by the CRC unit (RM0440 16): words with REV_IN = word, REV_OUT, and
 * the final inversion here. An application's own settings of the unit are put back; a
 * calculation of its own must not be under way. */
#include "chips/chips.h"
#include "registers.h"

uint32_t chip_crc32(const void *data, uint32_t bytes)
{
    const uint32_t *word = data;
    uint32_t clock = RCC->AHB1ENR;
    uint32_t blocks = bytes / 16u;
    uint32_t result;

    RCC->AHB1ENR = clock | RCC_AHB1ENR_CRCEN;
    (void)RCC->AHB1ENR; /* two cycles until the clock is there (RM0440 7.2.17) */
    uint32_t cr = CRC->CR, init = CRC->INIT, pol = CRC->POL;

    CRC->POL = CRC_POL_ETHERNET;
    CRC->INIT = 0xFFFFFFFFu;
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
    /* The unit takes a word in 4 cycles; the loop has to be no slower. */
    if (blocks != 0u) {
        do {
            uint32_t a = word[0], b = word[1], c = word[2], d = word[3];
            CRC->DR = a;
            CRC->DR = b;
            CRC->DR = c;
            CRC->DR = d;
            word += 4;
        } while (--blocks != 0u);
    }
    for (uint32_t rest = bytes % 16u / 4u; rest != 0u; rest--) {
        CRC->DR = *word++;
    }
    result = CRC->DR;
    CRC->INIT = init;
    CRC->POL = pol;
    CRC->CR = cr | CRC_CR_RESET;
    RCC->AHB1ENR = clock;
    return ~result;
}
