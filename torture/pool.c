#define _DEFAULT_SOURCE
#include "torture/pool.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define TICK_US 20000u
#define PAUSE_US 2000u
#define NOWHERE UINT32_MAX

typedef struct pool {
    task *tasks;
    size_t count;
    pid_t worker[MOST_JOBS];
    atomic_uint *at; /* of each worker: its task; shared */
} pool;

static void *shared(size_t bytes)
{
    void *x = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return x == MAP_FAILED ? NULL : x;
}

task *pool_new(size_t count)
{
    return shared(count * sizeof(task));
}

void pool_free(task *tasks, size_t count)
{
    munmap(tasks, count * sizeof *tasks);
}

/* ---- one process's work ------------------------------------------------------------ */

static unsigned long long busy_us(void)
{
    struct rusage self, children;
    getrusage(RUSAGE_SELF, &self);
    getrusage(RUSAGE_CHILDREN, &children);
    return (unsigned long long)(self.ru_utime.tv_sec + self.ru_stime.tv_sec +
                                children.ru_utime.tv_sec + children.ru_stime.tv_sec) * 1000000u +
           (unsigned long long)(self.ru_utime.tv_usec + self.ru_stime.tv_usec +
                                children.ru_utime.tv_usec + children.ru_stime.tv_usec);
}

static uint32_t left(const task *t)
{
    uint32_t all = t->p.s->instants > 0u ? t->p.s->instants : t->p.ops;
    uint32_t next = atomic_load(&t->t.next);
    return atomic_load(&t->stage) == TASK_READY && next < all ? all - next : 0u;
}

bool pool_is_done(const task *t)
{
    unsigned stage = atomic_load(&t->stage);
    return stage == TASK_FAILED ||
           (stage == TASK_READY && left(t) == 0u && atomic_load(&t->inside) == 0u);
}

static void count(task *t)
{
    bool good = plan_count(&t->p, t->why);
    memset(&t->t, 0, sizeof t->t); /* the clean run does not count */
    atomic_store(&t->stage, good ? TASK_READY : TASK_FAILED);
}

/* Counted first, all of them: then it is known how much there is. NOWHERE: nothing for this one,
 * or, where *wait, nothing yet. */
static uint32_t choose(pool *x, const bool *been, bool *wait)
{
    uint32_t best = NOWHERE, most = 0;
    bool alone = false;
    *wait = false;
    for (uint32_t i = 0; i < x->count; i++) {
        unsigned is_new = TASK_NEW;
        if (atomic_compare_exchange_strong(&x->tasks[i].stage, &is_new, TASK_COUNTING)) {
            return i;
        }
        *wait = *wait || is_new == TASK_COUNTING;
    }
    for (uint32_t i = 0; i < x->count && !alone; i++) {
        const task *t = &x->tasks[i];
        if (been[i] || left(t) == 0u) {
            continue;
        }
        alone = atomic_load(&t->inside) == 0u;
        if (alone || left(t) > most) {
            best = i;
            most = left(t);
        }
    }
    return best;
}

static void work(pool *x, unsigned worker)
{
    bool *been = calloc(x->count, sizeof *been);
    if (been == NULL) {
        abort();
    }
    for (;;) {
        bool wait;
        uint32_t which = choose(x, been, &wait);
        if (which == NOWHERE && !wait) {
            break;
        }
        if (which == NOWHERE) {
            usleep(PAUSE_US);
            continue;
        }
        task *t = &x->tasks[which];
        unsigned long long before = busy_us();
        atomic_store(&x->at[worker], which);
        atomic_fetch_add(&t->inside, 1u);
        if (atomic_load(&t->stage) == TASK_COUNTING) {
            count(t);
        } else {
            been[which] = true;
            plan_work(&t->p, worker);
        }
        atomic_fetch_add(&t->busy_us, busy_us() - before);
        atomic_fetch_sub(&t->inside, 1u);
        atomic_store(&x->at[worker], NOWHERE);
    }
    free(been);
}

/* ---- all of them ------------------------------------------------------------ */

static void start(pool *x, unsigned jobs)
{
    fflush(stdout);
    for (unsigned i = 0; i < jobs; i++) {
        atomic_store(&x->at[i], NOWHERE);
        x->worker[i] = fork();
        if (x->worker[i] == 0) {
            work(x, i);
            _exit(0);
        }
        if (x->worker[i] < 0) {
            perror("twinbank-torture: cannot start a process");
            exit(2);
        }
    }
}

/* What a dead one was at is said to be lost; the others go on. */
static void mourn(pool *x, unsigned worker)
{
    unsigned at = atomic_load(&x->at[worker]);
    if (at == NOWHERE) {
        return;
    }
    task *t = &x->tasks[at];
    unsigned counting = TASK_COUNTING;
    atomic_store(&t->lost, true);
    atomic_fetch_sub(&t->inside, 1u);
    if (atomic_compare_exchange_strong(&t->stage, &counting, TASK_FAILED)) {
        snprintf(t->why, sizeof t->why, "the process ended badly");
    }
}

/* It has said why: no firmware, no memory. The others would say the same. */
static _Noreturn void give_up(pool *x, unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        if (x->worker[i] != 0) {
            kill(x->worker[i], SIGTERM);
        }
    }
    exit(2);
}

static bool all_over(pool *x, unsigned jobs)
{
    bool over = true;
    for (unsigned i = 0; i < jobs; i++) {
        int status = 0;
        if (x->worker[i] != 0 && waitpid(x->worker[i], &status, WNOHANG) == x->worker[i]) {
            x->worker[i] = 0;
            if (WIFEXITED(status) && WEXITSTATUS(status) == 2) {
                give_up(x, jobs);
            }
            if (status != 0) {
                mourn(x, i);
            }
        }
        over = over && x->worker[i] == 0;
    }
    return over;
}

void pool_run(task *tasks, size_t count, unsigned jobs, void (*tick)(void *ctx), void *ctx)
{
    pool x = {.tasks = tasks, .count = count, .at = shared(MOST_JOBS * sizeof *x.at)};
    memo *streams = memo_new();
    bool memory = x.at != NULL && streams != NULL;
    for (size_t i = 0; i < count; i++) {
        tasks[i].p.t = &tasks[i].t;
        tasks[i].p.memo = memo_new();
        tasks[i].p.streams = streams;
        memory = memory && tasks[i].p.memo != NULL;
    }
    if (!memory) {
        fputs("twinbank-torture: no memory\n", stderr);
        exit(2);
    }
    start(&x, jobs);
    while (!all_over(&x, jobs)) {
        usleep(TICK_US);
        tick(ctx);
    }
    for (size_t i = 0; i < count; i++) { /* nobody is left to do what is left */
        if (!pool_is_done(&tasks[i])) {
            atomic_store(&tasks[i].lost, true);
        }
    }
    tick(ctx);
    for (size_t i = 0; i < count; i++) {
        memo_free(tasks[i].p.memo);
    }
    memo_free(streams);
    munmap(x.at, MOST_JOBS * sizeof *x.at);
}
