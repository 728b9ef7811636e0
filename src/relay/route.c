/* The table of relay paths, and the first step: what is asked for, read from the raw body. */
#include "relay/exchange.h"

#include "base/mem.h"
#include "relay/mode.h"
#include "relay/realtime.h"
#include "relay/upload.h"

/* A path, what is asked for on it, and the dialect in which. */
struct relay_path {
    const char *pattern;
    enum relay_mode mode;
    enum dialect_id dialect;
};

static const struct relay_path paths[] = {
    {"/v1/chat/completions", MODE_CHAT, DIALECT_OPENAI_CHAT},
    {"/v1/completions", MODE_COMPLETIONS, DIALECT_OPENAI_CHAT},
    {"/v1/embeddings", MODE_EMBEDDINGS, DIALECT_OPENAI_CHAT},
    {"/v1/engines/:model/embeddings", MODE_EMBEDDINGS, DIALECT_OPENAI_CHAT},
    {"/v1/moderations", MODE_MODERATIONS, DIALECT_OPENAI_CHAT},
    {"/v1/edits", MODE_EDITS, DIALECT_OPENAI_CHAT},
    {"/v1/images/generations", MODE_IMAGES, DIALECT_OPENAI_CHAT},
    {"/v1/images/edits", MODE_IMAGE_EDITS, DIALECT_OPENAI_CHAT},
    {"/v1/images/variations", MODE_IMAGE_VARIATIONS, DIALECT_OPENAI_CHAT},
    {"/v1/audio/speech", MODE_SPEECH, DIALECT_OPENAI_CHAT},
    {"/v1/audio/transcriptions", MODE_TRANSCRIPTIONS, DIALECT_OPENAI_CHAT},
    {"/v1/audio/translations", MODE_TRANSLATIONS, DIALECT_OPENAI_CHAT},
    {"/v1/rerank", MODE_RERANK, DIALECT_OPENAI_CHAT},
    {"/v1/responses", MODE_CHAT, DIALECT_OPENAI_RESPONSES},
    {"/v1/messages", MODE_CHAT, DIALECT_CLAUDE},
    {"/v1/messages/count_tokens", MODE_COUNT_TOKENS, DIALECT_CLAUDE},
    {"/v1/realtime", MODE_REALTIME, DIALECT_OPENAI_CHAT},
    /* "MODEL:METHOD" */
    {"/v1beta/models/:*", MODE_CHAT, DIALECT_GEMINI},
    {"/v1/models/:*", MODE_CHAT, DIALECT_GEMINI},
};

/* The row of a route; the path is one of the table's. */
static const struct relay_path *path_of(const struct http_route *route)
{
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        if (str_eq(str_from(paths[i].pattern), str_from(route->pattern)))
            return &paths[i];
    }
    return &paths[0];
}

const struct dialect *relay_dialect_of(struct str path)
{
    bool models = str_starts(path, STR("/v1/models/"));

    if (str_starts(path, STR("/v1/messages")))
        return &dialect_claude;
    if (str_starts(path, STR("/v1beta/openai/")))
        return &dialect_openai_chat;
    if (str_starts(path, STR("/v1beta/")) || (models && str_find_char(path, ':') >= 0))
        return &dialect_gemini;
    return &dialect_openai_chat;
}

static void on_request(struct http_req *r, void *ctx)
{
    exchange_run(exchange_new(ctx, r));
}

/* Lists of models. */
static const struct {
    const char *pattern;
    unsigned flags;
    http_handler_fn *handler;
} lists[] = {
    {"/v1/models", HTTP_ROUTE_CORS | HTTP_ROUTE_GZIP, relay_list_models},
    {"/v1/models/:model", HTTP_ROUTE_CORS, relay_get_model},
    {"/v1beta/models", HTTP_ROUTE_CORS | HTTP_ROUTE_GZIP, relay_list_models},
    {"/v1beta/models/:model", HTTP_ROUTE_CORS, relay_get_model},
    {"/v1beta/openai/models", HTTP_ROUTE_CORS | HTTP_ROUTE_GZIP, relay_list_models},
};

void relay_add_routes(struct relay *r, struct router *router)
{
    const size_t n = ARRAY_LEN(paths), listed = n + ARRAY_LEN(lists);
    size_t absent;
    const struct absent_route *missing = absent_routes(&absent);
    const size_t all = listed + absent;

    r->routes = mem_zalloc(all * sizeof *r->routes);
    for (size_t i = 0; i < n; i++) {
        bool socket = paths[i].mode == MODE_REALTIME;

        r->routes[i] = (struct http_route){.method = socket ? HTTP_M_GET : HTTP_M_POST,
                                           .pattern = paths[i].pattern,
                                           .body_limit = socket ? 0 : r->conf.body_limit,
                                           .flags = HTTP_ROUTE_CORS | HTTP_ROUTE_EARLY,
                                           .handler = on_request,
                                           .ctx = r};
    }
    for (size_t i = n; i < listed; i++) {
        r->routes[i] = (struct http_route){.method = HTTP_M_GET,
                                           .pattern = lists[i - n].pattern,
                                           .flags = lists[i - n].flags,
                                           .handler = lists[i - n].handler,
                                           .ctx = r};
    }
    for (size_t i = listed; i < all; i++) {
        r->routes[i] = (struct http_route){.method = missing[i - listed].method,
                                           .pattern = missing[i - listed].pattern,
                                           .flags = HTTP_ROUTE_CORS,
                                           .handler = relay_absent,
                                           .ctx = r};
    }
    router_add(router, r->routes, all);
}

/* ---- Gemini, whose paths name model and method ---- */

struct gemini_method {
    struct str name;
    enum relay_mode mode;
    bool stream;
    bool batch; /* a list of texts */
};

static const struct gemini_method gemini_methods[] = {
    {.name = STR_INIT("generateContent"), .mode = MODE_CHAT},
    {.name = STR_INIT("streamGenerateContent"), .mode = MODE_CHAT, .stream = true},
    {.name = STR_INIT("countTokens"), .mode = MODE_COUNT_TOKENS},
    {.name = STR_INIT("embedContent"), .mode = MODE_EMBEDDINGS},
    {.name = STR_INIT("batchEmbedContents"), .mode = MODE_EMBEDDINGS, .batch = true},
};

static enum err_code read_gemini_path(struct exchange *x, struct err *err)
{
    struct str rest = x->req->params[0], model = str_cut(&rest, ':');

    for (size_t i = 0; i < ARRAY_LEN(gemini_methods); i++) {
        if (!str_eq(rest, gemini_methods[i].name))
            continue;
        if (model.n == 0 || model.n > 255)
            return err_set(err, ERR_BAD_TEXT_REQUEST, "the path names no model");
        x->mode = gemini_methods[i].mode;
        x->peek.model = model;
        x->peek.stream = gemini_methods[i].stream;
        x->embed_batch = gemini_methods[i].batch;
        return ERR_OK;
    }
    return err_set(err, ERR_NOT_FOUND,
                   "the path must end with MODEL: and generateContent, streamGenerateContent, "
                   "countTokens, embedContent or batchEmbedContents");
}

static enum err_code read_request(struct exchange *x, const struct relay_path *path,
                                  struct err *err)
{
    struct peek_request from_path;
    enum err_code rc;

    if (x->mode == MODE_REALTIME)
        return realtime_read_request(x, err);
    if (media_mode(x->mode))
        return mode_read(x, err);
    if (x->mode == MODE_EMBEDDINGS && x->req->params[0].n > 0)
        TRY(mode_read_engine(x, err));
    if (path->dialect != DIALECT_GEMINI)
        return peek_request(x->arena, x->body, x->mode, path->dialect, &x->peek, err);
    rc = read_gemini_path(x, err);
    if (rc != ERR_OK)
        return rc;
    from_path = x->peek;
    rc = peek_request(x->arena, x->body, x->mode, path->dialect, &x->peek, err);
    x->peek.model = from_path.model;
    x->peek.stream = from_path.stream;
    return rc;
}

enum step_next relay_route(struct exchange *x)
{
    const struct relay_path *path = path_of(x->req->route);
    struct err err = {0};

    x->log->action = "reading the request";
    x->client = dialect_of(path->dialect);
    x->mode = path->mode;
    if (x->upload) {
        enum step_next next = upload_wait(x);

        if (next == NEXT_WAIT || x->step != STEP_ROUTE || upload_goes_through(x))
            return next;
    }
    if (read_request(x, path, &err) != ERR_OK) {
        /* A broken body is told after the key was checked: a stranger learns nothing but that the
         * key is wrong. */
        x->fault = (struct relay_fault){.code = err.code, .local = true};
        x->fault.error.message = str_dup(x->arena, str_from(err.msg));
    }
    return NEXT_STEP;
}
