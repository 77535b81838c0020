/* SPDX-License-Identifier: MIT */
/* The setters that options' entries name, see CLI_FLAG and the others. */
#include "base/cli.h"

#include "base/number.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME 64

/* The long option with its dashes, which begins a message about its argument. */
static const char *name_of(const struct cli_option *o, char text[NAME]) {
    snprintf(text, NAME, "--%s", o->name);
    return text;
}

void cli_set_flag(const struct cli_option *o, void *field, const char *text) {
    (void)o, (void)text;
    *(bool *)field = true;
}

void cli_set_text(const struct cli_option *o, void *field, const char *text) {
    (void)o;
    *(const char **)field = text;
}

/* A text that cannot be the name of a file is a usage error. */
void cli_set_stream(const struct cli_option *o, void *field, const char *text) {
    const size_t length = strlen(text);
    if (length == 0 || text[length - 1] == '/')
        cli_refuse("--%s: found '%s', wanted a file's name", o->name, text);
    cli_set_text(o, field, text);
}

void cli_set_file(const struct cli_option *o, void *field, const char *text) {
    if (strcmp(text, "-") == 0)
        cli_refuse("--%s: found '-', wanted a file's name, not a standard stream", o->name);
    cli_set_stream(o, field, text);
}

void cli_set_whole(const struct cli_option *o, void *field, const char *text) {
    char name[NAME];
    /* A power of two is the end of the numbers that a type holds, one too many. */
    const uint64_t max = o->max >= 0x1p64 ? UINT64_MAX : o->max == 0x1p63 ? INT64_MAX : (uint64_t)o->max;
    if (parse_whole(name_of(o, name), text, (uint64_t)o->min, max, field) < 0)
        cli_usage_error();
}

void cli_set_size(const struct cli_option *o, void *field, const char *text) {
    uint64_t value;
    cli_set_whole(o, &value, text);
    *(size_t *)field = (size_t)value;
}

void cli_set_real(const struct cli_option *o, void *field, const char *text) {
    char name[NAME];
    if (parse_real(name_of(o, name), text, o->min, o->max, field) < 0)
        cli_usage_error();
}

static const char *const on_bad_names[] = {"stop", "report"};

const char *cli_on_bad_name(size_t i) {
    return i < sizeof on_bad_names / sizeof *on_bad_names ? on_bad_names[i] : NULL;
}

int cli_parse_on_bad(void *field, const char *name, const char *text) {
    const int found =
        parse_name(name, text, on_bad_names, sizeof on_bad_names / sizeof *on_bad_names, sizeof *on_bad_names);
    *(bool *)field = found == 1;
    return found < 0 ? -1 : 0;
}

void cli_set_parsed(const struct cli_option *o, void *field, const char *text) {
    char name[NAME];
    const int result = o->parse(field, name_of(o, name), text);
    if (result == CLI_NO_MEMORY)
        exit(cli_finish(result));
    if (result < 0)
        cli_usage_error();
}
