/* SQLite, as the yardstick uses it.
 * SPDX-License-Identifier: MIT */
#ifndef DATABASE_H
#define DATABASE_H

#include <sqlite3.h>

/* Opens a file that has its tables; "NORMAL" or "FULL". YARDSTICK_NOMUTEX in the environment
 * leaves SQLite's mutexes out. */
sqlite3 *database_open(const char *path, const char *synchronous);
void database_close(sqlite3 *database);

void execute(sqlite3 *database, const char *sql);
sqlite3_stmt *prepare(sqlite3 *database, const char *sql);

/* 1: there is a row. */
int step(sqlite3_stmt *statement);

/* Runs a statement that has no rows, and makes it ready for the next time. */
void run(sqlite3_stmt *statement);

#endif
