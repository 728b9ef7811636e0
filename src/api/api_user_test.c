/* Signing in, registering, and one's own account. */
#include "api/api_fixture.h"

#include "base/test.h"

static void set_option(struct api_fixture *f, const char *body)
{
    struct api_answer a = api_as(f, FIXTURE_ROOT, "PUT", "/api/option/", body);

    CHECK(api_succeeded(&a));
}

TEST(signing_in_answers_who_one_is_and_gives_a_cookie)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/login",
                             .body = "{\"username\":\" ann \",\"password\":\"password1\"}"});
    struct str cookie = api_header(&a, STR("Set-Cookie"));

    CHECK(api_succeeded(&a));
    CHECK_EQ(api_i64_at(a.json, "data.id"), FIXTURE_ANN);
    CHECK_STR(api_text_at(f, a.json, "data.username"), "ann");
    CHECK_STR(api_text_at(f, a.json, "data.group"), "default");
    CHECK_EQ(api_i64_at(a.json, "data.role"), 1);
    CHECK_EQ(api_i64_at(a.json, "data.status"), 1);
    CHECK_EQ(api_i64_at(a.json, "data.quota"), 0); /* other fields are there with zero values */
    CHECK_STR(api_text_at(f, a.json, "data.password"), "");
    CHECK(json_is(api_at(a.json, "data.DeletedAt"), JSON_NULL));
    CHECK(str_starts(cookie, STR("session=")));
    cookie = str_dup(&f->arena, str_cut(&cookie, ';'));
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/self", .cookie = cookie.p, .new_api_user = "3"});
    CHECK(api_succeeded(&a));
    a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/logout", .cookie = cookie.p});
    CHECK(api_succeeded(&a));
    CHECK(str_starts(api_header(&a, STR("Set-Cookie")), STR("session=; Max-Age=0")));
    api_fixture_close(f);
}

TEST(a_wrong_password_a_wrong_name_and_a_ban_say_the_same)
{
    static const char *const bodies[] = {
        "{\"username\":\"ann\",\"password\":\"password2\"}",
        "{\"username\":\"nobody\",\"password\":\"password1\"}",
        "{\"username\":\"adam\",\"password\":\"password1\"}",
    };
    struct api_fixture *f = api_fixture_open();

    api_fixture_sql(f, "UPDATE users SET status = 2 WHERE username = 'adam'");
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct api_answer a =
            api_fixture_call(f, &(struct api_ask){.path = "/api/user/login", .body = bodies[i]});

        CHECK_EQ(a.status, 200);
        CHECK(!api_succeeded(&a));
        CHECK_STR(api_text_at(f, a.json, "message"), "用户名或密码错误，或用户已被封禁");
        CHECK(!api_header(&a, STR("Set-Cookie")).p);
    }
    struct api_answer a =
        api_fixture_call(f, &(struct api_ask){.path = "/api/user/login",
                                              .body = "{\"username\":\"ann\",\"password\":\"\"}"});
    CHECK_STR(api_text_at(f, a.json, "message"), "无效的参数");
    api_fixture_sql(f, "UPDATE users SET email = 'ann@example.org' WHERE id = 3");
    a = api_fixture_call(
        f,
        &(struct api_ask){.path = "/api/user/login",
                          .body = "{\"username\":\"ann@example.org\",\"password\":\"password1\"}"});
    CHECK(api_succeeded(&a));
    set_option(f, "{\"key\":\"PasswordLoginEnabled\",\"value\":\"false\"}");
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/login",
                             .body = "{\"username\":\"ann\",\"password\":\"password1\"}"});
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(registering_gives_gifts_to_the_new_user_and_the_inviter)
{
    struct api_conf conf = {.generate_default_token = true};
    struct api_fixture *f = api_fixture_open_conf(&conf);

    set_option(f, "{\"key\":\"QuotaForNewUser\",\"value\":\"1000\"}");
    set_option(f, "{\"key\":\"QuotaForInvitee\",\"value\":\"200\"}");
    set_option(f, "{\"key\":\"QuotaForInviter\",\"value\":\"30\"}");
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/register",
                             .body = "{\"username\":\"zoe\",\"password\":\"password1\","
                                     "\"password2\":\"password1\",\"aff_code\":\"ann\"}"});
    CHECK(api_succeeded(&a));
    CHECK(!api_at(a.json, "data"));
    CHECK(!api_header(&a, STR("Set-Cookie")).p);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM users WHERE username = 'zoe' AND role = 1 "
                                    "AND inviter_id = 3 AND \"group\" = 'default' AND "
                                    "display_name = 'zoe' AND LENGTH(aff_code) = 4"),
             1200);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT aff_quota FROM users WHERE id = 3 AND aff_count = 1 "
                                    "AND aff_history = 30"),
             30);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs WHERE type = 4"), 3);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM tokens WHERE user_id = 4 AND "
                                    "unlimited_quota = true AND expired_time = -1"),
             1);
    api_fixture_close(f);
}

TEST(bad_registrations_are_refused)
{
    static const char *const bodies[] = {
        "{\"username\":\"\",\"password\":\"password1\"}",
        "{\"username\":\"zoe\"}",
        "{\"username\":\"zoe\",\"password\":\"short\"}",
        "{\"username\":\"zoe\",\"password\":\"much longer than twenty characters\"}",
        "{\"username\":\"thirteen char\",\"password\":\"password1\"}",
        "{\"username\":\"ann\",\"password\":\"password1\"}",
        "{\"username\":[],\"password\":\"password1\"}",
    };
    struct api_fixture *f = api_fixture_open();
    const struct api_ask good = {.path = "/api/user/register",
                                 .body = "{\"username\":\"zoe\",\"password\":\"password1\"}"};

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct api_answer a =
            api_fixture_call(f, &(struct api_ask){.path = "/api/user/register", .body = bodies[i]});
        CHECK_EQ(a.status, 200);
        CHECK(!api_succeeded(&a));
    }
    set_option(f, "{\"key\":\"EmailVerificationEnabled\",\"value\":\"true\"}");
    struct api_answer a = api_fixture_call(f, &good);
    CHECK(!api_succeeded(&a));
    set_option(f, "{\"key\":\"EmailVerificationEnabled\",\"value\":\"false\"}");
    set_option(f, "{\"key\":\"PasswordRegisterEnabled\",\"value\":\"false\"}");
    a = api_fixture_call(f, &good);
    CHECK(!api_succeeded(&a));
    set_option(f, "{\"key\":\"RegisterEnabled\",\"value\":\"false\"}");
    a = api_fixture_call(f, &good);
    CHECK_STR(api_text_at(f, a.json, "message"), "管理员关闭了新用户注册");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users"), 3);
    api_fixture_close(f);
}

TEST(self_shows_every_documented_field)
{
    static const char *const fields[] = {
        "id",
        "username",
        "password",
        "display_name",
        "role",
        "status",
        "email",
        "github_id",
        "oidc_id",
        "wechat_id",
        "telegram_id",
        "linux_do_id",
        "verification_code",
        "access_token",
        "quota",
        "used_quota",
        "request_count",
        "group",
        "aff_code",
        "aff_count",
        "aff_quota",
        "aff_history_quota",
        "inviter_id",
        "DeletedAt",
        "setting",
    };
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/user/self", NULL);

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (!json_get(api_at(a.json, "data"), str_from(fields[i])))
            fail_msg("%s is missing", fields[i]);
    }
    CHECK_EQ(api_i64_at(a.json, "data.quota"), 1000000);
    CHECK_STR(api_text_at(f, a.json, "data.password"), "");
    CHECK(!str_has(a.body, STR("$2a$")));
    CHECK_STR(api_header(&a, STR("Content-Type")), "application/json; charset=utf-8");
    api_fixture_close(f);
}

TEST(self_update_writes_what_is_given_and_checks_the_old_password_when_it_is_given)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a =
        api_as(f, FIXTURE_ANN, "PUT", "/api/user/self", "{\"display_name\":\"Ann A.\"}");

    CHECK(api_succeeded(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users WHERE username = 'ann' AND "
                                    "display_name = 'Ann A.'"),
             1);
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/user/self",
               "{\"password\":\"password2\",\"original_password\":\"wrong one\"}");
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/user/self", "{\"username\":\"adam\"}"); /* taken */
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/user/self",
               "{\"role\":100,\"quota\":5,\"display_name\":\"x\"}");
    CHECK(api_succeeded(&a)); /* other keys are ignored */
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT role FROM users WHERE id = 3 AND quota = 1000000"), 1);
    a = api_as(f, FIXTURE_ANN, "PUT", "/api/user/self",
               "{\"password\":\"password2\",\"original_password\":\"password1\"}");
    CHECK(api_succeeded(&a));
    api_fixture_close(f);
}

TEST(one_may_delete_oneself_unless_one_is_root)
{
    struct api_fixture *f = api_fixture_open();
    const char *cookie = api_fixture_cookie(f, FIXTURE_ANN);
    struct api_answer a = api_as(f, FIXTURE_ANN, "DELETE", "/api/user/self", NULL);

    CHECK(api_succeeded(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM users WHERE id = 3 AND deleted_at IS "
                                    "NOT NULL"),
             1);
    a = api_fixture_call(
        f, &(struct api_ask){.path = "/api/user/self", .cookie = cookie, .new_api_user = "3"});
    CHECK_EQ(a.status, 401);
    a = api_fixture_call(
        f,
        &(struct api_ask){.method = "DELETE", .path = "/api/user/self", .user_id = FIXTURE_ROOT});
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(an_access_token_is_made_anew_and_works)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/user/token", NULL);
    struct str token = str_dup(&f->arena, api_text_at(f, a.json, "data"));

    CHECK_EQ(token.n, 32);
    a = api_fixture_call(
        f,
        &(struct api_ask){.path = "/api/user/self", .authorization = token.p, .new_api_user = "3"});
    CHECK(str_eq(api_text_at(f, a.json, "data.access_token"), token));
    struct api_answer next = api_as(f, FIXTURE_ANN, NULL, "/api/user/token", NULL);
    CHECK(!str_eq(api_text_at(f, next.json, "data"), token));
    a = api_fixture_call(
        f,
        &(struct api_ask){.path = "/api/user/self", .authorization = token.p, .new_api_user = "3"});
    CHECK(!api_succeeded(&a));
    api_fixture_close(f);
}

TEST(notification_settings_are_checked_and_leave_other_keys_alone)
{
    static const char *const bad[] = {
        "{\"notify_type\":\"pigeon\",\"quota_warning_threshold\":1}",
        "{\"notify_type\":\"email\",\"quota_warning_threshold\":0}",
        "{\"notify_type\":\"email\",\"quota_warning_threshold\":\"1\"}",
        "{\"notify_type\":\"webhook\",\"quota_warning_threshold\":1}",
        "{\"notify_type\":\"webhook\",\"quota_warning_threshold\":1,\"webhook_url\":\"nothing\"}",
        "{\"notify_type\":\"email\",\"quota_warning_threshold\":1,\"notification_email\":\"x\"}",
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_answer a = api_as(f, FIXTURE_ANN, "PUT", "/api/user/setting", bad[i]);
        CHECK(!api_succeeded(&a));
    }
    api_fixture_sql(f, "UPDATE users SET setting = '{\"language\":\"en\",\"webhook_url\":\"old\"}' "
                       "WHERE id = 3");
    struct api_answer a =
        api_as(f, FIXTURE_ANN, "PUT", "/api/user/setting",
               "{\"notify_type\":\"webhook\",\"quota_warning_threshold\":12.5,\"webhook_url\":"
               "\"https://example.org/hook\",\"accept_unset_model_ratio_model\":true}");
    CHECK(api_succeeded(&a));
    CHECK(api_text_at(f, a.json, "message").n > 0);
    a = api_as(f, FIXTURE_ANN, NULL, "/api/user/self", NULL);
    const struct json *setting;
    CHECK_EQ(json_read(&f->arena, api_text_at(f, a.json, "data.setting"), 10, &setting, NULL),
             ERR_OK);
    CHECK_STR(api_text_at(f, setting, "language"), "en");
    CHECK_STR(api_text_at(f, setting, "webhook_url"), "https://example.org/hook");
    CHECK(json_bool_or(api_at(setting, "accept_unset_model_ratio_model"), false));
    CHECK_EQ(json_count(setting), 5);
    api_fixture_close(f);
}

TEST(invitation_quota_moves_to_the_balance)
{
    struct api_fixture *f = api_fixture_open();
    struct api_answer a = api_as(f, FIXTURE_ANN, NULL, "/api/user/aff", NULL);

    CHECK_STR(api_text_at(f, a.json, "data"), "ann");
    api_fixture_sql(f, "UPDATE users SET aff_quota = 600000, aff_code = NULL WHERE id = 3");
    a = api_as(f, FIXTURE_ANN, NULL, "/api/user/aff", NULL);
    CHECK_EQ(api_text_at(f, a.json, "data").n, 4);
    a = api_as(f, FIXTURE_ANN, "POST", "/api/user/aff_transfer", "{\"quota\":499999}");
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "POST", "/api/user/aff_transfer", "{\"quota\":600001}");
    CHECK(!api_succeeded(&a));
    a = api_as(f, FIXTURE_ANN, "POST", "/api/user/aff_transfer", "{\"quota\":500000}");
    CHECK(api_succeeded(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM users WHERE id = 3 AND aff_quota = 100000"),
             1500000);
    api_fixture_close(f);
}

TEST_MAIN(signing_in_answers_who_one_is_and_gives_a_cookie,
          a_wrong_password_a_wrong_name_and_a_ban_say_the_same,
          registering_gives_gifts_to_the_new_user_and_the_inviter, bad_registrations_are_refused,
          self_shows_every_documented_field,
          self_update_writes_what_is_given_and_checks_the_old_password_when_it_is_given,
          one_may_delete_oneself_unless_one_is_root, an_access_token_is_made_anew_and_works,
          notification_settings_are_checked_and_leave_other_keys_alone,
          invitation_quota_moves_to_the_balance)
