/* The self-test's facts of the STM32G4. */
#include "boot/selftest/g4l4.h"
#include "boot/selftest/selftest.h"

st_limits family_limits(void)
{
    return (st_limits){.program_ns = 83350u, .erase_us = 24470u, .source = "DS12288 table 47"};
}
const uint32_t g4l4_optr_bits = 0xFFu | 1u << 16 | 1u << 19 | 7u << 20 | 1u << 23 | 3u << 26;
const uint32_t g4l4_reset_flags = 0xFE000000u;
bool g4l4_options_stored(void)
{
    return true;
}
