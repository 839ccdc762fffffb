#include <string.h>

#include "core/internal.h"

#define COMPARE_BYTES 32u
_Static_assert(COMPARE_BYTES >= TB_MAX_UNIT_BYTES, "the first chunk holds the first unit");

static bool stack_plausible(const tb_chip *chip, uint32_t sp)
{
    return sp > chip->sram.base && sp - chip->sram.base <= chip->sram.bytes && sp % 4u == 0;
}

/* A Thumb address in [base, base + bytes). */
static bool entry_plausible(uint32_t reset, uint32_t base, uint32_t bytes)
{
    return (reset & 1u) != 0 && reset >= base && reset - base < bytes;
}

static tb_error check_vectors(const tb_update *u)
{
    const tb_flash *flash = flash_of(u);
    uint32_t base = u->head.load_address;
    uint32_t vectors[2];
    tb_error error = port_read(flash, u->bank, u->region_offset + TB_HEADER_BYTES, vectors,
                                 sizeof vectors);

    if (error != TB_OK) {
        return error;
    }
    if (u->head.kind == TB_IMAGE_APPLICATION) {
        base += TB_HEADER_BYTES;
    }
    if (!stack_plausible(port_chip(flash), vectors[0]) ||
        !entry_plausible(vectors[1], base, u->head.size)) {
        return TB_ERR_VECTORS;
    }
    return TB_OK;
}

/* The whole image, from flash. Its first unit may not be there yet. */
static tb_error check_image(const tb_update *u)
{
    const tb_flash *flash = flash_of(u);
    uint32_t kept_back = tb_update_head_comes_last(u) ? port_chip(flash)->unit_bytes : 0u;
    uint8_t head[TB_HEAD_BYTES];
    uint32_t crc = 0;
    tb_error error = port_read(flash, u->bank, u->region_offset, head, sizeof head);

    if (error == TB_OK && memcmp(head + kept_back, (const uint8_t *)&u->head + kept_back,
                                 sizeof head - kept_back) != 0) {
        error = TB_ERR_HEADER_CRC;
    }
    if (error == TB_OK) {
        error =
            port_crc32(flash, u->bank, u->region_offset + TB_HEAD_BYTES, TB_TLV_BYTES, &crc);
    }
    if (error == TB_OK && crc != u->head.tlv_crc32) {
        error = TB_ERR_TLV_CRC;
    }
    if (error == TB_OK) {
        error = tb_payload_check(flash, u->bank, u->region_offset, &u->head);
    }
    return error == TB_OK ? check_vectors(u) : error;
}

static bool is_stage1(const tb_chip *chip, const uint8_t *start)
{
    uint32_t vectors[2];

    memcpy(vectors, start, sizeof vectors);
    return stack_plausible(chip, vectors[0]) &&
           entry_plausible(vectors[1], TB_FLASH_BASE, chip->stage1_bytes);
}

/* True where the target bank has no stage 1 (blank, or a copy cut short: the vectors come
 * last) and the other bank has a whole one. Never where the target's has vectors. */
static bool stage1_missing(const tb_flash *flash, unsigned target)
{
    uint8_t chunk[COMPARE_BYTES];

    if (port_read(flash, target, 0, chunk, sizeof chunk) == TB_OK &&
        is_stage1(port_chip(flash), chunk)) {
        return false;
    }
    for (uint32_t at = 0; at < port_chip(flash)->stage1_bytes; at += COMPARE_BYTES) {
        if (port_read(flash, target ^ 1u, at, chunk, sizeof chunk) != TB_OK ||
            (at == 0 && !is_stage1(port_chip(flash), chunk))) {
            return false;
        }
    }
    return true;
}

static tb_error copy_stage1(const tb_flash *flash, unsigned target)
{
    uint32_t bytes = port_chip(flash)->stage1_bytes;
    uint32_t unit_bytes = port_chip(flash)->unit_bytes;
    uint8_t unit[TB_MAX_UNIT_BYTES];
    tb_error error = tb_erase_range(flash, target, 0, bytes);

    for (uint32_t done = unit_bytes; error == TB_OK && done <= bytes; done += unit_bytes) {
        uint32_t at = done % bytes; /* the first unit comes last */

        error = port_read(flash, target ^ 1u, at, unit, unit_bytes);
        if (error == TB_OK && !tb_all_ones(unit, unit_bytes)) {
            error = tb_unit_write(flash, target, at, unit, 1u);
            tb_alive(flash);
        }
    }
    return error;
}

static tb_error install(tb_update *u)
{
    tb_slot_log log;
    uint16_t newest = 0;

    /* Both logs, and again where there is none but perhaps one that a cut left unstable. */
    for (unsigned look = 0; look < 2u || (newest == 0 && look < 2u * TB_LOOKS); look++) {
        tb_error error = tb_slot_log_read(flash_of(u), look % 2u, &log);

        if (error != TB_OK) {
            return error;
        }
        if (log.generation > newest) {
            newest = log.generation;
        }
    }
    if (newest == UINT16_MAX) {
        return TB_ERR_LOG_FULL;
    }
    u->generation = (uint16_t)(newest + 1u);
    return tb_slot_log_append(flash_of(u), u->bank, TB_RECORD_INSTALLED, 0, u->generation);
}

/* The image was installed before. A record that was the last thing written before a power
 * cut may read as whole now and as torn at the next boot, so it is written again
 * while the log is young; the fold takes the first that it can read. */
static tb_error reinforce(tb_update *u)
{
    tb_slot_log log;
    tb_error error;

    if (u->head.kind != TB_IMAGE_APPLICATION) {
        return TB_OK;
    }
    error = tb_slot_log_read(flash_of(u), u->bank, &log);
    if (error != TB_OK || log.state > TB_SLOT_TRIAL || log.used_units > TB_TRIAL_ATTEMPTS) {
        return error;
    }
    return tb_slot_log_append(flash_of(u), u->bank, TB_RECORD_INSTALLED, 0, u->generation);
}

/* Without its header an image is nothing, so that the next begin starts afresh. */
static tb_error discard(tb_update *u, tb_error why)
{
    tb_erase_range(flash_of(u), u->bank, u->region_offset, u->region_offset + TB_HEADER_BYTES);
    tb_update_abandon(u);
    return why;
}

/* All data is there: validate it, and make it count. */
static tb_error conclude(tb_update *u)
{
    const tb_flash *flash = flash_of(u);
    tb_error error = check_image(u);

    if (error != TB_OK) {
        return discard(u, error);
    }
    if (tb_update_head_comes_last(u)) {
        error = tb_unit_write(flash, u->bank, u->region_offset, (const uint8_t *)&u->head, 1u);
        if (error != TB_OK) {
            return discard(u, error);
        }
    }
    if (u->head.kind == TB_IMAGE_STAGE2) {
        return TB_OK;
    }
    if (stage1_missing(flash, u->bank)) {
        error = copy_stage1(flash, u->bank);
    }
    return error == TB_OK ? install(u) : error;
}

tb_error tb_update_finish(tb_update *u)
{
    tb_error error;

    if (u->done) {
        return TB_OK;
    }
    if (!u->open) {
        return TB_ERR_NO_SESSION;
    }
    if (u->failure != TB_OK) {
        return (tb_error)u->failure;
    }
    tb_update_pass_kept(u, tb_image_bytes(&u->head));
    if (u->next != tb_image_bytes(&u->head)) {
        return TB_ERR_INCOMPLETE;
    }
    if (u->nothing_to_do) {
        error = reinforce(u);
    } else {
        error = tb_update_flush(u);
        while (error == TB_OK && tb_update_work(u)) {
        }
        if (error == TB_OK) {
            error = u->failure != TB_OK ? (tb_error)u->failure : conclude(u);
        }
    }
    if (error != TB_OK) {
        return error;
    }
    u->open = false;
    u->done = true;
    return TB_OK;
}
