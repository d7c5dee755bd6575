/* main.c: every step meets every fault: the first operation of its kind fails, then the second, and so on,
 * until a run meets none any more; each once, and each for good.
 * SPDX-License-Identifier: MIT
 *
 * faults [-a] [-s SEED] [-w WORKERS] [part of a step's name [part of a fault's name [n]]]
 *
 * -a takes every n; otherwise a sample of them is drawn with the seed, which is printed.
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "folder.h"
#include "run.h"

/* Most of a run is waiting: the kernel takes its time to close an inotify descriptor. */
#define WORKERS_A_PROCESSOR 8
#define MOST_CRASHES 50

/* How many n of one step and fault the sample takes, once and for good together. */
#define SAMPLE 4

static bool takes_all;
static uint64_t seed;
static const char *step_part = "", *fault_part = "";
static int only; /* this n, or 0 */

/* ---- The work ------------------------------------------------------------------------------------- */

/* All runs of one step and fault. A worker begins it; those that find none to begin help where there is one left. */
typedef struct job {
  atomic_bool is_begun;
  struct {
    atomic_int taken; /* the n up to here */
    atomic_bool is_done;
  } modes[2]; /* once, for good */
} job;

/* In memory that the workers share. */
static struct shared {
  tally tally;
  job jobs[];
} *shared;

static job *job_at(size_t step, int kind) { return &shared->jobs[step * (size_t)fault_count + (size_t)kind]; }

/* What is expected of the step; worked out where it is another one than last time. */
static const reference *reference_of(size_t number) {
  static size_t known = SIZE_MAX;
  static reference reference;
  if (known != number) reference = refer(&steps[number]);
  known = number;
  return &reference;
}

/* Once a fault is met for good, SQLite may try what it did not try before; so to the run that meets none. */
static void take_all(size_t step, int kind) {
  for (int good = 0; good < 2; good++) {
    atomic_bool *is_done = &job_at(step, kind)->modes[good].is_done;
    while (!atomic_load(is_done)) {
      int n = atomic_fetch_add(&job_at(step, kind)->modes[good].taken, 1) + 1;
      if (!run(&steps[step], reference_of(step), kind, n, good != 0)) atomic_store(is_done, true);
    }
  }
}

static uint64_t next_random(uint64_t *state) { /* splitmix64 */
  uint64_t mixed = *state += UINT64_C(0x9E3779B97F4A7C15);
  mixed = (mixed ^ (mixed >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
  mixed = (mixed ^ (mixed >> 27)) * UINT64_C(0x94D049BB133111EB);
  return mixed ^ (mixed >> 31);
}

/* The same with the same seed, on any machine. */
static void take_sample(size_t step, int kind) {
  uint64_t random = seed ^ (step << 32) ^ ((uint64_t)kind << 16);
  int count = operations(&steps[step], kind);
  int taken = 0;
  for (int n = 1; n <= count && taken < SAMPLE; n++) {
    uint64_t left = (uint64_t)(count - n + 1);
    if (next_random(&random) % left >= (uint64_t)(SAMPLE - taken)) continue;
    taken++;
    run(&steps[step], reference_of(step), kind, n, next_random(&random) % 2 != 0);
  }
}

static void work(bool helps) {
  for (size_t step = 0; step < step_count; step++) {
    if (strstr(steps[step].name, step_part) == NULL) continue;
    for (int kind = 0; kind < fault_count; kind++) {
      if (strstr(faults[kind].name, fault_part) == NULL) continue;
      if (!helps && atomic_exchange(&job_at(step, kind)->is_begun, true)) continue;
      if (only > 0) {
        for (int good = 0; good < 2; good++) run(&steps[step], reference_of(step), kind, only, good != 0);
      } else if (takes_all) {
        take_all(step, kind);
      } else {
        take_sample(step, kind);
      }
    }
  }
}

/* ---- The workers ---------------------------------------------------------------------------------- */

static void start_worker(void) {
  pid_t child = fork();
  if (child < 0) give_up("fork");
  if (child > 0) return;
  prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody is left to count for */
  begin_runs(&shared->tally);
  make_folder();
  work(false);
  if (takes_all && only == 0) work(true);
  remove_folder();
  fflush(stdout);
  _exit(0);
}

/* Returns whether all of them came to an end. The place of one that crashed is taken by another. */
static bool await_workers(void) {
  bool is_well = true;
  int crashes = 0, status;
  while (wait(&status) > 0) {
    if (WIFSIGNALED(status) && ++crashes < MOST_CRASHES) start_worker();
    is_well = is_well && WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }
  return is_well;
}

static void print_figures(void) {
  const char *figures = getenv("DATA_STORE_FIGURES");
  FILE *file = figures == NULL ? NULL : fopen(figures, "a");
  const tally *tally = &shared->tally;
  unsigned disk = 0;
  for (int kind = 0; kind < fault_count; kind++) {
    unsigned failed = tally->failed[kind];
    if (failed == 0) continue;
    printf("  %-14s %8u failed\n", faults[kind].name, failed);
    if (file != NULL) fprintf(file, "faults: %s failed\t%u\n", faults[kind].name, failed);
    if (faults[kind].operations != 0) disk += failed;
  }
  if (file != NULL) {
    fprintf(file, "faults: runs\t%u\n", tally->runs);
    fclose(file);
  }
  printf("faults: %u runs, %u of the disk's operations failed, %u complaints\n", tally->runs, disk, tally->complaints);
}

int main(int argc, char **argv) {
  long workers = WORKERS_A_PROCESSOR * sysconf(_SC_NPROCESSORS_ONLN);
  seed = (uint64_t)time(NULL);
  int option;
  while ((option = getopt(argc, argv, "as:w:")) != -1) {
    switch (option) {
      case 'a': takes_all = true; break;
      case 's': seed = strtoull(optarg, NULL, 10); break;
      case 'w': workers = atol(optarg); break;
      default: return 2;
    }
  }
  if (optind < argc) step_part = argv[optind];
  if (optind + 1 < argc) fault_part = argv[optind + 1];
  if (optind + 2 < argc) only = atoi(argv[optind + 2]);
  if (!takes_all) printf("faults: a sample with seed %" PRIu64 " (repeat it with -s %" PRIu64 ")\n", seed, seed);
  fflush(stdout);

  install_faults();
  size_t size = sizeof *shared + step_count * (size_t)fault_count * sizeof(job);
  shared = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (shared == MAP_FAILED || fault_count > MOST_FAULTS) give_up("no memory");
  for (long i = 0; i < workers; i++) start_worker();
  bool is_well = await_workers();
  print_figures();
  return !is_well || shared->tally.complaints > 0 || shared->tally.runs == 0;
}
