/* data_store.h: the C interface of data_store, the persistence layer of a trading system.
 * SPDX-License-Identifier: MIT
 *
 * Bars, feature values, request metadata and strategy state in one SQLite file (WAL), or in a
 * schema on a PostgreSQL server.
 * Compile with -I include, link with -ldata_store. C11 and C++17.
 *
 * Conventions, for every function below:
 *
 *   Status    Functions that can fail return an int32_t DS_ status and write their results last.
 *             On failure no result is written, nothing of the call is stored, and
 *             ds_last_error() tells on the same thread what was wrong, where, and what to do.
 *             One exception: if the file was moved, or its locks or the connection to the
 *             server were lost, between a commit and its acknowledgement, the call is
 *             DS_CLOSED, it is unknown whether it was stored, and the message says so.
 *   Statuses  Any function may return DS_INVALID, DS_NO_MEMORY and DS_INTERNAL. "A read" may
 *             also return DS_STORAGE, DS_CORRUPT, DS_SCHEMA (another program changed the
 *             tables), DS_CLOSED, DS_INTERRUPTED and, while another program has the file to
 *             itself, DS_BUSY. "A write" may return the same: DS_BUSY when another writer held
 *             the file for longer than the timeout, DS_STORAGE on a read-only store, too. Each
 *             function below says which of the two it is, and what else it returns.
 *   Pointers  Not NULL unless marked DS_NULLABLE. A NULL where none is allowed is DS_INVALID.
 *             Functions that return no status take a NULL handle as an empty result: counts are
 *             0, arrays are NULL, ds_store_path() is "", ds_bars_batch(),
 *             ds_series_entries() and ds_missing_runs() point to a view of no rows.
 *   Inputs    Borrowed for the call, never kept, never written to. Flags must be 0 or 1.
 *   Results   A handle that arrives through `T **out` is yours until its own _free(), which
 *             takes NULL. What you reach through a handle lives as long as the handle.
 *             A result does not need its store any more: either may be freed first.
 *   Text      UTF-8, NUL-terminated. Symbols, timeframes and keys are not empty. Two texts are
 *             equal if their bytes are: composed and decomposed letters, or capitals and small
 *             letters, make different names. "Sorted" is by bytes, as strcmp() compares.
 *   Time      int64_t nanoseconds since 1970-01-01T00:00:00Z. DS_NO_TIME (INT64_MIN) is "no time".
 *   Missing   NaN in a double, -1 in a code, NULL in a text: all mean SQL NULL. SQLite has no NaN.
 *   Structs   Those that may grow start with struct_size: set it with the _INIT macro. A
 *             shorter struct from an older caller is read as if the rest were defaults.
 *   Threads   A ds_store may be shared by any number of threads. Other handles are for one
 *             thread at a time. A store does not survive fork(): in the child
 *             each call on it is DS_CLOSED. A store that the child opens itself is right,
 *             whatever the parent's threads were doing; if that is impossible, opening it
 *             is DS_CLOSED.
 *   Signals   The library handles none and changes no handler. Under a file size limit
 *             (RLIMIT_FSIZE) ignore SIGXFSZ, whose default action ends the program: calls beyond
 *             the limit are then DS_STORAGE.
 *   Settings  Locale, umask, directory, rounding and flush-to-zero may have any value: each
 *             call works with the defaults and leaves the thread's own as they were.
 *   Stack     A call needs 40 KiB of it, and ds_sql() more for deeply nested expressions; with
 *             less left it is DS_INVALID. ds_store_close() and ds_store_free() need as much.
 */
#ifndef DATA_STORE_H
#define DATA_STORE_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>

/* Which pointers a caller may pass or get as NULL. In C and C++ they are documentation: both expand to
 * nothing. Swift is what the library is written in, and a library cannot trust what its callers promise:
 * there both expand to _Nullable, so that it does not compile without a check of each pointer. */
#ifdef __swift__
#define DS_NONNULL _Nullable
#define DS_NULLABLE _Nullable
#else
#define DS_NONNULL
#define DS_NULLABLE
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- Version, limits ------------------------------------------------------------------- */

#define DS_VERSION "0.1.0"
#define DS_ABI_VERSION 1

#define DS_MAX_ROWS 2147483647       /* rows in one batch */
#define DS_MAX_NAME_BYTES 65535      /* a symbol, a timeframe, a feature key, a state key */
#define DS_MAX_FEATURES 65535        /* feature columns in one batch, entries in one bar */
#define DS_MAX_JSON_BYTES 500000000  /* one JSON text */
#define DS_MAX_JSON_DEPTH 500        /* arrays and objects within each other in a state value */
#define DS_MAX_TEXT_BYTES 500000000  /* any other text */

/* The DS_ABI_VERSION that the library was built with. Functions and structs are append-only within one
 * number. */
int32_t ds_abi_version(void);

/* The library's version, "major.minor.patch". Static. */
const char *DS_NONNULL ds_version(void);

/* ---- Status, errors -------------------------------------------------------------------- */

#define DS_OK 0
#define DS_INVALID 1         /* an argument or a value is wrong: fix the call */
#define DS_INVALID_FEATURE 2 /* a feature breaks the rules: ds_last_error_detail() has row, key, reason */
#define DS_MISSING_BAR 3     /* features for a bar that is not stored: write the bar first */
#define DS_BUSY 4            /* another writer held the file for longer than the timeout: try again */
#define DS_STORAGE 5         /* disk full, I/O error, read-only, no permission, no such file */
#define DS_CORRUPT 6         /* the file, or a value in it, is damaged */
#define DS_SCHEMA 7          /* the file is not a data_store file, or one from a newer version */
#define DS_CLOSED 8          /* closed, used after fork(), or its file was moved, deleted, or opened by another
                              * copy of SQLite in this process */
#define DS_INTERRUPTED 9     /* ds_interrupt(), or a callback of the thread's, stopped the call */
#define DS_NO_MEMORY 10
#define DS_INTERNAL 11       /* a bug in data_store: please report the message */
#define DS_TIMEOUT 12        /* a query took longer than it was given: ask for less, or allow more */

/* The name of a status, e.g. "DS_BUSY"; "DS_UNKNOWN" for any other number. Static. */
const char *DS_NONNULL ds_status_name(int32_t status);

/* The message of this thread's last failed call; "" before the first. Ask right after the
 * failure. Lives until this thread's next call fails, or the thread ends. */
const char *DS_NONNULL ds_last_error(void);

typedef struct ds_error_detail {
  size_t struct_size;
  int32_t status;
  int32_t sqlite_code;             /* SQLite's extended result code, 0 if SQLite did not report the error */
  int64_t row;                     /* 0-based row in the batch, -1 if no row is at fault */
  const char *DS_NULLABLE key;     /* feature key, column or argument, NULL if none is at fault */
  const char *DS_NULLABLE reason;  /* the reason alone, without place and remedy, or NULL */
} ds_error_detail;
#define DS_ERROR_DETAIL_INIT {sizeof(ds_error_detail), 0, 0, -1, NULL, NULL}

/* This thread's last failure in parts; its texts live as long as ds_last_error()'s. status DS_OK: there was
 * none. DS_INVALID: out_detail is NULL, or its struct_size is wrong. */
int32_t ds_last_error_detail(ds_error_detail *DS_NONNULL out_detail);

/* ---- Store ------------------------------------------------------------------------------ */

typedef struct ds_store ds_store; /* made by ds_store_open(), ended by ds_store_free() */

#define DS_DURABILITY_FULL 0   /* a call that returned survives a power cut */
#define DS_DURABILITY_NORMAL 1 /* it survives a killed process; a power cut may take the latest calls, whole */

typedef struct ds_open_options {
  size_t struct_size;
  int32_t durability;     /* DS_DURABILITY_ */
  int32_t read_only;      /* 1: never writes to the database */
  double timeout_seconds; /* how long a writer waits for others; 0 to 1,000,000 */
  int32_t fast_paths;     /* 1: where this version of SQLite was tested with them; 0: none. Results are the same */
} ds_open_options;
#define DS_OPEN_OPTIONS_INIT {sizeof(ds_open_options), DS_DURABILITY_FULL, 0, 10.0, 1}

/* Opens `path`, or makes a new store there if the file is absent or empty, with the permissions that open(2)
 * gives. `options` NULL: the INIT values. The path is resolved now: a later chdir() changes nothing. A write,
 * if there is something to make; else a read. "postgresql://..." is a schema of a server (docs/postgresql.md):
 * it takes the system's libpq.so.5; DS_STORAGE without it, without the server, and without the rights.
 * DS_INVALID: ":memory:", "file:...", "sqlite:///..." and the like, which do not name a file, and the -wal, -shm
 * or -journal of another database.
 * DS_SCHEMA, DS_STORAGE: the file stays as it was, byte for byte. DS_STORAGE also if the file is absent or empty
 * and a -wal or -journal of an earlier one lies beside it, and if the path is too long (SQLite opens up to
 * 504 bytes). DS_CLOSED: another copy of SQLite has the file open in this process, or see "Threads". */
int32_t ds_store_open(const char *DS_NONNULL path, const ds_open_options *DS_NULLABLE options,
                      ds_store *DS_NULLABLE *DS_NONNULL out_store);

/* Waits for running calls, rolls an open transaction back, closes the file. May be called any number of
 * times. Every later call on the store is DS_CLOSED; the handle stays yours until ds_store_free().
 * DS_INVALID: `store` is NULL, or the call comes from a callback of this thread's. */
int32_t ds_store_close(ds_store *DS_NONNULL store);

/* Closes the store if that was not done, and frees the handle. No thread may be in a call on it. NULL: does
 * nothing. */
void ds_store_free(ds_store *DS_NULLABLE store);

/* The absolute path of the file, symbolic links resolved; the URL without a password. Lives as long as the handle. */
const char *DS_NONNULL ds_store_path(const ds_store *DS_NULLABLE store);

/* Makes the calls that are running on `store` in other threads stop with DS_INTERRUPTED, undone, as soon as
 * they can. Safe from any thread at any time before ds_store_free(). DS_CLOSED: the store is closed, or this
 * is a forked child. */
int32_t ds_interrupt(ds_store *DS_NONNULL store);

/* Sets this thread's cancellation callback, for its calls on any store. Once a call has lasted some 50 ms,
 * should_stop(context) is called every 50 ms or so, on this thread; if it returns anything but 0, the call
 * stops with DS_INTERRUPTED, undone. NULL removes the callback. `context` is passed through and never freed:
 * it must live until this thread sets another callback, removes this one, or ends. should_stop runs
 * during the call, so every call that it makes on a store is DS_INVALID. For signals: set a flag in the handler,
 * return it here. DS_INVALID: called from a cancellation callback. */
typedef int32_t (*ds_stop_function)(void *DS_NULLABLE context);
int32_t ds_thread_stop_when(ds_stop_function DS_NULLABLE should_stop, void *DS_NULLABLE context);

#define DS_PROGRESS_ROWS 0  /* rows written or read; ds_store_check() looks at each twice and counts both */
#define DS_PROGRESS_PAGES 1 /* pages of the file: ds_store_backup(); on a server it counts the bars */

typedef struct ds_progress {
  size_t struct_size;
  void *DS_NULLABLE context; /* what was given with the callback */
  int64_t done;              /* never goes down within a call */
  int64_t total;             /* -1 while nobody knows; equal to done in the last report, and only there */
  int32_t unit;              /* DS_PROGRESS_ */
} ds_progress;

/* Sets this thread's progress callback, for its calls on any store: writes of a batch or a stream, reads and
 * scans of bars and features, ds_store_check(), ds_store_backup(), ds_store_copy(). Others report nothing. Once a
 * call has lasted for interval_seconds (0 to 1,000,000; 0.05 suits a display; 0: wherever a call looks whether to
 * stop), progress() is called on this thread, and then no more often than that; and once at the end of each such
 * call that succeeds, however short it is, before a write is committed or a backup gets its name. If it returns anything
 * but 0, at any time, the call stops with DS_INTERRUPTED, undone. NULL removes the callback. The ds_progress is
 * valid until progress() returns. `context` is passed through and never freed: it must live as
 * long as the callback is set. progress() runs during the call, so every call that it makes on a store is
 * DS_INVALID; while it runs during a write, other writers wait.
 * A ds_scan, and a stream of ds_market_scan_arrow(), keep the callback that is set as they are made, until they are
 * freed: they count the rows of all their chunks, and call it on whichever thread takes one. A stream that is written
 * is taken to its end first, which reports nothing.
 * DS_INVALID: called from a callback of this thread's, or interval_seconds is out of range. */
typedef int32_t (*ds_progress_function)(const ds_progress *DS_NONNULL progress);
int32_t ds_thread_report_progress(ds_progress_function DS_NULLABLE progress, void *DS_NULLABLE context,
                                  double interval_seconds);

/* ---- Transactions -----------------------------------------------------------------------
 * All calls that one thread makes between begin and commit become visible together, or never. Begin
 * takes the write lock (BEGIN IMMEDIATE; DS_BUSY after the timeout). This thread reads its own writes;
 * others read the last commit and their writes wait. A call that fails inside is undone alone. A begin
 * within a transaction is a savepoint. Each begin needs one commit or rollback on the same thread; if a commit
 * fails, the transaction is still open: roll it back. DS_STORAGE: an error made SQLite roll the whole
 * transaction back; nothing of it is stored, and only a rollback is possible. All are writes.
 * When a thread ends, however it was started, its open transactions are rolled back, and others can write
 * again. No error is reported, so end each transaction before its thread ends. */

int32_t ds_transaction_begin(ds_store *DS_NONNULL store);
/* These two end the innermost transaction. DS_INVALID: this thread (and task) has none open. */
int32_t ds_transaction_commit(ds_store *DS_NONNULL store);
int32_t ds_transaction_rollback(ds_store *DS_NONNULL store);

/* The same for code that may be left out of order or elsewhere: the end names its begin.
 * *out_transaction is a number that no other transaction of this process has, and never 0; it is
 * not written if the begin fails. A write; DS_BUSY at once if another task of this thread has one open. */
int32_t ds_transaction_begin_numbered(ds_store *DS_NONNULL store, int64_t *DS_NONNULL out_transaction);

/* Ends a transaction: `commit` 1 keeps its writes, 0 takes them back. Unless an argument was wrong, it is over
 * afterwards whatever the status, and with any status but DS_OK nothing of it is stored. A write.
 * DS_INVALID: it was ended before one within it (which is then rolled back, too), or it was over already, or it
 * was ended in another thread or task than it began in. The last is safe from any thread: the whole transaction
 * of its own thread is rolled back, at the latest when the call that is running there ends, and a transaction
 * around it fails from then on, until it is rolled back. DS_CLOSED: the store was closed inside, which rolled
 * it back. */
int32_t ds_transaction_end(ds_store *DS_NONNULL store, int64_t transaction, int32_t commit);

/* For event loops, coroutines and fibers, which run several tasks in one thread: says which task this thread
 * runs now, by any number of yours; 0, the initial value: none. It holds for all stores until the next such
 * call, and needs to be right only while a transaction of this thread is open. A transaction belongs to the
 * task that began it. Other tasks of the thread read the last commit; their writes and begins are DS_BUSY at
 * once, because they would wait for ever. */
void ds_thread_task(int64_t task);

/* ---- Columns: the same layout in and out -------------------------------------------------- */

#define DS_NO_TIME INT64_MIN

/* Text, dictionary-coded: row i has values[codes[i]], or NULL if codes[i] is -1.
 * `codes` NULL: values[0] in every row. Both NULL: the column is not carried, and stays as it is stored. */
typedef struct ds_text_column {
  const int32_t *DS_NULLABLE codes;
  const char *DS_NULLABLE const *DS_NULLABLE values;
  int64_t value_count; /* at most INT32_MAX: codes are int32_t */
} ds_text_column;

/* One feature ("name@version") over the rows of a batch. Its values are doubles or int64, and the other
 * pointer is NULL (both NULL: null in every row). A value is null if is_null is 1, or if it is NaN. Its quality
 * is one of "ready", "warmup", "degraded", "missing". A row whose value is null and whose quality code is -1
 * does not have this feature. A quality that is not given ({NULL, NULL, 0}) depends on the value: "ready" with a
 * number, "missing" with a null. */
typedef struct ds_feature_column {
  const char *DS_NONNULL key;
  const double *DS_NULLABLE values;
  const int64_t *DS_NULLABLE integers;
  const uint8_t *DS_NULLABLE is_null;
  ds_text_column quality; /* {NULL, NULL, 0}: by the value */
} ds_feature_column;

#define DS_COLUMN_OPEN (1u << 0)
#define DS_COLUMN_HIGH (1u << 1)
#define DS_COLUMN_LOW (1u << 2)
#define DS_COLUMN_CLOSE (1u << 3)
#define DS_COLUMN_VOLUME (1u << 4)
#define DS_COLUMN_SOURCE (1u << 5)
#define DS_COLUMN_QUALITY (1u << 6)
#define DS_COLUMN_IS_GAP (1u << 7)
#define DS_COLUMN_LATENCY_SEC (1u << 8)
#define DS_COLUMN_FEATURES (1u << 9)
#define DS_COLUMNS_ALL 0x1ffu /* the nine without features */

/* Rows as columns, each `count` long. A NULL pointer means: leave this column as it is. Features come as
 * columns, or as one JSON text per row (NULL: leave this row's features as they are), not both. A batch that
 * was read may be written as it is. */
typedef struct ds_bar_batch {
  size_t struct_size;
  int64_t count;
  const int64_t *DS_NULLABLE timestamps; /* may be NULL only if count is 0 */
  ds_text_column symbol;                 /* every row needs one */
  ds_text_column timeframe;              /* every row needs one */
  const double *DS_NULLABLE open;
  const double *DS_NULLABLE high;
  const double *DS_NULLABLE low;
  const double *DS_NULLABLE close;
  const double *DS_NULLABLE volume;
  ds_text_column source;
  ds_text_column quality;
  const uint8_t *DS_NULLABLE is_gap; /* 0 or 1 */
  const double *DS_NULLABLE latency_sec; /* seconds */
  const ds_feature_column *DS_NULLABLE features;
  int32_t feature_count;
  const char *DS_NULLABLE const *DS_NULLABLE features_json;
} ds_bar_batch;
#define DS_BAR_BATCH_INIT \
  {sizeof(ds_bar_batch), 0, NULL, {NULL, NULL, 0}, {NULL, NULL, 0}, NULL, NULL, NULL, NULL, NULL, \
   {NULL, NULL, 0}, {NULL, NULL, 0}, NULL, NULL, NULL, 0, NULL}

/* One bar. `columns` says which fields are carried (DS_COLUMN_ bits); the others are not looked at. */
typedef struct ds_bar {
  size_t struct_size;
  int64_t timestamp;
  uint32_t columns;
  int32_t is_gap; /* 0 or 1 */
  double open;
  double high;
  double low;
  double close;
  double volume;
  double latency_sec;
  const char *DS_NULLABLE source;
  const char *DS_NULLABLE quality;
  const char *DS_NULLABLE features_json;
} ds_bar;
#define DS_BAR_INIT \
  {sizeof(ds_bar), DS_NO_TIME, 0, 0, NAN, NAN, NAN, NAN, NAN, NAN, NULL, NULL, NULL}

/* ---- Market: writing ------------------------------------------------------------------------
 * An upsert on (symbol, timeframe, timestamp), one transaction per call. `replace` 0: columns that are
 * not carried keep what is stored (on a new row: the schema's default), and features merge key by key.
 * `replace` 1: the row becomes what was passed and nothing else. Each is a write; DS_INVALID_FEATURE, too. */

/* Writes bars, with the same result as writing each row in order. out_rows: rows given. A batch of no rows is
 * DS_OK. */
int32_t ds_market_write(ds_store *DS_NONNULL store, const ds_bar_batch *DS_NONNULL batch,
                        int32_t replace, int64_t *DS_NULLABLE out_rows);

/* Writes the features of bars that are stored already; DS_MISSING_BAR if one is not, and nothing is written.
 * The batch carries timestamps, symbol, timeframe and features only. `replace` 1: the features of each bar
 * become those given. With columns that may be none; a NULL in features_json leaves that bar's features as
 * they are, with `replace` too. */
int32_t ds_market_write_features(ds_store *DS_NONNULL store, const ds_bar_batch *DS_NONNULL batch,
                                 int32_t replace, int64_t *DS_NULLABLE out_rows);

/* Writes one bar, as ds_market_write() would a batch of one row. */
int32_t ds_market_write_bar(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                            const char *DS_NONNULL timeframe, const ds_bar *DS_NONNULL bar,
                            int32_t replace);

/* ---- Market: reading ------------------------------------------------------------------------ */

/* Inclusive bounds. The texts, if given, are used instead of the numbers: ISO 8601, UTC if no offset is
 * written; a bare date means its first nanosecond as start_text and its last as end_text (a text in another
 * form: DS_INVALID). DS_NO_TIME as start, INT64_MAX as end: no bound. */
typedef struct ds_range {
  size_t struct_size;
  int64_t start;
  int64_t end;
  const char *DS_NULLABLE start_text;
  const char *DS_NULLABLE end_text;
} ds_range;
#define DS_RANGE_INIT {sizeof(ds_range), DS_NO_TIME, INT64_MAX, NULL, NULL}

#define DS_FEATURES_NONE 0
#define DS_FEATURES_JSON 1    /* the stored text of each row */
#define DS_FEATURES_VALUES 2  /* a column per key: values, no quality (written back, it depends on the value) */
#define DS_FEATURES_COLUMNS 3 /* a column per key: values and quality */

typedef struct ds_read_options {
  size_t struct_size;
  uint32_t columns;  /* DS_COLUMN_ bits; 0: timestamps only */
  int32_t features;  /* DS_FEATURES_ */
  const char *DS_NULLABLE const *DS_NULLABLE feature_keys; /* NULL: all that are found, sorted */
  int32_t feature_key_count;
  int64_t limit; /* at most so many rows, the first of the result; -1: all */
} ds_read_options;
#define DS_READ_OPTIONS_INIT {sizeof(ds_read_options), DS_COLUMNS_ALL, DS_FEATURES_NONE, NULL, 0, -1}

typedef struct ds_bars ds_bars; /* rows that were read */

/* The rows of a result: symbol by symbol in the order asked for, each ascending in time.
 * Doubles, flags and codes are C arrays, aligned to 16 bytes. Lives as long as `bars`. */
const ds_bar_batch *DS_NONNULL ds_bars_batch(const ds_bars *DS_NULLABLE bars);
/* Up to four blocks of at most 4 MiB stay in the process for later reads; the system may take their memory
 * at any time (MADV_FREE). */
void ds_bars_free(ds_bars *DS_NULLABLE bars);

/* Reads one timeframe of one or more symbols (each once) from one snapshot. Nothing found: a
 * result of no rows. `range` NULL: all; `options` NULL: the INIT values. A read. */
int32_t ds_market_read(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                       int32_t symbol_count, const char *DS_NONNULL timeframe,
                       const ds_range *DS_NULLABLE range, const ds_read_options *DS_NULLABLE options,
                       ds_bars *DS_NULLABLE *DS_NONNULL out_bars);

/* The latest `n` bars (0 or more) of each symbol, ascending. options->limit does not apply here. A read. */
int32_t ds_market_latest(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                         int32_t symbol_count, const char *DS_NONNULL timeframe, int64_t n,
                         const ds_read_options *DS_NULLABLE options,
                         ds_bars *DS_NULLABLE *DS_NONNULL out_bars);

/* The latest bar with all its columns and its features as JSON; *out_bar is NULL if there is none. Free it
 * with ds_bar_free(), which takes NULL. A read. */
int32_t ds_market_latest_bar(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                             const char *DS_NONNULL timeframe,
                             ds_bar *DS_NULLABLE *DS_NONNULL out_bar);
void ds_bar_free(ds_bar *DS_NULLABLE bar);

/* The same in one call, into memory of the caller's: `size` bytes at `bar`, aligned as a ds_bar. The bar's texts
 * stand behind it, the features last, and its pointers point to them; there is nothing to free. *out_size: how many
 * bytes all of it takes, INT32_MAX if more than that; 0 if the series has none. Where that is more than `size`, the bar is
 * not written: use more memory, or ds_market_latest_bar(). With any status but DS_OK, *out_size stays as it was, and
 * the memory may hold anything. DS_INVALID: `size` is negative. A read. */
int32_t ds_market_latest_bar_into(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                                  const char *DS_NONNULL timeframe, ds_bar *DS_NONNULL bar, int32_t size,
                                  int32_t *DS_NONNULL out_size);

/* A read in chunks of at most `chunk` rows (1 or more). Each chunk is a snapshot of its own; nothing is held
 * open in between, so bars that are written ahead of the scan are seen. A chunk holds one symbol. DS_CLOSED. */
typedef struct ds_scan ds_scan;
int32_t ds_market_scan(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                       int32_t symbol_count, const char *DS_NONNULL timeframe,
                       const ds_range *DS_NULLABLE range, const ds_read_options *DS_NULLABLE options,
                       int64_t chunk, ds_scan *DS_NULLABLE *DS_NONNULL out_scan);

/* The next chunk; *out_bars is NULL at the end. A read; DS_CLOSED once the store is closed or freed. After a
 * failure the scan is where it was. */
int32_t ds_scan_next(ds_scan *DS_NONNULL scan, ds_bars *DS_NULLABLE *DS_NONNULL out_bars);
void ds_scan_free(ds_scan *DS_NULLABLE scan);

/* ---- Market: coverage ---------------------------------------------------------------------------
 * What there is of a series, without its rows. All but ds_market_feature_keys() look at the index alone. */

/* *out_exists: 1 if the series has a bar, else 0. A read. */
int32_t ds_market_exists(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                         const char *DS_NONNULL timeframe, int32_t *DS_NONNULL out_exists);

/* *out_count: how many rows a read of this range would have. `range` NULL: all. A read. */
int32_t ds_market_count(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                        const char *DS_NONNULL timeframe, const ds_range *DS_NULLABLE range,
                        int64_t *DS_NONNULL out_count);

/* Strings, in an array of ds_texts_count(). They live as long as their ds_texts. */
typedef struct ds_texts ds_texts;
int64_t ds_texts_count(const ds_texts *DS_NULLABLE texts);
const char *DS_NULLABLE const *DS_NULLABLE ds_texts_items(const ds_texts *DS_NULLABLE texts);
void ds_texts_free(ds_texts *DS_NULLABLE texts);

/* The keys of the features that the bars of a range have, sorted, each once; no strings if they have none. `range` NULL:
 * all. It looks through the features of each bar, but keeps none. A read; DS_CORRUPT names a bar whose stored features
 * are damaged. */
int32_t ds_market_feature_keys(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                               const char *DS_NONNULL timeframe, const ds_range *DS_NULLABLE range,
                               ds_texts *DS_NULLABLE *DS_NONNULL out_keys);

/* When bars are expected: on a regular grid, or at times that are listed. */
typedef struct ds_expected {
  size_t struct_size;
  int64_t step;                     /* of the grid, in nanoseconds, 1 or more; 0: `times` lists them */
  const int64_t *DS_NULLABLE times; /* in any order; one that is listed twice is expected once. NULL with a step */
  int64_t count;                    /* of `times`, at most DS_MAX_ROWS; `times` may be NULL if it is 0 */
} ds_expected;
#define DS_EXPECTED_INIT {sizeof(ds_expected), 0, NULL, 0}

/* Runs of expected times without a bar, ascending: run i goes from starts[i] to ends[i], both expected and without a
 * bar, as are all bars[i] expected times from the one to the other. Lives as long as its ds_missing. */
typedef struct ds_missing_view {
  size_t struct_size;
  int64_t count;
  const int64_t *DS_NULLABLE starts;
  const int64_t *DS_NULLABLE ends;
  const int64_t *DS_NULLABLE bars;
} ds_missing_view;

typedef struct ds_missing ds_missing;
/* The runs of expected times within `range` at which the series has no bar; bars at other times do not matter. A grid
 * begins at the start of `range` and has no time behind its end, and needs both; of a list `range` takes a part, and
 * NULL all. Memory grows with the runs, not with the bars or the grid. DS_INVALID: a listed DS_NO_TIME, too, or a grid of
 * more than INT64_MAX times. A read. */
int32_t ds_market_missing(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                          const char *DS_NONNULL timeframe, const ds_range *DS_NULLABLE range,
                          const ds_expected *DS_NONNULL expected,
                          ds_missing *DS_NULLABLE *DS_NONNULL out_missing);
/* NULL: a view of no runs. */
const ds_missing_view *DS_NONNULL ds_missing_runs(const ds_missing *DS_NULLABLE missing);
void ds_missing_free(ds_missing *DS_NULLABLE missing);

/* ---- Market: inventory, deletion -------------------------------------------------------------- */

/* What is stored: one entry per (symbol, timeframe), sorted. bars and gaps (rows whose is_gap is 1) are NULL
 * unless `counts` was 1. Lives as long as its ds_series. */
typedef struct ds_series_view {
  size_t struct_size;
  int64_t count;
  const char *DS_NULLABLE const *DS_NULLABLE symbols;
  const char *DS_NULLABLE const *DS_NULLABLE timeframes;
  const int64_t *DS_NULLABLE first;
  const int64_t *DS_NULLABLE last;
  const int64_t *DS_NULLABLE bars;
  const int64_t *DS_NULLABLE gaps;
} ds_series_view;

typedef struct ds_series ds_series;
/* `counts` 1: counts bars and gaps, too, which reads every row. A read. */
int32_t ds_market_series(ds_store *DS_NONNULL store, int32_t counts,
                         ds_series *DS_NULLABLE *DS_NONNULL out_series);
const ds_series_view *DS_NONNULL ds_series_entries(const ds_series *DS_NULLABLE series);
void ds_series_free(ds_series *DS_NULLABLE series);

/* Deletes the bars of one series within `range` (NULL: all of them). out_rows: how many. A write. */
int32_t ds_market_delete(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                         const char *DS_NONNULL timeframe, const ds_range *DS_NULLABLE range,
                         int64_t *DS_NULLABLE out_rows);

/* ---- Market: requests --------------------------------------------------------------------------- */

/* How a range of bars was obtained. symbol, timeframe, provider_used, start_ts and end_ts are required. */
typedef struct ds_request {
  size_t struct_size;
  const char *DS_NULLABLE symbol;
  const char *DS_NULLABLE timeframe;
  int64_t requested_at; /* when recording, DS_NO_TIME: now, or the next microsecond that is free */
  int64_t start_ts;
  int64_t end_ts;
  const char *DS_NULLABLE provider_used;
  double coverage_ratio;
  int64_t gap_count;
  int32_t has_gap_count; /* 0: gap_count is NULL */
  int32_t fallback_used; /* 0 or 1 */
  const char *DS_NULLABLE quality;
  const char *DS_NULLABLE notes;
} ds_request;
#define DS_REQUEST_INIT \
  {sizeof(ds_request), NULL, NULL, DS_NO_TIME, DS_NO_TIME, DS_NO_TIME, NULL, NAN, 0, 0, 0, NULL, NULL}

/* The instant of an ISO 8601 text with an offset, for the times of a request and any other. DS_INVALID: text
 * without an offset, which only a ds_range takes as UTC, or text that is not a time. */
int32_t ds_time_of_text(const char *DS_NONNULL text, int64_t *DS_NONNULL out_time);

/* Upserts the whole row on (symbol, timeframe, requested_at). out_requested_at: its time. A write. */
int32_t ds_market_record_request(ds_store *DS_NONNULL store, const ds_request *DS_NONNULL request,
                                 int64_t *DS_NULLABLE out_requested_at);

/* Requests by requested_at, oldest first. symbol, timeframe, range NULL: any; limit -1: all. A read. */
typedef struct ds_requests ds_requests;
int32_t ds_market_requests(ds_store *DS_NONNULL store, const char *DS_NULLABLE symbol,
                           const char *DS_NULLABLE timeframe, const ds_range *DS_NULLABLE range,
                           int64_t limit, ds_requests *DS_NULLABLE *DS_NONNULL out_requests);
int64_t ds_requests_count(const ds_requests *DS_NULLABLE requests);
/* An array of ds_requests_count() requests, struct_size bytes each. Lives as long as `requests`. */
const ds_request *DS_NULLABLE ds_requests_items(const ds_requests *DS_NULLABLE requests);
void ds_requests_free(ds_requests *DS_NULLABLE requests);

/* ---- Text columns in Arrow's layout -------------------------------------------------------------
 * For wrappers whose tables are in Arrow's layout. No store has a part in it. */

/* A text column as Arrow lays it out: the text of row i is bytes[offsets[i]] up to but excluding
 * bytes[offsets[i + 1]]. */
typedef struct ds_text_layout {
  size_t struct_size;
  const void *DS_NULLABLE offsets; /* count + 1 from `first` on: int32_t (utf8) or int64_t (large_utf8) */
  int64_t offset_size;             /* 4 or 8, accordingly */
  const char *DS_NULLABLE bytes;   /* without NULs between texts */
  int64_t byte_count;
  const uint8_t *DS_NULLABLE validity; /* one bit per row, the lowest first, 0: SQL NULL. NULL: no row is SQL NULL */
  int64_t first;                       /* where the column begins in offsets and validity */
} ds_text_layout;
#define DS_TEXT_LAYOUT_INIT {sizeof(ds_text_layout), NULL, 8, NULL, 0, NULL, 0}

typedef struct ds_text_layouts ds_text_layouts; /* text columns in Arrow's layout */

/* Lays out text columns of `count` rows each, one text after the other, as Arrow's large_utf8 has them:
 * offset_size is 8, first is 0, there are no NULs between texts, and SQL NULL (code -1) has length zero. All are
 * in one block of memory; a column that equals the one before shares its layout. A column without codes and
 * values is NULL in every row. The columns may be freed afterwards. DS_INVALID: a code beyond the dictionary. */
int32_t ds_text_columns_lay_out(const ds_text_column *DS_NONNULL const *DS_NONNULL columns, int32_t column_count,
                                int64_t count, ds_text_layouts *DS_NULLABLE *DS_NONNULL out_layouts);
/* One layout per column, in their order. Lives as long as `layouts`. */
const ds_text_layout *DS_NULLABLE ds_text_layouts_array(const ds_text_layouts *DS_NULLABLE layouts);
void ds_text_layouts_free(ds_text_layouts *DS_NULLABLE layouts);

/* The way back: codes `count` rows of such a column. Equal texts get the same number, counted from 0 in order
 * of first appearance, and SQL NULL gets -1. first_rows[c] becomes the first row with code c, counted from
 * the column's first row; both arrays have room for `count`. out_distinct: how many texts there are. UTF-8
 * is not checked. DS_INVALID: offsets that descend or leave the bytes; the arrays may then be partly written. */
int32_t ds_text_layout_code(const ds_text_layout *DS_NONNULL layout, int64_t count,
                            int32_t *DS_NONNULL codes, int32_t *DS_NONNULL first_rows,
                            int64_t *DS_NONNULL out_distinct);

/* ---- State ---------------------------------------------------------------------------------------
 * Values are JSON texts (RFC 8259). A number that stands alone comes back as an equal number, perhaps in
 * another notation; everything else comes back digit for digit. */

/* Stores a value, whatever was there. A write. DS_INVALID: not JSON, or an integer beyond int64 that stands
 * alone. */
int32_t ds_state_set(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                     const char *DS_NONNULL value_json);

/* Stores all values or none; `count` 0 is DS_OK, and then the arrays may be NULL. Otherwise as ds_state_set(). */
int32_t ds_state_set_many(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NULLABLE keys,
                          const char *DS_NULLABLE const *DS_NULLABLE values_json, int64_t count);

/* The stored value: *out_json is NULL if the key is absent. Free it with ds_text_free(), which takes NULL. A read. */
int32_t ds_state_get(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                     char *DS_NULLABLE *DS_NONNULL out_json);
void ds_text_free(char *DS_NULLABLE text);

/* The same in one call, into memory of the caller's: `size` bytes at `json`. *out_size: how many bytes the text and its
 * NUL take; 0 if the key is absent. Where that is more than `size`, the text is not written: use more memory, or
 * ds_state_get(). With any status but DS_OK, *out_size stays as it was, and the memory may hold anything. DS_INVALID:
 * `size` is negative. A read. */
int32_t ds_state_get_into(ds_store *DS_NONNULL store, const char *DS_NONNULL key, char *DS_NONNULL json, int32_t size,
                          int32_t *DS_NONNULL out_size);

/* Deletes a key. out_deleted: 1 if it was there. A write. */
int32_t ds_state_delete(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                        int32_t *DS_NULLABLE out_deleted);

/* Stores `value_json` only if the stored value equals `expected_json`, in one atomic step across processes;
 * out_swapped: whether it did. Equal as JSON: members in any order, 1 equals 1.0, true does not equal 1. "null"
 * (or a NULL pointer) equals an absent key, too. A write, even if the values differ. */
int32_t ds_state_compare_and_set(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                                 const char *DS_NULLABLE expected_json,
                                 const char *DS_NONNULL value_json, int32_t *DS_NONNULL out_swapped);

/* When the key was last written; DS_NO_TIME if it is absent. A read. */
int32_t ds_state_updated_at(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                            int64_t *DS_NONNULL out_time);

typedef struct ds_state_entry {
  const char *DS_NONNULL key;
  const char *DS_NULLABLE value_json; /* NULL if only keys were asked for */
} ds_state_entry;

/* The entries whose key begins with `prefix` ("": all), sorted by key; `values` 0: keys only. A read. */
typedef struct ds_state_entries ds_state_entries;
int32_t ds_state_items(ds_store *DS_NONNULL store, const char *DS_NONNULL prefix, int32_t values,
                       ds_state_entries *DS_NULLABLE *DS_NONNULL out_entries);
int64_t ds_state_entries_count(const ds_state_entries *DS_NULLABLE entries);
const ds_state_entry *DS_NULLABLE ds_state_entries_items(const ds_state_entries *DS_NULLABLE entries);
void ds_state_entries_free(ds_state_entries *DS_NULLABLE entries);

/* ---- SQL -------------------------------------------------------------------------------------------
 * One statement that only reads. A statement that writes, ATTACH, a PRAGMA that sets something, or text that
 * is not SQL: DS_INVALID. Otherwise a read. */

#define DS_SQL_NULL 0
#define DS_SQL_INTEGER 1
#define DS_SQL_REAL 2
#define DS_SQL_TEXT 3
#define DS_SQL_BLOB 4
#define DS_SQL_TIME 5 /* parameters only: nanoseconds in `integer`, bound as the stored text form */

typedef struct ds_sql_parameter {
  const char *DS_NULLABLE name; /* without its prefix (:, @ or $); NULL: by position */
  int32_t type;                 /* DS_SQL_ */
  int64_t integer;
  double real;
  const void *DS_NULLABLE bytes; /* text or blob; may be NULL if byte_count is 0 */
  int64_t byte_count;
} ds_sql_parameter;

/* One column of a result; row i is of type types[i] (DS_SQL_). Text and blobs are in `bytes` from offsets[i] up
 * to but excluding offsets[i + 1]. A pointer is NULL if no row needs it. Lives as long as its ds_rows. */
typedef struct ds_sql_column {
  const char *DS_NONNULL name;
  const uint8_t *DS_NULLABLE types;
  const int64_t *DS_NULLABLE integers;
  const double *DS_NULLABLE reals;
  const int64_t *DS_NULLABLE offsets;
  const char *DS_NULLABLE bytes;
} ds_sql_column;

typedef struct ds_rows ds_rows;
/* Runs the statement on one snapshot. `parameters` may be NULL if parameter_count is 0. DS_INVALID: a parameter
 * is missing or wrong, too. */
int32_t ds_sql(ds_store *DS_NONNULL store, const char *DS_NONNULL query,
               const ds_sql_parameter *DS_NULLABLE parameters, int32_t parameter_count,
               ds_rows *DS_NULLABLE *DS_NONNULL out_rows);

/* The same, stopped with DS_TIMEOUT once it has taken timeout_seconds (0 to 1,000,000). */
int32_t ds_sql_within(ds_store *DS_NONNULL store, const char *DS_NONNULL query,
                      const ds_sql_parameter *DS_NULLABLE parameters, int32_t parameter_count,
                      double timeout_seconds, ds_rows *DS_NULLABLE *DS_NONNULL out_rows);
int64_t ds_rows_count(const ds_rows *DS_NULLABLE rows);
int32_t ds_rows_column_count(const ds_rows *DS_NULLABLE rows);
const ds_sql_column *DS_NULLABLE ds_rows_columns(const ds_rows *DS_NULLABLE rows);
void ds_rows_free(ds_rows *DS_NULLABLE rows);

/* ---- Arrow -------------------------------------------------------------------------------------------
 * Bars, features and query results as record batches of Apache Arrow, in and out, without a copy of the
 * numbers. The structs are those of the Arrow C data interface and the Arrow C stream interface
 * (https://arrow.apache.org/docs/format/CDataInterface.html), under the standard's own guards, so that other
 * headers may declare them, too.
 *
 * In:   `stream` is taken over: when the call returns, whatever its status, the stream's release callback was
 *       called once, and so was that of each array that came from it. (A stream that was released already is
 *       DS_INVALID.) It is pulled to its end before anything is written; its callbacks run on this thread and
 *       may use the store. One transaction holds all rows: if the stream fails, nothing of it is stored.
 *       Columns go by name. A text column may be utf8, large_utf8 or string_view; a number any integer or
 *       float; a flag bool, or a number that is 0 or 1; any of them with a dictionary of any index type, or null
 *       throughout. "timestamp" is a timestamp of any unit with a time zone ("__index_level_0__", as pandas calls an
 *       index without a name, stands for it). What would have to be guessed is DS_INVALID with the column, the row
 *       and the remedy: times without a zone, an integer that a double cannot hold, text as a number; decimals, lists
 *       and other nested types are refused by name. A null, and a NaN, is SQL NULL. symbol, timeframe NULL: the stream carries a column of that name; otherwise it must not.
 *       A float64 column in one chunk, or in large ones, is read where it lies. ds_error_detail.row counts
 *       through all chunks.
 * Out:  `out_stream` points to a struct of yours whose content is not looked at; it is written if the call is
 *       DS_OK. Then the stream is yours: call its release. Its arrays, and their children, which may be moved out,
 *       each live until their own release, and need neither the stream, the store nor the handle any more.
 *       A stream and its arrays are for one thread at a time. Columns, in this order: "symbol" if
 *       symbol_column is 1; "timestamp", timestamp[ns, UTC]; those of options->columns: numbers float64,
 *       "is_gap" bool, "source" and "quality" dictionary<int32, large_utf8>; then the features:
 *       DS_FEATURES_JSON a column "features" of large_utf8, DS_FEATURES_VALUES a float64 column per key,
 *       DS_FEATURES_COLUMNS a column per key, struct<value: float64, quality: dictionary<int32, large_utf8>>,
 *       which is null where the row does not have the feature. SQL NULL is null. */

#ifndef ARROW_C_DATA_INTERFACE
#define ARROW_C_DATA_INTERFACE

#define ARROW_FLAG_DICTIONARY_ORDERED 1
#define ARROW_FLAG_NULLABLE 2
#define ARROW_FLAG_MAP_KEYS_SORTED 4

struct ArrowSchema {
  const char *DS_NULLABLE format;
  const char *DS_NULLABLE name;
  const char *DS_NULLABLE metadata;
  int64_t flags;
  int64_t n_children;
  struct ArrowSchema *DS_NULLABLE *DS_NULLABLE children;
  struct ArrowSchema *DS_NULLABLE dictionary;
  void (*DS_NULLABLE release)(struct ArrowSchema *DS_NULLABLE);
  void *DS_NULLABLE private_data;
};

struct ArrowArray {
  int64_t length;
  int64_t null_count;
  int64_t offset;
  int64_t n_buffers;
  int64_t n_children;
  const void *DS_NULLABLE *DS_NULLABLE buffers;
  struct ArrowArray *DS_NULLABLE *DS_NULLABLE children;
  struct ArrowArray *DS_NULLABLE dictionary;
  void (*DS_NULLABLE release)(struct ArrowArray *DS_NULLABLE);
  void *DS_NULLABLE private_data;
};

#endif

#ifndef ARROW_C_STREAM_INTERFACE
#define ARROW_C_STREAM_INTERFACE

struct ArrowArrayStream {
  int (*DS_NULLABLE get_schema)(struct ArrowArrayStream *DS_NULLABLE, struct ArrowSchema *DS_NULLABLE out);
  int (*DS_NULLABLE get_next)(struct ArrowArrayStream *DS_NULLABLE, struct ArrowArray *DS_NULLABLE out);
  const char *DS_NULLABLE (*DS_NULLABLE get_last_error)(struct ArrowArrayStream *DS_NULLABLE);
  void (*DS_NULLABLE release)(struct ArrowArrayStream *DS_NULLABLE);
  void *DS_NULLABLE private_data;
};

#endif

/* Writes bars, as ds_market_write() would a batch of all rows. Columns: those of a bar, and "features" as JSON
 * text; any other is DS_INVALID, with its name. out_rows: rows given; a stream of no rows is DS_OK.
 * A write; DS_INVALID_FEATURE, too. */
int32_t ds_market_write_arrow(ds_store *DS_NONNULL store, struct ArrowArrayStream *DS_NONNULL stream,
                              const char *DS_NULLABLE symbol, const char *DS_NULLABLE timeframe,
                              int32_t replace, int64_t *DS_NULLABLE out_rows);

/* Writes the features of bars that are stored already, as ds_market_write_features() would. Each column beside
 * "timestamp", "symbol" and "timeframe" is a feature, named by its key: a number, or a struct of value and
 * quality, as DS_FEATURES_COLUMNS are read; or there is one column "features" of JSON text. `quality` is that of
 * all features that are numbers; NULL: "ready" with a number, "missing" with a null. A write;
 * DS_INVALID_FEATURE, DS_MISSING_BAR, too. */
int32_t ds_market_write_features_arrow(ds_store *DS_NONNULL store, struct ArrowArrayStream *DS_NONNULL stream,
                                       const char *DS_NULLABLE symbol, const char *DS_NULLABLE timeframe,
                                       const char *DS_NULLABLE quality, int32_t replace,
                                       int64_t *DS_NULLABLE out_rows);

/* ds_market_read() as a stream of one record batch. symbol_column: 0 or 1. A read. */
int32_t ds_market_read_arrow(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                             int32_t symbol_count, const char *DS_NONNULL timeframe,
                             const ds_range *DS_NULLABLE range, const ds_read_options *DS_NULLABLE options,
                             int32_t symbol_column, struct ArrowArrayStream *DS_NONNULL out_stream);

/* ds_market_scan() as a stream of a record batch per chunk; nothing found: no batch. get_next reads the next
 * chunk. Where it fails it returns an errno (EINVAL, ENOMEM, else EIO), and get_last_error tells what
 * ds_last_error() would have; the scan is where it was. Features as columns without options->feature_keys: the keys
 * that the range has now, as ds_market_feature_keys() finds them first. A read. */
int32_t ds_market_scan_arrow(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                             int32_t symbol_count, const char *DS_NONNULL timeframe,
                             const ds_range *DS_NULLABLE range, const ds_read_options *DS_NULLABLE options,
                             int64_t chunk, int32_t symbol_column,
                             struct ArrowArrayStream *DS_NONNULL out_stream);

/* What was read, as a stream of one record batch. Any number of times; `bars` may be freed before. */
int32_t ds_bars_arrow(const ds_bars *DS_NONNULL bars, int32_t symbol_column,
                      struct ArrowArrayStream *DS_NONNULL out_stream);

/* ds_sql_within() as a stream of one record batch; timeout_seconds below 0: no limit, as ds_sql(). A column of
 * INTEGER is int64; of REAL, also with INTEGER that a double holds, float64; of TEXT large_utf8; of BLOB
 * large_binary; of NULL alone null. Any other mixture is large_utf8 with the numbers in it as text, or with
 * BLOB large_binary. */
int32_t ds_sql_arrow(ds_store *DS_NONNULL store, const char *DS_NONNULL query,
                     const ds_sql_parameter *DS_NULLABLE parameters, int32_t parameter_count,
                     double timeout_seconds, struct ArrowArrayStream *DS_NONNULL out_stream);

/* The rows of a query likewise. Any number of times; `rows` may be freed before. */
int32_t ds_rows_arrow(const ds_rows *DS_NONNULL rows, struct ArrowArrayStream *DS_NONNULL out_stream);

/* ---- Maintenance ------------------------------------------------------------------------------------- */

/* What is wrong with the file, one string per finding; no strings if it is sound. Reads every page and row. A
 * read; damage is a finding, not DS_CORRUPT or DS_SCHEMA. */
int32_t ds_store_check(ds_store *DS_NONNULL store, ds_texts *DS_NULLABLE *DS_NONNULL out_findings);

/* Copies one snapshot of the store to `target` while others write. The target appears whole or not at all.
 * DS_INVALID: it exists and `overwrite` is 0 (with 1 it keeps its permissions); and always for the store's own
 * file and its -wal, -shm and -journal, for those of another database, and for a target beside which a -wal or
 * -journal lies, which would be taken for the backup's. DS_STORAGE: it cannot be written. Otherwise a read. */
int32_t ds_store_backup(ds_store *DS_NONNULL store, const char *DS_NONNULL target, int32_t overwrite);

typedef struct ds_checkpoint_result {
  size_t struct_size;
  int64_t wal_frames;   /* frames in the WAL */
  int64_t checkpointed; /* of them now in the database file */
  int64_t held_back;    /* of them not yet copied, because readers of older snapshots need them */
} ds_checkpoint_result;
#define DS_CHECKPOINT_RESULT_INIT {sizeof(ds_checkpoint_result), 0, 0, 0}

/* Copies the WAL into the database file. The store does so by itself as the WAL grows. DS_INVALID within a
 * transaction. A write. */
int32_t ds_store_checkpoint(ds_store *DS_NONNULL store, ds_checkpoint_result *DS_NULLABLE out_result);

typedef struct ds_info {
  size_t struct_size;
  const char *DS_NULLABLE path;             /* the texts live as long as the store's handle */
  const char *DS_NULLABLE sqlite_version;
  const char *DS_NULLABLE sqlite_source_id;
  const char *DS_NULLABLE journal_mode;     /* "wal"; "delete" on a read-only store in that mode */
  const char *DS_NULLABLE synchronous;      /* "FULL" or "NORMAL" */
  int32_t durability;                       /* DS_DURABILITY_ */
  int32_t wal_reset_safe;                   /* 1: this SQLite is free of the WAL-reset bug (sqlite.org/wal.html) */
  int32_t read_only;
  int32_t page_size;                        /* bytes */
  int64_t file_bytes;
  int64_t wal_bytes;
  int64_t market_data_rows;
  int64_t market_requests_rows;
  int64_t system_state_rows;
  /* The latest checkpoint by this handle, requested or automatic; other programs checkpoint the file, too. */
  int64_t last_checkpoint;                  /* its time; DS_NO_TIME: there was none, and the others are 0 */
  int64_t last_checkpoint_wal_frames;       /* this and the others: as in ds_checkpoint_result */
  int64_t last_checkpoint_checkpointed;
  int64_t last_checkpoint_held_back;
  const char *DS_NULLABLE fast_paths;        /* those that are on: "pages latest_pages frames read_lock" */
  const char *DS_NULLABLE fast_paths_reason; /* why not all are on; NULL if they are */
  /* The server that the store lies on; of a file all are 0 and NULL. There sqlite_version, sqlite_source_id and
   * journal_mode are "", page_size and wal_bytes 0, and file_bytes those of the server's whole database. */
  int32_t server_version;                    /* 150018: PostgreSQL 15.18 */
  int32_t server_standby;                    /* 1: it can only be read */
  int32_t server_fsync;                      /* 0: a crash of its machine may damage the database */
  int32_t server_full_page_writes;           /* 0: the same */
  const char *DS_NULLABLE server_schema;     /* the schema of the tables */
  const char *DS_NULLABLE server_synchronous_commit; /* what the store's sessions set: "on", "remote_apply" or "off" */
} ds_info;
#define DS_INFO_INIT \
  {sizeof(ds_info), NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, DS_NO_TIME, 0, 0, 0, NULL, NULL, \
   0, 0, 0, 0, NULL, NULL}

/* Facts about the store, with a count of the rows. A read. */
int32_t ds_store_info(ds_store *DS_NONNULL store, ds_info *DS_NONNULL out_info);

/* The statements that set up a connection of another SQLite client as the specification asks for (WAL,
 * synchronous NORMAL, temp_store MEMORY) and keep it from checkpointing on its own, which would bring back the
 * WAL-reset bug. Free the text with ds_text_free(). DS_CLOSED: the store is closed, or this is a forked child. */
int32_t ds_store_connection_script(ds_store *DS_NONNULL store, char *DS_NULLABLE *DS_NONNULL out_sql);

/* Whether another client's SQLite, whose function sqlite3_libversion() is at that address, is the same copy
 * that the library uses: DS_OK, otherwise DS_INVALID (also for NULL: a client that hides the address has its own
 * copy). Two copies in one process must not open the same file: neither sees the other's locks. */
int32_t ds_sqlite_is_shared(const void *DS_NULLABLE sqlite3_libversion_address);

/* ---- Two stores: copy, compare ------------------------------------------------------------------------
 * Whatever the engines are. Both stores go on being used by others meanwhile; neither is locked for longer than
 * one chunk takes. A call on two stores stops where either is interrupted. */

typedef struct ds_copy_options {
  size_t struct_size;
  int64_t chunk; /* rows at a time, 1 or more */
} ds_copy_options;
#define DS_COPY_OPTIONS_INIT {sizeof(ds_copy_options), 10000}

typedef struct ds_copy_result {
  size_t struct_size;
  int64_t series;         /* series of the source */
  int64_t bars;           /* bars of these */
  int64_t bars_written;   /* of the bars those that the target had not, or with other values */
  int64_t requests;
  int64_t requests_written;
  int64_t states;         /* state values */
  int64_t states_written; /* of these those that the target had not, or with another value or time */
} ds_copy_result;
#define DS_COPY_RESULT_INIT {sizeof(ds_copy_result), 0, 0, 0, 0, 0, 0, 0}

/* Copies all bars with their features, all requests and all state values, with the times at which these were
 * written, into another store, and verifies the copy: what was written is read back and compared. Exact: NULL,
 * times to the nanosecond, features and state values digit for digit. Each chunk is one snapshot of `source` and
 * one transaction of `target`. What the target has already is compared and not written again, so a copy that was
 * stopped goes on where it was; what it has beside is left alone. Unlike other calls, what was copied before a
 * failure stays. `options` NULL: the INIT values. A read of `source` and a write to `target`.
 * DS_INVALID: both are the same file. DS_BUSY: something else writes to one of them all the time, too; the message
 * names the first difference. DS_CORRUPT names the bar whose stored features are damaged. A progress callback is told
 * the bars done and of how many, as of a call that reads. */
int32_t ds_store_copy(ds_store *DS_NONNULL source, ds_store *DS_NONNULL target,
                      const ds_copy_options *DS_NULLABLE options, ds_copy_result *DS_NULLABLE out_result);

typedef struct ds_compare_options {
  size_t struct_size;
  int64_t limit; /* ends after so many differences, 1 or more */
  int64_t chunk; /* rows at a time, 1 or more */
} ds_compare_options;
#define DS_COMPARE_OPTIONS_INIT {sizeof(ds_compare_options), 100, 10000}

#define DS_DIFFERENCE_BAR 0     /* part: a bar */
#define DS_DIFFERENCE_REQUEST 1 /* part: a request */
#define DS_DIFFERENCE_STATE 2   /* part: a state value */

#define DS_DIFFERENCE_VALUE 0      /* kind: both stores have it, with different values of `column` */
#define DS_DIFFERENCE_ONLY_HERE 1  /* kind: only `store` has it */
#define DS_DIFFERENCE_ONLY_THERE 2 /* kind: only `other` has it */

typedef struct ds_difference {
  int32_t part;                      /* DS_DIFFERENCE_BAR, _REQUEST, _STATE */
  int32_t kind;                      /* DS_DIFFERENCE_VALUE, _ONLY_HERE, _ONLY_THERE */
  const char *DS_NULLABLE symbol;    /* of a bar or a request, else NULL */
  const char *DS_NULLABLE timeframe; /* likewise */
  int64_t time;                      /* of the bar, or when the request was made; else DS_NO_TIME */
  const char *DS_NULLABLE key;       /* of a state value, else NULL */
  const char *DS_NULLABLE column;    /* the one that differs; NULL if only one store has the bar, request or key */
  const char *DS_NULLABLE here;      /* its value in `store`: the shortest digits that read back to the same bits, */
  const char *DS_NULLABLE there;     /* ISO 8601 times, JSON; and in `other`. NULL is SQL NULL, or no column */
  const char *DS_NONNULL text;       /* all of it as a sentence */
} ds_difference;

typedef struct ds_differences ds_differences;
/* In what `store` differs from `other`: bars by symbol, timeframe and time, then requests, then state. No
 * differences: they hold the same. In columns of numbers -0.0 equals 0.0 (SQLite keeps no -0.0 there), and NaN is
 * NULL; features and state values are compared digit for digit, features without the white space that other tools
 * store. Of several rows of one instant, which only other tools can have stored, the last counts. Each chunk is one
 * snapshot: compare while nothing writes. `options` NULL: the INIT values. A read of both. */
int32_t ds_store_compare(ds_store *DS_NONNULL store, ds_store *DS_NONNULL other,
                         const ds_compare_options *DS_NULLABLE options,
                         ds_differences *DS_NULLABLE *DS_NONNULL out_differences);
int64_t ds_differences_count(const ds_differences *DS_NULLABLE differences);
const ds_difference *DS_NULLABLE ds_differences_items(const ds_differences *DS_NULLABLE differences);
void ds_differences_free(ds_differences *DS_NULLABLE differences);

/* A hash of the bars of a range, the same in every store that holds the same bars, whatever its engine: XXH64 with
 * seed 0 of their bytes, which docs/how-to/copying.md defines. It is for comparing two stores that no single program
 * can open. out_bars: how many bars there are. A read, in chunks. */
int32_t ds_market_hash(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                       const char *DS_NONNULL timeframe, const ds_range *DS_NULLABLE range,
                       uint64_t *DS_NONNULL out_hash, int64_t *DS_NULLABLE out_bars);

#ifdef __cplusplus
}
#endif

#endif
