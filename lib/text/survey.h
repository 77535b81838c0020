/* SPDX-License-Identifier: MIT */
#ifndef TEXT_SURVEY_H
#define TEXT_SURVEY_H

#include "text/tokens.h"
#include "text/units.h"

/* The first read of a text that is read twice. */

struct survey {
    size_t most;    /* set by the caller: a longer line is refused; 0: there is no limit */
    size_t longest; /* tokens of the longest line */
    uint64_t lines;
};

/* Counts the lines and their tokens, and goes back to the text's beginning. 0 or -1. */
int survey_tokens(struct survey *survey, struct units *units, const struct tokens *tokens)
    __attribute__((warn_unused_result));

/* Sets a vocabulary to all characters, or bytes, that occur in the text, sorted by their codes. Also does what
 * survey_tokens does. 0, or -1 with nothing to be freed. */
int survey_vocabulary(struct survey *survey, struct units *units, bool by_bytes, struct tokens *tokens)
    __attribute__((warn_unused_result));

#endif
