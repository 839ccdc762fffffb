/* Random use of the flash controller, wrong use included: the model keeps its books, and
 * what the core loads (from mapped memory) is what the bus answers (by the model). */
#include "rig.h"

#include "sim/cpu/cpu_state.h"
#include "sim/machine/state.h"
#include "sim/periph/flash/g4.h"

#define STEPS 100000u

static uint32_t random_state;

static uint32_t pick(uint32_t below)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % below;
}

static uint32_t some_address(const sim_machine *m)
{
    uint32_t bank = sim_chip(m)->bank_bytes;
    uint32_t page = pick(4u) == 0u ? pick(bank / 2048u) : 3u; /* often the same one */
    return (pick(2u) != 0u ? BANK1 : BANK2) + page * 2048u + 8u * pick(256u);
}

static void try_write(sim_machine *m, uint32_t address, unsigned size, uint32_t value)
{
    (void)sim_core_write(m, address, size, value);
}

static void unlock_if_locked(sim_machine *m)
{
    if ((rd(m, FLASH_CR) & LOCK) != 0u) {
        try_write(m, FLASH_KEYR, 4u, 0x45670123u);
        try_write(m, FLASH_KEYR, 4u, 0xCDEF89ABu);
    }
}

static void step(sim_machine *m)
{
    uint32_t address = some_address(m), word;
    switch (pick(16u)) {
    case 0u:
        try_write(m, FLASH_CR, 4u,
                  1u << pick(20u) | PNB(pick(128u)) | (pick(2u) != 0u ? STRT | PER : 0u));
        break;
    case 1u:
        try_write(m, FLASH_ACR, 4u, ((rd(m, FLASH_ACR) & 0x1F00u) ^ (0x100u << pick(5u))) | 4u);
        break;
    case 2u:
        try_write(m, address + pick(8u), 1u, pick(256u));
        break;
    case 3u:
        try_write(m, FLASH_CR, 4u, PER | PNB(3) | (pick(2u) != 0u ? BKER : 0u) | STRT);
        break;
    case 4u:
        sim_set_mapping(m, pick(2u) != 0u, 0u);
        break;
    case 5u:
        sim_run(m, sim_now(m) + pick(200u) * SIM_PS_PER_US);
        break;
    case 6u:
        (void)sim_core_read(m, address, 4u, &word);
        break;
    case 7u:
        sim_flash_damage(m, pick(2u), pick(0x40000u), (sim_damage)pick(4u));
        break;
    case 8u:
        if (pick(20u) == 0u) {
            sim_pin_reset(m);
            rig_sleep(m);
        }
        break;
    default:
        unlock_if_locked(m);
        try_write(m, FLASH_SR, 4u, ERRORS);
        try_write(m, FLASH_CR, 4u, PG);
        try_write(m, address, 4u, pick(4u) == 0u ? BLANK : random_state);
        try_write(m, address + 4u, 4u, pick(4u) == 0u ? BLANK : random_state);
        break;
    }
}

static void check_books(sim_machine *m)
{
    const flash_g4 *f = m->flash->self;
    for (unsigned i = 0; i < REGIONS; i++) {
        const flash_cells *r = &f->region[i];
        uint32_t total = 0, stale = 0;
        for (uint32_t g = 0; g < r->bytes / GRANULE_BYTES; g++) {
            uint32_t bad = 0;
            for (uint32_t at = g * GRANULE_BYTES; at < (g + 1u) * GRANULE_BYTES; at += UNIT_BYTES) {
                uint8_t state = r->state[at / UNIT_BYTES];
                bad += state != UNIT_OK && state != UNIT_ONES ? 1u : 0u;
            }
            assert_int_equal(r->bad[g], bad);
            total += bad;
            stale += r->stale[g] != 0u ? 1u : 0u;
        }
        assert_int_equal(r->bad_total, total);
        assert_int_equal(r->stale_total, stale);
    }
    assert_int_equal((f->sr & SR_BSY) != 0u, f->op.active);
    assert_int_equal(f->busy_banks != 0u, f->op.active);
}

static void check_load(sim_machine *m)
{
    uint32_t address = some_address(m), expected; /* offsets in the window are those in the bank */
    const flash_g4 *f = m->flash->self;
    uint32_t unit = (address & 0x3FFFFu) / UNIT_BYTES;
    if (f->region[0].state[unit] == UNIT_UNSTABLE || f->region[1].state[unit] == UNIT_UNSTABLE ||
        sim_core_read(m, address, 4u, &expected) != SIM_ACCESS_OK) {
        return;
    }
    for (uint32_t vector = 0; vector < 16u; vector++) {
        wr(m, 0x20000400u + 4u * vector, 0x20000105u); /* NMI: bx lr */
    }
    m->cpu->vtor = 0x20000400u;
    m->cpu->sleeping = false;
    wr(m, 0x20000200u, 0xBF306801u); /* ldr r1, [r0]; wfi */
    wr(m, 0x20000204u, 0xE7FDBF30u);
    sim_cpu_set_reg(sim_core(m), 0u, address);
    sim_cpu_set_reg(sim_core(m), 15u, 0x20000200u);
    sim_run(m, sim_now(m) + 50u * SIM_PS_PER_US);
    assert_in_range(sim_cpu_reg(sim_core(m), 15u), 0x20000202u, 0x20000206u);
    assert_int_equal(sim_cpu_reg(sim_core(m), 1u), expected);
}

static void run_chip(const char *chip, uint32_t seed)
{
    sim_machine *m = rig_new(chip);
    random_state = seed;
    for (unsigned i = 0; i < STEPS; i++) {
        step(m);
        if (m->stopped) { /* the model refuses to guess: as good as a reset here */
            sim_pin_reset(m);
            rig_sleep(m);
        }
        if (i % 4u == 0u) {
            check_load(m);
        }
        if (i % 256u == 0u) {
            check_books(m);
        }
    }
    assert_true(sim_op_count(m, 1u << SIM_OP_PROGRAM) > 500u);
    assert_true(sim_op_count(m, 1u << SIM_OP_ERASE_PAGE) > 100u);
    sim_free(m);
}

static void random_use_of_512_kib(void **state)
{
    (void)state;
    run_chip("stm32g474re", 1u);
}

static void random_use_of_128_kib(void **state)
{
    (void)state;
    run_chip("stm32g474rb", 2u);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_use_of_512_kib),
        cmocka_unit_test(random_use_of_128_kib),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
