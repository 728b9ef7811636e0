/*
 * The input is a JSON text. What must hold for every input:
 *
 *   - every kind of scanner gives the same answers;
 *   - json_find_members() accepts what json_read() accepts as an object, and finds what json_get()
 *     finds;
 *   - a tree written by the writer reads back to equal values;
 *   - a patch without changes gives the same bytes; a patch of one object changes nothing outside
 * it and leaves in it the members that were meant, in order.
 *
 * What is patched is drawn from a number that is a hash of the input, so a finding can be repeated.
 */
#include <math.h>
#include <stdlib.h>

#include "base/json_patch.h"
#include "base/json_scan.h"
#include "base/json_write.h"
#include "base/panic.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

#define MUST(x) ((x) ? (void)0 : panic("json_fuzz: line %d: %s", __LINE__, #x))

enum { LEVELS = 64, MEMBERS = 64, NEW_KEYS = 3 };

static uint64_t hash(struct str s)
{
    uint64_t h = UINT64_C(14695981039346656037);

    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * UINT64_C(1099511628211);
    return h;
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (*seed >> 33) % below;
}

/* ---- Scanners ---- */

static void check_kinds(struct str text)
{
    const struct json_scan *first = json_scan_kind(0), *scan;
    const char *p = text.p, *end = p + text.n;
    bool escaped = false;
    const char *string = first->string(p, end, &escaped);

    for (size_t i = 1; (scan = json_scan_kind(i)) != NULL; i++) {
        bool also_escaped = false;

        MUST(scan->utf8(p, end) == first->utf8(p, end));
        MUST(scan->plain(p, end) == first->plain(p, end));
        MUST(scan->string(p, end, &also_escaped) == string);
        MUST(string == end || *string != '"' || also_escaped == escaped);
    }
}

/* ---- The search for members ---- */

static void check_find(struct arena *a, struct str text, const struct json *root)
{
    struct str keys[8] = {STR(""), STR("a"), STR("model"), STR("stream")}, found[8];
    size_t n = 4;

    JSON_EACH_MEMBER (key, value, root) {
        if (n < ARRAY_LEN(keys))
            keys[n++] = json_str_or_null(a, key);
    }
    bool found_it = json_find_members(text, keys, found, n, NULL) == ERR_OK;
    MUST(found_it == json_is(root, JSON_OBJECT));
    for (size_t i = 0; i < n; i++) {
        struct str want = json_raw(json_get(root, keys[i]));

        MUST(found[i].p == want.p && found[i].n == want.n);
    }
}

/* ---- Writing a tree and reading it back ---- */

struct level {
    const struct json *end;
    bool key_is_due, is_object;
};

static void write_number(struct json_writer *w, const struct json *v)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer one;
    const struct json *again;
    double d, back;
    int64_t i;

    arena_init(&a, 0);
    sb_init(&sb, 100);
    jw_init(&one, &sb);
    if (json_f64(v, &d)) {
        jw_f64(&one, d);
        MUST(json_read(&a, sb_str(&sb), 0, &again, NULL) == ERR_OK);
        MUST(json_f64(again, &back) && back >= d && back <= d && !signbit(back) == !signbit(d));
    }
    if (json_i64(v, &i)) {
        MUST(json_f64(v, &d) && fabs(d - (double)i) <= 0);
        sb_reset(&sb);
        jw_init(&one, &sb);
        jw_i64(&one, i);
        MUST(json_read(&a, sb_str(&sb), 0, &again, NULL) == ERR_OK);
        MUST(json_i64_or(again, ~i) == i);
    }
    jw_raw(w, json_raw(v));
}

static void write_scalar(struct arena *a, struct json_writer *w, const struct json *v)
{
    bool flag;

    if (json_is(v, JSON_STRING))
        jw_str(w, json_str_or_null(a, v));
    else if (json_is(v, JSON_NUMBER))
        write_number(w, v);
    else if (json_bool(v, &flag))
        jw_bool(w, flag);
    else
        jw_null(w);
}

/* False when it is nested deeper than the writer goes. */
static bool write_tree(struct arena *a, struct json_writer *w, const struct json *root)
{
    struct level levels[LEVELS + 1] = {{.end = root + root->skip}};
    size_t depth = 0;

    for (const struct json *v = root; v < root + root->skip; v++) {
        struct level *in = &levels[depth];

        if (in->is_object && in->key_is_due) {
            jw_key(w, json_str_or_null(a, v));
            in->key_is_due = false;
            continue;
        }
        in->key_is_due = true;
        if (json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY)) {
            bool is_object = json_is(v, JSON_OBJECT);

            if (depth == LEVELS)
                return false;
            if (is_object)
                jw_object(w);
            else
                jw_array(w);
            levels[++depth] = (struct level){v + v->skip, true, is_object};
        } else {
            write_scalar(a, w, v);
        }
        for (; depth > 0 && levels[depth].end == v + 1; depth--)
            jw_end(w);
    }
    return true;
}

static void check_equal(struct arena *a, const struct json *x, const struct json *y)
{
    MUST(x->skip == y->skip);
    for (uint32_t i = 0; i < x->skip; i++) {
        MUST(x[i].type == y[i].type && x[i].skip == y[i].skip && x[i].count == y[i].count);
        if (x[i].type == JSON_STRING) {
            MUST(str_eq(json_str_or_null(a, &x[i]), json_str_or_null(a, &y[i])));
            MUST(json_str_eq(&x[i], json_str_or_null(a, &y[i])));
        } else if (x[i].count == 0 && x[i].type != JSON_ARRAY && x[i].type != JSON_OBJECT) {
            MUST(str_eq(json_raw(&x[i]), json_raw(&y[i])));
        }
    }
}

static void check_round_trip(struct arena *a, const struct json *root)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;
    const struct json *again;

    sb_init(&sb, SIZE_MAX / 2);
    jw_init(&w, &sb);
    if (!write_tree(a, &w, root))
        return;
    MUST(!sb_failed(&sb) && w.depth == 0);
    MUST(json_read(a, sb_str(&sb), JSON_DEPTH_DEFAULT, &again, NULL) == ERR_OK);
    check_equal(a, root, again);
}

/* ---- Patches ---- */

/* The members that an object should have after a patch. */
struct model {
    struct {
        struct str key, value;
        bool gone;
    } members[MEMBERS + NEW_KEYS];
    size_t n;
};

static void model_set(struct model *m, struct str key, struct str value, size_t old_members)
{
    bool found = false;

    for (size_t i = 0; i < m->n; i++) {
        bool addition = i >= old_members;

        if (str_eq(m->members[i].key, key) && !(addition && m->members[i].gone)) {
            m->members[i].value = value;
            m->members[i].gone = false;
            found = true;
        }
    }
    if (!found && m->n < ARRAY_LEN(m->members)) {
        m->members[m->n].key = key;
        m->members[m->n].gone = false;
        m->members[m->n++].value = value;
    }
}

static void model_delete(struct model *m, struct str key)
{
    for (size_t i = 0; i < m->n; i++)
        m->members[i].gone |= str_eq(m->members[i].key, key);
}

static void check_members(struct arena *a, const struct model *m, const struct json *object)
{
    size_t at = 0;

    JSON_EACH_MEMBER (key, value, object) {
        while (at < m->n && m->members[at].gone)
            at++;
        MUST(at < m->n);
        MUST(json_str_eq(key, m->members[at].key));
        MUST(str_eq(json_raw(value), m->members[at].value));
        at++;
    }
    while (at < m->n && m->members[at].gone)
        at++;
    MUST(at == m->n);
    (void)a;
}

static const struct json *draw_object(const struct json *root, uint64_t *seed)
{
    uint32_t start = (uint32_t)draw(seed, root->skip);

    for (uint32_t i = 0; i < root->skip; i++) {
        const struct json *v = root + (start + i) % root->skip;

        if (json_is(v, JSON_OBJECT) && json_count(v) <= MEMBERS)
            return v;
    }
    return NULL;
}

static struct str joined(struct arena *a, struct json_patch *p)
{
    size_t n;
    const struct str *slices = json_patch_render(p, &n);

    return str_concat(a, slices, n);
}

static void draw_change(struct json_patch *p, struct model *m, const struct json *object,
                        size_t old_members, uint64_t *seed)
{
    static const struct str fresh[NEW_KEYS] = {STR_INIT("n\"1"), STR_INIT("n2"), STR_INIT("")};
    static const struct str values[] = {STR_INIT("0"), STR_INIT("[{}, 1]"), STR_INIT("\"x\""),
                                        STR_INIT("{\"a\":{}}")};
    size_t pick = draw(seed, old_members + NEW_KEYS);
    struct str key = pick < old_members ? m->members[pick].key : fresh[pick - old_members];
    struct str value = values[draw(seed, ARRAY_LEN(values))];

    if (draw(seed, 2)) {
        json_patch_set(p, object, key, value);
        model_set(m, key, value, old_members);
    } else {
        json_patch_delete(p, object, key);
        model_delete(m, key);
    }
}

/* `text` up to `object`, the new object, and the rest of `text`; gives the new object. */
static struct str changed_part(struct str text, struct str old, struct str patched)
{
    size_t before = (size_t)(old.p - text.p), after = text.n - before - old.n;

    MUST(patched.n >= before + after);
    MUST(str_eq(str_sub(text, 0, before), str_sub(patched, 0, before)));
    MUST(str_eq(str_skip(text, text.n - after), str_skip(patched, patched.n - after)));
    return str_sub(patched, before, patched.n - before - after);
}

static void check_patch(struct arena *a, struct str text, const struct json *root, uint64_t seed)
{
    struct json_patch *p = json_patch_new(a, text, root);
    const struct json *object = draw_object(root, &seed), *again;
    struct model *m = arena_new(a, struct model);

    MUST(json_patch_empty(p) && str_eq(joined(a, p), text));
    if (!object)
        return;
    JSON_EACH_MEMBER (key, value, object) {
        m->members[m->n].key = json_str_or_null(a, key);
        m->members[m->n++].value = json_raw(value);
    }
    size_t old_members = m->n;
    for (uint64_t i = draw(&seed, 10); i > 0 && m->n + 1 < ARRAY_LEN(m->members); i--)
        draw_change(p, m, object, old_members, &seed);
    struct str patched = joined(a, p);
    MUST(json_read(a, patched, JSON_DEPTH_DEFAULT + 3, &again, NULL) == ERR_OK);
    struct str part = changed_part(text, json_raw(object), patched);
    MUST(json_read(a, part, JSON_DEPTH_DEFAULT + 3, &again, NULL) == ERR_OK);
    MUST(json_is(again, JSON_OBJECT));
    check_members(a, m, again);
}

/* Changes anywhere, also inside each other: what comes out must be JSON. */
static void check_wild_patch(struct arena *a, struct str text, const struct json *root,
                             uint64_t seed)
{
    struct json_patch *p = json_patch_new(a, text, root);
    const struct json *again;

    for (uint64_t i = 1 + draw(&seed, 12); i > 0; i--) {
        const struct json *object = draw_object(root, &seed);
        const struct json *v = root + draw(&seed, root->skip);

        JSON_EACH_MEMBER (key, value, object) {
            if (draw(&seed, 3) == 0)
                json_patch_delete(p, object, json_str_or_null(a, key));
            else if (draw(&seed, 3) == 0)
                json_patch_replace(p, value, STR("[ 7 ]"));
        }
        json_patch_set(p, object, STR("new"), STR("{}"));
        json_patch_set(p, v, STR("k"), STR("true"));
    }
    MUST(json_read(a, joined(a, p), JSON_DEPTH_DEFAULT + 3, &again, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    CLEANUP(arena_finip) struct arena a;
    struct str text = str_make((const char *)data, n);
    const struct json *root;

    arena_init(&a, 0);
    check_kinds(text);
    bool good = json_read(&a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK;
    check_find(&a, text, root);
    if (good) {
        check_round_trip(&a, root);
        check_patch(&a, text, root, hash(text));
        check_wild_patch(&a, text, root, hash(text) ^ n);
    }
    return 0;
}
