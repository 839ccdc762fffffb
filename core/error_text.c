#include "twinbank/boot.h"
#include "twinbank/error.h"

#include <stddef.h>

typedef struct error_row {
    tb_error error;
    const char *name, *text;
} error_row;

#define ROW(error, text) {error, #error, text}

static const error_row rows[] = {
    ROW(TB_OK, "no error"),
    ROW(TB_ERR_MAGIC, "not a twinbank image"),
    ROW(TB_ERR_HEADER_CRC, "header damaged"),
    ROW(TB_ERR_FORMAT, "header format newer than this firmware knows"),
    ROW(TB_ERR_KIND, "neither application nor stage 2"),
    ROW(TB_ERR_CHIP, "made for another chip"),
    ROW(TB_ERR_GEOMETRY, "made for this chip with another bank size"),
    ROW(TB_ERR_PRODUCT, "made for another product"),
    ROW(TB_ERR_ADDRESS, "linked for another address"),
    ROW(TB_ERR_SIZE, "empty, not whole, or larger than the slot"),
    ROW(TB_ERR_VERSION, "older than the confirmed image"),
    ROW(TB_ERR_SECURITY, "security version lower than the confirmed image's"),
    ROW(TB_ERR_PAYLOAD_CRC, "the image in flash does not match its header"),
    ROW(TB_ERR_VECTORS, "initial stack pointer or reset vector out of place"),
    ROW(TB_ERR_TLV_CRC, "the header's TLV area is damaged"),
    ROW(TB_ERR_NO_SESSION, "data or finish before begin"),
    ROW(TB_ERR_OFFSET, "data out of order"),
    ROW(TB_ERR_OVERLONG, "more data than the header announced"),
    ROW(TB_ERR_INCOMPLETE, "finish before the last byte"),
    ROW(TB_ERR_BUSY, "another update is under way"),
    ROW(TB_ERR_NO_IMAGE, "no valid image where one is needed"),
    ROW(TB_ERR_REJECTED, "that image was rejected"),
    ROW(TB_ERR_CONFIRM_FIRST, "the running image is on trial: confirm it or roll it back first"),
    ROW(TB_ERR_RUNNING, "that would destroy what is running"),
    ROW(TB_ERR_NOT_HERE, "cannot be done by what is running now"),
    ROW(TB_ERR_CONTENTS, "all contents would be lost by that"),
    ROW(TB_ERR_SOURCE, "the other bank does not hold the image that the delta is against"),
    ROW(TB_ERR_STREAM, "not a compressed stream, or damaged"),
    ROW(TB_ERR_ECC, "uncorrectable word in flash"),
    ROW(TB_ERR_PROGRAM, "flash would not program"),
    ROW(TB_ERR_ERASE, "flash would not erase"),
    ROW(TB_ERR_VERIFY, "flash reads back differently from what was written"),
    ROW(TB_ERR_WRITE_PROTECTED, "flash is write-protected there"),
    ROW(TB_ERR_LOCKED, "flash stays locked until the next reset"),
    ROW(TB_ERR_RANGE, "outside the flash that may be used"),
    ROW(TB_ERR_LOG_FULL, "the slot's log is full"),
    ROW(TB_ERR_TIMEOUT, "flash did not finish in time"),
    ROW(TB_ERR_SINGLE_BANK, "the part is in single-bank mode"),
    ROW(TB_ERR_OPTIONS, "the option bytes do not take the change"),
    ROW(TB_ERR_TRUSTZONE, "the part has TrustZone enabled (TZEN = 1)"),
    ROW(TB_ERR_SUPPLY, "the supply is too low to write option bytes"),
    ROW(TB_ERR_STAGE1, "the two copies of stage 1 are not the same"),
    ROW(TB_ERR_FRAME_CRC, "frame damaged on the wire"),
    ROW(TB_ERR_FRAME_LENGTH, "frame length too large, or wrong for the command"),
    ROW(TB_ERR_FRAME_TIMEOUT, "silence in the middle of a frame"),
    ROW(TB_ERR_COMMAND, "unknown command"),
    ROW(TB_ERR_ARGUMENT, "argument out of range"),
    ROW(TB_ERR_OVERRUN, "bytes were lost at the receiver"),
};

static const error_row *find(tb_error error)
{
    for (unsigned i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].error == error) {
            return &rows[i];
        }
    }
    return NULL;
}

const char *tb_error_text(tb_error error)
{
    const error_row *row = find(error);

    return row != NULL ? row->text : "unknown error";
}

const char *tb_error_name(tb_error error)
{
    const error_row *row = find(error);

    return row != NULL ? row->name : "TB_ERR_UNKNOWN";
}

static const char *pick(const char *const *texts, unsigned count, unsigned value)
{
    return value < count ? texts[value] : "unknown";
}

const char *tb_reason_text(tb_reason reason)
{
    static const char *const texts[TB_REASON_COUNT] = {
        [TB_REASON_NONE] = "none",
        [TB_REASON_NOT_CONFIRMED] = "not confirmed within its boots",
        [TB_REASON_WATCHDOG] = "not confirmed: watchdog reset",
        [TB_REASON_FAULT] = "not confirmed: fault",
        [TB_REASON_BOOT_COUNTER] = "stopped coming up",
        [TB_REASON_REQUESTED] = "rollback asked for",
    };
    return pick(texts, TB_REASON_COUNT, (unsigned)reason);
}

const char *tb_reset_cause_text(tb_reset_cause cause)
{
    static const char *const texts[TB_RESET_COUNT] = {
        [TB_RESET_POWER] = "power-on",       [TB_RESET_PIN] = "reset pin",
        [TB_RESET_SOFTWARE] = "software",    [TB_RESET_WATCHDOG] = "watchdog",
        [TB_RESET_FAULT] = "fault",          [TB_RESET_OPTION] = "option bytes loaded",
        [TB_RESET_STANDBY] = "wake-up from Standby",
    };
    return pick(texts, TB_RESET_COUNT, (unsigned)cause);
}

const char *tb_why_text(tb_why why)
{
    static const char *const texts[TB_WHY_COUNT] = {
        [TB_WHY_NEWEST_CONFIRMED] = "newest image, confirmed",
        [TB_WHY_TRIAL] = "newest image, on trial",
        [TB_WHY_OTHER_REJECTED] = "the newer image was rejected",
        [TB_WHY_OTHER_INVALID] = "the newer image failed its check",
        [TB_WHY_TRIAL_EXHAUSTED] = "trial attempts used up",
        [TB_WHY_BOOT_COUNTER] = "the confirmed image stopped coming up",
        [TB_WHY_REQUESTED] = "stage 2 was asked for",
        [TB_WHY_NO_IMAGE] = "no image to boot",
    };
    return pick(texts, TB_WHY_COUNT, (unsigned)why);
}
