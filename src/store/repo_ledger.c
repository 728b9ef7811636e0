#include "store/repo_ledger.h"

#include "store/repo_row.h"

/* A statement a row: it is prepared once and found by its text, and a batch holds few distinct
 * accounts. COALESCE because a NULL cell would swallow the sum. */

enum err_code repo_ledger_apply_users(struct db_conn *c, const struct ledger_user_delta *deltas,
                                      size_t n, struct err *err)
{
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
