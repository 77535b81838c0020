/* SPDX-License-Identifier: MIT */
#include "base/printable.h"

#include "base/utf8.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of the character at `p` that a terminal only shows: one that is no control character. 0 if it is anything
 * else. */
static size_t shown(const char *p) {
    uint32_t code;
    const size_t length = utf8_read(p, strnlen(p, UTF8_MAX), &code);
    return length > 0 && (code < 0x20 || (code >= 0x7f && code < 0xa0)) ? 0 : length;
}

#define PIECE 5 /* bytes of a character as it is shown, including the final 0 */

/* Writes the next character, as it is shown, to piece; false at the end of the text. */
static bool next_piece(const char **text, char piece[PIECE]) {
    const size_t length = shown(*text);
    if (**text == '\0')
        return false;
    if (length > 0) {
        memcpy(piece, *text, length);
        piece[length] = '\0';
    } else {
        snprintf(piece, PIECE, "\\x%02x", (unsigned)(unsigned char)**text);
    }
    *text += length > 0 ? length : 1;
    return true;
}

void printable_copy(char *to, size_t size, const char *text) {
    char piece[PIECE];
    for (*to = '\0'; next_piece(&text, piece) && strlen(piece) < size; size -= strlen(piece), to += strlen(piece))
        memcpy(to, piece, strlen(piece) + 1);
}

void printable_print(FILE *to, const char *text) {
    char piece[PIECE];
    while (next_piece(&text, piece))
        fputs(piece, to);
}
