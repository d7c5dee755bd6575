/* case_values.h: the arguments and results of a case's calls, to and from the structs of the header.
 * SPDX-License-Identifier: MIT
 */
#ifndef CASE_VALUES_H
#define CASE_VALUES_H

#include "data_store.h"
#include "json.h"

/* ---- Arguments ---- */

const char *case_text(const json *text); /* NULL: absent or null */
const char **case_texts(const json *list);
int32_t case_flag(json *with, const char *name, int32_t otherwise);
/* "EURUSD" and "1h" where the case names none. */
const char **case_symbol(json *with);
const char **case_timeframe(json *with);
const char *const *case_symbols(json *with, int32_t *count);
ds_range case_range(json *with);
ds_read_options case_options(json *with);
ds_bar_batch case_batch(json *rows, const char **symbol, const char **timeframe);
ds_bar case_bar(json *bar);

/* ---- Results ---- */

json *case_table(const ds_bar_batch *batch);
json *case_bar_found(const ds_bar *bar);
json *case_rows(const ds_rows *rows);

#endif
