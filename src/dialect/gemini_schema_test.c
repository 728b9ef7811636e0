/* Schemas for Gemini and back. */
#include "dialect/arena_testing.h"
#include "dialect/chat_testing.h"
#include "dialect/gemini_schema.h"

/* The schema of an answer; `want` NULL: nothing. */
static void check_answer(const char *schema, const char *want)
{
    testing_check_json(&arena, gemini_schema_write(&arena, str_from(schema), GEMINI_SCHEMA_ANSWER),
                       want);
}

static void check_parameters(const char *schema, const char *want)
{
    struct str got = gemini_schema_write(&arena, str_from(schema), GEMINI_SCHEMA_PARAMETERS);

    if (want)
        testing_check_json(&arena, got, want);
    else
        CHECK_EQ(got.n, 0);
}

TEST(only_known_members_are_kept)
{
    check_answer("{\"$schema\":\"s\",\"$id\":\"i\",\"type\":\"object\",\"title\":\"T\","
                 "\"description\":\"D\",\"additionalProperties\":false,\"strict\":true,"
                 "\"properties\":{\"a\":{\"type\":\"string\",\"minLength\":1,\"maxLength\":9,"
                 "\"pattern\":\"^x\",\"examples\":[1],\"contentEncoding\":\"base64\"},"
                 "\"b\":{\"type\":\"integer\",\"minimum\":0,\"exclusiveMinimum\":1,"
                 "\"maximum\":5,\"multipleOf\":2,\"default\":3},"
                 "\"c\":{\"type\":\"array\",\"items\":{\"type\":\"number\"},\"minItems\":1,"
                 "\"maxItems\":2,\"uniqueItems\":true},"
                 "\"if\":{\"type\":\"boolean\",\"not\":{},\"example\":true}},"
                 "\"minProperties\":1,\"maxProperties\":4,\"patternProperties\":{}}",
                 "{\"type\":\"OBJECT\",\"title\":\"T\",\"description\":\"D\",\"properties\":{"
                 "\"a\":{\"type\":\"STRING\",\"minLength\":1,\"maxLength\":9,\"pattern\":\"^x\"},"
                 "\"b\":{\"type\":\"INTEGER\",\"minimum\":0,\"maximum\":5,\"default\":3},"
                 "\"c\":{\"type\":\"ARRAY\",\"items\":{\"type\":\"NUMBER\"},\"minItems\":1,"
                 "\"maxItems\":2},\"if\":{\"type\":\"BOOLEAN\",\"example\":true}},"
                 "\"minProperties\":1,\"maxProperties\":4}");
}

TEST(references_are_put_in_their_places)
{
    check_answer("{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/A\","
                 "\"description\":\"mine\"},\"b\":{\"$ref\":\"#/definitions/x~1y\"},"
                 "\"c\":{\"$ref\":\"#/properties/a\"},\"d\":{\"$ref\":\"#/$defs/none\"}},"
                 "\"$defs\":{\"A\":{\"type\":\"string\",\"description\":\"its\"}},"
                 "\"definitions\":{\"x/y\":{\"type\":\"integer\"}}}",
                 "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\","
                 "\"description\":\"mine\"},\"b\":{\"type\":\"INTEGER\"},\"c\":{\"type\":"
                 "\"STRING\",\"description\":\"mine\"},\"d\":{\"type\":\"STRING\"}}}");
}

TEST(a_recursive_reference_becomes_an_object)
{
    check_answer("{\"$ref\":\"#/$defs/Node\",\"$defs\":{\"Node\":{\"type\":\"object\","
                 "\"properties\":{\"v\":{\"type\":\"number\"},\"next\":{\"$ref\":\"#/$defs/Node\"},"
                 "\"all\":{\"type\":\"array\",\"items\":{\"$ref\":\"#/$defs/Node\"}},"
                 "\"root\":{\"$ref\":\"#\"}}}}}",
                 "{\"type\":\"OBJECT\",\"properties\":{\"v\":{\"type\":\"NUMBER\"},"
                 "\"next\":{\"type\":\"OBJECT\"},\"all\":{\"type\":\"ARRAY\",\"items\":{\"type\":"
                 "\"OBJECT\"}},\"root\":{\"type\":\"OBJECT\"}}}");
    check_answer("{\"anyOf\":[{\"$ref\":\"#\"}]}", "{\"type\":\"OBJECT\"}");
    check_answer("{\"$ref\":\"#/$defs/A\",\"$defs\":{\"A\":{\"$ref\":\"#/$defs/B\"},"
                 "\"B\":{\"$ref\":\"#/$defs/A\"}}}",
                 "{\"type\":\"OBJECT\"}");
}

TEST(a_type_used_twice_is_not_recursive)
{
    check_answer("{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/P\"},"
                 "\"b\":{\"$ref\":\"#/$defs/P\"}},\"$defs\":{\"P\":{\"type\":\"object\","
                 "\"properties\":{\"x\":{\"type\":\"number\"}}}}}",
                 "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"OBJECT\",\"properties\":"
                 "{\"x\":{\"type\":\"NUMBER\"}}},\"b\":{\"type\":\"OBJECT\",\"properties\":"
                 "{\"x\":{\"type\":\"NUMBER\"}}}}}");
}

TEST(null_is_said_with_nullable)
{
    check_answer("{\"type\":[\"string\",\"null\"]}", "{\"type\":\"STRING\",\"nullable\":true}");
    check_answer("{\"anyOf\":[{\"type\":\"integer\",\"minimum\":1},{\"type\":\"null\"}],"
                 "\"description\":\"d\"}",
                 "{\"type\":\"INTEGER\",\"description\":\"d\",\"nullable\":true,\"minimum\":1}");
    check_answer("{\"oneOf\":[{\"type\":\"string\"},{\"const\":null}]}",
                 "{\"type\":\"STRING\",\"nullable\":true}");
    check_answer("{\"type\":\"null\"}", "{\"type\":\"STRING\",\"nullable\":true}");
    check_answer("{\"type\":\"string\",\"enum\":[\"a\",null]}",
                 "{\"type\":\"STRING\",\"nullable\":true,\"enum\":[\"a\"]}");
}

TEST(alternatives_stand_alone_in_any_of)
{
    check_answer("{\"description\":\"d\",\"oneOf\":[{\"type\":\"string\"},{\"type\":\"number\","
                 "\"description\":\"own\"},{\"type\":\"null\"}]}",
                 "{\"anyOf\":[{\"type\":\"STRING\",\"description\":\"d\",\"nullable\":true},"
                 "{\"type\":\"NUMBER\",\"description\":\"own\",\"nullable\":true}]}");
    check_answer("{\"type\":[\"string\",\"integer\"]}",
                 "{\"anyOf\":[{\"type\":\"STRING\"},{\"type\":\"INTEGER\"}]}");
    /* Arms that only limit what stands around them are left out. */
    check_answer("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"anyOf\":["
                 "{\"required\":[\"a\"]},{\"required\":[\"b\"]}]}",
                 "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"}}}");
    /* What stands around the arms belongs to each of them. */
    check_answer("{\"type\":\"object\",\"properties\":{\"k\":{\"type\":\"string\"}},\"anyOf\":["
                 "{\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":[\"a\"]},"
                 "{\"properties\":{\"b\":{\"type\":\"string\"}}}],\"required\":[\"k\"]}",
                 "{\"anyOf\":[{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"},"
                 "\"k\":{\"type\":\"STRING\"}},\"required\":[\"a\",\"k\"]},{\"type\":\"OBJECT\","
                 "\"properties\":{\"b\":{\"type\":\"STRING\"},\"k\":{\"type\":\"STRING\"}},"
                 "\"required\":[\"k\"]}]}");
}

TEST(values_of_an_enum_are_strings)
{
    check_answer("{\"type\":\"integer\",\"enum\":[1,2.5,true,\"\",\"x\",{}],\"default\":1,"
                 "\"minimum\":0}",
                 "{\"type\":\"STRING\",\"enum\":[\"1\",\"2.5\",\"true\",\"x\"]}");
    check_answer("{\"const\":\"only\"}", "{\"type\":\"STRING\",\"enum\":[\"only\"]}");
    check_answer("{\"enum\":[\"null\"]}", "{\"type\":\"STRING\",\"enum\":[\"null\"]}");
    check_answer("{\"type\":\"string\",\"enum\":[\"\"]}", "{\"type\":\"STRING\"}");
}

TEST(formats_are_those_of_the_type)
{
    static const char *const rows[][3] = {
        {"string", "date-time", "{\"type\":\"STRING\",\"format\":\"date-time\"}"},
        {"string", "uri", "{\"type\":\"STRING\"}"},
        {"number", "float", "{\"type\":\"NUMBER\",\"format\":\"float\"}"},
        {"integer", "int64", "{\"type\":\"INTEGER\",\"format\":\"int64\"}"},
        {"integer", "float", "{\"type\":\"INTEGER\"}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        check_answer(
            arena_fmt(&arena, "{\"type\":\"%s\",\"format\":\"%s\"}", rows[i][0], rows[i][1]).p,
            rows[i][2]);
}

TEST(all_of_is_merged)
{
    check_answer("{\"allOf\":[{\"$ref\":\"#/$defs/A\"},{\"type\":\"object\",\"properties\":{"
                 "\"b\":{\"type\":\"number\"},\"a\":{\"type\":\"number\"}},\"required\":[\"b\","
                 "\"a\"]}],\"title\":\"T\",\"$defs\":{\"A\":{\"type\":\"object\",\"properties\":{"
                 "\"a\":{\"type\":\"string\"}},\"required\":[\"a\",\"gone\"]}}}",
                 "{\"type\":\"OBJECT\",\"title\":\"T\",\"properties\":{\"a\":{\"type\":\"STRING\"},"
                 "\"b\":{\"type\":\"NUMBER\"}},\"required\":[\"a\",\"b\"]}");
}

TEST(lists_have_items_and_tuples_the_first)
{
    check_answer("{\"type\":\"array\"}", "{\"type\":\"ARRAY\",\"items\":{\"type\":\"STRING\"}}");
    check_answer("{\"type\":\"array\",\"items\":[{\"type\":\"number\"},{\"type\":\"string\"}]}",
                 "{\"type\":\"ARRAY\",\"items\":{\"type\":\"NUMBER\"}}");
    check_answer("{\"type\":\"array\",\"prefixItems\":[{\"type\":\"boolean\"}],\"items\":false}",
                 "{\"type\":\"ARRAY\",\"items\":{\"type\":\"BOOLEAN\"}}");
    check_answer("{\"items\":{}}", "{\"type\":\"ARRAY\",\"items\":{\"type\":\"STRING\"}}");
}

TEST(required_names_properties_and_each_once)
{
    check_answer("{\"properties\":{\"a\":{},\"b\":true},\"required\":[\"a\",\"x\",\"a\",1],"
                 "\"propertyOrdering\":[\"b\",\"a\",\"y\"]}",
                 "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"},\"b\":{\"type\":"
                 "\"STRING\"}},\"required\":[\"a\"],\"propertyOrdering\":[\"b\",\"a\"]}");
    check_answer("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},\"required\":"
                 "[\"x\"]}",
                 "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"}}}");
}

TEST(parameters_are_an_object_or_left_out)
{
    check_parameters("{\"type\":\"object\",\"properties\":{}}", NULL);
    check_parameters("{}", NULL);
    check_parameters("", NULL);
    check_parameters("[1]", NULL);
    check_parameters("{\"type\":\"object\",\"properties\":{\"o\":{\"type\":\"object\"}}}",
                     "{\"type\":\"OBJECT\",\"properties\":{\"o\":{\"type\":\"OBJECT\"}}}");
    check_parameters(
        "{\"oneOf\":[{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},"
        "\"required\":[\"a\"]},{\"$ref\":\"#/$defs/B\"}],\"$defs\":{\"B\":{"
        "\"properties\":{\"b\":{\"type\":\"string\"}},\"required\":[\"b\"]}}}",
        "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"},"
        "\"b\":{\"type\":\"STRING\"}}}");
    check_parameters("{\"type\":\"object\",\"properties\":{\"a\":{\"type\":\"string\"}},"
                     "\"required\":[\"a\"],\"anyOf\":[{\"required\":[\"a\"]}]}",
                     "{\"type\":\"OBJECT\",\"properties\":{\"a\":{\"type\":\"STRING\"}},"
                     "\"required\":[\"a\"]}");
}

/* Each level refers twice to the next: written out there would be 2^20 of them. */
TEST(references_that_multiply_are_cut)
{
    const struct json *root;
    struct sb sb;
    struct str got;

    sb_init(&sb, 1 << 20);
    sb_add(&sb, STR("{\"$ref\":\"#/$defs/d0\",\"$defs\":{"));
    for (int i = 0; i < 20; i++)
        sb_fmt(&sb,
               "\"d%d\":{\"type\":\"object\",\"properties\":{\"a\":{\"$ref\":\"#/$defs/d%d\"},"
               "\"b\":{\"$ref\":\"#/$defs/d%d\"}}},",
               i, i + 1, i + 1);
    sb_add(&sb, STR("\"d20\":{\"type\":\"string\"}}}"));
    got = gemini_schema_write(&arena, sb_str(&sb), GEMINI_SCHEMA_ANSWER);
    CHECK_EQ(json_read(&arena, got, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK(got.n < 1000000);
    sb_fini(&sb);
}

TEST(what_nests_too_deep_is_cut)
{
    const struct json *root;
    struct sb sb;
    struct str got;

    sb_init(&sb, 1 << 20);
    for (int i = 0; i < 90; i++)
        sb_add(&sb, STR("{\"properties\":{\"a\":"));
    sb_add(&sb, STR("{}"));
    for (int i = 0; i < 90; i++)
        sb_add(&sb, STR("}}"));
    got = gemini_schema_write(&arena, sb_str(&sb), GEMINI_SCHEMA_PARAMETERS);
    CHECK_EQ(json_read(&arena, got, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK(json_is(root, JSON_OBJECT));
    CHECK_EQ(json_read(&arena, sb_str(&sb), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    got = gemini_schema_read(&arena, root);
    CHECK_EQ(json_read(&arena, got, JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK(json_is(root, JSON_OBJECT));
    sb_fini(&sb);
}

ARENA_TEST_MAIN(only_known_members_are_kept, references_are_put_in_their_places,
                a_recursive_reference_becomes_an_object, a_type_used_twice_is_not_recursive,
                null_is_said_with_nullable, alternatives_stand_alone_in_any_of,
                values_of_an_enum_are_strings, formats_are_those_of_the_type, all_of_is_merged,
                lists_have_items_and_tuples_the_first, required_names_properties_and_each_once,
                parameters_are_an_object_or_left_out, references_that_multiply_are_cut,
                what_nests_too_deep_is_cut)
