// SPDX-License-Identifier: MIT
#ifndef CSQLITE_SHIM_H
#define CSQLITE_SHIM_H

#include <sqlite3.h>

// sqlite3_db_config() is variadic, which Swift cannot import.
static inline int csqlite_db_config(sqlite3 *db, int option, int on) {
  return sqlite3_db_config(db, option, on, (int *)0);
}

// Where the SQLite that this library calls has its sqlite3_libversion(): another copy has it elsewhere.
static inline const void *csqlite_libversion_address(void) {
  return (const void *)sqlite3_libversion;
}

#endif
