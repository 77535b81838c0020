#include "base/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[1024];

/* C0 and DEL as one byte; C1 as UTF-8 writes it, 0xc2 and a byte below 0xa0. */
static int is_control(const char *p) {
    unsigned char c = (unsigned char)p[0], next = (unsigned char)p[1];
    return c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next < 0xa0);
}

static void keep_printable(const char *text) {
    size_t used = 0;
    for (; *text != '\0' && used + 5 < sizeof message; text++) {
        if (is_control(text))
            used += (size_t)snprintf(message + used, 5, "\\x%02x", (unsigned)(unsigned char)*text);
        else
            message[used++] = *text;
    }
    message[used] = '\0';
}

int fail(const char *format, ...) {
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    keep_printable(text);
    return -1;
}

int fail_system(const char *name, const char *what) {
    return fail("%s: %s: %s", name, what, strerror(errno));
}

const char *error_message(void) {
    return message;
}
