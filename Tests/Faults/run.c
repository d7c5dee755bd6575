/* run.c: a fault, and then: the typed error, all or nothing, everything acknowledged still there, and the
 * store at work again.
 * SPDX-License-Identifier: MIT
 */
#include "run.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "content.h"
#include "folder.h"

#define HANG_SECONDS 60
#define MOST_COMPLAINTS 50 /* that are printed */

/* ---- What a run is, for messages ------------------------------------------------------------------ */

static char run_name[256];
static tally *counts;

static void complain(const char *what) {
  if (atomic_fetch_add(&counts->complaints, 1) >= MOST_COMPLAINTS) return;
  printf("  %s: %s\n    last error: %s\n", run_name, what, ds_last_error());
  fflush(stdout);
}

static void crashed(int signal_number) {
  atomic_fetch_add(&counts->complaints, 1);
  static const char *const words = "\n  crashed or hung in: ";
  ssize_t ignored = write(STDOUT_FILENO, words, strlen(words));
  ignored += write(STDOUT_FILENO, run_name, strlen(run_name));
  ignored += write(STDOUT_FILENO, "\n", 1);
  (void)ignored;
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

void begin_runs(tally *shared) {
  static const int crashes[] = {SIGALRM, SIGABRT, SIGSEGV, SIGILL, SIGTRAP, SIGBUS};
  counts = shared;
  for (size_t i = 0; i < sizeof crashes / sizeof crashes[0]; i++) signal(crashes[i], crashed);
}

/* ---- What is expected ------------------------------------------------------------------------------ */

static scene set_scene(const step *step) {
  scene scene = {store_path, backup_path, NULL, 0};
  lay_out(step);
  if (starts_open(step->start) && ds_store_open(store_path, NULL, &scene.store) != DS_OK) give_up("opening");
  return scene;
}

static bool opened(scene *scene) {
  if (scene->store != NULL || ds_store_open(store_path, NULL, &scene->store) == DS_OK) return true;
  complain("the store cannot be opened after the fault");
  return false;
}

static void close_scene(scene *scene) {
  ds_store_free(scene->store);
  scene->store = NULL;
}

static void expect_sound(scene *scene, const step *step) {
  if (!opened(scene)) return;
  ds_texts *findings = NULL;
  if (ds_store_check(scene->store, &findings) != DS_OK) {
    complain("check() fails after the fault");
  } else if (ds_texts_count(findings) != (step->start == START_FOREIGN)) {
    complain(ds_texts_count(findings) > 0 ? ds_texts_items(findings)[0] : "check() finds nothing");
  }
  ds_texts_free(findings);
}

static void expect_contents(scene *scene, uint64_t expected, const char *otherwise) {
  if (!opened(scene)) return;
  uint64_t found = contents(scene->store);
  if (found != expected) complain(found == 0 ? "the store cannot be read after the fault" : otherwise);
}

/* With the store closed. */
static void expect_files(bool with_backup, uint64_t expected) {
  findings found = look_over();
  if (found.has_litter) complain("files were left lying about");
  if (found.has_backup != with_backup) complain(found.has_backup ? "a failed backup is there" : "the backup is not there");
  if (!found.has_backup || !with_backup) return;
  ds_store *copy = NULL;
  if (ds_store_open(backup_path, NULL, &copy) != DS_OK || contents(copy) != expected) {
    complain("the backup holds something else");
  }
  ds_store_free(copy);
}

reference refer(const step *step) {
  scene scene = set_scene(step);
  reference reference = {0, 0, 0, false};
  snprintf(run_name, sizeof run_name, "%s without a fault", step->name);
  if (step->start != START_WAL && opened(&scene)) reference.before = contents(scene.store);
  if (step->start == START_ABSENT) {
    close_scene(&scene);
    lay_out(step);
  } else if (step->start == START_CLOSED) {
    close_scene(&scene);
  } else if (step->start == START_WAL) {
    if (opened(&scene)) reference.before = contents(scene.store);
    close_scene(&scene);
    lay_out(step);
  }
  if (step->call(&scene) != DS_OK) complain("the step fails by itself");
  reference.seen = scene.seen;
  if (opened(&scene)) reference.after = contents(scene.store);
  close_scene(&scene);
  reference.makes_backup = access(backup_path, F_OK) == 0;
  expect_files(reference.makes_backup, reference.after);
  return reference;
}

bool run(const step *step, const reference *reference, int kind, int n, bool for_good) {
  const fault *fault = &faults[kind];
  snprintf(run_name, sizeof run_name, "%s, %s %d %s", step->name, fault->name, n, for_good ? "for good" : "once");
  scene scene = set_scene(step);
  alarm(HANG_SECONDS);
  fault->arm(fault, n, for_good);
  int32_t status = step->call(&scene);
  fault->disarm();
  int failed = fault->failed();
  if (failed > 0) atomic_fetch_add(&counts->runs, 1);
  atomic_fetch_add(&counts->failed[kind], (unsigned)failed);

  bool is_done = status == DS_OK;
  if (is_done && scene.seen != reference->seen) complain("the step succeeded and told something else than is there");
  if (!is_done && failed == 0) complain("the step failed without a fault");
  /* A transaction that SQLite took back says so to each call that follows, whatever it was taken back for. */
  bool is_lost = status == DS_STORAGE && strstr(ds_last_error(), "roll the whole open transaction back") != NULL;
  if (!is_done && !is_lost && (status != fault->status || ds_last_error()[0] == '\0')) {
    char what[128];
    snprintf(what, sizeof what, "the step says %s, not %s", ds_status_name(status), ds_status_name(fault->status));
    complain(what);
  }
  /* Every other time with what was there before the fault thrown away. */
  if (n % 2 == 0) close_scene(&scene);
  expect_contents(&scene, is_done ? reference->after : reference->before,
                  is_done ? "something acknowledged is lost" : "something of the failed call is there");
  if (n % 3 == 0 || (!is_done && !starts_open(step->start))) close_scene(&scene);
  if (!is_done) {
    if (starts_open(step->start)) opened(&scene);
    scene.seen = 0;
    if (step->call(&scene) != DS_OK) complain("the step cannot be repeated after the fault");
    if (scene.seen != reference->seen) complain("repeated, the step tells something else");
  }
  close_scene(&scene);
  expect_contents(&scene, reference->after, "after closing and opening the contents differ");
  expect_sound(&scene, step);
  close_scene(&scene);
  expect_files(reference->makes_backup, reference->after);
  alarm(0);
  return failed > 0;
}

int operations(const step *step, int kind) {
  scene scene = set_scene(step);
  faults[kind].arm(&faults[kind], 1 << 30, false);
  step->call(&scene);
  faults[kind].disarm();
  int met = faults[kind].met();
  close_scene(&scene);
  return met;
}
