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
#include "model/override.h"
#include "model/settings.h"

struct channel_health;

/* A channel prepared for the relay. */
struct route_channel {
    struct channel row;     /* strings live in the snapshot's arena */
    const struct str *keys; /* upstream keys that are enabled: one, or several of a multi-key
                               channel; secret: take them by snapshot_channel_key() */
    size_t key_count;       /* 0: every key of a multi-key channel is disabled */
    const uint32_t
        *key_numbers; /* place of each in the stored list; NULL: not a multi-key channel */
    bool poll_keys;   /* one after the other, instead of any */
    const struct json *model_mapping, *status_code_mapping, *header_override,
        *setting;                    /* NULL: none or not JSON */
    const struct override *override; /* param_override; NULL: none, or it cannot be done */
    bool mapping_broken;             /* model_mapping has a text that is no JSON object */
    /* of setting: */
    struct str proxy;            /* empty: none */
    struct str system_prompt;    /* put before a request without one; empty: none */
    bool system_prompt_override; /* ... and before a request's own */
    bool force_format;           /* answers are written anew */
    bool thinking_to_content;    /* thoughts become text between <think> and </think> */
    bool pass_through;           /* the client's body goes out unchanged */
    /* of settings: */
    unsigned withheld;             /* bits 1 << GATED_*: members that do not go out */
    struct str responses_version;  /* of Azure's Responses; empty: the usual one */
    bool beta_query;               /* Claude's addresses get beta=true */
    struct channel_health *health; /* not owned; set by the relay's health table, mutable by
                                      atomics; NULL until then */
};

/* Candidates for one (group, model), highest priority first, then lowest id. */
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
    struct map by_id, groups; /* id -> route_channel, group -> struct route_group */
    _Atomic int refs;
};

/* One (key, value) pair of the options table. */
struct option_row {
    struct str key, value;
};

/*
 * Builds from rows (all channels with any status; options). Names in the lists of models and groups
 * are trimmed, empty and repeated ones are left out. Copies what it keeps. A channel or
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
/* Key number `i` (below key_count). */
struct secret snapshot_channel_key(const struct route_channel *channel, size_t i);
/* Before the snapshot is shared: gives every channel the health entry that `find` returns for its
 * id. */
void snapshot_attach_health(struct snapshot *s,
                            struct channel_health *(*find)(void *ctx, int64_t channel_id),
                            void *ctx);
/* Names of the enabled models of the group, sorted; count in *n. */
const struct str *snapshot_models(const struct snapshot *s, struct str group, size_t *n);
/* The wildcard name under which a family of models is priced and routed (relay reference 6.3, 19):
 * gpt-4-gizmo-x -> gpt-4-gizmo-*, gpt-4o-gizmo-x -> gpt-4o-gizmo-*, gemini-2.5-pro-...-thinking-128
 * -> gemini-2.5-pro-thinking-*, likewise the flash ones; others as they are. */
struct str model_normalise(struct str model);
