// SPDX-License-Identifier: MIT
// What the module of glibc that comes with Swift leaves out, and settings that the whole process, or a thread of it, may
// have from others.
#ifndef CLINUX_SHIM_H
#define CLINUX_SHIM_H

#include <errno.h>
#include <fenv.h>
#include <limits.h>
#include <linux/futex.h>
#include <locale.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

// ---- Floating point: rounding, flush-to-zero, denormals-are-zero, traps -------------------------

/// What the calling thread had set, where that was not the default.
typedef struct {
  fenv_t environment;
  int is_changed;
} clinux_floats;

// Two registers are looked at, which costs two nanoseconds; <fenv.h> alone would take a hundred.
static inline __attribute__((always_inline)) int clinux_floats_are_default(void) {
#if defined(__x86_64__)
  // SSE: all exceptions masked, to nearest, neither FTZ nor DAZ; the lowest six bits only report what has happened. x87,
  // in which SQLite converts between text and double: the same, with 64 bits of precision.
  const uint32_t sse = __builtin_ia32_stmxcsr();
  uint16_t x87;
  __asm__ volatile("fnstcw %0" : "=m"(x87));
  return (sse & ~0x3fu) == 0x1f80 && (x87 & 0x0f3f) == 0x033f;
#elif defined(__aarch64__)
  uint64_t control;
  __asm__ volatile("mrs %0, fpcr" : "=r"(control));
  return control == 0;
#else
  return fegetround() == FE_TONEAREST;
#endif
}

/// Sets the default for the calling thread; `clinux_restore_floats` takes that back.
static inline __attribute__((always_inline)) void clinux_default_floats(clinux_floats *_Nonnull kept) {
  kept->is_changed = !clinux_floats_are_default();
  if (__builtin_expect(kept->is_changed, 0)) {
    (void)fegetenv(&kept->environment);
    (void)fesetenv(FE_DFL_ENV);
  }
}

static inline __attribute__((always_inline)) void clinux_restore_floats(const clinux_floats *_Nonnull kept) {
  if (__builtin_expect(kept->is_changed, 0)) (void)fesetenv(&kept->environment);
}

// ---- Waiting --------------------------------------------------------------------------------

/// Waits for as long as `word` is `expected`, up to a point of CLOCK_MONOTONIC, without one for good. Gives 0 or ETIMEDOUT, 0 also
/// where nothing has changed. https://man7.org/linux/man-pages/man2/futex.2.html
static inline int clinux_wait(const void *_Nonnull word, uint32_t expected, const struct timespec *_Nullable end) {
  const int kept = errno;
  const long found = syscall(SYS_futex, word, FUTEX_WAIT_BITSET_PRIVATE, expected, end, (void *)0,
                             FUTEX_BITSET_MATCH_ANY);
  const int is_late = found != 0 && errno == ETIMEDOUT;
  errno = kept;
  return is_late ? ETIMEDOUT : 0;
}

/// Wakes one of those that wait for `word` to change, or all.
static inline void clinux_wake(const void *_Nonnull word, int all) {
  const int kept = errno;
  (void)syscall(SYS_futex, word, FUTEX_WAKE_PRIVATE, all ? INT_MAX : 1, (void *)0, (void *)0, 0);
  errno = kept;
}

// ---- Folders --------------------------------------------------------------------------------

/// Entries of an open folder, as many as there is room for; 0 behind the last one, -1 on failure. Without the 32 KB that
/// opendir(3) asks malloc for. https://man7.org/linux/man-pages/man2/getdents.2.html
static inline long clinux_entries(int folder, void *_Nonnull room, size_t bytes) {
  return syscall(SYS_getdents64, folder, room, bytes);
}

// ---- Locale ---------------------------------------------------------------------------------

// <locale.h> has these for GNU sources only in some modes. https://man7.org/linux/man-pages/man3/uselocale.3.html
locale_t newlocale(int mask, const char *name, locale_t base);
locale_t uselocale(locale_t locale);

/// The locale "C". glibc has it ready: no memory is needed, and nothing to be freed.
static inline locale_t _Nullable clinux_c_locale(void) { return newlocale(LC_ALL_MASK, "C", (locale_t)0); }

/// The one that setlocale() sets for the whole process.
static inline locale_t _Nullable clinux_global_locale(void) { return LC_GLOBAL_LOCALE; }

// ---- Stack ----------------------------------------------------------------------------------

// For GNU sources only. https://man7.org/linux/man-pages/man3/pthread_getattr_np.3.html
int pthread_getattr_np(pthread_t thread, pthread_attr_t *attributes);
pid_t gettid(void);

/// Where the stack is at.
static inline __attribute__((always_inline)) uintptr_t clinux_stack(void) {
  return (uintptr_t)__builtin_frame_address(0);
}

/// Where the stack of the calling thread ends; 1 where that is unknown, and for the first thread, whose stack grows.
static inline uintptr_t clinux_stack_end(void) {
  pthread_attr_t attributes;
  void *end = (void *)0;
  size_t size = 0;
  if (gettid() == getpid() || pthread_getattr_np(pthread_self(), &attributes) != 0) return 1;
  const int found = pthread_attr_getstack(&attributes, &end, &size);
  (void)pthread_attr_destroy(&attributes);
  return found == 0 && end ? (uintptr_t)end : 1;
}

// ---- Files ----------------------------------------------------------------------------------

// For GNU sources only. https://man7.org/linux/man-pages/man2/sync_file_range.2.html
int sync_file_range(int descriptor, int64_t offset, int64_t count, unsigned int flags);

/// Has the disk begin with what the file has in memory, from its start to its end.
static inline void clinux_begin_writeback(int descriptor) {
  (void)sync_file_range(descriptor, 0, 0, 2);  // SYNC_FILE_RANGE_WRITE
}

#endif
