#include "store/db_pg_error.h"

#include <inttypes.h>
#include <string.h>

enum fate { FATE_DB, FATE_CONFLICT, FATE_LATER, FATE_LOST };

struct str pg_first_line(struct arena *a, struct str text, bool unquoted)
{
    struct str rest = str_trim(text), line = str_trim(str_cut(&rest, '\n'));
    char *to = arena_alloc(a, line.n + 1), *at = to;
    bool in_quotes = false;

    for (size_t i = 0; i < line.n; i++) {
        if (unquoted && line.p[i] == '"')
            in_quotes = !in_quotes;
        else if (in_quotes)
            continue;
        *at++ = line.p[i];
    }
    return str_make(to, (size_t)(at - to));
}

/* What an SQLSTATE means to us, by its first prefix here. */
static enum fate fate_of(struct str state)
{
    static const struct {
        struct str prefix;
        enum fate fate;
    } table[] = {
        {STR_INIT("23505"), FATE_CONFLICT}, /* unique_violation */
        {STR_INIT("08"), FATE_LOST},        /* connection exceptions */
        {STR_INIT("57P"), FATE_LOST},       /* shut down, crashed, starting */
        {STR_INIT("25006"), FATE_LOST},     /* read-only: what we are joined to is a standby now */
        {STR_INIT("57014"), FATE_LATER},    /* statement time-out */
        {STR_INIT("53"), FATE_LATER},       /* disk full, out of memory, too many connections */
        {STR_INIT("40"), FATE_LATER},       /* deadlock, serialization failure */
        {STR_INIT("55P03"), FATE_LATER},    /* lock not available */
    };

    for (size_t i = 0; i < ARRAY_LEN(table); i++)
        if (str_starts(state, table[i].prefix))
            return table[i].fate;
    return FATE_DB;
}

bool pg_is_lost(struct str state)
{
    return fate_of(state) == FATE_LOST;
}

bool pg_is_giving_way(struct str state)
{
    return str_starts(state, STR("40"));
}

bool pg_is_stale(struct str state)
{
    return str_eq(state, STR("0A000")) || str_eq(state, STR("26000"));
}

bool pg_is_unknown_setting(struct str state)
{
    return str_eq(state, STR("42704"));
}

enum err_code(pg_failed)(const struct pg_failure *f, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str line;

    arena_init(&a, 0);
    /* Class 22 (data exceptions) quotes the value that it does not like. */
    line = pg_first_line(&a, f->text, str_starts(f->state, STR("22")));
    if (str_eq(f->state, STR("57014")))
        return err_set(err, ERR_UNAVAILABLE, "a statement took longer than %" PRId64 " ms",
                       f->statement_timeout_ms);
    if (str_eq(f->state, STR("55P03")))
        return err_set(err, ERR_UNAVAILABLE, "another writer held what it needs for %" PRId64 " ms",
                       f->lock_timeout_ms);
    if (str_eq(f->state, STR("53100")))
        return err_set(err, ERR_UNAVAILABLE, "%.*s: the disk is full", STR_ARG(f->where));
    if (str_eq(f->state, STR("25006")))
        return err_set(err, ERR_UNAVAILABLE, "%.*s is read-only", STR_ARG(f->where));
    switch (fate_of(f->state)) {
    case FATE_CONFLICT:
        return err_set(err, ERR_CONFLICT, "%.*s", STR_ARG(line));
    case FATE_LATER:
    case FATE_LOST:
        return err_set(err, ERR_UNAVAILABLE, "%.*s: %.*s", STR_ARG(f->where), STR_ARG(line));
    case FATE_DB:
        break;
    }
    return err_set(err, ERR_DB, "%.*s (SQLSTATE %.*s)", STR_ARG(line), STR_ARG(f->state));
}
