/* SPDX-License-Identifier: MIT */
#include "export/export.h"

#include "base/number.h"
#include "model/model_file.h"

#include <string.h>

static const struct { const char *name; } parts[] = {{"encoder"}, {"decoder"}};

int export_check_part(const char *part) {
    return parse_name("part", part, parts, sizeof parts / sizeof *parts, sizeof *parts) < 0 ? -1 : 0;
}

const char *export_part(size_t i) {
    return i < sizeof parts / sizeof *parts ? parts[i].name : NULL;
}

static int load(struct export *e, const char *path) {
    struct input in;
    if (input_open(&in, path) < 0)
        return -1;
    const int result = model_read(&e->model, MODEL_AS_TRAINED, &e->metadata, &in);
    input_close(&in);
    return result;
}

int export_open(struct export *e, const char *model, const char *part) {
    *e = (struct export){0};
    if (export_check_part(part) < 0 || load(e, model) < 0)
        return -1;
    net_pack(&e->model.net);
    if (graph_create(&e->graph, &e->model.net, model) < 0)
        return -1;
    e->decoder = strcmp(part, "decoder") == 0;
    (void)graph_layer(&e->graph, e->decoder ? e->model.likelihood : e->model.posterior);
    return graph_finish(&e->graph);
}

void export_close(struct export *e) {
    graph_free(&e->graph);
    model_free(&e->model);
    json_decref(e->metadata);
}
