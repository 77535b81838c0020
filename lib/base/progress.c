/* SPDX-License-Identifier: MIT */
#include "base/progress.h"

#include "base/signals.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static struct {
    const char *name;
    bool drawing, drawn, asked;
    double started, shown;
} progress;

static double now(void) {
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void progress_name(const char *name) {
    progress.name = name;
}

bool progress_drawing(void) {
    return progress.drawing;
}

void progress_start(bool enabled, bool streams) {
    struct stat status;
    const bool piped = streams && fstat(STDOUT_FILENO, &status) == 0 && S_ISFIFO(status.st_mode);
    progress.drawing = enabled && !piped && isatty(STDERR_FILENO);
    progress.started = progress.shown = now();
}

bool progress_due(void) {
    progress.asked = signals_asked() || progress.asked;
    return progress.asked || (progress.drawing && now() - progress.shown >= 0.2);
}

void progress_show(const char *format, ...) {
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    int length = snprintf(line, sizeof line, "%s: ", progress.name);
    vsnprintf(line + length, sizeof line - (size_t)length, format, arguments);
    va_end(arguments);
    if (progress.asked)
        progress_clear();
    /* Carriage return, the text, and the code that erases the rest of the line. The text is cut, since a line that
     * wrapped could not be erased. */
    fprintf(stderr, progress.asked ? "%s\n" : "\r%.79s\033[K", line);
    fflush(stderr);
    progress.drawn = !progress.asked;
    progress.asked = false;
    progress.shown = now();
}

void progress_items(uint64_t done, uint64_t total) {
    if (!progress_due())
        return;
    double seconds = progress_seconds(), rate = seconds > 0 ? (double)done / seconds : 0;
    if (total > 0 && done > 0 && done <= total)
        progress_show("%" PRIu64 " of %" PRIu64 " items, %.0f/s, %.0f s left", done, total, rate,
                      (double)(total - done) / rate);
    else
        progress_show("%" PRIu64 " items, %.0f/s", done, rate);
}

void progress_clear(void) {
    if (progress.drawn) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
    }
    progress.drawn = false;
}

double progress_seconds(void) {
    return now() - progress.started;
}
