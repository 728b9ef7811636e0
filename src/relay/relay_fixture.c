#include "relay/relay_fixture.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/patience.h"
#include "base/sb.h"
#include "relay/exchange.h"
#include "relay/relay_fixture_redis.h"
#include "relay/upload.h"
#include "store/repo_channel.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

enum { CALLS_MAX = 1024, OPTIONS_MAX = 24, TEXT_MAX = 64 << 20, NOW_S = 1700003700 };

struct relay_fixture_parts {
    _Atomic unsigned taken; /* numbers of requests that are given out */
    char db_path[STORE_FIXTURE_PATH], dir[STORE_FIXTURE_PATH];
    struct offload *offload;
    struct apikeys *apikeys;
    struct loop *loop;
    struct http_client *client;
    struct fixture_redis redis;
    struct http_server *server;
    struct router *router;
    pthread_t loop_thread, accept_thread;
    int listener;
    uint16_t up_port;
    pthread_mutex_t lock; /* of script and ctx */
    bool (*hasty)(struct relay_fixture_call *c);
    void (*script)(struct relay_fixture_call *c);
    const void *ctx;
    _Atomic size_t body_bytes; /* that the upstream has got */
    _Atomic unsigned broken;   /* requests that were not whole */
    sem_t progress;            /* posted when one of the two has changed */
    pthread_t calls[CALLS_MAX];
    unsigned call_count;
    sem_t marks[RELAY_FIXTURE_MARKS];
    struct option_row options[OPTIONS_MAX];
    size_t option_count;
    uint64_t version;
    bool closing;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "relay_fixture: %s: %s\n", what, why);
    abort();
}

#define MUST(call)                                                                                 \
    do {                                                                                           \
        struct err err = {0};                                                                      \
        if ((call) != ERR_OK)                                                                      \
            die(#call, err.msg);                                                                   \
    } while (0)

static int64_t fixture_now(const struct clock *clock)
{
    return container_of(clock, const struct relay_fixture_clock, clock)->us;
}

/* What one side did before it sends is done for the other side when it has read. The socket says so
 * already, but not to a tool that watches threads. */
static void meet(struct relay_fixture *f)
{
    pthread_mutex_lock(&f->parts->lock);
    pthread_mutex_unlock(&f->parts->lock);
}

/* ---- sockets ---- */

static int listen_on_loopback(uint16_t *port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof a) != 0 || listen(fd, 512) != 0 ||
        getsockname(fd, (struct sockaddr *)&a, &n) != 0)
        die("listen", strerror(errno));
    *port = ntohs(a.sin_port);
    return fd;
}

static bool send_all(int fd, struct str s)
{
    while (s.n > 0) {
        ssize_t n = send(fd, s.p, s.n, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        s = str_skip(s, (size_t)n);
    }
    return true;
}

/* Reads on until `until` (NULL: the end) is there. False: the connection ended before. */
static bool read_until(int fd, struct sb *sb, const char *until)
{
    char piece[65536];

    while (!until || !str_has(sb_str(sb), str_from(until))) {
        struct pollfd p = {.fd = fd, .events = POLLIN};

        if (poll(&p, 1, PATIENCE_MS) != 1)
            die("read", "nothing came in time");
        ssize_t n = recv(fd, piece, sizeof piece, 0);

        if (n <= 0)
            return false;
        sb_add(sb, str_make(piece, (size_t)n));
    }
    return true;
}

/* ---- the upstream ---- */

static size_t announced_bytes(struct str head)
{
    ptrdiff_t at = str_find_nocase(head, STR("content-length:"));
    struct str rest = at < 0 ? STR_NULL : str_skip(head, (size_t)at + 15);
    uint64_t n = 0;

    if (at >= 0 && !str_to_u64(str_trim(str_cut(&rest, '\r')), &n))
        die("upstream", "a bad Content-Length");
    return (size_t)n;
}

static char *copy_of(struct str s)
{
    char *copy = mem_alloc(s.n + 1);

    memcpy(copy, s.p, s.n);
    copy[s.n] = '\0';
    return copy;
}

struct accepted {
    struct relay_fixture *f;
    int fd;
};

/* "POST /2/v1/..." was sent to channel 2. */
static unsigned channel_of(struct str head)
{
    ptrdiff_t at = str_find(head, STR(" /"));

    return at >= 0 && (size_t)at + 2 < head.n ? (unsigned)(head.p[at + 2] - '0') : 0;
}

static void note_bytes(struct relay_fixture *f, size_t bytes)
{
    meet(f);
    atomic_fetch_add(&f->parts->body_bytes, bytes);
    sem_post(&f->parts->progress);
}

static void note_broken(struct relay_fixture *f)
{
    atomic_fetch_add(&f->parts->broken, 1);
    sem_post(&f->parts->progress);
}

static bool read_body(struct relay_fixture *f, int fd, struct sb *in, size_t whole)
{
    while (in->n < whole) {
        char piece[65536];
        ssize_t n = recv(fd, piece, sizeof piece, 0);

        if (n <= 0) {
            note_broken(f);
            return false;
        }
        sb_add(in, str_make(piece, (size_t)n));
        note_bytes(f, (size_t)n);
    }
    return true;
}

static bool answers_early(struct relay_fixture_call *c)
{
    struct relay_fixture_parts *p = c->fixture->parts;

    pthread_mutex_lock(&p->lock);
    bool (*hasty)(struct relay_fixture_call *) = p->hasty;
    c->ctx = p->ctx;
    pthread_mutex_unlock(&p->lock);
    return hasty && hasty(c);
}

static void serve(struct relay_fixture *f, int fd, struct sb *in)
{
    size_t end, body;
    struct relay_fixture_call c = {.fixture = f, .fd = fd};

    if (!read_until(fd, in, "\r\n\r\n"))
        return;
    end = (size_t)str_find(sb_str(in), STR("\r\n\r\n")) + 4;
    body = announced_bytes(str_sub(sb_str(in), 0, end));
    note_bytes(f, in->n - end);
    c.head = str_sub(sb_str(in), 0, end);
    c.body = str_skip(sb_str(in), end);
    c.channel = channel_of(c.head);
    if (answers_early(&c) || !read_body(f, fd, in, end + body))
        return;
    c.head = str_sub(sb_str(in), 0, end);
    c.body = str_sub(sb_str(in), end, body);
    c.number = atomic_fetch_add(&f->parts->taken, 1); /* two may come at once */
    if (c.number < RELAY_FIXTURE_SEEN) {
        f->seen_head[c.number] = copy_of(c.head);
        f->seen_body[c.number] = copy_of(c.body);
    }
    atomic_fetch_add(&f->requests, 1);
    pthread_mutex_lock(&f->parts->lock);
    void (*script)(struct relay_fixture_call *) = f->parts->script;
    c.ctx = f->parts->ctx;
    pthread_mutex_unlock(&f->parts->lock);
    script(&c);
}

static void *call_thread(void *arg)
{
    struct accepted *a = arg;
    struct sb in;

    sb_init(&in, TEXT_MAX);
    serve(a->f, a->fd, &in);
    sb_fini(&in);
    close(a->fd);
    mem_free(a);
    return NULL;
}

static void *accept_thread(void *arg)
{
    struct relay_fixture *f = arg;
    struct relay_fixture_parts *p = f->parts;

    for (;;) {
        int fd = accept(p->listener, NULL, NULL);

        if (fd < 0)
            return NULL;
        struct accepted *a = mem_new(struct accepted);
        *a = (struct accepted){.f = f, .fd = fd};
        if (p->call_count >= CALLS_MAX ||
            pthread_create(&p->calls[p->call_count++], NULL, call_thread, a) != 0)
            die("upstream", "too many calls");
    }
}

void relay_fixture_script(struct relay_fixture *f, void (*script)(struct relay_fixture_call *c),
                          const void *ctx)
{
    relay_fixture_script_early(f, NULL, script, ctx);
}

void relay_fixture_script_early(struct relay_fixture *f,
                                bool (*hasty)(struct relay_fixture_call *c),
                                void (*script)(struct relay_fixture_call *c), const void *ctx)
{
    pthread_mutex_lock(&f->parts->lock);
    f->parts->hasty = hasty;
    f->parts->script = script;
    f->parts->ctx = ctx;
    pthread_mutex_unlock(&f->parts->lock);
}

void relay_fixture_send(struct relay_fixture_call *c, const char *text)
{
    meet(c->fixture);
    (void)send_all(c->fd, str_from(text)); /* a relay that has left is no error of the upstream */
}

void relay_fixture_json(struct relay_fixture_call *c, int status, const char *body)
{
    char head[200];

    snprintf(head, sizeof head,
             "HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
             "Connection: close\r\n\r\n",
             status, strlen(body));
    relay_fixture_send(c, head);
    relay_fixture_send(c, body);
}

void relay_fixture_stream(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                          "Connection: close\r\n\r\n");
}

void relay_fixture_text(struct relay_fixture_call *c, const char *text)
{
    char chunk[1024];

    snprintf(chunk, sizeof chunk,
             "data: {\"id\":\"c1\",\"object\":\"chat.completion.chunk\",\"created\":7,\"model\":"
             "\"m\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"%s\"},\"finish_reason\":"
             "null}]}\n\n",
             text);
    relay_fixture_send(c, chunk);
}

void relay_fixture_end_stream(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
                          "\"stop\"}]}\n\n"
                          "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,"
                          "\"completion_tokens\":5,\"total_tokens\":15}}\n\n"
                          "data: [DONE]\n\n");
}

void relay_fixture_reset(struct relay_fixture_call *c)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

bool relay_fixture_closed(struct relay_fixture_call *c)
{
    char byte;
    struct pollfd p = {.fd = c->fd, .events = POLLIN};

    return poll(&p, 1, PATIENCE_MS) == 1 && recv(c->fd, &byte, 1, MSG_DONTWAIT) <= 0;
}

static void wait_for(sem_t *sem, const char *what)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PATIENCE_S;
    while (sem_timedwait(sem, &until) != 0)
        if (errno != EINTR)
            die("wait", what);
}

void relay_fixture_set(struct relay_fixture *f, unsigned mark)
{
    sem_post(&f->parts->marks[mark]);
}

void relay_fixture_wait(struct relay_fixture *f, unsigned mark)
{
    wait_for(&f->parts->marks[mark], "the mark was not set in time");
}

void relay_fixture_wait_body(struct relay_fixture *f, size_t bytes)
{
    while (f->parts->body_bytes < bytes)
        wait_for(&f->parts->progress, "the upstream did not get the body in time");
}

size_t relay_fixture_got_body(struct relay_fixture *f)
{
    return f->parts->body_bytes;
}

void relay_fixture_wait_broken(struct relay_fixture *f)
{
    while (f->parts->broken == 0)
        wait_for(&f->parts->progress, "no request was broken off in time");
}

/* ---- clients ---- */

static int dial(struct relay_fixture *f, int receive_bytes)
{
    struct sockaddr_in a = {.sin_family = AF_INET,
                            .sin_port = htons(http_server_port(f->parts->server)),
                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (receive_bytes > 0)
        setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive_bytes, sizeof receive_bytes);
    if (connect(fd, (struct sockaddr *)&a, sizeof a) != 0)
        die("connect", strerror(errno));
    return fd;
}

static int send_request(struct relay_fixture *f, const char *method, const char *path,
                        const char *headers, const char *body, int receive_bytes)
{
    int fd = dial(f, receive_bytes);
    struct str head = arena_fmt(&f->arena,
                                "%s %s HTTP/1.1\r\nHost: h\r\nConnection: close\r\n"
                                "Content-Length: %zu\r\n%s\r\n",
                                method, path, strlen(body), headers);

    meet(f);
    if (!send_all(fd, head) || !send_all(fd, str_from(body)))
        die("send", strerror(errno));
    return fd;
}

static const char *with_key = "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n";

int relay_fixture_connect(struct relay_fixture *f, const char *path, const char *body,
                          int receive_bytes)
{
    return send_request(f, "POST", path, with_key, body, receive_bytes);
}

int relay_fixture_dial(struct relay_fixture *f)
{
    return dial(f, 0);
}

bool relay_fixture_write(struct relay_fixture *f, int fd, struct str bytes)
{
    meet(f);
    return send_all(fd, bytes);
}

const char *relay_fixture_read(struct relay_fixture *f, int fd, const char *until)
{
    struct sb sb;
    const char *text;

    sb_init(&sb, TEXT_MAX);
    (void)read_until(fd, &sb, until);
    meet(f);
    text = str_dup(&f->arena, sb_str(&sb)).p;
    sb_fini(&sb);
    return text;
}

const char *relay_fixture_request(struct relay_fixture *f, const char *method, const char *path,
                                  const char *headers, const char *body)
{
    int fd = send_request(f, method, path, headers, body, 0);
    const char *reply = relay_fixture_read(f, fd, NULL);

    close(fd);
    return reply;
}

const char *relay_fixture_post(struct relay_fixture *f, const char *path, const char *body)
{
    return relay_fixture_request(f, "POST", path, with_key, body);
}

struct turn {
    struct loop_msg msg;
    struct relay_loop *rl;
    sem_t done;
    unsigned running, with_client, with_job, with_call, approved; /* exchanges */
};

static void on_turn(struct loop_msg *msg)
{
    struct turn *t = container_of(msg, struct turn, msg);

    t->running = t->with_client = t->with_job = t->with_call = t->approved = 0;
    LIST_FOR_EACH (it, &t->rl->exchanges) {
        const struct exchange *x = list_entry(it, struct exchange, link);

        t->running++;
        t->with_client += !x->client_gone;
        t->with_job += upload_has_job(x);
        t->with_call += x->call != NULL;
        t->approved += x->upload && !upload_goes_through(x) && x->call;
    }
    sem_post(&t->done);
}

static void on_stop(struct loop_msg *msg)
{
    struct turn *t = container_of(msg, struct turn, msg);

    relay_loop_stop(t->rl);
    sem_post(&t->done);
}

/* One message through the loop: what it then counted. */
static struct turn send_through(struct relay_fixture *f, void (*fn)(struct loop_msg *msg))
{
    struct turn t = {.msg.fn = fn, .rl = &f->relay->loops[0]};

    sem_init(&t.done, 0, 0);
    loop_post(f->parts->loop, &t.msg);
    while (sem_wait(&t.done) != 0)
        ;
    sem_destroy(&t.done);
    return t;
}

static struct turn take_turn(struct relay_fixture *f)
{
    return send_through(f, on_turn);
}

void relay_fixture_stop(struct relay_fixture *f)
{
    (void)send_through(f, on_stop);
}

void relay_fixture_turn(struct relay_fixture *f)
{
    for (int i = 0; i < 3; i++) /* what came in the same poll may come behind the message */
        (void)take_turn(f);
}

/* Bounded by the time-out of the test program. */
static void wait_until_over(struct relay_fixture *f)
{
    while (take_turn(f).running > 0)
        sched_yield();
}

void relay_fixture_wait_checking(struct relay_fixture *f)
{
    while (take_turn(f).with_job == 0)
        sched_yield();
}

void relay_fixture_wait_approved(struct relay_fixture *f)
{
    while (take_turn(f).approved == 0)
        sched_yield();
}

void relay_fixture_wait_no_call(struct relay_fixture *f)
{
    while (take_turn(f).with_call > 0)
        sched_yield();
}

void relay_fixture_leave(struct relay_fixture *f, int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
    while (take_turn(f).with_client > 0)
        sched_yield();
}

int relay_fixture_status(const char *reply)
{
    return strlen(reply) > 12 ? (int)strtol(reply + 9, NULL, 10) : 0;
}

static struct str join_chunks(struct relay_fixture *f, struct str in)
{
    struct sb sb;
    struct str joined;

    sb_init(&sb, TEXT_MAX);
    while (in.n > 0) {
        char line[32] = {0};
        struct str size = str_cut(&in, '\n');
        unsigned long n;

        memcpy(line, size.p, size.n < sizeof line ? size.n : sizeof line - 1);
        n = strtoul(line, NULL, 16);
        if (n == 0)
            break;
        sb_add(&sb, str_sub(in, 0, n));
        in = str_skip(in, n + 2);
    }
    joined = str_dup(&f->arena, sb_str(&sb));
    sb_fini(&sb);
    return joined;
}

const char *relay_fixture_body(struct relay_fixture *f, const char *reply)
{
    struct str all = str_from(reply);
    ptrdiff_t end = str_find(all, STR("\r\n\r\n"));

    if (end < 0)
        return "";
    struct str body = str_skip(all, (size_t)end + 4);
    if (str_find_nocase(str_sub(all, 0, (size_t)end), STR("transfer-encoding: chunked")) >= 0)
        return join_chunks(f, body).p;
    return body.p;
}

/* ---- configuration ---- */

static struct str text_or(struct str given, struct str usual)
{
    return given.n > 0 ? given : usual;
}

void relay_fixture_add_channel(struct relay_fixture *f, const struct channel *given)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct channel row = *given;
    unsigned i = f->channel_count++;
    struct str url = arena_fmt(&f->arena, "http://127.0.0.1:%u/%u", f->parts->up_port, i);

    row.type = row.type ? row.type : CHANNEL_TYPE_OPENAI;
    row.status = row.status ? row.status : CHANNEL_ENABLED;
    row.name = text_or(row.name, STR("up"));
    row.base_url = text_or(row.base_url, url);
    row.models = text_or(row.models, STR("m,m2,embed"));
    row.group = text_or(row.group, STR("default"));
    if (secret_reveal(row.key).n == 0)
        row.key = secret_make(STR("sk-upstream-secret"));
    MUST(db_acquire(f->db, DB_WRITE, &c, &err));
    MUST(repo_channel_insert(c, &row, &f->channels[i], &err));
}

static enum err_code publish(struct relay_fixture *f, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    CLEANUP(arena_finip) struct arena a;
    struct channel *rows;
    size_t n;

    arena_init(&a, 0);
    TRY(db_acquire(f->db, DB_READ, &c, err));
    TRY(repo_channel_list_all(c, &a, &rows, &n, err));
    relay_publish(
        f->relay,
        snapshot_build(rows, n, f->parts->options, f->parts->option_count, ++f->parts->version),
        true);
    return ERR_OK;
}

void relay_fixture_two_channels(struct relay_fixture *f, const struct channel *given)
{
    relay_fixture_sql(f, "DELETE FROM abilities");
    relay_fixture_sql(f, "DELETE FROM channels");
    f->channel_count = 0;
    relay_fixture_add_channel(f, given);
    relay_fixture_add_channel(f, given);
    relay_fixture_sql(f, "UPDATE channels SET priority=9 WHERE id=(SELECT MIN(id) FROM channels)");
    relay_fixture_sql(f, "UPDATE abilities SET priority=9 WHERE channel_id=(SELECT MIN(id) FROM "
                         "channels)");
}

void relay_fixture_publish(struct relay_fixture *f, ...)
{
    struct relay_fixture_parts *p = f->parts;
    va_list args;
    const char *name;
    size_t n = 0;

    va_start(args, f);
    while ((name = va_arg(args, const char *)) && n < OPTIONS_MAX)
        p->options[n++] = (struct option_row){.key = str_from(name),
                                              .value = str_from(va_arg(args, const char *))};
    va_end(args);
    if (n > 0) {
        p->options[n++] = (struct option_row){
            STR("ModelRatio"), STR("{\"m\":1,\"m2\":1,\"embed\":1,\"nobody\":1,\"o1\":1}")};
        p->options[n++] = (struct option_row){STR("CompletionRatio"), STR("{\"m\":2}")};
        p->option_count = n;
    }
    MUST(publish(f, &err));
}

static enum err_code reload(void *ctx, struct err *err)
{
    struct relay_fixture *f = ctx;
    enum err_code rc = publish(f, err);

    atomic_fetch_add(&f->reloads, 1);
    relay_fixture_set(f, RELAY_FIXTURE_MARKS - 1);
    return rc;
}

/* ---- life ---- */

static void make_accounts(struct relay_fixture *f)
{
    const struct user user = {
        .username = STR("ann"), .quota = RELAY_FIXTURE_QUOTA, .role = ROLE_COMMON};
    struct token token = {.key = secret_make(STR(RELAY_FIXTURE_KEY)),
                          .status = TOKEN_ENABLED,
                          .name = STR("tok"),
                          .expired_time = -1,
                          .remain_quota = RELAY_FIXTURE_QUOTA};
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    MUST(db_acquire(f->db, DB_WRITE, &c, &err));
    MUST(repo_user_insert(c, &user, &f->user, &err));
    token.user_id = f->user;
    MUST(repo_token_insert(c, &token, &f->token, &err));
}

static void open_store(struct relay_fixture *f, uint16_t redis_port)
{
    struct relay_fixture_parts *p = f->parts;

    f->db = store_fixture_open(p->db_path);
    snprintf(p->dir, sizeof p->dir, "/tmp/yourapi-relay-XXXXXX");
    if (!mkdtemp(p->dir))
        die("mkdtemp", strerror(errno));
    f->balances = balances_new();
    if (redis_port != 0)
        fixture_redis_open(&p->redis, &f->arena, redis_port, f->balances, f->db, p->offload);
    struct ledger_conf conf = {.journal_dir = str_from(p->dir),
                               .journals = 1,
                               .db = f->db,
                               .log_db = f->db,
                               .balances = f->balances,
                               .shared = p->redis.shared,
                               .clock = &f->clock.clock,
                               .segment_bytes = 65536};
    MUST(ledger_open(&conf, &f->ledger, &err));
}

static enum err_code attach(void *ctx, struct credential *c, struct err *err)
{
    return relay_attach_balance(((struct relay_fixture *)ctx)->relay, c, err);
}

static void detach(void *ctx, struct credential *c)
{
    relay_detach_balance(((struct relay_fixture *)ctx)->relay, c);
}

static void build_relay(struct relay_fixture *f, void (*change)(struct relay_conf *conf))
{
    struct relay_fixture_parts *p = f->parts;
    const struct apikeys_conf keys = {.db = f->db,
                                      .offload = p->offload,
                                      .clock = &f->clock.clock,
                                      .refresh_s = 3600,
                                      .attach = attach,
                                      .detach = detach,
                                      .ctx = f};
    struct relay_conf conf = {.db = f->db,
                              .offload = p->offload,
                              .clock = &f->clock.clock,
                              .balances = f->balances,
                              .ledger = f->ledger,
                              .loops = 1,
                              .body_limit = 1 << 20,
                              .stream_timeout_ms = PATIENCE_MS,
                              .drain_ms = PATIENCE_MS,
                              .force_stream_option = true,
                              .event_limit = 64 << 20,
                              .count_token = true,
                              .media_token = true,
                              .media_token_not_stream = true,
                              .reload = reload,
                              .ctx = f};

    conf.apikeys = p->apikeys = apikeys_new(&keys);
    if (change)
        change(&conf);
    f->relay = relay_new(&conf);
}

static void *loop_thread(void *arg)
{
    loop_run(arg);
    return NULL;
}

static void start_loop(struct relay_fixture *f)
{
    struct relay_fixture_parts *p = f->parts;
    const struct http_client_conf client = {0};
    struct http_server_conf server = {
        .find_route = router_find, .error_body = relay_error_body, .error_ctx = f->relay};
    struct relay_loop *rl;

    MUST(loop_new(&p->loop, &err));
    MUST(http_client_new(p->loop, p->offload, &client, &p->client, &err));
    rl = relay_loop_new(f->relay, 0, p->loop, p->client, NULL);
    fixture_redis_join(&p->redis, rl, p->loop, http_client_dns(p->client),
                       journal_id(ledger_journal(f->ledger, 0)));
    p->router = router_new();
    relay_add_routes(f->relay, p->router);
    server.route_ctx = p->router;
    MUST(http_server_open(p->loop, &server, "127.0.0.1", 0, &p->server, &err));
    if (pthread_create(&p->loop_thread, NULL, loop_thread, p->loop) != 0)
        die("thread", strerror(errno));
}

/* The first calls would be admitted without it. Bounded by the time-out of the test program. */
static void wait_for_redis(struct relay_fixture *f)
{
    while (f->parts->redis.shared && !fixture_redis_is_live(&f->parts->redis))
        (void)take_turn(f);
}

struct relay_fixture *relay_fixture_new(void (*change)(struct relay_conf *conf))
{
    return relay_fixture_new_shared(change, 0);
}

struct relay_fixture *relay_fixture_new_shared(void (*change)(struct relay_conf *conf),
                                               uint16_t redis_port)
{
    struct relay_fixture *f = mem_new(struct relay_fixture);
    struct relay_fixture_parts *p = f->parts = mem_new(struct relay_fixture_parts);

    log_set_level(LOG_ERROR); /* failing upstreams are what the tests are about */
    arena_init(&f->arena, 0);
    pthread_mutex_init(&p->lock, NULL);
    for (unsigned i = 0; i < RELAY_FIXTURE_MARKS; i++)
        sem_init(&p->marks[i], 0, 0);
    sem_init(&p->progress, 0, 0);
    f->clock.clock.now_us = fixture_now;
    f->clock.us = (int64_t)NOW_S * 1000000;
    MUST(offload_new(2, 64, &p->offload, &err));
    open_store(f, redis_port);
    make_accounts(f);
    build_relay(f, change);
    p->listener = listen_on_loopback(&p->up_port);
    relay_fixture_add_channel(f, &(struct channel){0});
    relay_fixture_publish(f, "RetryTimes", "0", NULL);
    start_loop(f);
    if (pthread_create(&p->accept_thread, NULL, accept_thread, f) != 0)
        die("thread", strerror(errno));
    wait_for_redis(f);
    return f;
}

static void stop_threads(struct relay_fixture_parts *p)
{
    loop_stop(p->loop);
    pthread_join(p->loop_thread, NULL);
    shutdown(p->listener, SHUT_RDWR);
    pthread_join(p->accept_thread, NULL);
    close(p->listener);
    for (unsigned i = 0; i < p->call_count; i++)
        pthread_join(p->calls[i], NULL);
}

static void remove_files(struct relay_fixture *f)
{
    char command[STORE_FIXTURE_PATH + 16];

    store_fixture_close(f->db, f->parts->db_path);
    snprintf(command, sizeof command, "rm -rf %s", f->parts->dir);
    if (system(command) != 0)
        die("remove", f->parts->dir);
}

void relay_fixture_free(struct relay_fixture *f)
{
    struct relay_fixture_parts *p = f->parts;

    stop_threads(p);
    offload_stop(p->offload);
    ledger_close(f->ledger, PATIENCE_MS);
    fixture_redis_leave(&p->redis);
    http_client_free(p->client);
    loop_free(p->loop);
    router_free(p->router);
    apikeys_free(p->apikeys);
    relay_free(f->relay);
    fixture_redis_free(&p->redis);
    balances_free(f->balances);
    offload_free(p->offload);
    remove_files(f);
    for (unsigned i = 0; i < RELAY_FIXTURE_SEEN; i++) {
        mem_free(f->seen_body[i]);
        mem_free(f->seen_head[i]);
    }
    for (unsigned i = 0; i < RELAY_FIXTURE_MARKS; i++)
        sem_destroy(&p->marks[i]);
    sem_destroy(&p->progress);
    pthread_mutex_destroy(&p->lock);
    arena_fini(&f->arena);
    mem_free(p);
    mem_free(f);
}

/* ---- accounts ---- */

void relay_fixture_sql(struct relay_fixture *f, const char *sql)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    MUST(db_acquire(f->db, DB_WRITE, &c, &err));
    MUST(db_exec_values(c, NULL, &err, sql, NULL, 0));
    apikeys_forget_token(f->parts->apikeys, f->token);
    apikeys_forget_user(f->parts->apikeys, f->user);
}

const char *relay_fixture_cell(struct relay_fixture *f, const char *sql)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct db_rows *rows;
    const char *cell = "(no row)";

    MUST(db_acquire(f->db, DB_READ, &c, &err));
    MUST(db_query_values(c, &f->arena, &rows, &err, sql, NULL, 0));
    if (db_next(rows))
        cell = str_dup(&f->arena, db_text(rows, 0)).p;
    MUST(db_end(rows, &err));
    return cell;
}

int64_t relay_fixture_number(struct relay_fixture *f, const char *sql)
{
    int64_t n;

    if (!str_to_i64(str_from(relay_fixture_cell(f, sql)), &n))
        die(sql, "gives no number");
    return n;
}

static void check_equal(const char *what, int64_t got, int64_t want)
{
    char text[100];

    snprintf(text, sizeof text, "is %lld, not %lld", (long long)got, (long long)want);
    if (got != want)
        die(what, text);
}

void relay_fixture_check_books(struct relay_fixture *f)
{
    struct balance *user, *token;
    int64_t spent;

    wait_until_over(f);
    if (!ledger_flush(f->ledger, PATIENCE_MS))
        die("books", "the ledger did not come to its end");
    spent = relay_fixture_number(f, "SELECT COALESCE(SUM(quota),0) FROM logs WHERE type=2");
    check_equal("users.used_quota", relay_fixture_number(f, "SELECT used_quota FROM users"), spent);
    check_equal("tokens.used_quota", relay_fixture_number(f, "SELECT used_quota FROM tokens"),
                spent);
    check_equal("channels.used_quota",
                relay_fixture_number(f, "SELECT SUM(used_quota) FROM channels"), spent);
    user =
        balance_open_user(f->balances, f->user, relay_fixture_number(f, "SELECT quota FROM users"));
    token = balance_open_token(f->balances, f->token,
                               relay_fixture_number(f, "SELECT remain_quota FROM tokens"), false);
    check_equal("the user's balance", balance_available(user),
                relay_fixture_number(f, "SELECT quota FROM users"));
    check_equal("the token's balance", balance_available(token),
                relay_fixture_number(f, "SELECT remain_quota FROM tokens"));
    balance_put(user);
    balance_put(token);
}

static void check_account_there(struct relay_fixture *f, char kind, int64_t id, const char *sql)
{
    check_equal("the balance in Redis",
                fixture_redis_settled(&f->parts->redis, &f->arena, kind, id),
                relay_fixture_number(f, sql));
}

void relay_fixture_check_redis(struct relay_fixture *f)
{
    check_account_there(f, 'u', f->user, "SELECT quota FROM users");
    check_account_there(f, 't', f->token, "SELECT remain_quota FROM tokens");
}
