/* suites.h: the suites, in the order of the header.
 * SPDX-License-Identifier: MIT
 */
#ifndef SUITES_H
#define SUITES_H

#include "check.h"

extern const check_test version_tests[];
extern const check_test errors_tests[];
extern const check_test store_tests[];
extern const check_test open_tests[];
extern const check_test settings_tests[];
extern const check_test closed_tests[];
extern const check_test interrupt_tests[];
extern const check_test progress_tests[];
extern const check_test transaction_tests[];
extern const check_test write_tests[];
extern const check_test write_bar_tests[];
extern const check_test batch_tests[];
extern const check_test features_tests[];
extern const check_test feature_columns_tests[];
extern const check_test feature_json_tests[];
extern const check_test read_tests[];
extern const check_test text_layout_tests[];
extern const check_test range_tests[];
extern const check_test foreign_tests[];
extern const check_test latest_tests[];
extern const check_test scan_tests[];
extern const check_test coverage_tests[];
extern const check_test series_delete_tests[];
extern const check_test requests_tests[];
extern const check_test arrow_write_tests[];
extern const check_test arrow_read_tests[];
extern const check_test state_tests[];
extern const check_test state_json_tests[];
extern const check_test sql_tests[];
extern const check_test maintenance_tests[];
extern const check_test backup_tests[];
extern const check_test moving_tests[];
extern const check_test threads_tests[];
extern const check_test structs_tests[];
extern const check_test null_tests[];
extern const check_test hostile_tests[];
extern const check_test limits_tests[];
extern const check_test names_tests[];
extern const check_test cases_tests[];

#endif
