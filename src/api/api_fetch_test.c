/* Routes that ask an upstream, or Turnstile. */
#include "api/api_fixture.h"
#include "http/fetch_testing.h"

static struct api_answer post(struct api_fixture *f, const char *path, const char *body)
{
    return api_as(f, FIXTURE_ADMIN, "POST", path, body);
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
        CHECK(api_succeeded(&a));
    }
    a = sign_in(f, "", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "Turnstile token 为空");
    a = sign_in(f, "?turnstile=a%26b", NULL);
    CHECK(api_succeeded(&a));
    CHECK(saw(&u, "POST /v0 HTTP/1.1"));
    CHECK(saw(&u, "secret=se%20cret&response=a%26b&remoteip=127.0.0.1"));
    struct str cookie = api_header(&a, STR("Set-Cookie"));
    cookie = str_dup(&f->arena, str_cut(&cookie, ';'));
    a = sign_in(f, "", cookie.p); /* remembered in the session */
    CHECK(api_succeeded(&a));
    u.answer = "HTTP/1.1 200 OK\r\nContent-Length: 17\r\n\r\n{\"success\":false}";
    a = sign_in(f, "?turnstile=x", NULL);
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
    upstream_close(&u);
}

TEST_MAIN(models_of_a_stored_channel_are_asked_for_with_its_key,
          models_for_a_form_answer_with_statuses,
          signing_in_asks_for_a_proof_of_being_human_when_that_is_on)
