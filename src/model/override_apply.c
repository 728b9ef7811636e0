/* Does the steps: a function a mode, over a tree that each of them changes. */
#include "base/json_write.h"
#include "model/override_op.h"

enum { GROWTH_BYTES = 4 * 1024 * 1024 }; /* of a text, in one step */

struct work {
    struct arena *arena;
    struct json_tree *t;
    struct override_scene scene;
    struct override_headers *headers;
    struct override_refusal *refusal;
    struct err *err;
};

typedef enum err_code do_fn(struct work *w, const struct override_op *op);

static struct json_node *find(struct work *w, const struct json_path *path)
{
    return json_tree_find(w->t, json_tree_root(w->t), path);
}

static enum err_code too_large(struct work *w)
{
    return err_set(w->err, ERR_CONVERT, "param_override: the body has become too large");
}

/* A string as a value of its own. */
static const struct json *string_value(struct work *w, struct str text)
{
    const struct json *value;

    return json_read(w->arena, json_quote(w->arena, text), 1, &value, NULL) == ERR_OK ? value
                                                                                      : NULL;
}

/* ---- places ---- */

static enum err_code do_set(struct work *w, const struct override_op *op)
{
    if (!op->keep_origin || !find(w, &op->path))
        json_tree_set(w->t, json_tree_root(w->t), &op->path, op->value);
    return ERR_OK;
}

static enum err_code do_delete(struct work *w, const struct override_op *op)
{
    struct json_node *node = find(w, &op->path);

    if (node)
        json_tree_remove(w->t, node);
    return ERR_OK;
}

static bool is_within(struct json_node *node, const struct json_node *outer)
{
    while (node && node != outer)
        node = json_tree_parent(node);
    return node != NULL;
}

/* After a copy the original goes, unless it was replaced on the way or holds the copy. */
static enum err_code do_move(struct work *w, const struct override_op *op)
{
    struct json_node *from = find(w, &op->from);
    const struct json *value;

    if (!from || (op->keep_origin && find(w, &op->to)))
        return ERR_OK;
    value = json_tree_value(w->t, from, OVERRIDE_BODY_BYTES);
    if (!value)
        return too_large(w);
    if (!json_tree_set(w->t, json_tree_root(w->t), &op->to, value))
        return ERR_OK;
    if (op->mode == OVERRIDE_MOVE && find(w, &op->from) == from &&
        !is_within(find(w, &op->to), from))
        json_tree_remove(w->t, from);
    return ERR_OK;
}

/* ---- prepend and append ---- */

static void add_elements(struct work *w, const struct override_op *op, struct json_node *array)
{
    struct json_node *before = op->mode == OVERRIDE_PREPEND ? json_tree_first(w->t, array) : NULL;

    if (!json_is(op->value, JSON_ARRAY)) {
        json_tree_insert(w->t, array, before, op->value);
        return;
    }
    JSON_EACH (item, op->value)
        json_tree_insert(w->t, array, before, item);
}

static void add_members(struct work *w, const struct override_op *op, struct json_node *object)
{
    JSON_EACH_MEMBER (key, value, op->value) {
        struct str name = json_str_or_null(w->arena, key);
        struct json_path path = {.parts = &name, .n = 1};

        if (!op->keep_origin || !json_tree_find(w->t, object, &path))
            json_tree_set(w->t, object, &path, value);
    }
}

static enum err_code edit_string(struct work *w, const struct override_op *op,
                                 struct json_node *node);

static enum err_code do_add(struct work *w, const struct override_op *op)
{
    struct json_node *node = find(w, &op->path);

    if (node && json_tree_type(node) == JSON_ARRAY)
        add_elements(w, op, node);
    else if (node && json_tree_type(node) == JSON_OBJECT)
        add_members(w, op, node);
    else if (json_is(op->value, JSON_STRING))
        return edit_string(w, op, node);
    return ERR_OK;
}

/* ---- texts ---- */

static struct str join(struct work *w, struct str left, struct str right)
{
    return str_concat(w->arena, (const struct str[]){left, right}, 2);
}

static enum err_code replace(struct work *w, const struct override_op *op, struct str text,
                             struct str *out)
{
    size_t hits = 0;

    for (struct str rest = text;;) {
        ptrdiff_t at = str_find(rest, op->from_text);

        if (at < 0)
            break;
        hits++;
        rest = str_skip(rest, (size_t)at + op->from_text.n);
    }
    if (hits * op->to_text.n > hits * op->from_text.n + GROWTH_BYTES)
        return too_large(w);
    *out = str_replace(w->arena, text, op->from_text, op->to_text);
    return ERR_OK;
}

/* Cuts or adds at an end of the text. */
static struct str edit_ends(struct work *w, const struct override_op *op, struct str s)
{
    struct str value = op->text;
    bool before = str_starts(s, value), behind = str_ends(s, value);

    if (op->mode == OVERRIDE_PREPEND || (op->mode == OVERRIDE_ENSURE_PREFIX && !before))
        return join(w, value, s);
    if (op->mode == OVERRIDE_APPEND || (op->mode == OVERRIDE_ENSURE_SUFFIX && !behind))
        return join(w, s, value);
    if (op->mode == OVERRIDE_TRIM_PREFIX && before)
        return str_skip(s, value.n);
    if (op->mode == OVERRIDE_TRIM_SUFFIX && behind)
        return str_sub(s, 0, s.n - value.n);
    return op->mode == OVERRIDE_TRIM_SPACE ? str_trim(s) : s;
}

static enum err_code edit_text(struct work *w, const struct override_op *op, struct str text,
                               struct str *out)
{
    if (op->mode == OVERRIDE_REPLACE)
        return replace(w, op, text, out);
    if (op->mode == OVERRIDE_REGEX_REPLACE)
        return regex_replace(op->regex, w->arena, text, op->to_text, text.n + GROWTH_BYTES, out,
                             w->err);
    if (op->mode == OVERRIDE_TO_LOWER || op->mode == OVERRIDE_TO_UPPER)
        return regex_change_case(w->arena, text,
                                 op->mode == OVERRIDE_TO_LOWER ? REGEX_LOWER : REGEX_UPPER,
                                 text.n + GROWTH_BYTES, out, w->err);
    *out = edit_ends(w, op, text);
    return ERR_OK;
}

/* `node` may be NULL or hold something else. */
static enum err_code edit_string(struct work *w, const struct override_op *op,
                                 struct json_node *node)
{
    struct str text, edited;

    if (!node || json_tree_type(node) != JSON_STRING ||
        !json_str(w->arena, json_tree_value(w->t, node, OVERRIDE_BODY_BYTES), &text))
        return ERR_OK;
    if (edit_text(w, op, text, &edited) != ERR_OK) {
        w->err->code = ERR_CONVERT;
        return err_wrap(w->err, "param_override");
    }
    if (!str_eq(text, edited))
        json_tree_replace(w->t, node, string_value(w, edited));
    return ERR_OK;
}

static enum err_code do_text(struct work *w, const struct override_op *op)
{
    return edit_string(w, op, find(w, &op->path));
}

/* ---- the others ---- */

static enum err_code do_refuse(struct work *w, const struct override_op *op)
{
    *w->refusal = op->refusal;
    return ERR_OK;
}

/* The node behind this one and all that it holds, within `top`. */
static struct json_node *pass_over(struct json_node *node, const struct json_node *top)
{
    while (node != top && !json_tree_next(node))
        node = json_tree_parent(node);
    return node == top ? NULL : json_tree_next(node);
}

static enum err_code do_prune(struct work *w, const struct override_op *op)
{
    struct json_node *top = find(w, &op->path), *node, *next;

    for (node = top ? json_tree_first(w->t, top) : NULL; node; node = next) {
        if (json_tree_type(node) == JSON_OBJECT &&
            override_holds(&op->prune, w->t, node, w->arena, NULL)) {
            next = pass_over(node, top);
            json_tree_remove(w->t, node);
            continue;
        }
        next = op->recursive ? json_tree_first(w->t, node) : NULL;
        if (!next)
            next = pass_over(node, top);
    }
    return ERR_OK;
}

static enum err_code do_header(struct work *w, const struct override_op *op)
{
    override_do_header(op, w->scene.call, w->arena, w->headers);
    return ERR_OK;
}

/* What stands at an end of sync_fields; NULL: nothing, null or "". */
static const struct json *end_value(struct work *w, const struct override_end *end)
{
    struct json_node *node = end->header ? NULL : find(w, &end->path);
    const struct json *value = NULL;

    if (end->header)
        value = string_value(w, override_header_find(w->headers, w->scene.call, end->name));
    else if (node)
        value = json_tree_value(w->t, node, OVERRIDE_BODY_BYTES);
    return json_is(value, JSON_NULL) || json_str_eq(value, STR("")) ? NULL : value;
}

/* A client's text is not to break the call. */
static bool fits_header(struct str value)
{
    for (size_t i = 0; i < value.n; i++) {
        if ((unsigned char)value.p[i] < ' ' || value.p[i] == 0x7f)
            return false;
    }
    return value.n > 0;
}

static void put_end(struct work *w, const struct override_end *end, const struct json *value)
{
    struct str text;

    if (!end->header) {
        json_tree_set(w->t, json_tree_root(w->t), &end->path, value);
        return;
    }
    text = str_trim(override_text(w->arena, value));
    if (!json_is(value, JSON_OBJECT) && !json_is(value, JSON_ARRAY) && fits_header(text))
        override_header_set(w->arena, w->headers, end->name, text);
}

static enum err_code do_sync(struct work *w, const struct override_op *op)
{
    const struct json *from = end_value(w, &op->ends[0]), *to = end_value(w, &op->ends[1]);

    if (from && !to)
        put_end(w, &op->ends[1], from);
    else if (to && !from)
        put_end(w, &op->ends[0], to);
    return ERR_OK;
}

/* ---- the whole ---- */

static do_fn *const doers[OVERRIDE_MODE_COUNT] = {
    [OVERRIDE_SET] = do_set,
    [OVERRIDE_DELETE] = do_delete,
    [OVERRIDE_MOVE] = do_move,
    [OVERRIDE_COPY] = do_move,
    [OVERRIDE_PREPEND] = do_add,
    [OVERRIDE_APPEND] = do_add,
    [OVERRIDE_TRIM_PREFIX] = do_text,
    [OVERRIDE_TRIM_SUFFIX] = do_text,
    [OVERRIDE_ENSURE_PREFIX] = do_text,
    [OVERRIDE_ENSURE_SUFFIX] = do_text,
    [OVERRIDE_TRIM_SPACE] = do_text,
    [OVERRIDE_TO_LOWER] = do_text,
    [OVERRIDE_TO_UPPER] = do_text,
    [OVERRIDE_REPLACE] = do_text,
    [OVERRIDE_REGEX_REPLACE] = do_text,
    [OVERRIDE_RETURN_ERROR] = do_refuse,
    [OVERRIDE_PRUNE_OBJECTS] = do_prune,
    [OVERRIDE_SET_HEADER] = do_header,
    [OVERRIDE_DELETE_HEADER] = do_header,
    [OVERRIDE_COPY_HEADER] = do_header,
    [OVERRIDE_MOVE_HEADER] = do_header,
    [OVERRIDE_PASS_HEADERS] = do_header,
    [OVERRIDE_SYNC_FIELDS] = do_sync,
};

static enum err_code write_body(struct work *w, struct str *body)
{
    struct sb *sb = arena_new(w->arena, struct sb);

    sb_init(sb, OVERRIDE_BODY_BYTES);
    arena_defer(w->arena, sb_finip, sb);
    json_tree_write(json_tree_root(w->t), sb);
    if (sb_failed(sb))
        return too_large(w);
    *body = sb_str(sb);
    return ERR_OK;
}

enum err_code override_apply(const struct override *o, const struct override_call *call,
                             struct arena *a, struct str *body, struct override_headers *headers,
                             struct override_refusal *refusal, struct err *err)
{
    static const struct json nothing = {.p = "{}", .n = 2, .skip = 1, .type = JSON_OBJECT};
    const struct json *root;
    /* A body that is no JSON is left alone; headers and conditions on what is known work. */
    bool is_json = json_read(a, *body, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK;
    struct err fault;
    struct work w = {.arena = a,
                     .t = json_tree_new(a, is_json ? root : &nothing),
                     .scene = {.arena = a, .call = call},
                     .headers = headers,
                     .refusal = refusal,
                     .err = err ? err : &fault};

    *refusal = (struct override_refusal){0};
    for (size_t i = 0; i < o->op_count && !refusal->refused; i++) {
        const struct override_op *op = &o->ops[i];

        if (override_holds(&op->conditions, w.t, json_tree_root(w.t), a, &w.scene))
            TRY(doers[op->mode](&w, op));
    }
    return is_json && json_tree_changed(w.t) ? write_body(&w, body) : ERR_OK;
}
