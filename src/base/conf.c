#include "base/conf.h"

#include <errno.h>
#include <inttypes.h>

#include "base/sb.h"
#include "base/text.h"

/* ---- one value ---- */

/* Where a value came from, for the text of an error. */
struct source {
    const char *kind, *name; /* "flag --", "port" */
    struct str text;
    bool given;
};

static bool is_secret(const struct conf_row *row)
{
    static const char *const words[] = {"SECRET", "PASSWORD", "TOKEN", "DSN", "CONN_STRING"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        if ((row->env && strstr(row->env, words[i])) ||
            (row->env_alias && strstr(row->env_alias, words[i])))
            return true;
    }
    return false;
}

static bool in_bounds(const struct conf_row *row, int64_t i)
{
    return (row->min == 0 && row->max == 0) || (i >= row->min && i <= row->max);
}

static bool parse(const struct conf_row *row, struct str text, struct conf_value *out)
{
    switch (row->kind) {
    case CONF_TEXT:
        return true;
    case CONF_INT:
        return str_to_i64(text, &out->i) && in_bounds(row, out->i);
    case CONF_BOOL:
        return str_to_bool(text, &out->b);
    case CONF_FLOAT:
        return str_to_f64(text, &out->f);
    }
    return false;
}

static enum err_code refuse(const struct conf_row *row, const struct source *from, struct err *err)
{
    struct str shown = is_secret(row) ? STR("(hidden)") : utf8_prefix(from->text, 60);
    char allowed[64] = "a whole number";

    if (row->kind == CONF_BOOL)
        snprintf(allowed, sizeof allowed, "true or false");
    else if (row->kind == CONF_FLOAT)
        snprintf(allowed, sizeof allowed, "a number");
    else if (row->min != 0 || row->max != 0)
        snprintf(allowed, sizeof allowed, "a whole number from %" PRId64 " to %" PRId64, row->min,
                 row->max);
    return err_set(err, ERR_BAD_REQUEST, "%s%s: \"%.*s\" is not %s", from->kind, from->name,
                   STR_ARG(shown), allowed);
}

static enum err_code fill(const struct conf_row *row, const struct source *from,
                          struct conf_value *out, struct err *err)
{
    *out = (struct conf_value){.text = from->text, .given = from->given};
    if (from->text.p && !parse(row, from->text, out))
        return refuse(row, from, err);
    return ERR_OK;
}

/* ---- the environment ---- */

/* The value of `name`, "" being as unset; its p is NULL then. */
static struct str env_find(char *const *env, const char *name)
{
    size_t n = name ? strlen(name) : 0;

    for (; n > 0 && *env; env++) {
        if (strncmp(*env, name, n) == 0 && (*env)[n] == '=')
            return (*env)[n + 1] ? str_from(*env + n + 1) : STR_NULL;
    }
    return STR_NULL;
}

static bool env_source(const struct conf_row *row, char *const *env, struct source *from)
{
    const char *const names[] = {row->env, row->env_alias};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str text = env_find(env, names[i]);

        if (text.p) {
            *from = (struct source){"variable ", names[i], text, true};
            return true;
        }
    }
    return false;
}

/* ---- the flags ---- */

static const struct conf_row *flag_row(const struct conf_row *rows, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].flag && str_eq(str_from(rows[i].flag), name))
            return &rows[i];
    }
    return NULL;
}

/*
 * Reads the argument at argv[*at], and the value behind it where the flag takes one, into
 * flags[row]; the last of two equal flags counts.
 */
static enum err_code read_flag(const struct conf_row *rows, size_t n, int argc, char *const *argv,
                               int *at, struct str *flags, struct err *err)
{
    struct str arg = str_from(argv[*at]), value = arg;

    if (!str_starts(arg, STR("-")) || arg.n < 2)
        return err_set(err, ERR_BAD_REQUEST, "unexpected argument \"%.*s\"",
                       STR_ARG(utf8_prefix(arg, 60)));
    value = str_skip(value, str_starts(value, STR("--")) ? 2 : 1);
    struct str name = str_cut(&value, '=');
    const struct conf_row *row = flag_row(rows, n, name);
    if (!row)
        return err_set(err, ERR_BAD_REQUEST, "unknown flag --%.*s (--help lists them)",
                       STR_ARG(utf8_prefix(name, 60)));
    if (row->kind == CONF_BOOL) {
        if (value.p)
            return err_set(err, ERR_BAD_REQUEST, "flag --%s takes no value", row->flag);
        value = STR("true");
    } else if (!value.p) {
        if (*at + 1 >= argc)
            return err_set(err, ERR_BAD_REQUEST, "flag --%s needs a value", row->flag);
        value = str_from(argv[++*at]);
    }
    flags[row - rows] = value;
    return ERR_OK;
}

static enum err_code fill_row(const struct conf_row *row, struct str flag, char *const *env,
                              struct conf_value *out, struct err *err)
{
    struct source by_flag = {"flag --", row->flag, flag, true}, by_env = {0};
    struct source fallback = {"default of ", row->env ? row->env : row->flag,
                              str_from(row->fallback), false};
    bool in_env = env_source(row, env, &by_env);

    if (flag.p && !(in_env && row->env_wins))
        return fill(row, &by_flag, out, err);
    return fill(row, in_env ? &by_env : &fallback, out, err);
}

enum err_code conf_read(struct arena *a, const struct conf_row *rows, size_t n, int argc,
                        char *const *argv, char *const *env, struct conf_value *out,
                        struct err *err)
{
    return conf_read_args(a, rows, n, argc, argv, env, out, NULL, err);
}

/* A lone dash is a name, too: many programs take it for their standard input. */
static bool is_flag(const char *arg)
{
    return arg[0] == '-' && arg[1] != '\0';
}

enum err_code conf_read_args(struct arena *a, const struct conf_row *rows, size_t n, int argc,
                             char *const *argv, char *const *env, struct conf_value *out,
                             struct conf_args *args, struct err *err)
{
    struct str *flags = arena_new_array(a, struct str, n);

    for (size_t i = 0; i < n; i++)
        out[i] = (struct conf_value){0};
    if (args)
        *args = (struct conf_args){.items = arena_new_array(a, struct str, (size_t)argc + 1)};
    for (int at = 1; at < argc; at++) {
        enum err_code rc;

        if (args && !is_flag(argv[at])) {
            args->items[args->count++] = str_from(argv[at]);
            continue;
        }
        rc = read_flag(rows, n, argc, argv, &at, flags, err);
        if (rc != ERR_OK)
            return rc;
    }
    for (size_t i = 0; i < n; i++) {
        enum err_code rc = fill_row(&rows[i], flags[i], env, &out[i], err);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* ---- .env files ---- */

enum { DOTENV_BYTES = 1 << 20 };

static bool is_name(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool letter = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' || c == '.';

        if (!letter && (i == 0 || c < '0' || c > '9'))
            return false;
    }
    return s.n > 0;
}

/* The text between the quote at the front and its partner, false when there is none or when
 * something other than a comment follows. Backslashes mean something between double quotes only. */
static bool unquote(struct arena *a, struct str raw, struct str *value)
{
    char quote = raw.p[0], *out = arena_alloc(a, raw.n + 1);
    size_t n = 0, i = 1;

    for (; i < raw.n && raw.p[i] != quote; i++) {
        char c = raw.p[i];

        if (c == '\\' && quote == '"' && i + 1 < raw.n) {
            c = raw.p[++i];
            c = c == 'n' ? '\n' : c == 'r' ? '\r' : c == 't' ? '\t' : c;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    *value = str_make(out, n);
    struct str rest = str_trim(str_skip(raw, i + 1));
    return i < raw.n && (rest.n == 0 || rest.p[0] == '#');
}

/* One line of the file; false when it is not NAME=value. */
static bool load_line(struct arena *a, struct str line)
{
    line = str_trim(line);
    if (line.n == 0 || line.p[0] == '#')
        return true;
    if (str_starts(line, STR("export ")))
        line = str_skip(line, 7);
    struct str value = line, name = str_trim(str_cut(&value, '='));
    if (!value.p || !is_name(name))
        return false;
    value = str_trim(value);
    if (value.n > 0 && (value.p[0] == '"' || value.p[0] == '\'')) {
        if (!unquote(a, value, &value))
            return false;
    } else if (str_has(value, STR(" #"))) {
        value = str_trim(str_sub(value, 0, (size_t)str_find(value, STR(" #"))));
    }
    if (memchr(value.p, '\0', value.n))
        return false;
    return setenv(str_dup(a, name).p, str_dup(a, value).p, 0) == 0;
}

static enum err_code load_text(const char *path, struct str text, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    for (int number = 1; text.p; number++) {
        if (!load_line(&a, str_cut(&text, '\n')))
            return err_set(err, ERR_BAD_REQUEST, "%s, line %d: not NAME=value", path, number);
    }
    return ERR_OK;
}

enum err_code conf_load_dotenv(const char *path, struct err *err)
{
    CLEANUP(sb_finip) struct sb text;
    enum err_code rc = ERR_OK;
    FILE *file = fopen(path, "re");
    size_t got;

    sb_init(&text, DOTENV_BYTES);
    if (!file && errno == ENOENT)
        return ERR_OK;
    if (!file)
        return err_set(err, ERR_IO, "open %s: %s", path, strerror(errno));
    for (char *at; (at = sb_reserve(&text, 4096)) && (got = fread(at, 1, 4096, file)) > 0;)
        text.n += got;
    if (ferror(file))
        rc = err_set(err, ERR_IO, "read %s: %s", path, strerror(errno));
    else if (sb_failed(&text))
        rc = err_set(err, ERR_TOO_LARGE, "%s: larger than %d bytes", path, DOTENV_BYTES);
    fclose(file);
    return rc == ERR_OK ? load_text(path, sb_str(&text), err) : rc;
}

/* ---- --help ---- */

/* "  --port N           listening port (PORT; default 3000)" */
static struct str help_line(struct arena *a, const struct conf_row *row)
{
    static const char *const words[] = {
        [CONF_TEXT] = " TEXT", [CONF_INT] = " N", [CONF_BOOL] = "", [CONF_FLOAT] = " X"};
    bool both = row->flag && row->env;
    struct str left = row->flag ? arena_fmt(a, "--%s%s", row->flag, words[row->kind])
                                : arena_fmt(a, "%s", row->env);
    struct str env = both ? arena_fmt(a, "variable %s", row->env) : STR("");
    struct str fallback = row->fallback && *row->fallback && !is_secret(row)
                              ? arena_fmt(a, "default %s", row->fallback)
                              : STR("");
    const char *join = env.n > 0 && fallback.n > 0 ? "; " : "";

    if (env.n + fallback.n == 0)
        return arena_fmt(a, "  %-30.*s %s\n", STR_ARG(left), row->help);
    return arena_fmt(a, "  %-30.*s %s (%.*s%s%.*s)\n", STR_ARG(left), row->help, STR_ARG(env), join,
                     STR_ARG(fallback));
}

/* The rows with a flag, or those without, under a title; nothing when there are none. */
static struct str help_part(struct arena *a, const char *title, const struct conf_row *rows,
                            size_t n, bool flags)
{
    struct str *parts = arena_new_array(a, struct str, n + 1);
    size_t count = 1;

    parts[0] = arena_fmt(a, "\n%s:\n", title);
    for (size_t i = 0; i < n; i++) {
        if (rows[i].help && (rows[i].flag != NULL) == flags)
            parts[count++] = help_line(a, &rows[i]);
    }
    return count > 1 ? str_concat(a, parts, count) : STR("");
}

struct str conf_help(struct arena *a, const char *usage, const struct conf_row *rows, size_t n)
{
    const struct str parts[] = {str_from(usage), STR("\n"), help_part(a, "Flags", rows, n, true),
                                help_part(a, "Environment variables", rows, n, false)};

    return str_concat(a, parts, ARRAY_LEN(parts));
}
