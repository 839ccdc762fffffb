/* What compression promises (docs/performance.md), on pairs of real programs; on parts that those
 * are not built for, that the next release is a small delta.
 *   test_bench_pairs [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/bench.h"

static const char *chip = "stm32g474re";
static pair_result pairs[PAIRS];

static int measure(void **state)
{
    (void)state;
    bench_pairs(chip, ".", false, pairs);
    return 0;
}

static void thumb_code_compresses_to_at_most_65_per_cent(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        assert_in_range(pairs[i].raw, 60000, 200000);
        assert_in_range(pairs[i].lz, 1, pairs[i].raw * 65 / 100);
    }
}

static void a_small_change_is_a_delta_of_at_most_5_per_cent(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        if (pairs[i].small) {
            assert_in_range(pairs[i].delta, 1, pairs[i].raw * 5 / 100);
        }
    }
}

/* The client takes the least of the three, so that this is about the encoder's own sense. */
static void a_source_never_costs_more_than_1_per_cent(void **state)
{
    (void)state;
    for (size_t i = 0; i < PAIRS; i++) {
        assert_in_range(pairs[i].delta, 1, pairs[i].lz + pairs[i].raw / 100);
    }
}

static void an_image_that_does_not_compress_costs_no_more_than_itself(void **state)
{
    (void)state;
    const update_case c = {.chip = chip, .factory = "factory.hex", .runs = "1.0.0",
                           .image = "app-200k.twb", .source = "app-1.0.0.twb", .stage2 = true,
                           .baud = 921600};
    update_result r = bench_update(&c);
    assert_in_range(r.sent.sent_bytes, 1, r.image_bytes + r.image_bytes / 100);
}

static void the_next_release_is_a_delta_of_at_most_5_per_cent(void **state)
{
    (void)state;
    const update_case c = {.chip = chip, .factory = "factory.hex", .runs = "1.0.0",
                           .image = "app-1.1.0.twb", .source = "app-1.0.0.twb", .baud = 115200};
    update_result r = bench_update(&c);
    assert_in_range(r.sent.sent_bytes, 1, r.image_bytes * 5 / 100);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest updates[] = {
        cmocka_unit_test(the_next_release_is_a_delta_of_at_most_5_per_cent),
    };
    const struct CMUnitTest sizes[] = {
        cmocka_unit_test(thumb_code_compresses_to_at_most_65_per_cent),
        cmocka_unit_test(a_small_change_is_a_delta_of_at_most_5_per_cent),
        cmocka_unit_test(a_source_never_costs_more_than_1_per_cent),
    };
    const struct CMUnitTest one_part[] = {
        cmocka_unit_test(an_image_that_does_not_compress_costs_no_more_than_itself),
    };
    int failed = 0;

    chip = argc > 1 ? argv[1] : chip;
    if (argc <= 1 || strcmp(chip, "stm32u575zi") == 0) { /* as cmake/modules.cmake has it */
        failed += cmocka_run_group_tests(sizes, measure, NULL);
    }
    if (argc <= 1) {
        failed += cmocka_run_group_tests(one_part, NULL, NULL);
    }
    return failed + cmocka_run_group_tests(updates, NULL, NULL);
}
