/* twinbank-torture: every flash operation of every scenario, interrupted in every way, on the
 * real ARM binaries. See docs/torture.md. */
#define _DEFAULT_SOURCE
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "torture/lives.h"
#include "torture/plant.h"
#include "torture/pool.h"
#include "torture/report.h"
#include "torture/shrink.h"

#define BAR_WIDTH 24u
#define PLAIN_SECONDS 5.0 /* between lines of progress where there is no terminal */
#define MOST_CHIPS 16u
#define PAIRS_ELSEWHERE 4u
#define SHRUNK 2u /* failures of a scenario that are made shorter */

typedef struct options {
    const char *only, *replay, *plant, *html, *json;
    const tb_chip *chip[MOST_CHIPS];
    unsigned chips;
    uint32_t seed;
    unsigned depth, jobs, sample, pairs, audit;
    bool whole, exact;
} options;

static const char usage[] =
    "usage: twinbank-torture [--chip NAME[,NAME...]] [--scenario NAME] [--depth 1|2]\n"
    "                        [--sample N] [--pairs N] [--jobs N] [--seed N] [--audit N]\n"
    "                        [--whole] [--exact] [--html FILE] [--json FILE]\n"
    "                        [--plant FAULT] [--list]\n"
    "       twinbank-torture --replay CASE [--chip NAME]\n"
    "\n"
    "Interrupts every flash operation of every scenario: before, while (five outcomes) and\n"
    "after, by power, pin and watchdog, and judges every recovery. --depth 2 interrupts the\n"
    "recoveries too. --sample N takes one of N of the operations that are not critical,\n"
    "--pairs N one of N of the pairs of those that are (all of a G4's, one of 4 of others).\n"
    "A life whose course is known, as a run of the same beginning has read the same, is judged\n"
    "without being run: --audit N runs one of N of these all the same, and compares; --exact\n"
    "takes no page for known by its kind alone; --whole runs every life to its end.\n"
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
    if (plant_known(name) == NULL) {
        wrong("--plant: no such fault (docs/torture.md)", name);
    }
    return name;
}

static void add_chips(options *o, const char *names)
{
    o->chips = 0;
    while (*names != '\0') {
        char name[32];
        size_t length = strcspn(names, ",");
        snprintf(name, sizeof name, "%.*s", (int)length, names);
        const tb_chip *chip = tb_chip_find(name);
        if (chip == NULL || !chip->has_banks || o->chips == MOST_CHIPS) {
            wrong("--chip: no such part with two banks", name);
        }
        o->chip[o->chips++] = chip;
        names += length + (names[length] == ',');
    }
}

static void take_value(options *o, const char *name, const char *value)
{
    if (strcmp(name, "--chip") == 0) {
        add_chips(o, value);
    } else if (strcmp(name, "--scenario") == 0) {
        o->only = value;
    } else if (strcmp(name, "--replay") == 0) {
        o->replay = value;
    } else if (strcmp(name, "--plant") == 0) {
        o->plant = known_plant(value);
    } else if (strcmp(name, "--html") == 0) {
        o->html = value;
    } else if (strcmp(name, "--json") == 0) {
        o->json = value;
    } else if (strcmp(name, "--seed") == 0) {
        o->seed = number(name, value, 0, UINT32_MAX);
    } else if (strcmp(name, "--depth") == 0) {
        o->depth = number(name, value, 1, 2);
    } else if (strcmp(name, "--jobs") == 0) {
        o->jobs = number(name, value, 1, MOST_JOBS);
    } else if (strcmp(name, "--audit") == 0) {
        o->audit = number(name, value, 0, 1000000);
    } else if (strcmp(name, "--pairs") == 0) {
        o->pairs = number(name, value, 1, 1000000);
    } else if (strcmp(name, "--sample") == 0) {
        o->sample = number(name, value, 1, 1000000);
    } else {
        wrong("no such option", name);
    }
}

static options parse(int argc, char **argv)
{
    options o = {.seed = 1, .depth = 1, .sample = 1, .audit = 1000};
    long cpus = sysconf(_SC_NPROCESSORS_ONLN);
    o.jobs = cpus < 1 ? 1u : cpus > (long)MOST_JOBS ? MOST_JOBS : (unsigned)cpus;
    add_chips(&o, "stm32g474re");
    for (int i = 1; i < argc; i++) {
        const char *name = argv[i];
        if (strcmp(name, "--list") == 0) {
            list();
        } else if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            exit(0);
        } else if (strcmp(name, "--whole") == 0) {
            o.whole = true;
        } else if (strcmp(name, "--exact") == 0) {
            o.exact = true;
        } else if (i + 1 == argc) {
            wrong("what is this, or a value is missing", name);
        } else {
            take_value(&o, name, argv[++i]);
        }
    }
    if (o.whole && o.depth > 1u) {
        wrong("--whole", "with --depth 1 only: second interruptions follow known courses");
    }
    return o;
}

/* ---- the scenarios of a part ------------------------------------------------------------ */

typedef struct show { /* what is told while they run */
    report_row *row; /* of the first task, the others' behind it */
    task *tasks;
    size_t count, told;
    double began, said;
    bool terminal;
} show;

static void clear_line(const show *x)
{
    fputs(x->terminal ? "\r\033[K" : "", stdout);
}

/* Of what is counted yet: all of it, soon after the start. */
static void progress(show *x)
{
    double now = seconds(), spent = now - x->began;
    unsigned long long cases = 0, done = 0, lives = 0;
    if (!x->terminal && now - x->said < PLAIN_SECONDS) {
        return;
    }
    x->said = now;
    for (size_t i = 0; i < x->count; i++) {
        const task *t = &x->tasks[i];
        cases += atomic_load(&t->stage) == TASK_READY ? t->p.cases : 0u;
        done += atomic_load(&t->t.taken);
        lives += atomic_load(&t->t.lives);
    }
    if (cases == 0u) {
        return;
    }
    unsigned full = (unsigned)(done * BAR_WIDTH / cases);
    char bar[BAR_WIDTH + 1u];
    memset(bar, '.', BAR_WIDTH);
    memset(bar, '#', full < BAR_WIDTH ? full : BAR_WIDTH);
    bar[BAR_WIDTH] = '\0';
    printf("%s%s%s %3llu %%  %llu lives, %.0f/s, %.0f s left%s", x->terminal ? "\r[" : "  ",
           x->terminal ? bar : "", x->terminal ? "]" : "",
           done * 100u / cases, lives, spent > 0 ? (double)lives / spent : 0,
           done == 0u ? 0 : spent * (double)(cases - done) / (double)done,
           x->terminal ? "   " : "\n");
    fflush(stdout);
}

static void fill_row(report_row *row, const plan *p, bool lost)
{
    const tally *t = p->t;
    row->ops = p->ops;
    row->cases = p->cases;
    row->lives = atomic_load(&t->lives);
    row->deep = atomic_load(&t->deep);
    row->ran = atomic_load(&t->ran);
    row->joined = atomic_load(&t->joined);
    row->audited = atomic_load(&t->audited);
    row->checks = atomic_load(&t->checks);
    row->longest_us = atomic_load(&t->longest_us);
    row->deep_locked = atomic_load(&t->deep_locked);
    row->most_boots = atomic_load(&t->most_boots);
    row->wear = p->wear;
    row->clean_us = p->clean_us;
    row->failures = atomic_load(&t->failures) + (lost ? 1u : 0u);
    for (unsigned k = 0; k < OUTCOMES; k++) {
        row->outcome[k] = atomic_load(&t->outcome[k]);
        for (unsigned i = 0; i < 2u * BINS; i++) {
            row->bin[i / BINS][i % BINS][k] = atomic_load(&t->bin[i / BINS][i % BINS][k]);
        }
    }
}

static void print_failures(const plan *p, report_row *row)
{
    unsigned count = atomic_load(&p->t->failures);
    for (unsigned i = 0; i < count && i < MOST_FAILURES; i++) {
        life_case c = p->t->failed[i].c;
        char text[CASE_TEXT_BYTES];
        case_print(&c, text);
        printf("  FAILED  %s\n          make replay CHIP=%s CASE=%s\n", p->t->failed[i].why,
               p->chip->name, text);
        if (i < REPORT_CASES) {
            memcpy(row->failed[i], text, sizeof text);
            memcpy(row->why[i], p->t->failed[i].why, sizeof row->why[i]);
        }
        if (i < SHRUNK && shrink(p->chip, &c, p->plant)) {
            case_print(&c, text);
            printf("          shorter: make replay CHIP=%s CASE=%s\n", p->chip->name, text);
        }
    }
    if (count > MOST_FAILURES) {
        printf("  and %u more\n", count - MOST_FAILURES);
    }
}

/* What must be true of the run itself. */
static unsigned account(const plan *p)
{
    const tally *t = p->t;
    unsigned wrongs = 0;
    unsigned long long first = atomic_load(&t->lives) - atomic_load(&t->deep);
    if (first < p->cases && atomic_load(&t->failures) == 0u) {
        printf("  FAILED  %u cases, %llu lives: some never came\n", p->cases, first);
        wrongs++;
    }
    if (atomic_load(&t->scheduled) != atomic_load(&t->fired)) {
        printf("  FAILED  %llu interruptions scheduled, %llu fired\n",
               (unsigned long long)atomic_load(&t->scheduled),
               (unsigned long long)atomic_load(&t->fired));
        wrongs++;
    }
    if (atomic_load(&t->unfiled) != 0u) {
        printf("  FAILED  the second interruptions of %llu lives were not reached\n",
               (unsigned long long)atomic_load(&t->unfiled));
        wrongs++;
    }
    return wrongs;
}

static void print_row(const report_row *row)
{
    char beyond[80] = "";
    if (row->s->settle != NULL) {
        snprintf(beyond, sizeof beyond, "programmer %llu locked %llu, twice cut %llu  ",
                 row->outcome[OUTCOME_PROGRAMMER], row->outcome[OUTCOME_LOCKED],
                 row->deep_locked);
    }
    printf("%-15s %4u ops %7llu lives (%llu twice cut; %llu run, %llu compared) "
           "%5.0f for a second of a core  old %llu new %llu recovered %llu stage 2 %llu  "
           "%slongest %u boots, %.1f s  %s\n",
           row->s->name, (unsigned)row->ops, row->lives, row->deep, row->ran, row->audited,
           row->seconds > 0 ? (double)row->lives / row->seconds : 0, row->outcome[OUTCOME_OLD],
           row->outcome[OUTCOME_NEW], row->outcome[OUTCOME_RECOVERED],
           row->outcome[OUTCOME_STAGE2], beyond, row->most_boots, (double)row->longest_us * 1e-6,
           row->failures == 0u ? "no brick" : "FAILED");
}

/* Of all scenarios of a part together. */
static void told_of_part(const report_row *row, size_t count, double took)
{
    unsigned long long lives = 0, ran = 0;
    double busy = 0;
    for (size_t i = 0; i < count; i++) {
        lives += row[i].lives;
        ran += row[i].ran;
        busy += row[i].seconds;
    }
    if (count > 1u) {
        printf("%-15s %llu lives in %.1f s, %.0f/s; %llu of them run; %.1f s of processor time\n",
               row->chip->name, lives, took, took > 0 ? (double)lives / took : 0, ran, busy);
    }
}

static void tell(const task *t, report_row *row)
{
    row->seconds = (double)atomic_load(&t->busy_us) * 1e-6;
    if (atomic_load(&t->stage) != TASK_READY) {
        printf("%-15s FAILED without any interruption: %s\n", row->s->name, t->why);
        row->failures = 1;
        return;
    }
    fill_row(row, &t->p, atomic_load(&t->lost));
    row->failures += account(&t->p);
    print_row(row);
    print_failures(&t->p, row);
}

/* Those that are done, in their order, and how far the rest is. */
static void tick(void *ctx)
{
    show *x = ctx;
    while (x->told < x->count &&
           (pool_is_done(&x->tasks[x->told]) || atomic_load(&x->tasks[x->told].lost))) {
        clear_line(x);
        tell(&x->tasks[x->told], &x->row[x->told]);
        x->told++;
        fflush(stdout);
    }
    if (x->told < x->count) {
        progress(x);
    }
}

/* So that all pairs of a part, or the sample, end within minutes. */
static unsigned pairs_of(const tb_chip *chip)
{
    return chip->family == TB_FAMILY_G4 ? 1u : PAIRS_ELSEWHERE;
}

static void torture(const options *o, report_row *row, size_t count)
{
    double began = seconds();
    show x = {.row = row, .tasks = pool_new(count), .count = count,
              .began = began, .said = began, .terminal = isatty(STDOUT_FILENO) == 1};
    if (x.tasks == NULL) {
        wrong("no memory", row->chip->name);
    }
    for (size_t i = 0; i < count; i++) {
        x.tasks[i].p = (plan){.chip = row[i].chip, .s = row[i].s, .seed = o->seed,
                              .depth = o->depth, .sample = o->sample, .plant = o->plant,
                              .pairs = o->pairs != 0u ? o->pairs : pairs_of(row[i].chip),
                              .whole = o->whole,
                              .exact = o->exact, .audit = o->audit};
    }
    pool_run(x.tasks, count, o->jobs, tick, &x);
    pool_free(x.tasks, count);
    told_of_part(row, count, seconds() - began);
}

/* ---- all of them ------------------------------------------------------------ */

static bool wanted(const options *o, const scenario *s, const tb_chip *chip)
{
    return (o->only == NULL || strcmp(o->only, s->name) == 0) &&
           (s->applies == NULL || s->applies(chip));
}

static double busy_seconds(void)
{
    struct rusage used;
    getrusage(RUSAGE_CHILDREN, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec) * 1e-6;
}

static unsigned summary(const options *o, report *r, double began)
{
    unsigned long long lives = 0, ran = 0;
    unsigned failures = 0;
    for (size_t i = 0; i < r->rows; i++) {
        lives += r->row[i].lives;
        ran += r->row[i].ran;
        failures += r->row[i].failures;
    }
    r->seconds = seconds() - began;
    r->busy = busy_seconds();
    printf("%llu lives in %.0f s, %.0f/s; %llu of them run; %.0f s of processor time, %.0f lives "
           "for each; %u failed\n",
           lives, r->seconds, r->seconds > 0 ? (double)lives / r->seconds : 0, ran, r->busy,
           r->busy > 0 ? (double)lives / r->busy : 0, failures);
    if (o->html != NULL && !report_html(r, o->html)) {
        wrong("cannot be written", o->html);
    }
    if (o->json != NULL && !report_json(r, o->json)) {
        wrong("cannot be written", o->json);
    }
    if (o->html != NULL) {
        printf("The report: %s\n", o->html);
    }
    return failures;
}

static int replay(const options *o)
{
    life_case c;
    char why[RIG_TEXT_BYTES];
    if (!case_parse(&c, o->replay)) {
        wrong("--replay: not a case", o->replay);
    }
    bool good = plan_replay(o->chip[0], &c, o->plant, true, why);
    printf("%s: %s\n", good ? "passed" : "FAILED",
           good ? "an image runs, whole, and takes the update again" : why);
    return good ? 0 : 1;
}

int main(int argc, char **argv)
{
    options o = parse(argc, argv);
    if (o.replay != NULL) {
        return replay(&o);
    }
    if (o.only != NULL && scenario_find(o.only, strlen(o.only)) == NULL) {
        wrong("--scenario: none of --list", o.only);
    }
    report r = {.seed = o.seed, .depth = o.depth, .sample = o.sample,
                .row = calloc(MOST_CHIPS * scenario_count, sizeof *r.row)};
    if (r.row == NULL) {
        wrong("no memory", "report");
    }
    double began = seconds();
    for (unsigned k = 0; k < o.chips; k++) {
        printf("seed %" PRIu32 ", %s, depth %u, %u at a time\n", o.seed, o.chip[k]->name, o.depth,
               o.jobs);
        size_t first = r.rows;
        for (size_t i = 0; i < scenario_count; i++) {
            if (wanted(&o, &scenarios[i], o.chip[k])) {
                report_row *row = &r.row[r.rows++];
                row->chip = o.chip[k];
                row->s = &scenarios[i];
            }
        }
        if (r.rows > first) {
            torture(&o, &r.row[first], r.rows - first);
        }
    }
    unsigned failures = summary(&o, &r, began);
    free(r.row);
    return failures == 0u ? 0 : 1;
}
