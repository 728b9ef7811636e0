/*
 * client_body_testing - for tests of requests whose body is still coming when they are sent: bytes
 * that need no memory of their own, and a caller who gives them as there is room.
 */
#pragma once
#include "http/client_testing.h"

enum { BODY_FIRST = 1000, BODY_PIECE = 100000, BODY_PERIOD = 23 };

struct upload {
    size_t whole; /* bytes of the body */
    size_t sent;
    size_t until; /* more is not there yet */
    char pattern[BODY_PIECE + BODY_PERIOD];
};

static struct upload up;

static inline void upload_init(size_t whole, size_t until)
{
    up = (struct upload){.whole = whole, .until = until};
    for (size_t i = 0; i < sizeof up.pattern; i++)
        up.pattern[i] = (char)('a' + i % BODY_PERIOD);
}

/* At most BODY_PIECE bytes of the body. */
static inline struct str upload_piece(size_t at, size_t n)
{
    return str_make(up.pattern + at % BODY_PERIOD, n);
}

/* Are these the body's bytes from `at` on? */
static inline bool upload_has(size_t at, struct str bytes)
{
    while (bytes.n > 0) {
        struct str piece = str_sub(bytes, 0, BODY_PIECE);

        if (!str_eq(piece, upload_piece(at, piece.n)))
            return false;
        at += piece.n;
        bytes = str_skip(bytes, piece.n);
    }
    return true;
}

static inline void give(struct got *g)
{
    while (http_call_has_room(g->call) && up.sent < up.until) {
        size_t n = up.until - up.sent < BODY_PIECE ? up.until - up.sent : BODY_PIECE;
        struct str piece = upload_piece(up.sent, n);

        up.sent += n;
        http_call_write(g->call, piece);
    }
}

/* Makes a GET to a POST whose first bytes are there. */
static inline void upload_begin(struct got *g, struct http_call_conf *conf)
{
    struct str *first = arena_new(&g->arena, struct str);

    *first = upload_piece(0, BODY_FIRST);
    conf->method = HTTP_M_POST;
    conf->body = first;
    conf->body_count = 1;
    conf->body_length = up.whole;
    up.sent = BODY_FIRST;
    g->on_room = give;
}
