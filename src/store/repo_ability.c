#include "store/repo_ability.h"

#include "base/map.h"
#include "store/repo_row.h"

/* The columns of a row, and how many rows go in one statement (7 values each, 500 at most). */
enum { ABILITY_COLUMNS = 7, ABILITY_ROWS = 50 };

struct rows {
    struct db_conn *conn;
    const struct channel *channel;
    struct arena arena;
    struct map seen; /* "group,model" of the rows so far */
    struct db_value values[ABILITY_ROWS * ABILITY_COLUMNS];
    size_t count;
};

/* An upsert, not an insert: names that differ only in case must not break the key on MySQL. */
static enum err_code flush(struct rows *r, struct err *err)
{
    static const char *const names[] = {"group",    "model",  "channel_id", "enabled",
                                        "priority", "weight", "tag"};
    static const struct db_upsert upsert = {"abilities", names, ABILITY_COLUMNS, 3, 0};
    size_t count = r->count;

    r->count = 0;
    return count ? db_upsert_values(r->conn, &upsert, r->values, count, err) : ERR_OK;
}

/* Was it there before, as in "a,a"? No statement may upsert a row twice. */
static bool seen_before(struct rows *r, struct str group, struct str model)
{
    struct str key = arena_fmt(&r->arena, "%.*s,%.*s", STR_ARG(group), STR_ARG(model));

    return map_find(&r->seen, key) || map_put(&r->seen, key, r);
}

static enum err_code add(struct rows *r, struct str group, struct str model, struct err *err)
{
    const struct channel *ch = r->channel;
    const struct db_value row[ABILITY_COLUMNS] = {
        DB_TEXT(group),
        DB_TEXT(model),
        DB_I64(ch->id),
        DB_BOOL(ch->status == CHANNEL_ENABLED),
        DB_I64(ch->priority),
        DB_I64(ch->weight > 0 ? ch->weight : 0),
        DB_TEXT_OR_NULL(ch->tag, ch->tag_null),
    };

    if (seen_before(r, group, model))
        return ERR_OK;
    memcpy(&r->values[r->count * ABILITY_COLUMNS], row, sizeof row);
    return ++r->count == ABILITY_ROWS ? flush(r, err) : ERR_OK;
}

static enum err_code add_all(struct rows *r, struct err *err)
{
    STR_SPLIT_EACH (group, r->channel->group, ',') {
        STR_SPLIT_EACH (model, r->channel->models, ',') {
            TRY(add(r, group, model, err));
        }
    }
    return flush(r, err);
}

static enum err_code write_rows(struct db_conn *c, const struct channel *channel, struct err *err)
{
    struct rows r = {.conn = c, .channel = channel};
    enum err_code rc;

    TRY(db_exec(c, NULL, err, "DELETE FROM abilities WHERE channel_id = ?", DB_I64(channel->id)));
    arena_init(&r.arena, 0);
    map_init(&r.seen);
    rc = add_all(&r, err);
    map_fini(&r.seen);
    arena_fini(&r.arena);
    return rc;
}

enum err_code repo_ability_rebuild(struct db_conn *c, const struct channel *channel,
                                   struct err *err)
{
    struct db_tx tx;

    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, write_rows(c, channel, err), err);
}

enum err_code repo_ability_delete(struct db_conn *c, const int64_t *channel_ids, size_t n,
                                  struct err *err)
{
    int64_t deleted = 0;

    return repo_delete_ids(c, "abilities", "channel_id", channel_ids, n, &deleted, err);
}

/* Repair. Rather than find out which rows are stale, every channel is written anew. */

static enum err_code fetch_channels(struct db_conn *c, struct arena *a, struct channel **out,
                                    size_t *n, struct err *err)
{
    static const struct repo_column columns[] = {
        REPO_COLUMN(struct channel, id, "id", CELL_I64),
        REPO_COLUMN(struct channel, status, "status", CELL_I64),
        REPO_COLUMN(struct channel, models, "models", CELL_TEXT),
        REPO_COLUMN(struct channel, group, "group", CELL_TEXT),
        REPO_COLUMN(struct channel, priority, "priority", CELL_I64),
        REPO_COLUMN(struct channel, weight, "weight", CELL_I64),
        REPO_COLUMN(struct channel, tag, "tag", CELL_TEXT,
                    .null_at = offsetof(struct channel, tag_null)),
    };
    static const struct repo_table table = {"channels", columns, ARRAY_LEN(columns),
                                            sizeof(struct channel)};
    void *rows;
    enum err_code rc;

    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " ORDER BY id");
    rc = repo_fetch(c, a, &table, &q, &rows, n, err);
    *out = rows;
    return rc;
}

static enum err_code count_bare(struct db_conn *c, int64_t *bare, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT COUNT(*) FROM channels WHERE NOT EXISTS"
                       " (SELECT 1 FROM abilities WHERE abilities.channel_id = channels.id)");
    return repo_query_i64(c, &q, bare, err);
}

static enum err_code fix(struct db_conn *c, struct arena *a, int64_t *channels, int64_t *rebuilt,
                         struct err *err)
{
    struct channel *rows;
    size_t n;

    TRY(db_exec(c, NULL, err,
                "DELETE FROM abilities WHERE channel_id NOT IN (SELECT id FROM channels)"));
    TRY(count_bare(c, rebuilt, err));
    TRY(fetch_channels(c, a, &rows, &n, err));
    for (size_t i = 0; i < n; i++)
        TRY(write_rows(c, &rows[i], err));
    *channels = (int64_t)n;
    return ERR_OK;
}

enum err_code repo_ability_fix(struct db_conn *c, int64_t *channels, int64_t *rebuilt,
                               struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_tx tx;

    *channels = *rebuilt = 0;
    arena_init(&a, 0);
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, fix(c, &a, channels, rebuilt, err), err);
}

/* Lists. */

#define FROM_ENABLED                                                                               \
    " FROM abilities JOIN channels ON channels.id = abilities.channel_id"                          \
    " WHERE abilities.enabled = ?"

enum err_code repo_ability_list_group_models(struct db_conn *c, struct arena *a, struct str group,
                                             struct str **models, size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT DISTINCT abilities.\"model\"" FROM_ENABLED, DB_BOOL(true));
    repo_query_add(&q, " AND abilities.\"group\" = ? ORDER BY 1", DB_TEXT(group));
    return repo_fetch_texts(c, a, &q, models, count, err);
}

enum err_code repo_ability_list_models(struct db_conn *c, struct arena *a, struct str **models,
                                       size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT DISTINCT abilities.\"model\"" FROM_ENABLED " ORDER BY 1",
                   DB_BOOL(true));
    return repo_fetch_texts(c, a, &q, models, count, err);
}

enum err_code repo_ability_list_groups(struct db_conn *c, struct arena *a, struct str **groups,
                                       size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT DISTINCT abilities.\"group\"" FROM_ENABLED " ORDER BY 1",
                   DB_BOOL(true));
    return repo_fetch_texts(c, a, &q, groups, count, err);
}
