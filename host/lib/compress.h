/* The encoder of docs/compression.md. */
#ifndef TWINBANK_HOST_COMPRESS_H
#define TWINBANK_HOST_COMPRESS_H

#include <stddef.h>
#include <stdint.h>

typedef struct tb_compressed {
    uint8_t *data;
    size_t bytes;
    uint32_t *reached; /* by byte of the stream: how far the image is expanded with it, at most */
} tb_compressed;

/* Compresses image[start..image_bytes) for a device that has image[0..start) already.
 * source: the whole image in the device's other bank, header included, or NULL.
 * 0, or -1 where there is no memory. */
int tb_compress(const uint8_t *image, size_t image_bytes, size_t start, const uint8_t *source,
                size_t source_bytes, tb_compressed *out);
void tb_compressed_free(tb_compressed *c);

#endif
