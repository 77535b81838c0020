/* SPDX-License-Identifier: MIT */
#include "base/printable.h"

#include <stdbool.h>
#include <string.h>

/* Bytes of the character at `p` that a terminal only shows: printable ASCII, or well-formed UTF-8 beyond the C1
 * controls. 0 if it is anything else. */
static size_t shown(const char *p) {
    const unsigned char *c = (const unsigned char *)p;
    if (c[0] >= 0x20 && c[0] < 0x7f)
        return 1;
    const size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xe0 && c[1] < 0xa0) ||
        (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return length;
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
