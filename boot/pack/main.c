/* Packs stage 2 for flash:  tb-pack-stage2 CHIP IN.bin OUT.bin
 * IN is the program as it runs. What does not become smaller stays as it is. */
#include <stdio.h>
#include <stdlib.h>

#include "boot/pack/pack.h"
#include "boot/stage2/packed.h"
#include "twinbank/chip.h"

#define LARGEST 0x10000u

static uint32_t get_u32(const uint8_t *p)
{
    return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static void put_u32(uint8_t *p, uint32_t value)
{
    for (unsigned i = 0; i < 4u; i++) {
        p[i] = (uint8_t)(value >> 8u * i);
    }
}

static int fail(const char *file, const char *what)
{
    fprintf(stderr, "tb-pack-stage2: %s: %s\n", file, what);
    return 1;
}

static bool read_file(const char *path, uint8_t *bytes, size_t *count)
{
    FILE *file = fopen(path, "rb");

    *count = 0;
    if (file != NULL) {
        *count = fread(bytes, 1, LARGEST, file);
        fclose(file);
    }
    return *count != 0u;
}

static bool write_file(const char *path, const uint8_t *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(bytes, 1, count, file) == count;

    return (file == NULL || fclose(file) == 0) && good;
}

int main(int argc, char **argv)
{
    static uint8_t program[LARGEST], packed[LARGEST];
    const tb_chip *chip = argc == 4 ? tb_chip_find(argv[1]) : NULL;
    size_t bytes, made, first;

    if (chip == NULL || !chip->has_banks) {
        fprintf(stderr, "usage: tb-pack-stage2 CHIP IN.bin OUT.bin\n");
        return 2;
    }
    if (!read_file(argv[2], program, &bytes) || bytes % 4u != 0u || bytes == LARGEST) {
        return fail(argv[2], "cannot be read, or is no program of up to 64 KB");
    }
    first = get_u32(program + STAGE2_FIRST) - chip->stage2_run;
    if (first < STAGE2_FACTS_END || first >= bytes || get_u32(program + STAGE2_STREAM_END) != 0u ||
        get_u32(program + STAGE2_END) - chip->stage2_run != bytes) {
        return fail(argv[2], "not a stage 2 of this chip, or one that is packed already");
    }
    if (!pack_in_place(program, chip->stage2_run, bytes, first, packed, &made, &first)) {
        return write_file(argv[3], program, bytes) ? 0 : fail(argv[3], "cannot be written");
    }
    put_u32(packed + STAGE2_STREAM_END, chip->stage2_run + (uint32_t)made);
    put_u32(packed + STAGE2_FIRST, chip->stage2_run + (uint32_t)first);
    if (!write_file(argv[3], packed, made)) {
        return fail(argv[3], "cannot be written");
    }
    printf("%s: %zu bytes, of %zu where it runs\n", argv[3], made, bytes);
    return 0;
}
