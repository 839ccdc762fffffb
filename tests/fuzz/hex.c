/* The Intel HEX reader: any text. */
#include "tests/fuzz/objects.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    check_object(data, size, TB_NO_ADDRESS);
    return 0;
}
