#include <string.h>

#include "core/bytes.h"
#include "core/internal.h"
#include "core/server_internal.h"

#define REPLY_PAYLOAD 4u /* offset in the frame */
#define NO_BANK 0xFFu
#define OPTION_BYTES 5u /* of MODE and PROTECT, with the consent */
#define BEGIN_BYTES (TB_HEAD_BYTES + 1u + TB_KEEP_BYTES)

/* What a command gets and gives: args is the payload after seq; *out takes the reply's
 * fields, which are sent where the answer is TB_OK. */
typedef tb_error (*handler)(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out);

static tb_error on_hello(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_flash *flash = server_flash(s);
    const tb_chip *chip = port_chip(flash);
    tb_hello hello = {
        .protocol = TB_WIRE_PROTOCOL,
        .role = (uint8_t)s->config.role,
        .device_id = chip->device_id,
        .flash_kib = chip->flash_kib,
        .bank_kib = (uint16_t)(chip->bank_bytes / 1024u),
        .unit_bytes = chip->unit_bytes,
        .mapped_bank = (uint8_t)port_mapped_bank(flash),
        .product_id = server_device(s)->product_id,
        .slot_image_bytes = tb_slot_image_bytes(chip),
        .stage2_bytes = chip->stage2_bytes,
        .max_payload = s->receiver.max_payload,
        .window = s->config.window,
        .capabilities = TB_CAP_RESUME | TB_CAP_ROLLBACK | TB_CAP_STAGE2_UPDATE | TB_CAP_DIGEST |
                        (s->config.queue_bytes != 0u ? TB_CAP_HOLD : 0u),
    };

    (void)args;
    (void)bytes;
    if (known_expand(&s->config) != NULL) {
        hello.capabilities |= TB_CAP_EXPAND;
    }
    if (s->config.refusal != TB_OK) {
        hello.capabilities = s->config.refusal == TB_ERR_SINGLE_BANK ? TB_CAP_SINGLE_BANK : 0u;
    } else if (s->config.protect != NULL) {
        hello.capabilities |= TB_CAP_PROTECT;
    }
    if (known_can_baud(&s->config)) {
        hello.capabilities |= TB_CAP_BAUD;
    }
    if (s->config.mode_set != NULL) {
        hello.capabilities |= TB_CAP_MODE;
    }
    memcpy(hello.uid, s->config.uid, sizeof hello.uid);
    tb_hello_put(*out, &hello);
    *out += TB_HELLO_BYTES;
    return TB_OK;
}

static void slot_to_wire(tb_wire_slot *wire, const tb_slot_info *slot)
{
    wire->state = (uint8_t)slot->log.state;
    wire->head_error = (uint8_t)slot->head_error;
    wire->payload_error = (uint8_t)slot->payload_error;
    wire->attempts = slot->log.attempts;
    wire->reason = slot->log.reason;
    wire->confirmed_by = slot->log.confirmed_by;
    wire->generation = slot->log.generation;
    wire->torn_units = slot->log.torn_units;
    wire->used_units = slot->log.used_units;
    wire->version = slot->head.version;
    wire->size = slot->head.size;
    wire->crc32 = slot->head.crc32;
    wire->product_id = slot->head.product_id;
    wire->security_version = slot->head.security_version;
    memcpy(wire->build_id, slot->head.build_id, sizeof wire->build_id);
}

/* The report's fields stand as they do on the wire, up to the last. */
#define REPORT_BYTES (offsetof(tb_status, session_open) - offsetof(tb_status, report_present))
_Static_assert(sizeof(tb_boot_report) == REPORT_BYTES &&
               offsetof(tb_boot_report, generation) ==
                   offsetof(tb_status, report_generation) - offsetof(tb_status, report_present) &&
               offsetof(tb_boot_report, fault_status) ==
                   offsetof(tb_status, fault_status) - offsetof(tb_status, report_present), "");

static tb_error on_status(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_flash *flash = server_flash(s);
    const tb_update_policy *policy = &s->config.policy;
    tb_status status = {0};
    tb_slot_info slots[2];
    int preferred = tb_slot_preferred(flash, server_device(s), slots);

    (void)args;
    (void)bytes;
    for (unsigned bank = 0; bank < 2u; bank++) {
        tb_image_head head;
        tb_error error = tb_slot_inspect(flash, server_device(s), bank, true, &slots[bank]);

        if (error != TB_OK) {
            return error;
        }
        slot_to_wire(&status.slot[bank], &slots[bank]);
        status.stage2[bank].error =
            (uint8_t)tb_stage2_inspect(flash, server_device(s), bank, &head);
        status.stage2[bank].version = head.version;
        status.stage2[bank].size = head.size;
    }
    status.running_bank = (uint8_t)policy->running_bank;
    status.stage2_bank = (uint8_t)policy->running_stage2_bank;
    status.preferred = (uint8_t)preferred;
    memcpy((uint8_t *)&status + offsetof(tb_status, report_present), &s->config.report,
           REPORT_BYTES);
    status.session_open = s->update.open;
    if (s->update.open) {
        status.session_next = s->update.next;
        status.session_total = tb_image_bytes(&s->update.head);
    }
    tb_status_put(*out, &status);
    *out += TB_STATUS_BYTES;
    return TB_OK;
}

static tb_error on_begin(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    tb_image_head head;
    uint32_t next;
    tb_error error;

    if (bytes != TB_HEAD_BYTES && bytes != BEGIN_BYTES) {
        return TB_ERR_FRAME_LENGTH;
    }
    if (tb_session_held(s, true)) {
        return TB_ERR_BUSY;
    }
    memcpy(&head, args, sizeof head);
    if (bytes == BEGIN_BYTES) {
        error = tb_update_begin_keeping(&s->update, &head, args[TB_HEAD_BYTES],
                                        args + TB_HEAD_BYTES + 1, &next);
    } else {
        error = tb_update_begin(&s->update, &head, &next);
    }
    s->tutorial = false;
    s->queued = 0;
    s->session_ms = s->last_byte_ms;
    put_u32(out, next);
    put_u32(out, s->config.window);
    put_u8(out, s->update.bank);
    put_u8(out, s->update.keeps);
    return error;
}

/* What comes behind a gap waits in the queue where it continues what does, or begins it. Once the
 * gap is closed all of it goes on; that may take as long as it likes, as the window is the
 * line's. */
static tb_error take(tb_server *s, const uint8_t *args, uint16_t bytes, bool stream)
{
    const uint8_t *p = args;
    uint32_t offset = get_u32(&p);
    tb_error error;

    if (s->tutorial) {
        return TB_ERR_NO_SESSION;
    }
    s->session_ms = s->last_byte_ms;
    if (stream != s->queue_stream) {
        s->queue_stream = stream;
        s->queued = 0;
    }
    error = tb_session_write(s, offset, p, (uint32_t)bytes - 4u);
    if (error == TB_ERR_OFFSET) {
        if (s->queued == 0u) {
            s->queue_end = offset;
        }
        if (s->queue_end == offset) {
            (void)tb_queue_put(s, p, (uint32_t)bytes - 4u);
        }
        return error;
    }
    while (error == TB_OK && s->queued > 0u) {
        error = tb_queue_work(s);
    }
    return error == TB_ERR_OFFSET ? TB_OK : error;
}

static tb_error on_data(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    (void)out;
    return take(s, args, bytes, false);
}

static tb_error on_expand(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_server_config *config = &s->config;
    const uint8_t *p = args;
    uint32_t from = get_u32(&p), stream_bytes = get_u32(&p);
    uint32_t source_bytes = get_u32(&p), source_crc32 = get_u32(&p);

    (void)bytes;
    (void)out;
    if (known_expand(config) == NULL) {
        return TB_ERR_NOT_HERE;
    }
    if (s->tutorial) {
        return TB_ERR_NO_SESSION;
    }
    s->session_ms = s->last_byte_ms;
    if (s->update.open && from != s->update.next) {
        return TB_ERR_OFFSET;
    }
    s->queued = 0;
    return known_expand(config)->begin(config->expand, &s->update, stream_bytes, source_bytes,
                                       source_crc32);
}

static tb_error on_stream(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    (void)out;
    return known_expand(&s->config) != NULL ? take(s, args, bytes, true) : TB_ERR_NOT_HERE;
}

/* What a page holds, so that a host can tell which it need not send. */
static tb_error on_digest(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_flash *flash = server_flash(s);
    unsigned bank = args[0], count = args[3];
    uint32_t first = args[1] | (uint32_t)args[2] << 8, offset = 0, crc;
    tb_page page;

    (void)bytes;
    if (bank > 1u || count > TB_DIGESTS_MAX) {
        return TB_ERR_ARGUMENT;
    }
    for (; tb_page_at(port_chip(flash), offset, &page) && page.number < first + count;
         offset = page.offset + page.bytes) {
        if (page.number >= first) {
            tb_error error = port_crc32(flash, bank, page.offset, page.bytes, &crc);

            if (error != TB_OK) {
                return error;
            }
            tb_alive(flash);
            put_u32(out, crc);
        }
    }
    return TB_OK;
}

static tb_error on_finish(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    tb_error error = s->tutorial ? TB_ERR_NO_SESSION : tb_update_finish(&s->update);

    (void)args;
    (void)bytes;
    put_u8(out, s->update.bank);
    put_u16(out, s->update.generation);
    return error;
}

/* The slot that CONFIRM and ROLLBACK are about: the one that runs; from stage 2 the one
 * that would be booted. */
static tb_error subject(tb_server *s, unsigned *bank)
{
    tb_slot_info slots[2];
    int preferred = known_running_bank(s->config.policy.running_bank);

    if (preferred < 0) {
        preferred = tb_slot_preferred(server_flash(s), server_device(s), slots);
    }
    *bank = (unsigned)preferred & 1u;
    return preferred < 0 ? TB_ERR_NO_IMAGE : TB_OK;
}

static tb_error on_boot(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    tb_slot_info slots[2];

    (void)args;
    (void)bytes;
    (void)out;
    if (tb_slot_preferred(server_flash(s), server_device(s), slots) < 0) {
        return TB_ERR_NO_IMAGE;
    }
    s->action = TB_SERVER_RESET;
    return TB_OK;
}

static tb_error on_confirm(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    unsigned bank;
    tb_error error = subject(s, &bank);

    (void)args;
    (void)bytes;
    put_u8(out, (uint8_t)bank);
    return error == TB_OK ? tb_slot_confirm(server_flash(s), bank, TB_CONFIRMED_BY_WIRE) : error;
}

static tb_error on_rollback(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    unsigned bank;
    tb_error error = subject(s, &bank);

    (void)args;
    (void)bytes;
    put_u8(out, (uint8_t)bank);
    if (error == TB_OK) {
        error =
            tb_slot_reject(server_flash(s), server_device(s), bank, TB_REASON_REQUESTED);
    }
    return error;
}

static tb_error on_erase(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_update_policy *policy = &s->config.policy;
    tb_update *u = &s->update;
    unsigned bank = args[0];

    (void)bytes;
    (void)out;
    if (bank > 1u) {
        return TB_ERR_ARGUMENT;
    }
    if (known_running_bank(policy->running_bank) >= 0) {
        tb_error error = (int)bank == policy->running_bank
                             ? TB_ERR_RUNNING
                             : tb_fallback_guard(server_flash(s), policy);

        if (error != TB_OK) {
            return error;
        }
    }
    if (u->bank == bank && u->head.kind == TB_IMAGE_APPLICATION) {
        if (tb_session_held(s, s->tutorial)) {
            return TB_ERR_BUSY;
        }
        tb_update_abandon(u);
    }
    return tb_slot_erase(server_flash(s), bank);
}

static tb_error on_reset(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    (void)bytes;
    (void)out;
    if (args[0] > 1u) {
        return TB_ERR_ARGUMENT;
    }
    s->action = args[0] == 0 ? TB_SERVER_RESET : TB_SERVER_RESET_TO_STAGE2;
    return TB_OK;
}

static tb_error on_baud(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const uint8_t *p = args;
    uint32_t baud = get_u32(&p);

    (void)bytes;
    (void)out;
    if (!known_can_baud(&s->config)) {
        return TB_ERR_NOT_HERE;
    }
    if (!known_baud_reached(&s->config, baud)) {
        return TB_ERR_ARGUMENT;
    }
    s->new_baud = baud;
    return TB_OK;
}

static tb_error on_mode(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_server_config *config = &s->config;
    uint8_t mode =
        config->refusal == TB_ERR_SINGLE_BANK ? TB_MODE_SINGLE : TB_MODE_DUAL;
    uint8_t wanted = args[0] == TB_MODE_SHOW ? mode : args[0];
    const uint8_t *p = args + 1;

    if (args[0] > TB_MODE_SINGLE) {
        return TB_ERR_ARGUMENT;
    }
    if (bytes != 1u && bytes != OPTION_BYTES) {
        return TB_ERR_FRAME_LENGTH;
    }
    put_u8(out, mode);
    put_u8(out, wanted);
    if (wanted == mode) {
        return TB_OK;
    }
    if (config->mode_set == NULL) {
        return TB_ERR_NOT_HERE;
    }
    if (bytes != OPTION_BYTES || get_u32(&p) != TB_MODE_CONSENT) {
        return TB_ERR_CONTENTS;
    }
    if (tb_session_held(s, s->tutorial)) {
        return TB_ERR_BUSY;
    }
    tb_error error = config->mode_set(config->ctx, wanted == TB_MODE_DUAL);

    if (error == TB_OK) {
        s->action = TB_SERVER_LOAD_OPTIONS;
    }
    return error;
}

static tb_error on_protect(tb_server *s, const uint8_t *args, uint16_t bytes, uint8_t **out)
{
    const tb_server_config *config = &s->config;
    uint8_t now = config->protected_banks;
    const uint8_t *p = args + 1;

    put_u8(out, now);
    put_u8(out, now | args[0]);
    if (args[0] == TB_PROTECT_SHOW) {
        return TB_OK;
    }
    if (args[0] != TB_PROTECT_STAGE1 || bytes != OPTION_BYTES ||
        get_u32(&p) != TB_PROTECT_CONSENT) {
        return TB_ERR_ARGUMENT;
    }
    if (now == TB_PROTECT_STAGE1) {
        return TB_OK;
    }
    if (config->protect == NULL) {
        return TB_ERR_NOT_HERE;
    }
    if (tb_session_held(s, s->tutorial)) {
        return TB_ERR_BUSY;
    }
    tb_error error = config->protect(config->ctx);

    if (error == TB_OK) {
        s->action = TB_SERVER_PROTECTED;
    }
    return error;
}

static const struct command_row {
    handler handle;
    uint8_t command, least;
    uint16_t most; /* bytes after seq */
} commands[] = {
    {on_hello, TB_CMD_HELLO, 0, TB_WIRE_MAX_PAYLOAD}, /* whatever a later protocol asks */
    {on_status, TB_CMD_STATUS, 0, 0},
    {on_begin, TB_CMD_BEGIN, TB_HEAD_BYTES, BEGIN_BYTES},
    {on_data, TB_CMD_DATA, 5, TB_WIRE_MAX_PAYLOAD},
    {on_finish, TB_CMD_FINISH, 0, 0},
    {on_boot, TB_CMD_BOOT, 0, 0},
    {on_confirm, TB_CMD_CONFIRM, 0, 0},
    {on_rollback, TB_CMD_ROLLBACK, 0, 0},
    {on_erase, TB_CMD_ERASE, 1, 1},
    {on_protect, TB_CMD_PROTECT, 1, OPTION_BYTES},
    {on_reset, TB_CMD_RESET, 1, 1},
    {on_baud, TB_CMD_BAUD, 4, 4},
    {on_digest, TB_CMD_DIGEST, 4, 4},
    {on_mode, TB_CMD_MODE, 1, OPTION_BYTES},
    {on_expand, TB_CMD_EXPAND, 16, 16},
    {on_stream, TB_CMD_STREAM, 5, TB_WIRE_MAX_PAYLOAD},
};

static bool served_in_any_case(uint8_t command)
{
    return command == TB_CMD_HELLO || command == TB_CMD_MODE || command == TB_CMD_RESET ||
           command == TB_CMD_BAUD;
}

static tb_error dispatch(tb_server *s, const tb_frame *frame, uint8_t **out)
{
    for (unsigned i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const struct command_row *row = &commands[i];

        if (row->command != frame->command) {
            continue;
        }
        if (frame->length < row->least + 1u || frame->length > row->most + 1u) {
            return TB_ERR_FRAME_LENGTH;
        }
        if (s->config.refusal != TB_OK && !served_in_any_case(frame->command)) {
            return s->config.refusal;
        }
        return row->handle(s, frame->payload + 1, (uint16_t)(frame->length - 1u), out);
    }
    return TB_ERR_COMMAND;
}

static void send_reply(tb_server *s, uint8_t command, const uint8_t *end)
{
    uint8_t *payload = s->reply + REPLY_PAYLOAD;
    size_t bytes = tb_frame_put(s->reply, TB_WIRE_TOKEN_NATIVE, command, payload,
                                (uint16_t)(end - payload));

    known_send(&s->config, s->reply, bytes);
}

/* Both sides change once the reply is out. */
static void change_baud(tb_server *s)
{
    uint32_t baud = s->new_baud;

    if (baud != 0u) {
        s->new_baud = 0u;
        s->good_frame = false;
        s->baud_since_ms = s->last_byte_ms;
        s->baud_limit_ms = baud == s->config.usual_baud ? 0u : TB_BAUD_TRIAL_MS;
        known_baud_set(&s->config, baud);
    }
}

/* In each answer to data, so that the sender knows what to send. */
static void put_place(tb_server *s, uint8_t command, uint8_t **end)
{
    bool stream = command == TB_CMD_STREAM && known_expand(&s->config) != NULL;

    if (!stream && command != TB_CMD_DATA) {
        return;
    }
    put_u32(end, stream ? s->config.expand->received : s->update.next);
    put_u32(end, s->config.window);
    if (stream) {
        put_u32(end, s->update.next);
    }
    if (s->queued > 0u) {
        put_u32(end, s->queue_end - s->queued);
        put_u32(end, s->queue_end);
    }
}

void tb_native_frame(tb_server *s, const tb_frame *frame)
{
    uint8_t *payload = s->reply + REPLY_PAYLOAD;
    uint8_t *fields = payload + 2;
    uint8_t *end = fields;
    tb_error error;

    if ((frame->command & TB_WIRE_REPLY) != 0) {
        return; /* the line's echo of an answer: answered again it would never end */
    }
    error = dispatch(s, frame, &end);
    payload[0] = frame->length > 0 ? frame->payload[0] : 0u;
    payload[1] = (uint8_t)error;
    if (error != TB_OK) {
        end = fields;
    }
    put_place(s, frame->command, &end);
    send_reply(s, (uint8_t)(frame->command | TB_WIRE_REPLY), end);
    change_baud(s);
}

void tb_native_error(tb_server *s, tb_error error)
{
    uint8_t *payload = s->reply + REPLY_PAYLOAD;

    payload[0] = 0;
    payload[1] = (uint8_t)error;
    send_reply(s, TB_WIRE_REPLY, payload + 2);
}
