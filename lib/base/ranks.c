/* SPDX-License-Identifier: MIT */
/* A process that is alone. */
#include "base/ranks.h"

#include <unistd.h>

void ranks_start(int *argc, char ***argv) {
    (void)argc, (void)argv;
}

int ranks_go(const char *version, const char *options) {
    (void)version, (void)options;
    return 0;
}

void ranks_end(void) {
}

int ranks_stderr(void) {
    return STDERR_FILENO;
}

size_t ranks_count(void) {
    return 1;
}

size_t ranks_self(void) {
    return 0;
}

size_t ranks_here(void) {
    return 1;
}

int ranks_agree(int result) {
    return result < 0 ? -1 : 0;
}

void ranks_share(void *data, size_t bytes) {
    (void)data, (void)bytes;
}

bool ranks_decide(bool decision) {
    return decision;
}

void ranks_gather(void *records, size_t bytes) {
    (void)records, (void)bytes;
}

size_t ranks_piece(size_t size, size_t rank) {
    return rank == 0 ? 0 : size;
}

void ranks_scatter_pieces(const float *numbers, size_t size, float *pieces) {
    (void)numbers, (void)size, (void)pieces;
}

void ranks_gather_pieces(float *numbers, size_t size) {
    (void)numbers, (void)size;
}
