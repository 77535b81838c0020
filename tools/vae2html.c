/* SPDX-License-Identifier: MIT */
/* vae2html: a model and some items as a page on which to explore its latent space. */
#include "base/cli.h"
#include "base/error.h"
#include "explorer/graph_json.h"
#include "explorer/page.h"

#define MOST_ITEMS 10000

struct options {
    struct cli_common common;
    const char *items, *labels, *label_names, *names;
    size_t most;
};

static const struct cli_option options[] = {
    CLI_MODEL,
    {'n', "count", "N", "500", "show at most N items, evenly spread over those of the stream",
     CLI_SIZE(most, 1, MOST_ITEMS)},
    {0, "labels", "FILE", NULL, "the items' labels: colours on the map, and the condition of a conditional model",
     CLI_FILE(labels)},
    {0, "label-names", "FILE", NULL, "a text with one line per label: its name", CLI_FILE(label_names)},
    {0, "names", "FILE", NULL, "a text with one line per element: its name", CLI_FILE(names)},
    CLI_SEED,
    CLI_THREADS,
    CLI_EVERY,
};

static const struct cli_program program = {
    "vae2html",
    "-m FILE [-n N] [--labels FILE] [--label-names FILE] [--names FILE] [OPTION]... [FILE]",
    "Writes a page for a browser that shows the latent space of a model, and decodes in it.",
    options,
    1,
    "vae2html -m model.bin images.raw > explorer.html",
};

static struct options parse(int argc, char **argv) {
    struct options o = {0};
    cli_parse(&program, argc, argv, &o);
    cli_require("--model", o.common.model);
    o.items = cli_operand();
    if (o.labels != NULL && o.items == NULL)
        cli_refuse("--labels: found it without a stream of items, wanted both (- is standard input)");
    if (o.label_names != NULL && o.labels == NULL && o.items != NULL)
        cli_refuse("--label-names: found it without --labels, wanted both");
    return o;
}

static void note_items(const struct content *c) {
    if (c->items == 0)
        cli_note("no stream of items is given: the map shows draws from the prior (- is standard input)");
    else if (c->items < c->of)
        cli_note("%zu of %zu items, evenly spread, are on the page (-n changes it)", c->items, c->of);
}

static int write_page(const struct options *o, const struct export *e) {
    const struct content_request request = {.items = o->items,
                                            .labels = o->labels,
                                            .names = o->names,
                                            .label_names = o->label_names,
                                            .most = o->most,
                                            .threads = o->common.threads,
                                            .seed = o->common.seed};
    struct content content;
    int result = content_load(&content, &e->model, e->graph.name, &request);
    if (result == 0) {
        note_items(&content);
        result = page_write(e, &content, stdout);
    }
    content_free(&content);
    return result;
}

static int run(const struct options *o) {
    struct output out;
    struct export e;
    if (output_standard(&out) < 0)
        return -1;
    int result = export_open(&e, o->common.model, "decoder") < 0 ? -1 : graph_json_check(&e.graph);
    if (result == 0)
        result = write_page(o, &e);
    export_close(&e);
    return result;
}

int main(int argc, char **argv) {
    const struct options o = parse(argc, argv);
    return cli_finish(run(&o));
}
