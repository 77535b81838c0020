/* SPDX-License-Identifier: MIT */
#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP is only noted, so that the caller can finish its work. A second
 * one, any of the three, ends the process at once, except within 0.2 seconds after the first: it then counts as the
 * same signal. One that was ignored at the start (as a shell does for background jobs) stays ignored. */
void signals_catch_stop(void);

/* From now on a write to a pipe that its reader has closed fails, so that the caller can save hours of work, and
 * remove its temporary files. */
void signals_ignore_pipe(void);

/* The signal noted, 0 if none was. */
int signals_stop(void);

/* Called when the work is done: from now on signals_stop returns 0. A second signal still ends the process at once.
 */
void signals_forget_stop(void);

/* From now on SIGBUS, which a mapped file sends that has become shorter, ends the process with exit status 1 and a
 * message that names the program and the file, mapped at `memory`. At most 4 files are told apart. */
void signals_catch_truncation(const char *name, const void *memory, size_t bytes);

/* From now on SIGUSR1 asks for the state instead of ending the process. */
void signals_catch_ask(void);

/* True once for each time (or burst of times) that the state was asked for. */
bool signals_asked(void);

#endif
