/* Scenario programs on the board of a core: fp_scenario --core m4 IMAGE.bin... */
#include <stdio.h>
#include <string.h>

#include "fp_lockstep.h"

static fp_image image;

static bool load(const char *path, uint32_t offset) {
    memset(&image, 0, sizeof image);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    size_t n = fread(image.bytes + offset, 1, sizeof image.bytes - offset, f);
    bool whole = n >= 64 && feof(f) && !ferror(f);
    fclose(f);
    if (!whole) {
        fprintf(stderr, "%s: not an image\n", path);
    }
    return whole;
}

int main(int argc, char **argv) {
    bool named = argc > 3 && strcmp(argv[1], "--core") == 0;
    const oracle_board *board = named ? oracle_board_find(argv[2]) : NULL;
    if (board == NULL) {
        fprintf(stderr, "usage: %s --core m4|m7|m33 IMAGE.bin...\n", argv[0]);
        return 2;
    }
    unsigned failed = 0;
    for (int k = 3; k < argc; k++) {
        const char *name = strrchr(argv[k], '/');
        name = name != NULL ? name + 1 : argv[k];
        fp_tally tally = {0};
        bool ok = load(argv[k], board->start) && fp_lockstep(board, &image, name, &tally);
        printf("%s on %s: %s, %lu states equal, %lu exceptions taken\n", name, board->machine,
               ok ? "same" : "DIFFERENT", tally.compared, tally.exceptions);
        fflush(stdout);
        failed += !ok;
    }
    return failed == 0 ? 0 : 1;
}
