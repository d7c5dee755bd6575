/* content.h: what the steps write, and what they and the checks see.
 * SPDX-License-Identifier: MIT
 */
#ifndef CONTENT_H
#define CONTENT_H

#include <stddef.h>
#include <stdint.h>

#include "steps.h"

#define TRY(call)                                     \
  do {                                                \
    int32_t status_of_try = (call);                   \
    if (status_of_try != DS_OK) return status_of_try; \
  } while (0)

static const char *const hourly = "1h";
static const char *const large_symbols[] = {"large", "large too"};

int64_t hour_at(int64_t hour);

typedef enum bars_kind {
  BARS_PLAIN,          /* open, close, source */
  BARS_FEATURES,       /* and two features */
  BARS_OTHER_FEATURES, /* of which one is another */
  BARS_WIDE_FEATURES,  /* and ten features */
  BARS_WIDE,           /* and 200 features of long names */
  BARS_LONG_SOURCE,    /* and a text that fills a page */
  FEATURES_ONLY,
} bars_kind;

/* Writes hourly bars from the given hour on. FEATURES_ONLY goes by ds_market_write_features(). */
int32_t write_bars(ds_store *store, const char *symbol, int64_t first_hour, int32_t count, bars_kind kind,
                   int32_t replace);

void write_state_json(char *out, size_t size, const char *name);

/* A value of several pages, nearly all of them blanks. */
const char *long_json(void);

/* Each takes something into the hash of what a step was told. */
void see_number(scene *scene, int64_t number);
void see_text(scene *scene, const char *text);
void see_bars(scene *scene, const ds_bars *bars);
void see_rows(scene *scene, const ds_rows *rows);

/* A hash of all that the store holds. 0 if it cannot be read. */
uint64_t contents(ds_store *store);

#endif
