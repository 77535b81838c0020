/* SPDX-License-Identifier: MIT */
#include "stream/items_known.h"

#include "base/error.h"

#include <inttypes.h>

int items_fail_changed(const char *name, uint64_t items, uint64_t found, uint64_t wanted) {
    return fail("%s: the XXH64 of its first %" PRIu64 " items is %016" PRIx64 ", wanted %016" PRIx64
                " as before: read the same again, or start a new run",
                name, items, found, wanted);
}
