/*
 * Changes are only noted when they are asked for. Rendering turns them into cuts of the text (from,
 * to, what stands there instead), sorts these by place, and takes the text between them. A cut that
 * begins inside one before it lies in a value that was replaced or deleted, and is dropped: the
 * outer change wins. Nodes stand in the array in the order of the text, so that comparing node
 * addresses compares places.
 */
#include "base/json_patch.h"

#include "base/json_write.h"

enum change_kind { CHANGE_REPLACE, CHANGE_DELETE };

/* A change of a value that is in the tree. */
struct change {
    struct change *next; /* the one asked for before */
    enum change_kind kind;
    const struct json *value;
    const struct json *key, *object; /* of a deleted member */
    struct str text;
    size_t order; /* grows: of two changes of one value the later one wins */
};

/* A new member. */
struct addition {
    struct addition *next; /* the one asked for after */
    const struct json *object;
    struct str key;
    struct str head; /* quoted key and colon */
    struct str value;
};

struct json_patch {
    struct arena *arena;
    struct str text;
    const struct json *root;
    struct change *changes;
    struct addition *additions, **last;
    size_t change_count, addition_count;
};

struct cut {
    size_t from, to;
    size_t order;       /* among additions to one object: the order they were asked for */
    struct str text[3]; /* instead; empty ones are left out */
};

struct json_patch *json_patch_new(struct arena *a, struct str text, const struct json *root)
{
    struct json_patch *p = arena_new(a, struct json_patch);

    p->arena = a;
    p->text = text;
    p->root = root;
    p->last = &p->additions;
    return p;
}

/* ---- Noting ---- */

static void add_change(struct json_patch *p, struct change change)
{
    struct change *c = arena_new(p->arena, struct change);

    assert(change.value->p >= p->text.p && change.value->p < p->text.p + p->text.n);
    *c = change;
    c->next = p->changes;
    c->order = p->change_count++;
    p->changes = c;
}

static struct addition **find_addition(struct json_patch *p, const struct json *object,
                                       struct str key)
{
    struct addition **at = &p->additions;

    while (*at && ((*at)->object != object || !str_eq((*at)->key, key)))
        at = &(*at)->next;
    return at;
}

static void add_member(struct json_patch *p, const struct json *object, struct str key,
                       struct str value)
{
    struct addition *add = *find_addition(p, object, key);

    if (add) {
        add->value = value;
        return;
    }
    add = arena_new(p->arena, struct addition);
    add->object = object;
    add->key = str_dup(p->arena, key);
    add->head = str_concat(p->arena, (const struct str[]){json_quote(p->arena, key), STR(":")}, 2);
    add->value = value;
    *p->last = add;
    p->last = &add->next;
    p->addition_count++;
}

static void drop_addition(struct json_patch *p, const struct json *object, struct str key)
{
    struct addition **at = find_addition(p, object, key), *add = *at;

    if (!add)
        return;
    *at = add->next;
    if (p->last == &add->next)
        p->last = at;
    p->addition_count--;
}

void json_patch_set(struct json_patch *p, const struct json *object, struct str key,
                    struct str value)
{
    bool found = false;

    if (!json_is(object, JSON_OBJECT))
        return;
    JSON_EACH_MEMBER (name, old, object) {
        if (json_str_eq(name, key)) {
            json_patch_replace(p, old, value);
            found = true;
        }
    }
    if (!found)
        add_member(p, object, key, value);
}

void json_patch_delete(struct json_patch *p, const struct json *object, struct str key)
{
    JSON_EACH_MEMBER (name, old, object) {
        if (json_str_eq(name, key))
            add_change(p, (struct change){
                              .kind = CHANGE_DELETE, .value = old, .key = name, .object = object});
    }
    drop_addition(p, object, key);
}

void json_patch_replace(struct json_patch *p, const struct json *value, struct str text)
{
    if (value)
        add_change(p, (struct change){.kind = CHANGE_REPLACE, .value = value, .text = text});
}

bool json_patch_empty(const struct json_patch *p)
{
    return p->change_count == 0 && p->addition_count == 0;
}

/* ---- The changes that count, sorted by place ---- */

struct changes {
    const struct change **list;
    size_t n;
};

static int by_value_then_latest(const void *left, const void *right)
{
    const struct change *a = *(const struct change *const *)left;
    const struct change *b = *(const struct change *const *)right;

    if (a->value != b->value)
        return a->value < b->value ? -1 : 1;
    return a->order > b->order ? -1 : a->order < b->order;
}

static struct changes sort_changes(const struct json_patch *p)
{
    struct changes all = {.list =
                              arena_new_array(p->arena, const struct change *, p->change_count)};
    size_t kept = 0;

    for (const struct change *c = p->changes; c; c = c->next)
        all.list[all.n++] = c;
    qsort(all.list, all.n, sizeof(const struct change *), by_value_then_latest);
    for (size_t i = 0; i < all.n; i++) {
        if (kept == 0 || all.list[i]->value != all.list[kept - 1]->value)
            all.list[kept++] = all.list[i];
    }
    all.n = kept;
    return all;
}

static bool is_deleted(const struct changes *all, const struct json *value)
{
    size_t low = 0, high = all->n;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (all->list[middle]->value == value)
            return all->list[middle]->kind == CHANGE_DELETE;
        if (all->list[middle]->value < value)
            low = middle + 1;
        else
            high = middle;
    }
    return false;
}

/* The value of the last member that stays, NULL when none does. */
static const struct json *last_staying(const struct changes *all, const struct json *object)
{
    const struct json *last = NULL;

    JSON_EACH_MEMBER (name, value, object) {
        if (!is_deleted(all, value))
            last = value;
    }
    return last;
}

/* ---- Cuts ---- */

static size_t begin_of(const struct json_patch *p, const struct json *v)
{
    return (size_t)(v->p - p->text.p);
}

static size_t end_of(const struct json_patch *p, const struct json *v)
{
    return begin_of(p, v) + v->n;
}

/*
 * A member goes with the comma behind it. The last one has none: it goes with the comma before it,
 * and with all members before it that go too, back to the last one that stays.
 */
static struct cut cut_member(const struct json_patch *p, const struct changes *all,
                             const struct change *c)
{
    const struct json *next = json_walk_next(c->object, c->value), *stays;
    struct cut cut = {.from = begin_of(p, c->key), .to = end_of(p, c->value)};

    if (next) {
        cut.to = begin_of(p, next);
    } else {
        stays = last_staying(all, c->object);
        cut.from = stays ? end_of(p, stays) : begin_of(p, c->object + 1);
    }
    return cut;
}

/* Behind the last member, or behind the brace of an empty object. */
static size_t end_of_members(const struct json_patch *p, const struct json *object)
{
    const struct json *last = NULL;

    JSON_EACH_MEMBER (name, value, object)
        last = value;
    return last ? end_of(p, last) : begin_of(p, object) + 1;
}

/* True when another member was added to the same object before. */
static bool follows_addition(const struct json_patch *p, const struct addition *add)
{
    for (const struct addition *other = p->additions; other != add; other = other->next) {
        if (other->object == add->object)
            return true;
    }
    return false;
}

static struct cut cut_for_addition(const struct json_patch *p, const struct changes *all,
                                   const struct addition *add)
{
    bool comma = follows_addition(p, add) || last_staying(all, add->object);
    size_t at = end_of_members(p, add->object);

    return (struct cut){
        .from = at, .to = at, .text = {comma ? STR(",") : STR_NULL, add->head, add->value}};
}

static int by_place(const void *left, const void *right)
{
    const struct cut *a = left, *b = right;

    if (a->from != b->from)
        return a->from < b->from ? -1 : 1;
    if (a->to != b->to) /* when all members go, the last one's cut takes in that of the first */
        return a->to > b->to ? -1 : 1;
    return a->order < b->order ? -1 : a->order > b->order;
}

static size_t make_cuts(const struct json_patch *p, struct cut *cuts)
{
    struct changes all = sort_changes(p);
    size_t n = 0;

    for (size_t i = 0; i < all.n; i++, n++) {
        const struct change *c = all.list[i];

        if (c->kind == CHANGE_DELETE)
            cuts[n] = cut_member(p, &all, c);
        else
            cuts[n] = (struct cut){
                .from = begin_of(p, c->value), .to = end_of(p, c->value), .text = {c->text}};
    }
    for (const struct addition *add = p->additions; add; add = add->next, n++) {
        cuts[n] = cut_for_addition(p, &all, add);
        cuts[n].order = n;
    }
    qsort(cuts, n, sizeof *cuts, by_place);
    return n;
}

static void put_slice(struct str *slices, size_t *n, struct str s)
{
    if (s.n > 0)
        slices[(*n)++] = s;
}

const struct str *json_patch_render(struct json_patch *p, size_t *count)
{
    size_t most = p->change_count + p->addition_count, at = 0;
    struct cut *cuts = arena_new_array(p->arena, struct cut, most);
    struct str *slices = arena_new_array(p->arena, struct str, 4 * most + 1);
    size_t n = make_cuts(p, cuts);

    *count = 0;
    for (size_t i = 0; i < n; i++) {
        if (cuts[i].from < at)
            continue;
        put_slice(slices, count, str_sub(p->text, at, cuts[i].from - at));
        for (size_t k = 0; k < ARRAY_LEN(cuts[i].text); k++)
            put_slice(slices, count, cuts[i].text[k]);
        at = cuts[i].to;
    }
    put_slice(slices, count, str_skip(p->text, at));
    return slices;
}
