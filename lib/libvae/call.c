/* SPDX-License-Identifier: MIT */
#define _GNU_SOURCE
#include "libvae/call.h"

#include "base/denormals.h"
#include "base/error.h"
#include "base/level.h"
#include "base/printable.h"

#include <pthread.h>

/* Numbers in model files have decimal points. It is glibc's own, and takes no memory. */
static locale_t c_locale;

static void prepare(void) {
    level_use(BACKEND_PACKED);
    c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
}

struct call call_begin(vae_error *error) {
    static pthread_once_t prepared = PTHREAD_ONCE_INIT;
    (void)pthread_once(&prepared, prepare);
    return (struct call){.error = error, .floating = denormals_enter(), .locale = uselocale(c_locale)};
}

/* Returns the code of an error, from the cause of the last failure. */
static int code_of(int code) {
    switch (error_cause()) {
    case ERROR_MEMORY:
        return VAE_ERROR_MEMORY;
    case ERROR_SYSTEM:
        return VAE_ERROR_SYSTEM;
    case ERROR_OTHER:
        break;
    }
    return code;
}

int call_end(const struct call *call, int code, size_t row) {
    const int found = code == VAE_OK ? VAE_OK : code_of(code);
    if (call->error != NULL) {
        call->error->code = found;
        call->error->row = row;
        printable_copy(call->error->message, VAE_MESSAGE, found == VAE_OK ? "" : error_message());
    }
    uselocale(call->locale);
    denormals_leave(call->floating);
    return found;
}
