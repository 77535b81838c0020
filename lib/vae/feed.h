#ifndef VAE_FEED_H
#define VAE_FEED_H

#include "vae/block.h"
#include "vae/labels.h"

/* A stream of items, and where there are some the labels beside it, a block at a time: what every tool reads that
 * takes items through a model. */
struct feed {
    /* Set by the caller; all are called in the stream's order and return 0 or -1. */
    void *context;
    int (*frame)(void *context, uint64_t items, bool last); /* at the head of each frame */
    /* On `items`, `count` of them, the first of which has number `item`: looks at them, and, when their `label` is
     * there, makes of them what is to be made. */
    int (*check)(void *context, size_t count, uint64_t item);
    int (*work)(void *context, size_t count, uint64_t item);
    /* NULL, or `work` only begins its work, and goes on with it at the next call: the items and labels of two
     * blocks are there. It has to be done when `flush` returns, which is called when more has to be waited for, also
     * amid a block, and when something goes wrong. If `work` or `flush` fails, nothing may be left at work. */
    int (*flush)(void *context);
    /* Set by feed_open and feed_run. */
    struct raw_reader reader;
    struct labels labels;
    unsigned char *items;  /* of the block, in the stream's dtype; may be changed */
    const uint32_t *label; /* of the block, NULL if there are none */
    unsigned turn;         /* which of two the block is */
    unsigned char *memory; /* of two blocks */
    uint32_t labels_of_block[2][BLOCK_ROWS];
};

/* Opens both streams; path NULL or "-": stdin, labels_path NULL: there are none. 0 or -1; end with feed_close in
 * both cases. */
int feed_open(struct feed *feed, const char *path, const char *labels_path, size_t classes)
    __attribute__((warn_unused_result));

/* Runs the whole stream, to the end of both. 0 or -1; no block is at work then. */
int feed_run(struct feed *feed) __attribute__((warn_unused_result));

void feed_close(struct feed *feed);

#endif
