/* The CRC unit in steps (RM0440 16): words with REV_IN = word, REV_OUT, and the final
 * inversion here give CRC-32 (zlib). An application's own settings of the unit are put
 * back; a calculation of its own must not be under way. */
#ifndef CHIPS_STM32_CRC_H
#define CHIPS_STM32_CRC_H

#include "registers.h"

typedef struct crc_settings {
    uint32_t clock, cr, init, pol;
} crc_settings;

/* enable: RCC's register with the unit's clock, which is bit. */
static inline crc_settings crc_begin(reg *enable, uint32_t bit)
{
    crc_settings before = {.clock = *enable};

    *enable = before.clock | bit;
    (void)*enable; /* two cycles until the clock is there (RM0440 7.2.17) */
    before.cr = CRC->CR;
    before.init = CRC->INIT;
    before.pol = CRC->POL;
    CRC->POL = CRC_POL_ETHERNET;
    CRC->INIT = 0xFFFFFFFFu;
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
    return before;
}

static inline void crc_words(const uint32_t *word, uint32_t count)
{
    uint32_t blocks = count / 4u;

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
    for (uint32_t rest = count % 4u; rest != 0u; rest--) {
        CRC->DR = *word++;
    }
}

static inline uint32_t crc_end(reg *enable, const crc_settings *before)
{
    uint32_t result = CRC->DR;

    CRC->INIT = before->init;
    CRC->POL = before->pol;
    CRC->CR = before->cr | CRC_CR_RESET;
    *enable = before->clock;
    return ~result;
}

#endif
