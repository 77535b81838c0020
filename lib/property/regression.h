/* SPDX-License-Identifier: MIT */
#ifndef PROPERTY_REGRESSION_H
#define PROPERTY_REGRESSION_H

#include <stddef.h>

/* A regression predicts a number, the target, from a point, which is a vector of numbers. It is learned from
 * examples. A method is an entry of a table. */

/* Examples: points with their targets. */
struct points {
    const double *point;  /* [count, inputs], of about unit variance; not owned, like the targets */
    const double *target; /* [count] */
    size_t count, inputs; /* at least 1 each */
};

struct regression;

struct regression_method {
    const char *name;
    /* Learns from regression->examples: sets the other members. 0, or -1 with a message. */
    int (*fit)(struct regression *regression);
    /* Returns the prediction at `point` [inputs], and sets gradient [inputs] to its derivatives. */
    double (*predict)(const struct regression *regression, const double *point, double *gradient);
    /* Returns the standard deviation of the prediction at `point`; scratch [count]. NULL: the method has none. */
    double (*deviation)(const struct regression *regression, const double *point, double *scratch);
};

struct regression {
    const struct regression_method *method;
    struct points examples; /* must outlive the regression */
    double mean;            /* of the targets */
    double *weight;         /* owned; gp: [count], linear: [inputs] */
    /* Of the Gaussian process. */
    double length;  /* of the kernel, in units of the points */
    double noise;   /* variance of the noise, divided by that of the signal */
    double signal;  /* variance of the signal, in units of the target squared */
    double *factor; /* [count, count]: the Cholesky factor of kernel + noise; owned */
    /* Of ridge regression. */
    double penalty; /* divided by the number of examples */
    double *centre; /* [inputs], the mean of the points; owned */
};

/* Parses the name of a method to a const struct regression_method *. 0, or -1 with a message that begins with
 * `name`. */
int regression_parse(void *method, const char *name, const char *text);

/* Returns the name of the i-th method, NULL after the last one. */
const char *regression_name(size_t i);

/* Learns from the examples. Call lapack_load before. 0, or -1 with a message; end with regression_free in both
 * cases. */
int regression_fit(struct regression *regression, const struct regression_method *method,
                   const struct points *examples) __attribute__((warn_unused_result));

void regression_free(struct regression *regression);

/* A Gaussian process with a constant mean, that of the targets, a squared-exponential kernel and noise (Rasmussen
 * and Williams 2006, equations 2.25 and 2.26):
 *     k(u, v) = signal (exp(-|u - v|^2 / (2 length^2)) + noise [u and v are one example]).
 * Length and noise maximise the marginal likelihood (their equation 5.8) of at most 500 examples over a grid that
 * is refined twice. The signal that maximises it for a given length and noise has a closed form. The deviation is
 * that of the property without its noise. */
extern const struct regression_method regression_gp;

/* Ridge regression on centred points: minimises sum (y - mean - w.(u - centre))^2 + count penalty |w|^2. Of 21
 * penalties from 1e-6 to 1e4, takes that with the least squared error when each example is predicted from all
 * others, which has a closed form (Allen 1974). */
extern const struct regression_method regression_linear;

/* The parts of both that tests compare with other computations. Each reads only `examples` and `mean`. */

/* The log marginal likelihood for a length and a noise, with the best signal. -INFINITY if the matrix is not
 * positive definite to rounding; NAN if memory runs out. */
double regression_gp_evidence(const struct points *examples, double length, double noise);

/* Sets *error to the mean squared error of ridge regression when each example is predicted from all others, for
 * a penalty as in struct regression. 0, or -1 with a message. */
int regression_linear_left_out(const struct points *examples, double penalty, double *error)
    __attribute__((warn_unused_result));

#endif
