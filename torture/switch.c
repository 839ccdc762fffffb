/* The switch from one bank to two, and what docs/bank-mode.md says a cut in it may cost: the
 * contents, once the option is written; the part's readout level, where an interrupted option
 * write is none that is valid. Nothing else, and nothing before. */
#include "torture/switch.h"

#include <string.h>

#define SWITCH_MS 60000u /* F7 erases for 17 s, and longer */
#define ANSWER_MS 100u
#define FACTORY "factory.hex"

typedef enum where { AS_IT_WAS, SWITCHED, TORN, ELSEWHERE } where;

/* The option word that decides, and what it is where the option bytes are no valid ones: user
 * bits 1 and RDP level 1 (RM0440 3.4.2); of F7 nobody knows, this is the model's. */
typedef struct option {
    uint32_t address, mask, bit, torn;
} option;

static option option_of(const tb_chip *c)
{
    static const uint32_t g4_l4 = 0x40022020u, torn = 0xFFFFF8FFu;
    switch (c->family) {
    case TB_FAMILY_G4: /* DBANK */
        return (option){g4_l4, ~0u, 1u << 22, torn};
    case TB_FAMILY_L4: /* DUALBANK, below 1 MB */
        return (option){g4_l4, ~0u, c->flash_kib < 1024u ? 1u << 21 : 0u, torn};
    case TB_FAMILY_L4PLUS: /* DBANK with 2 MB, DB1M with less */
        return (option){g4_l4, ~0u, c->flash_kib == 2048u ? 1u << 22 : 1u << 21, torn};
    case TB_FAMILY_U5: /* DUALBANK, of U575 below 2 MB */
        return (option){0x40022040u, ~0u,
                        c->device_id == 0x482u && c->flash_kib < 2048u ? 1u << 21 : 0u, 0u};
    case TB_FAMILY_F7: /* nDBANK, without OPTLOCK and OPTSTRT */
        return (option){0x40023C14u, ~3u, 1u << 29, 0xFFFFFFFCu};
    case TB_FAMILY_H7:
        break;
    }
    return (option){0};
}

bool switch_applies(const tb_chip *chip)
{
    return option_of(chip).bit != 0u;
}

/* As loaded by the last power-on. */
static uint32_t loaded(rig *r)
{
    option o = option_of(r->chip);
    uint32_t word = 0;
    if (sim_core_read(r->m, o.address, 4, &word) != SIM_ACCESS_OK) {
        rig_fail(r, "the option register cannot be read");
    }
    return word & o.mask;
}

static where compare(const rig *r, uint32_t word)
{
    uint32_t torn = option_of(r->chip).torn;
    if (word == r->bank_mode.single) {
        return AS_IT_WAS;
    }
    return word == r->bank_mode.dual ? SWITCHED : torn != 0u && word == torn ? TORN : ELSEWHERE;
}

static bool ask_for(rig *r, tb_mode mode)
{
    const uint8_t request[] = {(uint8_t)mode, 'E', 'R', 'A', 'S'};
    rig_forget(r);
    if (tb_client_connect(&r->client) != TB_CLIENT_OK ||
        tb_client_command(&r->client, TB_CMD_MODE, request, sizeof request, SWITCH_MS) !=
            TB_CLIENT_OK) {
        return rig_fail(r, "mode: %.160s", r->client.why.what);
    }
    r->link.pause(r, ANSWER_MS);
    return r->failure[0] == '\0';
}

/* ---- before it ------------------------------------------------------------ */

/* To single-bank mode as a user would go there, and what a programmer does then. */
bool switch_prepare(rig *r)
{
    r->stage2_used = true;
    r->bank_mode.dual = loaded(r);
    if (!rig_force_stage2(r) || !ask_for(r, TB_MODE_SINGLE)) {
        return false;
    }
    rig_program(r, FACTORY);
    r->bank_mode.single = loaded(r);
    r->bank_mode.erases = sim_op_count(r->m, 1u << SIM_OP_ERASE_BANK);
    r->link.pause(r, ANSWER_MS);
    return (r->bank_mode.single ^ r->bank_mode.dual) == option_of(r->chip).bit ||
           rig_fail(r, "options 0x%08X and 0x%08X in the two modes",
                    (unsigned)r->bank_mode.single, (unsigned)r->bank_mode.dual);
}

bool switch_act(rig *r)
{
    r->bank_mode.erases = sim_op_count(r->m, 1u << SIM_OP_ERASE_BANK);
    return ask_for(r, TB_MODE_DUAL);
}

/* ---- after it ------------------------------------------------------------ */

static bool erase_begun(const rig *r)
{
    return sim_op_count(r->m, 1u << SIM_OP_ERASE_BANK) != r->bank_mode.erases;
}

/* Nothing has happened: stage 2 says that it is in single-bank mode, over the same contents. */
static bool as_it_was(rig *r)
{
    r->link.pause(r, ANSWER_MS);
    if (erase_begun(r) || !oracle_contents_kept(&r->oracle)) {
        return rig_fail(r, "the options are the old ones, and the contents are not");
    }
    if (tb_client_connect(&r->client) != TB_CLIENT_OK) {
        return rig_fail(r, "the options are the old ones, and stage 2 does not answer: %.120s",
                        r->client.why.what);
    }
    const tb_hello *hello = &r->client.hello;
    return (hello->role == TB_ROLE_STAGE2 && (hello->capabilities & TB_CAP_SINGLE_BANK) != 0u) ||
           rig_fail(r, "in single-bank mode, and hello does not say so");
}

/* Contents out of order, or none: the core may do anything but write. */
static bool switched(rig *r)
{
    r->link.pause(r, ANSWER_MS);
    rig_power_cycle(r);
    return compare(r, loaded(r)) == SWITCHED ||
           rig_fail(r, "the options have changed after the switch");
}

/* RDP level 1, and on the parts that say so the ROM bootloader. */
static bool torn(rig *r)
{
    if (erase_begun(r)) {
        return rig_fail(r, "the options are torn, and it was not their write that was cut");
    }
    r->link.pause(r, ANSWER_MS);
    if (r->chip->family == TB_FAMILY_F7) {
        return true;
    }
    return (r->stopped && strstr(sim_end_text(r->m), "the ROM bootloader runs") != NULL) ||
           rig_fail(r, "the options are torn, and the ROM does not stay in its bootloader");
}

static bool settle_switch(rig *r, settled_in *in)
{
    r->stop_is_an_end = true;
    r->link.pause(r, 2u * ANSWER_MS); /* after a reset the old options are in force still */
    rig_power_cycle(r);
    r->stopped = false;
    uint32_t word = loaded(r);
    bool good = false;
    switch (compare(r, word)) {
    case AS_IT_WAS:
        *in = SETTLED_STAGE2;
        good = as_it_was(r);
        break;
    case SWITCHED:
        *in = SETTLED_PROGRAMMER;
        good = switched(r);
        break;
    case TORN:
        *in = SETTLED_LOCKED;
        good = torn(r);
        break;
    case ELSEWHERE:
        good = rig_fail(r, "option word 0x%08X: neither 0x%08X nor 0x%08X nor torn",
                        (unsigned)word, (unsigned)r->bank_mode.single,
                        (unsigned)r->bank_mode.dual);
    }
    const char *wrong = good ? oracle_instant(&r->oracle) : NULL;
    r->stop_is_an_end = false;
    return wrong == NULL ? good : rig_fail(r, "%s", wrong);
}

bool switch_settle(rig *r, const scenario *s, settled_in *in, unsigned *bank)
{
    *bank = 0;
    if (r->bank_mode.programmed) {
        scenario plain = *s;
        plain.settle = NULL;
        return scenario_settle(r, &plain, in, bank);
    }
    return settle_switch(r, in);
}

/* ---- the same once more ------------------------------------------------------------ */

/* The factory file, and from then on all that is asked of any part. */
static bool program_and_update(rig *r, const scenario *s)
{
    uint32_t product = r->oracle.product;
    scenario plain = *s;
    plain.settle = NULL;
    oracle_free(&r->oracle);
    rig_program(r, FACTORY);
    oracle_init(&r->oracle, r->m, product);
    r->bank_mode.programmed = true;
    r->stage2_used = false;
    tb_client_init(&r->client, &r->link, NULL);
    rig_set_compress(r, r->compress, r->compress_ctx);
    if (r->programmed != NULL && r->programmed(r->start_ctx)) {
        return true;
    }
    tb_sent sent;
    if (!rig_wait(r, "app 1.0.0 running from bank 1 (confirmed)", SIM_PS_PER_S)) {
        return rig_fail(r, "the factory's image does not run after the switch");
    }
    if (tb_client_connect(&r->client) != TB_CLIENT_OK ||
        tb_client_send(&r->client, scenario_image(r->chip, s->new_image), &sent) !=
            TB_CLIENT_OK ||
        tb_client_reset(&r->client, TB_CMD_RESET, 0) != TB_CLIENT_OK) {
        return rig_fail(r, "the update after the switch: %.160s", r->client.why.what);
    }
    rig_forget(r);
    return scenario_settle_new(r, &plain);
}

bool switch_repeat(rig *r, const scenario *s, settled_in from)
{
    settled_in in = from;
    unsigned bank;
    if (r->bank_mode.programmed) {
        return true; /* a second interruption was in the update, and has been judged */
    }
    if (from == SETTLED_STAGE2) {
        if (!switch_act(r) || !switch_settle(r, s, &in, &bank)) {
            return false;
        }
        if (in != SETTLED_PROGRAMMER) {
            return rig_fail(r, "the repeated switch did not switch");
        }
    }
    /* The way back from RDP level 1 is a debugger's or the ROM's, which the model has not. */
    return in == SETTLED_LOCKED || program_and_update(r, s);
}
