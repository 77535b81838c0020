/* SPDX-License-Identifier: MIT */
#ifndef BASE_PROGRESS_H
#define BASE_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

/* One line on a terminal's stderr, redrawn at most five times a second. Nothing if stderr is a file, unless
 * SIGUSR1 asks, which is answered with a line of its own. */

/* The tool's name, which opens every line. */
void progress_name(const char *name);

/* Starts the clock. `enabled` false (--quiet) draws nothing unasked; `streams`: stdout carries a stream, so that
 * if it is a pipe the next tool draws. */
void progress_start(bool enabled, bool streams);

/* Whether lines are drawn. */
bool progress_drawing(void);

/* True if a line is due now: cheap enough to ask at every step. */
bool progress_due(void);

/* Draws the line, or prints it if it was asked for. */
void progress_show(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* For a loop over `total` items (0: unknown): shows items done, rate and time left if a line is due. */
void progress_items(uint64_t done, uint64_t total);

/* Takes the line away: before any other message, and at the end. */
void progress_clear(void);

/* Seconds since progress_start. */
double progress_seconds(void);

#endif
