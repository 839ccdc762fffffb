/* Firmware in the vendors' manner, which knows nothing of this project, runs unchanged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <signal.h>
#include <unistd.h>

#include "tests/sim_front/process.h"

#define CHIP "--chip stm32g474re "

static void expect(int status, int wanted)
{
    if (status != wanted) {
        fail_msg("status %d, not %d\nstdout: %s\nstderr: %s", status, wanted, out, err);
    }
}

static void starts_and_drives_the_flash(const char *name)
{
    expect(sim("", CHIP "--load %s --uart lpuart1=stdio --until listening --for 1s --quiet",
               image(name)), 0);
    assert_string_equal(err, "");
    static const char *const lines[] = {
        "started after power reset at 170000000 Hz\r\n",
        "heap -42 text\r\n",
        "delay of 10 took 11 ms\r\n",
        "polling: errors 0, blank, verified\r\n",
        "ticks meanwhile: few\r\n",
        "over old data: 8\r\n", /* PROGERR */
        "interrupts: errors 0, 33 of them, verified, erase while the core ran on\r\n"};
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        if (!strstr(out, lines[i])) {
            fail_msg("'%s' is not in '%s'", lines[i], out);
        }
    }
}

static void small_code(void **state)
{
    (void)state;
    starts_and_drives_the_flash("interrupts-Os.elf");
}

static void fast_code(void **state)
{
    (void)state;
    starts_and_drives_the_flash("interrupts-O2.elf");
}

static void echoes_by_interrupts(void **state)
{
    (void)state;
    const char *link = in_folder("port");
    pid_t pid = sim_start(CHIP "--load %s --uart lpuart1=pty:%s", image("interrupts-Os.elf"), link);
    int fd = open_port(link);
    assert_true(port_expect(fd, "listening"));
    port_write(fd, "the quick brown fox jumps over the lazy dog");
    assert_true(port_expect(fd, "the quick brown fox jumps over the lazy dog"));
    port_write(fd, "reset");
    assert_true(port_expect(fd, "started after software reset"));
    assert_true(port_expect(fd, "listening"));
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect(sim_wait(pid), 0);
    close(fd);
}

/* More than the buffer holds, at 921600 baud without a gap: wraps, half and full. */
static void dma(const char *chip, const char *elf)
{
    const char *link = in_folder("port");
    char text[1001], answer[64];
    uint32_t sum = 0;
    pid_t pid = sim_start("--chip %s --load %s --uart board=pty:%s", chip, image(elf), link);
    int fd = open_port(link);
    assert_true(port_expect(fd, "listening"));
    for (size_t i = 0; i < 1000; i++) {
        text[i] = (char)('!' + i * 7u % 90u);
        sum = sum * 31u + (uint8_t)text[i];
    }
    text[1000] = '\0';
    port_write(fd, text);
    (void)snprintf(answer, sizeof answer, "bytes 1000 sum %08lX", (unsigned long)sum);
    assert_true(port_expect(fd, answer));
    assert_int_equal(kill(pid, SIGTERM), 0);
    expect(sim_wait(pid), 0);
    close(fd);
}

static void receives_by_dma(void **state)
{
    (void)state;
    dma("stm32g474re", "dma-Os.elf");
}

static void receives_by_dma_on_the_l476(void **state)
{
    (void)state;
    dma("stm32l476rg", "dma-l476.elf");
}

static void receives_by_dma_on_the_l4r5(void **state)
{
    (void)state;
    dma("stm32l4r5zi", "dma-l4r5.elf");
}

static void receives_by_dma_on_the_u575(void **state)
{
    (void)state;
    dma("stm32u575zi", "dma-u575.elf");
}

static void receives_by_dma_on_the_f767(void **state)
{
    (void)state;
    dma("stm32f767zi", "dma-f767.elf");
}

static void receives_by_dma_on_the_h743(void **state)
{
    (void)state;
    dma("stm32h743zi", "dma-h743.elf");
}

/* Hard float, in the program and in an interrupt that comes in the middle of it. */
static void computes_with_the_fpu(void **state)
{
    (void)state;
    volatile float sum = 0.0f;
    for (unsigned n = 200000u; n > 0u; n--) {
        float x = (float)n;
        sum += 1.0f / (x * x);
    }
    float result = sum;
    uint32_t bits;
    char line[32];
    memcpy(&bits, &result, sizeof bits);
    (void)snprintf(line, sizeof line, "sum %08lX\r\n", (unsigned long)bits);
    expect(sim("", CHIP "--load %s --uart lpuart1=stdio --until done --for 1s --quiet",
               image("float.elf")), 0);
    assert_string_equal(err, "");
    assert_non_null(strstr(out, line));
    assert_non_null(strstr(out, "decays: many\r\n"));
}

/* The tour of a board in three lives: what it prints, in that order. What comes in is long enough
 * to last until the second life listens. */
static void tour(const char *chip, const char *elf, const char *name, unsigned long hz)
{
    static char input[20000];
    char first[80], second[80], third[80];
    memset(input, 'x', sizeof input - 1u);
    const char *format = "%s started after %s reset at %lu Hz\r\n";
    (void)snprintf(first, sizeof first, format, name, "power", hz);
    (void)snprintf(second, sizeof second, format, name, "software", hz);
    (void)snprintf(third, sizeof third, format, name, "watchdog", hz);
    const char *const lines[] = {first, "delay of 10 ms: 10 to 11\r\n", "led blinked\r\n",
                                 "by interrupt, a byte at a time\r\n",
                                 "flash: errors 0, blank, verified\r\n", second,
                                 "backup registers kept\r\n", "listening\r\n", "heard xxxxx\r\n",
                                 "watchdog fed for 200 ms\r\n", third, "done"};
    expect(sim(input, "--chip %s --load %s --uart board=stdio --until done --for 10s --quiet", chip,
               image(elf)), 0);
    assert_string_equal(err, "");
    const char *at = out;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        at = strstr(at, lines[i]);
        if (at == NULL) {
            fail_msg("'%s' is missing, or not in its place, in '%s'", lines[i], out);
        }
        at += strlen(lines[i]);
    }
}

static void tour_of_the_l476(void **state)
{
    (void)state;
    tour("stm32l476rg", "tour-l476.elf", "L476", 80000000u);
}

static void tour_of_the_l4r5(void **state)
{
    (void)state;
    tour("stm32l4r5zi", "tour-l4r5.elf", "L4R5", 120000000u);
}

static void tour_of_the_u575(void **state)
{
    (void)state;
    tour("stm32u575zi", "tour-u575.elf", "U575", 160000000u);
}

static void tour_of_the_f767(void **state)
{
    (void)state;
    tour("stm32f767zi", "tour-f767.elf", "F767", 216000000u);
}

static void tour_of_the_h743(void **state)
{
    (void)state;
    tour("stm32h743zi", "tour-h743.elf", "H743", 400000000u);
}

static void tour_of_the_h7a3(void **state)
{
    (void)state;
    tour("stm32h7a3zi", "tour-h7a3.elf", "H7A3", 280000000u);
}

static void receives_by_dma_on_the_h7a3(void **state)
{
    (void)state;
    dma("stm32h7a3zi", "dma-h7a3.elf");
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(small_code), TEST(fast_code),
                                       TEST(echoes_by_interrupts), TEST(receives_by_dma),
                                       TEST(computes_with_the_fpu), TEST(tour_of_the_l476),
                                       TEST(tour_of_the_l4r5), TEST(tour_of_the_u575),
                                       TEST(tour_of_the_f767), TEST(tour_of_the_h743),
                                       TEST(receives_by_dma_on_the_l476),
                                       TEST(receives_by_dma_on_the_l4r5),
                                       TEST(receives_by_dma_on_the_u575),
                                       TEST(receives_by_dma_on_the_f767),
                                       TEST(receives_by_dma_on_the_h743),
                                       TEST(tour_of_the_h7a3),
                                       TEST(receives_by_dma_on_the_h7a3)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
