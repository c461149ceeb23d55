// Holds the wall clock of the process that it is loaded into (LD_PRELOAD) at the time that FIREDRILL_CLOCK_MS says.
//
// `gettimeofday`, `time` and `clock_gettime` of CLOCK_REALTIME, CLOCK_REALTIME_COARSE and CLOCK_TAI stand still; the clocks that measure
// spans (monotonic, boot, CPU) go on, so that time-outs and timers work.
//
// jemalloc asks for the time while it makes itself ready, which is before constructors run and inside the first malloc. So nothing here
// allocates, locks or looks up symbols on the way to an answer: until the constructor has found the C library's own clock_gettime, the
// kernel is asked directly. (libfaketime looks symbols up there, and redis-server crashes.)

#define _GNU_SOURCE
#include "frozen_clock.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef int clock_function(clockid_t, struct timespec *);

enum { UNREAD, READING, FROZEN, RUNNING };

static _Atomic(int) state = UNREAD;
static long long frozen_ms;
static _Atomic(clock_function *) next_clock_gettime;

// The environment's array, without getenv: this may run before main.
extern char **environ;

static int read_frozen_ms(long long *result) {
  static const char name[] = FIREDRILL_CLOCK_VARIABLE "=";
  for (char **entry = environ; entry != NULL && *entry != NULL; entry++) {
    const char *at = *entry;
    size_t index = 0;
    while (name[index] != 0 && at[index] == name[index]) index++;
    if (name[index] != 0) continue;
    long long value = 0;
    int digits = 0;
    for (at += index; *at >= '0' && *at <= '9' && digits < 16; at++, digits++) value = value * 10 + (*at - '0');
    if (digits == 0 || *at != 0) return 0;
    *result = value;
    return 1;
  }
  return 0;
}

// Whether the clock stands still, and where. Before there is an environment to read it runs.
static int is_frozen(long long *ms) {
  int now = atomic_load_explicit(&state, memory_order_acquire);
  if (now == UNREAD && environ != NULL) {
    int expected = UNREAD;
    if (atomic_compare_exchange_strong(&state, &expected, READING)) {
      long long value = 0;
      now = read_frozen_ms(&value) ? FROZEN : RUNNING;
      frozen_ms = value;
      atomic_store_explicit(&state, now, memory_order_release);
    }
  }
  // Another thread is reading: it takes nanoseconds, and threads do not exist that early.
  while (now == UNREAD && environ != NULL) now = atomic_load_explicit(&state, memory_order_acquire);
  while (now == READING) now = atomic_load_explicit(&state, memory_order_acquire);
  *ms = frozen_ms;
  return now == FROZEN;
}

static int real_clock_gettime(clockid_t clock, struct timespec *out) {
  clock_function *next = atomic_load_explicit(&next_clock_gettime, memory_order_relaxed);
  if (next != NULL) return next(clock, out);
  return (int)syscall(SYS_clock_gettime, clock, out);
}

__attribute__((constructor)) static void find_next(void) {
  // The C library's own answers without entering the kernel, which a server that asks per command can tell.
  atomic_store_explicit(&next_clock_gettime, (clock_function *)dlsym(RTLD_NEXT, "clock_gettime"), memory_order_relaxed);
}

EXPORT int clock_gettime(clockid_t clock, struct timespec *out) {
  long long ms;
  if ((clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE || clock == CLOCK_TAI) && is_frozen(&ms)) {
    out->tv_sec = (time_t)(ms / 1000);
    out->tv_nsec = (long)(ms % 1000) * 1000000;
    return 0;
  }
  return real_clock_gettime(clock, out);
}

EXPORT int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  if (zone != NULL) {
    ((struct timezone *)zone)->tz_minuteswest = 0;
    ((struct timezone *)zone)->tz_dsttime = 0;
  }
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
