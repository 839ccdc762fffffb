/* Every port runs from HSI, whatever the core's clock is (RM0410 5.3.26). */
#include "chips/stm32/uart.h"
#include "registers.h"

void uart_clock_on(uint32_t base)
{
    uint32_t shift;

    RCC->CR |= RCC_CR_HSION;
    while ((RCC->CR & RCC_CR_HSIRDY) == 0u) {
    }
    switch (base) {
    case USART1_BASE:
        shift = 0u;
        RCC->APB2ENR |= RCC_APB2ENR_USART1EN;
        (void)RCC->APB2ENR;
        break;
    case USART2_BASE:
        shift = 2u;
        RCC->APB1ENR1 |= RCC_APB1ENR1_USART2EN;
        (void)RCC->APB1ENR1;
        break;
    default:
        shift = 4u;
        RCC->APB1ENR1 |= RCC_APB1ENR1_USART3EN;
        (void)RCC->APB1ENR1;
        break;
    }
    RCC->DCKCFGR2 = (RCC->DCKCFGR2 & ~(RCC_DCKCFGR2_SEL_MASK << shift)) |
                    RCC_DCKCFGR2_SEL_HSI << shift;
}
