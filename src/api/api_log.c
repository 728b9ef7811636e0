/* Logs: admin-api 3.11, 5.12. */
#include "api/handlers.h"

#include "api/rows.h"
#include "store/repo_log.h"
#include "store/repo_token.h"

enum {
    PAGE_CAP = 1000,
    OWN_PAGE_CAP = 100,
    SEARCH_ROWS = 100,
    TOKEN_ROWS = 1000,  /* of GET /api/log/token, which anybody may call who has a key */
    DELETE_ROWS = 1000, /* a transaction: the ledger writes in between */
};

static enum err_code log_db(struct api_call *c, enum db_access access, struct db_conn **out)
{
    return db_acquire(call_conf(c)->log_db, access, out, &c->err);
}

static struct log_filter read_filter(struct api_call *c)
{
    return (struct log_filter){.type = query_i64(c, STR("type")),
                               .start_s = query_i64(c, STR("start_timestamp")),
                               .end_s = query_i64(c, STR("end_timestamp")),
                               .username = query_str(c, STR("username")),
                               .token_name = query_str(c, STR("token_name")),
                               .model_name = query_str(c, STR("model_name")),
                               .channel_id = query_i64(c, STR("channel")),
                               .group = query_str(c, STR("group")),
                               .request_id = query_str(c, STR("request_id"))};
}

/* The same, of the caller's rows only. */
static struct log_filter read_own_filter(struct api_call *c)
{
    struct log_filter f = read_filter(c);

    f.user_id = c->me->id;
    f.username = STR_NULL;
    f.channel_id = 0;
    return f;
}

static void write_row(struct api_call *c, struct json_writer *w, const struct log_row *row,
                      bool own)
{
    const struct route_channel *channel;

    if (own) {
        row_log_own(c->arena, w, row);
        return;
    }
    channel = row->channel_id != 0 ? snapshot_channel(c->snap, row->channel_id) : NULL;
    row_log(w, row, channel ? channel->row.name : STR_NULL);
}

static void write_rows(struct api_call *c, struct json_writer *w, const struct log_page *page,
                       bool own)
{
    jw_array(w);
    for (size_t i = 0; i < page->count; i++)
        write_row(c, w, &page->rows[i], own);
    jw_end(w);
}

static enum err_code reply_page(struct api_call *c, const struct log_filter *filter, bool own)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct page_query q = query_page(c, 1, STR("page_size"), own ? OWN_PAGE_CAP : PAGE_CAP);
    struct log_page page;
    struct json_writer *w;

    TRY(log_db(c, DB_READ, &conn));
    TRY(repo_log_page(conn, c->arena, filter, (struct repo_page){q.offset, q.size}, &page,
                      &c->err));
    w = reply_data(c);
    jw_object(w);
    jw_key(w, STR("items"));
    write_rows(c, w, &page, own);
    page_members(w, &q, page.total);
    jw_end(w);
    return ERR_OK;
}

enum err_code api_log_list(struct api_call *c)
{
    struct log_filter f = read_filter(c);

    return reply_page(c, &f, false);
}

enum err_code api_log_list_own(struct api_call *c)
{
    struct log_filter f = read_own_filter(c);

    return reply_page(c, &f, true);
}

static enum err_code reply_search(struct api_call *c, int64_t user_id)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct log_page page;

    TRY(log_db(c, DB_READ, &conn));
    TRY(repo_log_search(conn, c->arena, query_str(c, STR("keyword")), user_id, SEARCH_ROWS, &page,
                        &c->err));
    write_rows(c, reply_data(c), &page, user_id != 0);
    return ERR_OK;
}

enum err_code api_log_search(struct api_call *c)
{
    return reply_search(c, 0);
}

enum err_code api_log_search_own(struct api_call *c)
{
    return reply_search(c, c->me->id);
}

static enum err_code reply_stat(struct api_call *c, const struct log_filter *filter)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct log_stat stat;
    struct json_writer *w;

    TRY(log_db(c, DB_READ, &conn));
    TRY(repo_log_stat(conn, filter, call_now_s(c), &stat, &c->err));
    w = reply_data(c);
    jw_object(w);
    jw_key_i64(w, STR("quota"), stat.quota);
    jw_key_i64(w, STR("rpm"), stat.rpm);
    jw_key_i64(w, STR("tpm"), stat.tpm);
    jw_end(w);
    return ERR_OK;
}

enum err_code api_log_stat(struct api_call *c)
{
    struct log_filter f = read_filter(c);

    return reply_stat(c, &f);
}

enum err_code api_log_stat_own(struct api_call *c)
{
    struct log_filter f = read_filter(c);

    f.user_id = c->me->id;
    f.username = STR_NULL;
    return reply_stat(c, &f);
}

/* ---- by key ---- */

/* NULL: there is no such key. */
static enum err_code find_token(struct api_call *c, struct token **token)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct str key = query_str(c, STR("key"));

    if (str_starts(key, STR("sk-")))
        key = str_skip(key, 3);
    *token = NULL;
    if (key.n == 0)
        return ERR_OK;
    TRY(call_db(c, DB_READ, &conn));
    return repo_token_find_by_key(conn, c->arena, secret_make(key), token, &c->err);
}

enum err_code api_log_of_token(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct token *token;
    struct log_page page;

    TRY(find_token(c, &token));
    if (!token)
        return api_fail_not_found(c);
    TRY(log_db(c, DB_READ, &conn));
    TRY(repo_log_page(conn, c->arena, &(struct log_filter){.token_id = token->id},
                      (struct repo_page){0, TOKEN_ROWS}, &page, &c->err));
    write_rows(c, reply_data(c), &page, true);
    return ERR_OK;
}

/* ---- deleting ---- */

static enum err_code delete_some(struct api_call *c, int64_t before_s, int64_t *deleted)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(log_db(c, DB_WRITE, &conn));
    return repo_log_delete_before(conn, before_s, DELETE_ROWS, deleted, &c->err);
}

enum err_code api_log_delete(struct api_call *c)
{
    int64_t before_s = query_i64(c, STR("target_timestamp")), deleted = 0, total = 0;

    if (before_s == 0)
        return api_fail(c, MSG_NO_TARGET_TIME);
    do {
        TRY(delete_some(c, before_s, &deleted));
        total += deleted;
    } while (deleted > 0);
    jw_i64(reply_data(c), total);
    return ERR_OK;
}
