/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLI_HELP_H
#define BASE_CLI_HELP_H

#include "base/cli.h"

#include <stdio.h>

/* The line that says how the tool is called. */
void cli_help_usage(const struct cli_program *program, FILE *to);

/* The text of --help, on stdout. */
void cli_help_print(const struct cli_program *program);

#endif
