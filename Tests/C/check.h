/* check.h: the harness of the C conformance suite.
 * SPDX-License-Identifier: MIT
 *
 * Every test runs in a process of its own, in a fresh directory, so that a crash is one failed
 * test and no test can disturb the next. A failed CHECK is printed with its place and the
 * library's message, and the test goes on; a failed REQUIRE ends the test.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data_store.h"

/* One test. A suite is an array of them that a {NULL, NULL} ends. */
typedef struct check_test {
  const char *name;
  void (*run)(void);
} check_test;

typedef struct check_suite {
  const char *name;
  const check_test *tests;
} check_suite;

/* Runs the tests whose "suite.name" contains `filter` (NULL: all). Prints "N passed, N failed", and
 * how many are about files where stores lie on a server.
 * Returns the exit code: 0 where at least one test ran and none failed. */
int check_run(const check_suite *suites, size_t suite_count, const char *filter, bool verbose);

/* The path of `name` in this test's directory. Lives in the thread, for sixteen more calls. */
const char *path_of(const char *name);

/* What this thread is busy with, printed with its failures: the row of a table, say. */
void check_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* How many CHECKs have failed in this process: a test that forks hands it on as exit code. */
int check_failure_count(void);

/* The functions behind the macros. Each returns whether the check held. */
bool check_that(bool held, const char *text, const char *file, int line);
bool check_int(int64_t actual, int64_t expected, const char *text, const char *file, int line);
bool check_bits(double actual, double expected, const char *text, const char *file, int line);
bool check_text(const char *actual, const char *expected, const char *text, const char *file,
                int line);
bool check_status(int32_t actual, int32_t expected, const char *text, const char *file, int line);
bool check_failed_call(int32_t actual, int32_t expected, const char *const *words,
                       size_t word_count, const char *text, const char *file, int line);
void check_require(bool held);

#define CHECK(condition) check_that((condition), #condition, __FILE__, __LINE__)
#define CHECK_INT(actual, expected) \
  check_int((int64_t)(actual), (int64_t)(expected), #actual, __FILE__, __LINE__)
/* Two doubles of the same bits; any NaN equals any NaN. */
#define CHECK_BITS(actual, expected) check_bits((actual), (expected), #actual, __FILE__, __LINE__)
/* Two texts of the same bytes; NULL equals NULL. */
#define CHECK_TEXT(actual, expected) check_text((actual), (expected), #actual, __FILE__, __LINE__)
#define CHECK_STATUS(call, status) check_status((call), (status), #call, __FILE__, __LINE__)
#define CHECK_OK(call) check_status((call), DS_OK, #call, __FILE__, __LINE__)
/* A refusal with `status`, whose message is not empty and holds each of the words that follow. */
#define CHECK_FAILS(call, status, ...)                                                   \
  check_failed_call((call), (status), (const char *const[]){__VA_ARGS__},                \
                    sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *), #call, \
                    __FILE__, __LINE__)
#define REQUIRE(condition) check_require(CHECK(condition))
#define REQUIRE_OK(call) check_require(CHECK_OK(call))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#endif
