/* CRC calculation unit (RM0440 16): 8, 16 and 32-bit data, any polynomial, 1, 2 or 4
 * HCLK cycles per datum, and one datum of write buffer. */
#include "sim/periph/part/part.h"

enum { R_DR, R_IDR, R_CR, R_INIT, R_POL };

#define CR_RESET 1u

static const sim_reg rows[] = {
    [R_DR] = {0x00, "DR", 0xFFFFFFFFu, 0},
    [R_IDR] = {0x04, "IDR", 0, 0xFFFFFFFFu},
    [R_CR] = {0x08, "CR", 0, 0x000000F8u},
    [R_INIT] = {0x10, "INIT", 0xFFFFFFFFu, 0xFFFFFFFFu},
    [R_POL] = {0x14, "POL", 0x04C11DB7u, 0xFFFFFFFFu},
};

typedef struct sim_crc {
    sim_block block;
    uint32_t state;       /* left-aligned in 32 bits, whatever POLYSIZE */
    uint32_t table[256];  /* for `table_pol`, left-aligned */
    uint32_t table_pol;
    bool table_valid;
    /* The unit works on one datum until `busy_until` and began with it at `began`; a
     * datum that waits in the buffer begins at `began` in the future. */
    uint64_t began, busy_until;
} sim_crc;

static unsigned size_bits(const sim_crc *c)
{
    static const uint8_t bits[4] = {32, 16, 8, 7};
    return bits[(c->block.value[R_CR] >> 3) & 3u];
}

static uint32_t reverse(uint32_t value, unsigned bits)
{
    uint32_t result = 0;
    for (unsigned i = 0; i < bits; i++) {
        result |= ((value >> i) & 1u) << (bits - 1u - i);
    }
    return result;
}

static uint32_t reverse32(uint32_t v)
{
    v = ((v >> 1) & 0x55555555u) | ((v & 0x55555555u) << 1);
    v = ((v >> 2) & 0x33333333u) | ((v & 0x33333333u) << 2);
    v = ((v >> 4) & 0x0F0F0F0Fu) | ((v & 0x0F0F0F0Fu) << 4);
    v = ((v >> 8) & 0x00FF00FFu) | ((v & 0x00FF00FFu) << 8);
    return v >> 16 | v << 16;
}

static void make_table(sim_crc *c)
{
    uint32_t pol = c->block.value[R_POL] << (32u - size_bits(c));
    if (c->table_valid && c->table_pol == pol) {
        return;
    }
    for (uint32_t i = 0; i < 256u; i++) {
        uint32_t crc = i << 24;
        for (unsigned bit = 0; bit < 8u; bit++) {
            crc = (crc & 0x80000000u) != 0u ? (crc << 1) ^ pol : crc << 1;
        }
        c->table[i] = crc;
    }
    c->table_pol = pol;
    c->table_valid = true;
}

/* REV_IN: bits reversed within each byte, half-word or word of the datum. */
static uint32_t prepared(const sim_crc *c, uint32_t data, unsigned bytes)
{
    unsigned unit = (c->block.value[R_CR] >> 5) & 3u;
    if (unit == 0u) {
        return data;
    }
    unsigned unit_bytes = 1u << (unit - 1u);
    data = reverse32(data) >> (32u - 8u * bytes);
    if (unit_bytes >= bytes) {
        return data;
    }
    if (unit_bytes == 2u) { /* a word: its half-words back in their places */
        return data >> 16 | data << 16;
    }
    return bytes == 4u ? __builtin_bswap32(data) : (uint32_t)__builtin_bswap16((uint16_t)data);
}

static void feed(sim_crc *c, uint32_t data, unsigned bytes)
{
    make_table(c);
    data = prepared(c, data, bytes);
    uint32_t state = c->state;
    for (unsigned i = bytes; i-- > 0u;) {
        uint32_t byte = (data >> (8u * i)) & 0xFFu;
        state = (state << 8) ^ c->table[(state >> 24) ^ byte];
    }
    c->state = state;
}

static uint64_t now_cycles(const sim_crc *c)
{
    return sim_cpu_cycles(sim_core(c->block.part->m));
}

static void stall_until(sim_crc *c, uint64_t cycle)
{
    uint64_t now = now_cycles(c);
    if (cycle > now) {
        sim_cpu_stall(sim_core(c->block.part->m), cycle - now);
    }
}

static void occupy(sim_crc *c, unsigned bytes)
{
    stall_until(c, c->began); /* the buffer is taken until then */
    uint64_t now = now_cycles(c);
    c->began = c->busy_until > now ? c->busy_until : now;
    c->busy_until = c->began + bytes;
}

static uint32_t result_of(const sim_crc *c)
{
    uint32_t value = c->state >> (32u - size_bits(c));
    return (c->block.value[R_CR] & (1u << 7)) != 0u ? reverse(value, size_bits(c)) : value;
}

static void load_init(sim_crc *c)
{
    c->state = c->block.value[R_INIT] << (32u - size_bits(c));
}

/* DR takes any width at any of its lanes; the data are right-aligned (RM0440 16.3.3). */
static sim_access crc_bus_write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    sim_block *b = self;
    if (offset < 4u && sim_block_clocked(b)) {
        sim_crc *c = b->owner;
        occupy(c, size);
        feed(c, value, size);
        return SIM_ACCESS_OK;
    }
    return sim_block_write(self, offset, size, value);
}

static sim_access crc_bus_read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    sim_block *b = self;
    if (offset < 4u && sim_block_clocked(b)) {
        stall_until(b->owner, ((sim_crc *)b->owner)->busy_until);
    }
    return sim_block_read(self, offset, size, value);
}

static uint32_t crc_read(void *owner, unsigned reg, uint32_t stored)
{
    return reg == R_DR ? result_of(owner) : stored;
}

static sim_access crc_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    sim_crc *c = owner;
    if (reg == R_POL && (raw & 1u) == 0u) {
        return sim_block_unmodelled(&c->block, reg, raw, "even polynomials are not supported");
    }
    if (reg == R_CR) {
        if (((old ^ raw) & 0x18u) != 0u) { /* the register keeps its low bits over a new size */
            uint32_t sizes = c->block.value[R_CR];
            c->block.value[R_CR] = old;
            uint32_t low = c->state >> (32u - size_bits(c));
            c->block.value[R_CR] = sizes;
            c->state = low << (32u - size_bits(c));
        }
        if ((raw & CR_RESET) != 0u) {
            stall_until(c, c->busy_until);
            load_init(c);
        }
    }
    return SIM_ACCESS_OK;
}

static void crc_reset(void *owner, unsigned cause, bool backup_lost)
{
    sim_crc *c = owner;
    (void)cause, (void)backup_lost;
    load_init(c);
    c->began = c->busy_until = 0;
}

void sim_crc_new(sim_part *part, uint32_t base)
{
    static const sim_block_hooks hooks = {crc_read, crc_write, crc_reset};
    const sim_block_spec spec = {"CRC", base, 0x400u, false, rows,
                                        SIM_ROWS(rows), &hooks};
    sim_crc *c = sim_part_alloc(part, sizeof *c);
    sim_block_init(&c->block, part, c, &spec);
    c->block.periph.read = crc_bus_read;
    c->block.periph.write = crc_bus_write;
    load_init(c);
}
