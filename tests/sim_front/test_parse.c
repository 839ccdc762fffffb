/* The small languages of twinbank-sim's command line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "sim/front/options.h"

static front_error error;

static void times(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        sim_ps ps;
    } good[] = {{"0", 0},
                {"10ms", 10u * SIM_PS_PER_MS},
                {"2s", 2u * SIM_PS_PER_S},
                {"500us", 500u * SIM_PS_PER_US},
                {"20ns", 20000u},
                {"1.5s", 1500u * SIM_PS_PER_MS},
                {"0.000001us", 1u},
                {"1.0000000000009s", SIM_PS_PER_S},
                {"3min", 180u * SIM_PS_PER_S}};
    static const char *const bad[] = {"",     "10",  "ms",   "-1ms", "1 ms", "1.s",  ".5s",
                                      "1e3s", "1,5s", "0x1s", "1ps",  "2sec", "99999999999999s",
                                      "107day", "9999999999s"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        sim_ps ps = 1234;
        assert_true(front_parse_time(good[i].text, &ps, &error));
        assert_true(ps == good[i].ps);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        sim_ps ps;
        error.text[0] = '\0';
        assert_false(front_parse_time(bad[i], &ps, &error));
        assert_non_null(strstr(error.text, bad[i]));
    }
}

static void numbers(void **state)
{
    (void)state;
    uint64_t n;
    assert_true(front_parse_number("0x08008000", UINT32_MAX, &n, &error) && n == 0x08008000u);
    assert_true(front_parse_number("4294967295", UINT32_MAX, &n, &error) && n == UINT32_MAX);
    assert_false(front_parse_number("4294967296", UINT32_MAX, &n, &error));
    assert_false(front_parse_number("99999999999999999999999", UINT64_MAX - 1u, &n, &error));
    assert_false(front_parse_number("", UINT32_MAX, &n, &error));
    assert_false(front_parse_number("0x", UINT32_MAX, &n, &error));
    assert_false(front_parse_number("12k", UINT32_MAX, &n, &error));
    assert_false(front_parse_number("-1", UINT32_MAX, &n, &error));
}

static void pins(void **state)
{
    (void)state;
    front_gpio g;
    assert_true(front_parse_gpio("PA3=0", &g, &error));
    assert_true(g.port == 0 && g.pin == 3 && g.level == 0 && g.when == 0);
    assert_true(front_parse_gpio("pc13=Z", &g, &error));
    assert_true(g.port == 2 && g.pin == 13 && g.level == -1);
    assert_true(front_parse_gpio("PA3=1@5ms", &g, &error));
    assert_true(g.level == 1 && g.when == 5u * SIM_PS_PER_MS);
    static const char *const bad[] = {"",      "PA3",   "PA=0",   "PA16=0", "PL1=0", "A3=0",
                                      "PA3=2", "PA3=",  "PA3=10", "PA3=1@", "PA3=1@5", "PA003=1x",
                                      "P33=0", "PA-1=0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(front_parse_gpio(bad[i], &g, &error));
    }
}

static void supplies(void **state)
{
    (void)state;
    unsigned mv;
    assert_true(front_parse_supply("3.3V", &mv, &error) && mv == 3300u);
    assert_true(front_parse_supply("2V", &mv, &error) && mv == 2000u);
    assert_true(front_parse_supply("1.995V", &mv, &error) && mv == 1995u);
    static const char *const bad[] = {"",     "V",     "3.3",  "3.V",   ".9V",   "1.7V", "3.601V",
                                      "-2V",  "2.00000V", "2,5V", "2.5.1V", "99999999999V", "2 V"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(front_parse_supply(bad[i], &mv, &error));
    }
}

static void wires(void **state)
{
    (void)state;
    front_wire_spec w;
    assert_true(front_parse_wire("LPUART1=pty:/tmp/a=b", &w, &error));
    assert_string_equal(w.name, "lpuart1");
    assert_true(w.kind == FRONT_WIRE_PTY);
    assert_string_equal(w.path, "/tmp/a=b");
    assert_true(front_parse_wire("usart2=stdio", &w, &error) && w.kind == FRONT_WIRE_STDIO);
    assert_true(front_parse_wire("usart2=pty", &w, &error) && w.path == NULL);
    assert_true(front_parse_wire("usart3=file:x", &w, &error) && w.kind == FRONT_WIRE_FILE);
    static const char *const bad[] = {"",         "lpuart1",        "=pty",        "lpuart1=",
                                      "lpuart1=pty:", "lpuart1=file:", "lpuart1=file",
                                      "lp uart=pty",
                                      "lpuart1=tcp:1", "averyveryverylongname=pty"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_false(front_parse_wire(bad[i], &w, &error));
    }
}

static void loads(void **state)
{
    (void)state;
    static const struct {
        const char *text, *path;
        bool has_address;
        uint32_t address;
    } good[] = {{"app.elf", "app.elf", false, 0},
                {"app.bin@0x08008000", "app.bin", true, 0x08008000u},
                {"me@home.hex", "me@home.hex", false, 0},
                {"me@home.bin@134217728", "me@home.bin", true, 0x08000000u},
                {"a@1/app.elf", "a@1/app.elf", false, 0}};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        front_load load = {0};
        assert_true(front_parse_load(good[i].text, &load, &error));
        assert_string_equal(load.path, good[i].path);
        assert_int_equal(load.has_address, good[i].has_address);
        assert_int_equal(load.address, good[i].address);
        free((char *)load.path);
    }
    front_load load;
    assert_false(front_parse_load("app.bin@0x0800800G", &load, &error));
    assert_false(front_parse_load("app.bin@0x100000000", &load, &error));
    assert_false(front_parse_load("app.bin@", &load, &error));
    assert_false(front_parse_load("@0x08000000", &load, &error));
    assert_false(front_parse_load("", &load, &error));
}

static void traces(void **state)
{
    (void)state;
    unsigned mask = 0;
    assert_true(front_parse_trace("flash,irq", &mask, &error));
    assert_int_equal(mask, SIM_TRACE_FLASH | SIM_TRACE_IRQ);
    assert_true(front_parse_trace("all", &mask, &error));
    assert_int_equal(mask, 127);
    assert_false(front_parse_trace("", &mask, &error));
    assert_false(front_parse_trace("flash,", &mask, &error));
    assert_false(front_parse_trace("flas", &mask, &error));
    assert_false(front_parse_trace("flashy", &mask, &error));
}

static void cuts(void **state)
{
    (void)state;
    front_cut c;
    assert_true(front_parse_cut("op=12,during,ecc", &c, &error));
    assert_true(c.cut.op == 12 && c.cut.kind_mask == 0 && c.cut.when == SIM_CUT_DURING &&
                c.cut.outcome == SIM_CUT_ECC && !c.at_time && !c.stays_off);
    assert_true(front_parse_cut("erase=3,before", &c, &error));
    assert_true(c.cut.kind_mask == ((1u << SIM_OP_ERASE_PAGE) | (1u << SIM_OP_ERASE_BANK)));
    assert_true(c.cut.when == SIM_CUT_BEFORE);
    assert_true(front_parse_cut("program=100,after,old", &c, &error));
    assert_true(c.cut.when == SIM_CUT_AFTER && c.cut.outcome == SIM_CUT_OLD);
    assert_true(front_parse_cut("option=0,during,then=off", &c, &error) && c.stays_off);
    assert_true(front_parse_cut("time=1.5s,random,vbat-lost", &c, &error));
    assert_true(c.at_time && c.when == 1500u * SIM_PS_PER_MS && c.cut.backup_lost);
    assert_true(front_parse_cut("op=0", &c, &error));
    assert_true(c.cut.when == SIM_CUT_DURING && c.cut.outcome == SIM_CUT_RANDOM);
    assert_true(front_parse_cut("program=+5,reset-only", &c, &error));
    assert_true(c.relative && c.cut.op == 5 && c.cut.reset_only);
    assert_true(front_parse_cut("unstable,erase=0x10,then=on", &c, &error) && c.cut.op == 16);
}

static void bad_cuts(void **state)
{
    (void)state;
    static const struct {
        const char *text, *says;
    } bad[] = {{"", "not understood"},
               {"during", "does not say where"},
               {"op=", "not a number"},
               {"op=1,", "not understood"},
               {"op=1,op=2", "given twice"},
               {"op=1,time=2s", "given twice"},
               {"op=1,before,after", "given twice"},
               {"op=1,old,new", "given twice"},
               {"op=1,then=on,then=off", "given twice"},
               {"op=1,then=maybe", "then=on or then=off"},
               {"time=5", "not a time"},
               {"time=1s,before", "belong to an operation"},
               {"op=1,reset-only,then=off", "reset-only keeps the power on"},
               {"op=1,reset-only,vbat-lost", "reset-only keeps the power on"},
               {"page=3", "nothing to cut at"},
               {"op=-1", "not a number"},
               {"op=99999999999999999999", "too large"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        front_cut c;
        assert_false(front_parse_cut(bad[i].text, &c, &error));
        if (!strstr(error.text, bad[i].says)) {
            fail_msg("'%s': '%s' does not say '%s'", bad[i].text, error.text, bad[i].says);
        }
    }
}

static bool read_options(front_options *o, const char *line)
{
    static char copy[1024];
    static char *argv[64];
    int argc = 0;
    strcpy(copy, line);
    argv[argc++] = "twinbank-sim";
    for (char *p = strtok(copy, " "); p; p = strtok(NULL, " ")) {
        argv[argc++] = p;
    }
    argv[argc] = NULL;
    return front_options_read(o, argc, argv, &error);
}

static void command_line(void **state)
{
    (void)state;
    front_options o;
    assert_true(read_options(&o, "--chip stm32g474re --load a.elf --load b.bin@0x08008000 --seed 7 "
                                 "--gpio PA3=1@5ms --gpio PA3=0 --for 2s --until ready --json "
                                 "--uart lpuart1=pty --speed=max --cut op=1 --trace flash,uart"));
    assert_true(o.verb == FRONT_RUN && o.load_count == 2 && o.wire_count == 1 && o.cut_count == 1);
    assert_true(o.gpio_count == 2 && o.gpios[0].when == 0 && o.gpios[1].level == 1);
    assert_true(o.seed == 7 && o.for_time == 2u * SIM_PS_PER_S && o.speed == FRONT_SPEED_MAX);
    assert_true(o.json && !o.quiet && o.trace == (SIM_TRACE_FLASH | SIM_TRACE_UART));
    assert_false(o.bad_link);
    front_options_free(&o);
    assert_true(read_options(&o, "--chip a --load x --uart u=pty --link drop=9,seed=4"));
    assert_true(o.bad_link && o.faults.drop == 9 && o.faults.seed == 4 && o.faults.stall == 0);
    front_options_free(&o);
    assert_true(read_options(&o, "--help --nonsense") && o.verb == FRONT_HELP);
    assert_true(read_options(&o, "--send /tmp/x cut op=1") && o.verb == FRONT_SEND);
    assert_int_equal(o.send_count, 2);
    assert_string_equal(o.send_words[1], "op=1");
}

static void bad_command_line(void **state)
{
    (void)state;
    static const struct {
        const char *line, *says;
    } bad[] = {{"", "--chip is missing"},
               {"--chip stm32g474re", "nothing to run"},
               {"--chip a --load x --nonsense", "--nonsense"},
               {"--chip a --load", "--load needs a value"},
               {"--chip a --load x --json=3", "--json=3"},
               {"--chip a --load x y.elf", "y.elf"},
               {"--chip a --chip b --load x", "given twice"},
               {"--chip a --load x --speed fast", "real or max"},
               {"--chip a --load x --lockup no", "stop or wait"},
               {"--chip a --load x --flash-times slow", "typical or longest"},
               {"--chip a --load x --dump flash", ".bin or .hex"},
               {"--chip a --load x --trace-file t", "--trace"},
               {"--chip a --load x --uart u=pty --uart u=stdio", "connected twice"},
               {"--chip a --load x --uart u=stdio --uart v=stdio", "only one"},
               {"--chip a --load x --seed 4294967296", "too large"},
               {"--chip a --load x --link drop=1001", "of 1000 frames"},
               {"--chip a --load x --link loss=1", "expected drop"},
               {"--send /tmp/x", "needs a command"}};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        front_options o;
        assert_false(read_options(&o, bad[i].line));
        if (!strstr(error.text, bad[i].says)) {
            fail_msg("'%s': '%s' does not say '%s'", bad[i].line, error.text, bad[i].says);
        }
        front_options_free(&o);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times),    cmocka_unit_test(numbers),      cmocka_unit_test(pins), cmocka_unit_test(supplies),
        cmocka_unit_test(wires),    cmocka_unit_test(loads),        cmocka_unit_test(traces),
        cmocka_unit_test(cuts),     cmocka_unit_test(bad_cuts),     cmocka_unit_test(command_line),
        cmocka_unit_test(bad_command_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
