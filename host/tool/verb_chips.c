#include <string.h>

#include "host/tool/exit_codes.h"
#include "host/tool/out.h"
#include "host/tool/verbs.h"
#include "twinbank/chip.h"

static const char *family_text(tb_family family)
{
    static const char *const names[] = {
        [TB_FAMILY_G4] = "G4", [TB_FAMILY_L4] = "L4", [TB_FAMILY_L4PLUS] = "L4+",
        [TB_FAMILY_U5] = "U5", [TB_FAMILY_F7] = "F7", [TB_FAMILY_H7] = "H7",
    };
    return (unsigned)family < sizeof names / sizeof names[0] ? names[family] : "?";
}

static json_t *chip_json(const tb_chip *c)
{
    json_t *j = json_pack("{s:s, s:s, s:o, s:i, s:b}", "name", c->name, "family",
                          family_text(c->family), "device_id", json_sprintf("0x%03X", c->device_id),
                          "flash_kib", (int)c->flash_kib, "supported", (int)c->has_banks);
    if (!c->has_banks) {
        (void)json_object_set_new(j, "reason", json_string(c->refusal));
        return j;
    }
    json_t *pages = json_array();
    for (unsigned i = 0; i < TB_PAGE_RUNS && c->pages[i].count; i++) {
        (void)json_array_append_new(pages, json_pack("{s:i, s:I}", "count", (int)c->pages[i].count,
                                                     "bytes", (json_int_t)c->pages[i].bytes));
    }
    json_t *more = json_pack(
        "{s:I, s:o, s:o, s:o, s:i, s:I, s:o, s:I, s:o, s:o, s:I, s:o, s:I, s:s, s:s}", "bank_bytes",
        (json_int_t)c->bank_bytes, "bank1_address", json_address(TB_FLASH_BASE), "bank2_address",
        json_address(c->bank2_base), "pages", pages, "unit_bytes", (int)c->unit_bytes,
        "stage1_bytes", (json_int_t)c->stage1_bytes, "stage2_address",
        json_address(TB_FLASH_BASE + c->stage2_offset), "stage2_bytes", (json_int_t)c->stage2_bytes,
        "slot_address", json_address(TB_FLASH_BASE + c->slot_offset), "vectors_address",
        json_address(TB_FLASH_BASE + c->slot_offset + 1024u), "slot_image_bytes",
        (json_int_t)tb_slot_image_bytes(c), "ram_address", json_address(c->sram.base), "ram_bytes",
        (json_int_t)c->sram.bytes, "board", c->board.name, "uart", c->board.uart_name);
    (void)json_object_update(j, more);
    json_decref(more);
    return j;
}

static void print_chip(const tb_chip *c)
{
    if (!c->has_banks) {
        out_line("%-13s %-4s 0x%03X  %s%s%s", c->name, family_text(c->family), c->device_id,
                 out_style(stdout, STYLE_WARN), "not supported", out_style(stdout, STYLE_PLAIN));
        return;
    }
    char pages[48] = "";
    for (unsigned i = 0; i < TB_PAGE_RUNS && c->pages[i].count; i++) {
        size_t at = strlen(pages);
        (void)snprintf(pages + at, sizeof pages - at, "%s%ux%uK", i ? "+" : "", c->pages[i].count,
                       (unsigned)(c->pages[i].bytes / 1024u));
    }
    out_line("%-13s %-4s 0x%03X  2x%-4u KB  %-9s %2u B  0x%08X  0x%08X  %4u KB  %s %s", c->name,
             family_text(c->family), c->device_id, (unsigned)(c->bank_bytes / 1024u), pages,
             c->unit_bytes, (unsigned)c->bank2_base,
             (unsigned)(TB_FLASH_BASE + c->slot_offset + 1024u),
             (unsigned)(tb_slot_image_bytes(c) / 1024u), c->board.name, c->board.uart_name);
}

static int run(const verb *self, int argc, char **argv)
{
    arguments args;
    parse_result result = parse_exactly(self, NULL, 0, false, argc, argv, &args, 0, "");
    if (result != PARSE_OK) {
        return result == PARSE_DONE ? TB_EXIT_OK : TB_EXIT_USAGE;
    }
    size_t count;
    const tb_chip *chips = tb_chips(&count);
    json_t *list = json_array();
    out_line("%s%-13s %-4s %-5s  %-9s  %-9s %-4s  %-10s  %-10s  %-7s  %s%s",
             out_style(stdout, STYLE_BOLD), "chip", "fam.", "id", "banks", "pages", "unit",
             "bank 2", "vectors", "slot", "reference board", out_style(stdout, STYLE_PLAIN));
    for (size_t i = 0; i < count; i++) {
        print_chip(&chips[i]);
        (void)json_array_append_new(list, chip_json(&chips[i]));
    }
    for (size_t i = 0; i < count; i++) {
        if (!chips[i].has_banks) {
            out_line("\n%s: %s", chips[i].name, chips[i].refusal);
        }
    }
    out_json(list);
    return TB_EXIT_OK;
}

const verb verb_chips = {
    .name = "chips",
    .summary = "list the parts that are known, and the ones that are refused",
    .usage = "[--json]",
    .about =
        "Prints one row per part: its device id, the two banks, the erase pages, the programming\n"
        "unit, where bank 2 is mapped, where an application's vector table belongs and how large\n"
        "an image may be. A part that cannot be supported is listed with the reason.",
    .run = run,
};
