/* The comparison with a baseline: what fails, what is only told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "bench/figures.h"

static figures was, is;
static char text[2048];

static unsigned compare(void)
{
    FILE *out = fmemopen(text, sizeof text, "w");
    assert_non_null(out);
    unsigned worse = figures_compare(&is, &was, out);
    fclose(out);
    return worse;
}

static void both(double before, double now, figure_better better)
{
    was.count = is.count = 0;
    memset(text, 0, sizeof text);
    figures_add(&was, "rate", before, "bytes/s", 100, "line", better);
    figures_add(&is, "rate", now, "bytes/s", 100, "line", better);
}

static void worse_by_more_than_two_per_cent_fails_with_the_figure_and_both_values(void **state)
{
    (void)state;
    both(100, 97.9, FIGURE_MORE);
    assert_int_equal(compare(), 1);
    assert_string_equal(text, "WORSE    rate: baseline 100, now 97.9 bytes/s (-2.1 %)\n");
    both(100, 102.1, FIGURE_LESS);
    assert_int_equal(compare(), 1);
    both(0, 1, FIGURE_LESS); /* there was none */
    assert_int_equal(compare(), 1);
}

static void up_to_two_per_cent_is_silent(void **state)
{
    (void)state;
    both(100, 98.1, FIGURE_MORE);
    assert_int_equal(compare(), 0);
    assert_string_equal(text, "");
    both(100, 101.9, FIGURE_LESS);
    assert_int_equal(compare(), 0);
    both(0, 0, FIGURE_LESS);
    assert_int_equal(compare(), 0);
}

static void better_and_new_are_told_and_missing_fails(void **state)
{
    (void)state;
    both(100, 103, FIGURE_MORE);
    figures_add(&is, "another", 7, "us", 0, "", FIGURE_LESS);
    assert_int_equal(compare(), 0);
    assert_string_equal(text, "better   rate: baseline 100, now 103 bytes/s (+3.0 %)\n"
                              "new      another: 7 us\n");
    is.count = 0;
    assert_int_equal(compare(), 1);
    both(100, 500, FIGURE_TOLD);
    assert_int_equal(compare(), 0);
    assert_string_equal(text, "");
}

static void a_file_gives_back_what_was_saved_and_nonsense_is_refused(void **state)
{
    (void)state;
    char path[] = "/tmp/test-figures-XXXXXX";
    assert_true(mkstemp(path) >= 0);
    both(12345.678, 0.5, FIGURE_MORE);
    assert_true(figures_save(&was, path));
    assert_true(figures_load(&is, path));
    assert_int_equal(is.count, 1);
    assert_string_equal(is.list[0].name, "rate");
    assert_true(is.list[0].value == 12345.678 && is.list[0].better == FIGURE_MORE);
    static const char *const bad[] = {"", "rate,1,s,0,,more", "rate,x,s,0,,more",
                                      "rate,1,s,0,,best", "rate,1"};
    for (size_t i = 1; i < sizeof bad / sizeof bad[0]; i++) {
        FILE *f = fopen(path, "w");
        assert_non_null(f);
        fprintf(f, "%s%s\n", i == 1 ? "" : "figure,value,unit,limit,limit is,better\n", bad[i]);
        fclose(f);
        assert_false(figures_load(&is, path));
    }
    (void)remove(path);
    assert_false(figures_load(&is, path));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worse_by_more_than_two_per_cent_fails_with_the_figure_and_both_values),
        cmocka_unit_test(up_to_two_per_cent_is_silent),
        cmocka_unit_test(better_and_new_are_told_and_missing_fails),
        cmocka_unit_test(a_file_gives_back_what_was_saved_and_nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
