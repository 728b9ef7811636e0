/* Channels: listing, editing, tags, tests. */
#include "api/api_fixture.h"

#include <unistd.h>

#include "base/sb.h"
#include "base/test.h"

static bool ok(const struct api_answer *a)
{
    return a->status == 200 && json_bool_or(api_at(a->json, "success"), false);
}

static struct api_answer as_admin(struct api_fixture *f, const char *method, const char *path,
                                  const char *body)
{
    struct api_answer a = api_fixture_call(
        f,
        &(struct api_ask){.method = method, .path = path, .user_id = FIXTURE_ADMIN, .body = body});

    /* Whatever is asked: a key is never told. */
    CHECK(!str_has(a.body, STR("secret")));
    return a;
}

static void add(struct api_fixture *f, const char *body)
{
    struct api_answer a = as_admin(f, "POST", "/api/channel/", body);

    if (!ok(&a))
        fail_msg("%s: %.*s", body, STR_ARG(a.body));
    CHECK(!api_at(a.json, "data"));
}

static int64_t abilities(struct api_fixture *f, const char *where)
{
    return api_fixture_sql_i64(
        f, arena_fmt(&f->arena, "SELECT COUNT(*) FROM abilities WHERE %s", where).p);
}

#define FIRST                                                                                      \
    "{\"type\":1,\"key\":\"secret-1\",\"name\":\"first\",\"models\":\"gpt-4o,gpt-4o,gpt-4\","      \
    "\"group\":\"default,vip\",\"priority\":5,\"model_mapping\":\"\",\"groups\":[\"default\"],"    \
    "\"max_input_tokens\":0}"

TEST(a_new_channel_gets_the_defaults_and_its_abilities)
{
    struct api_fixture *f = api_fixture_open();

    add(f, FIRST);
    CHECK_EQ(f->reloads, 1);
    CHECK_EQ(abilities(f, "channel_id = 1 AND enabled = true AND priority = 5"), 4);
    struct api_answer a = as_admin(f, NULL, "/api/channel/1", NULL);
    const struct json *ch = api_at(a.json, "data");
    CHECK_EQ(api_i64_at(ch, "type"), 1);
    CHECK_STR(api_text_at(f, ch, "key"), "");
    CHECK_EQ(api_i64_at(ch, "status"), 1);
    CHECK_EQ(api_i64_at(ch, "weight"), 0);
    CHECK_EQ(api_i64_at(ch, "auto_ban"), 1);
    CHECK_EQ(api_i64_at(ch, "created_time"), FIXTURE_NOW_S);
    CHECK_STR(api_text_at(f, ch, "base_url"), "");
    CHECK(json_is(api_at(ch, "tag"), JSON_NULL));
    CHECK(json_is(api_at(ch, "test_model"), JSON_NULL));
    CHECK(json_is(api_at(ch, "openai_organization"), JSON_NULL));
    CHECK_STR(api_text_at(f, ch, "other_info"), "");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE \"key\" = 'secret-1'"), 1);
    api_fixture_close(f);
}

TEST(a_key_a_line_makes_a_channel_a_key)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"type\":1,\"key\":\"secret-1\\n\\n secret-2 \\nsecret-3\\n\",\"name\":\"many\","
           "\"models\":\"gpt-4o\",\"group\":\"default\"}");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE name = 'many'"), 3);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE \"key\" = 'secret-2'"), 1);
    add(f, "{\"mode\":\"single\",\"channel\":{\"type\":1,\"key\":\"secret-4\\nsecret-5\",\"name\":"
           "\"one\",\"models\":\"gpt-4o\"}}");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE name = 'one' AND "
                                    "\"group\" = 'default'"),
             1);
    add(f, "{\"mode\":\"batch\",\"channel\":{\"type\":1,\"key\":\"secret-6\\nsecret-7\",\"name\":"
           "\"two\",\"models\":\"gpt-4o\"}}");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE name = 'two'"), 2);
    add(f, "{\"type\":41,\"key\":\"{\\n\\\"secret\\\":1\\n}\",\"name\":\"vertex\",\"models\":\"x\","
           "\"other\":\"us-east5\"}");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE name = 'vertex'"), 1);
    api_fixture_close(f);
}

TEST(bad_channels_are_refused_whole)
{
    static const char *const bad[] = {
        "{}",
        "{\"type\":1,\"key\":\"\\n\\n\",\"name\":\"x\",\"models\":\"gpt-4o\"}",
        "{\"type\":\"1\",\"key\":\"secret\",\"name\":\"x\"}",
        "{\"type\":1,\"key\":5,\"name\":\"x\"}",
        "{\"type\":1,\"key\":\"secret\",\"name\":[]}",
        "{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"model_mapping\":\"{broken\"}",
        "{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"setting\":\"[]\"}",
        "{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"param_override\":\"5\"}",
        ("{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"param_override\":"
         "\"{\\\"operations\\\":{}}\"}"),
        "{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"weight\":-1}",
        "{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"status\":4}",
        "{\"type\":41,\"key\":\"secret\",\"name\":\"x\"}",
        "{\"type\":41,\"key\":\"secret\",\"name\":\"x\",\"other\":\"{\\\"a\\\":\\\"b\\\"}\"}",
        "{\"mode\":\"sideways\",\"channel\":{\"type\":1,\"key\":\"secret\"}}",
        "{\"mode\":\"single\"}",
        "{\"mode\":\"single\",\"channel\":{\"type\":1,\"key\":\"\"}}",
    };
    struct api_fixture *f = api_fixture_open();
    struct sb sb;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct api_answer a = as_admin(f, "POST", "/api/channel/", bad[i]);

        if (ok(&a) || a.status != 200)
            fail_msg("%s was taken", bad[i]);
    }
    struct api_answer a = as_admin(f, "POST", "/api/channel/", "{\"key\":\"k\",\"weight\":-1}");
    CHECK_STR(api_text_at(f, a.json, "message"), "输入不合法：weight 超出允许范围");
    a = as_admin(f, "POST", "/api/channel/",
                 "{\"key\":\"k\",\"param_override\":\"{\\\"operations\\\":[{\\\"mode\\\":"
                 "\\\"set\\\",\\\"path\\\":\\\"a\\\"}]}\"}");
    CHECK_STR(api_text_at(f, a.json, "message"),
              "输入不合法：param_override 的 operations[0]: 缺少 value (value is missing)");
    sb_init(&sb, 4096);
    sb_fmt(&sb, "{\"type\":1,\"key\":\"secret\",\"name\":\"x\",\"models\":\"gpt-4o,%0300d\"}", 7);
    a = as_admin(f, "POST", "/api/channel/", str_dup(&f->arena, sb_str(&sb)).p);
    CHECK(!ok(&a));
    sb_fini(&sb);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels"), 0);
    CHECK_EQ(f->reloads, 0);
    api_fixture_close(f);
}

TEST(lists_are_arrays_in_order_of_priority_or_id)
{
    struct api_fixture *f = api_fixture_open();

    add(f, FIRST);
    add(f,
        "{\"type\":1,\"key\":\"secret-2\",\"name\":\"second\",\"models\":\"gpt-4\",\"priority\":9,"
        "\"group\":\"default\",\"tag\":\"t\"}");
    add(f,
        "{\"type\":1,\"key\":\"secret-3\",\"name\":\"third\",\"models\":\"o1\",\"group\":\"vip\"}");
    struct api_answer a = as_admin(f, NULL, "/api/channel/?p=0&page_size=10", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 3);
    CHECK_EQ(api_i64_at(a.json, "data.0.id"), 2);
    a = as_admin(f, NULL, "/api/channel/?p=0&page_size=2&id_sort=true", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    CHECK_EQ(api_i64_at(a.json, "data.0.id"), 3);
    a = as_admin(f, NULL, "/api/channel/?p=1&page_size=2&id_sort=true", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.0.id"), 1);
    a = as_admin(f, NULL, "/api/channel/?tag_mode=true", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    CHECK_STR(api_text_at(f, a.json, "data.0.key"), "");
    a = as_admin(f, NULL, "/api/channel/search?keyword=first&group=&model=", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    a = as_admin(f, NULL, "/api/channel/search?keyword=3", NULL);
    CHECK_EQ(api_i64_at(a.json, "data.0.id"), 3);
    a = as_admin(f, NULL, "/api/channel/search?keyword=&group=vip&model=gpt", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 1);
    a = as_admin(f, NULL, "/api/channel/search?keyword=&group=null&model=gpt-4", NULL);
    CHECK_EQ(json_count(api_at(a.json, "data")), 2);
    a = as_admin(f, NULL, "/api/channel/search?keyword=nothing", NULL);
    CHECK(json_is(api_at(a.json, "data"), JSON_ARRAY));
    a = as_admin(f, NULL, "/api/channel/77", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    api_fixture_close(f);
}

TEST(an_update_writes_only_what_is_given)
{
    struct api_fixture *f = api_fixture_open();

    add(f, FIRST);
    struct api_answer a = as_admin(f, "PUT", "/api/channel/", "{\"id\":1,\"status\":2}");
    CHECK(ok(&a));
    CHECK_EQ(api_i64_at(a.json, "data.status"), 2);
    CHECK_STR(api_text_at(f, a.json, "data.name"), "first");
    CHECK_EQ(abilities(f, "channel_id = 1 AND enabled = false"), 4);
    a = as_admin(f, "PUT", "/api/channel/", "{\"id\":1,\"priority\":0,\"weight\":7}");
    CHECK_EQ(api_i64_at(a.json, "data.priority"), 0);
    CHECK_EQ(api_i64_at(a.json, "data.weight"), 7);
    CHECK_EQ(abilities(f, "channel_id = 1 AND priority = 0 AND weight = 7"), 4);
    a = as_admin(f, "PUT", "/api/channel/",
                 "{\"id\":1,\"name\":\"\",\"key\":\"\",\"models\":\"o1\",\"group\":\"default\","
                 "\"base_url\":\"\",\"tag\":null,\"auto_ban\":0,\"status\":1,\"used_quota\":99,"
                 "\"balance\":5,\"created_time\":null,\"response_time\":3}");
    CHECK(ok(&a));
    CHECK_STR(api_text_at(f, a.json, "data.name"), "first"); /* zero is skipped */
    CHECK_EQ(api_i64_at(a.json, "data.auto_ban"), 0);        /* but not where null exists */
    CHECK_EQ(abilities(f, "channel_id = 1 AND model = 'o1' AND enabled = true"), 1);
    CHECK_EQ(abilities(f, "channel_id = 1"), 1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT used_quota FROM channels WHERE \"key\" = 'secret-1' "
                                    "AND balance = 0"),
             0);
    a = as_admin(f, "PUT", "/api/channel/", "{\"id\":77,\"status\":2}");
    CHECK(!ok(&a));
    CHECK_EQ(abilities(f, "channel_id = 77"), 0);
    a = as_admin(f, "PUT", "/api/channel/", "{\"id\":1,\"type\":41,\"other\":\"\"}");
    CHECK(!ok(&a));
    a = as_admin(f, "PUT", "/api/channel/", "{\"id\":1,\"status\":\"2\"}");
    CHECK(!ok(&a));
    api_fixture_close(f);
}

TEST(channels_are_deleted_alone_in_batches_and_when_disabled)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"type\":1,\"key\":\"secret-1\\nsecret-2\\nsecret-3\\nsecret-4\\nsecret-5\",\"name\":"
           "\"x\",\"models\":\"gpt-4o\",\"group\":\"default\"}");
    struct api_answer a = as_admin(f, "DELETE", "/api/channel/1/", NULL);
    CHECK(ok(&a));
    CHECK_EQ(abilities(f, "channel_id = 1"), 0);
    a = as_admin(f, "DELETE", "/api/channel/1", NULL);
    CHECK(ok(&a)); /* unknown is gone, too */
    a = as_admin(f, "POST", "/api/channel/batch", "{\"ids\":[2,3]}");
    CHECK_EQ(api_i64_at(a.json, "data"), 2);
    CHECK_EQ(abilities(f, "1 = 1"), 2);
    a = as_admin(f, "POST", "/api/channel/batch", "{\"ids\":[]}");
    CHECK(!ok(&a));
    a = as_admin(f, "POST", "/api/channel/batch", "{\"ids\":[\"4\"]}");
    CHECK(!ok(&a));
    api_fixture_sql(f, "UPDATE channels SET status = 3 WHERE id = 4");
    a = as_admin(f, "DELETE", "/api/channel/disabled", NULL);
    CHECK_EQ(api_i64_at(a.json, "data"), 1);
    CHECK_EQ(abilities(f, "1 = 1"), 1);
    api_fixture_sql(f, "DELETE FROM abilities");
    a = as_admin(f, "POST", "/api/channel/fix", "{}");
    CHECK_EQ(api_i64_at(a.json, "data"), 2); /* one channel, one rebuilt */
    CHECK_EQ(abilities(f, "channel_id = 5"), 1);
    api_fixture_close(f);
}

TEST(a_tag_changes_all_its_channels)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"type\":1,\"key\":\"secret-1\\nsecret-2\\nsecret-3\",\"name\":\"x\",\"models\":"
           "\"gpt-4o\",\"group\":\"default\"}");
    struct api_answer a =
        as_admin(f, "POST", "/api/channel/batch/tag", "{\"ids\":[1,2],\"tag\":\"blue\"}");
    CHECK_EQ(api_i64_at(a.json, "data"), 2);
    CHECK_EQ(abilities(f, "tag = 'blue'"), 2);
    a = as_admin(f, "POST", "/api/channel/tag/disabled", "{\"tag\":\"blue\"}");
    CHECK(ok(&a));
    CHECK_EQ(abilities(f, "enabled = true"), 1);
    a = as_admin(f, "POST", "/api/channel/tag/enabled", "{\"tag\":\"blue\"}");
    CHECK(ok(&a));
    CHECK_EQ(abilities(f, "enabled = true"), 3);
    a = as_admin(f, "POST", "/api/channel/tag/enabled", "{\"tag\":\"\"}");
    CHECK(!ok(&a));
    a = as_admin(f, "PUT", "/api/channel/tag",
                 "{\"tag\":\"blue\",\"new_tag\":\"red\",\"priority\":0,\"weight\":3,\"models\":"
                 "\"o1,o3\",\"groups\":\"vip\",\"model_mapping\":\"\"}");
    CHECK(ok(&a));
    CHECK_EQ(abilities(f, "tag = 'red' AND \"group\" = 'vip' AND weight = 3"), 4);
    a = as_admin(f, "PUT", "/api/channel/tag", "{\"tag\":\"\"}");
    CHECK_STR(api_text_at(f, a.json, "message"), "tag不能为空");
    a = as_admin(f, "PUT", "/api/channel/tag", "{\"tag\":\"red\",\"model_mapping\":\"x\"}");
    CHECK(!ok(&a));
    a = as_admin(f, "POST", "/api/channel/batch/tag", "{\"ids\":[1],\"tag\":null}");
    CHECK(ok(&a));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE id = 1 AND tag IS NULL"),
             1);
    api_fixture_close(f);
}

TEST(every_change_of_channels_is_in_force_when_it_is_answered)
{
    static const struct {
        const char *method, *path, *body;
    } changes[] = {
        {"POST", "/api/channel/", "{\"type\":1,\"key\":\"secret-9\",\"models\":\"m\"}"},
        {"PUT", "/api/channel/", "{\"id\":1,\"status\":2}"},
        {"POST", "/api/channel/copy/1", ""},
        {"POST", "/api/channel/batch/tag", "{\"ids\":[1],\"tag\":\"t\"}"},
        {"PUT", "/api/channel/tag", "{\"tag\":\"t\",\"priority\":1}"},
        {"POST", "/api/channel/tag/enabled", "{\"tag\":\"t\"}"},
        {"POST", "/api/channel/tag/disabled", "{\"tag\":\"t\"}"},
        {"POST", "/api/channel/fix", "{}"},
        {"DELETE", "/api/channel/disabled", NULL},
        {"DELETE", "/api/channel/2", NULL},
        {"POST", "/api/channel/batch", "{\"ids\":[7]}"},
    };
    struct api_fixture *f = api_fixture_open();

    for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
        int before = f->reloads;
        struct api_answer a = as_admin(f, changes[i].method, changes[i].path, changes[i].body);

        if (!ok(&a) || f->reloads != before + 1)
            fail_msg("%s %s: %d reloads", changes[i].method, changes[i].path, f->reloads - before);
    }
    api_fixture_close(f);
}

/* Two channels of the tag, and one that nobody may touch. */
static struct api_fixture *with_tag(void)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"type\":1,\"key\":\"secret-1\\nsecret-2\",\"name\":\"x\",\"models\":\"m1,m2\","
           "\"group\":\"default\",\"tag\":\"blue\",\"priority\":5,\"weight\":6}");
    add(f,
        "{\"type\":1,\"key\":\"secret-3\",\"name\":\"y\",\"models\":\"m1\",\"group\":\"default\"}");
    return f;
}

static struct api_answer edit_tag(struct api_fixture *f, const char *fields)
{
    return as_admin(f, "PUT", "/api/channel/tag",
                    arena_fmt(&f->arena, "{\"tag\":\"blue\",%s}", fields).p);
}

static int64_t channels(struct api_fixture *f, const char *where)
{
    return api_fixture_sql_i64(
        f, arena_fmt(&f->arena, "SELECT COUNT(*) FROM channels WHERE %s", where).p);
}

TEST(each_field_of_a_tag_is_written_by_itself)
{
    static const char *const edits[][2] = {
        {"\"model_mapping\":\"{\\\"m1\\\":\\\"u1\\\"}\"", "model_mapping = '{\"m1\":\"u1\"}'"},
        {"\"model_mapping\":\"{}\"", "model_mapping = '{}'"},
        {"\"models\":\"m3\"", "models = 'm3'"},
        {"\"groups\":\"vip,svip\"", "\"group\" = 'vip,svip'"},
        {"\"priority\":0", "priority = 0"},
        {"\"priority\":-3", "priority = -3"},
        {"\"weight\":0", "weight = 0"},
        {"\"param_override\":\"{\\\"top_k\\\":1}\"", "param_override = '{\"top_k\":1}'"},
        {"\"param_override\":\"\"", "param_override = ''"},
        {"\"header_override\":\"{\\\"X-A\\\":\\\"{api_key}\\\"}\"",
         "header_override = '{\"X-A\":\"{api_key}\"}'"},
        {"\"header_override\":\"\"", "header_override IS NULL"},
        {("\"new_tag\":null,\"priority\":null,\"weight\":null,\"models\":null,\"groups\":null,"
          "\"model_mapping\":null,\"param_override\":null,\"header_override\":null"),
         "tag = 'blue' AND priority = 5 AND weight = 6"},
        {"\"models\":\" , \",\"groups\":\"\",\"model_mapping\":\"\"",
         "models = 'm1,m2' AND \"group\" = 'default'"},
        {"\"new_tag\":\"red\"", "tag = 'red'"},
        {"\"new_tag\":\"\"", "tag IS NULL"},
    };

    for (size_t i = 0; i < ARRAY_LEN(edits); i++) {
        struct api_fixture *f = with_tag();
        struct api_answer a = edit_tag(f, edits[i][0]);

        if (!ok(&a))
            fail_msg("%s: %.*s", edits[i][0], STR_ARG(a.body));
        if (channels(f, arena_fmt(&f->arena, "id < 3 AND %s", edits[i][1]).p) != 2)
            fail_msg("%s is not written", edits[i][0]);
        CHECK_EQ(channels(f,
                          "id = 3 AND models = 'm1' AND \"group\" = 'default' AND weight = 0 AND "
                          "tag IS NULL AND model_mapping IS NULL AND param_override IS NULL"),
                 1);
        CHECK_EQ(abilities(f, "channel_id = 3 AND model = 'm1' AND weight = 0"), 1);
        api_fixture_close(f);
    }
}

TEST(routing_follows_the_edit_of_a_tag)
{
    struct api_fixture *f = with_tag();
    struct api_answer a = edit_tag(f, "\"models\":\"m3,m4\",\"groups\":\"vip\",\"priority\":-3,"
                                      "\"weight\":9,\"new_tag\":\"red\"");

    CHECK(ok(&a));
    CHECK_EQ(abilities(f, "tag = 'red' AND \"group\" = 'vip' AND model IN ('m3', 'm4') AND "
                          "priority = -3 AND weight = 9 AND enabled = true"),
             4);
    CHECK_EQ(abilities(f, "channel_id < 3"), 4);
    a = as_admin(f, NULL, "/api/channel/tag/models?tag=red", NULL);
    CHECK_STR(api_text_at(f, a.json, "data"), "m3,m4");
    a = as_admin(f, NULL, "/api/channel/tag/models?tag=blue", NULL);
    CHECK_STR(api_text_at(f, a.json, "data"), "");
    a = as_admin(f, NULL, "/api/channel/tag/models", NULL);
    CHECK_EQ(a.status, 400);
    api_fixture_close(f);
}

TEST(a_bad_edit_of_a_tag_changes_nothing)
{
    static const char *const bad[] = {
        "\"priority\":1,\"model_mapping\":\"{\"",
        "\"priority\":1,\"model_mapping\":\"{\\\"m1\\\":1}\"",
        "\"priority\":1,\"param_override\":\"[]\"",
        "\"priority\":1,\"param_override\":\"{\\\"operations\\\":[{}]}\"",
        "\"priority\":1,\"header_override\":\"{\\\"X-A\\\":5}\"",
        "\"priority\":1,\"header_override\":\"{\\\"X A\\\":\\\"5\\\"}\"",
        "\"priority\":1,\"header_override\":\"{\\\"X-A\\\":\\\"a\\\\r\\\\nb\\\"}\"",
        "\"priority\":\"1\"",
        "\"priority\":1,\"weight\":-1",
        "\"priority\":1,\"weight\":1.5",
        "\"priority\":1,\"models\":[\"m1\"]",
        ("\"priority\":1,\"groups\":"
         "\"a-name-of-a-group-that-is-longer-than-the-column-of-the-database-which-has-64\""),
    };
    struct api_fixture *f = with_tag();
    struct api_answer a;
    int before = f->reloads;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        a = edit_tag(f, bad[i]);
        if (ok(&a))
            fail_msg("%s was taken", bad[i]);
    }
    a = edit_tag(f, "\"header_override\":\"{\\\"X A\\\":\\\"5\\\"}\"");
    CHECK_STR(api_text_at(f, a.json, "message"),
              "输入不合法：header_override 的 X A 不能作为请求头发送");
    CHECK_EQ(channels(f, "tag = 'blue' AND priority = 5 AND models = 'm1,m2'"), 2);
    CHECK_EQ(f->reloads, before);
    api_fixture_close(f);
}

TEST(what_may_be_empty_can_be_emptied)
{
    struct api_fixture *f = api_fixture_open();

    add(f, "{\"type\":1,\"key\":\"secret-1\",\"name\":\"x\",\"models\":\"m\",\"remark\":\"r\","
           "\"header_override\":\"{\\\"X-A\\\":\\\"1\\\"}\",\"settings\":"
           "\"{\\\"allow_speed\\\":true}\"}");
    struct api_answer a = as_admin(f, "PUT", "/api/channel/", "{\"id\":1,\"priority\":1}");
    CHECK_STR(api_text_at(f, a.json, "data.settings"), "{\"allow_speed\":true}");
    CHECK_STR(api_text_at(f, a.json, "data.header_override"), "{\"X-A\":\"1\"}");
    a = as_admin(f, "PUT", "/api/channel/",
                 "{\"id\":1,\"remark\":\"\",\"header_override\":\"\",\"settings\":\"\"}");
    CHECK(ok(&a));
    CHECK_EQ(channels(f, "settings = '' AND header_override IS NULL AND remark IS NULL"), 1);
    api_fixture_close(f);
}

TEST(a_copy_has_the_key_and_starts_with_clean_counters)
{
    struct api_fixture *f = api_fixture_open();

    add(f, FIRST);
    api_fixture_sql(f, "UPDATE channels SET used_quota = 9, balance = 4, test_time = 5");
    struct api_answer a = as_admin(f, "POST", "/api/channel/copy/1", "");
    CHECK_EQ(api_i64_at(a.json, "data.id"), 2);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE id = 2 AND \"key\" = "
                                    "'secret-1' AND name = 'first_复制' AND used_quota = 0 AND "
                                    "balance = 0 AND test_time = 0"),
             1);
    CHECK_EQ(abilities(f, "channel_id = 2"), 4);
    a = as_admin(f, "POST", "/api/channel/copy/1?suffix=-b&reset_balance=false", "");
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE name = 'first-b' AND "
                                    "balance = 4"),
             1);
    a = as_admin(f, "POST", "/api/channel/copy/9", "");
    CHECK(!ok(&a));
    api_fixture_close(f);
}

static double time_of(const struct api_answer *a)
{
    double value = -1;

    (void)!json_f64(api_at(a->json, "time"), &value);
    return value;
}

TEST(a_test_answers_with_its_time_and_is_logged_without_a_charge)
{
    struct api_fixture *f = api_fixture_open();

    add(f, FIRST);
    struct api_answer a = as_admin(f, NULL, "/api/channel/test/1?model=gpt-4o", NULL);
    CHECK(ok(&a));
    CHECK(time_of(&a) == 1.234);
    CHECK(!api_at(a.json, "data"));
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT response_time FROM channels WHERE id = 1 AND "
                                    "test_time = 1700000000"),
             1234);
    /* (8 + 9 x 4) x 1.25 */
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM logs WHERE type = 2 AND user_id = 1 AND "
                                    "token_name = '模型测试' AND content = '模型测试' AND "
                                    "model_name = 'gpt-4o' AND channel_id = 1 AND token_id = 0 "
                                    "AND prompt_tokens = 8 AND completion_tokens = 9 AND "
                                    "use_time = 1 AND other LIKE '%\"model_ratio\":1.25%'"),
             55);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM quota_data WHERE user_id = 1"), 55);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT quota FROM users WHERE id = 1"), 1000000);

    f->probe.code = ERR_UPSTREAM_STATUS;
    f->probe.upstream_status = 401;
    snprintf(f->probe.message, sizeof f->probe.message, "Incorrect API key");
    a = as_admin(f, NULL, "/api/channel/test/1/", NULL);
    CHECK(!ok(&a));
    CHECK_STR(api_text_at(f, a.json, "message"), "status code 401: Incorrect API key");
    CHECK(time_of(&a) == 1.234);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM logs WHERE type = 2"), 1);
    /* A test of one channel never switches it off. */
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT status FROM channels WHERE id = 1"), 1);
    a = as_admin(f, NULL, "/api/channel/test/77", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "record not found");
    CHECK(api_at(a.json, "time") && time_of(&a) == 0);
    a = as_admin(f, NULL, "/api/channel/test/x", NULL);
    CHECK(!ok(&a));
    CHECK(api_at(a.json, "time") && time_of(&a) == 0);
    api_fixture_sql(f, "UPDATE channels SET type = 2");
    a = as_admin(f, NULL, "/api/channel/test/1", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "midjourney channel test is not supported");
    CHECK_EQ(f->probes, 2);
    api_fixture_close(f);
}

/* Waits for a run in the background; the test program's own time-out ends a wait that never does.
 */
static void wait_until(struct api_fixture *f, const char *sql, int64_t want)
{
    while (api_fixture_sql_i64(f, sql) != want)
        usleep(2000);
}

static void set_option(struct api_fixture *f, const char *body)
{
    struct api_answer a = api_fixture_call(
        f, &(struct api_ask){
               .method = "PUT", .path = "/api/option/", .user_id = FIXTURE_ROOT, .body = body});
    CHECK(ok(&a));
}

TEST(a_test_of_all_channels_switches_off_what_is_refused_and_on_what_recovered)
{
    struct api_fixture *f = api_fixture_open();

    set_option(f, "{\"key\":\"AutomaticDisableChannelEnabled\",\"value\":\"true\"}");
    set_option(f, "{\"key\":\"AutomaticEnableChannelEnabled\",\"value\":\"true\"}");
    add(f, "{\"type\":1,\"key\":\"secret-1\\nsecret-2\",\"name\":\"x\",\"models\":\"gpt-4o\","
           "\"group\":\"default\"}");
    api_fixture_sql(f, "UPDATE channels SET auto_ban = 0 WHERE id = 2");
    f->probe.code = ERR_UPSTREAM_STATUS;
    f->probe.upstream_status = 401;
    snprintf(f->probe.message, sizeof f->probe.message, "Incorrect API key");
    struct api_answer a = as_admin(f, NULL, "/api/channel/test", NULL);
    CHECK(ok(&a));
    wait_until(f, "SELECT COUNT(*) FROM channels WHERE response_time = 1234", 2);
    wait_until(f, "SELECT status FROM channels WHERE id = 1", 3);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT COUNT(*) FROM channels WHERE id = 1 AND other_info "
                                    "LIKE '%Incorrect API key%' AND other_info LIKE "
                                    "'%\"status_time\":1700000000%'"),
             1);
    CHECK_EQ(abilities(f, "channel_id = 1 AND enabled = false"), 1);
    CHECK_EQ(api_fixture_sql_i64(f, "SELECT status FROM channels WHERE id = 2"), 1);

    f->probe.code = ERR_OK;
    f->probe.upstream_status = 200;
    f->probe.elapsed_ms = 900;
    do /* the run before may still be at its last step */
        a = as_admin(f, NULL, "/api/channel/test", NULL);
    while (!ok(&a));
    wait_until(f, "SELECT status FROM channels WHERE id = 1", 1);
    wait_until(f, "SELECT COUNT(*) FROM channels WHERE response_time = 900", 2);

    f->probe.elapsed_ms = 6000; /* slower than ChannelDisableThreshold */
    do
        a = as_admin(f, NULL, "/api/channel/test", NULL);
    while (!ok(&a));
    wait_until(f, "SELECT status FROM channels WHERE id = 1", 3);
    api_fixture_close(f);
}

TEST(one_test_of_all_channels_runs_at_a_time_and_stops_with_the_program)
{
    struct api_conf conf = {.polling_interval_s = 3600};
    struct api_fixture *f = api_fixture_open_conf(&conf);

    add(f, "{\"type\":1,\"key\":\"secret-1\\nsecret-2\",\"name\":\"x\",\"models\":\"gpt-4o\"}");
    struct api_answer a = as_admin(f, NULL, "/api/channel/test", NULL);
    CHECK(ok(&a));
    a = as_admin(f, NULL, "/api/channel/test", NULL);
    CHECK_STR(api_text_at(f, a.json, "message"), "测试已在运行中");
    api_fixture_close(f); /* does not wait for the hour's pause */
}

TEST_MAIN(each_field_of_a_tag_is_written_by_itself, routing_follows_the_edit_of_a_tag,
          a_bad_edit_of_a_tag_changes_nothing, what_may_be_empty_can_be_emptied,
          a_new_channel_gets_the_defaults_and_its_abilities, a_key_a_line_makes_a_channel_a_key,
          bad_channels_are_refused_whole, lists_are_arrays_in_order_of_priority_or_id,
          an_update_writes_only_what_is_given,
          channels_are_deleted_alone_in_batches_and_when_disabled, a_tag_changes_all_its_channels,
          every_change_of_channels_is_in_force_when_it_is_answered,
          a_copy_has_the_key_and_starts_with_clean_counters,
          a_test_answers_with_its_time_and_is_logged_without_a_charge,
          a_test_of_all_channels_switches_off_what_is_refused_and_on_what_recovered,
          one_test_of_all_channels_runs_at_a_time_and_stops_with_the_program)
