/*
 * command - what the program can be told to do, as the first words of its command line: one table
 * of rows.
 *
 * A row's function runs with the options read and with what the command line says besides. It
 * prints its result on stdout and its complaints, one line each, on stderr.
 */
#pragma once
#include "app/options.h"
#include "base/conf.h"

/* What the program ends with: done, failed, called wrongly. */
enum { COMMAND_DONE = 0, COMMAND_FAILED = 1, COMMAND_USAGE = 2 };

struct command_call {
    struct arena *arena;
    const struct app_options *options;
    const struct conf_value *flags; /* in the order of the row's own flags */
    const struct str *args;         /* what is no flag, where the row takes that; NUL-terminated */
    size_t arg_count;
};

struct command {
    const char *name;     /* one or two words */
    const char *synopsis; /* what follows them, for --help */
    const char *help;     /* one line */
    const char *more;     /* lines behind it in the command's own --help; NULL: none */
    const struct conf_row *flags;
    size_t flag_count;
    bool takes_args;
    int (*run)(const struct command_call *call); /* NULL: main serves */
};

/* The command that the arguments begin with, `serve` when that is a flag or nothing. *words gets
 * how many of argv's texts behind the program's own are its name. ERR_BAD_REQUEST. */
MUST_CHECK enum err_code command_find(int argc, char *const *argv, const struct command **out,
                                      int *words, struct err *err);
/* The text of --help: of one command, of the whole program when that is `serve`. */
struct str command_help(struct arena *a, const struct command *command);

/* One line on stderr; returns what the program ends with. */
int command_fail(const struct err *err);
