/* faults.h: everything that the disk or the memory refuses, one refusal at a time.
 * SPDX-License-Identifier: MIT
 */
#ifndef FAULTS_H
#define FAULTS_H

#include <stdbool.h>
#include <stdint.h>

/* A kind of refusal. The n-th operation of this kind fails, once or with all that follow. */
typedef struct fault {
  const char *name;
  void (*arm)(const struct fault *fault, int n, bool for_good);
  void (*disarm)(void);
  int (*met)(void);    /* operations of this kind since arming */
  int (*failed)(void); /* of them failed */
  int32_t status;      /* what a call says that meets it */
  int operations;      /* for the disk: FAULT_ bits and SQLite's result code */
  int result_code;
} fault;

extern const fault faults[];
extern const int fault_count;

/* Puts our layers below SQLite and below malloc; before anything else uses SQLite. */
void install_faults(void);

/* The disk's faults concern files below this folder, with its slash at the end. */
void watch_folder(const char *folder);

#endif
