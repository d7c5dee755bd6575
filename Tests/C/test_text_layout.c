/* test_text_layout.c: "ds_text_columns_lay_out", and "ds_text_layout_code", which is its way back.
 * SPDX-License-Identifier: MIT
 */
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "suites.h"

static const char *const WORDS[] = {"ready", "", "twelve bytes", "m\xc3\xa9rito", "more than sixteen bytes"};

static ds_text_layouts *laid_out(const ds_text_column *const *columns, int32_t column_count, int64_t count) {
  ds_text_layouts *layouts = NULL;
  CHECK_INT(ds_text_columns_lay_out(columns, column_count, count, &layouts), DS_OK);
  REQUIRE(layouts != NULL);
  return layouts;
}

/* Holds each row of a layout against `expected`. */
static void check_layout(const ds_text_layout *layout, int64_t count, const char *const expected[]) {
  CHECK_INT(layout->struct_size, sizeof *layout);
  CHECK_INT(layout->offset_size, 8);
  CHECK_INT(layout->first, 0);
  const int64_t *offsets = layout->offsets;
  int64_t begin = 0, missing = 0;
  for (int64_t row = 0; row < count; row++) {
    const char *text = expected[row] ? expected[row] : "";
    CHECK_INT(offsets[row], begin);
    CHECK(memcmp(layout->bytes + begin, text, strlen(text)) == 0);
    if (layout->validity) CHECK_INT(layout->validity[row / 8] >> (row % 8) & 1, expected[row] != NULL);
    missing += expected[row] == NULL;
    begin += (int64_t)strlen(text);
  }
  CHECK_INT(offsets[count], begin);
  CHECK_INT(layout->byte_count, begin);
  CHECK_INT(layout->validity != NULL, missing > 0);
}

/* Lays a column out by itself, and holds each row against `expected`. */
static void check_rows(const ds_text_column *column, int64_t count, const char *const expected[]) {
  ds_text_layouts *layouts = laid_out(&column, 1, count);
  check_layout(ds_text_layouts_array(layouts), count, expected);
  ds_text_layouts_free(layouts);
}

static void each_row_has_its_text(void) {
  const int32_t codes[] = {0, 2, -1, 1, 3, 0, 2, 4, -1, 4};
  const ds_text_column column = {codes, WORDS, 5};
  const char *expected[10];
  for (int row = 0; row < 10; row++) expected[row] = codes[row] < 0 ? NULL : WORDS[codes[row]];
  /* Of each length, so that each row is the last one once. */
  for (int64_t count = 0; count <= 10; count++) check_rows(&column, count, expected);
}

static void runs_of_any_length_have_their_text(void) {
  enum { ROWS = 45 };
  int32_t codes[ROWS];
  const char *expected[ROWS];
  /* Of each word, and of none, beginning anywhere and ending anywhere. */
  for (int32_t code = -1; code < 5; code++)
    for (int begin = 0; begin <= 20; begin++)
      for (int end = begin; end <= ROWS; end++) {
        for (int row = 0; row < ROWS; row++) {
          codes[row] = row >= begin && row < end ? code : row % 2 * 3;
          expected[row] = codes[row] < 0 ? NULL : WORDS[codes[row]];
        }
        const ds_text_column column = {codes, WORDS, 5};
        check_rows(&column, end + begin < ROWS ? end + begin : ROWS, expected);
      }
}

static void without_codes_all_rows_have_the_first(void) {
  for (int word = 0; word < 5; word++) {
    const ds_text_column column = {NULL, &WORDS[word], 1};
    const char *expected[19];
    for (int row = 0; row < 19; row++) expected[row] = WORDS[word];
    check_rows(&column, 3, expected);
    check_rows(&column, 19, expected);
  }
}

static void a_column_of_nothing_is_null_in_each_row(void) {
  const ds_text_column nothing = {NULL, NULL, 0};
  const char *const expected[9] = {NULL};
  check_rows(&nothing, 9, expected);
  check_rows(&nothing, 0, NULL);
}

static void each_column_has_its_layout(void) {
  enum { ROWS = 100000 };
  static int32_t few[ROWS], many[ROWS];
  static const char *first[ROWS], *second[ROWS];
  for (int row = 0; row < ROWS; row++) {
    few[row] = row % 7 == 0 ? -1 : row % 2;
    many[row] = row % 5;
    first[row] = few[row] < 0 ? NULL : WORDS[few[row]];
    second[row] = WORDS[many[row]];
  }
  const ds_text_column short_texts = {few, WORDS, 2}, long_texts = {many, WORDS, 5};
  const ds_text_column *const columns[] = {&short_texts, &long_texts, &short_texts};
  ds_text_layouts *layouts = laid_out(columns, 3, ROWS);
  const ds_text_layout *array = ds_text_layouts_array(layouts);
  check_layout(&array[0], ROWS, first);
  check_layout(&array[1], ROWS, second);
  check_layout(&array[2], ROWS, first);
  ds_text_layouts_free(layouts);
}

static void columns_that_say_the_same_share_a_layout(void) {
  const int32_t codes[] = {0, -1, 1}, same[] = {0, -1, 1}, other[] = {0, -1, 0};
  const char *const words[] = {"ready", ""}, *const others[] = {"ready", "?"};
  const ds_text_column one = {codes, WORDS, 2}, alike = {same, words, 2}, differs = {other, WORDS, 2},
                       speaks = {other, others, 2}, constant = {NULL, WORDS, 1}, again = {NULL, words, 1};
  const ds_text_column *const columns[] = {&one, &alike, &differs, &speaks, &constant, &again};
  ds_text_layouts *layouts = laid_out(columns, 6, 3);
  const ds_text_layout *array = ds_text_layouts_array(layouts);
  CHECK(array[1].offsets == array[0].offsets);
  CHECK(array[2].offsets != array[1].offsets);
  CHECK(array[3].offsets != array[2].offsets);
  CHECK(array[4].offsets != array[3].offsets);
  CHECK(array[5].offsets == array[4].offsets);
  const char *const expected[] = {"ready", NULL, ""}, *const all[] = {"ready", "ready", "ready"};
  check_layout(&array[1], 3, expected);
  check_layout(&array[5], 3, all);
  ds_text_layouts_free(layouts);
}

static void no_columns_have_no_layouts(void) {
  ds_text_layouts_free(laid_out((const ds_text_column *const[]){NULL}, 0, 3));
  CHECK(ds_text_layouts_array(NULL) == NULL);
  ds_text_layouts_free(NULL);
}

static void what_is_wrong_is_refused(void) {
  const int32_t codes[] = {0, 5}, low[] = {-2};
  const ds_text_column beyond = {codes, WORDS, 5}, below = {low, WORDS, 5}, right = {NULL, WORDS, 1};
  const ds_text_column *const first[] = {&beyond, &right}, *const second[] = {&right, &beyond};
  const ds_text_column *const lowest[] = {&below}, *const none[] = {NULL};
  ds_text_layouts *layouts = NULL;
  CHECK_INT(ds_text_columns_lay_out(first, 2, 2, &layouts), DS_INVALID);
  CHECK(strstr(ds_last_error(), "row 1") != NULL);
  CHECK_INT(ds_text_columns_lay_out(second, 2, 2, &layouts), DS_INVALID);
  CHECK_INT(ds_text_columns_lay_out(lowest, 1, 1, &layouts), DS_INVALID);
  CHECK_INT(ds_text_columns_lay_out(none, 1, 1, &layouts), DS_INVALID);
  CHECK_INT(ds_text_columns_lay_out(first, 2, -1, &layouts), DS_INVALID);
  CHECK_INT(ds_text_columns_lay_out(first, 2, INT64_MAX, &layouts), DS_INVALID);
  CHECK_INT(ds_text_columns_lay_out(first, -1, 1, &layouts), DS_INVALID);
  CHECK(layouts == NULL);
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
    {"runs_of_any_length_have_their_text", runs_of_any_length_have_their_text},
    {"without_codes_all_rows_have_the_first", without_codes_all_rows_have_the_first},
    {"a_column_of_nothing_is_null_in_each_row", a_column_of_nothing_is_null_in_each_row},
    {"each_column_has_its_layout", each_column_has_its_layout},
    {"columns_that_say_the_same_share_a_layout", columns_that_say_the_same_share_a_layout},
    {"no_columns_have_no_layouts", no_columns_have_no_layouts},
    {"what_is_wrong_is_refused", what_is_wrong_is_refused},
    {"equal_texts_get_the_same_number", equal_texts_get_the_same_number},
    {"layouts_that_are_none_are_refused", layouts_that_are_none_are_refused},
    {NULL, NULL},
};
