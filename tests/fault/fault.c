/* SPDX-License-Identifier: MIT */
/* A library to preload (LD_PRELOAD) that has one call of the tool fail, as a kernel, a disk or a full memory may.
 * The environment says which:
 *
 *     FAULT=CALL:N:WHAT
 *
 * CALL is malloc (which stands for the whole family), mmap, thread, open, read, write, fsync, rename, truncate,
 * lock, chmod or close; N counts its calls from 1, 0 means each; WHAT is a number   the call fails, with this errno
 *     short      it reads or writes one byte at most
 *     again      it is interrupted before it does anything (EINTR); with N 0 each second time
 *     kill       the process is killed before the call
 *     stop       it stops before the call, until SIGCONT, and then goes on as if nothing had been
 * Two more do not fail:
 *     clock:N:jump   N seconds have passed once somebody creates the file FAULT_HIT
 *     clock:N:fast   time runs N times as fast
 *     pages:0:N      the machine says that it has N pages of memory
 * Calls before main are not counted: they are the dynamic linker's and the libraries'.
 * Where FAULT_HIT names a file, it is created when the fault happens. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static struct {
    char call[16], what[16];
    unsigned long number;
    atomic_ulong calls;
    atomic_bool counts;
} fault;

/* Which the C library's start calls, behind all constructors. */
int __libc_start_main(int (*main)(int, char **, char **), int argc, char **argv, int (*init)(int, char **, char **),
                      void (*fini)(void), void (*rtld_fini)(void), void *stack_end) {
    const char *text = getenv("FAULT");
    const __typeof__(&__libc_start_main) start = dlsym(RTLD_NEXT, "__libc_start_main");
    fault.counts = text != NULL && sscanf(text, "%15[^:]:%lu:%15s", fault.call, &fault.number, fault.what) == 3;
    return start(main, argc, argv, init, fini, rtld_fini, stack_end);
}

static void tell(void) {
    const char *path = getenv("FAULT_HIT");
    if (path != NULL)
        syscall(SYS_close, syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
}

/* Whether this call is the one; a killed process does not return. */
static int strikes(const char *call) {
    if (!fault.counts || strcmp(call, fault.call) != 0)
        return 0;
    const unsigned long number = ++fault.calls;
    if (fault.number != 0 && number != fault.number)
        return 0;
    if (fault.number == 0 && strcmp(fault.what, "again") == 0 && number % 2 == 0)
        return 0;
    tell();
    if (strcmp(fault.what, "kill") == 0)
        kill(getpid(), SIGKILL);
    if (strcmp(fault.what, "stop") == 0)
        return kill(getpid(), SIGSTOP); /* 0: the call is made */
    return 1;
}

static int is_short(void) {
    return strcmp(fault.what, "short") == 0;
}

/* -1 with the errno that is wanted. */
static int failed(void) {
    errno = strcmp(fault.what, "again") == 0 ? EINTR : atoi(fault.what);
    return -1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))

/* glibc's own, since dlsym allocates. */
extern void *__libc_malloc(size_t), *__libc_calloc(size_t, size_t), *__libc_realloc(void *, size_t),
    *__libc_memalign(size_t, size_t);

void *malloc(size_t size) {
    return strikes("malloc") ? (failed(), NULL) : __libc_malloc(size);
}

void *calloc(size_t count, size_t size) {
    return strikes("malloc") ? (failed(), NULL) : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size) {
    return strikes("malloc") ? (failed(), NULL) : __libc_realloc(memory, size);
}

int posix_memalign(void **memory, size_t alignment, size_t size) {
    if (strikes("malloc"))
        return ENOMEM;
    *memory = __libc_memalign(alignment, size);
    return *memory == NULL ? ENOMEM : 0;
}

void *aligned_alloc(size_t alignment, size_t size) {
    return strikes("malloc") ? (failed(), NULL) : __libc_memalign(alignment, size);
}

void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    return strikes("mmap") ? (failed(), MAP_FAILED) : REAL(mmap)(at, size, protection, flags, fd, offset);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*start)(void *), void *argument) {
    if (strikes("thread"))
        return failed(), errno;
    return REAL(pthread_create)(thread, attributes, start, argument);
}

int open(const char *path, int flags, ...) {
    va_list arguments;
    va_start(arguments, flags);
    const mode_t mode = flags & O_CREAT ? va_arg(arguments, mode_t) : 0;
    va_end(arguments);
    return strikes("open") ? failed() : REAL(open)(path, flags, mode);
}

ssize_t read(int fd, void *buffer, size_t size) {
    if (!strikes("read"))
        return REAL(read)(fd, buffer, size);
    return is_short() ? REAL(read)(fd, buffer, size > 0) : failed();
}

ssize_t write(int fd, const void *buffer, size_t size) {
    /* Not of messages: what is tested is that they come. */
    if (fd == STDERR_FILENO || !strikes("write"))
        return REAL(write)(fd, buffer, size);
    return is_short() ? REAL(write)(fd, buffer, size > 0) : failed();
}

int fsync(int fd) {
    return strikes("fsync") ? failed() : REAL(fsync)(fd);
}

int rename(const char *from, const char *to) {
    return strikes("rename") ? failed() : REAL(rename)(from, to);
}

int flock(int fd, int operation) {
    return strikes("lock") ? failed() : REAL(flock)(fd, operation);
}

int fchmod(int fd, mode_t mode) {
    return strikes("chmod") ? failed() : REAL(fchmod)(fd, mode);
}

int ftruncate(int fd, off_t length) {
    return strikes("truncate") ? failed() : REAL(ftruncate)(fd, length);
}

int clock_gettime(clockid_t clock, struct timespec *time) {
    const char *path = getenv("FAULT_HIT");
    const int result = REAL(clock_gettime)(clock, time);
    if (!fault.counts || strcmp(fault.call, "clock") != 0)
        return result;
    if (strcmp(fault.what, "fast") == 0)
        time->tv_sec = time->tv_sec * (time_t)fault.number + time->tv_nsec / 1000 * (time_t)fault.number / 1000000;
    else if (path != NULL && access(path, F_OK) == 0)
        time->tv_sec += (time_t)fault.number;
    return result;
}

long sysconf(int name) {
    return name == _SC_PHYS_PAGES && strikes("pages") ? atol(fault.what) : REAL(sysconf)(name);
}

int close(int fd) {
    return strikes("close") ? failed() : REAL(close)(fd);
}

int fclose(FILE *file) {
    const int result = REAL(fclose)(file);
    return strikes("close") ? failed() : result;
}
