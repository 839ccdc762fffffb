/* What all the families have alike, as structures in the manner of the vendor's device headers:
 * ports, UARTs, and the core's own. */
#ifndef BLOCKS_H
#define BLOCKS_H

#include <stdint.h>

typedef volatile uint32_t reg;

typedef struct {
    reg MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2], BRR;
} gpio_block;
typedef struct {
    reg CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR, PRESC;
} uart_block;
typedef struct {
    reg CTRL, LOAD, VAL, CALIB;
} systick_block;

#define SYSTICK ((systick_block *)0xE000E010u)
#define NVIC_ISER ((reg *)0xE000E100u)
#define NVIC_IPR ((volatile uint8_t *)0xE000E400u)
#define SCB_VTOR (*(reg *)0xE000ED08u)
#define SCB_AIRCR (*(reg *)0xE000ED0Cu)
#define SCB_SHPR ((volatile uint8_t *)0xE000ED18u)
#define SCB_CPACR (*(reg *)0xE000ED88u)
#define DEMCR (*(reg *)0xE000EDFCu)
#define DWT_CTRL (*(reg *)0xE0001000u)
#define DWT_CYCCNT (*(reg *)0xE0001004u)

#endif
