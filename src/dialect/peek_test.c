#include "dialect/peek.h"

#include "dialect/arena_testing.h"
#include "model/gated.h"
#include "dialect/openai_error.h"

static const char *refusal(const char *body, enum relay_mode mode)
{
    static struct err err;
    struct peek_request r;
    enum err_code rc;

    rc = peek_request(&arena, str_from(body), mode, DIALECT_OPENAI_CHAT, &r, &err);
    return rc == ERR_OK ? "" : err.msg;
}

TEST(a_chat_request_is_read_from_its_bytes)
{
    struct peek_request r;

    CHECK_EQ(peek_request(
                 &arena,
                 STR("{ \"messages\":[{\"role\":\"user\",\"content\":\"\\\"model\\\":\\\"x\\\"\"}],"
                     "\"model\" : \"gpt\\u002d4o\", \"stream\":true,\"max_tokens\":5,"
                     "\"max_completion_tokens\":9, \"stream_options\":{\"include_usage\": true}}"),
                 MODE_CHAT, DIALECT_OPENAI_CHAT, &r, NULL),
             ERR_OK);
    CHECK_STR(r.model, "gpt-4o");
    CHECK(r.stream && r.include_usage);
    CHECK_EQ(r.max_tokens, 9);
}

/* The text of the refusal in a dialect; "" when there is none. */
static struct peek_request peeked;

static const char *refusal_in(enum relay_mode mode, enum dialect_id dialect, const char *body)
{
    static struct err err;

    err = (struct err){0};
    if (peek_request(&arena, str_from(body), mode, dialect, &peeked, &err) == ERR_OK)
        err.msg[0] = '\0';
    return err.msg;
}

static const char *refusal_of(enum dialect_id dialect, const char *body)
{
    return refusal_in(MODE_CHAT, dialect, body);
}

static struct str embed_refusal(const char *body)
{
    return str_from(refusal_in(MODE_EMBEDDINGS, DIALECT_GEMINI, body));
}

TEST(geminis_embeddings_are_one_content_or_a_list_of_requests)
{
    CHECK_STR(embed_refusal("{\"content\":{\"parts\":[]}}"), "");
    CHECK_STR(embed_refusal("{\"requests\":[{}]}"), "");
    CHECK_STR(embed_refusal("{\"content\":\"x\"}"), "field content is required");
    CHECK_STR(embed_refusal("{}"), "field content is required");
    CHECK_STR(embed_refusal("{\"requests\":[]}"), "field requests is required");
    CHECK_STR(embed_refusal("{\"requests\":{}}"), "field requests must be an array");
}

static struct str count_refusal(const char *body)
{
    return str_from(refusal_in(MODE_COUNT_TOKENS, DIALECT_GEMINI, body));
}

/* With it, what is counted may have a system instruction and tools. */
TEST(what_gemini_counts_may_be_a_whole_request)
{
    CHECK_STR(count_refusal("{\"contents\":[{}]}"), "");
    CHECK_STR(peeked.counted, "");
    CHECK_STR(count_refusal("{\"generateContentRequest\":{\"model\":\"m\",\"contents\":[{}]}}"),
              "");
    CHECK_STR(peeked.counted, "{\"model\":\"m\",\"contents\":[{}]}");
    CHECK_STR(count_refusal("{\"generate_content_request\":{\"contents\":[{}]}}"), "");
    CHECK_STR(peeked.counted, "{\"contents\":[{}]}");
    CHECK_STR(count_refusal("{\"generateContentRequest\":{}}"), "field contents is required");
    CHECK_STR(count_refusal("{\"generateContentRequest\":[]}"),
              "field generateContentRequest must be an object");
    CHECK_STR(count_refusal("{\"generateContentRequest\":null}"), "field contents is required");
    CHECK_STR(
        str_from(refusal_of(DIALECT_GEMINI, "{\"generateContentRequest\":{\"contents\":[{}]}}")),
        "field contents is required");
}

TEST(each_dialect_has_its_own_members)
{
    CHECK_STR(str_from(refusal_of(DIALECT_CLAUDE, "{\"model\":\"m\",\"messages\":[{}],"
                                                  "\"max_tokens\":7,\"stream\":true}")),
              "");
    CHECK_EQ(peeked.max_tokens, 7);
    CHECK(peeked.stream);
    CHECK_STR(str_from(refusal_of(DIALECT_OPENAI_RESPONSES,
                                  "{\"model\":\"m\",\"input\":\"hi\",\"max_output_tokens\":8,"
                                  "\"stream_options\":{\"include_obfuscation\":false}}")),
              "");
    CHECK_EQ(peeked.max_tokens, 8);
    CHECK_EQ(peeked.gated, 1u << GATED_OBFUSCATION);
    CHECK_STR(str_from(refusal_of(DIALECT_GEMINI, "{\"contents\":[{}],\"generationConfig\":"
                                                  "{\"maxOutputTokens\":9}}")),
              "");
    CHECK_EQ(peeked.max_tokens, 9);
    CHECK_EQ(peeked.model.n, 0);
    CHECK_STR(str_from(refusal_of(DIALECT_OPENAI_RESPONSES, "{\"model\":\"m\"}")),
              "field input is required");
    CHECK_STR(str_from(refusal_of(DIALECT_GEMINI, "{\"contents\":[]}")),
              "field contents is required");
    CHECK_STR(str_from(refusal_of(DIALECT_GEMINI, "{\"contents\":[{}],\"generationConfig\":"
                                                  "{\"max_output_tokens\":-1}}")),
              "max_output_tokens is invalid");
    CHECK_STR(str_from(refusal_of(DIALECT_CLAUDE, "{\"messages\":[{}]}")), "model is required");
}

/* Google reads both spellings, and numbers in quotes. What they say is what is reserved. */
TEST(geminis_limits_are_found_in_every_spelling)
{
    static const struct {
        const char *config;
        int64_t tokens, answers;
    } rows[] = {
        {"\"generationConfig\":{\"maxOutputTokens\":9,\"candidateCount\":3}", 9, 3},
        {"\"generation_config\":{\"max_output_tokens\":9,\"candidate_count\":3}", 9, 3},
        {"\"generation_config\":{\"maxOutputTokens\":\"9\",\"candidateCount\":\"3\"}", 9, 3},
        {"\"generation_config\":null,\"generationConfig\":{\"max_output_tokens\":9}", 9, 1},
        {"\"generationConfig\":{\"candidateCount\":0}", 0, 1},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char body[256];

        snprintf(body, sizeof body, "{\"contents\":[{}],%s}", rows[i].config);
        CHECK_STR(str_from(refusal_of(DIALECT_GEMINI, body)), "");
        CHECK_EQ(peeked.max_tokens, rows[i].tokens);
        CHECK_EQ(peeked.choices, rows[i].answers);
        CHECK_EQ(peeked.generated, rows[i].answers);
    }
    CHECK_STR(
        str_from(refusal_of(DIALECT_GEMINI, "{\"contents\":[{}],\"generation_config\":\"x\"}")),
        "field generation_config must be an object");
    CHECK_STR(str_from(refusal_of(DIALECT_GEMINI, "{\"contents\":[{}],\"generation_config\":{"
                                                  "\"candidate_count\":\"x\"}}")),
              "candidate_count is invalid");
}

TEST(each_route_has_a_code_of_its_own_for_a_wrong_request)
{
    static const struct {
        enum relay_mode mode;
        enum dialect_id dialect;
        const char *code;
    } rows[] = {
        {MODE_CHAT, DIALECT_OPENAI_CHAT, "invalid_text_request"},
        {MODE_COMPLETIONS, DIALECT_OPENAI_CHAT, "invalid_text_request"},
        {MODE_CHAT, DIALECT_OPENAI_RESPONSES, "invalid_responses_request"},
        {MODE_CHAT, DIALECT_CLAUDE, "invalid_claude_request"},
        {MODE_COUNT_TOKENS, DIALECT_CLAUDE, "invalid_claude_request"},
        {MODE_EMBEDDINGS, DIALECT_OPENAI_CHAT, "invalid_embedding_request"},
        {MODE_EMBEDDINGS, DIALECT_GEMINI, "invalid_embedding_request"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct err err = {0};
        struct peek_request r;
        enum err_code rc;

        rc =
            peek_request(&arena, STR("{\"model\":\"m\"}"), rows[i].mode, rows[i].dialect, &r, &err);
        CHECK_STR(str_from(err_client_code(rc)), rows[i].code);
        CHECK_EQ(err.code, rc);
        CHECK_EQ(
            peek_request(&arena, STR("{\"model\":\"m\"}"), rows[i].mode, rows[i].dialect, &r, NULL),
            rc);
        CHECK_EQ(peek_request(&arena, STR("{"), rows[i].mode, rows[i].dialect, &r, &err),
                 ERR_BAD_JSON);
        CHECK_EQ(err.code, ERR_BAD_JSON);
    }
}

TEST(what_is_missing_or_of_a_wrong_type_is_named)
{
    CHECK_STR(str_from(refusal("{\"messages\":[{}]}", MODE_CHAT)), "model is required");
    CHECK_STR(str_from(refusal("{\"model\":7,\"messages\":[{}]}", MODE_CHAT)),
              "field model must be a string");
    CHECK_STR(str_from(refusal("{\"model\":\"m\"}", MODE_CHAT)), "field messages is required");
    CHECK_STR(str_from(refusal("{\"model\":\"m\",\"messages\":[ ]}", MODE_CHAT)),
              "field messages is required");
    CHECK_STR(str_from(refusal("{\"model\":\"m\",\"messages\":\"x\"}", MODE_CHAT)),
              "field messages must be an array");
    CHECK_STR(str_from(refusal("{\"model\":\"m\"}", MODE_COMPLETIONS)), "field prompt is required");
    CHECK_STR(str_from(refusal("{\"model\":\"m\",\"input\":{}}", MODE_EMBEDDINGS)),
              "field input must be a string or an array");
    CHECK_STR(
        str_from(refusal("{\"model\":\"m\",\"messages\":[{}],\"max_tokens\":1e12}", MODE_CHAT)),
        "max_tokens is invalid");
    CHECK_STR(
        str_from(refusal("{\"model\":\"m\",\"messages\":[{}],\"stream\":\"yes\"}", MODE_CHAT)),
        "field stream must be true or false");
    CHECK_STR(str_from(refusal("{\"model\":\"m\",\"messages\":[{}],\"stream\":null}", MODE_CHAT)),
              "");
}

TEST(usage_is_found_in_all_its_spellings)
{
    struct usage u;

    CHECK(peek_usage(STR("{\"prompt_tokens\":10,\"completion_tokens\":3,\"total_tokens\":13,"
                         "\"prompt_tokens_details\":{\"cached_tokens\":4,\"audio_tokens\":1},"
                         "\"completion_tokens_details\":{\"reasoning_tokens\":2}}"),
                     &u));
    CHECK_EQ(u.prompt, 10);
    CHECK_EQ(u.completion, 3);
    CHECK_EQ(u.cached, 4);
    CHECK_EQ(u.audio_in, 1);
    CHECK_EQ(u.reasoning, 2);
    CHECK(peek_usage(
        STR("{\"prompt_tokens\":10,\"prompt_cache_hit_tokens\":6,\"completion_tokens\":1}"), &u));
    CHECK_EQ(u.cached, 6);
    CHECK(
        peek_usage(STR("{\"prompt_tokens\":10,\"cached_tokens\":5,\"completion_tokens\":1}"), &u));
    CHECK_EQ(u.cached, 5);
    /* xAI counts the thoughts beside the answer; who counts them in it has a smaller total. */
    CHECK(peek_usage(STR("{\"prompt_tokens\":213,\"completion_tokens\":2,\"total_tokens\":471,"
                         "\"completion_tokens_details\":{\"reasoning_tokens\":256}}"),
                     &u));
    CHECK(u.completion == 258 && u.reasoning == 256);
    CHECK(peek_usage(STR("{\"prompt_tokens\":10,\"completion_tokens\":9,\"total_tokens\":19,"
                         "\"completion_tokens_details\":{\"reasoning_tokens\":9}}"),
                     &u));
    CHECK(u.completion == 9);
    CHECK(peek_usage(STR("{\"total_tokens\":7}"), &u) && u.prompt == 7);
    CHECK(!peek_usage(STR("null"), &u));
    CHECK(!peek_usage(STR("{\"prompt_tokens\":0,\"completion_tokens\":0}"), &u));
    CHECK(!peek_usage(STR("{\"prompt_tokens\":-5,\"completion_tokens\":\"x\"}"), &u));
}

TEST(upstream_errors_are_read_in_every_known_shape)
{
    struct openai_error e;

    CHECK(openai_error_read(
        &arena, STR("{\"error\":{\"message\":\"m\",\"type\":\"t\",\"code\":429}}"), 429, &e));
    CHECK_STR(e.message, "m");
    CHECK_STR(e.type, "t");
    CHECK_STR(e.code_raw, "429");
    CHECK(openai_error_read(&arena, STR("[{\"error\":{\"message\":\"g\"}}]"), 400, &e));
    CHECK_STR(e.message, "g");
    CHECK(openai_error_read(&arena, STR("{\"error\":\"plain\"}"), 400, &e));
    CHECK_STR(e.message, "plain");
    CHECK(openai_error_read(&arena, STR("{\"header\":{\"message\":\"h\"}}"), 400, &e));
    CHECK_STR(e.message, "h");
    CHECK(openai_error_read(&arena,
                            STR("[{\"error\":{\"code\":400,\"message\":\"google\",\"status\":"
                                "\"INVALID_ARGUMENT\",\"details\":[]}}]"),
                            400, &e));
    CHECK_STR(e.message, "google");
    CHECK_STR(e.code_raw, "400");
    CHECK(openai_error_read(&arena,
                            STR("{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\","
                                "\"message\":\"claude\"},\"request_id\":\"r\"}"),
                            529, &e));
    CHECK_STR(e.message, "claude");
    CHECK_STR(e.type, "overloaded_error");
    CHECK(openai_error_read(&arena, STR("{\"success\":false,\"errors\":[{\"message\":\"cf\"}]}"),
                            400, &e));
    CHECK_STR(e.message, "cf");
    CHECK(openai_error_read(&arena, STR("{\"detail\":[{\"loc\":[],\"msg\":\"d\"}]}"), 422, &e));
    CHECK_STR(e.message, "d");
    CHECK(openai_error_read(&arena, STR("{\"fault\":{\"faultstring\":\"f\"}}"), 500, &e));
    CHECK_STR(e.message, "f");
    CHECK(!openai_error_read(&arena, STR("<html>secret</html>"), 503, &e));
    CHECK_STR(e.message, "bad response status code 503");
    CHECK_STR(e.type, "upstream_error");
    CHECK_STR(e.code, "bad_response_status_code");
    CHECK_STR(openai_error_write(&arena, &e, STR("r1")),
              "{\"error\":{\"message\":\"bad response status code 503 (request id: "
              "r1)\",\"type\":\"upstream_error\","
              "\"param\":\"503\",\"code\":\"bad_response_status_code\"}}");
}

TEST(members_that_not_every_channel_sends_on_are_noted)
{
    CHECK_STR(str_from(refusal_of(DIALECT_CLAUDE, "{\"model\":\"m\",\"messages\":[{\"store\":1}],"
                                                  "\"speed\":\"fast\",\"s\\u0074ore\":false}")),
              "");
    CHECK_EQ(peeked.gated, 1u << GATED_SPEED | 1u << GATED_STORE);
    CHECK_STR(str_from(refusal_of(DIALECT_CLAUDE, "{\"model\":\"m\",\"messages\":[{}]}")), "");
    CHECK_EQ(peeked.gated, 0);
}

ARENA_TEST_MAIN(members_that_not_every_channel_sends_on_are_noted,
                a_chat_request_is_read_from_its_bytes,
                geminis_embeddings_are_one_content_or_a_list_of_requests,
                what_gemini_counts_may_be_a_whole_request, each_dialect_has_its_own_members,
                geminis_limits_are_found_in_every_spelling,
                each_route_has_a_code_of_its_own_for_a_wrong_request,
                what_is_missing_or_of_a_wrong_type_is_named, usage_is_found_in_all_its_spellings,
                upstream_errors_are_read_in_every_known_shape)
