/*
 * loss - what a request says and the upstream's dialect cannot: a short list of names for the log
 * row and the reply header x-yourapi-dropped. Plain value of the caller, nothing to free.
 *
 * What only the client's dialect has is listed by its reader, as the client wrote it
 * ("generationConfig.mediaResolution"); what the canonical form has is listed by the upstream's
 * writer in the words of OpenAI's chat ("seed", "messages.content.input_audio"), and told in the
 * client's. A name is listed once however often it was lost. Names never hold content.
 */
#pragma once
#include "base/arena.h"
#include "dialect/dialect_id.h"

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
/* The same for a chat's client of this dialect: each name as the client has written it. */
struct str loss_text_for(struct arena *a, const struct loss_list *list, enum dialect_id client);
