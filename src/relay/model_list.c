/* GET /v1/models and /v1/models/:model (relay reference 2.5): what the caller's token may use. */
#include "relay/exchange.h"

#include "base/json_write.h"

enum { LIST_LIMIT = 16 * 1024 * 1024, CREATED = 1626777600 };

static const struct http_header json_type = {STR_INIT("Content-Type"),
                                             STR_INIT("application/json; charset=utf-8")};

static void write_permission(struct json_writer *w)
{
    jw_key(w, STR("permission"));
    jw_raw(w, STR("[{\"id\":\"modelperm-LwHkVFn8AcMItP432fKKDIKJ\",\"object\":\"model_permission\","
                  "\"created\":1626777600,"
                  "\"allow_create_engine\":true,\"allow_sampling\":true,\"allow_logprobs\":true,"
                  "\"allow_search_indices\":false,\"allow_view\":true,\"allow_fine_tuning\":false,"
                  "\"organization\":\"*\",\"group\":null,\"is_blocking\":false}]"));
}

static void write_model(struct json_writer *w, struct str model)
{
    jw_object(w);
    jw_key_str(w, STR("id"), model);
    jw_key_str(w, STR("object"), STR("model"));
    jw_key_i64(w, STR("created"), CREATED);
    jw_key_str(w, STR("owned_by"), provider_owner_of(model));
    write_permission(w);
    jw_key_str(w, STR("root"), model);
    jw_key_null(w, STR("parent"));
    jw_end(w);
}

/* Is the model one that the caller could call now? */
static bool may_use(struct exchange *x, struct str model)
{
    size_t n;
    const struct str *names;

    if (x->cred->token.model_limits_enabled)
        return exchange_allows_model(x, model);
    names = snapshot_models(x->snap, x->group, &n);
    for (size_t i = 0; i < n; i++) {
        if (str_eq(names[i], model))
            return true;
    }
    return false;
}

static void write_models(struct json_writer *w, struct exchange *x)
{
    size_t n;
    const struct str *names;

    if (x->cred->token.model_limits_enabled) {
        STR_SPLIT_EACH (name, x->cred->token.model_limits, ',')
            write_model(w, name);
        return;
    }
    names = snapshot_models(x->snap, x->group, &n);
    for (size_t i = 0; i < n; i++)
        write_model(w, names[i]);
}

static void reply(struct exchange *x, struct sb *sb)
{
    arena_defer(x->arena, sb_finip, sb);
    http_reply(x->req, 200, &json_type, 1, sb_str(sb));
}

static struct sb *new_builder(struct exchange *x, struct json_writer *w)
{
    struct sb *sb = arena_new(x->arena, struct sb);

    sb_init(sb, LIST_LIMIT);
    jw_init(w, sb);
    return sb;
}

static void list(struct exchange *x)
{
    struct json_writer w;
    struct sb *sb = new_builder(x, &w);

    jw_object(&w);
    jw_key_bool(&w, STR("success"), true);
    jw_key_str(&w, STR("object"), STR("list"));
    jw_key(&w, STR("data"));
    jw_array(&w);
    write_models(&w, x);
    jw_end(&w);
    jw_end(&w);
    reply(x, sb);
}

static void get(struct exchange *x)
{
    struct str model = x->req->params[0];
    struct json_writer w;
    struct sb *sb;

    if (may_use(x, model)) {
        sb = new_builder(x, &w);
        write_model(&w, model);
        reply(x, sb);
        return;
    }
    struct openai_error e = {
        .message = arena_fmt(x->arena, "The model '%.*s' does not exist", STR_ARG(model)),
        .type = STR("invalid_request_error"),
        .param = STR("model"),
        .code = STR("model_not_found")};
    /* The original answers 200 here, which official SDKs take for a model; the vendor's own status
     * is 404. */
    http_reply(x->req, 404, &json_type, 1, openai_error_write(x->arena, &e, STR_NULL));
}

void relay_list_models(struct http_req *r, void *ctx)
{
    relay_authenticate(ctx, r, list);
}

void relay_get_model(struct http_req *r, void *ctx)
{
    relay_authenticate(ctx, r, get);
}
