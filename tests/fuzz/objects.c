#include "tests/fuzz/objects.h"

#include <string.h>

void check_object(const uint8_t *data, size_t size, uint32_t address)
{
    tb_objfile o;
    uint64_t end = 0;
    uint32_t sum = 0;

    if (!tb_objfile_parse(&o, "input", data, size, address)) {
        FUZZ_CHECK(strncmp(o.error, "input: ", 7) == 0 && o.error[7] != 0);
        FUZZ_CHECK(o.count == 0 && o.segments == NULL);
        return;
    }
    FUZZ_CHECK(o.count > 0);
    for (size_t i = 0; i < o.count; i++) {
        const tb_segment *s = &o.segments[i];

        FUZZ_CHECK(s->bytes > 0);
        FUZZ_CHECK(i == 0 || s->address > end); /* sorted, apart, merged where they touch */
        end = (uint64_t)s->address + s->bytes;
        FUZZ_CHECK(end <= 0x100000000u);
        for (uint32_t at = 0; at < s->bytes; at++) {
            sum += s->data[at]; /* the sanitizer sees whether they are there */
        }
    }
    *(volatile uint32_t *)&sum = sum;
    tb_objfile_free(&o);
}
