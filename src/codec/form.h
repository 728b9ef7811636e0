/*
 * form - application/x-www-form-urlencoded bodies as pairs. Pure.
 *
 * Source: WHATWG URL, "application/x-www-form-urlencoded parsing" (read 2026-11-23): '+' is a
 * space, a broken percent escape stays as it is written, empty pairs are left out.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct form_pair {
    struct str name, value;
};

struct form {
    const struct form_pair *pairs; /* in the order of the body, names may repeat */
    size_t count;
};

/* The pairs live in the arena, decoded. ERR_TOO_LARGE when there are more than `limit` of them. */
MUST_CHECK enum err_code form_parse(struct arena *a, struct str body, size_t limit,
                                    struct form *out, struct err *err);
/* First value of the name, or STR_NULL. Holds as long as the arena. */
struct str form_get(const struct form *form, struct str name);
