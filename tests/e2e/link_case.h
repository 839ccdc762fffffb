/* One case of the hostile line: a device, its line, what becomes of an update. */
#ifndef TESTS_E2E_LINK_CASE_H
#define TESTS_E2E_LINK_CASE_H

#include <stdbool.h>
#include <stdint.h>

typedef struct link_tally {
    uint64_t cases, frames; /* frames: whole ones that host and device put on the line */
    uint64_t dropped, doubled, reordered, corrupted, stalled, babbled;
    uint64_t cuts, resets, operations;
    uint64_t updates_done, updates_given_up; /* under attack */
    uint64_t longest_ms; /* of one attempt to send the image, virtual */
    uint64_t virtual_ms;
} link_tally;

/* Everything about the case follows from seed and number. false: a promise is broken, and
 * stderr says which. */
bool link_case_run(const char *chip, uint32_t seed, uint32_t number, bool verbose,
                   link_tally *tally);

#endif
