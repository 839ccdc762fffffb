#include "host/lib/client_plan.h"

#include <string.h>

#define DIGEST_TIMEOUT_MS 1500u
/* Less than one part in so many is not worth the expanding. */
#define WORTH_IT 32u
#define USUAL_BAUD 115200u /* where the link does not tell */
/* Of each 1,032 bytes of a frame 1,016 are the image's. */
#define LINE_BITS(bytes) ((uint64_t)(bytes) * 10u * 1032u / 1016u)
/* The device's own time for each byte of the image, reception, engine and decoder, of streams
 * without and with a source: measured (docs/performance.md). */
#define COMPRESSED_CYCLES 720u
#define DELTA_CYCLES 350u

static const tb_chip *chip_of(const tb_client *c)
{
    return tb_chip_by_id(c->hello.device_id, c->hello.bank_kib);
}

void tb_plan_free(tb_plan *plan)
{
    tb_compressed_free(&plan->stream);
}

/* ---- pages that need not be sent ------------------------------------------------------- */

static bool is_kept(const tb_plan *plan, const tb_page *page)
{
    return page->number < 8u * TB_KEEP_BYTES &&
           (plan->keep[page->number / 8u] >> (page->number % 8u) & 1u) != 0;
}

static bool page_of(const tb_client *c, uint32_t at, tb_page *page)
{
    const tb_chip *chip = chip_of(c);
    if (chip == NULL || !tb_page_at(chip, chip->slot_offset + at, page)) {
        return false;
    }
    page->offset -= chip->slot_offset;
    return true;
}

uint32_t tb_plan_pass_kept(const tb_client *c, const tb_plan *plan, uint32_t at, uint32_t total)
{
    tb_page page;
    while (plan->kept_bytes > 0 && at < total && page_of(c, at, &page) && page.offset == at &&
           is_kept(plan, &page)) {
        at = page.offset + page.bytes < total ? page.offset + page.bytes : total;
    }
    return at;
}

uint32_t tb_plan_run(const tb_client *c, const tb_plan *plan, uint32_t at, uint32_t total)
{
    tb_page page;
    uint32_t end = at;
    while (end < total) {
        if (plan->kept_bytes == 0 || !page_of(c, end, &page)) {
            end = total;
        } else if (end > at && is_kept(plan, &page)) {
            break;
        } else {
            end = page.offset + page.bytes;
        }
    }
    return (end < total ? end : total) - at;
}

/* What the page will hold: behind the image's end it is blank. */
static uint32_t wanted_digest(const tb_image_file *image, const tb_page *page)
{
    uint32_t crc = 0;
    for (uint32_t i = 0; i < page->bytes; i++) {
        uint32_t at = page->offset + i;
        uint8_t byte = at < image->bytes ? image->data[at] : 0xFFu;
        crc = tb_crc32(crc, &byte, 1);
    }
    return crc;
}

/* The bank that the device would write; 2 where that is not sure. */
static unsigned target_bank(const tb_client *c)
{
    const tb_status *st = &c->status;
    unsigned stays = c->hello.role == TB_ROLE_APPLICATION ? st->running_bank : st->preferred;
    return stays < 2u ? stays ^ 1u : 2u;
}

static void note_page(tb_plan *plan, const tb_image_file *image, const tb_page *page)
{
    uint32_t end = page->offset + page->bytes;
    plan->keep[page->number / 8u] |= (uint8_t)(1u << (page->number % 8u));
    plan->kept_bytes += (end < image->bytes ? end : (uint32_t)image->bytes) - page->offset;
}

tb_client_result tb_plan_keep(tb_client *c, const tb_image_file *image, tb_plan *plan)
{
    const tb_chip *chip = chip_of(c);
    unsigned bank = target_bank(c);
    tb_page page;

    memset(plan->keep, 0, sizeof plan->keep);
    plan->kept_bytes = 0;
    if (chip == NULL || bank > 1u || image->head.kind != TB_IMAGE_APPLICATION ||
        !(c->hello.capabilities & TB_CAP_DIGEST) || c->status.session_open) {
        return TB_CLIENT_OK;
    }
    const tb_wire_slot *slot = &c->status.slot[bank];
    if (slot->state == TB_SLOT_EMPTY || slot->head_error != 0 || slot->payload_error != 0) {
        return TB_CLIENT_OK;
    }
    plan->bank = (uint8_t)bank;
    /* The first page has the header, the last ones the log. */
    uint32_t at = page_of(c, 0, &page) ? page.bytes : (uint32_t)image->bytes;
    while (at < image->bytes) {
        if (!page_of(c, at, &page) || page.offset + page.bytes > tb_slot_image_bytes(chip)) {
            break;
        }
        uint8_t ask[4] = {(uint8_t)bank, (uint8_t)page.number, (uint8_t)(page.number >> 8),
                          TB_DIGESTS_MAX};
        tb_client_result result =
            tb_client_command(c, TB_CMD_DIGEST, ask, sizeof ask, DIGEST_TIMEOUT_MS);
        if (result == TB_CLIENT_REFUSED) { /* a page that cannot be read: send them all */
            memset(plan->keep, 0, sizeof plan->keep);
            plan->kept_bytes = 0;
            return TB_CLIENT_OK;
        }
        if (result != TB_CLIENT_OK) {
            return result;
        }
        for (size_t i = 0; i + 4u <= c->reply_bytes && at < image->bytes; i += 4u) {
            if (!page_of(c, at, &page) || page.offset + page.bytes > tb_slot_image_bytes(chip)) {
                return TB_CLIENT_OK;
            }
            if (tb_get_u32(c->reply + i) == wanted_digest(image, &page)) {
                note_page(plan, image, &page);
            }
            at = page.offset + page.bytes;
        }
        if (c->reply_bytes < 4u) {
            return tb_client_nonsense(c, "to a question for digests");
        }
    }
    return TB_CLIENT_OK;
}

/* ---- how long it takes ------------------------------------------------------------------ */

/* Typically, by the data sheets, in us for each KB. */
static const struct {
    uint16_t program, erase;
} flash_us[] = {
    [TB_FAMILY_G4] = {10500, 11000}, [TB_FAMILY_L4] = {10500, 11000},
    [TB_FAMILY_L4PLUS] = {10500, 5500}, [TB_FAMILY_U5] = {7600, 200},
    [TB_FAMILY_F7] = {4200, 8000}, [TB_FAMILY_H7] = {4200, 8000},
};

/* What erases and programs take back to back: kept pages have neither. 0: an unknown part. */
static uint32_t flash_ms(const tb_client *c, const tb_plan *plan, uint32_t next, uint32_t total)
{
    const tb_chip *chip = chip_of(c);
    uint64_t us = 0;
    tb_page page;
    for (uint32_t at = next; chip != NULL && at < total && page_of(c, at, &page);) {
        uint32_t end = page.offset + page.bytes < total ? page.offset + page.bytes : total;
        if (plan->kept_bytes == 0 || !is_kept(plan, &page)) {
            us += (uint64_t)flash_us[chip->family].erase * page.bytes / 1024u;
            us += (uint64_t)flash_us[chip->family].program * (end - at) / 1024u;
        }
        at = end;
    }
    return (uint32_t)(us / 1000u);
}

static uint32_t line_ms(const tb_client *c, uint32_t bytes)
{
    return (uint32_t)(LINE_BITS(bytes) * 1000u / (c->link->baud ? c->link->baud : USUAL_BAUD));
}

static uint32_t expand_ms(const tb_client *c, uint32_t bytes, const tb_image_file *source)
{
    const tb_chip *chip = chip_of(c);
    uint64_t cycles = (uint64_t)bytes * (source != NULL ? DELTA_CYCLES : COMPRESSED_CYCLES);
    return chip != NULL ? (uint32_t)(cycles * 1000u / chip->boot_hz) : 0;
}

/* Flash and core take turns; the line goes on meanwhile. */
static uint32_t longer(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

/* ---- compressed ------------------------------------------------------------------------ */

static bool is_in_slot(const tb_wire_slot *slot, const tb_image_file *image)
{
    return slot->head_error == TB_OK && slot->payload_error == TB_OK &&
           slot->size == image->head.size && slot->crc32 == image->head.crc32;
}

static int compress(const tb_client *c, const tb_image_file *image, uint32_t next,
                    const tb_image_file *source, tb_compressed *out)
{
    return c->compress != NULL ? c->compress(c->compress_ctx, image, next, source, out)
                               : tb_compress(image->data, image->bytes, next,
                                             source ? source->data : NULL,
                                             source ? source->bytes : 0, out);
}

static bool worth_it(uint32_t ms, const tb_plan *plan)
{
    return ms + plan->expected_ms / WORTH_IT < plan->expected_ms;
}

/* Takes a stream where it is quicker than what the plan has. */
static void try_stream(const tb_client *c, const tb_image_file *image, uint32_t next,
                       const tb_image_file *source, tb_plan *plan)
{
    uint32_t total = (uint32_t)image->bytes;
    uint32_t device = flash_ms(c, plan, next, total) + expand_ms(c, total - next, source);
    uint32_t ms = device;
    tb_compressed stream = {0};
    if (worth_it(device, plan)) { /* or the least of lines would not make up for it */
        if (compress(c, image, next, source, &stream) != 0) {
            return;
        }
        ms = longer(line_ms(c, (uint32_t)stream.bytes), device);
    }
    if (plan->stream_ms == 0 || ms < plan->stream_ms) {
        plan->stream_ms = ms > 0 ? ms : 1u;
    }
    if (stream.data == NULL || !worth_it(ms, plan)) {
        tb_compressed_free(&stream);
        return;
    }
    tb_compressed_free(&plan->stream);
    plan->stream = stream;
    plan->source = source;
    plan->how = source ? TB_SENT_DELTA : TB_SENT_COMPRESSED;
    plan->expected_ms = ms;
}

void tb_plan_rest(tb_client *c, const tb_image_file *image, uint32_t next, uint8_t bank, bool kept,
                  tb_plan *plan)
{
    uint32_t total = (uint32_t)image->bytes, bytes = 0;

    tb_plan_free(plan);
    plan->how = TB_SENT_PLAIN;
    plan->source = NULL;
    if (!kept || bank != plan->bank) {
        plan->kept_bytes = 0;
    }
    for (uint32_t at = tb_plan_pass_kept(c, plan, next, total); at < total;
         at = tb_plan_pass_kept(c, plan, at, total)) {
        uint32_t run = tb_plan_run(c, plan, at, total);
        bytes += run;
        at += run;
    }
    plan->expected_ms = plan->whole_ms =
        longer(line_ms(c, bytes), flash_ms(c, plan, next, total));
    plan->stream_ms = 0;
    if (!(c->hello.capabilities & TB_CAP_EXPAND) || c->plain_only || plan->no_stream ||
        next >= total || image->head.kind != TB_IMAGE_APPLICATION) {
        return;
    }
    try_stream(c, image, next, NULL, plan);
    for (size_t i = 0; i < c->source_count && bank < 2u && !plan->no_source; i++) {
        if (is_in_slot(&c->status.slot[bank ^ 1u], &c->sources[i])) {
            try_stream(c, image, next, &c->sources[i], plan);
            break;
        }
    }
}
