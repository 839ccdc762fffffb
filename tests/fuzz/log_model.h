/* The slot log as the table of docs/image.md folds it, read again without core's code. */
#ifndef TESTS_FUZZ_LOG_MODEL_H
#define TESTS_FUZZ_LOG_MODEL_H

#include <stdbool.h>
#include <stdint.h>

enum { LOG_EMPTY, LOG_TRIAL, LOG_CONFIRMED, LOG_REJECTED };

typedef struct log_model {
    unsigned state, generation, attempts, torn, used, reason, confirmed_by;
} log_model;

/* `bad[i]`: unit i cannot be read. */
log_model log_fold(const uint8_t *units, const bool *bad, unsigned count, unsigned unit_bytes);
uint32_t log_crc(const uint8_t *bytes, unsigned count);

#endif
