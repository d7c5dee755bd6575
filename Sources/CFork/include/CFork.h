// SPDX-License-Identifier: MIT
#ifndef CFORK_H
#define CFORK_H

#include <stdbool.h>
#include <sys/stat.h>

// What a forked child must know about the file descriptors that it inherited, and the system calls that SQLite makes in
// such a child.
//
// SQLite keeps a table of the files that its process has open, by device and inode, with the locks that each connection
// holds on them (os_unix.c: unixInodeInfo, unixShmNode). fork() copies that table, but not the locks (fcntl(2)). A
// connection that the child opens would find the file there, believe in locks that are its parent's, and take none of
// its own. So SQLite is shown another device for such a file in the child, and makes a new entry.
//
// The inherited descriptors must be left alone, too: locks belong to the process and the file, whatever the descriptor.
// To unlock or close one of the parent's would drop those that the child has taken.

typedef void (*cfork_function)(void);

// One of SQLite's system calls, by the name that xSetSystemCall() knows it by, and what is called in its place.
typedef struct {
  const char *name;
  cfork_function replacement;
} cfork_replacement;

enum { cfork_replacements = 8 };
cfork_replacement cfork_entry(int index);

// Says what was called before the replacement takes its place. Before it does.
void cfork_set_own(int index, cfork_function own);

// In a child, right after fork(): takes note of the descriptors of files that it has inherited. Without the memory or the
// /proc for that, cfork_inherits() is true for every file.
void cfork_note_inherited(void);

// Whether cfork_note_inherited() was called in this process, or one that it comes from.
bool cfork_is_child(void);

// Whether the process that forked had the file open. SQLite's table is of the time of the fork: it does not matter whether somebody
// has closed the descriptors since, as a daemon does.
bool cfork_inherits(dev_t device, ino_t inode);

// Whether a descriptor is an inherited one.
bool cfork_is_inherited(int descriptor);

// From now on SQLite leaves the inherited descriptors of the file as they are: it neither closes them, nor locks or
// unlocks or writes by them.
void cfork_keep(dev_t device, ino_t inode);

// From now on SQLite sees the file on another device, in this process. False if there is no memory for that. Not to be
// called by two threads at once.
bool cfork_isolate(dev_t device, ino_t inode);

// Whether cfork_isolate() was called for the file since the last fork().
bool cfork_is_isolated(dev_t device, ino_t inode);

#endif
