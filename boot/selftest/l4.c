/* The self-test's facts of STM32L4 and L4+. The digits of DS10198 have come by way of others
 * (90 us and 24.6 ms are confirmed), and L4+ is taken to be like it. DUALBANK and DB1M are
 * left out of the option bits: parts of the largest density have two banks with either. */
#include "boot/selftest/g4l4.h"
#include "boot/selftest/selftest.h"

st_limits family_limits(void)
{
    return (st_limits){.program_ns = 90760u, .erase_us = 24590u, .source = "DS10198 table 63"};
}
const uint32_t g4l4_optr_bits = 0xFFu | 1u << 16 | 1u << 19 | 1u << 20 | 1u << 23;
const uint32_t g4l4_reset_flags = 0xFF000000u;
bool g4l4_options_stored(void)
{
    return TB_TARGET->family == TB_FAMILY_L4;
}
