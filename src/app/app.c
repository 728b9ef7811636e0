/*
 * The parts in the order in which they are built; they are taken apart in the reverse order. A loop
 * is a thread with its own listener on the same port, its own client to upstreams and its own
 * journal.
 */
#include "app/app.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "api/api.h"
#include "app/node.h"
#include "app/publisher.h"
#include "app/redirect.h"
#include "app/scheduler.h"
#include "app/stores.h"
#include "app/sync.h"
#include "auth/first_password.h"
#include "auth/limit.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/random.h"
#include "base/thread.h"
#include "cache/cache.h"
#include "ledger/balance_shared.h"
#include "net/sock.h"
#include "store/repo_setup.h"

enum {
    OFFLOAD_THREADS = 8,
    NAME_THREADS = 4,
    NAME_QUEUE = 1024,
    OFFLOAD_QUEUE = 4096,
    DRAIN_MS = 15000,
    TELL_MS = 3000,  /* for the ledger and Redis to learn of the last calls */
    STOP_MS = 20000, /* for running requests, and again for the ledger */
    CUT_MS = 5000,   /* after that, for their last bytes */
    LOOK_MS = 20
};

/* One event loop and what lives on it. */
struct worker {
    struct app *app;
    unsigned index;
    pthread_t thread;
    bool started;
    struct loop *loop;
    struct http_client *client;
    struct tls_ctx *redis_tls;
    struct redis *redis;          /* NULL: none */
    struct shared_member *member; /* of shared balances; NULL: none */
    struct http_server *server;
    struct relay_loop *relay;
    struct loop_msg close, stop;
    _Atomic bool told; /* the loop has taken the last of the two */
};

struct app {
    const struct app_options *options;
    struct arena arena;
    int lock_fd;
    struct str setup_code;
    struct stores stores;
    struct offload *offload;
    struct offload *names; /* looks up the names of upstreams, whatever blocks everything else */
    struct tls_trust *trust;
    struct cache *cache;
    struct sync *sync;
    struct node *node;
    struct scheduler *scheduler;
    struct balances *balances;
    struct ledger *ledger;
    struct shared_balances *shared; /* NULL: no Redis */
    struct first_password *first_password;
    struct apikeys *apikeys;
    struct publisher *publisher;
    struct relay *relay;
    struct api *api;
    struct router *router;
    struct console *console;
    struct redirect redirect; /* base empty: none */
    struct limit *web_limit;
    struct worker *workers;
    sigset_t signals;
};

/* ---- what the parts call ---- */

static enum err_code reload(void *ctx, struct err *err)
{
    struct app *a = ctx;
    enum err_code rc = publisher_reload(a->publisher, err);

    cache_publish(a->cache, (struct cache_change){.kind = CACHE_CHANGE_CONFIG});
    return rc;
}

static struct snapshot *current_snapshot(void *ctx)
{
    struct app *a = ctx;

    return publisher_snapshot(a->publisher);
}

static void probe(void *ctx, int64_t channel_id, struct str model, struct probe_result *out)
{
    struct app *a = ctx;

    relay_probe(a->relay, channel_id, model, out);
}

static enum err_code attach(void *ctx, struct credential *c, struct err *err)
{
    struct app *a = ctx;

    return relay_attach_balance(a->relay, c, err);
}

static void detach(void *ctx, struct credential *c)
{
    struct app *a = ctx;

    relay_detach_balance(a->relay, c);
}

static bool web_refuses(void *ctx, struct http_req *r)
{
    struct app *a = ctx;

    if (!a->options->web_limit.enabled || limit_allow(a->web_limit, r->client_ip, clock_mono_us()))
        return false;
    const struct http_header headers[] = {
        {STR("Content-Type"), STR("text/plain; charset=utf-8")},
        {STR("Retry-After"),
         arena_fmt(&r->arena, "%" PRId64, (int64_t)a->options->web_limit.duration_s)}};

    http_reply(
        r, 429, headers, ARRAY_LEN(headers),
        STR("请求过于频繁，请稍后再试。 (Too many pages were asked for: try again in a while.)\n"));
    return true;
}

/* The table of routes first, then the console's pages, or the way to them. */
static const struct http_route *find_route(void *ctx, struct http_req *r, int *status)
{
    struct app *a = ctx;
    const struct http_route *route = router_find(a->router, r, status);

    if (!route && *status == 404)
        route =
            a->redirect.base.n > 0 ? redirect_route(&a->redirect) : console_route(a->console, r);
    return route;
}

/* ---- building ---- */

static enum err_code make_folder(struct str dir, struct err *err)
{
    if (mkdir(dir.p, 0700) == 0 || errno == EEXIST)
        return ERR_OK;
    return err_set(err, ERR_IO,
                   "cannot make the data folder %.*s: %s (choose another with --data-dir)",
                   STR_ARG(dir), strerror(errno));
}

/* Two programs on one data folder would replay each other's journals. */
static enum err_code lock_folder(struct app *a, struct err *err)
{
    struct str path = arena_fmt(&a->arena, "%.*s/.lock", STR_ARG(a->options->data_dir));

    a->lock_fd = open(path.p, O_CREAT | O_RDWR | O_CLOEXEC, 0600);
    if (a->lock_fd < 0)
        return err_set(err, ERR_IO, "cannot write to the data folder %.*s: %s",
                       STR_ARG(a->options->data_dir), strerror(errno));
    if (flock(a->lock_fd, LOCK_EX | LOCK_NB) != 0)
        return err_set(err, ERR_IO, "the data folder %.*s is in use by another yourapi",
                       STR_ARG(a->options->data_dir));
    return ERR_OK;
}

static enum err_code open_store(struct app *a, struct err *err)
{
    TRY(make_folder(a->options->data_dir, err));
    TRY(lock_folder(a, err));
    return stores_open(a->options, &a->stores, err);
}

/* With Redis other nodes spend from the same balances. */
static enum err_code share_balances(struct app *a, struct str journal_dir, struct err *err)
{
    char id[LEDGER_NODE_ID];
    struct shared_conf conf = {.balances = a->balances, .db = a->stores.db, .offload = a->offload};

    if (!a->options->redis)
        return ERR_OK;
    TRY(ledger_node_id(journal_dir, id, err));
    conf.node = str_from(id);
    a->shared = shared_balances_new(&conf);
    return ERR_OK;
}

static enum err_code open_ledger(struct app *a, struct err *err)
{
    struct ledger_conf conf = {
        .journal_dir = arena_fmt(&a->arena, "%.*s/journal", STR_ARG(a->options->data_dir)),
        .journals = a->options->relay_threads,
        .db = a->stores.db,
        .log_db = a->stores.log_db,
        .balances = a->balances,
        .clock = clock_system(),
    };

    TRY(share_balances(a, conf.journal_dir, err));
    conf.shared = a->shared;
    return ledger_open(&conf, &a->ledger, err);
}

static void build_relay(struct app *a)
{
    const struct app_options *o = a->options;
    struct apikeys_conf keys = {.db = a->stores.db,
                                .offload = a->offload,
                                .first_password = a->first_password,
                                .clock = clock_system(),
                                .refresh_s = o->sync_frequency_s,
                                .initial_root_token = o->initial_root_token,
                                .cache = a->cache,
                                .attach = attach,
                                .detach = detach,
                                .ctx = a};
    struct relay_conf relay = {
        .db = a->stores.db,
        .offload = a->offload,
        .clock = clock_system(),
        .balances = a->balances,
        .ledger = a->ledger,
        .loops = o->relay_threads,
        .body_limit = o->body_limit,
        .relay_timeout_ms = o->relay_timeout_ms,
        .stream_timeout_ms = o->stream_timeout_ms,
        .drain_ms = DRAIN_MS,
        .force_stream_option = o->force_stream_option,
        .enforce_include_usage = o->enforce_include_usage,
        .error_log = o->error_log,
        .event_limit = o->event_limit,
        .count_token = o->count_token,
        .media_token = o->media_token,
        .media_token_not_stream = o->media_token_not_stream,
        .http_proxy = o->http_proxy,
        .https_proxy = o->https_proxy,
        .no_proxy = o->no_proxy,
        .media_proxy = o->media_proxy,
        .media_timeout_s = o->media_timeout_s,
        .media_max_bytes = o->media_max_bytes,
        .azure_api_version = o->azure_api_version,
        .gemini_version = o->gemini_version,
        .gemini_safety = o->gemini_safety,
        .gemini_images = o->gemini_images,
        .test_prompt = o->test_prompt,
        .items_max_bytes = o->items_max_bytes,
        .items_life_s = o->items_life_s,
        .items_secret = o->crypto_secret,
        .reload = reload,
        .ctx = a,
    };

    a->apikeys = relay.apikeys = apikeys_new(&keys);
    a->relay = relay_new(&relay);
    publisher_set_relay(a->publisher, a->relay);
}

static struct api_conf api_conf_of(struct app *a)
{
    const struct app_options *o = a->options;
    struct api_conf conf = {
        .db = a->stores.db,
        .log_db = a->stores.log_db,
        .offload = a->offload,
        .clock = clock_system(),
        .apikeys = a->apikeys,
        .first_password = a->first_password,
        .balances = a->balances,
        .ledger = a->ledger,
        .session_secret = o->session_secret,
        .crypto_secret = o->crypto_secret,
        .cache = a->cache,
        .shared = a->shared,
        .node_name = node_name(a->node),
        .batch_update = o->batch_update,
        .version = STR("v" YOURAPI_VERSION),
        .started_at_s = clock_now_s(clock_system()),
        .generate_default_token = o->generate_default_token,
        .setup_code = a->setup_code,
        .initial_root_token = o->initial_root_token,
        .initial_root_access_token = o->initial_root_access_token,
        .polling_interval_s = o->polling_interval_s,
        .snapshot = current_snapshot,
        .reload = reload,
        .probe = probe,
        .ctx = a,
    };

    conf.api_limit.enabled = o->api_limit.enabled;
    conf.api_limit.limit = o->api_limit.limit;
    conf.api_limit.duration_s = o->api_limit.duration_s;
    return conf;
}

/* Until somebody has set the program up: what a set-up from a public address is asked for. */
static enum err_code print_setup_code(struct app *a, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct setup_row *done;

    TRY(db_acquire(a->stores.db, DB_READ, &c, err));
    TRY(repo_setup_find(c, &a->arena, &done, err));
    if (!done)
        fprintf(
            stderr,
            "Set-up code (asked for when the set-up page is opened from a public address): %.*s\n",
            STR_ARG(a->setup_code));
    return ERR_OK;
}

static void build_routes(struct app *a, const struct web_asset *assets, size_t n)
{
    a->web_limit = limit_new(a->options->web_limit.limit, a->options->web_limit.duration_s);
    a->console = console_new(assets, n, web_refuses, a);
    if (a->options->slave)
        redirect_init(&a->redirect, a->options->frontend_base_url);
    a->router = router_new();
    relay_add_routes(a->relay, a->router);
    api_add_routes(a->api, a->router);
}

/* ---- what nodes share ---- */

/* What several nodes must have in common; one that stands alone needs none of it. */
static void warn_of_options(const struct app_options *o)
{
    if (o->redis && !o->session_secret_given)
        log_warn(NULL, "options.session_secret",
                 "reason=\"SESSION_SECRET is not set: other nodes do not know the sessions of this "
                 "one\"");
    if (o->redis && !o->session_secret_given && !o->crypto_secret_given)
        log_warn(NULL, "options.crypto_secret",
                 "reason=\"neither CRYPTO_SECRET nor SESSION_SECRET is set: limits and items of "
                 "answers in Redis are not shared with other nodes\"");
    if (o->frontend_base_url.n > 0 && !o->slave)
        log_warn(NULL, "options.frontend_base_url",
                 "reason=\"FRONTEND_BASE_URL is for slaves: ignored\"");
    if (o->redis_pool_given)
        log_info(NULL, "options.redis_pool",
                 "reason=\"REDIS_CONN_POOL_SIZE has no effect: each loop has one pipelined "
                 "connection\"");
}

static enum err_code open_cache(struct app *a, struct err *err)
{
    struct cache_conf conf = {.redis = a->options->redis,
                              .offload = a->offload,
                              .trust = a->trust,
                              .on_change = sync_on_change};

    warn_of_options(a->options);
    conf.ctx = a->sync = sync_new();
    return cache_open(&conf, &a->cache, err);
}

static size_t open_requests(void *ctx);

static void build_node(struct app *a)
{
    const struct node_conf conf = {.db = a->stores.db,
                                   .cache = a->cache,
                                   .name = a->options->node_name,
                                   .version = STR("v" YOURAPI_VERSION),
                                   .port = a->options->port,
                                   .slave = a->options->slave,
                                   .open_requests = open_requests,
                                   .ctx = a};

    a->node = node_new(&conf);
}

/* ---- what is done from time to time ---- */

static bool may_test_channels(void *ctx)
{
    struct app *a = ctx;

    return node_holds(a->node, NODE_JOB_CHANNEL_TEST);
}

static void test_channels(void *ctx)
{
    struct app *a = ctx;

    if (!api_test_channels(a->api, may_test_channels, a))
        log_warn(NULL, "test.skipped",
                 "reason=\"the test of all channels before is still running\"");
}

static enum err_code start_scheduler(struct app *a, struct err *err)
{
    const struct app_options *o = a->options;
    struct scheduler_conf conf = {.db = a->stores.db,
                                  .node = a->node,
                                  .sync = a->sync,
                                  .sync_s = o->sync_frequency_s,
                                  .known_to_share = o->redis != NULL,
                                  .ctx = a};

    if (!o->slave) /* a slave leaves jobs to the others */
        conf.jobs[NODE_JOB_CHANNEL_TEST] =
            (struct scheduler_job){o->channel_test_minutes * 60, test_channels};
    return scheduler_start(&conf, &a->scheduler, err);
}

static void start_sync(struct app *a)
{
    const struct sync_conf conf = {
        .publisher = a->publisher, .apikeys = a->apikeys, .cache = a->cache, .offload = a->offload};

    sync_start(a->sync, &conf);
}

/* ---- loops ---- */

static void *run_worker(void *ctx)
{
    struct worker *w = ctx;
    char name[16];

    snprintf(name, sizeof name, "relay-%u", w->index);
    thread_begin(name, THREAD_LOOP);
    loop_run(w->loop);
    return NULL;
}

static enum err_code start_redis(struct app *a, struct worker *w, struct err *err)
{
    struct redis_settings settings;

    if (!a->options->redis)
        return ERR_OK;
    TRY(cache_client_settings(a->options->redis, w->loop, http_client_dns(w->client), a->trust,
                              &settings, &w->redis_tls, err));
    settings.quiet = true; /* the cache's client says it once for all */
    w->redis = redis_new(&settings);
    return ERR_OK;
}

static enum err_code start_worker(struct app *a, unsigned i, struct err *err)
{
    struct worker *w = &a->workers[i];
    struct http_client_conf client = {
        .max_idle_per_origin = a->options->loop_idle_conns_per_host,
        .max_idle = a->options->loop_idle_conns,
        .idle_ms = a->options->idle_conn_ms,
        .tls = {.trust = a->trust, .insecure = a->options->tls_insecure}};
    struct http_server_conf server = {.trust_proxy_headers = true,
                                      .find_route = find_route,
                                      .route_ctx = a,
                                      .error_body = relay_error_body,
                                      .error_ctx = a->relay};

    w->app = a;
    w->index = i;
    TRY(loop_new(&w->loop, err));
    TRY(http_client_new(w->loop, a->names, &client, &w->client, err));
    TRY(start_redis(a, w, err));
    w->relay = relay_loop_new(a->relay, i, w->loop, w->client, w->redis);
    if (w->redis)
        w->member = shared_member_new(a->shared, w->loop, w->redis,
                                      journal_id(ledger_journal(a->ledger, i)));
    relay_loop_share(w->relay, w->member);
    return http_server_open(w->loop, &server, "", a->options->port, &w->server, err);
}

/* All listen before the first one runs: either the whole program starts, or none of it. */
static enum err_code start_workers(struct app *a, struct err *err)
{
    unsigned n = a->options->relay_threads;

    TRY(sock_check_port("", a->options->port, err));
    a->workers = mem_zalloc(n * sizeof *a->workers);
    for (unsigned i = 0; i < n; i++)
        TRY(start_worker(a, i, err));
    for (unsigned i = 0; i < n; i++) {
        if (pthread_create(&a->workers[i].thread, NULL, run_worker, &a->workers[i]) != 0)
            return err_set(err, ERR_INTERNAL, "cannot start a thread: %s", strerror(errno));
        a->workers[i].started = true;
    }
    return ERR_OK;
}

static void on_close(struct loop_msg *msg)
{
    struct worker *w = container_of(msg, struct worker, close);

    http_server_close(w->server, STOP_MS + CUT_MS);
    relay_loop_drain(w->relay);
    w->told = true;
}

static void on_stop(struct loop_msg *msg)
{
    struct worker *w = container_of(msg, struct worker, stop);

    relay_loop_stop(w->relay);
    w->told = true;
}

static unsigned worker_count(const struct app *a)
{
    return a->workers ? a->options->relay_threads : 0;
}

static size_t open_requests(void *ctx)
{
    struct app *a = ctx;
    size_t n = 0;

    for (unsigned i = 0; i < worker_count(a); i++)
        n += http_server_open_requests(a->workers[i].server);
    return n;
}

/* Nobody waits for a reply, and every reply is sent. */
static bool all_done(const struct app *a)
{
    for (unsigned i = 0; i < worker_count(a); i++) {
        const struct worker *w = &a->workers[i];

        assert(a->workers);
        if (w->started &&
            (!w->told || http_server_open_requests(w->server) > 0 || loop_flushing(w->loop) > 0))
            return false;
    }
    return true;
}

static void wait_until_done(const struct app *a, unsigned limit_ms)
{
    for (unsigned waited_ms = 0; waited_ms < limit_ms && !all_done(a); waited_ms += LOOK_MS)
        usleep(LOOK_MS * 1000);
}

static void tell(struct worker *w, struct loop_msg *msg, void (*fn)(struct loop_msg *msg))
{
    if (!w->started)
        return;
    w->told = false;
    msg->fn = fn;
    loop_post(w->loop, msg);
}

/* Every server takes no more and finishes what runs; what has not finished in time is settled and
 * told. */
static void end_requests(struct app *a)
{
    for (unsigned i = 0; i < worker_count(a); i++)
        tell(&a->workers[i], &a->workers[i].close, on_close);
    wait_until_done(a, STOP_MS);
    for (unsigned i = 0; i < worker_count(a); i++)
        tell(&a->workers[i], &a->workers[i].stop, on_stop);
    wait_until_done(a, CUT_MS);
}

/* What this node has spent is in the database, and Redis knows, before its connections end. */
static void settle_shared(struct app *a)
{
    struct shared_balances_state state;

    if (!a->shared || worker_count(a) == 0 || !a->workers[0].started)
        return;
    shared_balances_status(a->shared, &state);
    if (state.live > 0 && ledger_flush(a->ledger, TELL_MS))
        (void)shared_balances_drain(a->shared, TELL_MS);
}

static void end_loops(struct app *a)
{
    for (unsigned i = 0; i < worker_count(a); i++) {
        struct worker *w = &a->workers[i];

        if (w->started) {
            loop_stop(w->loop);
            pthread_join(w->thread, NULL);
        }
    }
}

static void free_workers(struct app *a)
{
    for (unsigned i = 0; i < worker_count(a); i++) {
        redis_free(a->workers[i].redis);
        shared_member_free(a->workers[i].member);
        tls_ctx_free(a->workers[i].redis_tls);
        http_client_free(a->workers[i].client);
        loop_free(a->workers[i].loop);
    }
    mem_free(a->workers);
    a->workers = NULL;
}

/* ---- life ---- */

static enum err_code build(struct app *a, const struct web_asset *assets, size_t n, struct err *err)
{
    struct api_conf conf;

    a->trust = tls_trust_new();
    TRY(open_store(a, err));
    a->setup_code = random_text(&a->arena, 8);
    TRY(offload_new(OFFLOAD_THREADS, OFFLOAD_QUEUE, &a->offload, err));
    TRY(offload_new(NAME_THREADS, NAME_QUEUE, &a->names, err));
    TRY(open_cache(a, err));
    build_node(a);
    conf = api_conf_of(a);
    if (!a->options->slave)
        TRY(api_first_start(&conf, err));
    a->balances = balances_new();
    a->first_password = first_password_new(a->stores.db);
    TRY(open_ledger(a, err));
    a->publisher = publisher_new(a->stores.db);
    build_relay(a);
    TRY(publisher_reload(a->publisher, err));
    conf = api_conf_of(a);
    a->api = api_new(&conf);
    build_routes(a, assets, n);
    TRY(start_workers(a, err));
    start_sync(a);
    TRY(start_scheduler(a, err));
    return print_setup_code(a, err);
}

/* SIGINT and SIGTERM are blocked in every thread and taken by app_wait(). */
static void block_signals(struct app *a)
{
    sigemptyset(&a->signals);
    sigaddset(&a->signals, SIGINT);
    sigaddset(&a->signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &a->signals, NULL);
}

enum err_code app_start(const struct app_options *options, const struct web_asset *assets,
                        size_t asset_count, struct app **out, struct err *err)
{
    struct app *a = mem_new(struct app);
    enum err_code rc;

    *out = NULL;
    a->options = options;
    a->lock_fd = -1;
    arena_init(&a->arena, 0);
    block_signals(a);
    rc = build(a, assets, asset_count, err);
    if (rc != ERR_OK) {
        app_stop(a);
        return rc;
    }
    log_info(NULL, "started", "port=%u threads=%u version=%s", options->port,
             options->relay_threads, YOURAPI_VERSION);
    *out = a;
    return ERR_OK;
}

void app_wait(struct app *a)
{
    int signal_number;

    if (sigwait(&a->signals, &signal_number) == 0)
        log_info(NULL, "stopping", "signal=%d", signal_number);
}

void app_stop(struct app *a)
{
    if (a->api)
        api_stop(a->api);
    scheduler_stop(a->scheduler);
    if (a->relay && a->workers)
        relay_stop_probes(a->relay);
    end_requests(a);
    settle_shared(a);
    if (a->offload)
        offload_stop(a->offload); /* its jobs answer to the loops, and lie in their memory */
    if (a->names)
        offload_stop(a->names);
    end_loops(a);
    offload_free(a->offload);
    offload_free(a->names);
    if (a->ledger)
        ledger_close(a->ledger, STOP_MS);
    if (a->api)
        api_free(a->api);
    free_workers(a);
    cache_close(a->cache);
    sync_free(a->sync);
    node_free(a->node);
    if (a->router)
        router_free(a->router);
    console_free(a->console);
    limit_free(a->web_limit);
    if (a->apikeys)
        apikeys_free(a->apikeys);
    first_password_free(a->first_password);
    if (a->relay)
        relay_free(a->relay);
    publisher_free(a->publisher);
    shared_balances_free(a->shared);
    if (a->balances)
        balances_free(a->balances);
    tls_trust_free(a->trust);
    stores_close(&a->stores);
    if (a->lock_fd >= 0)
        close(a->lock_fd);
    arena_fini(&a->arena);
    mem_free(a);
}
