#include "host/lib/objfile_internal.h"

typedef struct hex_state {
    uint32_t base;  /* from records 02 and 04 */
    bool segmented; /* base came from 02: offsets wrap at 64 KB */
    bool ended;
    unsigned line;
} hex_state;

static int digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

static bool add_data(tb_object_builder *b, const hex_state *h, const uint8_t *record)
{
    uint32_t offset = (uint32_t)record[1] << 8 | record[2], bytes = record[0];
    const uint8_t *data = record + 4;
    if (offset + bytes > 0x10000u && h->segmented) {
        uint32_t head = 0x10000u - offset;
        return tb_object_add(b, h->base + offset, data, head) &&
               tb_object_add(b, h->base, data + head, bytes - head);
    }
    return tb_object_add(b, h->base + offset, data, bytes);
}

static bool expect_bytes(tb_object_builder *b, const hex_state *h, const uint8_t *record,
                         unsigned bytes)
{
    return record[0] == bytes ||
           tb_object_fail(b, "line %u: record type %02X must carry %u bytes, not %u", h->line,
                          record[3], bytes, record[0]);
}

static bool take_record(tb_object_builder *b, hex_state *h, const uint8_t *record)
{
    uint32_t value = (uint32_t)record[4] << 8 | record[5];
    switch (record[3]) {
    case 0x00:
        return add_data(b, h, record);
    case 0x01:
        h->ended = true;
        return expect_bytes(b, h, record, 0);
    case 0x02:
        h->base = value << 4;
        h->segmented = true;
        return expect_bytes(b, h, record, 2);
    case 0x04:
        h->base = value << 16;
        h->segmented = false;
        return expect_bytes(b, h, record, 2);
    case 0x03: /* start addresses: a Cortex-M takes its own from the vector table */
    case 0x05:
        return expect_bytes(b, h, record, 4);
    default:
        return tb_object_fail(b, "line %u: unknown record type %02X", h->line, record[3]);
    }
}

static bool take_line(tb_object_builder *b, hex_state *h, const uint8_t *line, size_t length)
{
    uint8_t record[5 + 255] = {0};
    if (line[0] != ':') {
        return tb_object_fail(b, "line %u: does not begin with ':'", h->line);
    }
    if (h->ended) {
        return tb_object_fail(b, "line %u: a record after the end record", h->line);
    }
    size_t digits = length - 1u;
    if (digits % 2u != 0 || digits > 2u * sizeof record) {
        return tb_object_fail(b, "line %u: %zu hex digits cannot be a record", h->line, digits);
    }
    uint8_t sum = 0;
    for (size_t i = 0; i < digits / 2u; i++) {
        int high = digit(line[1u + 2u * i]), low = digit(line[2u + 2u * i]);
        if (high < 0 || low < 0) {
            return tb_object_fail(b, "line %u: not a hex digit in column %zu", h->line,
                                  2u + 2u * i + (high < 0 ? 0u : 1u));
        }
        record[i] = (uint8_t)(high << 4 | low);
        sum = (uint8_t)(sum + record[i]);
    }
    size_t have = digits / 2u;
    if (have < 5u || have != 5u + (size_t)record[0]) {
        return tb_object_fail(
            b,
            "line %u: the record is %zu bytes long but its length byte asks for %u "
            "(is the file truncated?)",
            h->line, have, 5u + record[0]);
    }
    if (sum != 0) {
        uint8_t given = record[have - 1u];
        return tb_object_fail(b, "line %u: checksum is %02X, the bytes before it ask for %02X",
                              h->line, given, (uint8_t)(given - sum));
    }
    return take_record(b, h, record);
}

bool tb_object_hex(tb_object_builder *b, const uint8_t *data, size_t bytes)
{
    hex_state h = {0};
    for (size_t at = 0; at < bytes;) {
        size_t end = at;
        while (end < bytes && data[end] != '\n') {
            end++;
        }
        size_t length = end - at;
        while (length > 0 && (data[at + length - 1u] == '\r' || data[at + length - 1u] == ' ' ||
                              data[at + length - 1u] == '\t' || data[at + length - 1u] == 0x1A)) {
            length--;
        }
        h.line++;
        if (length > 0 && !take_line(b, &h, data + at, length)) {
            return false;
        }
        at = end + 1u;
    }
    return h.ended ||
           tb_object_fail(b, "ends after line %u without an end record: the file is truncated",
                          h.line);
}
