/* What lies in flash, read from the documents (docs/image.md, docs/boot-decision.md) and from
 * nothing else: no line of it is shared with core/. It looks at the raw arrays and at how
 * each unit reads, so it also says what could be read of a unit that is never the same. */
#ifndef TORTURE_ORACLE_H
#define TORTURE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/machine/machine.h"

typedef enum oracle_region {
    ORACLE_STAGE1, ORACLE_STAGE2, ORACLE_SLOT, ORACLE_LOG, ORACLE_REGIONS
} oracle_region;

typedef struct oracle_image {
    const char *wrong; /* NULL: whole, and every unit of it reads the same at each look */
    uint32_t version, bytes, crc;
} oracle_image;

typedef enum oracle_state {
    ORACLE_EMPTY, ORACLE_TRIAL, ORACLE_CONFIRMED, ORACLE_REJECTED
} oracle_state;

typedef struct oracle_log {
    oracle_state state;
    uint16_t generation;
    unsigned attempts, torn, used, reason;
} oracle_log;

typedef struct oracle {
    sim_machine *m;
    const tb_chip *chip;
    uint32_t product;
    uint8_t *stage1[2];     /* as it was when the oracle began to watch */
    bool had_image, had_stage2;
    uint32_t confirmed;     /* newest version that has been seen whole and confirmed */
    uint64_t option_writes; /* before it began to watch */
    bool switching;         /* the bank mode: contents may go, by an erase of banks alone */
    uint64_t writes, erases; /* likewise, of units and pages, and of banks */
    uint32_t contents[2];
    bool dirty[2][ORACLE_REGIONS];
    oracle_image slot[2], stage2[2]; /* of regions that are not dirty */
    bool log_known[2], log_boots[2], log_confirms[2]; /* each way to read it says so */
    /* Told what a judgement rests on, also where it was looked at earlier. May be NULL. */
    void (*look)(void *ctx, unsigned bank, uint32_t offset, uint32_t bytes);
    void *look_ctx;
} oracle;

/* Takes what is in flash now as what must be kept. */
void oracle_init(oracle *o, sim_machine *m, uint32_t product);
void oracle_free(oracle *o);
/* From now on the part may switch its bank mode, and do nothing else (docs/bank-mode.md). */
void oracle_switching(oracle *o);
bool oracle_contents_kept(const oracle *o);
/* An operation begins there: what is known of it must be looked at again. */
void oracle_touch(oracle *o, unsigned bank, uint32_t offset, uint32_t bytes);
void oracle_touch_all(oracle *o);

const oracle_image *oracle_slot(oracle *o, unsigned bank);
const oracle_image *oracle_stage2(oracle *o, unsigned bank);
/* One way to read the log: `look` says, in base 3, what each unstable unit shows: itself, its
 * other reading, or an ECC error. oracle_looks() tells how many ways there are (up to 243). */
oracle_log oracle_log_read(const oracle *o, unsigned bank, unsigned look);
unsigned oracle_looks(const oracle *o, unsigned bank);
/* Is there an image in that slot that boots, whatever the unstable units show? */
bool oracle_bootable(oracle *o, unsigned bank);
/* The bank that stage 1 starts by the table of docs/boot-decision.md, -1: stage 2. */
int oracle_decides(oracle *o);

/* What must hold at every instant. NULL, or what does not (static). */
const char *oracle_instant(oracle *o);
/* What must hold of the logs after `cuts` interruptions. NULL or what does not. */
const char *oracle_log_legal(oracle *o, unsigned cuts);

uint32_t oracle_crc32(const uint8_t *data, size_t bytes);

#endif
