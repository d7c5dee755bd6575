/* folder.c: a step's files are made once, kept in memory, and written again for each of its runs.
 * SPDX-License-Identifier: MIT
 */
#include "folder.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "faults.h"
#include "furniture.h"

static char folder[256], wal_path[330];
char store_path[320], backup_path[320];

_Noreturn void give_up(const char *what) {
  fprintf(stderr, "faults: %s: %s\n", what, ds_last_error());
  exit(2);
}

/* ---- Files ---------------------------------------------------------------------------------------- */

typedef struct file_copy {
  char *bytes;
  size_t size;
} file_copy;

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

static void drop(file_copy *copy) {
  free(copy->bytes);
  *copy = (file_copy){NULL, 0};
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

/* ---- The folder ----------------------------------------------------------------------------------- */

void make_folder(void) {
  const char *parent = getenv("TMPDIR");
  if (parent == NULL) parent = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
  snprintf(folder, sizeof folder - 1, "%s/data_store_faults_XXXXXX", parent);
  if (mkdtemp(folder) == NULL) give_up(folder);
  strcat(folder, "/");
  snprintf(store_path, sizeof store_path, "%sbars.db", folder);
  snprintf(wal_path, sizeof wal_path, "%s-wal", store_path);
  snprintf(backup_path, sizeof backup_path, "%scopy.db", folder);
  watch_folder(folder);
}

void remove_folder(void) {
  visit(take_away);
  rmdir(folder);
}

/* Each call by a step of other needs replaces what the last one made: steps of one start stand together. */
static void make(const step *step, file_copy *file, file_copy *wal) {
  ds_store *store = NULL;
  if (ds_store_open(store_path, NULL, &store) != DS_OK || furnish(store, step) != DS_OK) give_up("furnishing");
  if (step->start == START_WAL) {
    *file = load(store_path);
    *wal = load(wal_path);
    ds_store_free(store);
    return;
  }
  ds_store_free(store);
  if (step->start == START_FOREIGN && !add_foreign_rows(store_path)) give_up("foreign rows");
  *file = load(store_path);
}

void lay_out(const step *step) {
  static const struct step *made;
  static file_copy file, wal;
  visit(take_away);
  if (step->start == START_ABSENT) return;
  if (made == NULL || !share_furniture(step, made)) {
    drop(&file);
    drop(&wal);
    make(step, &file, &wal);
    made = step;
    visit(take_away);
  }
  save(store_path, file);
  save(wal_path, wal);
}

static findings found;
static void look_at(const char *name) {
  if (strcmp(name, backup_path) == 0) {
    found.has_backup = true;
  } else if (strcmp(name, store_path) != 0) {
    found.has_litter = true;
  }
}

findings look_over(void) {
  found = (findings){false, false};
  visit(look_at);
  return found;
}
