/* twinbank-torture: every flash operation of every scenario, interrupted in every way, on the
 * real ARM binaries. See docs/torture.md. */
#define _DEFAULT_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "torture/lives.h"
#include "torture/plant.h"

#define TICK_US 200000u
#define BAR_WIDTH 24u

typedef struct options {
    const char *chip, *only, *replay, *plant;
    uint32_t seed;
    unsigned depth, jobs, sample;
    unsigned audit;
    bool whole;
} options;

static const char usage[] =
    "usage: twinbank-torture [--chip NAME] [--scenario NAME] [--depth 1|2] [--sample N]\n"
    "                        [--jobs N] [--seed N] [--whole] [--plant FAULT] [--list]\n"
    "       twinbank-torture --replay CASE [--chip NAME]\n"
    "\n"
    "Interrupts every flash operation of every scenario: before, while (five outcomes) and\n"
    "after, by power, pin and watchdog, and judges every recovery. --depth 2 interrupts the\n"
    "recoveries too. --sample N takes one of N of the operations that are not critical.\n"
    "--whole lives every life to its end, even where another one came by the same state.\n"
    "A failure prints a CASE. Firmware is read from build/firmware, or $TB_FIRMWARE_ROOT.\n"
    "Status: 0 all well, 1 a life failed, 2 wrong use or no firmware.\n";

static _Noreturn void wrong(const char *what, const char *value)
{
    fprintf(stderr, "twinbank-torture: %s: %s\n%s", what, value, usage);
    exit(2);
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* ---- options ------------------------------------------------------------ */

static uint32_t number(const char *option, const char *text, uint32_t least, uint32_t most)
{
    char *end;
    unsigned long v = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || v < least || v > most) {
        wrong(option, "not a number in range");
    }
    return (uint32_t)v;
}

static void list(void)
{
    for (size_t i = 0; i < scenario_count; i++) {
        printf("%-16s %s\n", scenarios[i].name, scenarios[i].about);
    }
    exit(0);
}

static const char *known_plant(const char *name)
{
    for (size_t i = 0; plant_names[i] != NULL; i++) {
        if (strcmp(plant_names[i], name) == 0) {
            return name;
        }
    }
    wrong("--plant", "no such fault: stage1, images, stage2, log, injector");
}

static options parse(int argc, char **argv)
{
    options o = {.chip = "stm32g474re", .seed = 1, .depth = 1, .sample = 1};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    o.jobs = cpus < 1 ? 1u : cpus > (long)MOST_JOBS ? MOST_JOBS : (unsigned)cpus;
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--list") == 0) {
            list();
        }
        if (strcmp(name, "--whole") == 0) {
            o.whole = true;
            continue;
        }
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        }
        const char *value = i + 1 < argc ? argv[++i] : NULL;
        if (value == NULL) {
            wrong("what is this, or a value is missing", name);
        } else if (strcmp(name, "--chip") == 0) {
            o.chip = value;
        } else if (strcmp(name, "--scenario") == 0) {
            o.only = value;
        } else if (strcmp(name, "--replay") == 0) {
            o.replay = value;
        } else if (strcmp(name, "--plant") == 0) {
            o.plant = known_plant(value);
        } else if (strcmp(name, "--seed") == 0) {
            o.seed = number(name, value, 0, UINT32_MAX);
        } else if (strcmp(name, "--depth") == 0) {
            o.depth = number(name, value, 1, 2);
        } else if (strcmp(name, "--jobs") == 0) {
            o.jobs = number(name, value, 1, MOST_JOBS);
        } else if (strcmp(name, "--audit") == 0) {
            o.audit = number(name, value, 0, 1000000);
        } else if (strcmp(name, "--sample") == 0) {
            o.sample = number(name, value, 1, 1000000);
        } else {
            wrong("no such option", name);
        }
    }
    return o;
}

/* ---- one scenario ------------------------------------------------------------ */

static void progress(const plan *p, double began, bool terminal)
{
    if (!terminal) {
        return;
    }
    double spent = seconds() - began;
    unsigned done = atomic_load(&p->t->taken);
    unsigned long long lives = atomic_load(&p->t->lives);
    double left = done == 0u ? 0 : spent * (p->cases - done) / done;
    unsigned full = (unsigned)((unsigned long long)done * BAR_WIDTH / p->cases);
    char bar[BAR_WIDTH + 1u];
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full);
    bar[BAR_WIDTH] = '\0';
    printf("\r%-16s [%s] %3u %%  %llu lives, %.0f/s, %.0f s left   ", p->s->name, bar,
           done * 100u / p->cases, lives, spent > 0 ? (double)lives / spent : 0, left);
    fflush(stdout);
}

static void start_workers(const plan *p, unsigned jobs, pid_t *workers)
{
    fflush(stdout);
    for (unsigned i = 0; i < jobs; i++) {
        workers[i] = fork();
        if (workers[i] == 0) {
            plan_work(p, i);
            _exit(0);
        }
        if (workers[i] < 0) {
            wrong("cannot start a process", "fork");
        }
    }
}

static bool all_over(pid_t *workers, unsigned jobs, bool *lost)
{
    bool over = true;
    for (unsigned i = 0; i < jobs; i++) {
        int status = 0;
        if (workers[i] != 0 && waitpid(workers[i], &status, WNOHANG) == workers[i]) {
            workers[i] = 0;
            *lost = *lost || status != 0;
        }
        over = over && workers[i] == 0;
    }
    return over;
}

static void print_failures(const plan *p)
{
    unsigned count = atomic_load(&p->t->failures);
    for (unsigned i = 0; i < count && i < MOST_FAILURES; i++) {
        char text[CASE_TEXT_BYTES];
        case_print(&p->t->failed[i].c, text);
        printf("  FAILED  %s\n          make replay CHIP=%s CASE=%s\n", p->t->failed[i].why,
               p->chip->name, text);
    }
    if (count > MOST_FAILURES) {
        printf("  and %u more\n", count - MOST_FAILURES);
    }
}

/* Failures, the clean run's too. */
static unsigned torture(const options *o, const tb_chip *chip, const scenario *s,
                        unsigned long long *all_lives)
{
    tally *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t == MAP_FAILED) {
        wrong("no memory", s->name);
    }
    plan p = {.chip = chip, .s = s, .seed = o->seed, .depth = o->depth, .sample = o->sample,
              .plant = o->plant, .whole = o->whole, .t = t, .audit = o->audit,
              .memo = memo_new()};
    char why[RIG_TEXT_BYTES];
    if (!plan_count(&p, why)) {
        printf("%-16s FAILED without any interruption: %s\n", s->name, why);
        return 1;
    }
    memset(t, 0, sizeof *t);
    pid_t workers[MOST_JOBS];
    bool terminal = isatty(STDOUT_FILENO) == 1, lost = false;
    double began = seconds();
    start_workers(&p, o->jobs, workers);
    while (!all_over(workers, o->jobs, &lost)) {
        usleep(TICK_US);
        progress(&p, began, terminal);
    }
    double spent = seconds() - began;
    unsigned long long lives = atomic_load(&t->lives);
    unsigned failures = atomic_load(&t->failures) + (lost ? 1u : 0u);
    if (lives - atomic_load(&t->deep) < p.cases) {
        printf("%-16s FAILED: %u cases, %llu lives: some never came\n", s->name, p.cases, lives);
        failures++;
    }
    printf("%s%-16s %4u ops %6llu lives (%llu with two cuts) %5.0f/s  old %llu new %llu rec %llu stage2 %llu"
           "  ran %llu joined %llu audited %llu unfiled %llu longest %.1f s  %s\n",
           terminal ? "\r" : "", s->name, p.ops, lives, atomic_load(&t->deep),
           spent > 0 ? (double)lives / spent : 0, atomic_load(&t->outcome[OUTCOME_OLD]),
           atomic_load(&t->outcome[OUTCOME_NEW]), atomic_load(&t->outcome[OUTCOME_RECOVERED]), atomic_load(&t->outcome[OUTCOME_STAGE2]),
           atomic_load(&t->ran), atomic_load(&t->joined), atomic_load(&t->audited), atomic_load(&t->unfiled),
           (double)atomic_load(&t->longest_us) * 1e-6,
           failures == 0u ? "no brick" : "FAILED");
    print_failures(&p);
    fflush(stdout);
    *all_lives += lives;
    plan_free(&p);
    memo_free(p.memo);
    munmap(t, sizeof *t);
    return failures;
}

int main(int argc, char **argv)
{
    options o = parse(argc, argv);
    const tb_chip *chip = tb_chip_find(o.chip);
    if (chip == NULL || !chip->has_banks) {
        wrong("--chip: no such part with two banks", o.chip);
    }
    if (o.replay != NULL) {
        life_case c;
        if (!case_parse(&c, o.replay)) {
            wrong("--replay: not a case", o.replay);
        }
        char why[RIG_TEXT_BYTES];
        bool good = plan_replay(chip, &c, o.plant, true, why);
        printf("%s: %s\n", good ? "passed" : "FAILED",
               good ? "an image runs, whole, and takes the update again" : why);
        return good ? 0 : 1;
    }
    if (o.only != NULL && scenario_find(o.only, strlen(o.only)) == NULL) {
        wrong("--scenario: none of --list", o.only);
    }
    printf("seed %" PRIu32 ", %s, depth %u, %u at a time\n", o.seed, chip->name, o.depth, o.jobs);
    double began = seconds();
    unsigned failures = 0;
    unsigned long long lives = 0;
    for (size_t i = 0; i < scenario_count; i++) {
        if (o.only == NULL || strcmp(o.only, scenarios[i].name) == 0) {
            failures += torture(&o, chip, &scenarios[i], &lives);
        }
    }
    double spent = seconds() - began;
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    double busy = (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
                  (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
    printf("%llu lives in %.0f s, %.0f/s; %.0f s of processor time, %.0f lives for each; "
           "%u failed\n",
           lives, spent, spent > 0 ? (double)lives / spent : 0, busy,
           busy > 0 ? (double)lives / busy : 0, failures);
    return failures == 0u ? 0 : 1;
}
