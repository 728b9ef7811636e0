/* What the providers make of addresses, headers and bodies, by the names of their models. */
#include "base/json_write.h"
#include "base/test.h"
#include "model/snapshot.h"
#include "provider/provider.h"

static struct arena arena;
static struct settings settings;

static int set_up(void **state UNUSED)
{
    arena_init(&arena, 0);
    settings_read(&arena, NULL, 0, &settings);
    return 0;
}

static int tear_down(void **state UNUSED)
{
    arena_fini(&arena);
    return 0;
}

static void set_option(const char *key, const char *value)
{
    struct option_row *row = arena_new(&arena, struct option_row);

    *row = (struct option_row){str_from(key), str_from(value)};
    settings_read(&arena, row, 1, &settings);
}

/* A call of a channel of the type, for a model of this name. */
static struct provider_call call_of(const struct provider *p, const char *model)
{
    struct provider_call call = {.mode = MODE_CHAT,
                                 .dialect = p->dialect,
                                 .channel_type = p->type,
                                 .path = STR("/v1/chat/completions"),
                                 .mapped = str_from(model),
                                 .model = str_from(model),
                                 .requested = str_from(model),
                                 .key = secret_make(STR("the-key")),
                                 .max_tokens = 1,
                                 .settings = &settings};

    if (p->model_name)
        call.model = p->model_name(&call, &arena);
    return call;
}

static struct str url_of(const struct provider *p, struct provider_call call)
{
    struct str url;

    return p->url(p, &call, &arena, &url, NULL) == ERR_OK ? url : STR("error");
}

static struct str header_of(const struct provider *p, struct provider_call call, const char *name)
{
    struct provider_headers h = {0};

    p->headers(p, &call, &arena, &h);
    for (size_t i = 0; i < h.n; i++) {
        if (str_eq_nocase(h.at[i].name, str_from(name)))
            return h.at[i].value;
    }
    return STR("(absent)");
}

/* The body as the provider's rules leave it. */
static struct str edited(const struct provider *p, struct provider_call call, const char *body)
{
    const struct json *root;
    struct json_patch *patch;
    const struct str *slices;
    size_t n;

    CHECK_EQ(json_read(&arena, str_from(body), 50, &root, NULL), ERR_OK);
    call.max_tokens = json_i64_or(json_get(root, STR("max_tokens")), 0);
    if (p->edits && !p->edits(&call))
        return str_from(body);
    patch = json_patch_new(&arena, str_from(body), root);
    p->edit(p, &call, root, patch, &arena);
    slices = json_patch_render(patch, &n);
    return str_concat(&arena, slices, n);
}

/* ---- OpenAI ---- */

TEST(an_effort_in_the_name_goes_into_the_body)
{
    struct provider_call call = call_of(&provider_openai, "o3-mini-high");

    CHECK_STR(call.model, "o3-mini");
    CHECK_STR(edited(&provider_openai, call, "{\"model\":\"o3-mini\",\"temperature\":0.5}"),
              "{\"model\":\"o3-mini\",\"reasoning_effort\":\"high\"}");
    CHECK_STR(call_of(&provider_openai, "gpt-5-xhigh").model, "gpt-5");
    CHECK_STR(call_of(&provider_openai, "gpt-4o-high").model, "gpt-4o-high");
    CHECK_STR(call_of(&provider_openai, "omni-moderation-low").model, "omni-moderation-low");
}

TEST(reasoning_models_take_other_members)
{
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "o1"),
                     "{\"messages\":[{\"role\":\"system\"}],\"max_tokens\":5}"),
              "{\"messages\":[{\"role\":\"developer\"}],\"max_completion_tokens\":5}");
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "o1-mini"),
                     "{\"messages\":[{\"role\":\"system\"}]}"),
              "{\"messages\":[{\"role\":\"system\"}]}");
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "o1"),
                     "{\"max_tokens\":5,\"max_completion_tokens\":7,\"top_p\":1}"),
              "{\"max_completion_tokens\":7,\"top_p\":1}");
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-5"),
                     "{\"top_p\":1,\"logprobs\":true,\"n\":1}"),
              "{\"n\":1}");
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-4o"),
                     "{\"max_tokens\":5,\"temperature\":1}"),
              "{\"max_tokens\":5,\"temperature\":1}");
}

TEST(models_after_gpt_5_are_reasoning_models_too)
{
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-6.2-sol"),
                     "{\"max_tokens\":5,\"temperature\":1}"),
              "{\"max_completion_tokens\":5}");
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-4.1"),
                     "{\"max_tokens\":5,\"temperature\":1}"),
              "{\"max_tokens\":5,\"temperature\":1}");
    CHECK_STR(
        edited(&provider_openai, call_of(&provider_openai, "gpt-oss-120b"), "{\"max_tokens\":5}"),
        "{\"max_tokens\":5}");
}

TEST(what_openai_does_not_know_is_lost)
{
    const struct provider *const two[] = {&provider_openai, &provider_azure};

    for (size_t i = 0; i < ARRAY_LEN(two); i++) {
        struct provider_call call = call_of(two[i], "gpt-4.1");
        struct chat_request r = {.top_k = STR("64"), .top_p = STR("0.9")};
        struct loss_list losses = {0};
        struct request_conf conf = {.arena = &arena, .losses = &losses};

        two[i]->adapt(two[i], &call, &r, &conf);
        CHECK_EQ(r.top_k.n, 0);
        CHECK_STR(r.top_p, "0.9");
        CHECK_STR(loss_text(&arena, &losses), "top_k");
    }
    CHECK(!provider_custom.adapt); /* many others of its dialect know top_k */
}

/* gpt-5-chat does not reason, and others of its kind may be told not to: these keep their samplers.
 */
TEST(who_does_not_reason_keeps_temperature_and_logprobs)
{
    static const char chat[] = "{\"temperature\":0.5,\"top_p\":0.5,\"logprobs\":true}";
    static const char told[] = "{\"temperature\":0.5,\"top_p\":0.5,\"reasoning_effort\":\"none\"}";

    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-5-chat-latest"), chat), chat);
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-5.2"), told), told);
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-5.2-none"),
                     "{\"temperature\":0.5}"),
              "{\"temperature\":0.5,\"reasoning_effort\":\"none\"}");
    CHECK_STR(edited(&provider_openai, call_of(&provider_openai, "gpt-5.2-low"), told),
              "{\"reasoning_effort\":\"low\"}");
}

/* What a client asks to be thought about of a model that cannot: what is lost. */
static struct str thought_lost(const struct provider *p, const char *model, bool *kept)
{
    struct provider_call call = call_of(p, model);
    struct chat_request r = {.reasoning = {.enabled = CHAT_YES, .budget = 2000}};
    struct loss_list losses = {0};
    struct request_conf conf = {.arena = &arena, .losses = &losses};

    p->adapt(p, &call, &r, &conf);
    *kept = r.reasoning.enabled == CHAT_YES && r.reasoning.budget == 2000;
    CHECK(*kept || (r.reasoning.enabled == CHAT_UNSET && r.reasoning.budget == -1));
    return loss_text(&arena, &losses);
}

TEST(a_model_that_cannot_think_is_not_asked_to)
{
    static const struct {
        const struct provider *p;
        const char *model;
        bool thinks;
    } rows[] = {
        {&provider_openai, "gpt-4o", false},
        {&provider_openai, "gpt-3.5-turbo", false},
        {&provider_azure, "gpt-4.1-mini", false},
        {&provider_openai, "chatgpt-4o-latest", false},
        {&provider_openai, "gpt-5-chat-latest", false},
        {&provider_openai, "gpt-5", true},
        {&provider_openai, "o3-mini", true},
        {&provider_openai, "deepseek-reasoner", true},
        {&provider_anthropic, "claude-3-haiku-20240307", false},
        {&provider_anthropic, "claude-3-5-sonnet-latest", false},
        {&provider_anthropic, "claude-3-7-sonnet-latest", true},
        {&provider_anthropic, "claude-sonnet-4-5", true},
        {&provider_anthropic, "kimi-k2", true},
    };
    bool kept;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK_STR(thought_lost(rows[i].p, rows[i].model, &kept),
                  rows[i].thinks ? "" : "reasoning_effort");
        CHECK_EQ(kept, rows[i].thinks);
    }
}

TEST(that_a_model_shall_not_think_is_no_loss)
{
    struct provider_call call = call_of(&provider_openai, "gpt-4o");
    struct chat_request r = {.reasoning = {.enabled = CHAT_NO, .budget = -1}};
    struct loss_list losses = {0};
    struct request_conf conf = {.arena = &arena, .losses = &losses};

    provider_openai.adapt(&provider_openai, &call, &r, &conf);
    CHECK_EQ(r.reasoning.enabled, CHAT_UNSET);
    CHECK_EQ(losses.n, 0);
}

/* A chat that goes out as Responses loses what it would lose as a chat. */
static struct str samplers_left(const char *model, const char *effort, struct loss_list *losses)
{
    struct provider_call call = call_of(&provider_openai, model);
    struct chat_request r = {.temperature = STR("0.5"),
                             .top_p = STR("0.9"),
                             .logprobs = CHAT_YES,
                             .top_logprobs = STR("2"),
                             .reasoning = {.effort = str_from(effort), .budget = -1}};
    struct request_conf conf = {.arena = &arena, .losses = losses};

    call.dialect = DIALECT_OPENAI_RESPONSES;
    call.translated = true;
    provider_openai.adapt(&provider_openai, &call, &r, &conf);
    return arena_fmt(&arena, "%.*s %.*s %d %.*s", STR_ARG(r.temperature), STR_ARG(r.top_p),
                     r.logprobs == CHAT_YES, STR_ARG(r.top_logprobs));
}

TEST(a_chat_that_goes_out_as_responses_keeps_to_the_rules_of_its_model)
{
    static const struct {
        const char *model, *effort, *left, *lost;
    } rows[] = {
        {"gpt-4o", "", "0.5 0.9 1 2", ""},
        {"gpt-5-chat-latest", "", "0.5 0.9 1 2", ""},
        {"gpt-5.2", "none", "0.5 0.9 1 2", ""},
        {"o3", "low", " 0.9 1 2", "temperature"},
        {"gpt-5", "low", "  0 ", "temperature, top_p, logprobs"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct loss_list losses = {0};

        CHECK_STR(samplers_left(rows[i].model, rows[i].effort, &losses), rows[i].left);
        CHECK_STR(loss_text(&arena, &losses), rows[i].lost);
    }
}

/* The names of what the rules leave out of the body. */
static struct str left_out(const struct provider *p, const char *model, const char *body)
{
    struct provider_call call = call_of(p, model);
    struct loss_list losses = {0};

    call.losses = &losses;
    (void)edited(p, call, body);
    return loss_text(&arena, &losses);
}

TEST(what_the_rules_of_a_model_leave_out_is_listed)
{
    CHECK_STR(left_out(&provider_openai, "o3", "{\"temperature\":0.5,\"max_tokens\":5}"),
              "temperature");
    CHECK_STR(left_out(&provider_azure, "gpt-5",
                       "{\"temperature\":0,\"top_p\":0.5,\"logprobs\":true,\"top_logprobs\":2}"),
              "temperature, top_p, logprobs, top_logprobs");
    CHECK_STR(left_out(&provider_openai, "gpt-5",
                       "{\"temperature\":1.0,\"top_p\":null,\"logprobs\":false}"),
              "");
    CHECK_STR(left_out(&provider_openai, "gpt-4o", "{\"temperature\":0.5}"), "");
    CHECK_STR(left_out(&provider_anthropic, "claude-opus-4-7-high",
                       "{\"max_tokens\":9,\"temperature\":0.5,\"top_p\":0.5,\"top_k\":3}"),
              "top_p, temperature, top_k");
    CHECK_STR(left_out(&provider_anthropic, "claude-3-7-sonnet-thinking",
                       "{\"max_tokens\":9,\"temperature\":0.5,\"top_k\":3}"),
              "temperature, top_k");
    CHECK_STR(left_out(&provider_anthropic, "claude-opus-4-6-low",
                       "{\"max_tokens\":9,\"temperature\":0.5,\"top_k\":3}"),
              "temperature");
}

TEST(a_response_takes_the_effort_of_any_name)
{
    struct provider_call call = call_of(&provider_openai, "my-model-low");

    call.dialect = DIALECT_OPENAI_RESPONSES;
    call.model = provider_openai.model_name(&call, &arena);
    CHECK_STR(call.model, "my-model");
    CHECK_STR(edited(&provider_openai, call, "{\"input\":\"x\"}"),
              "{\"input\":\"x\",\"reasoning\":{\"effort\":\"low\"}}");
    CHECK_STR(edited(&provider_openai, call, "{\"reasoning\":{\"summary\":\"auto\"}}"),
              "{\"reasoning\":{\"summary\":\"auto\",\"effort\":\"low\"}}");
}

/* ---- Azure ---- */

TEST(azure_has_a_deployment_for_each_model)
{
    struct provider_call call = call_of(&provider_azure, "gpt-4.1");

    CHECK_STR(url_of(&provider_azure, call), "error");
    call.base_url = STR("https://r.openai.azure.com/");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.openai.azure.com/openai/deployments/gpt-41/chat/completions"
              "?api-version=2024-12-01-preview");
    call.channel_created_s = 1746835200;
    call.other = STR("2025-01-01");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.openai.azure.com/openai/deployments/gpt-4.1/chat/completions"
              "?api-version=2025-01-01");
    call.query = STR("api-version=2025-02-02");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.openai.azure.com/openai/deployments/gpt-4.1/chat/completions"
              "?api-version=2025-02-02");
    CHECK_STR(header_of(&provider_azure, call, "api-key"), "the-key");
    CHECK_STR(header_of(&provider_azure, call, "authorization"), "(absent)");
}

TEST(azure_answers_responses_without_a_deployment)
{
    struct provider_call call = call_of(&provider_azure, "gpt-5");

    call.dialect = DIALECT_OPENAI_RESPONSES;
    call.path = STR("/v1/responses");
    call.base_url = STR("https://r.openai.azure.com");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.openai.azure.com/openai/v1/responses?api-version=preview");
    call.base_url = STR("https://r.cognitiveservices.azure.com");
    call.other = STR("V");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.cognitiveservices.azure.com/openai/responses?api-version=V");
    call.base_url = STR("https://r.openai.azure.com/openai/v1/");
    CHECK_STR(url_of(&provider_azure, call), "https://r.openai.azure.com/openai/v1/responses");
    call.responses_version = STR("2025-04-01-preview");
    CHECK_STR(url_of(&provider_azure, call), "https://r.openai.azure.com/openai/v1/responses");
    call.base_url = STR("https://r.openai.azure.com");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.openai.azure.com/openai/v1/responses?api-version=2025-04-01-preview");
    call.base_url = STR("https://r.cognitiveservices.azure.com");
    CHECK_STR(url_of(&provider_azure, call),
              "https://r.cognitiveservices.azure.com/openai/responses"
              "?api-version=2025-04-01-preview");
}

/* ---- Anthropic ---- */

TEST(claude_is_asked_for_beta_features_when_the_channel_says_so)
{
    struct provider_call call = call_of(&provider_anthropic, "claude-opus-4-1");

    call.path = STR("/v1/messages");
    CHECK_STR(url_of(&provider_anthropic, call), "https://api.anthropic.com/v1/messages");
    call.beta_query = true;
    CHECK_STR(url_of(&provider_anthropic, call), "https://api.anthropic.com/v1/messages?beta=true");
    call.query = STR("a=b");
    CHECK_STR(url_of(&provider_anthropic, call),
              "https://api.anthropic.com/v1/messages?a=b&beta=true");
    call.query = STR("beta=true");
    CHECK_STR(url_of(&provider_anthropic, call), "https://api.anthropic.com/v1/messages?beta=true");
}

TEST(anthropic_takes_its_own_headers)
{
    struct provider_call call = call_of(&provider_anthropic, "claude-3");

    call.path = STR("/v1/messages");
    call.query = STR("beta=true");
    call.anthropic_beta = STR("a, b");
    CHECK_STR(url_of(&provider_anthropic, call), "https://api.anthropic.com/v1/messages?beta=true");
    CHECK_STR(header_of(&provider_anthropic, call, "x-api-key"), "the-key");
    CHECK_STR(header_of(&provider_anthropic, call, "anthropic-version"), "2023-06-01");
    CHECK_STR(header_of(&provider_anthropic, call, "anthropic-beta"), "a,b");
    set_option("claude.model_headers_settings",
               "{\"claude-3\":{\"anthropic-beta\":[\"b,c\"],\"x-more\":[\"1\",\"2\"]}}");
    call.anthropic_version = STR("2024-01-01");
    CHECK_STR(header_of(&provider_anthropic, call, "anthropic-beta"), "a,b,c");
    CHECK_STR(header_of(&provider_anthropic, call, "x-more"), "1,2");
    CHECK_STR(header_of(&provider_anthropic, call, "anthropic-version"), "2024-01-01");
    call.key = secret_make(STR("sk-ant-oat01-x"));
    CHECK_STR(header_of(&provider_anthropic, call, "authorization"), "Bearer sk-ant-oat01-x");
    CHECK_STR(header_of(&provider_anthropic, call, "x-api-key"), "(absent)");
    CHECK_STR(header_of(&provider_anthropic, call, "anthropic-beta"), "a,b,oauth-2025-04-20,c");
}

TEST(anthropic_gets_no_more_than_a_hundred_beta_names)
{
    struct provider_call call = call_of(&provider_anthropic, "claude-3");
    struct sb sb;
    size_t n = 0;

    sb_init(&sb, 1 << 16);
    for (int i = 0; i < 5000; i++)
        sb_fmt(&sb, "b%d,", i);
    call.anthropic_beta = sb_str(&sb);
    struct str sent = header_of(&provider_anthropic, call, "anthropic-beta");
    STR_SPLIT_EACH (name, sent, ',')
        n += name.n > 0;
    CHECK_EQ(n, 100);
    CHECK(str_starts(sent, STR("b0,b1,b2,")));
    sb_fini(&sb);
}

TEST(a_thinking_suffix_asks_claude_to_think)
{
    struct provider_call call = call_of(&provider_anthropic, "claude-3-7-sonnet-thinking");

    CHECK_STR(call.model, "claude-3-7-sonnet");
    CHECK_STR(edited(&provider_anthropic, call, "{\"max_tokens\":10000,\"top_p\":0.5}"),
              "{\"max_tokens\":10000,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":8000},"
              "\"temperature\":1}");
    CHECK_STR(edited(&provider_anthropic, call, "{\"max_tokens\":10}"),
              "{\"max_tokens\":1280,\"thinking\":{\"type\":\"enabled\",\"budget_tokens\":1024},"
              "\"temperature\":1}");
    CHECK_STR(edited(&provider_anthropic, call,
                     "{\"max_tokens\":10,\"thinking\":{\"type\":\"disabled\"}}"),
              "{\"max_tokens\":10,\"thinking\":{\"type\":\"disabled\"}}");
    set_option("claude.thinking_adapter_enabled", "false");
    CHECK_STR(call_of(&provider_anthropic, "claude-3-7-sonnet-thinking").model,
              "claude-3-7-sonnet-thinking");
}

TEST(newer_claude_models_take_an_effort)
{
    struct provider_call call = call_of(&provider_anthropic, "claude-opus-4-7-xhigh");

    CHECK_STR(call.model, "claude-opus-4-7");
    CHECK_STR(edited(&provider_anthropic, call, "{\"max_tokens\":10,\"temperature\":0.2}"),
              "{\"max_tokens\":10,\"thinking\":{\"type\":\"adaptive\",\"display\":\"summarized\"},"
              "\"output_config\":{\"effort\":\"xhigh\"}}");
    CHECK_STR(call_of(&provider_anthropic, "claude-3-opus-high").model, "claude-3-opus-high");
}

TEST(claude_demands_a_limit)
{
    struct provider_call call = call_of(&provider_anthropic, "claude-3");

    CHECK_STR(edited(&provider_anthropic, call, "{}"), "{\"max_tokens\":8192}");
    set_option("claude.default_max_tokens", "{\"default\":8192,\"claude-3\":4096}");
    CHECK_STR(edited(&provider_anthropic, call, "{}"), "{\"max_tokens\":4096}");
    CHECK_STR(edited(&provider_anthropic, call, "{\"max_tokens\":7}"), "{\"max_tokens\":7}");
}

static void check_samplers(const char *model, const char *temperature, const char *top_p,
                           const char *want, const char *lost)
{
    struct provider_call call = call_of(&provider_anthropic, model);
    struct chat_request r = {.temperature = str_from(temperature), .top_p = str_from(top_p)};
    struct loss_list losses = {0};
    struct request_conf conf = {.arena = &arena, .losses = &losses};

    provider_anthropic.adapt(&provider_anthropic, &call, &r, &conf);
    CHECK_STR(str_concat(&arena, (struct str[]){r.temperature, STR(" "), r.top_p}, 3), want);
    CHECK_STR(loss_text(&arena, &losses), lost);
}

TEST(newer_claude_models_take_one_way_of_sampling)
{
    check_samplers("claude-sonnet-4-5", "1", "0.95", " 0.95", "");
    check_samplers("claude-sonnet-4-5", "0.2", "1.0", "0.2 ", "");
    check_samplers("claude-opus-4-1-20250805", "0.2", "0.9", "0.2 ", "top_p");
    check_samplers("claude-opus-4-6", "0.2", "0.9", "0.2 ", "top_p");
    check_samplers("claude-haiku-4-5", "0.2", "", "0.2 ", "");
    check_samplers("claude-3-5-haiku", "0.2", "0.9", "0.2 0.9", "");
    check_samplers("claude-opus-4-20250514", "0.2", "0.9", "0.2 0.9", "");
}

static const char a_schema[] = "{\"type\":\"object\",\"properties\":{}}";

/* How the provider has an answer made that follows the schema: by the dialect's own member, by a
 * tool that must be called, or by telling the model. */
static const char *schema_way(const char *model, struct chat_request r)
{
    struct provider_call call = call_of(&provider_anthropic, model);
    struct loss_list losses = {0};
    struct request_conf conf = {.arena = &arena, .losses = &losses};

    r.format = CHAT_FORMAT_SCHEMA;
    provider_anthropic.adapt(&provider_anthropic, &call, &r, &conf);
    CHECK_EQ(losses.n, 0);
    CHECK(!r.answer_tool || !conf.tells_schema);
    CHECK_EQ(r.answer_tool, r.tools && r.choice == CHAT_CHOICE_TOOL);
    return r.answer_tool ? "tool" : conf.tells_schema ? "told" : "member";
}

TEST(claude_models_before_4_5_know_no_schema)
{
    static const char *const knowing[] = {
        "claude-opus-4-5",   "claude-sonnet-4-5-20250929",
        "claude-haiku-4-5",  "claude-opus-4-6",
        "claude-sonnet-4-6", "claude-opus-4-7",
        "claude-opus-5",     "claude-sonnet-5",
    };
    static const char *const others[] = {
        "claude-3-haiku-20240307", "claude-3-7-sonnet-latest", "claude-sonnet-4",
        "claude-sonnet-4-0",       "claude-sonnet-4-20250514", "claude-opus-4-20250514",
        "claude-opus-4-1",         "claude-opus-4-1-20250805", "kimi-k2",
    };
    const struct chat_request r = {.schema = str_from(a_schema), .reasoning.budget = -1};

    for (size_t i = 0; i < ARRAY_LEN(knowing); i++)
        CHECK_STR(str_from(schema_way(knowing[i], r)), "member");
    for (size_t i = 0; i < ARRAY_LEN(others); i++)
        CHECK_STR(str_from(schema_way(others[i], r)), "tool");
}

TEST(a_claude_model_that_thinks_is_told_the_schema)
{
    static const struct {
        const char *model;
        struct chat_reasoning reasoning;
        const char *want;
    } rows[] = {
        {"claude-3-7-sonnet", {.budget = 2000}, "told"},
        {"claude-3-7-sonnet", {.budget = -1, .effort = STR_INIT("low")}, "told"},
        {"claude-3-7-sonnet", {.budget = -1, .enabled = CHAT_YES}, "told"},
        {"claude-3-7-sonnet-thinking", {.budget = -1}, "told"},
        {"claude-3-7-sonnet", {.budget = -1, .effort = STR_INIT("none")}, "tool"},
        {"claude-3-7-sonnet", {.budget = -1, .enabled = CHAT_NO}, "tool"},
        {"claude-3-7-sonnet", {.budget = 0}, "tool"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_STR(str_from(schema_way(rows[i].model,
                                      (struct chat_request){.schema = str_from(a_schema),
                                                            .reasoning = rows[i].reasoning})),
                  rows[i].want);
    CHECK_STR(str_from(schema_way("claude-3-7-sonnet",
                                  (struct chat_request){.schema = STR("{\"type\":\"array\"}"),
                                                        .reasoning.budget = -1})),
              "told");
}

/* ---- Gemini ---- */

TEST(gemini_has_model_and_method_in_its_path)
{
    struct provider_call call = call_of(&provider_gemini, "gemini-2.5-pro");

    CHECK_STR(url_of(&provider_gemini, call),
              "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro"
              ":generateContent");
    call.stream = true;
    CHECK_STR(url_of(&provider_gemini, call),
              "https://generativelanguage.googleapis.com/v1beta/models/gemini-2.5-pro"
              ":streamGenerateContent?alt=sse");
    CHECK_STR(url_of(&provider_gemini, call_of(&provider_gemini, "gemini-1.0-pro")),
              "https://generativelanguage.googleapis.com/v1/models/gemini-1.0-pro"
              ":generateContent");
    CHECK_STR(header_of(&provider_gemini, call, "x-goog-api-key"), "the-key");
}

TEST(gemini_thinks_as_its_name_says)
{
    CHECK_STR(call_of(&provider_gemini, "gemini-2.5-flash-thinking").model,
              "gemini-2.5-flash-thinking");
    set_option("gemini.thinking_adapter_enabled", "true");
    struct provider_call call = call_of(&provider_gemini, "gemini-2.5-flash-thinking-99999");

    CHECK_STR(call.model, "gemini-2.5-flash");
    CHECK_STR(edited(&provider_gemini, call, "{}"),
              "{\"generationConfig\":{\"thinkingConfig\":{\"includeThoughts\":true,"
              "\"thinkingBudget\":24576}}}");
    CHECK_STR(edited(&provider_gemini, call_of(&provider_gemini, "gemini-2.5-flash-thinking"),
                     "{\"generationConfig\":{\"maxOutputTokens\":1000}}"),
              "{\"generationConfig\":{\"maxOutputTokens\":1000,\"thinkingConfig\":"
              "{\"includeThoughts\":true,\"thinkingBudget\":600}}}");
    CHECK_STR(
        edited(&provider_gemini, call_of(&provider_gemini, "gemini-2.5-flash-nothinking"), "{}"),
        "{\"generationConfig\":{\"thinkingConfig\":{\"thinkingBudget\":0}}}");
    CHECK_STR(edited(&provider_gemini, call_of(&provider_gemini, "gemini-3-pro-low"), "{}"),
              "{\"generationConfig\":{\"thinkingConfig\":{\"includeThoughts\":true,"
              "\"thinkingLevel\":\"low\"}}}");
    CHECK_STR(edited(&provider_gemini, call_of(&provider_gemini, "gemini-2.5-pro"), "{}"), "{}");
}

/* A member may stand there once, so that what is added has the spelling of what is there. */
TEST(gemini_thinks_in_the_spelling_of_the_client)
{
    set_option("gemini.thinking_adapter_enabled", "true");
    struct provider_call call = call_of(&provider_gemini, "gemini-2.5-flash-thinking");

    CHECK_STR(edited(&provider_gemini, call,
                     "{\"generation_config\":{\"max_output_tokens\":1000,\"thinking_config\":{}}}"),
              "{\"generation_config\":{\"max_output_tokens\":1000,\"thinking_config\":"
              "{\"includeThoughts\":true,\"thinkingBudget\":600}}}");
    CHECK_STR(edited(&provider_gemini, call, "{\"generation_config\":{\"temperature\":1}}"),
              "{\"generation_config\":{\"temperature\":1,\"thinkingConfig\":"
              "{\"includeThoughts\":true}}}");
    CHECK_STR(edited(&provider_gemini, call, "{\"generation_config\":null}"),
              "{\"generation_config\":{\"thinkingConfig\":{\"includeThoughts\":true}}}");
}

TEST(a_translated_request_gets_safety_settings)
{
    struct provider_call call = call_of(&provider_gemini, "gemini-2.0-flash-exp");
    struct chat_request r = {0};
    struct request_conf conf = {.arena = &arena};

    set_option("gemini.safety_settings",
               "{\"default\":\"BLOCK_NONE\",\"HARM_CATEGORY_HARASSMENT\":\"OFF\"}");
    provider_gemini.adapt(&provider_gemini, &call, &r, &conf);
    CHECK(str_starts(
        conf.safety_settings,
        STR("[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":\"OFF\"},"
            "{\"category\":\"HARM_CATEGORY_HATE_SPEECH\",\"threshold\":\"BLOCK_NONE\"}")));
    CHECK_STR(r.modalities, "[\"text\",\"image\"]");
}

TEST(what_the_options_of_gemini_leave_open_is_the_installations)
{
    struct provider_call call = call_of(&provider_gemini, "gemini-2.5-pro");
    struct chat_request r = {0};
    struct request_conf conf = {.arena = &arena};

    call.gemini_version = STR("v1alpha");
    call.gemini_safety = STR("BLOCK_ONLY_HIGH");
    CHECK(str_has(url_of(&provider_gemini, call), STR("/v1beta/models/")));
    set_option("gemini.version_settings", "{\"gemini-1.0-pro\":\"v1\"}");
    CHECK(str_has(url_of(&provider_gemini, call), STR("/v1alpha/models/")));
    set_option("gemini.safety_settings", "{\"HARM_CATEGORY_HARASSMENT\":\"OFF\"}");
    provider_gemini.adapt(&provider_gemini, &call, &r, &conf);
    CHECK(str_starts(
        conf.safety_settings,
        STR("[{\"category\":\"HARM_CATEGORY_HARASSMENT\",\"threshold\":\"OFF\"},"
            "{\"category\":\"HARM_CATEGORY_HATE_SPEECH\",\"threshold\":\"BLOCK_ONLY_HIGH\"}")));
}

#define ROW(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ROW(an_effort_in_the_name_goes_into_the_body),
        ROW(reasoning_models_take_other_members),
        ROW(models_after_gpt_5_are_reasoning_models_too),
        ROW(what_openai_does_not_know_is_lost),
        ROW(who_does_not_reason_keeps_temperature_and_logprobs),
        ROW(a_model_that_cannot_think_is_not_asked_to),
        ROW(that_a_model_shall_not_think_is_no_loss),
        ROW(a_chat_that_goes_out_as_responses_keeps_to_the_rules_of_its_model),
        ROW(what_the_rules_of_a_model_leave_out_is_listed),
        ROW(a_response_takes_the_effort_of_any_name),
        ROW(azure_has_a_deployment_for_each_model),
        ROW(claude_is_asked_for_beta_features_when_the_channel_says_so),
        ROW(azure_answers_responses_without_a_deployment),
        ROW(anthropic_takes_its_own_headers),
        ROW(anthropic_gets_no_more_than_a_hundred_beta_names),
        ROW(a_thinking_suffix_asks_claude_to_think),
        ROW(newer_claude_models_take_an_effort),
        ROW(claude_demands_a_limit),
        ROW(newer_claude_models_take_one_way_of_sampling),
        ROW(claude_models_before_4_5_know_no_schema),
        ROW(a_claude_model_that_thinks_is_told_the_schema),
        ROW(gemini_has_model_and_method_in_its_path),
        ROW(gemini_thinks_as_its_name_says),
        ROW(gemini_thinks_in_the_spelling_of_the_client),
        ROW(a_translated_request_gets_safety_settings),
        ROW(what_the_options_of_gemini_leave_open_is_the_installations),
    };

    return test_end(cmocka_run_group_tests(tests, NULL, NULL));
}
