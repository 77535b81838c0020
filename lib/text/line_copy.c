/* SPDX-License-Identifier: MIT */
#include "text/line_copy.h"

#include "base/error.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

int line_copy_open(struct line_copy *c, const char *from, const char *to, const char *input) {
    if (lines_open(&c->in, from) < 0)
        return -1;
    if (side_writer_open(&c->out, to, input) == 0)
        return 0;
    lines_close(&c->in);
    return -1;
}

/* Sets the field of a line. */
static int take_field(const struct line_copy *c, const char **text, size_t *length) {
    for (size_t i = 1; i < c->field; i++) {
        const char *tab = memchr(*text, '\t', *length);
        if (tab == NULL)
            return fail("%s: line %" PRIu64 ": has %zu fields between tabs, wanted at least %zu", c->in.gz.in.name,
                        c->in.count, i, c->field);
        *length -= (size_t)(tab + 1 - *text);
        *text = tab + 1;
    }
    const char *tab = c->field == 0 ? NULL : memchr(*text, '\t', *length);
    if (tab != NULL)
        *length = (size_t)(tab - *text);
    return 0;
}

int line_copy_next(struct line_copy *c, bool taken) {
    char subject[ERROR_SUBJECT];
    const char *text;
    size_t length;
    const int more = lines_next(&c->in, &text, &length);
    if (more == 0)
        return fail("%s: has %" PRIu64 " lines, wanted %" PRIu64 ", one per %s", c->in.gz.in.name, c->in.count,
                    c->lines, c->what);
    if (more < 0 || take_field(c, &text, &length) < 0)
        return -1;
    snprintf(subject, sizeof subject, "%s: line %" PRIu64, c->in.gz.in.name, c->in.count);
    return taken ? side_write(&c->out, text, length, subject) : 0;
}

int line_copy_end(struct line_copy *c) {
    const char *text;
    size_t length;
    const int more = lines_next(&c->in, &text, &length);
    if (more != 0)
        return more < 0 ? -1
                        : fail("%s: has more than %" PRIu64 " lines, wanted as many, one per %s", c->in.gz.in.name,
                               c->lines, c->what);
    lines_close(&c->in);
    return side_writer_close(&c->out);
}

void line_copy_abandon(struct line_copy *c) {
    lines_close(&c->in);
    side_writer_abandon(&c->out);
}
