/* The core's own registers (ARMv7-M ARM B3) and the instructions that C lacks. */
#ifndef CHIPS_ARMV7M_H
#define CHIPS_ARMV7M_H

#include <stdint.h>

#define SYST_CSR (*(volatile uint32_t *)0xE000E010u)
#define SYST_RVR (*(volatile uint32_t *)0xE000E014u)
#define SYST_CVR (*(volatile uint32_t *)0xE000E018u)
#define NVIC_ISER ((volatile uint32_t *)0xE000E100u)
#define NVIC_ICER ((volatile uint32_t *)0xE000E180u)
#define NVIC_ICPR ((volatile uint32_t *)0xE000E280u)
#define NVIC_WORDS 8u
#define SCB_ICSR (*(volatile uint32_t *)0xE000ED04u)
#define SCB_VTOR (*(volatile uint32_t *)0xE000ED08u)
#define SCB_AIRCR (*(volatile uint32_t *)0xE000ED0Cu)
#define SCB_CCR (*(volatile uint32_t *)0xE000ED14u)
#define SCB_ICIALLU (*(volatile uint32_t *)0xE000EF50u) /* Cortex-M7 */
#define SCB_DCIMVAC (*(volatile uint32_t *)0xE000EF5Cu) /* Cortex-M7 */
#define SCB_SCR (*(volatile uint32_t *)0xE000ED10u)
#define SCB_CFSR (*(volatile uint32_t *)0xE000ED28u)

#define SYST_CSR_ENABLE 1u
#define SYST_CSR_TICKINT 2u
#define SYST_CSR_CLKSOURCE 4u
#define SYST_CSR_COUNTFLAG (1u << 16)
#define SCB_ICSR_PENDSTCLR (1u << 25)
#define SCB_ICSR_PENDSVCLR (1u << 27)
#define SCB_AIRCR_SYSRESETREQ 0x05FA0004u

#define SCB_SCR_SLEEPDEEP (1u << 2)
#define SCB_CCR_BFHFNMIGN (1u << 8)
#define SCB_CCR_IC (1u << 17) /* Cortex-M7 */
#define SCB_CFSR_BFSR 0xFF00u /* written as 1 to clear */

#define ARMV7M_EXCEPTIONS 16u

static inline uint32_t arm_bits_reversed(uint32_t word)
{
    __asm("rbit %0, %0" : "+r"(word));
    return word;
}

static inline void arm_dsb(void)
{
    __asm volatile("dsb" ::: "memory");
}

static inline void arm_isb(void)
{
    __asm volatile("isb" ::: "memory");
}

/* Cortex-M7: the instruction cache, from its state after reset and back to it. */
static inline void arm_icache_on(void)
{
    SCB_ICIALLU = 0u;
    arm_dsb();
    arm_isb();
    SCB_CCR |= SCB_CCR_IC;
    arm_dsb();
    arm_isb();
}

static inline void arm_icache_off(void)
{
    SCB_CCR &= ~SCB_CCR_IC;
    SCB_ICIALLU = 0u;
    arm_dsb();
    arm_isb();
}

static inline void arm_wait_for_interrupt(void)
{
    __asm volatile("wfi" ::: "memory");
}

/* Masks interrupts; give the result to arm_interrupts_restore(). */
static inline uint32_t arm_interrupts_mask(void)
{
    uint32_t primask;

    __asm volatile("mrs %0, primask\n\tcpsid i" : "=r"(primask)::"memory");
    return primask;
}

static inline void arm_interrupts_restore(uint32_t primask)
{
    __asm volatile("msr primask, %0" ::"r"(primask) : "memory");
}

/* Starts a vector table, `argument` in r0, on MSP with nothing masked, and does not return.
 * Inline always: the flash that a call would lead to may not be what it was. */
static inline __attribute__((always_inline)) void arm_start(uint32_t vectors, uint32_t argument)
{
    __asm volatile("mov r0, %1\n\t"
                   "ldr r2, [%0]\n\t"
                   "ldr r3, [%0, #4]\n\t"
                   "msr msp, r2\n\t"
                   "movs r2, #0\n\t"
                   "msr control, r2\n\t"
                   "msr basepri, r2\n\t"
                   "isb\n\t"
                   "cpsie f\n\t"
                   "cpsie i\n\t"
                   "bx r3" ::"r"(vectors), "r"(argument) : "r0", "r2", "r3", "memory");
}

#endif
