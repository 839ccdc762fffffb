/* A failing case made shorter: fewer interruptions, simpler ones, at an earlier operation. */
#ifndef TORTURE_SHRINK_H
#define TORTURE_SHRINK_H

#include "torture/lives.h"

/* true: `c` is a simpler case now, and fails too. Tries for some seconds at most. */
bool shrink(const tb_chip *chip, life_case *c, const char *plant);

#endif
