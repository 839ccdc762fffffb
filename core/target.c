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
        return flash->mapped_bank(flash->ctx) & 1u;
    }
    bank = (unsigned)preferred ^ 1u;
    other = &slots[bank];
    if (slots[preferred].log.state != TB_SLOT_TRIAL || other->log.state != TB_SLOT_CONFIRMED ||
        other->head_error != TB_OK) {
        return bank;
    }
    other->payload_error = tb_payload_check(flash, bank, flash->chip->slot_offset, &other->head);
    return tb_slot_bootable(other) ? (unsigned)preferred : bank;
}

static tb_error choose_slot(tb_update *u, const tb_image_head *head)
{
    const tb_flash *flash = flash_of(u);
    tb_slot_info slots[2];
    const tb_slot_info *kept;
    int preferred = tb_slot_preferred(flash, device_of(u), slots);
    tb_error error = TB_OK;

    if (known_running_bank(u->policy.running_bank) >= 0) {
        error = tb_fallback_guard(flash, &u->policy);
        u->bank = (uint8_t)(u->policy.running_bank ^ 1);
    } else {
        u->bank = (uint8_t)stage2_target(u, preferred, slots);
    }
    u->region_offset = flash->chip->slot_offset;
    u->region_bytes = tb_slot_image_bytes(flash->chip);
    kept = &slots[u->bank ^ 1u];
    if (error == TB_OK && kept->log.state == TB_SLOT_CONFIRMED && tb_slot_bootable(kept)) {
        error = not_older(head, &kept->head);
    }
    /* What the next boot would take anyway, payload and all, need not be written again. */
    u->nothing_to_do = error == TB_OK && preferred == u->bank &&
                       memcmp(head, &slots[u->bank].head, sizeof *head) == 0;
    u->generation = slots[u->bank].log.generation;
    return error;
}

/* The copy that does not run; the only valid copy is never the target. */
static tb_error choose_stage2_copy(tb_update *u, const tb_image_head *head)
{
    const tb_update_policy *policy = &u->policy;
    int running = known_running_bank(policy->running_bank);
    tb_image_head copy[2];
    tb_error state[2];
    unsigned bank = flash_of(u)->mapped_bank(flash_of(u)->ctx) ^ 1u;

    if (policy->running_stage2_bank >= 0) {
        bank = (unsigned)policy->running_stage2_bank ^ 1u;
    } else if (running >= 0) {
        bank = (unsigned)running ^ 1u;
    }
    bank &= 1u;
    for (unsigned i = 0; i < 2u; i++) {
        state[i] = tb_stage2_inspect(flash_of(u), device_of(u), i, &copy[i]);
    }
    if (state[bank] == TB_OK && state[bank ^ 1u] != TB_OK) {
        bank ^= 1u;
        if ((int)bank == policy->running_stage2_bank || (int)bank == running) {
            return TB_ERR_RUNNING;
        }
    }
    u->bank = (uint8_t)bank;
    u->region_offset = flash_of(u)->chip->stage2_offset;
    u->region_bytes = flash_of(u)->chip->stage2_bytes;
    u->generation = 0;
    u->nothing_to_do = state[bank] == TB_OK && memcmp(head, &copy[bank], sizeof *head) == 0;
    return state[bank ^ 1u] == TB_OK ? not_older(head, &copy[bank ^ 1u]) : TB_OK;
}

tb_error tb_target_choose(tb_update *u, const tb_image_head *head)
{
    return head->kind == TB_IMAGE_STAGE2 ? choose_stage2_copy(u, head) : choose_slot(u, head);
}
