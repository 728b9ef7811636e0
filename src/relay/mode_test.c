/* Requests of the modes that are no chat, from door to door: what reaches the upstream, what comes
 * back, and what it costs. */
#include <unistd.h>

#include "base/mem.h"
#include "base/test.h"
#include "relay/exchange.h"
#include "relay/relay_fixture.h"

#define KEY  "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n"
#define FORM KEY "Content-Type: multipart/form-data; boundary=B\r\n"
#define PART(name, value)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--B--\r\n"

static const char prices[] = "{\"dall-e-3\":0.04,\"dall-e\":0.02,\"fixed\":0.001}";
static const char models[] =
    "m,tts-1,whisper-1,dall-e,dall-e-2,dall-e-3,gpt-image-1,omni,text-moderation-stable,rank,fixed,"
    "alias";

static struct relay_fixture *new_fixture(const char *retries)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const struct channel row = {.models = str_from(models),
                                .model_mapping = STR("{\"alias\":\"real\"}")};

    relay_fixture_two_channels(f, &row);
    relay_fixture_publish(f, "RetryTimes", retries, "ModelPrice", prices, "SelfUseModeEnabled",
                          "true", NULL);
    return f;
}

static int64_t last(struct relay_fixture *f, const char *column)
{
    return relay_fixture_number(
        f, arena_fmt(&f->arena, "SELECT %s FROM logs ORDER BY id DESC LIMIT 1", column).p);
}

static const char *last_text(struct relay_fixture *f, const char *column)
{
    return relay_fixture_cell(
        f, arena_fmt(&f->arena, "SELECT %s FROM logs ORDER BY id DESC LIMIT 1", column).p);
}

/* What the upstream sends: a head's Content-Type, and the body. */
struct told {
    const char *type, *body;
};

static void tell(struct relay_fixture_call *c)
{
    const struct told *t = c->ctx;

    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Type: ");
    relay_fixture_send(c, t->type);
    relay_fixture_send(c, "\r\n\r\n");
    relay_fixture_send(c, t->body);
}

static const char json[] = "application/json";
static const char drawn[] = "{\"created\":1,\"data\":[{\"b64_json\":\"aGk=\"}]}";

TEST(images_cost_their_number_and_the_log_tells_size_and_quality)
{
    static const struct told t = {json, drawn};
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply = relay_fixture_post(f, "/v1/images/generations",
                               "{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"n\":2,\"size\":"
                               "\"1792x1024\",\"quality\":\"hd\",\"odd\":1.50}");
    CHECK_EQ(relay_fixture_status(reply), 200);
    CHECK_STR(str_from(relay_fixture_body(f, reply)), drawn);
    check_has(f->seen_head[0], "POST /0/v1/images/generations");
    check_has(f->seen_body[0], "\"odd\":1.50}");
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 500000 * 0.04 * 2 * 2 * 1.5);
    CHECK_STR(str_from(last_text(f, "content")),
              "模型价格 0.04，分组倍率 1.00, 大小 1792x1024, 品质 hd");
    relay_fixture_free(f);
}

/* ---- images of a channel of Gemini's ---- */

static struct relay_fixture *new_imagen(void)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const struct channel row = {.type = 24,
                                .models = STR("imagen-4,drawn,gemini-2.5-flash"),
                                .model_mapping = STR("{\"drawn\":\"imagen-4.0-generate-001\"}")};

    relay_fixture_two_channels(f, &row);
    relay_fixture_publish(f, "RetryTimes", "1", "ModelPrice", "{\"drawn\":0.03}",
                          "SelfUseModeEnabled", "true", NULL);
    return f;
}

TEST(imagen_draws_for_clients_of_openai)
{
    static const struct told t = {json,
                                  "{\"predictions\":[{\"bytesBase64Encoded\":\"aGk=\","
                                  "\"mimeType\":\"image/png\"},{\"raiFilteredReason\":\"x\"}]}"};
    struct relay_fixture *f = new_imagen();
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply = relay_fixture_post(f, "/v1/images/generations",
                               "{\"model\":\"drawn\",\"prompt\":\"a cat\",\"n\":2,\"size\":"
                               "\"1024x1024\",\"style\":\"vivid\"}");
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(reply, "x-yourapi-dropped: style\r\n");
    check_has(relay_fixture_body(f, reply), ",\"data\":[{\"b64_json\":\"aGk=\"}]}");
    check_has(f->seen_head[0], "POST /0/v1beta/models/imagen-4.0-generate-001:predict HTTP");
    check_has(f->seen_head[0], "x-goog-api-key: ");
    CHECK_STR(str_from(f->seen_body[0]),
              "{\"instances\":[{\"prompt\":\"a cat\"}],\"parameters\":{\"sampleCount\":2,"
              "\"aspectRatio\":\"1:1\",\"personGeneration\":\"allow_adult\"}}");
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 500000 * 0.03 * 2);

    reply = relay_fixture_post(f, "/v1/images/generations",
                               "{\"model\":\"imagen-4\",\"prompt\":\"a cat\",\"n\":2}");
    CHECK_EQ(relay_fixture_status(reply), 200);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "prompt_tokens"), 258); /* one was held back */
    CHECK_EQ(last(f, "completion_tokens"), 0);

    reply = relay_fixture_post(f, "/v1/images/generations",
                               "{\"model\":\"imagen-4\",\"prompt\":\"a cat\",\"stream\":true}");
    check_has(reply, "Content-Type: text/event-stream");
    check_has(relay_fixture_body(f, reply), "\"data\":[{\"b64_json\":\"aGk=\"}]}\n\n");
    relay_fixture_free(f);
}

TEST(images_that_were_all_held_back_cost_nothing_and_are_not_asked_for_again)
{
    static const struct told t = {json, "{\"predictions\":[{\"raiFilteredReason\":\"no faces\"}]}"};
    static const struct told broken = {json, "{\"odd\":1}"};
    static const char ask[] = "{\"model\":\"imagen-4\",\"prompt\":\"a cat\"}";
    struct relay_fixture *f = new_imagen();
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply = relay_fixture_post(f, "/v1/images/generations", ask);
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "no faces");
    check_has(reply, "\"code\":\"no_images\"");
    CHECK_EQ(f->requests, 1);

    relay_fixture_script(f, tell, &broken); /* which another channel might do better */
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/images/generations", ask)), 502);
    CHECK_EQ(f->requests, 3);

    reply = relay_fixture_post(f, "/v1/images/generations",
                               "{\"model\":\"gemini-2.5-flash\",\"prompt\":\"a cat\"}");
    CHECK_EQ(relay_fixture_status(reply), 501);
    CHECK_EQ(f->requests, 3);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
    relay_fixture_free(f);
}

TEST(a_body_without_a_model_is_sent_with_the_usual_one)
{
    static const struct told t = {json, drawn};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/images/generations",
                                                     "{\"prompt\":\"x\",\"size\":\"empty\"}")),
             200);
    CHECK_STR(str_from(f->seen_body[0]), "{\"prompt\":\"x\",\"model\":\"dall-e-2\"}");
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 10000);
    CHECK_STR(str_from(last_text(f, "model_name")), "dall-e");
    relay_fixture_free(f);
}

TEST(tokens_that_were_drawn_are_charged_as_the_upstream_tells_them)
{
    static const struct told t = {
        json,
        "{\"data\":[{\"b64_json\":\"aGk=\"}],\"usage\":{\"input_tokens\":50,\"output_tokens\":"
        "100,\"input_tokens_details\":{\"text_tokens\":10,\"image_tokens\":40}}}"};
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_publish(f, "ImageRatio", "{\"m\":2}", NULL);
    relay_fixture_script(f, tell, &t);
    reply =
        relay_fixture_request(f, "POST", "/v1/images/edits", FORM,
                              PART("image", "PNG") PART("prompt", "hat") PART("model", "m") END);
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(f->seen_head[0], "Content-Type: multipart/form-data; boundary=B\r\n");
    CHECK_STR(str_from(f->seen_body[0]),
              PART("image", "PNG") PART("prompt", "hat") PART("model", "m") END);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 10 + 40 * 2 + 100 * 2); /* m: completion ratio 2 */
    CHECK_EQ(last(f, "prompt_tokens"), 50);
    relay_fixture_free(f);
}

TEST(in_a_form_only_the_model_is_mapped)
{
    static const struct told t = {json, "{\"text\":\"alias\",\"duration\":59.5}"};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    CHECK_EQ(relay_fixture_status(relay_fixture_request(f, "POST", "/v1/audio/transcriptions", FORM,
                                                        PART("file", "alias") PART("model", "alias")
                                                            PART("language", "en") END)),
             200);
    CHECK_STR(str_from(f->seen_body[0]),
              PART("file", "alias") PART("model", "real") PART("language", "en") END);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "prompt_tokens"), 1000);
    relay_fixture_free(f);
}

#define IMAGE_EVENT(kind, more)                                                                    \
    "event: image_generation." kind "\ndata: {\"type\":\"image_generation." kind "\"" more "}\n\n"
#define USAGE ",\"usage\":{\"input_tokens\":3,\"output_tokens\":20}"

static const char image_request[] =
    "{\"model\":\"m\",\"prompt\":\"x\",\"stream\":true,\"partial_images\":1}";

TEST(images_are_streamed_as_their_events)
{
    static const struct told t = {"text/event-stream",
                                  IMAGE_EVENT("partial_image", ",\"b64_json\":\"QQ==\"")
                                      IMAGE_EVENT("completed", ",\"b64_json\":\"Qg==\"" USAGE)};
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply = relay_fixture_post(f, "/v1/images/generations", image_request);
    CHECK_STR(str_from(relay_fixture_body(f, reply)), t.body);
    check_has(reply, "Content-Type: text/event-stream");
    CHECK_STR(str_from(f->seen_body[0]), image_request);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 3 + 20 * 2);
    CHECK_EQ(last(f, "is_stream"), 1);
    relay_fixture_free(f);
}

TEST(each_image_of_a_stream_is_charged)
{
    static const struct told t = {"text/event-stream",
                                  IMAGE_EVENT("completed", USAGE) IMAGE_EVENT("completed", USAGE)};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    CHECK_STR(str_from(relay_fixture_body(
                  f, relay_fixture_post(f, "/v1/images/generations", image_request))),
              t.body);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "prompt_tokens"), 6);
    CHECK_EQ(last(f, "completion_tokens"), 40);
    relay_fixture_free(f);
}

/* gpt-image-1: ratio 2.5, what is drawn costs 8 times as much. */
TEST(images_that_tell_no_usage_cost_what_they_are_made_of)
{
    static const char asks[] = "{\"model\":\"gpt-image-1\",\"prompt\":\"x\",\"n\":2";
    static const struct told whole = {json,
                                      "{\"data\":[{\"b64_json\":\"aGk=\"},{\"b64_json\":\"aGk=\"}],"
                                      "\"size\":\"1024x1536\",\"quality\":\"low\"}"};
    static const struct told streamed = {
        "text/event-stream",
        IMAGE_EVENT("partial_image", ",\"b64_json\":\"QQ==\",\"quality\":\"medium\"")
            IMAGE_EVENT("completed", ",\"quality\":\"medium\"")
                IMAGE_EVENT("completed", ",\"quality\":\"medium\"")};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &whole);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/images/generations",
                                                     arena_fmt(&f->arena, "%s}", asks).p)),
             200);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "completion_tokens"), 2 * 408);
    relay_fixture_script(f, tell, &streamed);
    relay_fixture_post(f, "/v1/images/generations",
                       arena_fmt(&f->arena, "%s,\"stream\":true,\"partial_images\":3}", asks).p);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "completion_tokens"), 2 * 1056 + 100);
    relay_fixture_free(f);
}

TEST(a_stream_that_was_answered_whole_is_told_as_one_event)
{
    static const struct told t = {json, drawn};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    check_has(relay_fixture_body(f, relay_fixture_post(f, "/v1/images/generations", image_request)),
              "data: {\"created\":1,\"data\":[{\"b64_json\":\"aGk=\"}]}\n\n");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* The first channel fails before anything of its answer counts, the second answers. */
static void fail_first(struct relay_fixture_call *c)
{
    static const struct told good = {"text/event-stream", IMAGE_EVENT("completed", USAGE)};

    if (c->number > 0) {
        c->ctx = &good;
        tell(c);
        return;
    }
    relay_fixture_stream(c);
    relay_fixture_send(c, "event: error\ndata: {\"type\":\"error\",\"message\":\"busy\"}\n\n");
}

TEST(a_stream_that_fails_before_its_first_event_goes_to_another_channel)
{
    struct relay_fixture *f = new_fixture("1");
    const char *reply;

    relay_fixture_script(f, fail_first, NULL);
    reply = relay_fixture_post(f, "/v1/images/generations", image_request);
    CHECK_STR(str_from(relay_fixture_body(f, reply)), IMAGE_EVENT("completed", USAGE));
    CHECK_EQ(f->requests, 2);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "(SELECT COUNT(*) FROM logs)"), 1);
    relay_fixture_free(f);
}

TEST(a_stream_that_ends_before_its_image_is_complete_ends_with_an_error)
{
    static const struct told t = {"text/event-stream", IMAGE_EVENT("partial_image", "")};
    struct relay_fixture *f = new_fixture("0");
    const char *body;

    relay_fixture_script(f, tell, &t);
    body = relay_fixture_body(f, relay_fixture_post(f, "/v1/images/generations", image_request));
    check_has(body, "partial_image");
    check_has(body, "\"error\"");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* ---- sound ---- */

static const char speech[] = "{\"model\":\"tts-1\",\"input\":\"h\xc3\xa9llo\",\"voice\":\"alloy\"}";

TEST(sound_goes_through_as_it_comes_with_its_type)
{
    static const struct told t = {"audio/mpeg", "ID3-sound"};
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply = relay_fixture_post(f, "/v1/audio/speech", speech);
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(reply, "Content-Type: audio/mpeg");
    CHECK_STR(str_from(relay_fixture_body(f, reply)), "ID3-sound");
    CHECK_STR(str_from(f->seen_body[0]), speech);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "prompt_tokens"), 5);
    CHECK_EQ(last(f, "quota"), 188); /* 5 x 37.5, of a model without a ratio */
    relay_fixture_free(f);
}

/* Sends a piece and waits for the client to have it, then the rest. */
static void drip(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nTransfer-Encoding: "
                          "chunked\r\n\r\n5\r\nfirst\r\n");
    relay_fixture_wait(c->fixture, 0);
    relay_fixture_send(c, "6\r\nsecond\r\n0\r\n\r\n");
}

TEST(the_first_sound_is_heard_before_the_last_was_made)
{
    struct relay_fixture *f = new_fixture("0");
    int fd;

    relay_fixture_script(f, drip, NULL);
    fd = relay_fixture_connect(f, "/v1/audio/speech", speech, 0);
    check_has(relay_fixture_read(f, fd, "first"), "first");
    relay_fixture_set(f, 0);
    check_has(relay_fixture_read(f, fd, NULL), "second");
    close(fd);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

static void send_until_closed(struct relay_fixture_call *c)
{
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nConnection: close\r\n\r\n"
                          "first");
    if (relay_fixture_closed(c))
        relay_fixture_set(c->fixture, 0);
}

TEST(a_listener_who_leaves_ends_the_call_at_once_and_pays_for_the_text)
{
    struct relay_fixture *f = new_fixture("0");
    int fd;

    relay_fixture_script(f, send_until_closed, NULL);
    fd = relay_fixture_connect(f, "/v1/audio/speech", speech, 0);
    relay_fixture_read(f, fd, "first");
    relay_fixture_leave(f, fd);
    relay_fixture_wait(f, 0); /* long before the time for draining, which is 20 s */
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 188);
    check_has(last_text(f, "other"), "client_gone");
    relay_fixture_free(f);
}

static void break_sound(struct relay_fixture_call *c)
{
    if (c->number == 0 && c->ctx) { /* before the first byte */
        relay_fixture_send(
            c, "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 9\r\n\r\n");
        return;
    }
    relay_fixture_send(c, "HTTP/1.1 200 OK\r\nContent-Type: audio/wav\r\nContent-Length: 9\r\n\r\n"
                          "first");
}

TEST(sound_that_breaks_off_is_cut_off_for_the_client_too)
{
    struct relay_fixture *f = new_fixture("1");
    const char *reply;

    relay_fixture_script(f, break_sound, NULL);
    reply = relay_fixture_post(f, "/v1/audio/speech", speech);
    check_has(reply, "first");
    CHECK(strstr(reply, "\r\n0\r\n") == NULL); /* the last chunk */
    CHECK(strstr(reply, "error") == NULL);
    CHECK_EQ(f->requests, 1);
    relay_fixture_check_books(f);
    check_has(last_text(f, "other"), "upstream_cut");
    relay_fixture_free(f);
}

TEST(sound_that_never_begins_goes_to_another_channel)
{
    static const int before = 1;
    struct relay_fixture *f = new_fixture("1");

    relay_fixture_script(f, break_sound, &before);
    check_has(relay_fixture_post(f, "/v1/audio/speech", speech), "first");
    CHECK_EQ(f->requests, 2);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* More than any buffer on the way; the client begins to read when the upstream can send no more. */
enum { PIECES = 400, PIECE = 65536 };

static void send_much(struct relay_fixture_call *c)
{
    char *piece = mem_alloc(PIECE + 1);

    memset(piece, 'x', PIECE);
    piece[PIECE] = '\0';
    relay_fixture_send(c,
                       "HTTP/1.1 200 OK\r\nContent-Type: audio/pcm\r\nConnection: close\r\n\r\n");
    for (int i = 0; i < PIECES; i++)
        relay_fixture_send(c, piece);
    mem_free(piece);
    relay_fixture_set(c->fixture, 1);
}

static void short_total(struct relay_conf *conf)
{
    conf->relay_timeout_ms = 3000;
}

/* Read ahead, everything would have been there before the time was over. */
TEST(sound_that_nobody_takes_is_not_read_ahead)
{
    struct relay_fixture *f = relay_fixture_new(short_total);
    const char *reply;
    int fd;

    relay_fixture_script(f, send_much, NULL);
    fd =
        relay_fixture_connect(f, "/v1/audio/speech", "{\"model\":\"m\",\"input\":\"hello\"}", 4096);
    relay_fixture_wait(f, 1); /* the upstream saw its connection close */
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    CHECK_EQ(relay_fixture_status(reply), 200);
    CHECK(strlen(reply) < (size_t)PIECES * PIECE / 2);
    CHECK(strstr(reply, "\r\n0\r\n") == NULL);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(a_slow_listener_gets_everything)
{
    struct relay_fixture *f = new_fixture("0");
    const char *reply;
    size_t heard = 0;
    int fd;

    relay_fixture_script(f, send_much, NULL);
    fd = relay_fixture_connect(f, "/v1/audio/speech", speech, 4096);
    reply = relay_fixture_read(f, fd, NULL);
    close(fd);
    for (const char *p = relay_fixture_body(f, reply); *p; p++)
        heard += *p == 'x';
    CHECK_EQ(heard, (size_t)PIECES * PIECE);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

/* Waits until the client was told that the call goes on, then answers in bytes. */
static void answer_late(struct relay_fixture_call *c)
{
    static const struct told t = {"audio/wav", "sound"};

    relay_fixture_wait(c->fixture, 0);
    c->ctx = &t;
    tell(c);
}

TEST(a_client_that_was_told_of_events_gets_no_bytes_for_them)
{
    struct relay_fixture *f = new_fixture("0");
    const char *rest;
    int fd;

    relay_fixture_publish(f, "general_setting.ping_interval_enabled", "true",
                          "general_setting.ping_interval_seconds", "1", "SelfUseModeEnabled",
                          "true", NULL);
    relay_fixture_script(f, answer_late, NULL);
    fd = relay_fixture_connect(f, "/v1/audio/speech",
                               "{\"model\":\"m\",\"input\":\"x\",\"stream_format\":\"sse\"}", 0);
    check_has(relay_fixture_read(f, fd, "PING"), "text/event-stream");
    relay_fixture_set(f, 0);
    rest = relay_fixture_read(f, fd, NULL);
    check_has(rest, "\"error\"");
    CHECK(strstr(rest, "sound") == NULL);
    close(fd);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
    relay_fixture_free(f);
}

TEST(a_page_of_words_is_no_sound)
{
    static const struct told page = {"text/html", "<html>blocked</html>"};
    struct relay_fixture *f = new_fixture("1");

    relay_fixture_script(f, tell, &page);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/audio/speech", speech)), 502);
    CHECK_EQ(f->requests, 2);
    CHECK_EQ(relay_fixture_status(relay_fixture_request(f, "POST", "/v1/audio/transcriptions", FORM,
                                                        PART("file", "RIFF") END)),
             502);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
    relay_fixture_free(f);
}

TEST(speech_as_events_is_charged_by_its_last_one)
{
    static const struct told t = {
        "text/event-stream",
        "data: {\"type\":\"speech.audio.delta\",\"audio\":\"QQ==\"}\n\n"
        "data: "
        "{\"type\":\"speech.audio.done\",\"usage\":{\"input_tokens\":4,\"output_tokens\":9}}\n\n"};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    CHECK_STR(str_from(relay_fixture_body(
                  f, relay_fixture_post(f, "/v1/audio/speech",
                                        "{\"model\":\"m\",\"input\":\"x\",\"stream_format\":"
                                        "\"sse\"}"))),
              t.body);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "prompt_tokens"), 4);
    CHECK_EQ(last(f, "completion_tokens"), 9);
    relay_fixture_free(f);
}

/* ---- the others ---- */

TEST(a_transcription_of_any_format_goes_through_with_its_type)
{
    static const struct told t = {"text/plain; charset=utf-8", "WEBVTT\n\nhello\n"};
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply =
        relay_fixture_request(f, "POST", "/v1/audio/translations", FORM,
                              PART("file", "no known format") PART("response_format", "vtt") END);
    check_has(reply, "Content-Type: text/plain; charset=utf-8");
    CHECK_STR(str_from(relay_fixture_body(f, reply)), t.body);
    check_has(f->seen_body[0], PART("model", "whisper-1"));
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "prompt_tokens"), 17); /* a second */
    CHECK_EQ(last(f, "quota"), 638);        /* 17 x 37.5 */
    relay_fixture_free(f);
}

TEST(moderations_are_counted_here)
{
    static const struct told t = {json, "{\"id\":\"modr\",\"results\":[{\"flagged\":false}]}"};
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_script(f, tell, &t);
    reply = relay_fixture_post(f, "/v1/moderations", "{\"input\":[\"one\",\"two\"]}");
    CHECK_STR(str_from(relay_fixture_body(f, reply)), t.body);
    CHECK_STR(str_from(f->seen_body[0]),
              "{\"input\":[\"one\",\"two\"],\"model\":\"omni-moderation-latest\"}");
    relay_fixture_check_books(f);
    CHECK(last(f, "prompt_tokens") > 0);
    CHECK_STR(str_from(last_text(f, "model_name")), "text-moderation-stable");
    relay_fixture_free(f);
}

TEST(a_rerank_is_charged_in_the_shapes_of_jina_and_cohere)
{
    static const struct told jina = {json, "{\"results\":[{\"index\":0,\"relevance_score\":0.9}],"
                                           "\"usage\":{\"total_tokens\":15}}"};
    static const struct told cohere = {
        json, "{\"id\":\"x\",\"results\":[{\"index\":0,\"relevance_score\":0.9}],\"meta\":"
              "{\"billed_units\":{\"search_units\":1,\"input_tokens\":7}}}"};
    static const char request[] = "{\"model\":\"m\",\"query\":\"q\",\"documents\":[\"a\",\"b\"]}";
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_script(f, tell, &jina);
    reply = relay_fixture_post(f, "/v1/rerank", request);
    CHECK_STR(str_from(relay_fixture_body(f, reply)), jina.body);
    CHECK_STR(str_from(f->seen_body[0]), request);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 15);
    relay_fixture_script(f, tell, &cohere);
    reply = relay_fixture_post(f, "/v1/rerank", request);
    check_has(reply, "\"input_tokens\":7}},\"usage\":{\"prompt_tokens\":7,\"total_tokens\":7}}");
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 7);
    relay_fixture_free(f);
}

TEST(the_model_of_an_engine_stands_in_the_path)
{
    static const struct told t = {
        json,
        "{\"data\":[{\"embedding\":[1]}],\"usage\":{\"prompt_tokens\":3,\"total_tokens\":3}}"};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    CHECK_EQ(relay_fixture_status(
                 relay_fixture_post(f, "/v1/engines/alias/embeddings", "{\"input\":\"x\"}")),
             200);
    check_has(f->seen_head[0], "POST /0/v1/embeddings ");
    CHECK_STR(str_from(f->seen_body[0]), "{\"input\":\"x\",\"model\":\"real\"}");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/engines/alias/embeddings",
                                                     "{\"model\":\"m\",\"input\":\"x\"}")),
             200);
    CHECK_STR(str_from(f->seen_body[1]), "{\"model\":\"m\",\"input\":\"x\"}");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(edits_of_a_text_are_served)
{
    static const struct told t = {
        json, "{\"object\":\"edit\",\"choices\":[{\"text\":\"fixed\",\"index\":0}],\"usage\":"
              "{\"prompt_tokens\":4,\"completion_tokens\":2}}"};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_script(f, tell, &t);
    CHECK_STR(str_from(relay_fixture_body(
                  f, relay_fixture_post(f, "/v1/edits",
                                        "{\"model\":\"m\",\"input\":\"fixd\",\"instruction\":"
                                        "\"fix\"}"))),
              t.body);
    relay_fixture_check_books(f);
    CHECK_EQ(last(f, "quota"), 4 + 2 * 2);
    relay_fixture_free(f);
}

/* ---- what goes wrong ---- */

TEST(what_is_no_answer_is_not_charged_and_goes_to_another_channel)
{
    static const struct told bad[] = {{json, "{\"data\":[]}"},
                                      {json, "[1]"},
                                      {json, "{\"error\":{\"message\":\"no\",\"type\":\"t\"}}"}};

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct relay_fixture *f = new_fixture("1");
        const char *reply;

        relay_fixture_script(f, tell, &bad[i]);
        reply = relay_fixture_post(f, "/v1/images/generations",
                                   "{\"model\":\"fixed\",\"prompt\":\"x\"}");
        CHECK_EQ(relay_fixture_status(reply), 502);
        check_has(reply, "\"error\":{");
        CHECK_EQ(f->requests, 2);
        relay_fixture_check_books(f);
        CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
        relay_fixture_free(f);
    }
}

TEST(a_wrong_request_never_reaches_an_upstream)
{
    struct relay_fixture *f = new_fixture("1");
    const char *reply;

    reply = relay_fixture_post(f, "/v1/images/generations", "{\"model\":\"fixed\"}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "prompt is required");
    check_has(reply, "\"code\":\"invalid_image_request\"");
    reply = relay_fixture_post(f, "/v1/audio/transcriptions", "{\"file\":\"x\"}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "\"code\":\"invalid_audio_request\"");
    reply = relay_fixture_request(f, "POST", "/v1/audio/transcriptions", FORM, PART("file", "x"));
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "cannot be read");
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(what_is_drawn_or_spoken_may_hold_no_listed_word)
{
    static const struct told t = {json, "{\"results\":[{\"flagged\":true}]}"};
    struct relay_fixture *f = new_fixture("0");

    relay_fixture_publish(f, "SensitiveWords", "forbidden", "CheckSensitiveEnabled", "true",
                          "CheckSensitiveOnPromptEnabled", "true", "SelfUseModeEnabled", "true",
                          NULL);
    relay_fixture_script(f, tell, &t);
    check_has(relay_fixture_post(f, "/v1/images/generations",
                                 "{\"model\":\"m\",\"prompt\":\"a forb\\u0069dden cat\"}"),
              "sensitive_words_detected");
    check_has(relay_fixture_request(f, "POST", "/v1/images/edits", FORM,
                                    PART("image", "x") PART("prompt", "forbidden")
                                        PART("model", "m") END),
              "sensitive_words_detected");
    check_has(
        relay_fixture_post(f, "/v1/audio/speech", "{\"model\":\"tts-1\",\"input\":\"forbidden\"}"),
        "sensitive_words_detected");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, "/v1/moderations",
                                                     "{\"model\":\"m\",\"input\":\"forbidden\"}")),
             200);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(an_image_that_cannot_be_paid_is_not_drawn)
{
    struct relay_fixture *f = new_fixture("0");
    const char *reply;

    relay_fixture_sql(f, "UPDATE tokens SET remain_quota=79999");
    relay_fixture_sql(f, "UPDATE users SET quota=79999");
    reply = relay_fixture_post(f, "/v1/images/generations",
                               "{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"n\":4}");
    CHECK_EQ(relay_fixture_status(reply), 403);
    CHECK_EQ(f->requests, 0);
    relay_fixture_free(f);
}

TEST(paths_that_are_not_served_say_so_to_those_with_a_key)
{
    static const char *const rows[][2] = {
        {"GET", "/v1/files"},
        {"POST", "/v1/files"},
        {"GET", "/v1/files/x"},
        {"DELETE", "/v1/files/x"},
        {"GET", "/v1/files/x/content"},
        {"GET", "/v1/fine-tunes"},
        {"POST", "/v1/fine-tunes"},
        {"GET", "/v1/fine-tunes/x"},
        {"POST", "/v1/fine-tunes/x/cancel"},
        {"GET", "/v1/fine-tunes/x/events"},
        {"DELETE", "/v1/models/m"},
    };
    struct relay_fixture *f = new_fixture("0");

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const char *reply = relay_fixture_request(f, rows[i][0], rows[i][1], KEY, "");

        CHECK_EQ(relay_fixture_status(reply), 501);
        check_has(reply, "API not implemented");
        check_has(reply, "\"code\":\"api_not_implemented\"");
        CHECK_EQ(relay_fixture_status(relay_fixture_request(f, rows[i][0], rows[i][1], "", "")),
                 401);
    }
    relay_fixture_free(f);
}

TEST_MAIN(
    images_cost_their_number_and_the_log_tells_size_and_quality, imagen_draws_for_clients_of_openai,
    images_that_were_all_held_back_cost_nothing_and_are_not_asked_for_again,
    a_body_without_a_model_is_sent_with_the_usual_one,
    tokens_that_were_drawn_are_charged_as_the_upstream_tells_them,
    in_a_form_only_the_model_is_mapped, images_are_streamed_as_their_events,
    each_image_of_a_stream_is_charged, images_that_tell_no_usage_cost_what_they_are_made_of,
    a_stream_that_was_answered_whole_is_told_as_one_event,
    a_stream_that_fails_before_its_first_event_goes_to_another_channel,
    a_stream_that_ends_before_its_image_is_complete_ends_with_an_error,
    sound_goes_through_as_it_comes_with_its_type, the_first_sound_is_heard_before_the_last_was_made,
    a_listener_who_leaves_ends_the_call_at_once_and_pays_for_the_text,
    sound_that_breaks_off_is_cut_off_for_the_client_too,
    sound_that_never_begins_goes_to_another_channel, sound_that_nobody_takes_is_not_read_ahead,
    a_slow_listener_gets_everything, a_client_that_was_told_of_events_gets_no_bytes_for_them,
    a_page_of_words_is_no_sound, speech_as_events_is_charged_by_its_last_one,
    a_transcription_of_any_format_goes_through_with_its_type, moderations_are_counted_here,
    a_rerank_is_charged_in_the_shapes_of_jina_and_cohere, the_model_of_an_engine_stands_in_the_path,
    edits_of_a_text_are_served, what_is_no_answer_is_not_charged_and_goes_to_another_channel,
    a_wrong_request_never_reaches_an_upstream, what_is_drawn_or_spoken_may_hold_no_listed_word,
    an_image_that_cannot_be_paid_is_not_drawn, paths_that_are_not_served_say_so_to_those_with_a_key)
