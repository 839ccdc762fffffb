/* Object files: ELF, Intel HEX, raw binary, as a sorted list of bytes at addresses. */
#ifndef TWINBANK_HOST_OBJFILE_H
#define TWINBANK_HOST_OBJFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TB_NO_ADDRESS 0xFFFFFFFFu

typedef struct tb_segment {
    uint32_t address;
    uint32_t bytes; /* never 0 */
    uint8_t *data;
} tb_segment;

typedef enum tb_format {
    TB_FORMAT_NONE = 0,
    TB_FORMAT_ELF,
    TB_FORMAT_HEX,
    TB_FORMAT_BINARY
} tb_format;

typedef struct tb_objfile {
    tb_segment *segments; /* by address, merged where they touch, never overlapping */
    size_t count;
    char error[256]; /* why the reading failed; begins with the file's name */
    tb_format format;
} tb_objfile;

/* The format is told by content: the ELF magic, ':' for Intel HEX, else a raw binary at
 * `address` (TB_NO_ADDRESS: an error). ELF: 32-bit little-endian ARM executables, what is
 * loaded, by physical address. false: o->error says why, and o holds nothing. */
bool tb_objfile_read(tb_objfile *o, const char *path, uint32_t address);
/* The same from memory; `name` is for messages. */
bool tb_objfile_parse(tb_objfile *o, const char *name, const void *data, size_t bytes,
                      uint32_t address);
void tb_objfile_free(tb_objfile *o);
const char *tb_format_text(tb_format format);

/* A whole file, at most `limit` bytes. NULL: error says why, beginning with the path.
 * The caller frees. An empty file is an error. */
uint8_t *tb_file_read(const char *path, size_t limit, size_t *bytes, char *error,
                      size_t error_bytes);

#endif
