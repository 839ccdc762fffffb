/* Little-endian fields, one after the other. */
#ifndef CORE_BYTES_H
#define CORE_BYTES_H

#include <stdint.h>

static inline void put_u8(uint8_t **p, uint8_t value)
{
    *(*p)++ = value;
}

static inline void put_u16(uint8_t **p, uint16_t value)
{
    put_u8(p, (uint8_t)value);
    put_u8(p, (uint8_t)(value >> 8));
}

static inline void put_u32(uint8_t **p, uint32_t value)
{
    put_u16(p, (uint16_t)value);
    put_u16(p, (uint16_t)(value >> 16));
}

static inline uint8_t get_u8(const uint8_t **p)
{
    return *(*p)++;
}

static inline uint16_t get_u16(const uint8_t **p)
{
    uint16_t low = get_u8(p);

    return (uint16_t)(low | get_u8(p) << 8);
}

static inline uint32_t get_u32(const uint8_t **p)
{
    uint32_t low = get_u16(p);

    return low | (uint32_t)get_u16(p) << 16;
}

#endif
