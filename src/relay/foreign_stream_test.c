/* Streams of every upstream dialect to clients of every dialect that end before their time, or are
 * long in coming. */
#include "base/json.h"
#include "base/patience.h"
#include "base/test.h"
#include "relay/relay_fixture.h"

#define TYPED(type, members) "event: " type "\ndata: {\"type\":\"" type "\"" members "}\n\n"
#define DATA(json)           "data: " json "\n\n"

/* What an upstream says before its first content, with it, and to the end; and an error. */
struct upstream {
    const char *name;
    int64_t type;
    const char *model; /* m2 goes out as a response */
    const char *before, *content, *end, *error;
};

#define CHUNK(delta, finish)                                                                       \
    DATA("{\"id\":\"c\",\"object\":\"chat.completion.chunk\",\"created\":1,\"model\":\"m\","       \
         "\"choices\":[{\"index\":0,\"delta\":{" delta "},\"finish_reason\":" finish "}]}")
#define GEMINI(parts, more)                                                                        \
    DATA("{\"candidates\":[{\"index\":0,\"content\":{\"role\":\"model\",\"parts\":[" parts         \
         "]}" more "}],\"usageMetadata\":{\"promptTokenCount\":10,\"candidatesTokenCount\":5,"     \
         "\"totalTokenCount\":15}}")
#define RESPONSE(status, output, usage)                                                            \
    ",\"response\":{\"id\":\"r\",\"object\":\"response\",\"created_at\":1,\"model\":\"m\","        \
    "\"status\":\"" status "\",\"output\":[" output "],\"usage\":" usage "}"
#define MESSAGE                                                                                    \
    "{\"type\":\"message\",\"id\":\"i\",\"role\":\"assistant\",\"status\":\"completed\","          \
    "\"content\":[{\"type\":\"output_text\",\"text\":\"Hello\",\"annotations\":[]}]}"

static const struct upstream upstreams[] = {
    {"chat", 8, "m", CHUNK("\"role\":\"assistant\",\"content\":\"\"", "null"),
     CHUNK("\"content\":\"Hello\"", "null"),
     CHUNK("", "\"stop\"")
         DATA("{\"choices\":[],\"usage\":{\"prompt_tokens\":10,\"completion_tokens\":5,"
              "\"total_tokens\":15}}") "data: [DONE]\n\n",
     DATA("{\"error\":{\"message\":\"broken\",\"type\":\"server_error\"}}")},
    {"responses", 1, "m2",
     TYPED("response.created", RESPONSE("in_progress", "", "null"))
         TYPED("response.output_item.added",
               ",\"output_index\":0,\"item\":{\"type\":\"message\",\"id\":\"i\",\"role\":"
               "\"assistant\",\"status\":\"in_progress\",\"content\":[]}"),
     TYPED("response.output_text.delta",
           ",\"output_index\":0,\"content_index\":0,\"item_id\":\"i\",\"delta\":\"Hello\""),
     TYPED("response.output_item.done", ",\"output_index\":0,\"item\":" MESSAGE)
         TYPED("response.completed",
               RESPONSE("completed", MESSAGE,
                        "{\"input_tokens\":10,\"output_tokens\":5,\"total_tokens\":15}")),
     TYPED("error", ",\"code\":\"server_error\",\"message\":\"broken\"")},
    {"claude", 14, "m",
     TYPED("message_start",
           ",\"message\":{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":"
           "\"m\",\"content\":[],\"usage\":{\"input_tokens\":10,\"output_tokens\":1}}")
         TYPED("content_block_start",
               ",\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
             TYPED("ping", ""),
     TYPED("content_block_delta",
           ",\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\"Hello\"}"),
     TYPED("content_block_stop", ",\"index\":0")
         TYPED("message_delta",
               ",\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":5}")
             TYPED("message_stop", ""),
     TYPED("error", ",\"error\":{\"type\":\"api_error\",\"message\":\"broken\"}")},
    {"gemini", 24, "m", GEMINI("{\"text\":\"\"}", ""), GEMINI("{\"text\":\"Hello\"}", ""),
     GEMINI("{\"text\":\"\"}", ",\"finishReason\":\"STOP\""),
     DATA("{\"error\":{\"code\":500,\"message\":\"broken\",\"status\":\"INTERNAL\"}}")},
};

/* What a client sends, and what its stream holds for a piece of text, only at a clean end, or at a
 * broken one. */
static const struct client {
    const char *name, *path, *body, *said, *clean, *broken;
} clients[] = {
    {"chat", "/v1/chat/completions",
     "{\"model\":\"%s\",\"stream\":true,\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}",
     "\"content\":\"Hello\"", "data: [DONE]", "data: {\"error\":{"},
    {"responses", "/v1/responses", "{\"model\":\"%s\",\"stream\":true,\"input\":\"x\"}",
     "\"delta\":\"Hello\"", "\"type\":\"response.completed\"", "event: error"},
    {"claude", "/v1/messages",
     "{\"model\":\"%s\",\"stream\":true,\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
     "\"content\":\"x\"}]}",
     "\"text\":\"Hello\"", "event: message_stop", "event: error"},
    {"gemini", "/v1beta/models/%s:streamGenerateContent?alt=sse",
     "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}", "\"text\":\"Hello\"",
     "\"finishReason\"", "data: {\"error\":{"},
    {"gemini's array", "/v1beta/models/%s:streamGenerateContent",
     "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"x\"}]}]}", "\"text\":\"Hello\"",
     "\"finishReason\"", "{\"error\":{"},
};

enum { ARRAY_CLIENT = 4, CHAT_CLIENT = 0, CLAUDE_CLIENT = 2 };

/* ---- the upstream's script ---- */

enum death { CLOSED, RESET, TOLD, DEATHS };

struct script {
    const struct upstream *up;
    enum death death;
    bool late;
};

static void die_first(struct relay_fixture_call *c)
{
    const struct script *s = c->ctx;

    relay_fixture_stream(c);
    relay_fixture_send(c, s->up->before);
    if (c->number > 0 || s->late)
        relay_fixture_send(c, s->up->content);
    if (c->number > 0) {
        relay_fixture_send(c, s->up->end);
        return;
    }
    if (s->death == RESET) {
        relay_fixture_turn(c->fixture); /* a reset may take along what was not read */
        relay_fixture_reset(c);
    } else if (s->death == TOLD) {
        relay_fixture_send(c, s->up->error);
    }
}

static struct relay_fixture *start(const struct upstream *up, enum death death, bool late)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct script *script = arena_new(&f->arena, struct script);

    *script = (struct script){.up = up, .death = death, .late = late};
    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", (int)up->type).p);
    relay_fixture_add_channel(f, &(struct channel){.type = up->type});
    relay_fixture_publish(
        f, "RetryTimes", "1", "global.chat_completions_to_responses_policy",
        "{\"enabled\":true,\"all_channels\":true,\"model_patterns\":[\"^m[2-9]$\"]}", NULL);
    relay_fixture_script(f, die_first, script);
    return f;
}

static const char *filled(struct relay_fixture *f, const char *text, const char *model)
{
    return str_replace(&f->arena, str_from(text), STR("%s"), str_from(model)).p;
}

static const char *ask(struct relay_fixture *f, const struct client *c, const struct upstream *up)
{
    return relay_fixture_body(
        f, relay_fixture_post(f, filled(f, c->path, up->model), filled(f, c->body, up->model)));
}

static size_t count(const char *text, const char *part)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, part)); at += strlen(part))
        n++;
    return n;
}

static void check_count(const char *what, const char *reply, const char *part, size_t least,
                        size_t most)
{
    size_t n = count(reply, part);

    if (n < least || n > most)
        print_error("%s: \"%s\" is %zu times in \"%s\"\n", what, part, n, reply);
    CHECK(n >= least && n <= most);
}

/* An array is one, whole or broken off. */
static void check_array(struct relay_fixture *f, const struct client *c, const char *reply)
{
    const struct json *root;

    if (c != &clients[ARRAY_CLIENT])
        return;
    if (json_read(&f->arena, str_from(reply), JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        print_error("no JSON: %s\n", reply);
    CHECK(json_is(root, JSON_ARRAY));
}

static const char *name_of(struct relay_fixture *f, const struct client *c,
                           const struct upstream *up, enum death death)
{
    static const char *const deaths[] = {"closed", "reset", "told"};

    return arena_fmt(&f->arena, "%s to %s, %s", c->name, up->name, deaths[death]).p;
}

/* ---- before the first content ---- */

static void check_early(const struct client *c, const struct upstream *up, enum death death)
{
    struct relay_fixture *f = start(up, death, false);
    const char *name = name_of(f, c, up, death);
    const char *reply = ask(f, c, up);

    check_count(name, reply, c->said, 1, 1);
    check_count(name, reply, c->clean, 1, 1);
    check_count(name, reply, c->broken, 0, 0);
    check_array(f, c, reply);
    CHECK_EQ(f->requests, 2);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 1);
    CHECK_EQ(relay_fixture_number(f, "SELECT prompt_tokens FROM logs"), 10);
    CHECK_EQ(relay_fixture_number(f, "SELECT completion_tokens FROM logs"), 5);
    relay_fixture_free(f);
}

TEST(a_stream_that_dies_before_its_first_content_is_another_channels)
{
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u++) {
        for (size_t c = 0; c < ARRAY_LEN(clients); c++)
            check_early(&clients[c], &upstreams[u], (enum death)((u + c) % DEATHS));
    }
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u++) {
        for (enum death d = CLOSED; d < DEATHS; d++)
            check_early(&clients[u], &upstreams[u], d); /* in its own dialect */
    }
}

/* ---- behind it ---- */

static void check_late(const struct client *c, const struct upstream *up, enum death death)
{
    struct relay_fixture *f = start(up, death, true);
    const char *name = name_of(f, c, up, death);
    const char *reply = ask(f, c, up);

    check_count(name, reply, c->said, 1, 1);
    check_count(name, reply, c->clean, 0, 0);
    check_count(name, reply, c->broken, 1, 1);
    check_array(f, c, reply);
    CHECK_EQ(f->requests, 1);
    relay_fixture_check_books(f);
    CHECK_EQ(relay_fixture_number(f, "SELECT COUNT(*) FROM logs WHERE type=2"), 1);
    CHECK(str_starts(str_from(relay_fixture_cell(
                         f, "SELECT json_extract(other,'$.stream_status.end_reason') FROM logs")),
                     STR("upstream_")));
    relay_fixture_free(f);
}

TEST(a_stream_that_dies_later_ends_with_an_error_of_the_clients_dialect)
{
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u++) {
        for (size_t c = 0; c < ARRAY_LEN(clients); c++)
            check_late(&clients[c], &upstreams[u], (enum death)((u + c) % DEATHS));
    }
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u++) {
        for (enum death d = CLOSED; d < DEATHS; d++)
            check_late(&clients[u], &upstreams[u], d);
    }
}

/* ---- clients that leave ---- */

enum { CALLED, GO_ON, OVER };

static void go_on_when_told(struct relay_fixture_call *c)
{
    const struct script *s = c->ctx;

    relay_fixture_stream(c);
    relay_fixture_send(c, s->up->before);
    relay_fixture_send(c, s->up->content);
    relay_fixture_set(c->fixture, CALLED);
    relay_fixture_wait(c->fixture, GO_ON);
    relay_fixture_send(c, s->up->end);
}

static void hang(struct relay_fixture_call *c)
{
    const struct script *s = c->ctx;

    relay_fixture_stream(c);
    relay_fixture_send(c, s->up->before);
    relay_fixture_send(c, s->up->content);
    relay_fixture_set(c->fixture, CALLED);
    CHECK(relay_fixture_closed(c));
    relay_fixture_set(c->fixture, OVER);
}

static void short_drain(struct relay_conf *conf)
{
    conf->drain_ms = 50;
}

/* Leaves in the middle of a stream of the upstream. */
static struct relay_fixture *leave(const struct client *c, const struct upstream *up,
                                   void (*script)(struct relay_fixture_call *),
                                   void (*change)(struct relay_conf *))
{
    struct relay_fixture *f = relay_fixture_new(change);
    struct script *s = arena_new(&f->arena, struct script);
    int fd;

    s->up = up;
    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", (int)up->type).p);
    relay_fixture_publish(f, NULL);
    relay_fixture_script(f, script, s);
    fd = relay_fixture_connect(f, filled(f, c->path, "m"), filled(f, c->body, "m"), 0);
    relay_fixture_read(f, fd, "Hello");
    relay_fixture_wait(f, CALLED);
    relay_fixture_leave(f, fd);
    return f;
}

static void check_row(struct relay_fixture *f, const char *end_reason)
{
    do {
        relay_fixture_turn(f);
        CHECK(ledger_flush(f->ledger, PATIENCE_MS));
    } while (relay_fixture_number(f, "SELECT COUNT(*) FROM logs") == 0);
    relay_fixture_check_books(f);
    CHECK_STR(str_from(relay_fixture_cell(
                  f, "SELECT COALESCE(json_extract(other,'$.stream_status.end_reason'),"
                     "'complete') FROM logs")),
              end_reason);
}

TEST(who_leaves_a_translated_stream_pays_what_the_upstream_reports)
{
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u++) {
        const struct client *c = &clients[u == 2 ? CHAT_CLIENT : CLAUDE_CLIENT];
        struct relay_fixture *f;

        if (upstreams[u].type == 1)
            continue; /* without the policy it is the chat's */
        f = leave(c, &upstreams[u], go_on_when_told, NULL);
        relay_fixture_set(f, GO_ON);
        check_row(f, "complete");
        CHECK_EQ(relay_fixture_number(f, "SELECT completion_tokens FROM logs"), 5);
        relay_fixture_free(f);
    }
}

TEST(an_upstream_that_goes_on_for_nobody_is_left_after_a_while)
{
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u++) {
        const struct client *c = &clients[u == 2 ? CHAT_CLIENT : CLAUDE_CLIENT];
        struct relay_fixture *f;

        if (upstreams[u].type == 1)
            continue;
        f = leave(c, &upstreams[u], hang, short_drain);
        relay_fixture_wait(f, OVER);
        check_row(f, "client_gone");
        relay_fixture_free(f);
    }
}

/* ---- silence ---- */

static void wait_at_first(struct relay_fixture_call *c)
{
    const struct script *s = c->ctx;

    relay_fixture_stream(c);
    relay_fixture_wait(c->fixture, GO_ON);
    relay_fixture_send(c, s->up->before);
    relay_fixture_send(c, s->up->content);
    relay_fixture_send(c, s->up->end);
}

/* The client, and the one that asked behind it and so gets its comment later: what the first has
 * got when the other has had one. */
static const char *through_silence(struct relay_fixture *f, const char *path, const char *body)
{
    const struct client *chat = &clients[CHAT_CLIENT];
    int first = relay_fixture_connect(f, path, body, 0), second;
    const char *reply;

    while (f->requests < 1)
        relay_fixture_turn(f);
    second = relay_fixture_connect(f, chat->path, filled(f, chat->body, "m"), 0);
    CHECK(strstr(relay_fixture_read(f, second, ": PING\n\n"), ": PING\n\n") != NULL);
    relay_fixture_set(f, GO_ON);
    relay_fixture_set(f, GO_ON);
    reply = relay_fixture_read(f, first, NULL);
    CHECK(strstr(relay_fixture_read(f, second, NULL), "data: [DONE]") != NULL);
    return reply;
}

static struct relay_fixture *silent(const struct upstream *up)
{
    struct relay_fixture *f = relay_fixture_new(NULL);
    struct script *s = arena_new(&f->arena, struct script);

    s->up = up;
    relay_fixture_sql(f, arena_fmt(&f->arena, "UPDATE channels SET type=%d", (int)up->type).p);
    relay_fixture_publish(f, "general_setting.ping_interval_enabled", "true",
                          "general_setting.ping_interval_seconds", "1", NULL);
    relay_fixture_script(f, wait_at_first, s);
    return f;
}

TEST(comments_keep_a_silent_stream_and_spoil_nothing)
{
    for (size_t u = 0; u < ARRAY_LEN(upstreams); u += 2) { /* chat and Claude */
        struct relay_fixture *f = silent(&upstreams[u]);
        const struct client *claude = &clients[CLAUDE_CLIENT], *array = &clients[ARRAY_CLIENT];
        const char *reply = through_silence(f, claude->path, filled(f, claude->body, "m"));

        check_count("a stream", reply, ": PING\n\n", 1, 99);
        check_count("a stream", reply, claude->clean, 1, 1);
        reply = through_silence(f, filled(f, array->path, "m"), array->body);
        check_count("an array", reply, "PING", 0, 0);
        check_array(f, array, relay_fixture_body(f, reply));
        /* Who wants no stream gets none, though the upstream sends one. */
        reply = through_silence(f, "/v1beta/models/m:generateContent", array->body);
        check_count("a whole", reply, "PING", 0, 0);
        check_count("a whole", reply, "Content-Type: application/json", 1, 1);
        check_count("a whole", reply, "Hello", 1, 1);
        relay_fixture_check_books(f);
        relay_fixture_free(f);
    }
}

/* ---- what it costs ---- */

static void claude_that_searched(struct relay_fixture_call *c)
{
    relay_fixture_json(
        c, 200,
        "{\"id\":\"i\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\"m\",\"content\":[{"
        "\"type\":\"text\",\"text\":\"Hello\"}],\"stop_reason\":\"end_turn\",\"usage\":{"
        "\"input_tokens\":100,\"cache_read_input_tokens\":0,\"cache_creation_input_tokens\":40,"
        "\"cache_creation\":{\"ephemeral_5m_input_tokens\":20,\"ephemeral_1h_input_tokens\":20},"
        "\"server_tool_use\":{\"web_search_requests\":2},\"output_tokens\":5}}");
}

TEST(caches_and_searches_cost_the_same_whoever_asks)
{
    static const char *const paths[] = {"/v1/chat/completions", "/v1/messages"};
    struct relay_fixture *f = relay_fixture_new(NULL);

    relay_fixture_sql(f, "UPDATE channels SET type=14");
    relay_fixture_publish(f, NULL);
    relay_fixture_script(f, claude_that_searched, NULL);
    for (size_t i = 0; i < ARRAY_LEN(paths); i++) {
        CHECK_EQ(relay_fixture_status(relay_fixture_post(
                     f, paths[i],
                     "{\"model\":\"m\",\"max_tokens\":9,\"messages\":[{\"role\":\"user\","
                     "\"content\":\"x\"}]}")),
                 200);
        relay_fixture_check_books(f);
        /* 100 + 20 x 1.25 + 20 x 1.25 x 1.6 + 5 x 2; two searches of 10 USD a thousand */
        CHECK_EQ(relay_fixture_number(f, "SELECT quota FROM logs ORDER BY id DESC LIMIT 1"),
                 175 + 2 * 5000);
        CHECK_EQ(relay_fixture_number(f, "SELECT json_extract(other,'$.tool_surcharges[0].count') "
                                         "FROM logs ORDER BY id DESC LIMIT 1"),
                 2);
        CHECK_EQ(relay_fixture_number(f, "SELECT json_extract(other,'$.cache_creation_tokens_1h') "
                                         "FROM logs ORDER BY id DESC LIMIT 1"),
                 20);
    }
    relay_fixture_free(f);
}

TEST_MAIN(a_stream_that_dies_before_its_first_content_is_another_channels,
          a_stream_that_dies_later_ends_with_an_error_of_the_clients_dialect,
          who_leaves_a_translated_stream_pays_what_the_upstream_reports,
          an_upstream_that_goes_on_for_nobody_is_left_after_a_while,
          comments_keep_a_silent_stream_and_spoil_nothing,
          caches_and_searches_cost_the_same_whoever_asks)
