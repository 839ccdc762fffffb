#include "core/internal.h"

bool tb_all_ones(const uint8_t *bytes, size_t count)
{
    uint8_t all = 0xFF;

    while (count > 0) {
        all &= bytes[--count];
    }
    return all == 0xFF;
}

tb_error tb_unit_holds(const tb_flash *flash, unsigned bank, uint32_t offset, const uint8_t *unit,
                       unsigned looks)
{
    uint8_t back[TB_MAX_UNIT_BYTES];
    size_t bytes = port_chip(flash)->unit_bytes;
    tb_error error = TB_OK;

    for (; error == TB_OK && looks > 0; looks--) {
        error = port_read(flash, bank, offset, back, bytes);
        for (size_t i = 0; error == TB_OK && i < bytes; i++) {
            error = back[i] == unit[i] ? TB_OK : TB_ERR_VERIFY;
        }
    }
    return error;
}

tb_error tb_unit_write(const tb_flash *flash, unsigned bank, uint32_t offset, const uint8_t *unit,
                       unsigned looks)
{
    tb_error error = port_program(flash, bank, offset, unit);

    return error == TB_OK ? tb_unit_holds(flash, bank, offset, unit, looks) : error;
}

void tb_alive(const tb_flash *flash)
{
    port_alive(flash);
}
