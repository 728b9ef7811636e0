/*
 * json - strict, lossless reader: text in, a flat array of nodes out.
 *
 * Nothing is converted while reading: a node is a slice of the text (number spelling, escapes and
 * order stay), and is read lazily by the functions below. Strict RFC 8259: UTF-8 only, one value,
 * no BOM, no NUL outside strings, no trailing commas. A \u escape of a lone surrogate is accepted,
 * as section 8.2 allows, keeps its spelling in the raw text, and unescapes to U+FFFD. Nodes live in
 * the arena and point into the text; both must outlive them. All accessors take NULL and answer as
 * for an absent member, so that chains like json_get(json_get(root, a), b) need no checks.
 * Duplicate keys: the last one wins in json_get(), all are seen by the walk. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* One value. In an object a member is two nodes, key (a string node) then value. Members are
 * private to json.c: */
struct json {
    const char *p;   /* first byte of the value in the text (the quote of a string) */
    uint32_t n;      /* bytes of the value (quotes included) */
    uint32_t skip;   /* nodes of this value, itself included: node + skip is the next sibling */
    uint32_t count;  /* elements, or members */
    uint8_t type;    /* enum json_type */
    uint8_t escaped; /* a string with a backslash in it */
};

enum { JSON_DEPTH_DEFAULT = 200 };

/*
 * Reads the whole text (at most 4 GB). Fails with ERR_BAD_JSON and the byte offset in the message;
 * nesting deeper than `max_depth` fails, too. `*root` is written on every path (NULL on failure).
 */
MUST_CHECK enum err_code json_read(struct arena *a, struct str text, unsigned max_depth,
                                   const struct json **root, struct err *err);

/*
 * Without building a tree: checks the whole text as strictly as json_read() and gives the raw value
 * text of the top-level members `keys[i]` in found[i] (STR_NULL where absent; the last duplicate
 * wins). The text must be an object, else ERR_BAD_JSON, nested at most JSON_DEPTH_DEFAULT deep. No
 * memory is taken. `found` is written on every path, all STR_NULL on failure.
 */
MUST_CHECK enum err_code json_find_members(struct str text, const struct str *keys,
                                           struct str *found, size_t n, struct err *err);

bool json_is(const struct json *v, enum json_type type); /* false for NULL */
/* The text of the value as written; STR_NULL for NULL. */
struct str json_raw(const struct json *v);

/* Member of an object, element of an array; NULL when absent or not an object / array. */
const struct json *json_get(const struct json *object, struct str key);
const struct json *json_at(const struct json *array, size_t index);
size_t json_count(const struct json *v); /* elements or members; 0 for others */

/* String value, unescaped: a slice of the text where nothing is escaped, else a copy in `a`. False
 * and STR_NULL when not a string. */
bool json_str(struct arena *a, const struct json *v, struct str *out);
/* The same for use in an expression: "" (STR_NULL) when it is not a string. */
struct str json_str_or_null(struct arena *a, const struct json *v);
/* Unescapes the raw text of one string value (with its quotes), as json_find_members() gives it.
 * False when it is not a string. */
bool json_unescape(struct arena *a, struct str raw, struct str *out);
/* Is the string value, unescaped, equal to `s`? */
bool json_str_eq(const struct json *v, struct str s);
/* Number with an integral value in range ("1", "1.0", "1e2"); false otherwise, `*out` then 0. */
bool json_i64(const struct json *v, int64_t *out);
/* The double nearest to the number; false when it is none or too large for one (1e400), `*out` then
 * 0. */
bool json_f64(const struct json *v, double *out);
bool json_bool(const struct json *v,
               bool *out); /* true or false literal; false otherwise, `*out` then false */
/* With a fallback for "absent or of another type". */
int64_t json_i64_or(const struct json *v, int64_t fallback);
bool json_bool_or(const struct json *v, bool fallback);

/* Walks: JSON_EACH(item, array) and JSON_EACH_MEMBER(key, value, object); on other types the body
 * does not run. */
static inline const struct json *json_walk_first(const struct json *v, enum json_type type)
{
    return v && v->type == type && v->count > 0 ? v + 1 : NULL;
}

static inline const struct json *json_walk_next(const struct json *parent, const struct json *at)
{
    const struct json *next = at + at->skip;

    return next < parent + parent->skip ? next : NULL;
}

#define JSON_EACH(item, array)                                                                     \
    for (const struct json *item##_in = (array), *item = json_walk_first(item##_in, JSON_ARRAY);   \
         item; item = json_walk_next(item##_in, item))
/* `key` is a string node: json_str(a, key, &name) or json_str_eq(key, STR("x")). */
#define JSON_EACH_MEMBER(key, value, object)                                                       \
    for (const struct json *key##_in = (object), *key = json_walk_first(key##_in, JSON_OBJECT),    \
                           *value = key ? key + 1 : NULL;                                          \
         key; key = json_walk_next(key##_in, value), value = key ? key + 1 : NULL)
