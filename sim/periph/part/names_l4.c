/* The peripherals of the STM32L4 and L4+ by address (RM0351 2.2.2, RM0432 2.2.2). */
#include "sim/periph/periph.h"

#define COMMON                                                                                   \
    {0x40000000u, 0x400u, "TIM2"}, {0x40000400u, 0x400u, "TIM3"},                                \
    {0x40000800u, 0x400u, "TIM4"}, {0x40000C00u, 0x400u, "TIM5"},                                \
    {0x40001000u, 0x400u, "TIM6"}, {0x40001400u, 0x400u, "TIM7"},                                \
    {0x40002800u, 0x400u, "RTC"}, {0x40002C00u, 0x400u, "WWDG"},                                 \
    {0x40003000u, 0x400u, "IWDG"}, {0x40003800u, 0x400u, "SPI2"},                                \
    {0x40003C00u, 0x400u, "SPI3"}, {0x40004400u, 0x400u, "USART2"},                              \
    {0x40004800u, 0x400u, "USART3"}, {0x40004C00u, 0x400u, "UART4"},                             \
    {0x40005000u, 0x400u, "UART5"}, {0x40005400u, 0x400u, "I2C1"},                               \
    {0x40005800u, 0x400u, "I2C2"}, {0x40005C00u, 0x400u, "I2C3"},                                \
    {0x40006400u, 0x400u, "CAN1"}, {0x40007000u, 0x400u, "PWR"},                                 \
    {0x40007400u, 0x400u, "DAC1"}, {0x40007800u, 0x400u, "OPAMP"},                               \
    {0x40007C00u, 0x400u, "LPTIM1"}, {0x40008000u, 0x400u, "LPUART1"},                           \
    {0x40008800u, 0x400u, "SWPMI1"}, {0x40009400u, 0x400u, "LPTIM2"},                            \
    {0x40010000u, 0x30u, "SYSCFG"}, {0x40010030u, 0x1D0u, "VREFBUF"},                            \
    {0x40010200u, 0x200u, "COMP"}, {0x40010400u, 0x400u, "EXTI"},                                \
    {0x40011C00u, 0x400u, "FIREWALL"}, {0x40012C00u, 0x400u, "TIM1"},                            \
    {0x40013000u, 0x400u, "SPI1"}, {0x40013400u, 0x400u, "TIM8"},                                \
    {0x40013800u, 0x400u, "USART1"}, {0x40014000u, 0x400u, "TIM15"},                             \
    {0x40014400u, 0x400u, "TIM16"}, {0x40014800u, 0x400u, "TIM17"},                              \
    {0x40015400u, 0x400u, "SAI1"}, {0x40015800u, 0x400u, "SAI2"},                                \
    {0x40016000u, 0x800u, "DFSDM1"}, {0x40020000u, 0x400u, "DMA1"},                              \
    {0x40020400u, 0x400u, "DMA2"}, {0x40021000u, 0x400u, "RCC"},                                 \
    {0x40022000u, 0x400u, "FLASH"}, {0x40023000u, 0x400u, "CRC"},                                \
    {0x40024000u, 0x400u, "TSC"}, {0x48000000u, 0x400u, "GPIOA"},                                \
    {0x48000400u, 0x400u, "GPIOB"}, {0x48000800u, 0x400u, "GPIOC"},                              \
    {0x48000C00u, 0x400u, "GPIOD"}, {0x48001000u, 0x400u, "GPIOE"},                              \
    {0x48001400u, 0x400u, "GPIOF"}, {0x48001800u, 0x400u, "GPIOG"},                              \
    {0x48001C00u, 0x400u, "GPIOH"}, {0x50000000u, 0x20000u, "USB OTG"},                          \
    {0x50040000u, 0x400u, "ADC"}, {0x50060800u, 0x400u, "RNG"},                                  \
    {0xA0000000u, 0x400u, "FMC"}, {0x60000000u, 0x30000000u, "the external memory of FMC"},      \
    {0xE0042000u, 0x400u, "DBGMCU"}, {0xE0000000u, 0x1000u, "ITM"},                              \
    {0xE0040000u, 0x1000u, "TPIU"}

const sim_name sim_names_l47x[] = {
    COMMON,
    {0x40002400u, 0x400u, "LCD"},
    {0x40012800u, 0x400u, "SDMMC1"},
    {0xA0001000u, 0x400u, "QUADSPI"},
    {0x90000000u, 0x10000000u, "the external memory of QUADSPI"},
    {0u, 0u, NULL},
};

const sim_name sim_names_l4r[] = {
    COMMON,
    {0x40006000u, 0x400u, "CRS"},
    {0x40008400u, 0x400u, "I2C4"},
    {0x40016800u, 0x400u, "LTDC"},
    {0x40020800u, 0x400u, "DMAMUX1"},
    {0x4002B000u, 0xC00u, "DMA2D"},
    {0x48002000u, 0x400u, "GPIOI"},
    {0x50050000u, 0x400u, "DCMI"},
    {0x50061C00u, 0x400u, "OCTOSPIM"},
    {0x50062400u, 0x400u, "SDMMC1"},
    {0xA0001000u, 0x400u, "OCTOSPI1"},
    {0xA0001400u, 0x400u, "OCTOSPI2"},
    {0x90000000u, 0x10000000u, "the external memory of OCTOSPI"},
    {0u, 0u, NULL},
};
