/* main.c: every step meets every fault: the first operation of its kind fails, then the second, and so on,
 * until a run meets none any more; each once, and each for good.
 * SPDX-License-Identifier: MIT
 *
 * faults [-a] [-s SEED] [part of a step's name [part of a fault's name [n]]]
 *
 * -a takes every n; otherwise a sample of them is drawn with the seed, which is printed.
 */
#include <dirent.h>
#include <ftw.h>
#include <inttypes.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "faults.h"
#include "steps.h"

#define HANG_SECONDS 60
#define MOST_COMPLAINTS 50 /* that are printed */

/* How many n of one step and fault the sample takes, once and for good together. */
#define SAMPLE 4

static char folder[256], path[320], backup[320];

/* ---- What a run is, for messages ------------------------------------------------------------------ */

static char run_name[256];
static int complaints;

static void complain(const char *what) {
  if (++complaints > MOST_COMPLAINTS) return;
  printf("  %s: %s\n    last error: %s\n", run_name, what, ds_last_error());
  fflush(stdout);
}

static void crashed(int signal_number) {
  static const char *const words = "\n  crashed or hung in: ";
  ssize_t ignored = write(STDOUT_FILENO, words, strlen(words));
  ignored += write(STDOUT_FILENO, run_name, strlen(run_name));
  ignored += write(STDOUT_FILENO, "\n", 1);
  (void)ignored;
  signal(signal_number, SIG_DFL);
  raise(signal_number);
}

/* ---- Files ---------------------------------------------------------------------------------------- */

typedef struct file_copy {
  char *bytes;
  size_t size;
} file_copy;

static file_copy files[START_COUNT], wals[START_COUNT]; /* as a run of each start finds them */

static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "faults: %s: %s\n", what, ds_last_error());
  exit(2);
}

static file_copy load(const char *name) {
  file_copy copy = {NULL, 0};
  FILE *file = fopen(name, "rb");
  if (file == NULL) return copy;
  fseek(file, 0, SEEK_END);
  copy.size = (size_t)ftell(file);
  rewind(file);
  copy.bytes = malloc(copy.size + 1);
  if (copy.bytes == NULL || fread(copy.bytes, 1, copy.size, file) != copy.size) give_up(name);
  fclose(file);
  return copy;
}

static void save(const char *name, file_copy copy) {
  if (copy.bytes == NULL) return;
  FILE *file = fopen(name, "wb");
  if (file == NULL || fwrite(copy.bytes, 1, copy.size, file) != copy.size || fclose(file) != 0) give_up(name);
}

/* Calls `each` with the path of every file in the folder. */
static void visit(void (*each)(const char *path)) {
  DIR *directory = opendir(folder);
  struct dirent *entry;
  while (directory != NULL && (entry = readdir(directory)) != NULL) {
    char name[600];
    snprintf(name, sizeof name, "%s%s", folder, entry->d_name);
    if (entry->d_name[0] != '.') each(name);
  }
  if (directory != NULL) closedir(directory);
}

static void take_away(const char *name) { unlink(name); }

static void lay_out(start start) {
  char wal[330];
  snprintf(wal, sizeof wal, "%s-wal", path);
  visit(take_away);
  save(path, files[start]);
  save(wal, wals[start]);
}

/* Rows as other tools write them: the same hours in forms that do not sort by time. */
static void write_foreign_rows(void) {
  sqlite3 *raw = NULL;
  if (sqlite3_open(path, &raw) != SQLITE_OK ||
      sqlite3_exec(raw,
                   "INSERT INTO market_data(symbol, timeframe, timestamp, close, features) "
                   "SELECT 'foreign', timeframe, CASE WHEN rowid % 2 THEN replace(timestamp, 'T', ' ') ELSE "
                   "timestamp END, close, features FROM market_data WHERE symbol = 'large'",
                   NULL, NULL, NULL) != SQLITE_OK)
    give_up(sqlite3_errmsg(raw));
  sqlite3_close(raw);
}

static void make_templates(void) {
  char wal[330];
  snprintf(wal, sizeof wal, "%s-wal", path);
  for (int start = 0; start < START_COUNT; start++) {
    visit(take_away);
    if (start == START_ABSENT) continue;
    ds_store *store = NULL;
    if (ds_store_open(path, NULL, &store) != DS_OK || furnish(store, (enum start)start) != DS_OK) give_up("furnishing");
    if (start != START_WAL) ds_store_free(store);
    if (start == START_FOREIGN) write_foreign_rows();
    files[start] = load(path);
    if (start != START_WAL) continue;
    wals[start] = load(wal);
    ds_store_free(store);
  }
}

/* ---- One run -------------------------------------------------------------------------------------- */

/* What a step leaves, and tells, where nothing fails. */
typedef struct reference {
  uint64_t before, after, seen;
  bool makes_backup;
} reference;

static uint64_t runs, faults_met[64];

static scene set_scene(start start) {
  scene scene = {path, backup, NULL, 0};
  lay_out(start);
  if (starts_open(start) && ds_store_open(path, NULL, &scene.store) != DS_OK) give_up("opening");
  return scene;
}

static bool opened(scene *scene) {
  if (scene->store != NULL || ds_store_open(path, NULL, &scene->store) == DS_OK) return true;
  complain("the store cannot be opened after the fault");
  return false;
}

static void close_scene(scene *scene) {
  ds_store_free(scene->store);
  scene->store = NULL;
}

static void expect_sound(scene *scene, start start) {
  if (!opened(scene)) return;
  ds_texts *findings = NULL;
  if (ds_store_check(scene->store, &findings) != DS_OK) {
    complain("check() fails after the fault");
  } else if (ds_texts_count(findings) != (start == START_FOREIGN)) {
    complain(ds_texts_count(findings) > 0 ? ds_texts_items(findings)[0] : "check() finds nothing");
  }
  ds_texts_free(findings);
}

static void expect_contents(scene *scene, uint64_t expected, const char *otherwise) {
  if (!opened(scene)) return;
  uint64_t found = contents(scene->store, NULL);
  if (found != expected) complain(found == 0 ? "the store cannot be read after the fault" : otherwise);
}

static bool has_backup, has_litter;
static void look_at(const char *name) {
  if (strcmp(name, backup) == 0) {
    has_backup = true;
  } else if (strcmp(name, path) != 0) {
    has_litter = true;
  }
}

/* With the store closed. */
static void expect_files(bool with_backup, uint64_t expected) {
  has_backup = has_litter = false;
  visit(look_at);
  if (has_litter) complain("files were left lying about");
  if (has_backup != with_backup) complain(has_backup ? "a failed backup is there" : "the backup is not there");
  if (!has_backup || !with_backup) return;
  ds_store *copy = NULL;
  if (ds_store_open(backup, NULL, &copy) != DS_OK || contents(copy, NULL) != expected) {
    complain("the backup holds something else");
  }
  ds_store_free(copy);
}

static reference refer(const step *step) {
  scene scene = set_scene(step->start);
  reference reference = {0, 0, 0, false};
  snprintf(run_name, sizeof run_name, "%s without a fault", step->name);
  if (step->start != START_WAL && opened(&scene)) reference.before = contents(scene.store, NULL);
  if (step->start == START_ABSENT) {
    close_scene(&scene);
    lay_out(step->start);
  } else if (step->start == START_CLOSED) {
    close_scene(&scene);
  } else if (step->start == START_WAL) {
    if (opened(&scene)) reference.before = contents(scene.store, NULL);
    close_scene(&scene);
    lay_out(step->start);
  }
  if (step->call(&scene) != DS_OK) complain("the step fails by itself");
  reference.seen = scene.seen;
  if (opened(&scene)) reference.after = contents(scene.store, NULL);
  close_scene(&scene);
  reference.makes_backup = access(backup, F_OK) == 0;
  expect_files(reference.makes_backup, reference.after);
  return reference;
}

/* Returns whether the fault was met. */
static bool run(const step *step, const reference *reference, int kind, int n, bool for_good) {
  const fault *fault = &faults[kind];
  snprintf(run_name, sizeof run_name, "%s, %s %d %s", step->name, fault->name, n, for_good ? "for good" : "once");
  scene scene = set_scene(step->start);
  alarm(HANG_SECONDS);
  fault->arm(fault, n, for_good);
  int32_t status = step->call(&scene);
  fault->disarm();
  int failed = fault->failed();
  runs++;
  faults_met[kind] += (uint64_t)failed;

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
  expect_sound(&scene, step->start);
  close_scene(&scene);
  expect_files(reference->makes_backup, reference->after);
  alarm(0);
  return failed > 0;
}

/* ---- All runs -------------------------------------------------------------------------------------- */

static bool takes_all;
static uint64_t seed;

static uint64_t next_random(void) { /* splitmix64 */
  uint64_t mixed = seed += UINT64_C(0x9E3779B97F4A7C15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
  return mixed ^ (mixed >> 31);
}

/* How many operations of this kind a step has where nothing fails. */
static int operations(const step *step, const fault *fault) {
  scene scene = set_scene(step->start);
  fault->arm(fault, 1 << 30, false);
  step->call(&scene);
  fault->disarm();
  int met = fault->met();
  close_scene(&scene);
  return met;
}

static void meet(const step *step, const reference *reference, int kind) {
  int count = operations(step, &faults[kind]);
  if (takes_all) {
    /* Once a fault is met for good, SQLite may try what it did not try before; so to the run that meets none. */
    for (int good = 0; good < 2; good++) {
      for (int n = 1; run(step, reference, kind, n, good != 0); n++) {}
    }
    return;
  }
  int taken = 0;
  for (int n = 1; n <= count && taken < SAMPLE; n++) {
    uint64_t left = (uint64_t)(count - n + 1);
    if (next_random() % left >= (uint64_t)(SAMPLE - taken)) continue;
    taken++;
    run(step, reference, kind, n, next_random() % 2 != 0);
  }
}

static int remove_entry(const char *name, const struct stat *status, int kind, struct FTW *walk) {
  (void)status, (void)kind, (void)walk;
  return remove(name);
}

static void print_figures(void) {
  const char *figures = getenv("DATA_STORE_FIGURES");
  FILE *file = figures == NULL ? NULL : fopen(figures, "a");
  uint64_t disk = 0;
  for (int kind = 0; kind < fault_count; kind++) {
    if (faults_met[kind] == 0) continue;
    printf("  %-14s %8" PRIu64 " failed\n", faults[kind].name, faults_met[kind]);
    if (file != NULL) fprintf(file, "faults: %s failed\t%" PRIu64 "\n", faults[kind].name, faults_met[kind]);
    if (faults[kind].operations != 0) disk += faults_met[kind];
  }
  if (file != NULL) {
    fprintf(file, "faults: runs\t%" PRIu64 "\n", runs);
    fclose(file);
  }
  printf("faults: %" PRIu64 " runs, %" PRIu64 " of the disk's operations failed, %d complaints\n", runs, disk, complaints);
}

int main(int argc, char **argv) {
  install_faults();
  seed = (uint64_t)time(NULL);
  int option;
  while ((option = getopt(argc, argv, "as:")) != -1) {
    if (option == 'a') {
      takes_all = true;
    } else if (option == 's') {
      seed = strtoull(optarg, NULL, 10);
    } else {
      return 2;
    }
  }
  const char *step_part = optind < argc ? argv[optind] : "";
  const char *fault_part = optind + 1 < argc ? argv[optind + 1] : "";
  int only = optind + 2 < argc ? atoi(argv[optind + 2]) : 0;
  if (!takes_all) printf("faults: a sample with seed %" PRIu64 " (repeat it with -s %" PRIu64 ")\n", seed, seed);

  const char *parent = getenv("TMPDIR");
  snprintf(folder, sizeof folder - 1, "%s/data_store_faults_XXXXXX", parent ? parent : "/tmp");
  if (mkdtemp(folder) == NULL) give_up(folder);
  strcat(folder, "/");
  snprintf(path, sizeof path, "%sbars.db", folder);
  snprintf(backup, sizeof backup, "%scopy.db", folder);
  watch_folder(folder);
  signal(SIGALRM, crashed);
  signal(SIGABRT, crashed);
  signal(SIGSEGV, crashed);
  signal(SIGILL, crashed);
  signal(SIGTRAP, crashed);
  signal(SIGBUS, crashed);

  make_templates();
  for (size_t i = 0; i < step_count; i++) {
    if (strstr(steps[i].name, step_part) == NULL) continue;
    reference reference = refer(&steps[i]);
    for (int kind = 0; kind < fault_count; kind++) {
      if (strstr(faults[kind].name, fault_part) == NULL) continue;
      if (only > 0) {
        run(&steps[i], &reference, kind, only, false);
        run(&steps[i], &reference, kind, only, true);
      } else {
        meet(&steps[i], &reference, kind);
      }
    }
  }
  print_figures();
  nftw(folder, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
  return complaints > 0 || runs == 0;
}
