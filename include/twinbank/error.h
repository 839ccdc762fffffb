/* One enum for everything that can go wrong, on the device and on the wire.
 * The numbers are the wire's: never renumber, only append. docs/wire.md lists
 * each with what to do about it. */
#ifndef TWINBANK_ERROR_H
#define TWINBANK_ERROR_H

typedef enum tb_error {
    TB_OK = 0,

    /* the image's header (0x01..) */
    TB_ERR_MAGIC = 0x01,        /* the first word is not the image magic */
    TB_ERR_HEADER_CRC = 0x02,   /* header damaged */
    TB_ERR_FORMAT = 0x03,       /* header format newer than this firmware knows */
    TB_ERR_KIND = 0x04,         /* neither application nor stage 2 */
    TB_ERR_CHIP = 0x05,         /* made for another chip */
    TB_ERR_GEOMETRY = 0x06,     /* right chip, other bank size */
    TB_ERR_PRODUCT = 0x07,      /* made for another product */
    TB_ERR_ADDRESS = 0x08,      /* linked for another address */
    TB_ERR_SIZE = 0x09,         /* empty, not whole, or larger than the slot */
    TB_ERR_VERSION = 0x0A,      /* older than the confirmed image */
    TB_ERR_SECURITY = 0x0B,     /* security version lower than the confirmed image's */
    TB_ERR_PAYLOAD_CRC = 0x0C,  /* the image in flash does not match its header */
    TB_ERR_VECTORS = 0x0D,      /* initial SP or reset vector points outside RAM or slot */
    TB_ERR_TLV_CRC = 0x0E,      /* the header's TLV area is damaged */

    /* the session (0x20..) */
    TB_ERR_NO_SESSION = 0x20,   /* data or finish before begin */
    TB_ERR_OFFSET = 0x21,       /* data out of order: the reply says which offset is expected */
    TB_ERR_OVERLONG = 0x22,     /* more data than the header announced */
    TB_ERR_INCOMPLETE = 0x23,   /* finish before the last byte */
    TB_ERR_BUSY = 0x24,         /* another session holds the engine */
    TB_ERR_NO_IMAGE = 0x25,     /* no valid image where the command needs one */
    TB_ERR_REJECTED = 0x26,     /* that image was rejected; flash it again to try again */
    TB_ERR_CONFIRM_FIRST = 0x27,/* the running image is on trial: confirm it or roll it back first */
    TB_ERR_RUNNING = 0x28,      /* the command would destroy what is running */
    TB_ERR_NOT_HERE = 0x29,     /* only stage 2 (or only an application) can do that */
    TB_ERR_CONTENTS = 0x2A,     /* all contents would be lost, and the request does not say so */
    TB_ERR_SOURCE = 0x2B,       /* the other bank does not hold the image that the delta is against */
    TB_ERR_STREAM = 0x2C,       /* not a compressed stream, or damaged */

    /* flash (0x40..) */
    TB_ERR_ECC = 0x40,          /* uncorrectable word at a read */
    TB_ERR_PROGRAM = 0x41,      /* controller refused or failed to program */
    TB_ERR_ERASE = 0x42,        /* controller refused or failed to erase */
    TB_ERR_VERIFY = 0x43,       /* read back differs from what was written */
    TB_ERR_WRITE_PROTECTED = 0x44,
    TB_ERR_LOCKED = 0x45,       /* controller would not unlock until the next reset */
    TB_ERR_RANGE = 0x46,        /* bank, offset, page or alignment outside what is allowed */
    TB_ERR_LOG_FULL = 0x47,
    TB_ERR_TIMEOUT = 0x48,
    TB_ERR_SINGLE_BANK = 0x49,  /* the part is in single-bank mode */
    TB_ERR_OPTIONS = 0x4A,      /* the option bytes are frozen, or would not take the change */
    TB_ERR_TRUSTZONE = 0x4B,    /* TrustZone is enabled (TZEN = 1): not supported */
    TB_ERR_SUPPLY = 0x4C,       /* the supply is too low for an option write */
    TB_ERR_STAGE1 = 0x4D,       /* the two copies of stage 1 differ */

    /* the wire (0x60..) */
    TB_ERR_FRAME_CRC = 0x60,
    TB_ERR_FRAME_LENGTH = 0x61, /* longer than max_payload, or wrong for the command */
    TB_ERR_FRAME_TIMEOUT = 0x62,/* silence in mid-frame */
    TB_ERR_COMMAND = 0x63,      /* unknown command */
    TB_ERR_ARGUMENT = 0x64,
    TB_ERR_OVERRUN = 0x65       /* the sender ignored the window, bytes were lost */
} tb_error;

/* A lower-case phrase for people, "made for another chip". Never NULL. */
const char *tb_error_text(tb_error error);
/* The constant's name, "TB_ERR_CHIP". Never NULL. */
const char *tb_error_name(tb_error error);

#endif
