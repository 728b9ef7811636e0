/*
 * Recorded traffic of the Responses API at all providers that speak it. What the reader makes of a
 * stream or of a whole answer is held against a plain reading of the response object; what the
 * writer makes of a request that was read, against the request.
 *
 * What legitimately differs in a request that is written back: a string of one text for a list of
 * one part and the reverse, `type` of messages, ids, status, phase and annotations of messages,
 * status of calls, a reasoning item's content as its summary, a first system message as
 * `instructions`, adjacent messages of the assistant as one, items of OpenAI's own tools (losses),
 * members that are null or say the
 * default, lists and texts that are empty.
 */
#include "dialect/chat_testing.h"

enum { CUT_LIMIT = 3000, CUTS = 50 };

/* /responses/compact has another answer. */
static bool is_ours(struct arena *a, const struct json *entry)
{
    return json_str_eq(json_get(entry, STR("endpoint")), STR("responses")) &&
           !str_ends(json_str_or_null(a, json_get(entry, STR("url"))), STR("/compact"));
}

/* ---- a plain reading of a response object, and of a fold, as text ---- */

static void add_line(struct sb *out, const char *kind, struct str text)
{
    if (text.n > 0)
        sb_fmt(out, "%s %.*s\n", kind, STR_ARG(text));
}

static struct str get(struct arena *a, const struct json *v, const char *name)
{
    return json_str_or_null(a, json_get(v, str_from(name)));
}

/* Texts of one kind as one: where the pieces are cut is not said by the object. */
struct story {
    struct sb text, refusal, reasoning, calls, images;
    int citations;
    const char *finish;
    int64_t usage[4]; /* prompt, completion, cached, reasoning */
};

static void story_init(struct story *s)
{
    struct sb *all[] = {&s->text, &s->refusal, &s->reasoning, &s->calls, &s->images};

    memset(s, 0, sizeof *s);
    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        sb_init(all[i], TESTING_LIMIT);
}

static void story_fini(struct story *s)
{
    struct sb *all[] = {&s->text, &s->refusal, &s->reasoning, &s->calls, &s->images};

    for (size_t i = 0; i < ARRAY_LEN(all); i++)
        sb_fini(all[i]);
}

static void tell_reasoning(struct story *s, struct str text)
{
    if (text.n > 0 && s->reasoning.n > 0)
        sb_add(&s->reasoning, STR("\n\n"));
    sb_add(&s->reasoning, text);
}

static void tell_parts(struct story *s, struct arena *a, const struct json *item)
{
    JSON_EACH (part, json_get(item, STR("content"))) {
        sb_add(&s->text, get(a, part, "text"));
        sb_add(&s->refusal, get(a, part, "refusal"));
        s->citations += (int)json_count(json_get(part, STR("annotations")));
    }
}

static void tell_item(struct story *s, struct arena *a, const struct json *item)
{
    struct str type = get(a, item, "type");

    if (str_eq(type, STR("message"))) {
        tell_parts(s, a, item);
    } else if (str_eq(type, STR("reasoning"))) {
        JSON_EACH (part, json_get(item, STR("summary")))
            tell_reasoning(s, get(a, part, "text"));
        JSON_EACH (part, json_get(item, STR("content")))
            tell_reasoning(s, get(a, part, "text"));
    } else if (str_eq(type, STR("function_call"))) {
        sb_fmt(&s->calls, "%.*s %.*s %.*s\n", STR_ARG(get(a, item, "call_id")),
               STR_ARG(get(a, item, "name")), STR_ARG(get(a, item, "arguments")));
    } else if (str_eq(type, STR("image_generation_call"))) {
        sb_add(&s->images, get(a, item, "result"));
    }
}

static void tell_object(struct story *s, struct arena *a, const struct json *root)
{
    const struct json *usage = json_get(root, STR("usage"));
    struct str status = get(a, root, "status");

    JSON_EACH (item, json_get(root, STR("output")))
        tell_item(s, a, item);
    s->finish = str_eq(status, STR("incomplete")) ? "length" : s->calls.n > 0 ? "tools" : "stop";
    s->usage[0] = json_i64_or(json_get(usage, STR("input_tokens")), 0);
    s->usage[1] = json_i64_or(json_get(usage, STR("output_tokens")), 0);
    s->usage[2] = json_i64_or(
        json_get(json_get(usage, STR("input_tokens_details")), STR("cached_tokens")), 0);
    s->usage[3] = json_i64_or(
        json_get(json_get(usage, STR("output_tokens_details")), STR("reasoning_tokens")), 0);
}

static void tell_part(struct story *s, const struct chat_part *part)
{
    if (part->kind == CHAT_PART_TEXT)
        sb_add(&s->text, part->text);
    else if (part->kind == CHAT_PART_REFUSAL)
        sb_add(&s->refusal, part->text);
    else if (part->kind == CHAT_PART_REASONING)
        tell_reasoning(s, part->text);
    else if (part->kind == CHAT_PART_IMAGE)
        sb_add(&s->images, part->media.data);
    else
        sb_fmt(&s->calls, "%.*s %.*s %.*s\n", STR_ARG(part->call.id), STR_ARG(part->call.name),
               STR_ARG(part->call.arguments));
}

static void tell_answer(struct story *s, const struct chat_answer *answer)
{
    const struct chat_answer_choice *c = answer->choices;

    CHECK(c && !c->next && answer->has_end && answer->has_usage && !answer->has_error);
    for (const struct chat_part *part = c->parts.first; part; part = part->next)
        tell_part(s, part);
    s->citations = (int)c->citation_count;
    s->finish = c->finish == CHAT_FINISH_LENGTH       ? "length"
                : c->finish == CHAT_FINISH_TOOL_CALLS ? "tools"
                                                      : "stop";
    s->usage[0] = answer->usage.prompt;
    s->usage[1] = answer->usage.completion;
    s->usage[2] = answer->usage.cached;
    s->usage[3] = answer->usage.reasoning;
}

static void check_same(const char *what, struct str id, const struct sb *got, const struct sb *want)
{
    if (str_eq(sb_str(got), sb_str(want)))
        return;
    print_error("%.*s: %s\ngot  %.*s\nwant %.*s\n", STR_ARG(id), what, STR_ARG(sb_str(got)),
                STR_ARG(sb_str(want)));
    test_failed("the same", __FILE__, __LINE__);
}

static void check_answer(struct arena *a, struct str id, const struct chat_answer *answer,
                         const struct json *response)
{
    struct story got, want;

    story_init(&got);
    story_init(&want);
    tell_object(&want, a, response);
    tell_answer(&got, answer);
    check_same("text", id, &got.text, &want.text);
    check_same("refusal", id, &got.refusal, &want.refusal);
    check_same("reasoning", id, &got.reasoning, &want.reasoning);
    check_same("calls", id, &got.calls, &want.calls);
    check_same("images", id, &got.images, &want.images);
    CHECK_EQ(got.citations, want.citations);
    CHECK_STR(str_from(got.finish), want.finish);
    for (size_t i = 0; i < ARRAY_LEN(got.usage); i++)
        CHECK_EQ(got.usage[i], want.usage[i]);
    story_fini(&got);
    story_fini(&want);
}

/* ---- answers ---- */

/* What our writer makes of the answer is an answer of the dialect that says the same. */
static void check_written(struct arena *a, struct str id, const struct chat_answer *answer,
                          const struct json *response)
{
    const struct answer_conf conf = {.id = STR("0123456789abcdefghijklmn"), .model = STR("m")};
    struct sb out;

    sb_init(&out, TESTING_LIMIT);
    dialect_openai_responses.write_answer(a, &conf, answer, &out);
    check_answer(a, id, testing_fold_answer(&dialect_openai_responses, a, sb_str(&out)), response);
    sb_fini(&out);
}

static bool check_whole(struct recorded *r, struct arena *a, const struct json *entry,
                        struct str id)
{
    const struct chat_answer *answer;
    const struct json *root;
    struct str text;

    if (!recorded_file(r, a, id, ".response.json", &text))
        return false;
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    if (!json_get(root, STR("output")) && !json_get(root, STR("error")))
        return false;
    answer = testing_fold_answer(&dialect_openai_responses, a, text);
    if (json_i64_or(json_get(entry, STR("status")), 0) != 200) {
        CHECK(answer->has_error && answer->error.message.n > 0);
        return true;
    }
    check_answer(a, id, answer, root);
    check_written(a, id, answer, root);
    return true;
}

/* The response object of the stream's last event. */
static const struct json *last_response(struct arena *a, struct str text)
{
    const struct json *found = NULL;

    while (text.p) {
        struct str line = str_trim(str_cut(&text, '\n'));
        const struct json *root;

        if (!str_starts(line, STR("data:")) ||
            json_read(a, str_skip(line, 5), JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
            continue;
        if (json_str_eq(json_get(root, STR("type")), STR("response.completed")))
            found = json_get(root, STR("response"));
    }
    return found;
}

struct streaming {
    void *writer;
    struct sb out;
};

static void stream_event(void *ctx, const struct chat_event *ev)
{
    struct streaming *s = ctx;

    dialect_openai_responses.write_event(s->writer, ev, &s->out);
}

/* The stream that our writer makes of the answer says the same, in its pieces and at its end. */
static void check_streamed(struct arena *a, struct str id, const struct chat_answer *answer,
                           const struct json *response)
{
    const struct answer_conf conf = {.id = STR("0123456789abcdefghijklmn"), .model = STR("m")};
    struct streaming s = {.writer = dialect_openai_responses.writer_new(a, &conf)};
    struct str text;

    sb_init(&s.out, TESTING_LIMIT);
    chat_unfold(answer, &(struct chat_sink){stream_event, &s});
    text = sb_str(&s.out);
    check_answer(a, id, testing_fold_stream(&dialect_openai_responses, a, text, text.n),
                 last_response(a, text));
    check_answer(a, id, testing_fold_stream(&dialect_openai_responses, a, text, text.n), response);
    sb_fini(&s.out);
}

static bool check_stream(struct recorded *r, struct arena *a, const struct json *entry UNUSED,
                         struct str id)
{
    const struct json *response;
    const struct chat_answer *answer;
    struct str text, whole;
    size_t step;

    if (!recorded_file(r, a, id, ".stream.txt", &text))
        return false;
    response = last_response(a, text);
    CHECK(response);
    answer = testing_fold_stream(&dialect_openai_responses, a, text, text.n);
    check_answer(a, id, answer, response);
    check_streamed(a, id, answer, response);
    whole = testing_answer_text(a, answer);
    step = text.n <= CUT_LIMIT ? 1 : text.n / CUTS;
    for (size_t cut = 1; cut < text.n; cut += step) {
        struct arena inner;

        arena_init(&inner, 0);
        answer = testing_fold_stream(&dialect_openai_responses, &inner, text, cut);
        CHECK(str_eq(testing_answer_text(&inner, answer), whole));
        arena_fini(&inner);
    }
    return true;
}

/* ---- requests ---- */

static void tell_content(struct arena *a, struct sb *out, struct str role, const struct json *v)
{
    struct str text;

    if (json_str(a, v, &text) && text.n > 0)
        sb_fmt(out, "%.*s text %.*s\n", STR_ARG(role), STR_ARG(text));
    JSON_EACH (part, v) {
        add_line(out, "", role);
        add_line(out, "text", get(a, part, "text"));
        add_line(out, "refusal", get(a, part, "refusal"));
        add_line(out, "image", get(a, part, "image_url"));
        add_line(out, "detail", get(a, part, "detail"));
        add_line(out, "file_id", get(a, part, "file_id"));
        add_line(out, "data", get(a, part, "file_data"));
        add_line(out, "url", get(a, part, "file_url"));
        add_line(out, "name", get(a, part, "filename"));
    }
}

/* One text in a list reads as the string. */
static void tell_texts(struct arena *a, struct sb *out, struct str role, const struct json *v)
{
    const struct json *only = json_at(v, 0);

    if (json_count(v) == 1 && json_is(v, JSON_ARRAY) && json_get(only, STR("text")))
        tell_content(a, out, role, json_get(only, STR("text")));
    else
        tell_content(a, out, role, v);
}

static void tell_thoughts(struct arena *a, struct sb *out, const struct json *item)
{
    const struct json *content = json_get(item, STR("content"));

    add_line(out, "reasoning", get(a, item, "id"));
    add_line(out, "state", get(a, item, "encrypted_content"));
    JSON_EACH (part, json_count(content) > 0 ? content : json_get(item, STR("summary")))
        add_line(out, "thought", get(a, part, "text"));
}

static void tell_input_item(struct arena *a, struct sb *out, const struct json *item)
{
    struct str type = get(a, item, "type");

    if (type.n == 0 || str_eq(type, STR("message"))) {
        tell_texts(a, out, get(a, item, "role"), json_get(item, STR("content")));
    } else if (str_eq(type, STR("function_call"))) {
        sb_fmt(out, "call %.*s %.*s %.*s %.*s\n", STR_ARG(get(a, item, "call_id")),
               STR_ARG(get(a, item, "namespace")), STR_ARG(get(a, item, "name")),
               STR_ARG(get(a, item, "arguments")));
        add_line(out, "id", get(a, item, "id"));
    } else if (str_eq(type, STR("function_call_output"))) {
        add_line(out, "output", get(a, item, "call_id"));
        tell_texts(a, out, STR("tool"), json_get(item, STR("output")));
    } else if (str_eq(type, STR("reasoning"))) {
        tell_thoughts(a, out, item);
    }
}

static struct str tell_input(struct arena *a, const struct json *root)
{
    const struct json *input = json_get(root, STR("input"));
    struct sb out;
    struct str text;

    sb_init(&out, TESTING_LIMIT);
    if (json_str(a, json_get(root, STR("instructions")), &text))
        sb_fmt(&out, "system text %.*s\n", STR_ARG(text));
    if (json_str(a, input, &text))
        sb_fmt(&out, "user text %.*s\n", STR_ARG(text));
    JSON_EACH (item, input)
        tell_input_item(a, &out, item);
    text = str_dup(a, sb_str(&out));
    sb_fini(&out);
    return text;
}

static bool may_go(const struct json *key, const struct json *v)
{
    bool flag;

    return json_is(v, JSON_NULL) || json_str_eq(key, STR("input")) ||
           json_str_eq(key, STR("instructions")) ||
           (json_is(v, JSON_ARRAY) && json_count(v) == 0) ||
           (json_str_eq(key, STR("stream")) && json_bool(v, &flag) && !flag);
}

static void check_member(struct arena *a, struct str id, const struct json *key,
                         const struct json *v, const struct json *written)
{
    const struct json *got = json_get(written, json_str_or_null(a, key));

    if (may_go(key, v) || testing_same_json(v, got))
        return;
    print_error("%.*s %.*s\ngot  %.*s\nwant %.*s\n", STR_ARG(id), STR_ARG(json_raw(key)),
                STR_ARG(json_raw(got)), STR_ARG(json_raw(v)));
    test_failed("the same member", __FILE__, __LINE__);
}

static bool check_request(struct recorded *r, struct arena *a, const struct json *entry,
                          struct str id)
{
    struct loss_list losses = {0};
    const struct json *root, *back;
    struct str text, written;

    if (!recorded_file(r, a, id, ".request.json", &text) ||
        json_i64_or(json_get(entry, STR("status")), 0) != 200)
        return false;
    CHECK_EQ(json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    written = testing_write_request(
        &dialect_openai_responses, a,
        testing_read_request(&dialect_openai_responses, a, text, &losses), &losses);
    CHECK_EQ(json_read(a, written, JSON_DEPTH_DEFAULT, &back, NULL), ERR_OK);
    if (!str_eq(tell_input(a, back), tell_input(a, root))) {
        print_error("%.*s\ngot  %.*s\nwant %.*s\n", STR_ARG(id), STR_ARG(tell_input(a, back)),
                    STR_ARG(tell_input(a, root)));
        test_failed("the same input", __FILE__, __LINE__);
    }
    JSON_EACH_MEMBER (key, v, root)
        check_member(a, id, key, v, back);
    return true;
}

TEST(recorded_answers_are_read_and_written_as_json_says)
{
    recorded_each(is_ours, check_whole, 60);
}

TEST(recorded_streams_are_read_and_written_as_json_says_however_cut)
{
    recorded_each(is_ours, check_stream, 25);
}

TEST(recorded_requests_are_written_back_as_they_were)
{
    recorded_each(is_ours, check_request, 80);
}

TEST_MAIN(recorded_answers_are_read_and_written_as_json_says,
          recorded_streams_are_read_and_written_as_json_says_however_cut,
          recorded_requests_are_written_back_as_they_were)
