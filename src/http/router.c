/*
 * Paths without parameters, which are nearly all that are hot, are one hash probe. Patterns with
 * parameters lie in lists by their number of segments, the more exact first; those that take the
 * rest of a path come last, the longer first.
 */
#include "http/router.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/text.h"

enum { SEGMENTS_MAX = 16, METHODS = HTTP_M_OTHER + 1 };

struct spot { /* the rows of one path */
    const struct http_route *by_method[METHODS];
};

struct exact {
    struct str path;
    struct spot spot;
};

struct pattern {
    struct list link;
    struct str segments[SEGMENTS_MAX]; /* STR_NULL: a parameter */
    size_t count;
    bool rest; /* the last segment takes everything */
    struct spot spot;
};

struct router {
    struct arena arena;
    struct map exact;
    struct list patterns[SEGMENTS_MAX + 1]; /* by count */
    struct list rests;
    const struct http_route *fallback;
};

struct router *router_new(void)
{
    struct router *r = mem_new(struct router);

    arena_init(&r->arena, 0);
    map_init(&r->exact);
    for (size_t i = 0; i < ARRAY_LEN(r->patterns); i++)
        list_init(&r->patterns[i]);
    list_init(&r->rests);
    return r;
}

void router_free(struct router *r)
{
    if (!r)
        return;
    map_fini(&r->exact);
    arena_fini(&r->arena);
    mem_free(r);
}

void router_set_fallback(struct router *r, const struct http_route *row)
{
    r->fallback = row;
}

/* --- building -------------------------------------------------------------------------------- */

/* A path with and without its last slash is the same. */
static struct str without_last_slash(struct str path)
{
    return path.n > 1 && path.p[path.n - 1] == '/' ? str_sub(path, 0, path.n - 1) : path;
}

/* The segments between the slashes of "/a/b"; SIZE_MAX when there are too many. */
static size_t cut_segments(struct str path, struct str out[SEGMENTS_MAX])
{
    struct str rest = str_skip(path, 1);
    size_t n = 0;

    while (rest.p) {
        if (n == SEGMENTS_MAX)
            return SIZE_MAX;
        out[n++] = str_cut(&rest, '/');
    }
    return n;
}

static void settle_row(struct spot *spot, const struct http_route *row)
{
    if (spot->by_method[row->method])
        panic("two routes for %.*s %s", STR_ARG(http_method_name(row->method)), row->pattern);
    spot->by_method[row->method] = row;
}

static struct pattern *pattern_read(struct router *r, struct str text)
{
    struct pattern *p = arena_new(&r->arena, struct pattern);
    size_t params = 0;

    p->count = cut_segments(text, p->segments);
    if (p->count > SEGMENTS_MAX)
        panic("route %.*s has too many segments", STR_ARG(text));
    for (size_t i = 0; i < p->count; i++) {
        struct str *segment = &p->segments[i];

        if (!str_starts(*segment, STR(":")))
            continue;
        p->rest = str_eq(*segment, STR(":*"));
        *segment = STR_NULL;
        if (++params > ARRAY_LEN(((struct http_req *)0)->params) || (p->rest && i + 1 < p->count))
            panic("route %.*s has too many parameters", STR_ARG(text));
    }
    return p;
}

static bool same_shape(const struct pattern *a, const struct pattern *b)
{
    for (size_t i = 0; i < a->count; i++)
        if (a->segments[i].p ? !b->segments[i].p || !str_eq(a->segments[i], b->segments[i])
                             : b->segments[i].p != NULL)
            return false;
    return a->count == b->count;
}

/* Which of two comes first: the one whose first different segment is a word and not a parameter; of
 * two that take the rest, the longer one. */
static bool comes_before(const struct pattern *a, const struct pattern *b)
{
    if (a->count != b->count)
        return a->count > b->count;
    for (size_t i = 0; i < a->count; i++)
        if (!a->segments[i].p != !b->segments[i].p)
            return a->segments[i].p != NULL;
    return false;
}

static void add_pattern(struct router *r, const struct http_route *row, struct str text)
{
    struct pattern *p = pattern_read(r, text);
    struct list *head = p->rest ? &r->rests : &r->patterns[p->count];
    struct list *at = head->next;

    LIST_FOR_EACH (it, head) {
        struct pattern *other = list_entry(it, struct pattern, link);

        if (same_shape(p, other)) {
            settle_row(&other->spot, row);
            return;
        }
    }
    while (at != head && !comes_before(p, list_entry(at, struct pattern, link)))
        at = at->next;
    list_insert_before(at, &p->link);
    settle_row(&p->spot, row);
}

static void add_exact(struct router *r, const struct http_route *row, struct str path)
{
    struct exact *e = map_find(&r->exact, path);

    if (!e) {
        e = arena_new(&r->arena, struct exact);
        e->path = path;
        map_put(&r->exact, e->path, e);
    }
    settle_row(&e->spot, row);
}

void router_add(struct router *r, const struct http_route *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct str text = without_last_slash(str_from(rows[i].pattern));

        if (!str_starts(text, STR("/")))
            panic("route %s does not begin with a slash", rows[i].pattern);
        if (str_has(text, STR("/:")))
            add_pattern(r, &rows[i], text);
        else
            add_exact(r, &rows[i], text);
    }
}

/* --- finding --------------------------------------------------------------------------------- */

/* The row for the method; NULL when the path has only others. */
static const struct http_route *pick(const struct spot *spot, enum http_method m)
{
    const struct http_route *row = spot->by_method[m];

    if (!row && m == HTTP_M_HEAD)
        row = spot->by_method[HTTP_M_GET];
    if (!row && m == HTTP_M_OPTIONS)
        for (size_t i = 0; i < METHODS && !row; i++)
            if (spot->by_method[i] && (spot->by_method[i]->flags & HTTP_ROUTE_CORS))
                row = spot->by_method[i];
    return row;
}

static bool matches(const struct pattern *p, const struct str *segments, size_t n)
{
    if (p->rest ? n < p->count : n != p->count)
        return false;
    for (size_t i = 0; i < p->count; i++)
        if (p->segments[i].p ? !str_eq(p->segments[i], segments[i]) : segments[i].n == 0)
            return false;
    return true;
}

static struct str decoded(struct arena *a, struct str s)
{
    return str_find_char(s, '%') < 0 ? s : url_decode(a, s, false);
}

static void take_params(const struct pattern *p, struct str path, const struct str *segments,
                        size_t count UNUSED, struct http_req *req)
{
    size_t n = 0;

    assert_slow(p->count <= count);
    for (size_t i = 0; i < p->count; i++) {
        struct str value = segments[i];

        if (p->segments[i].p)
            continue;
        if (p->rest && i + 1 == p->count)
            value = str_skip(path, (size_t)(value.p - path.p));
        req->params[n++] = decoded(&req->arena, value);
    }
}

static const struct http_route *find_pattern(const struct list *head, struct str path,
                                             const struct str *segments, size_t n,
                                             struct http_req *req, bool *known)
{
    LIST_FOR_EACH (it, head) {
        const struct pattern *p = list_entry(it, struct pattern, link);

        if (!matches(p, segments, n))
            continue;
        *known = true;
        const struct http_route *row = pick(&p->spot, req->method);
        if (row) {
            take_params(p, path, segments, n, req);
            return row;
        }
    }
    return NULL;
}

const struct http_route *router_find(void *ctx, struct http_req *req, int *status)
{
    const struct router *r = ctx;
    struct str path = without_last_slash(req->path), segments[SEGMENTS_MAX];
    const struct exact *e = map_find(&r->exact, path);
    const struct http_route *row = e ? pick(&e->spot, req->method) : NULL;
    bool known = e != NULL;

    if (row)
        return row;
    size_t n = path.n > 0 && *path.p == '/' ? cut_segments(path, segments) : 0;
    if (n <= SEGMENTS_MAX)
        row = find_pattern(&r->patterns[n], path, segments, n, req, &known);
    else
        n = SEGMENTS_MAX; /* one that takes the rest may still match */
    if (!row)
        row = find_pattern(&r->rests, path, segments, n, req, &known);
    if (!row)
        row = r->fallback;
    if (!row)
        *status = known ? 405 : 404;
    return row;
}
