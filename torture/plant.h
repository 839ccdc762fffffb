/* Faults planted after an interruption, to see that the oracle finds each of them. */
#ifndef TORTURE_PLANT_H
#define TORTURE_PLANT_H

#include "torture/rig.h"

/* NULL: none. Done once in a life, as the recovery begins. */
void plant_fault(const char *name, rig *r);
/* NULL: there is none of that name. */
const char *plant_known(const char *name);

#endif
