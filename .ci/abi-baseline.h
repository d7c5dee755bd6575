#ifndef DATA_STORE_H
#define DATA_STORE_H 
#include <math.h>
#include <stddef.h>
#include <stdint.h>
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
#define DS_VERSION "0.1.0"
#define DS_ABI_VERSION 1
#define DS_MAX_ROWS 2147483647
#define DS_MAX_NAME_BYTES 65535
#define DS_MAX_FEATURES 65535
#define DS_MAX_JSON_BYTES 500000000
#define DS_MAX_JSON_DEPTH 500
#define DS_MAX_TEXT_BYTES 500000000
int32_t ds_abi_version(void);
const char *DS_NONNULL ds_version(void);
#define DS_OK 0
#define DS_INVALID 1
#define DS_INVALID_FEATURE 2
#define DS_MISSING_BAR 3
#define DS_BUSY 4
#define DS_STORAGE 5
#define DS_CORRUPT 6
#define DS_SCHEMA 7
#define DS_CLOSED 8
#define DS_INTERRUPTED 9
#define DS_NO_MEMORY 10
#define DS_INTERNAL 11
#define DS_TIMEOUT 12
const char *DS_NONNULL ds_status_name(int32_t status);
const char *DS_NONNULL ds_last_error(void);
typedef struct ds_error_detail {
  size_t struct_size;
  int32_t status;
  int32_t sqlite_code;
  int64_t row;
  const char *DS_NULLABLE key;
  const char *DS_NULLABLE reason;
} ds_error_detail;
#define DS_ERROR_DETAIL_INIT {sizeof(ds_error_detail), 0, 0, -1, NULL, NULL}
int32_t ds_last_error_detail(ds_error_detail *DS_NONNULL out_detail);
typedef struct ds_store ds_store;
#define DS_DURABILITY_FULL 0
#define DS_DURABILITY_NORMAL 1
typedef struct ds_open_options {
  size_t struct_size;
  int32_t durability;
  int32_t read_only;
  double timeout_seconds;
  int32_t fast_paths;
} ds_open_options;
#define DS_OPEN_OPTIONS_INIT {sizeof(ds_open_options), DS_DURABILITY_FULL, 0, 10.0, 1}
int32_t ds_store_open(const char *DS_NONNULL path, const ds_open_options *DS_NULLABLE options,
                      ds_store *DS_NULLABLE *DS_NONNULL out_store);
int32_t ds_store_close(ds_store *DS_NONNULL store);
void ds_store_free(ds_store *DS_NULLABLE store);
const char *DS_NONNULL ds_store_path(const ds_store *DS_NONNULL store);
int32_t ds_interrupt(ds_store *DS_NONNULL store);
typedef int32_t (*ds_stop_function)(void *DS_NULLABLE context);
int32_t ds_thread_stop_when(ds_stop_function DS_NULLABLE should_stop, void *DS_NULLABLE context);
int32_t ds_transaction_begin(ds_store *DS_NONNULL store);
int32_t ds_transaction_commit(ds_store *DS_NONNULL store);
int32_t ds_transaction_rollback(ds_store *DS_NONNULL store);
#define DS_NO_TIME INT64_MIN
typedef struct ds_text_column {
  const int32_t *DS_NULLABLE codes;
  const char *DS_NULLABLE const *DS_NULLABLE values;
  int64_t value_count;
} ds_text_column;
typedef struct ds_feature_column {
  const char *DS_NONNULL key;
  const double *DS_NULLABLE values;
  const int64_t *DS_NULLABLE integers;
  const uint8_t *DS_NULLABLE is_null;
  ds_text_column quality;
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
#define DS_COLUMNS_ALL 0x1ffu
typedef struct ds_bar_batch {
  size_t struct_size;
  int64_t count;
  const int64_t *DS_NULLABLE timestamps;
  ds_text_column symbol;
  ds_text_column timeframe;
  const double *DS_NULLABLE open;
  const double *DS_NULLABLE high;
  const double *DS_NULLABLE low;
  const double *DS_NULLABLE close;
  const double *DS_NULLABLE volume;
  ds_text_column source;
  ds_text_column quality;
  const uint8_t *DS_NULLABLE is_gap;
  const double *DS_NULLABLE latency_sec;
  const ds_feature_column *DS_NULLABLE features;
  int32_t feature_count;
  const char *DS_NULLABLE const *DS_NULLABLE features_json;
} ds_bar_batch;
#define DS_BAR_BATCH_INIT \
  {sizeof(ds_bar_batch), 0, NULL, {NULL, NULL, 0}, {NULL, NULL, 0}, NULL, NULL, NULL, NULL, NULL, \
   {NULL, NULL, 0}, {NULL, NULL, 0}, NULL, NULL, NULL, 0, NULL}
typedef struct ds_bar {
  size_t struct_size;
  int64_t timestamp;
  uint32_t columns;
  int32_t is_gap;
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
int32_t ds_market_write(ds_store *DS_NONNULL store, const ds_bar_batch *DS_NONNULL batch,
                        int32_t replace, int64_t *DS_NULLABLE out_rows);
int32_t ds_market_write_features(ds_store *DS_NONNULL store, const ds_bar_batch *DS_NONNULL batch,
                                 int32_t replace, int64_t *DS_NULLABLE out_rows);
int32_t ds_market_write_bar(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                            const char *DS_NONNULL timeframe, const ds_bar *DS_NONNULL bar,
                            int32_t replace);
typedef struct ds_range {
  size_t struct_size;
  int64_t start;
  int64_t end;
  const char *DS_NULLABLE start_text;
  const char *DS_NULLABLE end_text;
} ds_range;
#define DS_RANGE_INIT {sizeof(ds_range), DS_NO_TIME, INT64_MAX, NULL, NULL}
#define DS_FEATURES_NONE 0
#define DS_FEATURES_JSON 1
#define DS_FEATURES_VALUES 2
#define DS_FEATURES_COLUMNS 3
typedef struct ds_read_options {
  size_t struct_size;
  uint32_t columns;
  int32_t features;
  const char *DS_NULLABLE const *DS_NULLABLE feature_keys;
  int32_t feature_key_count;
  int64_t limit;
} ds_read_options;
#define DS_READ_OPTIONS_INIT {sizeof(ds_read_options), DS_COLUMNS_ALL, DS_FEATURES_NONE, NULL, 0, -1}
typedef struct ds_bars ds_bars;
const ds_bar_batch *DS_NONNULL ds_bars_batch(const ds_bars *DS_NONNULL bars);
void ds_bars_free(ds_bars *DS_NULLABLE bars);
typedef struct ds_text_layout {
  size_t struct_size;
  const void *DS_NULLABLE offsets;
  int64_t offset_size;
  const char *DS_NULLABLE bytes;
  int64_t byte_count;
  const uint8_t *DS_NULLABLE validity;
  int64_t first;
} ds_text_layout;
#define DS_TEXT_LAYOUT_INIT {sizeof(ds_text_layout), NULL, 8, NULL, 0, NULL, 0}
typedef struct ds_text_layouts ds_text_layouts;
int32_t ds_text_columns_lay_out(const ds_text_column *DS_NONNULL const *DS_NONNULL columns, int32_t column_count,
                                int64_t count, ds_text_layouts *DS_NULLABLE *DS_NONNULL out_layouts);
const ds_text_layout *DS_NULLABLE ds_text_layouts_array(const ds_text_layouts *DS_NULLABLE layouts);
void ds_text_layouts_free(ds_text_layouts *DS_NULLABLE layouts);
int32_t ds_text_layout_code(const ds_text_layout *DS_NONNULL layout, int64_t count,
                            int32_t *DS_NONNULL codes, int32_t *DS_NONNULL first_rows,
                            int64_t *DS_NONNULL out_distinct);
int32_t ds_market_read(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                       int32_t symbol_count, const char *DS_NONNULL timeframe,
                       const ds_range *DS_NULLABLE range, const ds_read_options *DS_NULLABLE options,
                       ds_bars *DS_NULLABLE *DS_NONNULL out_bars);
int32_t ds_market_latest(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                         int32_t symbol_count, const char *DS_NONNULL timeframe, int64_t n,
                         const ds_read_options *DS_NULLABLE options,
                         ds_bars *DS_NULLABLE *DS_NONNULL out_bars);
int32_t ds_market_latest_bar(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                             const char *DS_NONNULL timeframe,
                             ds_bar *DS_NULLABLE *DS_NONNULL out_bar);
void ds_bar_free(ds_bar *DS_NULLABLE bar);
typedef struct ds_scan ds_scan;
int32_t ds_market_scan(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NONNULL symbols,
                       int32_t symbol_count, const char *DS_NONNULL timeframe,
                       const ds_range *DS_NULLABLE range, const ds_read_options *DS_NULLABLE options,
                       int64_t chunk, ds_scan *DS_NULLABLE *DS_NONNULL out_scan);
int32_t ds_scan_next(ds_scan *DS_NONNULL scan, ds_bars *DS_NULLABLE *DS_NONNULL out_bars);
void ds_scan_free(ds_scan *DS_NULLABLE scan);
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
int32_t ds_market_series(ds_store *DS_NONNULL store, int32_t counts,
                         ds_series *DS_NULLABLE *DS_NONNULL out_series);
const ds_series_view *DS_NONNULL ds_series_entries(const ds_series *DS_NONNULL series);
void ds_series_free(ds_series *DS_NULLABLE series);
int32_t ds_market_delete(ds_store *DS_NONNULL store, const char *DS_NONNULL symbol,
                         const char *DS_NONNULL timeframe, const ds_range *DS_NULLABLE range,
                         int64_t *DS_NULLABLE out_rows);
int32_t ds_time_of_text(const char *DS_NONNULL text, int64_t *DS_NONNULL out_time);
typedef struct ds_request {
  size_t struct_size;
  const char *DS_NULLABLE symbol;
  const char *DS_NULLABLE timeframe;
  int64_t requested_at;
  int64_t start_ts;
  int64_t end_ts;
  const char *DS_NULLABLE provider_used;
  double coverage_ratio;
  int64_t gap_count;
  int32_t has_gap_count;
  int32_t fallback_used;
  const char *DS_NULLABLE quality;
  const char *DS_NULLABLE notes;
} ds_request;
#define DS_REQUEST_INIT \
  {sizeof(ds_request), NULL, NULL, DS_NO_TIME, DS_NO_TIME, DS_NO_TIME, NULL, NAN, 0, 0, 0, NULL, NULL}
int32_t ds_market_record_request(ds_store *DS_NONNULL store, const ds_request *DS_NONNULL request,
                                 int64_t *DS_NULLABLE out_requested_at);
typedef struct ds_requests ds_requests;
int32_t ds_market_requests(ds_store *DS_NONNULL store, const char *DS_NULLABLE symbol,
                           const char *DS_NULLABLE timeframe, const ds_range *DS_NULLABLE range,
                           int64_t limit, ds_requests *DS_NULLABLE *DS_NONNULL out_requests);
int64_t ds_requests_count(const ds_requests *DS_NONNULL requests);
const ds_request *DS_NULLABLE ds_requests_items(const ds_requests *DS_NONNULL requests);
void ds_requests_free(ds_requests *DS_NULLABLE requests);
int32_t ds_state_set(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                     const char *DS_NONNULL value_json);
int32_t ds_state_set_many(ds_store *DS_NONNULL store, const char *DS_NULLABLE const *DS_NULLABLE keys,
                          const char *DS_NULLABLE const *DS_NULLABLE values_json, int64_t count);
int32_t ds_state_get(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                     char *DS_NULLABLE *DS_NONNULL out_json);
void ds_text_free(char *DS_NULLABLE text);
int32_t ds_state_delete(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                        int32_t *DS_NULLABLE out_deleted);
int32_t ds_state_compare_and_set(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                                 const char *DS_NULLABLE expected_json,
                                 const char *DS_NONNULL value_json, int32_t *DS_NONNULL out_swapped);
int32_t ds_state_updated_at(ds_store *DS_NONNULL store, const char *DS_NONNULL key,
                            int64_t *DS_NONNULL out_time);
typedef struct ds_state_entry {
  const char *DS_NONNULL key;
  const char *DS_NULLABLE value_json;
} ds_state_entry;
typedef struct ds_state_entries ds_state_entries;
int32_t ds_state_items(ds_store *DS_NONNULL store, const char *DS_NONNULL prefix, int32_t values,
                       ds_state_entries *DS_NULLABLE *DS_NONNULL out_entries);
int64_t ds_state_entries_count(const ds_state_entries *DS_NONNULL entries);
const ds_state_entry *DS_NULLABLE ds_state_entries_items(const ds_state_entries *DS_NONNULL entries);
void ds_state_entries_free(ds_state_entries *DS_NULLABLE entries);
#define DS_SQL_NULL 0
#define DS_SQL_INTEGER 1
#define DS_SQL_REAL 2
#define DS_SQL_TEXT 3
#define DS_SQL_BLOB 4
#define DS_SQL_TIME 5
typedef struct ds_sql_parameter {
  const char *DS_NULLABLE name;
  int32_t type;
  int64_t integer;
  double real;
  const void *DS_NULLABLE bytes;
  int64_t byte_count;
} ds_sql_parameter;
typedef struct ds_sql_column {
  const char *DS_NONNULL name;
  const uint8_t *DS_NULLABLE types;
  const int64_t *DS_NULLABLE integers;
  const double *DS_NULLABLE reals;
  const int64_t *DS_NULLABLE offsets;
  const char *DS_NULLABLE bytes;
} ds_sql_column;
typedef struct ds_rows ds_rows;
int32_t ds_sql(ds_store *DS_NONNULL store, const char *DS_NONNULL query,
               const ds_sql_parameter *DS_NULLABLE parameters, int32_t parameter_count,
               ds_rows *DS_NULLABLE *DS_NONNULL out_rows);
int32_t ds_sql_within(ds_store *DS_NONNULL store, const char *DS_NONNULL query,
                      const ds_sql_parameter *DS_NULLABLE parameters, int32_t parameter_count,
                      double timeout_seconds, ds_rows *DS_NULLABLE *DS_NONNULL out_rows);
int64_t ds_rows_count(const ds_rows *DS_NONNULL rows);
int32_t ds_rows_column_count(const ds_rows *DS_NONNULL rows);
const ds_sql_column *DS_NULLABLE ds_rows_columns(const ds_rows *DS_NONNULL rows);
void ds_rows_free(ds_rows *DS_NULLABLE rows);
typedef struct ds_texts ds_texts;
int32_t ds_store_check(ds_store *DS_NONNULL store, ds_texts *DS_NULLABLE *DS_NONNULL out_findings);
int64_t ds_texts_count(const ds_texts *DS_NONNULL texts);
const char *DS_NULLABLE const *DS_NULLABLE ds_texts_items(const ds_texts *DS_NONNULL texts);
void ds_texts_free(ds_texts *DS_NULLABLE texts);
int32_t ds_store_backup(ds_store *DS_NONNULL store, const char *DS_NONNULL target, int32_t overwrite);
typedef struct ds_checkpoint_result {
  size_t struct_size;
  int64_t wal_frames;
  int64_t checkpointed;
  int64_t held_back;
} ds_checkpoint_result;
#define DS_CHECKPOINT_RESULT_INIT {sizeof(ds_checkpoint_result), 0, 0, 0}
int32_t ds_store_checkpoint(ds_store *DS_NONNULL store, ds_checkpoint_result *DS_NULLABLE out_result);
typedef struct ds_info {
  size_t struct_size;
  const char *DS_NULLABLE path;
  const char *DS_NULLABLE sqlite_version;
  const char *DS_NULLABLE sqlite_source_id;
  const char *DS_NULLABLE journal_mode;
  const char *DS_NULLABLE synchronous;
  int32_t durability;
  int32_t wal_reset_safe;
  int32_t read_only;
  int32_t page_size;
  int64_t file_bytes;
  int64_t wal_bytes;
  int64_t market_data_rows;
  int64_t market_requests_rows;
  int64_t system_state_rows;
  int64_t last_checkpoint;
  int64_t last_checkpoint_wal_frames;
  int64_t last_checkpoint_checkpointed;
  int64_t last_checkpoint_held_back;
  const char *DS_NULLABLE fast_paths;
  const char *DS_NULLABLE fast_paths_reason;
} ds_info;
#define DS_INFO_INIT \
  {sizeof(ds_info), NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, DS_NO_TIME, 0, 0, 0, NULL, NULL}
int32_t ds_store_info(ds_store *DS_NONNULL store, ds_info *DS_NONNULL out_info);
int32_t ds_store_connection_script(ds_store *DS_NONNULL store, char *DS_NULLABLE *DS_NONNULL out_sql);
int32_t ds_sqlite_is_shared(const void *DS_NULLABLE sqlite3_libversion_address);
#ifdef __cplusplus
}
#endif
#endif
