/*
 * conf - option table over flags and environment: every documented variable is one row, a wrong
 * value is a clear error.
 *
 * A row names the variable (and the original's other spelling), the flag if it has one, its kind,
 * default text and bounds. conf_read() fills an array of values in the order of the rows. Flags win
 * over variables except where `env_wins` is set (PORT). An empty variable is as unset. Strings are
 * borrowed from argv, environ or `a`.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum conf_kind { CONF_TEXT, CONF_INT, CONF_BOOL, CONF_FLOAT };

struct conf_row {
    const char *env, *env_alias; /* NULL: none */
    const char *flag; /* "--port" without dashes; single or double dash are read; NULL: none */
    enum conf_kind kind;
    const char *fallback; /* default as text; NULL: absent (text STR_NULL, number 0, false) */
    int64_t min, max;     /* CONF_INT: both 0 = any */
    bool env_wins;
    const char *help; /* one line for --help; NULL hides the row there */
};

struct conf_value {
    struct str text;
    int64_t i;
    double f;
    bool b;
    bool given; /* by flag or environment, not the default */
};

/*
 * Reads `rows` (count n) into out[n]. Unknown flags, missing flag values and values out of their
 * kind or bounds fail with ERR_BAD_REQUEST and a text that names the flag or variable, the value
 * and what is allowed (a secret's value is not named: variables whose name holds SECRET, PASSWORD,
 * TOKEN, DSN or CONN_STRING). Flags "version" and "help" are not special here: list them as
 * CONF_BOOL rows. A bool flag takes no value.
 */
MUST_CHECK enum err_code conf_read(struct arena *a, const struct conf_row *rows, size_t n, int argc,
                                   char *const *argv, char *const *env, struct conf_value *out,
                                   struct err *err);
/* What is no flag, in order; where conf_read() refuses it. */
struct conf_args {
    struct str *items; /* in the arena; NUL-terminated */
    size_t count;
};
MUST_CHECK enum err_code conf_read_args(struct arena *a, const struct conf_row *rows, size_t n,
                                        int argc, char *const *argv, char *const *env,
                                        struct conf_value *out, struct conf_args *args,
                                        struct err *err);
/* Adds the NAME=value lines of the file to the environment where the name is not set yet; a missing
 * file is fine. */
MUST_CHECK enum err_code conf_load_dotenv(const char *path, struct err *err);
/* The --help text of the rows. */
struct str conf_help(struct arena *a, const char *usage, const struct conf_row *rows, size_t n);
