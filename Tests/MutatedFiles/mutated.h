/* mutated.h: database files that came to harm, or were made to do some.
 * SPDX-License-Identifier: MIT
 *
 * Each file is made from a sound one by its number and the run's seed, opened, and used through
 * every function of data_store.h. What must hold: a status that the header names, or data; no
 * crash, no hang; and no SQL of the file's own is run.
 */
#ifndef MUTATED_H
#define MUTATED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "data_store.h"

/* ---- Chance: the same numbers for the same seed (splitmix64) ---- */

typedef struct dice {
  uint64_t state;
} dice;

uint64_t roll(dice *dice);
size_t below(dice *dice, size_t limit); /* 0 where limit is 0 */

/* ---- Files ---- */

typedef struct file_bytes {
  unsigned char *bytes;
  size_t size;
} file_bytes;

/* No file where there is none: 0 bytes. The caller frees the bytes. */
file_bytes load(const char *path);
void save(const char *path, file_bytes file);
void remove_store(const char *path); /* with all that lies beside it */

/* A database with what lies in its -wal. */
typedef struct database {
  file_bytes main, wal;
} database;

/* ---- Sound files (sound.c) ---- */

#define SOUND_FILES 5
#define BARS 60
#define HOUR (INT64_C(3600) * 1000000000)
#define T0 INT64_C(1772377200000000000) /* 2026-03-01T15:00:00Z */

/* The bars of EURUSD 1h in each of them: close i + 0.5 and the feature a@1 of value i at T0 + i hours. */
void make_sound_files(const char *folder, database sound[SOUND_FILES]);

/* ---- Harm (mutate.c, plant.c) ---- */

/* Spoils bytes, pages, lengths. */
void mutate(dice *dice, database *target, const database sound[SOUND_FILES]);

/* Plants SQL into the database at `path`. */
void plant(dice *dice, const char *path);

/* Makes every connection of this process, the library's too, know the functions and the collation that planted SQL
 * calls. */
void watch_planted_sql(void);
/* How often planted SQL was run, by itself or by a trigger that left its mark in the file. */
int64_t times_planted_sql_ran(void);
/* What this program itself asks of such a file is not counted. */
void run_planted_sql_unseen(bool unseen);
int64_t marks_of_planted_sql(const char *path);

/* The control: a file whose SQL plain SQLite runs. */
void check_that_planted_sql_is_seen(const char *path);

/* ---- Use (exercise.c) ---- */

/* Uses the store at `path` in every way, first for reading only. Where its bytes are `spoilt`, a row that was
 * written need not be found again: SQLite looks for it by what the file says of its place. Returns how many calls were
 * refused. */
int exercise(const char *path, dice *dice, bool spoilt);

/* What is being done to the current file, for messages. */
void announce(const char *what);

/* Ends the process with a message where `held` is false. */
void must(bool held, const char *what);

#endif
