#include <stdlib.h>
#include <sys/stat.h>
#include <zlib.h>

#include "bench/bench.h"
#include "host/lib/compress.h"

static size_t deflated(const tb_image_file *image)
{
    uLongf bytes = compressBound((uLong)image->bytes);
    uint8_t *out = malloc(bytes);
    bench_must(out != NULL && compress2(out, &bytes, image->data, (uLong)image->bytes, 9) == Z_OK,
               "zlib");
    free(out);
    return bytes;
}

static size_t ours(const tb_image_file *image, const tb_image_file *source)
{
    tb_compressed out;
    bench_must(tb_compress(image->data, image->bytes, 0, source ? source->data : NULL,
                           source ? source->bytes : 0, &out) == 0,
               "no memory to compress");
    size_t bytes = out.bytes;
    tb_compressed_free(&out);
    return bytes;
}

/* Bytes of the file that another program makes of the two. */
static size_t others(const char *command, const char *before, const char *after,
                     const char *scratch)
{
    char call[1024], out[300];
    struct stat st;
    snprintf(out, sizeof out, "%s/patch", scratch);
    snprintf(call, sizeof call, "%s '%s' '%s' '%s'", command, before, after, out);
    bench_must(system(call) == 0 && stat(out, &st) == 0, call);
    (void)remove(out);
    return (size_t)st.st_size;
}

void bench_pairs(const char *chip, const char *scratch, bool with_others, pair_result pairs[PAIRS])
{
    static const struct {
        const char *name, *file;
        bool small;
    } list[PAIRS] = {
        {"one constant changed", "pair-constant.twb", true},
        {"one function added", "pair-function.twb", true},
        {"-O2 instead of -Os", "pair-flags.twb", false},
        {"another program", "pair-other.twb", false},
    };
    const board b = {.chip = tb_chip_find(chip)};
    char before[256], after[256];
    tb_image_file source, image;
    tb_complaint why;

    bench_must(b.chip != NULL, "no such chip");
    snprintf(before, sizeof before, "%s", board_file(&b, "pair-base.twb"));
    bench_must(tb_image_load(&source, before, &why), "pair-base.twb: was the firmware built?");
    for (size_t i = 0; i < PAIRS; i++) {
        snprintf(after, sizeof after, "%s", board_file(&b, list[i].file));
        bench_must(tb_image_load(&image, after, &why), after);
        pairs[i] = (pair_result){.name = list[i].name, .raw = image.bytes, .small = list[i].small,
                                 .zlib = deflated(&image), .lz = ours(&image, NULL),
                                 .delta = ours(&image, &source)};
        if (with_others) {
            pairs[i].bsdiff = others("bsdiff", before, after, scratch);
            pairs[i].xdelta3 = others("xdelta3 -e -9 -f -s", before, after, scratch);
        }
        tb_image_file_free(&image);
    }
    tb_image_file_free(&source);
}
