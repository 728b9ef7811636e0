/* Items of earlier answers that a client of the Responses API only names, towards upstreams that
 * keep none. */
#include "base/json.h"
#include "base/sb.h"
#include "base/test.h"
#include "relay/relay_fixture.h"
#include "store/repo_token.h"
#include "store/repo_user.h"

enum { OPENAI = 1, LIFE_S = 60, FEW = 4 };

static const char path[] = "/v1/responses";
static const char ask[] = "{\"model\":\"m\",\"input\":\"What is new?\"}";
static const char ask_stream[] = "{\"model\":\"m\",\"stream\":true,\"input\":\"What is new?\"}";
static const char ask_unkept[] = "{\"model\":\"m\",\"store\":false,\"input\":\"What is new?\"}";

/* Upstreams that think, say a text and call a tool, whole and as a stream. */
static const struct upstream {
    const char *name;
    int type;
    const char *whole, *stream;
} upstreams[] = {
    {"chat", 8,
     "{\"id\":\"c\",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\","
     "\"reasoning_content\":\"Hm.\",\"content\":\"Looking it up.\",\"tool_calls\":[{\"id\":"
     "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"news\",\"arguments\":\"{\\\"of\\\":"
     "\\\"today\\\"}\"}}]},\"finish_reason\":\"tool_calls\"}],\"usage\":{\"prompt_tokens\":10,"
     "\"completion_tokens\":5}}",
     "data: "
     "{\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"reasoning_content\":\"Hm.\"}}]}\n\n"
     "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"Looking it up.\"}}]}"
     "\n\n"
     "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{\"tool_calls\":[{\"index\":0,\"id\":"
     "\"call_1\",\"type\":\"function\",\"function\":{\"name\":\"news\",\"arguments\":\"{\\\"of\\\":"
     "\\\"today\\\"}\"}}]}}]}\n\n"
     "data: {\"id\":\"c\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":"
     "\"tool_calls\"}]}\n\n"
     "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5}}\n\n"
     "data: [DONE]\n\n"},
    {"claude", CHANNEL_TYPE_ANTHROPIC,
     "{\"id\":\"msg_1\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":["
     "{\"type\":\"thinking\",\"thinking\":\"Hm.\",\"signature\":\"c2lnbmVk\"},{\"type\":\"text\","
     "\"text\":\"Looking it up.\"},{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"news\","
     "\"input\":{\"of\":\"today\"}}],\"stop_reason\":\"tool_use\",\"usage\":{\"input_tokens\":10,"
     "\"output_tokens\":5}}",
     "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{\"id\":\"msg_1\","
     "\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[],\"usage\":{"
     "\"input_tokens\":10,\"output_tokens\":1}}}\n\n"
     "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":0,"
     "\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}}\n\n"
     "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
     "\"type\":\"thinking_delta\",\"thinking\":\"Hm.\"}}\n\n"
     "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":0,\"delta\":{"
     "\"type\":\"signature_delta\",\"signature\":\"c2lnbmVk\"}}\n\n"
     "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":0}\n\n"
     "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":1,"
     "\"content_block\":{\"type\":\"text\",\"text\":\"\"}}\n\n"
     "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":1,\"delta\":{"
     "\"type\":\"text_delta\",\"text\":\"Looking it up.\"}}\n\n"
     "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":1}\n\n"
     "event: content_block_start\ndata: {\"type\":\"content_block_start\",\"index\":2,"
     "\"content_block\":{\"type\":\"tool_use\",\"id\":\"call_1\",\"name\":\"news\",\"input\":{}}}"
     "\n\n"
     "event: content_block_delta\ndata: {\"type\":\"content_block_delta\",\"index\":2,\"delta\":{"
     "\"type\":\"input_json_delta\",\"partial_json\":\"{\\\"of\\\":\\\"today\\\"}\"}}\n\n"
     "event: content_block_stop\ndata: {\"type\":\"content_block_stop\",\"index\":2}\n\n"
     "event: message_delta\ndata: {\"type\":\"message_delta\",\"delta\":{\"stop_reason\":"
     "\"tool_use\"},\"usage\":{\"output_tokens\":5}}\n\n"
     "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"},
    {"gemini", 24,
     "{\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":\"Hm.\","
     "\"thought\":true},{\"text\":\"Looking it "
     "up.\"},{\"functionCall\":{\"name\":\"news\",\"args\":"
     "{\"of\":\"today\"}},\"thoughtSignature\":\"dGhvdWdodA==\"}]},\"finishReason\":\"STOP\"}],"
     "\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":5}}",
     "data: {\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{\"text\":"
     "\"Hm.\",\"thought\":true},{\"text\":\"Looking it up.\"}]}}]}\n\n"
     "data: {\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[{"
     "\"functionCall\":{\"name\":\"news\",\"args\":{\"of\":\"today\"}},\"thoughtSignature\":"
     "\"dGhvdWdodA==\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":10,"
     "\"candidatesTokenCount\":5}}\n\n"},
};

static const struct upstream *const claude = &upstreams[1];

static void keep_some(struct relay_conf *conf)
{
    conf->items_max_bytes = 1 << 20;
    conf->items_life_s = LIFE_S;
}

static void answer_whole(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200, ((const struct upstream *)c->ctx)->whole);
}

static void answer_stream(struct relay_fixture_call *c)
{
    relay_fixture_stream(c);
    relay_fixture_send(c, ((const struct upstream *)c->ctx)->stream);
}

static struct relay_fixture *fixture_of(const struct upstream *up,
                                        void (*change)(struct relay_conf *conf))
{
    struct relay_fixture *f = relay_fixture_new(change);

    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", up->type).p);
    relay_fixture_publish(f, NULL);
    relay_fixture_script(f, answer_whole, up);
    return f;
}

/* ---- what was answered, and the request that names it ---- */

struct named {
    struct str ids[FEW];
    size_t n;
};

/* The items of the answer: the response itself, or what the last event of the stream holds. */
static struct named items_of(struct relay_fixture *f, const char *reply)
{
    struct str body = str_from(relay_fixture_body(f, reply));
    ptrdiff_t last = str_find(body, STR("event: response.completed\ndata: "));
    const struct json *root, *response;
    struct named named = {0};

    if (last >= 0) {
        body = str_skip(body, (size_t)last + sizeof "event: response.completed\ndata: " - 1);
        body = str_cut(&body, '\n');
    }
    CHECK_EQ(json_read(&f->arena, body, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    response = last >= 0 ? json_get(root, STR("response")) : root;
    JSON_EACH (item, json_get(response, STR("output"))) {
        CHECK(named.n < FEW);
        CHECK(json_str(&f->arena, json_get(item, STR("id")), &named.ids[named.n++]));
    }
    return named;
}

static const char *naming(struct relay_fixture *f, const struct named *named, const char *more)
{
    const char *text;
    struct sb sb;

    sb_init(&sb, 1 << 20);
    sb_fmt(&sb, "{\"model\":\"m\",%s\"input\":[{\"role\":\"user\",\"content\":\"What is new?\"}",
           more);
    for (size_t i = 0; i < named->n; i++)
        sb_fmt(&sb, ",{\"type\":\"item_reference\",\"id\":\"%.*s\"}", STR_ARG(named->ids[i]));
    sb_add(
        &sb,
        STR(",{\"type\":\"function_call_output\",\"call_id\":\"call_1\",\"output\":\"Rain\"}]}"));
    text = arena_fmt(&f->arena, "%.*s", STR_ARG(sb_str(&sb))).p;
    sb_fini(&sb);
    return text;
}

static const struct named one = {.ids = {STR_INIT("msg_nothing")}, .n = 1};

/* Answered with this error in OpenAI's shape, and no upstream was asked. */
static void check_missing_to(struct relay_fixture *f, const char *key, const char *body,
                             struct str id)
{
    unsigned before = f->requests;
    const char *reply = relay_fixture_request(f, "POST", path, key, body);

    CHECK_EQ(relay_fixture_status(reply), 404);
    check_has(reply, arena_fmt(&f->arena, "Item with id '%.*s' not found.", STR_ARG(id)).p);
    check_has(reply, "\"type\":\"invalid_request_error\",\"param\":\"input\",\"code\":null");
    CHECK_EQ(f->requests, before);
}

static void check_missing(struct relay_fixture *f, const struct named *named, const char *more)
{
    check_missing_to(f, "Authorization: Bearer sk-" RELAY_FIXTURE_KEY "\r\n",
                     naming(f, named, more), named->ids[0]);
}

/* ---- tests ---- */

static void check_recalled(const struct upstream *up, bool from_stream, bool streamed)
{
    struct relay_fixture *f = fixture_of(up, keep_some);
    struct named named;
    const char *reply;

    if (from_stream)
        relay_fixture_script(f, answer_stream, up);
    reply = relay_fixture_post(f, path, streamed ? ask_stream : ask);
    CHECK_EQ(relay_fixture_status(reply), 200);
    named = items_of(f, reply);
    CHECK(named.n >= 3); /* thoughts, text and call, and where it has one the call's state */
    reply = relay_fixture_post(f, path, naming(f, &named, streamed ? "\"stream\":true," : ""));
    CHECK_EQ(relay_fixture_status(reply), 200);
    check_has_not(reply, "x-yourapi-dropped");
    check_has(f->seen_body[1], "Looking it up.");
    check_has(f->seen_body[1], "today");
    check_has(f->seen_body[1], "Rain");
    if (up->type == CHANNEL_TYPE_ANTHROPIC)
        check_has(f->seen_body[1], "c2lnbmVk");
    if (up->type == 24)
        check_has(f->seen_body[1], "dGhvdWdodA==");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(items_that_are_only_named_reach_upstreams_that_keep_none)
{
    for (size_t i = 0; i < ARRAY_LEN(upstreams); i++) {
        for (int way = 0; way < 4; way++)
            check_recalled(&upstreams[i], way & 1, way & 2);
    }
}

TEST(an_item_that_nobody_knows_is_an_error)
{
    struct relay_fixture *f = fixture_of(claude, keep_some);

    check_missing(f, &one, "");
    check_missing(f, &one, "\"stream\":true,");
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST(where_no_items_are_kept_none_is_found)
{
    struct relay_fixture *f = fixture_of(claude, NULL);
    const struct named named = items_of(f, relay_fixture_post(f, path, ask));

    check_missing(f, &named, "");
    relay_fixture_free(f);
}

TEST(an_answer_that_is_not_to_be_stored_is_not_kept)
{
    struct relay_fixture *f = fixture_of(claude, keep_some);
    const struct named named = items_of(f, relay_fixture_post(f, path, ask_unkept));

    check_missing(f, &named, "");
    relay_fixture_free(f);
}

TEST(items_are_kept_for_their_time)
{
    struct relay_fixture *f = fixture_of(claude, keep_some);
    const struct named named = items_of(f, relay_fixture_post(f, path, ask));

    f->clock.us += (int64_t)(LIFE_S - 1) * 1000000;
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, naming(f, &named, ""))), 200);
    f->clock.us += 1000000;
    check_missing(f, &named, "");
    relay_fixture_free(f);
}

#define OTHER_KEY "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuv"

static void add_user(struct relay_fixture *f)
{
    const struct user user = {
        .username = STR("bob"), .quota = RELAY_FIXTURE_QUOTA, .role = ROLE_COMMON};
    struct token token = {.key = secret_make(STR(OTHER_KEY)),
                          .status = TOKEN_ENABLED,
                          .name = STR("tok"),
                          .expired_time = -1,
                          .remain_quota = RELAY_FIXTURE_QUOTA};
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct err err = {0};
    int64_t id;

    CHECK_EQ(db_acquire(f->db, DB_WRITE, &c, &err), ERR_OK);
    CHECK_EQ(repo_user_insert(c, &user, &token.user_id, &err), ERR_OK);
    CHECK_EQ(repo_token_insert(c, &token, &id, &err), ERR_OK);
}

TEST(nobody_gets_an_item_of_another_user)
{
    struct relay_fixture *f = fixture_of(claude, keep_some);
    const struct named named = items_of(f, relay_fixture_post(f, path, ask));
    const char *body = naming(f, &named, "");

    add_user(f);
    check_missing_to(f, "Authorization: Bearer sk-" OTHER_KEY "\r\n", body, named.ids[0]);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, body)), 200);
    relay_fixture_free(f);
}

/* The stream up to its last two events. */
static void break_off(struct relay_fixture_call *c)
{
    struct str all = str_from(claude->stream);

    relay_fixture_stream(c);
    relay_fixture_send(c, arena_fmt(&c->fixture->arena, "%.*s",
                                    (int)str_find(all, STR("event: message_delta")), all.p)
                              .p);
}

TEST(items_of_an_answer_that_was_cut_are_not_kept)
{
    struct relay_fixture *f = fixture_of(claude, keep_some);
    struct named named = {.n = 1};
    const char *body;
    ptrdiff_t at;

    relay_fixture_script(f, break_off, NULL);
    body = relay_fixture_body(f, relay_fixture_post(f, path, ask_stream));
    check_has(body, "event: response.failed");
    at = str_find(str_from(body), STR("\"msg_"));
    CHECK(at > 0);
    body += at + 1;
    named.ids[0] = str_make(body, strcspn(body, "\""));
    relay_fixture_script(f, answer_whole, claude);
    check_missing(f, &named, "");
    relay_fixture_free(f);
}

static void answer_response(struct relay_fixture_call *c)
{
    relay_fixture_json(c, 200,
                       "{\"id\":\"resp_1\",\"object\":\"response\",\"status\":\"completed\","
                       "\"model\":\"m\",\"output\":[{\"type\":\"message\",\"id\":\"msg_kept\","
                       "\"role\":\"assistant\",\"status\":\"completed\",\"content\":[{\"type\":"
                       "\"output_text\",\"text\":\"Hi\",\"annotations\":[]}]}],\"usage\":{"
                       "\"input_tokens\":10,\"output_tokens\":5}}");
}

TEST(an_upstream_of_the_api_gets_the_names_as_they_are)
{
    const struct upstream openai = {.type = OPENAI};
    struct relay_fixture *f = fixture_of(&openai, keep_some);
    const char *body = naming(f, &one, "\"previous_response_id\":\"resp_1\",");

    relay_fixture_script(f, answer_response, NULL);
    CHECK_EQ(relay_fixture_status(relay_fixture_post(f, path, body)), 200);
    CHECK_STR(str_from(f->seen_body[0]), body);
    relay_fixture_free(f);
}

TEST(a_response_that_no_upstream_keeps_is_an_error)
{
    static const char *const rows[][2] = {
        {"\"previous_response_id\":\"resp_1\",", "Previous response with id 'resp_1' not found. "},
        {"\"conversation\":{\"id\":\"conv_1\"},", "Conversation with id 'conv_1' not found. "},
    };
    static const struct named none;

    for (size_t i = 0; i < ARRAY_LEN(upstreams); i++) {
        struct relay_fixture *f = fixture_of(&upstreams[i], keep_some);

        for (size_t row = 0; row < ARRAY_LEN(rows); row++) {
            const char *reply = relay_fixture_post(f, path, naming(f, &none, rows[row][0]));

            CHECK_EQ(relay_fixture_status(reply), 400);
            check_has(reply, rows[row][1]);
            check_has(reply, row == 0 ? "\"type\":\"invalid_request_error\",\"param\":"
                                        "\"previous_response_id\",\"code\":"
                                        "\"previous_response_not_found\""
                                      : "\"param\":\"conversation\",\"code\":null");
        }
        CHECK_EQ(f->requests, 0);
        relay_fixture_check_books(f);
        relay_fixture_free(f);
    }
}

/* An item that is named often must not make a body of any size. */
TEST(what_is_named_has_a_largest_size)
{
    struct relay_fixture *f = fixture_of(claude, keep_some);
    struct str id = items_of(f, relay_fixture_post(f, path, ask)).ids[0];
    struct sb sb;

    sb_init(&sb, 1 << 20);
    sb_add(&sb, STR("{\"model\":\"m\",\"input\":[{\"role\":\"user\",\"content\":\"x\"}"));
    for (int i = 0; i < 5000; i++)
        sb_fmt(&sb, ",{\"type\":\"item_reference\",\"id\":\"%.*s\"}", STR_ARG(id));
    sb_add(&sb, STR("]}"));
    CHECK_EQ(relay_fixture_status(
                 relay_fixture_post(f, path, arena_fmt(&f->arena, "%.*s", STR_ARG(sb_str(&sb))).p)),
             413);
    sb_fini(&sb);
    relay_fixture_check_books(f);
    relay_fixture_free(f);
}

TEST_MAIN(items_that_are_only_named_reach_upstreams_that_keep_none,
          an_item_that_nobody_knows_is_an_error, where_no_items_are_kept_none_is_found,
          an_answer_that_is_not_to_be_stored_is_not_kept, items_are_kept_for_their_time,
          nobody_gets_an_item_of_another_user, items_of_an_answer_that_was_cut_are_not_kept,
          an_upstream_of_the_api_gets_the_names_as_they_are,
          a_response_that_no_upstream_keeps_is_an_error, what_is_named_has_a_largest_size)
