/* SPDX-License-Identifier: MIT */
/* What is written is C99 without a C library. NaN goes through each function, and x == x is false for it. Both
 * values of a choice are computed before it, so that compilers can vectorize the loops that call these functions.
 */
#include "export/c_part_text.h"

const char c_bits_text[] = "\n"
                           "/* A float, and its bits: sign, exponent + 127, fraction. */\n"
                           "union number {\n"
                           "    float value;\n"
                           "    uint32_t bits;\n"
                           "};\n";

/* The remainder of the series is below r^8 / 8!, 2e-8 of the sum. 355/512 is near log(2), and its products with n
 * have no rounding error. */
static const char power_text[] =
    "/* 2^n, n from -126 to 127. */\n"
    "static float power_of_2(int n) {\n"
    "    union number power;\n"
    "    power.bits = (uint32_t)(n + 127) << 23;\n"
    "    return power.value;\n"
    "}\n"
    "\n"
    "/* Taylor's series of exp(r) - 1, r = x - n log(2), for |r| <= log(2) / 2. */\n"
    "static float exp_series(float x, int n) {\n"
    "    const float r = x - (float)n * (355.0f / 512) + (float)n * 2.12194440e-4f;\n"
    "    return r + r * r * (1.0f / 2 + r * (1.0f / 6 + r * (1.0f / 24 + r * (1.0f / 120 +\n"
    "           r * (1.0f / 720 + r * (1.0f / 5040))))));\n"
    "}\n";

static const char exp_text[] =
    "/* exp(min(x, 88)), which is finite: 2^n exp(r). 2^n is applied in two steps, since it may be too large for "
    "a\n"
    " * float. */\n"
    "static float exp_of(float x) {\n"
    "    const float above = x > -104.0f ? x : -104.0f, bounded = above < 88.0f ? above : 88.0f;\n"
    "    const int n = (int)(bounded * 1.44269504f + (bounded < 0 ? -0.5f : 0.5f)), half = n / 2;\n"
    "    const float result = (1 + exp_series(bounded, n)) * power_of_2(half) * power_of_2(n - half);\n"
    "    return x == x ? result : x;\n"
    "}\n";

static const char expm1_text[] =
    "/* exp(x) - 1 without cancellation, for x <= 0. */\n"
    "static float expm1_of(float x) {\n"
    "    const float bounded = x > -80.0f ? x : -80.0f;\n"
    "    const int n = (int)(bounded * 1.44269504f - 0.5f);\n"
    "    const float result = power_of_2(n) * exp_series(bounded, n) + (power_of_2(n) - 1);\n"
    "    return x == x ? result : x;\n"
    "}\n";

static const char log1p_text[] =
    "/* log(1 + x) for x >= 0. With u = 1 + x = 2^n m it is n log(2) + log(m). log(m) is 2 artanh(s), with\n"
    " * s = (m - 1) / (m + 1), and its series 2 (s + s^3 / 3 + ...). The last term corrects the rounding of u. */\n"
    "static float log1p_of(float x) {\n"
    "    union number u, m;\n"
    "    u.value = 1 + x;\n"
    "    m.bits = (u.bits & 0x7fffff) | 0x3f800000;\n"
    "    const int large = m.value > 1.41421356f;\n"
    "    const float n = (float)((int)(u.bits >> 23) - 127 + large), fraction = large ? m.value / 2 : m.value;\n"
    "    const float s = (fraction - 1) / (fraction + 1), q = s * s;\n"
    "    const float series = 2 * s * (1 + q * (1.0f / 3 + q * (1.0f / 5 + q * (1.0f / 7 + q * (1.0f / 9)))));\n"
    "    return n * (355.0f / 512) + (series - n * 2.12194440e-4f) + (x - (u.value - 1)) / u.value;\n"
    "}\n";

static const char relu_text[] = "static float relu(float x) {\n"
                                "    return x > 0 || x != x ? x : 0;\n"
                                "}\n";

static const char tanh_text[] = "static float tanh_of(float x) {\n"
                                "    const float e = expm1_of(x > 0 ? -2 * x : 2 * x), size = -e / (2 + e);\n"
                                "    return x < 0 ? -size : size;\n"
                                "}\n";

static const char elu_text[] = "static float elu(float x) {\n"
                               "    const float below = expm1_of(x > 0 ? 0 : x);\n"
                               "    return x > 0 ? x : below;\n"
                               "}\n";

static const char softplus_text[] = "/* log(1 + exp(x)) */\n"
                                    "static float softplus(float x) {\n"
                                    "    return (x > 0 ? x : 0) + log1p_of(exp_of(x > 0 ? -x : x));\n"
                                    "}\n";

/* The polynomial is a Chebyshev interpolation of (1 + 2 z) exp(z^2) erfc(z) in (z - 2) / (z + 2), for z in
 * [0, 10.3]; its relative error is 2e-7. Form: Shepherd and Laframboise, Chebyshev approximation of (1 + 2x)
 * exp(x^2) erfc x, Math. Comp. 36 (1981). */
static const char gelu_text[] =
    "/* x times the normal distribution function of x, which is erfc(-x / sqrt(2)) / 2. For z >= 0, erfc(z) is\n"
    " * exp(-z^2) / (1 + 2 z) times a polynomial in (z - 2) / (z + 2). The square of `coarse` is exact: exp would\n"
    " * enlarge its rounding error. */\n"
    "static float gelu(float x) {\n"
    "    const float size = x < 0 ? -x : x, bounded = size < 15 ? size : 15;\n"
    "    const float coarse = (float)(int)(bounded * 64) / 64;\n"
    "    const float rest = (bounded - coarse) * (bounded + coarse) / 2;\n"
    "    const float z = bounded * 0.707106781f, u = (z - 2) / (z + 2);\n"
    "    const float p = 1.27697837f + u * (-0.0927640051f + u * (-0.166031122f + u * (0.164055794f +\n"
    "                    u * (-0.0542070977f + u * (-0.00806268584f + u * (0.0086398758f +\n"
    "                    u * (0.0013209437f + u * (-0.00123739848f + u * -0.000407401094f))))))));\n"
    "    const float tail = exp_of(-coarse * coarse / 2) * (1 + exp_series(-rest, 0)) * p / (2 + 4 * z);\n"
    "    return x * (x < 0 ? tail : 1 - tail);\n"
    "}\n";

static const char sigmoid_text[] = "static float sigmoid(float x) {\n"
                                   "    return 1 / (1 + exp_of(-x));\n"
                                   "}\n";

static const char silu_text[] = "static float silu(float x) {\n"
                                "    return x / (1 + exp_of(-x));\n"
                                "}\n";

static const char inverse_scale_text[] = "static float inverse_scale(float log_scale) {\n"
                                         "    return exp_of(-log_scale);\n"
                                         "}\n";

static const char continuous_mean_text[] =
    "/* The mean of the continuous Bernoulli distribution with logit x, 1 / (1 - exp(-x)) - 1 / x; near 0 a\n"
    " * series. */\n"
    "static float continuous_mean(float x) {\n"
    "    const float size = x < 0 ? -x : x, q = x * x, e = exp_of(-size);\n"
    "    if (size < 1)\n"
    "        return 0.5f + x * (1.0f / 12 + q * (-1.0f / 720 + q * (1.0f / 30240 + q * (-1.0f / 1209600))));\n"
    "    return x < 0 ? 1 / size - e / (1 - e) : 1 / (1 - e) - 1 / size;\n"
    "}\n";

static const char logistic_mean_text[] =
    "/* The mean of the logistic distribution of location x and inverse scale s over 0, 1/255, 2/255 to 1. */\n"
    "static float logistic_mean(float x, float s) {\n"
    "    float sum = 0;\n"
    "    for (int k = 0; k < 255; k++)\n"
    "        sum += sigmoid((x - ((float)k + 0.5f) / 255) * s);\n"
    "    return sum / 255;\n"
    "}\n";

static const char clamp_text[] = "static float clamp(float x, float bound) {\n"
                                 "    return x > bound ? bound : x < -bound ? -bound : x;\n"
                                 "}\n";

static const char missing_text[] = "/* Whether x is NaN, by its bits, which no option of a compiler changes. */\n"
                                   "static int missing(float x) {\n"
                                   "    union number number;\n"
                                   "    number.value = x;\n"
                                   "    return (number.bits & 0x7fffffff) > 0x7f800000;\n"
                                   "}\n";

static const char most_text[] = "/* The index of the largest of n numbers, the first of equal ones. */\n"
                                "static size_t most(const float *x, size_t n) {\n"
                                "    size_t largest = 0;\n"
                                "    for (size_t i = 1; i < n; i++)\n"
                                "        if (x[i] > x[largest])\n"
                                "            largest = i;\n"
                                "    return largest;\n"
                                "}\n";

const struct c_part_text c_part_text[PARTS] = {
    [PART_POWER] = {power_text, 0, true},
    [PART_EXP] = {exp_text, 1U << PART_POWER, false},
    [PART_EXPM1] = {expm1_text, 1U << PART_POWER, false},
    [PART_LOG1P] = {log1p_text, 0, true},
    [PART_RELU] = {relu_text, 0, false},
    [PART_TANH] = {tanh_text, 1U << PART_EXPM1, false},
    [PART_ELU] = {elu_text, 1U << PART_EXPM1, false},
    [PART_SOFTPLUS] = {softplus_text, 1U << PART_EXP | 1U << PART_LOG1P, false},
    [PART_GELU] = {gelu_text, 1U << PART_EXP | 1U << PART_POWER, false},
    [PART_SIGMOID] = {sigmoid_text, 1U << PART_EXP, false},
    [PART_SILU] = {silu_text, 1U << PART_EXP, false},
    [PART_INVERSE_SCALE] = {inverse_scale_text, 1U << PART_EXP, false},
    [PART_CONTINUOUS_MEAN] = {continuous_mean_text, 1U << PART_EXP, false},
    [PART_LOGISTIC_MEAN] = {logistic_mean_text, 1U << PART_SIGMOID, false},
    [PART_CLAMP] = {clamp_text, 0, false},
    [PART_MISSING] = {missing_text, 0, true},
    [PART_MOST] = {most_text, 0, false},
    [PART_LINEAR] = {c_linear_text, 0, false},
    [PART_CONV] = {c_conv_text, 0, false},
    [PART_UP] = {c_up_text, 0, false},
    [PART_NORM] = {c_norm_text, 0, true},
    [PART_CONCATENATE] = {c_concatenate_text, 0, false},
    [PART_GRU] = {c_gru_text, 1U << PART_LINEAR | 1U << PART_SIGMOID | 1U << PART_TANH, false},
    [PART_GRU_SEQUENCE] = {c_gru_sequence_text, 1U << PART_GRU | 1U << PART_LINEAR, false},
};
