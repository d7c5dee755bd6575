// SPDX-License-Identifier: MIT
#include "CPostgreSQL.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

// Where a function's address goes, by its name. A pointer to a function and one to data have one size here (POSIX asks
// dlsym() for that).
typedef struct {
  const char *name;
  size_t place;
} entry;

#define ENTRY(name) {#name, offsetof(cpostgresql_functions, name)}
static const entry entries[] = {
  ENTRY(PQlibVersion), ENTRY(PQconninfoParse), ENTRY(PQconninfoFree), ENTRY(PQconnectStartParams),
  ENTRY(PQconnectPoll), ENTRY(PQfinish), ENTRY(PQstatus), ENTRY(PQtransactionStatus), ENTRY(PQsocket),
  ENTRY(PQserverVersion), ENTRY(PQbackendPID), ENTRY(PQparameterStatus), ENTRY(PQerrorMessage),
  ENTRY(PQsetNoticeReceiver), ENTRY(PQsetnonblocking), ENTRY(PQflush), ENTRY(PQconsumeInput), ENTRY(PQisBusy),
  ENTRY(PQsendQuery), ENTRY(PQsendPrepare), ENTRY(PQsendQueryPrepared), ENTRY(PQsendQueryParams),
  ENTRY(PQsetSingleRowMode), ENTRY(PQenterPipelineMode), ENTRY(PQexitPipelineMode), ENTRY(PQpipelineSync),
  ENTRY(PQgetResult), ENTRY(PQputCopyData), ENTRY(PQputCopyEnd), ENTRY(PQgetCopyData), ENTRY(PQfreemem),
  ENTRY(PQgetCancel), ENTRY(PQcancel), ENTRY(PQfreeCancel), ENTRY(PQresultStatus), ENTRY(PQresultErrorMessage),
  ENTRY(PQresultErrorField), ENTRY(PQclear), ENTRY(PQntuples), ENTRY(PQnfields), ENTRY(PQfname), ENTRY(PQftype),
  ENTRY(PQgetvalue), ENTRY(PQgetlength), ENTRY(PQgetisnull), ENTRY(PQcmdStatus), ENTRY(PQcmdTuples),
};

_Static_assert(
  sizeof entries / sizeof *entries * sizeof(void *) == sizeof(cpostgresql_functions), "one entry for each function");

static cpostgresql_functions functions;
static _Atomic(const cpostgresql_functions *) loaded;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local char reason[256];

static const cpostgresql_functions *load(void) {
  void *library = dlopen("libpq.so.5", RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    const char *error = dlerror();
    (void)snprintf(reason, sizeof reason, "%s", error ? error : "dlopen failed");
    return NULL;
  }
  for (size_t i = 0; i < sizeof entries / sizeof *entries; i++) {
    void *found = dlsym(library, entries[i].name);
    if (!found) {
      (void)snprintf(reason, sizeof reason, "libpq.so.5 has no %s; version 14 or newer is needed", entries[i].name);
      (void)dlclose(library);
      return NULL;
    }
    memcpy((char *)&functions + entries[i].place, &found, sizeof found);
  }
  return &functions;
}

const cpostgresql_functions *cpostgresql_load(void) {
  const cpostgresql_functions *found = atomic_load_explicit(&loaded, memory_order_acquire);
  if (found) return found;
  (void)pthread_mutex_lock(&mutex);
  found = atomic_load_explicit(&loaded, memory_order_relaxed);
  if (!found && (found = load())) atomic_store_explicit(&loaded, found, memory_order_release);
  (void)pthread_mutex_unlock(&mutex);
  return found;
}

const char *cpostgresql_load_error(void) { return reason; }
