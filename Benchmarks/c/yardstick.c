/* yardstick OPERATION DATABASE SYNCHRONOUS DATA [COUNT]
 * SPDX-License-Identifier: MIT */
#include "yardstick.h"

#include <stdlib.h>
#include <string.h>

static const struct {
  const char *name;
  void (*run)(const task *);
} OPERATIONS[] = {
    {"write", op_write},         {"stream", op_stream},       {"merge", op_merge},
    {"read", op_read},           {"threads", op_threads},     {"read_features", op_read_features},
    {"write_bar", op_write_bar}, {"latest_bar", op_latest_bar}, {"series", op_series},
};

int main(int argc, char **argv) {
  if (argc < 5) fail("usage: yardstick OPERATION DATABASE SYNCHRONOUS DATA [COUNT]");
  const task task = {argv[2], argv[3], argv[4], argc > 5 ? atoll(argv[5]) : 0};
  for (size_t index = 0; index < sizeof OPERATIONS / sizeof *OPERATIONS; ++index) {
    if (strcmp(OPERATIONS[index].name, argv[1]) == 0) {
      OPERATIONS[index].run(&task);
      return 0;
    }
  }
  fail("no such operation: %s", argv[1]);
}
