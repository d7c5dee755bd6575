// SPDX-License-Identifier: MIT
#ifndef CPOSTGRESQL_H
#define CPOSTGRESQL_H

#include <stddef.h>

// The functions of libpq that the engine calls, found at run time: a program that opens no store on a server needs no
// libpq. What they do is told at https://www.postgresql.org/docs/current/libpq.html.

typedef struct pg_conn PGconn;
typedef struct pg_result PGresult;
typedef struct pg_cancel PGcancel;
typedef unsigned int Oid;

// A setting of a connection: libpq's own struct, field for field.
typedef struct {
  const char *_Nullable keyword;
  const char *_Nullable environment_variable;
  const char *_Nullable compiled;
  const char *_Nullable value;
  const char *_Nullable label;
  const char *_Nullable display;
  int display_size;
} cpostgresql_setting;

typedef void (*cpostgresql_notice_receiver)(void *_Nullable context, const PGresult *_Nullable result);

typedef struct {
  int (*_Nonnull PQlibVersion)(void);
  cpostgresql_setting *_Nullable (*_Nonnull PQconninfoParse)(
    const char *_Nonnull text, char *_Nullable *_Nullable error);
  void (*_Nonnull PQconninfoFree)(cpostgresql_setting *_Nullable settings);
  PGconn *_Nullable (*_Nonnull PQconnectStartParams)(
    const char *_Nullable const *_Nonnull keywords, const char *_Nullable const *_Nonnull values, int expand);
  int (*_Nonnull PQconnectPoll)(PGconn *_Nonnull connection);
  void (*_Nonnull PQfinish)(PGconn *_Nonnull connection);
  int (*_Nonnull PQstatus)(const PGconn *_Nonnull connection);
  int (*_Nonnull PQtransactionStatus)(const PGconn *_Nonnull connection);
  int (*_Nonnull PQsocket)(const PGconn *_Nonnull connection);
  int (*_Nonnull PQserverVersion)(const PGconn *_Nonnull connection);
  int (*_Nonnull PQbackendPID)(const PGconn *_Nonnull connection);
  const char *_Nullable (*_Nonnull PQparameterStatus)(
    const PGconn *_Nonnull connection, const char *_Nonnull name);
  const char *_Nullable (*_Nonnull PQerrorMessage)(const PGconn *_Nonnull connection);
  cpostgresql_notice_receiver _Nullable (*_Nonnull PQsetNoticeReceiver)(
    PGconn *_Nonnull connection, cpostgresql_notice_receiver _Nonnull receiver, void *_Nullable context);
  int (*_Nonnull PQsetnonblocking)(PGconn *_Nonnull connection, int is_nonblocking);
  int (*_Nonnull PQflush)(PGconn *_Nonnull connection);
  int (*_Nonnull PQconsumeInput)(PGconn *_Nonnull connection);
  int (*_Nonnull PQisBusy)(PGconn *_Nonnull connection);
  int (*_Nonnull PQsendQuery)(PGconn *_Nonnull connection, const char *_Nonnull sql);
  int (*_Nonnull PQsendPrepare)(
    PGconn *_Nonnull connection, const char *_Nonnull name, const char *_Nonnull sql, int count,
    const Oid *_Nullable types);
  int (*_Nonnull PQsendQueryPrepared)(
    PGconn *_Nonnull connection, const char *_Nonnull name, int count,
    const char *_Nullable const *_Nullable values, const int *_Nullable lengths, const int *_Nullable formats,
    int result_format);
  int (*_Nonnull PQsendQueryParams)(
    PGconn *_Nonnull connection, const char *_Nonnull sql, int count, const Oid *_Nullable types,
    const char *_Nullable const *_Nullable values, const int *_Nullable lengths, const int *_Nullable formats,
    int result_format);
  int (*_Nonnull PQsetSingleRowMode)(PGconn *_Nonnull connection);
  int (*_Nonnull PQenterPipelineMode)(PGconn *_Nonnull connection);
  int (*_Nonnull PQexitPipelineMode)(PGconn *_Nonnull connection);
  int (*_Nonnull PQpipelineSync)(PGconn *_Nonnull connection);
  PGresult *_Nullable (*_Nonnull PQgetResult)(PGconn *_Nonnull connection);
  int (*_Nonnull PQputCopyData)(PGconn *_Nonnull connection, const char *_Nonnull bytes, int count);
  int (*_Nonnull PQputCopyEnd)(PGconn *_Nonnull connection, const char *_Nullable reason);
  int (*_Nonnull PQgetCopyData)(PGconn *_Nonnull connection, char *_Nullable *_Nonnull bytes, int is_async);
  void (*_Nonnull PQfreemem)(void *_Nullable memory);
  PGcancel *_Nullable (*_Nonnull PQgetCancel)(PGconn *_Nonnull connection);
  int (*_Nonnull PQcancel)(PGcancel *_Nonnull cancel, char *_Nonnull error, int size);
  void (*_Nonnull PQfreeCancel)(PGcancel *_Nonnull cancel);
  int (*_Nonnull PQresultStatus)(const PGresult *_Nonnull result);
  const char *_Nullable (*_Nonnull PQresultErrorMessage)(const PGresult *_Nonnull result);
  const char *_Nullable (*_Nonnull PQresultErrorField)(const PGresult *_Nonnull result, int field);
  void (*_Nonnull PQclear)(PGresult *_Nonnull result);
  int (*_Nonnull PQntuples)(const PGresult *_Nonnull result);
  int (*_Nonnull PQnfields)(const PGresult *_Nonnull result);
  const char *_Nullable (*_Nonnull PQfname)(const PGresult *_Nonnull result, int column);
  Oid (*_Nonnull PQftype)(const PGresult *_Nonnull result, int column);
  const char *_Nullable (*_Nonnull PQgetvalue)(const PGresult *_Nonnull result, int row, int column);
  int (*_Nonnull PQgetlength)(const PGresult *_Nonnull result, int row, int column);
  int (*_Nonnull PQgetisnull)(const PGresult *_Nonnull result, int row, int column);
  const char *_Nullable (*_Nonnull PQcmdStatus)(PGresult *_Nonnull result);
  const char *_Nullable (*_Nonnull PQcmdTuples)(PGresult *_Nonnull result);
} cpostgresql_functions;

// The functions, of the system's libpq.so.5, for as long as the process lives; NULL where it is not installed, or lacks
// one of them. Any thread may ask, and ask again: it may have been installed meanwhile.
const cpostgresql_functions *_Nullable cpostgresql_load(void);

// What the last call that returned NULL in this thread was told: never NULL.
const char *_Nonnull cpostgresql_load_error(void);

#endif
