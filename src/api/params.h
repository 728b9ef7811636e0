/*
 * params - what a handler reads of its request, typed (admin-api 1.3, 1.10).
 *
 * Query parameters never fail: what does not parse ("NaN", "", "null") is absent. Bodies do: a
 * member of a wrong type fails, and the first such is named by body_end().
 */
#pragma once
#include "api/call.h"

/* Query: decoded; empty when absent. */
struct str query_str(struct api_call *c, struct str name);
int64_t query_i64(struct api_call *c, struct str name); /* 0 when absent or not a number */
bool query_bool(struct api_call *c, struct str name);   /* as Go reads it; false otherwise */
bool query_has(struct api_call *c, struct str name);    /* there and not empty */

/* Number `i` of the path's parameters as an id; fails with the text of Go's integer parser. */
MUST_CHECK enum err_code path_id(struct api_call *c, size_t i, int64_t *id);

/* Which part of a list: page styles of admin-api 1.3. */
struct page_query {
    int64_t page, size; /* as they are echoed */
    int64_t offset;     /* rows before */
};
enum { PAGE_SIZE_DEFAULT = 10 };
/* `p` counted from `first` (0 or 1); the size in `size_name`, at most `cap`. */
struct page_query query_page(struct api_call *c, int64_t first, struct str size_name, int64_t cap);
/* The members of a list's object that say which page it is, behind "items". */
void page_members(struct json_writer *w, const struct page_query *q, int64_t total);

/* A JSON object body. */
struct body {
    struct api_call *call;
    const struct json *root;
    struct str wrong; /* name of the first member of a wrong type */
};
/* Fails on anything but a JSON object. */
MUST_CHECK enum err_code body_read(struct api_call *c, struct body *out);
/* Members: absent and null are zero. */
struct str body_str(struct body *b, struct str name);
int64_t body_i64(struct body *b, struct str name);
double body_f64(struct body *b, struct str name);
bool body_bool(struct body *b, struct str name);
/* Is it there and not null? */
bool body_has(const struct body *b, struct str name);
/* An array of whole numbers in the arena; at most `cap` of them. */
void body_ids(struct body *b, struct str name, size_t cap, int64_t **ids, size_t *n);
/* Fails with ERR_BAD_REQUEST when a member had the wrong type. */
MUST_CHECK enum err_code body_end(struct body *b);
