/* What several verbs need. */
#ifndef TWINBANK_HOST_COMMON_H
#define TWINBANK_HOST_COMMON_H

#include "host/tool/options.h"
#include "twinbank/chip.h"

/* The row for --chip, or a usage error (missing, unknown, refused). TB_EXIT_OK or the code. */
int require_chip(const verb *v, const char *name, const tb_chip **chip);
const char *kind_name(unsigned kind); /* "application", "stage2", "unknown" */

/* Asks on the terminal, "[y/N]": TB_EXIT_OK for yes; else says that nothing was done, and
 * TB_EXIT_FAILED. Without a terminal there is nobody to ask, and --yes must say it. */
int ask_first(const verb *v, bool yes, const char *question, const char *otherwise);

#endif
