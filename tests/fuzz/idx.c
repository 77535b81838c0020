/* SPDX-License-Identifier: MIT */
/* The IDX format, plain and gzip. */
#include "fuzz.h"
#include "format/idx.h"

#define NUMBERS 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static double numbers[NUMBERS];
    struct idx idx;
    if (idx_open(&idx, fuzz_file(data, size)) == 0) {
        uint64_t read = 0;
        while (idx.left > 0 && read < 1 << 22) {
            const size_t n = idx.left < NUMBERS ? (size_t)idx.left : NUMBERS;
            if (idx_read(&idx, numbers, n) < 0)
                break;
            read += n;
        }
        if (idx.left == 0 && idx_end(&idx) == 0)
            fuzz_expect(read == idx.frame.items * shape_elements(&idx.frame.shape));
    }
    idx_close(&idx);
    return 0;
}
