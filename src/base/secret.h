/*
 * secret - bytes that must not be printed: keys, passwords, access tokens.
 *
 * The type has no member that a printf format takes by accident; the one way to the bytes is
 * secret_reveal(), which is easy to search for in a review: it may stand only where the secret goes
 * on the wire, into the database or into a hash.
 */
#pragma once
#include "base/str.h"

struct secret {
    struct {
        struct str hidden;
    } do_not_print;
};

static inline struct secret secret_make(struct str s)
{
    return (struct secret){.do_not_print = {.hidden = s}};
}

static inline struct str secret_reveal(struct secret s)
{
    return s.do_not_print.hidden;
}

static inline bool secret_empty(struct secret s)
{
    return s.do_not_print.hidden.n == 0;
}
