/*
 * Recorded traffic of every provider that speaks Anthropic's Messages: what the dialect makes of an
 * answer must be what a plain reading of the same JSON finds, however a stream is cut, and what it
 * reads of a request it must write back. Skipped where the folder FIXTURES is not there.
 */
#include "dialect/chat_testing.h"

enum { CUT_LIMIT = 3000, CUTS = 50 };

/* Messages at Anthropic, on Vertex and on Bedrock, and at others who copy the interface. */
static bool is_ours(struct arena *a UNUSED, const struct json *entry)
{
    struct str url = json_raw(json_get(entry, STR("url")));

    return json_str_eq(json_get(entry, STR("endpoint")), STR("messages")) ||
           str_has(url, STR("/v1/messages")) ||
           (json_str_eq(json_get(entry, STR("endpoint")), STR("invoke")) &&
            str_has(url, STR("anthropic.claude-3")));
}

static const struct json *parse(struct arena *a, struct str text)
{
    const struct json *v;

    return json_read(a, text, JSON_DEPTH_DEFAULT, &v, NULL) == ERR_OK ? v : NULL;
}

/* ---- a plain reading ---- */

/* Text, thoughts and calls one after the other, usage and reason at the end. */
struct plain {
    struct arena *arena;
    struct sb text, thoughts, calls, signatures;
    int64_t input, cached, created, output;
    struct str reason;
    int64_t citations;
};

static void plain_init(struct plain *p, struct arena *a)
{
    *p = (struct plain){.arena = a};
    sb_init(&p->text, TESTING_LIMIT);
    sb_init(&p->thoughts, TESTING_LIMIT);
    sb_init(&p->calls, TESTING_LIMIT);
    sb_init(&p->signatures, TESTING_LIMIT);
}

static void plain_fini(struct plain *p)
{
    sb_fini(&p->text);
    sb_fini(&p->thoughts);
    sb_fini(&p->calls);
    sb_fini(&p->signatures);
}

static void add_member(struct plain *p, struct sb *to, const struct json *v, const char *name)
{
    sb_add(to, json_str_or_null(p->arena, json_get(v, str_from(name))));
}

static void plain_usage(struct plain *p, const struct json *usage)
{
    const struct {
        const char *name;
        int64_t *to;
    } members[] = {{"input_tokens", &p->input},
                   {"cache_read_input_tokens", &p->cached},
                   {"cache_creation_input_tokens", &p->created},
                   {"output_tokens", &p->output}};

    for (size_t i = 0; i < ARRAY_LEN(members); i++) {
        int64_t value = json_i64_or(json_get(usage, str_from(members[i].name)), 0);

        if (value > 0)
            *members[i].to = value;
    }
}

static void plain_block(struct plain *p, const struct json *block)
{
    const struct json *type = json_get(block, STR("type"));

    if (json_str_eq(type, STR("text")))
        add_member(p, &p->text, block, "text");
    p->citations += (int64_t)json_count(json_get(block, STR("citations")));
    add_member(p, &p->thoughts, block, "thinking");
    add_member(p, &p->signatures, block, "signature");
    add_member(p, &p->signatures, block, "data");
    if (!json_str_eq(type, STR("tool_use")))
        return;
    sb_add(&p->calls, STR("|"));
    add_member(p, &p->calls, block, "id");
    sb_add(&p->calls, STR(":"));
    add_member(p, &p->calls, block, "name");
}

static void check_plain(const struct plain *p, const struct chat_answer *answer)
{
    struct sb text, thoughts, calls, signatures;
    const struct chat_answer_choice *c = answer->choices;

    sb_init(&text, TESTING_LIMIT);
    sb_init(&thoughts, TESTING_LIMIT);
    sb_init(&calls, TESTING_LIMIT);
    sb_init(&signatures, TESTING_LIMIT);
    for (const struct chat_part *part = c ? c->parts.first : NULL; part; part = part->next) {
        sb_add(part->kind == CHAT_PART_REASONING ? &thoughts : &text, part->text);
        sb_add(&signatures, part->state.value);
        if (part->kind == CHAT_PART_TOOL_CALL)
            sb_fmt(&calls, "|%.*s:%.*s", STR_ARG(part->call.id), STR_ARG(part->call.name));
    }
    CHECK(str_eq(sb_str(&text), sb_str(&p->text)));
    CHECK(str_eq(sb_str(&thoughts), sb_str(&p->thoughts)));
    CHECK(str_eq(sb_str(&calls), sb_str(&p->calls)));
    CHECK(str_eq(sb_str(&signatures), sb_str(&p->signatures)));
    CHECK_EQ(c ? c->citation_count : 0, p->citations);
    CHECK_EQ(answer->usage.prompt, p->input + p->cached + p->created);
    CHECK_EQ(answer->usage.cached, p->cached);
    CHECK_EQ(answer->usage.completion, p->output);
    sb_fini(&text);
    sb_fini(&thoughts);
    sb_fini(&calls);
    sb_fini(&signatures);
}

static void check_reason(struct str reason, enum chat_finish finish)
{
    static const struct {
        const char *reason;
        enum chat_finish finish;
    } rows[] = {{"end_turn", CHAT_FINISH_STOP},
                {"tool_use", CHAT_FINISH_TOOL_CALLS},
                {"max_tokens", CHAT_FINISH_LENGTH},
                {"refusal", CHAT_FINISH_FILTER},
                {"stop_sequence", CHAT_FINISH_STOP_SEQUENCE},
                {"pause_turn", CHAT_FINISH_PAUSE}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(reason, str_from(rows[i].reason))) {
            CHECK_EQ(finish, rows[i].finish);
            return;
        }
    }
    fail_msg("%.*s is not in the table", STR_ARG(reason));
}

/* ---- whole answers ---- */

/* The arguments of each call are the input of its block. */
static void check_inputs(struct arena *a, const struct json *v, const struct chat_answer *answer)
{
    const struct chat_part *part = answer->choices ? answer->choices->parts.first : NULL;

    JSON_EACH (block, json_get(v, STR("content"))) {
        if (!json_str_eq(json_get(block, STR("type")), STR("tool_use")))
            continue;
        while (part && part->kind != CHAT_PART_TOOL_CALL)
            part = part->next;
        CHECK(part != NULL);
        CHECK(testing_same_json(parse(a, part->call.arguments), json_get(block, STR("input"))));
        part = part->next;
    }
}

/* Written for a client and read again, it is the same answer. */
static void check_again(struct arena *a, const struct chat_answer *answer)
{
    const struct answer_conf conf = {.model = STR("m"), .id = STR("x")};
    const struct chat_answer *again;
    struct sb out;

    sb_init(&out, TESTING_LIMIT);
    dialect_claude.write_answer(a, &conf, answer, &out);
    again = testing_fold_answer(&dialect_claude, a, sb_str(&out));
    CHECK(str_eq(testing_answer_text(a, again), testing_answer_text(a, answer)));
    sb_fini(&out);
}

static bool check_whole(struct recorded *l, struct arena *a, const struct json *entry UNUSED,
                        struct str id)
{
    const struct chat_answer *answer;
    const struct json *v;
    struct plain p;
    struct str text;

    if (!recorded_file(l, a, id, ".response.json", &text))
        return false;
    v = parse(a, text);
    if (!json_get(v, STR("content")) && !json_get(v, STR("error")))
        return false; /* count_tokens, and other models on Bedrock */
    answer = testing_fold_answer(&dialect_claude, a, text);
    CHECK_EQ(answer->has_error, json_get(v, STR("error")) != NULL);
    if (answer->has_error)
        return true;
    CHECK(answer->has_end && answer->choices);
    plain_init(&p, a);
    JSON_EACH (block, json_get(v, STR("content")))
        plain_block(&p, block);
    plain_usage(&p, json_get(v, STR("usage")));
    check_plain(&p, answer);
    plain_fini(&p);
    check_reason(json_str_or_null(a, json_get(v, STR("stop_reason"))), answer->choices->finish);
    check_inputs(a, v, answer);
    check_again(a, answer);
    return true;
}

/* ---- streams ---- */

static void plain_event(struct plain *p, const struct json *v)
{
    const struct json *delta = json_get(v, STR("delta"));
    struct str reason = json_str_or_null(p->arena, json_get(delta, STR("stop_reason")));

    plain_usage(p, json_get(json_get(v, STR("message")), STR("usage")));
    plain_usage(p, json_get(v, STR("usage")));
    if (json_get(v, STR("content_block")))
        plain_block(p, json_get(v, STR("content_block")));
    if (json_str_eq(json_get(delta, STR("type")), STR("text_delta")))
        add_member(p, &p->text, delta, "text");
    add_member(p, &p->thoughts, delta, "thinking");
    add_member(p, &p->signatures, delta, "signature");
    p->citations += json_get(delta, STR("citation")) != NULL;
    if (reason.n > 0)
        p->reason = reason;
}

static void plain_stream(struct plain *p, struct str text)
{
    while (text.n > 0) {
        struct str line = str_cut(&text, '\n');

        if (str_starts(line, STR("data:")))
            plain_event(p, parse(p->arena, str_skip(line, 5)));
    }
}

static void check_cuts(struct str text, struct str want)
{
    size_t step = text.n <= CUT_LIMIT ? 1 : text.n / CUTS;

    for (size_t cut = 1; cut < text.n; cut += step) {
        struct arena a;

        arena_init(&a, 0);
        CHECK(str_eq(testing_answer_text(&a, testing_fold_stream(&dialect_claude, &a, text, cut)),
                     want));
        arena_fini(&a);
    }
}

struct forward {
    void *writer;
    struct sb out;
};

static void forward_event(void *ctx, const struct chat_event *event)
{
    struct forward *f = ctx;

    dialect_claude.write_event(f->writer, event, &f->out);
}

/* Translated for a client event by event and read again, it is the same answer. */
static void check_forwarded(struct arena *a, struct str text, struct str want)
{
    const struct answer_conf conf = {.model = STR("m"), .id = STR("x")};
    struct forward f = {.writer = dialect_claude.writer_new(a, &conf)};
    const struct chat_answer *again;

    sb_init(&f.out, TESTING_LIMIT);
    CHECK(testing_read_stream(&dialect_claude, a, text, 0, &(struct chat_sink){forward_event, &f}));
    again = testing_fold_stream(&dialect_claude, a, sb_str(&f.out), 0);
    CHECK(again->has_end);
    CHECK(str_eq(testing_answer_text(a, again), want));
    sb_fini(&f.out);
}

static bool check_stream(struct recorded *l, struct arena *a, const struct json *entry UNUSED,
                         struct str id)
{
    const struct chat_answer *answer;
    struct plain p;
    struct str text, want;

    if (!recorded_file(l, a, id, ".stream.txt", &text) || !str_has(text, STR("message_start")))
        return false;
    answer = testing_fold_stream(&dialect_claude, a, text, 0);
    CHECK(answer->has_end && answer->choices);
    plain_init(&p, a);
    plain_stream(&p, text);
    check_plain(&p, answer);
    check_reason(p.reason, answer->choices->finish);
    plain_fini(&p);
    for (const struct chat_part *part = answer->choices->parts.first; part; part = part->next)
        CHECK(part->kind != CHAT_PART_TOOL_CALL || str_has(id, STR("spliced")) ||
              json_is(parse(a, part->call.arguments), JSON_OBJECT));
    want = testing_answer_text(a, answer);
    check_cuts(text, want);
    if (!str_has(id, STR("spliced"))) /* its first call never ends */
        check_forwarded(a, text, want);
    return true;
}

/* ---- requests ---- */

/*
 * What is read and written back may differ from what the client wrote in this, and in nothing else:
 *   content and system as a text become a list with one text block, neighbouring messages of one
 *   role one message; blocks of the provider's own tools, and citations, are losses; output_format
 *   becomes output_config.format; false for stream, is_error and disable_parallel_tool_use, and
 *   null for anything, are left out as the defaults that they are; so is text without a letter.
 */
struct said {
    struct str role;
    const struct json *block; /* NULL: `text` is a text block */
    struct str text;
};

struct speech {
    struct said *items;
    size_t n;
};

static bool is_kept(const struct json *block)
{
    static const char *const kept[] = {"text",     "image",       "document",         "tool_use",
                                       "thinking", "tool_result", "redacted_thinking"};

    for (size_t i = 0; i < ARRAY_LEN(kept); i++) {
        if (json_str_eq(json_get(block, STR("type")), str_from(kept[i])))
            return true;
    }
    return false;
}

static void add_content(struct arena *a, struct speech *to, struct str role,
                        const struct json *content)
{
    struct said said = {.role = role};

    if (json_str(a, content, &said.text) && said.text.n > 0)
        to->items[to->n++] = said;
    JSON_EACH (block, content) {
        bool text = json_str_eq(json_get(block, STR("type")), STR("text"));
        struct str words = json_str_or_null(a, json_get(block, STR("text")));

        if (!is_kept(block) || (text && str_trim(words).n == 0))
            continue;
        to->items[to->n++] = (struct said){role, text ? NULL : block,
                                           json_str_or_null(a, json_get(block, STR("text")))};
    }
}

/* Every block of the request in its order. */
static struct speech speech_of(struct arena *a, const struct json *root)
{
    struct speech out = {0};
    size_t room = 1 + json_count(json_get(root, STR("system")));

    JSON_EACH (m, json_get(root, STR("messages")))
        room += 1 + json_count(json_get(m, STR("content")));
    out.items = arena_new_array(a, struct said, room);
    add_content(a, &out, STR("system"), json_get(root, STR("system")));
    JSON_EACH (m, json_get(root, STR("messages")))
        add_content(a, &out, json_str_or_null(a, json_get(m, STR("role"))),
                    json_get(m, STR("content")));
    return out;
}

static bool is_left_out(const struct json *v)
{
    return !v || json_is(v, JSON_NULL) || str_eq(json_raw(v), STR("false"));
}

static void check_same(const struct json *x, const struct json *y, struct str name)
{
    const struct json *v = json_get(x, name), *w = json_get(y, name);

    if (is_left_out(v) && is_left_out(w))
        return;
    if (!testing_same_json(v, w))
        fail_msg("%.*s: %.*s became %.*s", STR_ARG(name), STR_ARG(json_raw(v)),
                 STR_ARG(json_raw(w)));
}

/* The content of a result: its blocks one by one. */
static void check_result(struct arena *a, const struct json *x, const struct json *y)
{
    struct speech want, got;

    want.items = arena_new_array(a, struct said, 1 + json_count(x));
    got.items = arena_new_array(a, struct said, 1 + json_count(y));
    want.n = got.n = 0;
    add_content(a, &want, STR_NULL, x);
    add_content(a, &got, STR_NULL, y);
    CHECK_EQ(got.n, want.n);
    for (size_t i = 0; i < want.n; i++) {
        CHECK(str_eq(got.items[i].text, want.items[i].text));
        check_same(want.items[i].block, got.items[i].block, STR("source"));
    }
}

static void check_block(struct arena *a, const struct json *x, const struct json *y)
{
    static const char *const members[] = {"type",        "id",       "name",     "input",
                                          "tool_use_id", "is_error", "thinking", "title",
                                          "signature",   "data",     "source",   "cache_control"};

    for (size_t i = 0; i < ARRAY_LEN(members); i++)
        check_same(x, y, str_from(members[i]));
    check_result(a, json_get(x, STR("content")), json_get(y, STR("content")));
}

static void check_speech(struct arena *a, const struct json *x, const struct json *y)
{
    struct speech want = speech_of(a, x), got = speech_of(a, y);

    CHECK_EQ(got.n, want.n);
    for (size_t i = 0; i < want.n; i++) {
        CHECK(str_eq(got.items[i].role, want.items[i].role));
        CHECK(str_eq(got.items[i].text, want.items[i].text));
        CHECK_EQ(!got.items[i].block, !want.items[i].block);
        if (want.items[i].block)
            check_block(a, want.items[i].block, got.items[i].block);
    }
}

static void check_choice(const struct json *x, const struct json *y)
{
    check_same(x, y, STR("type"));
    check_same(x, y, STR("name"));
    check_same(x, y, STR("disable_parallel_tool_use"));
}

static void check_config(const struct json *x, const struct json *y)
{
    const struct json *config = json_get(x, STR("output_config"));
    const struct json *format = json_get(config, STR("format"));
    const struct json *got = json_get(y, STR("output_config"));

    format = format ? format : json_get(x, STR("output_format"));
    check_same(format, json_get(got, STR("format")), STR("schema"));
    check_same(config, got, STR("effort"));
}

/* Every other member as it was, and none that was not there but for max_tokens. */
static void check_members(struct arena *a, const struct json *x, const struct json *y)
{
    static const char *const elsewhere[] = {"messages",    "system",        "output_config",
                                            "tool_choice", "output_format", "max_tokens"};

    for (int way = 0; way < 2; way++) {
        JSON_EACH_MEMBER (key, value, way == 0 ? x : y) {
            struct str name = json_str_or_null(a, key);
            bool skipped = false;

            for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
                skipped |= str_eq(name, str_from(elsewhere[i]));
            if (!skipped && value)
                check_same(x, y, name);
        }
    }
    if (json_get(x, STR("max_tokens")))
        check_same(x, y, STR("max_tokens"));
    else
        CHECK_EQ(json_i64_or(json_get(y, STR("max_tokens")), 0), 8192);
}

static bool check_request(struct recorded *l, struct arena *a, const struct json *entry UNUSED,
                          struct str id)
{
    const struct json *x, *y;
    const struct chat_request *r;
    struct loss_list losses = {0}, none = {0};
    struct str text;

    if (!recorded_file(l, a, id, ".request.json", &text))
        return false;
    x = parse(a, text);
    r = testing_read_request(&dialect_claude, a, text, &losses);
    text = testing_write_request(&dialect_claude, a, r, &none);
    CHECK_EQ(none.n, 0);
    y = parse(a, text);
    check_speech(a, x, y);
    check_members(a, x, y);
    check_choice(json_get(x, STR("tool_choice")), json_get(y, STR("tool_choice")));
    check_config(x, y);
    /* What was written says the same when it is read again. */
    r = testing_read_request(&dialect_claude, a, text, &losses);
    CHECK(str_eq(testing_write_request(&dialect_claude, a, r, &none), text));
    return true;
}

TEST(recorded_requests_are_written_back_as_they_were)
{
    recorded_each(is_ours, check_request, 100);
}

TEST(recorded_answers_are_read_as_json_says)
{
    recorded_each(is_ours, check_whole, 60);
}

TEST(recorded_streams_are_read_as_json_says_however_cut)
{
    recorded_each(is_ours, check_stream, 35);
}

TEST_MAIN(recorded_requests_are_written_back_as_they_were, recorded_answers_are_read_as_json_says,
          recorded_streams_are_read_as_json_says_however_cut)
