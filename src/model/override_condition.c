/* Conditions: what stands at a path of the body, or of what is known beside it. */
#include "base/json_write.h"
#include "model/override_op.h"

enum { TEXT_BYTES = 64 * 1024 * 1024 };

/* ---- what is known beside the body ---- */

/* The part of the path behind request_headers, as a member of its own: no list of the headers of a
 * request is ever made. */
static const struct json *header_value(struct override_scene *s, struct str name)
{
    struct str value =
        s->call->client_header ? s->call->client_header(s->call->ctx, name) : STR_NULL;
    const struct json *v;

    if (!value.p || json_read(s->arena, json_quote(s->arena, value), 1, &v, NULL) != ERR_OK)
        return NULL;
    return v;
}

static struct json_tree *read_scene(struct override_scene *s)
{
    const struct override_call *call = s->call;
    const struct json *root = NULL;
    struct json_writer w;
    struct sb sb;

    sb_init(&sb, TEXT_BYTES);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("model"), call->upstream_model);
    jw_key_str(&w, STR("upstream_model"), call->upstream_model);
    jw_key_str(&w, STR("original_model"), call->requested_model);
    jw_key_str(&w, STR("request_path"), call->path);
    jw_key_i64(&w, STR("retry_index"), call->attempt);
    jw_key_bool(&w, STR("is_retry"), call->attempt > 0);
    jw_key_bool(&w, STR("is_channel_test"), call->is_test);
    jw_end(&w);
    if (json_read(s->arena, str_dup(s->arena, sb_str(&sb)), 4, &root, NULL) == ERR_OK)
        s->extra = json_tree_new(s->arena, root);
    sb_fini(&sb);
    return s->extra;
}

static const struct json *scene_value(struct override_scene *s, const struct json_path *path)
{
    struct json_node *node;

    if (path->n == 2 && str_eq(path->parts[0], STR("request_headers")))
        return header_value(s, path->parts[1]);
    if (!s->extra && !read_scene(s))
        return NULL;
    node = json_tree_find(s->extra, json_tree_root(s->extra), path);
    return node ? json_tree_value(s->extra, node, TEXT_BYTES) : NULL;
}

/* ---- judging ---- */

static bool equal(struct arena *a, const struct json *is, const struct override_condition *c)
{
    double left, right;

    if (json_f64(is, &left) && json_f64(c->value, &right))
        return left == right;
    return is->type == c->value->type && str_eq(override_text(a, is), c->text);
}

static bool compares(const struct json *is, const struct override_condition *c)
{
    double left, right;

    if (!json_f64(is, &left) || !json_f64(c->value, &right))
        return false;
    switch (c->relation) {
    case CONDITION_GT:
        return left > right;
    case CONDITION_GTE:
        return left >= right;
    case CONDITION_LT:
        return left < right;
    case CONDITION_LTE:
        return left <= right;
    case CONDITION_FULL:
    case CONDITION_PREFIX:
    case CONDITION_SUFFIX:
    case CONDITION_CONTAINS:
        break;
    }
    return false;
}

static bool relates(struct arena *a, const struct json *is, const struct override_condition *c)
{
    switch (c->relation) {
    case CONDITION_FULL:
        return equal(a, is, c);
    case CONDITION_PREFIX:
        return str_starts(override_text(a, is), c->text);
    case CONDITION_SUFFIX:
        return str_ends(override_text(a, is), c->text);
    case CONDITION_CONTAINS:
        return str_has(override_text(a, is), c->text);
    case CONDITION_GT:
    case CONDITION_GTE:
    case CONDITION_LT:
    case CONDITION_LTE:
        break;
    }
    return compares(is, c);
}

static bool holds(const struct override_condition *c, struct json_tree *t, struct json_node *node,
                  struct arena *a, struct override_scene *scene)
{
    struct json_node *at = json_tree_find(t, node, &c->path);
    const struct json *is = at      ? json_tree_value(t, at, TEXT_BYTES)
                            : scene ? scene_value(scene, &c->path)
                                    : NULL;

    if (!is)
        return c->if_missing;
    return relates(a, is, c) != c->invert;
}

bool override_holds(const struct override_conditions *c, struct json_tree *t,
                    struct json_node *node, struct arena *a, struct override_scene *scene)
{
    for (size_t i = 0; i < c->n; i++) {
        if (holds(&c->at[i], t, node, a, scene) != c->all)
            return !c->all;
    }
    return c->all || c->n == 0;
}
