/* What holds for every call: who is let in, in which order it is checked, limits, languages. */
#include "api/api_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"

static void check_refused(const struct api_answer *a, int status)
{
    bool success = true;

    CHECK_EQ(a->status, status);
    CHECK(json_bool(api_at(a->json, "success"), &success));
    CHECK(!success);
    CHECK(api_at(a->json, "message"));
    CHECK(!api_at(a->json, "data"));
}

TEST(a_caller_without_an_account_gets_401_and_the_documented_order_of_checks)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self"});

    check_refused(&a, 401);
    CHECK_STR(api_text_at(f, a.json, "message"), "无权进行此操作，未登录且未提供 access token");
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self",
                                              .authorization = "Bearer wrong",
                                              .new_api_user = "3"});
    check_refused(&a, 200);
    CHECK_STR(api_text_at(f, a.json, "message"), "无权进行此操作，access token 无效");
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self",
                                              .cookie = api_fixture_cookie(f, FIXTURE_ANN)});
    check_refused(&a, 401); /* no New-Api-User */
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self",
                                              .cookie = api_fixture_cookie(f, FIXTURE_ANN),
                                              .new_api_user = "ann"});
    check_refused(&a, 401);
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self",
                                              .cookie = api_fixture_cookie(f, FIXTURE_ANN),
                                              .new_api_user = "2"});
    check_refused(&a, 401);
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self", .user_id = FIXTURE_ANN});
    CHECK_EQ(a.status, 200);
    CHECK_STR(api_text_at(f, a.json, "data.username"), "ann");
    api_fixture_close(f);
}

TEST(an_access_token_signs_in_with_and_without_bearer)
{
    struct api_fixture *f = api_fixture_open();
    static const char *const spellings[] = {"Bearer abcDEF+/=", "abcDEF+/=", "bearer abcDEF+/="};

    api_fixture_sql(f, "UPDATE users SET access_token = 'abcDEF+/=' WHERE id = 3");
    for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
        struct api_answer a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self",
                                                                    .authorization = spellings[i],
                                                                    .new_api_user = "3"});
        CHECK_STR(api_text_at(f, a.json, "data.username"), "ann");
    }
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){
               .path = "/api/user/self", .authorization = "ABCdef+/=", .new_api_user = "3"});
    check_refused(&a, 200); /* compared exactly */
    api_fixture_close(f);
}

TEST(role_and_status_are_those_of_now_and_not_of_the_sign_in)
{
    struct api_fixture *f = api_fixture_open();
    const char *cookie = api_fixture_cookie(f, FIXTURE_ADMIN);
    const struct api_ask ask = {.path = "/api/user/2", .cookie = cookie, .new_api_user = "2"};
    const struct api_ask list = {.path = "/api/channel/", .cookie = cookie, .new_api_user = "2"};

    CHECK_EQ(json_count(api_at(api_fixture_call(f, &list).json, "data")), 0);
    CHECK(api_at(api_fixture_call(f, &list).json, "data"));
    api_fixture_sql(f, "UPDATE users SET role = 1 WHERE id = 2");
    struct api_answer a = api_fixture_call(f, &list);
    check_refused(&a, 200);
    api_fixture_sql(f, "UPDATE users SET role = 10, status = 2 WHERE id = 2");
    a = api_fixture_call(f, &list);
    check_refused(&a, 200);
    CHECK_STR(api_text_at(f, a.json, "message"), "用户已被封禁");
    api_fixture_sql(f, "UPDATE users SET role = 7, status = 1 WHERE id = 2");
    a = api_fixture_call(f, &ask);
    check_refused(&a, 200);
    api_fixture_sql(f, "DELETE FROM users WHERE id = 2");
    a = api_fixture_call(f, &list);
    check_refused(&a, 401);
    api_fixture_close(f);
}

TEST(every_level_keeps_out_who_is_below_it)
{
    static const struct {
        const char *path;
        int64_t below;
    } rows[] = {
        {"/api/user/", FIXTURE_ANN},       {"/api/channel/", FIXTURE_ANN},
        {"/api/log/", FIXTURE_ANN},        {"/api/data/", FIXTURE_ANN},
        {"/api/group/", FIXTURE_ANN},      {"/api/option/", FIXTURE_ADMIN},
        {"/api/status/test", FIXTURE_ANN},
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct api_answer a =
            api_fixture_call(f, &(struct api_ask){.path = rows[i].path, .user_id = rows[i].below});

        check_refused(&a, 200);
        CHECK_STR(api_text_at(f, a.json, "message"), "无权进行此操作，权限不足");
        a = api_fixture_call(f, &(struct api_ask){.path = rows[i].path, .user_id = FIXTURE_ROOT});
        CHECK(json_bool_or(api_at(a.json, "success"), false));
    }
    api_fixture_close(f);
}

TEST(messages_come_in_the_language_that_the_client_prefers)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/self", .language = "en-GB,en;q=0.9"});

    CHECK_STR(api_text_at(f, a.json, "message"), "Not signed in and no access token given.");
    api_fixture_close(f);
}

TEST(a_body_that_is_no_object_or_has_wrong_types_is_refused)
{
    static const char *const bodies[] = {
        "",
        "{",
        "[]",
        "null",
        "\"x\"",
        "{\"username\":1}",
        "{\"username\":{}}",
        "{\"password\":[]}",
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct api_answer a = api_fixture_call(f, &(struct api_ask){.method = "PUT",
                                                                    .path = "/api/user/self",
                                                                    .user_id = FIXTURE_ANN,
                                                                    .body = bodies[i]});
        check_refused(&a, 200);
    }
    api_fixture_close(f);
}

TEST(an_address_may_ask_only_so_often)
{
    struct api_conf conf = {.api_limit = {.enabled = true, .limit = 3, .duration_s = 100}};
    struct api_fixture *f = api_fixture_open_conf(&conf);
    const struct api_ask ask = {.path = "/api/notice", .ip = "9.9.9.9"};

    for (int i = 0; i < 3; i++)
        CHECK_EQ(api_fixture_call(f, &ask).status, 200);
    struct api_answer a = api_fixture_call(f, &ask);
    CHECK_EQ(a.status, 429);
    CHECK_EQ(a.body.n, 0);
    CHECK_EQ(api_fixture_call(f, &(struct api_ask){.path = "/api/notice", .ip = "9.9.9.8"}).status,
             200);
    api_fixture_close(f);
}

TEST(guessing_passwords_is_stopped_after_twenty_tries)
{
    struct api_fixture *f = api_fixture_open();
    /* Refused before a password is hashed: the body is empty. */
    const struct api_ask ask = {.path = "/api/user/login", .body = "{}", .ip = "9.9.9.9"};

    for (int i = 0; i < 20; i++)
        CHECK_EQ(api_fixture_call(f, &ask).status, 200);
    CHECK_EQ(api_fixture_call(f, &ask).status, 429);
    CHECK_EQ(api_fixture_call(
                 f, &(struct api_ask){.path = "/api/user/register", .body = "{}", .ip = "9.9.9.9"})
                 .status,
             429);
    CHECK_EQ(api_fixture_call(f, &(struct api_ask){.path = "/api/notice", .ip = "9.9.9.9"}).status,
             200);
    api_fixture_close(f);
}

TEST(paths_are_served_with_and_without_their_last_slash_and_others_not_at_all)
{
    static const char *const both[] = {"/api/token/", "/api/token", "/api/token?p=0",
                                       "/api/user/self/", "/api/log/self/?p=1"};
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(both); i++) {
        struct api_answer a =
            api_fixture_call(f, &(struct api_ask){.path = both[i], .user_id = FIXTURE_ANN});
        CHECK(json_bool_or(api_at(a.json, "success"), false));
    }
    CHECK_EQ(api_fixture_call(f, &(struct api_ask){.path = "/api/nothing"}).status, 404);
    api_fixture_close(f);
}

TEST(a_changed_password_ends_other_sessions_and_keeps_this_one)
{
    struct api_fixture *f = api_fixture_open();
    const char *other = api_fixture_cookie(f, FIXTURE_ANN);
    struct api_answer a =
        api_fixture_call(f, &(struct api_ask){.method = "PUT",
                                              .path = "/api/user/self",
                                              .user_id = FIXTURE_ANN,
                                              .body = "{\"password\":\"another one\"}"});

    CHECK(json_bool_or(api_at(a.json, "success"), false));
    struct str cookie = api_header(&a, STR("Set-Cookie"));
    CHECK(str_has(cookie, STR("HttpOnly; SameSite=Strict")));
    cookie = str_dup(&f->arena, str_cut(&cookie, ';'));
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/self", .cookie = cookie.p, .new_api_user = "3"});
    CHECK_STR(api_text_at(f, a.json, "data.username"), "ann");
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/self", .cookie = other, .new_api_user = "3"});
    check_refused(&a, 401);
    api_fixture_close(f);
}

/* Occupies every thread of the pool with a test of a channel that lasts. */
static void occupy_pool(struct api_fixture *f, int fds[FIXTURE_THREADS])
{
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/channel/",
                             .user_id = FIXTURE_ADMIN,
                             .body = "{\"type\":1,\"key\":\"k\",\"name\":\"x\",\"models\":\"m\"}"});

    CHECK(json_bool_or(api_at(a.json, "success"), false));
    f->probe_waits = true;
    for (int i = 0; i < FIXTURE_THREADS; i++)
        fds[i] = api_fixture_send(
            f, &(struct api_ask){.path = "/api/channel/test/1", .user_id = FIXTURE_ADMIN});
    while (f->probes < FIXTURE_THREADS)
        usleep(1000);
}

TEST(a_full_queue_answers_503_and_the_waiting_calls_are_answered_later)
{
    struct api_fixture *f = api_fixture_open();
    int busy[FIXTURE_THREADS], waiting[FIXTURE_QUEUE + 1], refused = 0;
    char buffer[64];

    occupy_pool(f, busy);
    for (int i = 0; i < FIXTURE_QUEUE + 1; i++)
        waiting[i] = api_fixture_send(f, &(struct api_ask){.path = "/api/notice"});
    /* The one too many is answered at once, before any thread is free. */
    while (refused == 0) {
        for (int i = 0; i < FIXTURE_QUEUE + 1; i++) {
            ssize_t n = recv(waiting[i], buffer, 12, MSG_DONTWAIT);

            if (n == 12) {
                CHECK_STR(str_make(buffer, 12), "HTTP/1.1 503");
                refused++;
                close(waiting[i]);
                waiting[i] = -1;
            }
        }
    }
    CHECK_EQ(refused, 1);
    f->probe_waits = false;
    for (int i = 0; i < FIXTURE_QUEUE + 1; i++) {
        if (waiting[i] < 0)
            continue;
        CHECK_EQ(recv(waiting[i], buffer, 12, MSG_WAITALL), 12);
        CHECK_STR(str_make(buffer, 12), "HTTP/1.1 200");
        close(waiting[i]);
    }
    for (int i = 0; i < FIXTURE_THREADS; i++)
        close(busy[i]);
    api_fixture_close(f);
}

TEST(a_client_that_leaves_in_the_middle_of_its_call_harms_nobody)
{
    struct api_fixture *f = api_fixture_open();
    int busy[FIXTURE_THREADS];

    occupy_pool(f, busy);
    for (int i = 0; i < FIXTURE_THREADS; i++)
        close(busy[i]);
    for (int i = 0; i < 5; i++)
        close(api_fixture_send(f, &(struct api_ask){.path = "/api/notice"}));
    f->probe_waits = false;
    CHECK_EQ(api_fixture_call(f, &(struct api_ask){.path = "/api/notice"}).status, 200);
    api_fixture_close(f);
}

TEST_MAIN(a_full_queue_answers_503_and_the_waiting_calls_are_answered_later,
          a_client_that_leaves_in_the_middle_of_its_call_harms_nobody,
          a_caller_without_an_account_gets_401_and_the_documented_order_of_checks,
          an_access_token_signs_in_with_and_without_bearer,
          role_and_status_are_those_of_now_and_not_of_the_sign_in,
          every_level_keeps_out_who_is_below_it,
          messages_come_in_the_language_that_the_client_prefers,
          a_body_that_is_no_object_or_has_wrong_types_is_refused, an_address_may_ask_only_so_often,
          guessing_passwords_is_stopped_after_twenty_tries,
          paths_are_served_with_and_without_their_last_slash_and_others_not_at_all,
          a_changed_password_ends_other_sessions_and_keeps_this_one)
