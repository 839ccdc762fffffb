/* Every port runs from HSI16, whatever the core's clock is (RM0456 11.8.47). */
#include "chips/stm32/uart.h"
#include "registers.h"

void uart_clock_on(uint32_t base)
{
    uint32_t shift = RCC_CCIPR1_USART1SEL_SHIFT;

    RCC->CR |= RCC_CR_HSION;
    while ((RCC->CR & RCC_CR_HSIRDY) == 0u) {
    }
    switch (base) {
    case LPUART1_BASE:
        RCC->CCIPR3 = (RCC->CCIPR3 & ~RCC_CCIPR3_LPUART1SEL_MASK) | RCC_CCIPR_SEL_HSI16;
        RCC->APB3ENR |= RCC_APB3ENR_LPUART1EN;
        (void)RCC->APB3ENR;
        return;
    case USART3_BASE:
        shift = RCC_CCIPR1_USART3SEL_SHIFT;
        RCC->APB1ENR1 |= RCC_APB1ENR1_USART3EN;
        (void)RCC->APB1ENR1;
        break;
    default:
        RCC->APB2ENR |= RCC_APB2ENR_USART1EN;
        (void)RCC->APB2ENR;
        break;
    }
    RCC->CCIPR1 = (RCC->CCIPR1 & ~(RCC_CCIPR1_SEL_MASK << shift)) | RCC_CCIPR_SEL_HSI16 << shift;
}
