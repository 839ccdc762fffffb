#ifndef TWINBANK_HOST_OBJFILE_INTERNAL_H
#define TWINBANK_HOST_OBJFILE_INTERNAL_H

#include "host/lib/objfile.h"

typedef struct tb_object_builder {
    tb_objfile *out;
    const char *name;
    size_t capacity;      /* of out->segments */
    size_t last_capacity; /* of the newest segment's data */
} tb_object_builder;

/* Copies bytes in; records that follow each other in the file grow one segment. */
bool tb_object_add(tb_object_builder *b, uint32_t address, const uint8_t *data, size_t bytes);
/* Sets the error text, "NAME: ...", and returns false. */
bool tb_object_fail(tb_object_builder *b, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

bool tb_object_elf(tb_object_builder *b, const uint8_t *data, size_t bytes);
bool tb_object_hex(tb_object_builder *b, const uint8_t *data, size_t bytes);

#endif
