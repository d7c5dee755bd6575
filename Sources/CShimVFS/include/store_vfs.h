// SPDX-License-Identifier: MIT
#ifndef STORE_VFS_H
#define STORE_VFS_H

// The shim VFS of the store's own connections. It stands before whatever is SQLite's default VFS as a connection is
// opened, and passes everything on but for what a connection has switched on for its files.

#include "shim_vfs.h"

// The name to open a connection with. NULL if memory ran out, or if SQLite has no default VFS.
//
// It is registered, and never the default itself. The name is this copy's of the library alone: another copy in the process
// may lay out its files otherwise.
const char *store_vfs_name(void);

// From now on a file of that VFS has `methods`, with `owner` in it. 0 where it is another VFS's, or has been switched on
// already.
int store_vfs_switch_on(sqlite3_file *file, const shim_methods *methods, void *owner);

// From now on it passes everything on again.
void store_vfs_switch_off(sqlite3_file *file);

#endif
