/* SPDX-License-Identifier: MIT */
#ifndef EXPLORER_ASSETS_H
#define EXPLORER_ASSETS_H

#include <stddef.h>

/* The files of the page, lib/explorer/page, as the build has put them into the program. */

struct asset {
    const char *marker;      /* the line of page.html that the file takes the place of; NULL: page.html itself */
    const char *begin, *end; /* its bytes */
};

/* page.html, then the style and the scripts in the order in which the page has them. Ends with an entry whose
 * `begin` is NULL. */
extern const struct asset assets[];

#endif
