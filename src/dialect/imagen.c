#include "dialect/imagen.h"

#include "base/json_write.h"

bool imagen_model(struct str model)
{
    return str_starts(model, STR("imagen"));
}

/* ---- the request ---- */

/* STR_NULL: there is none for the size, and a square is drawn. "16:9" is one already. */
static struct str ratio_of(struct str size)
{
    static const struct {
        struct str size, ratio;
    } rows[] = {
        {STR_INIT("256x256"), STR_INIT("1:1")},    {STR_INIT("512x512"), STR_INIT("1:1")},
        {STR_INIT("1024x1024"), STR_INIT("1:1")},  {STR_INIT("1024x1792"), STR_INIT("9:16")},
        {STR_INIT("1792x1024"), STR_INIT("16:9")}, {STR_INIT("1024x1536"), STR_INIT("3:4")},
        {STR_INIT("1536x1024"), STR_INIT("4:3")},  {STR_INIT("auto"), STR_INIT("1:1")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(size, rows[i].size))
            return rows[i].ratio;
    }
    return str_find_char(size, ':') > 0 ? size : STR_NULL;
}

/* Does leaving it out change nothing? The image comes as its bytes, of the usual quality. */
static bool is_kept(const struct json *key, const struct json *value)
{
    static const struct str said[] = {STR_INIT("model"), STR_INIT("prompt"), STR_INIT("n"),
                                      STR_INIT("size"), STR_INIT("stream")};
    struct str usual = STR("b64_json");

    for (size_t i = 0; i < ARRAY_LEN(said); i++) {
        if (json_str_eq(key, said[i]))
            return true;
    }
    if (json_str_eq(key, STR("quality")))
        usual = STR("standard");
    else if (!json_str_eq(key, STR("response_format")))
        return json_is(value, JSON_NULL);
    return json_is(value, JSON_NULL) || json_str_eq(value, usual) ||
           json_str_eq(value, STR("auto"));
}

static void list_losses(struct arena *a, const struct json *root, struct loss_list *losses)
{
    JSON_EACH_MEMBER (key, value, root) {
        if (!is_kept(key, value))
            loss_add(losses, json_str_or_null(a, key));
    }
}

void imagen_write(struct arena *a, const struct json *root, const struct media_request *r,
                  struct loss_list *losses, struct sb *out)
{
    struct str ratio = ratio_of(r->size);
    struct json_writer w;

    list_losses(a, root, losses);
    if (ratio.n == 0)
        loss_add(losses, STR("size"));
    jw_init(&w, out);
    jw_object(&w);
    jw_key(&w, STR("instances"));
    jw_array(&w);
    jw_object(&w);
    jw_key_str(&w, STR("prompt"), r->text);
    jw_end(&w);
    jw_end(&w);
    jw_key(&w, STR("parameters"));
    jw_object(&w);
    jw_key_i64(&w, STR("sampleCount"), r->n);
    jw_key_str(&w, STR("aspectRatio"), ratio.n > 0 ? ratio : STR("1:1"));
    jw_key_str(&w, STR("personGeneration"), STR("allow_adult"));
    jw_end(&w);
    jw_end(&w);
}

/* ---- the answer ---- */

/* The base64 as it is written: there is nothing in it that a JSON string would spell in another
 * way. */
static bool write_image(struct json_writer *w, const struct json *prediction)
{
    const struct json *bytes = json_get(prediction, STR("bytesBase64Encoded"));
    enum { QUOTES = 2 };

    if (!json_is(bytes, JSON_STRING) || json_raw(bytes).n <= QUOTES)
        return false;
    jw_object(w);
    jw_key_raw(w, STR("b64_json"), json_raw(bytes));
    jw_end(w);
    return true;
}

void imagen_read(struct arena *a, struct str answer, int64_t now_s, struct imagen_answer *told,
                 struct sb *out)
{
    const struct json *root, *predictions;
    struct json_writer w;

    *told = (struct imagen_answer){0};
    if (json_read(a, answer, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return;
    predictions = json_get(root, STR("predictions"));
    told->is_answer = json_is(predictions, JSON_ARRAY) ||
                      (json_is(root, JSON_OBJECT) && json_count(root) == 0); /* all held back */
    jw_init(&w, out);
    jw_object(&w);
    jw_key_i64(&w, STR("created"), now_s);
    jw_key(&w, STR("data"));
    jw_array(&w);
    JSON_EACH (prediction, predictions) {
        struct str why = json_str_or_null(a, json_get(prediction, STR("raiFilteredReason")));

        told->images += write_image(&w, prediction);
        if (why.n > 0)
            told->kept = str_dup(a, why);
    }
    jw_end(&w);
    jw_end(&w);
}
