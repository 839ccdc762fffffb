/* The CRC unit for code that is not the first to use it. */
#include "chips/stm32/crc.h"

#include "chips/chips.h"

crc_settings crc_keep(void)
{
    crc_settings before = {.clock = *CRC_ENR};

    *CRC_ENR = before.clock | CRC_ENR_CRCEN;
    (void)*CRC_ENR;
    before.cr = CRC->CR;
    before.init = CRC->INIT;
    before.pol = CRC->POL;
    CRC->POL = CRC_POL_ETHERNET;
    CRC->INIT = 0xFFFFFFFFu;
    return before;
}

void crc_give_back(const crc_settings *before)
{
    CRC->INIT = before->init;
    CRC->POL = before->pol;
    CRC->CR = before->cr | CRC_CR_RESET;
    *CRC_ENR = before->clock;
}

uint32_t chip_crc32(const void *data, uint32_t bytes)
{
    crc_settings before = crc_keep();
    uint32_t crc = chip_crc32_fresh(data, bytes);

    crc_give_back(&before);
    return crc;
}
