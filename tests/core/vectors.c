#include "vectors.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char word[] = "vector ";

static const char *name_of(char *line)
{
    if (strncmp(line, word, sizeof word - 1u) != 0) {
        return NULL;
    }
    line[strcspn(line, "\r\n")] = '\0';
    return line + sizeof word - 1u;
}

size_t vector_read(const char *document, const char *name, uint8_t *bytes, size_t room)
{
    FILE *file = fopen(document, "r");
    char line[256];
    size_t count = 0;
    int inside = 0;

    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        const char *found = name_of(line);

        if (found != NULL || strncmp(line, "```", 3) == 0) {
            inside = found != NULL && strcmp(found, name) == 0;
            continue;
        }
        for (char *p = line; inside && *p != '\0';) {
            if (isxdigit((unsigned char)*p) && count < room) {
                bytes[count++] = (uint8_t)strtoul(p, &p, 16);
            } else {
                p++;
            }
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return count;
}

int vector_name(const char *document, unsigned index, char *name, size_t room)
{
    FILE *file = fopen(document, "r");
    char line[256];
    int found = 0;

    while (file != NULL && !found && fgets(line, sizeof line, file) != NULL) {
        const char *here = name_of(line);

        if (here != NULL && index-- == 0) {
            found = snprintf(name, room, "%s", here) > 0;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    return found;
}
