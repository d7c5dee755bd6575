/* check.c: the harness of the C conformance suite.
 * SPDX-License-Identifier: MIT
 */
#include "check.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

/* A test that hangs is a failed test. No test comes near to this; each call to a server is a round trip. */
#define HANG_SECONDS (on_server() ? 300 : 60)

static atomic_int failures;
static char test_directory[256];
static _Thread_local char note[256];
static char *last_note; /* shared with the parent, which prints it when the child crashes */

/* ---- Checks ------------------------------------------------------------------------------- */

static void report(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void report(const char *file, int line, const char *format, ...) {
  char what[2048];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(what, sizeof what, format, arguments);
  va_end(arguments);
  const char *name = strrchr(file, '/');
  printf("    %s:%d: %s%s%s\n      last error: %s\n", name ? name + 1 : file, line, what,
         note[0] ? "\n      with " : "", note, ds_last_error());
  fflush(stdout);
  atomic_fetch_add(&failures, 1);
}

void check_note(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(note, sizeof note, format, arguments);
  va_end(arguments);
  memcpy(last_note, note, sizeof note);
}

int check_failure_count(void) { return atomic_load(&failures); }

bool check_that(bool held, const char *text, const char *file, int line) {
  if (!held) report(file, line, "%s is false", text);
  return held;
}

bool check_int(int64_t actual, int64_t expected, const char *text, const char *file, int line) {
  if (actual == expected) return true;
  report(file, line, "%s is %lld, not %lld", text, (long long)actual, (long long)expected);
  return false;
}

bool check_bits(double actual, double expected, const char *text, const char *file, int line) {
  if (isnan(actual) && isnan(expected)) return true;
  if (memcmp(&actual, &expected, sizeof actual) == 0) return true;
  report(file, line, "%s is %.17g (%a), not %.17g (%a)", text, actual, actual, expected, expected);
  return false;
}

bool check_text(const char *actual, const char *expected, const char *text, const char *file,
                int line) {
  if (actual == NULL && expected == NULL) return true;
  if (actual != NULL && expected != NULL && strcmp(actual, expected) == 0) return true;
  report(file, line, "%s is\n        %s\n      not\n        %s", text, actual ? actual : "(NULL)",
         expected ? expected : "(NULL)");
  return false;
}

bool check_status(int32_t actual, int32_t expected, const char *text, const char *file, int line) {
  if (actual == expected) return true;
  report(file, line, "%s is %s, not %s", text, ds_status_name(actual), ds_status_name(expected));
  return false;
}

bool check_failed_call(int32_t actual, int32_t expected, const char *const *words,
                       size_t word_count, const char *text, const char *file, int line) {
  if (!check_status(actual, expected, text, file, line)) return false;
  bool held = true;
  const char *message = ds_last_error();
  if (message[0] == '\0') {
    report(file, line, "%s left no message", text);
    return false;
  }
  for (size_t i = 0; i < word_count; i++) {
    if (strstr(message, words[i]) != NULL) continue;
    report(file, line, "the message of %s does not name \"%s\"", text, words[i]);
    held = false;
  }
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  if (ds_last_error_detail(&detail) != DS_OK || detail.status != expected) {
    report(file, line, "the detail of %s has another status: %s", text,
           ds_status_name(detail.status));
    held = false;
  }
  return held;
}

void check_require(bool held) {
  if (held) return;
  printf("    given up here\n");
  fflush(stdout);
  _exit(1);
}

/* ---- Directories ---------------------------------------------------------------------------- */

const char *path_of(const char *name) {
  static _Thread_local char paths[16][512];
  static _Thread_local unsigned turn;
  char *path = paths[turn++ % COUNT_OF(paths)];
  snprintf(path, sizeof paths[0], "%s/%s", test_directory, name);
  return path;
}

static void make_test_directory(void) {
  const char *parent = getenv("TMPDIR");
  snprintf(test_directory, sizeof test_directory, "%s/data_store_c.XXXXXX",
           parent && parent[0] ? parent : "/tmp");
  if (mkdtemp(test_directory) != NULL) return;
  perror(test_directory);
  exit(2);
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk) {
  (void)status, (void)type, (void)walk;
  return remove(path);
}

/* ---- Running -------------------------------------------------------------------------------- */

/* What has become of a test. */
typedef enum { PASSED, FAILED, LEFT_OUT } outcome;

static outcome run_in_child(const check_suite *suite, const check_test *test) {
  make_test_directory();
  last_note[0] = '\0';
  fflush(stdout);
  pid_t child = fork();
  if (child < 0) {
    perror("fork");
    exit(2);
  }
  if (child == 0) {
    alarm(HANG_SECONDS);
    test->run();
    exit(atomic_load(&failures) == 0 ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  nftw(test_directory, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
  if (on_server()) drop_schemas(test_directory);
  if (WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED) return LEFT_OUT;
  if (WIFSIGNALED(status)) {
    printf("    killed by signal %d (%s)%s%s\n", WTERMSIG(status), strsignal(WTERMSIG(status)),
           last_note[0] ? "\n      with " : "", last_note);
  }
  bool passed = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!passed) printf("FAILED %s.%s\n", suite->name, test->name);
  return passed ? PASSED : FAILED;
}

int check_run(const check_suite *suites, size_t suite_count, const char *filter, bool verbose) {
  int counts[3] = {0, 0, 0};
  last_note = mmap(NULL, sizeof note, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (last_note == MAP_FAILED) {
    perror("mmap");
    return 2;
  }
  for (size_t i = 0; i < suite_count; i++) {
    for (const check_test *test = suites[i].tests; test->name != NULL; test++) {
      char name[256];
      snprintf(name, sizeof name, "%s.%s", suites[i].name, test->name);
      if (filter != NULL && strstr(name, filter) == NULL) continue;
      if (verbose) printf("%s\n", name);
      counts[run_in_child(&suites[i], test)]++;
    }
  }
  printf("%d passed, %d failed", counts[PASSED], counts[FAILED]);
  if (counts[LEFT_OUT] > 0) printf(", %d about files left out", counts[LEFT_OUT]);
  printf("\n");
  return counts[PASSED] > 0 && counts[FAILED] == 0 ? 0 : 1;
}
