/* SPDX-License-Identifier: MIT */
#ifndef BASE_RANKS_H
#define BASE_RANKS_H

#include <stdbool.h>
#include <stddef.h>

/* The processes that work on one task together, numbered by their rank. All of them call the functions below in the
 * same order, one at a time, on any thread. vae-train-mpi has as many as MPI has started (ranks_mpi.c); every other
 * program is alone (ranks.c), and the functions do nothing. Rank 0 reads standard input, writes the files, and
 * prints. A rank that ends without the others, or does not answer, ends all of them with a message that names it.
 */

/* Joins the others, and takes MPI's arguments away. The other ranks wait until rank 0 has read its command line,
 * and end if it does. Call it first. */
void ranks_start(int *argc, char ***argv);

/* Called when the command line has been read. Checks that all ranks have the same `version` and `options`. From now
 * on only rank 0 prints. 0 or -1. */
int ranks_go(const char *version, const char *options) __attribute__((warn_unused_result));

/* Called before the program ends: waits for the others. */
void ranks_end(void);

/* Returns the descriptor of standard error, also on a rank that does not print; for a message with which the
 * process ends at once. */
int ranks_stderr(void);

size_t ranks_count(void);
size_t ranks_self(void);

/* Returns how many of the ranks are on this machine. */
size_t ranks_here(void);

/* Takes every rank's `result`. Returns 0 if none is negative; else -1, with the message of the first rank with one.
 * The signals that came to any rank are those of all from now on, see signals_stop. */
int ranks_agree(int result) __attribute__((warn_unused_result));

/* Gives every rank the bytes of rank 0. */
void ranks_share(void *data, size_t bytes);

/* Returns what rank 0 has decided. */
bool ranks_decide(bool decision);

/* Gives every rank the records of all: that of rank i, of `bytes` bytes, is at i * bytes. */
void ranks_gather(void *records, size_t bytes);

/* Numbers [size] are cut into a piece for each rank. Returns the first number of piece `rank`; that of
 * ranks_count() is their end. */
size_t ranks_piece(size_t size, size_t rank);

/* Writes this rank's piece of every rank's `numbers` [size], one after another, to `pieces`. */
void ranks_scatter_pieces(const float *numbers, size_t size, float *pieces);

/* Gives every rank the pieces that each rank has in its own place of `numbers` [size]. */
void ranks_gather_pieces(float *numbers, size_t size);

#endif
