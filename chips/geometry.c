#include "twinbank/chip.h"

#define NAME_LINE 9u   /* "stm32g474": family and line */
#define NAME_DENSITY 10u /* after the package letter */
#define NAME_TRAILER_MAX 6u /* "T6", "T6TR", "TxN" */

static char lower(char c)
{
    return (char)((c >= 'A' && c <= 'Z') ? c - 'A' + 'a' : c);
}

static bool alphanumeric(char c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9');
}

static bool name_matches(const char *row, const char *name)
{
    size_t i;

    for (i = 0; i <= NAME_DENSITY; i++) {
        if (!alphanumeric(name[i])) {
            return false;
        }
        if (i != NAME_LINE && lower(name[i]) != row[i]) {
            return false;
        }
    }
    for (; name[i] != '\0'; i++) {
        if (!alphanumeric(name[i]) || i > NAME_DENSITY + NAME_TRAILER_MAX) {
            return false;
        }
    }
    return true;
}

const tb_chip *tb_chip_find(const char *name)
{
    size_t count;
    const tb_chip *rows = tb_chips(&count);

    for (size_t i = 0; i < count; i++) {
        if (name_matches(rows[i].name, name)) {
            return &rows[i];
        }
    }
    return NULL;
}

const tb_chip *tb_chip_by_id(uint16_t device_id, uint16_t bank_kib)
{
    size_t count;
    const tb_chip *rows = tb_chips(&count);

    for (size_t i = 0; i < count; i++) {
        if (rows[i].device_id != device_id) {
            continue;
        }
        if (!rows[i].has_banks || rows[i].bank_bytes == (uint32_t)bank_kib * 1024u) {
            return &rows[i];
        }
    }
    return NULL;
}

/* Is it in this run, the first page of which is given? If not, `page` becomes the next run's. */
__attribute__((always_inline)) static inline bool in_run(const tb_page_run *run, uint32_t offset,
                                                         tb_page *page)
{
    uint32_t run_bytes = run->count * run->bytes;
    uint32_t index;

    if (offset - page->offset >= run_bytes) {
        page->offset += run_bytes;
        page->number = (uint16_t)(page->number + run->count);
        return false;
    }
    index = (offset - page->offset) / run->bytes;
    page->number = (uint16_t)(page->number + index);
    page->offset += index * run->bytes;
    page->bytes = run->bytes;
    return true;
}

/* No loop, so that of a row which the compiler sees only the runs remain that it has. */
bool tb_page_at(const tb_chip *c, uint32_t offset, tb_page *page)
{
    _Static_assert(TB_PAGE_RUNS == 3u, "as many as are asked here");
    *page = (tb_page){0};
    return in_run(&c->pages[0], offset, page) ||
           (c->pages[1].count != 0u && in_run(&c->pages[1], offset, page)) ||
           (c->pages[2].count != 0u && in_run(&c->pages[2], offset, page));
}

bool tb_physical(const tb_chip *c, bool swapped, uint32_t address, unsigned *bank, uint32_t *offset)
{
    bool high = address >= c->bank2_base;
    uint32_t base = high ? c->bank2_base : TB_FLASH_BASE;

    if (!c->has_banks || address - base >= c->bank_bytes) {
        return false;
    }
    *bank = (high != swapped) ? 1u : 0u;
    *offset = address - base;
    return true;
}
