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
    volatile uint32_t *dr = &CRC->DR;

    __asm("" : "+r"(dr)); /* in a register, not loaded anew in the loop */
    for (; count % 4u != 0u; count--) {
        *dr = *word++;
    }
    /* The unit takes a word in 4 cycles and keeps one more: load and store in turns, so that it
     * is never without. */
    if (count != 0u) {
        do {
            *dr = word[0];
            *dr = word[1];
            *dr = word[2];
            *dr = word[3];
            word += 4;
            count -= 4u;
        } while (count != 0u);
    }
}

#endif
