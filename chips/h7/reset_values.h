/* What reset leaves (RM0433 4.9, 6.8, 8.7, 11.4; RM0455): for app/reset_state.c. */
#include "chips/h7/registers.h"

/* At an address that both lines have, and that is a constant. */
#define GATES_COPY ((rcc_gate_registers *)(RCC_BASE + 0x130u))
#define ACR_IN_COMMON 0x13u /* 7 wait states on H743, 3 on H7A3 */

static const reset_value reset_values[] = {
    {"RCC_CFGR", &RCC->CFGR, ~0u, 0},
    {"RCC_D2CCIP2R", &RCC->D2CCIP2R, ~0u, 0},
    {"RCC_AHB4RSTR", &RCC->AHB4RSTR, ~0u, 0},
    {"RCC_CIER", &RCC->CIER, ~0u, 0},
    {"RCC_AHB1ENR", &GATES_COPY->AHB1ENR, ~0u, 0},
    {"RCC_AHB4ENR", &GATES_COPY->AHB4ENR, ~0u, 0},
    {"RCC_APB1LENR", &GATES_COPY->APB1LENR, ~0u, 0},
    {"RCC_APB2ENR", &GATES_COPY->APB2ENR, ~0u, 0},
    {"RCC_APB4ENR", &GATES_COPY->APB4ENR, ~0u, RCC_APB4ENR_RESET},
    {"FLASH_ACR", &FLASH(0u)->ACR, ACR_IN_COMMON, ACR_IN_COMMON},
    {"FLASH_CR1.LOCK", &FLASH(0u)->CR, FLASH_CR_LOCK, FLASH_CR_LOCK},
    {"FLASH_CR2.LOCK", &FLASH(1u)->CR, FLASH_CR_LOCK, FLASH_CR_LOCK},
    {"FLASH_SR1", &FLASH(0u)->SR, ~(1u << 16), 0}, /* EOP tells of stage 1's records */
    {"FLASH_SR2", &FLASH(1u)->SR, ~(1u << 16), 0},
    {"FLASH_OPTCR.OPTLOCK", &FLASH(0u)->OPTCR, FLASH_OPTCR_OPTLOCK, FLASH_OPTCR_OPTLOCK},
    {"SCB_CCR.BFHFNMIGN", &SCB_CCR, SCB_CCR_BFHFNMIGN, 0},
    {"PWR_CR1", &PWR_CR1, PWR_CR1_DBP | PWR_CR1_PVDE, 0},
};

/* Readable only with their clocks on. */
static void reset_values_clock(void)
{
    GPIO_ENR |= 1u << 3;
    (void)GPIO_ENR;
}

static const reset_value reset_values_clocked[] = {
    {"GPIOD_MODER", &GPIO(3)->MODER, ~0u, 0xFFFFFFFFu},
    {"GPIOD_PUPDR", &GPIO(3)->PUPDR, ~0u, 0},
    {"GPIOD_AFRH", &GPIO(3)->AFR[1], ~0u, 0},
};
