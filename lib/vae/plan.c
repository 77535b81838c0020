#include "vae/plan.h"

/* To keep two threads busy there are at least two tasks; the benchmark shows what that costs a single one. */
#ifndef PLAN_TASKS
#define PLAN_TASKS 2
#endif

#define TASK_WEIGHTS 320000 /* at most, of an operation that is cut by columns */
#define WIDE_WEIGHTS 64000  /* from here on it is worth to cut by columns */
#define COLUMNS 8           /* a task's are a multiple of it, and its rows of ROWS, as OpenBLAS's kernels are */
#define ROWS 4
#define TASK_ROWS 128 /* at most, of an operation that is cut by rows */
#define WIDE_ROWS 512 /* of one that is cut by columns: beyond, more rows do not make it faster */

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

size_t plan_columns(size_t columns, size_t weights) {
    if (weights < WIDE_WEIGHTS)
        return columns;
    const size_t each = parts(columns, larger(PLAN_TASKS, parts(weights, TASK_WEIGHTS)));
    return parts(each, COLUMNS) * COLUMNS;
}

/* How an operation is cut: at most so many rows and columns a task. */
struct cut {
    size_t rows, columns, down, across;
};

static struct cut cut(const struct operation *operation, size_t rows) {
    struct cut c = {.columns = plan_columns(operation->columns, operation->weights)};
    c.across = parts(operation->columns, c.columns);
    c.down = c.across > 1 ? parts(rows, WIDE_ROWS) : larger(PLAN_TASKS, parts(rows, TASK_ROWS));
    c.rows = parts(parts(rows, c.down), ROWS) * ROWS;
    c.down = parts(rows, c.rows);
    return c;
}

/* Operations [first, end) of a plan, all of them cut in the same way. */
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
            smaller(plan_columns(operation->columns, operation->weights), operation->columns - column)};
        operation->run(p->context, operation->layer, &tile);
    }
}

void plan_run(const struct plan *plan, struct workers *workers, size_t rows, void *context) {
    struct phase phase = {.plan = plan, .rows = rows, .context = context};
    for (; phase.first < plan->count; phase.first = phase.end) {
        phase.cut = cut(&plan->operation[phase.first], rows);
        phase.end = phase.first + 1;
        while (phase.cut.across == 1 && phase.end < plan->count &&
               cut(&plan->operation[phase.end], rows).across == 1)
            phase.end++;
        workers_run(workers, phase.cut.down * phase.cut.across, run_task, &phase);
    }
}
