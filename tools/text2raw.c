/* SPDX-License-Identifier: MIT */
/* text2raw: lines of text to a stream of token numbers. */
#include "base/cli.h"
#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/utf8.h"
#include "model/model_file.h"
#include "text/survey.h"
#include "stream/raw.h"
#include "stream/side_file.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define FRAME_BYTES ((size_t)1 << 20) /* of a frame's payload, if its items are not larger */

enum by { BY_NOTHING, BY_CHARACTER, BY_BYTE }; /* the first: not given */

struct options {
    struct cli_common common;                 /* model and quiet are used */
    const char *file, *tokens, *write_tokens; /* NULL: not given */
    size_t length;                            /* 0: that of the longest line */
    enum by by;
    bool live;
};

static const char *const by_names[] = {"character", "byte"}; /* from BY_CHARACTER on */
#define BY_NAMES (sizeof by_names / sizeof *by_names)

static int parse_by(void *by, const char *name, const char *text) {
    const int found = parse_name(name, text, by_names, BY_NAMES, sizeof *by_names);
    if (found < 0)
        return -1;
    *(enum by *)by = (enum by)(BY_CHARACTER + found);
    return 0;
}

static const char *by_name(size_t i) {
    return i < BY_NAMES ? by_names[i] : NULL;
}

static const struct cli_option options[] = {
    {'m', "model", "FILE", NULL, "cut lines as the model's items were, and write items of their length",
     CLI_FILE(common.model)},
    {0, "tokens", "FILE", NULL, "cut lines into the tokens of FILE, one per line: each time the longest that fits",
     CLI_FILE(tokens)},
    {0, "write-tokens", "FILE", NULL,
     "without --tokens: make a token of all that occurs in the text, and write the tokens to FILE",
     CLI_FILE(write_tokens)},
    {0, "by", "WHAT", NULL, "with --write-tokens: take each character (of UTF-8) or byte (default: character)",
     CLI_PARSE(parse_by, by), .names = by_name},
    {0, "length", "N", NULL,
     "write items of N numbers, and refuse a line of more tokens (default: the longest line)",
     CLI_SIZE(length, 1, SHAPE_MAX_ELEMENTS)},
    {0, "live", NULL, NULL, "write each item when its line has come, in a frame of its own", CLI_FLAG(live)},
    CLI_EVERY,
};

static const struct cli_program program = {
    "text2raw",
    "[-m FILE] [--tokens FILE] [--write-tokens FILE] [--by WHAT] [--length N] [--live] [-q] [FILE]",
    "Turns lines of text into a stream of token numbers: one item per line, filled up with 0.",
    options,
    0,
    "text2raw --write-tokens tokens.txt smiles.txt > mol.raw",
};

static void check(const struct options *o) {
    if (o->common.model != NULL && (o->tokens != NULL || o->write_tokens != NULL || o->by != BY_NOTHING))
        cli_refuse("--model: found it with --%s, wanted it alone: the tokens are the model's",
                   o->tokens != NULL         ? "tokens"
                   : o->write_tokens != NULL ? "write-tokens"
                                             : "by");
    if (o->common.model != NULL && o->length > 0)
        cli_refuse("--model: found it with --length, wanted it alone: the length is the model's");
    if (o->common.model != NULL)
        return;
    if (o->tokens != NULL && o->write_tokens != NULL)
        cli_refuse("--write-tokens: found it with --tokens, wanted one of the two");
    if (o->tokens != NULL && o->by != BY_NOTHING)
        cli_refuse("--by: found it with --tokens, wanted one of the two");
    if (o->tokens == NULL && o->write_tokens == NULL)
        cli_refuse("--write-tokens: not given, wanted it, or --tokens, or --model: only with its tokens a stream "
                   "is turned "
                   "back into text");
}

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    check(&o);
    return o;
}

/* The items that are read and not yet written are those of the next frame. */
struct job {
    const struct options *o;
    struct tokens tokens;
    struct units text;
    struct raw_writer out;
    struct raw_frame frame;
    unsigned char *payload; /* owned */
    unsigned char *item;    /* of the line that is read, in the payload */
    size_t length, at;      /* of an item, and the next number of it */
    const char *limit;      /* what the length is from, for messages */
    size_t item_bytes, capacity;
    uint64_t items, lines; /* in all frames; those of the text: 0: not known */
};

static int write_frame(struct job *job, bool last) {
    job->frame.last = last;
    if (raw_write_header(&job->out, &job->frame) < 0 ||
        raw_write(&job->out, job->payload, job->frame.items * job->item_bytes) < 0)
        return -1;
    job->frame.items = 0;
    progress_items(job->items, job->lines);
    return 0;
}

/* Stores the number of the next token, unless the item is full. */
static size_t take_token(void *context, const char *text, size_t length) {
    struct job *job = context;
    size_t bytes;
    const size_t number = tokens_match(&job->tokens, text, length, &bytes);
    if (number == 0)
        return 0;
    const int32_t wide = (int32_t)number;
    if (job->at < job->length) {
        if (job->frame.dtype == DTYPE_U8)
            job->item[job->at] = (unsigned char)number;
        else
            memcpy(job->item + job->at * sizeof wide, &wide, sizeof wide);
    }
    job->at++;
    return bytes;
}

/* Reads a line as an item. 1, 0 at the end, or -1. */
static int read_item(struct job *job, const struct unit *unit) {
    size_t count;
    job->item = job->payload + job->frame.items * job->item_bytes;
    job->at = 0;
    memset(job->item, 0, job->item_bytes);
    const int more = units_line(&job->text, unit, &count);
    return more == 1 && units_check_length(&job->text, count, job->length, job->limit) < 0 ? -1 : more;
}

static int write_items(struct job *job) {
    char wanted[ERROR_SUBJECT];
    const struct unit unit = {.context = job,
                              .longest = job->tokens.longest,
                              .take = take_token,
                              .wanted = tokens_wanted(&job->tokens, wanted)};
    int more;
    while ((more = read_item(job, &unit)) == 1) {
        job->frame.items++;
        job->items++;
        if ((job->o->live || job->frame.items == job->capacity) && write_frame(job, false) < 0)
            return -1;
    }
    return more < 0 || units_check_end(&job->text) < 0 ? -1 : write_frame(job, true);
}

static int write_tokens(struct job *job) {
    const struct options *o = job->o;
    /* A pipe opens once its reader opens it, which the stream's reader does after the first header. */
    if (side_is_pipe(o->write_tokens) && write_frame(job, false) < 0)
        return -1;
    return tokens_write(&job->tokens, o->write_tokens, o->file);
}

/* Reads the text for the first time, if its tokens or its longest line are not known. */
static int survey(struct job *job) {
    const struct options *o = job->o;
    struct survey s = {.most = o->length, .longest = o->length};
    if (job->length > 0 && job->tokens.text != NULL)
        return 0;
    if (!units_are_regular(&job->text))
        return fail("%s: is not a regular file, wanted one, since it is read twice without %s", job->text.in.name,
                    o->tokens != NULL ? "--length"
                    : o->length > 0   ? "--tokens"
                                      : "--tokens and --length");
    if ((o->tokens != NULL ? survey_tokens(&s, &job->text, &job->tokens)
                           : survey_vocabulary(&s, &job->text, o->by == BY_BYTE, &job->tokens)) < 0)
        return -1;
    job->lines = s.lines;
    job->length = o->length > 0 ? o->length : larger(s.longest, 1);
    return 0;
}

/* Sets the items' type and shape, and allocates a frame's payload. */
static int prepare(struct job *job) {
    job->frame = (struct raw_frame){.dtype = tokens_dtype(&job->tokens), .shape = shape_vector(job->length)};
    job->item_bytes = raw_item_bytes(&job->frame);
    job->capacity = job->item_bytes < FRAME_BYTES ? FRAME_BYTES / job->item_bytes : 1;
    job->payload = malloc(job->capacity * job->item_bytes);
    return job->payload == NULL ? fail("%s: out of memory for items of %zu tokens", job->text.in.name, job->length)
                                : 0;
}

/* Notes what is probably no part of the text. */
static void note_text(const struct job *job) {
    if (job->text.returns > 0)
        cli_note("%s: %" PRIu64 " of %" PRIu64
                 " lines end with a carriage return (CR), which is a token; tr -d '\\r' removes it",
                 job->text.in.name, job->text.returns, job->items);
    if (units_have_mark(&job->text))
        cli_note("%s: begins with a byte order mark (BOM), which is in a token; " UTF8_MARK_ADVICE,
                 job->text.in.name);
}

static int convert(struct job *job) {
    if (survey(job) < 0 || prepare(job) < 0 || (job->o->write_tokens != NULL && write_tokens(job) < 0) ||
        write_items(job) < 0)
        return -1;
    note_text(job);
    return raw_finish(&job->out);
}

/* Loads the tokens of --tokens. What is probably no part of them is noted at once, since the text may then have
 * none of them. 0 or -1. */
static int load_tokens(struct job *job) {
    if (tokens_load(&job->tokens, job->o->tokens) < 0)
        return -1;
    const char *note = tokens_note(&job->tokens);
    if (note != NULL)
        cli_note("%s: %s", job->tokens.name, note);
    return 0;
}

/* Sets what the options say of the tokens and the length. 0 or -1. */
static int set_known(struct job *job) {
    const struct options *o = job->o;
    char *text;
    job->length = o->length;
    job->limit = "--length";
    if (o->common.model == NULL)
        return o->tokens == NULL ? 0 : load_tokens(job);
    if (model_load_tokens(o->common.model, &text, &job->length) < 0)
        return -1;
    job->limit = o->common.model;
    const int result = tokens_set(&job->tokens, text, strlen(text), o->common.model);
    free(text);
    return result;
}

static int run(const struct options *o) {
    struct job job = {.o = o};
    if (raw_writer_start(&job.out) < 0 || set_known(&job) < 0)
        return -1;
    int result = units_open(&job.text, o->file);
    if (result == 0) {
        progress_start(!cli_quiet(), true);
        result = convert(&job);
        free(job.payload);
        units_close(&job.text);
    }
    tokens_free(&job.tokens);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
