/* replay CORPUS...: each file of the folders, or each file, once through the target. What
 * libFuzzer has found stays found, and no clang is needed for it. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/fuzz/fuzz.h"

static unsigned inputs;

static void replay_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    long bytes = -1;

    if (f != NULL && fseek(f, 0, SEEK_END) == 0) {
        bytes = ftell(f);
        rewind(f);
    }
    /* Of exactly that size, so that the address sanitizer sees a read past its end. */
    uint8_t *data = bytes >= 0 ? malloc(bytes > 0 ? (size_t)bytes : 1u) : NULL;
    if (data == NULL || fread(data, 1, (size_t)bytes, f) != (size_t)bytes) {
        fprintf(stderr, "replay: cannot read %s\n", path);
        exit(2);
    }
    fclose(f);
    printf("%s\n", path); /* the last one printed is the one that broke it */
    fflush(stdout);
    (void)LLVMFuzzerTestOneInput(data, (size_t)bytes);
    free(data);
    inputs++;
}

static int no_dots(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void replay(const char *path)
{
    struct stat info;
    struct dirent **entries;

    if (stat(path, &info) != 0 || !S_ISDIR(info.st_mode)) {
        replay_file(path);
        return;
    }
    int count = scandir(path, &entries, no_dots, alphasort);
    for (int i = 0; i < count; i++) {
        char file[1024];

        (void)snprintf(file, sizeof file, "%s/%s", path, entries[i]->d_name);
        free(entries[i]);
        replay_file(file);
    }
    if (count >= 0) {
        free(entries);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        replay(argv[i]);
    }
    printf("%u inputs\n", inputs);
    return inputs > 0 ? 0 : 2;
}
