#include "billing/media_cost.h"

#include "base/test.h"

static struct usage estimate(enum relay_mode mode, struct media_request r)
{
    if (r.n == 0)
        r.n = 1;
    return media_cost_estimate(mode, &r, STR("{\"input\":\"one two\"}"));
}

TEST(what_a_call_uses_is_counted_in_the_way_of_its_mode)
{
    struct usage u;

    u = estimate(MODE_SPEECH,
                 (struct media_request){.model = STR("tts-1"), .text = STR("a\xc3\xa9z")});
    CHECK_EQ(u.prompt, 3);
    u = estimate(MODE_SPEECH, (struct media_request){.model = STR("gpt-4o-mini-tts"),
                                                     .text = STR("hello hello hello")});
    CHECK(u.prompt > 0 && u.prompt < 17);
    u = estimate(MODE_IMAGES, (struct media_request){.model = STR("dall-e-3"), .n = 4});
    CHECK_EQ(u.prompt, 4);
    CHECK_EQ(u.completion, 0);
    u = estimate(MODE_IMAGES, (struct media_request){.model = STR("gpt-image-1"),
                                                     .n = 2,
                                                     .quality = STR("low"),
                                                     .size = STR("1024x1536"),
                                                     .text = STR("a cat")});
    CHECK_EQ(u.completion, 2 * 408);
    u = estimate(MODE_IMAGES, (struct media_request){.model = STR("gpt-image-1"),
                                                     .quality = STR("auto"),
                                                     .size = STR("auto")});
    CHECK_EQ(u.completion, 4160);
    u = estimate(MODE_TRANSCRIPTIONS,
                 (struct media_request){.model = STR("whisper-1"), .file = STR("no audio")});
    CHECK_EQ(u.prompt, 17); /* a second, at 1000 a minute */
    u = estimate(MODE_MODERATIONS, (struct media_request){.model = STR("m")});
    CHECK(u.prompt > 0);
}

TEST(query_and_documents_of_a_rerank_are_counted)
{
    struct media_request r = {.model = STR("r"), .text = STR("one two"), .n = 1};
    int64_t query, both;

    r.documents = STR("[]");
    query = media_cost_estimate(MODE_RERANK, &r, STR("")).prompt;
    r.documents = STR("[\"one two\",{\"text\":\"one two\",\"id\":\"unseen\"}]");
    both = media_cost_estimate(MODE_RERANK, &r, STR("")).prompt;
    CHECK(query > 0);
    CHECK_EQ(both, 3 * query);
}

TEST(seconds_become_tokens_at_a_thousand_a_minute)
{
    CHECK_EQ(media_cost_tokens_of_seconds(0), 0);
    CHECK_EQ(media_cost_tokens_of_seconds(1), 17);
    CHECK_EQ(media_cost_tokens_of_seconds(3), 50);
    CHECK_EQ(media_cost_tokens_of_seconds(60), 1000);
    CHECK(media_cost_tokens_of_seconds(INT64_MAX) > 0);
}

TEST(size_and_quality_change_the_price_of_an_image)
{
    static const struct {
        const char *model, *size, *quality;
        double of_size, of_quality;
    } rows[] = {
        {"dall-e-2", "256x256", "standard", 0.4, 1}, {"dall-e-2", "512x512", "hd", 0.45, 1},
        {"dall-e-3", "1024x1024", "standard", 1, 1}, {"dall-e-3", "1024x1024", "hd", 1, 2},
        {"dall-e-3", "1792x1024", "hd", 2, 1.5},     {"dall-e-3", "1024x1792", "standard", 2, 1},
        {"gpt-image-1", "1536x1024", "high", 1, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct image_ratios got = media_cost_image_ratios(
            str_from(rows[i].model), str_from(rows[i].size), str_from(rows[i].quality));

        CHECK_EQ((int64_t)(got.size * 100), (int64_t)(rows[i].of_size * 100));
        CHECK_EQ((int64_t)(got.quality * 100), (int64_t)(rows[i].of_quality * 100));
    }
}

TEST(images_cost_their_number_size_and_quality_to_the_point)
{
    struct price_plan plan = {.model = {.known = true, .per_call = true, .price_usd = 0.04},
                              .group_ratio = 1,
                              .quota_per_unit = 500000};
    const struct usage used = {.prompt = 3};

    CHECK_EQ(price_charge(&plan, &used), 20000);
    price_plan_images(&plan, 3, 2, 1.5);
    CHECK_EQ(price_charge(&plan, &used), 180000);
    CHECK_EQ(price_reserve(&plan, 0, 0), 180000);
    price_plan_images(&plan, 1, 0.45, 1);
    CHECK_EQ(price_charge(&plan, &used), 9000);
    plan.model.per_call = false; /* by tokens: what was drawn is counted in them */
    plan.model.ratio = 1;
    CHECK_EQ(price_charge(&plan, &used), 3);
}

TEST_MAIN(what_a_call_uses_is_counted_in_the_way_of_its_mode,
          query_and_documents_of_a_rerank_are_counted, seconds_become_tokens_at_a_thousand_a_minute,
          size_and_quality_change_the_price_of_an_image,
          images_cost_their_number_size_and_quality_to_the_point)
