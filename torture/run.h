/* Private to lives.c, live.c and walk.c: a rig with what is done to it. */
#ifndef TORTURE_RUN_H
#define TORTURE_RUN_H

#include "torture/lives.h"
#include "torture/record.h"

typedef enum run_mode { MODE_COUNT, MODE_WORK, MODE_LIFE, MODE_REPLAY } run_mode;

typedef struct run {
    const plan *p;
    rig *r;
    run_mode mode;
    unsigned worker;
    life_case now;  /* MODE_LIFE, MODE_REPLAY: what is done to this one */
    unsigned given; /* cuts of it that have been scheduled */
    uint32_t claimed; /* MODE_WORK: the operation to be taken next */
    uint32_t room;    /* MODE_COUNT: of the plan's lists */
    plan *count;
    bool counting;
    state state;
    record record;
    bool whole;      /* MODE_LIFE: to its end, and unrecorded */
    bool second;     /* after it settled and was switched off and on */
    uint64_t beginning; /* of the present part */
    uint64_t programmed; /* likewise, from where it was programmed anew; 0: it was not */
    struct {
        unsigned bank;
        uint32_t offset, bytes;
    } last; /* operation: its contents change after its beginning */
    jmp_buf *child; /* MODE_WORK: where a new process comes out */
    uint8_t base_flags; /* MODE_WORK: the rig's, at the operation */
    result result;
    uint64_t begun[MOMENTS * SOURCES]; /* MODE_WORK: of this operation's lives */
    unsigned begun_count;
} run;

/* Is each life run? Where contents may go no course is known. */
static inline bool run_each(const plan *p)
{
    return p->whole || p->s->settle != NULL;
}

/* lives.c */
bool run_is_critical(const tb_chip *c, sim_op_kind kind, uint32_t offset, uint32_t bytes);
unsigned run_case_count(bool critical);
case_cut run_case(uint32_t seed, uint32_t op, bool critical, unsigned which);
sim_cut run_cut(const life_case *c, unsigned which, uint64_t op);
void run_report(const run *x, const life_case *c, const char *why);
void run_touch_last(run *x);
void run_give(run *x, uint64_t op);

/* What chance gives after this life's last interruption, and what it made of the operation. */
uint64_t run_chance(const life_case *c, unsigned cuts);
uint64_t run_chance_again(uint64_t chance);
uint64_t run_tear(const life_case *c, unsigned which);

/* Where a part of a life begins. */
typedef struct beginning {
    unsigned part; /* 1: from the interruption, 2: from the power cycle after it settled, 3: from
                      where it was programmed anew */
    unsigned cuts;
    uint8_t source, flags;
    const uint32_t *words; /* backup domain; not looked at where it is lost */
    size_t word_count;
    uint64_t options;
} beginning;
uint64_t run_beginning(const beginning *b);

/* live.c: from the scenario's start, or what is left of it, to the verdict. */
bool run_live(run *x);
_Noreturn void run_end_life(run *x, bool good);

/* walk.c: all lives of one operation, as it begins. */
void run_walk(run *x, uint32_t op, sim_op_kind kind, unsigned bank, uint32_t offset,
              uint32_t bytes);
/* Of one instant. */
void run_walk_instant(run *x, uint32_t instant);

#endif
