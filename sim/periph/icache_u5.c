/* ICACHE of the U5 (RM0456 8): on or off, and its invalidation. It serves fetches and data
 * reads of flash; what it holds wrongly is in flash/u5_array.c. */
#include "sim/periph/flash/u5.h"

#define CR_EN 1u
#define CR_CACHEINV (1u << 1)
#define CR_WAYSEL (1u << 2)
#define SR_BUSYF 1u
#define SR_BSYENDF (1u << 1)
#define FCR_CBSYENDF (1u << 1)
#define INVALIDATE_PS (2u * SIM_PS_PER_US) /* the manual: about one cycle for each of 256 lines */

enum { CR = 0x00, SR = 0x04, IER = 0x08, FCR = 0x0C, HMONR = 0x10, MMONR = 0x14, CRR0 = 0x20 };

static const char *register_name(uint32_t offset)
{
    static const char *const names[] = {"CR", "SR", "IER", "FCR", "HMONR", "MMONR"};
    return offset / 4u < sizeof names / sizeof names[0] ? names[offset / 4u] : NULL;
}

static sim_access read(void *self, uint32_t offset, unsigned size, uint32_t *value)
{
    flash_u5 *f = self;
    bool busy = sim_now(f->m) < f->invalidated_at;
    *value = 0;
    switch (offset) {
    case CR:
        *value = CR_WAYSEL | (f->icache_on ? CR_EN : 0u);
        return SIM_ACCESS_OK;
    case SR:
        *value = busy ? SR_BUSYF : f->invalidate_ended ? SR_BSYENDF : 0u;
        return SIM_ACCESS_OK;
    case IER:
    case FCR:
    case HMONR:
    case MMONR:
        return SIM_ACCESS_OK;
    default:
        return sim_unmodelled(f->m, &f->icache, offset, size, false, 0u, "not modelled");
    }
}

static sim_access write(void *self, uint32_t offset, unsigned size, uint32_t value)
{
    flash_u5 *f = self;
    if (offset == FCR) {
        f->invalidate_ended = f->invalidate_ended && (value & FCR_CBSYENDF) == 0u;
        return SIM_ACCESS_OK;
    }
    bool known = offset == CR && (value & ~(CR_EN | CR_CACHEINV | CR_WAYSEL)) == 0u &&
                 (value & CR_WAYSEL) != 0u;
    if (!known && (offset != IER || value != 0u)) {
        return sim_unmodelled(f->m, &f->icache, offset, size, true, value,
                              "direct mapping, monitors, remapping and interrupts are not modelled");
    }
    if (offset != CR) {
        return SIM_ACCESS_OK;
    }
    f->icache_on = (value & CR_EN) != 0u;
    f->icache_filled = f->icache_filled || f->icache_on;
    if ((value & CR_CACHEINV) != 0u) {
        flash_u5_drop_stale(f);
        f->icache_filled = f->icache_on;
        f->invalidated_at = sim_now(f->m) + INVALIDATE_PS;
        f->invalidate_ended = true;
    }
    sim_cpu_set_flash_timing(sim_core(f->m), f->acr & 0xFu, f->icache_on, f->icache_on,
                             (f->acr & 1u << 8) != 0u);
    flash_u5_map(f);
    return SIM_ACCESS_OK;
}

/* A reset begins with an invalidation (RM0456 8.4.2). */
void flash_u5_icache_reset(flash_u5 *f)
{
    f->icache_on = f->icache_filled = f->invalidate_ended = false;
    f->invalidated_at = sim_now(f->m) + INVALIDATE_PS;
    flash_u5_drop_stale(f);
}

void flash_u5_icache_init(flash_u5 *f)
{
    f->icache = (sim_periph){.name = "ICACHE", .base = 0x40030400u, .bytes = 0x400u, .self = f,
                             .read = read, .write = write, .register_name = register_name};
    sim_add_periph(f->m, &f->icache);
}
