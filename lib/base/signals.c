#define _GNU_SOURCE
#include "base/signals.h"

#include "base/error.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t stop, asked;

static void note_stop(int number) {
    stop = number;
}

static void note_ask(int number) {
    (void)number;
    asked = 1;
}

static void catch_unless_ignored(int number) {
    struct sigaction before, action = {.sa_handler = note_stop, .sa_flags = SA_RESTART | (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    if (sigaction(number, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(number, &action, NULL);
}

void signals_catch_stop(void) {
    catch_unless_ignored(SIGINT);
    catch_unless_ignored(SIGTERM);
    signal(SIGPIPE, SIG_IGN);
}

int signals_stop(void) {
    return stop;
}

static char truncation[512];

/* Only what a signal handler may do: nothing can be said of where it happened. Several threads may come here. */
static void end_truncated(int number) {
    static atomic_flag told = ATOMIC_FLAG_INIT;
    (void)number;
    while (atomic_flag_test_and_set(&told))
        pause();
    (void)!write(STDERR_FILENO, truncation, strlen(truncation));
    _exit(1);
}

void signals_catch_truncation(const char *name) {
    struct sigaction action = {.sa_handler = end_truncated};
    sigemptyset(&action.sa_mask);
    fail("%s: became shorter while it was read, wanted it unchanged", name);
    snprintf(truncation, sizeof truncation, "%s: %s\n", program_invocation_short_name, error_message());
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
