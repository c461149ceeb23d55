// Disturbs the firedrill that it is loaded into (LD_PRELOAD), for scenarios and tests alone; no other program is touched.
//
//   FIREDRILL_FAULTS_CLOCK=READINGS:OFFSET_MS,…   from so many readings of the wall clock on it is so much off
//   FIREDRILL_FAULTS_KILL_AT=N                    SIGKILL in place of the Nth call that changes or asks something outside
//   FIREDRILL_FAULTS_SHOWN=PATH                   what was done is written here, a line each: `step READING OFFSET_MS`, `kill N CALL`,
//                                                 at the end `calls N` and `readings N`, and what is said on standard error as
//                                                 `said N TEXT`, so that calls can be told apart by stage
//
// Nothing here allocates or calls what it stands before.

#define _GNU_SOURCE
#include "faults.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

enum { MOST_STEPS = 8 };

static struct {
  long after;
  long long offset_ms;
} steps[MOST_STEPS];
static int step_count;
static _Atomic(int) is_ready;
static _Atomic(int) steps_shown;
static _Atomic(long) readings;
static _Atomic(long) calls;
static long kill_at;
static const char *shown_path;

// Straight to the kernel: our own writing is no call of the program's.
static void show(const char *text, size_t length) {
  if (shown_path == NULL) return;
  int file = (int)syscall(SYS_openat, AT_FDCWD, shown_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (file < 0) return;
  syscall(SYS_write, file, text, length);
  syscall(SYS_close, file);
}

static void show_line(const char *word, long number, const char *rest, size_t rest_length) {
  char line[256];
  int length = snprintf(line, sizeof line, "%s %ld %.*s\n", word, number, (int)(rest_length > 200 ? 200 : rest_length), rest);
  if (length > 0) show(line, (size_t)length < sizeof line ? (size_t)length : sizeof line - 1);
}

__attribute__((constructor)) static void begin(void) {
  // `env`, shells and other wrappers pass the library on to the program that is meant.
  char path[4096];
  ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);
  if (length <= 0) return;
  path[length] = 0;
  const char *name = strrchr(path, '/');
  if (name == NULL || strcmp(name, "/firedrill") != 0) return;
  shown_path = getenv(FIREDRILL_FAULTS_SHOWN);
  const char *text = getenv(FIREDRILL_FAULTS_KILL_AT);
  if (text != NULL) kill_at = strtol(text, NULL, 10);
  for (text = getenv(FIREDRILL_FAULTS_CLOCK); text != NULL && *text != 0 && step_count < MOST_STEPS; step_count++) {
    char *end;
    steps[step_count].after = strtol(text, &end, 10);
    if (*end != ':') break;
    steps[step_count].offset_ms = strtoll(end + 1, &end, 10);
    text = *end == ',' ? end + 1 : NULL;
  }
  atomic_store(&is_ready, 1);
}

__attribute__((destructor)) static void end(void) {
  if (!atomic_load(&is_ready)) return;
  show_line("calls", atomic_load(&calls), "", 0);
  show_line("readings", atomic_load(&readings), "", 0);
}

static void point(const char *name) {
  if (!atomic_load_explicit(&is_ready, memory_order_relaxed)) return;
  long number = atomic_fetch_add(&calls, 1) + 1;
  if (number != kill_at) return;
  show_line("kill", number, name, strlen(name));
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

// MARK: the wall clock

EXPORT int clock_gettime(clockid_t clock, struct timespec *out) {
  int result = (int)syscall(SYS_clock_gettime, clock, out);
  if (result != 0 || step_count == 0 || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) return result;
  long reading = atomic_fetch_add(&readings, 1);
  int step = -1;
  while (step + 1 < step_count && reading >= steps[step + 1].after) step++;
  if (step < 0) return result;
  int shown = atomic_load(&steps_shown);
  if (step >= shown && atomic_compare_exchange_strong(&steps_shown, &shown, step + 1)) {
    char offset[32];
    int length = snprintf(offset, sizeof offset, "%lld", steps[step].offset_ms);
    show_line("step", reading, offset, (size_t)length);
  }
  long long nanoseconds = out->tv_nsec + steps[step].offset_ms % 1000 * 1000000;
  out->tv_sec += steps[step].offset_ms / 1000 + (nanoseconds >= 1000000000) - (nanoseconds < 0);
  out->tv_nsec = (nanoseconds + 1000000000) % 1000000000;
  return result;
}

EXPORT int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int result = clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return result;
}

EXPORT time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}

// MARK: calls that change or ask something outside

#define NEXT(name) \
  static _Atomic(void *) kept; \
  void *next = atomic_load_explicit(&kept, memory_order_relaxed); \
  if (next == NULL) { \
    next = dlsym(RTLD_NEXT, #name); \
    atomic_store_explicit(&kept, next, memory_order_relaxed); \
  }

#define CALL(result, name, parameters, arguments) \
  EXPORT result name parameters { \
    NEXT(name) \
    point(#name); \
    return ((result(*) parameters)next) arguments; \
  }

#define OPEN(name) \
  EXPORT int name(const char *path, int flags, ...) { \
    NEXT(name) \
    mode_t mode = 0; \
    if (flags & (O_CREAT | __O_TMPFILE)) { \
      va_list list; \
      va_start(list, flags); \
      mode = va_arg(list, mode_t); \
      va_end(list); \
    } \
    point(#name); \
    return ((int (*)(const char *, int, mode_t))next)(path, flags, mode); \
  }

OPEN(open)
OPEN(open64)

EXPORT ssize_t write(int file, const void *bytes, size_t count) {
  NEXT(write)
  point("write");
  if (file == 2 && kill_at == 0 && atomic_load(&is_ready)) {
    size_t length = 0;
    while (length < count && ((const char *)bytes)[length] != '\n') length++;
    show_line("said", atomic_load(&calls), bytes, length);
  }
  return ((ssize_t (*)(int, const void *, size_t))next)(file, bytes, count);
}

CALL(ssize_t, pwrite, (int file, const void *bytes, size_t count, off_t offset), (file, bytes, count, offset))
CALL(ssize_t, pwrite64, (int file, const void *bytes, size_t count, off64_t offset), (file, bytes, count, offset))
CALL(ssize_t, writev, (int file, const struct iovec *parts, int count), (file, parts, count))
CALL(ssize_t, read, (int file, void *bytes, size_t count), (file, bytes, count))
CALL(ssize_t, pread, (int file, void *bytes, size_t count, off_t offset), (file, bytes, count, offset))
CALL(ssize_t, pread64, (int file, void *bytes, size_t count, off64_t offset), (file, bytes, count, offset))
CALL(int, rename, (const char *from, const char *to), (from, to))
CALL(int, unlink, (const char *path), (path))
CALL(int, unlinkat, (int folder, const char *path, int flags), (folder, path, flags))
CALL(int, rmdir, (const char *path), (path))
CALL(int, mkdir, (const char *path, mode_t mode), (path, mode))
CALL(int, link, (const char *from, const char *to), (from, to))
CALL(int, fsync, (int file), (file))
CALL(int, fdatasync, (int file), (file))
CALL(int, ftruncate, (int file, off_t length), (file, length))
CALL(int, ftruncate64, (int file, off64_t length), (file, length))
CALL(int, close, (int file), (file))
CALL(int, flock, (int file, int operation), (file, operation))
CALL(int, connect, (int file, const struct sockaddr *address, socklen_t length), (file, address, length))
CALL(int, bind, (int file, const struct sockaddr *address, socklen_t length), (file, address, length))
CALL(ssize_t, send, (int file, const void *bytes, size_t count, int flags), (file, bytes, count, flags))
CALL(ssize_t, recv, (int file, void *bytes, size_t count, int flags), (file, bytes, count, flags))
CALL(int, kill, (pid_t process, int number), (process, number))
CALL(pid_t, waitpid, (pid_t process, int *status, int options), (process, status, options))
CALL(
    int, posix_spawn,
    (pid_t *restrict process, const char *restrict path, const posix_spawn_file_actions_t *restrict actions,
     const posix_spawnattr_t *restrict attributes, char *const words[restrict], char *const variables[restrict]),
    (process, path, actions, attributes, words, variables))
