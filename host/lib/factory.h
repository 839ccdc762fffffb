/* One file for production programming: everything a blank part needs. */
#ifndef TWINBANK_HOST_FACTORY_H
#define TWINBANK_HOST_FACTORY_H

#include <stddef.h>

#include "host/lib/imagefile.h"

typedef struct tb_factory_options {
    const tb_chip *chip;
    const char *stage1, *stage2; /* paths: an object file, an image */
    const char *app;             /* path of an image; NULL: no application */
} tb_factory_options;

typedef struct tb_factory_part {
    const char *what;        /* "stage 1, bank 1" */
    uint32_t address, bytes; /* whole programming units */
    uint8_t *data;
} tb_factory_part;

#define TB_FACTORY_PARTS 6u

typedef struct tb_factory {
    tb_factory_part parts[TB_FACTORY_PARTS]; /* by address */
    size_t count;
    tb_image_head stage2, app; /* app.magic 0: none */
} tb_factory;

bool tb_factory_make(const tb_factory_options *options, tb_factory *out, tb_complaint *why);
void tb_factory_free(tb_factory *f);
/* As Intel HEX; the caller frees. NULL: out of memory. */
char *tb_factory_hex(const tb_factory *f, size_t *bytes);

#endif
