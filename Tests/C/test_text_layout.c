/* test_text_layout.c: "ds_text_column_lay_out".
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static const char *const WORDS[] = {"ready", "", "twelve bytes", "m\xc3\xa9rito"};

/* Lays a column out and holds each row against `expected`; the memory is exactly as large as asked for. */
static void check_rows(const ds_text_column *column, int64_t count, const char *const expected[]) {
  int64_t *offsets = malloc(((size_t)count + 1) * sizeof *offsets);
  REQUIRE(offsets != NULL);
  CHECK_INT(ds_text_column_lay_out(column, count, offsets, NULL, 0), DS_OK);
  const int64_t size = offsets[count];
  char *bytes = malloc((size_t)size + 1);
  REQUIRE(bytes != NULL);
  memset(bytes, '#', (size_t)size + 1);
  CHECK_INT(ds_text_column_lay_out(column, count, NULL, bytes, size), DS_OK);
  CHECK_INT(bytes[size], '#');
  int64_t begin = 0;
  for (int64_t row = 0; row < count; row++) {
    const char *text = expected[row] ? expected[row] : "";
    CHECK_INT(offsets[row], begin);
    CHECK(memcmp(bytes + begin, text, strlen(text)) == 0);
    begin += (int64_t)strlen(text);
  }
  CHECK_INT(size, begin);
  free(bytes);
  free(offsets);
}

static void each_row_has_its_text(void) {
  const int32_t codes[] = {0, 2, -1, 1, 3, 0, 2};
  const ds_text_column column = {codes, WORDS, 4};
  const char *const expected[] = {WORDS[0], WORDS[2], NULL, WORDS[1], WORDS[3], WORDS[0], WORDS[2]};
  check_rows(&column, 7, expected);
}

static void without_codes_all_rows_have_the_first(void) {
  const ds_text_column column = {NULL, WORDS, 1};
  const char *const expected[] = {WORDS[0], WORDS[0], WORDS[0]};
  check_rows(&column, 3, expected);
}

static void no_rows_are_no_bytes(void) {
  const ds_text_column column = {NULL, NULL, 0};
  check_rows(&column, 0, NULL);
}

static void no_more_is_written_than_there_is_room_for(void) {
  const int32_t codes[] = {2, 0, 0, 2};
  const ds_text_column column = {codes, WORDS, 4};
  for (int64_t room = 0; room < 34; room++) {
    char bytes[40];
    memset(bytes, '#', sizeof bytes);
    CHECK_INT(ds_text_column_lay_out(&column, 4, NULL, bytes, room), DS_OK);
    for (size_t place = (size_t)room; place < sizeof bytes; place++) CHECK_INT(bytes[place], '#');
  }
}

static void what_is_wrong_is_refused(void) {
  const int32_t codes[] = {0, 4}, low[] = {-2};
  const ds_text_column beyond = {codes, WORDS, 4}, below = {low, WORDS, 4}, nothing = {NULL, NULL, 0};
  int64_t offsets[3];
  CHECK_INT(ds_text_column_lay_out(&beyond, 2, offsets, NULL, 0), DS_INVALID);
  CHECK(strstr(ds_last_error(), "row 1") != NULL);
  CHECK_INT(ds_text_column_lay_out(&below, 1, offsets, NULL, 0), DS_INVALID);
  CHECK_INT(ds_text_column_lay_out(&nothing, 1, offsets, NULL, 0), DS_INVALID);
  CHECK_INT(ds_text_column_lay_out(&beyond, -1, offsets, NULL, 0), DS_INVALID);
  CHECK_INT(ds_text_column_lay_out(&beyond, INT64_MAX, offsets, NULL, 0), DS_INVALID);
}

const check_test text_layout_tests[] = {
    {"each_row_has_its_text", each_row_has_its_text},
    {"without_codes_all_rows_have_the_first", without_codes_all_rows_have_the_first},
    {"no_rows_are_no_bytes", no_rows_are_no_bytes},
    {"no_more_is_written_than_there_is_room_for", no_more_is_written_than_there_is_room_for},
    {"what_is_wrong_is_refused", what_is_wrong_is_refused},
    {NULL, NULL},
};
