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
    if (!tb_page_at(flash_of(u)->chip, u->region_offset + at, page) ||
        page->offset < u->region_offset) {
        return false;
    }
    page->offset -= u->region_offset;
    return true;
}

static tb_error erase_log(tb_update *u)
{
    const tb_chip *chip = flash_of(u)->chip;
    tb_error error = tb_erase_range(flash_of(u), u->bank, tb_log_offset(chip), chip->bank_bytes);

    u->log_erased = error == TB_OK;
    return error;
}

/* The log's page was erased when the session began; nothing was programmed there since. */
static bool erased_with_log(const tb_update *u, const tb_page *page)
{
    return has_log(u) && u->log_erased && page->offset + page->bytes > u->region_bytes;
}

/* The first page carries the header, the last ones the log: both change always. */
static bool is_kept(const tb_update *u, const tb_page *page)
{
    return u->keeps && page->offset != 0 && page->offset + page->bytes <= u->region_bytes &&
           page->number < 8u * TB_KEEP_BYTES &&
           (u->keep[page->number / 8u] >> (page->number % 8u) & 1u) != 0;
}

static tb_error erase_page(tb_update *u, const tb_page *page)
{
    uint32_t offset = u->region_offset + page->offset;
    tb_error error = TB_OK;

    if (!erased_with_log(u, page) && !is_kept(u, page)) {
        error = tb_erase_range(flash_of(u), u->bank, offset, offset + page->bytes);
        if (error == TB_OK && has_log(u) && page->offset + page->bytes > u->region_bytes) {
            u->log_erased = true;
        }
    }
    return error;
}

static tb_error erase_next(tb_update *u)
{
    tb_page page;
    tb_error error;

    if (!region_page(u, u->erased_to, &page)) {
        return TB_ERR_RANGE;
    }
    error = erase_page(u, &page);
    if (error == TB_OK) {
        u->erased_to = page.offset + page.bytes;
    }
    return error;
}

/* Before a page is programmed the one after it is erased, and wholly: so after a power
 * cut the first blank page parts new data from what was there before. */
static tb_error erase_ahead(tb_update *u, uint32_t at)
{
    tb_page page;
    uint32_t need, here;

    if (at < u->ahead_to) {
        return TB_OK;
    }
    if (!region_page(u, at, &page)) {
        return TB_ERR_RANGE;
    }
    need = here = page.offset + page.bytes;
    if (need < total_bytes(u)) {
        if (!region_page(u, need, &page)) {
            return TB_ERR_RANGE;
        }
        need = page.offset + page.bytes;
    }
    while (u->erased_to < need) {
        tb_error error = erase_next(u);

        if (error != TB_OK) {
            return error;
        }
    }
    u->ahead_to = here;
    return TB_OK;
}

/* The header goes first and the log second: a log whose erase is cut short can then
 * never speak for an image, as the image has no header any more. */
static tb_error begin_fresh(tb_update *u)
{
    tb_error error;

    u->next = 0;
    u->erased_to = 0;
    u->ahead_to = 0;
    u->log_erased = false;
    error = erase_next(u);
    if (error == TB_OK && has_log(u) && !u->log_erased) {
        error = erase_log(u);
    }
    if (error == TB_OK) {
        error = erase_ahead(u, 0);
    }
    return error;
}

typedef enum page_content { PAGE_BLANK, PAGE_DATA, PAGE_UNREADABLE } page_content;

static page_content page_scan(const tb_update *u, const tb_page *page)
{
    page_content content = PAGE_BLANK;
    uint8_t bytes[SCAN_BYTES];

    for (uint32_t at = 0; at < page->bytes; at += SCAN_BYTES) {
        uint32_t offset = u->region_offset + page->offset + at;

        if (flash_of(u)->read(flash_of(u)->ctx, u->bank, offset, bytes, SCAN_BYTES) != TB_OK) {
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
 * no such session was. */
static bool find_resume(const tb_update *u, tb_page *last, tb_page *frontier, bool *has_frontier)
{
    const tb_flash *flash = flash_of(u);
    tb_image_head there;
    tb_slot_log log;
    tb_page page;

    if (!has_log(u) ||
        flash->read(flash->ctx, u->bank, u->region_offset, &there, sizeof there) != TB_OK ||
        memcmp(&there, &u->head, sizeof there) != 0 ||
        tb_slot_log_read(flash, u->bank, &log) != TB_OK || log.state != TB_SLOT_EMPTY) {
        return false;
    }
    if (!region_page(u, 0, last)) {
        return false;
    }
    *has_frontier = false;
    for (uint32_t at = 0; at < total_bytes(u); at = page.offset + page.bytes) {
        if (!region_page(u, at, &page)) {
            return false;
        }
        if (page_scan(u, &page) != PAGE_DATA) {
            *frontier = page;
            *has_frontier = true;
            break;
        }
        *last = page;
    }
    /* Whole, and yet not installed: its header may be what was written last, and be unstable. */
    return *has_frontier ||
           tb_payload_check(flash, u->bank, u->region_offset, &u->head) != TB_OK;
}

/* Everything from the resume point on is erased again, as a page that merely looks blank
 * is not trusted. The frontier goes before the page that is resumed: if that erase is
 * cut, the frontier is still the first blank page. */
static tb_error begin_resumed(tb_update *u, const tb_page *last, const tb_page *frontier)
{
    tb_error error;
    tb_page second;

    if (last->offset == 0) {
        /* From the start, then; but this header is not to be found again, should its erase
         * be cut, with anything other than a blank page behind it. */
        if (last->bytes < total_bytes(u)) {
            error = region_page(u, last->bytes, &second) ? erase_page(u, &second) : TB_ERR_RANGE;
            if (error != TB_OK) {
                return error;
            }
        }
        return begin_fresh(u);
    }
    error = erase_log(u);
    if (error == TB_OK && frontier != NULL) {
        error = erase_page(u, frontier);
    }
    if (error == TB_OK) {
        error = erase_page(u, last);
    }
    u->next = last->offset;
    u->erased_to = last->offset + last->bytes;
    if (frontier != NULL) {
        u->erased_to = frontier->offset + frontier->bytes;
    }
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

tb_error tb_update_begin(tb_update *u, const tb_image_head *head, uint32_t *next)
{
    return tb_update_begin_keeping(u, head, 0, NULL, next);
}

tb_error tb_update_begin_keeping(tb_update *u, const tb_image_head *head, unsigned bank,
                                 const uint8_t *keep, uint32_t *next)
{
    tb_page last, frontier;
    bool has_frontier;
    tb_error error;

    *next = 0;
    if (u->open && u->failure == TB_OK && memcmp(&u->head, head, sizeof *head) == 0) {
        *next = u->next;
        return TB_OK;
    }
    tb_update_abandon(u);
    error = tb_image_check_head(head, device_of(u));
    if (error == TB_OK) {
        error = tb_target_choose(u, head);
    }
    if (error != TB_OK) {
        return error;
    }
    u->head = *head;
    if (u->nothing_to_do) {
        u->next = total_bytes(u);
    } else if (find_resume(u, &last, &frontier, &has_frontier)) {
        error = begin_resumed(u, &last, has_frontier ? &frontier : NULL);
    } else {
        if (keep != NULL && u->bank == bank && holds_whole_image(u)) {
            memcpy(u->keep, keep, sizeof u->keep);
            u->keeps = true;
        }
        error = begin_fresh(u);
    }
    u->open = error == TB_OK;
    *next = u->open ? u->next : 0;
    return error;
}

/* Is this the unit that makes an image of what follows it? A stage 2 image has no log; one
 * with kept pages must not look like one that can be resumed. It is written at the end. */
static bool is_held_back(const tb_update *u, uint32_t at)
{
    return at == 0 && tb_update_head_comes_last(u);
}

static bool in_kept_page(const tb_update *u, uint32_t at)
{
    tb_page page;

    return u->keeps && region_page(u, at, &page) && is_kept(u, &page);
}

/* Programs the unit that has been collected, padded with 0xFF. */
tb_error tb_update_flush(tb_update *u)
{
    uint32_t unit_bytes = flash_of(u)->chip->unit_bytes;
    uint32_t at = u->next - u->unit_fill;
    tb_error error;

    if (u->unit_fill == 0) {
        return TB_OK;
    }
    memset(u->unit + u->unit_fill, 0xFF, unit_bytes - u->unit_fill);
    u->unit_fill = 0;
    error = erase_ahead(u, at);
    if (error == TB_OK && !is_held_back(u, at) && !in_kept_page(u, at) &&
        !tb_all_ones(u->unit, unit_bytes)) {
        error = tb_unit_write(flash_of(u), u->bank, u->region_offset + at, u->unit);
        tb_alive(flash_of(u));
    }
    return error == TB_OK ? TB_OK : tb_update_fail(u, error);
}

/* Passes over whole kept pages that were left out, as far as `to`. */
void tb_update_pass_kept(tb_update *u, uint32_t to)
{
    tb_page page;

    while (u->next < to && u->unit_fill == 0 && in_kept_page(u, u->next) &&
           region_page(u, u->next, &page) && page.offset == u->next) {
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
        uint32_t n = smaller(bytes, flash_of(u)->chip->unit_bytes - u->unit_fill);

        memcpy(u->unit + u->unit_fill, p, n);
        u->unit_fill = (uint8_t)(u->unit_fill + n);
        u->next += n;
        p += n;
        bytes -= n;
        if (u->unit_fill == flash_of(u)->chip->unit_bytes) {
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

    if (!u->open || u->failure != TB_OK || u->nothing_to_do || u->erased_to >= total_bytes(u)) {
        return false;
    }
    error = erase_next(u);
    if (error != TB_OK) {
        tb_update_fail(u, error);
    }
    return error == TB_OK;
}
