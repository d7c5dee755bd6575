/* server.c: stores on a server, where the run is about one.
 * SPDX-License-Identifier: MIT
 *
 * libpq is loaded when it is needed, as the library does it: its functions are declared here.
 */
#include "server.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

/* libpq's, which need no header: its interface has not changed for twenty years. */
typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
enum { CONNECTION_OK = 0, COMMAND_OK = 1, TUPLES_OK = 2 };

static struct {
  PGconn *(*connect)(const char *);
  int (*status)(const PGconn *);
  char *(*message)(const PGconn *);
  void (*finish)(PGconn *);
  PGresult *(*exec)(PGconn *, const char *);
  PGresult *(*exec_params)(PGconn *, const char *, int, const unsigned *, const char *const *,
                           const int *, const int *, int);
  int (*result_status)(const PGresult *);
  void (*clear)(PGresult *);
} pq;

static void load(void) {
  if (pq.connect != NULL) return;
  void *library = dlopen("libpq.so.5", RTLD_NOW);
  if (library == NULL) {
    printf("    %s\n", dlerror());
    REQUIRE(!"libpq is not there");
  }
  /* POSIX has dlsym() give functions as pointers to data. */
  *(void **)&pq.status = dlsym(library, "PQstatus");
  *(void **)&pq.message = dlsym(library, "PQerrorMessage");
  *(void **)&pq.finish = dlsym(library, "PQfinish");
  *(void **)&pq.exec = dlsym(library, "PQexec");
  *(void **)&pq.exec_params = dlsym(library, "PQexecParams");
  *(void **)&pq.result_status = dlsym(library, "PQresultStatus");
  *(void **)&pq.clear = dlsym(library, "PQclear");
  *(void **)&pq.connect = dlsym(library, "PQconnectdb");
}

bool on_server(void) {
  const char *engine = getenv("DATA_STORE_TEST_ENGINE");
  return engine != NULL && strcmp(engine, "postgresql") == 0;
}

void files_only(const char *reason) {
  (void)reason;
  if (!on_server()) return;
  fflush(stdout);
  _exit(SKIPPED);
}

void run_on_server(const char *url, const char *statements, const char *value) {
  load();
  PGconn *connection = pq.connect(url);
  if (pq.status(connection) != CONNECTION_OK) {
    printf("    %s", pq.message(connection));
    REQUIRE(!"no connection to the server");
  }
  PGresult *result = value == NULL ? pq.exec(connection, statements)
                                   : pq.exec_params(connection, statements, 1, NULL, &value, NULL, NULL, 0);
  int status = pq.result_status(result);
  if (status != COMMAND_OK && status != TUPLES_OK) {
    printf("    the server says \"%s\" to %s\n", pq.message(connection), statements);
    REQUIRE(!"the server refused a statement of the test");
  }
  pq.clear(result);
  pq.finish(connection);
}

/* FNV-1a: a path is a schema's name by its hash, in all processes of a test. */
static unsigned hash_of(const char *text, size_t length) {
  unsigned hash = 2166136261u;
  for (size_t i = 0; i < length; i++) hash = (hash ^ (unsigned char)text[i]) * 16777619u;
  return hash;
}

static const char *base(void) {
  const char *url = getenv("DATA_STORE_POSTGRESQL");
  REQUIRE(url != NULL);
  return url;
}

static size_t folder_length(const char *path) {
  const char *slash = strrchr(path, '/');
  return slash == NULL ? 0 : (size_t)(slash - path);
}

const char *place_of(const char *path) {
  static _Thread_local char urls[8][1024];
  static _Thread_local unsigned turn;
  /* A backup is a file. */
  if (!on_server() || access(path, F_OK) == 0) return path;
  char *url = urls[turn++ % COUNT_OF(urls)];
  size_t folder = folder_length(path);
  char schema[64], statement[192];
  snprintf(schema, sizeof schema, "c_%08x_%08x", hash_of(path, folder),
           hash_of(path + folder, strlen(path + folder)));
  /* Two processes may ask for it at once, and IF NOT EXISTS alone does not make the second one wait. */
  snprintf(statement, sizeof statement,
           "SET client_min_messages = warning; SELECT pg_advisory_xact_lock(1); CREATE SCHEMA IF NOT EXISTS %s", schema);
  run_on_server(base(), statement, NULL);
  snprintf(url, sizeof urls[0], "%s%soptions=-csearch_path%%3D%s", base(),
           strchr(base(), '?') ? "&" : "?", schema);
  return url;
}

void drop_schemas(const char *folder) {
  char statement[512];
  snprintf(statement, sizeof statement,
           "SET client_min_messages = warning; DO $$ DECLARE name text; BEGIN FOR name IN SELECT nspname FROM "
           "pg_namespace WHERE nspname LIKE 'c\\_%08x\\_%%' LOOP EXECUTE format('DROP SCHEMA %%I "
           "CASCADE', name); END LOOP; END $$",
           hash_of(folder, strlen(folder)));
  run_on_server(base(), statement, NULL);
}
