/* What a device does while it is cut, and what must be true of it afterwards. */
#ifndef TORTURE_SCENARIO_H
#define TORTURE_SCENARIO_H

#include "torture/rig.h"

/* PROGRAMMER: it wants the factory file. LOCKED: at RDP level 1, it wants a regression before. */
typedef enum settled_in {
    SETTLED_OLD, SETTLED_NEW, SETTLED_STAGE2, SETTLED_PROGRAMMER, SETTLED_LOCKED, SETTLED_KINDS
} settled_in;

typedef struct scenario {
    const char *name, *about;
    const char *factory;
    const char *old_image, *new_image; /* what may run afterwards; NULL for none */
    bool trial_is_enough;              /* the new image does not confirm itself */
    bool rolls_back;                   /* a confirmed image gives way to an older one */
    unsigned instants;                 /* not 0: no operation to cut; cut in so many instants */
    bool (*prepare)(rig *r);           /* not cut */
    bool (*act)(rig *r);               /* cut */
    /* After the recovery: the same once more, and it must work. */
    bool (*repeat)(rig *r, const struct scenario *s, settled_in from);
    bool (*applies)(const tb_chip *chip); /* NULL: on every part */
    /* Not NULL: all contents may go, and what becomes of the part is judged by this. Each life
     * is run. */
    bool (*settle)(rig *r, const struct scenario *s, settled_in *in, unsigned *bank);
} scenario;

extern const scenario scenarios[];
extern const size_t scenario_count;
const scenario *scenario_find(const char *name, size_t length);

/* A file of the firmware, read once. */
const tb_image_file *scenario_image(const tb_chip *chip, const char *name);
/* Runs until one image runs for good, or stage 2 because there is none, and judges that.
 * bank: the one that is mapped as the image runs. */
bool scenario_settle(rig *r, const scenario *s, settled_in *in, unsigned *bank);
/* The judgement alone, on what is in flash; SETTLED_OLD and SETTLED_NEW are told apart. */
bool scenario_judge(rig *r, const scenario *s, settled_in *in, unsigned bank);
/* The same, with the new image as the only right answer. */
bool scenario_settle_new(rig *r, const scenario *s);

bool scenario_nothing(rig *r);

#endif
