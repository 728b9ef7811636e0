/*
 * provider - what differs between upstreams, one const struct each; the registry finds it by
 * channel type. Pure.
 *
 * The relay asks a provider where to send, with which headers, in which dialect, and which rules of
 * its models apply to the body. Nobody outside this room compares channel types.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json_patch.h"
#include "base/secret.h"
#include "dialect/dialect.h"
#include "dialect/peek.h"
#include "model/settings.h"

/* One call as the relay wants it made. Everything is borrowed. */
struct provider_call {
    enum relay_mode mode;
    enum dialect_id dialect; /* of the body that is sent */
    bool translated;         /* it is not the client's own */
    int64_t channel_type;
    int64_t channel_created_s;
    struct str base_url;          /* the channel's; empty: the provider's default */
    struct str other;             /* the channel's: API version, region, ...; may be empty */
    struct str responses_version; /* the channel's, of Azure's Responses; may be empty */
    bool beta_query;              /* the channel wants Claude's addresses with beta=true */
    struct str path;              /* the dialect's, or the client's own: "/v1/chat/completions" */
    struct str query;             /* of the client's request, when not translated; may be empty */
    struct str mapped;            /* upstream name, after mapping */
    struct str model;             /* the same as it is sent: provider.model_name() was applied */
    struct str requested;         /* name that the client asked for */
    bool stream;
    bool embed_batch;   /* MODE_EMBEDDINGS in Gemini's dialect: a list of texts */
    bool realtime_beta; /* MODE_REALTIME: the client speaks the beta protocol */
    int64_t max_tokens; /* that the request names; 0: none */
    struct secret key;
    struct str organization;                      /* empty: none */
    struct str accept, content_type;              /* of the client's request; may be empty */
    struct str anthropic_version, anthropic_beta; /* of it; may be empty */
    struct str azure_api_version;                 /* AZURE_DEFAULT_API_VERSION; may be empty */
    struct str gemini_version, gemini_safety;     /* where options name none; may be empty */
    struct loss_list *losses; /* where `edit` lists what it leaves out; NULL: nobody asks */
    const struct settings *settings;
};

/* Headers to send; room for what a provider adds. */
struct provider_headers {
    struct {
        struct str name, value;
    } at[16];
    size_t n;
};

struct provider {
    int64_t type;            /* channels.type */
    struct str name;         /* for people and `owned_by` */
    struct str base_url;     /* default; empty: the channel must have one */
    unsigned modes;          /* bit 1 << MODE_* */
    unsigned dialects;       /* bit 1 << DIALECT_*: chat dialects that it speaks */
    enum dialect_id dialect; /* the one to translate to from others */
    bool stream_options;     /* understands stream_options.include_usage */
    bool key_protocol;       /* takes a realtime session's key as a sub-protocol, too */
    bool needs_media;   /* does not fetch the addresses of images: they have to be in the body */
    bool counts_images; /* a message may have only so many of them (GEMINI_VISION_MAX_IMAGE_NUM) */
    /* The absolute URL. ERR_CHANNEL when the channel's settings do not make one. */
    enum err_code (*url)(const struct provider *p, const struct provider_call *call,
                         struct arena *a, struct str *out, struct err *err);
    void (*headers)(const struct provider *p, const struct provider_call *call, struct arena *a,
                    struct provider_headers *out);
    /* The name that is sent: without a suffix that only we know ("-high"); NULL: as it is. */
    struct str (*model_name)(const struct provider_call *call, struct arena *a);
    /*
     * Rules of the provider's models as patches of the body, which is in the upstream's dialect:
     * the client's own, or a written one (call->translated). `edits` says without reading the body
     * whether `edit` would change anything; NULL: always. NULL `edit`: no rules.
     */
    bool (*edits)(const struct provider_call *call);
    void (*edit)(const struct provider *p, const struct provider_call *call,
                 const struct json *body, struct json_patch *patch, struct arena *a);
    /* What a translated request needs before it is written: limits and defaults of the model, and
     * changes of the top of the canonical form (its lists are shared by all attempts). NULL: none.
     */
    void (*adapt)(const struct provider *p, const struct provider_call *call,
                  struct chat_request *r, struct request_conf *conf);
    const struct str *models; /* names that the console offers for the type */
    size_t model_count;
};

/* Which dialect a chat request goes out in when the client speaks `client`. */
enum dialect_id provider_dialect(const struct provider *p, enum dialect_id client);

/* NULL: no provider for the type. */
const struct provider *provider_find(int64_t channel_type);
/* All of them, for lists; *n is their number. */
const struct provider *const *provider_all(size_t *n);
/* Name of the provider whose list has the model, or "custom": what /v1/models says as owned_by. */
struct str provider_owner_of(struct str model);

extern const struct provider provider_openai, provider_azure, provider_custom, provider_anthropic,
    provider_gemini;
