/* folder.h: the folder in which a worker's runs take place. It is laid out before each and looked over after it.
 * SPDX-License-Identifier: MIT
 */
#ifndef FOLDER_H
#define FOLDER_H

#include <stdbool.h>

#include "steps.h"

extern char store_path[], backup_path[];

/* Makes a new folder, in memory where there is such a place, whose files the disk's faults concern. */
void make_folder(void);
void remove_folder(void);

/* Leaves in the folder what the step begins with, and nothing else. */
void lay_out(const step *step);

typedef struct findings {
  bool has_backup;
  bool has_litter; /* anything but the store and the backup */
} findings;
findings look_over(void);

/* Where the test itself cannot go on. */
_Noreturn void give_up(const char *what);

#endif
