/* Calls to upstreams and to Turnstile, against a small server on loopback that keeps what it was
 * asked. */
#include "api/fetch.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "api/api_fixture.h"
#include "base/sb.h"
#include "base/test.h"

struct upstream {
    int fd;
    uint16_t port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct sb seen;     /* requests, one after the other; under the lock */
    const char *answer; /* the whole reply */
    size_t pad;         /* bytes of body that follow it */
};

static void answer_one(struct upstream *u, int fd)
{
    char buffer[4096], *block;
    ssize_t n = recv(fd, buffer, sizeof buffer, 0);

    pthread_mutex_lock(&u->lock);
    if (n > 0)
        sb_add(&u->seen, str_make(buffer, (size_t)n));
    pthread_mutex_unlock(&u->lock);
    (void)!send(fd, u->answer, strlen(u->answer), MSG_NOSIGNAL);
    block = calloc(1, 65536);
    for (size_t sent = 0; sent < u->pad && send(fd, block, 65536, MSG_NOSIGNAL) > 0;)
        sent += 65536;
    free(block);
    close(fd);
}

static void *serve(void *ctx)
{
    struct upstream *u = ctx;
    int fd;

    while ((fd = accept(u->fd, NULL, NULL)) >= 0)
        answer_one(u, fd);
    return NULL;
}

static void upstream_open(struct upstream *u, const char *answer)
{
    struct sockaddr_in at = {.sin_family = AF_INET};
    socklen_t n = sizeof at;

    *u = (struct upstream){.answer = answer};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    u->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK_EQ(bind(u->fd, (struct sockaddr *)&at, sizeof at), 0);
    CHECK_EQ(listen(u->fd, 8), 0);
    CHECK_EQ(getsockname(u->fd, (struct sockaddr *)&at, &n), 0);
    u->port = ntohs(at.sin_port);
    pthread_mutex_init(&u->lock, NULL);
    sb_init(&u->seen, 1 << 20);
    pthread_create(&u->thread, NULL, serve, u);
}

static void upstream_close(struct upstream *u)
{
    shutdown(u->fd, SHUT_RDWR);
    pthread_join(u->thread, NULL);
    close(u->fd);
    sb_fini(&u->seen);
    pthread_mutex_destroy(&u->lock);
}

static bool saw(struct upstream *u, const char *text)
{
    bool found;

    pthread_mutex_lock(&u->lock);
    found = str_has(sb_str(&u->seen), str_from(text));
    pthread_mutex_unlock(&u->lock);
    return found;
}

#define MODELS                                                                                     \
    "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"                                                 \
    "{\"object\":\"list\",\"data\":[{\"id\":\"models/a\"},{\"id\":\"b\"},{\"x\":1},{\"id\":5}]}"

TEST(a_fetch_gives_status_and_body_and_sends_its_headers)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 418 No\r\nContent-Length: 5\r\n\r\nhello");
    struct fetch_request request = {
        .url = arena_fmt(&a, "http://127.0.0.1:%d/v1/models", u.port),
        .bearer = secret_make(STR("the-key")),
        .organization = STR("org-1"),
    };
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_OK);
    CHECK_EQ(reply.status, 418);
    CHECK_STR(reply.body, "hello");
    CHECK(saw(&u, "GET /v1/models HTTP/1.1"));
    CHECK(saw(&u, "Authorization: Bearer the-key"));
    CHECK(saw(&u, "OpenAI-Organization: org-1"));
    upstream_close(&u);
}

TEST(a_fetch_that_cannot_be_made_says_why_without_the_address)
{
    static const struct {
        const char *url;
        enum err_code code;
    } rows[] = {
        {"http://127.0.0.1:1/", ERR_CONNECT},
        {"file:///etc/passwd", ERR_BAD_REQUEST},
        {"gopher://127.0.0.1/", ERR_BAD_REQUEST},
        {"http://bad host/", ERR_BAD_REQUEST},
    };
    CLEANUP(arena_finip) struct arena a;
    struct fetch_reply reply;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fetch_request request = {.url = str_from(rows[i].url)};
        struct err err = {.code = ERR_OK};

        CHECK_EQ(fetch_run(&a, &request, &reply, &err), rows[i].code);
        CHECK(!str_has(str_from(err.msg), STR("127.0.0.1")));
        CHECK(!str_has(str_from(err.msg), STR("passwd")));
    }
}

TEST(an_answer_without_end_is_cut_and_a_redirect_is_not_followed)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;
    struct fetch_request request = {.timeout_s = 10};

    arena_init(&a, 0);
    upstream_open(&u, "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
    u.pad = FETCH_MAX_BYTES + 1000000;
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_TOO_LARGE);
    upstream_close(&u);

    upstream_open(&u, "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\n"
                      "Content-Length: 0\r\n\r\n");
    request.url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port);
    CHECK_EQ(fetch_run(&a, &request, &reply, NULL), ERR_OK);
    CHECK_EQ(reply.status, 302);
    upstream_close(&u);
}

TEST(a_key_with_a_line_break_does_not_become_a_header)
{
    CLEANUP(arena_finip) struct arena a;
    struct upstream u;
    struct fetch_reply reply;

    arena_init(&a, 0);
    upstream_open(&u, MODELS);
    struct fetch_request request = {
        .url = arena_fmt(&a, "http://127.0.0.1:%d/", u.port),
        .bearer = secret_make(STR("key\r\nX-Evil: 1")),
    };
    CHECK(fetch_run(&a, &request, &reply, NULL) != ERR_OK);
    CHECK(!saw(&u, "X-Evil"));
    upstream_close(&u);
}

/* ---- the routes that fetch ---- */

static struct api_answer post(struct api_fixture *f, const char *path, const char *body)
{
    return api_fixture_call(
        f, &(struct api_ask){.path = path, .body = body, .user_id = FIXTURE_ADMIN});
}

static void add_channel(struct api_fixture *f, int type, uint16_t port)
{
    struct api_answer a =
        post(f, "/api/channel/",
             arena_fmt(&f->arena,
                       "{\"type\":%d,\"key\":\"the-key\",\"name\":\"x\",\"models\":\"m\","
                       "\"openai_organization\":\"org-9\",\"base_url\":\"http://127.0.0.1:%d/\"}",
                       type, port)
                 .p);
    CHECK(json_bool_or(api_at(a.json, "success"), false));
}

TEST(models_of_a_stored_channel_are_asked_for_with_its_key)
{
    struct api_fixture *f = api_fixture_open();
    struct upstream u;

    upstream_open(&u, MODELS);
    add_channel(f, 1, u.port);
    add_channel(f, 24, u.port);
    struct api_ask ask = {.path = "/api/channel/fetch_models/1", .user_id = FIXTURE_ADMIN};
    struct api_answer a = api_fixture_call(f, &ask);
    CHECK_STR(json_raw(api_at(a.json, "data")), "[\"models/a\",\"b\"]");
    CHECK(saw(&u, "GET /v1/models HTTP/1.1"));
    CHECK(saw(&u, "Authorization: Bearer the-key"));
    CHECK(saw(&u, "OpenAI-Organization: org-9"));
    ask.path = "/api/channel/fetch_models/2";
    a = api_fixture_call(f, &ask);
    CHECK_STR(json_raw(api_at(a.json, "data")), "[\"a\",\"b\"]");
    CHECK(saw(&u, "GET /v1beta/openai/models HTTP/1.1"));
    ask.path = "/api/channel/fetch_models/77";
    a = api_fixture_call(f, &ask);
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    upstream_close(&u);
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/channel/fetch_models/1", .user_id = FIXTURE_ADMIN});
    CHECK_EQ(a.status, 200);
    CHECK(!json_bool_or(api_at(a.json, "success"), true));
    api_fixture_close(f);
}

TEST(models_for_a_form_answer_with_statuses)
{
    struct api_fixture *f = api_fixture_open();
    struct upstream u;
    const char *body;

    upstream_open(&u, MODELS);
    body =
        arena_fmt(&f->arena,
                  "{\"base_url\":\"http://127.0.0.1:%d\",\"type\":1,\"key\":\" k1\\nk2\"}", u.port)
            .p;
    struct api_answer a = post(f, "/api/channel/fetch_models", body);
    CHECK_EQ(a.status, 200);
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    CHECK(!api_at(a.json, "message"));
    CHECK(saw(&u, "Authorization: Bearer k1\r\n"));
    u.answer = "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\n{}";
    a = post(f, "/api/channel/fetch_models", body);
    CHECK_EQ(a.status, 500);
    CHECK_STR(api_text_at(f, a.json, "message"), "Failed to fetch models");
    u.answer = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<garbage>";
    CHECK_EQ(post(f, "/api/channel/fetch_models", body).status, 500);
    u.answer = "HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n{\"data\":[]}";
    a = post(f, "/api/channel/fetch_models", body);
    CHECK(json_is(api_at(a.json, "data"), JSON_NULL));
    upstream_close(&u);
    a = post(f, "/api/channel/fetch_models", "{\"type\":\"x\"}");
    CHECK_EQ(a.status, 400);
    CHECK_STR(api_text_at(f, a.json, "message"), "Invalid request");
    CHECK_EQ(post(f, "/api/channel/fetch_models", "{").status, 400);
    CHECK_EQ(post(f, "/api/channel/fetch_models", "{\"type\":8,\"key\":\"k\"}").status, 500);
    api_fixture_close(f);
}

static struct api_answer sign_in(struct api_fixture *f, const char *query, const char *cookie)
{
    return api_fixture_call(
        f, &(struct api_ask){.path = arena_fmt(&f->arena, "/api/user/login%s", query).p,
                             .cookie = cookie,
                             .body = "{\"username\":\"ann\",\"password\":\"password1\"}"});
}

static bool ok(const struct api_answer *a)
{
    return json_bool_or(api_at(a->json, "success"), false);
}

TEST(signing_in_asks_for_a_proof_of_being_human_when_that_is_on)
{
    CLEANUP(arena_finip) struct arena arena;
    struct upstream u;

    arena_init(&arena, 0);
    upstream_open(&u, "HTTP/1.1 200 OK\r\nContent-Length: 16\r\n\r\n{\"success\":true}");
    struct api_conf conf = {.turnstile_url = arena_fmt(&arena, "http://127.0.0.1:%d/v0", u.port)};
    struct api_fixture *f = api_fixture_open_conf(&conf);
    struct api_answer a;
    static const char *const options[] = {
        "{\"key\":\"TurnstileSiteKey\",\"value\":\"site\"}",
        "{\"key\":\"TurnstileSecretKey\",\"value\":\"se cret\"}",
        "{\"key\":\"TurnstileCheckEnabled\",\"value\":\"true\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        a = api_fixture_call(f, &(struct api_ask){.method = "PUT",
                                                  .path = "/api/option/",
                                                  .user_id = FIXTURE_ROOT,
                                                  .body = options[i]});
        CHECK(ok(&a));
    }
    a = sign_in(f, "", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "Turnstile token 为空");
    a = sign_in(f, "?turnstile=a%26b", NULL);
    CHECK(ok(&a));
    CHECK(saw(&u, "POST /v0 HTTP/1.1"));
    CHECK(saw(&u, "secret=se%20cret&response=a%26b&remoteip=127.0.0.1"));
    struct str cookie = api_header(&a, STR("Set-Cookie"));
    cookie = str_dup(&f->arena, str_cut(&cookie, ';'));
    a = sign_in(f, "", cookie.p); /* remembered in the session */
    CHECK(ok(&a));
    u.answer = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"success\":false}";
    a = sign_in(f, "?turnstile=x", NULL);
    CHECK(!ok(&a));
    api_fixture_close(f);
    upstream_close(&u);
}

TEST_MAIN(a_fetch_gives_status_and_body_and_sends_its_headers,
          a_fetch_that_cannot_be_made_says_why_without_the_address,
          an_answer_without_end_is_cut_and_a_redirect_is_not_followed,
          a_key_with_a_line_break_does_not_become_a_header,
          models_of_a_stored_channel_are_asked_for_with_its_key,
          models_for_a_form_answer_with_statuses,
          signing_in_asks_for_a_proof_of_being_human_when_that_is_on)
