/*
 * sealed - a provider's opaque state in the field of another dialect, and back.
 *
 * A client hands back in the next turn what it got: a signature, encrypted reasoning, a
 * thoughtSignature. When its dialect is not the provider's, the state travels in the client's field
 * of that kind behind a mark that tells whose it is, so that it reaches that provider again and no
 * other. The mark uses base64's letters and has a length that keeps the padding right, because
 * clients check these fields for base64. Pure.
 */
#pragma once
#include "base/arena.h"
#include "dialect/dialect_id.h"

/* The value for a field of dialect `field`: unchanged when the state is its own. */
struct str sealed_write(struct arena *a, enum dialect_id origin, struct str state,
                        enum dialect_id field);
/* Whose state a value of dialect `field` is, and the state without its mark. */
struct str sealed_read(struct str value, enum dialect_id field, enum dialect_id *origin);
