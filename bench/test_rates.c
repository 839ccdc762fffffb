/* The goal of a fast line, on real binaries in virtual time: at least 95 % of what the flash can
 * take, or of the line where that is less, by stage 2 and by an application, also where a USB
 * adapter hands on 16 ms later what it received. test_bench_rates [CHIP] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "bench/bench.h"

#define GOAL 0.95

static const char *chip = "stm32g474re";

static void fast_line(bool stage2, sim_ps latency)
{
    static const uint32_t bauds[] = {921600, 1000000}; /* the second where 16 MHz makes no first */
    update_result r = {.possible = false};
    uint32_t baud = 0;
    for (size_t i = 0; i < 2 && !r.possible; i++) {
        baud = bauds[i];
        r = bench_update(&(update_case){.chip = chip, .factory = "factory.hex", .runs = "1.0.0",
                                        .image = "app-200k.twb", .stage2 = stage2, .plain = true,
                                        .baud = baud, .in_latency = latency});
    }
    assert_true(r.possible);
    assert_int_equal(r.sent.sent_bytes, r.image_bytes);
    update_rate rate = bench_rate(&r, baud);
    print_message("%s, %s, %u baud, %u ms: %.0f bytes/s, %.1f %% of what can be\n", chip,
                  stage2 ? "stage 2" : "application", (unsigned)baud,
                  (unsigned)(latency / SIM_PS_PER_MS), rate.got,
                  100.0 * rate.got / bench_rate_limit(&rate));
    assert_true(rate.got >= GOAL * bench_rate_limit(&rate));
}

static void by_stage2(void **state)
{
    (void)state;
    fast_line(true, 0);
    fast_line(true, 16 * SIM_PS_PER_MS);
}

static void by_the_application(void **state)
{
    (void)state;
    fast_line(false, 0);
    fast_line(false, 16 * SIM_PS_PER_MS);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(by_stage2),
        cmocka_unit_test(by_the_application),
    };
    chip = argc > 1 ? argv[1] : chip;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
