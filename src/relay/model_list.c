/*
 * GET /v1/models and its kin (relay reference 2.5): what the caller's token may use, in the shape
 * of the caller's dialect. Anthropic's SDK sends its version, Google's its kind of key or its path.
 */
#include "relay/exchange.h"

#include "base/json_write.h"
#include "base/text.h"

enum { LIST_LIMIT = 16 * 1024 * 1024, CREATED = 1626777600 };

static const struct http_header json_type = {STR_INIT("Content-Type"),
                                             STR_INIT("application/json; charset=utf-8")};

/* A shape: one model, and what stands around a list of them. */
struct shape {
    void (*model)(struct json_writer *w, struct str model);
    struct str list;                      /* name of the member that holds the list */
    void (*begin)(struct json_writer *w); /* members before it; NULL: none */
    void (*end)(struct json_writer *w, const struct str *names, size_t n); /* behind it */
};

static void write_permission(struct json_writer *w)
{
    jw_key(w, STR("permission"));
    jw_raw(w, STR("[{\"id\":\"modelperm-LwHkVFn8AcMItP432fKKDIKJ\",\"object\":\"model_permission\","
                  "\"created\":1626777600,"
                  "\"allow_create_engine\":true,\"allow_sampling\":true,\"allow_logprobs\":true,"
                  "\"allow_search_indices\":false,\"allow_view\":true,\"allow_fine_tuning\":false,"
                  "\"organization\":\"*\",\"group\":null,\"is_blocking\":false}]"));
}

static void write_openai(struct json_writer *w, struct str model)
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

static void begin_openai(struct json_writer *w)
{
    jw_key_bool(w, STR("success"), true);
    jw_key_str(w, STR("object"), STR("list"));
}

static void write_claude(struct json_writer *w, struct str model)
{
    jw_object(w);
    jw_key_str(w, STR("type"), STR("model"));
    jw_key_str(w, STR("id"), model);
    jw_key_str(w, STR("display_name"), model);
    jw_key_str(w, STR("created_at"), STR("2021-07-20T10:40:00Z")); /* CREATED */
    jw_end(w);
}

/* The list is whole: nothing comes after it. */
static void end_claude(struct json_writer *w, const struct str *names, size_t n)
{
    jw_key_bool(w, STR("has_more"), false);
    jw_key_str(w, STR("first_id"), n > 0 ? names[0] : STR_NULL);
    jw_key_str(w, STR("last_id"), n > 0 ? names[n - 1] : STR_NULL);
}

static void write_gemini(struct json_writer *w, struct str model)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    jw_object(w);
    jw_key_str(w, STR("name"), str_concat(&a, (struct str[]){STR("models/"), model}, 2));
    jw_key_str(w, STR("displayName"), model);
    jw_key_raw(w, STR("supportedGenerationMethods"),
               STR("[\"generateContent\",\"streamGenerateContent\",\"countTokens\"]"));
    jw_end(w);
}

static const struct shape shapes[DIALECT_COUNT] = {
    [DIALECT_OPENAI_CHAT] = {write_openai, STR_INIT("data"), begin_openai, NULL},
    [DIALECT_OPENAI_RESPONSES] = {write_openai, STR_INIT("data"), begin_openai, NULL},
    [DIALECT_CLAUDE] = {write_claude, STR_INIT("data"), NULL, end_claude},
    [DIALECT_GEMINI] = {write_gemini, STR_INIT("models"), NULL, NULL},
};

/* Whose client is it? */
static enum dialect_id caller_dialect(struct http_req *r)
{
    struct str key;
    bool google = http_req_header(r, STR("x-goog-api-key")).n > 0 ||
                  url_query_get(&r->arena, r->query, STR("key"), &key);

    if (str_starts(r->path, STR("/v1beta/openai")))
        return DIALECT_OPENAI_CHAT;
    if (http_req_header(r, STR("anthropic-version")).n > 0)
        return DIALECT_CLAUDE;
    return google || str_starts(r->path, STR("/v1beta")) ? DIALECT_GEMINI : DIALECT_OPENAI_CHAT;
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

/* The names that the caller may use. */
static const struct str *usable(struct exchange *x, size_t *n)
{
    struct str limits = x->cred->token.model_limits, *names;

    if (!x->cred->token.model_limits_enabled)
        return snapshot_models(x->snap, x->group, n);
    names = arena_new_array(x->arena, struct str, limits.n / 2 + 1);
    *n = 0;
    STR_SPLIT_EACH (name, limits, ',')
        names[(*n)++] = name;
    return names;
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
    const struct shape *shape = &shapes[x->client->id];
    struct json_writer w;
    struct sb *sb = new_builder(x, &w);
    size_t n;
    const struct str *names = usable(x, &n);

    jw_object(&w);
    if (shape->begin)
        shape->begin(&w);
    jw_key(&w, shape->list);
    jw_array(&w);
    for (size_t i = 0; i < n; i++)
        shape->model(&w, names[i]);
    jw_end(&w);
    if (shape->end)
        shape->end(&w, names, n);
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
        shapes[x->client->id].model(&w, model);
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
    http_reply(x->req, 404, &json_type, 1, x->client->write_error(x->arena, 404, &e));
}

void relay_list_models(struct http_req *r, void *ctx)
{
    relay_authenticate(ctx, r, dialect_of(caller_dialect(r)), list);
}

void relay_get_model(struct http_req *r, void *ctx)
{
    relay_authenticate(ctx, r, dialect_of(caller_dialect(r)), get);
}
