#include "dialect/system_prompt.h"

#include "dialect/arena_testing.h"
#include "dialect/dialect.h"

static const struct json *tree(const char *body)
{
    const struct json *root;

    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    return root;
}

static struct str patched(enum dialect_id dialect, const char *body, bool override)
{
    const struct system_prompt prompt = {.text = STR("Be \"kind\"."), .override = override};
    const struct json *root = tree(body);
    struct json_patch *patch = json_patch_new(&arena, str_from(body), root);
    const struct str *slices;
    size_t n;

    system_prompt_patch(dialect, &arena, root, &prompt, patch);
    slices = json_patch_render(patch, &n);
    return str_concat(&arena, slices, n);
}

#define P "Be \\\"kind\\\"."

struct row {
    enum dialect_id dialect;
    const char *body, *filled, *overridden; /* NULL: as the body */
};

static const struct row rows[] = {
    {DIALECT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}],\"x\":1}",
     "{\"messages\":[{\"role\":\"system\",\"content\":\"" P "\"},"
     "{\"role\":\"user\",\"content\":\"a\"}],\"x\":1}",
     "{\"messages\":[{\"role\":\"system\",\"content\":\"" P "\"},"
     "{\"role\":\"user\",\"content\":\"a\"}],\"x\":1}"},
    {DIALECT_OPENAI_CHAT, "{\"messages\":[{\"role\":\"developer\",\"content\":\"a\"}]}", NULL,
     "{\"messages\":[{\"role\":\"developer\",\"content\":\"" P "\\na\"}]}"},
    {DIALECT_OPENAI_CHAT,
     "{\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"a\"}]}]}",
     NULL,
     "{\"messages\":[{\"role\":\"system\",\"content\":[{\"type\":\"text\",\"text\":\"" P "\"},"
     "{\"type\":\"text\",\"text\":\"a\"}]}]}"},
    {DIALECT_OPENAI_RESPONSES, "{\"input\":\"a\"}", "{\"input\":\"a\",\"instructions\":\"" P "\"}",
     "{\"input\":\"a\",\"instructions\":\"" P "\"}"},
    {DIALECT_OPENAI_RESPONSES, "{\"instructions\":null,\"input\":\"a\"}",
     "{\"instructions\":\"" P "\",\"input\":\"a\"}",
     "{\"instructions\":\"" P "\",\"input\":\"a\"}"},
    {DIALECT_OPENAI_RESPONSES, "{\"instructions\":\"b\",\"input\":\"a\"}", NULL,
     "{\"instructions\":\"" P "\\nb\",\"input\":\"a\"}"},
    {DIALECT_OPENAI_RESPONSES, "{\"input\":[{\"role\":\"developer\",\"content\":\"b\"}]}", NULL,
     "{\"input\":[{\"role\":\"developer\",\"content\":\"b\"}],\"instructions\":\"" P "\"}"},
    {DIALECT_CLAUDE, "{\"messages\":[]}", "{\"messages\":[],\"system\":\"" P "\"}",
     "{\"messages\":[],\"system\":\"" P "\"}"},
    {DIALECT_CLAUDE, "{\"system\":\"a\"}", NULL, "{\"system\":\"" P "\\na\"}"},
    {DIALECT_CLAUDE, "{\"system\":[]}", "{\"system\":\"" P "\"}", "{\"system\":\"" P "\"}"},
    {DIALECT_CLAUDE, "{\"system\":[{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{}}]}", NULL,
     "{\"system\":[{\"type\":\"text\",\"text\":\"" P "\"},"
     "{\"type\":\"text\",\"text\":\"a\",\"cache_control\":{}}]}"},
    {DIALECT_GEMINI, "{\"contents\":[]}",
     "{\"contents\":[],\"systemInstruction\":{\"parts\":[{\"text\":\"" P "\"}]}}",
     "{\"contents\":[],\"systemInstruction\":{\"parts\":[{\"text\":\"" P "\"}]}}"},
    {DIALECT_GEMINI, "{\"system_instruction\":{\"parts\":[{\"text\":\"a\"}]}}", NULL,
     "{\"system_instruction\":{\"parts\":[{\"text\":\"" P "\\n\"},{\"text\":\"a\"}]}}"},
    {DIALECT_GEMINI, "{\"systemInstruction\":{\"role\":\"user\"}}",
     "{\"systemInstruction\":{\"parts\":[{\"text\":\"" P "\"}]}}",
     "{\"systemInstruction\":{\"parts\":[{\"text\":\"" P "\"}]}}"},
};

TEST(a_body_gets_the_prompt_in_its_own_dialect)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const struct row *r = &rows[i];

        CHECK_STR(patched(r->dialect, r->body, false), r->filled ? r->filled : r->body);
        CHECK_STR(patched(r->dialect, r->body, true), r->overridden);
    }
}

static struct chat_request read_chat(const char *body)
{
    struct chat_request r = {0};

    CHECK_EQ(dialect_openai_chat.read_request(&arena, tree(body), &r, &losses, NULL), ERR_OK);
    return r;
}

/* Role and text of the messages, a line each. */
static struct str told(const struct chat_request *r)
{
    struct str all = STR("");

    for (const struct chat_message *m = r->messages; m; m = m->next) {
        struct str text = chat_text_of(&arena, &m->parts, STR("|"));

        all = arena_fmt(&arena, "%.*s%d:%.*s;", STR_ARG(all), (int)m->role, STR_ARG(text));
        if (!m->next)
            CHECK(r->last_message == m);
    }
    return all;
}

TEST(the_canonical_form_gets_it_and_what_others_share_stays)
{
    const struct system_prompt fill = {.text = STR("P")}, over = {STR("P"), true};
    const struct chat_request without =
        read_chat("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]}");
    const struct chat_request with =
        read_chat("{\"messages\":[{\"role\":\"user\",\"content\":\"a\"},{\"role\":\"system\","
                  "\"content\":[{\"type\":\"text\",\"text\":\"s\"},{\"type\":\"text\",\"text\":"
                  "\"t\"}]}]}");
    struct chat_request r = without;

    system_prompt_add(&arena, &r, &fill);
    CHECK_STR(told(&r), "0:P;2:a;");
    CHECK_STR(told(&without), "2:a;");
    r = with;
    system_prompt_add(&arena, &r, &fill);
    CHECK_STR(told(&r), "2:a;0:s|t;");
    r = with;
    system_prompt_add(&arena, &r, &over);
    CHECK_STR(told(&r), "2:a;0:P\ns|t;");
    CHECK_STR(told(&with), "2:a;0:s|t;");
}

ARENA_TEST_MAIN(a_body_gets_the_prompt_in_its_own_dialect,
                the_canonical_form_gets_it_and_what_others_share_stays)
