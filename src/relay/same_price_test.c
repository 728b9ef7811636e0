/*
 * The price of an upstream's answer is the same whichever dialect the client speaks, streamed or
 * whole on either side. Each class of tokens and calls has a ratio of its own here, so that none
 * can be taken for another.
 */
#include "base/test.h"
#include "relay/relay_fixture.h"

#define EVENT(json)       "data: " json "\n\n"
#define TYPED(type, json) "event: " type "\n" EVENT("{\"type\":\"" type "\"," json "}")

/* ---- what is used ---- */

enum { ROUNDS = 2, MOST = 40 };

/* Disjoint. Multiples of four, so that every product below is whole. */
struct used {
    int64_t text_in, cached, cached_audio, write_5m, write_1h, image_in, audio_in, text_out,
        thoughts, audio_out;
    int64_t searches, file_searches, drawn;
};

static int64_t some(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return 4 * (1 + (int64_t)(*seed >> 16) % (MOST / 4));
}

/* 1, 2, ... of ratios 0.5 (cache), 1.25 (written), x 1.6 (for an hour), 3 (image), 7 (audio), 11
 * (spoken), points a call. */
static int64_t price_of(const struct used *u, int64_t completion, int64_t search)
{
    return u->text_in + u->cached / 2 + u->cached_audio * 7 / 2 + u->write_5m * 5 / 4 +
           u->write_1h * 2 + u->image_in * 3 + u->audio_in * 7 +
           (u->text_out + u->thoughts) * completion + u->audio_out * 77 + u->searches * search +
           u->file_searches * 50 + u->drawn * 5500;
}

static int64_t input_of(const struct used *u)
{
    return u->text_in + u->cached + u->cached_audio + u->write_5m + u->write_1h + u->image_in +
           u->audio_in;
}

static int64_t output_of(const struct used *u)
{
    return u->text_out + u->thoughts + u->audio_out;
}

/* ---- upstreams ---- */

/* An answer, as one and as a stream. */
struct answer {
    const char *whole, *stream;
    enum way { AS_ASKED, ALWAYS_WHOLE, ALWAYS_STREAMED, WAYS } way;
};

#define CHUNK(delta, finish)                                                                       \
    EVENT("{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","      \
          "\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" finish "}]}")

static void chat(struct arena *a, struct used *u, struct answer *out)
{
    const char *usage;

    u->cached_audio = u->write_1h = u->searches = u->file_searches = u->drawn = 0;
    usage = arena_fmt(a,
                      "\"usage\":{\"prompt_tokens\":%" PRId64 ",\"completion_tokens\":%" PRId64 ","
                      "\"total_tokens\":%" PRId64
                      ",\"prompt_tokens_details\":{\"cached_tokens\":%" PRId64 ","
                      "\"cache_write_tokens\":%" PRId64 ",\"audio_tokens\":%" PRId64
                      ",\"image_tokens\":%" PRId64 "},"
                      "\"completion_tokens_details\":{\"reasoning_tokens\":%" PRId64 ","
                      "\"audio_tokens\":%" PRId64 "}}",
                      input_of(u), output_of(u), input_of(u) + output_of(u), u->cached, u->write_5m,
                      u->audio_in, u->image_in, u->thoughts, u->audio_out)
                .p;
    out->whole = arena_fmt(a,
                           "{\"id\":\"c\",\"object\":\"chat.completion\",\"created\":1,\"model\":"
                           "\"m\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
                           "\"content\":\"Hello\"},\"finish_reason\":\"stop\"}],%s}",
                           usage)
                     .p;
    out->stream = arena_fmt(a,
                            CHUNK("\"content\":\"Hello\"", "null") CHUNK("", "\"stop\"")
                                EVENT("{\"choices\":[],%s}") EVENT("[DONE]"),
                            usage)
                      .p;
}

#define RESPONSES_DONE(i, item)                                                                    \
    TYPED("response.output_item.done", "\"output_index\":" i ",\"item\":" item)
#define RESPONSES_MESSAGE                                                                          \
    "{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"status\":\"completed\","          \
    "\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\",\"annotations\":[]}]}"
#define RESPONSES_SEARCH                                                                           \
    "{\"type\":\"web_search_call\",\"id\":\"s\",\"status\":\"completed\",\"action\":{\"type\":"    \
    "\"search\",\"query\":\"q\"}}"
#define RESPONSES_FILES                                                                            \
    "{\"type\":\"file_search_call\",\"id\":\"f\",\"status\":\"completed\",\"queries\":[\"q\"]}"
#define RESPONSES_IMAGE                                                                            \
    "{\"type\":\"image_generation_call\",\"id\":\"g\",\"status\":\"completed\",\"quality\":"       \
    "\"low\",\"size\":\"1024x1024\",\"output_format\":\"png\",\"result\":\"aGk=\"}"

static void responses(struct arena *a, struct used *u, struct answer *out)
{
    static const char items[] =
        RESPONSES_SEARCH "," RESPONSES_FILES "," RESPONSES_IMAGE "," RESPONSES_MESSAGE;
    const char *response;

    u->cached_audio = u->write_1h = 0;
    u->searches = u->file_searches = u->drawn = 1;
    response =
        arena_fmt(a,
                  "{\"id\":\"r\",\"object\":\"response\",\"created_at\":1,\"model\":\"m2\","
                  "\"status\":\"completed\",\"output\":[%s],\"usage\":{\"input_tokens\":"
                  "%" PRId64 ",\"input_tokens_details\":{\"cached_tokens\":%" PRId64 ","
                  "\"cache_write_tokens\":%" PRId64 ",\"audio_tokens\":%" PRId64
                  ",\"image_tokens\":%" PRId64 "},"
                  "\"output_tokens\":%" PRId64 ",\"output_tokens_details\":{\"reasoning_tokens\":"
                  "%" PRId64 ",\"audio_tokens\":%" PRId64 "},\"total_tokens\":%" PRId64 "}}",
                  items, input_of(u), u->cached, u->write_5m, u->audio_in, u->image_in,
                  output_of(u), u->thoughts, u->audio_out, input_of(u) + output_of(u))
            .p;
    out->whole = response;
    out->stream =
        arena_fmt(a,
                  RESPONSES_DONE("0", RESPONSES_SEARCH) RESPONSES_DONE("1", RESPONSES_FILES)
                      RESPONSES_DONE("2", RESPONSES_IMAGE) RESPONSES_DONE("3", RESPONSES_MESSAGE)
                          TYPED("response.completed", "\"response\":%s"),
                  response)
            .p;
}

static void claude(struct arena *a, struct used *u, struct answer *out)
{
    const char *in;

    u->cached_audio = u->image_in = u->audio_in = u->audio_out = 0;
    u->file_searches = u->drawn = 0;
    u->searches = 2;
    in = arena_fmt(a,
                   "\"input_tokens\":%" PRId64 ",\"cache_read_input_tokens\":%" PRId64 ","
                   "\"cache_creation_input_tokens\":%" PRId64 ",\"cache_creation\":{"
                   "\"ephemeral_5m_input_tokens\":%" PRId64
                   ",\"ephemeral_1h_input_tokens\":%" PRId64 "}",
                   u->text_in, u->cached, (u->write_5m + u->write_1h), u->write_5m, u->write_1h)
             .p;
    out->whole =
        arena_fmt(a,
                  "{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
                  "\"m\",\"content\":[{\"type\":\"text\",\"text\":\"Hello\"}],"
                  "\"stop_reason\":\"end_turn\",\"usage\":{%s,\"output_tokens\":%" PRId64 ","
                  "\"server_tool_use\":{\"web_search_requests\":2}}}",
                  in, output_of(u))
            .p;
    out->stream =
        arena_fmt(
            a,
            TYPED("message_start",
                  "\"message\":{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
                  "\"m\",\"content\":[],\"usage\":{%s,\"output_tokens\":1}}")
                TYPED("content_block_start",
                      "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
                    TYPED("content_block_delta",
                          "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}")
                        TYPED("content_block_stop", "\"index\":0")
                            TYPED("message_delta",
                                  "\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{"
                                  "\"output_tokens\":%" PRId64 ",\"server_tool_use\":{"
                                  "\"web_search_requests\":2}}") TYPED("message_stop", "\"x\":0"),
            in, output_of(u))
            .p;
}

static void gemini(struct arena *a, struct used *u, struct answer *out)
{
    u->write_5m = u->write_1h = u->file_searches = u->drawn = 0;
    u->searches = 2;
    out->whole =
        arena_fmt(
            a,
            "{\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{"
            "\"text\":\"Hello\"}]},\"finishReason\":\"STOP\",\"groundingMetadata\":{"
            "\"webSearchQueries\":[\"q\",\"r\"]}}],\"usageMetadata\":{\"promptTokenCount\":"
            "%" PRId64 ",\"cachedContentTokenCount\":%" PRId64 ",\"candidatesTokenCount\":%" PRId64
            ","
            "\"thoughtsTokenCount\":%" PRId64 ",\"totalTokenCount\":%" PRId64
            ",\"promptTokensDetails\":[{"
            "\"modality\":\"AUDIO\",\"tokenCount\":%" PRId64 "},{\"modality\":\"IMAGE\","
            "\"tokenCount\":%" PRId64 "}],\"cacheTokensDetails\":[{\"modality\":\"TEXT\","
            "\"tokenCount\":%" PRId64 "},{\"modality\":\"AUDIO\",\"tokenCount\":%" PRId64 "}],"
            "\"candidatesTokensDetails\":[{\"modality\":\"AUDIO\",\"tokenCount\":%" PRId64 "}]}}",
            input_of(u), u->cached + u->cached_audio, u->text_out + u->audio_out, u->thoughts,
            input_of(u) + output_of(u), u->audio_in + u->cached_audio, u->image_in, u->cached,
            u->cached_audio, u->audio_out)
            .p;
    out->stream = arena_fmt(a, EVENT("%s"), out->whole).p;
}

static const struct upstream {
    const char *name;
    int type;
    const char *model;          /* m2 goes out as a response */
    int64_t completion, search; /* ratio, and points a search */
    void (*answer)(struct arena *a, struct used *u, struct answer *out);
} upstreams[] = {
    {"chat", 8, "m", 2, 0, chat},
    {"responses", 1, "m2", 1, 100, responses},
    {"claude", 14, "m", 2, 200, claude},
    {"gemini", 24, "m", 2, 300, gemini},
};

static void reply(struct relay_fixture_call *c)
{
    const struct answer *t = c->ctx;
    bool streamed =
        str_has(c->body, STR("\"stream\":true")) || str_has(c->head, STR("streamGenerateContent"));

    if (t->way != AS_ASKED)
        streamed = t->way == ALWAYS_STREAMED;
    if (!streamed) {
        relay_fixture_json(c, 200, t->whole);
        return;
    }
    relay_fixture_stream(c);
    relay_fixture_send(c, t->stream);
}

/* ---- clients ---- */

#define MESSAGES "\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}"
#define CONTENTS "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}"

static const struct {
    const char *name, *path, *body;
} clients[] = {
    {"chat", "/v1/chat/completions", "{\"model\":\"%s\"," MESSAGES},
    {"chat's stream", "/v1/chat/completions", "{\"model\":\"%s\",\"stream\":true," MESSAGES},
    {"responses", "/v1/responses", "{\"model\":\"%s\",\"input\":\"x\"}"},
    {"responses' stream", "/v1/responses", "{\"model\":\"%s\",\"stream\":true,\"input\":\"x\"}"},
    {"claude", "/v1/messages", "{\"model\":\"%s\",\"max_tokens\":9," MESSAGES},
    {"claude's stream", "/v1/messages",
     "{\"model\":\"%s\",\"stream\":true,\"max_tokens\":9," MESSAGES},
    {"gemini", "/v1beta/models/%s:generateContent", CONTENTS},
    {"gemini's stream", "/v1beta/models/%s:streamGenerateContent?alt=sse", CONTENTS},
    {"gemini's array", "/v1beta/models/%s:streamGenerateContent", CONTENTS},
};

static struct relay_fixture *fixture_of(const struct upstream *up)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", up->type).p);
    relay_fixture_publish(
        f, "CacheRatio", "{\"m\":0.5,\"m2\":0.5}", "CreateCacheRatio", "{\"m\":1.25,\"m2\":1.25}",
        "ImageRatio", "{\"m\":3,\"m2\":3}", "AudioRatio", "{\"m\":7,\"m2\":7}",
        "AudioCompletionRatio", "{\"m\":11,\"m2\":11}", "tool_price_setting.prices",
        "{\"web_search_preview\":0.2,\"web_search\":0.4,\"google_search\":0.6,\"file_search\":0.1}",
        "global.chat_completions_to_responses_policy",
        "{\"enabled\":true,\"all_channels\":true,\"model_patterns\":[\"m2\"]}", NULL);
    return f;
}

static void check_price(struct relay_fixture *f, const struct upstream *up,
                        const struct answer *answer, size_t client, int64_t price)
{
    struct arena *a = &f->arena;
    const struct str model = str_from(up->model), mark = STR("%s");
    const char *path = str_replace(a, str_from(clients[client].path), mark, model).p;
    const char *body = str_replace(a, str_from(clients[client].body), mark, model).p;
    const char *got = relay_fixture_post(f, path, body);
    int64_t quota;

    relay_fixture_check_books(f);
    quota = relay_fixture_number(f, "SELECT quota FROM logs ORDER BY id DESC LIMIT 1");
    if (relay_fixture_status(got) != 200 || quota != price)
        fail_msg("%s to %s, way %d: %" PRId64 " in place of %" PRId64 "; %s", clients[client].name,
                 up->name, (int)answer->way, quota, price, got);
}

TEST(an_answer_costs_the_same_whichever_dialect_the_client_speaks)
{
    uint32_t seed = 1;

    for (size_t i = 0; i < ARRAY_LEN(upstreams); i++) {
        struct relay_fixture *f = fixture_of(&upstreams[i]);

        for (int round = 0; round < ROUNDS * WAYS; round++) {
            struct used u;
            struct answer *answer = arena_new(&f->arena, struct answer);
            int64_t *counts[] = {&u.text_in,  &u.cached,   &u.cached_audio, &u.write_5m,
                                 &u.write_1h, &u.image_in, &u.audio_in,     &u.text_out,
                                 &u.thoughts, &u.audio_out};

            for (size_t k = 0; k < ARRAY_LEN(counts); k++)
                *counts[k] = some(&seed);
            upstreams[i].answer(&f->arena, &u, answer);
            answer->way = (enum way)(round % WAYS);
            relay_fixture_script(f, reply, answer);
            for (size_t client = 0; client < ARRAY_LEN(clients); client++)
                check_price(f, &upstreams[i], answer, client,
                            price_of(&u, upstreams[i].completion, upstreams[i].search));
        }
        relay_fixture_free(f);
    }
}

TEST_MAIN(an_answer_costs_the_same_whichever_dialect_the_client_speaks)
