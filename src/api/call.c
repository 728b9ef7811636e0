#include "api/call.h"

#include <inttypes.h>

#include "api/channel_tester.h"
#include "api/envelope.h"
#include "base/log.h"
#include "base/mem.h"
#include "cache/cache.h"
#include "store/repo_log.h"

enum {
    CRITICAL_COUNT = 20, /* admin-api 1.6: CT has no setting */
    CRITICAL_WINDOW_S = 1200,
    REPLY_LIMIT = 64 << 20, /* bytes of a reply */
};

/* What a route of the server finds as its ctx. */
struct route_entry_ctx {
    struct api *api;
    const struct api_route *route;
};

/* ---- on the loop ---- */

static void refuse(struct http_req *r, int status, struct str body)
{
    static const struct http_header json[] = {
        {STR_INIT("Content-Type"), STR_INIT("application/json; charset=utf-8")}};

    http_reply(r, status, json, body.n > 0 ? 1 : 0, body);
}

static bool within_limits(struct api *a, const struct api_route *route, struct str ip)
{
    uint64_t now_us = clock_mono_us();

    return limit_allow(a->global_limit, ip, now_us) &&
           (route->limit != API_LIMIT_CRITICAL || limit_allow(a->critical_limit, ip, now_us));
}

static void call_work(struct offload_job *job);
static void call_done(struct offload_job *job);

static struct api_call *call_new(struct http_req *r, const struct route_entry_ctx *ctx)
{
    struct api_call *c = arena_new(&r->arena, struct api_call);

    c->api = ctx->api;
    c->route = ctx->route;
    c->req = r;
    c->arena = &r->arena;
    c->status = 200;
    c->english = message_prefers_english(http_req_header(r, STR("Accept-Language")));
    sb_init(&c->body, REPLY_LIMIT);
    arena_defer(&r->arena, sb_finip, &c->body);
    jw_init(&c->writer, &c->body);
    c->job = (struct offload_job){.loop = r->loop, .work = call_work, .done = call_done};
    return c;
}

static void on_request(struct http_req *r, void *ctx)
{
    const struct route_entry_ctx *at = ctx;
    struct api_call *c;

    if (!within_limits(at->api, at->route, r->client_ip)) {
        refuse(r, 429, STR_NULL);
        return;
    }
    c = call_new(r, at);
    if (offload_submit(at->api->conf.offload, &c->job, NULL) != ERR_OK) {
        c->status = 503;
        refuse(r, 503, envelope_finish(c, api_fail(c, MSG_BUSY)));
    }
}

static void call_done(struct offload_job *job)
{
    struct api_call *c = container_of(job, struct api_call, job);
    struct http_header headers[3] = {
        {STR("Content-Type"), STR("application/json; charset=utf-8")},
        {STR("Cache-Control"), STR("no-store")},
    };
    size_t n = 2;

    if (c->refused) {
        refuse(c->req, 429, STR_NULL);
        return;
    }
    if (c->set_cookie.p)
        headers[n++] = (struct http_header){STR("Set-Cookie"), c->set_cookie};
    http_reply(c->req, c->status, headers, n, c->answer);
}

/* ---- on the pool ---- */

bool call_db_down(const struct api_call *c)
{
    struct db_health main, logs;

    db_health(call_conf(c)->db, &main);
    db_health(call_conf(c)->log_db, &logs);
    return !main.up || !logs.up;
}

static enum err_code run(struct api_call *c)
{
    enum err_code rc = call_authenticate(c);

    if (rc == ERR_UNAVAILABLE) /* neither yes nor no */
        c->status = 503;
    if (rc == ERR_OK)
        rc = call_check_turnstile(c);
    return rc == ERR_OK ? c->route->handler(c) : rc;
}

/* This node has admitted the request, and remembers it: it counts there even when all nodes
 * together have had enough. */
static bool within_shared_limits(const struct api_call *c)
{
    return limit_shared_allow(&c->api->global_shared, c->req->client_ip) &&
           (c->route->limit != API_LIMIT_CRITICAL ||
            limit_shared_allow(&c->api->critical_shared, c->req->client_ip));
}

static void call_work(struct offload_job *job)
{
    struct api_call *c = container_of(job, struct api_call, job);
    enum err_code rc;

    c->refused = !within_shared_limits(c);
    if (c->refused)
        return;
    c->snap = c->api->conf.snapshot(c->api->conf.ctx);
    rc = run(c);
    if (rc == ERR_UNAVAILABLE && call_db_down(c)) /* which the log says already */
        c->message = message_text(MSG_DB_DOWN, c->english);
    if (rc != ERR_OK && !c->message.p && err_fault_of(rc) == FAULT_GATEWAY)
        log_warn(&c->req->log, "api.failed", "path=%s code=%s error=\"%s\"", c->route->path,
                 err_name(rc), c->err.msg);
    c->answer = envelope_finish(c, rc);
    snapshot_put(c->snap);
    c->snap = NULL;
}

/* ---- the parts that handlers share ---- */

enum err_code api_reload(struct api *a, struct err *err)
{
    enum err_code rc;

    pthread_mutex_lock(&a->reload_lock);
    rc = a->conf.reload(a->conf.ctx, err);
    pthread_mutex_unlock(&a->reload_lock);
    return rc;
}

static enum err_code insert_event(struct api *a, const struct log_row *row, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(db_acquire(a->conf.log_db, DB_WRITE, &conn, err));
    return repo_log_insert(conn, row, err);
}

void api_log_event(struct api *a, int64_t type, int64_t user_id, struct str username,
                   struct str content)
{
    const struct log_row row = {.type = type,
                                .user_id = user_id,
                                .username = username,
                                .content = content,
                                .created_at = clock_now_s(a->conf.clock)};
    struct err err = {.code = ERR_OK};

    if (insert_event(a, &row, &err) != ERR_OK)
        log_error(NULL, "api.event_not_logged", "user=%" PRId64 " error=\"%s\"", user_id, err.msg);
}

struct str api_quota_text(struct arena *a, const struct settings *s, int64_t points)
{
    if (s->display_in_currency && s->quota_per_unit > 0)
        return arena_fmt(a, "＄%.6f 额度", (double)points / s->quota_per_unit);
    return arena_fmt(a, "%" PRId64 " 点额度", points);
}

/* ---- the whole ---- */

static void copy_conf(struct api *a, const struct api_conf *conf)
{
    a->conf = *conf;
    a->conf.session_secret = secret_make(str_dup(&a->arena, secret_reveal(conf->session_secret)));
    a->conf.crypto_secret = secret_make(str_dup(&a->arena, secret_reveal(conf->crypto_secret)));
    a->conf.version = str_dup(&a->arena, conf->version);
    a->conf.node_name = str_dup(&a->arena, conf->node_name);
    a->conf.setup_code = str_dup(&a->arena, conf->setup_code);
    a->conf.initial_root_token =
        secret_make(str_dup(&a->arena, secret_reveal(conf->initial_root_token)));
    a->conf.initial_root_access_token =
        secret_make(str_dup(&a->arena, secret_reveal(conf->initial_root_access_token)));
    a->conf.turnstile_url = str_dup(&a->arena, conf->turnstile_url);
}

static void build_limits(struct api *a)
{
    const struct api_conf *conf = &a->conf;
    struct limit_shared shared = {.redis = conf->cache ? cache_redis(conf->cache) : NULL,
                                  .secret = conf->crypto_secret};

    a->global_limit =
        limit_new(conf->api_limit.enabled ? conf->api_limit.limit : 0, conf->api_limit.duration_s);
    a->critical_limit = limit_new(CRITICAL_COUNT, CRITICAL_WINDOW_S);
    a->global_shared = a->critical_shared = shared;
    a->global_shared.name = "api";
    a->global_shared.count = conf->api_limit.enabled ? conf->api_limit.limit : 0;
    a->global_shared.window_s = conf->api_limit.duration_s;
    a->critical_shared.name = "critical";
    a->critical_shared.count = CRITICAL_COUNT;
    a->critical_shared.window_s = CRITICAL_WINDOW_S;
}

static void build_routes(struct api *a)
{
    size_t n;
    const struct api_route *rows = api_routes(&n);

    a->http_routes = arena_new_array(&a->arena, struct http_route, n);
    a->route_ctx = arena_new_array(&a->arena, struct route_entry_ctx, n);
    for (size_t i = 0; i < n; i++) {
        a->route_ctx[i] = (struct route_entry_ctx){.api = a, .route = &rows[i]};
        a->http_routes[i] = (struct http_route){
            .method = rows[i].method,
            .pattern = rows[i].path,
            .body_limit = rows[i].body_limit,
            .flags = HTTP_ROUTE_GZIP | (rows[i].flags & API_ROUTE_CORS ? HTTP_ROUTE_CORS : 0),
            .handler = on_request,
            .ctx = &a->route_ctx[i],
        };
    }
}

struct api *api_new(const struct api_conf *conf)
{
    struct api *a = mem_new(struct api);

    arena_init(&a->arena, 0);
    copy_conf(a, conf);
    build_limits(a);
    pthread_mutex_init(&a->reload_lock, NULL);
    a->tester = tester_new(a);
    build_routes(a);
    return a;
}

void api_stop(struct api *a)
{
    tester_stop(a->tester);
}

void api_free(struct api *a)
{
    if (!a)
        return;
    tester_free(a->tester);
    pthread_mutex_destroy(&a->reload_lock);
    limit_free(a->critical_limit);
    limit_free(a->global_limit);
    arena_fini(&a->arena);
    mem_free(a);
}

void api_add_routes(struct api *a, struct router *router)
{
    size_t n;

    api_routes(&n);
    router_add(router, a->http_routes, n);
}
