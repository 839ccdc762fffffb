/* Power cuts at every flash operation of everything that writes, with every outcome, and
 * again at every operation of the recovery. */
#include <stdio.h>
#include <string.h>

#include "fixture.h"

typedef struct scenario {
    const char *name;
    const tb_chip *chip;
    void (*prepare)(flash_model *m);
    tb_error (*act)(flash_model *m);
    void (*check_always)(flash_model *m); /* after any cut */
    void (*check_done)(flash_model *m);   /* after an act that was not cut */
} scenario;

static flash_model device, before;
static image v1, v2, own;
static jmp_buf power_off;
static unsigned lives;
static struct { uint32_t first, second; unsigned outcome, again; } now;

/* One power-on: acts, and is cut or not. */
static bool live(const scenario *s, uint32_t cut_at, cut_outcome outcome)
{
    lives++;
    model_quiet(&device);
    device.cut_at = cut_at;
    device.outcome = outcome;
    device.power_off = &power_off;
    if (setjmp(power_off) == 0) {
        tb_error error = s->act(&device);

        assert_int_equal(error, TB_OK);
        assert_false(device.cut_fired);
        assert_int_equal(device.programs_refused, 0);
        model_quiet(&device);
        s->check_always(&device);
        s->check_done(&device);
        return false;
    }
    assert_true(device.cut_fired);
    assert_int_equal(device.programs_refused, 0);
    model_quiet(&device);
    s->check_always(&device);
    return true;
}

static void life(const scenario *s, uint32_t first, unsigned outcome, uint32_t second,
                 unsigned again)
{
    now.first = first;
    now.second = second;
    now.outcome = outcome;
    now.again = again;
    device = before;
    device.random = 1u + first * 977u + second * 31u + outcome * 7u + again;
    if (!live(s, first, (cut_outcome)outcome)) {
        fail_msg("cut %u did not fire", first);
    }
    if (second != UINT32_MAX) {
        if (!live(s, second, (cut_outcome)again)) {
            return;
        }
    }
    live(s, UINT32_MAX, CUT_OLD);
}

/* after_cut: outcomes tried at each second cut; where not all, they take turns. */
static void run(const scenario *s, unsigned after_cut)
{
    uint32_t operations;

    s->prepare(&before);
    device = before;
    live(s, UINT32_MAX, CUT_OLD);
    device = before;
    model_quiet(&device);
    assert_int_equal(s->act(&device), TB_OK);
    operations = device.operations;
    lives = 0;
    for (uint32_t first = 0; first < operations; first++) {
        for (unsigned outcome = 0; outcome < CUT_OUTCOMES; outcome++) {
            life(s, first, outcome, UINT32_MAX, 0);
            for (uint32_t second = 0; after_cut > 0 && second < operations + 4u; second++) {
                for (unsigned i = 0; i < after_cut; i++) {
                    life(s, first, outcome, second, (first + second + outcome + i) % CUT_OUTCOMES);
                }
            }
        }
    }
    print_message("%s: %u operations, %u lives\n", s->name, operations, lives);
}

/* ---- an application updates the other bank ------------------------------------------- */

static tb_slot_info slots[2];

static int preferred(flash_model *m)
{
    tb_flash flash = model_port(m);
    tb_identity identity = {m->chip, PRODUCT};

    return tb_slot_preferred(&flash, &identity, slots);
}

static void prepare_app(flash_model *m, uint32_t payload, bool old_image, bool stage1)
{
    static image old;

    device_make(m, m->chip, &v1);
    put_record(m, 0, 0, TB_RECORD_INSTALLED, 0, 7);
    put_record(m, 0, 1, TB_RECORD_CONFIRMED, 1, 7);
    if (old_image) {
        image_make(&old, m->chip, TB_IMAGE_APPLICATION, TB_VERSION(0, 9, 0),
                   tb_slot_image_bytes(m->chip) - TB_HEADER_BYTES, 9, true);
        put_app(m, 1, &old, 6);
    }
    if (!stage1) {
        uint8_t blank[4096];

        memset(blank, 0xFF, sizeof blank);
        model_put(m, 1, 0, blank, m->chip->stage1_bytes);
    }
    image_make(&v2, m->chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), payload, 2, true);
}

static void prepare_small(flash_model *m)
{
    m->chip = &chip_small;
    prepare_app(m, 3300, true, true);
}

static void prepare_full(flash_model *m)
{
    m->chip = &chip_small;
    prepare_app(m, tb_slot_image_bytes(&chip_small) - TB_HEADER_BYTES, true, true);
}

static void prepare_sectors(flash_model *m)
{
    m->chip = &chip_sectors;
    prepare_app(m, tb_slot_image_bytes(&chip_sectors) - TB_HEADER_BYTES - 4u, true, true);
}

static void prepare_wide(flash_model *m)
{
    m->chip = &chip_wide;
    prepare_app(m, 2900, false, true);
}

static void prepare_no_stage1(flash_model *m)
{
    m->chip = &chip_small;
    prepare_app(m, 16, true, false);
}

static tb_error act_update(flash_model *m)
{
    tb_flash flash = model_port(m);
    tb_update_policy policy = policy_app(m->chip, 0);
    tb_update u;

    tb_update_init(&u, &flash, &policy);
    return update_all(&u, &v2, 100);
}

static void check_bootable(flash_model *m)
{
    int bank = preferred(m);

    assert_true(bank >= 0);
    assert_memory_equal(m->bytes[0], before.bytes[0], m->chip->bank_bytes);
    if (bank == 1) {
        assert_true(holds_image(m, 1, m->chip->slot_offset, &v2));
    }
}

static void check_v2(flash_model *m)
{
    assert_int_equal(preferred(m), 1);
    assert_true(holds_image(m, 1, m->chip->slot_offset, &v2));
    assert_int_equal(slots[1].log.state, TB_SLOT_TRIAL);
    assert_int_equal(slots[1].log.generation, 8);
    assert_true(slots[1].log.attempts < TB_TRIAL_ATTEMPTS);
    assert_memory_equal(m->bytes[0], m->bytes[1], m->chip->stage1_bytes);
}

/* The generation depends on when the rejected image's log was last seen. */
static void check_v2_any(flash_model *m)
{
    assert_int_equal(preferred(m), 1);
    assert_true(holds_image(m, 1, m->chip->slot_offset, &v2));
}

#define APP_UPDATE .act = act_update, .check_always = check_bootable, .check_done = check_v2

static void cut_update_small(void **state)
{
    (void)state;
    run(&(scenario){"update, log page apart", &chip_small, prepare_small, APP_UPDATE},
        CUT_OUTCOMES);
}

static void cut_update_full(void **state)
{
    (void)state;
    run(&(scenario){"update, whole slot", &chip_small, prepare_full, APP_UPDATE}, 0);
}

static void cut_update_sectors(void **state)
{
    (void)state;
    run(&(scenario){"update, large sectors", &chip_sectors, prepare_sectors, APP_UPDATE}, 1);
}

static void cut_update_wide(void **state)
{
    (void)state;
    run(&(scenario){"update, 16-byte units", &chip_wide, prepare_wide, APP_UPDATE}, 1);
}

static void cut_update_no_stage1(void **state)
{
    (void)state;
    run(&(scenario){"update, stage 1 missing in that bank", &chip_small, prepare_no_stage1,
                    APP_UPDATE}, 0);
}

/* ---- only the pages that differ ---------------------------------------------------------- */

static void prepare_akin(flash_model *m)
{
    static image old;

    m->chip = &chip_small;
    prepare_app(m, 6500, true, true);
    old = v2;
    image_head(&old)->version = TB_VERSION(0, 9, 0);
    old.bytes[TB_HEADER_BYTES + 2600] ^= 0x55u;
    image_seal(&old);
    device_make(m, m->chip, &v1);
    put_record(m, 0, 0, TB_RECORD_INSTALLED, 0, 7);
    put_record(m, 0, 1, TB_RECORD_CONFIRMED, 1, 7);
    put_app(m, 1, &old, 6);
}

/* As a host does it: by what the pages read as now, torn ones too. */
static tb_error act_keeping(flash_model *m)
{
    tb_flash flash = model_port(m);
    tb_update_policy policy = policy_app(m->chip, 0);
    tb_image_head head;
    tb_page page;
    tb_update u;
    uint8_t keep[TB_KEEP_BYTES] = {0}, there[1024];
    uint32_t slot = m->chip->slot_offset, next;

    for (uint32_t at = 0; tb_page_at(m->chip, slot + at, &page); at += page.bytes) {
        if (at > 0 && at + page.bytes <= tb_slot_image_bytes(m->chip) &&
            flash.read(flash.ctx, 1, slot + at, there, page.bytes) == TB_OK &&
            memcmp(there, v2.bytes + at, page.bytes) == 0) {
            keep[page.number / 8u] |= (uint8_t)(1u << (page.number % 8u));
        }
    }
    tb_update_init(&u, &flash, &policy);
    memcpy(&head, v2.bytes, sizeof head);
    tb_error error = tb_update_begin_keeping(&u, &head, 1, keep, &next);
    for (; error == TB_OK && next < v2.total; next += 4u) {
        bool kept = tb_page_at(m->chip, slot + next, &page) &&
                    (keep[page.number / 8u] >> (page.number % 8u) & 1u) != 0;
        if (!u.keeps || !kept) {
            error = tb_update_write(&u, next, v2.bytes + next, 4u);
        }
    }
    return error == TB_OK ? tb_update_finish(&u) : error;
}

static void cut_update_keeping(void **state)
{
    (void)state;
    run(&(scenario){"update, pages kept", &chip_small, prepare_akin, act_keeping, check_bootable,
                    check_v2}, CUT_OUTCOMES);
    /* The header, one page, what ends the image, the log; and no more of the eight. */
    prepare_akin(&device);
    model_quiet(&device);
    assert_int_equal(act_keeping(&device), TB_OK);
    assert_in_range(device.erases, 3, 4);
}

/* ---- over an image that was rejected: a torn log must not bring it back ----------------- */

static void prepare_rejected(flash_model *m)
{
    static image bad;

    device_make(m, &chip_small, &v1);
    put_record(m, 0, 0, TB_RECORD_INSTALLED, 0, 6);
    put_record(m, 0, 1, TB_RECORD_CONFIRMED, 1, 6);
    image_make(&bad, m->chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 0, 5), 900, 9, true);
    put_app(m, 1, &bad, 7);
    put_record(m, 1, 2, TB_RECORD_REJECTED, TB_REASON_BOOT_COUNTER, 7);
    image_make(&v2, m->chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 1100, 2, true);
}

static void cut_update_over_rejected(void **state)
{
    (void)state;
    run(&(scenario){"update over a rejected image", &chip_small, prepare_rejected, act_update,
                    check_bootable, check_v2_any}, CUT_OUTCOMES);
}

/* ---- stage 2 installs into an empty device --------------------------------------------- */

static void prepare_empty(flash_model *m)
{
    model_init(m, &chip_small);
    put_stage1(m, 0);
    put_stage1(m, 1);
    put_stage2(m, 0, 1);
    put_stage2(m, 1, 1);
    image_make(&v2, m->chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 0, 0), 2000, 3, true);
}

static tb_error act_install(flash_model *m)
{
    tb_flash flash = model_port(m);
    tb_update_policy policy = policy_stage2(m->chip, 0);
    tb_update u;

    tb_update_init(&u, &flash, &policy);
    return update_all(&u, &v2, 64);
}

static void check_stage2_kept(flash_model *m)
{
    int bank = preferred(m);

    assert_memory_equal(m->bytes[0], before.bytes[0], m->chip->slot_offset);
    assert_memory_equal(m->bytes[1], before.bytes[1], m->chip->slot_offset);
    if (bank >= 0) {
        assert_true(holds_image(m, (unsigned)bank, m->chip->slot_offset, &v2));
    }
}

/* A cut at the very last record may leave it standing and the repeat then finds the
 * image installed, or unstable, and the repeat then goes to the other bank: all good. */
static void check_installed(flash_model *m)
{
    assert_true(preferred(m) >= 0);
}

static void cut_install(void **state)
{
    (void)state;
    run(&(scenario){"first install by stage 2", &chip_small, prepare_empty, act_install,
                    check_stage2_kept, check_installed}, 1);
}

/* ---- stage 2's own other copy ------------------------------------------------------------ */

static void prepare_own(flash_model *m)
{
    device_make(m, &chip_small, &v1);
    image_make(&own, m->chip, TB_IMAGE_STAGE2, TB_VERSION(1, 1, 0), 1500, 4, true);
}

static tb_error act_own(flash_model *m)
{
    tb_flash flash = model_port(m);
    tb_update_policy policy = policy_stage2(m->chip, 0);
    tb_update u;

    tb_update_init(&u, &flash, &policy);
    return update_all(&u, &own, 77);
}

static void check_copy_kept(flash_model *m)
{
    assert_memory_equal(m->bytes[0], before.bytes[0], m->chip->bank_bytes);
    assert_memory_equal(m->bytes[1] + m->chip->slot_offset, before.bytes[1] + m->chip->slot_offset,
                        m->chip->bank_bytes - m->chip->slot_offset);
}

static void check_own(flash_model *m)
{
    assert_true(holds_image(m, 1, m->chip->stage2_offset, &own));
}

static void cut_own(void **state)
{
    (void)state;
    run(&(scenario){"stage 2 updates its other copy", &chip_small, prepare_own, act_own,
                    check_copy_kept, check_own}, 1);
}

/* ---- confirm, reject, erase ---------------------------------------------------------------- */

static void prepare_trial(flash_model *m)
{
    device_make(m, &chip_small, &v1);
    image_make(&v2, m->chip, TB_IMAGE_APPLICATION, TB_VERSION(1, 1, 0), 800, 2, true);
    model_put(m, 1, m->chip->slot_offset, v2.bytes, v2.total);
    put_record(m, 1, 0, TB_RECORD_INSTALLED, 0, 2);
    put_record(m, 1, 1, TB_RECORD_ATTEMPT, 1, 2);
}

static tb_error act_confirm(flash_model *m)
{
    tb_flash flash = model_port(m);

    /* A torn confirm counts as an attempt, and this image has them left. */
    return tb_slot_confirm(&flash, 1, TB_CONFIRMED_BY_APPLICATION);
}

static tb_error act_reject(flash_model *m)
{
    tb_flash flash = model_port(m);
    tb_identity identity = {m->chip, PRODUCT};

    return tb_slot_reject(&flash, &identity, 1, TB_REASON_REQUESTED);
}

static tb_error act_erase(flash_model *m)
{
    tb_flash flash = model_port(m);

    return tb_slot_erase(&flash, 1);
}

static void check_some_image(flash_model *m)
{
    assert_memory_equal(m->bytes[0], before.bytes[0], m->chip->bank_bytes);
    assert_true(preferred(m) >= 0);
}

static void check_confirmed(flash_model *m)
{
    preferred(m);
    assert_int_equal(slots[1].log.state, TB_SLOT_CONFIRMED);
}

static void check_rejected(flash_model *m)
{
    assert_int_equal(preferred(m), 0);
    assert_int_equal(slots[1].log.state, TB_SLOT_REJECTED);
    assert_int_equal(slots[1].log.reason, TB_REASON_REQUESTED);
}

static void check_never_back(flash_model *m)
{
    assert_int_equal(preferred(m), 0);
}

static void check_erased(flash_model *m)
{
    assert_int_equal(preferred(m), 0);
    assert_int_equal(slots[1].log.state, TB_SLOT_EMPTY);
    assert_int_equal(slots[1].log.used_units, 0);
}

static void cut_log(void **state)
{
    (void)state;
    /* An unstable record may read as there at one moment and not at the next: the check
     * of what is done would then say so, so these stay with one cut and its repeat. */
    run(&(scenario){"confirm", &chip_small, prepare_trial, act_confirm, check_some_image,
                    check_some_image}, 1);
    run(&(scenario){"reject", &chip_small, prepare_trial, act_reject, check_some_image,
                    check_some_image}, 1);
    run(&(scenario){"erase", &chip_small, prepare_trial, act_erase, check_some_image,
                    check_erased}, 1);
    run(&(scenario){"erase of a rejected image", &chip_small, prepare_rejected, act_erase,
                    check_never_back, check_erased}, CUT_OUTCOMES);
    prepare_trial(&before);
    device = before;
    assert_int_equal(act_confirm(&device), TB_OK);
    check_confirmed(&device);
    device = before;
    assert_int_equal(act_reject(&device), TB_OK);
    check_rejected(&device);
}

static int say_last(void **state)
{
    (void)state;
    print_message("last life: cut %u outcome %u, then %u outcome %u\n", now.first, now.outcome,
                  now.second, now.again);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(cut_update_small, say_last),
        cmocka_unit_test_teardown(cut_update_full, say_last),
        cmocka_unit_test_teardown(cut_update_sectors, say_last),
        cmocka_unit_test_teardown(cut_update_wide, say_last),
        cmocka_unit_test_teardown(cut_update_no_stage1, say_last),
        cmocka_unit_test_teardown(cut_update_keeping, say_last),
        cmocka_unit_test_teardown(cut_update_over_rejected, say_last),
        cmocka_unit_test_teardown(cut_install, say_last),
        cmocka_unit_test_teardown(cut_own, say_last),
        cmocka_unit_test_teardown(cut_log, say_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
