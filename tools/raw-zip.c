/* SPDX-License-Identifier: MIT */
/* raw-zip: the items of several streams in turn, as one stream. */
#include "base/cli.h"
#include "base/progress.h"
#include "stream/interleave.h"

#include <string.h>

struct options {
    struct cli_common common; /* quiet alone is used */
    size_t run;
};

static const struct cli_option options[] = {
    {0, "run", "N", "1", "write N items of each stream in turn", CLI_SIZE(run, 1, 0x1p63)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw-zip",
    "[--run N] [-q] FILE1 FILE2 [FILE3 ...]",
    "Writes the items of several streams in turn, as one stream; one of them may be '-'. If the types differ,\n"
    "numbers are written as f32: u8 divided by 255, others as they are.",
    options,
    0,
    "raw-zip images.raw again.raw | raw2pgm -c 20 > pairs.pgm",
};

static void check_operands(char *const *paths, size_t count) {
    size_t standard = 0;
    for (size_t i = 0; i < count; i++)
        standard += strcmp(paths[i], "-") == 0;
    if (standard > 1)
        cli_refuse("operands: %zu are '-', wanted one stream at most from stdin", standard);
}

int main(int argc, char **argv) {
    struct options o = {.run = 1};
    struct interleave interleave = {.run = 1};
    cli_parse(&program, argc, argv, &o);
    interleave.paths = cli_operands_from(2, &interleave.count);
    interleave.run = o.run;
    check_operands(interleave.paths, interleave.count);
    progress_start(!cli_quiet(), true);
    return cli_finish(interleave_run(&interleave));
}
