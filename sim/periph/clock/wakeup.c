#include "sim/periph/clock/wakeup.h"

#define PORT_A 0u
#define PIN 0u

void sim_wakeup_new(sim_part *part, const sim_wakeup *w)
{
    sim_wakeup *own = sim_part_alloc(part, sizeof *own);
    *own = *w;
    own->part = part;
    part->wakeup = own;
}

static void wake_if_flagged(const sim_wakeup *w)
{
    if ((*w->flags & w->flag) != 0u && sim_in_standby(w->part->m)) {
        sim_request_reset(w->part->m, SIM_RESET_STANDBY);
    }
}

/* The edge counts, and so does an enable while the level is there already (RM0410 4.4.4). */
void sim_wakeup_look(sim_part *part)
{
    sim_wakeup *w = part->wakeup;
    if (w == NULL) {
        return;
    }
    bool high = sim_pin_level(part->m, PORT_A, PIN);
    bool level = (*w->enables & w->enable) != 0u && high == ((*w->falling & w->fall) == 0u);
    if (level && !w->level) {
        *w->flags |= w->flag;
    }
    w->level = level;
    wake_if_flagged(w);
}

void sim_wakeup_reset(sim_part *part)
{
    sim_wakeup *w = part->wakeup;
    w->level = w->level && (*w->enables & w->enable) != 0u;
    wake_if_flagged(w);
}

const char *sim_wakeup_why_not(const sim_part *part, bool standby, bool keeps_sram)
{
    if (!standby) {
        return "Stop and Shutdown are not modelled";
    }
    if (keeps_sram) {
        return "SRAM kept through Standby is not modelled";
    }
    return (*part->wakeup->enables & part->wakeup->others) != 0u
               ? "of the wake-up pins only WKUP1 on PA0 is modelled"
               : NULL;
}
