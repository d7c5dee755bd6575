/* header_only.c: the header alone, as C and as C++, under the strictest flags.
 * SPDX-License-Identifier: MIT
 */
#include "data_store.h"
/* Twice, on purpose: it guards itself. */
#include "data_store.h"

/* Every _INIT macro as an initialiser, with static storage and without. */
static const ds_open_options static_options = DS_OPEN_OPTIONS_INIT;
static const ds_bar_batch static_batch = DS_BAR_BATCH_INIT;

int32_t header_only(void);

int32_t header_only(void) {
  ds_error_detail detail = DS_ERROR_DETAIL_INIT;
  ds_open_options options = DS_OPEN_OPTIONS_INIT;
  ds_bar_batch batch = DS_BAR_BATCH_INIT;
  ds_bar bar = DS_BAR_INIT;
  ds_range range = DS_RANGE_INIT;
  ds_read_options read_options = DS_READ_OPTIONS_INIT;
  ds_request request = DS_REQUEST_INIT;
  ds_checkpoint_result checkpoint = DS_CHECKPOINT_RESULT_INIT;
  ds_info info = DS_INFO_INIT;
  ds_copy_options copy = DS_COPY_OPTIONS_INIT;
  ds_copy_result copied = DS_COPY_RESULT_INIT;
  ds_compare_options compare = DS_COMPARE_OPTIONS_INIT;
  return options.durability == static_options.durability && batch.count == static_batch.count &&
         detail.row == -1 && bar.timestamp == DS_NO_TIME && range.end == INT64_MAX &&
         read_options.limit == -1 && request.requested_at == DS_NO_TIME &&
         checkpoint.wal_frames == 0 && info.file_bytes == 0 &&
         copy.chunk == compare.chunk && copied.bars == 0;
}
