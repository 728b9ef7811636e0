#include "base/sb.h"
#include "base/test.h"
#include "dialect/peek.h"

static void collect(void *ctx, struct str text)
{
    sb_add(ctx, text);
    sb_add_char(ctx, '|');
}

static struct peek_answer peek(const char *json)
{
    struct peek_answer p;

    peek_answer(str_from(json), NULL, NULL, &p);
    return p;
}

/* The texts of `json`, a bar behind each piece. */
static void check_texts(const char *json, const char *want)
{
    struct peek_answer p;
    struct sb sb;

    sb_init(&sb, 100000);
    peek_answer(str_from(json), collect, &sb, &p);
    CHECK_STR(sb_str(&sb), want);
    sb_fini(&sb);
}

TEST(a_chunk_tells_what_it_holds)
{
    struct peek_answer p =
        peek("{\"choices\":[{\"delta\":{\"role\":\"assistant\",\"content\":\"\"},"
             "\"finish_reason\":null}]}");

    CHECK(!p.has_content && !p.has_finish && !p.has_usage && !p.usage_only && !p.has_error);
    CHECK(peek("{\"choices\":[{\"delta\":{\"content\": \"hi\"}}]}").has_content);
    p = peek("{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":null}");
    CHECK(p.has_finish && !p.has_usage && p.has_null_usage);
    CHECK(!peek("{\"choices\":[{\"delta\":{},\"finish_reason\":\"\"}]}").has_finish);
    p = peek("{\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1}}");
    CHECK(p.usage_only && p.has_usage && !p.has_content);
    CHECK(peek("{\"error\":{\"message\":\"no\"}}").has_error);
    CHECK(peek("{\"error\":\"no\"}").has_error);
    CHECK(!peek("{\"error\":null,\"choices\":[]}").has_error);
    CHECK(!peek("{\"error\":\"\",\"choices\":[]}").has_error);
}

TEST(whatever_the_client_pays_for_is_content)
{
    static const char *const filled[] = {
        "{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}",
        "{\"choices\":[{\"delta\":{\"reasoning_content\":\"x\"}}]}",
        "{\"choices\":[{\"delta\":{\"reasoning\":\"x\"}}]}",
        "{\"choices\":[{\"delta\":{\"refusal\":\"x\"}}]}",
        "{\"choices\":[{\"delta\":{\"audio\":{\"data\":\"x\"}}}]}",
        "{\"choices\":[{\"delta\":{\"images\":[{}]}}]}",
        "{\"choices\":[{\"delta\":{\"function_call\":{\"name\":\"f\"}}}]}",
        "{\"choices\":[{\"message\":{\"content\":[{\"type\":\"text\",\"text\":\"x\"}]}}]}",
        "{\"choices\":[{\"text\":\"x\"}]}",
        "{\"data\":[{\"embedding\":[0.5]}]}",
    };
    static const char *const empty[] = {
        "{\"choices\":[{\"delta\":{\"tool_calls\":[ ],\"content\":null,\"audio\":null}}]}",
        "{\"choices\":[{\"text\":\"\",\"logprobs\":{\"content\":[{\"token\":\"x\"}]}}]}",
        "{\"choices\":[{\"delta\":{\"images\":[]},\"message\":null}]}",
        "{\"choices\":null,\"data\":[]}",
        "{\"choices\":[],\"prompt_filter_results\":[{\"content\":\"x\"}]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(filled); i++)
        CHECK(peek(filled[i]).has_content);
    for (size_t i = 0; i < ARRAY_LEN(empty); i++)
        CHECK(!peek(empty[i]).has_content);
}

TEST(usage_is_found_where_servers_put_it)
{
    struct peek_answer p =
        peek("{\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\","
             "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2,\"cached_tokens\":3}}]}");

    CHECK(p.has_usage && !p.usage_only);
    CHECK_EQ(p.usage.prompt, 7);
    CHECK_EQ(p.usage.cached, 3);
    p = peek("{\"choices\":[{\"delta\":{}}],\"x_groq\":{\"id\":\"r\",\"usage\":{"
             "\"prompt_tokens\":5,\"completion_tokens\":2}}}");
    CHECK(p.has_usage && p.usage.prompt == 5);
    p = peek("{\"x_groq\":{\"usage\":{\"prompt_tokens\":5}},\"usage\":{\"prompt_tokens\":6}}");
    CHECK_EQ(p.usage.prompt, 6);
}

TEST(texts_are_given_unescaped)
{
    check_texts("{\"choices\":[{\"delta\":{\"content\":\"a\\\"b\",\"x\":\"\\\"content\\\":"
                "\\\"no\\\"\"}},{\"delta\":{\"content\":null,\"reasoning_content\" : \"think\"}}]}",
                "a\"b|think|");
    check_texts("{\"choices\":[{\"text\":\"\\u4f60\\u597d\\n\\ud83d\\ude00\"}]}",
                "\xe4\xbd\xa0\xe5\xa5\xbd\n\xf0\x9f\x98\x80|");
    check_texts("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"id\":\"c\",\"function\":{\"name\":"
                "\"f\",\"arguments\":\"{\\\"a\\\":1}\"}},{\"function\":{\"arguments\":{\"b\":2}}}]"
                "}}]}",
                "f|{\"a\":1}|{\"b\":2}|");
    check_texts("{\"choices\":[{\"delta\":{\"content\":[{\"type\":\"thinking\",\"thinking\":["
                "{\"type\":\"text\",\"text\":\"deep\"}]},{\"type\":\"text\",\"text\":\"out\"}]}}]}",
                "deep|out|");
}

TEST(tool_calls_of_the_fullest_choice_are_counted)
{
    CHECK_EQ(peek("{\"choices\":[{\"delta\":{\"tool_calls\":[{},{}]}},"
                  "{\"delta\":{\"tool_calls\":[{}]}}]}")
                 .tool_calls,
             2);
    CHECK_EQ(peek("{\"choices\":[{\"delta\":{\"tool_calls\":null}}]}").tool_calls, 0);
}

/* What is left of `json` without its usage member. */
static void check_without_usage(const char *json, const char *want)
{
    struct str text = str_from(json);
    struct peek_answer p = peek(json);
    struct sb sb;

    sb_init(&sb, 10000);
    sb_add(&sb, str_make(text.p, (size_t)(p.usage_member.p - text.p)));
    sb_add(&sb, str_skip(text, (size_t)(p.usage_member.p - text.p) + p.usage_member.n));
    CHECK_STR(sb_str(&sb), want);
    sb_fini(&sb);
}

TEST(the_usage_member_is_told_with_its_comma)
{
    check_without_usage("{\"a\":1,\"usage\":null}", "{\"a\":1}");
    check_without_usage("{\"a\":1, \"usage\" : null , \"b\":2}", "{\"a\":1 , \"b\":2}");
    check_without_usage("{\"usage\":null,\"b\":[{\"c\":1,\"d\":2}]}",
                        "{\"b\":[{\"c\":1,\"d\":2}]}");
    check_without_usage("{\"usage\":null}", "{}");
    CHECK(peek("{\"choices\":[{\"a\":1,\"usage\":null}]}").usage_member.p == NULL);
}

TEST(what_is_no_json_object_holds_nothing)
{
    static const char *const broken[] = {
        "",          "<html>", "[]",       "{\"error\":{\"a\":1}",   "{\"error\":\"x\"} y",
        "{\"a\" 1}", "{,}",    "{\"a\":}", "{\"error\":{\"a\":1},}", "{\"error\":\"x\" \"b\":1}",
    };

    for (size_t i = 0; i < ARRAY_LEN(broken); i++) {
        struct peek_answer p = peek(broken[i]);

        CHECK(!p.has_usage && !p.has_error && !p.has_content && !p.has_finish);
        CHECK(!p.usage_only && !p.has_null_usage && p.tool_calls == 0);
        CHECK(p.usage_member.p == NULL);
    }
}

TEST(a_chunk_that_is_cut_anywhere_holds_nothing)
{
    static const char whole[] =
        "{\"choices\":[{\"delta\":{\"content\":\"x\\u4f60\",\"tool_calls\":[{\"function\":{"
        "\"name\":"
        "\"f\"}}]},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":1}}";
    struct peek_answer p;

    for (size_t n = 0; n < sizeof whole - 1; n++) {
        peek_answer(str_make(whole, n), NULL, NULL, &p);
        CHECK(!p.has_content && !p.has_finish && !p.has_usage);
    }
    CHECK(peek(whole).has_content && peek(whole).has_usage && peek(whole).has_finish);
}

TEST_MAIN(a_chunk_tells_what_it_holds, whatever_the_client_pays_for_is_content,
          usage_is_found_where_servers_put_it, texts_are_given_unescaped,
          tool_calls_of_the_fullest_choice_are_counted, the_usage_member_is_told_with_its_comma,
          what_is_no_json_object_holds_nothing, a_chunk_that_is_cut_anywhere_holds_nothing)
