/* A whole device over flash in RAM: the wire's server, the update engine, the boot decision.
 * The input is what its host does: any bytes, frames with a right CRC and anything in them,
 * pieces of good images, silence, resets, power cuts. Checked at every flash operation, at
 * every answer, and at the end, when a clean update must go through. */
#include <string.h>

#include "tests/core/fixture.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/log_model.h"
#include "twinbank/server.h"

enum { IMAGE_NEW, IMAGE_OLD, IMAGE_OTHER, IMAGE_STAGE2, IMAGE_LAST, IMAGES };

static struct device {
    flash_model m;
    tb_flash flash, port; /* port: flash with the checks in front */
    tb_server server;
    int running;          /* bank, or -1: stage 2 */
    bool stage2_requested;
    uint32_t now_ms, stream; /* stream: of the tutorial's client */
    const image *sends;
    jmp_buf power_off;
    /* of this step */
    uint8_t command;      /* of the frame that was sent; 0xFF: not known */
    bool erased;          /* the wire's ERASE was answered with OK */
    bool had_image;
    bool no_stage1;       /* in bank 1, when it was made */
    unsigned checked;     /* operations at the last look */
    bool reset_first;     /* before the clean update */
    bool holds;           /* it has memory for a queue, and for streams */
    uint8_t queue[2048];
    tb_expand expand;
} d;

static tb_error (*slow_crc32)(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                              uint32_t *crc);

static struct images { /* made once for each part */
    flash_model factory;
    image v1, of[IMAGES];
} stock[3];

/* ---- what must hold ---------------------------------------------------------------- */

static uint32_t get_u32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static log_model slot_log(unsigned bank)
{
    const tb_chip *chip = d.m.chip;
    uint32_t at = tb_log_offset(chip);
    bool bad[256];

    for (unsigned i = 0; i < chip->log_units; i++) {
        bad[i] = d.m.state[bank][at / chip->unit_bytes + i] == UNIT_BAD;
    }
    return log_fold(d.m.bytes[bank] + at, bad, chip->log_units, chip->unit_bytes);
}

/* Are all units from here on readable, and the same at each look? */
static bool steady(unsigned bank, uint32_t offset, uint32_t bytes)
{
    uint32_t unit = d.m.chip->unit_bytes;

    for (uint32_t i = offset / unit; i <= (offset + bytes - 1u) / unit; i++) {
        if (d.m.state[bank][i] >= UNIT_BAD) {
            return false;
        }
    }
    return true;
}

static bool whole_image(unsigned bank, uint32_t offset, uint32_t room)
{
    const uint8_t *p = d.m.bytes[bank] + offset;
    uint32_t size = get_u32(p + 8);

    return get_u32(p) == TB_IMAGE_MAGIC && size <= room - TB_HEADER_BYTES &&
           steady(bank, offset, TB_HEADER_BYTES + size) &&
           get_u32(p + 60) == log_crc(p, 60) && get_u32(p + 56) == log_crc(p + 64, 960) &&
           get_u32(p + 4) == log_crc(p + TB_HEADER_BYTES, size);
}

static bool slot_whole(unsigned bank)
{
    return whole_image(bank, d.m.chip->slot_offset, tb_slot_image_bytes(d.m.chip));
}

static bool slot_boots(unsigned bank)
{
    log_model log = slot_log(bank);

    return slot_whole(bank) &&
           (log.state == LOG_CONFIRMED || (log.state == LOG_TRIAL && log.attempts < 3u));
}

static bool stage2_whole(unsigned bank)
{
    return whole_image(bank, d.m.chip->stage2_offset, d.m.chip->stage2_bytes);
}

/* At every operation: nothing is written where it must not be. */
static void check_place(unsigned bank, uint32_t offset, uint32_t bytes, bool erase)
{
    const tb_chip *chip = d.m.chip;
    uint32_t log = tb_log_offset(chip);

    FUZZ_CHECK(bank < 2u && offset + bytes <= chip->bank_bytes);
    /* Stage 1 is left alone, but where the part was programmed in one bank only. */
    FUZZ_CHECK(offset >= chip->stage1_bytes || (d.no_stage1 && bank == 1u && d.running != 1));
    if (d.running >= 0 && (int)bank == d.running) {
        FUZZ_CHECK(!erase && offset >= log); /* a record, nothing else */
    }
    if (offset < chip->slot_offset && offset >= chip->stage1_bytes) {
        FUZZ_CHECK(bank != 0 || d.running >= 0); /* the copy that runs */
        FUZZ_CHECK(stage2_whole(0) || stage2_whole(1));
    }
    /* INSTALLED and CONFIRMED come last, and only onto a whole image. */
    if (!erase && offset >= log) {
        FUZZ_CHECK(slot_whole(bank));
    }
}

static tb_error checked_program(void *ctx, unsigned bank, uint32_t offset, const void *unit)
{
    check_place(bank, offset, d.m.chip->unit_bytes, false);
    return d.flash.program(ctx, bank, offset, unit);
}

/* As the model's own, in less time. */
static tb_error quick_crc32(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes,
                            uint32_t *crc)
{
    if (bytes == 0 || !steady(bank, offset, bytes)) {
        return slow_crc32(ctx, bank, offset, bytes, crc);
    }
    *crc = log_crc(d.m.bytes[bank] + offset, bytes);
    return TB_OK;
}

static tb_error checked_erase(void *ctx, unsigned bank, uint32_t offset)
{
    tb_page page;

    FUZZ_CHECK(tb_page_at(d.m.chip, offset, &page) && page.offset == offset);
    check_place(bank, offset, page.bytes, true);
    return d.flash.erase(ctx, bank, offset);
}

/* Whole frames, an answer of one byte, or the version's text. */
static void check_answer(void *ctx, const uint8_t *bytes, size_t count)
{
    (void)ctx;
    if (count == 1u) {
        FUZZ_CHECK(bytes[0] == TB_WIRE_ACK || bytes[0] == TB_WIRE_NACK);
        return;
    }
    if (count == TB_WIRE_VERSION_TEXT_BYTES) {
        FUZZ_CHECK(memcmp(bytes, "fuzzed    ", 10) == 0);
        return;
    }
    FUZZ_CHECK(count >= TB_WIRE_OVERHEAD + 2u && bytes[0] == TB_WIRE_TOKEN_NATIVE);
    uint32_t length = (uint32_t)bytes[2] | (uint32_t)bytes[3] << 8;
    FUZZ_CHECK(count == TB_WIRE_OVERHEAD + length);
    FUZZ_CHECK(get_u32(bytes + 4u + length) == log_crc(bytes, 4u + length));
    FUZZ_CHECK((bytes[1] & TB_WIRE_REPLY) != 0);
    FUZZ_CHECK(bytes[5] == TB_OK || strcmp(tb_error_name((tb_error)bytes[5]),
                                           tb_error_name((tb_error)0xFE)) != 0);
    if (bytes[5] != TB_OK) {
        bool data = bytes[1] == (TB_CMD_DATA | TB_WIRE_REPLY);
        bool stream = bytes[1] == (TB_CMD_STREAM | TB_WIRE_REPLY) && d.holds;
        uint32_t fields = data ? 10u : stream ? 14u : 2u;
        FUZZ_CHECK(length == fields || (d.holds && fields > 2u && length == fields + 8u));
    } else if (bytes[1] == (TB_CMD_ERASE | TB_WIRE_REPLY)) {
        d.erased = true;
    }
}

/* Only stage 2's ERASE may take the last image, and boots may use its trials up. */
static void check_images(void)
{
    if (d.m.operations == d.checked && d.checked != 0) {
        return; /* nothing was written since */
    }
    d.checked = d.m.operations;
    bool boots = slot_boots(0) || slot_boots(1);
    bool erase_cut = d.m.cut_fired && (d.command == TB_CMD_ERASE || d.command == 0xFFu);

    FUZZ_CHECK(boots || !d.had_image || (d.running < 0 && (d.erased || erase_cut)));
    d.had_image = boots;
    FUZZ_CHECK(stage2_whole(0) || stage2_whole(1));
    FUZZ_CHECK(d.m.programs_refused == 0);
}

/* ---- life ----------------------------------------------------------------------------- */

static bool baud_reached(void *ctx, uint32_t baud)
{
    (void)ctx;
    return baud >= 1200u && baud <= 4000000u;
}

static void baud_set(void *ctx, uint32_t baud)
{
    FUZZ_CHECK(baud_reached(ctx, baud));
}

static void start_server(void)
{
    tb_server_config config = {
        .flash = &d.port, .role = d.running >= 0 ? TB_ROLE_APPLICATION : TB_ROLE_STAGE2,
        .policy = d.running >= 0 ? policy_app(d.m.chip, d.running) : policy_stage2(d.m.chip, 0),
        .window = 2048, .baud_reached = baud_reached, .baud_set = baud_set, .usual_baud = 115200,
        .queue = d.holds ? d.queue : NULL, .queue_bytes = d.holds ? sizeof d.queue : 0u,
        .expand = &d.expand, .expand_served = d.holds ? &tb_expand_served : NULL,
        .version_text = "fuzzed", .send = check_answer};

    tb_server_init(&d.server, &config);
    d.stream = 0;
}

/* What stage 1 does, records and all. Power may be cut in it. */
static void boot(void)
{
    tb_boot_inputs inputs = {.stage2_requested = d.stage2_requested,
                             .cause = TB_RESET_SOFTWARE};
    tb_identity device = {d.m.chip, PRODUCT};
    tb_boot_decision decision;

    check_images();
    d.had_image = false; /* until it is known what the boot's records make of it */
    d.running = -1;      /* nothing runs yet */
    d.stage2_requested = false;
    for (unsigned bank = 0; bank < 2u; bank++) {
        tb_slot_info info;

        FUZZ_CHECK(tb_slot_inspect(&d.flash, &device, bank, true, &info) == TB_OK);
        inputs.slot[bank] = (tb_slot_view){
            info.log, info.head_error == TB_OK && info.payload_error == TB_OK};
    }
    for (unsigned i = 0;; i++) {
        FUZZ_CHECK(i < 4u);
        decision = tb_decide(&inputs);
        if (decision.record != 0) {
            (void)tb_slot_log_append(&d.flash, decision.bank, (tb_record_kind)decision.record,
                                     decision.argument,
                                     inputs.slot[decision.bank].log.generation);
        }
        if (decision.action != TB_BOOT_RECORD) {
            break;
        }
        tb_boot_apply(&inputs, &decision);
    }
    if (decision.action == TB_BOOT_SLOT) {
        d.running = decision.bank;
        d.m.mapped = decision.bank;
        FUZZ_CHECK(memcmp(d.m.bytes[0], d.m.bytes[decision.bank], d.m.chip->stage1_bytes) == 0);
    }
    d.had_image = slot_boots(0) || slot_boots(1);
    start_server();
}

static void act(void)
{
    switch (tb_server_take_action(&d.server)) {
    case TB_SERVER_RESET_TO_STAGE2:
        d.stage2_requested = true;
        boot();
        break;
    case TB_SERVER_RESET:
        boot();
        break;
    default:
        break;
    }
}

static void feed(const uint8_t *bytes, size_t count)
{
    d.now_ms += 1u + (uint32_t)count / 12u;
    tb_server_receive(&d.server, bytes, count, d.now_ms);
    act();
}

static void frame(uint8_t token, uint8_t command, const void *payload, size_t bytes)
{
    uint8_t out[TB_WIRE_OVERHEAD + TB_WIRE_MAX_PAYLOAD];

    feed(out, tb_frame_put(out, token, command, payload, (uint16_t)bytes));
}

static void data_frame(uint32_t offset, const uint8_t *bytes, size_t count)
{
    uint8_t payload[5u + 512u] = {1, (uint8_t)offset, (uint8_t)(offset >> 8),
                                  (uint8_t)(offset >> 16), (uint8_t)(offset >> 24)};

    memcpy(payload + 5, bytes, count);
    frame(TB_WIRE_TOKEN_NATIVE, TB_CMD_DATA, payload, 5u + count);
}

static void begin_frame(void)
{
    uint8_t payload[1u + TB_HEAD_BYTES] = {1};

    memcpy(payload + 1, d.sends->bytes, TB_HEAD_BYTES);
    frame(TB_WIRE_TOKEN_NATIVE, TB_CMD_BEGIN, payload, sizeof payload);
}

/* The next `count` bytes of the good image from `*at` on. */
static size_t piece(uint32_t at, size_t count)
{
    uint32_t left = at < d.sends->total ? d.sends->total - at : 0u;

    return count < left ? count : left;
}

static void idle(uint32_t ms)
{
    d.now_ms += ms;
    for (unsigned i = 0; tb_server_idle(&d.server, d.now_ms); i++) {
        FUZZ_CHECK(i < 64u); /* pages are finite */
    }
    act();
}

static void any_frame(fuzz_input *in, uint8_t token)
{
    size_t n;

    d.command = fuzz_u8(in);
    const uint8_t *payload = fuzz_bytes(in, fuzz_u8(in), &n);
    frame(token, d.command, payload, n);
}

static void step(fuzz_input *in)
{
    size_t n;
    uint32_t at;
    const uint8_t *bytes;

    d.command = 0;
    switch (fuzz_u8(in) % 14u) {
    case 0:
        d.command = 0xFF;
        bytes = fuzz_bytes(in, fuzz_u8(in), &n);
        feed(bytes, n);
        break;
    case 1:
        any_frame(in, TB_WIRE_TOKEN_NATIVE);
        break;
    case 2:
        any_frame(in, TB_WIRE_TOKEN_TUTORIAL);
        break;
    case 3:
        d.sends = &stock[d.m.chip == &chip_small ? 0 : d.m.chip == &chip_wide ? 1 : 2]
                       .of[fuzz_u8(in) % (IMAGES - 1u)];
        begin_frame();
        break;
    case 4:
    case 5:
        n = 1u + 2u * fuzz_u8(in);
        at = d.server.update.next + (d.holds ? 16u * (fuzz_u8(in) & 63u) : 0u); /* behind a gap */
        n = piece(at, n);
        data_frame(at, d.sends->bytes + at % d.sends->total, n);
        break;
    case 6:
        frame(TB_WIRE_TOKEN_NATIVE, TB_CMD_FINISH, "\1", 1);
        break;
    case 7:
    case 8:
        n = piece(d.stream, 1u + 2u * fuzz_u8(in));
        frame(TB_WIRE_TOKEN_TUTORIAL, TB_TUTORIAL_DATA, d.sends->bytes + d.stream, n);
        d.stream += (uint32_t)n;
        d.stream = d.stream >= d.sends->total ? 0u : d.stream;
        break;
    case 9:
        frame(TB_WIRE_TOKEN_TUTORIAL, TB_TUTORIAL_FINISH, NULL, 0);
        break;
    case 10:
        idle(8u * fuzz_u8(in));
        break;
    case 11:
        tb_server_overrun(&d.server);
        act();
        break;
    case 12:
        d.m.cut_at = d.m.operations + fuzz_u8(in);
        d.m.outcome = (cut_outcome)(fuzz_u8(in) % CUT_OUTCOMES);
        break;
    default:
        d.stage2_requested = fuzz_u8(in) % 2u != 0;
        boot();
        break;
    }
}

/* The power comes back; it may be cut again in the boot, but once only. */
static void survive(void (*what)(fuzz_input *in), fuzz_input *in)
{
    d.m.cut_fired = false;
    if (setjmp(d.power_off) == 0) {
        what(in);
        return;
    }
    d.m.cut_at = UINT32_MAX;
    boot();
}

static void make_device(fuzz_input *in)
{
    static const tb_chip *const chips[3] = {&chip_small, &chip_wide, &chip_sectors};
    unsigned choice = fuzz_u8(in), which = choice % 3u, other = choice / 3u % 6u;
    struct images *s = &stock[which];
    const tb_chip *chip = chips[which];
    static const uint32_t versions[IMAGES] = {TB_VERSION(1, 1, 0), TB_VERSION(0, 9, 0),
                                              TB_VERSION(1, 1, 0), TB_VERSION(1, 1, 0),
                                              TB_VERSION(200, 0, 0)};

    if (s->factory.chip == NULL) {
        device_make(&s->factory, chip, &s->v1);
        for (unsigned i = 0; i < IMAGES; i++) {
            bool stage2 = i == IMAGE_STAGE2;
            image_make(&s->of[i], chip, stage2 ? TB_IMAGE_STAGE2 : TB_IMAGE_APPLICATION,
                       versions[i], stage2 ? 700 : 2000 + 4 * i, 7 + i, i != IMAGE_OTHER);
        }
    }
    memset(&d, 0, sizeof d);
    d.m = s->factory;
    d.m.power_off = &d.power_off;
    d.flash = model_port(&d.m);
    slow_crc32 = d.flash.crc32;
    d.flash.crc32 = quick_crc32;
    d.port = d.flash;
    d.port.program = checked_program;
    d.port.erase = checked_erase;
    d.sends = &s->of[0];
    d.now_ms = 1000;
    if (other == 1u) { /* nothing installed */
        model_flip(&d.m, 0, chip->slot_offset);
    } else if (other == 5u) {
        memset(d.m.bytes[1], 0xFF, chip->stage1_bytes);
        memset(d.m.state[1], UNIT_BLANK, chip->stage1_bytes / chip->unit_bytes);
        d.no_stage1 = true;
    } else if (other > 1u) {
        model_put(&d.m, 1, chip->slot_offset, s->of[0].bytes, s->of[0].total);
        put_record(&d.m, 1, 0, TB_RECORD_INSTALLED, 0, 2);
        if (other > 2u) {
            put_record(&d.m, 1, 1, other == 3u ? TB_RECORD_CONFIRMED : TB_RECORD_REJECTED, 1, 2);
        }
    }
    d.reset_first = choice >= 128u;
    d.holds = choice / 18u % 2u != 0;
    boot();
}

/* The attack is over. An update, as a client that asks what is there would do it. */
static void clean_update(fuzz_input *in)
{
    (void)in;
    d.sends = &stock[d.m.chip == &chip_small ? 0 : d.m.chip == &chip_wide ? 1 : 2].of[IMAGE_LAST];
    if (d.reset_first) {
        boot();
    }
    idle(2u * TB_SESSION_HOLD_MS);
    if (d.running >= 0) {
        frame(TB_WIRE_TOKEN_NATIVE, TB_CMD_CONFIRM, "\1", 1);
    }
    for (unsigned tries = 0; tries < 3u; tries++) { /* what was resumed may prove damaged */
        begin_frame();
        if (!d.server.update.open && !d.server.update.done) {
            boot(); /* what runs was rejected, and now the other one is to run */
            continue;
        }
        while (d.server.update.open && d.server.update.next < d.sends->total) {
            uint32_t at = d.server.update.next;

            data_frame(at, d.sends->bytes + at, piece(at, 512));
            FUZZ_CHECK(d.server.update.next > at);
        }
        frame(TB_WIRE_TOKEN_NATIVE, TB_CMD_FINISH, "\1", 1);
        if (d.server.update.done) {
            break;
        }
    }
    FUZZ_CHECK(d.server.update.done);
    boot();
    FUZZ_CHECK(d.running >= 0 &&
               holds_image(&d.m, (unsigned)d.running, d.m.chip->slot_offset, d.sends));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_input in = {data, size};

    make_device(&in);
    for (unsigned i = 0; in.left > 0 && i < 400u; i++) {
        d.erased = false;
        survive(step, &in);
        check_images();
    }
    d.m.cut_at = UINT32_MAX;
    d.command = 0;
    d.erased = false;
    survive(clean_update, &in);
    return 0;
}
