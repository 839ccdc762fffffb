/* test_e2e_bad_link [--chip NAME] [--seed N] [--frames N] [--jobs N] [--case N]
 * Updates of the real firmware over a line that drops, doubles, swaps, damages, stalls and
 * babbles, with power cuts in between, until that many frames were on the line. --case: one
 * case again, told as it goes. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/e2e/link_case.h"

#define MOST_JOBS 64u

static struct options {
    const char *chip;
    uint32_t seed, jobs;
    uint64_t frames;
    long one_case; /* -1: none */
} o = {"stm32g474re", 1, 1, 12000, -1};

static uint32_t running_case;
static bool finished;

/* The board's own complaints end the process: the case is told all the same. */
static void tell_case(void)
{
    if (!finished) {
        fprintf(stderr, "again: make torture-link CHIP=%s SEED=%" PRIu32 " CASE=%" PRIu32 "\n",
                o.chip, o.seed, running_case);
    }
}

static void add(link_tally *sum, const link_tally *t)
{
    uint64_t longest = t->longest_ms > sum->longest_ms ? t->longest_ms : sum->longest_ms;
    uint64_t *to = (uint64_t *)sum;
    const uint64_t *from = (const uint64_t *)t;

    for (size_t i = 0; i < sizeof *sum / sizeof *to; i++) {
        to[i] += from[i];
    }
    sum->longest_ms = longest;
}

static void work(uint32_t job, int result)
{
    link_tally tally = {0};

    atexit(tell_case);
    for (uint32_t k = job; tally.frames < o.frames / o.jobs; k += o.jobs) {
        running_case = k;
        if (!link_case_run(o.chip, o.seed, k, false, &tally)) {
            exit(1);
        }
        if (job == 0 && tally.cases % 50u == 0) {
            fprintf(stderr, "%" PRIu64 " of %" PRIu64 " frames\n", tally.frames * o.jobs, o.frames);
        }
    }
    finished = true;
    exit(write(result, &tally, sizeof tally) == (ssize_t)sizeof tally ? 0 : 2);
}

static bool run(link_tally *sum)
{
    int results[2];
    bool good = pipe(results) == 0;

    for (uint32_t job = 0; good && job < o.jobs; job++) {
        pid_t child = fork();
        good = child >= 0;
        if (child == 0) {
            close(results[0]);
            work(job, results[1]);
        }
    }
    close(results[1]);
    link_tally tally;
    while (read(results[0], &tally, sizeof tally) == (ssize_t)sizeof tally) {
        add(sum, &tally);
    }
    for (int status; wait(&status) > 0;) {
        good = good && WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    return good;
}

static void print(const link_tally *t)
{
    printf("%" PRIu64 " cases, %" PRIu64 " frames: %" PRIu64 " dropped, %" PRIu64
           " doubled, %" PRIu64 " swapped, %" PRIu64 " damaged, %" PRIu64 " stalls, %" PRIu64 " made up\n",
           t->cases, t->frames, t->dropped, t->doubled, t->reordered, t->corrupted, t->stalled,
           t->babbled);
    printf("%" PRIu64 " power cuts, %" PRIu64 " resets, %" PRIu64 " flash operations, %" PRIu64
           " s of virtual time\n",
           t->cuts, t->resets, t->operations, t->virtual_ms / 1000u);
    printf("under attack %" PRIu64 " updates done, %" PRIu64 " given up with a reason, the longest "
           "after %" PRIu64 " s; afterwards %" PRIu64 " of %" PRIu64 " devices updated\n",
           t->updates_done, t->updates_given_up, t->longest_ms / 1000u, t->cases, t->cases);
}

static bool parse(int argc, char **argv)
{
    for (int i = 1; i + 1 < argc; i += 2) {
        const char *name = argv[i], *value = argv[i + 1];
        unsigned long long number = strtoull(value, NULL, 10);

        if (strcmp(name, "--chip") == 0) {
            o.chip = value;
        } else if (strcmp(name, "--seed") == 0) {
            o.seed = (uint32_t)number;
        } else if (strcmp(name, "--frames") == 0) {
            o.frames = number;
        } else if (strcmp(name, "--jobs") == 0 && number > 0 && number <= MOST_JOBS) {
            o.jobs = (uint32_t)number;
        } else if (strcmp(name, "--case") == 0) {
            o.one_case = (long)number;
        } else {
            return false;
        }
    }
    return argc % 2 == 1;
}

int main(int argc, char **argv)
{
    link_tally tally = {0};

    if (!parse(argc, argv)) {
        fprintf(stderr, "usage: %s [--chip NAME] [--seed N] [--frames N] [--jobs N] [--case N]\n",
                argv[0]);
        return 2;
    }
    if (o.one_case >= 0) {
        return link_case_run(o.chip, o.seed, (uint32_t)o.one_case, true, &tally) ? 0 : 1;
    }
    printf("seed %" PRIu32 ", %s\n", o.seed, o.chip);
    fflush(stdout);
    bool good = run(&tally);
    print(&tally);
    return good ? 0 : 1;
}
