#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];

/* Bytes of the character at `p` that a terminal only shows: printable ASCII, or well-formed UTF-8 beyond the C1
 * controls. 0 where it is anything else. */
static size_t printable(const char *p) {
    const unsigned char *c = (const unsigned char *)p;
    if (c[0] >= 0x20 && c[0] < 0x7f)
        return 1;
    const size_t length = c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : 2;
    if (c[0] < 0xc2 || c[0] > 0xf4 || (c[0] == 0xc2 && c[1] < 0xa0) || (c[0] == 0xe0 && c[1] < 0xa0) ||
        (c[0] == 0xf0 && c[1] < 0x90))
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((c[i] & 0xc0) != 0x80)
            return 0;
    return length;
}

static void keep_printable(const char *text) {
    size_t used = 0;
    while (*text != '\0' && used + 5 < sizeof message) {
        size_t length = printable(text);
        if (length == 0)
            used += (size_t)snprintf(message + used, 5, "\\x%02x", (unsigned)(unsigned char)*text++);
        for (; length > 0; length--)
            message[used++] = *text++;
    }
    message[used] = '\0';
}

int(fail)(const char *format, ...) {
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep_printable(text);
    return -1;
}

int(fail_system)(const char *name, const char *what) {
    return fail("%s: %s: %s", name, what, strerror(errno));
}

const char *error_message(void) {
    return message;
}
