#include "dialect/media_request.h"

#include "base/test.h"

#define JSON "application/json"
#define FORM "multipart/form-data; boundary=B"
#define PART(name, value)                                                                          \
    "--B\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n" value "\r\n"
#define END "--B--\r\n"

static enum err_code read_it(struct arena *a, enum relay_mode mode, const char *type,
                             const char *body, struct media_request *out, struct err *err)
{
    arena_init(a, 0);
    *err = (struct err){0};
    return media_request_read(a, str_from(body), str_from(type), mode, out, err);
}

static const struct {
    enum relay_mode mode;
    const char *type, *body, *model, *named, *text, *size, *quality;
    int64_t n;
    bool stream;
} good[] = {
    {MODE_IMAGES, JSON,
     "{\"model\":\"dall-e-3\",\"prompt\":\"a \\u00e9\",\"n\":2,\"size\":\"1792x1024\","
     "\"quality\":\"hd\",\"stream\":true}",
     "dall-e-3", "\"dall-e-3\"", "a \xc3\xa9", "1792x1024", "hd", 2, true},
    {MODE_IMAGES, "", "{\"prompt\":\"x\",\"model\":null,\"n\":null,\"size\":\"empty\"}", "dall-e",
     "", "x", "1024x1024", "standard", 1, false},
    {MODE_IMAGE_EDITS, FORM,
     PART("image[]", "PNG") PART("image[]", "PNG2") PART("prompt", "hat") PART("n", "3")
         PART("model", "gpt-image-1") PART("stream", "true") END,
     "gpt-image-1", "gpt-image-1", "hat", "1024x1024", "standard", 3, true},
    {MODE_IMAGE_EDITS, JSON, "{\"prompt\":\"hat\",\"images\":[{\"file_id\":\"f\"}]}", "gpt-image-1",
     "", "hat", "1024x1024", "standard", 1, false},
    {MODE_IMAGE_VARIATIONS, FORM, PART("image", "PNG") END, "dall-e-2", "", "", "1024x1024",
     "standard", 1, false},
    {MODE_SPEECH, JSON,
     "{\"input\":\"hello\",\"model\":\"gpt-4o-mini-tts\",\"stream_format\":\"sse\"}",
     "gpt-4o-mini-tts", "\"gpt-4o-mini-tts\"", "hello", "", "", 1, true},
    {MODE_SPEECH, JSON, "{\"input\":\"hello\"}", "tts-1", "", "hello", "", "", 1, false},
    {MODE_TRANSCRIPTIONS, FORM, PART("model", "") PART("file", "RIFF") END, "whisper-1", "", "", "",
     "", 1, false},
    {MODE_TRANSLATIONS, FORM, PART("file", "RIFF") PART("model", "w") END, "w", "w", "", "", "", 1,
     false},
    {MODE_MODERATIONS, JSON, "{\"input\":[\"a\",\"b\"]}", "text-moderation-stable", "", "", "", "",
     1, false},
    {MODE_RERANK, JSON, "{\"model\":\"r\",\"query\":\"q\",\"documents\":[\"d\"]}", "r", "\"r\"",
     "q", "", "", 1, false},
    {MODE_EDITS, JSON, "{\"model\":\"e\",\"input\":\"x\",\"instruction\":\"fix\"}", "e", "\"e\"",
     "fix", "", "", 1, false},
};

TEST(a_request_is_read_from_json_and_from_a_form)
{
    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct media_request r;
        struct err err;

        CHECK_EQ(read_it(&a, good[i].mode, good[i].type, good[i].body, &r, &err), ERR_OK);
        CHECK_STR(r.model, good[i].model);
        CHECK_STR(r.named, good[i].named);
        CHECK_STR(r.text, good[i].text);
        CHECK_STR(r.size, good[i].size);
        CHECK_STR(r.quality, good[i].quality);
        CHECK_EQ(r.n, good[i].n);
        CHECK_EQ(r.stream, good[i].stream);
        CHECK(media_mode(good[i].mode));
    }
    CHECK(!media_mode(MODE_CHAT) && !media_mode(MODE_EMBEDDINGS) && !media_mode(MODE_REALTIME));
}

TEST(only_a_stream_shows_images_on_the_way)
{
    static const struct {
        const char *type, *body;
        int64_t partials;
    } rows[] = {
        {JSON, "{\"prompt\":\"x\",\"stream\":true,\"partial_images\":2}", 2},
        {JSON, "{\"prompt\":\"x\",\"partial_images\":2}", 0},
        {JSON, "{\"prompt\":\"x\",\"stream\":true,\"partial_images\":-1}", 0},
        {JSON, "{\"prompt\":\"x\",\"stream\":true,\"partial_images\":\"many\"}", 0},
        {JSON, "{\"prompt\":\"x\",\"stream\":true,\"partial_images\":1e300}", 100},
        {FORM,
         PART("image", "x") PART("prompt", "x") PART("stream", "true") PART("partial_images", "3")
             END,
         3},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct media_request r;
        struct err err;

        CHECK_EQ(read_it(&a, MODE_IMAGE_EDITS, rows[i].type, rows[i].body, &r, &err), ERR_OK);
        CHECK_EQ(r.partial_images, rows[i].partials);
    }
}

static const struct {
    enum relay_mode mode;
    const char *type, *body;
    enum err_code code;
    const char *words;
} bad[] = {
    {MODE_IMAGES, JSON, "{\"model\":\"m\"}", ERR_BAD_IMAGE_REQUEST, "prompt is required"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"\"}", ERR_BAD_IMAGE_REQUEST, "prompt is required"},
    {MODE_IMAGES, JSON, "{\"prompt\":[1]}", ERR_BAD_IMAGE_REQUEST, "must be a string"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"size\":\"1×1\"}", ERR_BAD_IMAGE_REQUEST, "'×'"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"size\":\"1792x1024\"}", ERR_BAD_IMAGE_REQUEST,
     "256x256, 512x512, or 1024x1024"},
    {MODE_IMAGES, JSON, "{\"model\":\"dall-e-3\",\"prompt\":\"x\",\"size\":\"256x256\"}",
     ERR_BAD_IMAGE_REQUEST, "for dall-e-3"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"n\":0}", ERR_BAD_IMAGE_REQUEST, "n must be"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"n\":1.5}", ERR_BAD_IMAGE_REQUEST, "n must be"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"n\":129}", ERR_BAD_IMAGE_REQUEST, "n must be"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"n\":\"many\"}", ERR_BAD_IMAGE_REQUEST, "n must"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"stream\":1}", ERR_BAD_IMAGE_REQUEST, "stream"},
    {MODE_IMAGES, JSON, "{\"prompt\":\"x\",\"model\":7}", ERR_BAD_IMAGE_REQUEST, "a string"},
    {MODE_IMAGES, JSON, "{\"prompt\":", ERR_BAD_JSON, ""},
    {MODE_IMAGES, FORM, PART("prompt", "x") END, ERR_BAD_IMAGE_REQUEST, "JSON"},
    {MODE_IMAGE_EDITS, FORM, PART("prompt", "x") END, ERR_BAD_IMAGE_REQUEST, "image is required"},
    {MODE_IMAGE_EDITS, FORM, PART("image", "x") END, ERR_BAD_IMAGE_REQUEST, "prompt is required"},
    {MODE_IMAGE_EDITS, FORM, PART("image", "x") PART("prompt", "x"), ERR_BAD_IMAGE_REQUEST,
     "cannot be read"},
    {MODE_IMAGE_EDITS, FORM, PART("image", "x") PART("n", "1") PART("n", "9") END,
     ERR_BAD_IMAGE_REQUEST, "n twice"},
    {MODE_IMAGE_VARIATIONS, JSON, "{}", ERR_BAD_IMAGE_REQUEST, "must be a form"},
    {MODE_SPEECH, JSON, "{\"model\":\"tts-1\"}", ERR_BAD_AUDIO_REQUEST, "input is required"},
    {MODE_TRANSCRIPTIONS, JSON, "{\"file\":\"x\"}", ERR_BAD_AUDIO_REQUEST, "must be a form"},
    {MODE_TRANSCRIPTIONS, FORM, PART("model", "x") END, ERR_BAD_AUDIO_REQUEST, "file is required"},
    {MODE_TRANSCRIPTIONS, FORM, PART("file", "x") PART("model", "a") PART("model", "b") END,
     ERR_BAD_AUDIO_REQUEST, "model twice"},
    {MODE_TRANSCRIPTIONS, FORM, PART("file", "x") PART("file", "y") END, ERR_BAD_AUDIO_REQUEST,
     "file twice"},
    {MODE_TRANSCRIPTIONS, "multipart/form-data", PART("file", "x") END, ERR_BAD_AUDIO_REQUEST,
     "boundary"},
    {MODE_MODERATIONS, JSON, "{}", ERR_BAD_TEXT_REQUEST, "field input is required"},
    {MODE_MODERATIONS, JSON, "{\"input\":1}", ERR_BAD_TEXT_REQUEST, "string or an array"},
    {MODE_EDITS, JSON, "{\"model\":\"e\"}", ERR_BAD_TEXT_REQUEST, "field instruction is required"},
    {MODE_EDITS, JSON, "{\"instruction\":\"x\"}", ERR_BAD_TEXT_REQUEST, "model is required"},
    {MODE_RERANK, JSON, "{\"query\":\"q\"}", ERR_BAD_TEXT_REQUEST, "model is required"},
    {MODE_RERANK, JSON, "{\"model\":\"r\",\"query\":\"\",\"documents\":[\"d\"]}", ERR_BAD_QUERY,
     "query is required"},
    {MODE_RERANK, JSON, "{\"model\":\"r\",\"query\":\"q\"}", ERR_BAD_DOCUMENTS,
     "documents is required"},
    {MODE_RERANK, JSON, "{\"model\":\"r\",\"query\":\"q\",\"documents\":[ ]}", ERR_BAD_DOCUMENTS,
     "documents is required"},
    {MODE_RERANK, JSON, "{\"model\":\"r\",\"query\":\"q\",\"documents\":\"d\"}", ERR_BAD_DOCUMENTS,
     "documents is required"},
};

TEST(what_is_wrong_is_told_in_the_words_of_the_mode)
{
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct media_request r;
        struct err err;

        CHECK_EQ(read_it(&a, bad[i].mode, bad[i].type, bad[i].body, &r, &err), bad[i].code);
        CHECK_EQ(err.code, bad[i].code);
        CHECK(strstr(err.msg, bad[i].words) != NULL);
    }
}

/* As soon as the file has begun behind a model, and not before. */
TEST(a_form_can_be_sent_on_when_its_file_has_begun)
{
    static const char form[] = PART("language", "en") PART("model", "w") PART("file", "sound");
    const size_t file = (size_t)(strstr(form, "\"file\"") - form) + 6 + 4;
    struct media_request r;

    for (size_t n = 0; n <= file + 5; n++) {
        bool begun = media_request_begin(str_make(form, n), STR(FORM), MODE_TRANSCRIPTIONS, &r);

        CHECK_EQ(begun, n > file); /* nothing of an empty file is a beginning */
        if (!begun)
            continue;
        CHECK_STR(r.model, "w");
        CHECK(r.named.p > form && r.named.p < form + n);
        CHECK(str_eq(r.file, str_make(form + file, n - file)));
    }
}

TEST(a_form_without_a_model_before_its_file_is_waited_for)
{
    struct media_request r;

#define BEGUN(text, mode) media_request_begin(STR(text), STR(FORM), mode, &r)
#define OPEN_FILE         "--B\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nsou"
    CHECK(BEGUN(PART("model", "w") OPEN_FILE, MODE_TRANSCRIPTIONS));
    CHECK(!BEGUN(OPEN_FILE, MODE_TRANSCRIPTIONS));
    CHECK(!BEGUN(PART("file", "x") PART("model", "w") END, MODE_TRANSCRIPTIONS));
    CHECK(!BEGUN(PART("model", "") OPEN_FILE, MODE_TRANSCRIPTIONS));
    CHECK(!BEGUN(PART("model", "w") PART("model", "w") OPEN_FILE, MODE_TRANSCRIPTIONS));
    CHECK(!BEGUN("--B\r\nbad\r\n\r\n" OPEN_FILE, MODE_TRANSCRIPTIONS));
    CHECK(!BEGUN(PART("model", "w") OPEN_FILE, MODE_SPEECH));
    CHECK(!media_request_begin(STR("{}"), STR("application/json"), MODE_TRANSCRIPTIONS, &r));
}

static struct str renamed(struct arena *a, const char *body, struct str model)
{
    struct media_request r;
    struct err err;
    const struct str *slices;
    size_t n;

    CHECK_EQ(read_it(a, MODE_TRANSCRIPTIONS, FORM, body, &r, &err), ERR_OK);
    slices = media_request_rename(a, str_from(body), &r, model, &n);
    return str_concat(a, slices, n);
}

TEST(another_model_replaces_its_bytes_and_nothing_else)
{
    CLEANUP(arena_finip) struct arena a;

    CHECK_STR(renamed(&a, PART("file", "a\r\n--b") PART("model", "alias") PART("x", "alias") END,
                      STR("whisper-1")),
              PART("file", "a\r\n--b") PART("model", "whisper-1") PART("x", "alias") END);
    arena_fini(&a);
    CHECK_STR(renamed(&a, PART("model", "") PART("file", "x") END, STR("w")),
              PART("model", "w") PART("file", "x") END);
    arena_fini(&a);
    CHECK_STR(renamed(&a, PART("file", "x") END, STR("w")),
              PART("model", "w") PART("file", "x") END);
    arena_fini(&a);
    CHECK_STR(renamed(&a, "x --B\r\n" PART("file", "x") END, STR("w")),
              PART("model", "w") PART("file", "x") END);
    arena_fini(&a);
    /* half a line end begins no boundary */
    CHECK_STR(renamed(&a, "x\n--B\r\nx\r\n" PART("file", "x") END, STR("w")),
              PART("model", "w") PART("file", "x") END);
}

TEST_MAIN(a_request_is_read_from_json_and_from_a_form, only_a_stream_shows_images_on_the_way,
          what_is_wrong_is_told_in_the_words_of_the_mode,
          a_form_can_be_sent_on_when_its_file_has_begun,
          a_form_without_a_model_before_its_file_is_waited_for,
          another_model_replaces_its_bytes_and_nothing_else)
