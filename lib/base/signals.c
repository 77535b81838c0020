/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "base/signals.h"

#include "base/error.h"
#include "base/ranks.h"

#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define TOGETHER 0.2 /* seconds after the first signal in which further signals count as the same one */

static volatile sig_atomic_t stop, asked;
static struct timespec stopped; /* the time of the first signal; used by the handler only */
static bool forgotten;          /* see signals_forget_stop */
static bool together;           /* see signals_stop_together */
static int agreed;              /* the signal that was set */

static double seconds_since(const struct timespec *then) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + 1e-9 * (double)(now.tv_nsec - then->tv_nsec);
}

/* timeout(1) sends its signal twice, to the process and to its group, and other supervisors send two kinds. */
static void note_stop(int number) {
    if (stop == 0) {
        clock_gettime(CLOCK_MONOTONIC, &stopped);
        stop = number;
    } else if (seconds_since(&stopped) >= TOGETHER) {
        signal(number, SIG_DFL);
        raise(number);
    }
}

static void note_ask(int number) {
    (void)number;
    asked = 1;
}

static void catch_unless_ignored(int number) {
    struct sigaction before, action = {.sa_handler = note_stop, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask); /* the handler does not interrupt itself */
    sigaddset(&action.sa_mask, SIGINT);
    sigaddset(&action.sa_mask, SIGTERM);
    sigaddset(&action.sa_mask, SIGHUP);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

void signals_catch_stop(void) {
    catch_unless_ignored(SIGINT);
    catch_unless_ignored(SIGTERM);
    catch_unless_ignored(SIGHUP);
}

void signals_ignore_pipe(void) {
    signal(SIGPIPE, SIG_IGN);
}

int signals_stop(void) {
    return forgotten ? 0 : together ? agreed : stop;
}

int signals_noted(void) {
    return stop;
}

void signals_stop_together(void) {
    together = true;
}

void signals_set_stop(int number) {
    agreed = number;
}

void signals_forget_stop(void) {
    forgotten = true;
}

/* The newest mapping first. None is ever freed, since the handler may walk along them. */
static struct mapping {
    const char *begin, *end;
    struct mapping *older;
    char message[];
} * _Atomic newest;

/* Does only what is allowed in a signal handler: the messages are prepared. Several threads may come here. */
static void end_truncated(int number, siginfo_t *info, void *context) {
    static atomic_flag told = ATOMIC_FLAG_INIT;
    const char *at = info->si_addr;
    const struct mapping *m = newest;
    (void)context;
    while (m != NULL && !(at >= m->begin && at < m->end))
        m = m->older;
    if (m == NULL) {
        /* Not in a mapping: the access is repeated, and ends the process as without this handler. */
        signal(number, SIG_DFL);
        return;
    }
    while (atomic_flag_test_and_set(&told))
        pause();
    (void)!write(ranks_stderr(), m->message, strlen(m->message));
    _exit(1);
}

static const char *program = "vaeutils";

void signals_name(const char *name) {
    program = name;
}

void signals_catch_truncation(const char *name, const void *memory, size_t bytes) {
    struct sigaction action = {.sa_sigaction = end_truncated, .sa_flags = SA_SIGINFO};
    if (ranks_self() > 0)
        (void)fail("rank %zu: %s: became shorter while it was read, wanted it unchanged", ranks_self(), name);
    else
        (void)fail("%s: became shorter while it was read, wanted it unchanged", name);
    const size_t size = strlen(program) + strlen(error_message()) + sizeof ": \n";
    struct mapping *m = malloc(sizeof *m + size);
    if (m == NULL)
        return; /* a file that becomes shorter then ends the process by SIGBUS */
    *m = (struct mapping){.begin = memory, .end = (const char *)memory + bytes, .older = newest};
    snprintf(m->message, size, "%s: %s\n", program, error_message());
    newest = m;
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

void signals_catch_ask(void) {
    struct sigaction action = {.sa_handler = note_ask, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
}

bool signals_asked(void) {
    if (!asked)
        return false;
    asked = 0;
    return true;
}
