/* GPIO ports (RM0440 9). Levels are worked out from mode, output, pulls and what
 * is connected outside; every change reaches EXTI, the UARTs and the trace. */
#include <stdio.h>
#include <string.h>

#include "sim/periph/part/part.h"

enum { R_MODER, R_OTYPER, R_OSPEEDR, R_PUPDR, R_IDR, R_ODR, R_BSRR, R_LCKR, R_AFRL, R_AFRH, R_BRR,
       R_COUNT };
enum { MODE_INPUT, MODE_OUTPUT, MODE_ALTERNATE, MODE_ANALOG };

#define LCKK (1u << 16)

static const sim_reg rows[R_COUNT] = {
    {0x00, "MODER", 0, 0xFFFFFFFFu}, {0x04, "OTYPER", 0, 0xFFFFu},
    {0x08, "OSPEEDR", 0, 0xFFFFFFFFu}, {0x0C, "PUPDR", 0, 0xFFFFFFFFu},
    {0x10, "IDR", 0, 0}, {0x14, "ODR", 0, 0xFFFFu}, {0x18, "BSRR", 0, 0}, {0x1C, "LCKR", 0, 0},
    {0x20, "AFRL", 0, 0xFFFFFFFFu}, {0x24, "AFRH", 0, 0xFFFFFFFFu}, {0x28, "BRR", 0, 0}};

typedef struct port {
    sim_block block;
    sim_part *part;
    unsigned number;
    int8_t driven[16]; /* by the outside: -1 nobody, else the level */
    int8_t line[16];   /* by the far end of a serial line, weaker than `driven` */
    uint16_t cut_off;  /* pins whose supply is not there */
    uint16_t levels;
    uint16_t outputs; /* levels of output pins when last traced; valid where mode is output */
    uint16_t was_output;
    unsigned lock_step;
    uint16_t lock_mask; /* pins whose configuration is locked until reset */
    uint16_t lock_want;
} port;

typedef struct sim_gpio {
    port ports[SIM_PART_PORTS];
    unsigned count;
} sim_gpio;

static bool bit(uint32_t word, unsigned number)
{
    return (word >> number & 1u) != 0u;
}

static unsigned mode_of(const port *p, unsigned pin)
{
    return (p->block.value[R_MODER] >> (2u * pin)) & 3u;
}

static bool level_of(const port *p, unsigned pin)
{
    unsigned mode = mode_of(p, pin);
    bool open_drain = bit(p->block.value[R_OTYPER], pin);
    bool out = bit(p->block.value[R_ODR], pin);
    if (bit(p->cut_off, pin)) {
        return false;
    }
    if (mode == MODE_OUTPUT && (!open_drain || !out)) {
        return out;
    }
    if (p->driven[pin] >= 0) {
        return p->driven[pin] != 0;
    }
    if (p->line[pin] >= 0) {
        return p->line[pin] != 0;
    }
    return ((p->block.value[R_PUPDR] >> (2u * pin)) & 3u) == 1u;
}

static void trace_outputs(port *p)
{
    for (unsigned pin = 0; pin < 16u; pin++) {
        uint16_t mask = (uint16_t)(1u << pin);
        bool is = mode_of(p, pin) == MODE_OUTPUT;
        bool fresh = is && (p->was_output & mask) == 0u;
        if (is && (fresh || ((p->levels ^ p->outputs) & mask) != 0)) {
            sim_trace(p->part->m, SIM_TRACE_GPIO, "P%c%u = %u", (int)('A' + p->number), pin,
                      bit(p->levels, pin) ? 1u : 0u);
        }
        p->was_output = (uint16_t)(is ? p->was_output | mask : p->was_output & ~mask);
    }
    p->outputs = p->levels;
}

static void update(port *p)
{
    uint16_t before = p->levels, levels = 0;
    for (unsigned pin = 0; pin < 16u; pin++) {
        levels = (uint16_t)(levels | (level_of(p, pin) ? 1u << pin : 0u));
    }
    p->levels = levels;
    if (sim_tracing(p->part->m, SIM_TRACE_GPIO)) {
        trace_outputs(p);
    }
    for (unsigned pin = 0; pin < 16u && levels != before; pin++) {
        if (bit((uint32_t)levels ^ before, pin)) {
            bool level = bit(levels, pin);
            sim_exti_pin(p->part, p->number, pin, level);
            sim_uart_pin(p->part, p->number, pin, level);
            if (p->number == 0u && pin == 0u) {
                sim_wakeup_look(p->part);
            }
        }
    }
}

static uint32_t gpio_read(void *owner, unsigned reg, uint32_t stored)
{
    const port *p = owner;
    if (reg != R_IDR) {
        return stored;
    }
    uint32_t idr = p->levels;
    for (unsigned pin = 0; pin < 16u; pin++) {
        if (mode_of(p, pin) == MODE_ANALOG) {
            idr &= ~(1u << pin);
        }
    }
    return idr;
}

/* The lock sequence: 1, 0, 1 in LCKK with the same pins, then a read (RM0440 9.4.8). */
static void lock_write(port *p, uint32_t raw)
{
    uint16_t pins = (uint16_t)raw;
    bool key = (raw & LCKK) != 0u;
    if (p->lock_mask != 0u) {
        return;
    }
    if (p->lock_step == 0u && key) {
        p->lock_want = pins;
        p->lock_step = 1;
    } else if (p->lock_step == 1u && !key && pins == p->lock_want) {
        p->lock_step = 2;
    } else if (p->lock_step == 2u && key && pins == p->lock_want) {
        p->lock_step = 0;
        p->lock_mask = pins;
        p->block.value[R_LCKR] = LCKK | pins;
        return;
    } else {
        p->lock_step = 0;
    }
    p->block.value[R_LCKR] = pins;
}

static void keep_locked(port *p, unsigned reg, uint32_t old)
{
    uint32_t keep = 0;
    for (unsigned pin = 0; pin < 16u && p->lock_mask != 0u; pin++) {
        if (!bit(p->lock_mask, pin)) {
            continue;
        }
        switch (reg) {
        case R_MODER:
        case R_OSPEEDR:
        case R_PUPDR:
            keep |= 3u << (2u * pin);
            break;
        case R_OTYPER:
            keep |= 1u << pin;
            break;
        case R_AFRL:
        case R_AFRH:
            keep |= (pin >= 8u) == (reg == R_AFRH) ? 15u << (4u * (pin & 7u)) : 0u;
            break;
        default:
            break;
        }
    }
    p->block.value[reg] = (p->block.value[reg] & ~keep) | (old & keep);
}

static sim_access gpio_write(void *owner, unsigned reg, uint32_t old, uint32_t raw)
{
    port *p = owner;
    switch (reg) {
    case R_BSRR: /* set wins where both are asked for */
        p->block.value[R_ODR] = (p->block.value[R_ODR] & ~(raw >> 16)) | (raw & 0xFFFFu);
        break;
    case R_BRR:
        p->block.value[R_ODR] &= ~(raw & 0xFFFFu);
        break;
    case R_LCKR:
        lock_write(p, raw);
        return SIM_ACCESS_OK;
    case R_OSPEEDR:
        keep_locked(p, reg, old);
        return SIM_ACCESS_OK;
    default:
        keep_locked(p, reg, old);
        break;
    }
    update(p);
    return SIM_ACCESS_OK;
}

static void gpio_reset(void *owner, unsigned cause, bool backup_lost)
{
    port *p = owner;
    (void)cause, (void)backup_lost;
    p->lock_step = 0;
    p->lock_mask = 0;
    update(p);
}

bool sim_gpio_is_alternate(const sim_part *part, unsigned number, unsigned pin, unsigned function)
{
    const port *p = &part->gpio->ports[number];
    uint32_t word = p->block.value[pin < 8u ? R_AFRL : R_AFRH];
    return mode_of(p, pin) == MODE_ALTERNATE && !bit(p->cut_off, pin) &&
           ((word >> (4u * (pin & 7u))) & 15u) == function;
}

void sim_gpio_supply(sim_part *part, unsigned number, uint16_t pins, bool on)
{
    port *p = &part->gpio->ports[number];
    p->cut_off = (uint16_t)(on ? p->cut_off & ~pins : p->cut_off | pins);
    update(p);
}

void sim_gpio_line(sim_part *part, unsigned number, unsigned pin, int level)
{
    part->gpio->ports[number].line[pin] = (int8_t)level;
    update(&part->gpio->ports[number]);
}

bool sim_gpio_held_low(const sim_part *part, unsigned number, unsigned pin)
{
    return part->gpio->ports[number].driven[pin] == 0;
}

bool sim_pin_level(sim_machine *m, unsigned number, unsigned pin)
{
    if (number >= sim_get_part(m)->gpio->count || pin > 15u) {
        return false;
    }
    return bit(sim_get_part(m)->gpio->ports[number].levels, pin);
}

void sim_pin_drive(sim_machine *m, unsigned number, unsigned pin, int level)
{
    if (number >= sim_get_part(m)->gpio->count || pin > 15u) {
        return;
    }
    port *p = &sim_get_part(m)->gpio->ports[number];
    p->driven[pin] = (int8_t)(level < 0 ? -1 : level != 0);
    update(p);
}

/* Reset values: the debug pins of A and B are alternate, with their pulls (RM0440 9.4). */
static const sim_reg *rows_of(sim_part *part, const sim_gpio_kind *kind, unsigned number)
{
    sim_reg *own = sim_part_alloc(part, (R_COUNT + kind->extra_count) * sizeof *own);
    memcpy(own, rows, sizeof rows);
    own[R_MODER].reset = number == 0u   ? kind->moder_a
                         : number == 1u ? kind->moder_b
                                        : kind->moder;
    own[R_OSPEEDR].reset = number == 0u ? 0x0C000000u : number == 1u ? 0x000000C0u : 0u;
    own[R_PUPDR].reset = number == 0u ? 0x64000000u : number == 1u ? 0x00000100u : 0u;
    for (unsigned i = 0; i < kind->extra_count; i++) {
        own[R_COUNT + i] = kind->extra[i];
    }
    return own;
}

void sim_gpio_new(sim_part *part, const sim_gpio_kind *kind)
{
    static const sim_block_hooks hooks = {gpio_read, gpio_write, gpio_reset};
    static const char *const names[SIM_PART_PORTS] = {"GPIOA", "GPIOB", "GPIOC", "GPIOD",
                                                      "GPIOE", "GPIOF", "GPIOG", "GPIOH",
                                                      "GPIOI", "GPIOJ", "GPIOK"};
    part->gpio = sim_part_alloc(part, sizeof *part->gpio);
    part->gpio->count = kind->ports;
    for (unsigned i = 0; i < kind->ports; i++) {
        port *p = &part->gpio->ports[i];
        sim_block_spec spec = {names[i], kind->base + 0x400u * i, 0x400u, false,
                               rows_of(part, kind, i), R_COUNT + kind->extra_count, &hooks};
        p->part = part;
        p->number = i;
        for (unsigned pin = 0; pin < 16u; pin++) {
            p->driven[pin] = p->line[pin] = -1;
        }
        sim_block_init(&p->block, part, p, &spec);
        update(p);
    }
}
