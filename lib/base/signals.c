#define _GNU_SOURCE
#include "base/signals.h"

#include <signal.h>
#include <stddef.h>

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
}

int signals_stop(void) {
    return stop;
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
