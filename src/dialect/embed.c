#include "dialect/embed.h"

#include "base/json_write.h"

/* ---- OpenAI's request, read ---- */

static enum err_code refuse_tokens(struct err *err)
{
    return err_set(err, ERR_BAD_EMBEDDING_REQUEST,
                   "input must be a string or a list of strings: tokens "
                   "cannot be sent to this model");
}

static enum err_code read_input(struct arena *a, const struct json *input,
                                struct embed_request *out, struct err *err)
{
    struct str text;

    if (json_str(a, input, &text)) {
        out->single = true;
        out->count = 1;
        out->inputs = arena_new(a, struct str);
        out->inputs[0] = text;
        return ERR_OK;
    }
    if (!json_is(input, JSON_ARRAY) || json_count(input) == 0)
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST,
                       "input must be a string or a list of strings");
    out->inputs = arena_new_array(a, struct str, json_count(input));
    JSON_EACH (item, input) {
        if (json_is(item, JSON_NUMBER) || json_is(item, JSON_ARRAY))
            return refuse_tokens(err);
        if (!json_str(a, item, &out->inputs[out->count++]))
            return err_set(err, ERR_BAD_EMBEDDING_REQUEST,
                           "input must be a string or a list of strings");
    }
    return ERR_OK;
}

static enum err_code read_encoding(const struct json *encoding, struct embed_request *out,
                                   struct err *err)
{
    out->base64 = json_str_eq(encoding, STR("base64"));
    if (!encoding || json_is(encoding, JSON_NULL) || out->base64 ||
        json_str_eq(encoding, STR("float")))
        return ERR_OK;
    return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "encoding_format must be float or base64");
}

static enum err_code read_dimensions(const struct json *value, const char *name,
                                     struct embed_request *out, struct err *err)
{
    if (!value || json_is(value, JSON_NULL))
        return ERR_OK;
    if (!json_i64(value, &out->dimensions) || out->dimensions <= 0)
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "%s must be a whole number above 0", name);
    return ERR_OK;
}

static void lose_unknown(struct arena *a, const struct json *body, const char *const *known,
                         size_t count, struct loss_list *losses)
{
    JSON_EACH_MEMBER (key, value, body) {
        bool is_known = json_is(value, JSON_NULL);

        for (size_t i = 0; i < count && !is_known; i++)
            is_known = json_str_eq(key, str_from(known[i]));
        if (!is_known)
            loss_add(losses, str_dup(a, json_str_or_null(a, key)));
    }
}

enum err_code embed_read_openai(struct arena *a, const struct json *body, struct embed_request *out,
                                struct loss_list *losses, struct err *err)
{
    static const char *const known[] = {"model", "input", "encoding_format", "dimensions", "user"};
    enum err_code rc;

    *out = (struct embed_request){0};
    if (!json_is(body, JSON_OBJECT))
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "the request must be an object");
    out->model = json_str_or_null(a, json_get(body, STR("model")));
    out->user = json_str_or_null(a, json_get(body, STR("user")));
    rc = read_input(a, json_get(body, STR("input")), out, err);
    if (rc == ERR_OK)
        rc = read_encoding(json_get(body, STR("encoding_format")), out, err);
    if (rc == ERR_OK)
        rc = read_dimensions(json_get(body, STR("dimensions")), "dimensions", out, err);
    if (rc == ERR_OK)
        lose_unknown(a, body, known, ARRAY_LEN(known), losses);
    return rc;
}

/* ---- Gemini's request, read ---- */

static const struct json *member(const struct json *object, const char *camel, const char *snake)
{
    const struct json *value = json_get(object, str_from(camel));

    return value ? value : json_get(object, str_from(snake));
}

/* A content's texts are one input. */
static enum err_code read_content(struct arena *a, const struct json *content, struct str *out,
                                  struct err *err)
{
    const struct json *parts = json_get(content, STR("parts"));
    struct str *slices = arena_new_array(a, struct str, 2 * json_count(parts) + 1);
    size_t n = 0;

    JSON_EACH (part, parts) {
        if (n > 0)
            slices[n++] = STR("\n");
        if (!json_str(a, json_get(part, STR("text")), &slices[n++]))
            return err_set(err, ERR_BAD_EMBEDDING_REQUEST,
                           "content.parts may hold nothing but texts");
    }
    if (n == 0)
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "content must have parts");
    *out = n == 1 ? slices[0] : str_concat(a, slices, n);
    return ERR_OK;
}

/* The options of one request; they are the same for all. */
static enum err_code read_options(struct arena *a, const struct json *request,
                                  struct embed_request *out, struct loss_list *losses,
                                  struct err *err)
{
    static const char *const known[] = {"model",
                                        "content",
                                        "taskType",
                                        "task_type",
                                        "title",
                                        "outputDimensionality",
                                        "output_dimensionality"};

    out->task_type = json_str_or_null(a, member(request, "taskType", "task_type"));
    out->title = json_str_or_null(a, json_get(request, STR("title")));
    lose_unknown(a, request, known, ARRAY_LEN(known), losses);
    return read_dimensions(member(request, "outputDimensionality", "output_dimensionality"),
                           "outputDimensionality", out, err);
}

static enum err_code read_batch(struct arena *a, const struct json *requests,
                                struct embed_request *out, struct loss_list *losses,
                                struct err *err)
{
    int64_t first = 0;
    enum err_code rc;

    if (!json_is(requests, JSON_ARRAY) || json_count(requests) == 0)
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "requests must be a list");
    out->inputs = arena_new_array(a, struct str, json_count(requests));
    JSON_EACH (request, requests) {
        out->dimensions = 0;
        rc = read_options(a, request, out, losses, err);
        if (rc == ERR_OK)
            rc = read_content(a, json_get(request, STR("content")), &out->inputs[out->count], err);
        if (rc != ERR_OK)
            return rc;
        if (out->count++ == 0)
            first = out->dimensions;
        else if (out->dimensions != first)
            return err_set(err, ERR_BAD_EMBEDDING_REQUEST,
                           "outputDimensionality must be the same in all requests");
    }
    return ERR_OK;
}

enum err_code embed_read_gemini(struct arena *a, const struct json *body, struct embed_request *out,
                                struct loss_list *losses, struct err *err)
{
    const struct json *requests = json_get(body, STR("requests"));
    enum err_code rc;

    *out = (struct embed_request){0};
    if (!json_is(body, JSON_OBJECT))
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "the request must be an object");
    if (requests)
        return read_batch(a, requests, out, losses, err);
    out->single = true;
    out->count = 1;
    out->inputs = arena_new(a, struct str);
    rc = read_options(a, body, out, losses, err);
    if (rc != ERR_OK)
        return rc;
    return read_content(a, json_get(body, STR("content")), &out->inputs[0], err);
}

/* ---- requests, written ---- */

void embed_write_openai(const struct embed_request *r, struct loss_list *losses, struct sb *out)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    jw_key_str(&w, STR("model"), r->model);
    jw_key(&w, STR("input"));
    if (r->single) {
        jw_str(&w, r->inputs[0]);
    } else {
        jw_array(&w);
        for (size_t i = 0; i < r->count; i++)
            jw_str(&w, r->inputs[i]);
        jw_end(&w);
    }
    jw_key_str(&w, STR("encoding_format"), STR("float"));
    if (r->dimensions > 0)
        jw_key_i64(&w, STR("dimensions"), r->dimensions);
    if (r->user.n > 0)
        jw_key_str(&w, STR("user"), r->user);
    jw_end(&w);
    if (r->task_type.n > 0)
        loss_add(losses, STR("taskType"));
    if (r->title.n > 0)
        loss_add(losses, STR("title"));
}

size_t embed_gemini_calls(const struct embed_request *r)
{
    return r->single ? 1 : (r->count + EMBED_BATCH_MAX - 1) / EMBED_BATCH_MAX;
}

/* The first generation has one size. */
static bool has_one_size(struct str model)
{
    return str_ends(model, STR("embedding-001")) && !str_has(model, STR("gemini-embedding"));
}

static void put_one(struct json_writer *w, struct arena *a, const struct embed_request *r,
                    struct str input)
{
    struct str prefix = str_starts(r->model, STR("models/")) ? STR("") : STR("models/");

    jw_object(w);
    jw_key_str(w, STR("model"), str_concat(a, (struct str[]){prefix, r->model}, 2));
    jw_key(w, STR("content"));
    jw_object(w);
    jw_key(w, STR("parts"));
    jw_array(w);
    jw_object(w);
    jw_key_str(w, STR("text"), input);
    jw_end(w);
    jw_end(w);
    jw_end(w);
    if (r->task_type.n > 0)
        jw_key_str(w, STR("taskType"), r->task_type);
    if (r->title.n > 0)
        jw_key_str(w, STR("title"), r->title);
    if (r->dimensions > 0 && !has_one_size(r->model))
        jw_key_i64(w, STR("outputDimensionality"), r->dimensions);
    jw_end(w);
}

void embed_write_gemini(struct arena *a, const struct embed_request *r, size_t call,
                        struct loss_list *losses, struct sb *out)
{
    size_t from = call * EMBED_BATCH_MAX;
    size_t to = r->count - from > EMBED_BATCH_MAX ? from + EMBED_BATCH_MAX : r->count;
    struct json_writer w;

    if (r->user.n > 0)
        loss_add(losses, STR("user"));
    if (r->dimensions > 0 && has_one_size(r->model))
        loss_add(losses, STR("dimensions"));
    jw_init(&w, out);
    if (r->single) {
        put_one(&w, a, r, r->inputs[0]);
        return;
    }
    jw_object(&w);
    jw_key(&w, STR("requests"));
    jw_array(&w);
    for (size_t i = from; i < to; i++)
        put_one(&w, a, r, r->inputs[i]);
    jw_end(&w);
    jw_end(&w);
}
