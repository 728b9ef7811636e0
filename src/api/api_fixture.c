#include "api/api_fixture.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "auth/session.h"
#include "auth/first_password.h"
#include "base/mem.h"
#include "base/sb.h"
#include "store/repo_channel.h"
#include "store/repo_option.h"
#include "store/repo_setup.h"
#include "store/repo_user.h"
#include "store/store_fixture.h"

#define SECRET secret_make(STR("the fixture's secret"))
/* bcrypt of FIXTURE_PASSWORD with the lowest cost, so that tests are quick. */
#define PASSWORD_HASH "$2a$04$abcdefghijklmnopqrstuuG0dn23TmsW2CgnJryKiUOtvqgeAPA.2"

struct api_fixture_parts {
    char path[STORE_FIXTURE_PATH];
    pthread_mutex_t lock; /* of snap */
    struct snapshot *snap;
    uint64_t version;
    struct router *router;
    pthread_t thread;
    pthread_cond_t ready;
    struct loop *loop;
    struct http_server *server;
};

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct err err = {.code = ERR_OK};                                                         \
        if ((call) != ERR_OK)                                                                      \
            die(__LINE__, &err);                                                                   \
    } while (0)

static void die(int line, const struct err *err)
{
    fprintf(stderr, "api_fixture:%d: %s\n", line, err->msg);
    abort();
}

/* ---- the parts that the program gives to the API ---- */

static struct snapshot *on_snapshot(void *ctx)
{
    struct api_fixture *f = ctx;
    struct snapshot *s;

    pthread_mutex_lock(&f->parts->lock);
    s = snapshot_get(f->parts->snap);
    pthread_mutex_unlock(&f->parts->lock);
    return s;
}

static enum err_code build(struct api_fixture *f, struct arena *a, struct snapshot **out,
                           struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct channel *channels;
    struct option_row *options;
    size_t channel_count, option_count;

    TRY(db_acquire(f->db, DB_READ, &conn, err));
    TRY(repo_channel_list_all(conn, a, &channels, &channel_count, err));
    TRY(repo_option_list(conn, a, &options, &option_count, err));
    *out = snapshot_build(channels, channel_count, options, option_count, ++f->parts->version);
    return ERR_OK;
}

static enum err_code on_reload(void *ctx, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct api_fixture *f = ctx;
    struct snapshot *fresh, *old;

    arena_init(&a, 0);
    if (f->reload_fails)
        return err_set(err, ERR_INTERNAL, "the fixture was told to fail");
    TRY(build(f, &a, &fresh, err));
    pthread_mutex_lock(&f->parts->lock);
    old = f->parts->snap;
    f->parts->snap = fresh;
    pthread_mutex_unlock(&f->parts->lock);
    snapshot_put(old);
    f->reloads++;
    return ERR_OK;
}

static void on_probe(void *ctx, int64_t channel_id UNUSED, struct str model,
                     struct probe_result *out)
{
    struct api_fixture *f = ctx;

    f->probes++;
    while (f->probe_waits)
        usleep(1000);
    *out = f->probe;
    if (model.n > 0)
        snprintf(out->model, sizeof out->model, "%.*s", STR_ARG(model));
}

/* ---- accounts ---- */

static void add_user(struct api_fixture *f, struct db_conn *c, const char *name, int64_t role)
{
    struct user row = {.username = str_from(name),
                       .display_name = str_from(name),
                       .role = role,
                       .quota = 1000000,
                       .aff_code = str_from(name),
                       .password = secret_make(STR(PASSWORD_HASH))};
    int64_t id;

    (void)f;
    MUST(repo_user_insert(c, &row, &id, &err));
}

static void add_accounts(struct api_fixture *f)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    MUST(db_acquire(f->db, DB_WRITE, &c, &err));
    add_user(f, c, "root", ROLE_ROOT);
    add_user(f, c, "adam", ROLE_ADMIN);
    add_user(f, c, "ann", ROLE_COMMON);
    MUST(repo_setup_insert(c, STR("v0"), FIXTURE_NOW_S, &err));
}

/* ---- the server ---- */

static void *serve(void *ctx)
{
    struct api_fixture *f = ctx;
    struct api_fixture_parts *p = f->parts;
    const struct http_server_conf conf = {
        .trust_proxy_headers = true, .find_route = router_find, .route_ctx = p->router};

    MUST(loop_new(&p->loop, &err));
    MUST(http_server_open(p->loop, &conf, "127.0.0.1", 0, &p->server, &err));
    pthread_mutex_lock(&p->lock);
    f->port = http_server_port(p->server);
    pthread_cond_signal(&p->ready);
    pthread_mutex_unlock(&p->lock);
    loop_run(p->loop);
    loop_free(p->loop);
    return NULL;
}

static void start(struct api_fixture *f)
{
    struct api_fixture_parts *p = f->parts;

    p->router = router_new();
    api_add_routes(f->api, p->router);
    pthread_create(&p->thread, NULL, serve, f);
    pthread_mutex_lock(&p->lock);
    while (f->port == 0)
        pthread_cond_wait(&p->ready, &p->lock);
    pthread_mutex_unlock(&p->lock);
}

static struct api_fixture *fixture_new(void)
{
    struct api_fixture *f = mem_new(struct api_fixture);

    arena_init(&f->arena, 0);
    f->parts = mem_new(struct api_fixture_parts);
    pthread_mutex_init(&f->parts->lock, NULL);
    pthread_cond_init(&f->parts->ready, NULL);
    f->db = store_fixture_open(f->parts->path);
    clock_manual_init(&f->clock, FIXTURE_NOW_S * 1000000);
    MUST(offload_new(FIXTURE_THREADS, FIXTURE_QUEUE, &f->offload, &err));
    f->balances = balances_new();
    f->probe = (struct probe_result){
        .elapsed_ms = 1234, .upstream_status = 200, .usage = {.prompt = 8, .completion = 9}};
    snprintf(f->probe.model, sizeof f->probe.model, "gpt-4o-mini");
    return f;
}

static void fixture_start(struct api_fixture *f, struct api_conf conf)
{
    struct apikeys_conf keys = {.db = f->db,
                                .offload = f->offload,
                                .clock = &f->clock.clock,
                                .first_password = first_password_new(f->db),
                                .refresh_s = 60,
                                .initial_root_token = conf.initial_root_token};

    f->apikeys = apikeys_new(&keys);
    conf.apikeys = f->apikeys;
    conf.first_password = f->first_password = keys.first_password;
    MUST(on_reload(f, &err));
    f->reloads = 0;
    f->api = api_new(&conf);
    start(f);
}

static struct api_conf with_parts(struct api_fixture *f, const struct api_conf *given)
{
    struct api_conf conf = *given;

    conf.db = conf.log_db = f->db;
    conf.offload = f->offload;
    conf.clock = &f->clock.clock;
    conf.balances = f->balances;
    conf.session_secret = SECRET;
    conf.version = STR("v1.2.3");
    conf.started_at_s = FIXTURE_NOW_S - 60;
    conf.snapshot = on_snapshot;
    conf.reload = on_reload;
    conf.probe = on_probe;
    conf.ctx = f;
    return conf;
}

struct api_fixture *api_fixture_open_conf(const struct api_conf *conf)
{
    struct api_fixture *f = fixture_new();

    add_accounts(f);
    fixture_start(f, with_parts(f, conf));
    return f;
}

struct api_fixture *api_fixture_open(void)
{
    return api_fixture_open_conf(&(struct api_conf){.db = NULL});
}

struct api_fixture *api_fixture_open_fresh(const struct api_conf *conf)
{
    struct api_fixture *f = fixture_new();
    struct api_conf full = with_parts(f, conf);

    MUST(api_first_start(&full, &err));
    fixture_start(f, full);
    return f;
}

void api_fixture_close(struct api_fixture *f)
{
    api_stop(f->api);
    offload_free(f->offload);
    loop_stop(f->parts->loop);
    pthread_join(f->parts->thread, NULL);
    api_free(f->api);
    router_free(f->parts->router);
    apikeys_free(f->apikeys);
    first_password_free(f->first_password);
    balances_free(f->balances);
    snapshot_put(f->parts->snap);
    store_fixture_close(f->db, f->parts->path);
    pthread_cond_destroy(&f->parts->ready);
    pthread_mutex_destroy(&f->parts->lock);
    mem_free(f->parts);
    arena_fini(&f->arena);
    mem_free(f);
}

/* ---- asking ---- */

static void add_header(struct sb *sb, const char *name, const char *value)
{
    if (value)
        sb_fmt(sb, "%s: %s\r\n", name, value);
}

static void write_ask(struct api_fixture *f, const struct api_ask *ask, struct sb *sb)
{
    const char *method = ask->method ? ask->method : ask->body ? "POST" : "GET";
    const char *cookie = ask->cookie, *user = ask->new_api_user;

    if (ask->user_id != 0 && !cookie)
        cookie = api_fixture_cookie(f, ask->user_id);
    if (ask->user_id != 0 && !user)
        user = arena_fmt(&f->arena, "%" PRId64, ask->user_id).p;
    sb_fmt(sb, "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n", method, ask->path);
    add_header(sb, "Cookie", cookie);
    add_header(sb, "New-Api-User", user);
    add_header(sb, "Authorization", ask->authorization);
    add_header(sb, "Accept-Language", ask->language);
    add_header(sb, "X-Forwarded-For", ask->ip);
    add_header(sb, "Origin", ask->origin);
    if (ask->body)
        sb_fmt(sb, "Content-Type: application/json\r\nContent-Length: %zu\r\n", strlen(ask->body));
    sb_add(sb, STR("\r\n"));
    if (ask->body)
        sb_add(sb, str_from(ask->body));
}

static int connect_to(uint16_t port)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof at) != 0)
        die(__LINE__, &(struct err){.msg = "no connection to the fixture's server"});
    return fd;
}

static void send_all(int fd, struct str request)
{
    ssize_t n;

    while (request.n > 0 && (n = send(fd, request.p, request.n, MSG_NOSIGNAL)) > 0)
        request = str_skip(request, (size_t)n);
}

int api_fixture_send(struct api_fixture *f, const struct api_ask *ask)
{
    CLEANUP(sb_finip) struct sb out;
    int fd = connect_to(f->port);

    sb_init(&out, 64 << 20);
    write_ask(f, ask, &out);
    send_all(fd, sb_str(&out));
    return fd;
}

static struct str exchange(struct api_fixture *f, struct str request)
{
    CLEANUP(sb_finip) struct sb in;
    char buffer[16384];
    int fd = connect_to(f->port);
    ssize_t n;

    sb_init(&in, 64 << 20);
    send_all(fd, request);
    while ((n = recv(fd, buffer, sizeof buffer, 0)) > 0)
        sb_add(&in, str_make(buffer, (size_t)n));
    close(fd);
    return str_dup(&f->arena, sb_str(&in));
}

struct api_answer api_fixture_call(struct api_fixture *f, const struct api_ask *ask)
{
    CLEANUP(sb_finip) struct sb out;
    struct api_answer a = {.status = 0};
    struct str text;
    ptrdiff_t end;
    int64_t status = 0;

    sb_init(&out, 64 << 20);
    write_ask(f, ask, &out);
    text = exchange(f, sb_str(&out));
    end = str_find(text, STR("\r\n\r\n"));
    if (end < 0 || !str_to_i64(str_sub(text, 9, 3), &status))
        die(__LINE__, &(struct err){.msg = "the server's answer is not HTTP"});
    a.status = (int)status;
    a.head = str_sub(text, 0, (size_t)end + 2);
    a.body = str_skip(text, (size_t)end + 4);
    if (json_read(&f->arena, a.body, JSON_DEPTH_DEFAULT, &a.json, NULL) != ERR_OK)
        a.json = NULL;
    return a;
}

struct api_answer api_as(struct api_fixture *f, int64_t user_id, const char *method,
                         const char *path, const char *body)
{
    return api_fixture_call(
        f, &(struct api_ask){.method = method, .path = path, .user_id = user_id, .body = body});
}

struct api_answer api_get(struct api_fixture *f, int64_t user_id, const char *path)
{
    return api_as(f, user_id, "GET", path, NULL);
}

/* ---- reading answers ---- */

bool api_succeeded(const struct api_answer *a)
{
    return a->status == 200 && json_bool_or(api_at(a->json, "success"), false);
}

const struct json *api_at(const struct json *v, const char *path)
{
    struct str rest = str_from(path);
    uint64_t index;

    while (v && rest.p) {
        struct str part = str_cut(&rest, '.');

        v = str_to_u64(part, &index) && json_is(v, JSON_ARRAY) ? json_at(v, index)
                                                               : json_get(v, part);
    }
    return v;
}

struct str api_text_at(struct api_fixture *f, const struct json *v, const char *path)
{
    return json_str_or_null(&f->arena, api_at(v, path));
}

int64_t api_i64_at(const struct json *v, const char *path)
{
    return json_i64_or(api_at(v, path), INT64_MIN);
}

struct str api_header(const struct api_answer *a, struct str name)
{
    STR_SPLIT_EACH (line, a->head, '\n') {
        struct str value = line, key = str_cut(&value, ':');

        if (value.p && str_eq_nocase(str_trim(key), name))
            return str_trim(value);
    }
    return STR_NULL;
}

const char *api_fixture_cookie(struct api_fixture *f, int64_t user_id)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct user *user;
    struct session s;
    struct str cookie;

    MUST(db_acquire(f->db, DB_READ, &c, &err));
    MUST(repo_user_find(c, &f->arena, user_id, REPO_WITH_DELETED, &user, &err));
    if (!user)
        die(__LINE__, &(struct err){.msg = "no such user in the fixture"});
    s = session_of(SECRET, user, clock_now_s(&f->clock.clock));
    cookie = session_cookie(&f->arena, SECRET, &s);
    return str_dup(&f->arena, str_cut(&cookie, ';')).p;
}

struct waiter {
    struct apikey_lookup lookup;
    struct api_fixture_parts *parts;
    struct credential *found;
    bool done;
};

static void on_found(struct apikey_lookup *lookup, struct credential *c, const struct err *err)
{
    struct waiter *w = container_of(lookup, struct waiter, lookup);

    if (!c)
        die(__LINE__, err);
    pthread_mutex_lock(&w->parts->lock);
    w->found = c;
    w->done = true;
    pthread_cond_signal(&w->parts->ready);
    pthread_mutex_unlock(&w->parts->lock);
}

struct credential *api_fixture_credential(struct api_fixture *f, const char *key)
{
    struct waiter w = {.lookup.done = on_found, .parts = f->parts};

    MUST(apikey_load(f->apikeys, &w.lookup, NULL, str_from(key), &err));
    pthread_mutex_lock(&f->parts->lock);
    while (!w.done)
        pthread_cond_wait(&f->parts->ready, &f->parts->lock);
    pthread_mutex_unlock(&f->parts->lock);
    return w.found;
}

void api_fixture_sql(struct api_fixture *f, const char *sql)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    MUST(db_acquire(f->db, DB_WRITE, &c, &err));
    MUST(db_exec_values(c, NULL, &err, sql, NULL, 0));
}

int64_t api_fixture_sql_i64(struct api_fixture *f, const char *sql)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct db_rows *rows;
    int64_t value = INT64_MIN;

    MUST(db_acquire(f->db, DB_READ, &c, &err));
    MUST(db_query_values(c, &f->arena, &rows, &err, sql, NULL, 0));
    if (db_next(rows))
        value = db_i64(rows, 0);
    MUST(db_end(rows, &err));
    return value;
}
