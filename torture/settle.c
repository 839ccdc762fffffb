/* After the recovery: what runs, seen from the PC, the mapping, the console and the flash. */
#include "torture/scenario.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEP_PS (5u * SIM_PS_PER_MS)
#define SETTLE_LIMIT_PS (20u * SIM_PS_PER_S) /* three trials of a hang and what cuts add to them */
#define STAGE2_STEPS 20u                     /* stage 2 for so long: it stays */

const tb_image_file *scenario_image(const tb_chip *chip, const char *name)
{
    static struct {
        const tb_chip *chip;
        const char *name;
        tb_image_file file;
    } known[128]; /* eight for each of sixteen parts */
    size_t i = 0;
    while (known[i].name != NULL &&
           (known[i].chip != chip || strcmp(known[i].name, name) != 0)) {
        i++;
    }
    if (known[i].name == NULL) {
        tb_complaint why;
        if (!tb_image_load(&known[i].file, rig_file(chip, name), &why)) {
            fprintf(stderr, "twinbank-torture: %s: not a whole image (was the firmware built?)\n",
                    rig_file(chip, name));
            exit(2);
        }
        known[i].name = name;
        known[i].chip = chip;
    }
    return &known[i].file;
}

/* Byte for byte what the file holds? */
static bool holds(rig *r, unsigned bank, const char *name)
{
    if (name == NULL || oracle_slot(&r->oracle, bank)->wrong != NULL) {
        return false;
    }
    const tb_image_file *file = scenario_image(r->chip, name);
    return memcmp(sim_flash_bank(r->m, bank) + r->chip->slot_offset, file->data, file->bytes) == 0;
}

static unsigned mapped_bank(rig *r)
{
    bool swapped;
    unsigned mode;
    sim_get_mapping(r->m, &swapped, &mode);
    return swapped ? 1u : 0u;
}

static bool in_slot(rig *r)
{
    uint32_t first = TB_FLASH_BASE + r->chip->slot_offset;
    uint32_t pc = sim_cpu_pc(sim_core(r->m));
    return pc >= first && pc < TB_FLASH_BASE + r->chip->bank_bytes;
}

static bool in_stage2(rig *r)
{
    uint32_t pc = sim_cpu_pc(sim_core(r->m));
    return pc >= r->chip->stage2_run && pc < r->chip->stage2_run + r->chip->stage2_bytes;
}

static bool says(rig *r, unsigned bank)
{
    uint32_t v = oracle_slot(&r->oracle, bank)->version;
    char text[64];
    snprintf(text, sizeof text, "app %u.%u.%u running from bank %u", (unsigned)(v >> 24),
             (unsigned)(v >> 16 & 0xFFu), (unsigned)(v & 0xFFFFu), bank + 1u);
    return rig_said(r, text);
}

/* Confirmed, or on trial where that is all there is to expect. */
static bool is_for_good(rig *r, const scenario *s, unsigned bank)
{
    for (unsigned look = 0; look < oracle_looks(&r->oracle, bank); look++) {
        oracle_log log = oracle_log_read(&r->oracle, bank, look);
        if (log.state == ORACLE_CONFIRMED || (s->trial_is_enough && log.state == ORACLE_TRIAL)) {
            return true;
        }
    }
    return false;
}

static bool image_runs(rig *r, const scenario *s, unsigned *bank)
{
    *bank = mapped_bank(r);
    return in_slot(r) && says(r, *bank) && is_for_good(r, s, *bank);
}

/* Versions never fall but by a rollback: a newer confirmed image must not stand aside. */
static bool newest_runs(rig *r, unsigned bank)
{
    oracle *o = &r->oracle;
    unsigned other = bank ^ 1u;
    oracle_log mine = oracle_log_read(o, bank, 0);
    for (unsigned look = 0; look < oracle_looks(o, other); look++) {
        oracle_log log = oracle_log_read(o, other, look);
        if (log.state != ORACLE_CONFIRMED || log.generation <= mine.generation) {
            return true;
        }
    }
    if (oracle_slot(o, other)->wrong != NULL) {
        return true;
    }
    return rig_fail(r, "bank %u runs though bank %u holds a newer confirmed image", bank + 1u,
                    other + 1u);
}

static bool judge_image(rig *r, const scenario *s, unsigned bank, settled_in *in)
{
    const oracle_image *image = oracle_slot(&r->oracle, bank);
    if (image->wrong != NULL) {
        return rig_fail(r, "the image that runs is not whole: %s", image->wrong);
    }
    if (holds(r, bank, s->new_image) || holds(r, bank, r->next_image)) {
        *in = SETTLED_NEW;
    } else if (holds(r, bank, s->old_image)) {
        *in = SETTLED_OLD;
    } else {
        return rig_fail(r, "neither the old image nor the new one runs");
    }
    if (!s->rolls_back && image->version < r->oracle.confirmed) {
        return rig_fail(r, "version 0x%08X runs, and 0x%08X was confirmed",
                        (unsigned)image->version, (unsigned)r->oracle.confirmed);
    }
    return newest_runs(r, bank);
}

static bool judge_flash(rig *r)
{
    const char *wrong = oracle_instant(&r->oracle);
    if (wrong == NULL) {
        wrong = oracle_log_legal(&r->oracle, r->cuts_seen);
    }
    return wrong == NULL || rig_fail(r, "%s", wrong);
}

bool scenario_judge(rig *r, const scenario *s, settled_in *in, unsigned bank)
{
    if (*in == SETTLED_STAGE2) {
        return oracle_bootable(&r->oracle, 0) || oracle_bootable(&r->oracle, 1)
                   ? rig_fail(r, "stage 2 runs though there is an image to boot")
                   : judge_flash(r);
    }
    if (!is_for_good(r, s, bank)) {
        return rig_fail(r, "the image that runs is not confirmed");
    }
    return judge_image(r, s, bank, in) && judge_flash(r);
}

bool scenario_settle(rig *r, const scenario *s, settled_in *in, unsigned *bank)
{
    if (s->settle != NULL) {
        return s->settle(r, s, in, bank);
    }
    sim_ps limit = sim_now(r->m) + SETTLE_LIMIT_PS;
    unsigned stage2 = 0;
    while (sim_now(r->m) < limit) {
        sim_ps step = sim_now(r->m) + STEP_PS;
        while (sim_now(r->m) < step) {
            if (!rig_run(r, step - sim_now(r->m))) {
                return false;
            }
        }
        if (image_runs(r, s, bank)) {
            *in = SETTLED_NEW;
            if (r->before_judge != NULL) {
                r->before_judge(r, *bank);
            }
            return scenario_judge(r, s, in, *bank);
        }
        stage2 = in_stage2(r) ? stage2 + 1u : 0u;
        if (stage2 > STAGE2_STEPS) {
            bool image = oracle_bootable(&r->oracle, 0) || oracle_bootable(&r->oracle, 1);
            if (image && r->by_watchdog && r->stage2_used) {
                r->by_watchdog = false; /* taken for a hang of stage 2: once, not for good */
                stage2 = 0;
                rig_forget(r);
                sim_pin_reset(r->m);
                continue;
            }
            *in = SETTLED_STAGE2;
            *bank = 0;
            return scenario_judge(r, s, in, 0);
        }
    }
    return rig_fail(r, "nothing runs for good, PC 0x%08X; the console said: %.100s",
                    (unsigned)sim_cpu_pc(sim_core(r->m)), r->console);
}

bool scenario_settle_new(rig *r, const scenario *s)
{
    settled_in in = SETTLED_STAGE2;
    unsigned bank;
    if (!scenario_settle(r, s, &in, &bank)) {
        return false;
    }
    return in == SETTLED_NEW || rig_fail(r, "the repeated update did not come to run");
}
