/* Faults planted after an interruption, to see that the oracle finds each of them. */
#ifndef TORTURE_PLANT_H
#define TORTURE_PLANT_H

#include "torture/rig.h"

/* NULL: none. Done once in a life, as the recovery begins. */
void plant_fault(const char *name, rig *r);
/* Their names, NULL at the end. */
extern const char *const plant_names[];

#endif
