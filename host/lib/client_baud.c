/* Another rate of the line: asked of the device, proved by a HELLO, and given up where the line
 * does not carry it. The device goes back by itself (docs/wire.md), so nothing here strands it. */
#include "host/lib/client.h"
#include "twinbank/server.h"

#define ANSWER_MS (TB_BAUD_TRIAL_MS + 500u) /* an answer was lost: the device is back by then */
#define LOWER_ANSWER_MS 300u
#define SETTLE_MS 3u /* the device waits for its last stop bit, then changes */
#define PROVE_MS 700u /* well before the device goes back */
#define FIND_MS (TB_BAUD_SILENCE_MS + 2000u)
#define LEAVE_MS 100u /* for what is in the port's and the device's buffers */
#define ALTERNATIVE 1000000u
#define STRAIN_LOST 8u /* as much as so many that go through make good */
#define STRAIN_MOST 32u

static bool set_port(tb_client *c, uint32_t baud)
{
    tb_link *link = c->link;
    if (!link->set_baud(link->ctx, baud)) {
        return false;
    }
    link->baud = baud;
    c->in_at = c->in_fill = 0;
    c->more = false;
    tb_receiver_init(&c->receiver, c->buffer, TB_WIRE_MAX_PAYLOAD);
    return true;
}

static void put_baud(uint8_t out[4], uint32_t baud)
{
    for (unsigned i = 0; i < 4u; i++) {
        out[i] = (uint8_t)(baud >> (8u * i));
    }
}

static tb_client_result say_hello(tb_client *c, uint32_t timeout_ms)
{
    uint32_t usual = c->hello_timeout_ms;
    c->hello_timeout_ms = timeout_ms;
    tb_client_result result = tb_client_connect(c);
    c->hello_timeout_ms = usual;
    return result;
}

static tb_client_result find(tb_client *c)
{
    tb_client_result result = say_hello(c, FIND_MS);
    if (result == TB_CLIENT_NO_ANSWER) {
        (void)tb_hint(&c->why, "it answered until the rate of the line was changed: reset it, and "
                               "leave out --fast");
    }
    return result;
}

/* The device has changed already. *carried: so has this end, and a HELLO was answered. */
static tb_client_result prove(tb_client *c, uint32_t baud, bool *carried)
{
    uint32_t usual = c->link->baud;
    *carried = false;
    if (!set_port(c, baud)) {
        c->baud_state = TB_BAUD_NOT_PORT;
    } else {
        c->link->pause(c->link->ctx, SETTLE_MS);
        tb_client_result result = say_hello(c, PROVE_MS);
        if (result == TB_CLIENT_OK) {
            *carried = true;
            return TB_CLIENT_OK;
        }
        c->baud_state = TB_BAUD_NOT_LINE;
        if (!set_port(c, usual)) {
            return tb_client_gone(c);
        }
        if (result == TB_CLIENT_PORT || result == TB_CLIENT_INTERRUPTED) {
            return result;
        }
    }
    return find(c);
}

tb_client_result tb_client_raise_baud(tb_client *c)
{
    /* 921600 comes out of 16 MHz 2.1 % wrong, 1000000 exactly. */
    static const uint32_t rates[] = {921600, ALTERNATIVE, 460800, 230400};
    uint32_t usual = c->link->baud, refused = 0;
    c->baud_state = c->link->set_baud == NULL || usual == 0 ? TB_BAUD_NOT_PORT : TB_BAUD_NOT_DEVICE;
    bool settled = c->baud_state == TB_BAUD_NOT_PORT || !(c->hello.capabilities & TB_CAP_BAUD);
    for (size_t i = 0; i < sizeof rates / sizeof rates[0] && !settled; i++) {
        uint8_t wanted[4];
        if (rates[i] <= usual || (rates[i] == ALTERNATIVE && refused == 0)) {
            continue;
        }
        put_baud(wanted, rates[i]);
        tb_client_result result = tb_client_command(c, TB_CMD_BAUD, wanted, 4, ANSWER_MS);
        if (result == TB_CLIENT_REFUSED) {
            refused = rates[i];
            if (c->device_error != TB_ERR_ARGUMENT) {
                break;
            }
            continue;
        }
        if (result == TB_CLIENT_OK) {
            result = prove(c, rates[i], &settled);
        }
        if (result != TB_CLIENT_OK) {
            return result;
        }
    }
    if (c->link->baud != usual) {
        c->baud_state = TB_BAUD_RAISED;
        c->usual_baud = usual;
        c->baud_strain = 0;
    }
    tb_client_tell(c, TB_EVENT_BAUD, c->link->baud, usual);
    return TB_CLIENT_OK;
}

tb_client_result tb_client_lower_baud(tb_client *c)
{
    uint32_t usual = c->usual_baud, raised = c->link->baud;
    uint8_t wanted[4];
    if (usual == 0) {
        return TB_CLIENT_OK;
    }
    c->usual_baud = 0; /* first, as what follows asks for it */
    c->baud_state = TB_BAUD_GIVEN_UP;
    put_baud(wanted, usual);
    tb_client_result result = tb_client_command(c, TB_CMD_BAUD, wanted, 4, LOWER_ANSWER_MS);
    bool heard = result != TB_CLIENT_PORT && result != TB_CLIENT_INTERRUPTED;
    if (!set_port(c, usual)) {
        return tb_client_gone(c);
    }
    if (!heard) {
        return result;
    }
    tb_client_tell(c, TB_EVENT_BAUD, usual, raised);
    return find(c);
}

void tb_client_usual_baud(tb_client *c)
{
    if (c->usual_baud != 0) {
        (void)set_port(c, c->usual_baud);
        c->usual_baud = 0;
    }
}

void tb_client_leave_baud(tb_client *c)
{
    /* Ctrl-C cuts frames: this ends one that the device waits for the rest of. */
    static const uint8_t rest[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];
    uint8_t wanted[4];
    if (c->usual_baud == 0) {
        return;
    }
    c->link->pause(c->link->ctx, LEAVE_MS);
    (void)c->link->write(c->link->ctx, rest, sizeof rest);
    put_baud(wanted, c->usual_baud);
    (void)tb_client_put(c, TB_CMD_BAUD, tb_client_seq(c), wanted, 4);
    c->link->pause(c->link->ctx, LEAVE_MS);
    tb_client_usual_baud(c);
}

void tb_client_baud_lost(tb_client *c)
{
    c->baud_strain += c->usual_baud != 0 ? STRAIN_LOST : 0u;
}

void tb_client_baud_carried(tb_client *c)
{
    c->baud_strain -= c->baud_strain > 0;
}

bool tb_client_baud_strained(const tb_client *c)
{
    return c->usual_baud != 0 && c->baud_strain >= STRAIN_MOST;
}
