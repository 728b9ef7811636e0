/*
 * loss - what a request says and the upstream's dialect cannot: a short list of names for the log
 * row and the reply header x-yourapi-dropped. Plain value of the caller, nothing to free.
 *
 * A name is the member as the client's dialect writes it ("seed", "tools.web_search",
 * "messages.content.input_audio"); a name is listed once however often it was lost. Names never
 * hold content.
 */
#pragma once
#include "base/arena.h"

enum { LOSS_MAX = 24 };

struct loss_list {
    struct str names[LOSS_MAX];
    size_t n;
    bool more; /* there were further ones */
};

/* `name` must live as long as the list. Text that is no token of letters, digits and ._-: is kept
 * only up to its first other byte, since the list becomes a header. */
void loss_add(struct loss_list *list, struct str name);
/* "prefix.name", for names that a stranger chose; copied into the arena, at most 64 bytes. */
void loss_add_under(struct loss_list *list, struct arena *a, struct str prefix, struct str name);
/* "a, b, c", with "..." at its end when there were more; empty without losses. */
struct str loss_text(struct arena *a, const struct loss_list *list);
