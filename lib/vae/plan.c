#include "vae/plan.h"

/* To keep two threads busy there are at least two tasks; the benchmark shows what that costs a single one. */
#ifndef PLAN_TASKS
#define PLAN_TASKS 2
#endif

#define MOST_TASKS 16       /* of one that is cut by units: each keeps sums of its own, see vae/pass.h */
#define TASK_WEIGHTS 320000 /* of a task that is cut by units, but for MOST_TASKS */
#define WIDE_WEIGHTS 64000  /* from here on it is worth to cut by units */
/* A task's units are a multiple of UNITS, so that two threads never write to one cache line, and its rows of ROWS,
 * as a kernel of OpenBLAS has them. */
#define UNITS 16
#define ROWS 4
#define TASK_ROWS 128 /* at most, of an operation that is cut by rows */
#define WIDE_ROWS 512 /* of one that is cut by units: beyond, more rows do not make it faster */

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

size_t plan_units(size_t units, size_t weights) {
    if (weights < WIDE_WEIGHTS)
        return units;
    const size_t tasks = larger(PLAN_TASKS, smaller(parts(weights, TASK_WEIGHTS), MOST_TASKS));
    return parts(parts(units, tasks), UNITS) * UNITS;
}

size_t plan_parts(size_t units, size_t weights) {
    return parts(units, plan_units(units, weights));
}

size_t plan_layer_units(const struct linear *layer) {
    return plan_units(layer->out / layer->group, layer->in * layer->out) * layer->group;
}

size_t plan_layer_parts(const struct linear *layer) {
    return plan_parts(layer->out / layer->group, layer->in * layer->out);
}

/* How an operation is cut: at most so many rows and columns a task. */
struct cut {
    size_t rows, columns, down, across;
};

static struct cut cut(const struct operation *operation, size_t rows) {
    struct cut c = {.columns = plan_units(operation->units, operation->weights)};
    c.across = plan_parts(operation->units, operation->weights);
    const size_t all = rows * operation->draws;
    c.down = c.across > 1 ? parts(all, WIDE_ROWS) : larger(PLAN_TASKS, parts(all, TASK_ROWS));
    c.rows = parts(rows, smaller(c.down, rows));
    if (operation->draws == 1)
        c.rows = parts(c.rows, ROWS) * ROWS;
    c.down = parts(rows, c.rows);
    return c;
}

/* Operations [first, end) of a plan, each cut as the first, so that a task is a tile of each in turn. */
struct phase {
    const struct plan *plan;
    size_t first, end, rows;
    struct cut cut;
    void *context;
};

static void run_task(void *context, size_t i) {
    const struct phase *p = context;
    const size_t row = i / p->cut.across * p->cut.rows, column = i % p->cut.across * p->cut.columns;
    for (size_t o = p->first; o < p->end; o++) {
        const struct operation *operation = &p->plan->operation[o];
        const struct tile tile = {
            row, smaller(p->cut.rows, p->rows - row), column,
            smaller(plan_units(operation->units, operation->weights), operation->units - column)};
        operation->run(operation->context != NULL ? operation->context : p->context, operation->layer, &tile);
    }
}

static bool belongs(const struct phase *phase, const struct operation *next) {
    const struct cut c = cut(next, phase->rows);
    return !next->waits &&
           (next->chained || (phase->cut.across == 1 && c.across == 1 && c.rows == phase->cut.rows));
}

void plan_run(const struct plan *plan, struct workers *workers, size_t rows, void *context) {
    struct phase phase = {.plan = plan, .rows = rows, .context = context};
    for (; phase.first < plan->count; phase.first = phase.end) {
        phase.cut = cut(&plan->operation[phase.first], rows);
        phase.end = phase.first + 1;
        while (phase.end < plan->count && belongs(&phase, &plan->operation[phase.end]))
            phase.end++;
        workers_run(workers, phase.cut.down * phase.cut.across, run_task, &phase);
    }
}
