/* SPDX-License-Identifier: MIT */
#include "export/export.h"

#include "base/error.h"
#include "model/model_file.h"

#include <string.h>

int export_check_part(const char *part) {
    return strcmp(part, "decoder") == 0 || strcmp(part, "encoder") == 0
               ? 0
               : fail("%s: is no part of a model, wanted decoder or encoder", part);
}

int export_open(struct export *e, const char *model, const char *part) {
    *e = (struct export){.decoder = strcmp(part, "decoder") == 0};
    if (export_check_part(part) < 0 || model_load(&e->model, MODEL_AS_TRAINED, model) < 0)
        return -1;
    net_pack(&e->model.net);
    if (graph_create(&e->graph, &e->model.net, model) < 0)
        return -1;
    (void)graph_layer(&e->graph, e->decoder ? e->model.likelihood : e->model.posterior);
    return graph_finish(&e->graph);
}

void export_close(struct export *e) {
    graph_free(&e->graph);
    model_free(&e->model);
}
