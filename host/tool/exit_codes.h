/* What the tool's exit code means; the man page has the same list. */
#ifndef TWINBANK_HOST_EXIT_CODES_H
#define TWINBANK_HOST_EXIT_CODES_H

enum tb_exit {
    TB_EXIT_OK = 0,
    TB_EXIT_FAILED = 1,       /* none of the below */
    TB_EXIT_USAGE = 2,        /* the command line is wrong */
    TB_EXIT_FILE = 3,         /* a file is missing, unreadable, damaged or not meant for this */
    TB_EXIT_PORT = 4,         /* the serial port is missing, busy, or went away */
    TB_EXIT_NO_ANSWER = 5,    /* no Twinbank device answers on the port */
    TB_EXIT_REFUSED = 6,      /* the device refused; the error's name is in the message */
    TB_EXIT_NOT_KEPT = 7,     /* flashed, but rolled back or not confirmed in time */
    TB_EXIT_INTERRUPTED = 130 /* Ctrl-C */
};

#endif
