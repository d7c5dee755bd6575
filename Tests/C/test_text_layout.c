/* test_text_layout.c: "ds_text_column_lay_out", and "ds_text_layout_code", which is its way back.
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

/* "ready", "", NULL, "ready", "a", "" from row 1 on. */
static const char ALL[] = "skipreadyreadya";
static const int64_t LONG_OFFSETS[] = {0, 4, 9, 9, 9, 14, 15, 15};
static const int32_t SHORT_OFFSETS[] = {0, 4, 9, 9, 9, 14, 15, 15};
static const uint8_t VALIDITY[] = {0xf7};

static void equal_texts_get_the_same_number(void) {
  const int32_t expected[] = {0, 1, -1, 0, 2, 1};
  const int32_t expected_first[] = {0, 1, 4};
  for (int is_long = 0; is_long < 2; is_long++) {
    ds_text_layout layout = DS_TEXT_LAYOUT_INIT;
    layout.offsets = is_long ? (const void *)LONG_OFFSETS : (const void *)SHORT_OFFSETS;
    layout.offset_size = is_long ? 8 : 4;
    layout.bytes = ALL;
    layout.byte_count = 15;
    layout.validity = VALIDITY;
    layout.first = 1;
    int32_t codes[6], first_rows[6];
    int64_t distinct = -1;
    CHECK_INT(ds_text_layout_code(&layout, 6, codes, first_rows, &distinct), DS_OK);
    CHECK(memcmp(codes, expected, sizeof expected) == 0);
    CHECK_INT(distinct, 3);
    CHECK(memcmp(first_rows, expected_first, sizeof expected_first) == 0);
    layout.validity = NULL;
    CHECK_INT(ds_text_layout_code(&layout, 6, codes, first_rows, &distinct), DS_OK);
    CHECK_INT(codes[2], codes[1]);
    CHECK_INT(ds_text_layout_code(&layout, 0, codes, first_rows, &distinct), DS_OK);
    CHECK_INT(distinct, 0);
  }
}

static void layouts_that_are_none_are_refused(void) {
  const int64_t descending[] = {0, 3, 2}, before[] = {-1, 3}, beyond[] = {0, 5};
  int32_t codes[2], first_rows[2];
  int64_t distinct = 0;
  ds_text_layout layout = DS_TEXT_LAYOUT_INIT;
  layout.bytes = "four";
  layout.byte_count = 4;
  CHECK_INT(ds_text_layout_code(&layout, 1, codes, first_rows, &distinct), DS_INVALID);
  layout.offsets = descending;
  CHECK_INT(ds_text_layout_code(&layout, 2, codes, first_rows, &distinct), DS_INVALID);
  CHECK(strstr(ds_last_error(), "row 1") != NULL);
  layout.offsets = before;
  CHECK_INT(ds_text_layout_code(&layout, 1, codes, first_rows, &distinct), DS_INVALID);
  layout.offsets = beyond;
  CHECK_INT(ds_text_layout_code(&layout, 1, codes, first_rows, &distinct), DS_INVALID);
  CHECK_INT(ds_text_layout_code(&layout, -1, codes, first_rows, &distinct), DS_INVALID);
  CHECK_INT(ds_text_layout_code(&layout, INT64_MAX, codes, first_rows, &distinct), DS_INVALID);
  layout.offset_size = 2;
  CHECK_INT(ds_text_layout_code(&layout, 1, codes, first_rows, &distinct), DS_INVALID);
  layout.offset_size = 8;
  layout.first = -1;
  CHECK_INT(ds_text_layout_code(&layout, 1, codes, first_rows, &distinct), DS_INVALID);
  layout.first = 0;
  layout.byte_count = -1;
  CHECK_INT(ds_text_layout_code(&layout, 1, codes, first_rows, &distinct), DS_INVALID);
}

const check_test text_layout_tests[] = {
    {"each_row_has_its_text", each_row_has_its_text},
    {"without_codes_all_rows_have_the_first", without_codes_all_rows_have_the_first},
    {"no_rows_are_no_bytes", no_rows_are_no_bytes},
    {"no_more_is_written_than_there_is_room_for", no_more_is_written_than_there_is_room_for},
    {"what_is_wrong_is_refused", what_is_wrong_is_refused},
    {"equal_texts_get_the_same_number", equal_texts_get_the_same_number},
    {"layouts_that_are_none_are_refused", layouts_that_are_none_are_refused},
    {NULL, NULL},
};
