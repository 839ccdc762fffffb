/* Files into the part's flash, as a programmer would, and out of it. */
#ifndef SIM_FRONT_LOAD_H
#define SIM_FRONT_LOAD_H

#include "sim/front/error.h"
#include "sim/front/parse.h"
#include "sim/machine/machine.h"

/* Nothing is written unless the whole file is good. Units that the file gives in part
 * keep their other bytes. */
bool front_load_file(sim_machine *m, const front_load *load, front_error *error);
/* The flash as one binary from its first to its last byte, or as Intel HEX without the
 * erased lines; by what the name ends in. Bank 1 first, whatever is mapped. */
bool front_dump_flash(sim_machine *m, const char *path, front_error *error);

#endif
