/*
 * snapshot - everything a request needs to know of the operator's configuration, immutable and
 * counted: channels with their routing index, options, prices, groups. A change builds a new one; a
 * request pins the one it started with by snapshot_get() and ends with snapshot_put(). Any thread;
 * the content is read-only after snapshot_build().
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"
#include "base/map.h"
#include "model/catalog.h"
#include "model/channel.h"
#include "model/settings.h"

/* A channel prepared for the relay. */
struct route_channel {
    struct channel row;     /* strings live in the snapshot's arena */
    const struct str *keys; /* upstream keys: one, or several of a multi-key channel; secret: see
                               snapshot_channel_key() */
    size_t key_count;
    const struct json *model_mapping, *status_code_mapping, *param_override, *header_override,
        *setting;                  /* NULL: none or not JSON */
    struct str proxy;              /* setting.proxy; empty: none */
    struct channel_health *health; /* not owned; set by the relay's health table, mutable by
                                      atomics; NULL until then */
};

/* Candidates for one (group, model), highest priority first. */
struct route_entry {
    struct str group, model;
    const struct route_candidate {
        const struct route_channel *channel;
        int64_t priority;
        uint64_t weight;
    } * candidates;
    size_t count;
};

struct snapshot {
    struct settings settings; /* options, typed */
    struct catalog catalog;   /* prices */
    const struct route_channel *channels;
    size_t channel_count;
    uint64_t version; /* grows with each build */
    /* private: */
    struct arena arena;
    struct map by_group_model, by_id, models_by_group;
    _Atomic int refs;
};

/* One (key, value) pair of the options table. */
struct option_row {
    struct str key, value;
};

/*
 * Builds from rows (all channels with any status; options). Copies what it keeps. A channel or
 * option that cannot be read is logged and left out, never fatal. The caller owns one reference.
 */
struct snapshot *snapshot_build(const struct channel *channels, size_t channel_count,
                                const struct option_row *options, size_t option_count,
                                uint64_t version);
struct snapshot *snapshot_get(struct snapshot *s); /* one more reference */
void snapshot_put(struct snapshot *s);             /* NULL is allowed; the last one frees */

/* Enabled channels of the group that serve the model (exact name, then the normalised name); NULL:
 * none. */
const struct route_entry *snapshot_route(const struct snapshot *s, struct str group,
                                         struct str model);
/* Any status; NULL: no such channel. */
const struct route_channel *snapshot_channel(const struct snapshot *s, int64_t id);
/* Names of the enabled models of the group, sorted; count in *n. */
const struct str *snapshot_models(const struct snapshot *s, struct str group, size_t *n);
/* gpt-4-gizmo-x -> gpt-4-gizmo-*, gpt-4o-gizmo-x -> gpt-4o-gizmo-*; others as they are. */
struct str model_normalise(struct str model);
