/* Time, events, the run's ends, the bus, resets, and the device file. */
#define _POSIX_C_SOURCE 200809L /* mkstemp, truncate */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "rig.h"

static int setup(void **state)
{
    *state = rig_new("stm32g474re");
    return 0;
}

static int teardown(void **state)
{
    sim_free(*state);
    return 0;
}

/* ---- time ---- */

typedef struct probe {
    sim_machine *m;
    sim_event event;
    sim_ps fired_at;
    unsigned order, *counter;
} probe;

static void probe_fire(void *self)
{
    probe *p = self;
    p->fired_at = sim_now(p->m);
    p->order = ++*p->counter;
}

static void probe_init(probe *p, sim_machine *m, unsigned *counter)
{
    *p = (probe){.m = m, .counter = counter};
    p->event = (sim_event){.fire = probe_fire, .self = p};
}

static void events_fire_in_order_and_on_time(void **state)
{
    sim_machine *m = *state;
    unsigned counter = 0;
    probe p[4];
    sim_ps base = sim_now(m);
    static const sim_ps after[4] = {300u * SIM_PS_PER_US, 100u * SIM_PS_PER_US,
                                    300u * SIM_PS_PER_US, 200u * SIM_PS_PER_US};
    for (unsigned i = 0; i < 4u; i++) {
        probe_init(&p[i], m, &counter);
        sim_schedule(m, &p[i].event, base + after[i]);
    }
    sim_cancel(m, &p[3].event);
    sim_schedule(m, &p[1].event, base + 400u * SIM_PS_PER_US); /* queued anew */
    rig_pass(m, SIM_PS_PER_MS);
    assert_int_equal(p[0].order, 1);
    assert_int_equal(p[2].order, 2); /* the same instant: first come, first served */
    assert_int_equal(p[1].order, 3);
    assert_int_equal(p[3].order, 0);
    for (unsigned i = 0; i < 3u; i++) {
        sim_ps due = i == 1u ? base + 400u * SIM_PS_PER_US : base + after[i];
        assert_true(p[i].fired_at >= due && p[i].fired_at < due + SIM_PS_PER_US);
    }
}

static void time_is_exact_over_clock_changes(void **state)
{
    sim_machine *m = *state;
    static const uint32_t clocks[] = {170000000u, 16000000u, 2000000u, 85000000u, 31250u};
    for (unsigned i = 0; i < sizeof clocks / sizeof clocks[0]; i++) {
        sim_set_hclk(m, clocks[i]);
        assert_int_equal(sim_hclk_hz(m), clocks[i]);
        sim_ps begin = sim_now(m);
        sim_ps target = begin + 12345678901234u; /* 12.3 s */
        sim_end end = sim_run(m, target);
        assert_true(end == SIM_END_TIME || end == SIM_END_IDLE);
        sim_ps period = SIM_PS_PER_S / clocks[i] + 1u;
        assert_true(sim_now(m) >= target && sim_now(m) - target < 40u * period);
    }
    sim_set_hclk(m, 16000000u);
}

static void clock_change_keeps_events_where_they_are(void **state)
{
    sim_machine *m = *state;
    unsigned counter = 0;
    probe p;
    probe_init(&p, m, &counter);
    sim_ps due = sim_now(m) + 10u * SIM_PS_PER_MS;
    sim_schedule(m, &p.event, due);
    rig_pass(m, 3u * SIM_PS_PER_MS);
    sim_set_hclk(m, 32000000u);
    rig_pass(m, 20u * SIM_PS_PER_MS);
    assert_true(p.fired_at >= due && p.fired_at < due + SIM_PS_PER_US);
}

/* SysTick counts milliseconds at 0x20000004; the core sleeps between. */
static const uint8_t ticker[] = {
    0x00, 0x80, 0x01, 0x20, 0x41, 0x00, 0x00, 0x08, 0x61, 0x00, 0x00, 0x08, 0x61, 0x00, 0x00,
    0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
    0x59, 0x00, 0x00, 0x08, 0x08, 0x48, 0x43, 0xf6, 0x7f, 0x61, 0x41, 0x60, 0x07, 0x21, 0x01,
    0x60, 0x20, 0x20, 0x00, 0x06, 0x00, 0x21, 0x41, 0x60, 0x30, 0xbf, 0xfd, 0xe7, 0x41, 0x68,
    0x01, 0x31, 0x41, 0x60, 0x70, 0x47, 0xfe, 0xe7, 0x00, 0x00, 0x10, 0xe0, 0x00, 0xe0};

static void sleep_skips_to_systick(void **state)
{
    sim_machine *m = *state;
    assert_true(sim_flash_load(m, BANK1, ticker, sizeof ticker));
    sim_pin_reset(m);
    uint64_t before = sim_instructions(m);
    assert_int_equal(sim_run(m, sim_now(m) + 100u * SIM_PS_PER_MS + SIM_PS_PER_MS / 2u),
                     SIM_END_TIME);
    assert_int_equal(rd(m, 0x20000004u), 100u);
    assert_true(sim_instructions(m) - before < 1000u);
}

static void idle_goes_on_to_the_time_asked_for(void **state)
{
    sim_machine *m = *state;
    sim_ps target = sim_now(m) + SIM_PS_PER_S;
    assert_int_equal(sim_run(m, target), SIM_END_IDLE);
    assert_true(sim_now(m) >= target);
    target = sim_now(m);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_IDLE);
    assert_true(sim_now(m) - target < SIM_PS_PER_US);
}

static void break_it(void *self)
{
    sim_break(self);
}

static void break_ends_the_run_once(void **state)
{
    sim_machine *m = *state;
    sim_event event = {.fire = break_it, .self = m};
    sim_schedule(m, &event, sim_now(m) + SIM_PS_PER_MS);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_BREAK);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_IDLE);
}

static void no_power_no_run(void **state)
{
    (void)state;
    sim_machine *m = sim_new(tb_chip_find("stm32g474rc"), NULL);
    assert_int_equal(sim_run(m, SIM_NEVER), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "power"));
    sim_free(m);
    assert_null(sim_new(tb_chip_find("stm32g491re"), NULL));
    assert_null(sim_new(NULL, NULL));
}

/* ---- ends ---- */

static void program(sim_machine *m, const uint16_t *code, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(sim_core_write(m, 0x20000200u + 2u * (uint32_t)i, 2u, code[i]),
                         SIM_ACCESS_OK);
    }
    sim_cpu_set_reg(sim_core(m), 15u, 0x20000200u);
}

static void unmodelled_access_says_what_and_where(void **state)
{
    sim_machine *m = *state;
    static const uint16_t store[] = {0x6001u, 0xE7FEu}; /* str r1, [r0]; b . */
    sim_cpu_set_reg(sim_core(m), 0u, 0x40016800u);
    sim_cpu_set_reg(sim_core(m), 1u, 0x1234ABCDu);
    program(m, store, 2u);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    const char *text = sim_end_text(m);
    assert_non_null(strstr(text, "HRTIM1"));
    assert_non_null(strstr(text, "0x40016800"));
    assert_non_null(strstr(text, "0x1234ABCD"));
    assert_non_null(strstr(text, "PC 0x20000200"));
    assert_int_equal(sim_cpu_reg(sim_core(m), 15u), 0x20000200u); /* without effect */
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP); /* it stays so */
    sim_pin_reset(m);
    rig_sleep(m);
    rig_pass(m, SIM_PS_PER_MS);
}

static void unmodelled_register_is_named(void **state)
{
    sim_machine *m = *state;
    uint32_t value;
    assert_int_equal(sim_core_read(m, 0x40022080u, 4u, &value), SIM_ACCESS_STOP);
    assert_non_null(strstr(sim_end_text(m), "FLASH"));
    assert_non_null(strstr(sim_end_text(m), "0x80"));
}

static void unlocked_pd_power_down_is_named(void **state)
{
    sim_machine *m = *state;
    wr(m, FLASH_PDKEYR, 0x04152637u);
    wr(m, FLASH_PDKEYR, 0xFAFBFCFDu);
    assert_int_equal(sim_core_write(m, FLASH_ACR, 4u, 0x00042601u), SIM_ACCESS_STOP);
    assert_non_null(strstr(sim_end_text(m), "FLASH_ACR"));
}

static void nothing_there_is_a_bus_fault(void **state)
{
    sim_machine *m = *state;
    static const uint32_t holes[] = {0x08080000u,          0x0FFFFFFCu, 0x10008000u, 0x20020000u,
                                     0x40002000u - 0x400u, 0x40030000u, 0x5FFFFFFCu, 0x00080000u,
                                     0x1FFF7C00u,          0xF0000000u};
    uint32_t value;
    for (unsigned i = 0; i < sizeof holes / sizeof holes[0]; i++) {
        assert_int_equal(sim_core_read(m, holes[i], 4u, &value), SIM_ACCESS_FAULT);
        assert_int_equal(sim_core_write(m, holes[i], 4u, 0u), SIM_ACCESS_FAULT);
    }
}

static void lockup_ends_the_run(void **state)
{
    sim_machine *m = *state;
    static const uint16_t jump[] = {0x4700u}; /* bx r0 */
    static const uint8_t nowhere[4] = {0x01, 0x00, 0x00, 0xF0};
    assert_true(sim_flash_load(m, BANK1 + 0xCu, nowhere, sizeof nowhere)); /* HardFault */
    sim_cpu_set_reg(sim_core(m), 0u, 0xF0000001u);
    program(m, jump, 1u);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_STOP);
    assert_non_null(strstr(sim_end_text(m), "lockup"));
}

static void lockup_can_wait_for_a_reset(void **state)
{
    (void)state;
    const sim_options options = {.seed = 1u, .lockup_waits = true};
    sim_machine *m = sim_new(tb_chip_find("stm32g474re"), &options);
    sim_power_on(m, true); /* blank: the first fetch fails, and so does the fault's */
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_IDLE);
    static const uint8_t vectors[8] = {0x00, 0x80, 0x01, 0x20, 0x01, 0x01, 0x00, 0x20};
    assert_true(sim_flash_load(m, BANK1, vectors, sizeof vectors));
    sim_pin_reset(m);
    rig_sleep(m);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_IDLE);
    assert_true(sim_cpu_reg(sim_core(m), 15u) < 0x20000110u);
    sim_free(m);
}

static void software_reset_keeps_ram(void **state)
{
    sim_machine *m = *state;
    static const uint8_t resets[] = {0x00, 0x80, 0x01, 0x20, 0x09, 0x00, 0x00, 0x08,
                                     0x01, 0x48, 0x02, 0x49, 0x01, 0x60, 0xfe, 0xe7,
                                     0x0c, 0xed, 0x00, 0xe0, 0x04, 0x00, 0xfa, 0x05};
    assert_true(sim_flash_load(m, BANK1, resets, sizeof resets));
    sim_pin_reset(m);
    rig_unlock(m);
    wr(m, 0x20010000u, 0xFEEDu);
    sim_run(m, sim_now(m) + 5u * SIM_PS_PER_US);
    assert_int_equal(rd(m, FLASH_CR), LOCK | OPTLOCK); /* it has been reset */
    assert_int_equal(rd(m, 0x20010000u), 0xFEEDu);
}

/* ---- memory ---- */

static void ram_and_its_aliases(void **state)
{
    sim_machine *m = *state;
    wr(m, 0x10000010u, 0xA1B2C3D4u);
    assert_int_equal(rd(m, 0x20018010u), 0xA1B2C3D4u);
    wr(m, 0x20000000u, 0x80u);
    assert_int_equal(rd(m, 0x22000000u + 7u * 4u), 1u); /* bit-band */
    wr(m, 0x22000000u + 4u * 4u, 1u);
    wr(m, 0x22000000u + 7u * 4u, 0u);
    assert_int_equal(rd(m, 0x20000000u), 0x10u);
    rig_unlock(m);
    wr(m, 0x42000000u + (FLASH_CR - 0x40000000u) * 32u + 1u * 4u, 1u); /* PER */
    assert_int_equal(rd(m, FLASH_CR), OPTLOCK | PER);
    uint8_t bytes[4];
    assert_true(sim_peek(m, BANK1, bytes, 4u));
    assert_int_equal(bytes[1], 0x80);
    assert_true(sim_peek(m, 0u, bytes, 4u));
    assert_int_equal(bytes[1], 0x80);
    assert_false(sim_peek(m, 0x08080000u - 2u, bytes, 4u));
    assert_false(sim_peek(m, 0x40022000u, bytes, 4u));
}

static void narrow_register_access(void **state)
{
    sim_machine *m = *state;
    uint32_t value;
    assert_int_equal(sim_core_read(m, FLASH_OPTR + 2u, 2u, &value), SIM_ACCESS_OK);
    assert_int_equal(value, 0xFFEFu);
    assert_int_equal(sim_core_read(m, FLASH_OPTR + 3u, 1u, &value), SIM_ACCESS_OK);
    assert_int_equal(value, 0xFFu);
    assert_int_equal(sim_core_write(m, FLASH_ACR, 1u, 4u), SIM_ACCESS_OK);
    assert_int_equal(rd(m, FLASH_ACR), 0x00040604u);
}

static void poison_differs_by_seed_and_by_power_on(void **state)
{
    (void)state;
    uint32_t word[3];
    for (unsigned i = 0; i < 3u; i++) {
        const sim_options options = {.seed = i == 2u ? 2u : 1u};
        sim_machine *m = sim_new(tb_chip_find("stm32g474re"), &options);
        sim_power_on(m, true);
        word[i] = rd(m, 0x20006000u);
        sim_power_on(m, false);
        assert_true(rd(m, 0x20006000u) != word[i]);
        sim_free(m);
    }
    assert_int_equal(word[0], word[1]);
    assert_true(word[0] != word[2]);
}

/* ---- the device file ---- */

static char *temporary(void)
{
    static char path[] = "/tmp/twinbank-device-XXXXXX";
    memcpy(path + sizeof path - 7u, "XXXXXX", 6u);
    int file = mkstemp(path);
    assert_true(file >= 0);
    close(file);
    return path;
}

static void device_file_keeps_what_a_board_keeps(void **state)
{
    sim_machine *m = *state;
    char *path = temporary();
    size_t count;
    sim_cut cut = {.op = 1u, .when = SIM_CUT_DURING, .outcome = SIM_CUT_ECC};
    rig_unlock_options(m);
    assert_int_equal(rig_program(m, BANK2 + 0x100u, 0xAAu, 0xBBu), 0);
    wr(m, FLASH_CR, 0u);
    sim_schedule_cut(m, &cut);
    wr(m, FLASH_CR, PG);
    wr(m, BANK1 + 0x2000u, 1u);
    wr(m, BANK1 + 0x2004u, 1u);
    assert_int_equal(sim_run(m, sim_now(m) + SIM_PS_PER_MS), SIM_END_POWER_CUT);
    sim_backup_words(m, &count)[7] = 0x77u;
    assert_null(sim_save(m, path));
    sim_machine *other = rig_new("stm32g474re");
    assert_null(sim_restore(other, path));
    rig_power_on(other, false);
    assert_int_equal(rd(other, BANK2 + 0x100u), 0xAAu);
    assert_int_equal(rd(other, FLASH_ECCR) >> 30, 0u);
    rd(other, BANK1 + 0x2000u);
    assert_int_equal(rd(other, FLASH_ECCR), 1u << 31 | 0x2000u);
    assert_int_equal(sim_backup_words(other, &count)[7], 0x77u);
    sim_free(other);
    remove(path);
}

static void device_file_is_checked(void **state)
{
    sim_machine *m = *state;
    char *path = temporary();
    assert_non_null(strstr(sim_restore(m, "/nonexistent/file"), "opened"));
    assert_non_null(sim_save(m, "/nonexistent/file"));
    assert_non_null(strstr(sim_restore(m, path), "not a device file")); /* empty */
    assert_null(sim_save(m, path));
    sim_machine *small = rig_new("stm32g474rc");
    assert_non_null(strstr(sim_restore(small, path), "another chip"));
    sim_free(small);
    FILE *file = fopen(path, "r+b");
    assert_non_null(file);
    assert_int_equal(fseek(file, 5000, SEEK_SET), 0);
    assert_int_equal(fputc(0x3C, file), 0x3C);
    fclose(file);
    assert_non_null(strstr(sim_restore(m, path), "damaged"));
    assert_int_equal(truncate(path, 6000), 0);
    assert_non_null(sim_restore(m, path));
    assert_int_equal(raw(m, 0u, 0u), 0x20018000u); /* nothing of it was taken */
    remove(path);
}

static void the_same_seed_runs_the_same(void **state)
{
    (void)state;
    sim_ps end[2];
    uint32_t word[2];
    for (unsigned i = 0; i < 2u; i++) {
        sim_machine *m = rig_new("stm32g474re");
        rig_unlock(m);
        sim_cut cut = {.op = 0u, .when = SIM_CUT_DURING, .outcome = SIM_CUT_RANDOM};
        sim_schedule_cut(m, &cut);
        wr(m, FLASH_CR, PG);
        wr(m, BANK1 + 0x2000u, 0x12345678u);
        wr(m, BANK1 + 0x2004u, 0x12345678u);
        sim_run(m, SIM_NEVER);
        end[i] = sim_now(m);
        word[i] = raw(m, 0u, 0x2000u);
        sim_free(m);
    }
    assert_int_equal(end[0], end[1]);
    assert_int_equal(word[0], word[1]);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(events_fire_in_order_and_on_time),
        T(time_is_exact_over_clock_changes),
        T(clock_change_keeps_events_where_they_are),
        T(sleep_skips_to_systick),
        T(idle_goes_on_to_the_time_asked_for),
        T(break_ends_the_run_once),
        cmocka_unit_test(no_power_no_run),
        T(unmodelled_access_says_what_and_where),
        T(unmodelled_register_is_named),
        T(unlocked_pd_power_down_is_named),
        T(nothing_there_is_a_bus_fault),
        T(lockup_ends_the_run),
        cmocka_unit_test(lockup_can_wait_for_a_reset),
        T(software_reset_keeps_ram),
        T(ram_and_its_aliases),
        T(narrow_register_access),
        cmocka_unit_test(poison_differs_by_seed_and_by_power_on),
        T(device_file_keeps_what_a_board_keeps),
        T(device_file_is_checked),
        cmocka_unit_test(the_same_seed_runs_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
