/* What newlib asks of a board: printf comes out of the UART. */
#include <errno.h>
#include <sys/stat.h>

#include "hal.h"

int _write(int file, const char *data, int bytes);
int _read(int file, char *data, int bytes);
int _close(int file);
int _lseek(int file, int offset, int whence);
int _fstat(int file, struct stat *st);
int _isatty(int file);
void *_sbrk(ptrdiff_t more);
void _exit(int status);
int _kill(int pid, int signal);
int _getpid(void);
void _init(void);
void _fini(void);

int _write(int file, const char *data, int bytes)
{
    (void)file;
    hal_uart_write(data, (size_t)bytes);
    return bytes;
}

void *_sbrk(ptrdiff_t more)
{
    extern uint8_t end, _estack, _Min_Stack_Size;
    static uint8_t *heap = &end;
    uint8_t *limit = &_estack - (uintptr_t)&_Min_Stack_Size, *before = heap;
    if (more > limit - heap) {
        errno = ENOMEM;
        return (void *)-1;
    }
    heap += more;
    return before;
}

int _fstat(int file, struct stat *st)
{
    (void)file;
    st->st_mode = S_IFCHR;
    return 0;
}

int _read(int file, char *data, int bytes) { (void)file; (void)data; (void)bytes; return 0; }
int _close(int file) { (void)file; return -1; }
int _lseek(int file, int offset, int whence) { (void)file; (void)offset; (void)whence; return 0; }
int _isatty(int file) { (void)file; return 1; }
int _kill(int pid, int signal) { (void)pid; (void)signal; return -1; }
int _getpid(void) { return 1; }
void _init(void) {}
void _fini(void) {}

void _exit(int status)
{
    (void)status;
    for (;;) {
    }
}
