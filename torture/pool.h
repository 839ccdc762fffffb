/* The scenarios of a part, taken by several processes at a time, so that none stands idle while
 * there is something to be done: each takes a scenario that nobody is at, and where there is none
 * left helps with the one that has the most before it. */
#ifndef TORTURE_POOL_H
#define TORTURE_POOL_H

#include "torture/lives.h"

typedef enum task_stage { TASK_NEW, TASK_COUNTING, TASK_READY, TASK_FAILED } task_stage;

typedef struct task { /* in memory that all processes share */
    plan p;
    tally t;
    atomic_uint stage, inside; /* inside: processes that are at it */
    atomic_ullong busy_us;     /* of processor time, all processes together */
    atomic_bool lost;          /* a process at it ended badly */
    char why[RIG_TEXT_BYTES];  /* FAILED: without any interruption */
} task;

/* Zeroed. NULL: no memory. */
task *pool_new(size_t count);
void pool_free(task *tasks, size_t count);
/* All that each is to be done is in its `p`, but for `t` and the memos, which are made here. tick
 * is called now and then, and at the end. */
void pool_run(task *tasks, size_t count, unsigned jobs, void (*tick)(void *ctx), void *ctx);
bool pool_is_done(const task *t);

#endif
