/* One direction of a serial line, hostile: frames of the wire (docs/wire.md) are dropped,
 * doubled, swapped, damaged, held up, and others are made up. What is no frame passes byte
 * by byte. Chance comes from a seed alone, time from the caller: everything repeats. */
#ifndef SIM_LINE_BAD_LINE_H
#define SIM_LINE_BAD_LINE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BAD_LINE_FRAME_BYTES 1032u /* the longest frame */
#define BAD_LINE_FRAMES 64u        /* that may be on their way */
#define BAD_LINE_HISTORY 8u

typedef struct line_faults { /* of 1000 frames */
    uint16_t drop, twice, reorder, corrupt, stall, babble;
    uint16_t stall_ms; /* at most */
    uint32_t seed;
} line_faults;

typedef struct line_frame {
    uint64_t due_ms;
    uint16_t bytes;
    uint8_t data[BAD_LINE_FRAME_BYTES + 8u]; /* damage may add some */
} line_frame;

typedef struct bad_line {
    line_faults faults;
    uint32_t random;
    line_frame coming; /* the frame that is being received; due_ms: of its last byte */
    line_frame queue[BAD_LINE_FRAMES];
    size_t head, count;
    size_t taken; /* bytes of the first one */
    bool held_back; /* the last one waits to be overtaken by the next */
    uint64_t stalled_until_ms;
    line_frame history[BAD_LINE_HISTORY];
    uint32_t heard;
    /* statistics */
    uint64_t frames; /* whole ones, put in */
    uint64_t dropped, doubled, reordered, corrupted, stalled, babbled;
} bad_line;

/* `salt` parts the two directions of one seed. */
void bad_line_init(bad_line *l, const line_faults *faults, uint32_t salt);
void bad_line_put(bad_line *l, uint8_t byte, uint64_t now_ms);
/* The next byte that has arrived, or -1. */
int bad_line_get(bad_line *l, uint64_t now_ms);
/* What is on its way is lost. */
void bad_line_clear(bad_line *l);

/* "drop=10,twice=5,reorder=5,corrupt=10,stall=2,babble=10,stall-ms=500,seed=7", of 1000
 * frames. NULL, or what is wrong with it (static). */
const char *line_faults_parse(const char *text, line_faults *faults);

#endif
