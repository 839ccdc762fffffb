/* What has been lived, in memory that all processes share. A run of the part is determined by
 * what it starts from: who has read the same values at the same places has gone, and goes, the
 * same way. So a course is filed under its beginning (cause of the reset, backup registers,
 * options ...), the places that it read before it wrote them, and what was there. */
#ifndef TORTURE_MEMO_H
#define TORTURE_MEMO_H

#include "host/lib/compress.h"
#include "host/lib/imagefile.h"
#include "torture/state.h"

typedef uint32_t memo_at; /* offset in the memo, 0: none */

typedef struct course_op {
    uint8_t kind, bank; /* sim_op_kind */
    uint8_t flags;      /* of the rig, as the operation began: see beginning */
    uint16_t words;     /* number of the set of backup registers then */
    uint32_t offset, bytes;
    memo_at data; /* of a program */
    uint64_t options;
} course_op;

typedef struct course {
    memo_at ops;   /* course_op[op_count] */
    memo_at words; /* sets of backup registers, each of word_count */
    uint32_t op_count, word_count, words_end; /* words_end: number of the set at its end */
    uint32_t resets; /* after the one that it began with */
    uint64_t us, options;
    uint8_t settled, bank, flags; /* what it came to, with what mapped, in which state of the rig */
} course;

typedef struct memo memo;

memo *memo_new(void); /* NULL: no memory */
void memo_free(memo *x);
/* NULL: nobody has begun so and read these values. */
const course *memo_find(memo *x, uint64_t beginning, state *s, bool ram, uint64_t chance);
/* Files it. number: over what was at those places, in their order (memo_fold). */
void memo_file(memo *x, uint64_t beginning, const place *places, uint32_t count, uint64_t number,
               const course *c);
/* What the host has compressed: the same each time, whatever became of the device. A
 * rig_compress, whose ctx is the memo. */
int memo_compress(void *x, const tb_image_file *image, size_t start, const tb_image_file *source,
                  tb_compressed *out);
/* Room that stays. 0: the memo is full. */
memo_at memo_keep(memo *x, const void *bytes, size_t count);
const void *memo_get(const memo *x, memo_at at);
void *memo_room(memo *x, memo_at at); /* to be written */

static inline uint64_t memo_fold(uint64_t number, uint64_t next)
{
    number = (number ^ next) * 0xD6E8FEB86659FD93ull;
    return number ^ number >> 31;
}

#endif
