/* SPDX-License-Identifier: MIT */
/* vae2onnx: the encoder or the decoder of a model as an ONNX file. */
#include "base/cli.h"
#include "export/onnx.h"

struct options {
    struct cli_common common; /* model and quiet alone are used */
    const char *part;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae2onnx",
    "-m FILE [-q] {encoder | decoder}",
    "Writes the encoder or the decoder of a model as an ONNX file, for other programs to run.",
    options,
    1,
    "vae2onnx -m model.bin decoder > decoder.onnx",
    .operands = export_part,
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.part = cli_operands(1)[0];
    if (export_check_part(o.part) < 0)
        cli_usage_error();
    return o;
}

static int run(const struct options *o) {
    struct output out;
    struct export e;
    if (output_standard(&out) < 0)
        return -1;
    int result = export_open(&e, o->common.model, o->part);
    if (result == 0)
        result = onnx_write(&e, &out);
    export_close(&e);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
