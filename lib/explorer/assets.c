/* SPDX-License-Identifier: MIT */
#include "explorer/assets.h"

/* The assembler reads the files, with paths from the directory in which make runs. */
#define ASSET(name, file)                                                          \
    __asm__(".section .rodata\n"                                                   \
            ".global explorer_" #name "_begin\n.hidden explorer_" #name "_begin\n" \
            ".global explorer_" #name "_end\n.hidden explorer_" #name "_end\n"     \
            "explorer_" #name "_begin:\n"                                          \
            ".incbin \"lib/explorer/page/" file "\"\n"                             \
            "explorer_" #name "_end:\n.byte 0\n.previous\n");                      \
    extern const char explorer_##name##_begin[], explorer_##name##_end[]

ASSET(page, "page.html");
ASSET(style, "page.css");
ASSET(data, "data.js");
ASSET(functions, "functions.js");
ASSET(convolution, "convolution.js");
ASSET(decoder, "decoder.js");
ASSET(item, "item.js");
ASSET(labels, "labels.js");
ASSET(map, "map.js");
ASSET(sliders, "sliders.js");
ASSET(grid, "grid.js");
ASSET(figures, "figures.js");
ASSET(walk, "walk.js");
ASSET(explorer, "explorer.js");

#define PART(marker, name) \
    { marker, explorer_##name##_begin, explorer_##name##_end }
#define SCRIPT(name) PART("script", name)

const struct asset assets[] = {
    PART(NULL, page), PART("style", style), SCRIPT(data),   SCRIPT(functions), SCRIPT(convolution),
    SCRIPT(decoder),  SCRIPT(item),         SCRIPT(labels), SCRIPT(map),       SCRIPT(sliders),
    SCRIPT(grid),     SCRIPT(figures),      SCRIPT(walk),   SCRIPT(explorer),  {0},
};
