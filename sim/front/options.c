#include "sim/front/options.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

enum {
    OPT_CHIP = 256, OPT_LOAD, OPT_DEVICE, OPT_UART, OPT_GPIO, OPT_FOR, OPT_UNTIL, OPT_CUT,
    OPT_SEED, OPT_TRACE, OPT_TRACE_FILE, OPT_SPEED, OPT_LIST_CHIPS, OPT_JSON, OPT_DUMP,
    OPT_QUIET, OPT_VERSION, OPT_HELP, OPT_CONTROL, OPT_SEND, OPT_LOCKUP, OPT_LINK,
    OPT_FLASH_TIMES
};

static const struct option table[] = {
    {"chip", required_argument, NULL, OPT_CHIP},
    {"load", required_argument, NULL, OPT_LOAD},
    {"device", required_argument, NULL, OPT_DEVICE},
    {"uart", required_argument, NULL, OPT_UART},
    {"link", required_argument, NULL, OPT_LINK},
    {"gpio", required_argument, NULL, OPT_GPIO},
    {"for", required_argument, NULL, OPT_FOR},
    {"until", required_argument, NULL, OPT_UNTIL},
    {"cut", required_argument, NULL, OPT_CUT},
    {"seed", required_argument, NULL, OPT_SEED},
    {"trace", required_argument, NULL, OPT_TRACE},
    {"trace-file", required_argument, NULL, OPT_TRACE_FILE},
    {"speed", required_argument, NULL, OPT_SPEED},
    {"control", required_argument, NULL, OPT_CONTROL},
    {"send", required_argument, NULL, OPT_SEND},
    {"lockup", required_argument, NULL, OPT_LOCKUP},
    {"flash-times", required_argument, NULL, OPT_FLASH_TIMES},
    {"dump", required_argument, NULL, OPT_DUMP},
    {"list-chips", no_argument, NULL, OPT_LIST_CHIPS},
    {"json", no_argument, NULL, OPT_JSON},
    {"quiet", no_argument, NULL, OPT_QUIET},
    {"version", no_argument, NULL, OPT_VERSION},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0}};

static bool too_many(const char *what, size_t limit, front_error *e)
{
    return front_fail(e, "too many %s: at most %zu", what, limit);
}

static bool add_load(front_options *o, const char *text, front_error *e)
{
    if (o->load_count == FRONT_MAX_LOADS) {
        return too_many("--load", FRONT_MAX_LOADS, e);
    }
    if (!front_parse_load(text, &o->loads[o->load_count], e)) {
        return false;
    }
    o->load_count++;
    return true;
}

static bool add_wire(front_options *o, const char *text, front_error *e)
{
    front_wire_spec *wire = &o->wires[o->wire_count];
    if (o->wire_count == FRONT_MAX_WIRES) {
        return too_many("--uart", FRONT_MAX_WIRES, e);
    }
    if (!front_parse_wire(text, wire, e)) {
        return false;
    }
    for (size_t i = 0; i < o->wire_count; i++) {
        if (strcmp(o->wires[i].name, wire->name) == 0) {
            return front_fail(e, "%s is connected twice", wire->name);
        }
        if (wire->kind == FRONT_WIRE_STDIO && o->wires[i].kind == FRONT_WIRE_STDIO) {
            return front_fail(e, "only one uart can have stdio: %s has it", o->wires[i].name);
        }
    }
    o->wire_count++;
    return true;
}

static bool set_link(front_options *o, const char *text, front_error *e)
{
    const char *wrong = line_faults_parse(text, &o->faults);
    if (wrong) {
        return front_fail(e, "--link '%s': %s, such as drop=10,corrupt=5,seed=7", text, wrong);
    }
    o->bad_link = true;
    return true;
}

/* Kept in order of time; equal times stay in the order given. */
static bool add_gpio(front_options *o, const char *text, front_error *e)
{
    front_gpio gpio;
    if (o->gpio_count == FRONT_MAX_GPIOS) {
        return too_many("--gpio", FRONT_MAX_GPIOS, e);
    }
    if (!front_parse_gpio(text, &gpio, e)) {
        return false;
    }
    size_t at = o->gpio_count++;
    for (; at > 0 && o->gpios[at - 1u].when > gpio.when; at--) {
        o->gpios[at] = o->gpios[at - 1u];
    }
    o->gpios[at] = gpio;
    return true;
}

static bool add_cut(front_options *o, const char *text, front_error *e)
{
    if (o->cut_count == FRONT_MAX_CUTS) {
        return too_many("--cut", FRONT_MAX_CUTS, e);
    }
    return front_parse_cut(text, &o->cuts[o->cut_count++], e);
}

static bool set_until(front_options *o, const char *text, front_error *e)
{
    if (text[0] == '\0' || strlen(text) > FRONT_MAX_UNTIL) {
        return front_fail(e, "--until needs a text of 1 to %u characters", FRONT_MAX_UNTIL);
    }
    o->until = text;
    return true;
}

static bool set_seed(front_options *o, const char *text, front_error *e)
{
    uint64_t seed;
    if (!front_parse_number(text, UINT32_MAX, &seed, e)) {
        return false;
    }
    o->seed = (uint32_t)seed;
    return true;
}

static bool set_speed(front_options *o, const char *text, front_error *e)
{
    if (strcmp(text, "real") == 0) {
        o->speed = FRONT_SPEED_REAL;
    } else if (strcmp(text, "max") == 0) {
        o->speed = FRONT_SPEED_MAX;
    } else {
        return front_fail(e, "--speed is real or max, not '%s'", text);
    }
    return true;
}

static bool set_lockup(front_options *o, const char *text, front_error *e)
{
    o->lockup_waits = strcmp(text, "wait") == 0;
    return o->lockup_waits || strcmp(text, "stop") == 0 ||
           front_fail(e, "--lockup is stop or wait, not '%s'", text);
}

static bool set_flash_times(front_options *o, const char *text, front_error *e)
{
    o->slowest_flash = strcmp(text, "longest") == 0;
    return o->slowest_flash || strcmp(text, "typical") == 0 ||
           front_fail(e, "--flash-times is typical or longest, not '%s'", text);
}

static bool ends_with(const char *text, const char *end)
{
    size_t a = strlen(text), b = strlen(end);
    return a > b && strcmp(text + a - b, end) == 0;
}

static bool set_dump(front_options *o, const char *text, front_error *e)
{
    if (!ends_with(text, ".bin") && !ends_with(text, ".hex")) {
        return front_fail(e, "--dump %s: the name tells the format and must end in .bin or .hex",
                          text);
    }
    o->dump = text;
    return true;
}

static bool set_string(const char **where, const char *text, const char *option, front_error *e)
{
    if (text[0] == '\0') {
        return front_fail(e, "--%s is empty", option);
    }
    if (*where) {
        return front_fail(e, "--%s is given twice", option);
    }
    *where = text;
    return true;
}

static bool apply(front_options *o, int option, const char *text, front_error *e)
{
    switch (option) {
    case OPT_CHIP: return set_string(&o->chip, text, "chip", e);
    case OPT_LOAD: return add_load(o, text, e);
    case OPT_DEVICE: return set_string(&o->device, text, "device", e);
    case OPT_UART: return add_wire(o, text, e);
    case OPT_LINK: return set_link(o, text, e);
    case OPT_GPIO: return add_gpio(o, text, e);
    case OPT_FOR: return front_parse_time(text, &o->for_time, e);
    case OPT_UNTIL: return set_until(o, text, e);
    case OPT_CUT: return add_cut(o, text, e);
    case OPT_SEED: return set_seed(o, text, e);
    case OPT_TRACE: return front_parse_trace(text, &o->trace, e);
    case OPT_TRACE_FILE: return set_string(&o->trace_file, text, "trace-file", e);
    case OPT_SPEED: return set_speed(o, text, e);
    case OPT_CONTROL: return set_string(&o->control, text, "control", e);
    case OPT_SEND: o->verb = FRONT_SEND; return set_string(&o->send_path, text, "send", e);
    case OPT_LOCKUP: return set_lockup(o, text, e);
    case OPT_FLASH_TIMES: return set_flash_times(o, text, e);
    case OPT_DUMP: return set_dump(o, text, e);
    case OPT_LIST_CHIPS: o->verb = FRONT_LIST_CHIPS; return true;
    case OPT_JSON: o->json = true; return true;
    case OPT_QUIET: o->quiet = true; return true;
    case OPT_VERSION: o->verb = FRONT_VERSION; return true;
    case OPT_HELP: o->verb = FRONT_HELP; return true;
    default: return front_fail(e, "unknown option");
    }
}

static bool check_whole(front_options *o, int argc, char **argv, front_error *e)
{
    if (o->verb == FRONT_SEND) {
        o->send_words = argv + optind;
        o->send_count = argc - optind;
        return o->send_count > 0 || front_fail(e, "--send needs a command, such as 'status'");
    }
    if (optind < argc) {
        return front_fail(e, "'%s' is no option; a file to run is given as --load %s", argv[optind],
                          argv[optind]);
    }
    if (o->verb != FRONT_RUN) {
        return true;
    }
    if (!o->chip) {
        return front_fail(e, "--chip is missing, such as --chip stm32g474re (--list-chips shows "
                          "them)");
    }
    if (o->load_count == 0 && !o->device) {
        return front_fail(e, "nothing to run: give --load FILE, or --device FILE of an earlier "
                          "run");
    }
    if (o->trace_file && o->trace == 0) {
        return front_fail(e, "--trace-file without --trace: say what to trace");
    }
    return true;
}

bool front_options_read(front_options *o, int argc, char **argv, front_error *error)
{
    *o = (front_options){.for_time = SIM_NEVER, .seed = 1u};
    opterr = 0;
    optind = 0; /* GNU: begin anew, also where a test calls twice */
    for (;;) {
        int tried = optind ? optind : 1;
        int option = getopt_long(argc, argv, "+:h", table, NULL);
        if (option == -1) {
            return check_whole(o, argc, argv, error);
        }
        if (option == 'h') {
            option = OPT_HELP;
        }
        if (option == ':') {
            return front_fail(error, "%s needs a value", argv[tried]);
        }
        if (option == '?') {
            return front_fail(error, "%s is not an option, or takes no value (--help lists them)",
                              argv[tried]);
        }
        if (!apply(o, option, optarg, error)) {
            return false;
        }
        if (o->verb == FRONT_HELP || o->verb == FRONT_VERSION) {
            return true;
        }
    }
}

void front_options_free(front_options *o)
{
    for (size_t i = 0; i < o->load_count; i++) {
        free((char *)o->loads[i].path);
    }
    o->load_count = 0;
}
