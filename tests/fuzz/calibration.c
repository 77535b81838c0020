/* SPDX-License-Identifier: MIT */
/* Scores for p-values. */
#include "fuzz.h"
#include "query/calibration.h"

#include <math.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const struct score_kind kind = {.model = 0xb8cfd4b956347df0, .method = "elbo"};
    struct calibration scores;
    if (calibration_load(&scores, &kind, fuzz_file(data, size)) == 0) {
        fuzz_expect(scores.count > 0 && scores.count < size);
        for (size_t i = 0; i < scores.count; i++)
            fuzz_expect(isfinite(scores.score[i]) && (i == 0 || scores.score[i - 1] <= scores.score[i]));
        fuzz_expect(calibration_p(&scores, scores.score[0]) == 1);
    }
    calibration_free(&scores);
    return 0;
}
