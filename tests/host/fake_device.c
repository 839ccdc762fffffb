#include "tests/host/fake_device.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* ---- flash in RAM ------------------------------------------------------------------------ */

static bool power_fails(fake_device *d)
{
    if (d->programs_until_cut < 0 || d->programs_until_cut-- > 0) {
        return false;
    }
    d->cuts += d->alive;
    d->alive = false;
    d->programs_until_cut = 0;
    return true;
}

static tb_error flash_read(void *ctx, unsigned bank, uint32_t offset, void *data, size_t bytes)
{
    fake_device *d = ctx;
    if (bank > 1u || offset > d->chip->bank_bytes || bytes > d->chip->bank_bytes - offset) {
        return TB_ERR_RANGE;
    }
    memcpy(data, d->banks[bank] + offset, bytes);
    return TB_OK;
}

static tb_error flash_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    fake_device *d = ctx;
    unsigned n = d->chip->unit_bytes;
    if (bank > 1u || offset % n != 0 || offset >= d->chip->bank_bytes) {
        return TB_ERR_RANGE;
    }
    for (unsigned i = 0; i < n; i++) {
        if (d->banks[bank][offset + i] != 0xFF) {
            return TB_ERR_PROGRAM;
        }
    }
    if (power_fails(d)) {
        return TB_ERR_PROGRAM;
    }
    memcpy(d->banks[bank] + offset, unit, n);
    d->programs++;
    return TB_OK;
}

static tb_error flash_erase(void *ctx, unsigned bank, uint32_t page_offset)
{
    fake_device *d = ctx;
    tb_page page;
    if (bank > 1u || !tb_page_at(d->chip, page_offset, &page) || page.offset != page_offset) {
        return TB_ERR_RANGE;
    }
    memset(d->banks[bank] + page.offset, 0xFF, page.bytes);
    d->erases++;
    return TB_OK;
}

static tb_error flash_crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                            uint32_t *crc)
{
    fake_device *d = ctx;
    if (bank > 1u || offset > d->chip->bank_bytes || bytes > d->chip->bank_bytes - offset) {
        return TB_ERR_RANGE;
    }
    *crc = tb_crc32(0, d->banks[bank] + offset, bytes);
    return TB_OK;
}

static unsigned flash_mapped(void *ctx)
{
    fake_device *d = ctx;
    return d->running > 0 ? 1u : 0u;
}

static void blank(fake_device *d)
{
    for (unsigned bank = 0; bank < 2; bank++) {
        memset(d->banks[bank], 0xFF, d->chip->bank_bytes);
    }
}

void fake_device_init(fake_device *d, const tb_chip *chip)
{
    *d = (fake_device){.chip = chip, .running = -1, .window = 4096, .programs_until_cut = -1,
                       .queue_bytes = sizeof d->queue};
    for (unsigned bank = 0; bank < 2; bank++) {
        d->banks[bank] = malloc(chip->bank_bytes);
        assert(d->banks[bank]);
    }
    blank(d);
    d->flash = (tb_flash){.ctx = d,
                          .chip = chip,
                          .read = flash_read,
                          .program = flash_program,
                          .erase = flash_erase,
                          .crc32 = flash_crc32,
                          .mapped_bank = flash_mapped};
}

void fake_device_free(fake_device *d)
{
    free(d->banks[0]);
    free(d->banks[1]);
}

/* ---- boot ------------------------------------------------------------------------------ */

static void device_send(void *ctx, const uint8_t *bytes, size_t count)
{
    fake_device *d = ctx;
    if (d->alive) {
        d->send(d->ctx, bytes, count);
    }
}

static tb_error mode_set(void *ctx, bool dual)
{
    fake_device *d = ctx;
    assert(dual == d->single_bank);
    d->single_bank = !dual;
    blank(d);
    return TB_OK;
}

static tb_error protect(void *ctx)
{
    fake_device *d = ctx;
    d->protected_banks = TB_PROTECT_STAGE1;
    return TB_OK;
}

static bool baud_reached(void *ctx, uint32_t baud)
{
    const fake_device *d = ctx;
    return baud >= 1200u && baud <= d->most_baud && !(d->no_921600 && baud == 921600u);
}

static void baud_set(void *ctx, uint32_t baud)
{
    fake_device *d = ctx;
    assert(baud == 115200u || baud_reached(d, baud));
    d->baud = baud;
}

static void start_server(fake_device *d, int running, const tb_boot_decision *decision,
                         tb_reset_cause cause)
{
    d->running = running;
    d->alive = true;
    d->baud = 115200;
    tb_server_config config = {
        .flash = &d->flash,
        .policy = {.device = {.chip = d->chip, .product_id = d->product_id},
                   .running_bank = running,
                   .running_stage2_bank = running < 0 ? 0 : -1},
        .role = running < 0 ? TB_ROLE_STAGE2 : TB_ROLE_APPLICATION,
        .uid = {1, 2, 3},
        .report = {.present = true,
                   .why = decision->why,
                   .cause = (uint8_t)cause,
                   .bank = running < 0 ? 0 : (uint8_t)running},
        .window = d->window,
        .queue = d->queue_bytes != 0 ? d->queue : NULL,
        .queue_bytes = d->queue_bytes,
        .version_text = "fake device                ",
        .usual_baud = 115200,
        .baud_reached = d->most_baud != 0 ? baud_reached : NULL,
        .baud_set = d->most_baud != 0 ? baud_set : NULL,
        .send = device_send,
        .ctx = d,
        .refusal = d->single_bank ? TB_ERR_SINGLE_BANK : TB_OK,
        .expand = d->cannot_expand ? NULL : &d->expand,
        .expand_served = &tb_expand_served,
        .mode_set = running < 0 ? mode_set : NULL,
        .protected_banks = d->protected_banks,
        .protect = running < 0 ? protect : NULL,
    };
    tb_server_init(&d->server, &config);
}

static void look(fake_device *d, tb_boot_inputs *in)
{
    tb_identity self = {.chip = d->chip, .product_id = d->product_id};
    for (unsigned bank = 0; bank < 2; bank++) {
        tb_slot_info info;
        (void)tb_slot_inspect(&d->flash, &self, bank, true, &info);
        in->slot[bank].log = info.log;
        in->slot[bank].valid = info.head_error == TB_OK && info.payload_error == TB_OK;
    }
}

static unsigned behaviour(const fake_device *d, unsigned bank)
{
    tb_image_head head;
    memcpy(&head, d->banks[bank] + d->chip->slot_offset, sizeof head);
    return head.version & 0xFFFFu;
}

/* One reset; false: the image crashed, and the next reset is due. */
static bool boot_once(fake_device *d, tb_reset_cause cause)
{
    tb_boot_inputs in = {.cause = cause, .stage2_requested = d->stage2_requested || d->single_bank};
    look(d, &in);
    d->boots++;
    d->stage2_requested = false;
    for (;;) {
        tb_boot_decision decision = tb_decide(&in);
        if (decision.action != TB_BOOT_STAGE2 && decision.record) {
            (void)tb_slot_log_append(&d->flash, decision.bank, (tb_record_kind)decision.record,
                                     decision.argument, in.slot[decision.bank].log.generation);
        }
        if (decision.action == TB_BOOT_STAGE2) {
            start_server(d, -1, &decision, cause);
            return true;
        }
        if (decision.action == TB_BOOT_SLOT) {
            unsigned does = behaviour(d, decision.bank);
            if (does == FAKE_CRASHES) {
                return false;
            }
            start_server(d, decision.bank, &decision, cause);
            if (does == FAKE_CONFIRMS) {
                (void)tb_slot_confirm(&d->flash, decision.bank, TB_CONFIRMED_BY_APPLICATION);
            }
            return true;
        }
        tb_boot_apply(&in, &decision);
    }
}

void fake_device_boot(fake_device *d, tb_reset_cause cause)
{
    d->programs_until_cut = -1;
    d->running = -1;
    for (unsigned i = 0; i < 10 && !boot_once(d, cause); i++) {
        cause = TB_RESET_FAULT;
    }
}

void fake_device_install(fake_device *d, const tb_image_file *app)
{
    if (app) {
        memcpy(d->banks[0] + d->chip->slot_offset, app->data, app->bytes);
        uint8_t *log = d->banks[0] + tb_log_offset(d->chip);
        tb_record_encode(log, d->chip->unit_bytes, TB_RECORD_INSTALLED, 0, 1);
        tb_record_encode(log + d->chip->unit_bytes, d->chip->unit_bytes, TB_RECORD_CONFIRMED, 0, 1);
    }
    fake_device_boot(d, TB_RESET_POWER);
}

static void act(fake_device *d)
{
    tb_server_action action = tb_server_take_action(&d->server);
    if (action == TB_SERVER_RESET || action == TB_SERVER_RESET_TO_STAGE2 ||
        action == TB_SERVER_PROTECTED) {
        d->stage2_requested = action != TB_SERVER_RESET;
        fake_device_boot(d, TB_RESET_SOFTWARE);
    }
    if (action == TB_SERVER_LOAD_OPTIONS) {
        d->alive = false; /* blank: there is nothing to boot */
    }
}

void fake_device_receive(fake_device *d, const uint8_t *bytes, size_t count, uint32_t now_ms)
{
    for (size_t i = 0; i < count && d->alive; i++) {
        tb_server_receive(&d->server, bytes + i, 1, now_ms);
        act(d);
    }
}

void fake_device_idle(fake_device *d, uint32_t now_ms)
{
    if (d->alive) {
        (void)tb_server_idle(&d->server, now_ms);
        act(d);
    }
}

/* ---- images ---------------------------------------------------------------------------- */

tb_image_file fake_image(const tb_chip *chip, uint32_t version, uint32_t payload, uint32_t seed)
{
    tb_image_file f = {.bytes = TB_HEADER_BYTES + payload};
    f.data = malloc(f.bytes);
    assert(f.data && payload % 4u == 0);
    memset(f.data, 0xFF, TB_HEADER_BYTES);
    uint32_t state = seed * 2u + 1u;
    for (uint32_t i = 0; i < payload; i++) {
        state = state * 1664525u + 1013904223u;
        f.data[TB_HEADER_BYTES + i] = (uint8_t)(state >> 24);
    }
    uint32_t base = TB_FLASH_BASE + chip->slot_offset + TB_HEADER_BYTES;
    uint32_t vectors[2] = {chip->sram.base + chip->sram.bytes, base + 9u};
    memcpy(f.data + TB_HEADER_BYTES, vectors, sizeof vectors);
    f.head = (tb_image_head){
        .magic = TB_IMAGE_MAGIC,
        .crc32 = tb_crc32(0, f.data + TB_HEADER_BYTES, payload),
        .size = payload,
        .version = version,
        .kind = TB_IMAGE_APPLICATION,
        .format = TB_IMAGE_FORMAT,
        .device_id = chip->device_id,
        .bank_kib = (uint16_t)(chip->bank_bytes / 1024u),
        .load_address = base - TB_HEADER_BYTES,
        .tlv_crc32 = tb_crc32(0, f.data + TB_HEAD_BYTES, TB_TLV_BYTES),
    };
    f.head.header_crc32 = tb_crc32(0, &f.head, offsetof(tb_image_head, header_crc32));
    memcpy(f.data, &f.head, sizeof f.head);
    return f;
}
