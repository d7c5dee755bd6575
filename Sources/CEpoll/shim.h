// SPDX-License-Identifier: MIT
// What Swift's module of glibc leaves out.
#include <sys/epoll.h>
