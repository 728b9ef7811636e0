/* First start, the first password, and the wizard. */
#include "api/api_fixture.h"

#include <sys/socket.h>
#include <unistd.h>

#include "base/test.h"
#include "store/store_fixture.h"

#define KEY        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUV"
#define FIRST_BODY "{\"username\":\"root\",\"password\":\"123456\"}"

static const char *cookie_of(struct api_fixture *f, const struct api_answer *a)
{
    struct str cookie = api_header(a, STR("Set-Cookie"));

    return str_dup(&f->arena, str_cut(&cookie, ';')).p;
}

static struct api_answer sign_in(struct api_fixture *f, const char *body)
{
    return api_fixture_call(f, &(struct api_ask){.path = "/api/user/login", .body = body});
}

TEST(a_fresh_root_can_sign_in_and_change_its_password_and_nothing_else)
{
    static const char *const closed[] = {"/api/user/self", "/api/channel/",   "/api/option/",
                                         "/api/token/",    "/api/user/token", "/api/status/test"};
    struct api_fixture *f = api_fixture_open_fresh(&(struct api_conf){.db = NULL});
    struct api_answer a = sign_in(f, FIRST_BODY);
    const char *cookie = cookie_of(f, &a);

    CHECK(api_succeeded(&a));
    CHECK(json_bool_or(api_at(a.json, "data.must_change_password"), false));
    CHECK_EQ(api_i64_at(a.json, "data.role"), 100);
    for (size_t i = 0; i < ARRAY_LEN(closed); i++) {
        a = api_fixture_call(
            f, &(struct api_ask){.path = closed[i], .cookie = cookie, .new_api_user = "1"});
        CHECK_EQ(a.status, 200);
        CHECK(!api_succeeded(&a));
        CHECK_STR(api_text_at(f, a.json, "message"), "请先修改初始密码");
    }
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/status"});
    CHECK(!json_bool_or(api_at(a.json, "data.setup"), true));

    /* A change without a password is no change of the password. */
    struct api_ask put = {.method = "PUT",
                          .path = "/api/user/self",
                          .cookie = cookie,
                          .new_api_user = "1",
                          .body = "{\"username\":\"boss\"}"};
    a = api_fixture_call(f, &put);
    CHECK(!api_succeeded(&a));
    put.body = "{\"username\":\"boss\",\"password\":\"123456\"}"; /* too short */
    a = api_fixture_call(f, &put);
    CHECK(!api_succeeded(&a));
    put.body = "{\"username\":\"boss\",\"password\":\"a better one\"}";
    a = api_fixture_call(f, &put);
    CHECK(api_succeeded(&a));

    cookie = cookie_of(f, &a);
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/option/", .cookie = cookie, .new_api_user = "1"});
    CHECK(api_succeeded(&a));
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/status"});
    CHECK(json_bool_or(api_at(a.json, "data.setup"), false));
    a = sign_in(f, "{\"username\":\"boss\",\"password\":\"a better one\"}");
    CHECK(api_succeeded(&a));
    CHECK(!json_bool_or(api_at(a.json, "data.must_change_password"), true));
    CHECK(!str_has(a.body, STR("$2a$")));
    a = sign_in(f, FIRST_BODY);
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(the_wizard_names_root_once_and_is_closed_after)
{
    static const char good[] =
        "{\"username\":\"boss\",\"password\":\"password9\",\"confirmPassword\":\"password9\","
        "\"SelfUseModeEnabled\":true,\"DemoSiteEnabled\":false}";
    static const char long_name[] = "{\"username\":\"thirteen char\",\"password\":\"password9\","
                                    "\"confirmPassword\":\"password9\"}";
    static const char *const bad[] = {
        "{}",
        "nonsense",
        "{\"username\":\"boss\",\"password\":\"password9\",\"confirmPassword\":\"other\"}",
        "{\"username\":\"boss\",\"password\":\"short\",\"confirmPassword\":\"short\"}",
        "{\"username\":\"\",\"password\":\"password9\",\"confirmPassword\":\"password9\"}",
        "{\"username\":5,\"password\":\"password9\",\"confirmPassword\":\"password9\"}",
        long_name,
    };
    static const char *const names[] = {
        [DB_SQLITE] = "sqlite", [DB_MYSQL] = "mysql", [DB_POSTGRES] = "postgres"};
    struct api_fixture *f = api_fixture_open_fresh(&(struct api_conf){.db = NULL});
    struct api_answer a = api_fixture_call(f, &(struct api_ask){.path = "/api/setup"});

    CHECK(!json_bool_or(api_at(a.json, "data.status"), true));
    CHECK(!json_bool_or(api_at(a.json, "data.root_init"), true));
    CHECK_STR(api_text_at(f, a.json, "data.database_type"), names[store_fixture_kind()]);
    CHECK(!json_bool_or(api_at(a.json, "data.code_required"), true));
    CHECK(!api_at(a.json, "message"));
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        a = api_fixture_call(f, &(struct api_ask){.path = "/api/setup", .body = bad[i]});
        CHECK_EQ(a.status, 400);
        CHECK(!json_bool_or(api_at(a.json, "success"), true));
    }
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/setup", .body = good});
    CHECK(api_succeeded(&a));
    CHECK_EQ(f->reloads, 1);
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/setup", .body = good});
    CHECK_EQ(a.status, 400);
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/setup"});
    CHECK(json_bool_or(api_at(a.json, "data.status"), false));
    a = sign_in(f, "{\"username\":\"boss\",\"password\":\"password9\"}");
    CHECK(api_succeeded(&a));
    CHECK(!json_bool_or(api_at(a.json, "data.must_change_password"), true));
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/status"});
    CHECK(json_bool_or(api_at(a.json, "data.self_use_mode_enabled"), false));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users"), 1);
    api_fixture_close(f);
}

/* Both pass the first look at the database while neither password is hashed yet. */
TEST(of_two_wizards_at_once_one_names_root)
{
    static const char *const bodies[] = {
        "{\"username\":\"one\",\"password\":\"password1\",\"confirmPassword\":\"password1\"}",
        "{\"username\":\"two\",\"password\":\"password2\",\"confirmPassword\":\"password2\"}",
    };
    struct api_fixture *f = api_fixture_open_fresh(&(struct api_conf){.db = NULL});
    char first_lines[2][12];
    int fds[2], won = 0;

    for (int i = 0; i < 2; i++)
        fds[i] = api_fixture_send(f, &(struct api_ask){.path = "/api/setup", .body = bodies[i]});
    for (int i = 0; i < 2; i++) {
        CHECK_EQ(recv(fds[i], first_lines[i], sizeof first_lines[i], MSG_WAITALL), 12);
        close(fds[i]);
        won += memcmp(first_lines[i], "HTTP/1.1 200", 12) == 0;
    }
    CHECK_EQ(won, 1);
    for (int i = 0; i < 2; i++) {
        bool winner = memcmp(first_lines[i], "HTTP/1.1 200", 12) == 0;
        struct api_answer a = sign_in(f, bodies[i]);

        CHECK_STR(str_make(first_lines[i], 12), winner ? "HTTP/1.1 200" : "HTTP/1.1 400");
        CHECK_EQ(api_succeeded(&a), winner);
    }
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM setups"), 1);
    api_fixture_close(f);
}

TEST(from_a_public_address_the_wizard_asks_for_the_code)
{
    struct api_conf conf = {.setup_code = STR("AB12CD")};
    struct api_fixture *f = api_fixture_open_fresh(&conf);
    struct api_ask ask = {.path = "/api/setup", .ip = "8.8.8.8"};
    struct api_answer a = api_fixture_call(f, &ask);

    CHECK(json_bool_or(api_at(a.json, "data.code_required"), false));
    ask.body = "{\"username\":\"boss\",\"password\":\"password9\",\"confirmPassword\":"
               "\"password9\"}";
    CHECK_EQ(api_fixture_call(f, &ask).status, 400);
    ask.body = "{\"username\":\"boss\",\"password\":\"password9\",\"confirmPassword\":"
               "\"password9\",\"setup_code\":\"AB12CE\"}";
    CHECK_EQ(api_fixture_call(f, &ask).status, 400);
    ask.body = "{\"username\":\"boss\",\"password\":\"password9\",\"confirmPassword\":"
               "\"password9\",\"setup_code\":\" AB12CD \"}";
    CHECK_EQ(api_fixture_call(f, &ask).status, 200);
    api_fixture_close(f);
}

TEST(the_initial_tokens_are_made_once_and_work_before_the_password_is_changed)
{
    struct api_conf conf = {.initial_root_token = secret_make(STR("sk-" KEY)),
                            .initial_root_access_token = secret_make(STR("operator-access"))};
    struct api_fixture *f = api_fixture_open_fresh(&conf);
    struct err err = {.code = ERR_OK};
    struct api_conf again = conf;

    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM tokens WHERE \"key\" = '" KEY
                                    "' AND unlimited_quota = true"),
             1);
    again.db = f->db;
    again.clock = &f->clock.clock;
    again.version = STR("v1");
    CHECK_EQ(api_first_start(&again, &err), ERR_OK);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM tokens"), 1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users"), 1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM setups"), 0);

    struct api_answer a =
        api_fixture_call(f, &(struct api_ask){.path = "/api/channel/",
                                              .authorization = "Bearer operator-access",
                                              .new_api_user = "1"});
    CHECK(api_succeeded(&a));
    a = api_fixture_call(f, &(struct api_ask){.path = "/v1/dashboard/billing/usage",
                                              .authorization = "Bearer sk-" KEY});
    CHECK_EQ(a.status, 200);
    CHECK_STR(api_text_at(f, a.json, "object"), "list");
    api_fixture_close(f);
}

TEST(other_keys_of_a_root_with_the_first_password_are_refused)
{
    struct api_fixture *f = api_fixture_open_fresh(&(struct api_conf){.db = NULL});

    api_fixture_sql(f, "INSERT INTO tokens (user_id, \"key\", status, name, expired_time, "
                       "unlimited_quota) VALUES (1, '" KEY "', 1, 'old', -1, true)");
    api_fixture_sql(f, "UPDATE users SET access_token = 'old' WHERE id = 1");
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/dashboard/billing/usage", .authorization = "sk-" KEY});
    CHECK_EQ(a.status, 403);
    CHECK(api_text_at(f, a.json, "error.message").n > 0);
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/channel/", .authorization = "old", .new_api_user = "1"});
    CHECK_STR(api_text_at(f, a.json, "message"), "请先修改初始密码");
    api_fixture_close(f);
}

TEST(a_database_with_an_own_root_counts_as_set_up)
{
    struct api_fixture *f = api_fixture_open();
    struct api_conf conf = {
        .db = f->db, .clock = &f->clock.clock, .version = STR("v1"), .log_db = f->db};
    struct err err = {.code = ERR_OK};

    api_fixture_sql(f, "DELETE FROM setups");
    CHECK_EQ(api_first_start(&conf, &err), ERR_OK);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM setups"), 1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users"), 3);
    api_fixture_close(f);
}

TEST(initial_tokens_of_a_wrong_form_are_a_clear_error_without_their_value)
{
    static const char *const bad[] = {"short", "sk-short",
                                      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRST-V"};
    struct err err = {.code = ERR_OK};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_conf conf = {.initial_root_token = secret_make(str_from(bad[i]))};

        CHECK_EQ(api_first_start(&conf, &err), ERR_BAD_REQUEST);
        CHECK(str_has(str_from(err.msg), STR("INITIAL_ROOT_TOKEN")));
        CHECK(!str_has(str_from(err.msg), str_from(bad[i])));
    }
    struct api_conf conf = {.initial_root_access_token = secret_make(STR("with a space"))};
    CHECK_EQ(api_first_start(&conf, &err), ERR_BAD_REQUEST);
}

TEST_MAIN(a_fresh_root_can_sign_in_and_change_its_password_and_nothing_else,
          the_wizard_names_root_once_and_is_closed_after, of_two_wizards_at_once_one_names_root,
          from_a_public_address_the_wizard_asks_for_the_code,
          the_initial_tokens_are_made_once_and_work_before_the_password_is_changed,
          other_keys_of_a_root_with_the_first_password_are_refused,
          a_database_with_an_own_root_counts_as_set_up,
          initial_tokens_of_a_wrong_form_are_a_clear_error_without_their_value)
