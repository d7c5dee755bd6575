// SPDX-License-Identifier: MIT
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>

// sqlite3_db_config() is variadic, which Swift cannot import.
static inline int csqlite_db_config(sqlite3 *db, int option, int on) {
  return sqlite3_db_config(db, option, on, (int *)0);
}

// SQLite has it from 3.37 on; before, nobody can tell more than 2^31 changes.
extern sqlite3_int64 sqlite3_changes64(sqlite3 *) __attribute__((weak));

static inline sqlite3_int64 csqlite_changes(sqlite3 *db) {
  return sqlite3_changes64 ? sqlite3_changes64(db) : sqlite3_changes(db);
}

// Where the SQLite that this library calls has its sqlite3_libversion(): another copy has it elsewhere.
static inline const void *csqlite_libversion_address(void) {
  return (const void *)sqlite3_libversion;
}

// A file of a VFS is a C object with a table of methods, which Swift would call by way of optionals in optionals.
static inline int csqlite_is_open(sqlite3_file *file) {
  return file && file->pMethods && file->pMethods->xRead;
}

static inline int csqlite_read(sqlite3_file *file, void *bytes, int count, sqlite3_int64 offset) {
  return file->pMethods->xRead(file, bytes, count, offset);
}

static inline int csqlite_size(sqlite3_file *file, sqlite3_int64 *size) {
  return file->pMethods->xFileSize(file, size);
}

// NULL where there is no such region, or no shared memory at all. Makes nothing.
static inline const void *csqlite_shared_memory(sqlite3_file *file, int region, int size) {
  void volatile *memory = (void *)0;
  if (file->pMethods->iVersion < 2 || !file->pMethods->xShmMap) return (void *)0;
  if (file->pMethods->xShmMap(file, region, size, 0, &memory) != SQLITE_OK) return (void *)0;
  return (const void *)memory;
}

#endif
