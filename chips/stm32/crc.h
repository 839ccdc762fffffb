/* The CRC unit in steps (RM0440 16): words with REV_IN = word, REV_OUT, and a final inversion
 * give CRC-32 (zlib). */
#ifndef CHIPS_STM32_CRC_H
#define CHIPS_STM32_CRC_H

#include "registers.h"

typedef struct crc_settings {
    uint32_t clock, cr, init, pol;
} crc_settings;

/* What an application has set up in the unit; POL and INIT are as after reset then. A
 * calculation of its own must not be under way. */
crc_settings crc_keep(void);
void crc_give_back(const crc_settings *before);

/* POL and INIT as after reset, the clock on. */
static inline void crc_begin(void)
{
    *CRC_ENR |= CRC_ENR_CRCEN;
    (void)*CRC_ENR; /* two cycles until the clock is there (RM0440 7.2.17) */
    CRC->CR = CRC_CR_RESET | CRC_CR_REV_IN_WORD | CRC_CR_REV_OUT;
}

static inline void crc_words(const uint32_t *word, uint32_t count)
{
    for (; count % 4u != 0u; count--) {
        CRC->DR = *word++;
    }
    /* The unit takes a word in 4 cycles; the loop has to be no slower. */
    if (count != 0u) {
        do {
            uint32_t a = word[0], b = word[1], c = word[2], d = word[3];
            CRC->DR = a;
            CRC->DR = b;
            CRC->DR = c;
            CRC->DR = d;
            word += 4;
            count -= 4u;
        } while (count != 0u);
    }
}

#endif
