/* core/known/known.h for stage 2: the compiler sees the driver, the row and the role. */
#ifndef KNOWN_H
#define KNOWN_H

#include "chips/chips.h"
#include "chips/stm32/flash.h"
#include "tb_target.h"
#include "twinbank/server.h"

static inline const tb_flash *known_flash(const tb_flash *flash)
{
    (void)flash;
    return NULL; /* nobody looks into it: see below */
}

static inline const tb_chip *port_chip(const tb_flash *flash)
{
    (void)flash;
    return TB_TARGET;
}

static inline tb_error port_read(const tb_flash *flash, unsigned bank, uint32_t offset, void *data,
                                 size_t bytes)
{
    (void)flash;
    return flash_read(bank, offset, data, bytes);
}

/* Of what was programmed or read a moment ago: the checks were made then. */
static inline tb_error port_read_back(const tb_flash *flash, unsigned bank, uint32_t offset,
                                      void *data, size_t bytes)
{
    (void)flash;
    return chip_flash_bare.read(NULL, bank, offset, data, bytes);
}

static inline tb_error port_program(const tb_flash *flash, unsigned bank, uint32_t offset,
                                    const void *unit)
{
    (void)flash;
    return flash_program(bank, offset, unit);
}

static inline tb_error port_erase(const tb_flash *flash, unsigned bank, uint32_t page_offset)
{
    (void)flash;
    return flash_erase(bank, page_offset);
}

static inline tb_error port_crc32(const tb_flash *flash, unsigned bank, uint32_t offset,
                                  uint32_t bytes, uint32_t *crc)
{
    (void)flash;
    return flash_crc32(bank, offset, bytes, crc);
}

static inline unsigned port_mapped_bank(const tb_flash *flash)
{
    (void)flash;
    return chip_flash_bare.mapped_bank(NULL);
}

static inline void port_alive(const tb_flash *flash)
{
    (void)flash;
    chip_watchdog_feed();
}

void stage2_send(const uint8_t *bytes, size_t count);
bool stage2_baud_reached(uint32_t baud);
void stage2_baud_set(uint32_t baud);

static inline void known_send(const tb_server_config *config, const uint8_t *bytes, size_t count)
{
    (void)config;
    stage2_send(bytes, count);
}

static inline const tb_expand_service *known_expand(const tb_server_config *config)
{
    (void)config;
    return &tb_expand_served;
}

static inline bool known_can_baud(const tb_server_config *config)
{
    (void)config;
    return true;
}

static inline bool known_baud_reached(const tb_server_config *config, uint32_t baud)
{
    (void)config;
    return stage2_baud_reached(baud);
}

static inline void known_baud_set(const tb_server_config *config, uint32_t baud)
{
    (void)config;
    stage2_baud_set(baud);
}

extern tb_identity stage2_device;

static inline const tb_identity *known_device(const tb_identity *device)
{
    (void)device;
    return &stage2_device;
}

static inline const tb_chip *known_chip(const tb_chip *chip)
{
    (void)chip;
    return TB_TARGET;
}

static inline int known_running_bank(int bank)
{
    (void)bank;
    return -1;
}

static inline int known_stage2_bank(int bank)
{
    return bank & 1;
}

#endif
