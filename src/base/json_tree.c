#include "base/json_tree.h"

#include "base/json_text.h"
#include "base/json_write.h"

struct json_node {
    struct json_node *parent, *prev, *next;
    struct json_node *first, *last; /* when open */
    const struct json *key;         /* of a member: a string; NULL: an element, or the root */
    const struct json *value;       /* as it was read or set; what it holds may have changed */
    bool open;                      /* what it holds are nodes */
    bool changed;                   /* ... and one of them, or below, is not as in `value` */
};

struct json_tree {
    struct arena *arena;
    struct json_node root;
};

/* ---- paths ---- */

/* Cuts the next part off; its escapes are undone. */
static struct str cut_part(struct arena *a, struct str *rest)
{
    char *copy = arena_alloc(a, rest->n);
    struct str part = {.p = copy, .n = 0};
    size_t at = 0;

    for (; at < rest->n && rest->p[at] != '.'; at++) {
        if (rest->p[at] == '\\' && at + 1 < rest->n)
            at++;
        copy[part.n++] = rest->p[at];
    }
    *rest = at < rest->n ? str_skip(*rest, at + 1) : STR_NULL;
    return part;
}

bool json_path_read(struct arena *a, struct str text, struct json_path *out)
{
    struct str parts[JSON_PATH_PARTS];
    size_t n = 0;

    *out = (struct json_path){0};
    if (text.n == 0)
        return true;
    while (text.p) {
        if (n == JSON_PATH_PARTS)
            return false;
        parts[n] = cut_part(a, &text);
        if (parts[n++].n == 0)
            return false;
    }
    out->parts = arena_new_array(a, struct str, n);
    memcpy(out->parts, parts, n * sizeof parts[0]);
    out->n = n;
    return true;
}

/* ---- nodes ---- */

struct json_tree *json_tree_new(struct arena *a, const struct json *root)
{
    struct json_tree *t = arena_new(a, struct json_tree);

    t->arena = a;
    t->root.value = root;
    return t;
}

bool json_tree_changed(const struct json_tree *t)
{
    return t->root.changed;
}

struct json_node *json_tree_root(struct json_tree *t)
{
    return &t->root;
}

enum json_type json_tree_type(const struct json_node *node)
{
    return (enum json_type)node->value->type;
}

static struct json_node *add_node(struct json_tree *t, struct json_node *parent,
                                  const struct json *key, const struct json *value)
{
    struct json_node *node = arena_new(t->arena, struct json_node);

    node->parent = parent;
    node->key = key;
    node->value = value;
    node->prev = parent->last;
    if (parent->last)
        parent->last->next = node;
    else
        parent->first = node;
    parent->last = node;
    return node;
}

static void open_node(struct json_tree *t, struct json_node *node)
{
    if (node->open)
        return;
    node->open = true;
    JSON_EACH (item, node->value)
        add_node(t, node, NULL, item);
    JSON_EACH_MEMBER (key, value, node->value)
        add_node(t, node, key, value);
}

static void note_change(struct json_node *node)
{
    for (; node && !node->changed; node = node->parent)
        node->changed = true;
}

static size_t count_items(const struct json_node *node)
{
    size_t n = 0;

    for (const struct json_node *item = node->first; item; item = item->next)
        n++;
    return n;
}

/* Which of `n` elements a part of a path means: -1 the last; `n` itself for the place behind them.
 * False: none. */
static bool position_of(struct str part, size_t n, size_t *at)
{
    int64_t value;

    if (!str_to_i64(part, &value) || value > (int64_t)n || value < -(int64_t)n)
        return false;
    *at = value < 0 ? n - (size_t)-value : (size_t)value;
    return true;
}

static struct json_node *find_child(struct json_tree *t, struct json_node *node, struct str part)
{
    struct json_node *at;
    size_t skip;

    open_node(t, node);
    if (json_is(node->value, JSON_OBJECT)) {
        for (at = node->last; at && !json_str_eq(at->key, part); at = at->prev)
            continue;
        return at;
    }
    if (!json_is(node->value, JSON_ARRAY) || !position_of(part, count_items(node), &skip))
        return NULL;
    for (at = node->first; at && skip > 0; at = at->next)
        skip--;
    return at;
}

struct json_node *json_tree_find(struct json_tree *t, struct json_node *from,
                                 const struct json_path *path)
{
    for (size_t i = 0; from && i < path->n; i++)
        from = find_child(t, from, path->parts[i]);
    return from;
}

struct json_node *json_tree_first(struct json_tree *t, struct json_node *node)
{
    open_node(t, node);
    return node->first;
}

struct json_node *json_tree_next(struct json_node *node)
{
    return node->next;
}

struct json_node *json_tree_parent(struct json_node *node)
{
    return node->parent;
}

/* ---- changes ---- */

static void unlink_node(struct json_node *node)
{
    struct json_node *parent = node->parent;

    if (node->prev)
        node->prev->next = node->next;
    else
        parent->first = node->next;
    if (node->next)
        node->next->prev = node->prev;
    else
        parent->last = node->prev;
    note_change(parent);
}

/* Members with the same name before this one. */
static void remove_doubles(struct json_tree *t, struct json_node *node)
{
    struct str name;

    if (!node->key || !json_str(t->arena, node->key, &name))
        return;
    for (struct json_node *at = node->prev, *before; at; at = before) {
        before = at->prev;
        if (json_str_eq(at->key, name))
            unlink_node(at);
    }
}

void json_tree_replace(struct json_tree *t, struct json_node *node, const struct json *value)
{
    remove_doubles(t, node);
    node->value = value;
    node->first = node->last = NULL;
    node->open = node->changed = false;
    note_change(node->parent);
    if (!node->parent)
        node->changed = true;
}

void json_tree_remove(struct json_tree *t, struct json_node *node)
{
    if (!node->parent)
        return;
    remove_doubles(t, node);
    unlink_node(node);
}

/* A value from a text of ours. */
static const struct json *read_own(struct json_tree *t, struct str text)
{
    const struct json *value;

    /* Not nested, and quoted by ourselves: it is read. */
    return json_read(t->arena, text, JSON_DEPTH_DEFAULT, &value, NULL) == ERR_OK ? value : NULL;
}

/* May the part be a new child of the node? */
static bool takes_child(struct json_node *node, struct str part)
{
    size_t at, n = count_items(node);

    if (json_is(node->value, JSON_OBJECT))
        return true;
    return json_is(node->value, JSON_ARRAY) && position_of(part, n, &at) && at == n;
}

/* The value with which a member that has to hold `rest` of a path begins: {} around {} around the
 * value, [] for a "0". */
static const struct json *wrap(struct json_tree *t, struct str *parts, size_t n,
                               const struct json *value)
{
    struct str text = json_raw(value);

    if (n == 0)
        return value;
    while (n-- > 0) {
        if (str_eq(parts[n], STR("0")))
            text = str_concat(t->arena, (const struct str[]){STR("["), text, STR("]")}, 3);
        else
            text = str_concat(t->arena,
                              (const struct str[]){STR("{"), json_quote(t->arena, parts[n]),
                                                   STR(":"), text, STR("}")},
                              5);
    }
    return read_own(t, text);
}

bool json_tree_set(struct json_tree *t, struct json_node *from, const struct json_path *path,
                   const struct json *value)
{
    struct json_node *node = from, *child;
    size_t i = 0;

    while (i < path->n && (child = find_child(t, node, path->parts[i])) != NULL) {
        node = child;
        i++;
    }
    if (i < path->n && json_is(node->value, JSON_NULL)) {
        value = wrap(t, path->parts + i, path->n - i, value);
        i = path->n;
    } else if (i < path->n) {
        if (!takes_child(node, path->parts[i]))
            return false;
        value = wrap(t, path->parts + i + 1, path->n - i - 1, value);
    }
    if (!value) /* nested too deep */
        return false;
    if (i == path->n) {
        json_tree_replace(t, node, value);
        return true;
    }
    add_node(t, node,
             json_is(node->value, JSON_OBJECT) ? read_own(t, json_quote(t->arena, path->parts[i]))
                                               : NULL,
             value);
    note_change(node);
    return true;
}

void json_tree_insert(struct json_tree *t, struct json_node *array, struct json_node *before,
                      const struct json *value)
{
    struct json_node *node;

    open_node(t, array);
    node = add_node(t, array, NULL, value);
    note_change(array);
    if (!before)
        return;
    array->last = node->prev; /* not NULL: `before` is there */
    array->last->next = NULL;
    node->prev = before->prev;
    node->next = before;
    if (before->prev)
        before->prev->next = node;
    else
        array->first = node;
    before->prev = node;
}

/* ---- writing ---- */

static bool is_array(const struct json_node *node)
{
    return json_is(node->value, JSON_ARRAY);
}

/* Begins the node's text; the node to go on with inside it, NULL: it is complete. */
static const struct json_node *write_head(const struct json_node *node, struct sb *sb)
{
    if (!node->changed || !node->open) {
        sb_add(sb, json_raw(node->value));
        return NULL;
    }
    sb_add_char(sb, is_array(node) ? '[' : '{');
    if (!node->first)
        sb_add_char(sb, is_array(node) ? ']' : '}');
    return node->first;
}

void json_tree_write(const struct json_node *top, struct sb *sb)
{
    const struct json_node *node = top, *inside;

    for (;;) {
        if (node != top && node->key) {
            sb_add(sb, json_raw(node->key));
            sb_add_char(sb, ':');
        }
        inside = write_head(node, sb);
        if (inside) {
            node = inside;
            continue;
        }
        while (node != top && !node->next) {
            node = node->parent;
            sb_add_char(sb, is_array(node) ? ']' : '}');
        }
        if (node == top)
            return;
        sb_add_char(sb, ',');
        node = node->next;
    }
}

const struct json *json_tree_value(struct json_tree *t, const struct json_node *node,
                                   size_t limit_bytes)
{
    const struct json *value = NULL;
    struct sb sb;

    if (!node->changed || !node->open)
        return node->value;
    sb_init(&sb, limit_bytes);
    json_tree_write(node, &sb);
    if (!sb_failed(&sb) && json_read(t->arena, str_dup(t->arena, sb_str(&sb)), JSON_DEPTH_DEFAULT,
                                     &value, NULL) != ERR_OK)
        value = NULL;
    sb_fini(&sb);
    return value;
}
