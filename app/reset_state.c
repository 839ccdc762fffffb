/* For tests: what an application finds, against what reset leaves (RM0440, ARMv7-M). */
#include "app/app.h"

#include "chips/armv7m.h"
#include "chips/chips.h"
#include "chips/g4/registers.h"
#include "tb_target.h"

#define NVIC_ISPR ((volatile uint32_t *)0xE000E200u)
#define SCB_SHCSR (*(volatile uint32_t *)0xE000ED24u)
#define HSI_READY 0x00000500u
#define CFGR_HSI 0x00000005u
#define GPIOA_MODER_RESET 0xABFFFFFFu
#define GPIOA_PUPDR_RESET 0x64000000u
#define GPIOA_AFRL_RESET 0u

static bool all_right = true;

void app_tick(void)
{
}

void app_line_interrupt(void)
{
}

static void check(const char *name, uint32_t found, uint32_t expected)
{
    if (found != expected) {
        console_text(name);
        console_text(" ");
        console_hex(found);
        console_text(", after reset ");
        console_hex(expected);
        console_text("\r\n");
        all_right = false;
    }
}

#define SPECIAL(name) \
    __extension__({ uint32_t value; __asm volatile("mrs %0, " #name : "=r"(value)); value; })

int main(void)
{
    const uint32_t special[] = {SPECIAL(primask), SPECIAL(basepri), SPECIAL(faultmask),
                                SPECIAL(control), SPECIAL(ipsr)};
    const uint32_t rcc[] = {RCC->CR, RCC->CFGR, RCC->PLLCFGR, RCC->AHB1ENR, RCC->AHB2ENR,
                            RCC->APB1ENR1, RCC->APB1ENR2, RCC->APB2ENR, RCC->CCIPR,
                            RCC->AHB2RSTR, RCC->CIER};
    const uint32_t core[] = {SYST_CSR, SYST_RVR, SCB_VTOR, SCB_SHCSR, SCB_CFSR,
                             SCB_ICSR & 0x1FFu, FLASH->ACR,
                             FLASH->SR & ~FLASH_SR_OPTVERR};
    uint32_t nvic = 0;

    for (unsigned i = 0; i < 4u; i++) {
        nvic |= NVIC_ISER[i] | NVIC_ISPR[i];
    }
    RCC->AHB1ENR |= RCC_AHB1ENR_CRCEN;
    RCC->AHB2ENR |= 1u;
    RCC->APB1ENR1 |= RCC_APB1ENR1_PWREN;
    (void)RCC->APB1ENR1;
    const uint32_t block[] = {GPIO(0)->MODER, GPIO(0)->PUPDR, GPIO(0)->AFR[0], CRC->CR, CRC->INIT,
                              CRC->POL, PWR_CR5 & PWR_CR5_R1MODE, PWR_CR1 & PWR_CR1_DBP};

    console_open();
    static const char *const special_names[] = {"PRIMASK", "BASEPRI", "FAULTMASK", "CONTROL",
                                               "IPSR"};
    for (unsigned i = 0; i < 5u; i++) {
        check(special_names[i], special[i], 0u);
    }
    static const struct { const char *name; uint32_t value; } rcc_reset[] = {
        {"RCC_CR", HSI_READY}, {"RCC_CFGR", CFGR_HSI}, {"RCC_PLLCFGR", RCC_PLLCFGR_RESET},
        {"RCC_AHB1ENR", RCC_AHB1ENR_RESET}, {"RCC_AHB2ENR", 0},
        {"RCC_APB1ENR1", RCC_APB1ENR1_RESET}, {"RCC_APB1ENR2", 0}, {"RCC_APB2ENR", 0}, {"RCC_CCIPR", 0}, {"RCC_AHB2RSTR", 0},
        {"RCC_CIER", 0},
    };
    for (unsigned i = 0; i < sizeof rcc / sizeof rcc[0]; i++) {
        check(rcc_reset[i].name, rcc[i], rcc_reset[i].value);
    }
    const struct { const char *name; uint32_t value; } core_reset[] = {
        {"SYST_CSR", 0}, {"SYST_RVR", 0},
        {"VTOR", TB_FLASH_BASE + TB_TARGET->slot_offset + 1024u}, {"SHCSR", 0}, {"CFSR", 0},
        {"ICSR.VECTACTIVE", 0}, {"FLASH_ACR", FLASH_ACR_RESET}, {"FLASH_SR", 0},
    };
    for (unsigned i = 0; i < sizeof core / sizeof core[0]; i++) {
        check(core_reset[i].name, core[i], core_reset[i].value);
    }
    check("NVIC", nvic, 0u);
    static const struct { const char *name; uint32_t value; } block_reset[] = {
        {"GPIOA_MODER", GPIOA_MODER_RESET}, {"GPIOA_PUPDR", GPIOA_PUPDR_RESET},
        {"GPIOA_AFRL", GPIOA_AFRL_RESET}, {"CRC_CR", 0}, {"CRC_INIT", 0xFFFFFFFFu},
        {"CRC_POL", CRC_POL_ETHERNET}, {"PWR_CR5.R1MODE", PWR_CR5_R1MODE}, {"PWR_CR1.DBP", 0},
    };
    for (unsigned i = 0; i < sizeof block / sizeof block[0]; i++) {
        check(block_reset[i].name, block[i], block_reset[i].value);
    }
    console_text(all_right ? "as after reset\r\n" : "not as after reset\r\n");
    for (;;) {
        chip_watchdog_feed();
    }
}
