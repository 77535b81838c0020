/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLI_HELP_H
#define BASE_CLI_HELP_H

#include "base/cli.h"

#include <stdio.h>

/* The line that says how the tool is called. */
void cli_help_usage(const struct cli_program *program, FILE *to);

/* The text of --help, on stdout. */
void cli_help_print(const struct cli_program *program);

/* The table that the completions of shells read, on stdout: one row per option, in the table's order, and one for
 * operands. The columns, between tabs: the short option, the long one, what its argument is (none, file, names,
 * text), what --help calls it, the names with spaces between them, and the option's help. "-" stands for what is
 * not there. */
void cli_help_table(const struct cli_program *program);

#endif
