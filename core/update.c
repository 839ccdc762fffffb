#include "twinbank/update.h"

#include <string.h>

#include "core/internal.h"

#define SCAN_BYTES 64u
#define SESSION_OFFSET offsetof(tb_update, open) /* flash and policy stay */

void tb_update_init(tb_update *u, const tb_flash *flash, const tb_update_policy *policy)
{
    u->flash = flash;
    u->policy = *policy;
    tb_update_abandon(u);
}

void tb_update_abandon(tb_update *u)
{
    memset((uint8_t *)u + SESSION_OFFSET, 0, sizeof *u - SESSION_OFFSET);
}

tb_error tb_update_fail(tb_update *u, tb_error error)
{
    u->failure = (uint8_t)error;
    return error;
}

static uint32_t total_bytes(const tb_update *u)
{
    return tb_image_bytes(&u->head);
}

static bool has_log(const tb_update *u)
{
    return u->head.kind == TB_IMAGE_APPLICATION;
}

/* The page that holds this byte of the region, its offset counted in the region. */
static bool region_page(const tb_update *u, uint32_t at, tb_page *page)
{
    if (!tb_page_at(port_chip(flash_of(u)), u->region_offset + at, page) ||
        page->offset < u->region_offset) {
        return false;
    }
    page->offset -= u->region_offset;
    return true;
}

static tb_error erase_log(tb_update *u)
{
    const tb_chip *chip = port_chip(flash_of(u));
    tb_error error = tb_erase_range(flash_of(u), u->bank, tb_log_offset(chip), chip->bank_bytes);

    u->log_erased = error == TB_OK;
    return error;
}

/* The first page carries the header, the last ones the log: both change always. */
static bool is_kept(const tb_update *u, const tb_page *page)
{
    return u->keeps && page->offset != 0 && page->offset + page->bytes <= u->region_bytes &&
           page->number < 8u * TB_KEEP_BYTES &&
           (u->keep[page->number / 8u] >> (page->number % 8u) & 1u) != 0;
}

/* The page that holds this byte. One with the log in it may have been erased when the session
 * began: nothing was programmed there since. */
static tb_error erase_page(tb_update *u, uint32_t at)
{
    tb_page page;
    tb_error error = TB_OK;
    uint32_t end;
    bool with_log;

    if (!region_page(u, at, &page)) {
        return TB_ERR_RANGE;
    }
    end = page.offset + page.bytes;
    with_log = has_log(u) && end > u->region_bytes;
    if (!(with_log && u->log_erased) && !is_kept(u, &page)) {
        error = tb_erase_range(flash_of(u), u->bank, u->region_offset + page.offset,
                               u->region_offset + end);
    }
    if (error == TB_OK) {
        u->log_erased |= with_log;
        u->erased_to = u->erased_to > end ? u->erased_to : end;
    }
    return error;
}

/* Where the page that holds this byte ends; 0 outside the bank. */
static uint32_t page_end(const tb_update *u, uint32_t at)
{
    tb_page page;

    return region_page(u, at, &page) ? page.offset + page.bytes : 0u;
}

static bool log_is_due(const tb_update *u)
{
    return has_log(u) && !u->log_erased;
}

/* The header goes first and the log second: a log whose erase is cut short can then
 * never speak for an image, as the image has no header any more. */
static tb_error erase_next(tb_update *u)
{
    return u->erased_to != 0 && log_is_due(u) ? erase_log(u) : erase_page(u, u->erased_to);
}

/* Before a page is programmed the one after it is erased, and wholly: so after a power
 * cut the first blank page parts new data from what was there before. */
static tb_error erase_ahead(tb_update *u, uint32_t at)
{
    tb_error error = TB_OK;
    uint32_t need, here;

    if (at < u->ahead_to) {
        return TB_OK;
    }
    need = here = page_end(u, at);
    if (need < total_bytes(u)) {
        need = page_end(u, need);
    }
    if (here == 0u || need == 0u) {
        return TB_ERR_RANGE;
    }
    while (error == TB_OK && (u->erased_to < need || log_is_due(u))) {
        error = erase_next(u);
    }
    if (error == TB_OK) {
        u->ahead_to = here;
    }
    return error;
}

/* Nothing is erased yet: where pages are large that takes seconds, and data can come meanwhile. */
static tb_error begin_fresh(tb_update *u)
{
    u->erased_to = 0;
    u->log_erased = false;
    return TB_OK;
}

typedef enum page_content { PAGE_BLANK, PAGE_DATA, PAGE_UNREADABLE } page_content;

static page_content page_scan(const tb_update *u, const tb_page *page)
{
    page_content content = PAGE_BLANK;
    uint8_t bytes[SCAN_BYTES];

    for (uint32_t at = 0; at < page->bytes; at += SCAN_BYTES) {
        uint32_t offset = u->region_offset + page->offset + at;

        if (port_read(flash_of(u), u->bank, offset, bytes, SCAN_BYTES) != TB_OK) {
            return PAGE_UNREADABLE;
        }
        if (!tb_all_ones(bytes, SCAN_BYTES)) {
            content = PAGE_DATA;
        }
    }
    tb_alive(flash_of(u));
    return content;
}

/* Where an interrupted session of this very head left off: the page before the first
 * that is blank or cannot be read, since that page too may have been cut. False where
 * no such session was. *frontier 0: there is no such page. */
static bool find_resume(const tb_update *u, uint32_t *last, uint32_t *frontier)
{
    const tb_flash *flash = flash_of(u);
    tb_image_head there;
    tb_slot_log log;
    tb_page page;

    if (!has_log(u) ||
        port_read(flash, u->bank, u->region_offset, &there, sizeof there) != TB_OK ||
        memcmp(&there, &u->head, sizeof there) != 0 ||
        tb_slot_log_read(flash, u->bank, &log) != TB_OK || log.state != TB_SLOT_EMPTY) {
        return false;
    }
    *last = 0;
    for (uint32_t at = 0; at < total_bytes(u); at = page.offset + page.bytes) {
        if (!region_page(u, at, &page)) {
            return false;
        }
        *frontier = at;
        if (page_scan(u, &page) != PAGE_DATA) {
            return true;
        }
        *last = at;
    }
    *frontier = 0;
    /* Whole, and yet not installed: its header may be what was written last, and be unstable. */
    return tb_payload_check(flash, u->bank, u->region_offset, &u->head) != TB_OK;
}

/* Everything from the resume point on is erased again, as a page that merely looks blank
 * is not trusted. The frontier goes before the page that is resumed: if that erase is
 * cut, the frontier is still the first blank page. */
static tb_error begin_resumed(tb_update *u, uint32_t last, uint32_t frontier)
{
    tb_error error = TB_OK;

    if (last == 0) {
        /* From the start, then; but this header is not to be found again, should its erase
         * be cut, with anything other than a blank page behind it. */
        uint32_t second = page_end(u, 0);

        if (second < total_bytes(u)) {
            error = erase_page(u, second);
        }
        return error == TB_OK ? begin_fresh(u) : error;
    }
    error = erase_log(u);
    if (error == TB_OK && frontier != 0) {
        error = erase_page(u, frontier);
    }
    if (error == TB_OK) {
        error = erase_page(u, last);
    }
    u->next = last;
    return error;
}

/* The target holds an image that was once installed whole. */
static bool holds_whole_image(const tb_update *u)
{
    tb_slot_info slot;

    return has_log(u) &&
           tb_slot_inspect(flash_of(u), device_of(u), u->bank, true, &slot) == TB_OK &&
           slot.head_error == TB_OK && slot.payload_error == TB_OK &&
           slot.log.state != TB_SLOT_EMPTY;
}

static tb_error prepare(tb_update *u, unsigned bank, const uint8_t *keep)
{
    uint32_t last, frontier;

    if (u->nothing_to_do) {
        u->next = total_bytes(u);
        return TB_OK;
    }
    if (find_resume(u, &last, &frontier)) {
        return begin_resumed(u, last, frontier);
    }
    if (keep != NULL && u->bank == bank && holds_whole_image(u)) {
        memcpy(u->keep, keep, sizeof u->keep);
        u->keeps = true;
    }
    return begin_fresh(u);
}

tb_error tb_update_begin(tb_update *u, const tb_image_head *head, uint32_t *next)
{
    return tb_update_begin_keeping(u, head, 0, NULL, next);
}

tb_error tb_update_begin_keeping(tb_update *u, const tb_image_head *head, unsigned bank,
                                 const uint8_t *keep, uint32_t *next)
{
    tb_error error = TB_OK;

    if (!u->open || u->failure != TB_OK || memcmp(&u->head, head, sizeof *head) != 0) {
        tb_update_abandon(u);
        error = tb_image_check_head(head, device_of(u));
        if (error == TB_OK) {
            error = tb_target_choose(u, head);
        }
        if (error == TB_OK) {
            u->head = *head;
            error = prepare(u, bank, keep);
        }
        u->open = error == TB_OK;
    }
    *next = u->open ? u->next : 0;
    return error;
}

/* Is this the unit that makes an image of what follows it? A stage 2 image has no log; one
 * with kept pages must not look like one that can be resumed. It is written at the end. */
static bool is_held_back(const tb_update *u, uint32_t at)
{
    return at == 0 && tb_update_head_comes_last(u);
}

static bool in_kept_page(const tb_update *u, uint32_t at, tb_page *page)
{
    return u->keeps && region_page(u, at, page) && is_kept(u, page);
}

/* A unit that stays blank is not written; but it is read back with the others. */
static tb_error write_line(const tb_update *u, uint32_t at)
{
    const tb_flash *flash = flash_of(u);
    uint32_t unit_bytes = port_chip(flash)->unit_bytes;
    uint32_t first = is_held_back(u, at) ? unit_bytes : 0u;
    uint32_t offset = u->region_offset + at;

    for (uint32_t i = first; i < TB_UPDATE_LINE_BYTES; i += unit_bytes) {
        const uint8_t *unit = u->line + i;

        if (!tb_all_ones(unit, unit_bytes)) {
            tb_error error = port_program(flash, u->bank, offset + i, unit);

            if (error != TB_OK) {
                return error;
            }
            tb_alive(flash);
        }
    }
    return tb_holds(flash, u->bank, offset + first, u->line + first,
                    TB_UPDATE_LINE_BYTES - first, 1u);
}

/* Programs what has been collected, padded with 0xFF. A page is a whole number of lines, and each
 * begins with one. */
tb_error tb_update_flush(tb_update *u)
{
    uint32_t at = u->next - u->line_fill;
    tb_page page;
    tb_error error;

    if (u->line_fill == 0) {
        return TB_OK;
    }
    memset(u->line + u->line_fill, 0xFF, TB_UPDATE_LINE_BYTES - u->line_fill);
    u->line_fill = 0;
    error = erase_ahead(u, at);
    if (error == TB_OK && !in_kept_page(u, at, &page)) {
        error = write_line(u, at);
    }
    return error == TB_OK ? TB_OK : tb_update_fail(u, error);
}

/* Passes over whole kept pages that were left out, as far as `to`. */
void tb_update_pass_kept(tb_update *u, uint32_t to)
{
    tb_page page;

    while (u->next < to && u->line_fill == 0 && in_kept_page(u, u->next, &page) &&
           page.offset == u->next) {
        u->next = smaller(page.offset + page.bytes, total_bytes(u));
    }
}

tb_error tb_update_write(tb_update *u, uint32_t offset, const void *data, uint32_t bytes)
{
    const uint8_t *p = data;

    if (!u->open) {
        return TB_ERR_NO_SESSION;
    }
    if (u->failure != TB_OK) {
        return (tb_error)u->failure;
    }
    if (offset > total_bytes(u) || bytes > total_bytes(u) - offset) {
        return TB_ERR_OVERLONG;
    }
    tb_update_pass_kept(u, offset);
    if (offset > u->next) {
        return TB_ERR_OFFSET;
    }
    if (bytes <= u->next - offset) {
        return TB_OK;
    }
    p += u->next - offset;
    bytes -= u->next - offset;
    while (bytes > 0) {
        uint32_t n = smaller(bytes, TB_UPDATE_LINE_BYTES - u->line_fill);

        memcpy(u->line + u->line_fill, p, n);
        u->line_fill = (uint8_t)(u->line_fill + n);
        u->next += n;
        p += n;
        bytes -= n;
        if (u->line_fill == TB_UPDATE_LINE_BYTES) {
            tb_error error = tb_update_flush(u);

            if (error != TB_OK) {
                return error;
            }
        }
    }
    return TB_OK;
}

bool tb_update_work(tb_update *u)
{
    tb_error error;

    if (!u->open || u->failure != TB_OK || u->nothing_to_do ||
        (u->erased_to >= total_bytes(u) && !log_is_due(u))) {
        return false;
    }
    error = erase_next(u);
    if (error != TB_OK) {
        tb_update_fail(u, error);
    }
    return error == TB_OK;
}
