#include "dialect/imagen.h"

#include "dialect/arena_testing.h"

/* What is written for a request to draw. */
static struct str written(const char *body)
{
    struct media_request r;
    const struct json *root;
    CLEANUP(sb_finip) struct sb sb;

    losses = (struct loss_list){0};
    sb_init(&sb, 1 << 16);
    CHECK_EQ(
        media_request_read(&arena, str_from(body), STR("application/json"), MODE_IMAGES, &r, NULL),
        ERR_OK);
    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    imagen_write(&arena, root, &r, &losses, &sb);
    return str_dup(&arena, sb_str(&sb));
}

TEST(a_prompt_is_an_instance_with_parameters)
{
    CHECK_STR(written("{\"model\":\"imagen-4\",\"prompt\":\"a \\\"cat\\\"\",\"n\":2,\"size\":"
                      "\"1792x1024\",\"response_format\":\"b64_json\",\"quality\":\"standard\"}"),
              "{\"instances\":[{\"prompt\":\"a \\\"cat\\\"\"}],\"parameters\":{\"sampleCount\":2,"
              "\"aspectRatio\":\"16:9\",\"personGeneration\":\"allow_adult\"}}");
    CHECK_EQ(losses.n, 0);
    CHECK_STR(written("{\"model\":\"imagen-4\",\"prompt\":\"x\"}"),
              "{\"instances\":[{\"prompt\":\"x\"}],\"parameters\":{\"sampleCount\":1,"
              "\"aspectRatio\":\"1:1\",\"personGeneration\":\"allow_adult\"}}");
    CHECK_EQ(losses.n, 0);
}

TEST(a_size_is_the_nearest_shape)
{
    static const struct {
        const char *size, *ratio, *lost;
    } rows[] = {{"1024x1024", "1:1", ""},   {"1024x1792", "9:16", ""}, {"1536x1024", "4:3", ""},
                {"1024x1536", "3:4", ""},   {"auto", "1:1", ""},       {"3:4", "3:4", ""},
                {"640x480", "1:1", "size"}, {"empty", "1:1", ""}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct str body =
            written(arena_fmt(&arena, "{\"model\":\"imagen-4\",\"prompt\":\"x\",\"size\":\"%s\"}",
                              rows[i].size)
                        .p);

        check_has(body.p, arena_fmt(&arena, "\"aspectRatio\":\"%s\"", rows[i].ratio).p);
        CHECK_STR(loss_text(&arena, &losses), rows[i].lost);
    }
}

TEST(what_cannot_be_said_is_listed)
{
    written("{\"model\":\"imagen-4\",\"prompt\":\"x\",\"response_format\":\"url\",\"quality\":"
            "\"hd\",\"style\":\"vivid\",\"user\":\"u\",\"background\":null}");
    CHECK_STR(loss_text(&arena, &losses), "response_format, quality, style, user");
}

static struct str answer(const char *body, struct imagen_answer *told)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, 1 << 16);
    imagen_read(&arena, str_from(body), 7, told, &sb);
    return str_dup(&arena, sb_str(&sb));
}

TEST(predictions_are_images)
{
    struct imagen_answer told;

    CHECK_STR(answer("{\"predictions\":[{\"mimeType\":\"image/png\",\"bytesBase64Encoded\":"
                     "\"aGk=\"},{\"raiFilteredReason\":\"no faces\"},{\"bytesBase64Encoded\":"
                     "\"a/b+\"}]}",
                     &told),
              "{\"created\":7,\"data\":[{\"b64_json\":\"aGk=\"},{\"b64_json\":\"a/b+\"}]}");
    CHECK(told.is_answer);
    CHECK_EQ(told.images, 2);
    CHECK_STR(told.kept, "no faces");
}

TEST(an_answer_without_images_says_so)
{
    static const struct {
        const char *body;
        bool is_answer;
    } rows[] = {{"{}", true},
                {"{\"predictions\":[]}", true},
                {"{\"predictions\":[{\"bytesBase64Encoded\":\"\"},{},1]}", true},
                {"{\"error\":{\"code\":400}}", false},
                {"[]", false},
                {"[", false},
                {"", false}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct imagen_answer told;

        (void)answer(rows[i].body, &told);
        CHECK_EQ(told.is_answer, rows[i].is_answer);
        CHECK_EQ(told.images, 0);
        CHECK_EQ(told.kept.n, 0);
    }
}

ARENA_TEST_MAIN(a_prompt_is_an_instance_with_parameters, a_size_is_the_nearest_shape,
                what_cannot_be_said_is_listed, predictions_are_images,
                an_answer_without_images_says_so)
