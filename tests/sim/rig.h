/* A machine with its registers driven from the test: the core sleeps in SRAM. */
#ifndef TEST_SIM_RIG_H
#define TEST_SIM_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/machine/machine.h"

#define FLASH_ACR 0x40022000u
#define FLASH_PDKEYR 0x40022004u
#define FLASH_KEYR 0x40022008u
#define FLASH_OPTKEYR 0x4002200Cu
#define FLASH_SR 0x40022010u
#define FLASH_CR 0x40022014u
#define FLASH_ECCR 0x40022018u
#define FLASH_OPTR 0x40022020u
#define FLASH_PCROP1SR 0x40022024u
#define FLASH_PCROP1ER 0x40022028u
#define FLASH_WRP1AR 0x4002202Cu
#define FLASH_WRP2AR 0x4002204Cu
#define FLASH_SEC1R 0x40022070u

#define EOP (1u << 0)
#define OPERR (1u << 1)
#define PROGERR (1u << 3)
#define WRPERR (1u << 4)
#define PGAERR (1u << 5)
#define SIZERR (1u << 6)
#define PGSERR (1u << 7)
#define RDERR (1u << 14)
#define OPTVERR (1u << 15)
#define BSY (1u << 16)
#define ERRORS 0xC3FAu

#define PG (1u << 0)
#define PER (1u << 1)
#define MER1 (1u << 2)
#define PNB(n) ((uint32_t)(n) << 3)
#define BKER (1u << 11)
#define MER2 (1u << 15)
#define STRT (1u << 16)
#define OPTSTRT (1u << 17)
#define EOPIE (1u << 24)
#define ERRIE (1u << 25)
#define OBL_LAUNCH (1u << 27)
#define SEC_PROT1 (1u << 28)
#define OPTLOCK (1u << 30)
#define LOCK (1u << 31)

#define BANK1 0x08000000u
#define BANK2 0x08040000u
#define BLANK 0xFFFFFFFFu

/* Fresh part, powered on, SR clear, the core asleep in SRAM. */
sim_machine *rig_new(const char *chip);
/* The same of a part with a Cortex-M7, whose flash registers this file does not name. */
sim_machine *rig_m7_new(const char *chip);
/* After a reset or power-on: put the core back to sleep in SRAM. */
void rig_sleep(sim_machine *m);
void rig_power_on(sim_machine *m, bool backup_lost);

uint32_t rd(sim_machine *m, uint32_t address);
void wr(sim_machine *m, uint32_t address, uint32_t value);
void rig_pass(sim_machine *m, sim_ps time); /* virtual time goes by */
void rig_unlock(sim_machine *m);
void rig_unlock_options(sim_machine *m);
/* As a debugger would: the core held in SRAM, one option register written, power off and on. */
void rig_option(sim_machine *m, uint32_t reg, uint32_t value);
uint32_t rig_take_errors(sim_machine *m); /* error flags, cleared */
/* Each waits until done and leaves CR without mode bits; returns the error flags. */
uint32_t rig_program(sim_machine *m, uint32_t address, uint32_t low, uint32_t high);
uint32_t rig_erase_page(sim_machine *m, unsigned bank, unsigned page);
uint32_t rig_mass_erase(sim_machine *m, uint32_t mer);
/* Contents behind the controller's back: no stall, no ECC. */
uint32_t raw(sim_machine *m, unsigned bank, uint32_t offset);

#endif
