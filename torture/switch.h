/* The scenario of the bank mode (docs/bank-mode.md): the only one in which contents may go. */
#ifndef TORTURE_SWITCH_H
#define TORTURE_SWITCH_H

#include "torture/scenario.h"

bool switch_applies(const tb_chip *chip);
bool switch_prepare(rig *r);
bool switch_act(rig *r);
bool switch_settle(rig *r, const scenario *s, settled_in *in, unsigned *bank);
bool switch_repeat(rig *r, const scenario *s, settled_in from);

#endif
