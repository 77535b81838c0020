/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[ERROR_MESSAGE];

int(fail)(const char *format, ...) {
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printable_copy(message, sizeof message, text);
    return -1;
}

int(fail_system)(const char *name, const char *what) {
    return fail("%s: %s: %s", *name == '\0' ? "''" : name, what, strerror(errno));
}

const char *error_message(void) {
    return message;
}
