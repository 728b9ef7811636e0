#include "model/catalog.h"

#include "base/json.h"
#include "base/test.h"
#include "model/snapshot.h"

struct fixture {
    struct arena a;
    struct catalog c;
};

static void setup(struct fixture *f, const struct option_row *rows, size_t n)
{
    arena_init(&f->a, 0);
    catalog_read(&f->a, rows, n, &f->c);
}

static void teardown(struct fixture *f)
{
    catalog_fini(&f->c);
    arena_fini(&f->a);
}

static struct model_price price_of(struct fixture *f, const char *model)
{
    struct model_price p;

    catalog_price(&f->c, str_from(model), &p);
    return p;
}

static bool near(double a, double b)
{
    return a - b < 1e-12 && b - a < 1e-12;
}

TEST(built_in_tables_price_the_models_of_the_line)
{
    struct fixture f;
    struct model_price p;

    setup(&f, NULL, 0);
    p = price_of(&f, "gpt-4o-mini");
    CHECK(p.known && !p.per_call && near(p.ratio, 0.075) && near(p.completion_ratio, 4));
    CHECK(near(p.price_usd, -1) && near(p.cache_ratio, 0.5));
    p = price_of(&f, "dall-e-3");
    CHECK(p.known && p.per_call && near(p.price_usd, 0.04));
    p = price_of(&f, "no-such-model");
    CHECK(!p.known && near(p.ratio, 37.5) && near(p.completion_ratio, 1));
    CHECK(near(p.cache_ratio, 1) && near(p.cache_write_ratio, 1.25) && near(p.image_ratio, 1));
    p = price_of(&f, "gpt-image-1");
    CHECK(near(p.image_ratio, 2) && near(p.completion_ratio, 8));
    teardown(&f);
}

TEST(every_built_in_table_is_sorted_json_with_the_known_number_of_rows)
{
    static const struct {
        const char *option;
        size_t rows;
    } want[] = {{"ModelRatio", 252}, {"ModelPrice", 31},         {"CompletionRatio", 4},
                {"CacheRatio", 73},  {"CreateCacheRatio", 42},   {"ImageRatio", 1},
                {"AudioRatio", 5},   {"AudioCompletionRatio", 7}};
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        const struct json *root;
        struct str last = STR_NULL, name;
        double number;

        CHECK(json_read(&a, catalog_default_json(str_from(want[i].option)), 8, &root, NULL) ==
              ERR_OK);
        CHECK_EQ(json_count(root), want[i].rows);
        JSON_EACH_MEMBER (key, value, root) {
            CHECK(json_str(&a, key, &name) && json_f64(value, &number) && number >= 0);
            CHECK(str_cmp(last, name) < 0);
            last = name;
        }
    }
    CHECK(catalog_default_json(STR("GroupRatio")).p == NULL);
    arena_fini(&a);
}

TEST(a_stored_table_replaces_the_built_in_one)
{
    const struct option_row rows[] = {{STR("ModelRatio"), STR("{\"mine\":0.1,\"bad\":-1}")},
                                      {STR("ModelPrice"), STR("not json")}};
    struct fixture f;

    setup(&f, rows, 2);
    CHECK(price_of(&f, "mine").known && near(price_of(&f, "mine").ratio, 0.1));
    CHECK(!price_of(&f, "gpt-4o").known);
    CHECK(!price_of(&f, "bad").known);
    CHECK(price_of(&f, "dall-e-3").known); /* what is no JSON keeps the built-in table */
    teardown(&f);
}

TEST(wildcard_names_are_priced_through_their_family)
{
    struct fixture f;

    setup(&f, NULL, 0);
    CHECK(price_of(&f, "gpt-4-gizmo-abc").per_call);
    CHECK(near(price_of(&f, "gpt-4o-gizmo-abc").ratio, 2.5));
    CHECK(near(price_of(&f, "gpt-4o-gizmo-abc").completion_ratio, 3));
    CHECK(price_of(&f, "gemini-2.5-pro-preview-thinking-128").known);
    CHECK(price_of(&f, "gemini-2.5-flash-lite-preview-06-17-thinking-128").known);
    teardown(&f);
}

TEST(completion_ratios_follow_the_rules_by_name)
{
    static const struct {
        const char *model;
        double ratio;
    } want[] = {
        {"gpt-4o-2024-05-13", 3},
        {"gpt-4o", 4},
        {"gpt-4.5-preview", 2},
        {"gpt-4-turbo-2024-04-09", 3},
        {"gpt-4.1", 2},
        {"gpt-4-all", 2},
        {"gpt-4o-all", 2},
        {"o1-mini", 4},
        {"o3", 4},
        {"o4-mini", 4},
        {"chatgpt-4o-latest", 3},
        {"claude-2.1", 3},
        {"claude-3-opus-20240229", 5},
        {"claude-sonnet-4-20250514", 5},
        {"gpt-3.5-turbo", 3},
        {"gpt-3.5-turbo-0125", 3},
        {"gpt-3.5-turbo-1106", 2},
        {"gpt-3.5-turbo-16k", 4.0 / 3},
        {"mistral-large", 3},
        {"gemini-1.5-pro", 4},
        {"gemini-2.5-pro-preview-03-25", 8},
        {"gemini-2.5-flash-preview-04-17-nothinking", 4},
        {"gemini-2.5-flash-preview-04-17", 3.5 / 0.15},
        {"gemini-2.5-flash", 2.5 / 0.3},
        {"gemini-3-pro-preview", 6},
        {"command-r-plus", 5},
        {"command-light", 4},
        {"DeepSeek-Chat", 4},
        {"ERNIE-Lite-8K", 2},
        {"llama3-70b-8192", 0.79 / 0.59},
        {"gpt-5", 8},
        {"gpt-5-mini", 8},
        {"gpt-5.1", 6},
        {"gpt-5.4-nano", 6.25},
        {"qwen-plus", 1},
        {"gpt-4o-mini-tts", 20},
    };
    struct fixture f;

    setup(&f, NULL, 0);
    for (size_t i = 0; i < ARRAY_LEN(want); i++) {
        if (!near(price_of(&f, want[i].model).completion_ratio, want[i].ratio))
            fail_msg("%s: %g, want %g", want[i].model, price_of(&f, want[i].model).completion_ratio,
                     want[i].ratio);
    }
    teardown(&f);
}

TEST(a_locked_rule_wins_over_the_table_but_not_for_a_name_with_a_slash)
{
    const struct option_row rows[] = {
        {STR("CompletionRatio"),
         STR("{\"gpt-4o\":9,\"gpt-4.1\":9,\"x/claude-3\":9,\"unknown\":9}")}};
    struct fixture f;

    setup(&f, rows, 1);
    CHECK(near(price_of(&f, "gpt-4o").completion_ratio, 4));
    CHECK(near(price_of(&f, "gpt-4.1").completion_ratio, 9));
    CHECK(near(price_of(&f, "x/claude-3").completion_ratio, 9));
    CHECK(near(price_of(&f, "y/claude-3").completion_ratio, 5));
    CHECK(near(price_of(&f, "unknown").completion_ratio, 9));
    teardown(&f);
}

TEST(audio_has_a_price_of_its_own_only_for_models_that_speak)
{
    struct fixture f;
    struct model_price p;

    setup(&f, NULL, 0);
    p = price_of(&f, "gpt-4o-audio-preview-2024-12-17");
    CHECK(p.audio_priced && near(p.audio_ratio, 16) && near(p.audio_completion_ratio, 2));
    p = price_of(&f, "gpt-4o-mini-realtime-preview-2024-12-17");
    CHECK(p.audio_priced && near(p.audio_ratio, 16.67));
    CHECK(!price_of(&f, "gpt-4o").audio_priced);
    CHECK(!price_of(&f, "qwen-omni").audio_priced);
    teardown(&f);
}

TEST(the_catalog_needs_the_rows_only_while_it_reads_them)
{
    struct arena rows_arena, a;
    struct catalog c;
    struct model_price price;

    arena_init(&rows_arena, 0);
    arena_init(&a, 0);
    struct option_row row = {.key = str_dup(&rows_arena, STR("ModelRatio")),
                             .value = str_dup(&rows_arena, STR("{\"only-here\":3}"))};
    catalog_read(&a, &row, 1, &c);
    arena_fini(&rows_arena);
    catalog_price(&c, STR("only-here"), &price);
    CHECK(price.known && price.ratio > 2.9 && price.ratio < 3.1);
    catalog_fini(&c);
    arena_fini(&a);
}

TEST_MAIN(the_catalog_needs_the_rows_only_while_it_reads_them,
          built_in_tables_price_the_models_of_the_line,
          every_built_in_table_is_sorted_json_with_the_known_number_of_rows,
          a_stored_table_replaces_the_built_in_one, wildcard_names_are_priced_through_their_family,
          completion_ratios_follow_the_rules_by_name,
          a_locked_rule_wins_over_the_table_but_not_for_a_name_with_a_slash,
          audio_has_a_price_of_its_own_only_for_models_that_speak)
