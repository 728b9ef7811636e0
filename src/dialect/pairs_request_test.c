/*
 * Recorded requests of every client's dialect, written to the upstreams of the three others: JSON
 * that the other dialect reads, that keeps its rules of who may follow whom, and that lost nothing
 * but what the table below says.
 */
#include "dialect/pairs_testing.h"

/* ---- names that are lost ---- */

/* What recorded requests of the other dialects say and this upstream's cannot; each is seen. */
static const struct loss_row {
    const struct dialect *upstream;
    const char *names; /* separated by a space */
} rows[] = {
    {&dialect_openai_chat,
     "anthropic_version cache_control cachedContent container image_url include "
     "input.code_interpreter_call input.mcp_call input.mcp_list_tools input.phase "
     "input.tool_search_call is_error mcp_servers "
     "messages.content.bash_code_execution_tool_result messages.content.citations "
     "messages.content.container_upload messages.content.mcp_tool_result "
     "messages.content.mcp_tool_use messages.content.server_tool_use "
     "messages.content.tool_reference messages.content.web_fetch_tool_result "
     "messages.content.web_search_tool_result reasoning.context reasoning.summary "
     "reasoning_effort safetySettings "
     "toolConfig.functionCallingConfig.streamFunctionCallArguments "
     "toolConfig.includeServerSideToolInvocations tools.advisor_20260301 "
     "tools.code_execution tools.computer_20250124 tools.fileSearch tools.mcp "
     "tools.tool_search tools.tool_search_tool_bm25_20251119 tools.web_fetch "
     "tools.web_search.external_web_access"},
    {&dialect_openai_responses,
     "anthropic_version audio cache_control cachedContent clear_thinking container echo "
     "mcp_servers messages.content.bash_code_execution_tool_result "
     "messages.content.citations messages.content.container_upload "
     "messages.content.file.file_id messages.content.image.file_id "
     "messages.content.is_error messages.content.mcp_tool_result "
     "messages.content.mcp_tool_use messages.content.prompt_cache_breakpoint "
     "messages.content.server_tool_use messages.content.tool_reference "
     "messages.content.web_fetch_tool_result messages.content.web_search_tool_result "
     "messages.name min_p modalities n random_seed reasoning_format repetition_penalty "
     "safetySettings safety_model seed stop thinking.clear_thinking "
     "toolConfig.functionCallingConfig.streamFunctionCallArguments "
     "toolConfig.includeServerSideToolInvocations tools.advisor_20260301 "
     "tools.computer_20250124 tools.fileSearch tools.tool_search_tool_bm25_20251119 "
     "tools.web_fetch top_k usage"},
    {&dialect_claude,
     "audio cachedContent clear_thinking echo include input.code_interpreter_call "
     "input.mcp_call input.mcp_list_tools input.phase input.tool_search_call logprobs "
     "messages.content.prompt_cache_breakpoint messages.name min_p modalities n prompt "
     "prompt_cache_key prompt_cache_options random_seed reasoning.context reasoning_effort "
     "reasoning_format repetition_penalty safetySettings safety_model seed service_tier "
     "thinking.clear_thinking toolConfig.functionCallingConfig.streamFunctionCallArguments "
     "toolConfig.includeServerSideToolInvocations tools.fileSearch tools.mcp "
     "tools.tool_search tools.web_search.external_web_access usage"},
    {&dialect_gemini,
     "anthropic_version audio.format audio.voice cache_control clear_thinking container "
     "echo include input.code_interpreter_call input.mcp_call input.mcp_list_tools "
     "input.phase input.tool_search_call mcp_servers "
     "messages.content.bash_code_execution_tool_result messages.content.citations "
     "messages.content.container_upload messages.content.file messages.content.image_url "
     "messages.content.mcp_tool_result messages.content.mcp_tool_use "
     "messages.content.prompt_cache_breakpoint messages.content.server_tool_use "
     "messages.content.tool_reference messages.content.web_fetch_tool_result "
     "messages.content.web_search_tool_result messages.name min_p parallel_tool_calls "
     "prompt_cache_key prompt_cache_options random_seed reasoning.context reasoning_format "
     "repetition_penalty safety_model service_tier store thinking.clear_thinking "
     "tools.advisor_20260301 tools.computer_20250124 tools.mcp tools.tool_search "
     "tools.tool_search_tool_bm25_20251119 tools.web_search.external_web_access "
     "usage web_search_options.search_context_size"},
};

enum { NAMES_MAX = 128 };

static bool seen[DIALECT_COUNT][NAMES_MAX];

/* Notes that the row has the name; false when it has not. */
static bool note_name(const struct loss_row *row, struct str name)
{
    struct str rest = str_from(row->names);

    for (size_t n = 0; rest.n > 0; n++) {
        CHECK(n < NAMES_MAX);
        if (str_eq(str_cut(&rest, ' '), name)) {
            seen[row->upstream->id][n] = true;
            return true;
        }
    }
    return false;
}

static void check_row_was_seen(const struct loss_row *row)
{
    struct str rest = str_from(row->names);

    for (size_t n = 0; rest.n > 0; n++) {
        struct str name = str_cut(&rest, ' ');

        if (!seen[row->upstream->id][n])
            fail_msg("%.*s loses no %.*s", STR_ARG(row->upstream->name), STR_ARG(name));
    }
}

static void check_losses(struct str id, const struct dialect *upstream,
                         const struct loss_list *losses)
{
    const struct loss_row *row = rows;

    while (row->upstream != upstream)
        row++;
    CHECK(!losses->more);
    for (size_t i = 0; i < losses->n; i++) {
        if (!note_name(row, losses->names[i]))
            fail_msg("%.*s to %.*s: %.*s is lost", STR_ARG(id), STR_ARG(upstream->name),
                     STR_ARG(losses->names[i]));
    }
}

/* ---- rules ---- */

static struct str current; /* the case that is looked at */

#define RULE(cond)                                                                                 \
    do {                                                                                           \
        if (!(cond))                                                                               \
            fail_msg("%.*s: %s, line %d: %s", STR_ARG(current), __func__, __LINE__, #cond);        \
    } while (0)
#define RULE_EQ(x, y) RULE((x) == (y))

static struct str role_of(struct arena *a, const struct json *v)
{
    return json_str_or_null(a, json_get(v, STR("role")));
}

static bool is_type(const struct json *v, const char *type)
{
    return json_str_eq(json_get(v, STR("type")), str_from(type));
}

static bool is_tool_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return name.n > 0 && name.n <= 64;
}

static size_t count_type(const struct json *list, const char *type)
{
    size_t n = 0;

    JSON_EACH (item, list)
        n += is_type(item, type);
    return n;
}

static bool has_id(const struct json *list, struct str member, const struct json *id)
{
    JSON_EACH (item, list) {
        if (testing_same_json(json_get(item, member), id))
            return true;
    }
    return false;
}

static const struct json *claude_content(const struct json *message)
{
    return json_get(message, STR("content"));
}

/* All results of the turn before, first, and no others. */
static void check_claude_results(const struct json *before, const struct json *message)
{
    bool over = false;

    JSON_EACH (block, claude_content(message)) {
        if (!is_type(block, "tool_result")) {
            over = true;
            continue;
        }
        RULE(!over);
        RULE(has_id(claude_content(before), STR("id"), json_get(block, STR("tool_use_id"))));
    }
    RULE_EQ(count_type(claude_content(message), "tool_result"),
            count_type(claude_content(before), "tool_use"));
}

static void check_claude(struct arena *a, const struct json *root)
{
    const struct json *before = NULL, *thinking = json_get(root, STR("thinking"));
    int64_t max_tokens = json_i64_or(json_get(root, STR("max_tokens")), 0);
    struct str raw = json_raw(root);
    size_t marks = 0;

    RULE(max_tokens > json_i64_or(json_get(thinking, STR("budget_tokens")), 0));
    RULE(json_count(json_get(root, STR("messages"))) > 0);
    JSON_EACH (message, json_get(root, STR("messages"))) {
        struct str role = role_of(a, message);

        RULE(str_eq(role, before && str_eq(role_of(a, before), STR("user")) ? STR("assistant")
                                                                            : STR("user")));
        RULE(json_is(claude_content(message), JSON_STRING)
                 ? json_raw(claude_content(message)).n > 2
                 : json_count(claude_content(message)) > 0);
        JSON_EACH (block, claude_content(message))
            RULE(!is_type(block, "text") || json_raw(json_get(block, STR("text"))).n > 2);
        if (str_eq(role, STR("user")))
            check_claude_results(before, message);
        before = message;
    }
    JSON_EACH (tool, json_get(root, STR("tools")))
        RULE(json_get(tool, STR("type")) ||
             is_tool_name(json_str_or_null(a, json_get(tool, STR("name")))));
    for (size_t i = 0; i + 15 < raw.n; i++)
        marks += str_eq(str_sub(raw, i, 15), STR("\"cache_control\""));
    RULE(marks <= 4);
}

static size_t count_member(const struct json *list, const char *member)
{
    size_t n = 0;

    JSON_EACH (item, list)
        n += json_get(item, str_from(member)) != NULL;
    return n;
}

/* As many responses as there were calls, in the turn behind them; turns alternate, but a turn of
 * responses may have the user's own behind it. */
static void check_gemini(struct arena *a, const struct json *root)
{
    size_t calls = 0, responses = 0;
    struct str before = STR("model");

    RULE(json_count(json_get(root, STR("contents"))) > 0);
    JSON_EACH (content, json_get(root, STR("contents"))) {
        const struct json *parts = json_get(content, STR("parts"));
        struct str role = role_of(a, content);
        bool follows = responses > 0 && count_member(parts, "functionResponse") == 0;

        RULE(str_eq(role, STR("user")) || str_eq(role, STR("model")));
        RULE(!str_eq(role, before) || follows);
        RULE(json_count(parts) > 0);
        responses = count_member(parts, "functionResponse");
        if (str_eq(role, STR("user")))
            RULE_EQ(responses, calls);
        calls = count_member(parts, "functionCall");
        RULE(calls == 0 || str_eq(role, STR("model")));
        before = role;
    }
    JSON_EACH (tool, json_get(root, STR("tools"))) {
        JSON_EACH (declared, json_get(tool, STR("functionDeclarations")))
            RULE(is_tool_name(json_str_or_null(a, json_get(declared, STR("name")))));
    }
}

/* Each call is answered by the messages behind it, and nothing else is. */
static void check_chat(struct arena *a, const struct json *root)
{
    const struct json *calls = NULL;
    size_t open = 0;

    RULE(json_count(json_get(root, STR("messages"))) > 0);
    JSON_EACH (message, json_get(root, STR("messages"))) {
        struct str role = role_of(a, message);

        if (str_eq(role, STR("tool"))) {
            RULE(open-- > 0);
            RULE(has_id(calls, STR("id"), json_get(message, STR("tool_call_id"))));
            continue;
        }
        RULE_EQ(open, 0);
        calls = json_get(message, STR("tool_calls"));
        open = json_count(calls);
        RULE(open > 0 || json_raw(json_get(message, STR("content"))).n > 0);
        JSON_EACH (call, calls)
            RULE(is_tool_name(
                json_str_or_null(a, json_get(json_get(call, STR("function")), STR("name")))));
    }
}

static void check_responses(struct arena *a UNUSED, const struct json *root)
{
    const struct json *input = json_get(root, STR("input"));

    RULE(json_count(input) > 0);
    JSON_EACH (item, input) {
        const struct json *id = json_get(item, STR("call_id"));
        size_t uses = 0;

        if (!id)
            continue;
        JSON_EACH (other, input)
            uses += testing_same_json(id, json_get(other, STR("call_id")));
        RULE_EQ(uses, 2); /* the call and its output */
    }
}

static void check_rules(struct arena *a, enum dialect_id upstream, const struct json *root)
{
    static void (*const rules[])(struct arena *, const struct json *) = {
        [DIALECT_OPENAI_CHAT] = check_chat,
        [DIALECT_OPENAI_RESPONSES] = check_responses,
        [DIALECT_CLAUDE] = check_claude,
        [DIALECT_GEMINI] = check_gemini,
    };

    rules[upstream](a, root);
}

/* ---- the pairs ---- */

/* May a dialect refuse it? Media that cannot be said, and a request with nothing in it. */
static bool may_be_refused(const struct chat_request *r)
{
    for (const struct chat_message *m = r->messages; m; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            if (p->kind == CHAT_PART_IMAGE || p->kind == CHAT_PART_FILE ||
                p->kind == CHAT_PART_AUDIO || p->kind == CHAT_PART_VIDEO)
                return true;
            if (p->kind == CHAT_PART_TOOL_RESULT && p->result.parts.first)
                return true;
        }
    }
    return !r->messages;
}

static void check_pair(struct arena *a, const struct pair_case *c, const struct chat_request *r,
                       const struct loss_list *read, const struct dialect *upstream)
{
    struct loss_list losses = *read, none = {.n = 0};
    const struct request_conf conf = {.arena = a, .losses = &losses};
    const struct json *root;
    struct sb sb;
    enum err_code rc;

    current = c->id;
    sb_init(&sb, TESTING_LIMIT);
    rc = upstream->write_request(&conf, r, &sb, NULL);
    if (rc == ERR_OK) {
        CHECK_EQ(json_read(a, str_dup(a, sb_str(&sb)), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
        check_losses(c->id, upstream, &losses);
        check_rules(a, upstream->id, root);
        (void)testing_read_request(upstream, a, sb_str(&sb), &none);
        CHECK_EQ(none.n, 0); /* what one of our writers wrote, its reader knows */
    } else {
        CHECK_EQ(rc, ERR_BAD_REQUEST);
        RULE(may_be_refused(r));
    }
    sb_fini(&sb);
}

static void check_request(struct arena *a, const struct pair_case *c)
{
    struct loss_list losses = {.n = 0};
    struct chat_request *r = arena_new(a, struct chat_request);
    const struct json *root;

    CHECK_EQ(json_read(a, c->text, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK_EQ(c->upstream->read_request(a, root, r, &losses, NULL), ERR_OK);
    if (r->model.n == 0)
        r->model = STR("m"); /* it stands in the path */
    for (int i = 0; i < DIALECT_COUNT; i++) {
        if (pair_dialects[i] != c->upstream)
            check_pair(a, c, r, &losses, pair_dialects[i]);
    }
}

TEST(recorded_requests_can_be_said_in_every_dialect)
{
    pair_each_request(check_request, 500);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_row_was_seen(&rows[i]);
}

/* OpenAI's servers want all results right behind the message with the calls. */
TEST(calls_in_turns_of_their_own_are_one_message)
{
    struct pair_case c = {
        .id = STR("golden"),
        .upstream = &dialect_gemini,
        .text =
            STR("{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":\"q\"}]},"
                "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"f\"}}]},"
                "{\"role\":\"model\",\"parts\":[{\"functionCall\":{\"name\":\"g\"}}]},"
                "{\"role\":\"user\",\"parts\":[{\"functionResponse\":{\"name\":\"f\","
                "\"response\":{}}},{\"functionResponse\":{\"name\":\"g\",\"response\":{}}}]}]}")};
    struct arena a;

    arena_init(&a, 0);
    check_request(&a, &c);
    arena_fini(&a);
}

TEST(a_request_without_messages_is_none_of_openais)
{
    const struct chat_request r = {.dialect = DIALECT_OPENAI_RESPONSES, .model = STR("m")};
    struct loss_list losses = {.n = 0};
    struct arena a;
    struct sb sb;

    arena_init(&a, 0);
    sb_init(&sb, TESTING_LIMIT);
    CHECK_EQ(dialect_openai_chat.write_request(
                 &(struct request_conf){.arena = &a, .losses = &losses}, &r, &sb, NULL),
             ERR_BAD_REQUEST);
    sb_fini(&sb);
    arena_fini(&a);
}

TEST_MAIN(recorded_requests_can_be_said_in_every_dialect,
          calls_in_turns_of_their_own_are_one_message,
          a_request_without_messages_is_none_of_openais)
