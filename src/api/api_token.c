/* API tokens of the caller: admin-api 3.9, 5.6. */
#include "api/handlers.h"

#include "api/rows.h"
#include "base/random.h"
#include "store/repo_token.h"

enum {
    PAGE_CAP = 100,
    NAME_BYTES = 30,
    MODEL_LIMITS_BYTES = 1024,
    GROUP_BYTES = 64,
    IPS_BYTES = 4096
};
#define QUOTA_MAX (INT64_C(1) << 52)

static enum err_code reply_list(struct api_call *c, const struct token_filter *filter,
                                struct repo_page part)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct token_page page;
    struct json_writer *w;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_token_page(conn, c->arena, filter, part, &page, &c->err));
    w = reply_data(c);
    jw_array(w);
    for (size_t i = 0; i < page.count; i++)
        row_token(c->arena, w, &page.rows[i]);
    jw_end(w);
    return ERR_OK;
}

enum err_code api_token_list(struct api_call *c)
{
    struct page_query q = query_page(c, 0, STR("size"), PAGE_CAP);

    return reply_list(c, &(struct token_filter){.user_id = c->me->id},
                      (struct repo_page){q.offset, q.size});
}

/* Go's strings.Trim with the set "sk-": people paste the key with its prefix. */
static struct str trim_key(struct str s)
{
    const struct str set = STR("sk-");

    while (s.n > 0 && str_find_char(set, s.p[0]) >= 0)
        s = str_skip(s, 1);
    while (s.n > 0 && str_find_char(set, s.p[s.n - 1]) >= 0)
        s.n--;
    return s;
}

enum err_code api_token_search(struct api_call *c)
{
    return reply_list(c,
                      &(struct token_filter){.user_id = c->me->id,
                                             .keyword = query_str(c, STR("keyword")),
                                             .key = trim_key(query_str(c, STR("token")))},
                      (struct repo_page){0, 0});
}

static enum err_code find_own(struct api_call *c, int64_t id, struct token **token)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_token_find(conn, c->arena, id, c->me->id, token, &c->err));
    return *token ? ERR_OK : api_fail_not_found(c);
}

enum err_code api_token_get(struct api_call *c)
{
    struct token *token;
    int64_t id;

    TRY(path_id(c, 0, &id));
    TRY(find_own(c, id, &token));
    row_token(c->arena, reply_data(c), token);
    return ERR_OK;
}

/* ---- create and update ---- */

/* The fields that people edit. */
static enum err_code read_fields(struct body *b, struct token *t)
{
    t->name = body_str(b, STR("name"));
    t->expired_time = body_i64(b, STR("expired_time"));
    t->remain_quota = body_i64(b, STR("remain_quota"));
    t->unlimited_quota = body_bool(b, STR("unlimited_quota"));
    t->model_limits_enabled = body_bool(b, STR("model_limits_enabled"));
    t->model_limits = body_str(b, STR("model_limits"));
    t->allow_ips = body_str(b, STR("allow_ips"));
    t->allow_ips_null = !body_has(b, STR("allow_ips"));
    t->group = body_str(b, STR("group"));
    t->status = body_i64(b, STR("status"));
    return body_end(b);
}

static enum err_code check_fields(struct api_call *c, const struct token *t)
{
    if (t->name.n > NAME_BYTES)
        return api_fail(c, MSG_TOKEN_NAME_LONG);
    if (t->model_limits.n > MODEL_LIMITS_BYTES)
        return api_fail(c, MSG_TOKEN_LIMITS_LONG);
    if (t->group.n > GROUP_BYTES)
        return api_fail_arg(c, MSG_TOO_LONG, STR("group"));
    if (t->allow_ips.n > IPS_BYTES)
        return api_fail_arg(c, MSG_TOO_LONG, STR("allow_ips"));
    if (t->remain_quota > QUOTA_MAX || t->remain_quota < -QUOTA_MAX)
        return api_fail(c, MSG_TOKEN_QUOTA);
    return ERR_OK;
}

enum err_code api_token_create(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct token t = {.user_id = c->me->id};
    struct body b;
    int64_t id;

    TRY(body_read(c, &b));
    TRY(read_fields(&b, &t));
    TRY(check_fields(c, &t));
    t.status = TOKEN_ENABLED;
    t.created_time = t.accessed_time = call_now_s(c);
    t.key = secret_make(random_text(c->arena, TOKEN_KEY_CHARS));
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_token_insert(conn, &t, &id, &c->err));
    apikeys_forget_key(call_conf(c)->apikeys, secret_reveal(t.key));
    return ERR_OK;
}

/* A token that ran out is switched on again only after what it ran out of was changed. */
static enum err_code may_enable(struct api_call *c, const struct token *stored)
{
    if (stored->status == TOKEN_EXPIRED && stored->expired_time <= call_now_s(c) &&
        stored->expired_time != -1)
        return api_fail(c, MSG_TOKEN_EXPIRED);
    if (stored->status == TOKEN_EXHAUSTED && stored->remain_quota <= 0 && !stored->unlimited_quota)
        return api_fail(c, MSG_TOKEN_EXHAUSTED);
    return ERR_OK;
}

static enum err_code write_fields(struct api_call *c, const struct token *row, int64_t *delta)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    const uint64_t columns = COL(TOKEN_COL_NAME) | COL(TOKEN_COL_EXPIRED_TIME) |
                             COL(TOKEN_COL_UNLIMITED_QUOTA) | COL(TOKEN_COL_MODEL_LIMITS_ENABLED) |
                             COL(TOKEN_COL_MODEL_LIMITS) | COL(TOKEN_COL_ALLOW_IPS) |
                             COL(TOKEN_COL_GROUP);
    bool found;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(db_begin(conn, &c->err));
    TRY(repo_token_update(conn, row, columns, &found, &c->err));
    TRY(repo_token_set_quota(conn, row->id, row->remain_quota, delta, &found, &c->err));
    return db_commit(conn, &c->err);
}

static enum err_code write_status(struct api_call *c, const struct token *row)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    bool found;

    TRY(call_db(c, DB_WRITE, &conn));
    return repo_token_update(conn, row, COL(TOKEN_COL_STATUS), &found, &c->err);
}

static bool is_token_status(int64_t status)
{
    return status >= TOKEN_ENABLED && status <= TOKEN_EXHAUSTED;
}

/* Brings what is kept in memory of the token along. */
static void announce(struct api_call *c, const struct token *row, int64_t delta)
{
    const struct api_conf *conf = call_conf(c);

    if (delta != 0)
        balance_changed_token(conf->balances, row->id, delta);
    balance_set_unlimited(conf->balances, row->id, row->unlimited_quota);
    apikeys_forget_token(conf->apikeys, row->id);
}

static enum err_code update(struct api_call *c, struct token *stored, const struct token *given)
{
    int64_t delta = 0;

    if (query_has(c, STR("status_only"))) {
        if (!is_token_status(given->status))
            return api_fail(c, MSG_BAD_PARAM);
        stored->status = given->status;
        TRY(write_status(c, stored));
    } else {
        stored->name = given->name;
        stored->expired_time = given->expired_time;
        stored->remain_quota = given->remain_quota;
        stored->unlimited_quota = given->unlimited_quota;
        stored->model_limits_enabled = given->model_limits_enabled;
        stored->model_limits = given->model_limits;
        stored->allow_ips = given->allow_ips;
        stored->allow_ips_null = given->allow_ips_null;
        stored->group = given->group;
        TRY(write_fields(c, stored, &delta));
    }
    announce(c, stored, delta);
    return ERR_OK;
}

enum err_code api_token_update(struct api_call *c)
{
    struct token *stored, given = {.id = 0};
    struct body b;
    int64_t id;

    TRY(body_read(c, &b));
    id = body_i64(&b, STR("id"));
    TRY(read_fields(&b, &given));
    TRY(check_fields(c, &given));
    TRY(find_own(c, id, &stored));
    if (given.status == TOKEN_ENABLED)
        TRY(may_enable(c, stored));
    TRY(update(c, stored, &given));
    row_token(c->arena, reply_data(c), stored);
    return ERR_OK;
}

enum err_code api_token_delete(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t id;
    bool found;

    TRY(path_id(c, 0, &id));
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_token_delete(conn, id, c->me->id, call_now_s(c), &found, &c->err));
    if (!found)
        return api_fail_not_found(c);
    apikeys_forget_token(call_conf(c)->apikeys, id);
    return ERR_OK;
}
