/*
 * Recorded traffic of providers that speak Gemini's dialect: answers, whole and streamed and cut
 * anywhere, against a plain reading of the same JSON; requests, read and written back, against the
 * original. The cases lie in the folder FIXTURES, by default beside the checkout; without it the
 * tests are skipped.
 */
#include "base/text.h"
#include "dialect/chat_testing.h"

enum { ALL_CUTS_MAX = 3000, SOME_CUTS = 50, AT_LEAST = 60 };

static struct str current; /* the case that is looked at */

static bool is_ours(struct arena *a, const struct json *entry)
{
    return str_has(json_str_or_null(a, json_get(entry, STR("url"))), STR("enerateContent"));
}

/* ---- a plain reading ---- */

/* What the answer's first candidate says, put together without the reader. */
struct plain {
    struct arena *a;
    struct sb text, thoughts, calls;
    int64_t prompt, completion, thinking;
    bool stopped, filtered, cut_short, has_usage, pieces;
};

static void plain_init(struct plain *p, struct arena *a)
{
    *p = (struct plain){.a = a};
    sb_init(&p->text, TESTING_LIMIT);
    sb_init(&p->thoughts, TESTING_LIMIT);
    sb_init(&p->calls, TESTING_LIMIT);
}

static void plain_fini(struct plain *p)
{
    sb_fini(&p->text);
    sb_fini(&p->thoughts);
    sb_fini(&p->calls);
}

static void plain_code(struct plain *p, const char *language, struct str text)
{
    sb_fmt(&p->text, "\n```%s\n%.*s", language, STR_ARG(text));
    sb_add(&p->text, str_ends(text, STR("\n")) ? STR("```\n") : STR("\n```\n"));
}

static void plain_part(struct plain *p, const struct json *part)
{
    const struct json *call = json_get(part, STR("functionCall"));
    struct str text;

    if (json_str(p->a, json_get(part, STR("text")), &text))
        sb_add(json_bool_or(json_get(part, STR("thought")), false) ? &p->thoughts : &p->text, text);
    if (json_str(p->a, json_get(json_get(part, STR("executableCode")), STR("code")), &text))
        plain_code(p, "python", text);
    if (json_str(p->a, json_get(json_get(part, STR("codeExecutionResult")), STR("output")), &text))
        plain_code(p, "output", text);
    if (!call)
        return;
    p->pieces |= json_get(call, STR("partialArgs")) || json_get(call, STR("willContinue"));
    if (json_str(p->a, json_get(call, STR("name")), &text)) {
        sb_add(&p->calls, text);
        sb_add(&p->calls, STR("("));
        sb_add(&p->calls, json_raw(json_get(call, STR("args"))));
        sb_add(&p->calls, STR(")"));
    }
}

static void plain_usage(struct plain *p, const struct json *u)
{
    int64_t prompt = json_i64_or(json_get(u, STR("promptTokenCount")), 0);
    int64_t total = json_i64_or(json_get(u, STR("totalTokenCount")), 0);

    int64_t said = json_i64_or(json_get(u, STR("candidatesTokenCount")), 0);

    if (prompt + said == 0)
        return;
    p->has_usage = true;
    p->prompt = prompt + json_i64_or(json_get(u, STR("toolUsePromptTokenCount")), 0);
    p->thinking = json_i64_or(json_get(u, STR("thoughtsTokenCount")), 0);
    /* Another way to the same number, where there is a total. */
    p->completion = total > 0 ? total - p->prompt : said + p->thinking;
}

static void plain_response(struct plain *p, const struct json *root)
{
    const struct json *candidate = json_at(json_get(root, STR("candidates")), 0);
    const struct json *reason = json_get(candidate, STR("finishReason"));

    JSON_EACH (part, json_get(json_get(candidate, STR("content")), STR("parts")))
        plain_part(p, part);
    p->stopped |= json_str_eq(reason, STR("STOP")) || json_i64_or(reason, 0) == 1;
    p->cut_short |= json_str_eq(reason, STR("MAX_TOKENS"));
    p->filtered |= json_str_eq(reason, STR("SAFETY"));
    plain_usage(p, json_get(root, STR("usageMetadata")));
}

/* Both texts, and the case that is looked at when they differ. */
static void check_same(struct str got, struct str want)
{
    if (str_eq(got, want))
        return;
    print_error("%.*s\ngot  %.*s\nwant %.*s\n", STR_ARG(current), STR_ARG(got), STR_ARG(want));
    CHECK(str_eq(got, want));
}

static void check_parts(const struct plain *p, const struct chat_answer_choice *c)
{
    struct plain got;

    plain_init(&got, p->a);
    for (const struct chat_part *part = c->parts.first; part; part = part->next) {
        if (part->kind == CHAT_PART_TEXT)
            sb_add(&got.text, part->text);
        else if (part->kind == CHAT_PART_REASONING)
            sb_add(&got.thoughts, part->text);
        else if (part->kind == CHAT_PART_TOOL_CALL)
            sb_fmt(&got.calls, "%.*s(%.*s)", STR_ARG(part->call.name),
                   STR_ARG(part->call.arguments));
    }
    check_same(sb_str(&got.text), sb_str(&p->text));
    check_same(sb_str(&got.thoughts), sb_str(&p->thoughts));
    if (!p->pieces)
        check_same(sb_str(&got.calls), sb_str(&p->calls));
    plain_fini(&got);
}

static void check_arguments(struct arena *a, const struct chat_answer_choice *c)
{
    const struct json *root;

    for (const struct chat_part *part = c->parts.first; part; part = part->next) {
        if (part->kind != CHAT_PART_TOOL_CALL)
            continue;
        CHECK_EQ(json_read(a, part->call.arguments, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        CHECK(json_is(root, JSON_OBJECT));
        CHECK(part->call.id.n > 0 && part->call.id.n <= 40);
    }
}

static void check_finish(const struct plain *p, const struct chat_answer_choice *c)
{
    if (p->stopped)
        CHECK_EQ(c->finish, p->calls.n > 0 ? CHAT_FINISH_TOOL_CALLS : CHAT_FINISH_STOP);
    if (p->cut_short)
        CHECK_EQ(c->finish, CHAT_FINISH_LENGTH);
    if (p->filtered)
        CHECK_EQ(c->finish, CHAT_FINISH_FILTER);
}

static void check_against(const struct plain *p, const struct chat_answer *answer)
{
    CHECK_EQ(answer->has_usage, p->has_usage);
    if (p->has_usage) {
        CHECK_EQ(answer->usage.prompt, p->prompt);
        CHECK_EQ(answer->usage.completion, p->completion);
        CHECK_EQ(answer->usage.reasoning, p->thinking);
    }
    if (!answer->choices) {
        CHECK(p->text.n == 0 && p->calls.n == 0);
        return;
    }
    check_parts(p, answer->choices);
    check_arguments(p->a, answer->choices);
    check_finish(p, answer->choices);
}

/* ---- answers ---- */

/* What a client of the same dialect is told says the same again. */
static void check_rewritten(struct arena *a, const struct chat_answer *answer)
{
    const struct answer_conf conf = {.model = STR("m"), .id = STR("i")};
    struct str first, second;
    struct sb out;

    sb_init(&out, TESTING_LIMIT);
    dialect_gemini.write_answer(a, &conf, answer, &out);
    first = testing_answer_text(a, answer);
    second = testing_answer_text(a, testing_fold_answer(&dialect_gemini, a, sb_str(&out)));
    if (!answer->choices || answer->choices->citation_count == 0)
        testing_check_json(a, second, first.p);
    sb_fini(&out);
}

static bool check_whole(struct recorded *rec, struct arena *a, const struct json *entry,
                        struct str id)
{
    const struct chat_answer *answer;
    const struct json *root;
    struct plain plain;
    struct str text;

    current = id;
    if (!recorded_file(rec, a, id, ".response.json", &text) ||
        json_i64_or(json_get(entry, STR("status")), 0) != 200)
        return false;
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    plain_init(&plain, a);
    if (json_is(root, JSON_ARRAY)) {
        JSON_EACH (item, root)
            plain_response(&plain, item);
    } else {
        plain_response(&plain, root);
    }
    answer = testing_fold_answer(&dialect_gemini, a, text);
    check_against(&plain, answer);
    check_rewritten(a, answer);
    plain_fini(&plain);
    return true;
}

TEST(whole_answers_are_read_and_written)
{
    recorded_each(is_ours, check_whole, AT_LEAST);
}

static void plain_stream(struct plain *p, struct arena *a, struct str text)
{
    struct sse sse;
    struct sse_event ev;
    const struct json *root;

    sse_init(&sse, TESTING_LIMIT);
    while (sse_next(&sse, &text, &ev) == SSE_EVENT) {
        CHECK_EQ(json_read(a, str_dup(a, ev.data), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        plain_response(p, root);
    }
    sse_fini(&sse);
}

static void check_cuts(struct arena *a, struct str text, const struct chat_answer *answer)
{
    struct str want = testing_answer_text(a, answer);
    size_t step = text.n <= ALL_CUTS_MAX ? 1 : text.n / SOME_CUTS;

    for (size_t cut = 1; cut < text.n; cut += step) {
        struct arena own;

        arena_init(&own, 0);
        CHECK(
            str_eq(testing_answer_text(&own, testing_fold_stream(&dialect_gemini, &own, text, cut)),
                   want));
        arena_fini(&own);
    }
}

struct rewriting {
    void *writer;
    struct sb out;
};

static void rewrite(void *ctx, const struct chat_event *event)
{
    struct rewriting *r = ctx;

    dialect_gemini.write_event(r->writer, event, &r->out);
}

/* The stream written for a client reads as the same answer. */
static void check_restreamed(struct arena *a, struct str text, const struct chat_answer *answer,
                             bool json_array)
{
    const struct answer_conf conf = {.model = STR("m"), .id = STR("i"), .json_array = json_array};
    struct rewriting r = {.writer = dialect_gemini.writer_new(a, &conf)};
    const struct chat_answer *again;

    sb_init(&r.out, TESTING_LIMIT);
    CHECK(testing_read_stream(&dialect_gemini, a, text, 0, &(struct chat_sink){rewrite, &r}));
    if (answer->has_end || answer->has_error) {
        again = json_array ? testing_fold_answer(&dialect_gemini, a, sb_str(&r.out))
                           : testing_fold_stream(&dialect_gemini, a, sb_str(&r.out), 0);
        if (answer->choices && answer->choices->citation_count == 0 && !answer->has_error)
            testing_check_json(a, testing_answer_text(a, again), testing_answer_text(a, answer).p);
    }
    sb_fini(&r.out);
}

static bool check_streamed(struct recorded *rec, struct arena *a, const struct json *entry,
                           struct str id)
{
    const struct chat_answer *answer;
    struct plain plain;
    struct str text;

    current = id;
    if (!recorded_file(rec, a, id, ".stream.txt", &text) ||
        json_i64_or(json_get(entry, STR("status")), 0) != 200)
        return false;
    plain_init(&plain, a);
    plain_stream(&plain, a, text);
    answer = testing_fold_stream(&dialect_gemini, a, text, 0);
    check_against(&plain, answer);
    check_cuts(a, text, answer);
    check_restreamed(a, text, answer, false);
    check_restreamed(a, text, answer, true);
    plain_fini(&plain);
    return true;
}

TEST(streams_are_read_however_they_are_cut)
{
    recorded_each(is_ours, check_streamed, 20);
}

/* ---- requests ---- */

/* Puts what may be spelt in several ways into one, so that requests can be compared: names in
 * camelCase, no empty containers, no roles where they are the usual ones. */
static void write_plainly(struct json_writer *w, struct arena *a, const struct json *v);

static struct str camel(struct arena *a, struct str name)
{
    char *to = arena_alloc(a, name.n + 1);
    size_t n = 0;

    for (size_t i = 0; i < name.n; i++) {
        bool up = name.p[i] == '_' && i + 1 < name.n;

        i += up;
        to[n++] = up && name.p[i] >= 'a' && name.p[i] <= 'z' ? (char)(name.p[i] - 32) : name.p[i];
    }
    return str_make(to, n);
}

/* Members whose inside is the client's own. */
static bool is_opaque(struct str name)
{
    static const char *const names[] = {"args", "parameters", "parametersJsonSchema", "response"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(name, str_from(names[i])))
            return true;
    }
    return false;
}

/* What legitimately differs: ids of calls (results are matched by name and order, and Vertex knows
 * none), the results' objects (compared in the canonical form), schemas (cleaned) and the measure
 * of thinking (the model's own). */
static bool is_left_out(struct str name)
{
    static const char *const names[] = {"id",
                                        "response",
                                        "responseSchema",
                                        "thinkingConfig",
                                        "responseJsonSchema",
                                        "toolCall",
                                        "toolResponse",
                                        "executableCode",
                                        "codeExecutionResult",
                                        "partialArgs",
                                        "thoughtSignature",
                                        "model"};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(name, str_from(names[i])))
            return true;
    }
    return false;
}

/* NOLINTBEGIN(misc-no-recursion): as deep as a recorded request. */
static void write_member(struct json_writer *w, struct arena *a, struct str name,
                         const struct json *value)
{
    if (is_left_out(name) || (json_is(value, JSON_OBJECT) && json_count(value) == 0) ||
        json_is(value, JSON_NULL))
        return;
    if (str_eq(name, STR("generationConfig")) && json_count(value) == 0)
        return;
    jw_key(w, name);
    if (is_opaque(name))
        jw_raw(w, json_raw(value));
    else
        write_plainly(w, a, value);
}

static void write_plainly(struct json_writer *w, struct arena *a, const struct json *v)
{
    if (json_is(v, JSON_OBJECT)) {
        jw_object(w);
        JSON_EACH_MEMBER (key, value, v)
            write_member(w, a, camel(a, json_str_or_null(a, key)), value);
        jw_end(w);
    } else if (json_is(v, JSON_ARRAY)) {
        jw_array(w);
        JSON_EACH (item, v)
            write_plainly(w, a, item);
        jw_end(w);
    } else {
        jw_raw(w, json_raw(v));
    }
}
/* NOLINTEND(misc-no-recursion) */

static struct str plainly(struct arena *a, const struct json *v)
{
    struct json_writer w;
    struct sb sb;
    struct str text;

    if (!v)
        return STR_NULL;
    sb_init(&sb, TESTING_LIMIT);
    jw_init(&w, &sb);
    write_plainly(&w, a, v);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

/* Functions and other tools, each in their order: an element may hold several, and functions are
 * written first. */
static struct str tools_plainly(struct arena *a, const struct json *tools)
{
    struct json_writer w;
    struct sb sb;
    struct str text;

    sb_init(&sb, TESTING_LIMIT);
    jw_init(&w, &sb);
    jw_array(&w);
    for (int others = 0; others < 2; others++) {
        JSON_EACH (tool, tools) {
            JSON_EACH_MEMBER (key, value, tool) {
                struct str name = camel(a, json_str_or_null(a, key));

                if (str_eq(name, STR("functionDeclarations")) == others)
                    continue;
                jw_str(&w, name);
                write_plainly(&w, a, value);
            }
        }
    }
    jw_end(&w);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static const struct json *member(const struct json *root, const char *camel_name,
                                 const char *snake_name)
{
    const struct json *v = json_get(root, str_from(camel_name));

    return v ? v : json_get(root, str_from(snake_name));
}

static void check_member(struct arena *a, const struct json *was, const struct json *is,
                         const char *camel_name, const char *snake_name)
{
    struct str want = plainly(a, member(was, camel_name, snake_name));
    struct str got = plainly(a, member(is, camel_name, snake_name));
    bool nothing = str_eq(want, STR("{}")) || str_eq(want, STR("[]"));

    if (want.n == 0 || (nothing && got.n == 0)) {
        CHECK(got.n == 0 || str_eq(got, STR("{}")));
        return;
    }
    testing_check_json(a, got, want.p);
}

/* All texts, calls, results and files of the contents, in their order. */
static struct str digest(struct arena *a, const struct chat_request *r)
{
    struct json_writer w;
    struct sb sb;
    struct str text;

    sb_init(&sb, TESTING_LIMIT);
    jw_init(&w, &sb);
    jw_array(&w);
    for (const struct chat_message *m = r->messages; m; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            testing_write_part(&w, p);
            if (p->kind == CHAT_PART_TOOL_RESULT) {
                jw_str(&w, p->result.name);
                jw_str(&w, chat_text_of(a, &p->result.parts, STR("\n")));
            }
        }
    }
    jw_end(&w);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

/* Ids that we make are the same each time; the client's own do not go to the upstream. */
static void forget_ids(struct chat_request *r)
{
    for (struct chat_message *m = r->messages; m; m = m->next) {
        for (struct chat_part *p = m->parts.first; p; p = p->next) {
            p->call.id = STR_NULL;
            if (p->state.value.n == 32) /* the stand-in for a signature */
                p->state.value = STR_NULL;
        }
    }
}

static bool check_request(struct recorded *rec, struct arena *a, const struct json *entry,
                          struct str id)
{
    static const char *const members[][2] = {{"systemInstruction", "system_instruction"},
                                             {"toolConfig", "tool_config"},
                                             {"generationConfig", "generation_config"},
                                             {"safetySettings", "safety_settings"},
                                             {"cachedContent", "cached_content"}};
    struct loss_list losses = {0};
    const struct json *was, *is;
    struct chat_request *r, *again;
    struct str text, url = json_str_or_null(a, json_get(entry, STR("url")));

    current = id;
    if (!recorded_file(rec, a, id, ".request.json", &text))
        return false;
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &was, NULL), ERR_OK);
    r = arena_new(a, struct chat_request);
    CHECK_EQ(dialect_gemini.read_request(a, was, r, &losses, NULL), ERR_OK);
    r->model = url; /* it names the model */
    text = testing_write_request(&dialect_gemini, a, r, &losses);
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &is, NULL), ERR_OK);
    for (size_t i = 1; i < ARRAY_LEN(members); i++)
        check_member(a, was, is, members[i][0], members[i][1]);
    testing_check_json(a, tools_plainly(a, json_get(is, STR("tools"))),
                       tools_plainly(a, json_get(was, STR("tools"))).p);
    again = arena_new(a, struct chat_request);
    CHECK_EQ(dialect_gemini.read_request(a, is, again, &losses, NULL), ERR_OK);
    forget_ids(r);
    forget_ids(again);
    check_same(digest(a, again), digest(a, r));
    return true;
}

TEST(requests_are_read_and_written_back)
{
    recorded_each(is_ours, check_request, 100);
}

TEST_MAIN(whole_answers_are_read_and_written, streams_are_read_however_they_are_cut,
          requests_are_read_and_written_back)
