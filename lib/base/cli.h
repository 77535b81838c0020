#ifndef BASE_CLI_H
#define BASE_CLI_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The part of the library that speaks to the user: options, --help, messages and exit codes, alike in every
 * tool. Exit codes: 0 done, 1 data or I/O, 2 usage, 128 + signal where one ended the work early. */

enum { EXIT_DATA = 1, EXIT_USAGE = 2 };

struct cli_option {
    int key;              /* the short option's letter, or a number from CLI_LONG_ONLY up */
    const char *name;     /* the long option's name */
    const char *argument; /* what --help calls its argument; NULL: it takes none */
    const char *help;     /* one line; may be long: --help folds nothing */
};

#define CLI_LONG_ONLY 256

/* Options that mean the same in every tool. CLI_EVERY ends a table. */
#define CLI_MODEL \
    { 'm', "model", "FILE", "the model file" }
#define CLI_SEED \
    { 'S', "seed", "N", "the seed of all random numbers (default 1)" }
#define CLI_THREADS \
    { 'j', "threads", "N", "work on N threads (default: the processors there are); changes no result" }
#define CLI_EVERY                                                                                                \
    {'q', "quiet", NULL, "no progress and no notes, only errors"},                                               \
        {'h', "help", NULL, "print this text and exit"}, {'V', "version", NULL, "print the version and exit"}, { \
        0, NULL, NULL, NULL                                                                                      \
    }

struct cli_program {
    const char *name;                 /* of the tool */
    const char *synopsis;             /* behind the name in the usage line */
    const char *summary;              /* what it does, one or two lines */
    const struct cli_option *options; /* ends with an entry whose key is 0 */
    const char *example;              /* a pipeline */
};

/* Prepares the process (closed standard streams, SIGPIPE, SIGUSR1) and the options' parser. */
void cli_start(const struct cli_program *program, int argc, char **argv);

/* The next option's key, with its argument in *value; -1 behind the last. Handles -h and -V itself, and ends
 * the program with exit code 2 at an option that is unknown or lacks its argument. -q is noted, and skipped. */
int cli_next(const char **value);

/* The options that most tools share: -m, -S and -j. */
struct cli_common {
    const char *model; /* NULL: not given */
    uint64_t seed;
    size_t threads;
};

/* Their defaults. */
struct cli_common cli_common(void);

/* True where the key is one of them, which is then set. */
bool cli_common_option(struct cli_common *common, int key, const char *value);

/* Behind the last option: the one operand there may be, or NULL. More are a usage error. */
const char *cli_operand(void);

/* The operands, for a tool that takes exactly `count`; another number is a usage error. */
char *const *cli_operands(size_t count);

/* A usage error where an option that must be given was not. */
void cli_require(const char *name, const char *value);

/* Ends the program with exit code 2 and the usage where `stream` (0: stdin, 1: stdout) is a terminal and the
 * tool was started without any argument: someone is looking for help. */
void cli_bare(int stream);

/* Ends the program with exit code 2 and the message kept by fail(), or with one of the caller's. */
_Noreturn void cli_usage_error(void);
_Noreturn void cli_refuse(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The number of an option's argument; a bad one is a usage error. */
uint64_t cli_whole(const char *name, const char *text, uint64_t min, uint64_t max);
double cli_real(const char *name, const char *text, double min, double max);

/* Whether -q was given. */
bool cli_quiet(void);

/* A line on stderr, behind the tool's name; not with -q. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* What main returns: prints the message kept by fail() where result is negative, checks that all of stdout has
 * been written, and gives the exit code. */
int cli_finish(int result);

#endif
