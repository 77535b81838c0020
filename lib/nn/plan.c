/* SPDX-License-Identifier: MIT */
#include "nn/plan.h"

#define WIDE_WEIGHTS 64000 /* operations with at least so many weights are also cut by columns */
#define ROWS 8             /* a tile's rows are a multiple of this if there are enough */

void plan_add(struct plan *plan, struct operation operation) {
    plan->operation[plan->count++] = operation;
}

static size_t parts(size_t n, size_t most) {
    return (n + most - 1) / most;
}

static size_t smaller(size_t a, size_t b) {
    return a < b ? a : b;
}

static size_t larger(size_t a, size_t b) {
    return a < b ? b : a;
}

/* Units per tile of an operation: so many that the tile's columns are whole panels, and so are the columns that it
 * writes of the next layer's input. */
static size_t tile_units(size_t units, size_t group, size_t weights) {
    if (weights < WIDE_WEIGHTS)
        return units;
    const size_t panels = products()->tile_columns / (PANEL * group);
    return smaller(larger(panels, 1) * PANEL, units);
}

static size_t layer_units(const struct linear *layer) {
    return tile_units(layer->out / layer->group, layer->group, layer->in * layer->out);
}

size_t plan_parts(const struct linear *layer) {
    return parts(layer->out / layer->group, layer_units(layer));
}

size_t plan_part(const struct linear *layer, const struct tile *tile) {
    return tile->column / layer->group / layer_units(layer);
}

/* How an operation is cut: tiles of at most `rows` rows and `columns` units, `down` times `across` of them. */
struct cut {
    size_t rows, columns, down, across;
};

static struct cut cut(const struct operation *o, size_t rows) {
    const struct products *backend = products();
    const bool wide = o->weights >= WIDE_WEIGHTS;
    struct cut c = {.columns = tile_units(o->units, larger(o->group, 1), o->weights)};
    c.across = parts(o->units, c.columns);
    c.down = parts(rows * o->draws, wide ? backend->tile_rows : backend->task_rows);
    if (!wide)
        c.down = larger(c.down, 2); /* one task would leave the other threads nothing to do */
    c.rows = parts(rows, smaller(c.down, rows));
    if (o->draws == 1)
        c.rows = parts(c.rows, ROWS) * ROWS;
    c.down = parts(rows, c.rows);
    return c;
}

/* Operations [first, end) of a plan, all cut as the first one: a task runs the same tile of each operation in turn.
 */
struct phase {
    const struct plan *plan;
    size_t first, end, rows;
    struct cut cut;
    void *context;
};

static void run_task(void *context, size_t i) {
    const struct phase *p = context;
    const size_t row = i % p->cut.down * p->cut.rows, column = i / p->cut.down * p->cut.columns;
    for (size_t o = p->first; o < p->end; o++) {
        const struct operation *operation = &p->plan->operation[o];
        const size_t columns = cut(operation, p->rows).columns;
        const struct tile tile = {row, smaller(p->cut.rows, p->rows - row), column,
                                  smaller(columns, operation->units - column)};
        operation->run(operation->context != NULL ? operation->context : p->context, operation->layer, &tile);
    }
}

static bool belongs(const struct phase *phase, const struct operation *next) {
    const struct cut c = cut(next, phase->rows);
    return !next->waits &&
           (next->chained || (phase->cut.across == 1 && c.across == 1 && c.rows == phase->cut.rows));
}

static struct phase phase_from(const struct plan *plan, size_t first, size_t rows) {
    struct phase phase = {.plan = plan, .first = first, .end = first + 1, .rows = rows};
    phase.cut = cut(&plan->operation[first], rows);
    while (phase.end < plan->count && belongs(&phase, &plan->operation[phase.end]))
        phase.end++;
    return phase;
}

size_t plan_phase(const struct plan *plan, size_t first, size_t rows, size_t *tasks) {
    const struct phase phase = phase_from(plan, first, rows);
    *tasks = phase.cut.down * phase.cut.across;
    return phase.end;
}

void plan_run(const struct plan *plan, struct workers *workers, size_t rows, void *context) {
    for (size_t first = 0; first < plan->count;) {
        struct phase phase = phase_from(plan, first, rows);
        phase.context = context;
        workers_run(workers, phase.cut.down * phase.cut.across, run_task, &phase);
        first = phase.end;
    }
}
