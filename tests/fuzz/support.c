#include "tests/fuzz/fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

_Noreturn void fuzz_broken(const char *what, const char *file, int line)
{
    fprintf(stderr, "%s:%d: does not hold: %s\n", file, line, what);
    abort();
}

uint8_t fuzz_u8(fuzz_input *in)
{
    if (in->left == 0) {
        return 0;
    }
    in->left--;
    return *in->at++;
}

uint16_t fuzz_u16(fuzz_input *in)
{
    unsigned low = fuzz_u8(in);

    return (uint16_t)(low | (unsigned)fuzz_u8(in) << 8);
}

const uint8_t *fuzz_bytes(fuzz_input *in, size_t count, size_t *got)
{
    const uint8_t *bytes = in->at;

    *got = count < in->left ? count : in->left;
    in->at += *got;
    in->left -= *got;
    return bytes;
}

const char *fuzz_file(unsigned which, const void *data, size_t bytes)
{
    static int files[3] = {-1, -1, -1};
    static char paths[3][64];
    int *file = &files[which];

    if (*file < 0) {
        *file = memfd_create("fuzz", 0);
        FUZZ_CHECK(*file >= 0);
        (void)snprintf(paths[which], sizeof paths[which], "/proc/self/fd/%d", *file);
    }
    FUZZ_CHECK(ftruncate(*file, 0) == 0);
    FUZZ_CHECK(pwrite(*file, data, bytes, 0) == (ssize_t)bytes);
    return paths[which];
}
