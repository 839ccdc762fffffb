/* Blocks that are the same on every family, up to the registers that only some have and nobody
 * here uses. The family's registers.h says where they are. Manuals, in the order G4, L4, F7,
 * H7, U5: RM0440, RM0351, RM0410, RM0433, RM0456. */
#ifndef CHIPS_STM32_BLOCKS_H
#define CHIPS_STM32_BLOCKS_H

#include <stdint.h>

typedef volatile uint32_t reg;

typedef struct crc_registers { /* 16.4, 14.4, 12.4, 21.4, 20.4 */
    reg DR, IDR, CR, reserved_0C, INIT, POL;
} crc_registers;

typedef struct iwdg_registers { /* 42.4, 36.4, 29.4, 45.4, 61.4 */
    reg KR, PR, RLR, SR, WINR;
} iwdg_registers;

typedef struct gpio_registers { /* 9.4, 8.4, 6.4, 11.4, 13.4 */
    reg MODER, OTYPER, OSPEEDR, PUPDR, IDR, ODR, BSRR, LCKR, AFR[2];
} gpio_registers;

typedef struct usart_registers { /* 37.8, 40.8, 34.8, 48.7, 66.8; LPUART: 38.7, 41.7, -, -, 67.7 */
    reg CR1, CR2, CR3, BRR, GTPR, RTOR, RQR, ISR, ICR, RDR, TDR;
} usart_registers;

#define CRC_CR_RESET 1u
#define CRC_CR_REV_IN_BYTE (1u << 5)
#define CRC_CR_REV_IN_WORD (3u << 5)
#define CRC_CR_REV_OUT (1u << 7)
#define CRC_POL_ETHERNET 0x04C11DB7u

#define IWDG_KEY_UNLOCK 0x5555u
#define IWDG_KEY_RELOAD 0xAAAAu
#define IWDG_KEY_START 0xCCCCu
#define IWDG_RLR_MAX 0xFFFu
#define IWDG_PR_256 6u
#define LSI_HZ 32000u

#define USART_CR1_UE 1u
#define USART_CR1_RE (1u << 2)
#define USART_CR1_TE (1u << 3)
#define USART_CR1_RXNEIE (1u << 5)
#define USART_CR1_TXEIE (1u << 7)
#define USART_ISR_ORE (1u << 3) /* ICR clears it by the same number */
#define USART_ISR_RXNE (1u << 5)
#define USART_ISR_TC (1u << 6)
#define USART_ISR_TXE (1u << 7)

#define FLASH_KEY1 0x45670123u
#define FLASH_KEY2 0xCDEF89ABu
#define FLASH_OPTKEY1 0x08192A3Bu
#define FLASH_OPTKEY2 0x4C5D6E7Fu

#endif
