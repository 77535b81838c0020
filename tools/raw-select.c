/* SPDX-License-Identifier: MIT */
/* raw-select: chosen items of a stream, and chosen elements of them. */
#include "base/cli.h"
#include "base/progress.h"
#include "stream/selector.h"

#include <string.h>

#define NOT_GIVEN UINT64_MAX

struct options {
    struct cli_common common; /* quiet and seed are used */
    const char *file;
    struct number_list items, elements;
    uint64_t skip, stride, class, count;
    double split; /* -1: not given */
    const char *labels, *ids, *write_ids, *write_rest, *write_rest_ids;
    bool shuffle;
};

static const struct cli_option options[] = {
    {0, "skip", "N", "0", "leave out the first N items", CLI_WHOLE(skip, 0, 0x1p63)},
    {0, "stride", "N", "1", "of the items after --skip, take the first and every N-th after it",
     CLI_WHOLE(stride, 1, 0x1p63)},
    {0, "items", "LIST", NULL, "take the items of these numbers from 0, such as 3,17,40-59 (default: all)",
     CLI_PARSE(number_list_parse, items)},
    {0, "class", "K", NULL, "take the items whose label is K", CLI_WHOLE(class, 0, LABELS_MAX_CLASSES - 1)},
    {0, "labels", "FILE", NULL, "the stream of the items' labels, for --class", CLI_FILE(labels)},
    {0, "split", "F", NULL, "take each item with probability F, and write the others to the file of --write-rest",
     CLI_REAL(split, 0, 1)},
    {0, "write-rest", "FILE", NULL, "write the items that --split does not take to FILE", CLI_FILE(write_rest)},
    {0, "shuffle", NULL, NULL, "write the items in a random order; wants a regular file", CLI_FLAG(shuffle)},
    {'n', "count", "N", NULL, "write N items and stop; it is an error if there are fewer (default: all)",
     CLI_WHOLE(count, 0, 0x1p63)},
    {0, "elements", "LIST", NULL, "keep the elements of these numbers from 0 of each item (default: all)",
     CLI_PARSE(number_list_parse, elements)},
    {0, "ids", "FILE", NULL, "the items' identifiers, one line per item", CLI_FILE(ids)},
    {0, "write-ids", "FILE", NULL, "write the identifiers of the items that are taken to FILE",
     CLI_FILE(write_ids)},
    {0, "write-rest-ids", "FILE", NULL, "write the identifiers of the items of --write-rest to FILE",
     CLI_FILE(write_rest_ids)},
    CLI_SEED,
    CLI_EVERY,
};

static const struct cli_program program = {
    "raw-select",
    "[--skip N] [--stride N] [--items LIST] [--class K --labels FILE] [--split F --write-rest FILE] [--shuffle] "
    "[-n N] [--elements LIST] [--ids FILE] [--write-ids FILE] [--write-rest-ids FILE] [-S N] [-q] [FILE]",
    "Writes chosen items of a stream, in its order or in a random one, and chosen elements of each item.\n"
    "An item is taken if all of the options take it.",
    options,
    0,
    "raw-select --split 0.8 --write-rest test.raw items.raw > train.raw",
};

/* A file of the command line. */
struct file {
    const char *option, *path;
};

/* The files that are written are other ones than those that are read, and than each other. */
static void check_places(const struct options *o) {
    const struct file read[] = {{"--labels", o->labels}, {"--ids", o->ids}};
    const struct file written[] = {
        {"--write-rest", o->write_rest}, {"--write-ids", o->write_ids}, {"--write-rest-ids", o->write_rest_ids}};
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        const struct file *w = &written[i];
        for (size_t j = 0; w->path != NULL && j < sizeof read / sizeof *read; j++)
            if (read[j].path != NULL && is_same_place(w->path, read[j].path))
                cli_refuse("%s: found '%s', which %s reads, wanted another file", w->option, w->path,
                           read[j].option);
        for (size_t j = 0; w->path != NULL && j < i; j++)
            if (written[j].path != NULL && is_same_place(w->path, written[j].path))
                cli_refuse("%s: found '%s', to which %s writes, wanted another file", w->option, w->path,
                           written[j].option);
    }
}

/* The rules about options that do not go together, in the order of the options. */
static void check(const struct options *o) {
    const bool split = o->split >= 0;
    if (o->class != NOT_GIVEN && o->labels == NULL)
        cli_refuse("--class: found it without --labels, wanted both");
    if (o->labels != NULL && o->class == NOT_GIVEN)
        cli_refuse("--labels: found it without --class, wanted both");
    if (split && o->write_rest == NULL)
        cli_refuse("--split: found it without --write-rest, wanted both");
    if (o->write_rest != NULL && !split)
        cli_refuse("--write-rest: found it without --split, wanted both");
    if (o->shuffle && split)
        cli_refuse("--shuffle: found it with --split, wanted one of the two");
    if (o->count != NOT_GIVEN && split)
        cli_refuse("--count: found it with --split, wanted one of the two");
    if (o->ids != NULL && o->write_ids == NULL && o->write_rest_ids == NULL)
        cli_refuse("--ids: found it without --write-ids, wanted both");
    if (o->write_ids != NULL && o->ids == NULL)
        cli_refuse("--write-ids: found it without --ids, wanted both");
    if (o->write_rest_ids != NULL && o->ids == NULL)
        cli_refuse("--write-rest-ids: found it without --ids, wanted both");
    if (o->write_rest_ids != NULL && !split)
        cli_refuse("--write-rest-ids: found it without --split, wanted both");
    check_places(o);
}

static struct options parse(int argc, char **argv) {
    struct options o = {.class = NOT_GIVEN, .count = NOT_GIVEN, .split = -1};
    cli_parse(&program, argc, argv, &o);
    o.file = cli_operand();
    check(&o);
    return o;
}

static struct selector selector_of(const struct options *o) {
    return (struct selector){
        .path = o->file,
        .selection = {.skip = o->skip,
                      .stride = o->stride,
                      .items = o->items,
                      .labels = o->labels,
                      .class = o->class,
                      .fraction = o->split >= 0 ? o->split : 1,
                      .seed = o->common.seed,
                      .count = o->shuffle ? UINT64_MAX : o->count},
        .kept = {.list = o->elements},
        .shuffle = o->shuffle,
        .shuffle_count = o->count,
        .ids = o->ids,
        .write_ids = o->write_ids,
        .write_rest = o->write_rest,
        .write_rest_ids = o->write_rest_ids,
    };
}

int main(int argc, char **argv) {
    struct options o = parse(argc, argv);
    struct selector selector = selector_of(&o);
    progress_start(!cli_quiet(), true);
    const int result = selector_run(&selector);
    if (result == 0 && o.labels != NULL && o.count > 0 && selector.selection.of_class == 0)
        cli_note("%s: no item has the label %zu", o.labels, selector.selection.class);
    number_list_free(&o.items);
    number_list_free(&o.elements);
    return cli_finish(result);
}
