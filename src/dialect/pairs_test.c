/*
 * Recorded answers of every upstream that speaks one of the four dialects, through each client's
 * dialect and back: whole and streamed on either side, cut anywhere, they say the same as in the
 * first reading, but for what the client's dialect has no words for.
 */
#include "dialect/pairs_testing.h"

enum { CUT_LIMIT = 700, CUTS = 12 };

/* ---- the comparison ---- */

/* A client that wants to see all there is. */
static const struct chat_request request = {
    .stream = true,
    .include_usage = true,
    .reasoning = {.enabled = CHAT_YES, .encrypted = true, .visible = CHAT_YES}};
static const struct answer_conf conf = {.request = &request,
                                        .model = STR_INIT("asked"),
                                        .id = STR_INIT("0123456789abcdefghijklmn"),
                                        .now_s = 7};

static void check_class(const struct pair_case *c, enum dialect_id client, enum pair_class class,
                        struct str was, struct str is)
{
    if (str_eq(was, is))
        return;
    fail_msg("%.*s to %.*s: %s\nwas %.*s\nis  %.*s", STR_ARG(c->id),
             STR_ARG(pair_dialects[client]->name), pair_class_names[class], STR_ARG(was),
             STR_ARG(is));
}

static bool text_may_grow(const struct pair_case *c, enum dialect_id client)
{
    for (int i = 0; i < PAIR_CLASSES; i++) {
        if (c->said.of[i].n > 0 && pair_fates[i][client] == PAIR_AS_TEXT)
            return true;
    }
    return false;
}

/* A stream that broke off in a call: only the dialects of OpenAI can hand on what came of it. */
static bool has_broken_call(const struct chat_answer *answer)
{
    const struct chat_answer_choice *choice = answer->choices;

    for (const struct chat_part *p = choice ? choice->parts.first : NULL; p; p = p->next) {
        if (p->kind == CHAT_PART_TOOL_CALL && !p->call.custom &&
            json_find_members(p->call.arguments, NULL, NULL, 0, NULL) != ERR_OK)
            return true;
    }
    return false;
}

static bool is_openai(enum dialect_id id)
{
    return id == DIALECT_OPENAI_CHAT || id == DIALECT_OPENAI_RESPONSES;
}

/* An answer that does not say why it ended ends all the same. */
static struct str finish_of(const struct pair_case *c)
{
    struct str finish = c->said.of[PAIR_FINISH];

    if (!str_eq(finish, STR("none")))
        return finish;
    return c->said.of[PAIR_CALLS].n > 0 ? STR("tool_calls") : STR("stop");
}

static void check_kept(const struct pair_case *c, enum dialect_id client, enum pair_class class,
                       struct str is)
{
    struct str was = c->said.of[class];

    if (class == PAIR_FINISH)
        was = finish_of(c);
    if (class == PAIR_CALLS && !is_openai(client) && has_broken_call(c->answer))
        return;
    if (class == PAIR_TEXT && text_may_grow(c, client))
        CHECK(str_has(is, was));
    else
        check_class(c, client, class, was, is);
}

static void check_same(struct arena *a, const struct pair_case *c, enum dialect_id client,
                       const struct chat_answer *answer)
{
    const struct pair_answer got = pair_dump(a, answer);

    for (int i = 0; i < PAIR_CLASSES; i++) {
        enum pair_class class = (enum pair_class)i;

        if (pair_fates[i][client] == PAIR_KEPT) {
            check_kept(c, client, class, got.of[i]);
            continue;
        }
        check_class(c, client, class, STR_NULL, got.of[i]);
        if (class == PAIR_REFUSAL || class == PAIR_TRANSCRIPT)
            CHECK(str_has(got.of[PAIR_TEXT], c->said.of[i]));
    }
}

/* ---- every client ---- */

/* However the upstream's stream is cut, the client's is the same. */
static void check_cuts(const struct pair_case *c, const struct dialect *client, struct str written)
{
    size_t step = c->text.n <= CUT_LIMIT ? 1 : c->text.n / CUTS;

    for (size_t cut = 0; cut < c->text.n; cut += step) {
        struct arena own;

        arena_init(&own, 0);
        CHECK(str_eq(written, pair_stream(&own, c->upstream, c->text, cut > 0 ? cut : SIZE_MAX,
                                          client, &conf)));
        arena_fini(&own);
    }
}

static void check_streamed(struct arena *a, const struct pair_case *c, const struct dialect *client)
{
    struct str written = c->stream ? pair_stream(a, c->upstream, c->text, 0, client, &conf)
                                   : pair_unfold(a, c->upstream, c->text, client, &conf);

    check_same(a, c, client->id, testing_fold_stream(client, a, written, 0));
    check_same(a, c, client->id, testing_fold_stream(client, a, written, SIZE_MAX));
    if (c->stream)
        check_cuts(c, client, written);
}

/* Clients of Gemini's may take a stream as one array. */
static void check_array(struct arena *a, const struct pair_case *c)
{
    struct answer_conf array = conf;
    struct str written;

    array.json_array = true;
    written = c->stream ? pair_stream(a, c->upstream, c->text, 0, &dialect_gemini, &array)
                        : pair_unfold(a, c->upstream, c->text, &dialect_gemini, &array);
    check_same(a, c, DIALECT_GEMINI, testing_fold_answer(&dialect_gemini, a, written));
}

static void check_clients(struct arena *a, const struct pair_case *c)
{
    if (c->answer->has_error)
        return;
    for (int i = 0; i < DIALECT_COUNT; i++) {
        const struct dialect *client = pair_dialects[i];

        check_same(a, c, client->id,
                   testing_fold_answer(client, a, pair_whole(a, c->answer, client, &conf)));
        check_streamed(a, c, client);
    }
    check_array(a, c);
}

TEST(recorded_answers_say_the_same_to_every_client)
{
    pair_each_answer(check_clients, 400);
}

/* ---- the bill ---- */

static void peek_stream(struct str text, struct usage *usage)
{
    struct sse sse;
    struct sse_event ev;

    sse_init(&sse, TESTING_LIMIT);
    while (sse_next(&sse, &text, &ev) == SSE_EVENT) {
        struct peek_answer seen;

        peek_answer(ev.data, NULL, NULL, &seen);
        if (seen.has_usage)
            *usage = seen.usage;
    }
    sse_fini(&sse);
}

static void check_same_usage(const struct usage *x, const struct usage *y)
{
    CHECK_EQ(x->prompt, y->prompt);
    CHECK_EQ(x->completion, y->completion);
    CHECK_EQ(x->cached, y->cached);
    CHECK_EQ(x->cache_write, y->cache_write);
    CHECK_EQ(x->cache_write_1h, y->cache_write_1h);
    CHECK_EQ(x->reasoning, y->reasoning);
    CHECK_EQ(x->audio_in, y->audio_in);
    CHECK_EQ(x->audio_out, y->audio_out);
    CHECK_EQ(x->image_in, y->image_in);
    CHECK_EQ(x->image_out, y->image_out);
    CHECK_EQ(x->cached_audio, y->cached_audio);
    CHECK_EQ(x->searches, y->searches);
    CHECK_EQ(x->file_searches, y->file_searches);
    for (size_t i = 0; i < USAGE_DRAWN_KINDS; i++)
        CHECK_EQ(x->drawn[i], y->drawn[i]);
    CHECK_EQ(x->reported, y->reported);
}

/*
 * The price is made of the usage alone. Clients of other dialects are billed by what the reader
 * found, those of the upstream's own by a look at its bytes: both must be the same.
 */
static void check_bill(struct arena *a UNUSED, const struct pair_case *c)
{
    struct usage peeked = {0};
    struct peek_answer seen;

    if (c->upstream != &dialect_openai_chat || c->answer->has_error)
        return;
    if (c->stream) {
        peek_stream(c->text, &peeked);
    } else {
        peek_answer(c->text, NULL, NULL, &seen);
        peeked = seen.usage;
    }
    check_same_usage(&peeked, &c->answer->usage);
}

TEST(the_bill_is_the_same_whichever_dialect_the_client_speaks)
{
    pair_each_answer(check_bill, 400);
}

TEST_MAIN(recorded_answers_say_the_same_to_every_client,
          the_bill_is_the_same_whichever_dialect_the_client_speaks)
