/* twinbank-sim as a process: what goes in, what comes out, how it ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <jansson.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/sim_front/process.h"

#define CHIP "--chip stm32g474re "
#define STDIO "--uart lpuart1=stdio "
/* Sent while the part starts: it misses what comes before it listens. */
#define EARLY "...................."

static void expect(int status, int wanted)
{
    if (status != wanted) {
        fail_msg("status %d, not %d\nstdout: %s\nstderr: %s", status, wanted, out, err);
    }
}

static void says(const char *text, const char *part)
{
    if (!strstr(text, part)) {
        fail_msg("'%s' does not say '%s'", text, part);
    }
}

static void short_answers(void **state)
{
    (void)state;
    expect(sim("", "--help"), 0);
    says(out, "Examples");
    says(out, "--cut");
    expect(sim("", "--version"), 0);
    says(out, "twinbank-sim ");
    expect(sim("", "--list-chips"), 0);
    says(out, "stm32g474re");
    says(out, "refused");
    expect(sim("", "--nonsense"), 2);
    says(err, "--nonsense");
    expect(sim("", "--chip stm32f103 --load x"), 2);
    says(err, "stm32f103");
    expect(sim("", "--chip stm32g491re --load x"), 2);
    says(err, "one flash bank");
}

static void put_file(const char *name, const void *data, size_t bytes)
{
    FILE *f = fopen(in_folder(name), "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(data, 1, bytes, f), bytes);
    assert_int_equal(fclose(f), 0);
}

static int load_text(const char *name, const char *text)
{
    put_file(name, text, strlen(text));
    return sim("", CHIP "--for 1ms --load %s", in_folder(name));
}

static void bad_files(void **state)
{
    (void)state;
    expect(sim("", CHIP "--load %s", in_folder("absent.elf")), 3);
    says(err, "absent.elf");
    expect(load_text("empty.bin", ""), 3);
    says(err, "empty");
    expect(load_text("plain.bin", "hello"), 3);
    says(err, "address");
    expect(load_text("sum.hex", ":0400000001020304F3\n:00000001FF\n"), 3);
    says(err, "sum.hex");
    says(err, "line 1");
    expect(load_text("low.hex", ":0400000001020304F2\n:00000001FF\n"), 3);
    says(err, "0x00000000");
    expect(load_text("ram.hex", ":020000042000DA\n:0400000001020304F2\n:00000001FF\n"), 3);
    says(err, "SRAM");
    expect(load_text("end.hex", ":020000040807EB\n:04FFFE0001020304F5\n:00000001FF\n"), 3);
    says(err, "0x08080000");
    expect(load_text("twb.twb", "TBNK"), 3);
    says(err, "Twinbank image");
    expect(sim("", CHIP "--load %s@0x08000000", image("echo.elf")), 3);
    says(err, "carries its own addresses");
    put_file("bad.dev", "not a device", 12);
    expect(sim("", CHIP "--device %s --for 1ms", in_folder("bad.dev")), 3);
    says(err, "bad.dev");
    expect(sim("", CHIP "--device %s --for 1ms", in_folder("absent.dev")), 3);
    says(err, "absent.dev");
}

static void stdio_echoes(void **state)
{
    (void)state;
    expect(sim(EARLY "hello", CHIP STDIO "--load %s --until HELLO --for 1s", image("echo.elf")), 0);
    says(out, "HELLO");
}

static void until_or_time(void **state)
{
    (void)state;
    /* Seen on a UART that is connected nowhere, too. */
    expect(sim("", CHIP "--load %s --until ready --for 100ms", image("echo.elf")), 0);
    expect(sim("", CHIP "--load %s --until never --for 10ms", image("echo.elf")), 5);
    says(err, "'never' was not seen");
    expect(sim("", CHIP "--quiet --load %s --for 10ms", image("echo.elf")), 0);
    assert_string_equal(err, "");
    expect(sim("", CHIP "--load %s --uart usart9=stdio --for 1ms", image("echo.elf")), 2);
    says(err, "usart9");
    says(err, "lpuart1");
}

static void output_goes_to_a_file(void **state)
{
    (void)state;
    expect(sim("", CHIP "--load %s --uart lpuart1=file:%s --for 20ms", image("echo.elf"),
               in_folder("log")), 0);
    char text[32] = "";
    FILE *f = fopen(in_folder("log"), "rb");
    assert_non_null(f);
    assert_non_null(fgets(text, sizeof text, f));
    assert_int_equal(fclose(f), 0);
    assert_string_equal(text, "ready\r\n");
}

static void summary_is_json(void **state)
{
    (void)state;
    expect(sim("", CHIP "--json --quiet --load %s --for 20ms --seed 9", image("count.elf")), 0);
    json_t *o = json_loads(out, 0, NULL);
    assert_non_null(o);
    assert_string_equal(json_string_value(json_object_get(o, "end")), "time");
    assert_int_equal(json_integer_value(json_object_get(o, "seed")), 9);
    json_t *ops = json_object_get(o, "operations");
    assert_int_equal(json_integer_value(json_object_get(ops, "program")), 1);
    assert_int_equal(json_integer_value(json_object_get(ops, "erase_page")), 0);
    assert_true(json_real_value(json_object_get(o, "virtual_s")) >= 0.02);
    json_decref(o);
}

static void same_seed_same_run(void **state)
{
    (void)state;
    static char first[OUTPUT_BYTES];
    for (int i = 0; i < 2; i++) {
        expect(sim("", CHIP "--trace all --load %s --for 20ms --cut program=0,during --seed 5",
                   image("count.elf")), 0);
        char *end = strstr(err, "; "); /* the summary's wall time differs */
        char *line = end;
        while (line && line > err && line[-1] != '\n') {
            line--;
        }
        assert_non_null(line);
        *line = '\0';
        if (i == 0) {
            strcpy(first, err);
        }
    }
    assert_string_equal(first, err);
    says(err, "flash:");
    says(err, "reset:");
}

static void device_is_kept(void **state)
{
    (void)state;
    const char *device = in_folder("board.dev");
    expect(sim("", CHIP "--device %s --load %s --until start%%201, --for 50ms", device,
               image("count.elf")), 0);
    expect(sim("", CHIP "--device %s --until start%%202, --for 50ms", device), 0);
    expect(sim("", CHIP STDIO "--device %s --until start%%203, --for 50ms", device), 0);
    expect(sim("", "--chip stm32g474rc --device %s --for 50ms", device), 3); /* another part's */
    says(err, "board.dev");
}

static void cuts_happen(void **state)
{
    (void)state;
    const char *elf = image("count.elf");
    expect(sim("", CHIP "--load %s --cut program=0,before --until start%%201, --for 500ms", elf), 0);
    says(err, "power lost");
    says(err, "power is back");
    expect(sim("", CHIP "--load %s --cut program=0,after --until start%%202, --for 500ms", elf), 0);
    expect(sim("", CHIP "--load %s --cut program=0,during,new,reset-only --until start%%202, "
               "--for 500ms", elf), 0);
    expect(sim("", CHIP "--load %s --cut time=1ms,reset-only --until start%%202, --for 500ms", elf), 0);
    expect(sim("", CHIP "--load %s --cut program=7 --for 20ms", elf), 7);
    says(err, "did not happen");
    expect(sim("", CHIP "--load %s --cut time=5s --for 20ms", elf), 7);
    expect(sim("", CHIP "--load %s --cut time=5s,reset-only --for 20ms", elf), 7);
}

static void power_can_stay_off(void **state)
{
    (void)state;
    const char *device = in_folder("board.dev");
    expect(sim("", CHIP "--device %s --load %s --cut program=0,after,then=off --for 1s", device,
               image("count.elf")), 6);
    says(err, "stays off");
    expect(sim("", CHIP "--device %s --until start%%202, --for 50ms", device), 0);
}

static void the_second_cut_can_be_the_last(void **state)
{
    (void)state;
    expect(sim("", CHIP "--load %s --cut program=0,before --cut program=1,after,then=off --for 1s",
               image("count.elf")), 6);
}

static void unmodelled_access_stops(void **state)
{
    (void)state;
    expect(sim(EARLY "a", CHIP STDIO "--load %s --for 1s", image("faulty.elf")), 4);
    says(err, "ADC");
    says(err, "0x10000000");
    says(err, "PC");
}

static void lockup_stops_or_waits(void **state)
{
    (void)state;
    expect(sim(EARLY "l", CHIP STDIO "--load %s --for 1s", image("faulty.elf")), 4);
    says(err, "lockup");
    expect(sim(EARLY "l", CHIP STDIO "--lockup wait --load %s --for 100ms", image("faulty.elf")), 0);
}

static void sleep_for_ever_ends(void **state)
{
    (void)state;
    expect(sim(EARLY "s", CHIP STDIO "--load %s --for 1s", image("faulty.elf")), 0);
}

static void pins_are_driven(void **state)
{
    (void)state;
    expect(sim("", CHIP STDIO "--load %s --gpio PA0=0@5ms --gpio PA0=z@10ms --gpio PA0=0@1s "
               "--for 30ms", image("pin.elf")), 0);
    assert_string_equal(out, "high\nlow\nhigh\n");
}

static void wiring_outlasts_the_power(void **state)
{
    (void)state;
    expect(sim("", CHIP STDIO "--load %s --gpio PA0=0 --cut time=5ms --for 150ms", image("pin.elf")),
           0);
    assert_string_equal(out, "low\nlow\n");
}

static void real_speed_is_no_faster_than_the_wall(void **state)
{
    (void)state;
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    expect(sim("", CHIP "--speed real --load %s --for 300ms", image("echo.elf")), 0);
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    int64_t ns = (int64_t)(to.tv_sec - from.tv_sec) * 1000000000 + (to.tv_nsec - from.tv_nsec);
    assert_true(ns >= 300000000);
}

/* At full speed the part is far ahead of its reader, and waits for it. */
static void a_slow_reader_holds_the_part_back(void **state)
{
    (void)state;
    const char *link = in_folder("port");
    pid_t pid = sim_start(CHIP "--speed max --load %s --uart lpuart1=pty:%s --control %s --json",
                          image("flood.elf"), link, in_folder("control.sock"));
    int fd = open_port(link);
    long expected = 0, number = 0;
    for (size_t total = 0; total < 300000u;) {
        char data[1024];
        (void)usleep(2000);
        ssize_t n = read(fd, data, sizeof data);
        assert_true(n > 0);
        total += (size_t)n;
        for (ssize_t i = 0; i < n; i++) {
            if (data[i] != '\n') {
                number = number * 10 + (data[i] - '0');
                continue;
            }
            assert_int_equal(number, expected);
            expected++;
            number = 0;
        }
    }
    expect(control("quit"), 0);
    expect(sim_wait(pid), 0);
    says(out, "\"unread_bytes_dropped\":0");
    close(fd);
}

static void bytes_to_a_part_without_power_are_lost(void **state)
{
    (void)state;
    const char *link = in_folder("port");
    pid_t pid = sim_start(CHIP "--load %s --uart lpuart1=pty:%s --control %s", image("echo.elf"),
                          link, in_folder("control.sock"));
    int fd = open_port(link);
    assert_true(port_expect(fd, "ready"));
    expect(control("power-off"), 0);
    port_write(fd, "lost");
    expect(control("status"), 0);
    expect(control("power-on"), 0);
    assert_true(port_expect(fd, "ready"));
    port_write(fd, "heard");
    char data[8];
    assert_int_equal(read(fd, data, 1), 1); /* the rest of "ready" */
    assert_int_equal(data[0], '\r');
    assert_int_equal(read(fd, data, 1), 1);
    assert_int_equal(read(fd, data, 1), 1);
    assert_int_equal(data[0], 'H');
    expect(control("quit"), 0);
    expect(sim_wait(pid), 0);
    close(fd);
}

static void flash_is_dumped(void **state)
{
    (void)state;
    const char *hex = in_folder("flash.hex"), *bin = in_folder("flash.bin");
    struct stat st;
    expect(sim("", CHIP "--load %s --for 1ms --dump %s", image("echo.elf"), hex), 0);
    expect(sim("", CHIP "--load %s --for 1ms --dump %s", image("echo.elf"), bin), 0);
    assert_int_equal(stat(bin, &st), 0);
    assert_int_equal(st.st_size, 512 * 1024);
    /* What was dumped runs again, either way. */
    expect(sim("", CHIP "--load %s --until ready --for 100ms", hex), 0);
    expect(sim("", CHIP "--load %s@0x08000000 --until ready --for 100ms", bin), 0);
    expect(sim("", "--chip stm32g474rb --load %s@0x08000000 --for 100ms", bin), 3);
}

static void a_tool_on_the_pty(void **state)
{
    (void)state;
    const char *link = in_folder("port");
    pid_t pid = sim_start(CHIP "--load %s --uart lpuart1=pty:%s", image("echo.elf"), link);
    int fd = open_port(link);
    assert_true(port_expect(fd, "ready"));
    port_write(fd, "over the wire");
    assert_true(port_expect(fd, "OVER THE WIRE"));
    close(fd);
    fd = open_port(link);
    port_write(fd, "again");
    assert_true(port_expect(fd, "AGAIN"));
    close(fd);
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect(sim_wait(pid), 0);
    assert_int_equal(access(link, F_OK), -1);
}

static void full_speed_with_a_pty(void **state)
{
    (void)state;
    const char *link = in_folder("port");
    pid_t pid = sim_start(CHIP "--speed max --load %s --uart lpuart1=pty:%s --until QUIT",
                          image("echo.elf"), link);
    int fd = open_port(link);
    port_write(fd, "please quit");
    expect(sim_wait(pid), 0);
    close(fd);
}

static void signals_act(void **state)
{
    (void)state;
    const char *link = in_folder("port"), *device = in_folder("board.dev");
    pid_t pid = sim_start(CHIP "--device %s --load %s --uart lpuart1=pty:%s", device,
                          image("count.elf"), link);
    int fd = open_port(link);
    assert_true(port_expect(fd, "start 1, other reset"));
    assert_int_equal(kill(pid, SIGUSR1), 0);
    assert_true(port_expect(fd, "start 2, other reset"));
    assert_int_equal(kill(pid, SIGUSR2), 0);
    assert_true(port_expect(fd, "start 3, other reset"));
    assert_int_equal(kill(pid, SIGINT), 0);
    expect(sim_wait(pid), 0);
    close(fd);
    expect(sim("", CHIP "--device %s --until start%%204, --for 50ms", device), 0);
}

static void commands_over_the_socket(void **state)
{
    (void)state;
    const char *link = in_folder("port");
    pid_t pid = sim_start(CHIP "--load %s --uart lpuart1=pty:%s --control %s", image("count.elf"),
                          link, in_folder("control.sock"));
    int fd = open_port(link);
    assert_true(port_expect(fd, "start 1,"));
    expect(control("status"), 0);
    says(out, "ok ");
    says(out, "power=on");
    says(out, "programs=1");
    expect(control("reset"), 0);
    assert_true(port_expect(fd, "start 2,"));
    expect(control("cut program=+0,before"), 0);
    expect(control("power-cycle"), 0);
    assert_true(port_expect(fd, "start 3,")); /* the cut came first: nothing was counted */
    expect(control("status"), 0);
    says(out, "cuts=1/1");
    expect(control("power-off"), 0);
    expect(control("status"), 0);
    says(out, "power=off");
    expect(control("reset"), 1);
    says(out, "error: ");
    expect(control("power-on"), 0);
    assert_true(port_expect(fd, "start 4,"));
    expect(control("power-on"), 1);
    expect(control("gpio PA3=1"), 0);
    expect(control("gpio PA3"), 1);
    expect(control("supply 2V"), 0);
    expect(control("supply 5V"), 1);
    says(out, "1.71 V to 3.6 V");
    expect(control("cut nonsense"), 1);
    expect(control("cut program=0"), 1);
    says(out, "is over");
    expect(control("dance"), 1);
    says(out, "no command");
    expect(control("quit"), 0);
    expect(sim_wait(pid), 0);
    close(fd);
    expect(control("status"), 1);
    assert_int_equal(access(in_folder("control.sock"), F_OK), -1);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(short_answers),
        TEST(bad_files),
        TEST(stdio_echoes),
        TEST(until_or_time),
        TEST(output_goes_to_a_file),
        TEST(summary_is_json),
        TEST(same_seed_same_run),
        TEST(device_is_kept),
        TEST(cuts_happen),
        TEST(power_can_stay_off),
        TEST(the_second_cut_can_be_the_last),
        TEST(unmodelled_access_stops),
        TEST(lockup_stops_or_waits),
        TEST(sleep_for_ever_ends),
        TEST(pins_are_driven),
        TEST(wiring_outlasts_the_power),
        TEST(real_speed_is_no_faster_than_the_wall),
        TEST(a_slow_reader_holds_the_part_back),
        TEST(bytes_to_a_part_without_power_are_lost),
        TEST(flash_is_dumped),
        TEST(a_tool_on_the_pty),
        TEST(full_speed_with_a_pty),
        TEST(signals_act),
        TEST(commands_over_the_socket)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
