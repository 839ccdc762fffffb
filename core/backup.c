#include "twinbank/boot.h"

#define CONTROL_KEY 0x7B1Au
#define CONTROL_ARMED (1u << 8)
#define CONTROL_FAULT (1u << 9)
#define CONTROL_SWAPPING (1u << 10)
#define CONTROL_UNUSED 0x0800u
#define REPORT_PRESENT 2u

tb_control tb_control_decode(uint32_t word)
{
    tb_control control = {0};
    uint32_t request = (word >> 12) & 15u;

    if (word >> 16 == CONTROL_KEY && request <= TB_REQUEST_STAGE2 && (word & CONTROL_UNUSED) == 0) {
        control.request = (uint8_t)request;
        control.armed = (word & CONTROL_ARMED) != 0;
        control.fault = (word & CONTROL_FAULT) != 0;
        control.swapping = (word & CONTROL_SWAPPING) != 0;
        control.failures = (uint8_t)word;
    }
    return control;
}

uint32_t tb_control_encode(const tb_control *control)
{
    return CONTROL_KEY << 16 | (uint32_t)(control->request & 15u) << 12 |
           (control->swapping ? CONTROL_SWAPPING : 0u) | (control->fault ? CONTROL_FAULT : 0u) |
           (control->armed ? CONTROL_ARMED : 0u) |
           control->failures;
}

tb_boot_report tb_report_decode(const uint32_t backup[TB_BACKUP_COUNT])
{
    tb_boot_report report = {0};
    uint32_t word = backup[TB_BACKUP_REPORT];
    uint32_t why = (word >> 26) & 15u;
    uint32_t cause = (word >> 22) & 15u;

    if (word >> 30 == REPORT_PRESENT && why < TB_WHY_COUNT && cause < TB_RESET_COUNT) {
        report.present = true;
        report.why = (uint8_t)why;
        report.cause = (uint8_t)cause;
        report.attempts = (word >> 18) & 15u;
        report.swapped = ((word >> 17) & 1u) != 0;
        report.bank = (word >> 16) & 1u;
        report.generation = (uint16_t)word;
        report.fault_pc = backup[TB_BACKUP_FAULT_PC];
        report.fault_status = backup[TB_BACKUP_FAULT_STATUS];
    }
    return report;
}

uint32_t tb_report_encode(const tb_boot_report *report)
{
    uint32_t attempts = report->attempts < 15u ? report->attempts : 15u;

    return REPORT_PRESENT << 30 | (uint32_t)(report->why & 15u) << 26 |
           (uint32_t)(report->cause & 15u) << 22 | attempts << 18 |
           (report->swapped ? 1u << 17 : 0u) | (uint32_t)(report->bank & 1u) << 16 |
           report->generation;
}
