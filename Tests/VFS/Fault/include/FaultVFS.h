// SPDX-License-Identifier: MIT
#ifndef FAULT_VFS_H
#define FAULT_VFS_H

// A layer over SQLite's default VFS that makes file operations fail on demand, for tests.
//
// It acts only on files whose path begins with the armed prefix, so that other tests of the process are
// left alone. One fault is armed at a time.

enum {
  FAULT_READ = 1,
  FAULT_WRITE = 2,
  FAULT_TRUNCATE = 4,
  FAULT_SYNC = 8,
  FAULT_OPEN = 16,
  FAULT_SIZE = 32,     // asking for a file's size
  FAULT_LOCK = 64,     // taking a lock on the database file
  FAULT_UNLOCK = 128,  // giving it back: it is given back, and fails nevertheless
  FAULT_SHM_LOCK = 256,
  FAULT_SHM_MAP = 512,
  FAULT_DELETE = 1024,
  FAULT_ACCESS = 2048, // asking whether a file exists
};

// Makes the layer SQLite's default VFS, once and for the rest of the process. Returns an SQLite result code.
int fault_vfs_install(void);

// From now on the n-th (from 1) of `operations` (FAULT_ bits, or-ed) on a file below `prefix` fails with
// `result_code`: once, or with `for_good` that one and all that follow. Syncs of these files do not reach the
// disk, also after the fault has ended: no test pulls the plug.
void fault_vfs_arm(const char *prefix, int operations, int n, int result_code, int for_good);

// Ends it. Returns how many operations failed.
int fault_vfs_disarm(void);

// How many of the armed operations there have been since they were armed, failed or not.
int fault_vfs_operations(void);

#endif
