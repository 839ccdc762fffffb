#include "chips/rows.h"

#define ROW(id, ...) [TB_ROW_##id] = {__VA_ARGS__},

const tb_chip tb_rows[TB_ROWS] = {
#include "chips/rows_table.h"
};

_Static_assert(0x1000u + 0x7000u == 0x8000u, "stage 2 ends where the slot begins");
_Static_assert(0x8000u % G4_PAGE_BYTES == 0u && 0x1000u % G4_PAGE_BYTES == 0u,
               "regions begin at pages");
_Static_assert(64u * 8u <= G4_PAGE_BYTES, "the log fits into the slot's last page");
_Static_assert(128u * 1024u / 2u <= G4_BANK2_BASE - TB_FLASH_BASE, "banks do not overlap");

const tb_chip *tb_chips(size_t *count)
{
    *count = TB_ROWS;
    return tb_rows;
}
