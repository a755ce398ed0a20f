/* Preloaded into a process, fails a chosen system call on files below one folder, or writes all of them down.
 *
 * faults_arm(below, calls, at, code, sticky, log): of the calls in the mask `calls` on paths below `below`, the
 * `at`-th fails with `code`, and with `sticky` every later one; which did is appended to `log`. `at` 0 counts.
 * faults_record(below, log): every change of a file or a name below `below` is written to `log`, in order, for
 * disk.py to take apart. faults_mark(text) puts a word of the program's own into that order.
 * faults_clock(seed): the wall clock leaps by up to a year either way, at about one reading in eight.
 * What is armed is put into the environment too, so that a program that is started inherits it.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

enum {
    OPEN_READ = 1, OPEN_WRITE = 2, CREATE = 4, READ = 8, WRITE = 16, SYNC = 32, RENAME = 64, LINK = 128,
    UNLINK = 256, MKDIR = 512, TRUNCATE = 1024, CLOSE = 2048, MODE = 4096
};

static char below[PATH_MAX], log_path[PATH_MAX];
static int mask, code, sticky, record_fd = -1;
static long at;
static atomic_long seen, by_kind[2 * MODE];
static uint64_t leaps;
static pthread_mutex_t order = PTHREAD_MUTEX_INITIALIZER;

static void absolute(int folder, const char *path, char *out) {
    char base[PATH_MAX] = "", link[64];
    if (path[0] != '/') {
        snprintf(link, sizeof link, folder == AT_FDCWD ? "/proc/self/cwd" : "/proc/self/fd/%d", folder);
        ssize_t n = readlink(link, base, sizeof base - 2);
        base[n < 0 ? 0 : n] = 0;
        strcat(base, "/");
    }
    if ((size_t)snprintf(out, PATH_MAX, "%s%s", base, path) >= PATH_MAX) out[0] = 0;
}

static void of_descriptor(int descriptor, char *out) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t n = readlink(link, out, PATH_MAX - 1);
    out[n < 0 ? 0 : n] = 0;
}

static int is_below(const char *path) {
    size_t n = strlen(below);
    return n && !strncmp(path, below, n) && (path[n] == '/' || !path[n]);
}

/* Whether this call fails; the log tells which did. */
static int fails(int call, const char *name, const char *path) {
    if (!(mask & call) || !is_below(path)) return 0;
    long number = atomic_fetch_add(&seen, 1) + 1;
    atomic_fetch_add(&by_kind[call], 1);
    if (!at || number < at || (number > at && !sticky)) return 0;
    char line[PATH_MAX + 64];
    int n = snprintf(line, sizeof line, "%ld %s %s\n", number, name, path);
    int log = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_APPEND, 0644);
    if (log >= 0) {
        if (syscall(SYS_write, log, line, n) < 0) abort();
        syscall(SYS_close, log);
    }
    errno = code;
    return 1;
}

/* A line of what happened, "op offset length path[\tother]", and the bytes of a write behind it. */
static void record(const char *op, long offset, const char *path, const char *other, const void *bytes, size_t n) {
    char head[2 * PATH_MAX + 64];
    int length = snprintf(head, sizeof head, "%s %ld %zu %s\t%s\n", op, offset, n, path, other ? other : "");
    struct iovec parts[2] = {{head, length}, {(void *)bytes, n}};
    ssize_t put = syscall(SYS_writev, record_fd, parts, bytes ? 2 : 1);
    if (put != (ssize_t)(length + (bytes ? n : 0))) abort();
}

#define RECORDING(path) (record_fd >= 0 && is_below(path))
/* Do it and write it down with nothing in between, so that the order on paper is the order on disk. */
#define DONE(path, act, line) do { \
    if (!RECORDING(path)) return act; \
    pthread_mutex_lock(&order); \
    __typeof__(act) done = act; \
    int kept = errno; \
    if (done >= 0) line; \
    pthread_mutex_unlock(&order); \
    errno = kept; \
    return done; \
} while (0)

static int any_open(int folder, const char *path, int flags, mode_t mode, const char *name) {
    char full[PATH_MAX];
    absolute(folder, path, full);
    int call = (flags & O_ACCMODE) == O_RDONLY && !(flags & O_CREAT) ? OPEN_READ : OPEN_WRITE;
    int is_new = (flags & O_CREAT) && syscall(SYS_faccessat, AT_FDCWD, full, F_OK) != 0;
    if (fails(is_new ? call | CREATE : call, name, full)) return -1;
#define OPENING ((int)syscall(SYS_openat, folder, path, flags, mode))
    if (!is_new && !(flags & O_TRUNC)) return OPENING;
    DONE(full, OPENING, {
        if (is_new) record("create", 0, full, 0, 0, 0);
        else record("truncate", 0, full, 0, 0, 0);
    });
}

#define MODE_OF(flags) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | O_TMPFILE)) { va_list rest; va_start(rest, flags); mode = va_arg(rest, int); va_end(rest); }

int open(const char *path, int flags, ...) { MODE_OF(flags) return any_open(AT_FDCWD, path, flags, mode, "open"); }
int open64(const char *path, int flags, ...) { MODE_OF(flags) return any_open(AT_FDCWD, path, flags, mode, "open"); }
int openat(int folder, const char *path, int flags, ...) { MODE_OF(flags) return any_open(folder, path, flags, mode, "openat"); }
int openat64(int folder, const char *path, int flags, ...) { MODE_OF(flags) return any_open(folder, path, flags, mode, "openat"); }

/* A disk that runs full takes a part of what is written first. */
static size_t taken(size_t n, const char *path) {
    return code == ENOSPC && at && atomic_load(&seen) + 1 == at && (mask & WRITE) && is_below(path) && n > 1 ? n / 2 : 0;
}

#define WRITING(name, act, offset) \
    char path[PATH_MAX]; \
    of_descriptor(descriptor, path); \
    size_t half = taken(n, path); \
    if (half) { atomic_fetch_add(&seen, 1); at++; n = half; } \
    else if (fails(WRITE, name, path)) return -1; \
    long where = offset; \
    DONE(path, act, record("write", where < 0 ? lseek(descriptor, 0, SEEK_CUR) - done : where, path, 0, bytes, done))

ssize_t write(int descriptor, const void *bytes, size_t n) {
    WRITING("write", syscall(SYS_write, descriptor, bytes, n), -1);
}
ssize_t pwrite(int descriptor, const void *bytes, size_t n, off_t place) {
    WRITING("pwrite", syscall(SYS_pwrite64, descriptor, bytes, n, place), place);
}
ssize_t pwrite64(int descriptor, const void *bytes, size_t n, off_t place) {
    WRITING("pwrite", syscall(SYS_pwrite64, descriptor, bytes, n, place), place);
}
/* Copies within the kernel are refused, as between two file systems, so that programs write instead. */
ssize_t sendfile(int out, int in, off_t *place, size_t n) { (void)out; (void)in; (void)place; (void)n; errno = EINVAL; return -1; }
ssize_t sendfile64(int out, int in, off_t *place, size_t n) { (void)out; (void)in; (void)place; (void)n; errno = EINVAL; return -1; }
ssize_t copy_file_range(int in, off_t *from, int out, off_t *to, size_t n, unsigned flags) {
    (void)in; (void)from; (void)out; (void)to; (void)n; (void)flags;
    errno = EXDEV;
    return -1;
}

#define ON_DESCRIPTOR(call, name) \
    char path[PATH_MAX]; \
    of_descriptor(descriptor, path); \
    if (fails(call, name, path)) return -1

ssize_t read(int descriptor, void *bytes, size_t n) {
    if (mask & READ) { ON_DESCRIPTOR(READ, "read"); }
    return syscall(SYS_read, descriptor, bytes, n);
}
ssize_t pread(int descriptor, void *bytes, size_t n, off_t place) {
    if (mask & READ) { ON_DESCRIPTOR(READ, "pread"); }
    return syscall(SYS_pread64, descriptor, bytes, n, place);
}
ssize_t pread64(int descriptor, void *bytes, size_t n, off_t place) {
    if (mask & READ) { ON_DESCRIPTOR(READ, "pread"); }
    return syscall(SYS_pread64, descriptor, bytes, n, place);
}
int fsync(int descriptor) {
    ON_DESCRIPTOR(SYNC, "fsync");
    DONE(path, (int)syscall(SYS_fsync, descriptor), record("fsync", 0, path, 0, 0, 0));
}
int fdatasync(int descriptor) {
    ON_DESCRIPTOR(SYNC, "fdatasync");
    DONE(path, (int)syscall(SYS_fdatasync, descriptor), record("fsync", 0, path, 0, 0, 0));
}
int syncfs(int descriptor) {
    ON_DESCRIPTOR(SYNC, "syncfs");
    DONE(path, (int)syscall(SYS_syncfs, descriptor), record("syncfs", 0, path, 0, 0, 0));
}
static int cut(int descriptor, off_t length) {
    ON_DESCRIPTOR(TRUNCATE, "ftruncate");
    DONE(path, (int)syscall(SYS_ftruncate, descriptor, length), record("truncate", length, path, 0, 0, 0));
}
int ftruncate(int descriptor, off_t length) { return cut(descriptor, length); }
int ftruncate64(int descriptor, off_t length) { return cut(descriptor, length); }
int posix_fallocate(int descriptor, off_t from, off_t n) {
    char path[PATH_MAX];
    of_descriptor(descriptor, path);
    if (fails(TRUNCATE, "fallocate", path)) return code;
    return syscall(SYS_fallocate, descriptor, 0, from, n) ? errno : 0;
}
int close(int descriptor) {
    char path[PATH_MAX] = "";
    if ((mask & CLOSE) && (fcntl(descriptor, F_GETFL) & O_ACCMODE) != O_RDONLY) of_descriptor(descriptor, path);
    int failed = path[0] && fails(CLOSE, "close", path), closed = syscall(SYS_close, descriptor);
    if (failed) { errno = code; return -1; }
    return closed;
}

static int move(int from, const char *one, int to, const char *other, unsigned flags) {
    char source[PATH_MAX], target[PATH_MAX];
    absolute(from, one, source);
    absolute(to, other, target);
    if (fails(RENAME, "rename", target)) return -1;
    DONE(target, (int)syscall(SYS_renameat2, from, one, to, other, flags),
         record(flags & RENAME_EXCHANGE ? "exchange" : "rename", 0, source, target, 0, 0));
}
int rename(const char *one, const char *other) { return move(AT_FDCWD, one, AT_FDCWD, other, 0); }
int renameat(int from, const char *one, int to, const char *other) { return move(from, one, to, other, 0); }
int renameat2(int from, const char *one, int to, const char *other, unsigned flags) { return move(from, one, to, other, flags); }

static int name_again(int from, const char *one, int to, const char *other, int flags) {
    char source[PATH_MAX], target[PATH_MAX];
    absolute(from, one, source);
    absolute(to, other, target);
    if (fails(LINK, "link", target)) return -1;
    DONE(target, (int)syscall(SYS_linkat, from, one, to, other, flags), record("link", 0, source, target, 0, 0));
}
int link(const char *one, const char *other) { return name_again(AT_FDCWD, one, AT_FDCWD, other, 0); }
int linkat(int from, const char *one, int to, const char *other, int flags) { return name_again(from, one, to, other, flags); }

static int take_away(int folder, const char *path, int flags) {
    char full[PATH_MAX];
    absolute(folder, path, full);
    if (fails(UNLINK, flags ? "rmdir" : "unlink", full)) return -1;
    DONE(full, (int)syscall(SYS_unlinkat, folder, path, flags), record("unlink", 0, full, 0, 0, 0));
}
int unlink(const char *path) { return take_away(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char *path, int flags) { return take_away(folder, path, flags); }
int rmdir(const char *path) { return take_away(AT_FDCWD, path, AT_REMOVEDIR); }

static int make_folder(int folder, const char *path, mode_t mode) {
    char full[PATH_MAX];
    absolute(folder, path, full);
    if (fails(MKDIR, "mkdir", full)) return -1;
    DONE(full, (int)syscall(SYS_mkdirat, folder, path, mode), record("mkdir", 0, full, 0, 0, 0));
}
int mkdir(const char *path, mode_t mode) { return make_folder(AT_FDCWD, path, mode); }
int mkdirat(int folder, const char *path, mode_t mode) { return make_folder(folder, path, mode); }

int chmod(const char *path, mode_t mode) {
    char full[PATH_MAX];
    absolute(AT_FDCWD, path, full);
    if (fails(MODE, "chmod", full)) return -1;
    return syscall(SYS_fchmodat, AT_FDCWD, path, mode);
}
int fchmod(int descriptor, mode_t mode) {
    ON_DESCRIPTOR(MODE, "fchmod");
    return syscall(SYS_fchmod, descriptor, mode);
}

int clock_gettime(clockid_t clock, struct timespec *now) {
    int done = syscall(SYS_clock_gettime, clock, now);
    if (leaps && clock == CLOCK_REALTIME && !done) {
        static long off;
        leaps = leaps * 6364136223846793005ULL + 1442695040888963407ULL;
        if (!((leaps >> 33) % 8)) off = (long)((leaps >> 35) % 63072000) - 31536000;
        now->tv_sec += off;
    }
    return done;
}

void faults_arm(const char *folder, int calls, long number, int with, int on, const char *log) {
    char text[64];
    snprintf(below, sizeof below, "%s", folder);
    snprintf(log_path, sizeof log_path, "%s", log);
    mask = calls, at = number, code = with, sticky = on;
    atomic_store(&seen, 0);
    snprintf(text, sizeof text, "%d %ld %d %d", calls, number, with, on);
    setenv("FAULTS", text, 1);
    setenv("FAULTS_BELOW", folder, 1);
    setenv("FAULTS_LOG", log, 1);
}
/* How many calls there were of the kinds in a mask, since all kinds were armed. */
long faults_seen(int kinds) {
    long n = 0;
    for (int kind = 0; kind < 2 * MODE; kind++) n += kind & kinds ? atomic_load(&by_kind[kind]) : 0;
    return n;
}
void faults_record(const char *folder, const char *log) {
    snprintf(below, sizeof below, "%s", folder);
    record_fd = syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
}
void faults_mark(const char *text) {
    pthread_mutex_lock(&order);
    if (record_fd >= 0) record("mark", 0, text, 0, 0, 0);
    pthread_mutex_unlock(&order);
}
void faults_clock(uint64_t seed) { leaps = seed; }

__attribute__((constructor)) static void inherit(void) {
    const char *text = getenv("FAULTS"), *folder = getenv("FAULTS_BELOW"), *log = getenv("FAULTS_LOG");
    if (!text || !folder || !log) return;
    int calls, with, on;
    long number;
    if (sscanf(text, "%d %ld %d %d", &calls, &number, &with, &on) != 4) return;
    snprintf(below, sizeof below, "%s", folder);
    snprintf(log_path, sizeof log_path, "%s", log);
    mask = calls, at = number, code = with, sticky = on;
}
