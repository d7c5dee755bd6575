// SPDX-License-Identifier: MIT
#include "CNoArguments.h"

char **_swift_stdlib_getUnsafeArgvArgc(int *count) {
  static char *none[] = {0};
  *count = 0;
  return none;
}

void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count) {
  (void)arguments;
  (void)count;
}
