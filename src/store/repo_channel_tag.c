/*
 * Channels by their tag: tag mode of the list, and changes of all channels of a tag (admin-api 3.8,
 * 5.7.3).
 */
#include "store/repo_ability.h"
#include "store/repo_channel_row.h"

/* The tags of the page, and in *total how many there are. */
static enum err_code fetch_tags(struct db_conn *c, struct arena *a, const struct channel_filter *f,
                                struct repo_page page, struct str **tags, size_t *count,
                                int64_t *total, struct err *err)
{
    REPO_QUERY(all);
    repo_query_fmt(&all, "SELECT COUNT(DISTINCT tag) FROM channels");
    repo_channel_add_filter(&all, a, f);
    repo_query_fmt(&all, " AND tag <> ''");
    TRY(repo_query_i64(c, &all, total, err));
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT DISTINCT tag FROM channels");
    repo_channel_add_filter(&q, a, f);
    repo_query_fmt(&q, " AND tag <> '' ORDER BY tag");
    repo_query_page(&q, page);
    return repo_fetch_texts(c, a, &q, tags, count, err);
}

static enum err_code fetch_of_tag(struct db_conn *c, struct arena *a, struct str tag, bool id_sort,
                                  struct channel **rows, size_t *count, struct err *err)
{
    const struct channel_filter f = {.tag = tag, .id_sort = id_sort};

    REPO_QUERY(q);
    repo_select(&q, &repo_channel_table);
    repo_channel_add_filter(&q, a, &f);
    repo_query_fmt(&q, "%s", repo_channel_order(&f));
    return repo_channel_fetch(c, a, &q, rows, count, err);
}

/* One query a tag: a page holds few of them. */
enum err_code repo_channel_page_tags(struct db_conn *c, struct arena *a,
                                     const struct channel_filter *filter, struct repo_page page,
                                     struct channel_page *out, struct err *err)
{
    struct channel **parts;
    size_t *counts, n, at = 0;
    struct str *tags;

    *out = (struct channel_page){0};
    TRY(fetch_tags(c, a, filter, page, &tags, &n, &out->total, err));
    parts = arena_new_array(a, struct channel *, n);
    counts = arena_new_array(a, size_t, n);
    for (size_t i = 0; i < n; i++) {
        TRY(fetch_of_tag(c, a, tags[i], filter->id_sort, &parts[i], &counts[i], err));
        out->count += counts[i];
    }
    out->rows = arena_new_array(a, struct channel, out->count);
    for (size_t i = 0; i < n; at += counts[i++])
        if (counts[i])
            memcpy(out->rows + at, parts[i], counts[i] * sizeof *parts[i]);
    return ERR_OK;
}

enum err_code repo_channel_find_tag_models(struct db_conn *c, struct arena *a, struct str tag,
                                           struct str *models, struct err *err)
{
    struct str *texts;
    size_t n;

    *models = STR("");
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT models FROM channels WHERE tag = ? ORDER BY id", DB_TEXT(tag));
    TRY(repo_fetch_texts(c, a, &q, &texts, &n, err));
    for (size_t i = 0; i < n; i++) {
        if (texts[i].n > models->n)
            *models = texts[i];
    }
    return ERR_OK;
}

/* Changes. */

static enum err_code fetch_ids_of_tag(struct db_conn *c, struct arena *a, struct str tag,
                                      int64_t **ids, size_t *count, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT id FROM channels WHERE tag = ? ORDER BY id", DB_TEXT(tag));
    return repo_fetch_ids(c, a, &q, ids, count, err);
}

/* By id, not by the tag of the abilities: a copy may be stale. */
static enum err_code rebuild(struct db_conn *c, const int64_t *ids, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        TRY(repo_channel_rebuild(c, ids[i], err));
    return ERR_OK;
}

static enum err_code change_tag(struct db_conn *c, struct str tag, const struct channel *row,
                                uint64_t mask, int64_t *changed, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    int64_t *ids;
    size_t n;

    arena_init(&a, 0);
    TRY(fetch_ids_of_tag(c, &a, tag, &ids, &n, err));
    REPO_QUERY(q);
    repo_update(&q, &repo_channel_table, row, mask, db_conn_kind(c));
    repo_query_add(&q, " WHERE tag = ?", DB_TEXT(tag));
    TRY(repo_query_exec(c, &q, changed, err));
    return rebuild(c, ids, n, err);
}

static enum err_code join_change_tag(struct db_conn *c, struct str tag, const struct channel *row,
                                     uint64_t mask, int64_t *changed, struct err *err)
{
    int64_t unused;
    struct db_tx tx;

    changed = changed ? changed : &unused;
    *changed = 0;
    if (tag.n == 0)
        return err_set(err, ERR_BAD_REQUEST, "the tag must not be empty");
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, change_tag(c, tag, row, mask, changed, err), err);
}

enum err_code repo_channel_set_tag_status(struct db_conn *c, struct str tag,
                                          enum channel_status status, int64_t *changed,
                                          struct err *err)
{
    const struct channel row = {.status = status};

    return join_change_tag(c, tag, &row, COL(CHANNEL_COL_STATUS), changed, err);
}

enum err_code repo_channel_update_tag(struct db_conn *c, struct str tag, const struct channel *row,
                                      uint64_t columns, int64_t *changed, struct err *err)
{
    const uint64_t allowed = COL(CHANNEL_COL_TAG) | COL(CHANNEL_COL_PRIORITY) |
                             COL(CHANNEL_COL_WEIGHT) | COL(CHANNEL_COL_MODEL_MAPPING) |
                             COL(CHANNEL_COL_MODELS) | COL(CHANNEL_COL_GROUP) |
                             COL(CHANNEL_COL_PARAM_OVERRIDE) | COL(CHANNEL_COL_HEADER_OVERRIDE);

    assert((columns & ~allowed) == 0);
    return join_change_tag(c, tag, row, columns, changed, err);
}

static enum err_code set_tag_one(struct db_conn *c, int64_t id, struct str tag, int64_t *changed,
                                 struct err *err)
{
    const struct channel row = {.id = id, .tag = tag, .tag_null = tag.n == 0};
    bool found;

    TRY(repo_channel_update(c, &row, COL(CHANNEL_COL_TAG), &found, err));
    *changed += found;
    return ERR_OK;
}

static enum err_code set_tag_all(struct db_conn *c, const int64_t *ids, size_t n, struct str tag,
                                 int64_t *changed, struct err *err)
{
    for (size_t i = 0; i < n; i++)
        TRY(set_tag_one(c, ids[i], tag, changed, err));
    return ERR_OK;
}

enum err_code repo_channel_set_tag(struct db_conn *c, const int64_t *ids, size_t n, struct str tag,
                                   int64_t *changed, struct err *err)
{
    int64_t unused;
    struct db_tx tx;

    changed = changed ? changed : &unused;
    *changed = 0;
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, set_tag_all(c, ids, n, tag, changed, err), err);
}
