/*
 * What is sent to the chosen channel: the model's name there, the client's own bytes with a few
 * patches as a list of slices (or what translate.c makes of them), headers, and what the channel
 * overrides.
 */
#include "relay/exchange.h"

#include "base/json_patch.h"
#include "base/json_write.h"
#include "http/proxy.h"
#include "model/gated.h"
#include "relay/mode.h"
#include "relay/realtime.h"
#include "relay/upload.h"

/* ---- the body ---- */

/*
 * Follows the channel's model mapping until a name has none. A name that maps to itself ends the
 * chain; a circle is the operator's mistake (relay reference 9.1).
 */
enum err_code request_map_model(struct exchange *x, struct err *err)
{
    const struct json *mapping = x->channel->model_mapping;
    struct str name = x->peek.model;

    x->mapped = false;
    if (x->channel->mapping_broken)
        return err_set(err, ERR_MODEL_MAPPING, "unmarshal_model_mapping_failed");
    for (size_t hops = 0;; hops++) {
        const struct json *to = json_get(mapping, name);
        struct str next;

        if (!json_str(x->arena, to, &next) || next.n == 0 || str_eq(next, name))
            break;
        if (hops >= json_count(mapping))
            return err_set(err, ERR_MODEL_MAPPING, "model_mapping_contains_cycle");
        name = next;
        x->mapped = true;
    }
    if (!x->mapped && x->asked && x->asked->named.n == 0)
        name = x->asked->usual;
    x->upstream_model = name;
    return ERR_OK;
}

/* Does the body that is sent know stream_options? */
static bool has_stream_options(const struct exchange *x, const struct provider *p)
{
    return x->peek.stream && p->stream_options && x->upstream->id == DIALECT_OPENAI_CHAT &&
           !x->asked;
}

static bool wants_usage_forced(const struct exchange *x, const struct provider *p)
{
    return has_stream_options(x, p) && x->rl->relay->conf.force_stream_option;
}

/* stream_options: forced to report usage, or left out where it would be refused (relay
 * reference 10.3). */
static void patch_stream_options(struct exchange *x, const struct provider *p,
                                 const struct json *root, struct json_patch *patch)
{
    const struct json *options = json_get(root, STR("stream_options"));

    if (x->upstream->id != DIALECT_OPENAI_CHAT)
        return;
    if (!has_stream_options(x, p)) {
        json_patch_delete(patch, root, STR("stream_options"));
    } else if (!wants_usage_forced(x, p) || x->peek.include_usage) {
        return;
    } else if (json_is(options, JSON_OBJECT)) {
        json_patch_set(patch, options, STR("include_usage"), STR("true"));
    } else {
        json_patch_set(patch, root, STR("stream_options"), STR("{\"include_usage\":true}"));
    }
}

/* What the channel does not let out of what the request names: bits 1 << GATED_*. */
static unsigned withheld(const struct exchange *x)
{
    unsigned bits = x->channel->withheld & x->peek.gated;

    return bits != 0 && x->upstream->id == DIALECT_GEMINI ? 0 : bits;
}

static void patch_withheld(struct exchange *x, const struct provider *p, const struct json *root,
                           struct json_patch *patch)
{
    const struct json *options = json_get(root, STR("stream_options"));

    for (unsigned i = 0; i < GATED_OBFUSCATION; i++) {
        if (!(withheld(x) & (1u << i)))
            continue;
        json_patch_delete(patch, root, gated_name((enum gated)i));
        loss_add(exchange_loss_list(x), gated_name((enum gated)i));
    }
    if (!(withheld(x) & (1u << GATED_OBFUSCATION)))
        return;
    if (json_count(options) == 1 && !wants_usage_forced(x, p)) /* not an empty object */
        json_patch_delete(patch, root, STR("stream_options"));
    else
        json_patch_delete(patch, options, gated_name(GATED_OBFUSCATION));
}

static void patch_overrides(struct exchange *x, const struct json *root, struct json_patch *patch)
{
    const struct override *o = x->channel->override;

    for (size_t i = 0; o && i < o->member_count; i++)
        json_patch_set(patch, root, o->members[i].name, o->members[i].value);
}

static bool sets_members(const struct exchange *x)
{
    return x->channel->override && x->channel->override->member_count > 0;
}

/* Would stream_options stay as the client sent them? */
static bool keeps_stream_options(const struct exchange *x, const struct provider *p)
{
    if (!has_stream_options(x, p))
        return x->peek.stream_options.n == 0;
    return x->peek.include_usage || !wants_usage_forced(x, p);
}

/* Must the body name another model? That of a chat in Gemini's dialect names none, those of
 * embeddings and of counts may. */
static bool renames(const struct exchange *x, const struct provider_call *call)
{
    struct str named = x->asked ? x->asked->named : x->peek.model;

    return (!x->upstream->request_in_path || x->mode == MODE_EMBEDDINGS || x->peek.counted.n > 0) &&
           (named.n == 0 || !str_eq(call->model, x->peek.model));
}

static bool edits(const struct provider *p, const struct provider_call *call)
{
    return p->edit && (!p->edits || p->edits(call));
}

static bool needs_only_stream_options(const struct exchange *x, const struct provider *p,
                                      const struct provider_call *call)
{
    return !renames(x, call) && !edits(p, call) && !exchange_has_prompt(x) &&
           !(x->asked && x->asked->size_is_void) && !sets_members(x) && withheld(x) == 0;
}

/* The usual streaming request: stream_options are not there and are added at the end, for which the
 * body need not be read. It is a JSON object with members, as ROUTE has found. */
static void add_stream_options(struct exchange *x, const struct str **body, size_t *count)
{
    struct str *slices = arena_new_array(x->arena, struct str, 3);
    ptrdiff_t brace = str_rfind_char(x->body, '}');

    assert(brace > 0);
    slices[0] = str_sub(x->body, 0, (size_t)brace);
    slices[1] = STR(",\"stream_options\":{\"include_usage\":true}");
    slices[2] = str_skip(x->body, (size_t)brace);
    *body = slices;
    *count = 3;
}

static bool passes_through(const struct exchange *x)
{
    return x->snap->settings.pass_through_request || x->channel->pass_through;
}

/* What can be done without a tree of the body. */
static bool build_simple_body(struct exchange *x, const struct provider *p,
                              const struct provider_call *call, const struct str **body,
                              size_t *count)
{
    if (passes_through(x) ||
        (needs_only_stream_options(x, p, call) && keeps_stream_options(x, p))) {
        *body = &x->body;
        *count = 1;
        return true;
    }
    if (!needs_only_stream_options(x, p, call) || !wants_usage_forced(x, p) ||
        x->peek.stream_options.n > 0)
        return false;
    add_stream_options(x, body, count);
    return true;
}

/* The channel's system prompt in the client's body. It comes before all other changes, which then
 * find a message that it has added. */
static enum err_code put_prompt(struct exchange *x, struct str *text, struct err *err)
{
    const struct system_prompt prompt = exchange_prompt(x);
    const struct json *root;
    struct json_patch *patch;
    const struct str *slices;
    size_t n;

    TRY(json_read(x->arena, *text, JSON_DEPTH_DEFAULT, &root, err));
    patch = json_patch_new(x->arena, *text, root);
    system_prompt_patch(x->upstream->id, x->arena, root, &prompt, patch);
    slices = json_patch_render(patch, &n);
    *text = str_concat(x->arena, slices, n);
    return ERR_OK;
}

/* Bodies of Gemini's may name the model once more, as "models/M". */
static void rename_inside(struct exchange *x, const struct json *object, struct str model,
                          struct json_patch *patch)
{
    struct str name = str_concat(x->arena, (struct str[]){STR("models/"), model}, 2);

    if (json_get(object, STR("model")))
        json_patch_set(patch, object, STR("model"), json_quote(x->arena, name));
}

static void rename_model(struct exchange *x, const struct json *root, struct str model,
                         struct json_patch *patch)
{
    if (!x->upstream->request_in_path) {
        json_patch_set(patch, root, STR("model"), json_quote(x->arena, model));
        return;
    }
    rename_inside(x, root, model, patch);
    rename_inside(x, json_get(root, STR("generateContentRequest")), model, patch);
    rename_inside(x, json_get(root, STR("generate_content_request")), model, patch);
    JSON_EACH (request, json_get(root, STR("requests")))
        rename_inside(x, request, model, patch);
}

/* What the provider's rules and the operator's overrides make of a body in the upstream's dialect.
 */
static enum err_code patch_body(struct exchange *x, const struct provider *p,
                                const struct provider_call *call, struct str text,
                                const struct str **body, size_t *count, struct err *err)
{
    const struct json *root;
    struct json_patch *patch;
    enum err_code rc = json_read(x->arena, text, JSON_DEPTH_DEFAULT, &root, err);

    if (rc != ERR_OK)
        return rc;
    patch = json_patch_new(x->arena, text, root);
    if (renames(x, call) && x->upstream == x->client)
        rename_model(x, root, call->model, patch);
    patch_withheld(x, p, root, patch);
    if (x->upstream == x->client)
        patch_stream_options(x, p, root, patch);
    if (edits(p, call))
        p->edit(p, call, root, patch, x->arena);
    if (x->asked && x->asked->size_is_void)
        json_patch_delete(patch, root, STR("size"));
    patch_overrides(x, root, patch);
    *body = json_patch_render(patch, count);
    return ERR_OK;
}

static enum err_code build_translated(struct exchange *x, const struct provider *p,
                                      const struct provider_call *call, const struct str **body,
                                      size_t *count, struct err *err)
{
    struct str *written = arena_new(x->arena, struct str);
    enum err_code rc;

    if (embedding_translates(x))
        rc = embedding_request(x, call, written, err);
    else if (x->asked)
        rc = mode_write(x, call, written, err);
    else
        rc = translate_request(x, p, call, written, err);
    *body = written;
    *count = 1;
    if (rc != ERR_OK || (!edits(p, call) && !sets_members(x) && withheld(x) == 0))
        return rc;
    return patch_body(x, p, call, *written, body, count, err);
}

/* The body as slices; the client's bytes but for what must differ. */
static enum err_code build_body(struct exchange *x, const struct provider *p,
                                const struct provider_call *call, const struct str **body,
                                size_t *count, struct err *err)
{
    struct str text = x->body;

    if (x->upstream != x->client)
        return build_translated(x, p, call, body, count, err);
    if (build_simple_body(x, p, call, body, count))
        return ERR_OK;
    if (x->asked && x->asked->is_form) {
        *body = renames(x, call)
                    ? media_request_rename(x->arena, x->body, x->asked, call->model, count)
                    : &x->body;
        return ERR_OK;
    }
    if (exchange_has_prompt(x))
        TRY(put_prompt(x, &text, err));
    return patch_body(x, p, call, text, body, count, err);
}

/* ---- headers and overrides ---- */

static struct str client_header(const struct exchange *x, struct str name)
{
    return x->req ? http_req_header(x->req, name) : STR_NULL;
}

/* A value of header_override: {api_key} stands for the key, and a value that is
 * {client_header:Name} for what the client sent under the name. False: there is nothing to send. */
static bool header_value(const struct exchange *x, const struct json *from, struct str *value)
{
    static const struct str begin = STR_INIT("{client_header:");
    struct str name;

    if (!json_str(x->arena, from, value))
        return false;
    if (!str_starts(*value, begin) || !str_ends(*value, STR("}"))) {
        *value = str_replace(x->arena, *value, STR("{api_key}"), x->channel_key);
        return true;
    }
    name = str_trim(str_sub(*value, begin.n, value->n - begin.n - 1));
    *value = override_may_pass(name) ? client_header(x, name) : STR_NULL;
    return value->n > 0;
}

/* The provider's headers, and in their place or beside them the channel's (relay reference 9.3). */
static void build_headers(struct exchange *x, const struct provider *p,
                          const struct provider_call *call, struct override_headers *out)
{
    struct provider_headers h = {0};

    *out = (struct override_headers){0};
    p->headers(p, call, x->arena, &h);
    for (size_t i = 0; i < h.n; i++)
        override_header_set(x->arena, out, h.at[i].name, h.at[i].value);
    JSON_EACH_MEMBER (key, from, x->channel->header_override) {
        struct str name, value;

        if (json_str(x->arena, key, &name) && header_value(x, from, &value))
            override_header_set(x->arena, out, name, value);
    }
}

/* As the client of http/client wants them. */
static void set_headers(struct exchange *x, const struct override_headers *from,
                        struct http_call_conf *http)
{
    struct http_header *headers = arena_new_array(x->arena, struct http_header, from->n);

    for (size_t i = 0; i < from->n; i++)
        headers[i] = (struct http_header){.name = from->at[i].name, .value = from->at[i].value};
    http->headers = headers;
    http->header_count = from->n;
}

static struct str find_client_header(const void *ctx, struct str name)
{
    return client_header(ctx, name);
}

/* The operator's own answer, in the place of a call. */
static enum err_code refuse(struct exchange *x, const struct override_refusal *why, struct err *err)
{
    x->fault = (struct relay_fault){
        .code = ERR_CONVERT,
        .status = why->status,
        .local = !why->retry,
        .error = {.message = why->message, .type = why->type, .code = why->code},
    };
    return err_set(err, ERR_CONVERT, "refused by param_override");
}

/* The path by which a client would have asked what a channel test asks. */
static struct str probe_path(const struct exchange *x)
{
    return x->mode == MODE_EMBEDDINGS ? STR("/v1/embeddings") : STR("/v1/chat/completions");
}

/* The steps of param_override, over what would be sent. */
static enum err_code run_override(struct exchange *x, struct http_call_conf *http,
                                  struct override_headers *headers, struct err *err)
{
    const struct override *o = x->channel->override;
    const struct override_call call = {.path = x->req ? x->req->path : probe_path(x),
                                       .requested_model = x->peek.model,
                                       .upstream_model = x->upstream_model,
                                       .attempt = x->attempts > 0 ? x->attempts - 1 : 0,
                                       .is_test = x->probe != NULL,
                                       .key = x->channel_key,
                                       .client_header = find_client_header,
                                       .ctx = x};
    struct override_refusal refusal;
    struct str before = STR_NULL, *body;

    if (!o || o->op_count == 0 || passes_through(x))
        return ERR_OK;
    body = arena_new(x->arena, struct str);
    if (!(x->asked && x->asked->is_form)) /* which may be large, and is no JSON */
        before = http->body_count == 1 ? http->body[0]
                                       : str_concat(x->arena, http->body, http->body_count);
    *body = before;
    TRY(override_apply(o, &call, x->arena, body, headers, &refusal, err));
    if (body->p != before.p) {
        http->body = body;
        http->body_count = 1;
    }
    return refusal.refused ? refuse(x, &refusal, err) : ERR_OK;
}

/* The path that the provider builds upon: the client's, or the usual one of another dialect. */
static struct str upstream_path(const struct exchange *x)
{
    static const struct str paths[DIALECT_COUNT] = {
        [DIALECT_OPENAI_CHAT] = STR_INIT("/v1/chat/completions"),
        [DIALECT_OPENAI_RESPONSES] = STR_INIT("/v1/responses"),
        [DIALECT_CLAUDE] = STR_INIT("/v1/messages"),
        [DIALECT_GEMINI] = STR_INIT("/v1beta/models"),
    };

    if (x->req && x->upstream == x->client)
        return x->path;
    return x->mode == MODE_EMBEDDINGS ? STR("/v1/embeddings") : paths[x->upstream->id];
}

static struct provider_call describe_call(struct exchange *x, const struct provider *p)
{
    bool own = x->upstream == x->client;

    x->losses = arena_new(x->arena, struct loss_list);
    struct provider_call call = {
        .mode = x->mode,
        .dialect = x->upstream->id,
        .translated = !own,
        .channel_type = x->channel->row.type,
        .channel_created_s = x->channel->row.created_time,
        .base_url = x->channel->row.base_url,
        .other = x->channel->row.other,
        .responses_version = x->channel->responses_version,
        .beta_query = x->channel->beta_query,
        .path = upstream_path(x),
        .query = x->req && own ? x->req->query : STR_NULL,
        .mapped = x->upstream_model,
        .model = x->upstream_model,
        .requested = x->peek.model,
        .stream = x->peek.stream,
        .embed_batch = embedding_is_batch(x),
        .realtime_beta = x->rt && realtime_is_beta(x),
        .max_tokens = x->peek.max_tokens,
        .key = secret_make(x->channel_key),
        .organization = x->channel->row.open_ai_organization,
        .content_type =
            x->asked && x->asked->is_form ? client_header(x, STR("content-type")) : STR_NULL,
        .accept = own ? client_header(x, STR("accept")) : STR_NULL,
        .anthropic_version = client_header(x, STR("anthropic-version")),
        .anthropic_beta = client_header(x, STR("anthropic-beta")),
        .azure_api_version = x->rl->relay->conf.azure_api_version,
        .gemini_version = x->rl->relay->conf.gemini_version,
        .gemini_safety = x->rl->relay->conf.gemini_safety,
        .losses = exchange_loss_list(x),
        .settings = &x->snap->settings,
    };

    if (p->model_name)
        call.model = p->model_name(&call, x->arena);
    return call;
}

/* ---- all of it ---- */

static struct str proxy_for(struct exchange *x, const struct http_url *url)
{
    const struct relay_conf *conf = &x->rl->relay->conf;
    struct http_proxy_env env = {.http_proxy = conf->http_proxy,
                                 .https_proxy = conf->https_proxy,
                                 .no_proxy = conf->no_proxy};

    return x->channel->proxy.n > 0 ? x->channel->proxy : http_proxy_for(x->arena, &env, url);
}

enum err_code request_build(struct exchange *x, const struct provider *p,
                            struct http_call_conf *http, struct err *err)
{
    const struct relay_conf *conf = &x->rl->relay->conf;
    struct provider_call call = describe_call(x, p);
    struct override_headers headers;
    struct str url;
    enum err_code rc;

    rc = p->url(p, &call, x->arena, &url, err);
    if (rc == ERR_OK && http_url_read(url, &http->url, err) != ERR_OK)
        rc = err_set(err, ERR_CHANNEL, "the channel's base URL is not a valid address");
    build_headers(x, p, &call, &headers);
    if (rc == ERR_OK && !x->rt)
        rc = build_body(x, p, &call, &http->body, &http->body_count, err);
    if (rc == ERR_OK && !x->rt)
        rc = run_override(x, http, &headers, err);
    if (rc != ERR_OK)
        return rc;
    if (upload_goes_through(x))
        upload_describe(x, http);
    http->method = HTTP_M_POST;
    if (x->rt)
        realtime_prepare(x, &call, http);
    set_headers(x, &headers, http);
    http->proxy = proxy_for(x, &http->url);
    http->total_timeout_ms = conf->relay_timeout_ms;
    http->idle_timeout_ms = conf->stream_timeout_ms;
    if (str_starts(x->upstream_model, STR("o"))) /* they think for long; relay reference 10.1 */
        http->idle_timeout_ms *= 2;
    return ERR_OK;
}
