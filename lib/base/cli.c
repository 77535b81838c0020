/* SPDX-License-Identifier: MIT */
#include "base/cli.h"

#include "base/cli_help.h"
#include "base/error.h"
#include "base/level.h"
#include "base/option_advice.h"
#include "base/printable.h"
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
#define MAX_COMMAND (1 << 18) /* bytes of the command: far fewer than the header of a model file may have */
#define LONG 256              /* getopt's number of the first long option, above those of letters */

static struct {
    const struct cli_program *program;
    int argc;
    char **argv;
    char letters[2 * MAX_OPTIONS + 2];
    struct option names[MAX_OPTIONS + 1];
    const char *given[MAX_OPTIONS]; /* each option's last argument, or its default; "" if it takes none */
    bool by_user[MAX_OPTIONS];      /* given on the command line */
    struct option_value values[MAX_OPTIONS + 1];
    struct cli_common *common; /* begins the tool's options, while they are parsed */
    const char *joined;        /* while it is parsed: a short option whose argument is joined to it; else NULL */
    bool quiet;
} cli;

/* A standard stream that was closed would give its number to the next file opened, and data would end up
 * there. It is opened the wrong way round instead: any use of it then fails. */
static void occupy_closed_streams(void) {
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) < 0)
            (void)!open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY);
}

static void prepare_process(void) {
    occupy_closed_streams();
    signal(SIGPIPE, SIG_DFL); /* a reader that left ends the tool, even below a parent that ignores the signal */
    signal(SIGXFSZ, SIG_IGN); /* a file-size limit is a write that fails, with a message */
    signals_catch_ask();
}

/* getopt's tables: a long option's number there is its place in the program's table. */
static void prepare_options(void) {
    char *letter = cli.letters;
    *letter++ = ':'; /* a missing argument is told apart from an unknown option */
    int n = 0;
    for (const struct cli_option *o = cli.program->options; o->name != NULL && n < MAX_OPTIONS; o++) {
        cli.names[n] = (struct option){o->name, o->argument != NULL, NULL, LONG + n};
        n++;
        if (o->key != 0) {
            *letter++ = (char)o->key;
            if (o->argument != NULL)
                *letter++ = ':';
        }
    }
    opterr = 0;
}

static _Noreturn void print_and_exit_0(void) {
    exit(cli_finish(0));
}

void cli_help(const struct cli_option *option, void *field, const char *text) {
    (void)option, (void)field, (void)text;
    cli_help_print(cli.program);
    print_and_exit_0();
}

void cli_version(const struct cli_option *option, void *field, const char *text) {
    (void)option, (void)field, (void)text;
    printf("%s (vaeutils) %s\n", cli.program->name, VAEUTILS_VERSION);
    print_and_exit_0();
}

const char *cli_no_operands(size_t i) {
    (void)i;
    return NULL;
}

/* The long option that was probably meant by letters after one dash; NULL: none. */
static const struct cli_option *long_by_one_dash(const char *typed, size_t length) {
    return length < 3 ? NULL : option_advice_long(cli.program, typed + 1, length - 1);
}

/* getopt reads a long option with one dash as a short option and its argument, and the message of the moment
 * refuses that argument. Replaces the message by one that names the long option. */
static void explain_joined(void) {
    const char *typed = cli.joined;
    const size_t length = typed == NULL ? 0 : strcspn(typed, "=");
    const struct cli_option *meant = long_by_one_dash(typed, length);
    if (meant != NULL)
        (void)fail("%.*s: read as -%c %s, did you mean --%s?", (int)length, typed, typed[1], typed + 2,
                   meant->name);
}

_Noreturn void cli_usage_error(void) {
    explain_joined();
    fprintf(stderr, "%s: %s (%s --help tells more)\n", cli.program->name, error_message(), cli.program->name);
    exit(EXIT_USAGE);
}

_Noreturn void cli_refuse(const char *format, ...) {
    char text[ERROR_MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    (void)fail("%s", text);
    cli_usage_error();
}

/* The option that getopt's number is of. NULL if it is of none. */
static const struct cli_option *option_of(int number) {
    for (const struct cli_option *o = cli.program->options; o->name != NULL; o++)
        if (number == (number < LONG ? o->key : LONG + (int)(o - cli.program->options)))
            return o;
    return NULL;
}

/* The long option that getopt has just read: the argument before the next one, or the one before that if the
 * option's own argument is a separate one. */
static const char *long_option(void) {
    const bool apart = optarg != NULL && optarg == cli.argv[optind - 1];
    return cli.argv[optind - (apart ? 2 : 1)];
}

/* Refuses `length` bytes of `typed`, dashes included, which are not an option of the tool. `meant`: the option that
 * was probably meant, or NULL. */
static _Noreturn void refuse_unknown(const char *typed, int length, const struct cli_option *meant) {
    if (meant != NULL)
        cli_refuse("%.*s: no such option, did you mean --%s?", length, typed, meant->name);
    const int dashes = typed[1] == '-' ? 2 : 1;
    if (option_advice_is_output(cli.program, typed + dashes, (size_t)(length - dashes)))
        cli_refuse("%.*s: no such option, output goes to stdout: use > FILE", length, typed);
    cli_refuse("%.*s: no such option", length, typed);
}

static _Noreturn void refuse_long(void) {
    const char *typed = long_option();
    const size_t length = strcspn(typed, "=");
    refuse_unknown(typed, (int)length, option_advice_long(cli.program, typed + 2, length - 2));
}

/* Refuses an abbreviated long option. getopt accepts one if it is unambiguous, but an option that is added later
 * could make it ambiguous. */
static void check_whole_name(const struct cli_option *o) {
    const char *name = long_option() + 2;
    if (strlen(o->name) != strcspn(name, "="))
        refuse_long();
}

/* The argument in which getopt found an unknown letter. If the letter was its last one, getopt has moved on to the
 * next argument. */
static const char *short_options(void) {
    const char *passed = cli.argv[optind - 1];
    const size_t length = strlen(passed);
    return length > 1 && *passed == '-' && passed[length - 1] == (char)optopt ? passed : cli.argv[optind];
}

static _Noreturn void refuse_short(void) {
    const char *typed = short_options(), letter[] = {'-', (char)optopt, '\0'};
    const size_t length = strcspn(typed, "=");
    const struct cli_option *meant = long_by_one_dash(typed, length);
    if (meant != NULL || option_advice_is_output(cli.program, typed + 1, length - 1))
        refuse_unknown(typed, (int)length, meant != NULL ? meant : option_advice_short(cli.program, typed[1]));
    refuse_unknown(letter, 2, option_advice_short(cli.program, (char)optopt));
}

/* getopt keeps what it did not take: a known option's number (its argument is missing, or one too many), the letter
 * of an unknown short option, or 0 for an unknown long one. */
static _Noreturn void refuse_option(bool lacks_argument) {
    const struct cli_option *o = optopt == 0 ? NULL : option_of(optopt);
    if (o != NULL && optopt >= LONG)
        check_whole_name(o);
    if (o != NULL)
        cli_refuse("--%s: found %s argument, wanted %s", o->name, lacks_argument ? "no" : "an",
                   lacks_argument ? "one" : "none");
    if (optopt == 0)
        refuse_long();
    refuse_short();
}

static void refuse_bare(void) {
    if (cli.argc == 1 && isatty(cli.program->binary)) {
        cli_help_usage(cli.program, stderr);
        fprintf(stderr, "%s --help tells more.\n", cli.program->name);
        exit(EXIT_USAGE);
    }
}

static void give(const struct cli_option *o, const char *text) {
    cli.given[o - cli.program->options] = text;
    o->set(o, (char *)cli.common + o->offset, text);
}

/* Sets an option from the command line. One with an argument is refused the second time, since the first argument
 * would be ignored; a flag may be repeated. */
static void give_by_user(const struct cli_option *o, const char *text) {
    const size_t i = (size_t)(o - cli.program->options);
    if (o->argument != NULL && cli.by_user[i])
        cli_refuse("--%s: found it twice, with '%s' and '%s', wanted it once", o->name, cli.given[i], text);
    cli.by_user[i] = true;
    give(o, o->argument == NULL ? "" : text);
}

/* Sets a short option whose argument is joined to it. If both together are the name of a long option, that one was
 * meant: -model is not -m with the file "odel". */
static void give_joined(const struct cli_option *o, const char *text) {
    cli.joined = cli.argv[optind - 1];
    for (const struct cli_option *l = cli.program->options; l->name != NULL; l++)
        if (strcmp(l->name, cli.joined + 1) == 0)
            cli_usage_error();
    give_by_user(o, text);
    cli.joined = NULL;
}

/* Checks that there is memory for the threads. If there is not, a number that the user gave is refused, and the
 * default is lowered, with a quarter of the memory left to the data. If there is memory for none, the work itself
 * fails later with its own message. */
static void settle_threads(void) {
    const struct cli_option *o = cli.program->options;
    while (o->name != NULL && strcmp(o->name, "threads") != 0)
        o++;
    const size_t wanted = cli.common->threads;
    if (o->name != NULL && cli.by_user[o - cli.program->options]) {
        const size_t there = workers_affordable(wanted);
        if (there > 0 && there < wanted)
            exit(cli_finish(
                fail("--threads: found %zu, wanted at most %zu: there is no memory for more, each takes %zu bytes",
                     wanted, there, workers_bytes())));
    } else if (o->name != NULL) {
        const size_t there = workers_affordable((wanted * 4 + 2) / 3), used = there < 2 ? 1 : there * 3 / 4;
        cli.common->threads = used < wanted ? used : wanted;
        if (there > 0 && cli.common->threads < wanted)
            cli_note("--threads: working on %zu of %zu: memory is short, and each thread takes %zu bytes",
                     cli.common->threads, wanted, workers_bytes());
    }
}

void cli_parse(const struct cli_program *program, int argc, char **argv, void *options) {
    int number;
    cli.program = program;
    cli.argc = argc;
    cli.argv = argv;
    cli.common = options;
    prepare_process();
    progress_name(program->name);
    signals_name(program->name);
    if (level_settle() < 0) { /* --help does not list the environment */
        fprintf(stderr, "%s: %s, see vaeutils(7)\n", program->name, error_message());
        exit(EXIT_USAGE);
    }
    refuse_bare();
    if (argc == 2 && strcmp(argv[1], CLI_COMPLETE) == 0) {
        cli_help_table(program);
        print_and_exit_0();
    }
    prepare_options();
    for (const struct cli_option *o = program->options; o->name != NULL; o++)
        if (o->initial != NULL)
            give(o, o->initial);
    cli.common->threads = workers_available() < WORKERS_MAX ? workers_available() : WORKERS_MAX;
    while ((number = getopt_long(argc, argv, cli.letters, cli.names, NULL)) != -1) {
        const struct cli_option *o = option_of(number);
        if (o == NULL) /* getopt gave ':' or '?' */
            refuse_option(number == ':');
        if (number >= LONG)
            check_whole_name(o);
        if (number < LONG && optarg == cli.argv[optind - 1] + 2)
            give_joined(o, optarg);
        else
            give_by_user(o, optarg);
    }
    cli.quiet = cli.common->quiet;
    settle_threads();
}

bool cli_imply(const char *name, const char *text) {
    size_t i = 0;
    while (strcmp(cli.program->options[i].name, name) != 0)
        i++;
    if (cli.by_user[i])
        return strcmp(cli.given[i], text) == 0;
    give(&cli.program->options[i], text);
    return true;
}

const struct option_value *cli_values(void) {
    size_t n = 0;
    for (const struct cli_option *o = cli.program->options; o->name != NULL; o++)
        if (!o->aside)
            cli.values[n++] = (struct option_value){
                .name = o->name, .value = cli.given[o - cli.program->options], .before = o->before};
    cli.values[n] = (struct option_value){.name = NULL};
    return cli.values;
}

char *cli_command(void) {
    char *text = NULL;
    size_t length = 0;
    FILE *command = open_memstream(&text, &length);
    bool whole = command != NULL;
    if (whole) {
        fputs(cli.program->name, command);
        for (const struct option_value *o = cli_values(); o->name != NULL; o++)
            if (o->value != NULL)
                fprintf(command, " --%s%s%s", o->name, *o->value == '\0' ? "" : " ", o->value);
        whole = !ferror(command);
        whole =
            fclose(command) == 0 && whole && text != NULL; /* out of memory, text may be NULL without an error */
    }
    if (whole && length <= MAX_COMMAND)
        return text;
    free(text);
    if (whole)
        (void)fail("options: their text has %zu bytes, wanted at most %d", length, MAX_COMMAND);
    else
        (void)fail("options: out of memory for their text");
    return NULL;
}

const char *cli_operand(void) {
    if (cli.argc - optind > 1)
        cli_refuse("%s: found %d operands, wanted at most 1", cli.argv[optind + 1], cli.argc - optind);
    return optind < cli.argc ? cli.argv[optind] : NULL;
}

char *const *cli_all_operands(size_t *count) {
    *count = (size_t)(cli.argc - optind);
    return cli.argv + optind;
}

char *const *cli_operands(size_t count) {
    if ((size_t)(cli.argc - optind) != count)
        cli_refuse("operands: found %d, wanted %zu", cli.argc - optind, count);
    return cli.argv + optind;
}

char *const *cli_operands_from(size_t least, size_t *count) {
    *count = (size_t)(cli.argc - optind);
    if (*count < least)
        cli_refuse("operands: found %zu, wanted at least %zu", *count, least);
    return cli.argv + optind;
}

void cli_require(const char *name, const char *value) {
    if (value == NULL)
        cli_refuse("%s: not given, wanted it", name);
}

bool cli_quiet(void) {
    return cli.quiet;
}

static void print_line(const char *text) {
    progress_clear();
    fprintf(stderr, "%s: ", cli.program->name);
    printable_print(stderr, text);
    fputc('\n', stderr);
}

void cli_report(void) {
    print_line(error_message());
}

void cli_note(const char *format, ...) {
    if (cli_quiet())
        return;
    char text[ERROR_MESSAGE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    print_line(text);
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
    return signals_stop() == 0 ? result : 128 + signals_stop();
}
