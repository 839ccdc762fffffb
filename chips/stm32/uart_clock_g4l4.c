/* Every port runs from HSI16, whatever the core's clock is (RM0440 7.2.17). */
#include "chips/stm32/uart.h"
#include "registers.h"

void uart_clock_on(uint32_t base)
{
    uint32_t shift;

    RCC->CR |= RCC_CR_HSION;
    while ((RCC->CR & RCC_CR_HSIRDY) == 0u) {
    }
    switch (base) {
    case LPUART1_BASE:
        shift = RCC_CCIPR_LPUART1SEL_SHIFT;
        RCC->APB1ENR2 |= RCC_APB1ENR2_LPUART1EN;
        (void)RCC->APB1ENR2;
        break;
    case USART2_BASE:
        shift = RCC_CCIPR_USART2SEL_SHIFT;
        RCC->APB1ENR1 |= RCC_APB1ENR1_USART2EN;
        (void)RCC->APB1ENR1;
        break;
    default:
        shift = RCC_CCIPR_USART1SEL_SHIFT;
        RCC->APB2ENR |= RCC_APB2ENR_USART1EN;
        (void)RCC->APB2ENR;
        break;
    }
    RCC->CCIPR = (RCC->CCIPR & ~(RCC_CCIPR_SEL_MASK << shift)) | RCC_CCIPR_SEL_HSI16 << shift;
}
