/*
 * Which rows of a view a page holds.
 *
 * It is found by counts: a chunk whose rows all come before it is stepped over, one whose rows all
 * come after it is not looked at, and of the few between the times and ids are read. Rows came
 * nearly in the order of their times, so those are one or two; with several nodes neighbours
 * overlap, and in a log that was put together by hand all may.
 */
#include <stdlib.h>

#include "store/repo_log_row.h"

/* How many rows stand at which bound of their chunk's times. */
struct bound {
    int64_t at_s, rows; /* rows: of this bound and all later ones, once they are in order */
};

static int compare_bounds(const void *left, const void *right)
{
    const struct bound *x = left, *y = right;

    return x->at_s > y->at_s ? -1 : x->at_s < y->at_s;
}

static void sum_bounds(struct bound *bounds, size_t n)
{
    qsort(bounds, n, sizeof *bounds, compare_bounds);
    for (size_t i = 1; i < n; i++)
        bounds[i].rows += bounds[i - 1].rows;
}

/* Rows of the bounds later than at_s, or, `too`, at it. */
static int64_t rows_after(const struct bound *bounds, size_t n, int64_t at_s, bool too)
{
    size_t low = 0, high = n;

    while (low < high) {
        const size_t middle = low + (high - low) / 2;

        if (bounds[middle].at_s > at_s || (too && bounds[middle].at_s == at_s))
            low = middle + 1;
        else
            high = middle;
    }
    return low ? bounds[low - 1].rows : 0;
}

/* The newest and the oldest times of all groups of rows: the chunks', and the tail's at the end. */
struct bounds {
    struct bound *newest, *oldest;
    size_t count;
};

static void add_bound(struct bounds *b, int64_t newest_s, int64_t oldest_s, size_t rows)
{
    b->newest[b->count] = (struct bound){newest_s, (int64_t)rows};
    b->oldest[b->count++] = (struct bound){oldest_s, (int64_t)rows};
}

static struct bounds bounds_of(struct arena *a, const struct log_view *v)
{
    struct bounds b = {.newest = arena_new_array(a, struct bound, v->span_count + 1),
                       .oldest = arena_new_array(a, struct bound, v->span_count + 1)};

    for (size_t i = 0; i < v->span_count; i++)
        add_bound(&b, v->spans[i].newest_s, v->spans[i].oldest_s, v->spans[i].count);
    if (v->tail_count)
        add_bound(&b, v->tail[0].created_at, v->tail[v->tail_count - 1].created_at, v->tail_count);
    if (b.count) {
        sum_bounds(b.newest, b.count);
        sum_bounds(b.oldest, b.count);
    }
    return b;
}

enum place { BEFORE, WITHIN, AFTER };

/* Where rows of these times stand: all of them before the page, all after it, or it is not known.
 */
static enum place place_of(const struct bounds *b, struct repo_page page, int64_t newest_s,
                           int64_t oldest_s)
{
    if (rows_after(b->newest, b->count, oldest_s, true) <= page.offset)
        return BEFORE;
    return rows_after(b->oldest, b->count, newest_s, false) >= page.offset + page.limit ? AFTER
                                                                                        : WITHIN;
}

/* Rows from which the page is taken. */
struct candidates {
    struct log_ref *refs;
    size_t count, cap;
    int64_t before; /* rows that were stepped over */
};

static enum err_code add_span(struct db_conn *c, const struct log_span *span, struct candidates *to,
                              struct err *err)
{
    CLEANUP(arena_finip) struct arena scratch;
    struct log_ref *refs;

    arena_init(&scratch, 0);
    TRY(repo_log_span_refs(c, &scratch, span, &refs, err));
    for (size_t i = 0; i < span->rows; i++)
        if (!span->set || log_set_has(span->set, i))
            to->refs[to->count++] = refs[i];
    return ERR_OK;
}

static enum err_code gather(struct db_conn *c, const struct log_view *v, const enum place *places,
                            enum place tail, struct candidates *to, struct err *err)
{
    for (size_t i = 0; i < v->span_count; i++)
        if (places[i] == WITHIN)
            TRY(add_span(c, &v->spans[i], to, err));
    for (size_t i = 0; tail == WITHIN && i < v->tail_count; i++)
        to->refs[to->count++] = v->tail[i];
    return ERR_OK;
}

static void reckon(struct candidates *to, enum place place, size_t rows)
{
    if (place == BEFORE)
        to->before += (int64_t)rows;
    else if (place == WITHIN)
        to->cap += rows;
}

enum err_code repo_log_view_page(struct db_conn *c, struct arena *a, const struct log_view *v,
                                 struct repo_page page, struct log_ref **refs, size_t *count,
                                 struct err *err)
{
    const struct bounds b = bounds_of(a, v);
    enum place *places = arena_new_array(a, enum place, v->span_count + 1), tail = AFTER;
    struct candidates found = {0};
    size_t skip;

    *refs = NULL;
    *count = 0;
    page.offset = page.offset > 0 ? page.offset : 0;
    if (page.offset >= v->total)
        return ERR_OK;
    for (size_t i = 0; i < v->span_count; i++) {
        places[i] = place_of(&b, page, v->spans[i].newest_s, v->spans[i].oldest_s);
        reckon(&found, places[i], v->spans[i].count);
    }
    if (v->tail_count)
        tail = place_of(&b, page, v->tail[0].created_at, v->tail[v->tail_count - 1].created_at);
    reckon(&found, tail, v->tail_count);
    found.refs = arena_new_array(a, struct log_ref, found.cap + 1);
    TRY(gather(c, v, places, tail, &found, err));
    qsort(found.refs, found.count, sizeof *found.refs, log_ref_compare);
    skip = (size_t)(page.offset - found.before);
    if (skip < found.count) {
        *refs = found.refs + skip;
        *count = found.count - skip < (size_t)page.limit ? found.count - skip : (size_t)page.limit;
    }
    return ERR_OK;
}
