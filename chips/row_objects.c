/* For firmware: each row an object of its own, so that only the target's is linked. */
#include "chips/rows.h"

#define ROW(id, ...) extern const tb_chip tb_row_##id; const tb_chip tb_row_##id = {__VA_ARGS__};

#include "chips/rows_table.h"
