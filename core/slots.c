#include <string.h>

#include "core/internal.h"

bool tb_slot_bootable(const tb_slot_info *slot)
{
    if (slot->head_error != TB_OK || slot->payload_error != TB_OK) {
        return false;
    }
    return slot->log.state == TB_SLOT_CONFIRMED ||
           (slot->log.state == TB_SLOT_TRIAL && slot->log.attempts < TB_TRIAL_ATTEMPTS);
}

tb_error tb_payload_check(const tb_flash *flash, unsigned bank, uint32_t region_offset,
                          const tb_image_head *head)
{
    uint32_t crc = 0;
    tb_error error =
        port_crc32(flash, bank, region_offset + TB_HEADER_BYTES, head->size, &crc);

    if (error != TB_OK) {
        return error;
    }
    return crc == head->crc32 ? TB_OK : TB_ERR_PAYLOAD_CRC;
}

/* Head of the image at this place, checked; zero where it is not good. */
static tb_error head_read(const tb_flash *flash, const tb_identity *device, unsigned bank,
                          uint32_t offset, tb_image_kind kind, tb_image_head *head)
{
    tb_error error = port_read(flash, bank, offset, head, sizeof *head);

    if (error == TB_OK) {
        error = tb_image_check_head(head, device);
    }
    if (error == TB_OK && head->kind != kind) {
        error = TB_ERR_KIND;
    }
    if (error != TB_OK) {
        memset(head, 0, sizeof *head);
    }
    return error;
}

tb_error tb_stage2_inspect(const tb_flash *flash, const tb_identity *device, unsigned bank,
                           tb_image_head *head)
{
    uint32_t offset = port_chip(flash)->stage2_offset;
    tb_error error = head_read(flash, device, bank, offset, TB_IMAGE_STAGE2, head);

    return error != TB_OK ? error : tb_payload_check(flash, bank, offset, head);
}

tb_error tb_slot_inspect(const tb_flash *flash, const tb_identity *device, unsigned bank,
                         bool check_payload, tb_slot_info *info)
{
    uint32_t offset = port_chip(flash)->slot_offset;
    tb_error error;

    memset(info, 0, sizeof *info);
    info->head_error = TB_ERR_RANGE;
    if (bank > 1u) {
        return TB_ERR_RANGE;
    }
    error = tb_slot_log_read(flash, bank, &info->log);
    info->head_error = head_read(flash, device, bank, offset, TB_IMAGE_APPLICATION, &info->head);
    if (check_payload && info->head_error == TB_OK) {
        info->payload_error = tb_payload_check(flash, bank, offset, &info->head);
    }
    return error;
}

int tb_slot_preferred(const tb_flash *flash, const tb_identity *device, tb_slot_info slots[2])
{
    tb_boot_inputs in = {.mapped_bank = port_mapped_bank(flash)};

    for (unsigned bank = 0; bank < 2u; bank++) {
        tb_slot_inspect(flash, device, bank, false, &slots[bank]);
        in.slot[bank].log = slots[bank].log;
        in.slot[bank].valid = slots[bank].head_error == TB_OK;
    }
    for (;;) { /* ends: every turn rejects a slot, finds one invalid, or returns */
        tb_boot_decision d = tb_decide(&in);
        tb_slot_info *slot = &slots[d.bank];

        if (d.action == TB_BOOT_STAGE2) {
            return -1;
        }
        if (d.action == TB_BOOT_SLOT) {
            slot->payload_error =
                tb_payload_check(flash, d.bank, port_chip(flash)->slot_offset, &slot->head);
            if (slot->payload_error == TB_OK) {
                return d.bank;
            }
            in.slot[d.bank].valid = false;
        }
        if (d.action == TB_BOOT_RECORD) { /* always REJECTED: taken as written */
            in.slot[d.bank].log.state = TB_SLOT_REJECTED;
        }
    }
}

/* Are the log's last units this record, at each look? One that a cut left unstable may read well
 * now and not at the next boot; one that was written by an earlier call, and was not cut, reads
 * well for ever. */
static bool ends_in(const tb_flash *flash, unsigned bank, const tb_slot_log *log,
                    tb_record_kind kind, unsigned times)
{
    uint32_t unit_bytes = port_chip(flash)->unit_bytes;
    uint32_t end = tb_log_offset(port_chip(flash)) + log->used_units * unit_bytes;
    uint8_t unit[TB_MAX_UNIT_BYTES], record[TB_MAX_UNIT_BYTES];

    if (times > log->used_units) {
        return false;
    }
    for (unsigned i = 1; i <= times; i++) {
        uint32_t offset = end - i * unit_bytes;

        if (port_read(flash, bank, offset, unit, unit_bytes) != TB_OK) {
            return false;
        }
        tb_record_encode(record, unit_bytes, kind, unit[1], log->generation);
        if (tb_holds(flash, bank, offset, record, unit_bytes, TB_LOOKS) != TB_OK) {
            return false;
        }
    }
    return true;
}

tb_error tb_slot_confirm(const tb_flash *flash, unsigned bank, uint8_t confirmed_by)
{
    tb_slot_log log;
    tb_error error = TB_OK;

    if (bank > 1u) {
        return TB_ERR_RANGE;
    }
    /* An INSTALLED that a cut left unstable read well when this was booted. */
    for (unsigned look = 0; look < TB_LOOKS; look++) {
        error = tb_slot_log_read(flash, bank, &log);
        if (error != TB_OK || log.state != TB_SLOT_EMPTY) {
            break;
        }
    }
    if (error != TB_OK) {
        return error;
    }
    if (log.state == TB_SLOT_CONFIRMED) {
        /* An ATTEMPT after CONFIRMED: stage 1 could not read it. Whoever asks by wire is
         * told that it is confirmed, so it must be for good. */
        if (!ends_in(flash, bank, &log, TB_RECORD_CONFIRMED,
                     confirmed_by == TB_CONFIRMED_BY_WIRE ? 2u : 1u)) {
            (void)tb_slot_log_append(flash, bank, TB_RECORD_CONFIRMED, confirmed_by,
                                     log.generation);
        }
        return TB_OK;
    }
    if (log.state != TB_SLOT_TRIAL) {
        return log.state == TB_SLOT_REJECTED ? TB_ERR_REJECTED : TB_ERR_NO_IMAGE;
    }
    return tb_slot_log_append(flash, bank, TB_RECORD_CONFIRMED, confirmed_by, log.generation);
}

tb_error tb_slot_reject(const tb_flash *flash, const tb_identity *device, unsigned bank,
                        tb_reason reason)
{
    tb_slot_info other;
    tb_slot_log log;
    tb_error error;

    if (bank > 1u) {
        return TB_ERR_RANGE;
    }
    error = tb_slot_log_read(flash, bank, &log);
    if (error != TB_OK) {
        return error;
    }
    if (log.state == TB_SLOT_REJECTED) {
        if (!ends_in(flash, bank, &log, TB_RECORD_REJECTED, 2u)) {
            (void)tb_slot_log_append(flash, bank, TB_RECORD_REJECTED, (uint8_t)reason,
                                     log.generation);
        }
        return TB_OK;
    }
    error = tb_slot_inspect(flash, device, bank ^ 1u, true, &other);
    if (error != TB_OK) {
        return error;
    }
    if (log.state == TB_SLOT_EMPTY || !tb_slot_bootable(&other)) {
        return TB_ERR_NO_IMAGE;
    }
    return tb_slot_log_append(flash, bank, TB_RECORD_REJECTED, (uint8_t)reason, log.generation);
}

tb_error tb_erase_range(const tb_flash *flash, unsigned bank, uint32_t from, uint32_t to)
{
    tb_page page;

    while (from < to) {
        tb_error error;

        if (!tb_page_at(port_chip(flash), from, &page)) {
            return TB_ERR_RANGE;
        }
        error = port_erase(flash, bank, page.offset);
        if (error != TB_OK) {
            return error;
        }
        tb_alive(flash);
        from = page.offset + page.bytes;
    }
    return TB_OK;
}

tb_error tb_slot_erase(const tb_flash *flash, unsigned bank)
{
    const tb_chip *chip = port_chip(flash);
    tb_page header, log;
    tb_error error;

    if (bank > 1u || !tb_page_at(chip, chip->slot_offset, &header) ||
        !tb_page_at(chip, tb_log_offset(chip), &log)) {
        return TB_ERR_RANGE;
    }
    error = tb_erase_range(flash, bank, chip->slot_offset, header.offset + header.bytes);
    if (error == TB_OK && log.offset != header.offset) {
        error = tb_erase_range(flash, bank, log.offset, chip->bank_bytes);
    }
    if (error == TB_OK && log.offset != header.offset) {
        error = tb_erase_range(flash, bank, header.offset + header.bytes, log.offset);
    }
    return error;
}
