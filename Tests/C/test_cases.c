/* test_cases.c: the cases that Swift, C and Python agree on, and that a case that is wrong fails.
 * SPDX-License-Identifier: MIT
 *
 * Tests/Cases/README.md has the form of a case. CASES_FOLDER is where the files lie.
 */
#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "case_calls.h"
#include "fixture.h"
#include "suites.h"

static char problem[1024]; /* why the last case failed */

static bool fault(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fault(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(problem, sizeof problem, format, arguments);
  va_end(arguments);
  return false;
}

/* ---- What a step expects ------------------------------------------------------------------------ */

static bool is_same_number(json *expected, const json *found) {
  if (expected->kind != JSON_NUMBER && expected->kind != JSON_TEXT) return false;
  if (expected->is_integer && found->is_integer) return expected->integer == found->integer;
  double number = case_number(expected);
  return memcmp(&number, &found->number, sizeof number) == 0;
}

static bool is_same(json *expected, json *found) {
  switch (found->kind) {
    case JSON_TIME:
      return (expected->kind == JSON_TEXT || expected->is_integer) &&
             case_time(expected) == found->integer;
    case JSON_NUMBER:
      return is_same_number(expected, found);
    case JSON_TEXT:
      return expected->kind == JSON_TEXT && strcmp(expected->text, found->text) == 0;
    default:
      return expected->kind == found->kind;
  }
}

/* Lists of equal length; of an object the members that are expected; numbers to the bit. */
static bool compare(json *expected, json *found, const char *place) {
  if (expected->kind == JSON_OBJECT && found->kind == JSON_OBJECT) {
    for (size_t i = 0; i < expected->count; i++) {
      json *member = json_get(found, expected->names[i]);
      if (member == NULL) return fault("%s has no %s", place, expected->names[i]);
      if (!compare(expected->items[i], member, expected->names[i])) return false;
    }
    return true;
  }
  if (expected->kind == JSON_LIST && found->kind == JSON_LIST) {
    if (expected->count != found->count) {
      return fault("%s has %zu elements, not %zu", place, found->count, expected->count);
    }
    for (size_t i = 0; i < expected->count; i++) {
      if (!compare(expected->items[i], found->items[i], place)) return false;
    }
    return true;
  }
  if (is_same(expected, found)) return true;
  return fault("%s is %s (%.17g), not %s (%.17g)", place, found->text ? found->text : "",
               found->number, expected->text ? expected->text : "", expected->number);
}

static bool is_refused_rightly(json *step, int32_t status) {
  const char *expected = json_get(step, "fails")->text;
  if (strcmp(ds_status_name(status), expected) != 0) {
    return fault("%s, not %s: %s", ds_status_name(status), expected, ds_last_error());
  }
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  if (ds_last_error_detail(&detail) != DS_OK || detail.status != status) {
    return fault("the detail is of another error");
  }
  json *message = json_get(step, "message"), *key = json_get(step, "key");
  json *row = json_get(step, "row");
  if (message && strstr(ds_last_error(), message->text) == NULL) {
    return fault("the message does not hold '%s': %s", message->text, ds_last_error());
  }
  if (key && (detail.key == NULL || strcmp(detail.key, key->text) != 0)) {
    return fault("the key is '%s', not '%s'", detail.key ? detail.key : "(NULL)", key->text);
  }
  if (row && detail.row != row->integer) {
    return fault("the row is %lld, not %lld", (long long)detail.row, (long long)row->integer);
  }
  return true;
}

/* ---- Running ------------------------------------------------------------------------------------ */

static bool arguments_are_used(json *with) {
  json *parts[] = {with, json_get(with, "rows"), json_get(with, "bar")};
  for (size_t i = 0; i < COUNT_OF(parts); i++) {
    const char *unused = json_unused(parts[i]);
    if (unused != NULL) return fault("unknown argument %s", unused);
  }
  return true;
}

static bool take(json *step, ds_store *store) {
  if (json_get(step, "files_only") != NULL && on_server()) return true;
  json *name = json_get(step, "call"), *with = json_get(step, "with");
  const case_call *call = name ? case_call_of(name->text) : NULL;
  if (call == NULL) return fault("unknown call");
  json *expected = json_get(step, "gives"), *fails = json_get(step, "fails");
  json *found = NULL;
  int32_t status = call->run(store, with, &found);
  if (fails == NULL && status != DS_OK) {
    return fault("%s: %s", ds_status_name(status), ds_last_error());
  }
  if (fails && status == DS_OK) return fault("is not refused");
  if (fails && !is_refused_rightly(step, status)) return false;
  if (!arguments_are_used(with)) return false;
  const char *unused = json_unused(step);
  if (unused != NULL) return fault("the member %s says nothing", unused);
  if (fails && expected) return fault("both gives and fails");
  if (fails || expected == NULL) return true;
  if (found == NULL) return fault("gives nothing");
  return compare(expected, found, "the result");
}

static bool run_steps(json *steps, const char *folder) {
  static int number;
  char path[512];
  snprintf(path, sizeof path, "%s/%d.db", folder, number++);
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  options.durability = DS_DURABILITY_NORMAL;
  ds_store *store = NULL;
  REQUIRE_OK(ds_store_open(place_of(path), &options, &store));
  bool held = steps->count > 0 || fault("no steps");
  for (size_t i = 0; held && i < steps->count; i++) {
    held = take(steps->items[i], store);
    if (held) continue;
    char reason[sizeof problem];
    memcpy(reason, problem, sizeof reason);
    json *call = json_get(steps->items[i], "call");
    fault("step %zu (%s): %.900s", i + 1, call ? call->text : "", reason);
  }
  ds_store_free(store);
  unlink(path);
  return held;
}

/* Runs a case, once for each row of its table. A wrong case must fail in every row. */
static void run_case(const char *file, json *item, const char *folder, bool must_fail) {
  json *name = json_get(item, "name"), *table = json_get(item, "each");
  json *steps = json_get(item, "steps"), *files_only = json_get(item, "files_only");
  REQUIRE(name && steps && json_unused(item) == NULL);
  if (files_only != NULL && on_server()) return;
  for (size_t row = 0; row < (table ? table->count : 1); row++) {
    check_note("%s: %s[%zu]", file, name->text, row);
    bool held = run_steps(json_filled(steps, table ? table->items[row] : NULL), folder);
    if (must_fail) {
      CHECK(!held);
    } else if (!held) {
      printf("    %s\n", problem);
      CHECK(!"the case fails");
    }
  }
}

static int compare_names(const void *left, const void *right) {
  return strcmp(*(char *const *)left, *(char *const *)right);
}

/* How many cases the text holds, counted past what reads them. */
static int written_cases(const char *text) {
  int count = 0;
  for (const char *at = text; (at = strstr(at, "\n    \"name\": ")) != NULL; at++) count++;
  return count;
}

static void run_folder(const char *cases, bool must_fail) {
  alarm(600);
  char folder[] = "/dev/shm/data_store_cases.XXXXXX";
  const char *where = mkdtemp(folder) ? folder : path_of("");
  char *names[64];
  size_t name_count = 0;
  DIR *directory = opendir(cases);
  REQUIRE(directory != NULL);
  for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
    const char *end = strrchr(entry->d_name, '.');
    if (end == NULL || strcmp(end, ".json") != 0) continue;
    REQUIRE(name_count < COUNT_OF(names));
    names[name_count++] = strdup(entry->d_name);
  }
  closedir(directory);
  REQUIRE(name_count > 0);
  qsort(names, name_count, sizeof *names, compare_names);
  for (size_t i = 0; i < name_count; i++) {
    check_note("%s", names[i]);
    char path[512];
    snprintf(path, sizeof path, "%s/%s", cases, names[i]);
    file_copy file = load_file(path);
    char *text = strndup((char *)file.bytes, file.size);
    json *list = json_read(text);
    REQUIRE(list != NULL && list->kind == JSON_LIST && list->count > 0);
    for (size_t place = 0; place < list->count; place++) {
      run_case(names[i], list->items[place], where, must_fail);
    }
    CHECK_INT(list->count, written_cases(text));
    free(text);
    free(file.bytes);
    free(names[i]);
  }
  rmdir(folder);
  if (on_server()) drop_schemas(folder);
}

static void every_case(void) { run_folder(CASES_FOLDER, false); }

static void a_case_that_is_wrong_fails(void) { run_folder(CASES_FOLDER "/control", true); }

const check_test cases_tests[] = {
    {"every_case", every_case},
    {"a_case_that_is_wrong_fails", a_case_that_is_wrong_fails},
    {NULL, NULL},
};
