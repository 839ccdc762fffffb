/* The far end of a UART on a real pseudo-terminal, without a part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sim/front/wire.h"
#include "tests/sim/rig.h"

#define RCC_AHB2ENR 0x4002104Cu
#define GPIOA_MODER 0x48000000u
#define GPIOA_PUPDR 0x4800000Cu
#define GPIOA_IDR 0x48000010u

static front_wire wire;
static front_error error;
static char folder[64], link_path[96];
static unsigned times_seen;

static void count_seen(void *ctx)
{
    (void)ctx;
    times_seen++;
}

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/tb-wire-XXXXXX");
    times_seen = 0;
    if (!mkdtemp(folder)) {
        return 1;
    }
    strcpy(link_path, folder);
    strcat(link_path, "/port");
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(link_path);
    return rmdir(folder);
}

static void open_port(const char *until)
{
    front_wire_spec spec = {.name = "lpuart1", .kind = FRONT_WIRE_PTY, .path = link_path};
    assert_true(front_wire_open(&wire, &spec, until, count_seen, NULL, &error));
}

static int open_tool(void)
{
    int fd = open(link_path, O_RDWR | O_NOCTTY);
    assert_true(fd >= 0);
    return fd;
}

static void out(const char *text, uint32_t baud)
{
    sim_uart_link l = wire.link;
    for (; *text; text++) {
        l.byte_out(l.ctx, (uint8_t)*text, baud);
    }
}

/* Reads until that many bytes came or nothing more comes. */
static size_t tool_read(int fd, char *data, size_t bytes)
{
    size_t used = 0;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    while (used < bytes && poll(&p, 1, 100) > 0) {
        ssize_t n = read(fd, data + used, bytes - used);
        if (n <= 0) {
            break;
        }
        used += (size_t)n;
    }
    return used;
}

static int next_in(void)
{
    sim_uart_link l = wire.link;
    return l.byte_in(l.ctx);
}

static void round_trip(void **state)
{
    (void)state;
    char data[16];
    open_port(NULL);
    for (int i = 0; i < 2; i++) { /* tools come and go */
        int fd = open_tool();
        out("a\n\rb\x03", 115200);
        front_wire_flush(&wire, 1);
        assert_int_equal(tool_read(fd, data, 5), 5);
        assert_memory_equal(data, "a\n\rb\x03", 5);
        assert_int_equal(write(fd, "\x00\x11\n\r\xFF", 5), 5);
        assert_true(front_wire_fill(&wire));
        static const int expected[] = {0x00, 0x11, '\n', '\r', 0xFF, -1};
        for (size_t k = 0; k < 6; k++) {
            assert_int_equal(next_in(), expected[k]);
        }
        close(fd);
    }
    assert_int_equal(wire.sent, 10);
    assert_int_equal(wire.received, 10);
    front_wire_close(&wire);
    assert_int_equal(access(link_path, F_OK), -1);
}

static void bytes_in_are_seen_without_a_fill(void **state)
{
    (void)state;
    open_port(NULL);
    int fd = open_tool();
    assert_int_equal(next_in(), -1);
    assert_int_equal(write(fd, "x", 1), 1);
    assert_int_equal(next_in(), 'x');
    assert_int_equal(next_in(), -1);
    close(fd);
    front_wire_close(&wire);
}

/* Sends until the line is full and some waits; the kernel takes what it likes. */
static size_t fill_up(void)
{
    size_t sent = 0;
    while (wire.out_used < 5000u) {
        char text[2] = {(char)('A' + sent++ % 57), 0};
        out(text, 115200);
        if (!wire.out_blocked) {
            front_wire_flush(&wire, 1);
        }
    }
    assert_true(front_wire_events(&wire) & POLLOUT);
    return sent;
}

static void slow_reader_loses_nothing(void **state)
{
    (void)state;
    char got[1000];
    open_port(NULL);
    int fd = open_tool();
    size_t sent = fill_up(), used = 0;
    while (used < sent) {
        size_t n = tool_read(fd, got, sizeof got);
        assert_true(n > 0);
        for (size_t i = 0; i < n; i++, used++) {
            assert_int_equal(got[i], (char)('A' + used % 57));
        }
        front_wire_flush(&wire, 2);
    }
    assert_int_equal(used, sent);
    assert_int_equal(wire.dropped, 0);
    close(fd);
    front_wire_close(&wire);
}

static void unread_output_drops_the_oldest(void **state)
{
    (void)state;
    open_port(NULL);
    for (unsigned i = 0; i < FRONT_OUT_BYTES + 100u; i++) {
        out(i < 100u ? "o" : "n", 115200);
    }
    assert_int_equal(wire.dropped, 100);
    assert_int_equal(wire.out_used, FRONT_OUT_BYTES);
    assert_int_equal(wire.out[wire.out_head], 'n');
    for (int i = 0; i < 8 && !wire.out_blocked; i++) {
        while (wire.out_used < FRONT_OUT_BYTES) {
            out("n", 115200);
        }
        front_wire_flush(&wire, 1000);
    }
    while (wire.out_used < FRONT_OUT_BYTES) {
        out("n", 115200);
    }
    assert_true(front_wire_backlog(&wire, 2000)); /* somebody may be about to read */
    assert_false(front_wire_backlog(&wire, 3000000000u)); /* nobody does */
    front_wire_close(&wire);
}

static void a_flush_by_the_tool_reaches_the_buffer(void **state)
{
    (void)state;
    char data[8];
    open_port(NULL);
    (void)fill_up();
    int fd = open_tool();
    assert_int_equal(tcflush(fd, TCIFLUSH), 0);
    (void)front_wire_fill(&wire);
    assert_int_equal(wire.out_used, 0);
    out("new", 115200);
    front_wire_flush(&wire, 2);
    assert_int_equal(tool_read(fd, data, 8), 3);
    assert_memory_equal(data, "new", 3);
    close(fd);
    front_wire_close(&wire);
}

static void text_is_found(void **state)
{
    (void)state;
    open_port("aabaac");
    out("aabaabaa", 115200);
    assert_int_equal(times_seen, 0);
    out("c", 115200); /* the overlap of a failed match counts */
    assert_int_equal(times_seen, 1);
    out("aabaac", 115200);
    assert_int_equal(times_seen, 2);
    front_wire_close(&wire);
}

static void the_link_replaces_links_only(void **state)
{
    (void)state;
    front_wire_spec spec = {.name = "lpuart1", .kind = FRONT_WIRE_PTY, .path = link_path};
    assert_int_equal(symlink("/nowhere", link_path), 0);
    assert_true(front_wire_open(&wire, &spec, NULL, NULL, NULL, &error));
    close(open_tool());
    front_wire_close(&wire);
    int fd = open(link_path, O_CREAT | O_WRONLY, 0600);
    close(fd);
    assert_false(front_wire_open(&wire, &spec, NULL, NULL, NULL, &error));
    assert_non_null(strstr(error.text, "is not a symbolic link"));
    front_wire_close(&wire);
    assert_int_equal(access(link_path, F_OK), 0);
}

static void a_link_taken_over_is_left(void **state)
{
    (void)state;
    open_port(NULL);
    assert_int_equal(unlink(link_path), 0);
    assert_int_equal(symlink("/another", link_path), 0);
    front_wire_close(&wire);
    struct stat st;
    assert_int_equal(lstat(link_path, &st), 0);
}

static void set_speed(int fd, speed_t speed)
{
    struct termios t;
    assert_int_equal(tcgetattr(fd, &t), 0);
    cfsetispeed(&t, speed);
    cfsetospeed(&t, speed);
    assert_int_equal(tcsetattr(fd, TCSANOW, &t), 0);
}

static void rates_are_compared(void **state)
{
    (void)state;
    char text[256];
    open_port(NULL);
    int fd = open_tool();
    out("x", 115200);
    assert_false(front_wire_baud_warning(&wire, text, sizeof text)); /* none was ever set */
    set_speed(fd, B115200);
    out("x", 115200);
    assert_false(front_wire_baud_warning(&wire, text, sizeof text));
    out("x", 114300); /* what a divider makes of it */
    assert_false(front_wire_baud_warning(&wire, text, sizeof text));
    set_speed(fd, B9600);
    out("x", 114300);
    assert_true(front_wire_baud_warning(&wire, text, sizeof text));
    assert_non_null(strstr(text, "9600"));
    assert_non_null(strstr(text, "114300"));
    out("x", 114300);
    assert_false(front_wire_baud_warning(&wire, text, sizeof text)); /* once */
    out("x", 921600);
    assert_true(front_wire_baud_warning(&wire, text, sizeof text));
    close(fd);
    front_wire_close(&wire);
}

/* As with `flash --fast`: an answer at the old rate, then both ends change, the tool first. */
static void a_change_of_both_ends_is_no_mismatch(void **state)
{
    (void)state;
    char text[256], data[8];
    open_port(NULL);
    int fd = open_tool();
    set_speed(fd, B115200);
    out("yes", 115200);
    front_wire_flush(&wire, 1);
    assert_int_equal(tool_read(fd, data, 3), 3);
    set_speed(fd, B921600);
    assert_false(front_wire_baud_warning(&wire, text, sizeof text)); /* it came in time */
    assert_int_equal(write(fd, "!", 1), 1);
    assert_int_equal(next_in(), '!');
    assert_false(front_wire_baud_warning(&wire, text, sizeof text));
    out("yes", 921600);
    front_wire_flush(&wire, 2);
    assert_int_equal(tool_read(fd, data, 3), 3);
    set_speed(fd, B115200); /* and back */
    assert_int_equal(write(fd, "!", 1), 1);
    assert_int_equal(next_in(), '!');
    assert_false(front_wire_baud_warning(&wire, text, sizeof text));
    out("no", 921600); /* which the part has not done */
    front_wire_flush(&wire, 3);
    assert_true(front_wire_baud_warning(&wire, text, sizeof text));
    assert_non_null(strstr(text, "115200 baud"));
    close(fd);
    front_wire_close(&wire);
}

static void a_wrong_name_is_told_and_connects_nothing(void **state)
{
    (void)state;
    front_wire_spec spec = {.name = "usart9", .kind = FRONT_WIRE_PTY, .path = link_path};
    sim_machine *m = rig_new("stm32g474re");
    assert_true(front_wire_open(&wire, &spec, NULL, NULL, NULL, &error));
    assert_false(front_wire_connect(&wire, m, &error));
    assert_non_null(strstr(error.text, "stm32g474re has no uart named 'usart9'; it has lpuart1, "
                                       "usart1, usart2, usart3, uart4, uart5"));
    wr(m, RCC_AHB2ENR, 1u);
    wr(m, GPIOA_MODER, 0xABFFFF3Fu); /* PA3, the receive pin of LPUART1 and USART2: an input */
    wr(m, GPIOA_PUPDR, 2u << 6);     /* pulled down: a far end would hold it high */
    assert_int_equal(rd(m, GPIOA_IDR) & 1u << 3, 0);
    strcpy(wire.spec.name, "lpuart1");
    assert_true(front_wire_connect(&wire, m, &error));
    assert_int_equal(rd(m, GPIOA_IDR) & 1u << 3, 1u << 3);
    front_wire_close(&wire);
    sim_free(m);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(round_trip),
        TEST(bytes_in_are_seen_without_a_fill),
        TEST(slow_reader_loses_nothing),
        TEST(unread_output_drops_the_oldest),
        TEST(a_flush_by_the_tool_reaches_the_buffer),
        TEST(text_is_found),
        TEST(the_link_replaces_links_only),
        TEST(a_link_taken_over_is_left),
        TEST(rates_are_compared),
        TEST(a_change_of_both_ends_is_no_mismatch),
        TEST(a_wrong_name_is_told_and_connects_nothing)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
