#include "base/json_patch.h"

#include "base/sb.h"
#include "base/test.h"

struct fixture {
    struct arena arena;
    const struct json *root;
    struct json_patch *patch;
};

static struct fixture *start(struct fixture *f, const char *text)
{
    arena_init(&f->arena, 0);
    CHECK_EQ(json_read(&f->arena, str_from(text), 50, &f->root, NULL), ERR_OK);
    f->patch = json_patch_new(&f->arena, str_from(text), f->root);
    return f;
}

static struct str rendered(struct fixture *f)
{
    const struct json *again;
    size_t n;
    const struct str *slices = json_patch_render(f->patch, &n);
    struct str text = str_concat(&f->arena, slices, n);

    for (size_t i = 0; i < n; i++)
        CHECK(slices[i].n > 0);
    CHECK_EQ(json_read(&f->arena, text, 50, &again, NULL), ERR_OK);
    return text;
}

static void finish(struct fixture *f, const char *want)
{
    CHECK_STR(rendered(f), want);
    arena_fini(&f->arena);
}

static void set(struct fixture *f, const char *key, const char *value)
{
    json_patch_set(f->patch, f->root, str_from(key), str_from(value));
}

static void del(struct fixture *f, const char *key)
{
    json_patch_delete(f->patch, f->root, str_from(key));
}

static const struct json *at(struct fixture *f, const char *key)
{
    return json_get(f->root, str_from(key));
}

TEST(without_changes_the_text_is_one_slice)
{
    static const char text[] = " { \"a\" : 1.0 , \"a\":\t[ ] }\n";
    struct fixture f;
    size_t n;

    start(&f, text);
    CHECK(json_patch_empty(f.patch));
    const struct str *slices = json_patch_render(f.patch, &n);
    CHECK_EQ(n, 1);
    CHECK(slices[0].p == text && slices[0].n == sizeof text - 1);
    finish(&f, text);
}

TEST(setting_replaces_the_value_alone)
{
    struct fixture f;

    set(start(&f, " {\"x\": 1.50, \"model\" :  \"a\" ,\"y\":[1 ,2]} "), "model", "\"b\"");
    CHECK(!json_patch_empty(f.patch));
    finish(&f, " {\"x\": 1.50, \"model\" :  \"b\" ,\"y\":[1 ,2]} ");
}

TEST(setting_replaces_every_duplicate)
{
    struct fixture f;

    set(start(&f, "{\"a\":1,\"b\":2,\"\\u0061\":3}"), "a", "9");
    finish(&f, "{\"a\":9,\"b\":2,\"\\u0061\":9}");
}

TEST(setting_an_absent_member_adds_it_at_the_end)
{
    struct fixture f;

    start(&f, "{\"a\":1\n}");
    set(&f, "b", "{}");
    set(&f, "c\"", "2");
    finish(&f, "{\"a\":1,\"b\":{},\"c\\\"\":2\n}");
}

TEST(setting_in_an_empty_object_needs_no_comma)
{
    struct fixture f;

    start(&f, "{ }");
    set(&f, "a", "1");
    set(&f, "b", "2");
    finish(&f, "{\"a\":1,\"b\":2 }");
}

TEST(setting_twice_leaves_the_last_value)
{
    struct fixture f;

    start(&f, "{\"a\":1}");
    set(&f, "a", "2");
    set(&f, "b", "3");
    set(&f, "a", "4");
    set(&f, "b", "5");
    finish(&f, "{\"a\":4,\"b\":5}");
}

TEST(the_first_member_is_deleted)
{
    struct fixture f;

    del(start(&f, "{ \"a\":1 , \"b\":2,\"c\":3}"), "a");
    finish(&f, "{ \"b\":2,\"c\":3}");
}

TEST(a_middle_member_is_deleted)
{
    struct fixture f;

    del(start(&f, "{\"a\":1, \"b\":2 ,\n\"c\":3}"), "b");
    finish(&f, "{\"a\":1, \"c\":3}");
}

TEST(the_last_member_is_deleted)
{
    struct fixture f;

    del(start(&f, "{\"a\":1 , \"b\":2 }"), "b");
    finish(&f, "{\"a\":1 }");
}

TEST(the_only_member_is_deleted)
{
    struct fixture f;

    del(start(&f, "{ \"a\" : [1,2] }"), "a");
    finish(&f, "{  }");
}

TEST(any_set_of_members_can_be_deleted_and_others_added)
{
    static const char *const keys[] = {"a", "b", "c", "d"};

    for (unsigned mask = 0; mask < 32; mask++) {
        struct fixture f;
        size_t stay = 0, members = 0;

        start(&f, "{\"a\":1,\"b\":{\"x\":1},\"c\":[2],\"d\":\"\"}");
        for (unsigned i = 0; i < 4; i++) {
            if (mask >> (3 - i) & 1)
                del(&f, keys[3 - i]);
            else
                stay++;
        }
        if (mask & 16)
            set(&f, "new", "true");
        struct str text = rendered(&f);
        const struct json *root;
        CHECK_EQ(json_read(&f.arena, text, 50, &root, NULL), ERR_OK);
        JSON_EACH_MEMBER (key, value, root)
            members++;
        CHECK_EQ(members, stay + (mask >> 4));
        for (unsigned i = 0; i < 4; i++)
            CHECK(str_eq(json_raw(json_get(root, str_from(keys[i]))),
                         mask >> i & 1 ? STR_NULL : json_raw(at(&f, keys[i]))));
        arena_fini(&f.arena);
    }
}

TEST(every_duplicate_is_deleted)
{
    struct fixture f;

    del(start(&f, "{\"a\":1,\"b\":2,\"a\":3,\"a\":4}"), "a");
    finish(&f, "{\"b\":2}");
}

TEST(deleting_what_is_absent_changes_nothing)
{
    struct fixture f;

    del(start(&f, "{\"a\":1}"), "b");
    CHECK(json_patch_empty(f.patch));
    finish(&f, "{\"a\":1}");
}

TEST(an_added_member_can_be_deleted_again)
{
    struct fixture f;

    start(&f, "{\"a\":1}");
    set(&f, "b", "1");
    set(&f, "c", "2");
    del(&f, "c");
    set(&f, "d", "3");
    del(&f, "b");
    finish(&f, "{\"a\":1,\"d\":3}");
    start(&f, "{}");
    set(&f, "b", "1");
    del(&f, "b");
    CHECK(json_patch_empty(f.patch));
    finish(&f, "{}");
}

TEST(of_set_and_delete_the_later_wins)
{
    struct fixture f;

    start(&f, "{\"a\":1,\"b\":2}");
    set(&f, "a", "3");
    del(&f, "a");
    del(&f, "b");
    set(&f, "b", "4");
    finish(&f, "{\"b\":4}");
}

TEST(nested_objects_are_patched_with_the_outer_one)
{
    struct fixture f;

    start(&f, "{\"o\":{\"i\":{}},\"z\":0}");
    set(&f, "new", "1");
    json_patch_set(f.patch, at(&f, "o"), STR("n"), STR("2"));
    json_patch_set(f.patch, json_get(at(&f, "o"), STR("i")), STR("m"), STR("3"));
    del(&f, "z");
    finish(&f, "{\"o\":{\"i\":{\"m\":3},\"n\":2},\"new\":1}");
}

TEST(a_change_inside_a_deleted_member_is_lost_with_it)
{
    struct fixture f;

    start(&f, "{\"a\":{\"b\":1},\"c\":2}");
    json_patch_set(f.patch, at(&f, "a"), STR("b"), STR("9"));
    json_patch_set(f.patch, at(&f, "a"), STR("n"), STR("9"));
    del(&f, "a");
    json_patch_replace(f.patch, json_get(at(&f, "a"), STR("b")), STR("8"));
    finish(&f, "{\"c\":2}");
}

TEST(a_change_inside_a_replaced_value_is_lost_with_it)
{
    struct fixture f;

    start(&f, "{\"a\":{\"b\":[1]}}");
    json_patch_replace(f.patch, at(&f, "a"), STR("7"));
    json_patch_delete(f.patch, at(&f, "a"), STR("b"));
    json_patch_set(f.patch, at(&f, "a"), STR("n"), STR("9"));
    finish(&f, "{\"a\":7}");
    start(&f, " {\"a\":1} ");
    set(&f, "b", "2");
    json_patch_replace(f.patch, f.root, STR("[]"));
    finish(&f, " [] ");
}

TEST(elements_of_arrays_are_replaced)
{
    struct fixture f;

    start(&f, "[1, {\"a\":2} ,[3]]");
    json_patch_replace(f.patch, json_at(json_at(f.root, 2), 0), STR("\"three\""));
    json_patch_set(f.patch, json_at(f.root, 1), STR("a"), STR("null"));
    json_patch_replace(f.patch, json_at(f.root, 0), STR("11"));
    finish(&f, "[11, {\"a\":null} ,[\"three\"]]");
}

TEST(what_is_no_object_or_absent_is_left_alone)
{
    struct fixture f;

    start(&f, "[1]");
    json_patch_set(f.patch, f.root, STR("a"), STR("2"));
    json_patch_set(f.patch, NULL, STR("a"), STR("2"));
    json_patch_delete(f.patch, NULL, STR("a"));
    json_patch_replace(f.patch, NULL, STR("2"));
    CHECK(json_patch_empty(f.patch));
    finish(&f, "[1]");
}

TEST(many_patches_out_of_order_all_take_effect)
{
    CLEANUP(sb_finip) struct sb text, want;
    struct fixture f;

    sb_init(&text, 100000);
    sb_init(&want, 100000);
    for (int i = 0; i < 300; i++) { /* of each three: one stays, one is replaced, one goes */
        sb_fmt(&text, "%c{\"x\":%d,\"y\":%d}", i ? ',' : '[', i, i);
        sb_add_char(&want, i ? ',' : '[');
        if (i % 3 == 0)
            sb_fmt(&want, "{\"x\":%d,\"y\":%d}", i, i);
        else if (i % 3 == 1)
            sb_fmt(&want, "{\"x\":%d,\"y\":true,\"z\":[]}", i);
        else
            sb_fmt(&want, "{\"y\":%d}", i);
    }
    sb_add(&text, STR("]\0"));
    sb_add(&want, STR("]\0"));
    start(&f, text.p);
    for (size_t k = 0; k < 300; k++) {
        size_t i = k * 7 % 300; /* 7 and 300 have no common divisor: every index once */
        const struct json *o = json_at(f.root, i);

        if (i % 3 == 1) {
            json_patch_set(f.patch, o, STR("z"), STR("[]"));
            json_patch_set(f.patch, o, STR("y"), STR("true"));
        } else if (i % 3 == 2) {
            json_patch_delete(f.patch, o, STR("x"));
        }
    }
    finish(&f, want.p);
}

TEST(a_patch_can_be_rendered_and_then_changed_further)
{
    struct fixture f;

    start(&f, "{\"a\":1}");
    set(&f, "a", "2");
    CHECK_STR(rendered(&f), "{\"a\":2}");
    set(&f, "b", "3");
    del(&f, "a");
    CHECK_STR(rendered(&f), "{\"b\":3}");
    finish(&f, "{\"b\":3}");
}

TEST_MAIN(without_changes_the_text_is_one_slice, setting_replaces_the_value_alone,
          setting_replaces_every_duplicate, setting_an_absent_member_adds_it_at_the_end,
          setting_in_an_empty_object_needs_no_comma, setting_twice_leaves_the_last_value,
          the_first_member_is_deleted, a_middle_member_is_deleted, the_last_member_is_deleted,
          the_only_member_is_deleted, any_set_of_members_can_be_deleted_and_others_added,
          every_duplicate_is_deleted, deleting_what_is_absent_changes_nothing,
          an_added_member_can_be_deleted_again, of_set_and_delete_the_later_wins,
          nested_objects_are_patched_with_the_outer_one,
          a_change_inside_a_deleted_member_is_lost_with_it,
          a_change_inside_a_replaced_value_is_lost_with_it, elements_of_arrays_are_replaced,
          what_is_no_object_or_absent_is_left_alone, many_patches_out_of_order_all_take_effect,
          a_patch_can_be_rendered_and_then_changed_further)
