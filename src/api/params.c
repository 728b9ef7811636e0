#include "api/params.h"

#include "api/envelope.h"
#include "base/text.h"

struct str query_str(struct api_call *c, struct str name)
{
    struct str value;

    return url_query_get(c->arena, c->req->query, name, &value) ? value : STR_NULL;
}

int64_t query_i64(struct api_call *c, struct str name)
{
    int64_t value;

    return str_to_i64(query_str(c, name), &value) ? value : 0;
}

bool query_bool(struct api_call *c, struct str name)
{
    bool value;

    return str_to_bool(query_str(c, name), &value) && value;
}

bool query_has(struct api_call *c, struct str name)
{
    return query_str(c, name).n > 0;
}

enum err_code path_id(struct api_call *c, size_t i, int64_t *id)
{
    struct str text = c->req->params[i];

    if (str_to_i64(text, id))
        return ERR_OK;
    /* The words of Go's strconv, which clients of the original have seen. */
    return api_fail_text(c, arena_fmt(c->arena, "strconv.Atoi: parsing %.*s: invalid syntax",
                                      STR_ARG(json_quote(c->arena, utf8_prefix(text, 64)))));
}

struct page_query query_page(struct api_call *c, int64_t first, struct str size_name, int64_t cap)
{
    /* Far beyond any table, and far from an overflow of page times size. */
    const int64_t last_page = INT64_C(1) << 40;
    struct page_query q = {.page = query_i64(c, STR("p")), .size = query_i64(c, size_name)};

    if (q.page < first)
        q.page = first;
    if (q.page > last_page)
        q.page = last_page;
    if (q.size <= 0)
        q.size = PAGE_SIZE_DEFAULT;
    if (q.size > cap)
        q.size = cap;
    q.offset = (q.page - first) * q.size;
    return q;
}

void page_members(struct json_writer *w, const struct page_query *q, int64_t total)
{
    jw_key_i64(w, STR("total"), total);
    jw_key_i64(w, STR("page"), q->page);
    jw_key_i64(w, STR("page_size"), q->size);
}

enum err_code body_read(struct api_call *c, struct body *out)
{
    *out = (struct body){.call = c};
    if (json_read(c->arena, c->req->body, JSON_DEPTH_DEFAULT, &out->root, NULL) != ERR_OK ||
        !json_is(out->root, JSON_OBJECT))
        return api_fail(c, MSG_BAD_BODY);
    return ERR_OK;
}

/* NULL for absent and null. */
static const struct json *member(const struct body *b, struct str name)
{
    const struct json *v = json_get(b->root, name);

    return json_is(v, JSON_NULL) ? NULL : v;
}

static void note_wrong(struct body *b, bool ok, struct str name)
{
    if (!ok && !b->wrong.p)
        b->wrong = name;
}

struct str body_str(struct body *b, struct str name)
{
    const struct json *v = member(b, name);
    struct str value = STR_NULL;

    note_wrong(b, !v || json_str(b->call->arena, v, &value), name);
    return value;
}

int64_t body_i64(struct body *b, struct str name)
{
    const struct json *v = member(b, name);
    int64_t value = 0;

    note_wrong(b, !v || json_i64(v, &value), name);
    return value;
}

double body_f64(struct body *b, struct str name)
{
    const struct json *v = member(b, name);
    double value = 0;

    note_wrong(b, !v || json_f64(v, &value), name);
    return value;
}

bool body_bool(struct body *b, struct str name)
{
    const struct json *v = member(b, name);
    bool value = false;

    note_wrong(b, !v || json_bool(v, &value), name);
    return value;
}

bool body_has(const struct body *b, struct str name)
{
    return member(b, name) != NULL;
}

void body_ids(struct body *b, struct str name, size_t cap, int64_t **ids, size_t *n)
{
    const struct json *list = member(b, name);
    size_t count = json_is(list, JSON_ARRAY) ? json_count(list) : 0;

    *n = 0;
    *ids = arena_new_array(b->call->arena, int64_t, count);
    note_wrong(b, !list || (json_is(list, JSON_ARRAY) && count <= cap), name);
    JSON_EACH (item, list) {
        note_wrong(b, json_i64(item, &(*ids)[*n]), name);
        (*n)++;
    }
}

enum err_code body_end(struct body *b)
{
    return b->wrong.p ? api_fail_arg(b->call, MSG_BAD_MEMBER, b->wrong) : ERR_OK;
}
