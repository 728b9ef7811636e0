/*
 * channel_types - what the console is told of each kind of channel: its default address and the
 * models that a new channel is offered. Data only; what differs between upstreams on the wire is
 * the provider room's.
 */
#pragma once
#include "base/attr.h"
#include "base/str.h"

struct channel_type {
    int64_t type;        /* channels.type: a number that databases hold */
    struct str name;     /* for people */
    struct str base_url; /* default; empty: the channel must have one */
    struct str owner;    /* `owned_by` of its models; empty: it has no list */
    bool offered;        /* is it a key of GET /api/models? */
    struct str models;   /* comma list */
};

const struct channel_type *channel_types_all(size_t *n);
const struct channel_type *channel_types_find(int64_t type); /* NULL: not known */
/* Names of the Midjourney actions, a comma list. */
struct str channel_types_midjourney(void);
