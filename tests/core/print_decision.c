#include "decision_print.h"

int main(void)
{
    decision_print(stdout);
    return ferror(stdout) != 0;
}
