/* Stage 2's memcpy, memmove, memset and memcmp as they were built, on the simulated core, beside
 * plain models: any alignment, 0 to 70 bytes, whatever way two places overlap, and not a byte
 * beyond. test_firmware_memory [CHIP] */
#include "tests/cpu/fixture.h"

#include <elf.h>
#include <stdio.h>
#include <stdlib.h>

#define LONGEST 70u
#define ROOM_BYTES 256u
#define ROOM (RAM + 0xC000u) /* behind all of stage 2 */
#define MIDDLE 96u
#define STEPS_MAX 1000u

static const char *chip = "stm32g474re";
static uint8_t elf[1u << 21];
static rig *core;

/* At run addresses, as unpacked. */
static void load(void)
{
    char path[200];
    snprintf(path, sizeof path, "build/firmware/%s/stage2.elf", chip);
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        fail_msg("%s: build the firmware first, make firmware CHIP=%s", path, chip);
    size_t bytes = fread(elf, 1, sizeof elf, file);
    fclose(file);
    assert_true(bytes > sizeof(Elf32_Ehdr) && bytes < sizeof elf);
    const Elf32_Ehdr *head = (const void *)elf;
    const Elf32_Phdr *segment = (const void *)(elf + head->e_phoff);
    for (unsigned i = 0; i < head->e_phnum; i++) {
        uint32_t at = segment[i].p_vaddr - RAM;
        if (segment[i].p_type != PT_LOAD || segment[i].p_filesz == 0)
            continue;
        assert_true(at < ROOM - RAM && segment[i].p_filesz <= ROOM - RAM - at);
        memcpy(core->ram + at, elf + segment[i].p_offset, segment[i].p_filesz);
    }
    sim_code_invalidate(core->ram_code, 0, RAM_BYTES);
}

static uint32_t address_of(const char *name)
{
    const Elf32_Ehdr *head = (const void *)elf;
    const Elf32_Shdr *section = (const void *)(elf + head->e_shoff);
    for (unsigned i = 0; i < head->e_shnum; i++) {
        if (section[i].sh_type != SHT_SYMTAB)
            continue;
        const char *names = (const char *)elf + section[section[i].sh_link].sh_offset;
        const Elf32_Sym *symbol = (const void *)(elf + section[i].sh_offset);
        for (size_t n = section[i].sh_size / sizeof *symbol; n > 0; n--, symbol++) {
            if (strcmp(names + symbol->st_name, name) == 0)
                return symbol->st_value & ~1u;
        }
    }
    fail_msg("stage 2 has no %s", name);
    return 0;
}

static uint32_t call(uint32_t function, uint32_t a, uint32_t b, uint32_t c)
{
    const uint32_t arguments[] = {a, b, c};
    for (unsigned i = 0; i < 3; i++)
        sim_cpu_set_reg(core->cpu, i, arguments[i]);
    for (unsigned i = 4; i < 12; i++)
        sim_cpu_set_reg(core->cpu, i, 0xA5000000u + i);
    sim_cpu_set_reg(core->cpu, 13, STACK);
    sim_cpu_set_reg(core->cpu, 14, CODE | 1u);
    sim_cpu_set_reg(core->cpu, 15, function);
    for (unsigned steps = 0; sim_cpu_reg(core->cpu, 15) != CODE; steps++) {
        assert_true(steps < STEPS_MAX);
        rig_steps(core, 1);
    }
    for (unsigned i = 4; i < 12; i++)
        assert_int_equal(sim_cpu_reg(core->cpu, i), 0xA5000000u + i);
    assert_int_equal(sim_cpu_reg(core->cpu, 13), STACK);
    return sim_cpu_reg(core->cpu, 0);
}

/* Fills the room anew, differently each time. */
static uint8_t *fresh_room(uint8_t model[ROOM_BYTES])
{
    static uint32_t state = 1;
    for (unsigned i = 0; i < ROOM_BYTES; i++) {
        state = state * 1664525u + 1013904223u;
        model[i] = (uint8_t)(state >> 24);
    }
    return memcpy(core->ram + (ROOM - RAM), model, ROOM_BYTES);
}

static void copy(uint32_t function, unsigned to, unsigned from, unsigned bytes)
{
    uint8_t model[ROOM_BYTES];
    const uint8_t *room = fresh_room(model);
    memmove(model + to, model + from, bytes);
    assert_int_equal(call(function, ROOM + to, ROOM + from, bytes), ROOM + to);
    if (memcmp(room, model, ROOM_BYTES) != 0)
        fail_msg("%u bytes from %u to %u", bytes, from, to);
}

static void copies_what_does_not_overlap(void **state)
{
    uint32_t function = address_of("memcpy");
    (void)state;
    for (unsigned bytes = 0; bytes <= LONGEST; bytes++) {
        for (unsigned align = 0; align < 16; align++) {
            copy(function, MIDDLE + align / 4u, 4u + align % 4u, bytes);
            copy(function, 4u + align % 4u, MIDDLE + align / 4u, bytes);
        }
    }
}

static void moves_what_overlaps(void **state)
{
    uint32_t function = address_of("memmove");
    (void)state;
    for (unsigned bytes = 0; bytes <= LONGEST; bytes++) {
        for (unsigned to = MIDDLE - bytes - 1u; to <= MIDDLE + bytes + 1u; to++)
            copy(function, to, MIDDLE + bytes % 4u, bytes);
    }
}

static void sets(void **state)
{
    uint32_t function = address_of("memset");
    (void)state;
    for (unsigned bytes = 0; bytes <= LONGEST; bytes++) {
        for (unsigned to = MIDDLE; to < MIDDLE + 4u; to++) {
            uint8_t model[ROOM_BYTES];
            const uint8_t *room = fresh_room(model);
            memset(model + to, 0xC7, bytes);
            assert_int_equal(call(function, ROOM + to, 0x112233C7u, bytes), ROOM + to);
            assert_memory_equal(room, model, ROOM_BYTES);
        }
    }
}

static int sign(int32_t value)
{
    return (value > 0) - (value < 0);
}

/* Equal, then different in one byte, and in all after it the other way round. */
static void compares(void **state)
{
    uint32_t function = address_of("memcmp");
    (void)state;
    for (unsigned bytes = 0; bytes <= LONGEST; bytes++) {
        unsigned a = 4u + bytes % 4u, b = MIDDLE + bytes / 4u % 4u;
        uint8_t model[ROOM_BYTES];
        uint8_t *room = fresh_room(model);
        memcpy(room + b, room + a, bytes);
        room[a + bytes] = (uint8_t)~room[b + bytes];
        assert_int_equal(call(function, ROOM + a, ROOM + b, bytes), 0);
        for (unsigned at = 0; at < bytes; at++) {
            for (unsigned i = at; i < bytes; i++) {
                room[a + i] = i == at ? 0x7F : 0xFF;
                room[b + i] = i == at ? 0x80 : 0x00;
            }
            assert_int_equal(sign((int32_t)call(function, ROOM + a, ROOM + b, bytes)), -1);
            assert_int_equal(sign((int32_t)call(function, ROOM + b, ROOM + a, bytes)), 1);
            memcpy(room + a, model + a, bytes);
            memcpy(room + b, model + a, bytes);
        }
    }
}

static int begin(void **state)
{
    (void)state;
    core = rig_new();
    load();
    return 0;
}

static int end(void **state)
{
    (void)state;
    rig_free(core);
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_what_does_not_overlap),
        cmocka_unit_test(moves_what_overlaps),
        cmocka_unit_test(sets),
        cmocka_unit_test(compares),
    };
    chip = argc > 1 ? argv[1] : chip;
    return cmocka_run_group_tests(tests, begin, end);
}
