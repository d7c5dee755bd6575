// SPDX-License-Identifier: MIT
#ifndef POWER_CUT_VFS_H
#define POWER_CUT_VFS_H

// A layer over SQLite's default VFS that writes down what is done to one database file, its -wal and its
// -journal, so that a test can work out what a power cut would have left of them.
//
// Syncs are written down and go no further: no test pulls the plug. Files of other names are left alone.
// One recording runs at a time.

#include <stdint.h>

typedef enum power_cut_file {
  POWER_CUT_DATABASE,
  POWER_CUT_WAL,
  POWER_CUT_JOURNAL,
  POWER_CUT_FILES, // how many
} power_cut_file;

typedef enum power_cut_kind {
  POWER_CUT_WRITE,       // `count` bytes at `offset`
  POWER_CUT_TRUNCATE,    // to `offset` bytes
  POWER_CUT_SYNC,        // of one file's contents
  POWER_CUT_CREATE,      // of an empty file, unless it was there
  POWER_CUT_DELETE,
  POWER_CUT_SYNC_FOLDER, // of all names
  POWER_CUT_BEGIN,       // the test begins its call number `offset`
  POWER_CUT_ACKNOWLEDGE, // and that call has returned
} power_cut_kind;

typedef struct power_cut_operation {
  int32_t kind; // power_cut_kind
  int32_t file; // power_cut_file; without meaning where a folder or a call is concerned
  int64_t offset;
  int64_t count;
  const uint8_t *bytes;
} power_cut_operation;

typedef struct power_cut_log {
  power_cut_operation *operations;
  int64_t count;
} power_cut_log;

// Makes the layer SQLite's default VFS, once and for the rest of the process. Returns an SQLite result code.
int power_cut_vfs_install(void);

// From now on what is done to the database file at `path` (absolute, links resolved) is written down.
void power_cut_record(const char *path);

// Adds a mark: POWER_CUT_BEGIN or POWER_CUT_ACKNOWLEDGE of the call `number`.
void power_cut_mark(power_cut_kind kind, int64_t number);

// Ends the recording. Free the log with power_cut_log_free().
power_cut_log power_cut_end(void);
void power_cut_log_free(power_cut_log log);

#endif
