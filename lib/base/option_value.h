/* SPDX-License-Identifier: MIT */
#ifndef BASE_OPTION_VALUE_H
#define BASE_OPTION_VALUE_H

/* An option of a program that changes its result, for those who record it or compare it. A list of them is in the
 * order of the program's options, and ends with an entry without a name. */
struct option_value {
    const char *name;   /* without dashes */
    const char *value;  /* its argument or its default, "" if it takes none; NULL: not given */
    const char *before; /* the value that does what was done before the option existed; NULL: not given */
};

#endif
