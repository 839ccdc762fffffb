#include <jansson.h>

#include "sim/front/session.h"

static const char *end_name(front_end end)
{
    switch (end) {
    case FRONT_END_NONE: break;
    case FRONT_END_TIME: return "time";
    case FRONT_END_SEEN: return "seen";
    case FRONT_END_IDLE: return "idle";
    case FRONT_END_SIGNAL: return "signal";
    case FRONT_END_QUIT: return "quit";
    case FRONT_END_STOPPED: return "stopped";
    case FRONT_END_POWER_OFF: return "power-off";
    }
    return "none";
}

static uint64_t count(const front_session *s, sim_op_kind kind)
{
    return sim_op_count(s->m, 1u << kind);
}

static json_t *wires(const front_session *s)
{
    json_t *all = json_object();
    for (size_t i = 0; i < s->wire_count; i++) {
        const front_wire *w = &s->wires[i];
        json_t *one = json_object();
        (void)json_object_set_new(one, "sent_bytes", json_integer((json_int_t)w->sent));
        (void)json_object_set_new(one, "received_bytes", json_integer((json_int_t)w->received));
        (void)json_object_set_new(one, "unread_bytes_dropped",
            json_integer((json_int_t)w->dropped));
        (void)json_object_set_new(all, w->spec.name, one);
    }
    return all;
}

static void print_json(const front_session *s, double seconds, double wall, FILE *out)
{
    json_t *o = json_object(), *ops = json_object(), *cuts = json_object();
    (void)json_object_set_new(o, "chip", json_string(s->options->chip));
    (void)json_object_set_new(o, "end", json_string(end_name(s->end)));
    (void)json_object_set_new(o, "why", json_string(s->end_text));
    (void)json_object_set_new(o, "status", json_integer(front_session_status(s)));
    (void)json_object_set_new(o, "seed", json_integer((json_int_t)s->options->seed));
    (void)json_object_set_new(o, "virtual_s", json_real(seconds));
    (void)json_object_set_new(o, "wall_s", json_real(wall));
    (void)json_object_set_new(o, "instructions", json_integer((json_int_t)sim_instructions(s->m)));
    (void)json_object_set_new(ops, "program", json_integer((json_int_t)count(s, SIM_OP_PROGRAM)));
    (void)json_object_set_new(ops, "erase_page",
                              json_integer((json_int_t)count(s, SIM_OP_ERASE_PAGE)));
    (void)json_object_set_new(ops, "erase_bank",
                              json_integer((json_int_t)count(s, SIM_OP_ERASE_BANK)));
    (void)json_object_set_new(ops, "option", json_integer((json_int_t)count(s, SIM_OP_OPTION)));
    (void)json_object_set_new(o, "operations", ops);
    (void)json_object_set_new(cuts, "scheduled",
        json_integer(sim_cuts_scheduled(s->m) - s->hand_cuts + s->timed_resets));
    (void)json_object_set_new(cuts, "fired",
        json_integer(sim_cuts_fired(s->m) - s->hand_cuts + s->timed_resets_fired));
    (void)json_object_set_new(cuts, "by_hand", json_integer(s->hand_cuts));
    (void)json_object_set_new(o, "cuts", cuts);
    (void)json_object_set_new(o, "uarts", wires(s));
    (void)json_dumpf(o, out, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(9));
    (void)fputc('\n', out);
    json_decref(o);
}

void front_session_summary(const front_session *s, FILE *json)
{
    double seconds = (double)sim_now(s->m) / (double)SIM_PS_PER_S;
    double wall = (double)(front_wall_ns() - s->started_ns) / 1e9;
    if (json) {
        print_json(s, seconds, wall, json);
    }
    for (size_t i = 0; i < s->wire_count; i++) {
        if (s->wires[i].dropped) {
            front_session_say(s, "%s: %llu bytes that nobody read were dropped",
                              s->wires[i].spec.name, (unsigned long long)s->wires[i].dropped);
        }
    }
    front_session_say(s, "%s; %.3f ms and %llu instructions in %.2f s; programs %llu, erases %llu, "
                      "option writes %llu; seed %u", s->end_text, seconds * 1000.0,
                      (unsigned long long)sim_instructions(s->m), wall,
                      (unsigned long long)count(s, SIM_OP_PROGRAM),
                      (unsigned long long)(count(s, SIM_OP_ERASE_PAGE) +
                                           count(s, SIM_OP_ERASE_BANK)),
                      (unsigned long long)count(s, SIM_OP_OPTION), s->options->seed);
}
