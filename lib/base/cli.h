/* SPDX-License-Identifier: MIT */
#ifndef BASE_CLI_H
#define BASE_CLI_H

#include "base/option_value.h"
#include "base/workers.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part of the library that speaks to the user: options, --help, messages and exit codes, alike in every
 * tool. Exit codes: 0 done, 1 data or I/O, 2 usage, 3 done but some items were bad (--on-bad report), 128 + signal
 * if one ended the work early. */

enum { EXIT_DATA = 1, EXIT_USAGE = 2, EXIT_BAD = 3 };

#define CLI_NO_MEMORY (-2) /* what the parser of an option returns if memory ends */

/* An option, and the field that holds its value. Each tool defines a `struct options`; the macros below take the
 * names of its fields. */
struct cli_option {
    int key;              /* the short option's letter, 0: it has none */
    const char *name;     /* the long option's name */
    const char *argument; /* what --help calls its argument; NULL: it takes none */
    const char *initial;  /* the default, as text; NULL: there is none, or `help` says what it is */
    const char *help;     /* one line of any length, since --help folds no lines; --help adds the default */
    /* Sets the field from the argument's text, or ends the program with a usage error. */
    void (*set)(const struct cli_option *option, void *field, const char *text);
    size_t offset;   /* of the field in struct options */
    double min, max; /* of a number */
    /* For cli_set_parsed: parses the text. 0; or -1 with a message that begins with `name`, which is a usage error;
     * or CLI_NO_MEMORY with a message, which is none. */
    int (*parse)(void *field, const char *name, const char *text);
    /* The i-th text that the argument may be, or begin with if it ends with ':'; NULL after the last one.
     * Completions offer these. NULL: any text may be an argument. */
    const char *(*names)(size_t i);
    bool aside; /* not part of cli_values, since it names a file, or changes no result */
    /* The value that means what the tool did before the option existed. A checkpoint from that time does not name
     * the option, and is read as having this value. It must not change when `initial` changes. NULL: not given. */
    const char *before;
    unsigned heading; /* its group in --help: an index of the program's headings */
};

#define CLI_FLAG(field) cli_set_flag, offsetof(struct options, field), 0, 0     /* bool */
#define CLI_FILE(field) cli_set_file, offsetof(struct options, field), 0, 0     /* const char *, not "-" */
#define CLI_STREAM(field) cli_set_stream, offsetof(struct options, field), 0, 0 /* const char *, or "-" */
#define CLI_TEXT(field) cli_set_text, offsetof(struct options, field), 0, 0     /* const char * */
#define CLI_SIZE(field, min, max) cli_set_size, offsetof(struct options, field), min, max      /* size_t */
#define CLI_WHOLE(field, min, max) cli_set_whole, offsetof(struct options, field), min, max    /* uint64_t */
#define CLI_REAL(field, min, max) cli_set_real, offsetof(struct options, field), min, max      /* double */
#define CLI_PARSE(parser, field) cli_set_parsed, offsetof(struct options, field), 0, 0, parser /* of any type */

void cli_set_flag(const struct cli_option *option, void *field, const char *text);
void cli_set_file(const struct cli_option *option, void *field, const char *text);
void cli_set_stream(const struct cli_option *option, void *field, const char *text);
void cli_set_text(const struct cli_option *option, void *field, const char *text);
void cli_set_size(const struct cli_option *option, void *field, const char *text);
void cli_set_whole(const struct cli_option *option, void *field, const char *text);
void cli_set_real(const struct cli_option *option, void *field, const char *text);
void cli_set_parsed(const struct cli_option *option, void *field, const char *text);

/* The options that most tools have, as the field `common` of their struct options. */
struct cli_common {
    const char *model; /* NULL: not given */
    uint64_t seed;
    size_t threads; /* default: the number of processors, or fewer if there is not enough memory */
    bool quiet;
    bool report_bad; /* --on-bad report */
};

/* Options that mean the same in every tool. CLI_EVERY ends a table. */
#define CLI_MODEL \
    { 'm', "model", "FILE", NULL, "the model file", CLI_FILE(common.model), .aside = true }
#define CLI_LABELS(field)                                                                                       \
    {                                                                                                           \
        0, "cond", "FILE", NULL, "the items' labels, for a model that is conditional on them", CLI_FILE(field), \
            .aside = true                                                                                       \
    }
#define CLI_SEED \
    { 'S', "seed", "N", "1", "the seed of all random numbers", CLI_WHOLE(common.seed, 0, 0x1p64), .before = "1" }
#define CLI_THREADS                                                                                       \
    {                                                                                                     \
        'j', "threads", "N", NULL,                                                                        \
            "work on N threads (default: the number of processors, if memory allows); changes no result", \
            CLI_SIZE(common.threads, 1, WORKERS_MAX), .aside = true                                       \
    }
#define CLI_ON_BAD                                                                                          \
    {                                                                                                       \
        0, "on-bad", "NAME", "stop",                                                                        \
            "at an item without a finite answer: stop, or report it, answer nan and go on (exit status 3)", \
            CLI_PARSE(cli_parse_on_bad, common.report_bad), .names = cli_on_bad_name                        \
    }
#define CLI_EVERY                                                                                               \
    {'q', "quiet", NULL, NULL, "no progress and no notes, only errors", CLI_FLAG(common.quiet), .aside = true}, \
        {'h', "help", NULL, NULL, "print this text and exit", cli_help, .aside = true},                         \
        {'V', "version", NULL, NULL, "print the version and exit", cli_version, .aside = true}, {               \
        0                                                                                                       \
    }

void cli_help(const struct cli_option *option, void *field, const char *text);
void cli_version(const struct cli_option *option, void *field, const char *text);

/* Parses "stop" or "report" to a bool. */
int cli_parse_on_bad(void *field, const char *name, const char *text);
const char *cli_on_bad_name(size_t i);

struct cli_program {
    const char *name;                 /* of the tool */
    const char *synopsis;             /* follows the name in the usage line */
    const char *summary;              /* what it does, one or two lines */
    const struct cli_option *options; /* ends with an entry without a name */
    int binary;                       /* the standard stream that carries its data: 0 or 1 */
    const char *example;              /* a pipeline */
    /* The headings of the groups of --help, ending with NULL. The first group is printed last. NULL: there is one
     * group, without a heading. */
    const char *const *headings;
    /* The i-th word that an operand may be, NULL after the last one. NULL: an operand is a file. */
    const char *(*operands)(size_t i);
};

/* The words of a tool that takes no operand: none. */
const char *cli_no_operands(size_t i);

/* Prepares the process (closed standard streams, SIGPIPE, SIGUSR1) and sets the fields of `options`, a struct
 * options that holds the defaults and begins with its struct cli_common. Reads the environment, see level_settle. A
 * long option is accepted by its whole name only. An option with an argument may be given once; a flag may be
 * repeated. Ends the program with exit status 1 if there is no memory for the threads that the user asked for, and
 * with exit status 2 if an option is unknown, abbreviated, given twice or lacks its argument. If the tool was
 * started without arguments and its data would come from or go to a terminal, the user is looking for help: it
 * prints a short usage and ends with exit status 2. For completions, a single argument CLI_COMPLETE prints the
 * table of cli_help_table. */
#define CLI_COMPLETE "--complete"
void cli_parse(const struct cli_program *program, int argc, char **argv, void *options);

/* Sets an option that another one implies, as if the user had given it, while cli_parse's struct options is there.
 * Returns false, and sets nothing, if the user has given it with another argument. */
bool cli_imply(const char *name, const char *text) __attribute__((warn_unused_result));

/* Returns the options that are not `aside`, with the user's arguments or the defaults. They are valid until the
 * end. */
const struct option_value *cli_values(void);

/* Returns the tool's name and these options as one text, which is the same for the same work. NULL with a message
 * if it would be longer than 2^18 bytes, or out of memory. End with free. */
char *cli_command(void);

/* Returns the one operand that may follow the options, or NULL. More than one is a usage error. */
const char *cli_operand(void);

/* Returns the operands of a tool that takes any number of them, and sets *count. */
char *const *cli_all_operands(size_t *count);

/* Returns the operands of a tool that takes exactly `count`; another number is a usage error. */
char *const *cli_operands(size_t count);

/* Returns the operands of a tool that takes `least` or more, and sets *count; fewer are a usage error. */
char *const *cli_operands_from(size_t least, size_t *count);

/* Ends the program with a usage error if `value` is NULL: the option `name` must be given. */
void cli_require(const char *name, const char *value);

/* Ends the program with exit code 2 and the message kept by fail(), or with one of the caller's. */
_Noreturn void cli_usage_error(void);
_Noreturn void cli_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Returns whether -q was given. */
bool cli_quiet(void);

/* Prints a line on stderr that begins with the tool's name; nothing with -q. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints the message kept by fail() as such a line, also with -q: about an item that does not end the work. */
void cli_report(void);

/* Prints the message kept by fail() if `result` is negative, checks that all of stdout has been written, and
 * returns the exit status, which main returns: `result` if it is positive. */
int cli_finish(int result);

#endif
