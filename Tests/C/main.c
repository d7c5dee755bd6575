/* main.c: the C conformance suite: every function of data_store.h, section by section.
 * SPDX-License-Identifier: MIT
 *
 * conformance [-v] [part of a "suite.test" name]
 */
#include <string.h>

#include "suites.h"

int main(int argc, char **argv) {
  static const check_suite suites[] = {
      {"version", version_tests},
      {"errors", errors_tests},
      {"open", open_tests},
      {"store", store_tests},
      {"settings", settings_tests},
      {"closed", closed_tests},
      {"interrupt", interrupt_tests},
      {"progress", progress_tests},
      {"transaction", transaction_tests},
      {"write", write_tests},
      {"write_bar", write_bar_tests},
      {"batch", batch_tests},
      {"features", features_tests},
      {"feature_columns", feature_columns_tests},
      {"feature_json", feature_json_tests},
      {"read", read_tests},
      {"text_layout", text_layout_tests},
      {"range", range_tests},
      {"foreign", foreign_tests},
      {"latest", latest_tests},
      {"scan", scan_tests},
      {"coverage", coverage_tests},
      {"series_delete", series_delete_tests},
      {"requests", requests_tests},
      {"arrow_write", arrow_write_tests},
      {"arrow_read", arrow_read_tests},
      {"state", state_tests},
      {"state_json", state_json_tests},
      {"sql", sql_tests},
      {"maintenance", maintenance_tests},
      {"backup", backup_tests},
      {"moving", moving_tests},
      {"threads", threads_tests},
      {"structs", structs_tests},
      {"null", null_tests},
      {"hostile", hostile_tests},
      {"limits", limits_tests},
      {"names", names_tests},
      {"cases", cases_tests},
  };
  bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
  int filter = verbose ? 2 : 1;
  return check_run(suites, COUNT_OF(suites), argc > filter ? argv[filter] : NULL, verbose);
}
