#include <string.h>

#include "core/bytes.h"
#include "twinbank/wire.h"

_Static_assert(TB_HELLO_BYTES == 2u + 3u * 2u + 2u + 3u * 4u + 2u + 2u * 4u + 12u, "hello");
_Static_assert(TB_WIRE_SLOT_BYTES == 6u + 3u * 2u + 5u * 4u + 8u, "slot");
_Static_assert(TB_STATUS_BYTES == 126u, "status");

void tb_hello_put(uint8_t out[TB_HELLO_BYTES], const tb_hello *hello)
{
    uint8_t *p = out;

    put_u8(&p, hello->protocol);
    put_u8(&p, hello->role);
    put_u16(&p, hello->device_id);
    put_u16(&p, hello->flash_kib);
    put_u16(&p, hello->bank_kib);
    put_u8(&p, hello->unit_bytes);
    put_u8(&p, hello->mapped_bank);
    put_u32(&p, hello->product_id);
    put_u32(&p, hello->slot_image_bytes);
    put_u32(&p, hello->stage2_bytes);
    put_u16(&p, hello->max_payload);
    put_u32(&p, hello->window);
    put_u32(&p, hello->capabilities);
    memcpy(p, hello->uid, sizeof hello->uid);
}

/* A later protocol may append fields: more bytes than known are no error. */
bool tb_hello_get(tb_hello *hello, const uint8_t *in, size_t bytes)
{
    const uint8_t *p = in;

    if (bytes < TB_HELLO_BYTES) {
        return false;
    }
    hello->protocol = get_u8(&p);
    hello->role = get_u8(&p);
    hello->device_id = get_u16(&p);
    hello->flash_kib = get_u16(&p);
    hello->bank_kib = get_u16(&p);
    hello->unit_bytes = get_u8(&p);
    hello->mapped_bank = get_u8(&p);
    hello->product_id = get_u32(&p);
    hello->slot_image_bytes = get_u32(&p);
    hello->stage2_bytes = get_u32(&p);
    hello->max_payload = get_u16(&p);
    hello->window = get_u32(&p);
    hello->capabilities = get_u32(&p);
    memcpy(hello->uid, p, sizeof hello->uid);
    return true;
}

static void slot_put(uint8_t **p, const tb_wire_slot *slot)
{
    put_u8(p, slot->state);
    put_u8(p, slot->head_error);
    put_u8(p, slot->payload_error);
    put_u8(p, slot->attempts);
    put_u8(p, slot->reason);
    put_u8(p, slot->confirmed_by);
    put_u16(p, slot->generation);
    put_u16(p, slot->torn_units);
    put_u16(p, slot->used_units);
    put_u32(p, slot->version);
    put_u32(p, slot->size);
    put_u32(p, slot->crc32);
    put_u32(p, slot->product_id);
    put_u32(p, slot->security_version);
    memcpy(*p, slot->build_id, sizeof slot->build_id);
    *p += sizeof slot->build_id;
}

static void slot_get(const uint8_t **p, tb_wire_slot *slot)
{
    slot->state = get_u8(p);
    slot->head_error = get_u8(p);
    slot->payload_error = get_u8(p);
    slot->attempts = get_u8(p);
    slot->reason = get_u8(p);
    slot->confirmed_by = get_u8(p);
    slot->generation = get_u16(p);
    slot->torn_units = get_u16(p);
    slot->used_units = get_u16(p);
    slot->version = get_u32(p);
    slot->size = get_u32(p);
    slot->crc32 = get_u32(p);
    slot->product_id = get_u32(p);
    slot->security_version = get_u32(p);
    memcpy(slot->build_id, *p, sizeof slot->build_id);
    *p += sizeof slot->build_id;
}

void tb_status_put(uint8_t out[TB_STATUS_BYTES], const tb_status *status)
{
    uint8_t *p = out;

    for (unsigned i = 0; i < 2u; i++) {
        slot_put(&p, &status->slot[i]);
    }
    for (unsigned i = 0; i < 2u; i++) {
        put_u8(&p, status->stage2[i].error);
        put_u32(&p, status->stage2[i].version);
        put_u32(&p, status->stage2[i].size);
    }
    put_u8(&p, status->running_bank);
    put_u8(&p, status->stage2_bank);
    put_u8(&p, status->preferred);
    put_u8(&p, status->report_present);
    put_u8(&p, status->why);
    put_u8(&p, status->cause);
    put_u8(&p, status->attempts);
    put_u8(&p, status->report_bank);
    put_u8(&p, status->swapped);
    put_u16(&p, status->report_generation);
    put_u32(&p, status->fault_pc);
    put_u32(&p, status->fault_status);
    put_u8(&p, status->session_open);
    put_u32(&p, status->session_next);
    put_u32(&p, status->session_total);
}

bool tb_status_get(tb_status *status, const uint8_t *in, size_t bytes)
{
    const uint8_t *p = in;

    if (bytes < TB_STATUS_BYTES) {
        return false;
    }
    for (unsigned i = 0; i < 2u; i++) {
        slot_get(&p, &status->slot[i]);
    }
    for (unsigned i = 0; i < 2u; i++) {
        status->stage2[i].error = get_u8(&p);
        status->stage2[i].version = get_u32(&p);
        status->stage2[i].size = get_u32(&p);
    }
    status->running_bank = get_u8(&p);
    status->stage2_bank = get_u8(&p);
    status->preferred = get_u8(&p);
    status->report_present = get_u8(&p);
    status->why = get_u8(&p);
    status->cause = get_u8(&p);
    status->attempts = get_u8(&p);
    status->report_bank = get_u8(&p);
    status->swapped = get_u8(&p);
    status->report_generation = get_u16(&p);
    status->fault_pc = get_u32(&p);
    status->fault_status = get_u32(&p);
    status->session_open = get_u8(&p);
    status->session_next = get_u32(&p);
    status->session_total = get_u32(&p);
    return true;
}
