/* Embeddings in OpenAI's and Gemini's dialects. */
#include <math.h>

#include "dialect/chat_testing.h"
#include "dialect/embed.h"

static struct arena arena;
static struct loss_list losses;
static struct sb out;

static int set_up(void **state UNUSED)
{
    arena_init(&arena, 0);
    sb_init(&out, TESTING_LIMIT);
    losses = (struct loss_list){0};
    return 0;
}

static int tear_down(void **state UNUSED)
{
    sb_fini(&out);
    arena_fini(&arena);
    return 0;
}

typedef enum err_code read_fn(struct arena *a, const struct json *body, struct embed_request *out,
                              struct loss_list *losses, struct err *err);

static struct embed_request read_body(read_fn *read, const char *body)
{
    struct embed_request r;
    const struct json *root;

    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK_EQ(read(&arena, root, &r, &losses, NULL), ERR_OK);
    return r;
}

static void check_refused(read_fn *read, const char *body, const char *message)
{
    struct embed_request r;
    const struct json *root;
    struct err err = {0};

    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK_EQ(read(&arena, root, &r, &losses, &err), ERR_BAD_EMBEDDING_REQUEST);
    CHECK_STR(str_from(err.msg), message);
}

static void check_out(const char *want)
{
    testing_check_json(&arena, sb_str(&out), want);
    sb_reset(&out);
}

TEST(one_text_goes_to_embed_content)
{
    struct embed_request r = read_body(
        embed_read_openai, "{\"model\":\"text-embedding-004\",\"input\":\"a\",\"dimensions\":256,"
                           "\"encoding_format\":\"base64\",\"user\":\"u\",\"mystery\":1}");

    CHECK(r.single && r.base64);
    CHECK_EQ(embed_gemini_calls(&r), 1);
    embed_write_gemini(&arena, &r, 0, &losses, &out);
    check_out("{\"model\":\"models/text-embedding-004\",\"content\":{\"parts\":[{\"text\":\"a\"}]},"
              "\"outputDimensionality\":256}");
    CHECK_STR(loss_text(&arena, &losses), "mystery, user");
}

TEST(a_list_goes_to_batches_of_a_hundred)
{
    struct embed_request r = {.model = STR("models/embedding-001"),
                              .count = 250,
                              .dimensions = 5,
                              .inputs = arena_new_array(&arena, struct str, 250)};
    static const size_t sizes[] = {100, 100, 50};
    const struct json *root, *requests;

    for (size_t i = 0; i < r.count; i++)
        r.inputs[i] = arena_fmt(&arena, "t%zu", i);
    CHECK_EQ(embed_gemini_calls(&r), 3);
    for (size_t call = 0; call < 3; call++) {
        sb_reset(&out);
        embed_write_gemini(&arena, &r, call, &losses, &out);
        CHECK_EQ(json_read(&arena, str_dup(&arena, sb_str(&out)), 20, &root, NULL), ERR_OK);
        requests = json_get(root, STR("requests"));
        CHECK_EQ(json_count(requests), sizes[call]);
        testing_check_json(&arena, json_raw(json_at(requests, 1)),
                           arena_fmt(&arena,
                                     "{\"model\":\"models/embedding-001\",\"content\":{\"parts\":[{"
                                     "\"text\":\"t%zu\"}]}}",
                                     100 * call + 1)
                               .p);
    }
    CHECK_STR(loss_text(&arena, &losses), "dimensions");
    r.count = 100;
    CHECK_EQ(embed_gemini_calls(&r), 1);
}

TEST(geminis_requests_go_to_openai)
{
    struct embed_request r =
        read_body(embed_read_gemini,
                  "{\"content\":{\"parts\":[{\"text\":\"a\"},{\"text\":\"b\"}]},\"taskType\":"
                  "\"RETRIEVAL_QUERY\",\"title\":\"t\",\"outputDimensionality\":8}");

    r.model = STR("M");
    embed_write_openai(&r, &losses, &out);
    check_out("{\"model\":\"M\",\"input\":\"a\\nb\",\"encoding_format\":\"float\","
              "\"dimensions\":8}");
    CHECK_STR(loss_text(&arena, &losses), "taskType, title");
    r = read_body(embed_read_gemini,
                  "{\"requests\":[{\"model\":\"models/M\",\"content\":{\"parts\":[{\"text\":"
                  "\"a\"}]}},{\"content\":{\"parts\":[{\"text\":\"b\"}]}}]}");
    CHECK(!r.single);
    r.model = STR("M");
    embed_write_openai(&r, &losses, &out);
    check_out("{\"model\":\"M\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"float\"}");
}

TEST(what_is_wrong_is_refused)
{
    static const char tokens[] = "input must be a string or a list of strings: tokens cannot be "
                                 "sent to this model";

    check_refused(embed_read_openai, "{\"input\":[1,2]}", tokens);
    check_refused(embed_read_openai, "{\"input\":[\"a\",[1]]}", tokens);
    check_refused(embed_read_openai, "{\"input\":[]}",
                  "input must be a string or a list of strings");
    check_refused(embed_read_openai, "{}", "input must be a string or a list of strings");
    check_refused(embed_read_openai, "{\"input\":\"a\",\"encoding_format\":\"hex\"}",
                  "encoding_format must be float or base64");
    check_refused(embed_read_openai, "{\"input\":\"a\",\"dimensions\":0}",
                  "dimensions must be a whole number above 0");
    check_refused(embed_read_gemini, "{}", "content must have parts");
    check_refused(embed_read_gemini, "{\"content\":{\"parts\":[{\"inlineData\":{}}]}}",
                  "content.parts may hold nothing but texts");
    check_refused(embed_read_gemini, "{\"requests\":[]}", "requests must be a list");
    check_refused(embed_read_gemini,
                  "{\"requests\":[{\"content\":{\"parts\":[{\"text\":\"a\"}]}},{\"content\":"
                  "{\"parts\":[{\"text\":\"a\"}]},\"outputDimensionality\":3}]}",
                  "outputDimensionality must be the same in all requests");
}

TEST(vectors_are_written_as_numbers_or_in_base64)
{
    struct embed_request r = {.model = STR("M"), .single = true, .count = 1};
    struct embed_answer answer = {0};

    CHECK_EQ(embed_read_gemini_answer(
                 &arena,
                 STR("{\"embedding\":{\"values\":[0.5,-1.0,2.25]},\"usageMetadata\":"
                     "{\"promptTokenCount\":4}}"),
                 &answer, NULL),
             ERR_OK);
    embed_write_openai_answer(&arena, &r, &answer, &out);
    check_out(
        "{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
        "[0.5,-1,2.25]}],\"model\":\"M\",\"usage\":{\"prompt_tokens\":4,\"total_tokens\":4}}");
    r.base64 = true;
    embed_write_openai_answer(&arena, &r, &answer, &out);
    check_out("{\"object\":\"list\",\"data\":[{\"object\":\"embedding\",\"index\":0,\"embedding\":"
              "\"AAAAPwAAgL8AABBA\"}],\"model\":\"M\",\"usage\":{\"prompt_tokens\":4,"
              "\"total_tokens\":4}}");
    embed_write_gemini_answer(&r, &answer, &out);
    check_out("{\"embedding\":{\"values\":[0.5,-1,2.25]},\"usageMetadata\":{\"promptTokenCount\":"
              "4}}");
}

TEST(answers_of_several_calls_are_one)
{
    struct embed_request r = {.model = STR("M"), .count = 3};
    struct embed_answer answer = {0};

    CHECK_EQ(embed_read_gemini_answer(&arena,
                                      STR("{\"embeddings\":[{\"values\":[1]},{\"values\":[2]}]}"),
                                      &answer, NULL),
             ERR_OK);
    CHECK_EQ(embed_read_gemini_answer(
                 &arena,
                 STR("{\"predictions\":[{\"embeddings\":{\"values\":[3],\"statistics\":"
                     "{\"token_count\":7}}}]}"),
                 &answer, NULL),
             ERR_OK);
    CHECK_EQ(embed_read_openai_answer(
                 &arena,
                 STR("{\"data\":[{\"index\":1,\"embedding\":\"AAAAPwAAgL8AABBA\"},"
                     "{\"index\":0,\"embedding\":[4]}],\"usage\":{\"prompt_tokens\":2}}"),
                 &answer, NULL),
             ERR_OK);
    embed_write_gemini_answer(&r, &answer, &out);
    check_out("{\"embeddings\":[{\"values\":[1]},{\"values\":[2]},{\"values\":[3]},{\"values\":[4]}"
              ",{\"values\":[0.5,-1,2.25]}],\"usageMetadata\":{\"promptTokenCount\":9}}");
}

TEST(what_is_no_answer_is_refused)
{
    static const char *const bodies[] = {"",
                                         "{}",
                                         "{\"data\":[]}",
                                         "{\"data\":[{\"embedding\":\"AAA\"}]}",
                                         "{\"data\":[{\"embedding\":[]}]}",
                                         "{\"data\":[{\"embedding\":[\"x\"]}]}",
                                         "{\"data\":[{\"embedding\":[1],\"index\":1}]}",
                                         "{\"data\":[{\"embedding\":\"AADAfw==\"}]}",
                                         "{\"embedding\":{\"values\":[]}}",
                                         "{\"embeddings\":[]}",
                                         "{\"embeddings\":[{}]}"};

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        struct embed_answer answer = {0};

        CHECK_EQ(embed_read_openai_answer(&arena, str_from(bodies[i]), &answer, NULL),
                 ERR_UPSTREAM_BODY);
        CHECK_EQ(embed_read_gemini_answer(&arena, str_from(bodies[i]), &answer, NULL),
                 ERR_UPSTREAM_BODY);
        CHECK_EQ(answer.count, 0);
    }
}

TEST(reduced_vectors_are_brought_to_unit_length)
{
    struct embed_request r = {.model = STR("gemini-embedding-001"), .dimensions = 2};
    struct embed_answer answer = {0};

    CHECK(embed_needs_normalising(&r));
    r.dimensions = 3072;
    CHECK(!embed_needs_normalising(&r));
    r.dimensions = 0;
    CHECK(!embed_needs_normalising(&r));
    r = (struct embed_request){.model = STR("gemini-embedding-2"), .dimensions = 2};
    CHECK(!embed_needs_normalising(&r));
    CHECK_EQ(
        embed_read_gemini_answer(
            &arena, STR("{\"embeddings\":[{\"values\":[3,4]},{\"values\":[0,0]}]}"), &answer, NULL),
        ERR_OK);
    embed_normalise(&answer);
    CHECK(fabs(answer.vectors[0].values[0] - 0.6) < 1e-15);
    CHECK(fabs(answer.vectors[0].values[1] - 0.8) < 1e-15);
    CHECK(fabs(answer.vectors[1].values[0]) < 1e-15);
}

TEST(recorded_answers_are_read)
{
    struct recorded rec;
    int n = 0;

    recorded_need(&rec);
    JSON_EACH (entry, rec.index) {
        struct str url = json_str_or_null(&arena, json_get(entry, STR("url")));
        struct str id = json_str_or_null(&arena, json_get(entry, STR("id"))), text;
        struct embed_answer answer = {0};
        struct embed_request r;
        const struct json *root;

        if (!str_has(url, STR(":batchEmbedContents")) ||
            !recorded_file(&rec, &arena, id, ".response.json", &text))
            continue;
        CHECK_EQ(embed_read_gemini_answer(&arena, text, &answer, NULL), ERR_OK);
        CHECK(recorded_file(&rec, &arena, id, ".request.json", &text));
        CHECK_EQ(json_read(&arena, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        CHECK_EQ(embed_read_gemini(&arena, root, &r, &losses, NULL), ERR_OK);
        CHECK_EQ(answer.count, r.count);
        CHECK_EQ(answer.vectors[0].n, r.dimensions);
        r.model = json_str_or_null(
            &arena, json_get(json_at(json_get(root, STR("requests")), 0), STR("model")));
        embed_write_gemini(&arena, &r, 0, &losses, &out);
        check_out(text.p);
        n++;
    }
    CHECK(n >= 2);
    arena_fini(&rec.arena);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(one_text_goes_to_embed_content),
        T(a_list_goes_to_batches_of_a_hundred),
        T(geminis_requests_go_to_openai),
        T(what_is_wrong_is_refused),
        T(vectors_are_written_as_numbers_or_in_base64),
        T(answers_of_several_calls_are_one),
        T(what_is_no_answer_is_refused),
        T(reduced_vectors_are_brought_to_unit_length),
        T(recorded_answers_are_read),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}
