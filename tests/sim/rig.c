#include "rig.h"

#define SLEEP_AT 0x20000100u

uint32_t rd(sim_machine *m, uint32_t address)
{
    uint32_t value = 0;
    assert_int_equal(sim_core_read(m, address, 4u, &value), SIM_ACCESS_OK);
    return value;
}

void wr(sim_machine *m, uint32_t address, uint32_t value)
{
    assert_int_equal(sim_core_write(m, address, 4u, value), SIM_ACCESS_OK);
}

void rig_sleep(sim_machine *m)
{
    wr(m, SLEEP_AT, 0xE7FDBF30u);      /* wfi; b .-2 */
    wr(m, SLEEP_AT + 4u, 0x47704770u); /* the NMI handler: bx lr */
    sim_cpu_set_reg(sim_core(m), 13u, 0x20018000u);
    sim_cpu_set_reg(sim_core(m), 15u, SLEEP_AT);
}

void rig_power_on(sim_machine *m, bool backup_lost)
{
    sim_power_on(m, backup_lost);
    rig_sleep(m);
    wr(m, FLASH_SR, ERRORS);
}

sim_machine *rig_new(const char *chip)
{
    const sim_options options = {.seed = 1u};
    static const uint8_t vectors[16] = {0x00, 0x80, 0x01, 0x20, 0x01, 0x01, 0x00, 0x20,
                                        0x05, 0x01, 0x00, 0x20, 0x05, 0x01, 0x00, 0x20};
    sim_machine *m = sim_new(tb_chip_find(chip), &options);
    assert_non_null(m);
    assert_true(sim_flash_load(m, BANK1, vectors, sizeof vectors));
    rig_power_on(m, true);
    return m;
}

sim_machine *rig_m7_new(const char *chip)
{
    const sim_options options = {.seed = 1u};
    static const uint8_t vectors[8] = {0x00, 0x00, 0x01, 0x20, 0x01, 0x01, 0x00, 0x20};
    sim_machine *m = sim_new(tb_chip_find(chip), &options);
    assert_non_null(m);
    assert_true(sim_flash_load(m, BANK1, vectors, sizeof vectors));
    sim_power_on(m, true);
    rig_sleep(m);
    return m;
}

void rig_pass(sim_machine *m, sim_ps time)
{
    sim_end end = sim_run(m, sim_now(m) + time);
    assert_true(end == SIM_END_TIME || end == SIM_END_IDLE);
}

void rig_unlock(sim_machine *m)
{
    wr(m, FLASH_KEYR, 0x45670123u);
    wr(m, FLASH_KEYR, 0xCDEF89ABu);
}

void rig_unlock_options(sim_machine *m)
{
    rig_unlock(m);
    wr(m, FLASH_OPTKEYR, 0x08192A3Bu);
    wr(m, FLASH_OPTKEYR, 0x4C5D6E7Fu);
}

void rig_option(sim_machine *m, uint32_t reg, uint32_t value)
{
    rig_sleep(m);
    (void)rig_take_errors(m);
    wr(m, FLASH_CR, LOCK);
    rig_unlock_options(m);
    wr(m, reg, value);
    wr(m, FLASH_CR, OPTSTRT);
    rig_pass(m, 100u * SIM_PS_PER_MS);
    assert_int_equal(rd(m, FLASH_SR) & (BSY | ERRORS), 0);
    sim_power_on(m, false);
}

uint32_t rig_take_errors(sim_machine *m)
{
    uint32_t errors = rd(m, FLASH_SR) & ERRORS;
    wr(m, FLASH_SR, errors);
    return errors;
}

static uint32_t settle(sim_machine *m)
{
    rig_pass(m, 30u * SIM_PS_PER_MS);
    assert_int_equal(rd(m, FLASH_SR) & BSY, 0);
    wr(m, FLASH_CR, 0u);
    return rig_take_errors(m);
}

uint32_t rig_program(sim_machine *m, uint32_t address, uint32_t low, uint32_t high)
{
    wr(m, FLASH_CR, PG);
    wr(m, address, low);
    wr(m, address + 4u, high);
    return settle(m);
}

uint32_t rig_erase_page(sim_machine *m, unsigned bank, unsigned page)
{
    uint32_t cr = PER | PNB(page) | (bank == 1u ? BKER : 0u);
    wr(m, FLASH_CR, cr);
    wr(m, FLASH_CR, cr | STRT);
    return settle(m);
}

uint32_t rig_mass_erase(sim_machine *m, uint32_t mer)
{
    wr(m, FLASH_CR, mer | STRT);
    return settle(m);
}

uint32_t raw(sim_machine *m, unsigned bank, uint32_t offset)
{
    const uint8_t *d = sim_flash_bank(m, bank) + offset;
    return d[0] | (uint32_t)d[1] << 8 | (uint32_t)d[2] << 16 | (uint32_t)d[3] << 24;
}
