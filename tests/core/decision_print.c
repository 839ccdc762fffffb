#include "decision_print.h"

#include "twinbank/boot.h"

typedef struct row {
    const char *name, *meaning;
    tb_slot_state state;
    uint8_t attempts;
    bool valid, failing;
} row;

static const row rows[] = {
    {"nothing", "no record in its log", TB_SLOT_EMPTY, 0, false, false},
    {"bad", "installed; header or payload fails its check", TB_SLOT_CONFIRMED, 0, false, false},
    {"rejected", "REJECTED is in the log", TB_SLOT_REJECTED, 0, true, false},
    {"exhausted", "good, on trial, attempts used up", TB_SLOT_TRIAL, TB_TRIAL_ATTEMPTS, true,
     false},
    {"failing", "good, confirmed, and the boot counter is at its limit", TB_SLOT_CONFIRMED, 0, true,
     true},
    {"trial", "good, on trial, attempts left", TB_SLOT_TRIAL, 0, true, false},
    {"confirmed", "good and confirmed", TB_SLOT_CONFIRMED, 0, true, false},
};
#define ROWS (sizeof rows / sizeof rows[0])

static void cell(FILE *out, const row *newer, const row *older)
{
    tb_boot_inputs in = {.failures_at_limit = newer->failing || older->failing};
    tb_boot_decision d;
    const char *whom;

    in.slot[1] = (tb_slot_view){
        {.state = newer->state, .generation = 2, .attempts = newer->attempts}, newer->valid};
    in.slot[0] = (tb_slot_view){
        {.state = older->state, .generation = 1, .attempts = older->attempts}, older->valid};
    d = tb_decide(&in);
    whom = d.bank == 1 ? "newer" : "older";
    if (d.action == TB_BOOT_STAGE2) {
        fprintf(out, " stage 2");
    } else if (d.action == TB_BOOT_RECORD) {
        fprintf(out, " REJECT %s", whom);
    } else {
        fprintf(out, " boot %s%s", whom, d.record != 0 ? ", ATTEMPT" : "");
    }
    fprintf(out, " (%u) |", (unsigned)d.why);
}

static bool happens(const row *newer, const row *older)
{
    /* The limit is one for both slots: a good confirmed one is failing, or none is. */
    bool confirmed = newer->state == TB_SLOT_CONFIRMED && newer->valid && !newer->failing;

    confirmed = confirmed || (older->state == TB_SLOT_CONFIRMED && older->valid && !older->failing);
    if (confirmed && (newer->failing || older->failing)) {
        return false;
    }
    return newer->state != TB_SLOT_EMPTY || older->state == TB_SLOT_EMPTY;
}

void decision_print(FILE *out)
{
    fprintf(out,
            "# The boot decision\n\n"
            "Printed by `print_decision` from what `tb_decide()` answers; a test fails where this\n"
            "page differs. `tests/core/test_decide.c` goes through every state of both slots.\n\n"
            "A request for stage 2 (backup register, or the line held low) comes before all of\n"
            "this, and writes nothing. Otherwise each slot falls into one class:\n\n"
            "| class | slot |\n|---|---|\n");
    for (unsigned i = 0; i < ROWS; i++) {
        fprintf(out, "| %s | %s |\n", rows[i].name, rows[i].meaning);
    }
    fprintf(
        out,
        "\nThe newer slot is the one with the higher generation; an empty one is older than any\n"
        "other; with equal generations bank 0 counts as the newer. The answer, by the class of\n"
        "the newer slot (line) and of the older (column), with the number of the reason:\n\n"
        "| newer \\ older |");
    for (unsigned i = 0; i < ROWS; i++) {
        fprintf(out, " %s |", rows[i].name);
    }
    fprintf(out, "\n|---|");
    for (unsigned i = 0; i < ROWS; i++) {
        fprintf(out, "---|");
    }
    for (unsigned n = 0; n < ROWS; n++) {
        fprintf(out, "\n| **%s** |", rows[n].name);
        for (unsigned o = 0; o < ROWS; o++) {
            if (happens(&rows[n], &rows[o])) {
                cell(out, &rows[n], &rows[o]);
            } else {
                fprintf(out, " - |");
            }
        }
    }
    fprintf(out, "\n\n| number | reason |\n|---|---|\n");
    for (unsigned why = 0; why < TB_WHY_COUNT; why++) {
        fprintf(out, "| %u | %s |\n", why, tb_why_text((tb_why)why));
    }
    fprintf(
        out,
        "\n- ATTEMPT is appended before a trial boot, with the number of the attempt (%u are\n"
        "  given), and the watchdog is started.\n"
        "- REJECT appends REJECTED and the decision is taken again, with the record taken as\n"
        "  written: that happens twice at most. The record's reason is `not confirmed`, or\n"
        "  `watchdog` or `fault` after such a reset; `boot counter` for a confirmed image.\n"
        "- The boot counter is at its limit after %u watchdog resets or faults in a row, and\n"
        "  only where the application takes part. Any REJECT ends that, as the\n"
        "  failures were those of the image that is rejected. The only bootable image is never\n"
        "  rejected for them: stage 2 answers, and the image is kept.\n"
        "- An image whose payload turns out bad when it is to be booted becomes \"bad\", and the\n"
        "  decision is taken again.\n",
        TB_TRIAL_ATTEMPTS, TB_BOOT_FAILURES);
}
