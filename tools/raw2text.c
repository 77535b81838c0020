/* SPDX-License-Identifier: MIT */
/* raw2text: a stream of token numbers as lines of text. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "model/model_file.h"
#include "text/tokens.h"
#include "stream/frame_numbers.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define BUFFER ((size_t)4 * 65536) /* bytes of text at a time */

struct options {
    struct cli_common common; /* model and quiet are used */
    const char *file, *tokens;
};

static const struct cli_option options[] = {
    {'m', "model", "FILE", NULL, "the tokens are those that the model was trained with", CLI_FILE(common.model)},
    {0, "tokens", "FILE", NULL, "the tokens of the numbers 1, 2 and so on, one per line", CLI_FILE(tokens)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw2text",
    "-m FILE | --tokens FILE [-q] [FILE]",
    "Writes a stream of token numbers as lines of text: one line per item, which ends before its first 0.",
    options,
    0,
    "vae-sample -n 9 -m mol.bin | vae-decode --sample -m mol.bin | raw2text -m mol.bin",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    if (o.common.model != NULL && o.tokens != NULL)
        cli_refuse("--model: found it with --tokens, wanted one of the two");
    if (o.common.model == NULL && o.tokens == NULL)
        cli_refuse("--tokens: not given, wanted it, or --model");
    o.file = cli_operand();
    return o;
}

/* The text as it is written. */
struct text {
    struct raw_reader reader;
    struct tokens tokens;
    struct output out;
    uint64_t item;            /* of the next number */
    size_t elements, element; /* of an item, and of these the next one */
    bool ended;               /* the item has had its 0 */
    size_t used;              /* bytes that are not yet written */
    char buffer[BUFFER];
};

static int flush(struct text *t) {
    const size_t used = t->used;
    t->used = 0;
    return output_write(&t->out, t->buffer, used);
}

static int refuse(const struct text *t, double value) {
    char number[REAL_TEXT];
    return fail("%s: item %" PRIu64 ", element %zu is %s, wanted a token number from 0 to %zu", t->reader.in.name,
                t->item, t->element, real_text(unsigned_nan(value), number), t->tokens.count);
}

/* Writes the token of a number, for which there is room with a line end; none for 0. 0 or -1. */
static int put_token(struct text *t, double value) {
    if (!(value >= 0 && value <= (double)t->tokens.count && value == floor(value)))
        return refuse(t, value);
    t->ended = value == 0;
    if (t->ended)
        return 0;
    size_t length;
    const char *token = tokens_text(&t->tokens, (size_t)value, &length);
    memcpy(t->buffer + t->used, token, length);
    t->used += length;
    return 0;
}

static int put_numbers(void *context, const unsigned char *from, size_t count) {
    struct text *t = context;
    const enum dtype dtype = t->reader.frame.dtype;
    const size_t size = dtype_size(dtype);
    for (size_t i = 0; i < count; i++) {
        if (t->used + TOKEN_BYTES + 1 > BUFFER && flush(t) < 0)
            return -1;
        if (!t->ended && put_token(t, dtype_value(dtype, from + i * size)) < 0)
            return -1;
        if (++t->element < t->elements)
            continue;
        t->buffer[t->used++] = '\n';
        t->element = 0;
        t->ended = false;
        t->item++;
    }
    return 0;
}

static int load_tokens(struct text *t, const struct options *o) {
    char *text;
    size_t length;
    if (o->tokens != NULL)
        return tokens_load(&t->tokens, o->tokens);
    if (model_load_tokens(o->common.model, &text, &length) < 0)
        return -1;
    const int result = tokens_set(&t->tokens, text, strlen(text), o->common.model);
    free(text);
    return result;
}

/* The tokens are read after the stream's first header, so that the tool that writes them may stand before the pipe.
 */
static int put_frames(struct text *t, const struct options *o) {
    int more;
    t->elements = shape_elements(&t->reader.frame.shape);
    if (load_tokens(t, o) < 0)
        return -1;
    const char *note = o->tokens == NULL ? NULL : tokens_note(&t->tokens);
    if (note != NULL)
        cli_note("%s: %s", t->tokens.name, note);
    while ((more = raw_next(&t->reader)) == 1)
        if (frame_numbers(&t->reader, t, put_numbers) < 0 || flush(t) < 0)
            return -1;
    return more;
}

static int run(const struct options *o) {
    struct text *t = malloc(sizeof *t);
    if (t == NULL)
        return fail("stdout: out of memory for its lines");
    t->tokens = (struct tokens){.text = NULL};
    t->out = (struct output){.fd = STDOUT_FILENO, .name = "stdout"};
    t->item = t->element = t->used = 0;
    t->ended = false;
    int result = raw_open(&t->reader, o->file);
    if (result == 0) {
        progress_start(!cli_quiet(), true);
        result = put_frames(t, o);
        tokens_free(&t->tokens);
        raw_close(&t->reader);
    }
    free(t);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
