#include "torture/plant.h"

#include <string.h>

const char *const plant_names[] = {"stage1", "images", "stage2", "log", "injector", NULL};

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

void plant_fault(const char *name, rig *r)
{
    const tb_chip *c = r->chip;
    if (name == NULL || r->cuts_seen == 0u) {
        return;
    }
    if (strcmp(name, "stage1") == 0) {
        sim_flash_damage(r->m, 1, c->stage1_bytes - 8u, SIM_DAMAGE_SILENT);
    }
    if (strcmp(name, "injector") == 0) { /* a cut that will never come */
        sim_schedule_cut(r->m, &(sim_cut){.op = UINT32_MAX});
    }
    for (unsigned bank = 0; bank < 2u; bank++) {
        if (strcmp(name, "images") == 0) {
            sim_flash_damage(r->m, bank, c->slot_offset + 1024u + 64u, SIM_DAMAGE_SILENT);
        } else if (strcmp(name, "stage2") == 0) {
            sim_flash_damage(r->m, bank, c->stage2_offset + 1024u + 64u, SIM_DAMAGE_UNCORRECTABLE);
        } else if (strcmp(name, "log") == 0) {
            put_record(r, bank, 30, 0x4B, 1, 99);
        }
    }
    oracle_touch_all(&r->oracle);
}
