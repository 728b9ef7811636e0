#include "billing/realtime_meter.h"

#include "base/test.h"

struct meter {
    struct realtime_meter m;
    struct arena arena;
};

static void open_meter(struct meter *t)
{
    arena_init(&t->arena, 0);
    realtime_meter_init(&t->m, STR("gpt-4o-realtime-preview"));
}

static void note(struct meter *t, const char *text)
{
    struct realtime_event ev;

    CHECK_EQ(realtime_event_read(&t->arena, str_from(text), &ev, NULL), ERR_OK);
    realtime_meter_note(&t->m, &t->arena, &ev);
}

/* An event with `bytes` bytes of audio, which is a multiple of 3. */
static void note_audio(struct meter *t, const char *type, const char *member, size_t bytes)
{
    char *base64 = arena_alloc(&t->arena, bytes / 3 * 4);

    memset(base64, 'A', bytes / 3 * 4);
    note(t, arena_fmt(&t->arena, "{\"type\":\"%s\",\"%s\":\"%.*s\"}", type, member,
                      (int)(bytes / 3 * 4), base64)
                .p);
}

TEST(audio_is_counted_by_its_length_and_format)
{
    struct meter t;
    struct usage u;

    open_meter(&t);
    for (int i = 0; i < 60; i++) /* a minute in pieces of a second */
        note_audio(&t, "input_audio_buffer.append", "audio", 48000);
    note_audio(&t, "response.audio.delta", "delta", 48000 * 6);
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.audio_in, 1666); /* 100 / 0.06 */
    CHECK_EQ(u.prompt, 1666);
    CHECK_EQ(u.audio_out, 83); /* 6 s x 200 / 0.24 / 60 */
    CHECK_EQ(u.completion, 83);
    CHECK(!u.reported);
    note(&t, "{\"type\":\"session.updated\",\"session\":{\"input_audio_format\":\"g711_ulaw\","
             "\"output_audio_format\":\"g711_ulaw\"}}");
    note_audio(&t, "input_audio_buffer.append", "audio", 24000);
    note_audio(&t, "response.output_audio.delta", "delta", 24000);
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.audio_in, 83); /* 3 s */
    CHECK_EQ(u.audio_out, 41);
    arena_fini(&t.arena);
}

TEST(small_pieces_of_audio_are_not_rounded_away)
{
    struct meter t;
    struct usage u;

    open_meter(&t);
    for (int i = 0; i < 1000; i++) /* 10 ms each: 0.28 of a token */
        note_audio(&t, "input_audio_buffer.append", "audio", 480);
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.audio_in, 277);
    arena_fini(&t.arena);
}

TEST(text_counts_where_it_belongs_and_is_counted_once)
{
    struct meter t;
    struct usage u, again;

    open_meter(&t);
    note(&t, "{\"type\":\"session.update\",\"session\":{\"instructions\":\"be brief\"}}");
    note(&t,
         "{\"type\":\"conversation.item.added\",\"item\":{\"type\":\"message\",\"content\":[{"
         "\"type\":\"input_text\",\"text\":\"tell me more\"},{\"type\":\"text\",\"text\":\"no\"}"
         "]}}");
    CHECK(!realtime_meter_has_output(&t.m));
    note(&t, "{\"type\":\"response.audio_transcript.delta\",\"delta\":\"well, \"}");
    note(&t, "{\"type\":\"response.function_call_arguments.delta\",\"delta\":\"{\\\"a\\\":1}\"}");
    CHECK(realtime_meter_has_output(&t.m));
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.prompt, tokens_of_text(t.m.model, STR("be brief")) +
                           tokens_of_text(t.m.model, STR("tell me more")));
    CHECK(u.completion > 0);
    CHECK_EQ(u.audio_in + u.audio_out, 0);
    CHECK(!realtime_meter_has_output(&t.m));
    realtime_meter_take(&t.m, &again);
    CHECK_EQ(again.prompt + again.completion, 0);
    arena_fini(&t.arena);
}

TEST(tools_count_for_each_response_but_the_first)
{
    static const char tool[] = "{\"type\":\"function\",\"name\":\"f\"}";
    struct meter t;
    struct usage u;

    open_meter(&t);
    note(&t, arena_fmt(&t.arena, "{\"type\":\"session.update\",\"session\":{\"tools\":[%s,%s]}}",
                       tool, tool)
                 .p);
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.prompt, 0);
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.prompt, 2 * (8 + tokens_of_text(t.m.model, str_from(tool))));
    note(&t, "{\"type\":\"session.update\",\"session\":{\"tools\":[]}}");
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.prompt, 0);
    arena_fini(&t.arena);
}

TEST(a_reported_response_begins_the_count_anew)
{
    struct meter t;
    struct usage u;

    open_meter(&t);
    note_audio(&t, "input_audio_buffer.append", "audio", 48000);
    note(&t, "{\"type\":\"response.text.delta\",\"delta\":\"x\"}");
    realtime_meter_reset(&t.m);
    CHECK(!realtime_meter_has_output(&t.m));
    realtime_meter_take(&t.m, &u);
    CHECK_EQ(u.prompt + u.completion, 0);
    arena_fini(&t.arena);
}

TEST_MAIN(audio_is_counted_by_its_length_and_format, small_pieces_of_audio_are_not_rounded_away,
          text_counts_where_it_belongs_and_is_counted_once,
          tools_count_for_each_response_but_the_first, a_reported_response_begins_the_count_anew)
