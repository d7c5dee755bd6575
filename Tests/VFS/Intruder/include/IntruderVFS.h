// SPDX-License-Identifier: MIT
#ifndef INTRUDER_VFS_H
#define INTRUDER_VFS_H

// A layer over SQLite's default VFS that lets a test act in the middle of what SQLite does to a database file: as
// another process might, at the worst time, but at the same one in each run.

// Makes the layer SQLite's default VFS, once and for the rest of the process. Returns an SQLite result code.
int intruder_vfs_install(void);

// From now on, and until the end, `intrude(context)` runs before each operation on the database file, or the -wal, at
// `path` (absolute, links resolved) that comes from the calling thread, from the n-th (from 1) on. Files that were opened before
// the installation are left alone, and so is what `intrude` itself does.
void intruder_vfs_begin(const char *path, int n, void (*intrude)(void *context), void *context);

// Ends it. Returns how many operations there were.
int intruder_vfs_end(void);

#endif
