#include "store/repo_ledger.h"

#include "base/sb.h"
#include "store/repo_row.h"

/*
 * SQLite takes a statement a row: it is prepared once and found by its text, and costs next to
 * nothing. To a server each statement is a way there and back, so many rows share one there: on
 * PostgreSQL the deltas are arrays, on MySQL a CASE finds the value of each row:
 *
 *     UPDATE users SET quota = COALESCE(quota, 0) - CASE id WHEN ? THEN ? ... END WHERE id IN (...)
 *
 * COALESCE because a NULL cell would swallow the sum.
 */

enum { SETS_MAX = 3, LEDGER_ROWS = 64, LEDGER_SQL_LIMIT = 32 * 1024 };

/* How a column changes: the value stands between the two texts. */
struct set {
    const char *before, *after;
    size_t offset; /* of the value in a delta, an int64_t */
};

struct change {
    const char *table;
    struct set sets[SETS_MAX];
    size_t set_count;
    size_t delta_bytes; /* a delta begins with its id */
};

static_assert(offsetof(struct ledger_user_delta, id) == 0 &&
                  offsetof(struct ledger_token_delta, id) == 0 &&
                  offsetof(struct ledger_channel_delta, id) == 0,
              "a delta begins with its id");

static const struct change user_change = {
    "users",
    {{"quota = COALESCE(quota, 0) - ", "", offsetof(struct ledger_user_delta, quota)},
     {"used_quota = COALESCE(used_quota, 0) + ", "", offsetof(struct ledger_user_delta, used)},
     {"request_count = COALESCE(request_count, 0) + ", "",
      offsetof(struct ledger_user_delta, requests)}},
    3,
    sizeof(struct ledger_user_delta)};
static const struct change token_change = {
    "tokens",
    {{"remain_quota = COALESCE(remain_quota, 0) - ", "",
      offsetof(struct ledger_token_delta, quota)},
     {"used_quota = COALESCE(used_quota, 0) + ", "", offsetof(struct ledger_token_delta, quota)},
     {"accessed_time = GREATEST(COALESCE(accessed_time, 0), ", ")",
      offsetof(struct ledger_token_delta, accessed_s)}},
    3,
    sizeof(struct ledger_token_delta)};
static const struct change channel_change = {
    "channels",
    {{"used_quota = COALESCE(used_quota, 0) + ", "", offsetof(struct ledger_channel_delta, used)}},
    1,
    sizeof(struct ledger_channel_delta)};

static int64_t member(const char *delta, size_t offset)
{
    int64_t value;

    memcpy(&value, delta + offset, sizeof value);
    return value;
}

/* `rows` rows at once. The ELSE is never taken: it says of which type the values are. */
static enum err_code change_some(struct db_conn *c, const struct change *what, const char *deltas,
                                 size_t rows, struct err *err)
{
    struct db_value values[LEDGER_ROWS * (2 * SETS_MAX + 1)];
    CLEANUP(sb_finip) struct sb sql;
    size_t n = 0;

    sb_init(&sql, LEDGER_SQL_LIMIT);
    sb_fmt(&sql, "UPDATE %s SET ", what->table);
    for (size_t i = 0; i < what->set_count; i++) {
        sb_fmt(&sql, "%s%sCASE id", i > 0 ? ", " : "", what->sets[i].before);
        for (size_t r = 0; r < rows; r++) {
            sb_add(&sql, STR(" WHEN ? THEN ?"));
            values[n++] = DB_I64(member(deltas + r * what->delta_bytes, 0));
            values[n++] = DB_I64(member(deltas + r * what->delta_bytes, what->sets[i].offset));
        }
        sb_fmt(&sql, " ELSE id - id END%s", what->sets[i].after);
    }
    for (size_t r = 0; r < rows; r++) {
        sb_add(&sql, r > 0 ? STR(",?") : STR(" WHERE id IN (?"));
        values[n++] = DB_I64(member(deltas + r * what->delta_bytes, 0));
    }
    sb_add(&sql, STR(")"));
    sb_add_char(&sql, '\0');
    assert(!sb_failed(&sql));
    return db_exec_values(c, NULL, err, sql.p, values, n);
}

/* "{1,2,3}": one member of all deltas, as PostgreSQL reads an array. */
static struct str array_text(struct arena *a, const struct change *what, const char *deltas,
                             size_t n, size_t offset)
{
    CLEANUP(sb_finip) struct sb text;

    sb_init(&text, n * 24 + 8);
    for (size_t i = 0; i < n; i++) {
        sb_add_char(&text, i > 0 ? ',' : '{');
        sb_add_i64(&text, member(deltas + i * what->delta_bytes, offset));
    }
    sb_add_char(&text, '}');
    assert(!sb_failed(&text));
    return str_dup(a, sb_str(&text));
}

/* PostgreSQL takes any number of rows in one statement that is always the same. */
static enum err_code change_all(struct db_conn *c, const struct change *what, const void *deltas,
                                size_t n, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb sql;
    struct db_value values[SETS_MAX + 1];

    arena_init(&a, 0);
    sb_init(&sql, LEDGER_SQL_LIMIT);
    sb_fmt(&sql, "UPDATE %s SET ", what->table);
    for (size_t i = 0; i < what->set_count; i++) {
        sb_fmt(&sql, "%s%sdelta.v%zu%s", i > 0 ? ", " : "", what->sets[i].before, i,
               what->sets[i].after);
        values[i] = DB_TEXT(array_text(&a, what, deltas, n, what->sets[i].offset));
    }
    sb_add(&sql, STR(" FROM unnest("));
    for (size_t i = 0; i < what->set_count; i++)
        sb_add(&sql, STR("CAST(? AS bigint[]), "));
    sb_add(&sql, STR("CAST(? AS bigint[])) AS delta("));
    for (size_t i = 0; i < what->set_count; i++)
        sb_fmt(&sql, "v%zu, ", i);
    sb_fmt(&sql, "id) WHERE %s.id = delta.id", what->table);
    sb_add_char(&sql, '\0');
    values[what->set_count] = DB_TEXT(array_text(&a, what, deltas, n, 0));
    return db_exec_values(c, NULL, err, sql.p, values, what->set_count + 1);
}

/* Statements of a few sizes only, so that all of them stay prepared. */
static enum err_code change_many(struct db_conn *c, const struct change *what, const void *deltas,
                                 size_t n, struct err *err)
{
    static const size_t sizes[] = {LEDGER_ROWS, 8, 1};
    const char *at = deltas;

    if (db_conn_kind(c) == DB_POSTGRES)
        return n > 0 ? change_all(c, what, deltas, n, err) : ERR_OK;
    for (size_t s = 0; s < ARRAY_LEN(sizes); s++) {
        for (; n >= sizes[s]; n -= sizes[s], at += sizes[s] * what->delta_bytes)
            TRY(change_some(c, what, at, sizes[s], err));
    }
    return ERR_OK;
}

enum err_code repo_ledger_apply_users(struct db_conn *c, const struct ledger_user_delta *deltas,
                                      size_t n, struct err *err)
{
    if (db_conn_kind(c) != DB_SQLITE)
        return change_many(c, &user_change, deltas, n, err);
    for (size_t i = 0; i < n; i++)
        TRY(db_exec(c, NULL, err,
                    "UPDATE users SET quota = COALESCE(quota, 0) - ?,"
                    " used_quota = COALESCE(used_quota, 0) + ?,"
                    " request_count = COALESCE(request_count, 0) + ? WHERE id = ?",
                    DB_I64(deltas[i].quota), DB_I64(deltas[i].used), DB_I64(deltas[i].requests),
                    DB_I64(deltas[i].id)));
    return ERR_OK;
}

enum err_code repo_ledger_apply_tokens(struct db_conn *c, const struct ledger_token_delta *deltas,
                                       size_t n, struct err *err)
{
    if (db_conn_kind(c) != DB_SQLITE)
        return change_many(c, &token_change, deltas, n, err);
    for (size_t i = 0; i < n; i++)
        TRY(db_exec(c, NULL, err,
                    "UPDATE tokens SET remain_quota = COALESCE(remain_quota, 0) - ?,"
                    " used_quota = COALESCE(used_quota, 0) + ?,"
                    " accessed_time = CASE WHEN accessed_time > ? THEN accessed_time ELSE ? END"
                    " WHERE id = ?",
                    DB_I64(deltas[i].quota), DB_I64(deltas[i].quota), DB_I64(deltas[i].accessed_s),
                    DB_I64(deltas[i].accessed_s), DB_I64(deltas[i].id)));
    return ERR_OK;
}

enum err_code repo_ledger_apply_channels(struct db_conn *c,
                                         const struct ledger_channel_delta *deltas, size_t n,
                                         struct err *err)
{
    if (db_conn_kind(c) != DB_SQLITE)
        return change_many(c, &channel_change, deltas, n, err);
    for (size_t i = 0; i < n; i++)
        TRY(db_exec(c, NULL, err,
                    "UPDATE channels SET used_quota = COALESCE(used_quota, 0) + ? WHERE id = ?",
                    DB_I64(deltas[i].used), DB_I64(deltas[i].id)));
    return ERR_OK;
}

/* Positions. The numbers are unsigned 64-bit, a cell is signed: the bits are kept. */

static struct db_value bits(uint64_t value)
{
    return DB_I64((int64_t)value);
}

enum err_code repo_ledger_find_position(struct db_conn *c, uint64_t journal_id, uint64_t *applied,
                                        struct err *err)
{
    int64_t value = 0;
    enum err_code rc;

    REPO_QUERY(q);
    repo_query_add(&q, "SELECT applied FROM yourapi_journal WHERE journal_id = ?",
                   bits(journal_id));
    rc = repo_query_i64(c, &q, &value, err);
    *applied = (uint64_t)value;
    return rc;
}

/* A new row is an INSERT, so that of two who begin with one journal only one gets through. */
static enum err_code first_position(struct db_conn *c, uint64_t journal_id, uint64_t to,
                                    struct err *err)
{
    return db_exec(c, NULL, err, "INSERT INTO yourapi_journal (journal_id, applied) VALUES (?, ?)",
                   bits(journal_id), bits(to));
}

enum err_code repo_ledger_move_position(struct db_conn *c, uint64_t journal_id, uint64_t from,
                                        uint64_t to, struct err *err)
{
    int64_t changed;

    TRY(db_exec(c, &changed, err,
                "UPDATE yourapi_journal SET applied = ? WHERE journal_id = ? AND applied = ?",
                bits(to), bits(journal_id), bits(from)));
    if (changed > 0)
        return ERR_OK;
    if (from == 0)
        return first_position(c, journal_id, to, err);
    return err_set(err, ERR_CONFLICT, "somebody else applies the same journal");
}

enum err_code repo_ledger_list_positions(struct db_conn *c, struct arena *a,
                                         struct ledger_position **rows, size_t *count,
                                         struct err *err)
{
    struct position {
        int64_t journal_id, applied;
    };
    static const struct repo_column columns[] = {
        REPO_COLUMN(struct position, journal_id, "journal_id", CELL_I64),
        REPO_COLUMN(struct position, applied, "applied", CELL_I64),
    };
    static const struct repo_table table = {"yourapi_journal", columns, ARRAY_LEN(columns),
                                            sizeof(struct position)};
    const struct position *found;
    void *array;

    *rows = NULL;
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " ORDER BY journal_id");
    TRY(repo_fetch(c, a, &table, &q, &array, count, err));
    found = array;
    *rows = arena_new_array(a, struct ledger_position, *count);
    for (size_t i = 0; i < *count; i++)
        (*rows)[i] =
            (struct ledger_position){(uint64_t)found[i].journal_id, (uint64_t)found[i].applied};
    return ERR_OK;
}

enum err_code repo_ledger_finish(struct db_conn *c, uint64_t journal_id, struct err *err)
{
    return db_exec(c, NULL, err, "UPDATE yourapi_journal SET applied = ? WHERE journal_id = ?",
                   bits(LEDGER_FINISHED), bits(journal_id));
}

enum err_code repo_ledger_delete_finished(struct db_conn *c, uint64_t below, struct err *err)
{
    return db_exec(c, NULL, err, "DELETE FROM yourapi_journal WHERE applied = ? AND journal_id < ?",
                   bits(LEDGER_FINISHED), bits(below));
}

enum { VIEW_USER, VIEW_TOKEN, VIEW_POSITION };

static void add_position(struct arena *a, struct ledger_view *v, size_t *cap, uint64_t journal_id,
                         uint64_t applied)
{
    if (v->count == *cap) {
        struct ledger_position *more = arena_new_array(a, struct ledger_position, *cap * 2 + 16);

        if (v->count > 0)
            memcpy(more, v->positions, v->count * sizeof *more);
        v->positions = more;
        *cap = *cap * 2 + 16;
    }
    v->positions[v->count++] = (struct ledger_position){journal_id, applied};
}

enum err_code repo_ledger_view(struct db_conn *c, struct arena *a, int64_t user_id,
                               int64_t token_id, struct ledger_view *out, struct err *err)
{
    struct db_rows *rows;
    size_t cap = 0;

    *out = (struct ledger_view){.quota = 0};
    TRY(db_query(c, a, &rows, err,
                 "SELECT 0, 0, COALESCE(quota, 0) FROM users WHERE id = ?"
                 " UNION ALL SELECT 1, 0, COALESCE(remain_quota, 0) FROM tokens WHERE id = ?"
                 " UNION ALL SELECT 2, journal_id, applied FROM yourapi_journal WHERE applied <> ?",
                 DB_I64(user_id), DB_I64(token_id), bits(LEDGER_FINISHED)));
    while (db_next(rows)) {
        int64_t value = db_i64(rows, 2);

        if (db_i64(rows, 0) == VIEW_USER)
            out->quota = value;
        else if (db_i64(rows, 0) == VIEW_TOKEN)
            out->remain_quota = value;
        else
            add_position(a, out, &cap, (uint64_t)db_i64(rows, 1), (uint64_t)value);
    }
    return db_end(rows, err);
}
