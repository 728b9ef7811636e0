/*
 * One loop reads the text, value by value, without recursion. It is compiled twice: with a tree
 * (json_read) and without (json_find_members), so both are equally strict. With a tree, an open
 * object or array remembers the one around it in its `skip`, which is not yet known, so that depth
 * costs no memory; without, a bit a level is enough.
 *
 * Nodes are collected in scratch memory, small texts on the stack, and placed into the arena as one
 * array of the right size. A copy of 24 bytes a value is cheaper than counting them first, and than
 * what guessing would waste.
 */
#include "base/json.h"

#include <math.h>

#include "base/json_scan.h"
#include "base/json_text.h"
#include "base/mem.h"

enum { NODES_ON_STACK = 128, FIND_DEPTH_WORDS = JSON_DEPTH_DEFAULT / 64 + 1 };

struct reader {
    const char *start, *end;
    const struct json_scan *scan;
    unsigned depth, max_depth;
    bool in_object; /* what is innermost; meaningless at depth 0 */

    /* With a tree. */
    struct json *nodes;
    uint32_t n, cap, open; /* `open`: the innermost container */
    bool on_heap;

    /* Without: a bit a level, set for an object; what is looked for. */
    uint64_t levels[FIND_DEPTH_WORDS];
    const struct str *keys;
    struct str *found;
    size_t key_count;
    struct str key;     /* of the top-level member that is being read, with quotes */
    const char *member; /* its value */
    bool key_escaped;

    const char *fault; /* what is wrong, and where */
    const char *fault_at;
};

/* ---- Parts of the text: each takes where it begins and gives where it ends, NULL on a fault ----
 */

static const char *fail(struct reader *r, const char *at, const char *what)
{
    r->fault = what;
    r->fault_at = at;
    return NULL;
}

JSON_INLINE bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* Indented text has long runs of blanks. */
static const char *skip_blanks(const char *p, const char *end)
{
#if defined(__SSE2__)
    for (; end - p >= 16; p += 16) {
        __m128i v = _mm_loadu_si128((const __m128i *)(const void *)p);
        unsigned mask = (unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));

        if (mask != 0xFFFF) {
            p += __builtin_ctz(~mask);
            break;
        }
    }
#endif
    while (p < end && is_space(*p))
        p++;
    return p;
}

JSON_INLINE const char *skip_space(const char *p, const char *end)
{
    while (p < end && is_space(*p)) {
        if (*p++ == '\n')
            return skip_blanks(p, end);
    }
    return p;
}

static const char *string_fault(struct reader *r, const char *at)
{
    if (at == r->end)
        return fail(r, at, "a string does not end");
    if (*at == '\\')
        return fail(r, at, "broken escape in a string");
    return fail(r, at, "control character in a string");
}

JSON_INLINE const char *read_string(struct reader *r, const char *p, bool *escaped)
{
    const char *close = json_scan_string(r->scan, p + 1, r->end, escaped);

    if (UNLIKELY(close == r->end || *close != '"'))
        return string_fault(r, close);
    return close + 1;
}

JSON_INLINE bool is_digit(const char *p, const char *end)
{
    return p < end && (unsigned)(unsigned char)*p - '0' <= 9;
}

/* Moves over one digit and those that follow; NULL without any. */
JSON_INLINE const char *skip_digits(const char *p, const char *end)
{
    if (!is_digit(p, end))
        return NULL;
    while (is_digit(p, end))
        p++;
    return p;
}

/* RFC 8259 section 6. What follows is not looked at: "01" is a 0 with something wrong behind. */
static const char *read_number(struct reader *r, const char *p)
{
    const char *end = r->end, *start = p;

    p += *p == '-';
    if (p < end && *p == '0')
        p++;
    else
        p = skip_digits(p, end);
    if (p && p < end && *p == '.')
        p = skip_digits(p + 1, end);
    if (p && p < end && (*p == 'e' || *p == 'E')) {
        p++;
        p += p < end && (*p == '+' || *p == '-');
        p = skip_digits(p, end);
    }
    return p ? p : fail(r, start, "broken number");
}

static const char *read_word(struct reader *r, const char *p, struct str word)
{
    if ((size_t)(r->end - p) < word.n || memcmp(p, word.p, word.n) != 0)
        return fail(r, p, "unknown word");
    return p + word.n;
}

/* ---- The tree ---- */

static void grow_nodes(struct reader *r)
{
    size_t by_text = (size_t)(r->end - r->start) / 32; /* for chat requests mostly enough at once */
    size_t cap = (size_t)r->cap * 2 > by_text ? (size_t)r->cap * 2 : by_text;
    struct json *more = mem_realloc(r->on_heap ? r->nodes : NULL, cap * sizeof *more);

    if (!r->on_heap)
        memcpy(more, r->nodes, r->n * sizeof *more);
    r->nodes = more;
    r->cap = cap < UINT32_MAX ? (uint32_t)cap : UINT32_MAX; /* the text has fewer values */
    r->on_heap = true;
}

JSON_INLINE struct json *add_node(struct reader *r, const char *p, enum json_type type)
{
    if (UNLIKELY(r->n == r->cap))
        grow_nodes(r);
    struct json *v = &r->nodes[r->n++];
    *v = (struct json){.p = p, .skip = 1, .type = (uint8_t)type};
    return v;
}

JSON_INLINE const char *end_node(struct json *v, const char *end)
{
    if (end)
        v->n = (uint32_t)(end - v->p);
    return end;
}

/* ---- The search for members ---- */

static bool key_is(struct str key, bool escaped, struct str wanted)
{
    struct str inside = str_make(key.p + 1, key.n - 2);

    return escaped ? json_text_eq(inside, wanted) : str_eq(inside, wanted);
}

/* A top-level member ends at `end`. */
static void note_member(struct reader *r, const char *end)
{
    for (size_t i = 0; i < r->key_count; i++) {
        if ((r->key_escaped || r->key.n == r->keys[i].n + 2) &&
            key_is(r->key, r->key_escaped, r->keys[i]))
            r->found[i] = str_make(r->member, (size_t)(end - r->member));
    }
}

/* ---- The loop ---- */

JSON_INLINE bool push_level(struct reader *r, const char *p, bool tree)
{
    if (UNLIKELY(r->depth >= r->max_depth)) {
        fail(r, p, "nested too deep");
        return false;
    }
    r->in_object = *p == '{';
    if (tree) {
        struct json *v = add_node(r, p, *p == '{' ? JSON_OBJECT : JSON_ARRAY);

        v->skip = r->open;
        r->open = r->n - 1;
    } else {
        uint64_t bit = UINT64_C(1) << r->depth % 64, *word = &r->levels[r->depth / 64];

        *word = *p == '{' ? *word | bit : *word & ~bit;
    }
    r->depth++;
    return true;
}

/* `end` is behind the closing bracket. */
JSON_INLINE void pop_level(struct reader *r, const char *end, bool tree)
{
    r->depth--;
    if (tree) {
        struct json *v = &r->nodes[r->open];
        uint32_t outer = v->skip;

        v->n = (uint32_t)(end - v->p);
        v->skip = r->n - r->open;
        r->open = outer;
        r->in_object = r->nodes[outer].type == JSON_OBJECT;
    } else if (r->depth > 0) {
        r->in_object = r->levels[(r->depth - 1) / 64] >> (r->depth - 1) % 64 & 1;
    }
}

/* A key and its colon. `p` is where the key should begin. */
JSON_INLINE const char *read_key(struct reader *r, const char *p, bool tree)
{
    const char *start = p;
    bool escaped = false;

    if (UNLIKELY(p == r->end || *p != '"'))
        return fail(r, p, "a key is missing");
    p = read_string(r, p, &escaped);
    if (UNLIKELY(!p))
        return NULL;
    if (tree) {
        struct json *v = add_node(r, start, JSON_STRING);

        v->n = (uint32_t)(p - start);
        v->escaped = escaped;
    } else if (r->depth == 1) {
        r->key = str_make(start, (size_t)(p - start));
        r->key_escaped = escaped;
    }
    p = skip_space(p, r->end);
    if (UNLIKELY(p == r->end || *p != ':'))
        return fail(r, p, "a colon is missing");
    return p + 1;
}

static const char *read_literal(struct reader *r, const char *p)
{
    switch (*p) {
    case 't':
        return read_word(r, p, STR("true"));
    case 'f':
        return read_word(r, p, STR("false"));
    case 'n':
        return read_word(r, p, STR("null"));
    default:
        return fail(r, p, "a value is missing");
    }
}

/* A value that has no values in it. */
JSON_INLINE const char *read_scalar(struct reader *r, const char *p, bool tree)
{
    bool number = *p == '-' || (unsigned)(unsigned char)*p - '0' <= 9;
    bool escaped = false;

    if (*p == '"') {
        const char *end = read_string(r, p, &escaped);

        if (tree) {
            struct json *v = add_node(r, p, JSON_STRING);

            v->escaped = escaped;
            return end_node(v, end);
        }
        return end;
    }
    const char *end = number ? read_number(r, p) : read_literal(r, p);
    if (tree)
        end_node(add_node(r, p, number ? JSON_NUMBER : *p == 'n' ? JSON_NULL : JSON_BOOL), end);
    return end;
}

/* What follows a value inside an object or array: closes all that ends here. Gives where the next
 * value begins, or, at depth 0, the end of the outermost value. */
JSON_INLINE const char *read_after(struct reader *r, const char *p, bool tree)
{
    while (r->depth > 0) {
        if (!tree && r->depth == 1)
            note_member(r, p);
        p = skip_space(p, r->end);
        if (UNLIKELY(p == r->end))
            return fail(r, p, "the text ends too early");
        if (*p == ',') {
            if (tree)
                r->nodes[r->open].count++;
            return r->in_object ? read_key(r, skip_space(p + 1, r->end), tree) : p + 1;
        }
        if (UNLIKELY(*p != (r->in_object ? '}' : ']')))
            return fail(r, p, r->in_object ? "a comma or } is missing" : "a comma or ] is missing");
        pop_level(r, ++p, tree);
    }
    return p;
}

/* Opens the object or array at `p` and goes on to its first value, or behind it when it is empty,
 * which `*empty` tells. */
JSON_INLINE const char *read_open(struct reader *r, const char *p, bool tree, bool *empty)
{
    char close = *p == '{' ? '}' : ']';

    *empty = false;
    if (!push_level(r, p, tree))
        return NULL;
    p = skip_space(p + 1, r->end);
    if (p < r->end && *p == close) {
        *empty = true;
        pop_level(r, p + 1, tree);
        return p + 1;
    }
    if (tree)
        r->nodes[r->open].count = 1;
    return r->in_object ? read_key(r, p, tree) : p;
}

/* One value with all that is in it. */
JSON_INLINE const char *read_value(struct reader *r, const char *p, bool tree)
{
    do {
        p = skip_space(p, r->end);
        if (UNLIKELY(p == r->end))
            return fail(r, p, "the text ends too early");
        if (!tree && r->depth == 1)
            r->member = p;
        if (*p == '{' || *p == '[') {
            bool empty;

            p = read_open(r, p, tree, &empty);
            if (!empty)
                continue;
        } else {
            p = read_scalar(r, p, tree);
        }
        if (p)
            p = read_after(r, p, tree);
    } while (p && r->depth > 0);
    return p;
}

static bool start_reader(struct reader *r, struct str text)
{
    const char *p = text.n > 0 ? text.p : "", *broken;

    r->start = p;
    r->end = p + text.n;
    r->scan = json_scan_best();
    if (text.n > UINT32_MAX)
        return fail(r, p, "longer than 4 GB");
    broken = r->scan->utf8(p, r->end);
    return broken == r->end || fail(r, broken, "not UTF-8");
}

/* `p` is the end of the value, or NULL. */
static enum err_code end_reader(struct reader *r, const char *p, struct err *err)
{
    if (p) {
        p = skip_space(p, r->end);
        if (p == r->end)
            return ERR_OK;
        fail(r, p, "something stands behind the value");
    }
    return err_set(err, ERR_BAD_JSON, "invalid JSON at byte %zu: %s",
                   (size_t)(r->fault_at - r->start), r->fault);
}

enum err_code json_read(struct arena *a, struct str text, unsigned max_depth,
                        const struct json **root, struct err *err)
{
    struct json few[NODES_ON_STACK];
    struct reader r = {.max_depth = max_depth, .nodes = few, .cap = NODES_ON_STACK};
    const char *end = start_reader(&r, text) ? read_value(&r, r.start, true) : NULL;
    enum err_code rc = end_reader(&r, end, err);

    *root = NULL;
    if (rc == ERR_OK) {
        size_t bytes = r.n * sizeof *r.nodes;

        *root = memcpy(arena_alloc(a, bytes), r.nodes, bytes);
    }
    if (r.on_heap)
        mem_free(r.nodes);
    return rc;
}

static const char *find_members(struct reader *r)
{
    const char *p = skip_space(r->start, r->end);

    if (p < r->end && *p != '{')
        return fail(r, p, "the value is not an object");
    return read_value(r, p, false);
}

enum err_code json_find_members(struct str text, const struct str *keys, struct str *found,
                                size_t n, struct err *err)
{
    struct reader r = {
        .max_depth = JSON_DEPTH_DEFAULT, .keys = keys, .found = found, .key_count = n};

    for (size_t i = 0; i < n; i++)
        found[i] = STR_NULL;
    enum err_code rc = end_reader(&r, start_reader(&r, text) ? find_members(&r) : NULL, err);
    for (size_t i = 0; rc != ERR_OK && i < n; i++)
        found[i] = STR_NULL;
    return rc;
}

/* ---- Access ---- */

bool json_is(const struct json *v, enum json_type type)
{
    return v && v->type == type;
}

struct str json_raw(const struct json *v)
{
    return v ? str_make(v->p, v->n) : STR_NULL;
}

static struct str inside_of(const struct json *string)
{
    return str_make(string->p + 1, string->n - 2);
}

bool json_str_eq(const struct json *v, struct str s)
{
    return json_is(v, JSON_STRING) && key_is(json_raw(v), v->escaped, s);
}

const struct json *json_get(const struct json *object, struct str key)
{
    const struct json *hit = NULL;

    JSON_EACH_MEMBER (name, value, object) {
        if (key_is(json_raw(name), name->escaped, key))
            hit = value;
    }
    return hit;
}

const struct json *json_at(const struct json *array, size_t index)
{
    if (!json_is(array, JSON_ARRAY) || index >= array->count)
        return NULL;
    if (array->skip == array->count + 1) /* no element has nodes of its own */
        return array + 1 + index;
    const struct json *at = array + 1;
    while (index-- > 0)
        at += at->skip;
    return at;
}

size_t json_count(const struct json *v)
{
    return v ? v->count : 0;
}

bool json_str(struct arena *a, const struct json *v, struct str *out)
{
    *out = STR_NULL;
    if (!json_is(v, JSON_STRING))
        return false;
    *out = v->escaped ? json_text_unescape(a, inside_of(v)) : inside_of(v);
    return true;
}

struct str json_str_or_null(struct arena *a, const struct json *v)
{
    struct str out;

    return json_str(a, v, &out) ? out : STR_NULL;
}

bool json_unescape(struct arena *a, struct str raw, struct str *out)
{
    const char *last = raw.n > 1 ? raw.p + raw.n - 1 : NULL;
    bool escaped = false;

    *out = STR_NULL;
    if (!last || raw.p[0] != '"' || *last != '"' ||
        json_scan_best()->string(raw.p + 1, last + 1, &escaped) != last)
        return false;
    struct str inside = str_make(raw.p + 1, raw.n - 2);
    *out = escaped ? json_text_unescape(a, inside) : inside;
    return true;
}

bool json_bool(const struct json *v, bool *out)
{
    *out = json_is(v, JSON_BOOL) && *v->p == 't';
    return json_is(v, JSON_BOOL);
}

bool json_bool_or(const struct json *v, bool fallback)
{
    bool value;

    return json_bool(v, &value) ? value : fallback;
}

/* ---- Numbers ---- */

/* A number taken apart: digits without the point, of which the first `point` stand before it. */
struct decimal {
    struct str digits; /* with the point still in it */
    int64_t point;
    bool negative;
};

/* Larger than any number of digits, small enough to add to. */
static const int64_t exponent_cap = INT64_C(1) << 40;

static int64_t exponent_of(struct str s)
{
    bool negative = s.n > 0 && s.p[0] == '-';
    int64_t value = 0;

    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] >= '0' && s.p[i] <= '9' && value < exponent_cap)
            value = value * 10 + (s.p[i] - '0');
    }
    return negative ? -value : value;
}

static struct decimal take_apart(struct str s)
{
    struct decimal d = {.negative = s.p[0] == '-'};
    size_t n = 0;

    if (d.negative)
        s = str_skip(s, 1);
    while (n < s.n && s.p[n] != 'e' && s.p[n] != 'E')
        n++;
    d.digits = str_make(s.p, n);
    ptrdiff_t point = str_find_char(d.digits, '.');
    d.point = (point < 0 ? (int64_t)n : point) + exponent_of(str_skip(s, n + 1));
    return d;
}

/* The integer as its amount; false when there is a fraction or it passes 2^64. */
static bool whole_amount(struct decimal d, uint64_t *amount)
{
    int64_t left = d.point; /* digits before the point that are still to come */
    uint64_t value = 0;

    for (size_t i = 0; i < d.digits.n; i++) {
        char c = d.digits.p[i];

        if (c == '.')
            continue;
        if (left-- <= 0) {
            if (c != '0')
                return false;
        } else if (__builtin_mul_overflow(value, 10, &value) ||
                   __builtin_add_overflow(value, (unsigned)(c - '0'), &value)) {
            return false;
        }
    }
    for (; left > 0 && value > 0; left--) {
        if (__builtin_mul_overflow(value, 10, &value))
            return false;
    }
    *amount = value;
    return true;
}

bool json_i64(const struct json *v, int64_t *out)
{
    uint64_t amount;

    *out = 0;
    if (!json_is(v, JSON_NUMBER))
        return false;
    struct decimal d = take_apart(json_raw(v));
    if (!whole_amount(d, &amount) || amount > (uint64_t)INT64_MAX + d.negative)
        return false;
    *out = d.negative ? (int64_t)(0 - amount) : (int64_t)amount;
    return true;
}

int64_t json_i64_or(const struct json *v, int64_t fallback)
{
    int64_t value;

    return json_i64(v, &value) ? value : fallback;
}

bool json_f64(const struct json *v, double *out)
{
    char few[64];

    *out = 0;
    if (!json_is(v, JSON_NUMBER))
        return false;
    char *text = v->n < sizeof few ? few : mem_alloc((size_t)v->n + 1); /* strtod wants a NUL */
    memcpy(text, v->p, v->n);
    text[v->n] = '\0';
    double value = strtod(text, NULL);
    if (text != few)
        mem_free(text);
    if (!isfinite(value))
        return false;
    *out = value;
    return true;
}
