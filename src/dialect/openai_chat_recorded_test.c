/*
 * Recorded traffic of servers that speak OpenAI's chat dialect: what the reader makes of an answer
 * must be what a plain reading of the same JSON finds, whole, streamed and however it is cut; and a
 * request that is read and written again must say the same. Skipped without the folder FIXTURES.
 */
#include "dialect/chat_testing.h"

enum { CUT_LIMIT = 3000, CUTS = 50 };

/* ---- the cases ---- */

static bool is_one_of(const struct json *v, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (json_str_eq(v, str_from(names[i])))
            return true;
    }
    return false;
}

static bool is_ours(struct arena *a UNUSED, const struct json *entry)
{
    static const char *const others[] = {"anthropic", "cohere", "coze", "gemini", "bedrock"};
    struct str url = json_raw(json_get(entry, STR("url")));

    return json_str_eq(json_get(entry, STR("endpoint")), STR("chat")) &&
           !is_one_of(json_get(entry, STR("provider")), others, ARRAY_LEN(others)) &&
           !str_has(url, STR("/api/chat")) && !str_has(url, STR("/api/v1/services"));
}

static bool has_status(const struct json *entry, int status)
{
    return json_i64_or(json_get(entry, STR("status")), 0) == status;
}

/* ---- a plain reading ---- */

struct plain_call {
    struct sb name, arguments;
};

enum { PLAIN_CALLS = 16 };

/* Of choice 0, up to its finish: a recording may hold two streams. */
struct plain {
    struct sb text, reasoning;
    struct plain_call calls[PLAIN_CALLS];
    size_t n_calls;
    struct str finish;
    int64_t prompt, completion;
    bool has_usage, has_error;
    bool whole; /* not a stream */
};

static void plain_init(struct plain *p)
{
    *p = (struct plain){.n_calls = 0};
    sb_init(&p->text, TESTING_LIMIT);
    sb_init(&p->reasoning, TESTING_LIMIT);
    for (size_t i = 0; i < PLAIN_CALLS; i++) {
        sb_init(&p->calls[i].name, TESTING_LIMIT);
        sb_init(&p->calls[i].arguments, TESTING_LIMIT);
    }
}

static void plain_fini(struct plain *p)
{
    sb_fini(&p->text);
    sb_fini(&p->reasoning);
    for (size_t i = 0; i < PLAIN_CALLS; i++) {
        sb_fini(&p->calls[i].name);
        sb_fini(&p->calls[i].arguments);
    }
}

static void plain_content(struct arena *a, struct plain *p, const struct json *content)
{
    sb_add(&p->text, json_str_or_null(a, content));
    JSON_EACH (part, content) {
        sb_add(&p->text, json_str_or_null(a, json_get(part, STR("text"))));
        JSON_EACH (thought, json_get(part, STR("thinking")))
            sb_add(&p->reasoning, json_str_or_null(a, json_get(thought, STR("text"))));
    }
}

static void plain_reasoning(struct arena *a, struct plain *p, const struct json *m)
{
    struct str text = json_str_or_null(a, json_get(m, STR("reasoning_content")));

    if (text.n == 0)
        text = json_str_or_null(a, json_get(m, STR("reasoning")));
    sb_add(&p->reasoning, text);
    if (text.n > 0)
        return;
    JSON_EACH (detail, json_get(m, STR("reasoning_details"))) {
        sb_add(&p->reasoning, json_str_or_null(a, json_get(detail, STR("text"))));
        sb_add(&p->reasoning, json_str_or_null(a, json_get(detail, STR("summary"))));
    }
}

static void plain_calls(struct arena *a, struct plain *p, const struct json *calls)
{
    JSON_EACH (call, calls) {
        const struct json *f = json_get(call, STR("function"));
        const struct json *custom = json_get(call, STR("custom"));
        bool begins = json_str_or_null(a, json_get(call, STR("id"))).n > 0 ||
                      json_str_or_null(a, json_get(f, STR("name"))).n > 0;

        if (begins)
            p->n_calls++;
        CHECK(p->n_calls > 0 && p->n_calls <= PLAIN_CALLS);
        custom = json_str_eq(json_get(call, STR("type")), STR("custom")) ? custom : NULL;
        f = custom ? custom : f;
        sb_add(&p->calls[p->n_calls - 1].name, json_str_or_null(a, json_get(f, STR("name"))));
        sb_add(&p->calls[p->n_calls - 1].arguments,
               json_str_or_null(a, json_get(f, custom ? STR("input") : STR("arguments"))));
    }
}

static const struct json *usage_of(const struct json *root)
{
    const struct json *u = json_get(root, STR("usage"));

    if (!json_is(u, JSON_OBJECT))
        u = json_get(json_at(json_get(root, STR("choices")), 0), STR("usage"));
    if (!json_is(u, JSON_OBJECT))
        u = json_get(json_get(root, STR("x_groq")), STR("usage"));
    return u;
}

static void plain_usage(struct plain *p, const struct json *root)
{
    const struct json *u = usage_of(root);
    int64_t prompt = json_i64_or(json_get(u, STR("prompt_tokens")), 0);
    int64_t completion = json_i64_or(json_get(u, STR("completion_tokens")), 0);
    int64_t thoughts = json_i64_or(
        json_get(json_get(u, STR("completion_tokens_details")), STR("reasoning_tokens")), 0);

    if (prompt + completion == 0)
        return;
    p->has_usage = true;
    p->prompt = prompt;
    p->completion = completion;
    if (json_i64_or(json_get(u, STR("total_tokens")), 0) == prompt + completion + thoughts)
        p->completion += thoughts; /* xAI */
}

static void plain_add(struct arena *a, struct plain *p, const struct json *root)
{
    p->has_error |= json_count(json_get(root, STR("error"))) > 0;
    JSON_EACH (choice, json_get(root, STR("choices"))) {
        const struct json *m = json_get(choice, STR("delta"));
        struct str finish = json_str_or_null(a, json_get(choice, STR("finish_reason")));
        const struct json *legacy;

        if (json_i64_or(json_get(choice, STR("index")), 0) != 0 || p->finish.n > 0)
            continue;
        if (!m || (p->whole && json_get(choice, STR("message")))) /* Perplexity has both */
            m = json_get(choice, STR("message"));
        plain_content(a, p, json_get(m, STR("content")));
        plain_reasoning(a, p, m);
        plain_calls(a, p, json_get(m, STR("tool_calls")));
        legacy = json_get(m, STR("function_call"));
        if (json_raw(json_get(legacy, STR("name"))).n > 2) {
            p->n_calls = 1;
            sb_add(&p->calls[0].name, json_str_or_null(a, json_get(legacy, STR("name"))));
            sb_add(&p->calls[0].arguments, json_str_or_null(a, json_get(legacy, STR("arguments"))));
        }
        if (finish.n > 0)
            p->finish = finish;
    }
    plain_usage(p, root);
}

/* ---- both readings ---- */

static struct str text_of(struct arena *a, const struct chat_answer_choice *c,
                          enum chat_part_kind kind)
{
    struct sb sb;
    struct str text;

    sb_init(&sb, TESTING_LIMIT);
    for (const struct chat_part *part = c ? c->parts.first : NULL; part; part = part->next) {
        if (part->kind == kind)
            sb_add(&sb, part->text);
    }
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static void check_calls(struct arena *a, struct plain *p, const struct chat_answer_choice *c)
{
    size_t n = 0;

    for (const struct chat_part *part = c ? c->parts.first : NULL; part; part = part->next) {
        struct str arguments;

        if (part->kind != CHAT_PART_TOOL_CALL)
            continue;
        CHECK(n < p->n_calls);
        arguments = sb_str(&p->calls[n].arguments);
        CHECK(str_eq(part->call.name, sb_str(&p->calls[n].name)));
        CHECK_STR(part->call.arguments, arguments.n > 0 ? str_dup(a, arguments).p : "{}");
        CHECK(part->call.id.n > 0);
        n++;
    }
    CHECK_EQ(n, p->n_calls);
}

static void check_finish(const struct plain *p, const struct chat_answer_choice *c)
{
    static const struct {
        const char *reason;
        enum chat_finish finish;
    } rows[] = {{"stop", CHAT_FINISH_STOP},
                {"length", CHAT_FINISH_LENGTH},
                {"tool_calls", CHAT_FINISH_TOOL_CALLS},
                {"function_call", CHAT_FINISH_TOOL_CALLS},
                {"content_filter", CHAT_FINISH_FILTER}};
    enum chat_finish want = p->finish.n > 0 ? CHAT_FINISH_STOP : CHAT_FINISH_NONE;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(p->finish, str_from(rows[i].reason)))
            want = rows[i].finish;
    }
    if (want == CHAT_FINISH_STOP && p->n_calls > 0)
        want = CHAT_FINISH_TOOL_CALLS;
    CHECK_EQ(c ? c->finish : CHAT_FINISH_NONE, want);
}

static void check_same(struct arena *a, struct plain *p, const struct chat_answer *answer)
{
    const struct chat_answer_choice *c = answer->choices;

    CHECK_EQ(answer->has_error, p->has_error);
    CHECK(!answer->too_large);
    CHECK_STR(text_of(a, c, CHAT_PART_TEXT), str_dup(a, sb_str(&p->text)).p);
    CHECK_STR(text_of(a, c, CHAT_PART_REASONING), str_dup(a, sb_str(&p->reasoning)).p);
    check_calls(a, p, c);
    CHECK_EQ(answer->has_usage, p->has_usage);
    CHECK_EQ(answer->usage.prompt, p->prompt);
    CHECK_EQ(answer->usage.completion, p->completion);
    if (p->has_error) {
        CHECK(answer->error.message.n > 0);
        return;
    }
    check_finish(p, c);
    CHECK(answer->has_end);
}

/* ---- whole answers ---- */

/* What our own writer makes of an answer reads as the same answer. */
static void check_written(struct arena *a, const struct chat_answer *answer)
{
    const struct answer_conf conf = {.id = STR("abc"), .now_s = 1};
    struct str before = testing_answer_text(a, answer);
    struct sb sb;

    sb_init(&sb, TESTING_LIMIT);
    dialect_openai_chat.write_answer(a, &conf, answer, &sb);
    CHECK_STR(testing_answer_text(a, testing_fold_answer(&dialect_openai_chat, a, sb_str(&sb))),
              before.p);
    sb_fini(&sb);
}

static bool check_whole(struct recorded *rec, struct arena *a, const struct json *entry,
                        struct str id)
{
    const struct chat_answer *answer;
    const struct json *root;
    struct plain plain;
    struct str text;

    if (!has_status(entry, 200) || !recorded_file(rec, a, id, ".response.json", &text))
        return false;
    print_message("%.*s\n", STR_ARG(id));
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    plain_init(&plain);
    plain.whole = true;
    plain_add(a, &plain, root);
    answer = testing_fold_answer(&dialect_openai_chat, a, text);
    check_same(a, &plain, answer);
    if (!answer->has_error && answer->choices->finish != CHAT_FINISH_NONE)
        check_written(a, answer);
    plain_fini(&plain);
    return true;
}

/* ---- streams ---- */

static void plain_stream(struct arena *a, struct plain *p, struct str text)
{
    while (text.p) {
        struct str line = str_trim(str_cut(&text, '\n'));
        const struct json *root;

        if (!str_starts(line, STR("data:")))
            continue;
        line = str_trim(str_skip(line, 5));
        if (str_eq(line, STR("[DONE]")))
            return;
        CHECK_EQ(json_read(a, line, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        plain_add(a, p, root);
    }
}

struct rewriting {
    void *writer;
    struct sb out;
};

static void rewrite_event(void *ctx, const struct chat_event *event)
{
    struct rewriting *re = ctx;

    dialect_openai_chat.write_event(re->writer, event, &re->out);
}

/* The stream through our writer, read again, is the same answer. */
static void check_rewritten(struct arena *a, struct str text, struct str before)
{
    const struct chat_request request = {.include_usage = true};
    const struct answer_conf conf = {.id = STR("abc"), .now_s = 1, .request = &request};
    struct rewriting re = {.writer = dialect_openai_chat.writer_new(a, &conf)};

    sb_init(&re.out, TESTING_LIMIT);
    CHECK(testing_read_stream(&dialect_openai_chat, a, text, 0,
                              &(struct chat_sink){rewrite_event, &re}));
    CHECK_STR(
        testing_answer_text(a, testing_fold_stream(&dialect_openai_chat, a, sb_str(&re.out), 0)),
        before.p);
    sb_fini(&re.out);
}

static void check_cuts(struct arena *a, struct str text, struct str before)
{
    size_t step = text.n <= CUT_LIMIT ? 1 : text.n / CUTS;

    for (size_t cut = 1; cut < text.n; cut += step) {
        struct arena own;

        arena_init(&own, 0);
        CHECK(str_eq(
            testing_answer_text(&own, testing_fold_stream(&dialect_openai_chat, &own, text, cut)),
            before));
        arena_fini(&own);
    }
    CHECK(
        str_eq(testing_answer_text(a, testing_fold_stream(&dialect_openai_chat, a, text, SIZE_MAX)),
               before));
}

static bool check_stream(struct recorded *rec, struct arena *a, const struct json *entry,
                         struct str id)
{
    const struct chat_answer *answer;
    struct plain plain;
    struct str text, before;

    if (!json_str_eq(json_get(entry, STR("stream")), STR("sse")) ||
        !recorded_file(rec, a, id, ".stream.txt", &text))
        return false;
    print_message("%.*s\n", STR_ARG(id));
    plain_init(&plain);
    plain_stream(a, &plain, text);
    answer = testing_fold_stream(&dialect_openai_chat, a, text, 0);
    check_same(a, &plain, answer);
    plain_fini(&plain);
    before = testing_answer_text(a, answer);
    check_cuts(a, text, before);
    if (!answer->has_error && answer->choices->finish != CHAT_FINISH_NONE)
        check_rewritten(a, text, before);
    return true;
}

/* ---- requests ---- */

static bool is_nothing(const struct json *v)
{
    return !v || json_is(v, JSON_NULL) || str_eq(json_raw(v), STR("\"\"")) ||
           str_eq(json_raw(v), STR("false")) ||
           ((json_is(v, JSON_ARRAY) || json_is(v, JSON_OBJECT)) && json_count(v) == 0);
}

/* Texts as one: a string, or a list of nothing but texts, are the same to a server. */
static bool plain_text(struct arena *a, const struct json *content, struct sb *out)
{
    if (is_nothing(content) || json_is(content, JSON_STRING)) {
        sb_add(out, json_str_or_null(a, content));
        return true;
    }
    JSON_EACH (part, content) {
        if (!json_str_eq(json_get(part, STR("type")), STR("text")) ||
            json_get(part, STR("cache_control")))
            return false;
        sb_add(out, json_str_or_null(a, json_get(part, STR("text"))));
    }
    return true;
}

static const struct json *url_of(const struct json *part)
{
    const struct json *v = json_get(part, STR("image_url"));

    return json_is(v, JSON_OBJECT) ? json_get(v, STR("url")) : v;
}

/* Parts: of an image the URL may stand in an object or not; other members as they are. */
static void check_parts(const struct json *was, const struct json *is)
{
    static const char *const names[] = {"type", "text", "file", "input_audio", "cache_control"};
    size_t i = 0;

    CHECK_EQ(json_count(is), json_count(was));
    JSON_EACH (part, was) {
        const struct json *other = json_at(is, i++);

        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            const struct json *v = json_get(part, str_from(names[k]));

            CHECK(is_nothing(v) || testing_same_json(v, json_get(other, str_from(names[k]))));
        }
        CHECK(is_nothing(url_of(part)) || testing_same_json(url_of(part), url_of(other)));
    }
}

/* A mark on the message, which is not in the form, goes to its last part. */
static void check_content(struct arena *a, const struct json *was, const struct json *is)
{
    const struct json *before = json_get(was, STR("content")),
                      *after = json_get(is, STR("content"));
    struct sb one, two;

    sb_init(&one, TESTING_LIMIT);
    sb_init(&two, TESTING_LIMIT);
    if (json_get(was, STR("cache_control")))
        CHECK(str_has(json_raw(is), STR("\"cache_control\"")));
    else if (plain_text(a, before, &one) && plain_text(a, after, &two))
        CHECK(str_eq(sb_str(&one), sb_str(&two)));
    else
        check_parts(before, after);
    sb_fini(&one);
    sb_fini(&two);
}

static void check_history(const struct json *was, const struct json *is)
{
    size_t i = 0;

    JSON_EACH (call, json_get(was, STR("tool_calls"))) {
        const struct json *other = json_at(json_get(is, STR("tool_calls")), i++);
        const struct json *id = json_get(call, STR("id"));

        CHECK(testing_same_json(json_get(call, STR("function")), json_get(other, STR("function"))));
        CHECK(!id || testing_same_json(id, json_get(other, STR("id"))));
    }
    CHECK_EQ(json_count(json_get(is, STR("tool_calls"))), i);
}

static bool has_same(const struct json *list, const struct json *wanted)
{
    JSON_EACH (item, list) {
        if (testing_same_json(wanted, item))
            return true;
    }
    return false;
}

/* The details that hold state come back; those of text alone are in reasoning_content. */
static void check_thoughts(struct arena *a, const struct json *was, const struct json *is)
{
    struct str text = json_str_or_null(a, json_get(was, STR("reasoning_content")));

    if (text.n == 0)
        text = json_str_or_null(a, json_get(was, STR("reasoning")));
    if (text.n > 0)
        CHECK(json_str_eq(json_get(is, STR("reasoning_content")), text));
    JSON_EACH (detail, json_get(was, STR("reasoning_details"))) {
        if (json_get(detail, STR("signature")) || json_get(detail, STR("data")))
            CHECK(has_same(json_get(is, STR("reasoning_details")), detail));
    }
}

static void check_messages(struct arena *a, const struct json *was, const struct json *is)
{
    static const char *const names[] = {"role", "name", "tool_call_id", "refusal", "audio"};
    size_t i = 0;

    CHECK_EQ(json_count(is), json_count(was));
    JSON_EACH (message, was) {
        const struct json *other = json_at(is, i++);

        for (size_t k = 0; k < ARRAY_LEN(names); k++) {
            const struct json *v = json_get(message, str_from(names[k]));

            CHECK(is_nothing(v) || testing_same_json(v, json_get(other, str_from(names[k]))));
        }
        check_content(a, message, other);
        check_history(message, other);
        check_thoughts(a, message, other);
    }
}

/* One string, or a list of one; effort in the object or beside it; the rest as it is. */
static void check_member(struct str name, const struct json *was, const struct json *root)
{
    static const char *const elsewhere[] = {"messages", "thinking", "tools"};
    const struct json *is = json_get(root, name);

    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++) {
        if (str_eq(name, str_from(elsewhere[i])))
            return;
    }
    if (str_eq(name, STR("stop")) && json_is(was, JSON_STRING))
        CHECK(testing_same_json(was, json_at(is, 0)) && json_count(is) == 1);
    else if (str_eq(name, STR("reasoning")))
        CHECK(is && testing_same_json(json_get(was, STR("effort")), json_get(is, STR("effort"))) ==
                        (json_get(was, STR("effort")) != NULL));
    else if (!testing_same_json(was, is))
        fail_msg("%.*s: %.*s", STR_ARG(name), STR_ARG(json_raw(is)));
}

static void check_tools(const struct json *was, const struct json *is)
{
    size_t i = 0;

    CHECK_EQ(json_count(is), json_count(was));
    JSON_EACH (tool, was) {
        CHECK(testing_same_json(json_get(tool, STR("function")),
                                json_get(json_at(is, i++), STR("function"))));
    }
}

static bool check_request(struct recorded *rec, struct arena *a, const struct json *entry,
                          struct str id)
{
    struct loss_list losses = {.n = 0};
    const struct json *was, *is;
    struct str text, again, name;

    if (!has_status(entry, 200) || !recorded_file(rec, a, id, ".request.json", &text))
        return false;
    print_message("%.*s\n", STR_ARG(id));
    again = testing_write_request(&dialect_openai_chat, a,
                                  testing_read_request(&dialect_openai_chat, a, text, &losses),
                                  &losses);
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &was, NULL), ERR_OK);
    CHECK_EQ(json_read(a, again, JSON_DEPTH_DEFAULT, &is, NULL), ERR_OK);
    JSON_EACH_MEMBER (key, value, was) {
        if (json_str(a, key, &name) && !is_nothing(value))
            check_member(name, value, is);
    }
    check_messages(a, json_get(was, STR("messages")), json_get(is, STR("messages")));
    check_tools(json_get(was, STR("tools")), json_get(is, STR("tools")));
    return true;
}

TEST(recorded_answers_are_read_as_json_says)
{
    recorded_each(is_ours, check_whole, 100);
}

TEST(recorded_streams_are_read_as_json_says_however_cut)
{
    recorded_each(is_ours, check_stream, 50);
}

TEST(recorded_requests_are_written_as_they_were_read)
{
    recorded_each(is_ours, check_request, 100);
}

TEST_MAIN(recorded_answers_are_read_as_json_says,
          recorded_streams_are_read_as_json_says_however_cut,
          recorded_requests_are_written_as_they_were_read)
