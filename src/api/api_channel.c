/* Channels: listing, deleting, repairing (admin-api 3.8). */
#include "api/handlers.h"

#include "api/rows.h"
#include "store/repo_ability.h"
#include "store/repo_channel.h"

enum { PAGE_CAP = 10000, BATCH_CAP = 10000 };

static void write_rows(struct json_writer *w, const struct channel_page *page)
{
    jw_array(w);
    for (size_t i = 0; i < page->count; i++)
        row_channel(w, &page->rows[i]);
    jw_end(w);
}

static enum err_code reply_page(struct api_call *c, struct channel_filter *filter,
                                struct repo_page part)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct channel_page page;

    filter->id_sort = query_bool(c, STR("id_sort"));
    TRY(call_db(c, DB_READ, &conn));
    if (query_bool(c, STR("tag_mode")))
        TRY(repo_channel_page_tags(conn, c->arena, filter, part, &page, &c->err));
    else
        TRY(repo_channel_page(conn, c->arena, filter, part, &page, &c->err));
    write_rows(reply_data(c), &page);
    return ERR_OK;
}

enum err_code api_channel_list(struct api_call *c)
{
    struct page_query q = query_page(c, 0, STR("page_size"), PAGE_CAP);
    struct channel_filter filter = {.keyword = STR_NULL};

    return reply_page(c, &filter, (struct repo_page){q.offset, q.size});
}

enum err_code api_channel_search(struct api_call *c)
{
    struct str group = query_str(c, STR("group"));
    struct channel_filter filter = {.keyword = query_str(c, STR("keyword")),
                                    .model = query_str(c, STR("model")),
                                    .group = str_eq(group, STR("null")) ? STR_NULL : group};

    return reply_page(c, &filter, (struct repo_page){0, 0});
}

enum err_code api_channel_get(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct channel *row;
    int64_t id;

    TRY(path_id(c, 0, &id));
    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_channel_find(conn, c->arena, id, &row, &c->err));
    if (!row)
        return api_fail_not_found(c);
    row_channel(reply_data(c), row);
    return ERR_OK;
}

/* ---- deleting ---- */

static enum err_code delete_channels(struct api_call *c, const int64_t *ids, size_t n)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_channel_delete(conn, ids, n, NULL, &c->err));
    db_release(conn);
    conn = NULL;
    return api_reload(c->api, &c->err);
}

enum err_code api_channel_delete(struct api_call *c)
{
    int64_t id;

    TRY(path_id(c, 0, &id));
    return delete_channels(c, &id, 1);
}

enum err_code api_channel_delete_disabled(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t deleted;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_channel_delete_disabled(conn, &deleted, &c->err));
    db_release(conn);
    conn = NULL;
    TRY(api_reload(c->api, &c->err));
    jw_i64(reply_data(c), deleted);
    return ERR_OK;
}

enum err_code api_channel_delete_batch(struct api_call *c)
{
    struct body b;
    int64_t *ids;
    size_t n;

    TRY(body_read(c, &b));
    body_ids(&b, STR("ids"), BATCH_CAP, &ids, &n);
    TRY(body_end(&b));
    if (n == 0)
        return api_fail(c, MSG_BAD_PARAM);
    TRY(delete_channels(c, ids, n));
    jw_i64(reply_data(c), (int64_t)n);
    return ERR_OK;
}

/* ---- repair ---- */

enum err_code api_channel_fix(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t channels, rebuilt;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_ability_fix(conn, &channels, &rebuilt, &c->err));
    db_release(conn);
    conn = NULL;
    TRY(api_reload(c->api, &c->err));
    jw_i64(reply_data(c), channels + rebuilt);
    return ERR_OK;
}
