/*
 * system_prompt - the operator's own system prompt in a client's request: as the system prompt of
 * one that has none; where the operator wants it in any case, in front of the one that it has,
 * with a line between. Pure.
 *
 * Source: relay reference 9.2.
 */
#pragma once
#include "base/json_patch.h"
#include "dialect/chat.h"

struct system_prompt {
    struct str text; /* not empty */
    bool override;   /* also where the request has one */
};

/* As a change of a chat request's body in this dialect. */
void system_prompt_patch(enum dialect_id dialect, struct arena *a, const struct json *body,
                         const struct system_prompt *prompt, struct json_patch *patch);
/* The same in the canonical form; what other requests share with it stays as it is. */
void system_prompt_add(struct arena *a, struct chat_request *r, const struct system_prompt *prompt);
