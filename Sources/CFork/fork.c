// SPDX-License-Identifier: MIT
#include "CFork.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

// A descriptor that was open at the fork, and the file that it led to.
typedef struct {
  dev_t device;
  ino_t inode;
  int descriptor;
  // Whether SQLite must leave it alone.
  atomic_bool is_kept;
} inherited;

// A file that SQLite sees on another device.
typedef struct file {
  struct file *next;
  dev_t device;
  ino_t inode;
  unsigned generation;
} file;

// How many forks lie between this process and the one that loaded the library.
static unsigned generation;
static inherited *inherited_list;
static int inherited_count;
static bool is_list_complete = true;
// Only ever grows at its head, so that it is read without a lock.
static _Atomic(file *) isolated;

// MARK: What was inherited

static bool leads_to(const inherited *known) {
  struct stat status;
  return fstat(known->descriptor, &status) == 0 && status.st_dev == known->device && status.st_ino == known->inode;
}

static bool note(int descriptor, int *room) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || !S_ISREG(status.st_mode)) return true;
  if (inherited_count == *room) {
    int more = *room ? *room * 2 : 32;
    inherited *list = realloc(inherited_list, (size_t)more * sizeof *list);
    if (!list) return false;
    inherited_list = list;
    *room = more;
  }
  inherited *entry = &inherited_list[inherited_count++];
  entry->device = status.st_dev;
  entry->inode = status.st_ino;
  entry->descriptor = descriptor;
  atomic_init(&entry->is_kept, false);
  return true;
}

void cfork_note_inherited(void) {
  generation += 1;
  // The list of the parent, where that was a child itself, stays: another of its threads may have been reading it.
  inherited_list = NULL;
  inherited_count = 0;
  int room = 0;
  DIR *folder = opendir("/proc/self/fd");
  is_list_complete = folder != NULL;
  if (!folder) return;
  for (struct dirent *entry; (entry = readdir(folder));) {
    char *end;
    long descriptor = strtol(entry->d_name, &end, 10);
    if (end == entry->d_name || *end) continue;
    if (!note((int)descriptor, &room)) is_list_complete = false;
  }
  closedir(folder);
}

bool cfork_is_child(void) { return generation > 0; }

bool cfork_inherits(dev_t device, ino_t inode) {
  if (!is_list_complete) return true;
  for (int i = 0; i < inherited_count; i++) {
    const inherited *known = &inherited_list[i];
    if (known->device == device && known->inode == inode) return true;
  }
  return false;
}

bool cfork_is_inherited(int descriptor) {
  for (int i = 0; i < inherited_count; i++) {
    if (inherited_list[i].descriptor == descriptor) return leads_to(&inherited_list[i]);
  }
  return false;
}

// MARK: What SQLite sees

static const file *isolated_file(dev_t device, ino_t inode) {
  for (const file *known = atomic_load(&isolated); known; known = known->next) {
    // The newest stands first.
    if (known->device == device && known->inode == inode) return known;
  }
  return NULL;
}

bool cfork_is_isolated(dev_t device, ino_t inode) {
  const file *known = isolated_file(device, inode);
  return known && known->generation == generation;
}

bool cfork_isolate(dev_t device, ino_t inode) {
  file *entry = malloc(sizeof *entry);
  if (!entry) return false;
  *entry = (file){.next = atomic_load(&isolated), .device = device, .inode = inode, .generation = generation};
  atomic_store(&isolated, entry);
  return true;
}

void cfork_keep(dev_t device, ino_t inode) {
  for (int i = 0; i < inherited_count; i++) {
    inherited *known = &inherited_list[i];
    if (known->device == device && known->inode == inode && leads_to(known)) atomic_store(&known->is_kept, true);
  }
}

static inherited *kept(int descriptor) {
  for (int i = 0; i < inherited_count; i++) {
    inherited *known = &inherited_list[i];
    if (known->descriptor == descriptor && atomic_load(&known->is_kept)) return known;
  }
  return NULL;
}

// MARK: The system calls

enum { call_open, call_close, call_stat, call_fstat, call_fcntl, call_write, call_pwrite, call_pwrite64 };

typedef int (*open_function)(const char *, int, int);
typedef int (*close_function)(int);
typedef int (*stat_function)(const char *, struct stat *);
typedef int (*fstat_function)(int, struct stat *);
typedef int (*fcntl_function)(int, int, ...);
typedef ssize_t (*write_function)(int, const void *, size_t);
typedef ssize_t (*pwrite_function)(int, const void *, size_t, off_t);

static cfork_function own[cfork_replacements];

void cfork_set_own(int index, cfork_function function) { own[index] = function; }

static void show_other_device(struct stat *status) {
  const file *known = isolated_file(status->st_dev, status->st_ino);
  // The upper half: with SQLITE_SHM_DIRECTORY, SQLite names a file after the lower one.
  if (known) status->st_dev ^= (dev_t)known->generation << 40;
}

static int open_in_child(const char *path, int flags, int mode) {
  int descriptor = ((open_function)own[call_open])(path, flags, mode);
  // Somebody has closed the inherited one of that number.
  inherited *known = descriptor >= 0 ? kept(descriptor) : NULL;
  if (known) atomic_store(&known->is_kept, false);
  return descriptor;
}

static int close_in_child(int descriptor) {
  return kept(descriptor) ? 0 : ((close_function)own[call_close])(descriptor);
}

static int stat_in_child(const char *path, struct stat *status) {
  int result = ((stat_function)own[call_stat])(path, status);
  if (result == 0) show_other_device(status);
  return result;
}

static int fstat_in_child(int descriptor, struct stat *status) {
  int result = ((fstat_function)own[call_fstat])(descriptor, status);
  if (result == 0) show_other_device(status);
  return result;
}

// All that SQLite passes is a pointer or an int.
static int fcntl_in_child(int descriptor, int command, void *argument) {
  if (command == F_SETLK && kept(descriptor)) {
    if (((const struct flock *)argument)->l_type == F_UNLCK) return 0;
    errno = EAGAIN;
    return -1;
  }
  return ((fcntl_function)own[call_fcntl])(descriptor, command, argument);
}

static ssize_t refuse(void) {
  errno = EBADF;
  return -1;
}

static ssize_t write_in_child(int descriptor, const void *bytes, size_t count) {
  return kept(descriptor) ? refuse() : ((write_function)own[call_write])(descriptor, bytes, count);
}

static ssize_t pwrite_in_child(int descriptor, const void *bytes, size_t count, off_t offset) {
  return kept(descriptor) ? refuse() : ((pwrite_function)own[call_pwrite])(descriptor, bytes, count, offset);
}

static ssize_t pwrite64_in_child(int descriptor, const void *bytes, size_t count, off_t offset) {
  return kept(descriptor) ? refuse() : ((pwrite_function)own[call_pwrite64])(descriptor, bytes, count, offset);
}

static const cfork_replacement replacements[cfork_replacements] = {
    [call_open] = {"open", (cfork_function)open_in_child},
    [call_close] = {"close", (cfork_function)close_in_child},
    [call_stat] = {"stat", (cfork_function)stat_in_child},
    [call_fstat] = {"fstat", (cfork_function)fstat_in_child},
    [call_fcntl] = {"fcntl", (cfork_function)fcntl_in_child},
    [call_write] = {"write", (cfork_function)write_in_child},
    [call_pwrite] = {"pwrite", (cfork_function)pwrite_in_child},
    [call_pwrite64] = {"pwrite64", (cfork_function)pwrite64_in_child},
};

cfork_replacement cfork_entry(int index) { return replacements[index]; }
