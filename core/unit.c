#include "core/bytes.h"
#include "core/internal.h"

bool tb_all_ones(const uint8_t *bytes, size_t count)
{
    uint32_t all = UINT32_MAX;

    for (; count > 0; count -= sizeof all) {
        all &= get_u32(&bytes);
    }
    return all == UINT32_MAX;
}

tb_error tb_holds(const tb_flash *flash, unsigned bank, uint32_t offset, const uint8_t *expected,
                  size_t bytes, unsigned looks)
{
    uint32_t back[TB_UPDATE_LINE_BYTES / sizeof(uint32_t)];
    tb_error error = TB_OK;

    for (; error == TB_OK && looks > 0; looks--) {
        const uint8_t *wanted = expected;

        error = port_read_back(flash, bank, offset, back, bytes);
        for (size_t i = 0; error == TB_OK && i < bytes / sizeof back[0]; i++) {
            error = back[i] == get_u32(&wanted) ? TB_OK : TB_ERR_VERIFY;
        }
    }
    return error;
}

tb_error tb_unit_write(const tb_flash *flash, unsigned bank, uint32_t offset, const uint8_t *unit,
                       unsigned looks)
{
    tb_error error = port_program(flash, bank, offset, unit);

    return error == TB_OK
               ? tb_holds(flash, bank, offset, unit, port_chip(flash)->unit_bytes, looks)
               : error;
}

void tb_alive(const tb_flash *flash)
{
    port_alive(flash);
}
