/*
 * The client against real servers, which the tests start on free ports and end: logins, a restart
 * under load, scripts, publish/subscribe, Sentinels, TLS. Skipped, and said so, where there is no
 * redis-server.
 */
#include <pthread.h>
#include <sys/stat.h>

#include "base/mem.h"
#include "cache/redis.h"
#include "cache/redis_server_testing.h"
#include "cache/redis_sub.h"
#include "net/tls_testing.h"

/* --- a client on a thread of its own --------------------------------------------------------- */

struct heard { /* what a subscription got */
    pthread_mutex_t lock;
    unsigned lives, losses, messages;
    char last[64];
};

struct client {
    struct loop *loop;
    struct offload *offload;
    struct dns *dns;
    struct tls_ctx *tls;
    struct redis_conf conf;
    struct redis_settings settings;
    struct redis *redis;
    struct redis_sub *sub;
    struct heard heard;
    struct arena arena;
    pthread_t thread;
};

static void on_message(void *ctx, struct str channel, struct str payload)
{
    struct heard *h = ctx;

    pthread_mutex_lock(&h->lock);
    h->messages++;
    snprintf(h->last, sizeof h->last, "%.*s %.*s", STR_ARG(channel), STR_ARG(payload));
    pthread_mutex_unlock(&h->lock);
}

static void on_live(void *ctx, bool live)
{
    struct heard *h = ctx;

    pthread_mutex_lock(&h->lock);
    h->lives += live;
    h->losses += !live;
    pthread_mutex_unlock(&h->lock);
}

static const struct redis_sub_handler sub_handler = {on_message, on_live};

static void *client_thread(void *arg)
{
    loop_run(((struct client *)arg)->loop);
    return NULL;
}

struct client_conf {
    const char *text, *password, *master; /* NULL: not given */
    const char *ca_file;
    bool subscribe; /* to "news" and "other" */
};

static void client_open(struct client *c, const struct client_conf *conf)
{
    const struct str channels[] = {STR("news"), STR("other")};
    const struct tls_conf tls = {.ca_file = conf->ca_file};
    struct err err;

    memset(c, 0, sizeof *c);
    arena_init(&c->arena, 0);
    pthread_mutex_init(&c->heard.lock, NULL);
    CHECK_EQ(redis_conf_read(&c->arena, str_dup(&c->arena, str_from(conf->text)),
                             secret_make(str_from(conf->password)), str_from(conf->master),
                             &c->conf, &err),
             ERR_OK);
    CHECK_EQ(loop_new(&c->loop, &err), ERR_OK);
    CHECK_EQ(offload_new(1, 16, &c->offload, &err), ERR_OK);
    CHECK_EQ(tls_ctx_new(&tls, &c->tls, &err), ERR_OK);
    c->dns = dns_new(c->loop, c->offload);
    c->settings = (struct redis_settings){.loop = c->loop,
                                          .dns = c->dns,
                                          .tls = c->tls,
                                          .server = &c->conf,
                                          .call_ms = 3000,
                                          .ping_ms = 500,
                                          .retry_max_ms = 100};
    c->redis = redis_new(&c->settings);
    if (conf->subscribe)
        c->sub =
            redis_sub_new(&c->settings, channels, ARRAY_LEN(channels), &sub_handler, &c->heard);
    CHECK_EQ(pthread_create(&c->thread, NULL, client_thread, c), 0);
}

static void client_close(struct client *c)
{
    loop_stop(c->loop);
    pthread_join(c->thread, NULL);
    redis_sub_free(c->sub);
    redis_free(c->redis);
    offload_free(c->offload);
    dns_free(c->dns);
    tls_ctx_free(c->tls);
    loop_free(c->loop);
    pthread_mutex_destroy(&c->heard.lock);
    arena_fini(&c->arena);
}

/* Words that spaces separate. */
static enum err_code ask(struct client *c, const char *words, struct redis_value *v, bool *sent,
                         struct err *err)
{
    struct str argv[8];
    struct redis_command cmd = {.argv = argv};

    STR_SPLIT_EACH (part, str_from(words), ' ')
        if (cmd.argc < ARRAY_LEN(argv))
            argv[cmd.argc++] = part;
    return redis_ask(c->redis, &cmd, 0, &c->arena, v, sent, err);
}

/* Until it is answered: the server may have to come (back) first. */
static struct redis_value must_ask(struct client *c, const char *words)
{
    struct redis_value v = {0};
    struct err err;
    uint64_t due = clock_mono_ms() + PATIENCE_MS;

    while (ask(c, words, &v, NULL, &err) != ERR_OK) {
        if (err.code != ERR_UNAVAILABLE || clock_mono_ms() > due)
            print_error("%s: %s\n", words, err.msg);
        CHECK_EQ(err.code, ERR_UNAVAILABLE);
        CHECK(clock_mono_ms() <= due);
        pause_ms(10);
    }
    return v;
}

/* Waits until the client has been told why it cannot connect. */
static void check_refused(struct client *c, const char *why)
{
    struct redis_status status = {0};

    for (int i = 0; i < PATIENCE_MS / 10 && status.last_error[0] == '\0'; i++) {
        pause_ms(10);
        redis_status(c->redis, &status);
    }
    if (!str_has(str_from(status.last_error), str_from(why)))
        print_error("\"%s\" has no \"%s\"\n", status.last_error, why);
    CHECK(str_has(str_from(status.last_error), str_from(why)));
    CHECK(!str_has(str_from(status.last_error), STR("hidden")));
    CHECK(!status.up);
}

static void format_url(char *out, size_t n, const char *scheme, const char *login, uint16_t port,
                       const char *path)
{
    snprintf(out, n, "%s://%s127.0.0.1:%u%s", scheme, login, port, path);
}

/* --- the tests ------------------------------------------------------------------------------- */

TEST(logins_and_databases_are_those_of_the_address)
{
    struct server s = {0};
    struct client c, other;
    char url[128];

    NEED_SERVER();
    server_start(&s, "--requirepass hidden-pw");
    format_url(url, sizeof url, "redis", ":hidden-pw@", s.port, "/3");
    client_open(&c, &(struct client_conf){.text = url});
    CHECK(redis_value_is(
        (struct redis_value[]){must_ask(&c, "ACL SETUSER me on >hidden-2 ~* +@all")}, STR("OK")));
    must_ask(&c, "SET key three");

    format_url(url, sizeof url, "redis", "me:wrong@", s.port, "");
    client_open(&other, &(struct client_conf){.text = url, .password = "hidden-2"});
    CHECK_EQ(must_ask(&other, "GET key").kind, REDIS_NIL);
    must_ask(&other, "SELECT 3");
    CHECK_STR(must_ask(&other, "GET key").s, "three");
    client_close(&other);

    client_open(&other, &(struct client_conf){.text = url, .password = "hidden-wrong"});
    check_refused(&other, "the server refuses the login: WRONGPASS");
    client_close(&other);

    format_url(url, sizeof url, "redis", "", s.port, "");
    client_open(&other, &(struct client_conf){.text = url});
    check_refused(&other, "the server asks for a password");
    client_close(&other);

    format_url(url, sizeof url, "redis", ":hidden-pw@", s.port, "/4000");
    client_open(&other, &(struct client_conf){.text = url});
    check_refused(&other, "the server refuses the database");
    client_close(&other);
    client_close(&c);
    server_end(&s);
}

/* Counts in the server as fast as it goes, and what it was told. */
struct counter {
    struct client *client;
    pthread_t thread;
    atomic_bool *stop;
    atomic_uint done, unknown, refused;
};

static void *count_thread(void *arg)
{
    struct counter *me = arg;
    const struct str argv[] = {STR("INCR"), STR("n")};
    const struct redis_command cmd = {.argv = argv, .argc = 2};

    while (!*me->stop) {
        CLEANUP(arena_finip) struct arena a;
        struct redis_value v;
        bool sent;

        arena_init(&a, 0);
        if (redis_ask(me->client->redis, &cmd, 2000, &a, &v, &sent, NULL) == ERR_OK)
            me->done++;
        else if (sent)
            me->unknown++;
        else
            me->refused++;
        if (!sent)
            pause_ms(1);
    }
    return NULL;
}

static void wait_counted(const struct counter *counters, size_t n, unsigned more)
{
    for (size_t i = 0; i < n; i++) {
        unsigned from = counters[i].done;

        for (int ms = 0; ms < PATIENCE_MS && counters[i].done < from + more; ms++)
            pause_ms(1);
        CHECK(counters[i].done >= from + more);
    }
}

TEST(a_restart_under_load_loses_nothing_that_was_answered)
{
    enum { THREADS = 3, ROUNDS = 2 };
    static struct counter counters[THREADS];
    unsigned done = 0, unknown = 0, refused = 0;
    struct server s = {0};
    struct client c;
    atomic_bool stop = false;
    char url[128];
    int64_t value = 0;

    NEED_SERVER();
    server_start(&s, "--appendonly yes");
    format_url(url, sizeof url, "redis", "", s.port, "");
    client_open(&c, &(struct client_conf){.text = url});
    for (size_t i = 0; i < THREADS; i++) {
        counters[i] = (struct counter){.client = &c, .stop = &stop};
        pthread_create(&counters[i].thread, NULL, count_thread, &counters[i]);
    }
    for (int round = 0; round < ROUNDS; round++) {
        wait_counted(counters, THREADS, 100);
        server_kill(&s);
        for (int ms = 0; ms < PATIENCE_MS && counters[0].refused == 0; ms++)
            pause_ms(1);
        server_start(&s, "--appendonly yes");
    }
    wait_counted(counters, THREADS, 100);
    stop = true;
    for (size_t i = 0; i < THREADS; i++) {
        pthread_join(counters[i].thread, NULL);
        done += counters[i].done;
        unknown += counters[i].unknown;
        refused += counters[i].refused;
    }
    CHECK(str_to_i64(must_ask(&c, "GET n").s, &value));
    print_message("answered %u, unknown %u, refused %u, counted %lld\n", done, unknown, refused,
                  (long long)value);
    CHECK(value >= done);
    CHECK(value <= (int64_t)done + unknown);
    CHECK(refused > 0);
    client_close(&c);
    server_end(&s);
}

TEST(scripts_are_sent_again_when_the_server_has_forgotten_them)
{
    const struct str argv[] = {STR("stock"), STR("3")};
    struct redis_script script;
    const struct redis_command take = {.script = &script, .keys = 1, .argv = argv, .argc = 2};
    struct server s = {0};
    struct redis_value v;
    struct client c;
    struct err err;
    char url[128];

    NEED_SERVER();
    server_start(&s, "");
    format_url(url, sizeof url, "redis", "", s.port, "");
    client_open(&c, &(struct client_conf){.text = url});
    redis_script_init(&script, STR("local left = tonumber(redis.call('GET', KEYS[1]) or '0')\n"
                                   "if left < tonumber(ARGV[1]) then return {0, left} end\n"
                                   "return {1, redis.call('DECRBY', KEYS[1], ARGV[1])}"));
    must_ask(&c, "SET stock 10");
    for (int i = 0; i < 4; i++) {
        CHECK_EQ(redis_ask(c.redis, &take, 0, &c.arena, &v, NULL, &err), ERR_OK);
        CHECK_EQ(v.count, 2);
        CHECK_EQ(v.items[0].i, i < 3);
        CHECK_EQ(v.items[1].i, i < 3 ? 7 - 3 * i : 1);
        if (i % 2)
            must_ask(&c, "SCRIPT FLUSH");
    }
    redis_script_init(&script, STR("return redis.call('LPUSH', KEYS[1], ARGV[1])"));
    CHECK_EQ(redis_ask(c.redis, &take, 0, &c.arena, &v, NULL, &err), ERR_INTERNAL);
    CHECK(str_has(str_from(err.msg), STR("WRONGTYPE")));
    client_close(&c);
    server_end(&s);
}

static void wait_heard(struct heard *h, unsigned lives, unsigned losses, unsigned messages)
{
    bool all = false;

    for (int ms = 0; ms < PATIENCE_MS && !all; ms += 5) {
        pause_ms(5);
        pthread_mutex_lock(&h->lock);
        all = h->lives >= lives && h->losses >= losses && h->messages >= messages;
        pthread_mutex_unlock(&h->lock);
    }
    CHECK(all);
}

static void check_heard(struct heard *h, const char *want)
{
    pthread_mutex_lock(&h->lock);
    CHECK_STR(str_from(h->last), want);
    pthread_mutex_unlock(&h->lock);
}

TEST(subscriptions_come_back_and_tell_that_messages_were_missed)
{
    struct server s = {0};
    struct client c;
    char url[128];

    NEED_SERVER();
    server_start(&s, "");
    format_url(url, sizeof url, "redis", "", s.port, "");
    client_open(&c, &(struct client_conf){.text = url, .subscribe = true});
    wait_heard(&c.heard, 1, 0, 0);
    CHECK_EQ(must_ask(&c, "PUBLISH news one").i, 1);
    wait_heard(&c.heard, 1, 0, 1);
    check_heard(&c.heard, "news one");

    must_ask(&c, "CLIENT KILL TYPE pubsub");
    wait_heard(&c.heard, 2, 1, 1);
    CHECK_EQ(must_ask(&c, "PUBLISH other two").i, 1);
    wait_heard(&c.heard, 2, 1, 2);
    check_heard(&c.heard, "other two");

    server_kill(&s);
    wait_heard(&c.heard, 2, 2, 2);
    server_start(&s, "");
    wait_heard(&c.heard, 3, 2, 2);
    CHECK_EQ(must_ask(&c, "PUBLISH news three").i, 1);
    wait_heard(&c.heard, 3, 2, 3);
    check_heard(&c.heard, "news three");

    /* Longer than it is silent before it asks: asking must not look like a message or a fault. */
    pause_ms(1200);
    CHECK_EQ(must_ask(&c, "PUBLISH news four").i, 1);
    wait_heard(&c.heard, 3, 2, 4);
    CHECK_EQ(c.heard.losses, 2);

    /* A server that stands still, as behind a network that swallows everything. */
    kill(s.pid, SIGSTOP);
    wait_heard(&c.heard, 3, 3, 4);
    kill(s.pid, SIGCONT);
    wait_heard(&c.heard, 4, 3, 4);
    client_close(&c);
    server_end(&s);
}

static void sentinel_start(struct server *s, uint16_t master)
{
    char file[96];
    FILE *f;

    s->port = free_port();
    snprintf(s->dir, sizeof s->dir, "/tmp/redis-test-XXXXXX");
    CHECK(mkdtemp(s->dir) != NULL);
    snprintf(file, sizeof file, "%s/sentinel.conf", s->dir);
    f = fopen(file, "w");
    CHECK(f != NULL);
    fprintf(f,
            "port %u\nbind 127.0.0.1\ndir %s\nsentinel monitor main 127.0.0.1 %u 1\n"
            "sentinel down-after-milliseconds main 500\nsentinel failover-timeout main 5000\n"
            "sentinel auth-pass main hidden\n",
            s->port, s->dir, master);
    fclose(f);
    char *argv[] = {"redis-server", file, "--sentinel", NULL};
    server_run(s, argv);
}

static void wait_in_sync(struct client *c)
{
    for (int ms = 0; ms < PATIENCE_MS; ms += 10) {
        struct redis_value role = must_ask(c, "ROLE");

        if (role.count == 3 && role.items[2].count == 1)
            return;
        pause_ms(10);
    }
    CHECK(false);
}

/* Until the Sentinel has found the replica: before that it could not replace the master. */
static void wait_known(uint16_t sentinel)
{
    bool known = false;

    /* The client does not stay with a Sentinel, so a plain connection asks. */
    for (int ms = 0; ms < PATIENCE_MS && !known; ms += 50) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                 .sin_port = htons(sentinel)};
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        char answer[2048] = "";
        ssize_t n = -1;

        if (connect(fd, (struct sockaddr *)&at, sizeof at) == 0 &&
            write(fd, "INFO sentinel\r\n", 15) == 15)
            n = read(fd, answer, sizeof answer - 1);
        close(fd);
        known = n > 0 && str_has(str_make(answer, (size_t)n), STR("slaves=1"));
        pause_ms(50);
    }
    CHECK(known);
}

TEST(a_failover_of_the_sentinels_is_followed)
{
    struct server master = {0}, replica = {0}, sentinel = {0};
    struct redis_status before, after;
    struct client c;
    char options[128], text[64];

    NEED_SERVER();
    server_start(&master, "--requirepass hidden --masterauth hidden");
    snprintf(options, sizeof options,
             "--requirepass hidden --masterauth hidden --replicaof 127.0.0.1 %u "
             "--repl-diskless-sync-delay 0",
             master.port);
    server_start(&replica, options);
    sentinel_start(&sentinel, master.port);
    /* The first Sentinel of the list does not exist. */
    snprintf(text, sizeof text, "127.0.0.1:%u,127.0.0.1:%u", free_port(), sentinel.port);
    client_open(&c, &(struct client_conf){
                        .text = text, .password = "hidden", .master = "main", .subscribe = true});
    must_ask(&c, "SET key before");
    redis_status(c.redis, &before);
    snprintf(text, sizeof text, "127.0.0.1:%u", master.port);
    CHECK_STR(str_from(before.server), text);
    wait_in_sync(&c);
    wait_known(sentinel.port);
    wait_heard(&c.heard, 1, 0, 0);

    server_kill(&master);
    must_ask(&c, "SET other after");
    CHECK_STR(must_ask(&c, "GET key").s, "before");
    redis_status(c.redis, &after);
    snprintf(text, sizeof text, "127.0.0.1:%u", replica.port);
    CHECK_STR(str_from(after.server), text);
    CHECK(after.up);
    wait_heard(&c.heard, 2, 1, 0);
    CHECK_EQ(must_ask(&c, "PUBLISH news x").i, 1);
    client_close(&c);
    server_end(&sentinel);
    server_end(&replica);
    server_end(&master);
}

static void write_certificate(const struct server *s, const struct tls_test_ca *ca)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *cert = tls_test_blank(key, "test server", -TLS_TEST_DAY, TLS_TEST_DAY);
    char file[96];
    FILE *f;

    X509_set_issuer_name(cert, X509_get_subject_name(ca->cert));
    tls_test_extension(cert, NID_subject_alt_name, "IP:127.0.0.1");
    X509_sign(cert, ca->key, EVP_sha256());
    snprintf(file, sizeof file, "%s/cert.pem", s->dir);
    f = fopen(file, "w");
    PEM_write_X509(f, cert);
    fclose(f);
    snprintf(file, sizeof file, "%s/key.pem", s->dir);
    f = fopen(file, "w");
    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL);
    fclose(f);
    X509_free(cert);
    EVP_PKEY_free(key);
}

TEST(tls_is_verified)
{
    struct server s = {.dir = "/tmp/redis-test-XXXXXX"};
    char options[256], url[128];
    struct tls_test_ca ca;
    struct client c;
    uint16_t plain;

    NEED_SERVER();
    CHECK(mkdtemp(s.dir) != NULL);
    tls_test_ca_open(&ca);
    write_certificate(&s, &ca);
    plain = free_port();
    s.port = free_port();
    /* The later --port counts. */
    snprintf(options, sizeof options,
             "--port %u --tls-port %u --tls-auth-clients no --tls-cert-file %s/cert.pem "
             "--tls-key-file %s/key.pem --requirepass hidden",
             plain, s.port, s.dir, s.dir);
    server_start(&s, options);
    format_url(url, sizeof url, "rediss", ":hidden@", s.port, "/1");
    client_open(&c, &(struct client_conf){.text = url, .ca_file = ca.file, .subscribe = true});
    must_ask(&c, "SET key value");
    CHECK_STR(must_ask(&c, "GET key").s, "value");
    wait_heard(&c.heard, 1, 0, 0);
    must_ask(&c, "PUBLISH news x");
    wait_heard(&c.heard, 1, 0, 1);
    client_close(&c);

    client_open(&c, &(struct client_conf){.text = url});
    check_refused(&c, "certificate is not trusted");
    client_close(&c);

    snprintf(url, sizeof url, "rediss://:hidden@localhost:%u", s.port);
    client_open(&c, &(struct client_conf){.text = url, .ca_file = ca.file});
    check_refused(&c, "certificate is for another host");
    client_close(&c);
    tls_test_ca_close(&ca);
    server_end(&s);
}

TEST_MAIN(logins_and_databases_are_those_of_the_address,
          a_restart_under_load_loses_nothing_that_was_answered,
          scripts_are_sent_again_when_the_server_has_forgotten_them,
          subscriptions_come_back_and_tell_that_messages_were_missed,
          a_failover_of_the_sentinels_is_followed, tls_is_verified)
