#include "dialect/realtime_event.h"

#include "dialect/arena_testing.h"

static struct realtime_event read_event(const char *text)
{
    struct realtime_event ev;

    CHECK_EQ(realtime_event_read(&arena, str_from(text), &ev, NULL), ERR_OK);
    return ev;
}

#define READS_AS(text, wanted, raw)                                                                \
    do {                                                                                           \
        struct realtime_event ev = read_event(text);                                               \
        CHECK_EQ(ev.kind, wanted);                                                                 \
        CHECK_STR(ev.about, raw);                                                                  \
    } while (0)

TEST(events_of_both_protocols_are_known_with_what_they_are_about)
{
    READS_AS("{\"type\":\"response.audio.delta\",\"delta\":\"AA==\"}", REALTIME_AUDIO_DELTA,
             "\"AA==\"");
    READS_AS("{\"delta\":\"AA==\",\"type\":\"response.output_audio.delta\"}", REALTIME_AUDIO_DELTA,
             "\"AA==\"");
    READS_AS("{\"type\":\"response.text.delta\",\"delta\":\"a\"}", REALTIME_TEXT_DELTA, "\"a\"");
    READS_AS("{\"type\":\"response.output_text.delta\",\"delta\":\"a\"}", REALTIME_TEXT_DELTA,
             "\"a\"");
    READS_AS("{\"type\":\"response.audio_transcript.delta\",\"delta\":\"a\"}", REALTIME_TEXT_DELTA,
             "\"a\"");
    READS_AS("{\"type\":\"response.output_audio_transcript.delta\",\"delta\":\"a\"}",
             REALTIME_TEXT_DELTA, "\"a\"");
    READS_AS("{\"type\":\"conversation.item.created\",\"item\":{}}", REALTIME_ITEM, "{}");
    READS_AS("{\"type\":\"conversation.item.added\",\"item\":{}}", REALTIME_ITEM, "{}");
    READS_AS("{\"type\":\"session.updated\",\"session\":{}}", REALTIME_SESSION, "{}");
    READS_AS("{\"type\":\"transcription_session.created\",\"session\":{}}", REALTIME_SESSION, "{}");
    READS_AS("{\"type\":\"transcription_session.updated\",\"session\":{}}", REALTIME_SESSION, "{}");
    READS_AS("{\"type\":\"transcription_session.update\",\"session\":{}}", REALTIME_SESSION_UPDATE,
             "{}");
    READS_AS("{\"type\":\"conversation.item.create\",\"item\":{}}", REALTIME_ITEM_CREATE, "{}");
    READS_AS("{\"type\":\"response.done\",\"response\":{\"a\":1}}", REALTIME_RESPONSE_DONE,
             "{\"a\":1}");
    READS_AS("{\"type\":\"response.d\\u006fne\",\"response\":1}", REALTIME_RESPONSE_DONE, "1");
    READS_AS("{\"type\":\"response.done\"}", REALTIME_RESPONSE_DONE, "");
    READS_AS("{\"type\":\"rate_limits.updated\"}", REALTIME_OTHER, "");
    READS_AS("{\"type\":7}", REALTIME_OTHER, "");
    READS_AS("{}", REALTIME_OTHER, "");
}

TEST(an_event_may_have_a_name)
{
    CHECK_STR(realtime_event_id(&arena, STR("{\"type\":\"x\",\"event_id\":\"a\\u0062\"}")), "ab");
    CHECK_STR(realtime_event_id(&arena, STR("{\"event_id\":7}")), "");
    CHECK_STR(realtime_event_id(&arena, STR("{}")), "");
}

TEST(a_session_that_only_transcribes_says_so_in_both_protocols)
{
    CHECK(realtime_session_transcribes(&arena, STR("{\"type\":\"transcription\"}")));
    CHECK(realtime_session_transcribes(&arena,
                                       STR("{\"object\":\"realtime.transcription_session\"}")));
    CHECK(!realtime_session_transcribes(
        &arena, STR("{\"type\":\"realtime\",\"object\":\"realtime.session\"}")));
    CHECK(!realtime_session_transcribes(&arena, STR_NULL));
}

TEST(what_is_no_object_is_refused)
{
    static const char *const broken[] = {"", "[]", "{\"type\":", "{} x", "\"response.done\""};
    struct realtime_event ev;

    for (size_t i = 0; i < ARRAY_LEN(broken); i++)
        CHECK_EQ(realtime_event_read(&arena, str_from(broken[i]), &ev, NULL), ERR_BAD_JSON);
}

static struct usage usage_of(const char *raw)
{
    struct usage u;

    CHECK(realtime_usage_read(&arena, str_from(raw), &u));
    return u;
}

TEST(usage_is_read_in_every_class)
{
    struct usage u = usage_of(
        "{\"total_tokens\":170,\"input_tokens\":120,\"output_tokens\":50,\"input_token_details\":{"
        "\"cached_tokens\":64,\"text_tokens\":40,\"audio_tokens\":70,\"image_tokens\":10,"
        "\"cached_tokens_details\":{\"text_tokens\":32,\"audio_tokens\":32}},"
        "\"output_token_details\":{\"text_tokens\":20,\"audio_tokens\":30}}");

    CHECK_EQ(u.prompt, 120);
    CHECK_EQ(u.completion, 50);
    CHECK_EQ(u.cached, 64);
    CHECK_EQ(u.cached_audio, 32);
    CHECK_EQ(u.audio_in, 70);
    CHECK_EQ(u.image_in, 10);
    CHECK_EQ(u.audio_out, 30);
    CHECK(u.reported);
}

TEST(cached_tokens_that_are_not_told_apart_are_text)
{
    struct usage u = usage_of("{\"input_tokens\":100,\"input_token_details\":{\"cached_tokens\":64,"
                              "\"text_tokens\":40,\"audio_tokens\":60}}");

    CHECK_EQ(u.cached, 40);
    CHECK_EQ(u.cached_audio, 0);
}

TEST(a_side_without_a_count_is_the_sum_of_its_classes)
{
    struct usage u = usage_of("{\"input_token_details\":{\"text_tokens\":4,\"audio_tokens\":6},"
                              "\"output_token_details\":{\"text_tokens\":1,\"audio_tokens\":-9}}");

    CHECK_EQ(u.prompt, 10);
    CHECK_EQ(u.completion, 1);
    CHECK_EQ(u.audio_out, 0);
}

TEST(usage_that_counts_nothing_is_none)
{
    static const char *const nothing[] = {
        "", "null", "{}", "7", "{\"input_tokens\":0}", "{\"type\":\"duration\",\"seconds\":3}"};
    struct usage u;

    for (size_t i = 0; i < ARRAY_LEN(nothing); i++)
        CHECK(!realtime_usage_read(&arena, str_from(nothing[i]), &u));
}

TEST(a_response_tells_its_usage_and_whether_it_failed)
{
    struct realtime_response r;

    realtime_response_read(&arena, STR("{\"status\":\"completed\",\"usage\":{\"input_tokens\":3}}"),
                           &r);
    CHECK(r.has_usage && !r.failed);
    CHECK_EQ(r.usage.prompt, 3);
    realtime_response_read(&arena, STR("{\"status\":\"failed\",\"usage\":null}"), &r);
    CHECK(!r.has_usage && r.failed);
    realtime_response_read(&arena, STR_NULL, &r);
    CHECK(!r.has_usage && !r.failed);
}

TEST(formats_are_read_as_bytes_a_second)
{
    struct realtime_formats f;

    realtime_formats_read(&arena,
                          STR("{\"input_audio_format\":\"pcm16\",\"output_audio_format\":"
                              "\"g711_alaw\"}"),
                          &f);
    CHECK_EQ(f.in_rate, 48000);
    CHECK_EQ(f.out_rate, 8000);
    realtime_formats_read(&arena,
                          STR("{\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcm\",\"rate\":"
                              "16000}},\"output\":{\"format\":{\"type\":\"audio/pcmu\"}}}}"),
                          &f);
    CHECK_EQ(f.in_rate, 32000);
    CHECK_EQ(f.out_rate, 8000);
    realtime_formats_read(&arena,
                          STR("{\"audio\":{\"input\":{\"format\":{\"type\":\"audio/pcm\"}}"
                              "}}"),
                          &f);
    CHECK_EQ(f.in_rate, 48000);
    CHECK_EQ(f.out_rate, 0);
    realtime_formats_read(&arena, STR("{\"input_audio_format\":\"opus\"}"), &f);
    CHECK_EQ(f.in_rate, 0);
}

TEST(bytes_of_base64_are_counted_without_decoding)
{
    CHECK_EQ(realtime_audio_bytes(STR("\"\"")), 0);
    CHECK_EQ(realtime_audio_bytes(STR("\"QQ==\"")), 1);
    CHECK_EQ(realtime_audio_bytes(STR("\"QUI=\"")), 2);
    CHECK_EQ(realtime_audio_bytes(STR("\"QUJD\"")), 3);
    CHECK_EQ(realtime_audio_bytes(STR("\"QUJDRA\"")), 4);
    CHECK_EQ(realtime_audio_bytes(STR("7")), 0);
    CHECK_EQ(realtime_audio_bytes(STR_NULL), 0);
}

TEST(an_error_event_has_the_status_that_its_code_means)
{
    CHECK_EQ(realtime_error_status(&arena, STR("{\"code\":\"invalid_api_key\"}")), 401);
    CHECK_EQ(realtime_error_status(&arena, STR("{\"code\":\"insufficient_quota\"}")), 429);
    CHECK_EQ(realtime_error_status(&arena, STR("{\"code\":\"model_not_found\"}")), 404);
    CHECK_EQ(realtime_error_status(&arena, STR("{\"type\":\"invalid_request_error\"}")), 400);
    CHECK_EQ(realtime_error_status(&arena, STR("{\"type\":\"server_error\"}")), 502);
    CHECK_EQ(realtime_error_status(&arena, STR_NULL), 502);
}

ARENA_TEST_MAIN(events_of_both_protocols_are_known_with_what_they_are_about,
                an_event_may_have_a_name, a_session_that_only_transcribes_says_so_in_both_protocols,
                what_is_no_object_is_refused, usage_is_read_in_every_class,
                cached_tokens_that_are_not_told_apart_are_text,
                a_side_without_a_count_is_the_sum_of_its_classes, usage_that_counts_nothing_is_none,
                a_response_tells_its_usage_and_whether_it_failed,
                formats_are_read_as_bytes_a_second, bytes_of_base64_are_counted_without_decoding,
                an_error_event_has_the_status_that_its_code_means)
