/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include "base/printable.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static _Thread_local char message[ERROR_MESSAGE];
static _Thread_local enum error_cause cause;

int(fail)(const char *format, ...) {
    char text[sizeof message];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    printable_copy(message, sizeof message, text);
    cause = strstr(format, "out of memory") != NULL ? ERROR_MEMORY : ERROR_OTHER;
    return -1;
}

int(fail_system)(const char *name, const char *what) {
    const int reason = errno;
    (void)fail("%s: %s: %s", *name == '\0' ? "''" : name, what, strerror(reason));
    cause = reason == ENOMEM ? ERROR_MEMORY : ERROR_SYSTEM;
    return -1;
}

const char *error_message(void) {
    return message;
}

enum error_cause error_cause(void) {
    return cause;
}
