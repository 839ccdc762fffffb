/* A case that fails is made shorter, and still fails. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "torture/shrink.h"

static void becomes(const char *plant, const char *from, const char *to)
{
    const tb_chip *chip = tb_chip_find("stm32g474re");
    life_case c;
    char text[CASE_TEXT_BYTES], why[RIG_TEXT_BYTES];
    assert_true(case_parse(&c, from));
    assert_true(shrink(chip, &c, plant));
    case_print(&c, text);
    assert_string_equal(text, to);
    assert_false(plan_replay(chip, &c, plant, false, why));
    assert_non_null(strstr(why, "stage 1 of bank 2 has changed"));
}

static void two_become_one_where_one_is_enough(void **unused)
{
    (void)unused;
    becomes("stage1", "confirm/1/0.ecc.pin/1.mixed.power", "confirm/1/0.before.power");
}

static void two_stay_two_where_both_are_needed(void **unused)
{
    (void)unused;
    becomes("twice", "update-app/1/40.new.power/45.old.power",
            "update-app/1/0.before.power/1.before.power");
}

/* Alone, the second would be at an operation that the scenario has not: it would never come. */
static void one_that_is_never_reached_is_not_taken(void **unused)
{
    (void)unused;
    becomes("twice", "confirm/1/0.ecc.pin/4.mixed.power",
            "confirm/1/0.mixed.power/1.before.power");
}

static void what_does_not_fail_is_left(void **unused)
{
    (void)unused;
    life_case c;
    char text[CASE_TEXT_BYTES];
    assert_true(case_parse(&c, "confirm/1/0.ecc.pin"));
    assert_false(shrink(tb_chip_find("stm32g474re"), &c, NULL));
    case_print(&c, text);
    assert_string_equal(text, "confirm/1/0.ecc.pin");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_become_one_where_one_is_enough),
        cmocka_unit_test(two_stay_two_where_both_are_needed),
        cmocka_unit_test(one_that_is_never_reached_is_not_taken),
        cmocka_unit_test(what_does_not_fail_is_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
