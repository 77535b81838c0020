/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP is only noted, so that the caller can finish its work. A second
 * signal of the three ends the process at once, except within 0.2 seconds after the first: it then counts as the
 * same signal. A signal that was ignored at the start (as a shell does for background jobs) stays ignored. */
void signals_catch_stop(void);

/* From now on a write to a pipe that its reader has closed fails, so that the caller can save hours of work, and
 * remove its temporary files. */
void signals_ignore_pipe(void);

/* The signal that was noted; 0 if there is none. */
int signals_stop(void);

/* For processes that stop together, see base/ranks.h: from now on signals_stop returns the signal that was set, and
 * signals_noted the one that came to this process. */
void signals_stop_together(void);
void signals_set_stop(int number);
int signals_noted(void);

/* Call this when the work is done: from now on signals_stop returns 0. A second signal still ends the process. */
void signals_forget_stop(void);

/* Sets the name of the program for the message of signals_catch_truncation; not owned. */
void signals_name(const char *program);

/* The file `name` is mapped at `memory`. If it becomes shorter, reading it raises SIGBUS: from now on this ends the
 * process with exit status 1 and a message that names the program and the file. */
void signals_catch_truncation(const char *name, const void *memory, size_t bytes);

/* From now on SIGUSR1 asks for the state instead of ending the process. */
void signals_catch_ask(void);

/* True if SIGUSR1 has come since the last call. */
bool signals_asked(void);

#endif
