/*
 * route_index - which enabled channels serve a model in a group. Private to snapshot.c.
 */
#pragma once
#include "base/arena.h"
#include "base/map.h"
#include "model/snapshot.h"

struct route_group {
    struct str name;
    struct map by_model;      /* model -> struct route_entry */
    const struct str *models; /* sorted */
    size_t model_count;
};

/* Fills `groups` (name -> struct route_group); everything but the slots of the maps lives in `a`.
 */
void route_index_build(struct arena *a, const struct route_channel *channels, size_t n,
                       struct map *groups);
void route_index_fini(struct map *groups);
