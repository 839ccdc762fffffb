/* What the engine may take for granted about the program that it is compiled for. Here
 * nothing: everything is as its structs say. Stage 2, which has one flash and one role, and no
 * bytes to spare, is compiled with boot/stage2/known/known.h in its place. */
#ifndef KNOWN_H
#define KNOWN_H

#include "twinbank/server.h"

static inline const tb_flash *known_flash(const tb_flash *flash)
{
    return flash;
}

/* ---- the functions of a tb_flash (twinbank/port.h) -------------------------------------- */

static inline const tb_chip *port_chip(const tb_flash *flash)
{
    return flash->chip;
}

static inline tb_error port_read(const tb_flash *flash, unsigned bank, uint32_t offset, void *data,
                                 size_t bytes)
{
    return flash->read(flash->ctx, bank, offset, data, bytes);
}

static inline tb_error port_read_back(const tb_flash *flash, unsigned bank, uint32_t offset,
                                      void *data, size_t bytes)
{
    return port_read(flash, bank, offset, data, bytes);
}

static inline tb_error port_program(const tb_flash *flash, unsigned bank, uint32_t offset,
                                    const void *unit)
{
    return flash->program(flash->ctx, bank, offset, unit);
}

static inline tb_error port_erase(const tb_flash *flash, unsigned bank, uint32_t page_offset)
{
    return flash->erase(flash->ctx, bank, page_offset);
}

static inline tb_error port_crc32(const tb_flash *flash, unsigned bank, uint32_t offset,
                                  uint32_t bytes, uint32_t *crc)
{
    return flash->crc32(flash->ctx, bank, offset, bytes, crc);
}

static inline unsigned port_mapped_bank(const tb_flash *flash)
{
    return flash->mapped_bank(flash->ctx);
}

static inline void port_alive(const tb_flash *flash)
{
    if (flash->alive != NULL) {
        flash->alive(flash->ctx);
    }
}

/* ---- of a tb_server_config (twinbank/server.h) ------------------------------------------------ */

static inline void known_send(const tb_server_config *config, const uint8_t *bytes, size_t count)
{
    config->send(config->ctx, bytes, count);
}

static inline const tb_expand_service *known_expand(const tb_server_config *config)
{
    return config->expand != NULL ? config->expand_served : NULL;
}

static inline bool known_can_baud(const tb_server_config *config)
{
    return config->baud_set != NULL;
}

static inline bool known_baud_reached(const tb_server_config *config, uint32_t baud)
{
    return config->baud_reached(config->ctx, baud);
}

static inline void known_baud_set(const tb_server_config *config, uint32_t baud)
{
    config->baud_set(config->ctx, baud);
}

/* ---- of a tb_update_policy ------------------------------------------------------------------ */

static inline const tb_identity *known_device(const tb_identity *device)
{
    return device;
}

static inline const tb_chip *known_chip(const tb_chip *chip)
{
    return chip;
}

static inline int known_running_bank(int bank)
{
    return bank;
}

static inline int known_stage2_bank(int bank)
{
    return bank;
}

#endif
