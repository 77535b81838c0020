/* SPDX-License-Identifier: MIT */
#ifndef NN_JSON_TEXT_H
#define NN_JSON_TEXT_H

#include <jansson.h>
#include <stddef.h>

/* JSON text, RFC 8259, and values of jansson. jansson's own reader and writer do not look everywhere whether a
 * buffer could grow: without memory they read beyond it, or leave something out. These report each allocation that
 * fails. */

#define JSON_TEXT_DEPTH 64 /* values within each other that are read, at most */

/* Reads the object or array that the text is; text[length] must be 0, and the text is overwritten. A key comes once
 * in an object, strings are UTF-8 without \u0000, and whole numbers have at most 64 bits. Returns a new reference;
 * NULL with a message that begins with `name`. */
json_t *json_read(char *text, size_t length, const char *name);

/* Returns the text of a value, to be freed by the caller, or NULL without a message if memory runs out. `flags` are
 * those of json_dumps. */
char *json_text(const json_t *value, size_t flags);

/* Returns an upper bound on the values in a JSON text: each one follows a comma, or is the first one after a
 * bracket or a brace. */
size_t json_count_values(const char *text, size_t length);

#endif
