/*
 * Recorded traffic of real providers: what the walk over the bytes finds must be what a plain
 * reading of the same JSON finds, and a stream must read the same however it is cut. The cases lie
 * in the folder FIXTURES, by default beside the checkout; without it the tests are skipped.
 */
#include "base/sb.h"
#include "codec/sse.h"
#include "dialect/chat_testing.h"
#include "dialect/openai_error.h"
#include "dialect/peek.h"

enum { CUT_LIMIT = 3000 };

static bool is_one_of(const struct json *v, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (json_str_eq(v, str_from(names[i])))
            return true;
    }
    return false;
}

/* Does the case speak OpenAI's dialect on a path of ours? */
static bool is_ours(struct arena *a UNUSED, const struct json *entry)
{
    static const char *const endpoints[] = {"chat", "completions", "embeddings"};
    static const char *const others[] = {"anthropic", "cohere", "coze", "gemini", "bedrock"};
    struct str url = json_raw(json_get(entry, STR("url")));

    return is_one_of(json_get(entry, STR("endpoint")), endpoints, ARRAY_LEN(endpoints)) &&
           !is_one_of(json_get(entry, STR("provider")), others, ARRAY_LEN(others)) &&
           !str_has(url, STR("/api/chat")) && !str_has(url, STR("/api/embed")) &&
           !str_has(url, STR("/api/v1/services"));
}

static enum relay_mode mode_of(const struct json *entry)
{
    const struct json *endpoint = json_get(entry, STR("endpoint"));

    if (json_str_eq(endpoint, STR("embeddings")))
        return MODE_EMBEDDINGS;
    return json_str_eq(endpoint, STR("completions")) ? MODE_COMPLETIONS : MODE_CHAT;
}

/* ---- a plain reading ---- */

static int64_t number(const struct json *v)
{
    double value;

    return json_f64(v, &value) && value > 0 ? (int64_t)value : 0;
}

static bool filled_text(const struct json *v)
{
    return json_is(v, JSON_STRING) && json_raw(v).n > 2;
}

static bool filled(const struct json *v)
{
    return filled_text(v) ||
           ((json_is(v, JSON_ARRAY) || json_is(v, JSON_OBJECT)) && json_count(v) > 0);
}

static bool message_filled(const struct json *m)
{
    static const char *const texts[] = {"content", "reasoning_content", "reasoning", "refusal"};
    static const char *const others[] = {"tool_calls", "audio", "images", "reasoning_details"};
    bool yes = json_is(json_get(m, STR("function_call")), JSON_OBJECT);

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        const struct json *v = json_get(m, str_from(texts[i]));

        yes |= filled_text(v) || (i == 0 && json_is(v, JSON_ARRAY) && json_count(v) > 0);
    }
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        yes |= filled(json_get(m, str_from(others[i])));
    return yes;
}

static const struct json *usage_of(const struct json *root)
{
    const struct json *top = json_get(root, STR("usage")), *choice = NULL;

    if (json_is(top, JSON_OBJECT))
        return top;
    JSON_EACH (c, json_get(root, STR("choices")))
        choice = json_get(c, STR("usage")) ? json_get(c, STR("usage")) : choice;
    if (json_is(choice, JSON_OBJECT))
        return choice;
    return json_get(json_get(root, STR("x_groq")), STR("usage"));
}

static void check_usage(const struct json *root, const struct peek_answer *seen)
{
    const struct json *u = usage_of(root);
    int64_t prompt = number(json_get(u, STR("prompt_tokens")));
    int64_t completion = number(json_get(u, STR("completion_tokens")));
    const struct json *made = json_get(u, STR("completion_tokens_details"));
    int64_t thoughts = number(json_get(made, STR("reasoning_tokens")));
    const struct json *details = json_get(u, STR("prompt_tokens_details"));
    int64_t cached = number(json_get(details, STR("cached_tokens")));

    if (number(json_get(u, STR("total_tokens"))) == prompt + completion + thoughts)
        completion += thoughts; /* xAI */
    if (prompt + completion == 0)
        prompt = number(json_get(u, STR("total_tokens")));
    CHECK_EQ(seen->has_usage, prompt + completion > 0);
    CHECK_EQ(seen->usage.prompt, prompt);
    CHECK_EQ(seen->usage.completion, completion);
    if (cached > 0) /* xAI has reported more than the prompt; nobody gets more back than it paid */
        CHECK_EQ(seen->usage.cached, cached < prompt ? cached : prompt);
}

static void check_answer(struct arena *a, struct str text)
{
    const struct json *root;
    struct peek_answer seen;
    bool content = false, finish = false;

    peek_answer(text, NULL, NULL, &seen);
    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return;
    JSON_EACH (choice, json_get(root, STR("choices"))) {
        content |= message_filled(json_get(choice, STR("delta"))) ||
                   message_filled(json_get(choice, STR("message"))) ||
                   filled_text(json_get(choice, STR("text")));
        finish |= filled_text(json_get(choice, STR("finish_reason")));
    }
    JSON_EACH (item, json_get(root, STR("data")))
        content |= json_get(item, STR("embedding")) != NULL;
    CHECK_EQ(seen.has_content, content);
    CHECK_EQ(seen.has_finish, finish);
    CHECK_EQ(seen.has_error, filled(json_get(root, STR("error"))));
    check_usage(root, &seen);
}

/* ---- the cases ---- */

static bool check_request(struct recorded *rec, struct arena *a, const struct json *entry,
                          struct str id)
{
    struct peek_request r;
    const struct json *root;
    struct str text;
    struct err err = {0};
    bool flag;

    if (!recorded_file(rec, a, id, ".request.json", &text) ||
        json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK ||
        !json_get(root, STR("model"))) /* Azure names the model in the path */
        return false;
    if (json_i64_or(json_get(entry, STR("status")), 0) != 200)
        return false; /* what the provider refused we may refuse, too */
    if (peek_request(a, text, mode_of(entry), DIALECT_OPENAI_CHAT, &r, &err) != ERR_OK)
        fail_msg("%.*s: %s", STR_ARG(json_raw(json_get(entry, STR("id")))), err.msg);
    CHECK(json_str_eq(json_get(root, STR("model")), r.model));
    CHECK_EQ(r.stream, mode_of(entry) != MODE_EMBEDDINGS &&
                           json_bool(json_get(root, STR("stream")), &flag) && flag);
    CHECK_EQ(
        r.include_usage,
        json_bool_or(json_get(json_get(root, STR("stream_options")), STR("include_usage")), false));
    return true;
}

static bool check_whole(struct recorded *rec, struct arena *a, const struct json *entry,
                        struct str id)
{
    struct openai_error error;
    struct str text;

    if (!recorded_file(rec, a, id, ".response.json", &text))
        return false;
    check_answer(a, text);
    if (json_i64_or(json_get(entry, STR("status")), 0) != 200)
        CHECK(openai_error_read(a, text, 400, &error) && error.message.n > 0);
    return true;
}

/* The events of a stream that is cut at `cut`, a line each. */
static void read_stream(struct str text, size_t cut, struct sb *out)
{
    struct str parts[] = {str_sub(text, 0, cut), str_skip(text, cut)};
    struct sse_event ev;
    struct sse sse;

    sse_init(&sse, TESTING_LIMIT);
    for (int i = 0; i < 2; i++) {
        while (sse_next(&sse, &parts[i], &ev) == SSE_EVENT) {
            sb_add(out, ev.data);
            sb_add_char(out, '\n');
        }
    }
    if (sse_end(&sse, &ev) == SSE_EVENT) {
        sb_add(out, ev.data);
        sb_add_char(out, '\n');
    }
    sse_fini(&sse);
}

static void check_cuts(struct str text, struct str whole)
{
    size_t step = text.n <= CUT_LIMIT ? 1 : text.n / 50;

    for (size_t cut = 0; cut < text.n; cut += step) {
        struct sb sb;

        sb_init(&sb, TESTING_LIMIT);
        read_stream(text, cut, &sb);
        CHECK(str_eq(sb_str(&sb), whole));
        sb_fini(&sb);
    }
}

static bool check_stream(struct recorded *rec, struct arena *a, const struct json *entry,
                         struct str id)
{
    struct sb sb;
    struct str text, rest;
    bool ended = false;

    if (!recorded_file(rec, a, id, ".stream.txt", &text) ||
        !json_str_eq(json_get(entry, STR("stream")), STR("sse")))
        return false;
    sb_init(&sb, TESTING_LIMIT);
    read_stream(text, text.n, &sb);
    check_cuts(text, sb_str(&sb));
    rest = sb_str(&sb);
    while (rest.n > 0) {
        struct str data = str_cut(&rest, '\n');
        struct peek_answer seen;

        check_answer(a, data);
        peek_answer(data, NULL, NULL, &seen);
        ended |= seen.has_finish || seen.has_error || str_starts(data, STR("[DONE]"));
    }
    CHECK(ended); /* so that the relay never takes a whole stream for one that was cut */
    sb_fini(&sb);
    return true;
}

TEST(recorded_requests_are_read_as_json_says)
{
    recorded_each(is_ours, check_request, 100);
}

TEST(recorded_answers_are_read_as_json_says)
{
    recorded_each(is_ours, check_whole, 100);
}

TEST(recorded_streams_are_read_as_json_says_however_cut)
{
    recorded_each(is_ours, check_stream, 50);
}

TEST_MAIN(recorded_requests_are_read_as_json_says, recorded_answers_are_read_as_json_says,
          recorded_streams_are_read_as_json_says_however_cut)
