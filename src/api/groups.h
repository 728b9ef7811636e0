/*
 * groups - which groups a user may use, and what they offer (admin-api 4.6; relay reference 4).
 */
#pragma once
#include "api/call.h"

/* A group with what it is called for people. */
struct usable_group {
    struct str name, label;
};

/* The usable groups of `user_group` ("" for visitors) in the arena. */
struct usable_group *groups_usable(struct arena *a, const struct settings *s, struct str user_group,
                                   bool english, size_t *n);

/* A model and the groups in which it can be called. */
struct group_model {
    struct str name;
    struct str *groups; /* sorted, each once */
    size_t group_count;
};

/* Every model that a channel serves now, sorted, each once. */
struct group_model *groups_models(struct arena *a, const struct snapshot *snap, size_t *n);
