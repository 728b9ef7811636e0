/*
 * Answers to embedding requests. Vectors are kept as doubles, which hold every number that an
 * upstream writes; base64 is that of OpenAI, 32-bit floats with the low byte first.
 * The tree of an answer, a node for each number, is gone when its vectors are read.
 */
#include <math.h>

#include "base/json_write.h"
#include "base/text.h"
#include "dialect/embed.h"

enum { FLOAT_BYTES = 4, TREE_BYTES = 64 * 1024 };

/* ---- reading ---- */

static enum err_code no_answer(struct err *err)
{
    return err_set(err, ERR_UPSTREAM_BODY, "the answer holds no embeddings");
}

static void reserve(struct arena *a, struct embed_answer *answer, size_t more)
{
    size_t cap = answer->cap > 0 ? answer->cap : 8;
    struct embed_vector *wider;

    while (cap < answer->count + more)
        cap *= 2;
    if (cap == answer->cap)
        return;
    wider = arena_new_array(a, struct embed_vector, cap);
    if (answer->count > 0)
        memcpy(wider, answer->vectors, answer->count * sizeof *wider);
    answer->vectors = wider;
    answer->cap = cap;
}

static bool read_numbers(struct arena *a, const struct json *list, struct embed_vector *out)
{
    size_t n = 0;

    out->n = json_count(list);
    out->values = arena_new_array(a, double, out->n);
    JSON_EACH (number, list) {
        if (!json_f64(number, &out->values[n++]))
            return false;
    }
    return json_is(list, JSON_ARRAY) && out->n > 0;
}

static double float_at(const char *p)
{
    uint32_t bits = 0;
    float value;

    for (size_t i = FLOAT_BYTES; i > 0; i--)
        bits = bits << 8 | (unsigned char)p[i - 1];
    memcpy(&value, &bits, sizeof value);
    return (double)value;
}

static bool read_base64(struct arena *a, struct str text, struct embed_vector *out)
{
    struct str bytes;

    if (!base64_decode(a, text, &bytes) || bytes.n == 0 || bytes.n % FLOAT_BYTES != 0)
        return false;
    out->n = bytes.n / FLOAT_BYTES;
    out->values = arena_new_array(a, double, out->n);
    for (size_t i = 0; i < out->n; i++) {
        out->values[i] = float_at(bytes.p + FLOAT_BYTES * i);
        if (!isfinite(out->values[i]))
            return false;
    }
    return true;
}

/* A vector as a list of numbers or as base64. */
static bool read_vector(struct arena *a, const struct json *value, struct embed_vector *out)
{
    struct str text;

    return json_str(a, value, &text) ? read_base64(a, text, out) : read_numbers(a, value, out);
}

enum err_code embed_read_openai_answer(struct arena *a, struct str body,
                                       struct embed_answer *answer, struct err *err)
{
    CLEANUP(arena_finip) struct arena tree;
    const struct json *root, *data;
    size_t position = 0;

    arena_init(&tree, TREE_BYTES);
    if (json_read(&tree, body, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return no_answer(err);
    data = json_get(root, STR("data"));
    if (!json_is(data, JSON_ARRAY) || json_count(data) == 0)
        return no_answer(err);
    reserve(a, answer, json_count(data));
    JSON_EACH (item, data) {
        int64_t index = json_i64_or(json_get(item, STR("index")), (int64_t)position);

        if (index < 0 || (uint64_t)index >= json_count(data) ||
            answer->vectors[answer->count + (size_t)index].values ||
            !read_vector(a, json_get(item, STR("embedding")),
                         &answer->vectors[answer->count + (size_t)index]))
            return no_answer(err);
        position++;
    }
    answer->count += position;
    answer->prompt_tokens +=
        json_i64_or(json_get(json_get(root, STR("usage")), STR("prompt_tokens")), 0);
    return ERR_OK;
}

/* embeddings[] of a batch, predictions[] of Vertex; else the one in `embedding`. */
static enum err_code read_list(struct arena *a, const struct json *list, bool predictions,
                               struct embed_answer *answer, struct err *err)
{
    reserve(a, answer, json_count(list));
    JSON_EACH (item, list) {
        const struct json *inner = predictions ? json_get(item, STR("embeddings")) : item;
        const struct json *tokens =
            json_get(json_get(inner, STR("statistics")), STR("token_count"));

        if (!read_numbers(a, json_get(inner, STR("values")), &answer->vectors[answer->count]))
            return no_answer(err);
        answer->count++;
        answer->prompt_tokens += json_i64_or(tokens, 0);
    }
    return ERR_OK;
}

enum err_code embed_read_gemini_answer(struct arena *a, struct str body,
                                       struct embed_answer *answer, struct err *err)
{
    CLEANUP(arena_finip) struct arena tree;
    const struct json *root, *one, *list;
    bool predictions;

    arena_init(&tree, TREE_BYTES);
    if (json_read(&tree, body, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return no_answer(err);
    one = json_get(root, STR("embedding"));
    list = json_get(root, STR("predictions"));
    predictions = json_is(list, JSON_ARRAY);
    if (!predictions)
        list = json_get(root, STR("embeddings"));
    answer->prompt_tokens +=
        json_i64_or(json_get(json_get(root, STR("usageMetadata")), STR("promptTokenCount")), 0);
    if (one) {
        reserve(a, answer, 1);
        if (!read_numbers(a, json_get(one, STR("values")), &answer->vectors[answer->count]))
            return no_answer(err);
        answer->count++;
        return ERR_OK;
    }
    if (!json_is(list, JSON_ARRAY) || json_count(list) == 0)
        return no_answer(err);
    return read_list(a, list, predictions, answer, err);
}

/* ---- length ---- */

bool embed_needs_normalising(const struct embed_request *r)
{
    enum { WHOLE = 3072 };

    return str_has(r->model, STR("gemini-embedding-001")) && r->dimensions > 0 &&
           r->dimensions != WHOLE;
}

void embed_normalise(struct embed_answer *answer)
{
    for (size_t i = 0; i < answer->count; i++) {
        const struct embed_vector *v = &answer->vectors[i];
        double sum = 0;

        for (size_t k = 0; k < v->n; k++)
            sum += v->values[k] * v->values[k];
        for (size_t k = 0; k < v->n && sum > 0 && isfinite(sum); k++)
            v->values[k] /= sqrt(sum);
    }
}

/* ---- writing ---- */

static void put_numbers(struct json_writer *w, const struct embed_vector *v)
{
    jw_array(w);
    for (size_t i = 0; i < v->n; i++)
        jw_f64(w, v->values[i]);
    jw_end(w);
}

static void put_base64(struct json_writer *w, struct arena *a, const struct embed_vector *v)
{
    char *bytes = arena_alloc(a, FLOAT_BYTES * v->n);

    for (size_t i = 0; i < v->n; i++) {
        float value = (float)v->values[i];
        uint32_t bits;

        memcpy(&bits, &value, sizeof bits);
        for (size_t k = 0; k < FLOAT_BYTES; k++)
            bytes[FLOAT_BYTES * i + k] = (char)(unsigned char)(bits >> (8 * k) & 0xff);
    }
    jw_str(w, base64_encode(a, str_make(bytes, FLOAT_BYTES * v->n)));
}

void embed_write_openai_answer(struct arena *a, const struct embed_request *r,
                               const struct embed_answer *answer, struct sb *out)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    jw_key_str(&w, STR("object"), STR("list"));
    jw_key(&w, STR("data"));
    jw_array(&w);
    for (size_t i = 0; i < answer->count; i++) {
        jw_object(&w);
        jw_key_str(&w, STR("object"), STR("embedding"));
        jw_key_i64(&w, STR("index"), (int64_t)i);
        jw_key(&w, STR("embedding"));
        if (r->base64)
            put_base64(&w, a, &answer->vectors[i]);
        else
            put_numbers(&w, &answer->vectors[i]);
        jw_end(&w);
    }
    jw_end(&w);
    jw_key_str(&w, STR("model"), r->model);
    jw_key(&w, STR("usage"));
    jw_object(&w);
    jw_key_i64(&w, STR("prompt_tokens"), answer->prompt_tokens);
    jw_key_i64(&w, STR("total_tokens"), answer->prompt_tokens);
    jw_end(&w);
    jw_end(&w);
}

static void put_values(struct json_writer *w, const struct embed_vector *v)
{
    jw_object(w);
    jw_key(w, STR("values"));
    put_numbers(w, v);
    jw_end(w);
}

void embed_write_gemini_answer(const struct embed_request *r, const struct embed_answer *answer,
                               struct sb *out)
{
    struct json_writer w;

    jw_init(&w, out);
    jw_object(&w);
    if (r->single && answer->count == 1) {
        jw_key(&w, STR("embedding"));
        put_values(&w, &answer->vectors[0]);
    } else {
        jw_key(&w, STR("embeddings"));
        jw_array(&w);
        for (size_t i = 0; i < answer->count; i++)
            put_values(&w, &answer->vectors[i]);
        jw_end(&w);
    }
    if (answer->prompt_tokens > 0) {
        jw_key(&w, STR("usageMetadata"));
        jw_object(&w);
        jw_key_i64(&w, STR("promptTokenCount"), answer->prompt_tokens);
        jw_end(&w);
    }
    jw_end(&w);
}
