/* server.h: stores on a server, where the run is about one.
 * SPDX-License-Identifier: MIT
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>

/* Whether stores lie on the server that DATA_STORE_POSTGRESQL names: DATA_STORE_TEST_ENGINE says so. */
bool on_server(void);

/* Where the store of this path lies: the path, or the URL of a schema that is made for it. Lives in
 * the thread, for eight more calls. */
const char *place_of(const char *path);

/* Drops the schemas of the paths below this folder. */
void drop_schemas(const char *folder);

/* Runs statements that both engines take as another tool does; one may have a text for `$1`, which
 * is NULL where there is none. Gives the test up where that fails. */
void run_on_server(const char *url, const char *statements, const char *value);

/* To be called first by a test that is about files: on a server it ends there. The reason is one of
 * the table in docs/postgresql.md. */
void files_only(const char *reason);

/* The exit status of a test that files_only() has ended. */
#define SKIPPED 77

#endif
