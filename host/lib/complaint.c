#include "host/lib/complaint.h"

#include <stdarg.h>
#include <stdio.h>

bool tb_complain(tb_complaint *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(c->what, sizeof c->what, format, args);
    va_end(args);
    c->hint[0] = 0;
    return false;
}

bool tb_hint(tb_complaint *c, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(c->hint, sizeof c->hint, format, args);
    va_end(args);
    return false;
}
