#include "ledger/verify.h"

#include <stdlib.h>

#include "base/map.h"
#include "store/db.h"

/* A table of accounts; the texts are ours, never a stranger's. */
struct kind {
    const char *used_sql;   /* id, used_quota */
    const char *logged_sql; /* id, sum, rows behind a log id */
};

#define LOGGED(column)                                                                             \
    "SELECT " column ", SUM(quota), COUNT(*) FROM logs WHERE type = 2 AND id > ?"                  \
    " AND NOT (token_id = 0 AND token_name = '模型测试') GROUP BY " column

static const struct kind kinds[] = {
    {"SELECT id, COALESCE(used_quota, 0) FROM users ORDER BY id", LOGGED("user_id")},
    {"SELECT id, COALESCE(used_quota, 0) FROM tokens ORDER BY id", LOGGED("token_id")},
    {"SELECT id, COALESCE(used_quota, 0) FROM channels ORDER BY id", LOGGED("channel_id")},
};

enum { KIND_USER, KIND_TOKEN, KIND_CHANNEL };

struct accounts {
    struct verify_account *rows;
    size_t count, cap;
};

static void add_account(struct arena *a, struct accounts *to, struct verify_account row)
{
    if (to->count == to->cap) {
        struct verify_account *more = arena_new_array(a, struct verify_account, to->cap * 2 + 64);

        if (to->count > 0)
            memcpy(more, to->rows, to->count * sizeof *more);
        to->rows = more;
        to->cap = to->cap * 2 + 64;
    }
    to->rows[to->count++] = row;
}

static enum err_code read_used(struct db_conn *c, struct arena *a, const struct kind *kind,
                               struct accounts *out, struct err *err)
{
    struct db_rows *rows;

    *out = (struct accounts){.count = 0};
    TRY(db_query(c, a, &rows, err, kind->used_sql));
    while (db_next(rows))
        add_account(a, out,
                    (struct verify_account){.id = db_i64(rows, 0), .used = db_i64(rows, 1)});
    return db_end(rows, err);
}

static enum err_code last_log_id(struct db_conn *c, struct arena *a, int64_t *id, struct err *err)
{
    struct db_rows *rows;

    *id = 0;
    TRY(db_query(c, a, &rows, err, "SELECT COALESCE(MAX(id), 0) FROM logs"));
    if (db_next(rows))
        *id = db_i64(rows, 0);
    return db_end(rows, err);
}

enum err_code verify_mark_take(struct db_conn *main, struct db_conn *logs, struct arena *a,
                               struct verify_mark *out, struct err *err)
{
    struct accounts users, tokens, channels;

    *out = (struct verify_mark){.log_id = 0};
    TRY(last_log_id(logs, a, &out->log_id, err));
    TRY(read_used(main, a, &kinds[KIND_USER], &users, err));
    TRY(read_used(main, a, &kinds[KIND_TOKEN], &tokens, err));
    TRY(read_used(main, a, &kinds[KIND_CHANNEL], &channels, err));
    out->users = users.rows;
    out->user_count = users.count;
    out->tokens = tokens.rows;
    out->token_count = tokens.count;
    out->channels = channels.rows;
    out->channel_count = channels.count;
    return ERR_OK;
}

struct sum {
    int64_t id, logged, used;
    bool exists;
};

static struct sum *sum_of(struct map *sums, struct arena *a, int64_t id)
{
    struct sum *s = map_find_u64(sums, (uint64_t)id);

    if (!s) {
        s = arena_new(a, struct sum);
        s->id = id;
        map_put_u64(sums, (uint64_t)id, s);
    }
    return s;
}

static enum err_code add_logged(struct db_conn *logs, struct arena *a, const struct kind *kind,
                                int64_t after_id, struct map *sums, int64_t *count, struct err *err)
{
    struct db_rows *rows;

    *count = 0;
    TRY(db_query(logs, a, &rows, err, kind->logged_sql, DB_I64(after_id)));
    while (db_next(rows)) {
        sum_of(sums, a, db_i64(rows, 0))->logged = db_i64(rows, 1);
        *count += db_i64(rows, 2);
    }
    return db_end(rows, err);
}

static void compare(const struct map *sums, struct verify_table *out)
{
    const struct sum *s;
    size_t at = 0;

    while ((s = map_next(sums, &at))) {
        if (!s->exists) {
            out->orphaned += s->logged;
            continue;
        }
        out->accounts += s->logged != 0 || s->used != 0;
        out->logged += s->logged;
        out->used += s->used;
        if (s->logged == s->used)
            continue;
        if (out->wrong++ == 0) {
            out->first_wrong = s->id;
            out->first_logged = s->logged;
            out->first_used = s->used;
        }
    }
}

struct base { /* of a mark; empty: from zero */
    const struct verify_account *rows;
    size_t count;
};

static enum err_code verify_kind(struct db_conn *main, struct db_conn *logs,
                                 const struct kind *kind, int64_t after_id, struct base base,
                                 struct verify_table *out, int64_t *rows, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct accounts now;
    struct map sums;
    enum err_code rc;

    arena_init(&a, 0);
    *out = (struct verify_table){.wrong = 0};
    TRY(read_used(main, &a, kind, &now, err));
    map_init(&sums);
    rc = add_logged(logs, &a, kind, after_id, &sums, rows, err);
    for (size_t i = 0; i < now.count; i++) {
        struct sum *s = sum_of(&sums, &a, now.rows[i].id);

        s->exists = true;
        s->used += now.rows[i].used;
    }
    for (size_t i = 0; i < base.count; i++) {
        struct sum *s = map_find_u64(&sums, (uint64_t)base.rows[i].id);

        if (s)
            s->used -= base.rows[i].used;
    }
    if (rc == ERR_OK)
        compare(&sums, out);
    map_fini(&sums);
    return rc;
}

enum err_code verify_accounts(struct db_conn *main, struct db_conn *logs,
                              const struct verify_mark *since, struct verify_report *out,
                              struct err *err)
{
    static const struct verify_mark zero = {.log_id = 0};
    const struct verify_mark *m = since ? since : &zero;

    *out = (struct verify_report){.agree = false};
    TRY(verify_kind(main, logs, &kinds[KIND_USER], m->log_id,
                    (struct base){m->users, m->user_count}, &out->users, &out->rows, err));
    TRY(verify_kind(main, logs, &kinds[KIND_TOKEN], m->log_id,
                    (struct base){m->tokens, m->token_count}, &out->tokens, &out->rows, err));
    TRY(verify_kind(main, logs, &kinds[KIND_CHANNEL], m->log_id,
                    (struct base){m->channels, m->channel_count}, &out->channels, &out->rows, err));
    out->agree = out->users.wrong == 0 && out->tokens.wrong == 0 && out->channels.wrong == 0;
    return ERR_OK;
}
