/* What the fuzz targets share. A target is one file with LLVMFuzzerTestOneInput(); libFuzzer
 * calls it, and so does replay.c with the corpus. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A promise that does not hold ends the run, as a crash would. */
#define FUZZ_CHECK(holds) ((holds) ? (void)0 : fuzz_broken(#holds, __FILE__, __LINE__))
_Noreturn void fuzz_broken(const char *what, const char *file, int line);

/* The input, taken from its start. Beyond its end everything is 0. */
typedef struct fuzz_input {
    const uint8_t *at;
    size_t left;
} fuzz_input;
uint8_t fuzz_u8(fuzz_input *in);
uint16_t fuzz_u16(fuzz_input *in);
/* At most `count` bytes; *got says how many there are. */
const uint8_t *fuzz_bytes(fuzz_input *in, size_t count, size_t *got);

/* A path at which these bytes can be read as a file, without a file system: for readers that
 * take paths. Good until the next call with the same `which` (0 to 2). */
const char *fuzz_file(unsigned which, const void *data, size_t bytes);

#endif
