#include "model/override.h"

#include "base/sb.h"
#include "base/test.h"

struct fx {
    struct arena a;
    struct override_headers headers;
    struct override_refusal refusal;
    struct err err;
    enum err_code rc;
};

/* Headers of the client in the tests. */
static struct str client_header(const void *ctx, struct str name)
{
    static const char *const headers[][2] = {{"X-Trace", "t-1"},
                                             {"User-Agent", "cli/2"},
                                             {"Authorization", "Bearer sk-client"},
                                             {"X-Empty", ""}};

    CHECK(ctx == NULL);
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        if (str_eq_nocase(name, str_from(headers[i][0])))
            return str_from(headers[i][1]);
    }
    return STR_NULL;
}

static const struct override *read_in(struct fx *f, const char *text)
{
    const struct override *o;
    const struct json *root;

    CHECK_EQ(json_read(&f->a, str_from(text), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    f->rc = override_read(&f->a, root, &o, &f->err);
    CHECK((o != NULL) == (f->rc == ERR_OK));
    return o;
}

/* The steps over the body, as the second attempt of a request. */
static struct str apply(struct fx *f, const char *ops, struct str body)
{
    const struct override_call call = {.path = STR("/v1/chat/completions"),
                                       .requested_model = STR("asked"),
                                       .upstream_model = STR("mapped"),
                                       .attempt = 1,
                                       .key = STR("sk-up"),
                                       .client_header = client_header};
    const struct override *o = read_in(f, arena_fmt(&f->a, "{\"operations\":[%s]}", ops).p);

    if (!o)
        fail_msg("%s: %s", ops, f->err.msg);
    f->rc = override_apply(o, &call, &f->a, &body, &f->headers, &f->refusal, &f->err);
    return body;
}

static void open_fx(struct fx *f)
{
    *f = (struct fx){.rc = ERR_OK};
    arena_init(&f->a, 0);
    override_header_set(&f->a, &f->headers, STR("Authorization"), STR("Bearer sk-up"));
    override_header_set(&f->a, &f->headers, STR("Accept"), STR("a/b"));
}

struct edit {
    const char *ops, *body, *want;
};

static void check_edits(const struct edit *edits, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct fx f;
        struct str out;

        open_fx(&f);
        out = apply(&f, edits[i].ops, str_from(edits[i].body));
        if (f.rc != ERR_OK || !str_eq(out, str_from(edits[i].want)))
            print_error("%s\n", edits[i].ops);
        CHECK_EQ(f.rc, ERR_OK);
        CHECK_STR(out, edits[i].want);
        CHECK(!f.refusal.refused);
        arena_fini(&f.a);
    }
}

#define CHECK_EDITS(...)                                                                           \
    do {                                                                                           \
        static const struct edit edits[] = {__VA_ARGS__};                                          \
        check_edits(edits, ARRAY_LEN(edits));                                                      \
    } while (0)
#define OP(mode, rest) "{\"mode\":\"" mode "\"," rest "}"
#define AT(path)       "\"path\":\"" path "\","

TEST(members_beside_the_operations_are_set_at_the_top)
{
    struct fx f;
    const struct override *o;

    open_fx(&f);
    o = read_in(&f, "{\"temperature\":0.5,\"operations\":[{\"mode\":\"delete\",\"path\":\"a\"}],"
                    "\"e\\u0078tra\":{\"x\":[]}}");
    CHECK(o != NULL);
    CHECK_EQ(o->member_count, 2);
    CHECK_STR(o->members[0].name, "temperature");
    CHECK_STR(o->members[1].name, "extra");
    CHECK_STR(o->members[1].value, "{\"x\":[]}");
    CHECK_EQ(o->op_count, 1);
    o = read_in(&f, "{\"n\":1}");
    CHECK(o && o->op_count == 0 && o->member_count == 1);
    arena_fini(&f.a);
}

TEST(set_and_delete_change_places)
{
    CHECK_EDITS(
        {OP("set", AT("temperature") "\"value\":0.70"), "{\"n\":1}",
         "{\"n\":1,\"temperature\":0.70}"},
        {OP("set", AT("a.-1.b") "\"value\":[1]"), "{\"a\":[{},{\"b\":2}]}",
         "{\"a\":[{},{\"b\":[1]}]}"},
        {OP("set", AT("a.b.c") "\"value\":null"), "{}", "{\"a\":{\"b\":{\"c\":null}}}"},
        {OP("set", AT("a") "\"value\":2,\"keep_origin\":true"), "{ \"a\": 1 }", "{ \"a\": 1 }"},
        {OP("set", AT("b") "\"value\":2,\"keep_origin\":true"), "{\"a\":1}", "{\"a\":1,\"b\":2}"},
        {OP("set", AT("a.b") "\"value\":2"), "{ \"a\":\"text\" }", "{ \"a\":\"text\" }"},
        {OP("delete", AT("a.0") "\"x\":0"), "{\"a\":[1,2],\"b\":1}", "{\"a\":[2],\"b\":1}"},
        {OP("delete", AT("x.y") "\"x\":0"), "{ \"a\":1}", "{ \"a\":1}"});
}

TEST(move_and_copy_take_a_value_elsewhere)
{
    CHECK_EDITS({OP("move", "\"from\":\"max_tokens\",\"to\":\"max_completion_tokens\""),
                 "{\"max_tokens\":5,\"n\":1}", "{\"n\":1,\"max_completion_tokens\":5}"},
                {OP("copy", "\"from\":\"a.0\",\"to\":\"b.c\""), "{\"a\":[{\"x\": 1}]}",
                 "{\"a\":[{\"x\": 1}],\"b\":{\"c\":{\"x\": 1}}}"},
                {OP("move", "\"from\":\"none\",\"to\":\"b\""), "{ }", "{ }"},
                {OP("move", "\"from\":\"a\",\"to\":\"b\",\"keep_origin\":true"),
                 "{ \"a\":1,\"b\":2}", "{ \"a\":1,\"b\":2}"},
                {OP("move", "\"from\":\"a\",\"to\":\"a\""), "{\"a\":1}", "{\"a\":1}"},
                {OP("move", "\"from\":\"a.b\",\"to\":\"a\""), "{\"a\":{\"b\":{\"b\":1}}}",
                 "{\"a\":{\"b\":1}}"},
                {OP("move", "\"from\":\"a\",\"to\":\"a.c\""), "{\"a\":{\"b\":1}}",
                 "{\"a\":{\"b\":1,\"c\":{\"b\":1}}}"},
                {OP("copy", "\"from\":\"a\",\"to\":\"b\"") "," OP("set", AT("a.x") "\"value\":2"),
                 "{\"a\":{\"x\":1}}", "{\"a\":{\"x\":2},\"b\":{\"x\":1}}"});
}

TEST(prepend_and_append_add_to_texts_lists_and_objects)
{
    CHECK_EDITS(
        {OP("prepend", AT("m.0.content") "\"value\":\"Hi \\n\""), "{\"m\":[{\"content\":\"x\"}]}",
         "{\"m\":[{\"content\":\"Hi \\nx\"}]}"},
        {OP("append", AT("s") "\"value\":\"!\""), "{\"s\":\"\\u00e9\"}", "{\"s\":\"é!\"}"},
        {OP("prepend", AT("l") "\"value\":[1,2]"), "{\"l\":[3]}", "{\"l\":[1,2,3]}"},
        {OP("append", AT("l") "\"value\":{\"a\":1}"), "{\"l\":[3]}", "{\"l\":[3,{\"a\":1}]}"},
        {OP("append", AT("l") "\"value\":[1,2]"), "{\"l\":[]}", "{\"l\":[1,2]}"},
        {OP("append", AT("o") "\"value\":{\"a\":2,\"b\":3}"), "{\"o\":{\"a\":1}}",
         "{\"o\":{\"a\":2,\"b\":3}}"},
        {OP("prepend", AT("o") "\"value\":{\"a\":2,\"b\":3},\"keep_origin\":true"),
         "{\"o\":{\"a\":1}}", "{\"o\":{\"a\":1,\"b\":3}}"},
        {OP("append", AT("n") "\"value\":\"x\""), "{ \"n\":1}", "{ \"n\":1}"},
        {OP("append", AT("s") "\"value\":7"), "{ \"s\":\"a\"}", "{ \"s\":\"a\"}"},
        {OP("append", AT("none") "\"value\":\"x\""), "{ }", "{ }"});
}

TEST(ends_of_a_text_are_cut_and_ensured)
{
    CHECK_EDITS(
        {OP("trim_prefix", AT("m") "\"value\":\"openai/\""), "{\"m\":\"openai/openai/x\"}",
         "{\"m\":\"openai/x\"}"},
        {OP("trim_prefix", AT("m") "\"value\":\"b\""), "{ \"m\":\"ab\"}", "{ \"m\":\"ab\"}"},
        {OP("trim_suffix", AT("m") "\"value\":\"-x\""), "{\"m\":\"a-x\"}", "{\"m\":\"a\"}"},
        {OP("ensure_prefix", AT("m") "\"value\":\"p/\""), "{\"m\":\"a\"}", "{\"m\":\"p/a\"}"},
        {OP("ensure_prefix", AT("m") "\"value\":\"p/\""), "{ \"m\":\"p/a\"}", "{ \"m\":\"p/a\"}"},
        {OP("ensure_suffix", AT("m") "\"value\":\"-x\""), "{\"m\":\"a\"}", "{\"m\":\"a-x\"}"},
        {OP("ensure_suffix", AT("m") "\"value\":\"-x\""), "{ \"m\":\"a-x\"}", "{ \"m\":\"a-x\"}"},
        {OP("trim_space", AT("m") "\"x\":0"), "{\"m\":\" \\ta b\\r\\n\"}", "{\"m\":\"a b\"}"},
        {OP("trim_space", AT("m") "\"x\":0"), "{ \"m\":5}", "{ \"m\":5}"});
}

TEST(texts_are_rewritten)
{
    CHECK_EDITS(
        {OP("to_lower", AT("m") "\"x\":0"), "{\"m\":\"GPT-É\"}", "{\"m\":\"gpt-é\"}"},
        {OP("to_upper", AT("m") "\"x\":0"), "{\"m\":\"gpt-é\"}", "{\"m\":\"GPT-É\"}"},
        {OP("replace", AT("m") "\"from\":\"a\",\"to\":\"bb\""), "{\"m\":\"aca\"}",
         "{\"m\":\"bbcbb\"}"},
        {OP("replace", AT("m") "\"from\":\"a\""), "{\"m\":\"aca\"}", "{\"m\":\"c\"}"},
        {OP("replace", AT("m") "\"from\":\".\",\"to\":\"x\""), "{ \"m\":\"a\"}", "{ \"m\":\"a\"}"},
        {OP("regex_replace", AT("m") "\"from\":\"^gpt-(\\\\d)\",\"to\":\"v$1\""),
         "{\"m\":\"gpt-4o\"}", "{\"m\":\"v4o\"}"},
        {OP("regex_replace", AT("m") "\"from\":\"\\\\s+\",\"to\":\"\\\"\""), "{\"m\":\"a b  c\"}",
         "{\"m\":\"a\\\"b\\\"c\"}"});
}

TEST(one_step_sees_what_the_one_before_made)
{
    CHECK_EDITS(
        {OP("set", AT("m") "\"value\":\" GPT \"") "," OP("trim_space", AT("m") "\"x\":0") "," OP(
             "to_lower",
             AT("m") "\"x\":0") "," OP("append",
                                       AT("m") "\"value\":\"-4\"") "," OP("copy",
                                                                          "\"from\":\"m\",\"to\":"
                                                                          "\"n\"") "," OP("set",
                                                                                          AT("see"
                                                                                             "n") "\"value\":true,\"conditions\":[{\"path\":\"n\","
                                                                                                  "\"value\":\"gpt-4\"}]"),
         "{}", "{\"m\":\"gpt-4\",\"n\":\"gpt-4\",\"seen\":true}"});
}

TEST(objects_are_pruned)
{
    static const char body[] =
        "{\"m\":[{\"type\":\"a\",\"k\":{\"type\":\"b\"}},{\"c\":[{\"type\":\"b\",\"n\":2},"
        "{\"type\":\"b\",\"n\":1}]}],\"type\":\"b\"}";

    CHECK_EDITS(
        {OP("prune_objects", "\"value\":\"b\""), body,
         "{\"m\":[{\"type\":\"a\"},{\"c\":[]}],\"type\":\"b\"}"},
        {OP("prune_objects", AT("m.-1.c") "\"value\":{\"type\":\"b\",\"conditions\":["
                                          "{\"path\":\"n\",\"mode\":\"gt\",\"value\":1}]}"),
         body,
         "{\"m\":[{\"type\":\"a\",\"k\":{\"type\":\"b\"}},{\"c\":[{\"type\":\"b\",\"n\":1}]}],"
         "\"type\":\"b\"}"},
        {OP("prune_objects", "\"value\":{\"where\":{\"type\":\"b\",\"n\":1}}"), body,
         "{\"m\":[{\"type\":\"a\",\"k\":{\"type\":\"b\"}},{\"c\":[{\"type\":\"b\",\"n\":2}]}],"
         "\"type\":\"b\"}"},
        {OP("prune_objects", AT("m") "\"value\":{\"recursive\":false,\"logic\":\"or\",\"where\":{"
                                     "\"type\":\"a\",\"n\":1}}"),
         body,
         "{\"m\":[{\"c\":[{\"type\":\"b\",\"n\":2},{\"type\":\"b\",\"n\":1}]}],"
         "\"type\":\"b\"}"},
        {OP("prune_objects", "\"value\":\"z\""), "{ \"a\":[{}]}", "{ \"a\":[{}]}"},
        {OP("prune_objects", AT("q") "\"value\":\"z\""), "{ \"a\":1}", "{ \"a\":1}"});
}

/* ---- conditions ---- */

/* Does the condition hold of the body? */
static bool holds(const char *conditions)
{
    static const char body[] = "{\"s\":\"gpt-4o\",\"n\":2.0,\"b\":true,\"z\":null,\"l\":[1,\"x\"]}";
    struct fx f;
    struct str out;
    bool changed;

    open_fx(&f);
    out = apply(&f, arena_fmt(&f.a, "{\"mode\":\"delete\",\"path\":\"n\",%s}", conditions).p,
                str_from(body));
    CHECK_EQ(f.rc, ERR_OK);
    changed = !str_eq(out, str_from(body));
    arena_fini(&f.a);
    return changed;
}

#define C(path, rest)     "{\"path\":\"" path "\"," rest "}"
#define HOLDS(path, rest) CHECK(holds("\"conditions\":[" C(path, rest) "]"))
#define FAILS(path, rest) CHECK(!holds("\"conditions\":[" C(path, rest) "]"))
#define MODE(mode, value) "\"mode\":\"" mode "\",\"value\":" value

TEST(conditions_compare_texts)
{
    HOLDS("s", "\"value\":\"gpt-4o\"");
    FAILS("s", "\"value\":\"gpt-4\"");
    HOLDS("s", MODE("prefix", "\"gpt\""));
    FAILS("s", MODE("prefix", "\"pt\""));
    HOLDS("s", MODE("suffix", "\"4o\""));
    FAILS("s", MODE("suffix", "\"4\""));
    HOLDS("s", MODE("contains", "\"t-\""));
    FAILS("s", MODE("contains", "\"T-\""));
    HOLDS("l", MODE("contains", "\"\\\"x\\\"\""));
    HOLDS("n", MODE("prefix", "\"2.\""));
}

TEST(conditions_compare_values)
{
    HOLDS("n", MODE("full", "2"));
    FAILS("n", MODE("full", "\"2.0\""));
    HOLDS("b", MODE("full", "true"));
    FAILS("b", MODE("full", "false"));
    HOLDS("z", MODE("full", "null"));
    FAILS("s", MODE("full", "null"));
    HOLDS("l.-1", MODE("full", "\"x\""));
    HOLDS("n", MODE("gt", "1.5"));
    FAILS("n", MODE("gt", "2"));
    HOLDS("n", MODE("gte", "2"));
    FAILS("n", MODE("gte", "2.1"));
    HOLDS("n", MODE("lt", "3"));
    FAILS("n", MODE("lt", "2"));
    HOLDS("n", MODE("lte", "2"));
    FAILS("n", MODE("lte", "1"));
    FAILS("s", MODE("lt", "1"));
}

TEST(conditions_can_be_turned_round_and_pass_what_is_missing)
{
    FAILS("s", MODE("prefix", "\"gpt\"") ",\"invert\":true");
    HOLDS("s", MODE("prefix", "\"x\"") ",\"invert\":true");
    FAILS("q", MODE("full", "1"));
    FAILS("q", MODE("full", "1") ",\"invert\":true");
    HOLDS("q", MODE("full", "1") ",\"pass_missing_key\":true");
    HOLDS("l.7", MODE("full", "1") ",\"pass_missing_key\":true");
    FAILS("n", MODE("full", "1") ",\"pass_missing_key\":true");
}

TEST(conditions_are_joined_by_or_unless_and_is_said)
{
#define YES C("n", MODE("full", "2"))
#define NO  C("n", MODE("full", "3"))
    CHECK(holds("\"conditions\":[]"));
    CHECK(holds("\"conditions\":null,\"logic\":\"AND\""));
    CHECK(holds("\"conditions\":[" NO "," YES "]"));
    CHECK(holds("\"conditions\":[" NO "," YES "],\"logic\":\"OR\""));
    CHECK(!holds("\"conditions\":[" NO "," NO "]"));
    CHECK(!holds("\"conditions\":[" YES "," NO "],\"logic\":\"AND\""));
    CHECK(holds("\"conditions\":[" YES "," YES "],\"logic\":\"and\""));
}

TEST(conditions_look_beside_the_body_for_what_is_not_in_it)
{
    HOLDS("original_model", MODE("full", "\"asked\""));
    HOLDS("upstream_model", MODE("full", "\"mapped\""));
    HOLDS("model", MODE("full", "\"mapped\""));
    HOLDS("request_path", MODE("suffix", "\"/completions\""));
    HOLDS("retry_index", MODE("gte", "1"));
    HOLDS("is_retry", MODE("full", "true"));
    HOLDS("is_channel_test", MODE("full", "false"));
    HOLDS("request_headers.user-agent", MODE("prefix", "\"cli/\""));
    FAILS("request_headers.none", MODE("prefix", "\"\""));
}

/* ---- headers ---- */

static void check_headers(const char *ops, const char *want)
{
    struct fx f;
    struct sb sb;
    struct str body = STR("{ \"user\":\"u1\",\"bad\":\"a\\nb\",\"o\":{}}");

    open_fx(&f);
    CHECK_STR(apply(&f, ops, body), body.p);
    CHECK_EQ(f.rc, ERR_OK);
    sb_init(&sb, 4096);
    for (size_t i = 0; i < f.headers.n; i++)
        sb_fmt(&sb, "%.*s=%.*s;", STR_ARG(f.headers.at[i].name), STR_ARG(f.headers.at[i].value));
    CHECK_STR(sb_str(&sb), want);
    sb_fini(&sb);
    arena_fini(&f.a);
}

#define UP "Authorization=Bearer sk-up;Accept=a/b;"

TEST(headers_are_set_and_deleted)
{
    check_headers(OP("set_header", AT("X-A") "\"value\":\"k {api_key}\""), UP "X-A=k sk-up;");
    check_headers(OP("set_header", AT("accept") "\"value\":5"),
                  "Authorization=Bearer sk-up;accept=5;");
    check_headers(OP("set_header", AT("accept") "\"value\":\"x\",\"keep_origin\":true"), UP);
    check_headers(OP("delete_header", AT("AUTHORIZATION") "\"x\":0"), "Accept=a/b;");
    check_headers(OP("delete_header", AT("X-None") "\"x\":0"), UP);
}

TEST(headers_are_copied_and_moved)
{
    check_headers(OP("copy_header", "\"from\":\"Authorization\",\"to\":\"X-Auth\""),
                  UP "X-Auth=Bearer sk-up;");
    check_headers(OP("copy_header", "\"from\":\"x-trace\",\"to\":\"X-Id\""), UP "X-Id=t-1;");
    check_headers(OP("copy_header", AT("x-trace") "\"x\":0"), UP "x-trace=t-1;");
    check_headers(OP("copy_header", "\"from\":\"x-trace\",\"to\":\"Accept\",\"keep_origin\":true"),
                  UP);
    check_headers(OP("move_header", "\"from\":\"accept\",\"to\":\"X-B\""),
                  "Authorization=Bearer sk-up;X-B=a/b;");
    check_headers(OP("move_header", "\"from\":\"X-None\",\"to\":\"X-B\""), UP);
    check_headers(OP("move_header", "\"from\":\"accept\",\"to\":\"Accept\""),
                  "Authorization=Bearer sk-up;Accept=a/b;");
}

TEST(headers_of_the_client_are_passed_but_for_its_credentials)
{
    check_headers(OP("pass_headers", "\"value\":[\"X-Trace\",\"user-agent\",\"X-None\"]"),
                  UP "X-Trace=t-1;user-agent=cli/2;");
    check_headers(OP("pass_headers", "\"value\":\"x-trace, x-empty\""), UP "x-trace=t-1;");
    /* Its key is out of reach in every way: the channel's own is taken away first. */
    check_headers(
        OP("delete_header", AT("authorization") "\"x\":0") "," OP(
            "copy_header",
            "\"from\":\"authorization\",\"to\":\"X-A\"") "," OP("sync_fields",
                                                                "\"from\":\"header:authorization\","
                                                                "\"to\":\"json:key\""),
        "Accept=a/b;");
}

TEST(fields_are_synchronised_both_ways)
{
    CHECK_EDITS({OP("sync_fields", "\"from\":\"header:X-Trace\",\"to\":\"json:meta.trace\""), "{}",
                 "{\"meta\":{\"trace\":\"t-1\"}}"},
                {OP("sync_fields", "\"from\":\"a\",\"to\":\"json:b\""), "{\"b\":7,\"a\":\"\"}",
                 "{\"b\":7,\"a\":7}"},
                {OP("sync_fields", "\"from\":\"a\",\"to\":\"b\""), "{ \"a\":1,\"b\":2}",
                 "{ \"a\":1,\"b\":2}"},
                {OP("sync_fields", "\"from\":\"a\",\"to\":\"b\""), "{ }", "{ }"});
    check_headers(OP("sync_fields", "\"from\":\"header:X-User\",\"to\":\"json:user\""),
                  UP "X-User=u1;");
    check_headers(OP("sync_fields", "\"from\":\"header:X-User\",\"to\":\"json:bad\""), UP);
    check_headers(OP("sync_fields", "\"from\":\"header:X-User\",\"to\":\"json:o\""), UP);
}

/* ---- refusals, bounds, and what is no JSON ---- */

TEST(a_request_is_refused_with_the_operators_words)
{
    struct fx f;

    open_fx(&f);
    apply(&f, OP("return_error", "\"value\":\"no\"") "," OP("set", AT("a") "\"value\":1"),
          STR("{}"));
    CHECK(f.refusal.refused && !f.refusal.retry);
    CHECK_EQ(f.refusal.status, 400);
    CHECK_STR(f.refusal.message, "no");
    CHECK_STR(f.refusal.type, "invalid_request_error");
    CHECK_EQ(f.refusal.code.n, 0);
    apply(&f,
          OP("return_error", "\"value\":{\"message\":\"m\",\"status_code\":429,\"code\":\"c\","
                             "\"type\":\"t\",\"skip_retry\":false}"),
          STR("{}"));
    CHECK(f.refusal.refused && f.refusal.retry);
    CHECK_EQ(f.refusal.status, 429);
    CHECK_STR(f.refusal.type, "t");
    CHECK_STR(f.refusal.code, "c");
    apply(&f, OP("return_error", "\"value\":\"no\",\"conditions\":[" NO "]"), STR("{}"));
    CHECK(!f.refusal.refused);
    arena_fini(&f.a);
}

TEST(what_explodes_is_an_error)
{
    struct fx f;

    open_fx(&f);
    apply(&f, OP("regex_replace", AT("s") "\"from\":\"(a|a?)+[^a]\""),
          STR("{\"s\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"}"));
    CHECK_EQ(f.rc, ERR_CONVERT);
    CHECK(strstr(f.err.msg, "param_override") != NULL);
#define TEN(x) x "," x "," x "," x "," x "," x "," x "," x "," x "," x
#define GROW                                                                                       \
    OP("replace",                                                                                  \
       AT("s") "\"from\":\"a\",\"to\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"")
    apply(&f, TEN(GROW), STR("{\"s\":\"a\"}"));
    CHECK_EQ(f.rc, ERR_CONVERT);
    arena_fini(&f.a);
}

TEST(a_body_that_is_no_json_is_left_alone)
{
    struct fx f;

    open_fx(&f);
    CHECK_STR(
        apply(&f, OP("set", AT("a") "\"value\":1") "," OP("set_header", AT("X") "\"value\":\"1\""),
              STR("--boundary")),
        "--boundary");
    CHECK_EQ(f.rc, ERR_OK);
    CHECK_EQ(f.headers.n, 3);
    arena_fini(&f.a);
}

TEST(what_cannot_be_done_is_refused_when_it_is_read)
{
    static const char *const bad[] = {
        "5",
        "[5]",
        "[{\"path\":\"a\"}]",
        "[{\"mode\":\"sett\",\"path\":\"a\",\"value\":1}]",
        "[{\"mode\":\"set\",\"value\":1}]",
        "[{\"mode\":\"set\",\"path\":\"a..b\",\"value\":1}]",
        "[{\"mode\":\"set\",\"path\":\"a\"}]",
        "[{\"mode\":\"delete\"}]",
        "[{\"mode\":\"move\",\"from\":\"a\"}]",
        "[{\"mode\":\"copy\",\"to\":\"a\"}]",
        "[{\"mode\":\"append\",\"path\":\"a\"}]",
        "[{\"mode\":\"trim_prefix\",\"path\":\"a\",\"value\":\"\"}]",
        "[{\"mode\":\"ensure_suffix\",\"path\":\"a\",\"value\":5}]",
        "[{\"mode\":\"replace\",\"path\":\"a\",\"from\":\"\"}]",
        "[{\"mode\":\"regex_replace\",\"path\":\"a\",\"from\":\"(\"}]",
        "[{\"mode\":\"regex_replace\",\"path\":\"a\",\"from\":\"a\",\"to\":\"${\"}]",
        "[{\"mode\":\"return_error\",\"value\":\"\"}]",
        "[{\"mode\":\"return_error\",\"value\":{\"code\":\"x\"}}]",
        "[{\"mode\":\"return_error\",\"value\":{\"message\":\"x\",\"status_code\":200}}]",
        "[{\"mode\":\"prune_objects\"}]",
        "[{\"mode\":\"prune_objects\",\"value\":{}}]",
        "[{\"mode\":\"set_header\",\"path\":\"a b\",\"value\":\"x\"}]",
        "[{\"mode\":\"set_header\",\"path\":\"a\",\"value\":{}}]",
        "[{\"mode\":\"delete_header\"}]",
        "[{\"mode\":\"copy_header\",\"from\":\"a\"}]",
        "[{\"mode\":\"pass_headers\",\"value\":[]}]",
        "[{\"mode\":\"pass_headers\",\"value\":[\"Authorization\"]}]",
        "[{\"mode\":\"pass_headers\",\"value\":\"cookie\"}]",
        "[{\"mode\":\"sync_fields\",\"from\":\"header:\",\"to\":\"a\"}]",
        "[{\"mode\":\"sync_fields\",\"from\":\"a\"}]",
        "[{\"mode\":\"delete\",\"path\":\"a\",\"logic\":\"XOR\"}]",
        "[{\"mode\":\"delete\",\"path\":\"a\",\"conditions\":{}}]",
        "[{\"mode\":\"delete\",\"path\":\"a\",\"conditions\":[{\"value\":1}]}]",
        "[{\"mode\":\"delete\",\"path\":\"a\",\"conditions\":[{\"path\":\"b\"}]}]",
        ("[{\"mode\":\"delete\",\"path\":\"a\",\"conditions\":[{\"path\":\"b\",\"value\":1,"
         "\"mode\":\"like\"}]}]"),
        ("[{\"mode\":\"delete\",\"path\":\"a\",\"conditions\":[{\"path\":\"b\",\"value\":\"1\","
         "\"mode\":\"gt\"}]}]"),
    };
    struct fx f;

    open_fx(&f);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        f.err.msg[0] = '\0';
        if (read_in(&f, arena_fmt(&f.a, "{\"operations\":%s}", bad[i]).p))
            fail_msg("%s was taken", bad[i]);
        CHECK_EQ(f.rc, ERR_BAD_REQUEST);
        CHECK(strstr(f.err.msg, "operations") == f.err.msg);
    }
    CHECK(!read_in(&f, "{\"operations\":[{\"mode\":\"delete\",\"path\":\"a\"},{\"mode\":\"x\"}]}"));
    CHECK_STR(str_from(f.err.msg), "operations[1]: mode 未知 (unknown mode): x");
    arena_fini(&f.a);
}

TEST_MAIN(members_beside_the_operations_are_set_at_the_top, set_and_delete_change_places,
          move_and_copy_take_a_value_elsewhere, prepend_and_append_add_to_texts_lists_and_objects,
          ends_of_a_text_are_cut_and_ensured, texts_are_rewritten,
          one_step_sees_what_the_one_before_made, objects_are_pruned, conditions_compare_texts,
          conditions_compare_values, conditions_can_be_turned_round_and_pass_what_is_missing,
          conditions_are_joined_by_or_unless_and_is_said,
          conditions_look_beside_the_body_for_what_is_not_in_it, headers_are_set_and_deleted,
          headers_are_copied_and_moved, headers_of_the_client_are_passed_but_for_its_credentials,
          fields_are_synchronised_both_ways, a_request_is_refused_with_the_operators_words,
          what_explodes_is_an_error, a_body_that_is_no_json_is_left_alone,
          what_cannot_be_done_is_refused_when_it_is_read)
