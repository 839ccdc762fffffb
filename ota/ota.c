#include "twinbank/ota.h"

#include "chips/chips.h"
#include "tb_target.h"

static const char version_text[TB_WIRE_VERSION_TEXT_BYTES + 1u] = "twinbank application       ";

static tb_identity identity(const tb_ota *ota)
{
    return (tb_identity){.chip = TB_TARGET, .product_id = ota->product_id};
}

static tb_control control_read(void)
{
    uint32_t words[TB_BACKUP_COUNT];

    chip_backup_read(words);
    return tb_control_decode(words[TB_BACKUP_CONTROL]);
}

static void control_write(const tb_control *control)
{
    chip_backup_write(TB_BACKUP_CONTROL, tb_control_encode(control));
}

tb_error tb_ota_init(tb_ota *ota)
{
    tb_control control = control_read();
    tb_identity device = {.chip = TB_TARGET};
    tb_image_head head;
    tb_error error = chip_check(TB_TARGET);

    chip_flash_init();
    ota->flash = chip_flash;
    ota->running_bank = (uint8_t)chip_mapped_bank();
    ota->product_id = 0u;
    if (error == TB_OK) {
        error = ota->flash.read(ota->flash.ctx, ota->running_bank, TB_TARGET->slot_offset, &head,
                                sizeof head);
    }
    if (error == TB_OK) {
        device.product_id = head.product_id;
        error = tb_image_check_head(&head, &device);
    }
    if (error == TB_OK) {
        ota->product_id = head.product_id;
    }
    tb_update_init(&ota->update, &ota->flash,
                   &(tb_update_policy){.device = identity(ota), .running_bank = ota->running_bank,
                                       .running_stage2_bank = -1});
    control.armed = true;
    control_write(&control);
    return error;
}

tb_error tb_ota_confirm(tb_ota *ota)
{
    tb_error error = tb_slot_confirm(&ota->flash, ota->running_bank, TB_CONFIRMED_BY_APPLICATION);
    tb_control control = control_read();

    if (error == TB_OK) {
        control.failures = 0u;
        control_write(&control);
    }
    return error;
}

bool tb_ota_on_trial(tb_ota *ota)
{
    tb_slot_log log;

    return tb_slot_log_read(&ota->flash, ota->running_bank, &log) == TB_OK &&
           log.state == TB_SLOT_TRIAL;
}

void tb_ota_feed(void)
{
    chip_watchdog_feed();
}

tb_error tb_ota_begin(tb_ota *ota, const tb_image_head *head, uint32_t *next)
{
    return tb_update_begin(&ota->update, head, next);
}

tb_error tb_ota_write(tb_ota *ota, uint32_t offset, const void *data, uint32_t bytes)
{
    return tb_update_write(&ota->update, offset, data, bytes);
}

tb_error tb_ota_finish(tb_ota *ota)
{
    return tb_update_finish(&ota->update);
}

bool tb_ota_work(tb_ota *ota)
{
    return tb_update_work(&ota->update);
}

tb_error tb_ota_rollback(tb_ota *ota)
{
    tb_identity device = identity(ota);

    return tb_slot_reject(&ota->flash, &device, ota->running_bank, TB_REASON_REQUESTED);
}

tb_boot_report tb_ota_report(void)
{
    uint32_t words[TB_BACKUP_COUNT];

    chip_backup_read(words);
    return tb_report_decode(words);
}

_Noreturn void tb_ota_reboot(void)
{
    chip_reset();
}

_Noreturn void tb_ota_enter_stage2(void)
{
    tb_control control = control_read();

    control.request = TB_REQUEST_STAGE2;
    control_write(&control);
    chip_reset();
}

void tb_ota_server_config(const tb_ota *ota, tb_server_config *config)
{
    *config = (tb_server_config){
        .flash = &ota->flash, .role = TB_ROLE_APPLICATION, .report = tb_ota_report(),
        .version_text = version_text, .refusal = chip_check(TB_TARGET),
        .protected_banks = chip_protected_banks(),
        .policy = {.device = identity(ota), .running_bank = ota->running_bank,
                   .running_stage2_bank = -1},
    };
    chip_uid(config->uid);
}

bool tb_ota_nmi(void)
{
    return chip_nmi_is_ecc();
}

_Noreturn void tb_ota_fault(uint32_t pc, uint32_t status)
{
    tb_control control = control_read();

    control.fault = true;
    chip_backup_write(TB_BACKUP_FAULT_PC, pc);
    chip_backup_write(TB_BACKUP_FAULT_STATUS, status);
    control_write(&control);
    chip_reset();
}
