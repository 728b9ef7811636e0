#include "store/repo_ledger.h"

#include "store/repo_delta.h"
#include "store/repo_row.h"

static_assert(offsetof(struct ledger_user_delta, id) == 0 &&
                  offsetof(struct ledger_token_delta, id) == 0 &&
                  offsetof(struct ledger_channel_delta, id) == 0,
              "a delta begins with its id");

enum err_code repo_ledger_apply_users(struct db_conn *c, const struct ledger_user_delta *deltas,
                                      size_t n, struct err *err)
{
    static const struct delta_table table = {
        "users",
        {{"quota", DELTA_SUBTRACT, offsetof(struct ledger_user_delta, quota)},
         {"used_quota", DELTA_ADD, offsetof(struct ledger_user_delta, used)},
         {"request_count", DELTA_ADD, offsetof(struct ledger_user_delta, requests)}},
        3,
        sizeof *deltas};

    return repo_delta_apply(c, &table, deltas, n, err);
}

enum err_code repo_ledger_apply_tokens(struct db_conn *c, const struct ledger_token_delta *deltas,
                                       size_t n, struct err *err)
{
    static const struct delta_table table = {
        "tokens",
        {{"remain_quota", DELTA_SUBTRACT, offsetof(struct ledger_token_delta, quota)},
         {"used_quota", DELTA_ADD, offsetof(struct ledger_token_delta, quota)},
         {"accessed_time", DELTA_RAISE, offsetof(struct ledger_token_delta, accessed_s)}},
        3,
        sizeof *deltas};

    return repo_delta_apply(c, &table, deltas, n, err);
}

enum err_code repo_ledger_apply_channels(struct db_conn *c,
                                         const struct ledger_channel_delta *deltas, size_t n,
                                         struct err *err)
{
    static const struct delta_table table = {
        "channels",
        {{"used_quota", DELTA_ADD, offsetof(struct ledger_channel_delta, used)}},
        1,
        sizeof *deltas};

    return repo_delta_apply(c, &table, deltas, n, err);
}

/* Trying. Rights are looked at before rows are, so conditions that no row meets will do. */

static enum err_code try_all(struct db_conn *c, const char *const *statements, size_t n,
                             struct err *err)
{
    for (size_t i = 0; i < n; i++)
        TRY(db_exec(c, NULL, err, statements[i]));
    return ERR_OK;
}

enum err_code repo_ledger_try_writing(struct db_conn *c, unsigned parts, struct err *err)
{
    static const char *const positions[] = {
        "UPDATE yourapi_journal SET applied = applied WHERE 1 = 0",
        "INSERT INTO yourapi_journal (journal_id, applied)"
        " SELECT journal_id, applied FROM yourapi_journal WHERE 1 = 0",
    };
    static const char *const accounts[] = {
        "UPDATE users SET quota = quota WHERE 1 = 0",
        "UPDATE tokens SET remain_quota = remain_quota WHERE 1 = 0",
        "UPDATE channels SET used_quota = used_quota WHERE 1 = 0",
    };
    static const char *const logs[] = {
        "INSERT INTO logs (user_id) SELECT user_id FROM logs WHERE 1 = 0",
    };

    TRY(try_all(c, positions, ARRAY_LEN(positions), err));
    if (parts & LEDGER_ACCOUNTS)
        TRY(try_all(c, accounts, ARRAY_LEN(accounts), err));
    return parts & LEDGER_LOGS ? try_all(c, logs, ARRAY_LEN(logs), err) : ERR_OK;
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
