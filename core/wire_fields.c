#include <string.h>

#include "twinbank/wire.h"

/* docs/wire.md, the tables of hello and status. */
#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #field)
_Static_assert(sizeof(tb_hello) == TB_HELLO_BYTES && TB_HELLO_BYTES == 44u, "hello");
_Static_assert(sizeof(tb_wire_slot) == TB_WIRE_SLOT_BYTES && TB_WIRE_SLOT_BYTES == 40u, "slot");
_Static_assert(sizeof(tb_status) == TB_STATUS_BYTES && TB_STATUS_BYTES == 126u, "status");
AT(tb_hello, protocol, 0);
AT(tb_hello, role, 1);
AT(tb_hello, device_id, 2);
AT(tb_hello, flash_kib, 4);
AT(tb_hello, bank_kib, 6);
AT(tb_hello, unit_bytes, 8);
AT(tb_hello, mapped_bank, 9);
AT(tb_hello, product_id, 10);
AT(tb_hello, slot_image_bytes, 14);
AT(tb_hello, stage2_bytes, 18);
AT(tb_hello, max_payload, 22);
AT(tb_hello, window, 24);
AT(tb_hello, capabilities, 28);
AT(tb_hello, uid, 32);
AT(tb_wire_slot, state, 0);
AT(tb_wire_slot, head_error, 1);
AT(tb_wire_slot, payload_error, 2);
AT(tb_wire_slot, attempts, 3);
AT(tb_wire_slot, reason, 4);
AT(tb_wire_slot, confirmed_by, 5);
AT(tb_wire_slot, generation, 6);
AT(tb_wire_slot, torn_units, 8);
AT(tb_wire_slot, used_units, 10);
AT(tb_wire_slot, version, 12);
AT(tb_wire_slot, size, 16);
AT(tb_wire_slot, crc32, 20);
AT(tb_wire_slot, product_id, 24);
AT(tb_wire_slot, security_version, 28);
AT(tb_wire_slot, build_id, 32);
AT(tb_status, stage2[0].error, 80);
AT(tb_status, stage2[0].version, 81);
AT(tb_status, stage2[0].size, 85);
AT(tb_status, stage2[1], 89);
AT(tb_status, running_bank, 98);
AT(tb_status, stage2_bank, 99);
AT(tb_status, preferred, 100);
AT(tb_status, report_present, 101);
AT(tb_status, why, 102);
AT(tb_status, cause, 103);
AT(tb_status, attempts, 104);
AT(tb_status, report_bank, 105);
AT(tb_status, swapped, 106);
AT(tb_status, report_generation, 107);
AT(tb_status, fault_pc, 109);
AT(tb_status, fault_status, 113);
AT(tb_status, session_open, 117);
AT(tb_status, session_next, 118);
AT(tb_status, session_total, 122);
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the wire's order is the machine's");

void tb_hello_put(uint8_t out[TB_HELLO_BYTES], const tb_hello *hello)
{
    memcpy(out, hello, sizeof *hello);
}

/* A later protocol may append fields: more bytes than known are no error. */
bool tb_hello_get(tb_hello *hello, const uint8_t *in, size_t bytes)
{
    if (bytes < sizeof *hello) {
        return false;
    }
    memcpy(hello, in, sizeof *hello);
    return true;
}

void tb_status_put(uint8_t out[TB_STATUS_BYTES], const tb_status *status)
{
    memcpy(out, status, sizeof *status);
}

bool tb_status_get(tb_status *status, const uint8_t *in, size_t bytes)
{
    if (bytes < sizeof *status) {
        return false;
    }
    memcpy(status, in, sizeof *status);
    return true;
}
