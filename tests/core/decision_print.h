#ifndef TESTS_CORE_DECISION_PRINT_H
#define TESTS_CORE_DECISION_PRINT_H

#include <stdio.h>

/* docs/boot-decision.md, from what tb_decide() answers. */
void decision_print(FILE *out);

#endif
