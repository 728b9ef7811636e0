#include "dialect/media_answer.h"

#include "base/test.h"

static struct media_answer answer(enum relay_mode mode, const char *json)
{
    struct media_answer a;

    media_answer_read(str_from(json), mode, &a);
    return a;
}

static struct media_answer event(enum relay_mode mode, const char *type, const char *json)
{
    struct media_answer a;

    media_event_read(str_from(json), str_from(type), mode, &a);
    return a;
}

TEST(usage_is_read_in_every_shape_in_which_it_is_told)
{
    static const struct {
        enum relay_mode mode;
        const char *json;
        int64_t prompt, completion, image_in, audio_in, seconds;
        bool has, tells;
    } cases[] = {
        {MODE_IMAGES,
         "{\"data\":[1],\"usage\":{\"input_tokens\":50,\"output_tokens\":4160,\"total_tokens\":"
         "4210,"
         "\"input_tokens_details\":{\"text_tokens\":10,\"image_tokens\":40}}}",
         50, 4160, 40, 0, -1, true, true},
        {MODE_TRANSCRIPTIONS,
         "{\"text\":\"x\",\"usage\":{\"type\":\"tokens\",\"input_tokens\":14,\"input_token_"
         "details\":"
         "{\"text_tokens\":4,\"audio_tokens\":10},\"output_tokens\":5}}",
         14, 5, 0, 10, -1, true, true},
        {MODE_TRANSCRIPTIONS, "{\"text\":\"\",\"usage\":{\"type\":\"duration\",\"seconds\":7.2}}",
         0, 0, 0, 0, 8, false, true},
        {MODE_TRANSCRIPTIONS, "{\"text\":\"x\",\"duration\":8.47}", 0, 0, 0, 0, 9, false, false},
        {MODE_RERANK, "{\"results\":[1],\"usage\":{\"total_tokens\":15}}", 15, 0, 0, 0, -1, true,
         true},
        {MODE_RERANK, "{\"results\":[1],\"meta\":{\"billed_units\":{\"input_tokens\":9}}}", 9, 0, 0,
         0, -1, true, false},
        {MODE_RERANK, "{\"results\":[1],\"meta\":{\"billed_units\":{\"search_units\":1}}}", 0, 0, 0,
         0, -1, false, false},
        {MODE_EDITS, "{\"choices\":[1],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}", 3,
         2, 0, 0, -1, true, true},
        {MODE_MODERATIONS, "{\"results\":[1],\"usage\":null}", 0, 0, 0, 0, -1, false, false},
    };

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct media_answer a = answer(cases[i].mode, cases[i].json);

        CHECK(a.is_object && a.has_result && !a.has_error);
        CHECK_EQ(a.has_usage, cases[i].has);
        CHECK_EQ(a.tells_usage, cases[i].tells);
        CHECK_EQ(a.usage.prompt, cases[i].prompt);
        CHECK_EQ(a.usage.completion, cases[i].completion);
        CHECK_EQ(a.usage.image_in, cases[i].image_in);
        CHECK_EQ(a.usage.audio_in, cases[i].audio_in);
        CHECK_EQ(a.seconds, cases[i].seconds);
    }
}

TEST(what_is_no_answer_is_known_as_such)
{
    CHECK(!answer(MODE_IMAGES, "[]").is_object);
    CHECK(!answer(MODE_IMAGES, "{\"data\":[]}").has_result);
    CHECK(!answer(MODE_IMAGES, "{\"data\":null}").has_result);
    CHECK(!answer(MODE_RERANK, "{}").has_result);
    CHECK(answer(MODE_TRANSCRIPTIONS, "{\"text\":\"\"}").has_result); /* nothing was said */
    CHECK(answer(MODE_SPEECH, "{\"url\":\"x\"}").has_result);
    CHECK(answer(MODE_IMAGES, "{\"error\":{\"message\":\"no\"}}").has_error);
    CHECK(answer(MODE_IMAGES, "{\"error\":\"no\"}").has_error);
    CHECK(!answer(MODE_IMAGES, "{\"error\":null,\"data\":[1]}").has_error);
}

TEST(events_say_what_they_are_by_their_type)
{
    struct media_answer a;

    a = event(MODE_IMAGES, "", "{\"type\":\"image_generation.partial_image\",\"b64_json\":\"x\"}");
    CHECK(a.has_result && !a.is_end && !a.has_usage && a.is_partial);
    CHECK(a.size.n == 0 && a.quality.n == 0);
    a = event(MODE_IMAGES, "image_generation.completed",
              "{\"b64_json\":\"x\",\"size\":\"1024x1536\",\"quality\":\"low\",\"usage\":{"
              "\"input_tokens\":1,\"output_tokens\":2}}");
    CHECK(a.is_end && a.has_usage && !a.is_partial);
    CHECK_STR(a.size, "1024x1536");
    CHECK_STR(a.quality, "low");
    a = event(
        MODE_SPEECH, "",
        "{\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":1,\"output_tokens\":2}}");
    CHECK(a.is_end);
    CHECK_EQ(a.usage.audio_out, 2);
    a = event(MODE_TRANSCRIPTIONS, "", "{\"type\":\"transcript.text.delta\",\"delta\":\"x\"}");
    CHECK(a.has_result && !a.is_end);
    a = event(MODE_IMAGES, "", "{\"type\":\"error\",\"message\":\"no\"}");
    CHECK(a.has_error && !a.has_result);
    a = event(MODE_IMAGES, "error", "{\"message\":\"no\"}");
    CHECK(a.has_error);
}

TEST_MAIN(usage_is_read_in_every_shape_in_which_it_is_told, what_is_no_answer_is_known_as_such,
          events_say_what_they_are_by_their_type)
