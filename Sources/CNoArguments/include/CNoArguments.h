// SPDX-License-Identifier: MIT
#ifndef C_NO_ARGUMENTS_H
#define C_NO_ARGUMENTS_H

// Where the Swift runtime that is linked into the C library asks for the program's arguments. A library has none.
//
// The runtime's own answer is made when the library is loaded: it reads /proc/self/maps to the end, where the stack is.
// In a Python with pandas that takes a millisecond, a tenth of the time to import and open. Nothing here asks.
// (swift/stdlib/public/stubs/CommandLine.cpp)

char **_swift_stdlib_getUnsafeArgvArgc(int *count);
void _swift_stdlib_overrideUnsafeArgvArgc(char **arguments, int count);

#endif
