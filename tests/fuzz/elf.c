/* The ELF reader: any bytes behind the magic. */
#include <stdlib.h>
#include <string.h>

#include "tests/fuzz/objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint8_t magic[4] = {0x7F, 'E', 'L', 'F'};
    uint8_t *file = malloc(size + 4u);

    FUZZ_CHECK(file != NULL);
    memcpy(file, data, size);
    memcpy(file, magic, sizeof magic);
    check_object(file, size < 4u ? 4u : size, TB_NO_ADDRESS);
    free(file);
    return 0;
}
