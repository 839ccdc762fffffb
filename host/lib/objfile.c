#include "host/lib/objfile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/lib/objfile_internal.h"

/* Far above any part's flash: what is larger is no firmware. */
#define LARGEST_FILE ((size_t)64 << 20)

bool tb_object_fail(tb_object_builder *b, const char *format, ...)
{
    size_t size = sizeof b->out->error;
    int n = snprintf(b->out->error, size, "%.120s: ", b->name);
    if (n > 0 && (size_t)n < size) {
        va_list args;
        va_start(args, format);
        (void)vsnprintf(b->out->error + n, size - (size_t)n, format, args);
        va_end(args);
    }
    return false;
}

static tb_segment *new_segment(tb_object_builder *b, uint32_t address)
{
    tb_objfile *o = b->out;
    if (o->count == b->capacity) {
        size_t more = b->capacity ? b->capacity * 2u : 16u;
        tb_segment *grown = realloc(o->segments, more * sizeof *grown);
        if (!grown) {
            return NULL;
        }
        o->segments = grown;
        b->capacity = more;
    }
    tb_segment *s = &o->segments[o->count++];
    *s = (tb_segment){.address = address};
    b->last_capacity = 0;
    return s;
}

bool tb_object_add(tb_object_builder *b, uint32_t address, const uint8_t *data, size_t bytes)
{
    tb_objfile *o = b->out;
    if (bytes == 0) {
        return true;
    }
    if (bytes > LARGEST_FILE || (uint64_t)address + bytes > 0x100000000u) {
        return tb_object_fail(b, "data at 0x%08X runs past the end of the address space",
                              (unsigned)address);
    }
    tb_segment *s = o->count ? &o->segments[o->count - 1u] : NULL;
    if (!s || s->address + s->bytes != address) {
        s = new_segment(b, address);
    }
    if (!s) {
        return tb_object_fail(b, "out of memory");
    }
    size_t need = s->bytes + bytes;
    if (need > b->last_capacity) {
        size_t capacity = need > 4096u ? need * 2u : 4096u;
        uint8_t *grown = realloc(s->data, capacity);
        if (!grown) {
            return tb_object_fail(b, "out of memory");
        }
        s->data = grown;
        b->last_capacity = capacity;
    }
    memcpy(s->data + s->bytes, data, bytes);
    s->bytes = (uint32_t)need;
    return true;
}

static int by_address(const void *left, const void *right)
{
    uint32_t a = ((const tb_segment *)left)->address;
    uint32_t b = ((const tb_segment *)right)->address;
    return (a > b) - (a < b);
}

static bool join(tb_object_builder *b, tb_segment *into, tb_segment *from)
{
    uint8_t *grown = realloc(into->data, (size_t)into->bytes + from->bytes);
    if (!grown) {
        return tb_object_fail(b, "out of memory");
    }
    into->data = grown;
    memcpy(into->data + into->bytes, from->data, from->bytes);
    into->bytes += from->bytes;
    free(from->data);
    from->data = NULL;
    return true;
}

static bool sort_and_merge(tb_object_builder *b)
{
    tb_objfile *o = b->out;
    if (o->count == 0) {
        return tb_object_fail(b, "holds no data to load");
    }
    qsort(o->segments, o->count, sizeof *o->segments, by_address);
    size_t last = 0;
    for (size_t i = 1; i < o->count; i++) {
        tb_segment *into = &o->segments[last], *from = &o->segments[i];
        uint64_t end = (uint64_t)into->address + into->bytes;
        if (from->address < end) {
            return tb_object_fail(b,
                                  "gives the byte at 0x%08X twice (data at 0x%08X overlaps "
                                  "what begins at 0x%08X)",
                                  (unsigned)from->address, (unsigned)from->address,
                                  (unsigned)into->address);
        }
        if (from->address == end) {
            if (!join(b, into, from)) {
                return false;
            }
        } else if (++last != i) {
            o->segments[last] = *from;
            from->data = NULL;
        }
    }
    o->count = last + 1u;
    return true;
}

static bool is_srecord(const uint8_t *d, size_t bytes)
{
    return bytes >= 4u && d[0] == 'S' && d[1] >= '0' && d[1] <= '9' && d[2] != 0 &&
           strchr("0123456789ABCDEFabcdef", d[2]);
}

static bool parse(tb_object_builder *b, const uint8_t *data, size_t bytes, uint32_t address)
{
    static const uint8_t elf_magic[4] = {0x7F, 'E', 'L', 'F'};
    if (bytes == 0) {
        return tb_object_fail(b, "is empty");
    }
    if (bytes >= 4u && memcmp(data, elf_magic, 4) == 0) {
        b->out->format = TB_FORMAT_ELF;
        return tb_object_elf(b, data, bytes);
    }
    if (data[0] == ':') {
        b->out->format = TB_FORMAT_HEX;
        return tb_object_hex(b, data, bytes);
    }
    if (is_srecord(data, bytes)) {
        return tb_object_fail(b, "is a Motorola S-record file; convert it with "
                                 "'objcopy -I srec -O ihex'");
    }
    if (address == TB_NO_ADDRESS) {
        return tb_object_fail(b, "is neither ELF (no magic) nor Intel HEX (no ':' at the start), "
                                 "and as a raw binary it needs an address");
    }
    b->out->format = TB_FORMAT_BINARY;
    return tb_object_add(b, address, data, bytes);
}

static void drop_segments(tb_objfile *o)
{
    for (size_t i = 0; i < o->count; i++) {
        free(o->segments[i].data);
    }
    free(o->segments);
    o->segments = NULL;
    o->count = 0;
}

bool tb_objfile_parse(tb_objfile *o, const char *name, const void *data, size_t bytes,
                      uint32_t address)
{
    *o = (tb_objfile){0};
    tb_object_builder b = {.out = o, .name = name};
    if (parse(&b, data, bytes, address) && sort_and_merge(&b)) {
        return true;
    }
    drop_segments(o);
    return false;
}

bool tb_objfile_read(tb_objfile *o, const char *path, uint32_t address)
{
    *o = (tb_objfile){0};
    size_t bytes;
    uint8_t *data = tb_file_read(path, LARGEST_FILE, &bytes, o->error, sizeof o->error);
    if (!data) {
        return false;
    }
    bool good = tb_objfile_parse(o, path, data, bytes, address);
    free(data);
    return good;
}

void tb_objfile_free(tb_objfile *o)
{
    drop_segments(o);
    *o = (tb_objfile){0};
}

const char *tb_format_text(tb_format format)
{
    switch (format) {
    case TB_FORMAT_ELF:
        return "ELF";
    case TB_FORMAT_HEX:
        return "Intel HEX";
    case TB_FORMAT_BINARY:
        return "raw binary";
    case TB_FORMAT_NONE:
        break;
    }
    return "unknown";
}

static uint8_t *read_stream(FILE *f, size_t limit, size_t *bytes, const char **why)
{
    size_t capacity = 1u << 16, fill = 0;
    uint8_t *data = malloc(capacity);
    while (data) {
        size_t n = fread(data + fill, 1, capacity - fill, f);
        fill += n;
        if (ferror(f)) {
            *why = strerror(errno);
            break;
        }
        if (n == 0) {
            *bytes = fill;
            return data;
        }
        if (fill > limit) {
            *why = "is too large to be firmware";
            break;
        }
        if (fill == capacity) {
            uint8_t *grown = realloc(data, capacity * 2u);
            if (!grown) {
                *why = "out of memory";
                break;
            }
            data = grown;
            capacity *= 2u;
        }
    }
    if (!data) {
        *why = "out of memory";
    }
    free(data);
    return NULL;
}

uint8_t *tb_file_read(const char *path, size_t limit, size_t *bytes, char *error,
                      size_t error_bytes)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        (void)snprintf(error, error_bytes, "%.120s: cannot be opened: %s", path, strerror(errno));
        return NULL;
    }
    const char *why = "";
    uint8_t *data = read_stream(f, limit, bytes, &why);
    (void)fclose(f);
    if (!data) {
        (void)snprintf(error, error_bytes, "%.120s: cannot be read: %s", path, why);
        return NULL;
    }
    if (*bytes == 0) {
        (void)snprintf(error, error_bytes, "%.120s: is empty", path);
        free(data);
        return NULL;
    }
    return data;
}
