/* SPDX-License-Identifier: MIT */
#include "nn/division.h"

#include "base/number.h"
#include "kernel/product.h"

#define WIDE_WEIGHTS 64000 /* work with at least so many weights is also divided by units */
#define ROWS 8             /* a tile's rows are a multiple of this if there are enough */

/* Parts of at most `most`, which is not 0. */
static size_t parts(size_t n, size_t most) {
    return most == 0 ? n : divide_up(n, most);
}

/* Units per tile: so many that the tile's columns are whole panels, and so are the columns that it writes of the
 * next layer's input. */
static size_t tile_units(size_t units, size_t group, size_t weights) {
    if (weights < WIDE_WEIGHTS)
        return units;
    const size_t panels = products()->tile_columns / (PANEL * group);
    return smaller(larger(panels, 1) * PANEL, units);
}

struct division divide(const struct work_size *s) {
    const struct products *backend = products();
    const bool wide = s->weights >= WIDE_WEIGHTS;
    const size_t units = larger(s->units, 1), group = larger(s->group, 1);
    if (s->range > 0)
        return (struct division){
            .items = s->range, .units = units, .down = divide_up(s->items, s->range), .across = 1};
    struct division d = {.units = tile_units(units, group, s->weights)};
    d.across = parts(units, d.units);
    d.down = parts(s->items * s->draws, wide ? backend->tile_rows : backend->task_rows);
    if (!wide)
        d.down = larger(d.down, 2); /* one task would leave the other threads nothing to do */
    d.items = parts(s->items, smaller(d.down, s->items));
    if (s->draws == 1)
        d.items = parts(d.items, ROWS) * ROWS;
    d.down = parts(s->items, d.items);
    return d;
}

size_t division_parts(const struct layer *layer) {
    const struct work_size size = {
        .items = 1, .draws = 1, .units = layer->units, .group = layer->group, .weights = layer->weights};
    return divide(&size).across;
}
