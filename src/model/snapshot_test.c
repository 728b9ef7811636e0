#include "model/snapshot.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/test.h"
#include "model/gated.h"

static struct channel channel(int64_t id, int64_t priority, const char *models, const char *group)
{
    return (struct channel){.id = id,
                            .type = CHANNEL_TYPE_OPENAI,
                            .status = CHANNEL_ENABLED,
                            .key = secret_make(STR("up-key")),
                            .models = str_from(models),
                            .group = str_from(group),
                            .priority = priority,
                            .weight = id};
}

static struct snapshot *build(const struct channel *rows, size_t n)
{
    return snapshot_build(rows, n, NULL, 0, 1);
}

TEST(candidates_come_by_priority_and_only_enabled_ones)
{
    struct channel rows[] = {channel(1, 0, "a,b", "default"), channel(2, 5, "a", "default,vip"),
                             channel(3, 9, "a", "default"), channel(4, 5, "a", "vip")};
    const struct route_entry *e;
    struct snapshot *s;

    rows[2].status = CHANNEL_AUTO_DISABLED;
    s = build(rows, ARRAY_LEN(rows));
    e = snapshot_route(s, STR("default"), STR("a"));
    CHECK_EQ(e->count, 2);
    CHECK_EQ(e->candidates[0].channel->row.id, 2);
    CHECK_EQ(e->candidates[0].weight, 2);
    CHECK_EQ(e->candidates[1].channel->row.id, 1);
    e = snapshot_route(s, STR("vip"), STR("a"));
    CHECK_EQ(e->count, 2);
    CHECK_EQ(e->candidates[0].channel->row.id, 2);
    CHECK_EQ(e->candidates[1].channel->row.id, 4);
    CHECK(!snapshot_route(s, STR("vip"), STR("b")));
    CHECK(!snapshot_route(s, STR("nobody"), STR("a")));
    CHECK_EQ(snapshot_channel(s, 3)->row.status, CHANNEL_AUTO_DISABLED);
    CHECK(!snapshot_channel(s, 99));
    snapshot_put(s);
}

TEST(lists_are_trimmed_and_repeated_names_count_once)
{
    const struct channel rows[] = {channel(1, 0, " a ,,b,a, ", "g, g,h"), channel(2, 0, "", "g")};
    struct snapshot *s = build(rows, ARRAY_LEN(rows));
    const struct str *models;
    size_t n;

    CHECK_EQ(snapshot_route(s, STR("g"), STR("a"))->count, 1);
    CHECK(!snapshot_route(s, STR("g"), STR("")));
    models = snapshot_models(s, STR("h"), &n);
    CHECK_EQ(n, 2);
    CHECK_STR(models[0], "a");
    CHECK_STR(models[1], "b");
    models = snapshot_models(s, STR("none"), &n);
    CHECK(!models && n == 0);
    snapshot_put(s);
}

TEST(a_wildcard_model_is_found_by_the_name_of_its_family)
{
    const struct channel rows[] = {channel(1, 0, "gpt-4-gizmo-*", "g"),
                                   channel(2, 0, "gpt-4-gizmo-x", "g")};
    struct snapshot *s = build(rows, ARRAY_LEN(rows));

    CHECK_EQ(snapshot_route(s, STR("g"), STR("gpt-4-gizmo-y"))->candidates[0].channel->row.id, 1);
    CHECK_EQ(snapshot_route(s, STR("g"), STR("gpt-4-gizmo-x"))->candidates[0].channel->row.id, 2);
    CHECK_STR(model_normalise(STR("gpt-4o-gizmo-z")), "gpt-4o-gizmo-*");
    CHECK_STR(model_normalise(STR("gemini-2.5-pro-preview-thinking-128")),
              "gemini-2.5-pro-thinking-*");
    CHECK_STR(model_normalise(STR("gemini-2.5-pro")), "gemini-2.5-pro");
    CHECK_STR(model_normalise(STR("gpt-4o")), "gpt-4o");
    snapshot_put(s);
}

static const struct route_channel *only(struct snapshot *s)
{
    return snapshot_channel(s, 1);
}

static void check_key(const struct route_channel *c, size_t i, const char *want)
{
    CHECK_STR(secret_reveal(snapshot_channel_key(c, i)), want);
}

TEST(a_multi_key_channel_offers_its_enabled_keys)
{
    struct channel row = channel(1, 0, "m", "g");
    struct snapshot *s;

    row.key = secret_make(STR("k0\nk1\n\n k2 \n"));
    s = build(&row, 1);
    CHECK_EQ(only(s)->key_count, 1);
    check_key(only(s), 0, "k0\nk1\n\n k2 \n");
    snapshot_put(s);

    row.channel_info = STR("{\"is_multi_key\":true,\"multi_key_status_list\":{\"1\":3}}");
    s = build(&row, 1);
    CHECK_EQ(only(s)->key_count, 2);
    check_key(only(s), 0, "k0");
    check_key(only(s), 1, "k2");
    snapshot_put(s);

    row.key = secret_make(STR("[\"j0\",{\"project_id\":\"p\"}]"));
    row.channel_info = STR("{\"is_multi_key\":true,\"multi_key_status_list\":null}");
    s = build(&row, 1);
    CHECK_EQ(only(s)->key_count, 2);
    check_key(only(s), 0, "j0");
    check_key(only(s), 1, "{\"project_id\":\"p\"}");
    snapshot_put(s);

    row.channel_info = STR("{\"is_multi_key\":true,\"multi_key_status_list\":{\"0\":2,\"1\":3}}");
    s = build(&row, 1);
    CHECK_EQ(only(s)->key_count, 0);
    snapshot_put(s);
}

TEST(json_columns_are_read_and_broken_ones_left_out)
{
    struct channel row = channel(1, 0, "m", "g");
    struct snapshot *s;

    row.model_mapping = STR("{\"m\":\"up\"}");
    row.param_override = STR("{broken");
    row.header_override = STR("{}");
    row.setting = STR("{\"proxy\":\"socks5://127.0.0.1:1\"}");
    s = build(&row, 1);
    CHECK(json_str_eq(json_get(only(s)->model_mapping, STR("m")), STR("up")));
    CHECK(!only(s)->override && !only(s)->header_override);
    CHECK_STR(only(s)->proxy, "socks5://127.0.0.1:1");
    CHECK(!only(s)->health);
    snapshot_put(s);
}

TEST(what_a_channel_holds_back_is_in_its_settings)
{
    struct channel row = channel(1, 0, "m", "g");
    struct snapshot *s;

    s = build(&row, 1);
    CHECK_EQ(only(s)->withheld, ((1u << GATED_COUNT) - 1) & ~(1u << GATED_STORE));
    snapshot_put(s);
    row.settings = STR("{\"allow_service_tier\":true,\"disable_store\":true,\"allow_speed\":false,"
                       "\"allow_include_obfuscation\":true}");
    s = build(&row, 1);
    CHECK_EQ(only(s)->withheld, 1u << GATED_INFERENCE_GEO | 1u << GATED_SPEED |
                                    1u << GATED_SAFETY_IDENTIFIER | 1u << GATED_STORE);
    snapshot_put(s);
}

TEST(what_only_some_types_know_is_in_its_settings)
{
    struct channel row = channel(1, 0, "m", "g");
    struct snapshot *s = build(&row, 1);

    CHECK(only(s)->responses_version.n == 0 && !only(s)->beta_query);
    snapshot_put(s);
    row.settings = STR("{\"azure_responses_version\":\"2025-04-01-preview\","
                       "\"claude_beta_query\":true}");
    s = build(&row, 1);
    CHECK_STR(only(s)->responses_version, "2025-04-01-preview");
    CHECK(only(s)->beta_query);
    snapshot_put(s);
}

TEST(an_override_that_cannot_be_done_is_left_out)
{
    struct channel row = channel(1, 0, "m", "g");
    struct snapshot *s;

    row.param_override = STR("{\"n\":1,\"operations\":[{\"mode\":\"delete\",\"path\":\"a\"}]}");
    s = build(&row, 1);
    CHECK(only(s)->override != NULL);
    CHECK_EQ(only(s)->override->op_count, 1);
    CHECK_EQ(only(s)->override->member_count, 1);
    snapshot_put(s);
    row.param_override = STR("{\"n\":1,\"operations\":[{\"mode\":\"nonsense\"}]}");
    s = build(&row, 1);
    CHECK(!only(s)->override);
    snapshot_put(s);
}

static struct channel_health *health_of(void *ctx, int64_t id)
{
    return id == 1 ? ctx : NULL;
}

TEST(rows_are_copied_and_health_can_be_attached)
{
    char model[] = "m";
    struct channel row = channel(1, 0, model, "g");
    struct snapshot *s = build(&row, 1);
    int mark;

    model[0] = 'x';
    CHECK(snapshot_route(s, STR("g"), STR("m")));
    snapshot_attach_health(s, health_of, &mark);
    CHECK_EQ((uintptr_t)only(s)->health, (uintptr_t)&mark);
    CHECK_EQ((uintptr_t)snapshot_get(s), (uintptr_t)s);
    snapshot_put(s);
    CHECK(snapshot_route(s, STR("g"), STR("m"))); /* one reference is left */
    snapshot_put(s);
    snapshot_put(NULL);
}

/* The text of "m0,m1,..." */
static size_t model_list(char *to, size_t cap, int from, int n)
{
    size_t at = 0;

    for (int i = from; i < from + n; i++)
        at += (size_t)snprintf(to + at, cap - at, "model-%d,", i);
    return at;
}

TEST(ten_thousand_channels_are_indexed_completely)
{
    enum { CHANNELS = 10000, MODELS = 100 };
    struct channel *rows = mem_zalloc(CHANNELS * sizeof *rows);
    char lists[8][2048];
    uint64_t started;
    struct snapshot *s;
    size_t n;

    for (int i = 0; i < 8; i++)
        model_list(lists[i], sizeof lists[i], i * 50, MODELS);
    for (int i = 0; i < CHANNELS; i++)
        rows[i] = channel(i + 1, i % 7, lists[i % 8], i % 2 ? "default,vip" : "default");
    started = clock_mono_us();
    s = build(rows, CHANNELS);
    print_message("  10,000 channels of 100 models: %u us\n",
                  (unsigned)(clock_mono_us() - started));
    CHECK_EQ(snapshot_route(s, STR("default"), STR("model-0"))->count, CHANNELS / 8);
    CHECK_EQ(snapshot_route(s, STR("default"), STR("model-50"))->count, CHANNELS / 4);
    CHECK_EQ(snapshot_route(s, STR("vip"), STR("model-50"))->count, CHANNELS / 8);
    snapshot_models(s, STR("default"), &n);
    CHECK_EQ(n, 450);
    snapshot_put(s);
    mem_free(rows);
}

TEST_MAIN(candidates_come_by_priority_and_only_enabled_ones,
          lists_are_trimmed_and_repeated_names_count_once,
          a_wildcard_model_is_found_by_the_name_of_its_family,
          a_multi_key_channel_offers_its_enabled_keys,
          json_columns_are_read_and_broken_ones_left_out,
          what_a_channel_holds_back_is_in_its_settings,
          what_only_some_types_know_is_in_its_settings, an_override_that_cannot_be_done_is_left_out,
          rows_are_copied_and_health_can_be_attached, ten_thousand_channels_are_indexed_completely)
