/* Little-endian fields, one after the other. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdint.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "a field is copied as it is");

/* By the compiler's own memcpy: the firmware is compiled freestanding, where the other one is a
 * call. */

static inline void put_u8(uint8_t **p, uint8_t value)
{
    *(*p)++ = value;
}

static inline void put_u16(uint8_t **p, uint16_t value)
{
    __builtin_memcpy(*p, &value, sizeof value);
    *p += sizeof value;
}

static inline void put_u32(uint8_t **p, uint32_t value)
{
    __builtin_memcpy(*p, &value, sizeof value);
    *p += sizeof value;
}

static inline uint8_t get_u8(const uint8_t **p)
{
    return *(*p)++;
}

static inline uint16_t get_u16(const uint8_t **p)
{
    uint16_t value;

    __builtin_memcpy(&value, *p, sizeof value);
    *p += sizeof value;
    return value;
}

static inline uint32_t get_u32(const uint8_t **p)
{
    uint32_t value;

    __builtin_memcpy(&value, *p, sizeof value);
    *p += sizeof value;
    return value;
}

#endif
