#include <string.h>

#include "core/internal.h"

static tb_error not_older(const tb_image_head *image, const tb_image_head *kept)
{
    if (image->version < kept->version) {
        return TB_ERR_VERSION;
    }
    return image->security_version < kept->security_version ? TB_ERR_SECURITY : TB_OK;
}

tb_error tb_fallback_guard(const tb_flash *flash, const tb_update_policy *policy)
{
    unsigned running = (unsigned)policy->running_bank;
    tb_slot_info other;
    tb_slot_log log;
    tb_error error = tb_slot_log_read(flash, running, &log);

    if (error != TB_OK || log.state == TB_SLOT_CONFIRMED) {
        return error;
    }
    if (log.state == TB_SLOT_TRIAL) {
        return TB_ERR_CONFIRM_FIRST;
    }
    /* Rejected already, or put there by a debugger: the next boot takes the other one. */
    error = tb_slot_inspect(flash, known_device(&policy->device), running ^ 1u, true, &other);
    if (error == TB_OK && tb_slot_bootable(&other)) {
        error = TB_ERR_CONFIRM_FIRST;
    }
    return error;
}

/* From stage 2: never the slot that would boot; but where that one is only on trial and
 * the other is confirmed, it is the confirmed one that must stay. */
static unsigned stage2_target(const tb_update *u, int preferred, tb_slot_info slots[2])
{
    const tb_flash *flash = flash_of(u);
    tb_slot_info *other;
    unsigned bank;

    if (preferred < 0) {
        return port_mapped_bank(flash) & 1u;
    }
    bank = (unsigned)preferred ^ 1u;
    other = &slots[bank];
    if (slots[preferred].log.state != TB_SLOT_TRIAL || other->log.state != TB_SLOT_CONFIRMED ||
        other->head_error != TB_OK) {
        return bank;
    }
    other->payload_error =
        tb_payload_check(flash, bank, port_chip(flash)->slot_offset, &other->head);
    return tb_slot_bootable(other) ? (unsigned)preferred : bank;
}

static tb_error choose_slot(tb_update *u, tb_slot_info slots[2], int *next_boot)
{
    const tb_flash *flash = flash_of(u);
    tb_error error = TB_OK;

    *next_boot = tb_slot_preferred(flash, device_of(u), slots);
    if (known_running_bank(u->policy.running_bank) >= 0) {
        error = tb_fallback_guard(flash, &u->policy);
        u->bank = (uint8_t)(u->policy.running_bank ^ 1);
    } else {
        u->bank = (uint8_t)stage2_target(u, *next_boot, slots);
    }
    u->region_offset = port_chip(flash)->slot_offset;
    u->region_bytes = tb_slot_image_bytes(port_chip(flash));
    return error;
}

/* The copy that is not in use; but the only valid copy is never the target. A valid copy counts
 * as a confirmed slot, and as the one that is loaded next. */
static tb_error choose_stage2_copy(tb_update *u, tb_slot_info copies[2], int *next_load)
{
    const tb_update_policy *policy = &u->policy;
    const tb_flash *flash = flash_of(u);
    int running = known_running_bank(policy->running_bank);
    int loaded = known_stage2_bank(policy->running_stage2_bank);
    unsigned bank = port_mapped_bank(flash);
    tb_error error = TB_OK;

    if (loaded >= 0) {
        bank = (unsigned)loaded;
    } else if (running >= 0) {
        bank = (unsigned)running;
    }
    bank = (bank ^ 1u) & 1u;
    for (unsigned i = 0; i < 2u; i++) {
        tb_slot_info *copy = &copies[i];
        unsigned looks = TB_LOOKS; /* one that reads well now and then is not valid */

        memset(copy, 0, sizeof *copy);
        do {
            copy->head_error = tb_stage2_inspect(flash, device_of(u), i, &copy->head);
        } while (copy->head_error == TB_OK && --looks > 0u);
        copy->log.state = TB_SLOT_CONFIRMED;
    }
    if (copies[bank].head_error == TB_OK && copies[bank ^ 1u].head_error != TB_OK) {
        bank ^= 1u;
        if ((int)bank == running) { /* stage 2 runs from RAM, and may mend where it came from */
            error = TB_ERR_RUNNING;
        }
    }
    u->bank = (uint8_t)bank;
    u->region_offset = port_chip(flash)->stage2_offset;
    u->region_bytes = port_chip(flash)->stage2_bytes;
    *next_load = copies[bank].head_error == TB_OK ? (int)bank : -1;
    return error;
}

tb_error tb_target_choose(tb_update *u, const tb_image_head *head)
{
    tb_slot_info slots[2];
    const tb_slot_info *kept;
    int next;
    tb_error error = head->kind == TB_IMAGE_STAGE2 ? choose_stage2_copy(u, slots, &next)
                                                   : choose_slot(u, slots, &next);

    kept = &slots[u->bank ^ 1u];
    if (error == TB_OK && kept->log.state == TB_SLOT_CONFIRMED && tb_slot_bootable(kept)) {
        error = not_older(head, &kept->head);
    }
    /* What comes next anyway, payload and all, need not be written again. */
    u->nothing_to_do =
        next == u->bank && memcmp(head, &slots[u->bank].head, sizeof *head) == 0;
    u->generation = slots[u->bank].log.generation;
    return error;
}
