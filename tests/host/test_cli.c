/* The tool itself: exit codes, what it prints, JSON, Ctrl-C, a busy port. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "host/lib/objfile.h"
#include "host/tool/exit_codes.h"
#include "tests/host/pty_device.h"

static char directory[] = "/tmp/twinbank-test-XXXXXX";

typedef struct run {
    pid_t pid;
    int code;
    char out_name[16], err_name[16];
    char out[32768], err[8192];
} run;

static const char *file(const char *name)
{
    static char names[32][128];
    static unsigned next;
    char *p = names[next++ % 32u];
    (void)snprintf(p, sizeof names[0], "%s/%.60s", directory, name);
    return p;
}

/* ---- running it ------------------------------------------------ */

static void redirect(const char *name, int fd)
{
    int to = open(file(name), O_RDWR | O_CREAT | O_TRUNC, 0600);
    if (to < 0 || dup2(to, fd) < 0) {
        _exit(99);
    }
}

static int terminal = -1; /* for standard output */
static int keyboard = -1; /* for standard input */

/* Words are separated by one space; "{name}" stands for a file of this test. A leading
 * NAME=VALUE goes into the environment. */
static void start(run *r, const char *line)
{
    static unsigned number;
    char text[1024], *argv[40] = {(char *)TB_TOOL}, out[16], err[16];
    int argc = 1;
    (void)snprintf(text, sizeof text, "%s", line);
    (void)snprintf(out, sizeof out, "o%u", ++number);
    (void)snprintf(err, sizeof err, "e%u", number);
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid > 0) {
        memcpy(r->out_name, out, sizeof out);
        memcpy(r->err_name, err, sizeof err);
        return;
    }
    (void)unsetenv("NO_COLOR");
    (void)unsetenv("TWINBANK_PORT");
    (void)setenv("LC_ALL", "C.UTF-8", 1);
    for (char *word = strtok(text, " "); word && argc < 39; word = strtok(NULL, " ")) {
        size_t n = strlen(word);
        if (argc == 1 && strchr(word, '=') && word[0] != '-') {
            (void)putenv(word);
        } else if (word[0] == '{' && word[n - 1] == '}') {
            word[n - 1] = 0;
            argv[argc++] = strdup(file(word + 1));
        } else {
            argv[argc++] = word;
        }
    }
    if (keyboard >= 0) {
        (void)dup2(keyboard, 0);
    } else {
        redirect("empty-input", 0);
    }
    if (terminal >= 0) {
        (void)dup2(terminal, 1);
    } else {
        redirect(out, 1);
    }
    redirect(err, 2);
    (void)execv(argv[0], argv);
    _exit(98);
}

static void slurp(const char *name, char *into, size_t room)
{
    FILE *f = fopen(file(name), "rb");
    assert_non_null(f);
    size_t n = fread(into, 1, room - 1, f);
    into[n] = 0;
    (void)fclose(f);
}

static int open_terminal(int *slave)
{
    int master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(master >= 0 && grantpt(master) == 0 && unlockpt(master) == 0);
    *slave = open(ptsname(master), O_RDWR | O_NOCTTY | O_CLOEXEC);
    assert_true(*slave >= 0);
    return master;
}

/* The same with standard output on a terminal of its own; what it shows, in r.out. */
static const run *tool_on_terminal(const char *line)
{
    static run r;
    size_t fill = 0;
    int slave, master = open_terminal(&slave);
    terminal = slave;
    start(&r, line);
    terminal = -1;
    (void)close(slave);
    for (ssize_t n; fill + 1 < sizeof r.out; fill += (size_t)n) {
        n = read(master, r.out + fill, sizeof r.out - 1 - fill);
        if (n <= 0) {
            break; /* the last user of the terminal has gone */
        }
    }
    r.out[fill] = 0;
    (void)close(master);
    int status;
    assert_true(waitpid(r.pid, &status, 0) == r.pid);
    slurp(r.err_name, r.err, sizeof r.err);
    r.code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
    return &r;
}

static void finish(run *r)
{
    int status;
    assert_true(waitpid(r->pid, &status, 0) == r->pid);
    slurp(r->out_name, r->out, sizeof r->out);
    slurp(r->err_name, r->err, sizeof r->err);
    r->code = WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}

static run *tool(const char *format, ...) __attribute__((format(printf, 1, 2)));
static run *tool(const char *format, ...)
{
    static run r;
    char line[1024];
    va_list args;
    va_start(args, format);
    (void)vsnprintf(line, sizeof line, format, args);
    va_end(args);
    start(&r, line);
    finish(&r);
    return &r;
}

/* As somebody at a terminal who answers the question with this. */
static run *tool_answered(const char *answer, const char *line)
{
    int master = open_terminal(&keyboard);
    assert_true(write(master, answer, strlen(answer)) == (ssize_t)strlen(answer));
    run *r = tool("%s", line);
    (void)close(keyboard);
    (void)close(master);
    keyboard = -1;
    return r;
}

static void expect(const run *r, int code, const char *out, const char *err)
{
    if (r->code != code || !strstr(r->out, out) || !strstr(r->err, err)) {
        fail_msg("expected exit %d, '%s', '%s'; got %d\n--- out\n%s--- err\n%s", code, out, err,
                 r->code, r->out, r->err);
    }
}

/* ---- images ------------------------------------------------ */

static const tb_chip *chip(void)
{
    return tb_chip_find("stm32g474re");
}

static void put_image(const char *name, const tb_chip *c, uint32_t version, uint32_t payload)
{
    tb_image_file f = fake_image(c, version, payload, version);
    tb_complaint why;
    assert_true(tb_file_write(file(name), f.data, f.bytes, &why));
    tb_image_file_free(&f);
}

static int set_up(void **state)
{
    (void)state;
    if (!mkdtemp(directory)) {
        return -1;
    }
    put_image("1.1.0.twb", chip(), TB_VERSION(1, 1, 0), 60000);
    put_image("1.2.0.twb", chip(), TB_VERSION(1, 2, 0), 60000);
    put_image("crash.twb", chip(), TB_VERSION(1, 2, FAKE_CRASHES), 8000);
    put_image("never.twb", chip(), TB_VERSION(1, 2, FAKE_NEVER_CONFIRMS), 8000);
    put_image("old.twb", chip(), TB_VERSION(0, 9, 0), 8000);
    put_image("small.twb", tb_chip_find("stm32g474rb"), TB_VERSION(1, 1, 0), 8000);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    char command[64];
    (void)snprintf(command, sizeof command, "rm -r %s", directory);
    return system(command);
}

static void start_device(pty_device *p)
{
    tb_image_file app = fake_image(chip(), TB_VERSION(1, 0, 0), 20000, 1);
    pty_device_start(p, chip(), &app);
    tb_image_file_free(&app);
}

/* ---- without a device ------------------------------------------------ */

static void test_usage(void **state)
{
    (void)state;
    static const char *const verbs[] = {"chips",   "image pack", "image info", "factory",
                                        "flash",   "info",       "map",        "boot",
                                        "confirm", "rollback",   "erase",      "reset",
                                        "mode"};
    expect(tool("%s", ""), TB_EXIT_USAGE, "", "Usage: twinbank VERB");
    expect(tool("--help"), TB_EXIT_OK, "Exit codes:", "");
    expect(tool("--version"), TB_EXIT_OK, "twinbank ", "");
    expect(tool("flahs"), TB_EXIT_USAGE, "", "there is no verb 'flahs'");
    expect(tool("image"), TB_EXIT_USAGE, "", "wants 'pack' or 'info'");
    for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
        char usage[64];
        (void)snprintf(usage, sizeof usage, "Usage: twinbank %s ", verbs[i]);
        expect(tool("%s --help", verbs[i]), TB_EXIT_OK, usage, "");
        expect(tool("%s --nonsense", verbs[i]), TB_EXIT_USAGE, "", "unknown option '--nonsense'");
    }
    expect(tool("flash x.twb"), TB_EXIT_FILE, "", "x.twb: cannot be opened");
    expect(tool("flash {1.1.0.twb}"), TB_EXIT_USAGE, "", "--port PORT is missing");
    expect(tool("flash --port"), TB_EXIT_USAGE, "", "--port needs a value");
    expect(tool("info --port x --baud fast"), TB_EXIT_USAGE, "", "--baud wants a number");
    expect(tool("info --port x --baud 5"), TB_EXIT_USAGE, "", "slowest");
    expect(tool("chips --json=yes"), TB_EXIT_USAGE, "", "takes no value");
    expect(tool("chips more"), TB_EXIT_USAGE, "", "unexpected argument 'more'");
    expect(tool("chips --color sometimes"), TB_EXIT_USAGE, "", "auto, always or never");
    expect(tool("erase --port x"), TB_EXIT_USAGE, "", "--bank");
    expect(tool("mode --port x --dual --single"), TB_EXIT_USAGE, "", "not both");
    expect(tool("mode --port x --erase-all"), TB_EXIT_USAGE, "", "--dual or --single is missing");
    expect(tool("erase --port x --bank 3"), TB_EXIT_USAGE, "", "from 0 to 2");
}

static void test_chips(void **state)
{
    (void)state;
    expect(tool("chips"), TB_EXIT_OK, "stm32g491re: the STM32G491 has one flash bank", "");
    expect(tool("chips"), TB_EXIT_OK, "0x08008400", "");
    const run *r = tool("chips --json");
    json_t *list = json_loads(r->out, 0, NULL);
    assert_true(json_is_array(list));
    size_t count;
    (void)tb_chips(&count);
    assert_int_equal(json_array_size(list), count);
    json_t *first = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(first, "name")), "stm32g474re");
    assert_string_equal(json_string_value(json_object_get(first, "bank2_address")), "0x08040000");
    json_decref(list);
}

static void test_files(void **state)
{
    (void)state;
    expect(tool("image info {1.1.0.twb}"), TB_EXIT_OK, "1.1.0", "");
    expect(tool("image info {nothing.twb}"), TB_EXIT_FILE, "", "cannot be opened");
    expect(tool("image info %s", TB_TOOL), TB_EXIT_FILE, "", "is not a Twinbank image");
    expect(tool("flash --port x %s", TB_TOOL), TB_EXIT_FILE, "", "'twinbank image pack'");
    expect(tool("image pack --chip stm32g474re --version 1 -o {o} x"), TB_EXIT_USAGE, "",
           "--version wants");
    expect(tool("image pack --chip stm32f103 --version 1.0.0 -o {o} x"), TB_EXIT_USAGE, "",
           "no such part");
    expect(tool("image pack --chip stm32g491re --version 1.0.0 -o {o} x"), TB_EXIT_USAGE, "",
           "one flash");
    expect(tool("image pack --chip STM32G474RE --version 1.0.0 -o {o} {1.1.0.twb}"), TB_EXIT_FILE,
           "", "is an image already");
    expect(tool("image pack --chip stm32g474re --version 1.0.0 --build-id xyz -o {o} x"),
           TB_EXIT_USAGE, "", "--build-id wants");
    expect(tool("factory --chip stm32g474re -o {o}"), TB_EXIT_USAGE, "",
           "--stage1 FILE is missing");
    const run *r = tool("image info --json {1.1.0.twb}");
    json_t *j = json_loads(r->out, 0, NULL);
    assert_non_null(j);
    assert_true(json_is_true(json_object_get(j, "good")));
    assert_string_equal(json_string_value(json_object_get(j, "chip")), "stm32g474re");
    json_decref(j);
    r = tool("image info --json {nothing.twb}");
    assert_int_equal(r->code, TB_EXIT_FILE);
    assert_string_equal(r->err, "");
    j = json_loads(r->out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(json_object_get(j, "error"), "exit")), 3);
    json_decref(j);
}

static void test_odd_bytes(void **state)
{
    (void)state;
    const run *r = tool("image info --json /no/\xFF\xFE.twb");
    assert_int_equal(r->code, TB_EXIT_FILE);
    json_t *j = json_loads(r->out, 0, NULL);
    const char *message =
        json_string_value(json_object_get(json_object_get(j, "error"), "message"));
    assert_string_equal(message, "/no/??.twb: cannot be opened: No such file or directory");
    json_decref(j);
}

/* The whole way of a build: raw binary -> image -> seen by image info. */
static void test_pack(void **state)
{
    (void)state;
    uint8_t program[64] = {0};
    uint32_t vectors[2] = {0x20018000u, 0x08008409u};
    tb_complaint why;
    memcpy(program, vectors, sizeof vectors);
    assert_true(tb_file_write(file("p.bin"), program, sizeof program, &why));
    expect(tool("image pack --chip stm32g474re --version 3.2.1 --name tea -o {p.twb} {p.bin}"),
           TB_EXIT_OK, "application 3.2.1 for stm32g474re, 64 bytes", "");
    expect(tool("image info {p.twb}"), TB_EXIT_OK, "tea", "");
    expect(tool("image pack -q --chip stm32g474re --version 3.2.1 -o {p.twb} {p.bin}"), TB_EXIT_OK,
           "", "");
    expect(tool("image pack --chip stm32g474re --version 3.2.1 -o /no/such/dir/x.twb {p.bin}"),
           TB_EXIT_FILE, "", "cannot be written");
    expect(tool("image pack --chip stm32g474re --version 3.2.1 --kind stage2 -o {q.twb} {p.bin}"),
           TB_EXIT_FILE, "", "reset vector 0x08008409 (expected odd, from 0x20004000");
}

static void test_color(void **state)
{
    (void)state;
    assert_null(strstr(tool("chips")->out, "\033["));
    assert_non_null(strstr(tool("chips --color always")->out, "\033["));
    assert_null(strstr(tool("NO_COLOR=1 chips")->out, "\033["));
    assert_null(strstr(tool("chips --color never")->out, "\033["));
}

/* ---- ports ------------------------------------------------ */

static void test_ports(void **state)
{
    (void)state;
    expect(tool("info --port /dev/no-such-port"), TB_EXIT_PORT, "", "cannot be opened");
    expect(tool("info --port /dev/null"), TB_EXIT_PORT, "", "is not a serial port");
    expect(tool("TWINBANK_PORT=/dev/null info"), TB_EXIT_PORT, "", "is not a serial port");
    pty_device p;
    start_device(&p);
    pty_device_mute(&p);
    expect(tool("info --port %s --timeout 1", p.port), TB_EXIT_NO_ANSWER, "",
           "no answer from the device");
    pty_device_stop(&p);
}

/* ---- with a device ------------------------------------------------ */

static void test_flash(void **state)
{
    (void)state;
    pty_device p;
    start_device(&p);
    expect(tool("info --port %s", p.port), TB_EXIT_OK, "stm32g474re", "");
    expect(tool("info --port %s", p.port), TB_EXIT_OK, "confirmed by factory", "");
    const run *r = tool("flash --port %s {1.1.0.twb}", p.port);
    expect(r, TB_EXIT_OK, "booted 1.1.0 from bank 2, confirmed", "");
    expect(r, TB_EXIT_OK, "sent  50 %", "");
    assert_null(strchr(r->out, '\r'));
    assert_null(strstr(r->out, "\033["));
    expect(tool("map --port %s", p.port), TB_EXIT_OK, "◀ running", "");
    expect(tool("LC_ALL=C map --port %s", p.port), TB_EXIT_OK, "< running", "");
    assert_null(strstr(tool("LC_ALL=C map --port %s", p.port)->out, "┌"));
    expect(tool("flash --port %s {1.1.0.twb}", p.port), TB_EXIT_OK, "nothing to do", "");
    expect(tool("flash --port %s --allow-same {1.1.0.twb}", p.port), TB_EXIT_OK,
           "from bank 1, confirmed", "");
    expect(tool("flash --port %s --quiet {1.2.0.twb}", p.port), TB_EXIT_OK, "", "");
    assert_string_equal(tool("flash --port %s --quiet --allow-same {1.2.0.twb}", p.port)->out, "");
    expect(tool("flash --port %s --no-wait --allow-same {1.2.0.twb}", p.port), TB_EXIT_OK,
           "the device resets to boot it", "");
    pty_device_stop(&p);
}

static void test_flash_json(void **state)
{
    (void)state;
    pty_device p;
    start_device(&p);
    run *r = tool("flash --json --port %s {1.1.0.twb}", p.port);
    unsigned lines = 0;
    json_t *last = NULL;
    assert_int_equal(r->code, TB_EXIT_OK);
    for (char *line = strtok(r->out, "\n"); line; line = strtok(NULL, "\n")) {
        json_decref(last);
        last = json_loads(line, 0, NULL);
        assert_non_null(last);
        assert_true(json_is_string(json_object_get(last, "event")));
        lines++;
    }
    assert_true(lines > 5);
    assert_string_equal(json_string_value(json_object_get(last, "fate")), "confirmed");
    assert_int_equal(json_integer_value(json_object_get(last, "bank")), 2);
    json_decref(last);
    r = tool("info --json --port %s", p.port);
    json_t *info = json_loads(r->out, 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(info, "running_bank")), 2);
    json_t *slot = json_array_get(json_object_get(info, "slots"), 1);
    assert_string_equal(json_string_value(json_object_get(slot, "version")), "1.1.0");
    assert_string_equal(json_string_value(json_object_get(slot, "state")), "confirmed");
    json_decref(info);
    pty_device_stop(&p);
}

static void test_not_kept(void **state)
{
    (void)state;
    pty_device p;
    start_device(&p);
    expect(tool("flash --port %s {crash.twb}", p.port), TB_EXIT_NOT_KEPT, "",
           "1.2.2 was rolled back: not confirmed: fault; the device runs 1.0.0 from bank 1");
    expect(tool("map --port %s", p.port), TB_EXIT_OK, "rejected", "");
    expect(tool("flash --port %s --timeout 1 {never.twb}", p.port), TB_EXIT_NOT_KEPT, "",
           "on trial; it was not confirmed in time");
    expect(tool("flash --port %s {1.2.0.twb}", p.port), TB_EXIT_REFUSED, "",
           "[TB_ERR_CONFIRM_FIRST]");
    expect(tool("confirm --port %s", p.port), TB_EXIT_OK, "1.2.1 in bank 2 is confirmed", "");
    expect(tool("rollback --port %s", p.port), TB_EXIT_OK, "1.2.1 in bank 2 is rejected", "");
    expect(tool("reset --port %s", p.port), TB_EXIT_OK, "the device resets", "");
    expect(tool("info --port %s", p.port), TB_EXIT_OK, "rejected: rollback asked for", "");
    expect(tool("flash --port %s --confirm {never.twb}", p.port), TB_EXIT_OK, "confirmed", "");
    pty_device_stop(&p);
}

static void test_refused(void **state)
{
    (void)state;
    pty_device p;
    start_device(&p);
    expect(tool("flash --port %s {small.twb}", p.port), TB_EXIT_REFUSED, "",
           "the device has banks of 256 KB (stm32g474re), the image is for banks of 64 KB "
           "(stm32g474rb)");
    expect(tool("flash --port %s --force-send {small.twb}", p.port), TB_EXIT_REFUSED, "",
           "the device refused the image: made for this chip with another bank size "
           "[TB_ERR_GEOMETRY]");
    expect(tool("flash --port %s {old.twb}", p.port), TB_EXIT_REFUSED, "",
           "the device has 1.0.0 confirmed, the image is the older 0.9.0 [TB_ERR_VERSION]");
    expect(tool("flash --port %s --force-send {old.twb}", p.port), TB_EXIT_REFUSED, "",
           "[TB_ERR_VERSION]");
    expect(tool("rollback --port %s", p.port), TB_EXIT_REFUSED, "", "[TB_ERR_NO_IMAGE]");
    expect(tool("erase --port %s --bank 2", p.port), TB_EXIT_USAGE, "", "say --yes");
    expect(tool("erase --port %s --bank 2 --yes", p.port), TB_EXIT_OK, "bank 2 is erased", "");
    expect(tool("erase --port %s --bank 1 --yes", p.port), TB_EXIT_REFUSED, "", "[TB_ERR_RUNNING]");
    expect(tool("reset --stage2 --port %s", p.port), TB_EXIT_OK, "into stage 2", "");
    expect(tool("info --port %s", p.port), TB_EXIT_OK, "answering  stage 2", "");
    expect(tool("boot --port %s", p.port), TB_EXIT_OK, "boots bank 1", "");
    expect(tool("flash --port %s {1.1.0.twb}", p.port), TB_EXIT_OK, "booted 1.1.0", "");
    pty_device_stop(&p);
}

/* A part found in single-bank mode: every verb says so, and one leads out of it. */
static void test_single_bank(void **state)
{
    (void)state;
    pty_device p;
    start_device(&p);
    pty_device_single_bank(&p);
    expect(tool("info --port %s", p.port), TB_EXIT_REFUSED, "",
           "the part is in single-bank mode [TB_ERR_SINGLE_BANK]");
    expect(tool("flash --port %s {1.1.0.twb}", p.port), TB_EXIT_REFUSED, "",
           "'twinbank mode --dual --erase-all' switches it and erases everything");
    expect(tool("flash --port %s --force-send {1.1.0.twb}", p.port), TB_EXIT_REFUSED, "",
           "[TB_ERR_SINGLE_BANK]");
    expect(tool("mode --port %s", p.port), TB_EXIT_OK, "is in single-bank mode", "");
    expect(tool("mode --port %s --single", p.port), TB_EXIT_OK, "is in single-bank mode", "");
    expect(tool("mode --port %s --dual", p.port), TB_EXIT_REFUSED, "", "say --erase-all");
    expect(tool("mode --port %s --dual --erase-all", p.port), TB_EXIT_USAGE, "", "say --yes");
    const run *r = tool("mode --json --port %s", p.port);
    json_t *j = json_loads(r->out, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(j, "mode")), "single");
    assert_true(json_is_true(json_object_get(j, "switchable")));
    assert_true(json_is_false(json_object_get(j, "erased")));
    json_decref(j);
    expect(tool("mode --port %s --dual --erase-all --yes", p.port), TB_EXIT_OK,
           "resets into dual-bank mode, blank\nNow program its factory file", "");
    expect(tool("info --port %s --timeout 1", p.port), TB_EXIT_NO_ANSWER, "", "no answer");
    pty_device_stop(&p);
}

static void test_mode(void **state)
{
    char line[128];
    (void)state;
    pty_device p;
    start_device(&p);
    expect(tool("mode --port %s", p.port), TB_EXIT_OK, "dual-bank mode: 2 banks of 256 KB", "");
    expect(tool("mode --port %s --single --erase-all --yes", p.port), TB_EXIT_REFUSED, "",
           "cannot be done by what is running now [TB_ERR_NOT_HERE]");
    expect(tool("reset --stage2 --port %s", p.port), TB_EXIT_OK, "into stage 2", "");
    expect(tool("mode --port %s --single --yes", p.port), TB_EXIT_REFUSED, "",
           "all contents would be lost by that [TB_ERR_CONTENTS]");
    expect(tool("mode --port %s --dual --erase-all --yes", p.port), TB_EXIT_OK, "2 banks of", "");
    (void)snprintf(line, sizeof line, "mode --port %s --single --erase-all", p.port);
    expect(tool_answered("n\n", line), TB_EXIT_FAILED, "nothing was changed", "If power fails");
    expect(tool_answered("\n", line), TB_EXIT_FAILED, "nothing was changed", "ALL of its flash");
    expect(tool("boot --port %s", p.port), TB_EXIT_OK, "boots bank 1", ""); /* all is there */
    expect(tool("reset --stage2 --port %s", p.port), TB_EXIT_OK, "into stage 2", "");
    (void)snprintf(line, sizeof line, "mode --json --port %s --single --erase-all", p.port);
    const run *r = tool_answered("y\n", line);
    expect(r, TB_EXIT_OK, "\"after_reset\":\"single\"", "");
    json_t *j = json_loads(r->out, 0, NULL);
    assert_true(json_is_true(json_object_get(j, "erased")));
    json_decref(j);
    pty_device_stop(&p);
}

static void test_protect(void **state)
{
    char line[128];
    (void)state;
    pty_device p;
    start_device(&p);
    expect(tool("protect --port %s", p.port), TB_EXIT_OK, "bank 1: stage 1 is not protected\n"
           "bank 2: stage 1 is not protected", "");
    expect(tool("protect --port %s --stage1 --yes", p.port), TB_EXIT_REFUSED, "",
           "cannot be done by what is running now [TB_ERR_NOT_HERE]");
    expect(tool("protect --port %s --yes", p.port), TB_EXIT_USAGE, "", "--stage1 is missing");
    expect(tool("reset --stage2 --port %s", p.port), TB_EXIT_OK, "into stage 2", "");
    expect(tool("protect --port %s --stage1", p.port), TB_EXIT_USAGE, "", "say --yes");
    (void)snprintf(line, sizeof line, "protect --port %s --stage1", p.port);
    expect(tool_answered("n\n", line), TB_EXIT_FAILED, "nothing was changed", "If power fails");
    expect(tool("protect --port %s --stage1 --yes", p.port), TB_EXIT_OK,
           "bank 1: stage 1 is protected\nbank 2: stage 1 is protected\nread back", "");
    const run *r = tool("protect --json --port %s --stage1", p.port); /* nothing to ask */
    json_t *j = json_loads(r->out, 0, NULL);
    json_t *banks = json_object_get(j, "stage1_protected");
    assert_true(json_is_true(json_array_get(banks, 0)) && json_is_true(json_array_get(banks, 1)));
    assert_true(json_is_true(json_object_get(j, "settable")));
    assert_true(json_is_false(json_object_get(j, "written")));
    json_decref(j);
    expect(tool("reset --port %s", p.port), TB_EXIT_OK, "resets", "");
    expect(tool("protect --port %s", p.port), TB_EXIT_OK, "bank 2: stage 1 is protected", "");
    pty_device_stop(&p);
}

static void test_interrupt_busy_resume(void **state)
{
    (void)state;
    pty_device p;
    static run first;
    char line[128];
    start_device(&p);
    pty_device_stall_after(&p, 40000);
    (void)snprintf(line, sizeof line, "flash --port %s {1.1.0.twb}", p.port);
    start(&first, line);
    pty_device_await_stall(&p);
    /* The second one is told, and disturbs nothing. */
    expect(tool("flash --port %s {1.1.0.twb}", p.port), TB_EXIT_PORT, "",
           "is busy: another twinbank");
    expect(tool("info --port %s", p.port), TB_EXIT_PORT, "", "is busy");
    (void)kill(first.pid, SIGINT);
    finish(&first);
    expect(&first, TB_EXIT_INTERRUPTED, "sent ", "the device still runs 1.0.0 from bank 1");
    expect(&first, TB_EXIT_INTERRUPTED, "", "resumes where this one stopped");
    pty_device_go(&p);
    expect(tool("info --port %s", p.port), TB_EXIT_OK, "update     under way", "");
    expect(tool("flash --port %s {1.1.0.twb}", p.port), TB_EXIT_OK, "resuming at ", "");
    expect(tool("info --port %s", p.port), TB_EXIT_OK, "confirmed by application  <- running", "");
    pty_device_stop(&p);
}

/* The board is unplugged in the middle. */
static void test_port_goes_away(void **state)
{
    (void)state;
    pty_device p;
    static run r;
    char line[128];
    start_device(&p);
    pty_device_stall_after(&p, 30000);
    (void)snprintf(line, sizeof line, "flash --port %s {1.1.0.twb}", p.port);
    start(&r, line);
    pty_device_await_stall(&p);
    pty_device_stop(&p);
    finish(&r);
    expect(&r, TB_EXIT_PORT, "sent ", "went away");
}

static void test_terminal(void **state)
{
    (void)state;
    pty_device p;
    char line[128];
    start_device(&p);
    (void)snprintf(line, sizeof line, "flash --port %s {1.1.0.twb}", p.port);
    const run *r = tool_on_terminal(line);
    expect(r, TB_EXIT_OK, "\r", "");
    expect(r, TB_EXIT_OK, "100 %", "");
    expect(r, TB_EXIT_OK, "\033[32m", "");
    (void)snprintf(line, sizeof line, "NO_COLOR=1 LC_ALL=C flash --port %s {1.2.0.twb}", p.port);
    r = tool_on_terminal(line);
    expect(r, TB_EXIT_OK, "\r##############################", "");
    assert_null(strstr(r->out, "\033["));
    (void)snprintf(line, sizeof line, "flash --json --port %s --allow-same {1.2.0.twb}", p.port);
    r = tool_on_terminal(line);
    expect(r, TB_EXIT_OK, "\"fate\":\"confirmed\"", "");
    assert_null(strstr(r->out, "\033["));
    pty_device_stop(&p);
}

/* ---- the man page ------------------------------------------------ */

static void test_man_page(void **state)
{
    (void)state;
    static const char *const must[] = {
        "chips",
        "image pack",
        "image info",
        "factory",
        "flash",
        "info",
        "map",
        "boot",
        "confirm",
        "rollback",
        "erase",
        "reset",
        "mode",
        "\\-\\-dual",
        "\\-\\-single",
        "\\-\\-erase\\-all",
        "\\-\\-port",
        "\\-\\-baud",
        "\\-\\-json",
        "\\-\\-timeout",
        "\\-\\-force\\-send",
        "\\-\\-no\\-wait",
        "\\-\\-allow\\-same",
        "\\-\\-trial\\-watchdog",
        "NO_COLOR",
        "TWINBANK_PORT",
        ".B 0\n",
        ".B 1\n",
        ".B 2\n",
        ".B 3\n",
        ".B 4\n",
        ".B 5\n",
        ".B 6\n",
        ".B 7\n",
        ".B 130\n",
    };
    char error[256];
    size_t n;
    uint8_t *page = tb_file_read("docs/man/twinbank.1", 1u << 20, &n, error, sizeof error);
    assert_non_null(page);
    char *text = calloc(1, n + 1);
    assert_non_null(text);
    memcpy(text, page, n);
    for (size_t i = 0; i < sizeof must / sizeof must[0]; i++) {
        if (!strstr(text, must[i])) {
            fail_msg("the man page does not mention '%s'", must[i]);
        }
    }
    free(text);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_usage),          cmocka_unit_test(test_chips),
        cmocka_unit_test(test_files),          cmocka_unit_test(test_pack),
        cmocka_unit_test(test_odd_bytes),      cmocka_unit_test(test_color),
        cmocka_unit_test(test_ports),          cmocka_unit_test(test_flash),
        cmocka_unit_test(test_flash_json),     cmocka_unit_test(test_not_kept),
        cmocka_unit_test(test_refused),        cmocka_unit_test(test_interrupt_busy_resume),
        cmocka_unit_test(test_port_goes_away), cmocka_unit_test(test_terminal),
        cmocka_unit_test(test_single_bank),    cmocka_unit_test(test_mode),
        cmocka_unit_test(test_protect),
        cmocka_unit_test(test_man_page),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
