/* What several verbs need. */
#ifndef TWINBANK_HOST_COMMON_H
#define TWINBANK_HOST_COMMON_H

#include "host/tool/options.h"
#include "twinbank/chip.h"

/* The row for --chip, or a usage error (missing, unknown, refused). TB_EXIT_OK or the code. */
int require_chip(const verb *v, const char *name, const tb_chip **chip);
const char *kind_name(unsigned kind); /* "application", "stage2", "unknown" */

#endif
