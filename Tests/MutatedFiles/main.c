/* main.c: makes files one after the other and uses each, in children, so that a crash is one file's.
 * SPDX-License-Identifier: MIT
 *
 *   mutated_files FOLDER COUNT SEED     COUNT files in FOLDER, from this seed
 *   mutated_files FILE                  one file that was kept (its -wal beside it)
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "mutated.h"

/* A file that takes longer hangs. It takes a few milliseconds; sanitizers and a busy machine have room. */
#define SECONDS_A_FILE 60
#define FILES_A_CHILD 100

/* What parent and children share. */
static struct shared {
  uint32_t file;
  char what[256];
  int64_t planted, mutated, refused_calls;
} *shared;

uint64_t roll(dice *dice) {
  uint64_t mixed = dice->state += UINT64_C(0x9e3779b97f4a7c15);
  mixed = (mixed ^ mixed >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  mixed = (mixed ^ mixed >> 27) * UINT64_C(0x94d049bb133111eb);
  return mixed ^ mixed >> 31;
}

size_t below(dice *dice, size_t limit) { return limit == 0 ? 0 : (size_t)(roll(dice) % limit); }

void announce(const char *what) { snprintf(shared->what, sizeof shared->what, "%s", what); }

void must(bool held, const char *what) {
  if (held) return;
  fprintf(stderr, "does not hold: %s\n", what);
  abort();
}

/* ---- Files -------------------------------------------------------------------------------------- */

file_bytes load(const char *path) {
  file_bytes file = {NULL, 0};
  FILE *stream = fopen(path, "rb");
  if (stream == NULL) return file;
  struct stat status;
  must(fstat(fileno(stream), &status) == 0, "a file has a size");
  file.size = (size_t)status.st_size;
  file.bytes = malloc(file.size + 1);
  must(file.bytes != NULL && fread(file.bytes, 1, file.size, stream) == file.size, "a file is read");
  fclose(stream);
  return file;
}

void save(const char *path, file_bytes file) {
  FILE *stream = fopen(path, "wb");
  must(stream != NULL && fwrite(file.bytes, 1, file.size, stream) == file.size && fclose(stream) == 0,
       "a file is written");
}

void remove_store(const char *path) {
  static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
  char name[640];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", path, suffixes[i]);
    unlink(name);
  }
}

static void save_database(const char *path, database database) {
  char wal[640];
  remove_store(path);
  save(path, database.main);
  snprintf(wal, sizeof wal, "%s-wal", path);
  if (database.wal.size > 0) save(wal, database.wal);
}

static database load_database(const char *path) {
  char wal[640];
  snprintf(wal, sizeof wal, "%s-wal", path);
  return (database){load(path), load(wal)};
}

static void free_database(database database) {
  free(database.main.bytes);
  free(database.wal.bytes);
}

/* ---- One file ----------------------------------------------------------------------------------- */

static void use(const char *path, dice *dice, bool spoilt) {
  int64_t before = times_planted_sql_ran();
  alarm(SECONDS_A_FILE);
  shared->refused_calls += exercise(path, dice, spoilt);
  alarm(0);
  must(times_planted_sql_ran() == before, "no SQL of the file is run");
  must(marks_of_planted_sql(path) == 0, "no trigger of the file has left its mark");
  remove_store(path);
}

/* One file in three brings SQL along, one in twelve both. */
static void make_and_use(const char *folder, const database sound[SOUND_FILES], uint64_t seed, uint32_t number) {
  char path[560], kept[560];
  snprintf(path, sizeof path, "%s/file.db", folder);
  snprintf(kept, sizeof kept, "%s/kept.db", folder);
  dice dice = {seed + number * UINT64_C(0xd1342543de82ef95)};
  const database *from = &sound[below(&dice, SOUND_FILES)];
  size_t kind = below(&dice, 12);
  save_database(path, *from);
  shared->file = number;
  announce("bytes");
  if (kind < 4) {
    plant(&dice, path);
    shared->planted++;
  }
  if (kind >= 3) {
    database spoilt = load_database(path);
    mutate(&dice, &spoilt, sound);
    save_database(path, spoilt);
    free_database(spoilt);
    shared->mutated++;
  }
  database made = load_database(path);
  save_database(kept, made);
  free_database(made);
  use(path, &dice, kind >= 3);
}

/* ---- All of them -------------------------------------------------------------------------------- */

/* Runs files from `first` on in a child; the number of the file that ended it, or -1. */
static int64_t run_some(const char *folder, const database sound[SOUND_FILES], uint64_t seed, uint32_t first,
                        uint32_t end) {
  pid_t child = fork();
  must(child >= 0, "a child is started");
  if (child == 0) {
    char control[560];
    snprintf(control, sizeof control, "%s/control.db", folder);
    watch_planted_sql();
    check_that_planted_sql_is_seen(control);
    remove_store(control);
    for (uint32_t number = first; number < end; number++) make_and_use(folder, sound, seed, number);
    exit(0);
  }
  int status;
  must(waitpid(child, &status, 0) == child, "a child ends");
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return -1;
  printf("file %u of seed %llu (%s): %s\n", shared->file, (unsigned long long)seed, shared->what,
         WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "a report, see above");
  return shared->file;
}

/* Keeps a copy of the file at fault, as it was before it was opened. */
static void keep(const char *folder, uint64_t seed, uint32_t number) {
  char from[560], to[620];
  snprintf(from, sizeof from, "%s/kept.db", folder);
  snprintf(to, sizeof to, ".build/mutated/%llu-%u.db", (unsigned long long)seed, number);
  mkdir(".build/mutated", 0777);
  database file = load_database(from);
  if (file.main.bytes != NULL) save_database(to, file);
  free_database(file);
  printf("  kept as %s\n", to);
}

int main(int argc, char **argv) {
  shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  must(shared != MAP_FAILED, "memory");
  if (argc == 2) {
    char path[560];
    snprintf(path, sizeof path, "%s.used", argv[1]);
    watch_planted_sql();
    save_database(path, load_database(argv[1]));
    dice dice = {1};
    use(path, &dice, true);
    return 0;
  }
  must(argc == 4, "usage: mutated_files FOLDER COUNT SEED | mutated_files FILE");
  uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
  uint64_t seed = strtoull(argv[3], NULL, 10);
  database sound[SOUND_FILES];
  make_sound_files(argv[1], sound);
  int failures = 0;
  for (uint32_t next = 0; next < count && failures < 20;) {
    uint32_t end = next + FILES_A_CHILD < count ? next + FILES_A_CHILD : count;
    int64_t at_fault = run_some(argv[1], sound, seed, next, end);
    if (at_fault >= 0) {
      failures++;
      keep(argv[1], seed, (uint32_t)at_fault);
    }
    next = at_fault >= 0 ? (uint32_t)at_fault + 1 : end;
    fflush(stdout);
  }
  for (int kind = 0; kind < SOUND_FILES; kind++) free_database(sound[kind]);
  printf("%u files, %lld of them with SQL of their own, %lld with bytes spoilt, %lld calls refused: %d failed\n", count,
         (long long)shared->planted, (long long)shared->mutated, (long long)shared->refused_calls, failures);
  return failures > 0;
}
