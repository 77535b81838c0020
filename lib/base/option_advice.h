/* SPDX-License-Identifier: MIT */
#ifndef BASE_OPTION_ADVICE_H
#define BASE_OPTION_ADVICE_H

#include "base/cli.h"

/* Advice for an option that a tool does not have: the option that was probably meant. */

/* The tool's option that was probably meant by `name`, the name of a long option, `length` bytes: an option that it
 * abbreviates, an option whose name differs by a typing error, or an option that has this name in other programs.
 * NULL: no such option. */
const struct cli_option *option_advice_long(const struct cli_program *program, const char *name, size_t length);

/* The same for the letter of a short option. */
const struct cli_option *option_advice_short(const struct cli_program *program, char letter);

/* True if other programs use this name for the option that names the output file, and the tool writes to standard
 * output. */
bool option_advice_is_output(const struct cli_program *program, const char *name, size_t length);

#endif
