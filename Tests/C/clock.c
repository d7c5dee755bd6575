/* clock.c: a wall clock that the tests can stop.
 * SPDX-License-Identifier: MIT
 *
 * The names of the C library's clocks are defined here, in the program, and so come before the
 * C library's own when the loader binds data_store. Only with a clock that stands still is it
 * certain that two requests want the same moment.
 */
#include <stdatomic.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "fixture.h"

static _Atomic int64_t stopped_at = DS_NO_TIME;

void stop_clock(int64_t moment) { atomic_store(&stopped_at, moment); }

int clock_gettime(clockid_t clock, struct timespec *out) {
  int64_t now = atomic_load(&stopped_at);
  if (now == DS_NO_TIME || (clock != CLOCK_REALTIME && clock != CLOCK_REALTIME_COARSE)) {
    return (int)syscall(SYS_clock_gettime, clock, out);
  }
  out->tv_sec = now / SECOND;
  out->tv_nsec = now % SECOND;
  return 0;
}

int gettimeofday(struct timeval *restrict out, void *restrict zone) {
  (void)zone;
  struct timespec now;
  int failed = clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return failed;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out != NULL) *out = now.tv_sec;
  return now.tv_sec;
}
