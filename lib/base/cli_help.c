/* SPDX-License-Identifier: MIT */
#include "base/cli_help.h"

void cli_help_usage(const struct cli_program *program, FILE *to) {
    fprintf(to, "Usage: %s %s\n", program->name, program->synopsis);
}

static void print_option(const struct cli_option *o) {
    char left[64];
    const char *argument = o->argument == NULL ? "" : o->argument;
    if (o->key != 0)
        snprintf(left, sizeof left, "-%c, --%s %s", o->key, o->name, argument);
    else
        snprintf(left, sizeof left, "    --%s %s", o->name, argument);
    printf("  %-26s %s", left, o->help);
    printf(o->initial == NULL ? "\n" : " (default %s)\n", o->initial);
}

static void print_group(const struct cli_program *program, unsigned heading) {
    if (program->headings != NULL)
        printf("%s:\n", program->headings[heading]);
    for (const struct cli_option *o = program->options; o->name != NULL; o++)
        if (o->heading == heading)
            print_option(o);
    printf("\n");
}

void cli_help_print(const struct cli_program *program) {
    cli_help_usage(program, stdout);
    printf("%s\n\n", program->summary);
    for (unsigned i = 1; program->headings != NULL && program->headings[i] != NULL; i++)
        print_group(program, i);
    print_group(program, 0);
    printf("Example:\n  %s\n", program->example);
}

/* Prints the last columns of a row: what an argument or operand is, its name in --help, and its names, or "-". */
static void print_argument(const char *kind, const char *called, const char *(*names)(size_t i), const char *help) {
    printf("\t%s\t%s\t", kind, called == NULL ? "-" : called);
    if (names == NULL || names(0) == NULL)
        printf("-");
    for (size_t i = 0; names != NULL && names(i) != NULL; i++)
        printf("%s%s", i == 0 ? "" : " ", names(i));
    printf("\t%s\n", help);
}

static const char *argument_kind(const struct cli_option *o) {
    if (o->argument == NULL)
        return "none";
    if (o->names != NULL)
        return "names";
    return o->set == cli_set_file || o->set == cli_set_stream ? "file" : "text";
}

void cli_help_table(const struct cli_program *program) {
    for (const struct cli_option *o = program->options; o->name != NULL; o++) {
        const char letter[] = {'-', (char)o->key, '\0'};
        printf("%s\t--%s", letter, o->name);
        print_argument(argument_kind(o), o->argument, o->names, o->help);
    }
    printf("-\t-");
    print_argument(program->operands == NULL ? "file" : "names", NULL, program->operands, "-");
}
