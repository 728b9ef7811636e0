/*
 * provider - what differs between upstreams, one const struct each; the registry finds it by
 * channel type. Pure.
 *
 * The relay asks a provider three things: where to send, with which headers, and which edits of the
 * body it needs. Nobody outside this room compares channel types.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json_patch.h"
#include "base/secret.h"
#include "dialect/peek.h"

/* One call as the relay wants it made. Everything is borrowed. */
struct provider_call {
    enum relay_mode mode;
    int64_t channel_type;
    struct str base_url; /* the channel's; empty: the provider's default */
    struct str path;     /* of the client's request, "/v1/chat/completions" */
    struct str query;    /* of it, without the question mark; may be empty */
    struct str model;    /* upstream name, after mapping */
    bool stream;
    struct secret key;
    struct str organization;         /* empty: none */
    struct str accept, content_type; /* of the client's request; may be empty */
};

/* Headers to send; room for what a provider adds. */
struct provider_headers {
    struct {
        struct str name, value;
    } at[16];
    size_t n;
};

struct provider {
    int64_t type;        /* channels.type */
    struct str name;     /* for people and `owned_by` */
    struct str base_url; /* default; empty: the channel must have one */
    unsigned modes;      /* bit 1 << MODE_* */
    bool stream_options; /* understands stream_options.include_usage */
    /* The absolute URL. ERR_CHANNEL when the channel's settings do not make one. */
    enum err_code (*url)(const struct provider *p, const struct provider_call *call,
                         struct arena *a, struct str *out, struct err *err);
    void (*headers)(const struct provider *p, const struct provider_call *call, struct arena *a,
                    struct provider_headers *out);
    /* Edits of the body beyond model, stream_options and overrides; NULL: none. */
    void (*edit)(const struct provider *p, const struct provider_call *call,
                 const struct json *body, struct json_patch *patch, struct arena *a);
    const struct str *models; /* names that the console offers for the type */
    size_t model_count;
};

/* NULL: no provider for the type. */
const struct provider *provider_find(int64_t channel_type);
/* All of them, for lists; *n is their number. */
const struct provider *const *provider_all(size_t *n);
/* Name of the provider whose list has the model, or "custom": what /v1/models says as owned_by. */
struct str provider_owner_of(struct str model);

extern const struct provider provider_openai, provider_custom;
