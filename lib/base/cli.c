#include "base/cli.h"

#include "base/error.h"
#include "base/number.h"
#include "base/progress.h"
#include "base/signals.h"
#include "base/workers.h"

#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MAX_OPTIONS 64

static struct {
    const struct cli_program *program;
    int argc;
    char **argv;
    char letters[2 * MAX_OPTIONS + 2];
    struct option names[MAX_OPTIONS + 1];
    bool quiet;
} cli;

/* A standard stream that was closed would give its number to the next file opened, and data would end up
 * there. It is opened the wrong way round instead: any use of it then fails. */
static void occupy_closed_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

void cli_start(const struct cli_program *program, int argc, char **argv) {
    occupy_closed_streams();
    signal(SIGPIPE, SIG_DFL); /* a reader that left ends the tool, even below a parent that ignores the signal */
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is a write that fails, with a message */
    signals_catch_ask();
    progress_name(program->name);
    cli.program = program;
    cli.argc = argc;
    cli.argv = argv;
    char *letter = cli.letters;
    *letter++ = ':'; /* a missing argument is told apart from an unknown option */
    size_t n = 0;
    for (const struct cli_option *o = program->options; o->key != 0 && n < MAX_OPTIONS; o++, n++) {
        cli.names[n] = (struct option){o->name, o->argument != NULL, NULL, o->key};
        if (o->key < CLI_LONG_ONLY) {
            *letter++ = (char)o->key;
            if (o->argument != NULL)
                *letter++ = ':';
        }
    }
    opterr = 0;
}

static void print_usage(FILE *to) {
    fprintf(to, "Usage: %s %s\n", cli.program->name, cli.program->synopsis);
}

static _Noreturn void print_and_exit_0(void) {
    exit(cli_finish(0));
}

static _Noreturn void print_help(void) {
    print_usage(stdout);
    printf("%s\n\n", cli.program->summary);
    for (const struct cli_option *o = cli.program->options; o->key != 0; o++) {
        char left[64];
        const char *argument = o->argument == NULL ? "" : o->argument;
        if (o->key < CLI_LONG_ONLY)
            snprintf(left, sizeof left, "-%c, --%s %s", o->key, o->name, argument);
        else
            snprintf(left, sizeof left, "    --%s %s", o->name, argument);
        printf("  %-26s %s\n", left, o->help);
    }
    printf("\nExample:\n  %s\n", cli.program->example);
    print_and_exit_0();
}

static _Noreturn void print_version(void) {
    printf("%s (vaeutils) %s\n", cli.program->name, VAEUTILS_VERSION);
    print_and_exit_0();
}

_Noreturn void cli_usage_error(void) {
    fprintf(stderr, "%s: %s (%s --help tells more)\n", cli.program->name, error_message(), cli.program->name);
    exit(EXIT_USAGE);
}

_Noreturn void cli_refuse(const char *format, ...) {
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fail("%s", text);
    cli_usage_error();
}

/* getopt keeps what it did not take: a known option's key (its argument is missing, or one too many), the letter of
 * an unknown short option, or 0 for an unknown long one, whose text is the argument just passed. */
static _Noreturn void refuse_option(bool lacks_argument) {
    for (const struct cli_option *o = cli.program->options; o->key != 0; o++)
        if (o->key == optopt)
            cli_refuse("--%s: found %s argument, wanted %s", o->name, lacks_argument ? "no" : "an",
                       lacks_argument ? "one" : "none");
    if (optopt != 0)
        cli_refuse("-%c: no such option, wanted one that --help lists", optopt);
    cli_refuse("%s: no such option, wanted one that --help lists", cli.argv[optind - 1]);
}

int cli_next(const char **value) {
    for (;;) {
        int key = getopt_long(cli.argc, cli.argv, cli.letters, cli.names, NULL);
        *value = optarg;
        switch (key) {
        case 'q':
            cli.quiet = true;
            continue;
        case 'h':
            print_help();
        case 'V':
            print_version();
        case ':':
        case '?':
            refuse_option(key == ':');
        default:
            return key;
        }
    }
}

const char *cli_operand(void) {
    if (cli.argc - optind > 1)
        cli_refuse("%s: found %d operands, wanted at most 1", cli.argv[optind + 1], cli.argc - optind);
    return optind < cli.argc ? cli.argv[optind] : NULL;
}

char *const *cli_operands(size_t count) {
    if ((size_t)(cli.argc - optind) != count)
        cli_refuse("operands: found %d, wanted %zu", cli.argc - optind, count);
    return cli.argv + optind;
}

void cli_require(const char *name, const char *value) {
    if (value == NULL)
        cli_refuse("%s: not given, wanted it", name);
}

void cli_bare(int stream) {
    if (cli.argc == 1 && isatty(stream)) {
        print_usage(stderr);
        fprintf(stderr, "%s --help tells more.\n", cli.program->name);
        exit(EXIT_USAGE);
    }
}

uint64_t cli_whole(const char *name, const char *text, uint64_t min, uint64_t max) {
    uint64_t value;
    if (parse_whole(name, text, min, max, &value) < 0)
        cli_usage_error();
    return value;
}

double cli_real(const char *name, const char *text, double min, double max) {
    double value;
    if (parse_real(name, text, min, max, &value) < 0)
        cli_usage_error();
    return value;
}

struct cli_common cli_common(void) {
    return (struct cli_common){.seed = 1, .threads = workers_available()};
}

bool cli_common_option(struct cli_common *common, int key, const char *value) {
    switch (key) {
    case 'm':
        common->model = value;
        return true;
    case 'S':
        common->seed = cli_whole("--seed", value, 0, UINT64_MAX);
        return true;
    case 'j':
        common->threads = (size_t)cli_whole("--threads", value, 1, 1024);
        return true;
    default:
        return false;
    }
}

bool cli_quiet(void) {
    return cli.quiet;
}

void cli_note(const char *format, ...) {
    if (cli.quiet)
        return;
    va_list arguments;
    va_start(arguments, format);
    progress_clear();
    fprintf(stderr, "%s: ", cli.program->name);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

int cli_finish(int result) {
    progress_clear();
    /* Data is written past stdio, so that close is the last chance of a network file system to say no. */
    if (result >= 0 && (fflush(stdout) != 0 || ferror(stdout)))
        result = fail_system("stdout", "cannot write");
    else if (result >= 0 && close(STDOUT_FILENO) < 0)
        result = fail_system("stdout", "cannot close");
    if (result < 0) {
        fprintf(stderr, "%s: %s\n", cli.program->name, error_message());
        return EXIT_DATA;
    }
    return signals_stop() == 0 ? 0 : 128 + signals_stop();
}
