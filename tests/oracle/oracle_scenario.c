/* Scenario programs in lockstep: oracle_scenario IMAGE.bin... */
#include <stdio.h>
#include <string.h>

#include "encodings.h"
#include "lockstep.h"

static oracle_image image;

static bool load(const char *path) {
    memset(&image, 0, sizeof image);
    memset(image.flash, 0xFF, sizeof image.flash);
    FILE *f = fopen(path, "rb");
    if (f == NULL) {
        perror(path);
        return false;
    }
    size_t n = fread(image.flash, 1, sizeof image.flash, f);
    bool whole = n >= 64 && feof(f) && !ferror(f);
    fclose(f);
    if (!whole) {
        fprintf(stderr, "%s: not a flash image\n", path);
    }
    return whole;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s IMAGE.bin...\n", argv[0]);
        return 2;
    }
    enc_prepare(false);
    unsigned failed = 0;
    for (int k = 1; k < argc; k++) {
        const char *name = strrchr(argv[k], '/');
        name = name != NULL ? name + 1 : argv[k];
        oracle_tally tally = {0};
        bool ok = load(argv[k]) && lockstep_run(oracle_board_find("m4"), &image, name, &tally);
        printf("%s: %s, %lu states equal, %lu exceptions taken\n", name, ok ? "same" : "DIFFERENT",
               tally.compared, tally.exceptions);
        fflush(stdout);
        failed += !ok;
    }
    return failed == 0 ? 0 : 1;
}
