#include "base/json_tree.h"

#include "base/test.h"

struct fx {
    struct arena a;
    struct json_tree *t;
};

static void open_fx(struct fx *f, const char *text)
{
    const struct json *root;

    arena_init(&f->a, 0);
    CHECK_EQ(json_read(&f->a, str_from(text), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    f->t = json_tree_new(&f->a, root);
}

static struct json_path path_of(struct fx *f, const char *text)
{
    struct json_path path;

    CHECK(json_path_read(&f->a, str_from(text), &path));
    return path;
}

static const struct json *value_of(struct fx *f, const char *text)
{
    const struct json *value;

    CHECK_EQ(json_read(&f->a, str_from(text), JSON_DEPTH_DEFAULT, &value, NULL), ERR_OK);
    return value;
}

static struct json_node *find(struct fx *f, const char *path)
{
    struct json_path p = path_of(f, path);

    return json_tree_find(f->t, json_tree_root(f->t), &p);
}

static bool set(struct fx *f, const char *path, const char *value)
{
    struct json_path p = path_of(f, path);

    return json_tree_set(f->t, json_tree_root(f->t), &p, value_of(f, value));
}

static struct str text_of(struct fx *f, struct json_node *node)
{
    struct sb sb;
    struct str text;

    sb_init(&sb, 1 << 20);
    json_tree_write(node, &sb);
    text = str_dup(&f->a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

/* What the text is after path = value, and that the result is JSON. */
static void check_set(const char *text, const char *path, const char *value, const char *want)
{
    struct fx f;

    open_fx(&f, text);
    CHECK(set(&f, path, value));
    CHECK(json_tree_changed(f.t));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), want);
    value_of(&f, want);
    arena_fini(&f.a);
}

TEST(a_path_is_cut_at_its_dots)
{
    struct fx f;
    struct json_path p;

    open_fx(&f, "{}");
    p = path_of(&f, "a.b\\.c.-1");
    CHECK_EQ(p.n, 3);
    CHECK_STR(p.parts[0], "a");
    CHECK_STR(p.parts[1], "b.c");
    CHECK_STR(p.parts[2], "-1");
    CHECK_EQ(path_of(&f, "").n, 0);
    CHECK(!json_path_read(&f.a, STR("a..b"), &p));
    CHECK(!json_path_read(&f.a, STR(".a"), &p));
    CHECK(!json_path_read(&f.a, STR("a."), &p));
    CHECK_EQ(p.n, 0);
    arena_fini(&f.a);
}

TEST(a_path_has_a_limit)
{
    struct fx f;
    struct json_path p;
    char text[2 * JSON_PATH_PARTS + 1];

    open_fx(&f, "{}");
    for (size_t i = 0; i <= JSON_PATH_PARTS; i++) {
        text[2 * i] = 'a';
        if (i < JSON_PATH_PARTS)
            text[2 * i + 1] = '.';
    }
    CHECK(!json_path_read(&f.a, str_make(text, sizeof text), &p));
    CHECK(json_path_read(&f.a, str_make(text, sizeof text - 2), &p));
    arena_fini(&f.a);
}

TEST(values_are_found_by_name_and_position)
{
    struct fx f;

    open_fx(&f, "{\"a\":[1,{\"b.c\":2},3],\"d\":\"x\",\"d\":\"y\",\"\\u0065\":5}");
    CHECK_STR(text_of(&f, find(&f, "a.0")), "1");
    CHECK_STR(text_of(&f, find(&f, "a.-1")), "3");
    CHECK_STR(text_of(&f, find(&f, "a.-3")), "1");
    CHECK_STR(text_of(&f, find(&f, "a.1.b\\.c")), "2");
    CHECK_STR(text_of(&f, find(&f, "d")), "\"y\"");
    CHECK_STR(text_of(&f, find(&f, "e")), "5");
    CHECK(!find(&f, "a.3") && !find(&f, "a.-4") && !find(&f, "a.x") && !find(&f, "d.0"));
    CHECK(find(&f, "") == json_tree_root(f.t));
    CHECK(!json_tree_changed(f.t));
    arena_fini(&f.a);
}

TEST(what_is_set_replaces_or_is_added)
{
    check_set("{\"a\":1,\"b\":2}", "a", "{\"x\":1}", "{\"a\":{\"x\":1},\"b\":2}");
    check_set("{\"a\":1}", "b", "2", "{\"a\":1,\"b\":2}");
    check_set("{}", "a\"b", "2", "{\"a\\\"b\":2}");
    check_set("{\"a\":1,\"b\":0,\"a\":2}", "a", "3", "{\"b\":0,\"a\":3}");
    check_set("{\"a\":[1,2]}", "a.0", "9", "{\"a\":[9,2]}");
    check_set("{\"a\":[1,2]}", "a.-1", "9", "{\"a\":[1,9]}");
    check_set("{\"a\":[1,2]}", "a.2", "9", "{\"a\":[1,2,9]}");
    check_set("{\"a\":[]}", "a.0", "9", "{\"a\":[9]}");
    check_set("{}", "a.b.c", "true", "{\"a\":{\"b\":{\"c\":true}}}");
    check_set("{\"a\":null}", "a.0.b", "1", "{\"a\":[{\"b\":1}]}");
    check_set("{\"a\":{}}", "a.b.0", "1", "{\"a\":{\"b\":[1]}}");
    check_set("[1]", "", "2", "2");
}

TEST(what_cannot_be_set_changes_nothing)
{
    static const char *const paths[] = {"s.x", "n.0", "l.3", "l.-3", "l.x", "s.0.y"};
    struct fx f;

    open_fx(&f, "{\"s\":\"t\",\"n\":1,\"l\":[1,2]}");
    for (size_t i = 0; i < ARRAY_LEN(paths); i++)
        CHECK(!set(&f, paths[i], "1"));
    CHECK(!json_tree_changed(f.t));
    arena_fini(&f.a);
}

TEST(what_is_not_changed_keeps_its_bytes)
{
    struct fx f;

    open_fx(&f, " { \"a\" : [ 1 , 2.0 ] , \"b\" : { \"c\" : 1e2 , \"d\" : [ ] } } ");
    CHECK(find(&f, "a.1") && find(&f, "b.c"));
    CHECK_STR(text_of(&f, json_tree_root(f.t)),
              "{ \"a\" : [ 1 , 2.0 ] , \"b\" : { \"c\" : 1e2 , \"d\" : [ ] } }");
    CHECK(set(&f, "b.c", "3"));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), "{\"a\":[ 1 , 2.0 ],\"b\":{\"c\":3,\"d\":[ ]}}");
    CHECK_STR(text_of(&f, find(&f, "b")), "{\"c\":3,\"d\":[ ]}");
    arena_fini(&f.a);
}

TEST(values_are_removed)
{
    struct fx f;

    open_fx(&f, "{\"a\":[1,2,3],\"b\":1,\"c\":{\"d\":1},\"b\":2}");
    json_tree_remove(f.t, find(&f, "a.1"));
    json_tree_remove(f.t, find(&f, "b"));
    json_tree_remove(f.t, find(&f, "c.d"));
    json_tree_remove(f.t, json_tree_root(f.t));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), "{\"a\":[1,3],\"c\":{}}");
    json_tree_remove(f.t, find(&f, "a.-1"));
    json_tree_remove(f.t, find(&f, "a.-1"));
    json_tree_remove(f.t, find(&f, "c"));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), "{\"a\":[]}");
    json_tree_remove(f.t, find(&f, "a"));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), "{}");
    arena_fini(&f.a);
}

TEST(one_step_sees_what_the_one_before_made)
{
    struct fx f;

    open_fx(&f, "{\"a\":1}");
    CHECK(set(&f, "b", "{\"c\":[1,2]}"));
    CHECK(set(&f, "b.c.2", "{\"d\":0}"));
    CHECK(set(&f, "b.c.-1.d", "5"));
    json_tree_remove(f.t, find(&f, "b.c.0"));
    CHECK(set(&f, "a", "2"));
    CHECK(set(&f, "a", "3"));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), "{\"a\":3,\"b\":{\"c\":[2,{\"d\":5}]}}");
    arena_fini(&f.a);
}

TEST(a_value_taken_out_is_apart_from_the_tree)
{
    struct fx f;
    const struct json *value;

    open_fx(&f, "{\"a\":{\"x\":1}}");
    CHECK(set(&f, "a.y", "2"));
    value = json_tree_value(f.t, find(&f, "a"), 1000);
    CHECK(set(&f, "a.x", "7"));
    CHECK_STR(json_raw(value), "{\"x\":1,\"y\":2}");
    CHECK(!json_tree_value(f.t, find(&f, "a"), 5));
    struct json_path p = path_of(&f, "a.b");
    CHECK(json_tree_set(f.t, json_tree_root(f.t), &p, value));
    CHECK_STR(text_of(&f, json_tree_root(f.t)),
              "{\"a\":{\"x\":7,\"y\":2,\"b\":{\"x\":1,\"y\":2}}}");
    arena_fini(&f.a);
}

TEST(elements_are_inserted)
{
    struct fx f;
    struct json_node *list;

    open_fx(&f, "{\"a\":[1,2],\"b\":[]}");
    list = find(&f, "a");
    json_tree_insert(f.t, list, json_tree_first(f.t, list), value_of(&f, "7"));
    json_tree_insert(f.t, list, find(&f, "a.-1"), value_of(&f, "8"));
    json_tree_insert(f.t, list, NULL, value_of(&f, "9"));
    json_tree_insert(f.t, find(&f, "b"), NULL, value_of(&f, "{}"));
    json_tree_insert(f.t, find(&f, "b"), find(&f, "b.0"), value_of(&f, "0"));
    CHECK_STR(text_of(&f, json_tree_root(f.t)), "{\"a\":[7,1,8,2,9],\"b\":[0,{}]}");
    json_tree_remove(f.t, find(&f, "a.-1"));
    CHECK_STR(text_of(&f, find(&f, "a")), "[7,1,8,2]");
    arena_fini(&f.a);
}

TEST(the_tree_is_walked_in_order)
{
    struct fx f;
    struct json_node *node;

    open_fx(&f, "{\"a\":[],\"b\":2}");
    node = json_tree_first(f.t, json_tree_root(f.t));
    CHECK_EQ(json_tree_type(node), JSON_ARRAY);
    CHECK(!json_tree_first(f.t, node));
    CHECK(json_tree_parent(node) == json_tree_root(f.t));
    node = json_tree_next(node);
    CHECK_STR(text_of(&f, node), "2");
    CHECK(!json_tree_next(node) && !json_tree_first(f.t, node));
    arena_fini(&f.a);
}

TEST_MAIN(a_path_is_cut_at_its_dots, a_path_has_a_limit, values_are_found_by_name_and_position,
          what_is_set_replaces_or_is_added, what_cannot_be_set_changes_nothing,
          what_is_not_changed_keeps_its_bytes, values_are_removed,
          one_step_sees_what_the_one_before_made, a_value_taken_out_is_apart_from_the_tree,
          elements_are_inserted, the_tree_is_walked_in_order)
