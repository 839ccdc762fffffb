#include "host/tool/device.h"

#include <signal.h>
#include <stdlib.h>

#include "host/tool/exit_codes.h"
#include "host/tool/out.h"

volatile sig_atomic_t stop_requested;

static void on_interrupt(int number)
{
    stop_requested = 1;
    (void)signal(number, SIG_DFL);
}

void catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = on_interrupt}; /* no SA_RESTART: poll() must end */
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
}

int device_error(const device *d, tb_client_result result)
{
    const tb_client *c = &d->client;
    switch (result) {
    case TB_CLIENT_OK:
        return TB_EXIT_OK;
    case TB_CLIENT_PORT:
        return out_error(TB_EXIT_PORT, NULL, &c->why);
    case TB_CLIENT_NO_ANSWER:
        return out_error(TB_EXIT_NO_ANSWER, NULL, &c->why);
    case TB_CLIENT_REFUSED:
        return out_error(TB_EXIT_REFUSED, tb_error_name(c->device_error), &c->why);
    case TB_CLIENT_INTERRUPTED:
        return out_error(TB_EXIT_INTERRUPTED, NULL, &c->why);
    case TB_CLIENT_PROTOCOL:
        break;
    }
    return out_error(TB_EXIT_FAILED, NULL, &c->why);
}

static int check_protocol(const device *d)
{
    tb_complaint why;
    if (d->client.hello.protocol == TB_WIRE_PROTOCOL) {
        return TB_EXIT_OK;
    }
    (void)tb_complain(&why, "the device speaks protocol %u, this tool speaks %u",
                      d->client.hello.protocol, TB_WIRE_PROTOCOL);
    (void)tb_hint(&why, "use the twinbank that belongs to the device's firmware");
    return out_error(TB_EXIT_FAILED, NULL, &why);
}

int device_open(const verb *v, device *d)
{
    tb_complaint why;
    const char *port = the_settings.port ? the_settings.port : getenv("TWINBANK_PORT");
    *d = (device){0};
    if (!port || !*port) {
        return usage_error(v, "--port PORT is missing (or set TWINBANK_PORT)");
    }
    catch_interrupt();
    d->serial = tb_serial_open(port, the_settings.baud, &stop_requested, &why);
    if (!d->serial) {
        return out_error(TB_EXIT_PORT, NULL, &why);
    }
    d->link = tb_serial_link(d->serial);
    tb_client_init(&d->client, &d->link, &stop_requested);
    if (the_settings.timeout_s) {
        d->client.hello_timeout_ms = the_settings.timeout_s * 1000u;
    }
    tb_client_result result = tb_client_connect(&d->client);
    int code = result == TB_CLIENT_OK ? check_protocol(d) : device_error(d, result);
    if (code != TB_EXIT_OK) {
        device_close(d);
    }
    return code;
}

int device_open_status(const verb *v, device *d)
{
    int code = device_open(v, d);
    if (code != TB_EXIT_OK) {
        return code;
    }
    tb_client_result result = tb_client_status(&d->client);
    if (result != TB_CLIENT_OK) {
        code = device_error(d, result);
        device_close(d);
    }
    return code;
}

void device_close(device *d)
{
    tb_client_leave_baud(&d->client);
    tb_serial_close(d->serial);
    d->serial = NULL;
}

int device_with(const verb *v, int (*act)(const verb *v, device *d))
{
    device d;
    int code = device_open(v, &d);
    if (code == TB_EXIT_OK) {
        code = act(v, &d);
        device_close(&d);
    }
    return code;
}

const tb_chip *device_chip(const device *d)
{
    return tb_chip_by_id(d->client.hello.device_id, d->client.hello.bank_kib);
}

const char *device_chip_name(const device *d)
{
    const tb_chip *chip = device_chip(d);
    return chip ? chip->name : "the part";
}

tb_client_result device_provision(device *d, uint8_t command, uint8_t what, uint32_t consent,
                                  unsigned wait_ms, const char *subject)
{
    const uint8_t payload[5] = {what, (uint8_t)consent, (uint8_t)(consent >> 8),
                                (uint8_t)(consent >> 16), (uint8_t)(consent >> 24)};
    tb_client *c = &d->client;
    tb_client_result result =
        tb_client_command(c, command, payload, consent != 0 ? sizeof payload : 1u, wait_ms);
    if (result == TB_CLIENT_OK && c->reply_bytes < 2u) {
        return tb_client_nonsense(c, subject);
    }
    return result;
}
