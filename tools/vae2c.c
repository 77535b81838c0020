/* SPDX-License-Identifier: MIT */
/* vae2c: the decoder or the encoder of a model as a C file. */
#include "base/cli.h"
#include "export/c_source.h"

#include <stdio.h>

struct options {
    struct cli_common common; /* model and quiet are used */
    const char *name;
    bool header;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {0, "name", "PREFIX", "vae", "begin the names of functions and constants with PREFIX",
     CLI_PARSE(c_name_parse, name)},
    {0, "header", NULL, NULL, "write the declarations only, as a header file", CLI_FLAG(header)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae2c",
    "-m FILE [--name PREFIX] [--header] [-q] decoder | encoder",
    "Writes the decoder or the encoder of a model as a C99 file that needs no library.",
    options,
    1,
    "vae2c -m model.bin decoder > decoder.c",
    .operands = export_part,
};

static int run(const struct options *o, const char *part) {
    struct export e;
    int result = export_open(&e, o->common.model, part);
    if (result == 0)
        result = c_source_write(&e, o->name, o->header, stdout);
    export_close(&e);
    return result;
}

int main(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    const char *part = *cli_operands(1);
    if (export_check_part(part) < 0)
        cli_usage_error();
    return cli_finish(run(&o, part));
}
