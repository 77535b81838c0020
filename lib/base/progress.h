/* SPDX-License-Identifier: MIT */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* A line of progress on stderr, redrawn at most five times a second. It is drawn only if stderr is a terminal.
 * After SIGUSR1 the state is printed once as a separate line, also if nothing is drawn. */

/* Sets the tool's name, which begins every line; not copied. */
void progress_name(const char *name);

/* Starts the clock. If `enabled` is false (--quiet), only SIGUSR1 prints the state. `streams`: stdout carries a
 * stream; if it is a pipe, nothing is drawn, since the next tool draws. */
void progress_start(bool enabled, bool streams);

/* True if lines are drawn. */
bool progress_drawing(void);

/* True if a line is due now. It is cheap enough for a call at every step. */
bool progress_due(void);

/* Draws the line, or prints it if SIGUSR1 asked for it. */
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a loop over `total` items (0: unknown): shows items done, rate and time left if a line is due. */
void progress_items(uint64_t done, uint64_t total);

/* Removes the line. Call it before any other message, and at the end. */
void progress_clear(void);

/* Seconds since progress_start. */
double progress_seconds(void);

#endif
