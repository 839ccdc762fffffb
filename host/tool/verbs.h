/* The verbs' tables, one per file. */
#ifndef TWINBANK_HOST_VERBS_H
#define TWINBANK_HOST_VERBS_H

#include "host/tool/options.h"

extern const verb verb_chips, verb_image_pack, verb_image_info, verb_factory;
extern const verb verb_flash, verb_info, verb_map, verb_boot, verb_confirm, verb_rollback,
    verb_erase, verb_reset, verb_mode, verb_protect;

#endif
