#include "sim/front/session.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

/* The part runs in slices, and the outside is looked at between them. */
#define SLICE (1u * SIM_PS_PER_MS)
#define ALONE_SLICE (5u * SIM_PS_PER_MS) /* nobody outside: only signals are looked for */
/* Further behind the clock on the wall than this, the lost time is given up. */
#define LARGEST_LAG (20u * SIM_PS_PER_MS)
#define OFF_TIME (100u * SIM_PS_PER_MS)
#define NS_PER_MS 1000000ull
#define PS_PER_NS 1000ull

volatile sig_atomic_t front_signal_end, front_signal_power, front_signal_reset;

uint64_t front_wall_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static double now_ms(const front_session *s)
{
    return (double)sim_now(s->m) / (double)SIM_PS_PER_MS;
}

void front_session_say(const front_session *s, const char *format, ...)
{
    if (!s->messages) {
        return;
    }
    va_list args;
    va_start(args, format);
    (void)fputs("twinbank-sim: ", s->messages);
    (void)vfprintf(s->messages, format, args);
    (void)fputc('\n', s->messages);
    (void)fflush(s->messages);
    va_end(args);
}

void front_session_seen(void *session)
{
    front_session *s = session;
    s->seen = true;
    sim_break(s->m);
}

static void finish(front_session *s, front_end end, const char *text)
{
    if (s->end == FRONT_END_NONE) {
        s->end = end;
        (void)snprintf(s->end_text, sizeof s->end_text, "%s", text);
    }
}

/* ---- pins, power, resets ----------------------------------------------------------- */

static void drive(front_session *s, const front_gpio *g)
{
    sim_pin_drive(s->m, g->port, g->pin, g->level);
}

static void due_gpios(front_session *s)
{
    const front_options *o = s->options;
    while (s->next_gpio < o->gpio_count && o->gpios[s->next_gpio].when <= sim_now(s->m)) {
        drive(s, &o->gpios[s->next_gpio++]);
    }
}

static void lose_input(front_session *s)
{
    for (size_t i = 0; i < s->wire_count; i++) {
        front_wire_discard_input(&s->wires[i]);
    }
}

static void power_on(front_session *s, bool backup_lost)
{
    sim_power_on(s->m, backup_lost);
    s->powered = true;
    s->real_virtual = sim_now(s->m);
    s->real_wall = front_wall_ns();
}

static void pass_time(front_session *s, sim_ps time)
{
    sim_cpu *cpu = sim_core(s->m);
    uint64_t cycles = time / 1000u * sim_hclk_hz(s->m) / 1000000000u;
    sim_cpu_skip_to(cpu, sim_cpu_cycles(cpu) + cycles);
}

/* The n-th cut that happens takes the n-th `then`: they are given in that order. */
static const front_cut *fired_cut(const front_session *s)
{
    unsigned fired = sim_cuts_fired(s->m) - s->hand_cuts;
    for (size_t i = 0, n = 0; i < s->cut_count; i++) {
        bool counted = !(s->cuts[i].at_time && s->cuts[i].cut.reset_only);
        n += counted;
        if (counted && n == fired) {
            return &s->cuts[i];
        }
    }
    return NULL;
}

static void power_is_cut(front_session *s)
{
    char text[160] = "an unknown cut";
    const front_cut *cut = fired_cut(s);
    s->powered = false;
    s->backup_lost = cut != NULL && cut->cut.backup_lost;
    s->cuts_announced = sim_cuts_fired(s->m) - s->hand_cuts;
    if (cut) {
        front_cut_text(cut, text, sizeof text);
    }
    front_session_say(s, "power lost at %.3f ms (%s), flash operations so far: %llu", now_ms(s),
                      text, (unsigned long long)sim_op_count(s->m, 0));
    if (cut && cut->stays_off) {
        finish(s, FRONT_END_POWER_OFF, "power cut, and it stays off");
        return;
    }
    lose_input(s);
    pass_time(s, OFF_TIME);
    power_on(s, s->backup_lost);
    front_session_say(s, "power is back at %.3f ms", now_ms(s));
}

/* Through the injector, so that a flash operation in progress is interrupted like by
 * any other cut; its outcome is left to the seed. */
static void cut_by_hand(front_session *s, bool backup_lost)
{
    if (!s->powered) {
        return;
    }
    s->hand_cuts++;
    sim_schedule_cut_at(s->m, sim_now(s->m), SIM_CUT_RANDOM, backup_lost);
    sim_end end = sim_run(s->m, sim_now(s->m) + SIM_PS_PER_US);
    if (end == SIM_END_STOP) {
        finish(s, FRONT_END_STOPPED, sim_end_text(s->m));
    }
    s->powered = false;
    s->backup_lost = backup_lost;
    lose_input(s);
}

static void announce_resets(front_session *s)
{
    unsigned fired = sim_cuts_fired(s->m) - s->hand_cuts;
    if (fired > s->cuts_announced && s->powered) {
        front_session_say(s, "reset by the injector, seen at %.3f ms", now_ms(s));
        s->cuts_announced = fired;
    }
}

static void due_timed_resets(front_session *s)
{
    for (size_t i = 0; i < s->cut_count; i++) {
        front_cut *c = &s->cuts[i];
        if (c->at_time && c->cut.reset_only && c->when <= sim_now(s->m)) {
            front_session_say(s, "reset by the injector at %.3f ms", now_ms(s));
            sim_pin_reset(s->m);
            s->timed_resets_fired++;
            c->when = SIM_NEVER;
        }
    }
}

bool front_session_add_cut(front_session *s, const front_cut *cut, front_error *error)
{
    if (s->cut_count == FRONT_MAX_CUTS) {
        return front_fail(error, "too many cuts: at most %u", FRONT_MAX_CUTS);
    }
    front_cut c = *cut;
    front_cut_resolve(&c, s->m);
    if (!c.at_time && c.cut.op < sim_op_count(s->m, c.cut.kind_mask)) {
        return front_fail(error, "that operation is over: %llu were done",
                          (unsigned long long)sim_op_count(s->m, c.cut.kind_mask));
    }
    if (c.at_time && c.when < sim_now(s->m)) {
        return front_fail(error, "that time is over: it is %.3f ms", now_ms(s));
    }
    s->cuts[s->cut_count++] = c;
    if (c.at_time && c.cut.reset_only) {
        s->timed_resets++;
    } else if (c.at_time) {
        sim_schedule_cut_at(s->m, c.when, c.cut.outcome, c.cut.backup_lost);
    } else {
        sim_schedule_cut(s->m, &c.cut);
    }
    return true;
}

/* ---- the control socket --------------------------------------------------------------- */

static void status_line(const front_session *s, char *answer, size_t bytes)
{
    (void)snprintf(answer, bytes,
                   "ok time_ms=%.3f power=%s instructions=%llu programs=%llu erases=%llu "
                   "options=%llu cuts=%u/%u",
                   now_ms(s), s->powered ? "on" : "off",
                   (unsigned long long)sim_instructions(s->m),
                   (unsigned long long)sim_op_count(s->m, 1u << SIM_OP_PROGRAM),
                   (unsigned long long)sim_op_count(
                       s->m, (1u << SIM_OP_ERASE_PAGE) | (1u << SIM_OP_ERASE_BANK)),
                   (unsigned long long)sim_op_count(s->m, 1u << SIM_OP_OPTION),
                   sim_cuts_fired(s->m) - s->hand_cuts + s->timed_resets_fired,
                   sim_cuts_scheduled(s->m) - s->hand_cuts + s->timed_resets);
}

static bool power_command(front_session *s, const char *line, char *answer, size_t bytes)
{
    bool cycle = strcmp(line, "power-cycle") == 0;
    bool lost = strcmp(line, "power-cycle vbat-lost") == 0;
    if (cycle || lost) {
        cut_by_hand(s, lost);
        if (s->end == FRONT_END_NONE) {
            pass_time(s, OFF_TIME);
            power_on(s, lost);
        }
    } else if (strcmp(line, "power-off") == 0 || strcmp(line, "power-off vbat-lost") == 0) {
        cut_by_hand(s, line[9] != '\0');
    } else if (strcmp(line, "power-on") == 0) {
        if (s->powered) {
            (void)snprintf(answer, bytes, "error: the power is on");
        } else {
            power_on(s, s->backup_lost);
        }
    } else {
        return false;
    }
    return true;
}

void front_session_command(void *session, char *line, char *answer, size_t bytes)
{
    front_session *s = session;
    front_error why = {""};
    front_gpio gpio;
    front_cut cut;
    unsigned millivolts;
    bool good = true;
    if (power_command(s, line, answer, bytes)) {
        return;
    }
    if (strcmp(line, "status") == 0) {
        status_line(s, answer, bytes);
    } else if (strcmp(line, "quit") == 0) {
        finish(s, FRONT_END_QUIT, "asked to quit");
    } else if (strcmp(line, "reset") == 0) {
        good = s->powered || front_fail(&why, "the power is off");
        if (good) {
            sim_pin_reset(s->m);
        }
    } else if (strncmp(line, "cut ", 4) == 0) {
        good = front_parse_cut(line + 4, &cut, &why) && front_session_add_cut(s, &cut, &why);
    } else if (strncmp(line, "gpio ", 5) == 0) {
        good = front_parse_gpio(line + 5, &gpio, &why);
        if (good && gpio.when != 0) {
            good = front_fail(&why, "a pin is driven at once here: leave '@' away");
        }
        if (good) {
            drive(s, &gpio);
        }
    } else if (strncmp(line, "supply ", 7) == 0) {
        good = front_parse_supply(line + 7, &millivolts, &why) &&
               (sim_set_supply(s->m, millivolts) ||
                front_fail(&why, "this part's model has no voltage detector"));
    } else {
        good = front_fail(&why, "'%.60s' is no command: power-cycle, power-off, power-on, reset, "
                          "cut SPEC, gpio PIN=LEVEL, supply VOLTS, status, quit", line);
    }
    if (!good) {
        (void)snprintf(answer, bytes, "error: %.400s", why.text);
    }
}

/* ---- the outside world ------------------------------------------------------------------ */

static void signals(front_session *s)
{
    sigset_t none;
    const struct timespec at_once = {0};
    (void)sigemptyset(&none);
    (void)ppoll(NULL, 0, &at_once, &none); /* lets those in that came since the last wait */
    if (front_signal_end) {
        finish(s, FRONT_END_SIGNAL, "asked to end by a signal");
    }
    if (front_signal_power) {
        char line[] = "power-cycle", answer[64];
        front_signal_power = 0;
        front_session_say(s, "power cycle asked for at %.3f ms", now_ms(s));
        (void)power_command(s, line, answer, sizeof answer);
    }
    if (front_signal_reset) {
        front_signal_reset = 0;
        front_session_say(s, "reset asked for at %.3f ms", now_ms(s));
        if (s->powered) {
            sim_pin_reset(s->m);
        }
    }
}

static void serve_wires(front_session *s)
{
    uint64_t now = front_wall_ns();
    char text[256];
    for (size_t i = 0; i < s->wire_count; i++) {
        front_wire *w = &s->wires[i];
        front_wire_flush(w, now);
        if (!s->powered) {
            front_wire_discard_input(w);
        } else if (front_wire_fill(w)) {
            sim_uart_poll(s->m, w->spec.name);
        }
        if (front_wire_baud_warning(w, text, sizeof text)) {
            front_session_say(s, "warning: %s", text);
        }
    }
}

static bool backlog(const front_session *s)
{
    for (size_t i = 0; i < s->wire_count; i++) {
        if (front_wire_backlog(&s->wires[i], front_wall_ns())) {
            return true;
        }
    }
    return false;
}

/* Until something outside happens, or that much wall time has passed (0: for ever). */
static void wait_outside(front_session *s, uint64_t ns, bool for_ever)
{
    struct pollfd fds[FRONT_MAX_WIRES + FRONT_CONTROL_CLIENTS + 1u];
    nfds_t count = 0;
    for (size_t i = 0; i < s->wire_count; i++) {
        front_wire *w = &s->wires[i];
        short events = front_wire_events(w);
        if (events) {
            int fd = (events & POLLIN) ? w->in_fd : w->out_fd;
            fds[count++] = (struct pollfd){.fd = fd, .events = events};
        }
    }
    if (s->control.listen_fd >= 0) {
        fds[count++] = (struct pollfd){.fd = s->control.listen_fd, .events = POLLIN};
        for (size_t i = 0; i < FRONT_CONTROL_CLIENTS; i++) {
            if (s->control.clients[i].fd >= 0) {
                fds[count++] = (struct pollfd){.fd = s->control.clients[i].fd, .events = POLLIN};
            }
        }
    }
    struct timespec t = {.tv_sec = (time_t)(ns / 1000000000ull),
                         .tv_nsec = (long)(ns % 1000000000ull)};
    sigset_t none; /* outside of these calls signals are blocked: none comes unseen */
    (void)sigemptyset(&none);
    (void)ppoll(fds, count, for_ever ? NULL : &t, &none);
}

/* ---- the run ------------------------------------------------------------------------------ */

/* How far the part may go now; waits where it has to. SIM_NEVER: not at all. */
static sim_ps next_stop(front_session *s)
{
    sim_ps now = sim_now(s->m), until = now + (s->external ? SLICE : ALONE_SLICE);
    if (backlog(s)) {
        wait_outside(s, 10u * NS_PER_MS, false);
        return SIM_NEVER;
    }
    if (s->real) {
        uint64_t wall = front_wall_ns();
        sim_ps target = s->real_virtual + (wall - s->real_wall) * PS_PER_NS;
        if (target > now + LARGEST_LAG) {
            s->real_virtual = now;
            s->real_wall = wall;
            target = now + SLICE;
        }
        if (target < now + SLICE) { /* less than a slice is not worth a round of its own */
            wait_outside(s, (now + SLICE - target) / PS_PER_NS, false);
            target = s->real_virtual + (front_wall_ns() - s->real_wall) * PS_PER_NS;
        }
        if (target <= now) {
            return SIM_NEVER;
        }
        until = target < until ? target : until;
    }
    if (s->next_gpio < s->options->gpio_count && s->options->gpios[s->next_gpio].when < until) {
        until = s->options->gpios[s->next_gpio].when;
    }
    for (size_t i = 0; i < s->cut_count; i++) {
        const front_cut *c = &s->cuts[i];
        if (c->at_time && c->cut.reset_only && c->when < until) {
            until = c->when;
        }
    }
    return until < s->options->for_time ? until : s->options->for_time;
}

/* The core sleeps and only the outside can wake it. */
static void idle(front_session *s, sim_ps until)
{
    bool later = until < s->options->for_time || s->options->for_time == SIM_NEVER;
    bool timed = s->next_gpio < s->options->gpio_count ||
                 s->timed_resets > s->timed_resets_fired || s->options->for_time != SIM_NEVER;
    if (!s->external && !timed) {
        finish(s, FRONT_END_IDLE, "the core sleeps and nothing is left to wake it");
        return;
    }
    if (sim_now(s->m) < until && (timed || s->real)) {
        pass_time(s, until - sim_now(s->m));
    }
    if (later && !timed && s->external) {
        serve_wires(s);
        bool waiting = false;
        for (size_t i = 0; i < s->wire_count; i++) {
            waiting = waiting || s->wires[i].in_used > 0;
        }
        if (!waiting) {
            wait_outside(s, 0, true);
            s->real_virtual = sim_now(s->m);
            s->real_wall = front_wall_ns();
        }
    }
}

static void run_part(front_session *s, sim_ps until)
{
    switch (sim_run(s->m, until)) {
    case SIM_END_TIME:
    case SIM_END_BREAK:
        break;
    case SIM_END_IDLE:
        idle(s, until);
        break;
    case SIM_END_STOP:
        finish(s, FRONT_END_STOPPED, sim_end_text(s->m));
        break;
    case SIM_END_POWER_CUT:
        power_is_cut(s);
        break;
    }
    announce_resets(s);
}

static void one_round(front_session *s)
{
    signals(s);
    front_control_serve(&s->control);
    serve_wires(s);
    if (s->end != FRONT_END_NONE) {
        return;
    }
    if (!s->powered) {
        wait_outside(s, 0, true);
        return;
    }
    due_gpios(s);
    due_timed_resets(s);
    sim_ps until = next_stop(s);
    if (until != SIM_NEVER) {
        run_part(s, until);
    }
    if (s->seen) {
        finish(s, FRONT_END_SEEN, "the text was seen");
    } else if (sim_now(s->m) >= s->options->for_time) {
        finish(s, FRONT_END_TIME, "the time has passed");
    }
}

void front_session_run(front_session *s)
{
    s->started_ns = front_wall_ns();
    power_on(s, false);
    while (s->end == FRONT_END_NONE) {
        one_round(s);
    }
    serve_wires(s);
}

enum front_status front_session_status(const front_session *s)
{
    unsigned fired = sim_cuts_fired(s->m) + s->timed_resets_fired;
    unsigned scheduled = sim_cuts_scheduled(s->m) + s->timed_resets;
    if (s->end == FRONT_END_STOPPED) {
        return FRONT_STATUS_STOPPED;
    }
    if (s->end == FRONT_END_POWER_OFF) {
        return FRONT_STATUS_POWER_OFF;
    }
    if (fired != scheduled) {
        return FRONT_STATUS_NO_CUT;
    }
    if (s->options->until && !s->seen) {
        return FRONT_STATUS_NOT_SEEN;
    }
    return FRONT_STATUS_OK;
}
