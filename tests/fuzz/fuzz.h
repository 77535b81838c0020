/* SPDX-License-Identifier: MIT */
#ifndef FUZZ_FUZZ_H
#define FUZZ_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* What every target has: it gives the bytes to a reader, which takes them or refuses them with a message, and
 * neither crashes nor takes more memory than they are worth. Linked with libFuzzer (`make fuzz`), or with replay.c,
 * which runs a target once on each file of its corpus. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The bytes as a file, by the path of it; the same file each time. */
const char *fuzz_file(const uint8_t *data, size_t size);

/* Ends the process, as a crash that the fuzzer reports, where a promise is broken. */
void fuzz_expect(int condition);

#endif
