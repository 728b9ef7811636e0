/* Asking an upstream which models it has: admin-api 5.8.4. */
#include "api/handlers.h"

#include "api/channel_types.h"
#include "http/fetch.h"
#include "store/repo_channel.h"

enum { TYPE_GEMINI = 24 };

struct upstream {
    struct str base_url, path, prefix; /* prefix: what ids begin with and shall not */
    struct secret key;
    struct str organization, proxy;
};

static struct str base_or_default(struct str base_url, int64_t type)
{
    const struct channel_type *t = channel_types_find(type);

    base_url = str_trim_right_char(str_trim(base_url), '/');
    return base_url.n > 0 || !t ? base_url : t->base_url;
}

/* The first of several keys. */
static struct secret first_key(struct secret key)
{
    struct str text = str_trim(secret_reveal(key));

    return secret_make(str_trim(str_cut(&text, '\n')));
}

/* The ids of {"data":[{"id":..}]}; none is null, as the original has it. */
static enum err_code write_ids(struct api_call *c, const struct upstream *u, struct str body,
                               struct json_writer *(*begin)(struct api_call *c))
{
    const struct json *root, *data;
    struct json_writer *w;
    struct str id;

    if (json_read(c->arena, body, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return api_fail(c, MSG_FETCH_GARBLED);
    data = json_get(root, STR("data"));
    if (!json_is(data, JSON_ARRAY))
        return api_fail(c, MSG_FETCH_GARBLED);
    w = begin(c);
    if (json_count(data) == 0) {
        jw_null(w);
        return ERR_OK;
    }
    jw_array(w);
    JSON_EACH (item, data) {
        if (!json_str(c->arena, json_get(item, STR("id")), &id))
            continue;
        jw_str(w, str_starts(id, u->prefix) ? str_skip(id, u->prefix.n) : id);
    }
    jw_end(w);
    return ERR_OK;
}

static enum err_code fetch_list(struct api_call *c, const struct upstream *u,
                                struct fetch_reply *reply)
{
    const struct fetch_request request = {
        .url = arena_fmt(c->arena, "%.*s%.*s", STR_ARG(u->base_url), STR_ARG(u->path)),
        .bearer = u->key,
        .organization = u->organization,
        .proxy = u->proxy,
    };

    if (u->base_url.n == 0)
        return api_fail(c, MSG_NO_BASE_URL);
    return fetch_run(c->arena, &request, reply, &c->err);
}

/* ---- of a stored channel ---- */

static enum err_code find(struct api_call *c, int64_t id, struct channel **row)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_channel_find(conn, c->arena, id, row, &c->err));
    return *row ? ERR_OK : api_fail_not_found(c);
}

static struct str proxy_of(struct api_call *c, const struct channel *row)
{
    const struct json *setting;

    if (json_read(c->arena, row->setting, JSON_DEPTH_DEFAULT, &setting, NULL) != ERR_OK)
        return STR_NULL;
    return json_str_or_null(c->arena, json_get(setting, STR("proxy")));
}

enum err_code api_channel_fetch_models(struct api_call *c)
{
    struct upstream u = {.path = STR("/v1/models")};
    struct fetch_reply reply = {.status = 0};
    struct channel *row;
    int64_t id;

    TRY(path_id(c, 0, &id));
    TRY(find(c, id, &row));
    if (row->type == TYPE_GEMINI) {
        u.path = STR("/v1beta/openai/models");
        u.prefix = STR("models/");
    }
    u.base_url = base_or_default(row->base_url, row->type);
    u.key = first_key(row->key);
    u.organization = row->open_ai_organization;
    u.proxy = proxy_of(c, row);
    TRY(fetch_list(c, &u, &reply));
    if (reply.status != 200)
        return api_fail_text(c, arena_fmt(c->arena, "status code: %d", reply.status));
    return write_ids(c, &u, reply.body, reply_data);
}

/* ---- of a form that is being filled in ---- */

static enum err_code read_form(struct api_call *c, struct upstream *u)
{
    struct body b;
    struct str base_url;
    int64_t type;

    TRY(body_read(c, &b));
    base_url = body_str(&b, STR("base_url"));
    type = body_i64(&b, STR("type"));
    u->key = first_key(secret_make(body_str(&b, STR("key"))));
    TRY(body_end(&b));
    u->base_url = base_or_default(base_url, type);
    return ERR_OK;
}

enum err_code api_channel_fetch_models_form(struct api_call *c)
{
    struct upstream u = {.path = STR("/v1/models")};
    struct fetch_reply reply = {.status = 0};
    enum err_code rc;

    if (read_form(c, &u) != ERR_OK)
        return api_fail_status(c, 400, MSG_FETCH_INVALID);
    c->status = 500;
    TRY(fetch_list(c, &u, &reply));
    if (reply.status != 200)
        return api_fail(c, MSG_FETCH_FAILED);
    rc = write_ids(c, &u, reply.body, reply_data_only);
    c->status = rc == ERR_OK ? 200 : 500;
    return rc;
}
