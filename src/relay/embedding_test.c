/* Embeddings between OpenAI's and Gemini's dialects, in as many calls as they take. */
#include "base/json.h"
#include "base/test.h"
#include "relay/relay_fixture.h"

static const char openai_path[] = "/v1/embeddings";
static const char batch_path[] = "/v1beta/models/embed:batchEmbedContents";
static const char list_of_two[] = "{\"model\":\"embed\",\"input\":[\"a\",\"b\"]}";

static struct relay_fixture *gemini(void)
{
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, "UPDATE channels SET type=24");
    relay_fixture_publish(f, "RetryTimes", "1", NULL);
    return f;
}

static void send_body(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, c->ctx);
}

/* As many vectors as texts came; each is one number, its place over all calls. */
static unsigned told;

static void tell_vectors(struct relay_fixture_call *c)
{
    struct arena a;
    struct sb out;
    const struct json *root;

    arena_init(&a, 0);
    sb_init(&out, 64 * 1024);
    CHECK_EQ(json_read(&a, c->body, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    sb_add(&out, STR("{\"embeddings\":["));
    for (size_t i = 0; i < json_count(json_get(root, STR("requests"))); i++)
        sb_add(&out, arena_fmt(&a, "%s{\"values\":[%u]}", i > 0 ? "," : "", told++));
    sb_add(&out, STR("]}"));
    relay_fixture_json(c, 200, str_dup(&a, sb_str(&out)).p);
    sb_fini(&out);
    arena_fini(&a);
}

/* A request with this many texts. */
static const char *many(struct relay_fixture *f, unsigned n)
{
    CLEANUP(sb_finip) struct sb out;

    sb_init(&out, 1024 * 1024);
    sb_add(&out, STR("{\"model\":\"embed\",\"input\":[\"x\""));
    for (unsigned i = 1; i < n; i++)
        sb_add(&out, STR(",\"x\""));
    sb_add(&out, STR("]}"));
    return str_dup(&f->arena, sb_str(&out)).p;
}

TEST(a_long_list_takes_several_calls_and_is_one_answer)
{
    struct relay_fixture *f = gemini();
    const struct json *root, *data;
    const char *reply;
    int64_t i = 0;

    told = 0;
    relay_fixture_script(f, tell_vectors, NULL);
    reply = relay_fixture_post(f, openai_path, many(f, 250));
    CHECK_EQ(relay_fixture_status(reply), 200);
    CHECK_EQ(f->requests, 3);
    check_has(f->seen_head[2], "POST /0/v1beta/models/embed:batchEmbedContents HTTP/1.1");
    CHECK_EQ(json_read(&f->arena, str_from(relay_fixture_body(f, reply)), JSON_DEPTH_DEFAULT, &root,
                       NULL),
             ERR_OK);
    data = json_get(root, STR("data"));
    CHECK_EQ(json_count(data), 250);
    JSON_EACH (item, data) {
        CHECK_EQ(json_i64_or(json_get(item, STR("index")), -1), i);
        CHECK_EQ(json_i64_or(json_at(json_get(item, STR("embedding")), 0), -1), i);
        i++;
    }
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs"), 1);
    CHECK_EQ(relay_fixture_number(f, "SELECT prompt_tokens FROM logs"),
             json_i64_or(json_get(json_get(root, STR("usage")), STR("prompt_tokens")), -1));
    CHECK(relay_fixture_number(f, "SELECT prompt_tokens FROM logs") >= 250);
    CHECK_EQ(relay_fixture_number(f, "SELECT json_extract(other,"
                                     "'$.admin_info.local_count_tokens') FROM logs"),
             1);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT json_extract(other,'$.upstream_dialect') FROM logs")),
              "gemini");
    relay_fixture_free(f);
}

/* Of the channel 0 the second call fails; the other one answers. */
static void fail_in_the_middle(struct relay_fixture_call *c)
{
    if (c->channel == 0 && c->number == 1)
        relay_fixture_json(c, 503,
                           "{\"error\":{\"code\":503,\"message\":\"no\","
                           "\"status\":\"UNAVAILABLE\"}}");
    else
        tell_vectors(c);
}

TEST(a_call_that_fails_begins_anew_on_another_channel)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const struct json *root;
    const char *reply;

    relay_fixture_sql(f, "UPDATE channels SET type=24, priority=9");
    relay_fixture_sql(f, "UPDATE abilities SET priority=9");
    relay_fixture_add_channel(f, &(struct channel){.type = 24});
    relay_fixture_publish(f, "RetryTimes", "1", NULL);
    told = 0;
    relay_fixture_script(f, fail_in_the_middle, NULL);
    reply = relay_fixture_post(f, openai_path, many(f, 101));
    CHECK_EQ(relay_fixture_status(reply), 200);
    CHECK_EQ(f->requests, 4);
    CHECK_EQ(json_read(&f->arena, str_from(relay_fixture_body(f, reply)), JSON_DEPTH_DEFAULT, &root,
                       NULL),
             ERR_OK);
    CHECK_EQ(json_count(json_get(root, STR("data"))), 101);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT channel_id FROM logs"), f->channels[1]);
    relay_fixture_free(f);
}

TEST(one_text_is_one_content_and_vectors_come_in_base64_when_asked)
{
    struct relay_fixture *f = gemini();
    const char *reply;

    relay_fixture_sql(f,
                      "UPDATE channels SET model_mapping='{\"embed\":\"gemini-embedding-001\"}'");
    relay_fixture_publish(f, "RetryTimes", "0", NULL);
    relay_fixture_script(f, send_body, "{\"embedding\":{\"values\":[3,4]}}");
    reply = relay_fixture_post(f, openai_path,
                               "{\"model\":\"embed\",\"input\":\"a\",\"dimensions\":2,\"user\":"
                               "\"me\",\"encoding_format\":\"base64\"}");
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(f->seen_head[0], "POST /0/v1beta/models/gemini-embedding-001:embedContent HTTP");
    check_has(f->seen_body[0], "\"model\":\"models/gemini-embedding-001\"");
    check_has(f->seen_body[0], "\"outputDimensionality\":2");
    check_has(reply, "x-yourapi-dropped: user");
    check_has(reply, "\"embedding\":\"mpkZP83MTD8=\""); /* 0.6 and 0.8: of unit length */
    check_has(reply, "\"model\":\"embed\"");
    relay_fixture_free(f);
}

TEST(geminis_own_calls_go_through_with_the_name_changed)
{
    struct relay_fixture *f = gemini();
    const char *reply;

    relay_fixture_sql(f, "UPDATE channels SET model_mapping='{\"embed\":\"other\"}'");
    relay_fixture_publish(f, "RetryTimes", "0", NULL);
    relay_fixture_script(f, send_body,
                         "{\"embeddings\":[{\"values\":[0.5]}],\"mystery\":true,"
                         "\"usageMetadata\":{\"promptTokenCount\":7}}");
    reply = relay_fixture_post(f, batch_path,
                               "{\"requests\":[{\"model\":\"models/embed\",\"content\":{\"parts\":"
                               "[{\"inlineData\":{\"data\":\"AA==\"}}]},\"new\":1}]}");
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has(reply, "\"mystery\":true");
    check_has(f->seen_head[0], "POST /0/v1beta/models/other:batchEmbedContents HTTP/1.1");
    CHECK_STR(str_from(f->seen_body[0]),
              "{\"requests\":[{\"model\":\"models/other\",\"content\":{\"parts\":"
              "[{\"inlineData\":{\"data\":\"AA==\"}}]},\"new\":1}]}");
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs"), 7);
    relay_fixture_free(f);
}

TEST(geminis_calls_are_translated_for_openai)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;

    relay_fixture_script(f, send_body,
                         "{\"data\":[{\"index\":1,\"embedding\":[2]},{\"index\":0,\"embedding\":"
                         "[1]}],\"usage\":{\"prompt_tokens\":5,\"total_tokens\":5}}");
    reply = relay_fixture_post(f, "/v1/models/embed:batchEmbedContents",
                               "{\"requests\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}},"
                               "{\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}");
    CHECK_STR(str_from(relay_fixture_body(f, reply)),
              "{\"embeddings\":[{\"values\":[1]},{\"values\":[2]}],"
              "\"usageMetadata\":{\"promptTokenCount\":5}}");
    check_has(f->seen_head[0], "POST /0/v1/embeddings HTTP/1.1");
    check_has(f->seen_body[0], "\"input\":[\"a\",\"b\"]");
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs"), 5);
    relay_fixture_free(f);
}

static void refuse(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 400, c->ctx);
}

TEST(errors_come_in_the_clients_dialect)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    const char *reply;

    relay_fixture_script(f, refuse, "{\"error\":{\"message\":\"too long\",\"type\":\"t\"}}");
    reply = relay_fixture_post(f, "/v1beta/models/embed:embedContent",
                               "{\"content\":{\"parts\":[{\"text\":\"a\"}]}}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "\"status\":\"INVALID_ARGUMENT\"");
    reply = relay_fixture_post(f, "/v1beta/models/embed:embedContent", "{\"input\":\"a\"}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "field content is required");
    relay_fixture_free(f);

    f = gemini();
    relay_fixture_script(f, refuse,
                         "{\"error\":{\"code\":400,\"message\":\"too long\","
                         "\"status\":\"INVALID_ARGUMENT\"}}");
    reply = relay_fixture_post(f, openai_path, list_of_two);
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "\"type\":");
    check_has(reply, "too long");
    reply = relay_fixture_post(f, openai_path, "{\"model\":\"embed\",\"input\":[1,2]}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "tokens cannot be sent");
    reply = relay_fixture_post(f, openai_path, many(f, 2049));
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "at most 2048 texts");
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
    relay_fixture_free(f);
}

TEST(a_request_without_texts_never_reaches_an_upstream)
{
    struct relay_fixture *f = gemini();
    const char *reply;

    for (int i = 0; i < 3; i++) {
        reply = relay_fixture_post(f, i == 2 ? "/v1/engines/embed/embeddings" : openai_path,
                                   i == 0 ? "{\"model\":\"embed\"}"
                                          : "{\"model\":\"embed\",\"input\":null}");
        CHECK_EQ(relay_fixture_status(reply), 400);
        check_has(reply, "\"message\":\"field input is required");
        check_has(reply, "\"code\":\"invalid_embedding_request\"");
    }
    reply = relay_fixture_post(f, openai_path, "{\"model\":\"embed\",\"input\":[]}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "\"code\":\"invalid_embedding_request\"");
    reply = relay_fixture_post(f, batch_path, "{\"requests\":[]}");
    CHECK_EQ(relay_fixture_status(reply), 400);
    check_has(reply, "\"message\":\"field requests is required");
    check_has(reply, "\"status\":\"INVALID_ARGUMENT\"");
    CHECK_EQ(f->requests, 0);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(an_answer_with_too_few_vectors_is_none)
{
    struct relay_fixture *f = gemini();

    relay_fixture_script(f, send_body, "{\"embeddings\":[{\"values\":[1]}]}");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, openai_path, list_of_two)), 502);
    relay_fixture_script(f, send_body, "{\"embeddings\":[]}");
    CHECK_EQ(relay_fixture_status(relay_fixture_post(
                 f, batch_path, "{\"requests\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}}]}")),
             502);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 0);
    relay_fixture_free(f);
}

TEST_MAIN(a_long_list_takes_several_calls_and_is_one_answer,
          a_call_that_fails_begins_anew_on_another_channel,
          one_text_is_one_content_and_vectors_come_in_base64_when_asked,
          geminis_own_calls_go_through_with_the_name_changed,
          geminis_calls_are_translated_for_openai, errors_come_in_the_clients_dialect,
          a_request_without_texts_never_reaches_an_upstream, an_answer_with_too_few_vectors_is_none)
