/* The attacks where one control register serves both banks. A family's file says before it
 * includes this: HOSTILE_CR, its CR_LOCK, CR_START and CR_PROGRAM, and
 *   settle()               waits; the error flags that it found and cleared
 *   unlock()               the controller, with what stands in the way of an erase
 *   cr_erase(bank, page)   the bits of CR that erase it
 *   cr_erase_banks(banks)  the same of whole banks, bit 0 bank 1
 *   zero_unit(at)          the writes of one unit */
#ifndef APP_HOSTILE_STEPS_H
#define APP_HOSTILE_STEPS_H

HOSTILE_INLINE uint32_t start_erase(uint32_t cr)
{
    HOSTILE_CR = cr;
    HOSTILE_CR = cr | CR_START;
    arm_dsb();
    return settle();
}

HOSTILE_RAM uint32_t hostile_erase(unsigned bank, unsigned first, unsigned end)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    unlock();
    for (unsigned page = first; page < end; page++) {
        errors |= start_erase(cr_erase(bank, page));
        IWDG->KR = IWDG_KEY_RELOAD;
    }
    HOSTILE_CR = CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_erase_banks(unsigned banks)
{
    uint32_t primask = arm_interrupts_mask(), errors;

    unlock();
    errors = start_erase(cr_erase_banks(banks));
    HOSTILE_CR = CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

HOSTILE_RAM uint32_t hostile_zero(unsigned bank, volatile uint32_t *at, unsigned units)
{
    uint32_t primask = arm_interrupts_mask(), errors = 0u;

    (void)bank;
    unlock();
    HOSTILE_CR = CR_PROGRAM;
    for (unsigned i = 0; i < units; i++) {
        errors |= zero_unit(&at[i * UNIT_WORDS]);
    }
    HOSTILE_CR = CR_LOCK;
    arm_interrupts_restore(primask);
    return errors;
}

#endif
