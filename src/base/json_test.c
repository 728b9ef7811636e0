#include "base/json.h"

#include <dirent.h>
#include <math.h>

#include "base/mem.h"
#include "base/sb.h"
#include "base/test.h"

/* Reads with the default depth; NULL when it is refused. */
static const struct json *read_in(struct arena *a, struct str text)
{
    const struct json *root;

    return json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK ? root : NULL;
}

/* Accepted by the reader; the search for members must agree where it can. */
static bool accepts(struct str text)
{
    CLEANUP(arena_finip) struct arena a;
    struct str key = STR("a"), found;

    arena_init(&a, 0);
    const struct json *root = read_in(&a, text);
    bool finds = json_find_members(text, &key, &found, 1, NULL) == ERR_OK;
    CHECK_EQ(finds, json_is(root, JSON_OBJECT));
    if (finds)
        CHECK(str_eq(found, json_raw(json_get(root, key))));
    return root != NULL;
}

#define GOOD(lit) CHECK(accepts(STR(lit)))
#define BAD(lit)  CHECK(!accepts(STR(lit)))

TEST(each_type_is_read)
{
    CLEANUP(arena_finip) struct arena a;
    bool flag;
    double d;

    arena_init(&a, 0);
    const struct json *root =
        read_in(&a, STR(" {\"s\":\"x\",\"n\":-1.5e2,\"t\":true,\"f\":false,\"z\":null,"
                        "\"a\":[1,[],{}],\"o\":{\"k\":0}} "));
    CHECK(json_is(root, JSON_OBJECT));
    CHECK_EQ(json_count(root), 7);
    CHECK_STR(json_str_or_null(&a, json_get(root, STR("s"))), "x");
    CHECK(json_f64(json_get(root, STR("n")), &d) && fabs(d + 150) < 1e-9);
    CHECK(json_bool(json_get(root, STR("t")), &flag) && flag);
    CHECK(json_bool(json_get(root, STR("f")), &flag) && !flag);
    CHECK(json_is(json_get(root, STR("z")), JSON_NULL));
    CHECK_EQ(json_count(json_get(root, STR("a"))), 3);
    CHECK_STR(json_raw(json_get(root, STR("a"))), "[1,[],{}]");
    CHECK_STR(json_raw(json_get(json_get(root, STR("o")), STR("k"))), "0");
}

TEST(every_accessor_takes_null)
{
    CLEANUP(arena_finip) struct arena a;
    struct str s = STR("was");
    int64_t i = 7;
    double d = 7;
    bool b = true;
    int runs = 0;

    arena_init(&a, 0);
    CHECK(!json_is(NULL, JSON_NULL) && json_raw(NULL).p == NULL && json_count(NULL) == 0);
    CHECK(!json_get(json_get(NULL, STR("a")), STR("b")) && !json_at(NULL, 0));
    CHECK(!json_str(&a, NULL, &s) && s.p == NULL && json_str_or_null(&a, NULL).p == NULL);
    CHECK(!json_str_eq(NULL, STR("")) && !json_i64(NULL, &i) && i == 0);
    CHECK(!json_f64(NULL, &d) && d >= 0 && d <= 0 && !json_bool(NULL, &b) && !b);
    CHECK(json_i64_or(NULL, 9) == 9 && json_bool_or(NULL, true));
    JSON_EACH (item, NULL)
        runs++;
    JSON_EACH_MEMBER (key, value, NULL)
        runs++;
    CHECK_EQ(runs, 0);
}

TEST(accessors_refuse_other_types)
{
    CLEANUP(arena_finip) struct arena a;
    struct str s;
    int64_t i;
    double d;
    bool b;

    arena_init(&a, 0);
    const struct json *root = read_in(&a, STR("[\"1\", true, 1, null, {\"a\":1}]"));
    CHECK(!json_i64(json_at(root, 0), &i) && !json_f64(json_at(root, 0), &d));
    CHECK(!json_bool(json_at(root, 0), &b) && !json_bool(json_at(root, 2), &b));
    CHECK(!json_str(&a, json_at(root, 2), &s) && !json_str_eq(json_at(root, 3), STR("null")));
    CHECK(!json_get(root, STR("a")) && !json_at(json_at(root, 4), 0));
    CHECK(json_bool_or(json_at(root, 1), false) && json_i64_or(json_at(root, 2), 5) == 1);
    CHECK_EQ(json_count(json_at(root, 0)), 0);
    JSON_EACH (item, json_at(root, 4))
        CHECK(item == NULL);
}

TEST(white_space_may_stand_everywhere_and_nothing_else)
{
    GOOD(" \t\r\n{ \"a\" \n:\t1\r, \"b\"\n\n            :\n                  [ 1 ,\n\n 2 ] } \n");
    GOOD("[\n                                        1\n    ,2                                ]");
    GOOD("[ ]");
    GOOD("{\n}");
    BAD("\v1");
    BAD("[1,\f2]");
    BAD("[1,\xC2\xA0"
        "2]");
    BAD("\xEF\xBB\xBF{}"); /* a byte order mark */
    BAD("[1]\0");
    BAD("[1 \0]");
}

TEST(one_whole_value_is_needed)
{
    BAD("");
    BAD(" ");
    BAD("1 2");
    BAD("{}{}");
    BAD("[1]]");
    BAD("[");
    BAD("{\"a\":");
    BAD("{\"a\"");
    BAD("{\"a");
    BAD("{");
    BAD("[1");
    BAD("[1,");
    BAD("tru");
    BAD("nulll");
    CHECK(!accepts(STR_NULL));
    GOOD("0");
    GOOD("\"\"");
    GOOD("null");
}

TEST(commas_and_brackets_must_fit)
{
    BAD("[1,]");
    BAD("[,1]");
    BAD("[1,,2]");
    BAD("{,}");
    BAD("{\"a\":1,}");
    BAD("{\"a\" 1}");
    BAD("{\"a\":1 \"b\":2}");
    BAD("{a:1}");
    BAD("{'a':1}");
    BAD("{1:1}");
    BAD("{\"a\":}");
    BAD("{\"a\",1}");
    BAD("[1}");
    BAD("{\"a\":[1}]");
    BAD("[\"a\":1]");
    BAD("[1] // no");
}

TEST(numbers_follow_the_grammar)
{
    GOOD("[0,-0,10,-1.0,1.25,1e5,1E+5,1e-5,0.0e0,0e1]");
    BAD("[01]");
    BAD("[-]");
    BAD("-");
    BAD("[+1]");
    BAD("[1.]");
    BAD("[.5]");
    BAD("[1e]");
    BAD("1e");
    BAD("1e+");
    BAD("1.");
    BAD("[1e+]");
    BAD("[0x1]");
    BAD("[1_0]");
    BAD("[-01]");
    BAD("[NaN]");
    BAD("[-Infinity]");
    BAD("[1.e5]");
}

TEST(strings_follow_the_grammar)
{
    GOOD("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u12aB\"");
    GOOD("\"\x7F\"");
    BAD("\"\\x41\"");
    BAD("\"\\u12g4\"");
    BAD("\"\\u123\"");
    BAD("\"\\\"");
    BAD("\"a\nb\"");
    BAD("\"a\0b\"");
    BAD("\"\\\0\"");
    BAD("\"\xC3\x28\"");
    BAD("\"\xF0\x9F\x98\""); /* a 4-byte character, cut */
    BAD("\"\xC0\xAF\"");     /* overlong */
    BAD("\"\xED\xA0\x80\""); /* a surrogate */
}

TEST(an_error_names_its_place)
{
    CLEANUP(arena_finip) struct arena a;
    const struct json *root = (const struct json *)&a;
    struct err err = {0};

    arena_init(&a, 0);
    CHECK_EQ(json_read(&a, STR("{\"a\": [1, 2,, 3]}"), 9, &root, &err), ERR_BAD_JSON);
    CHECK(root == NULL);
    CHECK_EQ(err.code, ERR_BAD_JSON);
    CHECK_STR(str_from(err.msg), "invalid JSON at byte 12: a value is missing");
    CHECK_EQ(json_read(&a, STR("[\"\xFF\"]"), 9, &root, &err), ERR_BAD_JSON);
    CHECK_STR(str_from(err.msg), "invalid JSON at byte 2: not UTF-8");
}

static struct str nested(struct arena *a, unsigned depth)
{
    char *p = arena_alloc(a, 2 * (size_t)depth);

    memset(p, '[', depth);
    memset(p + depth, ']', depth);
    return str_make(p, 2 * (size_t)depth);
}

TEST(nesting_is_limited)
{
    CLEANUP(arena_finip) struct arena a;
    const struct json *root;

    arena_init(&a, 0);
    CHECK_EQ(json_read(&a, nested(&a, 5), 5, &root, NULL), ERR_OK);
    CHECK_EQ(json_read(&a, nested(&a, 6), 5, &root, NULL), ERR_BAD_JSON);
    CHECK_EQ(json_read(&a, STR("7"), 0, &root, NULL), ERR_OK);
    CHECK_EQ(json_read(&a, STR("[]"), 0, &root, NULL), ERR_BAD_JSON);
    CHECK_EQ(json_read(&a, nested(&a, 100000), 100000, &root, NULL), ERR_OK);
    unsigned depth = 1;
    for (const struct json *v = root; v->count > 0; v = json_at(v, 0))
        depth++;
    CHECK_EQ(depth, 100000);
}

TEST(the_search_for_members_has_the_default_depth)
{
    CLEANUP(arena_finip) struct arena a;
    struct str key = STR("a"), found;

    arena_init(&a, 0);
    for (unsigned depth = JSON_DEPTH_DEFAULT - 1; depth <= JSON_DEPTH_DEFAULT; depth++) {
        struct str inner = nested(&a, depth);
        struct str text = str_concat(&a, (struct str[]){STR("{\"a\":"), inner, STR("}")}, 3);
        bool good = depth < JSON_DEPTH_DEFAULT;

        CHECK_EQ(json_find_members(text, &key, &found, 1, NULL), good ? ERR_OK : ERR_BAD_JSON);
        CHECK(str_eq(found, good ? inner : STR_NULL));
        CHECK_EQ(read_in(&a, text) != NULL, good);
    }
}

TEST(objects_and_arrays_close_as_they_were_opened_at_every_depth)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, 100000);
    for (unsigned depth = 1; depth < 190; depth += 3) {
        sb_reset(&sb);
        sb_add(&sb, STR("{\"a\":"));
        for (unsigned i = 0; i < depth; i++)
            sb_add(&sb, i % 3 ? STR("[") : STR("{\"k\":"));
        sb_add(&sb, STR("1"));
        for (unsigned i = depth; i-- > 0;)
            sb_add(&sb, i % 3 ? STR("]") : STR("}"));
        sb_add_char(&sb, '}');
        CHECK(accepts(sb_str(&sb)));
        sb.p[sb.n - 1] = ']';
        CHECK(!accepts(sb_str(&sb)));
        sb.p[sb.n - 1] = '}';
        sb.p[sb.n - 2] = sb.p[sb.n - 2] == '}' ? ']' : '}';
        CHECK(!accepts(sb_str(&sb)));
    }
}

TEST(more_nodes_than_fit_on_the_stack_are_one_array)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb sb;
    int64_t sum = 0, value;

    arena_init(&a, 0);
    sb_init(&sb, 1000000);
    for (int64_t i = 0; i < 20000; i++) {
        sb_add_char(&sb, i ? ',' : '[');
        sb_add_i64(&sb, i);
    }
    sb_add_char(&sb, ']');
    const struct json *root = read_in(&a, sb_str(&sb));
    CHECK_EQ(json_count(root), 20000);
    JSON_EACH (item, root) {
        CHECK(json_i64(item, &value));
        sum += value;
    }
    CHECK_EQ(sum, 20000 * 19999 / 2);
    CHECK_EQ(json_i64_or(json_at(root, 19999), -1), 19999);
    CHECK(json_at(root, 20000) == NULL);
}

TEST(walks_give_every_item_in_order)
{
    CLEANUP(arena_finip) struct arena a;
    char seen[64] = {0};
    size_t n = 0;

    arena_init(&a, 0);
    const struct json *root = read_in(&a, STR("[{\"a\":[1,2],\"b\":{}},[[3]],4,{}]"));
    JSON_EACH (item, root)
        seen[n++] = *item->p;
    JSON_EACH_MEMBER (key, value, json_at(root, 0)) {
        seen[n++] = key->p[1];
        seen[n++] = *value->p;
    }
    CHECK_STR(str_from(seen), "{[4{a[b{");
    CHECK_STR(json_raw(json_at(root, 2)), "4");
    CHECK_STR(json_raw(json_at(json_at(json_at(root, 1), 0), 0)), "3");
}

TEST(the_last_duplicate_wins_and_the_walk_sees_all)
{
    CLEANUP(arena_finip) struct arena a;
    struct str key = STR("a"), found;
    int seen = 0;

    arena_init(&a, 0);
    struct str text = STR("{\"a\":1,\"\":5,\"\\u0061\":2}");
    const struct json *root = read_in(&a, text);
    CHECK_EQ(json_i64_or(json_get(root, key), 0), 2);
    CHECK_EQ(json_i64_or(json_get(root, STR("")), 0), 5);
    JSON_EACH_MEMBER (name, value, root)
        seen += json_str_eq(name, key);
    CHECK_EQ(seen, 2);
    CHECK_EQ(json_find_members(text, &key, &found, 1, NULL), ERR_OK);
    CHECK_STR(found, "2");
}

TEST(members_are_found_at_the_top_only)
{
    struct str keys[] = {STR_INIT("model"), STR_INIT("stream"), STR_INIT("n"), STR_INIT("")};
    struct str found[4];

    CHECK_EQ(json_find_members(STR(" { \"x\" : {\"model\":1,\"n\":[{}]}, \"model\" : \"m\\n\" ,"
                                   "\"stream\":true, \"\": [ 1 ] } "),
                               keys, found, 4, NULL),
             ERR_OK);
    CHECK_STR(found[0], "\"m\\n\"");
    CHECK_STR(found[1], "true");
    CHECK(found[2].p == NULL);
    CHECK_STR(found[3], "[ 1 ]");
    CHECK_EQ(json_find_members(STR("{\"model\":1,}"), keys, found, 4, NULL), ERR_BAD_JSON);
    CHECK(found[0].p == NULL);
    CHECK_EQ(json_find_members(STR("[{\"model\":1}]"), keys, found, 4, NULL), ERR_BAD_JSON);
    CHECK_EQ(json_find_members(STR("{}"), keys, found, 0, NULL), ERR_OK);
}

static struct str unescaped(struct arena *a, struct str text)
{
    struct str s, again;
    const struct json *v = read_in(a, text);

    CHECK(json_str(a, v, &s));
    CHECK(json_str_eq(v, s));
    CHECK(json_unescape(a, text, &again) && str_eq(s, again));
    return s;
}

TEST(escapes_are_undone)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(unescaped(&a, STR("\"\"")), "");
    CHECK_STR(unescaped(&a, STR("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"")), "\"\\/\b\f\n\r\t");
    CHECK_STR(unescaped(&a, STR("\"x\\u0041y\\u00E9z\\u4e2d\"")), "xAy\xC3\xA9z\xE4\xB8\xAD");
    CHECK_STR(unescaped(&a, STR("\"\\uD83D\\uDE00\\uDBFF\\uDFFF\"")),
              "\xF0\x9F\x98\x80\xF4\x8F\xBF\xBF");
    CHECK(str_eq(unescaped(&a, STR("\"a\\u0000b\"")), STR("a\0b")));
    CHECK_STR(unescaped(&a, STR("\"\\u007f\\u0080\\u07ff\\u0800\\uffff\"")),
              "\x7F\xC2\x80\xDF\xBF\xE0\xA0\x80\xEF\xBF\xBF");
}

TEST(a_lone_surrogate_gives_the_replacement_character)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    CHECK_STR(unescaped(&a, STR("\"\\uD800\"")), "\xEF\xBF\xBD");
    CHECK_STR(unescaped(&a, STR("\"\\uDC00x\"")), "\xEF\xBF\xBDx");
    CHECK_STR(unescaped(&a, STR("\"\\uD800\\u0041\"")), "\xEF\xBF\xBD"
                                                        "A");
    CHECK_STR(unescaped(&a, STR("\"\\uD800\\n\"")), "\xEF\xBF\xBD\n");
    CHECK_STR(unescaped(&a, STR("\"\\uD800\\uD83D\\uDE00\"")), "\xEF\xBF\xBD\xF0\x9F\x98\x80");
    CHECK_STR(unescaped(&a, STR("\"\\uDE00\\uDE00\"")), "\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK_STR(unescaped(&a, STR("\"\\uDE00\\uD83D\"")), "\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(a_string_without_escapes_is_a_slice_of_the_text)
{
    CLEANUP(arena_finip) struct arena a;
    struct str text = STR("\"abc\"");

    arena_init(&a, 0);
    CHECK(unescaped(&a, text).p == text.p + 1);
}

TEST(only_a_whole_string_is_unescaped)
{
    CLEANUP(arena_finip) struct arena a;
    struct str s,
        bad[] = {STR_NULL,           STR_INIT("1"),        STR_INIT("\""),  STR_INIT("\"a"),
                 STR_INIT("\"\\\""), STR_INIT("\"a\"b\""), STR_INIT("null")};

    arena_init(&a, 0);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        s = STR("was");
        CHECK(!json_unescape(&a, bad[i], &s));
        CHECK(s.p == NULL);
    }
}

TEST(escaped_strings_compare_by_meaning)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    const struct json *v = read_in(&a, STR("\"a\\u00e9\\n\""));
    CHECK(json_str_eq(v, STR("a\xC3\xA9\n")));
    CHECK(!json_str_eq(v, STR("a\xC3\xA9")));
    CHECK(!json_str_eq(v, STR("a\xC3")));
    CHECK(!json_str_eq(v, STR("a\xC3\xA9\nb")));
    CHECK(!json_str_eq(v, STR("")));
}

static bool as_i64(const char *text, int64_t *out)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    return json_i64(read_in(&a, str_from(text)), out);
}

TEST(integers_are_exact_in_every_spelling)
{
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {{"0", 0},
                {"-0", 0},
                {"-0.0", 0},
                {"1.0", 1},
                {"1e2", 100},
                {"1.5e1", 15},
                {"120e-1", 12},
                {"0e999999999999999999999", 0},
                {"0.00e-5", 0},
                {"0.001e3", 1},
                {"9223372036854775807", INT64_MAX},
                {"-9223372036854775808", INT64_MIN},
                {"9223372036854775807.000", INT64_MAX},
                {"922337203685477580.7e1", INT64_MAX},
                {"9007199254740993", INT64_C(9007199254740993)},
                {"1000000000000000000000e-21", 1}};
    int64_t value;

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CHECK(as_i64(rows[i].text, &value));
        CHECK(value == rows[i].value);
    }
}

TEST(numbers_that_are_no_int64_are_refused)
{
    static const char *const bad[] = {"9223372036854775808",
                                      "-9223372036854775809",
                                      "0.5",
                                      "1e19",
                                      "1e-1",
                                      "1e400",
                                      "18446744073709551616",
                                      "15e-1",
                                      "1.0000000000000000001",
                                      "1e99999999999999999999",
                                      "1e-99999999999999999999",
                                      "-1e400"};
    int64_t value;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        value = 7;
        CHECK(!as_i64(bad[i], &value));
        CHECK(value == 0);
    }
}

TEST(doubles_are_the_nearest_and_finite)
{
    CLEANUP(arena_finip) struct arena a;
    char longest[400];
    double d;

    arena_init(&a, 0);
    CHECK(json_f64(read_in(&a, STR("0.1")), &d) && d >= 0.1 && d <= 0.1);
    CHECK(json_f64(read_in(&a, STR("-0")), &d) && signbit(d));
    CHECK(json_f64(read_in(&a, STR("5e-324")), &d) && d > 0);
    CHECK(json_f64(read_in(&a, STR("1e-999")), &d) && d >= 0 && d <= 0);
    CHECK(!json_f64(read_in(&a, STR("1e400")), &d) && d >= 0 && d <= 0);
    memset(longest, '3', sizeof longest);
    memcpy(longest, "0.", 2);
    CHECK(json_f64(read_in(&a, str_make(longest, sizeof longest)), &d));
    CHECK(d >= 1.0 / 3 && d <= 1.0 / 3);
}

TEST(big_numbers_keep_their_spelling)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    const struct json *root = read_in(&a, STR("[123456789012345678901234567890,1.10,1E400,-0]"));
    CHECK_STR(json_raw(json_at(root, 0)), "123456789012345678901234567890");
    CHECK_STR(json_raw(json_at(root, 1)), "1.10");
    CHECK_STR(json_raw(json_at(root, 2)), "1E400");
    CHECK_STR(json_raw(json_at(root, 3)), "-0");
}

TEST(every_cut_of_a_text_is_refused_and_nothing_is_read_past_it)
{
    static const char text[] =
        "{\"a\":[1,-2.5e3,\"x\\n\\u00e9 and some more text, and \xE4\xB8\xAD\","
        "true,false,null,{\"b\":{}}],\"c\":\"\\\"\"}";

    for (size_t n = 0; n < sizeof text - 1; n++) {
        char *tight = mem_alloc(n > 0 ? n : 1);

        memcpy(tight, text, n);
        CHECK(!accepts(str_make(tight, n)));
        mem_free(tight);
    }
    CHECK(accepts(STR(text)));
}

/* ---- JSONTestSuite (github.com/nst/JSONTestSuite): y_ must be accepted, n_ refused, i_ either
 * ---- */

static char *read_file(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    CLEANUP(sb_finip) struct sb sb;
    size_t got = 0;

    assert_non_null(f);
    sb_init(&sb, 10000000);
    do {
        char *at = sb_reserve(&sb, 65536);

        assert_non_null(at);
        got = fread(at, 1, 65536, f);
        sb.n += got;
    } while (got > 0);
    fclose(f);
    *n = sb.n;
    char *tight = mem_alloc(sb.n > 0 ? sb.n : 1); /* without slack, for the sanitizer */
    if (sb.n > 0)
        memcpy(tight, sb.p, sb.n);
    return tight;
}

static bool check_case(const char *dir, const char *name)
{
    char path[1024];
    size_t n;

    snprintf(path, sizeof path, "%s/%s", dir, name);
    char *text = read_file(path, &n);
    bool good = accepts(str_make(text, n));
    mem_free(text);
    if (*name == 'i' || good == (*name == 'y'))
        return true;
    print_error("%s: %s\n", name, good ? "accepted" : "refused");
    return false;
}

TEST(the_cases_of_jsontestsuite_come_out_as_they_should)
{
    const char *fixtures = getenv("FIXTURES");
    char dir[512];
    int cases = 0, wrong = 0;

    snprintf(dir, sizeof dir, "%s/json-test-suite/test_parsing",
             fixtures ? fixtures : "../shared/fixtures");
    DIR *d = opendir(dir);
    if (!d) {
        print_message("[  NOTE    ] %s is not there: JSONTestSuite is skipped\n", dir);
        skip();
        return;
    }
    for (struct dirent *entry; (entry = readdir(d)) != NULL;) {
        if (!str_ends(str_from(entry->d_name), STR(".json")))
            continue;
        cases++;
        wrong += !check_case(dir, entry->d_name);
    }
    closedir(d);
    print_message("[  NOTE    ] JSONTestSuite: %d cases, %d wrong\n", cases, wrong);
    CHECK_EQ(wrong, 0);
    CHECK(cases > 300);
}

TEST_MAIN(each_type_is_read, every_accessor_takes_null, accessors_refuse_other_types,
          white_space_may_stand_everywhere_and_nothing_else, one_whole_value_is_needed,
          commas_and_brackets_must_fit, numbers_follow_the_grammar, strings_follow_the_grammar,
          an_error_names_its_place, nesting_is_limited,
          the_search_for_members_has_the_default_depth,
          objects_and_arrays_close_as_they_were_opened_at_every_depth,
          more_nodes_than_fit_on_the_stack_are_one_array, walks_give_every_item_in_order,
          the_last_duplicate_wins_and_the_walk_sees_all, members_are_found_at_the_top_only,
          escapes_are_undone, a_lone_surrogate_gives_the_replacement_character,
          a_string_without_escapes_is_a_slice_of_the_text, only_a_whole_string_is_unescaped,
          escaped_strings_compare_by_meaning, integers_are_exact_in_every_spelling,
          numbers_that_are_no_int64_are_refused, doubles_are_the_nearest_and_finite,
          big_numbers_keep_their_spelling,
          every_cut_of_a_text_is_refused_and_nothing_is_read_past_it,
          the_cases_of_jsontestsuite_come_out_as_they_should)
