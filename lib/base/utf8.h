/* SPDX-License-Identifier: MIT */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Characters of UTF-8, RFC 3629: no surrogates, no longer form than needed, nothing above U+10FFFF. */

#define UTF8_MAX ((size_t)4) /* bytes of a character */
#define UTF8_CODES 0x110000u /* code points */

#define UTF8_MARK "\xef\xbb\xbf" /* the byte order mark (BOM), which some programs write before a text */
#define UTF8_MARK_ADVICE "sed '1s/^\\xef\\xbb\\xbf//' removes it"

/* Returns whether the bytes begin with a byte order mark. */
bool utf8_has_mark(const char *text, size_t size);

/* Sets *code to the code point of the character that `size` bytes begin with. Returns the character's bytes; 0 if
 * the bytes begin with none, or only with a part of one. */
size_t utf8_read(const char *text, size_t size, uint32_t *code);

/* Writes the character of a code point, which is one. Returns its bytes. */
size_t utf8_write(uint32_t code, char text[UTF8_MAX]);

#endif
