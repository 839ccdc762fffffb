#include "torture/plant.h"

#include <string.h>

#define HEADER_BYTES 1024u

/* A record as docs/image.md has it, one programming unit of 8 bytes. */
static void put_record(rig *r, unsigned bank, unsigned unit, uint8_t kind, uint8_t argument,
                       uint16_t generation)
{
    const tb_chip *c = r->chip;
    uint8_t record[8] = {kind, argument, (uint8_t)generation, (uint8_t)(generation >> 8)};
    uint32_t crc = oracle_crc32(record, 4);
    for (unsigned i = 0; i < 4u; i++) {
        record[4u + i] = (uint8_t)(crc >> (8u * i));
    }
    uint32_t at = c->bank_bytes - (uint32_t)(c->log_units - unit) * c->unit_bytes;
    memcpy(sim_flash_bank(r->m, bank) + at, record, sizeof record);
}

static void put_word(uint8_t *at, uint32_t word)
{
    for (unsigned i = 0; i < 4u; i++) {
        at[i] = (uint8_t)(word >> (8u * i));
    }
}

static void damage_both(rig *r, uint32_t offset, sim_damage damage)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        sim_flash_damage(r->m, bank, offset, damage);
    }
}

/* ---- as the recovery begins ------------------------------------------------------------ */

static void stage1(rig *r)
{
    sim_flash_damage(r->m, 1, r->chip->stage1_bytes - 8u, SIM_DAMAGE_SILENT);
}

static void twice(rig *r) /* by two interruptions, and not by one */
{
    if (r->cuts_seen == 2u) {
        stage1(r);
    }
}

static void images(rig *r)
{
    damage_both(r, r->chip->slot_offset + HEADER_BYTES + 64u, SIM_DAMAGE_SILENT);
}

static void stage2(rig *r)
{
    damage_both(r, r->chip->stage2_offset + HEADER_BYTES + 64u, SIM_DAMAGE_UNCORRECTABLE);
}

static void foreign_record(rig *r)
{
    put_record(r, 0, 30, 0x4B, 1, 99);
    put_record(r, 1, 30, 0x4B, 1, 99);
}

static void injector(rig *r) /* a cut that will never come */
{
    sim_schedule_cut(r->m, &(sim_cut){.op = UINT32_MAX});
}

/* G4 and L4: OPTR as it stands, written once more. */
static void option_write(rig *r)
{
    static const uint32_t keys[][2] = {{0x40022008u, 0x45670123u}, {0x40022008u, 0xCDEF89ABu},
                                       {0x4002200Cu, 0x08192A3Bu}, {0x4002200Cu, 0x4C5D6E7Fu},
                                       {0x40022014u, 1u << 17}};
    for (unsigned i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        (void)sim_core_write(r->m, keys[i][0], 4, keys[i][1]);
    }
}

/* A confirmed image is marked as one that failed, and nobody asked for it. */
static void fallen(rig *r)
{
    for (unsigned bank = 0; bank < 2u; bank++) {
        oracle_log log = oracle_log_read(&r->oracle, bank, 0);
        if (log.state == ORACLE_CONFIRMED && log.generation > 1u) {
            put_record(r, bank, log.used, 0x87, 1, log.generation);
        }
    }
}

static void mute(rig *r)
{
    r->mute = true;
}

static void deaf(rig *r)
{
    r->deaf = true;
}

/* ---- where an image has come to run ------------------------------------------------------ */

static void rots(rig *r, unsigned bank)
{
    sim_flash_damage(r->m, bank, r->chip->slot_offset + HEADER_BYTES + 64u, SIM_DAMAGE_SILENT);
    oracle_touch_all(&r->oracle);
}

/* Whole, and nobody's. */
static void foreign(rig *r, unsigned bank)
{
    uint8_t *head = sim_flash_bank(r->m, bank) + r->chip->slot_offset;
    head[HEADER_BYTES + 64u] ^= 1u;
    put_word(head + 4, oracle_crc32(head + HEADER_BYTES, oracle_slot(&r->oracle, bank)->bytes));
    put_word(head + 60, oracle_crc32(head, 60));
    oracle_touch_all(&r->oracle);
}

/* The other one is newer, and confirmed. */
static void older(rig *r, unsigned bank)
{
    const tb_chip *c = r->chip;
    uint32_t log = (uint32_t)c->log_units * c->unit_bytes;
    memset(sim_flash_bank(r->m, bank ^ 1u) + c->bank_bytes - log, 0xFF, log);
    put_record(r, bank ^ 1u, 0, 0x1E, 0, 9);
    put_record(r, bank ^ 1u, 1, 0x4B, 0, 9);
    oracle_touch_all(&r->oracle);
}

static const struct plant {
    const char *name;
    void (*at_once)(rig *r);
    void (*before_judge)(rig *r, unsigned bank);
} plants[] = {
    {"stage1", stage1, NULL},        {"images", images, NULL},   {"stage2", stage2, NULL},
    {"log", foreign_record, NULL},   {"injector", injector, NULL}, {"option", option_write, NULL},
    {"fallen", fallen, NULL},        {"mute", mute, NULL},       {"deaf", deaf, NULL},
    {"twice", twice, NULL},          {"rots", NULL, rots},       {"foreign", NULL, foreign},
    {"older", NULL, older},
};
#define PLANTS (sizeof plants / sizeof plants[0])

const char *plant_known(const char *name)
{
    for (size_t i = 0; i < PLANTS; i++) {
        if (strcmp(plants[i].name, name) == 0) {
            return plants[i].name;
        }
    }
    return NULL;
}

void plant_fault(const char *name, rig *r)
{
    if (name == NULL || r->cuts_seen == 0u) {
        return;
    }
    (void)oracle_instant(&r->oracle); /* what it has seen before the fault */
    for (size_t i = 0; i < PLANTS; i++) {
        if (strcmp(plants[i].name, name) == 0) {
            r->before_judge = plants[i].before_judge;
            if (plants[i].at_once != NULL) {
                plants[i].at_once(r);
            }
        }
    }
    oracle_touch_all(&r->oracle);
}
