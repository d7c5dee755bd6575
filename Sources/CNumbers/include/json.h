// SPDX-License-Identifier: MIT
// JSON at a glance.
#ifndef CNUMBERS_JSON_H
#define CNUMBERS_JSON_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Whether a text is one JSON value of ASCII alone, without escapes, of at most 64 levels, with any white space. 0 of others
/// that are JSON, too: those are for the scanner that says what is wrong.
int32_t cnumbers_is_plain_json(const uint8_t *_Nonnull text, size_t count);

#ifdef __cplusplus
}
#endif

#endif
