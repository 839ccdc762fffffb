/* Is every instruction of the firmware in the table of encodings?
 *   oracle_firmware DIRECTORY | FILE.elf ... */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "encodings.h"

enum { COMMAND_MAX = 1024 };

typedef struct uses {
    unsigned long instructions, unknown, files;
    unsigned char *seen;
} uses;

/* Lines of the form "20000204:<tab>f8d3 1234 <tab>ldr.w ..."; data lines name a
 * directive (.word, .short, .byte) instead of an instruction. */
static void classify_line(uses *u, const char *file, char *line) {
    char *colon = strchr(line, ':');
    if (colon == NULL || colon[1] != '\t' ||
        strspn(line, " 0123456789abcdef") < (size_t)(colon - line)) {
        return;
    }
    char *text = strchr(colon + 2, '\t');
    unsigned first = 0, second = 0;
    int fields = sscanf(colon + 2, "%4x %4x", &first, &second);
    if (text == NULL || text[1] == '.' || fields < 1) {
        return;
    }
    unsigned bytes = enc_size((uint16_t)first);
    if (bytes == 4 && fields < 2) {
        return;
    }
    uint32_t opcode = bytes == 4 ? (uint32_t)first << 16 | second : first;
    const enc_row *row = enc_classify(opcode, bytes);
    u->instructions++;
    if (row == NULL) {
        u->unknown++;
        fprintf(stderr, "%s: no encoding in the table for%s", file, line);
    } else {
        u->seen[row - enc_table] = 1;
    }
}

static bool classify_file(uses *u, const char *file) {
    char command[COMMAND_MAX], line[512];
    if (strchr(file, '\'') != NULL ||
        snprintf(command, sizeof command, "arm-none-eabi-objdump -d '%s'", file) >=
            (int)sizeof command) {
        fprintf(stderr, "%s: cannot be given to objdump\n", file);
        return false;
    }
    FILE *p = popen(command, "r");
    if (p == NULL) {
        perror("arm-none-eabi-objdump");
        return false;
    }
    unsigned long before = u->instructions;
    while (fgets(line, sizeof line, p) != NULL) {
        classify_line(u, file, line);
    }
    if (pclose(p) != 0 || u->instructions == before) {
        fprintf(stderr, "%s: objdump found no instructions there\n", file);
        return false;
    }
    u->files++;
    return true;
}

static bool classify_directory(uses *u, const char *name, DIR *dir) {
    bool ok = true;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        size_t n = strlen(e->d_name);
        char path[COMMAND_MAX];
        if (n > 4 && strcmp(e->d_name + n - 4, ".elf") == 0) {
            snprintf(path, sizeof path, "%s/%s", name, e->d_name);
            ok = classify_file(u, path) && ok;
        }
    }
    return ok;
}

int main(int argc, char **argv) {
    if (argc < 2) {
        fprintf(stderr, "usage: %s DIRECTORY | FILE.elf ...\n", argv[0]);
        return 2;
    }
    enc_prepare(false);
    uses u = {.seen = calloc(enc_count, 1)};
    if (u.seen == NULL) {
        return 1;
    }
    bool ok = true;
    for (int k = 1; k < argc; k++) {
        DIR *dir = opendir(argv[k]);
        if (dir != NULL) {
            ok = classify_directory(&u, argv[k], dir) && ok;
            closedir(dir);
        } else {
            ok = classify_file(&u, argv[k]) && ok;
        }
    }
    unsigned used = 0;
    for (unsigned k = 0; k < enc_count; k++) {
        used += u.seen[k];
    }
    free(u.seen);
    if (u.files == 0) {
        fprintf(stderr, "no firmware there: build it first (make firmware)\n");
    }
    printf("%lu instructions in %lu files use %u of %u encodings; %lu are in none\n",
           u.instructions, u.files, used, enc_count, u.unknown);
    return ok && u.files > 0 && u.unknown == 0 ? 0 : 1;
}
