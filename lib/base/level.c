#include "base/level.h"

/* What is asked here is what the Makefile turns on for each level. */
enum level level_best(void) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl"))
            return LEVEL_AVX512;
        return LEVEL_AVX2;
    }
#endif
    return LEVEL_BASELINE;
}

const char *level_name(enum level level) {
    static const char *const names[LEVELS] = {"baseline", "avx2", "avx512"};
    return names[level];
}
