/* SPDX-License-Identifier: MIT */
#ifndef EXPLORER_PAGE_H
#define EXPLORER_PAGE_H

#include "explorer/content.h"
#include "export/export.h"

#include <stdio.h>

/* Writes the page: lib/explorer/page with the decoder `e` and the content in it. An error in writing is left in
 * `out`. 0, or -1 with a message. */
int page_write(const struct export *e, const struct content *content, FILE *out)
    __attribute__((warn_unused_result));

#endif
