/* Devices and images for the tests of core. */
#ifndef TESTS_CORE_FIXTURE_H
#define TESTS_CORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "flash_model.h"
#include "twinbank/boot.h"
#include "twinbank/update.h"

#define PRODUCT 0x0BADCAFEu
#define IMAGE_MAX (32u * 1024u)

/* A small part on which everything can be tried: 1 KB pages, 16 KB banks, log at the
 * end of the last page. The others differ in unit and sectors. */
extern const tb_chip chip_small;
extern const tb_chip chip_wide;    /* 16-byte units */
extern const tb_chip chip_sectors; /* 32-byte units, few sectors of unequal size */

typedef struct image {
    uint8_t bytes[IMAGE_MAX];
    uint32_t total;
} image;

tb_image_head *image_head(image *im);
/* A good image; `fill`: payload pattern. Sparse: most units blank, so that every
 * operation of its update can be cut in short time. */
void image_make(image *im, const tb_chip *chip, tb_image_kind kind, uint32_t version,
                uint32_t payload, uint32_t fill, bool sparse);
/* Header CRCs again, after the test has changed a field or the payload. */
void image_seal(image *im);

void put_stage1(flash_model *m, unsigned bank);
void put_stage2(flash_model *m, unsigned bank, uint32_t version);
/* Image and log, as the factory or an earlier update left them. */
void put_app(flash_model *m, unsigned bank, const image *im, uint16_t generation);
void put_record(flash_model *m, unsigned bank, unsigned unit, tb_record_kind kind, uint8_t argument,
                uint16_t generation);
/* Stage 1 and 2 in both banks, application version 1.0.0 confirmed in bank 0. */
void device_make(flash_model *m, const tb_chip *chip, image *v1);

tb_update_policy policy_app(const tb_chip *chip, int running);
tb_update_policy policy_stage2(const tb_chip *chip, int copy);
/* begin, write all from *next on in pieces, finish. */
tb_error update_all(tb_update *u, const image *im, uint32_t piece);
bool holds_image(const flash_model *m, unsigned bank, uint32_t offset, const image *im);

#endif
