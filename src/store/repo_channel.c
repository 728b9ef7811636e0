/*
 * Rows of channels. What changes many of them by tag is in repo_channel_tag.c.
 */
#include "store/repo_channel.h"

#include "store/repo_ability.h"
#include "store/repo_channel_row.h"

#define CHANNEL_I64(member, name) REPO_COLUMN(struct channel, member, name, CELL_I64)
#define CHANNEL_TEXT(member, name, ...)                                                            \
    REPO_COLUMN(struct channel, member, name, CELL_TEXT, __VA_ARGS__)
#define NULL_AT(member) .null_at = offsetof(struct channel, member)

static const struct repo_column columns[] = {
    [CHANNEL_COL_ID] = CHANNEL_I64(id, "id"),
    [CHANNEL_COL_TYPE] = CHANNEL_I64(type, "type"),
    [CHANNEL_COL_KEY] = REPO_COLUMN(struct channel, key, "key", CELL_SECRET),
    [CHANNEL_COL_ORGANIZATION] =
        CHANNEL_TEXT(open_ai_organization, "open_ai_organization", NULL_AT(organization_null)),
    [CHANNEL_COL_TEST_MODEL] = CHANNEL_TEXT(test_model, "test_model", NULL_AT(test_model_null)),
    [CHANNEL_COL_STATUS] = CHANNEL_I64(status, "status"),
    [CHANNEL_COL_NAME] = CHANNEL_TEXT(name, "name"),
    [CHANNEL_COL_WEIGHT] =
        REPO_COLUMN(struct channel, weight, "weight", CELL_I64, NULL_AT(weight_null)),
    [CHANNEL_COL_CREATED_TIME] = CHANNEL_I64(created_time, "created_time"),
    [CHANNEL_COL_TEST_TIME] = CHANNEL_I64(test_time, "test_time"),
    [CHANNEL_COL_RESPONSE_TIME] = CHANNEL_I64(response_time, "response_time"),
    [CHANNEL_COL_BASE_URL] = CHANNEL_TEXT(base_url, "base_url", NULL_AT(base_url_null)),
    [CHANNEL_COL_OTHER] = CHANNEL_TEXT(other, "other"),
    [CHANNEL_COL_BALANCE] = REPO_COLUMN(struct channel, balance, "balance", CELL_F64),
    [CHANNEL_COL_BALANCE_UPDATED_TIME] = CHANNEL_I64(balance_updated_time, "balance_updated_time"),
    [CHANNEL_COL_MODELS] = CHANNEL_TEXT(models, "models"),
    [CHANNEL_COL_GROUP] = CHANNEL_TEXT(group, "group"),
    [CHANNEL_COL_USED_QUOTA] = CHANNEL_I64(used_quota, "used_quota"),
    [CHANNEL_COL_MODEL_MAPPING] =
        CHANNEL_TEXT(model_mapping, "model_mapping", NULL_AT(model_mapping_null)),
    [CHANNEL_COL_STATUS_CODE_MAPPING] =
        CHANNEL_TEXT(status_code_mapping, "status_code_mapping", NULL_AT(status_code_mapping_null)),
    [CHANNEL_COL_PRIORITY] =
        REPO_COLUMN(struct channel, priority, "priority", CELL_I64, NULL_AT(priority_null)),
    [CHANNEL_COL_AUTO_BAN] =
        REPO_COLUMN(struct channel, auto_ban, "auto_ban", CELL_I64, NULL_AT(auto_ban_null)),
    [CHANNEL_COL_OTHER_INFO] = CHANNEL_TEXT(other_info, "other_info"),
    [CHANNEL_COL_TAG] = CHANNEL_TEXT(tag, "tag", NULL_AT(tag_null)),
    [CHANNEL_COL_SETTING] = CHANNEL_TEXT(setting, "setting", NULL_AT(setting_null)),
    [CHANNEL_COL_PARAM_OVERRIDE] =
        CHANNEL_TEXT(param_override, "param_override", NULL_AT(param_override_null)),
    [CHANNEL_COL_HEADER_OVERRIDE] =
        CHANNEL_TEXT(header_override, "header_override", .empty_is_null = true),
    [CHANNEL_COL_REMARK] = CHANNEL_TEXT(remark, "remark", .empty_is_null = true),
    [CHANNEL_COL_CHANNEL_INFO] =
        REPO_COLUMN(struct channel, channel_info, "channel_info", CELL_JSON),
    [CHANNEL_COL_SETTINGS] = CHANNEL_TEXT(settings, "settings"),
};
static_assert(ARRAY_LEN(columns) == CHANNEL_COLUMNS, "one row a column");

const struct repo_table repo_channel_table = {"channels", columns, CHANNEL_COLUMNS,
                                              sizeof(struct channel)};

/* What the abilities copy. */
static const uint64_t ability_columns = COL(CHANNEL_COL_STATUS) | COL(CHANNEL_COL_MODELS) |
                                        COL(CHANNEL_COL_GROUP) | COL(CHANNEL_COL_PRIORITY) |
                                        COL(CHANNEL_COL_WEIGHT) | COL(CHANNEL_COL_TAG);

/* Reading. */

enum err_code repo_channel_fetch(struct db_conn *c, struct arena *a, struct repo_query *q,
                                 struct channel **rows, size_t *count, struct err *err)
{
    void *array;
    enum err_code rc = repo_fetch(c, a, &repo_channel_table, q, &array, count, err);

    *rows = array;
    return rc;
}

enum err_code repo_channel_list_all(struct db_conn *c, struct arena *a, struct channel **rows,
                                    size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_select(&q, &repo_channel_table);
    repo_query_fmt(&q, " ORDER BY id");
    return repo_channel_fetch(c, a, &q, rows, count, err);
}

enum err_code repo_channel_find(struct db_conn *c, struct arena *a, int64_t id,
                                struct channel **out, struct err *err)
{
    void *row;
    enum err_code rc;

    REPO_QUERY(q);
    repo_select(&q, &repo_channel_table);
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    rc = repo_fetch_one(c, a, &repo_channel_table, &q, &row, err);
    *out = row;
    return rc;
}

static void add_keyword(struct repo_query *q, struct arena *a, struct str keyword)
{
    struct str part = repo_like_part(a, keyword);
    int64_t id;

    repo_query_add(q, " AND (name LIKE ? ESCAPE '!'", DB_TEXT(part));
    repo_query_add(q, " OR base_url LIKE ? ESCAPE '!'", DB_TEXT(part));
    repo_query_add(q, " OR \"key\" = ?", DB_TEXT(keyword));
    if (str_to_i64(keyword, &id))
        repo_query_add(q, " OR id = ?", DB_I64(id));
    repo_query_fmt(q, ")");
}

/* One element of a comma list by four patterns, because the databases join texts differently. */
static void add_group(struct repo_query *q, struct arena *a, struct str group)
{
    struct str part = repo_like_part(a, group), in = str_sub(part, 1, part.n - 2);

    repo_query_add(q, " AND (\"group\" = ?", DB_TEXT(group));
    repo_query_add(q, " OR \"group\" LIKE ? ESCAPE '!'",
                   DB_TEXT(arena_fmt(a, "%.*s,%%", STR_ARG(in))));
    repo_query_add(q, " OR \"group\" LIKE ? ESCAPE '!'",
                   DB_TEXT(arena_fmt(a, "%%,%.*s", STR_ARG(in))));
    repo_query_add(q, " OR \"group\" LIKE ? ESCAPE '!')",
                   DB_TEXT(arena_fmt(a, "%%,%.*s,%%", STR_ARG(in))));
}

void repo_channel_add_filter(struct repo_query *q, struct arena *a, const struct channel_filter *f)
{
    repo_query_fmt(q, " WHERE 1 = 1");
    if (f->keyword.n)
        add_keyword(q, a, f->keyword);
    if (f->group.n)
        add_group(q, a, f->group);
    if (f->model.n)
        repo_query_add(q, " AND models LIKE ? ESCAPE '!'", DB_TEXT(repo_like_part(a, f->model)));
    if (f->tag.n)
        repo_query_add(q, " AND tag = ?", DB_TEXT(f->tag));
    if (f->status == CHANNEL_ONLY_ENABLED)
        repo_query_add(q, " AND status = ?", DB_I64(CHANNEL_ENABLED));
    if (f->status == CHANNEL_ONLY_DISABLED)
        repo_query_add(q, " AND status <> ?", DB_I64(CHANNEL_ENABLED));
    if (f->type)
        repo_query_add(q, " AND type = ?", DB_I64(f->type));
}

const char *repo_channel_order(const struct channel_filter *f)
{
    return f->id_sort ? " ORDER BY id DESC" : " ORDER BY COALESCE(priority, 0) DESC, id DESC";
}

enum err_code repo_channel_page(struct db_conn *c, struct arena *a,
                                const struct channel_filter *filter, struct repo_page page,
                                struct channel_page *out, struct err *err)
{
    struct repo_fetched f;
    enum err_code rc;

    REPO_QUERY(where);
    repo_channel_add_filter(&where, a, filter);
    rc = repo_fetch_page(c, a, &repo_channel_table, &where, repo_channel_order(filter), page, &f,
                         err);
    *out = (struct channel_page){.rows = f.rows, .count = f.count, .total = f.total};
    return rc;
}

enum err_code repo_channel_count_types(struct db_conn *c, struct arena *a,
                                       const struct channel_filter *filter,
                                       struct channel_type_count **rows, size_t *count,
                                       struct err *err)
{
    static const struct repo_column type_columns[] = {
        REPO_COLUMN(struct channel_type_count, type, "type", CELL_I64),
        REPO_COLUMN(struct channel_type_count, count, "count", CELL_I64),
    };
    static const struct repo_table type_table = {"channels", type_columns, ARRAY_LEN(type_columns),
                                                 sizeof(struct channel_type_count)};
    struct channel_filter any_type = *filter;
    void *array;
    enum err_code rc;

    any_type.type = 0;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT type, COUNT(*) FROM channels");
    repo_channel_add_filter(&q, a, &any_type);
    repo_query_fmt(&q, " GROUP BY type ORDER BY type");
    rc = repo_fetch(c, a, &type_table, &q, &array, count, err);
    *rows = array;
    return rc;
}

/* Writing. */

static enum err_code insert_both(struct db_conn *c, struct channel *ch, int64_t *id,
                                 struct err *err)
{
    TRY(repo_insert(c, &repo_channel_table, ch, id, err));
    ch->id = *id;
    return repo_ability_rebuild(c, ch, err);
}

enum err_code repo_channel_insert(struct db_conn *c, const struct channel *row, int64_t *id,
                                  struct err *err)
{
    struct channel ch = *row;
    struct db_tx tx;

    *id = 0;
    if (ch.status == CHANNEL_UNKNOWN)
        ch.status = CHANNEL_ENABLED;
    if (ch.group.n == 0)
        ch.group = STR("default");
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, insert_both(c, &ch, id, err), err);
}

enum err_code repo_channel_rebuild(struct db_conn *c, int64_t id, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct channel *ch;

    arena_init(&a, 0);
    TRY(repo_channel_find(c, &a, id, &ch, err));
    return ch ? repo_ability_rebuild(c, ch, err) : ERR_OK;
}

static enum err_code update_both(struct db_conn *c, const struct channel *row, uint64_t mask,
                                 bool *found, struct err *err)
{
    int64_t changed = 0;

    REPO_QUERY(q);
    repo_update(&q, &repo_channel_table, row, mask, db_conn_kind(c));
    repo_query_add(&q, " WHERE id = ?", DB_I64(row->id));
    TRY(repo_query_exec(c, &q, &changed, err));
    *found = changed > 0;
    return *found && (mask & ability_columns) ? repo_channel_rebuild(c, row->id, err) : ERR_OK;
}

enum err_code repo_channel_update(struct db_conn *c, const struct channel *row, uint64_t mask,
                                  bool *found, struct err *err)
{
    bool unused;
    struct db_tx tx;

    assert((mask & (COL(CHANNEL_COL_ID) | COL(CHANNEL_COL_USED_QUOTA))) == 0);
    found = found ? found : &unused;
    *found = false;
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, update_both(c, row, mask, found, err), err);
}

static enum err_code set_status_both(struct db_conn *c, int64_t id, enum channel_status status,
                                     struct str other_info, bool *changed, struct err *err)
{
    int64_t rows = 0;

    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE channels SET status = ?", DB_I64(status));
    if (other_info.p)
        repo_query_add(&q, ", other_info = ?", DB_TEXT(other_info));
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    repo_query_add(&q, " AND COALESCE(status, 0) <> ?", DB_I64(status));
    TRY(repo_query_exec(c, &q, &rows, err));
    *changed = rows > 0;
    if (rows == 0)
        return ERR_OK;
    return db_exec(c, NULL, err, "UPDATE abilities SET enabled = ? WHERE channel_id = ?",
                   DB_BOOL(status == CHANNEL_ENABLED), DB_I64(id));
}

enum err_code repo_channel_set_status(struct db_conn *c, int64_t id, enum channel_status status,
                                      struct str other_info, bool *changed, struct err *err)
{
    struct db_tx tx;

    *changed = false;
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, set_status_both(c, id, status, other_info, changed, err), err);
}

enum err_code repo_channel_set_test_result(struct db_conn *c, int64_t id, int64_t response_time_ms,
                                           int64_t now_s, struct err *err)
{
    return db_exec(c, NULL, err,
                   "UPDATE channels SET test_time = ?, response_time = ? WHERE id = ?",
                   DB_I64(now_s), DB_I64(response_time_ms), DB_I64(id));
}

enum err_code repo_channel_set_balance(struct db_conn *c, int64_t id, double balance, int64_t now_s,
                                       struct err *err)
{
    return db_exec(c, NULL, err,
                   "UPDATE channels SET balance = ?, balance_updated_time = ? WHERE id = ?",
                   DB_F64(balance), DB_I64(now_s), DB_I64(id));
}

/* Deleting. */

static enum err_code delete_both(struct db_conn *c, const int64_t *ids, size_t n, int64_t *deleted,
                                 struct err *err)
{
    TRY(repo_ability_delete(c, ids, n, err));
    return repo_delete_ids(c, "channels", "id", ids, n, deleted, err);
}

enum err_code repo_channel_delete(struct db_conn *c, const int64_t *ids, size_t n, int64_t *deleted,
                                  struct err *err)
{
    int64_t unused;
    struct db_tx tx;

    deleted = deleted ? deleted : &unused;
    *deleted = 0;
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, delete_both(c, ids, n, deleted, err), err);
}

static enum err_code delete_disabled(struct db_conn *c, int64_t *deleted, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    int64_t *ids;
    size_t n;

    arena_init(&a, 0);
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT id FROM channels WHERE status IN (?",
                   DB_I64(CHANNEL_MANUALLY_DISABLED));
    repo_query_add(&q, ", ?)", DB_I64(CHANNEL_AUTO_DISABLED));
    TRY(repo_fetch_ids(c, &a, &q, &ids, &n, err));
    return delete_both(c, ids, n, deleted, err);
}

enum err_code repo_channel_delete_disabled(struct db_conn *c, int64_t *deleted, struct err *err)
{
    struct db_tx tx;

    *deleted = 0;
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, delete_disabled(c, deleted, err), err);
}
