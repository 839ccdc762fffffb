/* The rows by index, for a firmware that is built for one of them: the compiler sees
 * a constant and folds it. Everyone else asks tb_chips(). */
#ifndef CHIPS_ROWS_H
#define CHIPS_ROWS_H

#include "twinbank/chip.h"

enum tb_row {
    TB_ROW_STM32G474RE, TB_ROW_STM32G474RC, TB_ROW_STM32G474RB, TB_ROW_STM32G491RE,
    TB_ROW_STM32L476RG, TB_ROW_STM32L476RE, TB_ROW_STM32L476RC, TB_ROW_STM32L4R5ZI,
    TB_ROW_STM32L4R5ZG,
    TB_ROW_STM32H743ZI, TB_ROW_STM32H7A3ZI,
    TB_ROW_STM32U575ZI, TB_ROW_STM32U575ZG, TB_ROW_STM32U545RE, TB_ROW_STM32U5A5ZJ,
    TB_ROW_STM32F767ZI, TB_ROWS
};

extern const tb_chip tb_rows[TB_ROWS];

#endif
