#include "twinbank/boot.h"

#define CONTROL_UNUSED 0x0800u /* and all above TB_CONTROL_STAGE2 */
#define REPORT_PRESENT 2u

uint32_t tb_control_checked(uint32_t word)
{
    uint32_t bits = word ^ TB_CONTROL_KEY;

    return (bits & ~TB_CONTROL_STAGE2) < CONTROL_UNUSED ? word : TB_CONTROL_KEY;
}

tb_control tb_control_decode(uint32_t word)
{
    word = tb_control_checked(word);
    return (tb_control){
        .request = (word & TB_CONTROL_STAGE2) != 0 ? TB_REQUEST_STAGE2 : TB_REQUEST_NONE,
        .armed = (word & TB_CONTROL_ARMED) != 0,
        .fault = (word & TB_CONTROL_FAULT) != 0,
        .swapping = (word & TB_CONTROL_SWAPPING) != 0,
        .failures = (uint8_t)word,
    };
}

uint32_t tb_control_encode(const tb_control *control)
{
    return TB_CONTROL_KEY | (control->request == TB_REQUEST_STAGE2 ? TB_CONTROL_STAGE2 : 0u) |
           (control->swapping ? TB_CONTROL_SWAPPING : 0u) |
           (control->fault ? TB_CONTROL_FAULT : 0u) |
           (control->armed ? TB_CONTROL_ARMED : 0u) | control->failures;
}

bool tb_report_present(uint32_t word)
{
    return word >> 30 == REPORT_PRESENT && TB_REPORT_WHY(word) < TB_WHY_COUNT &&
           TB_REPORT_CAUSE(word) < TB_RESET_COUNT;
}

tb_boot_report tb_report_decode(const uint32_t backup[TB_BACKUP_COUNT])
{
    tb_boot_report report = {0};
    uint32_t word = backup[TB_BACKUP_REPORT];

    if (tb_report_present(word)) {
        report.present = true;
        report.why = (uint8_t)TB_REPORT_WHY(word);
        report.cause = (uint8_t)TB_REPORT_CAUSE(word);
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
    return TB_REPORT_WORD(report->why & 15u, report->cause & 15u, report->swapped ? 1u : 0u,
                          report->bank & 1u) |
           TB_REPORT_ATTEMPTS(report->attempts) | report->generation;
}
