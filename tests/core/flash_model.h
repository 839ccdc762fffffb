/* Two banks of flash in memory, as the port contract describes them: units that are
 * programmed once, pages, ECC, and a power cut at any operation, which leaves the
 * function under test by longjmp, as the real thing leaves it: with nothing in RAM. */
#ifndef TESTS_CORE_FLASH_MODEL_H
#define TESTS_CORE_FLASH_MODEL_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>

#include "twinbank/port.h"

#define MODEL_BANK_MAX (32u * 1024u)

typedef enum cut_outcome {
    CUT_OLD,      /* nothing happened */
    CUT_NEW,      /* complete */
    CUT_MIXED,    /* unit: some bits; page: some units erased */
    CUT_ECC,      /* unit: uncorrectable; page: some units so */
    CUT_UNSTABLE, /* reads old, new or uncorrectable, differently each time */
    CUT_OUTCOMES
} cut_outcome;

typedef enum unit_state { UNIT_BLANK, UNIT_WRITTEN, UNIT_BAD, UNIT_UNSTABLE } unit_state;

typedef struct flash_model {
    const tb_chip *chip;
    uint8_t bytes[2][MODEL_BANK_MAX];
    uint8_t other[2][MODEL_BANK_MAX]; /* what an unstable unit reads as, now and then */
    uint8_t state[2][MODEL_BANK_MAX / 8u];
    unsigned mapped;
    uint32_t random;
    unsigned operations, programs, erases, alive_calls;
    unsigned programs_refused; /* unit was not blank; log units not counted */
    unsigned cut_at;           /* operation number that is cut; UINT32_MAX: none */
    cut_outcome outcome;
    bool cut_fired;
    jmp_buf *power_off;
    unsigned fail_at;          /* operation that returns fail_error and does nothing */
    tb_error fail_error;
    void (*meanwhile)(void);   /* called while an erase or a program goes on, or NULL */
    tb_error read_error;       /* every read fails so, where not TB_OK */
} flash_model;

void model_init(flash_model *m, const tb_chip *chip); /* blank, nothing scheduled */
void model_quiet(flash_model *m);                     /* no cuts, no failures, counters 0 */
tb_flash model_port(flash_model *m);
uint32_t model_random(flash_model *m);
/* As a programmer would: whole units, ECC right, no operation counted. */
void model_put(flash_model *m, unsigned bank, uint32_t offset, const void *data, uint32_t bytes);
void model_set_unit(flash_model *m, unsigned bank, uint32_t offset, unit_state state);
void model_flip(flash_model *m, unsigned bank, uint32_t offset);

#endif
