/* test_version.c: "Version, limits".
 * SPDX-License-Identifier: MIT
 */
#include <stdio.h>

#include "fixture.h"
#include "suites.h"

static void header_and_library_agree(void) {
  CHECK_INT(ds_abi_version(), DS_ABI_VERSION);
  CHECK_TEXT(ds_version(), DS_VERSION);
}

static void version_has_three_numbers(void) {
  int major = -1, minor = -1, patch = -1;
  char rest = '\0';
  CHECK_INT(sscanf(ds_version(), "%d.%d.%d%c", &major, &minor, &patch, &rest), 3);
  CHECK(major >= 0 && minor >= 0 && patch >= 0);
}

static void version_is_static(void) {
  const char *before = ds_version();
  ds_store *store = open_store(path_of("bars.db"));
  ds_store_free(store);
  CHECK(ds_version() == before);
  CHECK_TEXT(before, DS_VERSION);
}

const check_test version_tests[] = {
    {"header_and_library_agree", header_and_library_agree},
    {"version_has_three_numbers", version_has_three_numbers},
    {"version_is_static", version_is_static},
    {NULL, NULL},
};
