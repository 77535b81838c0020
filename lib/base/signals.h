#ifndef BASE_SIGNALS_H
#define BASE_SIGNALS_H

#include <stdbool.h>
#include <stddef.h>

/* From now on the first SIGINT, SIGTERM or SIGHUP is only noted, for the caller to finish what it does; a second
 * one, of the three whichever, ends the process at once, unless it comes within 0.2 seconds of the first: it then
 * belongs to it. One that was ignored at the start (as a shell does for background jobs) stays so. SIGPIPE is
 * ignored: a log's reader that leaves must not take hours of work with it. */
void signals_catch_stop(void);

/* The signal noted, 0 where none was. */
int signals_stop(void);

/* The work is done: from now on signals_stop returns 0. The second signal still ends the process at once. */
void signals_forget_stop(void);

/* From now on SIGBUS, which a mapped file sends that has become shorter, ends the process with exit status 1 and a
 * message that names the program and the file, mapped at `memory`. At most 4 files are told apart. */
void signals_catch_truncation(const char *name, const void *memory, size_t bytes);

/* From now on SIGUSR1 asks for the state instead of ending the process. */
void signals_catch_ask(void);

/* True once for each time (or burst of times) that the state was asked for. */
bool signals_asked(void);

#endif
