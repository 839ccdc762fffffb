#include "host/lib/client.h"

const char *tb_error_hint(tb_error error)
{
    static const struct {
        tb_error error;
        const char *hint;
    } hints[] = {
        {TB_ERR_MAGIC, "send a .twb file made with 'twinbank image pack'"},
        {TB_ERR_HEADER_CRC, "check the file with 'twinbank image info', pack it again"},
        {TB_ERR_FORMAT, "update stage 2 and the application's library first"},
        {TB_ERR_KIND, "pack the image with --kind app or stage2"},
        {TB_ERR_CHIP, "'twinbank info' shows the device's chip: build for that one"},
        {TB_ERR_GEOMETRY,
         "'twinbank info' shows the device's flash: pack with the --chip of that size"},
        {TB_ERR_PRODUCT, "'twinbank info' shows the device's product: pack with that --product"},
        {TB_ERR_ADDRESS, "'twinbank chips' shows the address to link for"},
        {TB_ERR_SIZE, "the image must become smaller; 'twinbank info' shows the room"},
        {TB_ERR_VERSION, "pack it with a higher --version; to go back, use 'twinbank rollback'"},
        {TB_ERR_SECURITY, "pack it with the --security of the running image, or higher"},
        {TB_ERR_PAYLOAD_CRC,
         "flash it again; if that repeats, check the file with 'twinbank image info'"},
        {TB_ERR_VECTORS, "link it for the slot, with its stack in RAM: see 'twinbank chips'"},
        {TB_ERR_TLV_CRC,
         "flash it again; if that repeats, check the file with 'twinbank image info'"},
        {TB_ERR_NO_SESSION, "run 'twinbank flash' again"},
        {TB_ERR_INCOMPLETE, "run 'twinbank flash' again: it resumes"},
        {TB_ERR_BUSY, "wait until the other update is done"},
        {TB_ERR_NO_IMAGE, "'twinbank map' shows what each bank holds"},
        {TB_ERR_REJECTED, "flash it again to give it new trials"},
        {TB_ERR_CONFIRM_FIRST, "'twinbank confirm' keeps it, 'twinbank rollback' goes back"},
        {TB_ERR_RUNNING,
         "choose the other bank, or start stage 2 first: 'twinbank reset --stage2'"},
        {TB_ERR_NOT_HERE, "start stage 2 first: 'twinbank reset --stage2'"},
        {TB_ERR_CONTENTS, "say --erase-all if that is meant"},
        {TB_ERR_ECC, "flash the image again; if that repeats, the part's flash is worn or damaged"},
        {TB_ERR_PROGRAM, "try again; if that repeats, the part's flash is worn or damaged"},
        {TB_ERR_ERASE, "try again; if that repeats, the part's flash is worn or damaged"},
        {TB_ERR_VERIFY, "try again; if that repeats, the part's flash is worn or damaged"},
        {TB_ERR_WRITE_PROTECTED, "the option bytes protect these pages: clear that WRP area"},
        {TB_ERR_LOCKED, "reset the device and try again"},
        {TB_ERR_LOG_FULL, "flash the slot again: that empties its log"},
        {TB_ERR_TIMEOUT, "reset the device and try again"},
        {TB_ERR_SINGLE_BANK,
         "'twinbank mode --dual --erase-all' switches it and erases everything; then program the "
         "part with its factory file"},
        {TB_ERR_OPTIONS, "look at RDP and BOOT_LOCK with a debugger: they must allow the change"},
        {TB_ERR_TRUSTZONE, "only parts with TZEN = 0 are supported: clear it, which erases everything, "
                           "and program the part with its factory file"},
        {TB_ERR_SUPPLY, "give the part 2.1 V or more, or protect it with a debugger: docs/protection.md"},
        {TB_ERR_STAGE1, "flash an application to the other bank, or program the factory file"},
        {TB_ERR_COMMAND, "the device's firmware is older than this tool: update stage 2"},
        {TB_ERR_OVERRUN, "try a lower --baud"},
    };
    for (size_t i = 0; i < sizeof hints / sizeof hints[0]; i++) {
        if (hints[i].error == error) {
            return hints[i].hint;
        }
    }
    return NULL;
}

static tb_client_result refuse(tb_client *c, tb_error error)
{
    const char *hint = tb_error_hint(error);
    c->device_error = error;
    if (hint) {
        (void)tb_hint(&c->why, "%s", hint);
    }
    return TB_CLIENT_REFUSED;
}

static const char *chip_name(uint16_t device_id, uint16_t bank_kib)
{
    const tb_chip *chip = tb_chip_by_id(device_id, bank_kib);
    return chip ? chip->name : "unknown part";
}

static tb_client_result check_part(tb_client *c, const tb_image_head *head)
{
    const tb_hello *h = &c->hello;
    if (head->device_id != h->device_id) {
        (void)tb_complain(&c->why, "the device is %s (id 0x%03X), the image is for %s (id 0x%03X)",
                          chip_name(h->device_id, h->bank_kib), h->device_id,
                          chip_name(head->device_id, head->bank_kib), head->device_id);
        return refuse(c, TB_ERR_CHIP);
    }
    if (head->bank_kib != h->bank_kib) {
        (void)tb_complain(
            &c->why, "the device has banks of %u KB (%s), the image is for banks of %u KB (%s)",
            h->bank_kib, chip_name(h->device_id, h->bank_kib), head->bank_kib,
            chip_name(head->device_id, head->bank_kib));
        return refuse(c, TB_ERR_GEOMETRY);
    }
    if (head->product_id != h->product_id) {
        (void)tb_complain(&c->why, "the device is product 0x%08X, the image is for product 0x%08X",
                          (unsigned)h->product_id, (unsigned)head->product_id);
        return refuse(c, TB_ERR_PRODUCT);
    }
    return TB_CLIENT_OK;
}

/* The image that stays when this one is written, where its version counts. */
static const tb_wire_slot *kept_slot(const tb_client *c)
{
    const tb_status *st = &c->status;
    uint8_t bank = c->hello.role == TB_ROLE_APPLICATION ? st->running_bank : st->preferred;
    const tb_wire_slot *slot = bank < 2u ? &st->slot[bank] : NULL;
    return slot && slot->state == TB_SLOT_CONFIRMED && slot->head_error == TB_OK ? slot : NULL;
}

static tb_client_result check_version(tb_client *c, const tb_image_head *head)
{
    const tb_wire_slot *kept = head->kind == TB_IMAGE_APPLICATION ? kept_slot(c) : NULL;
    char mine[16], theirs[16];
    if (kept && head->version < kept->version) {
        (void)tb_complain(&c->why, "the device has %s confirmed, the image is the older %s",
                          tb_version_text(kept->version, theirs),
                          tb_version_text(head->version, mine));
        return refuse(c, TB_ERR_VERSION);
    }
    if (kept && head->security_version < kept->security_version) {
        (void)tb_complain(&c->why,
                          "the device's image has security version %u, this one has only %u",
                          (unsigned)kept->security_version, (unsigned)head->security_version);
        return refuse(c, TB_ERR_SECURITY);
    }
    return TB_CLIENT_OK;
}

tb_client_result tb_client_check(tb_client *c, const tb_image_file *image)
{
    const tb_image_head *head = &image->head;
    tb_client_result result = check_part(c, head);
    if (result != TB_CLIENT_OK) {
        return result;
    }
    bool stage2 = head->kind == TB_IMAGE_STAGE2;
    uint32_t room = stage2 ? c->hello.stage2_bytes : c->hello.slot_image_bytes;
    if (image->bytes > room) {
        (void)tb_complain(&c->why, "the image has %zu bytes, the device has room for %u",
                          image->bytes, (unsigned)room);
        return refuse(c, TB_ERR_SIZE);
    }
    if (stage2 && !(c->hello.capabilities & TB_CAP_STAGE2_UPDATE)) {
        (void)tb_complain(&c->why, "what runs on the device now cannot update stage 2");
        return refuse(c, TB_ERR_NOT_HERE);
    }
    return check_version(c, head);
}
