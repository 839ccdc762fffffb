/* What newlib asks of a system: a heap between the end of the data and the stack, no files. */
#include <errno.h>
#include <stddef.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/time.h>

#define STACK_BYTES 8192

extern char __end[], __stack_top[];

void *_sbrk(ptrdiff_t bytes);
int _close(int file);
int _fstat(int file, struct stat *st);
int _isatty(int file);
off_t _lseek(int file, off_t offset, int whence);
int _read(int file, void *data, size_t bytes);
int _write(int file, const void *data, size_t bytes);
int _open(const char *path, int flags, ...);
int _gettimeofday(struct timeval *tv, void *zone);
int _getpid(void);
int _kill(int process, int signal);
void _exit(int status);
int _unlink(const char *path);
int _link(const char *from, const char *to);

void *_sbrk(ptrdiff_t bytes)
{
    static char *end = __end;
    char *old = end;
    if (bytes > __stack_top - STACK_BYTES - end) {
        errno = ENOMEM;
        return (void *)-1;
    }
    end += bytes;
    return old;
}

static int no_file(void)
{
    errno = EBADF;
    return -1;
}

int _close(int file)
{
    (void)file;
    return no_file();
}

int _fstat(int file, struct stat *st)
{
    (void)file;
    (void)st;
    return no_file();
}

int _isatty(int file)
{
    (void)file;
    return 0;
}

off_t _lseek(int file, off_t offset, int whence)
{
    (void)file;
    (void)offset;
    (void)whence;
    return no_file();
}

int _read(int file, void *data, size_t bytes)
{
    (void)file;
    (void)data;
    (void)bytes;
    return no_file();
}

int _write(int file, const void *data, size_t bytes)
{
    (void)file;
    (void)data;
    (void)bytes;
    return no_file();
}

int _open(const char *path, int flags, ...)
{
    (void)path;
    (void)flags;
    return no_file();
}

int _unlink(const char *path)
{
    (void)path;
    return no_file();
}

int _link(const char *from, const char *to)
{
    (void)from;
    (void)to;
    return no_file();
}

int _gettimeofday(struct timeval *tv, void *zone)
{
    (void)zone;
    tv->tv_sec = 0;
    tv->tv_usec = 0;
    return 0;
}

int _getpid(void)
{
    return 1;
}

int _kill(int process, int signal)
{
    (void)process;
    (void)signal;
    errno = EINVAL;
    return -1;
}

void _exit(int status)
{
    (void)status;
    for (;;) {
    }
}
