#include "chips/stm32/uart.h"
#include "registers.h"

void uart_clock_on(uint32_t base)
{
    if (base == USART1_BASE) {
        RCC->D2CCIP2R = (RCC->D2CCIP2R & ~RCC_D2CCIP2R_USART16SEL_MASK) |
                        RCC_D2CCIP2R_USART16SEL_HSI;
        RCC_GATES->APB2ENR |= RCC_APB2ENR_USART1EN;
        (void)RCC_GATES->APB2ENR;
    } else {
        RCC->D2CCIP2R = (RCC->D2CCIP2R & ~RCC_D2CCIP2R_USART28SEL_MASK) |
                        RCC_D2CCIP2R_USART28SEL_HSI;
        RCC_GATES->APB1LENR |= base == USART2_BASE ? RCC_APB1LENR_USART2EN : RCC_APB1LENR_USART3EN;
        (void)RCC_GATES->APB1LENR;
    }
}
