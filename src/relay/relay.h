/*
 * relay - one request from door to door: who calls, what it may cost, which channel, the call, the
 * answer, the bill.
 *
 * One `struct relay` for the program, one `struct relay_loop` for each event loop. The relay never
 * blocks: SQL runs on the offload pool. A request is a list of steps (exchange.h); STEP_SETTLE is
 * reached once on every path.
 */
#pragma once
#include "auth/apikey.h"
#include "base/clock.h"
#include "http/client.h"
#include "http/router.h"
#include "ledger/ledger.h"
#include "model/probe_result.h"
#include "model/snapshot.h"

struct relay;
struct relay_loop;
struct metrics;
struct redis;

struct relay_conf {
    struct db *db;
    struct offload *offload;
    const struct clock *clock;
    struct apikeys *apikeys; /* its attach and detach must be relay_attach_balance() and
                                relay_detach_balance() */
    struct balances *balances;
    struct ledger *ledger;
    struct metrics *metrics; /* may be NULL */
    unsigned loops;
    size_t body_limit;          /* bytes of a request body; MAX_REQUEST_BODY_MB */
    size_t event_limit;         /* bytes of an event of a stream; STREAM_SCANNER_MAX_BUFFER_MB */
    uint64_t relay_timeout_ms;  /* RELAY_TIMEOUT: whole upstream call; 0: none */
    uint64_t stream_timeout_ms; /* STREAMING_TIMEOUT: silence between two pieces of a reply */
    uint64_t drain_ms; /* how long an upstream is read on for its usage after the client has left */
    bool force_stream_option;    /* FORCE_STREAM_OPTION */
    bool enforce_include_usage;  /* ENFORCE_INCLUDE_USAGE */
    bool error_log;              /* ERROR_LOG_ENABLED */
    bool count_token;            /* CountToken: prompts are counted */
    bool media_token;            /* GET_MEDIA_TOKEN: images count by their size */
    bool media_token_not_stream; /* GET_MEDIA_TOKEN_NOT_STREAM: also without a stream */
    struct str http_proxy, https_proxy, no_proxy; /* for channels without a proxy of their own */
    struct str media_proxy;  /* USER_CONTENT_REQUEST_PROXY: for what requests name; empty: none */
    int64_t media_timeout_s; /* USER_CONTENT_REQUEST_TIMEOUT: of one request's; 0: 20 s */
    size_t media_max_bytes;  /* MAX_FILE_DOWNLOAD_MB: of one; 0: 20 MB */
    struct str azure_api_version; /* AZURE_DEFAULT_API_VERSION; empty: the provider's default */
    struct str gemini_version;    /* GEMINI_VERSION; empty: the provider's default */
    struct str gemini_safety;     /* GEMINI_SAFETY_SETTING; empty: the provider's default */
    int64_t gemini_images;        /* GEMINI_VISION_MAX_IMAGE_NUM: of one message; 0: any number */
    struct str test_prompt;       /* TEST_PROMPT: what a channel test says; empty: "hi" */
    size_t items_max_bytes;     /* RESPONSE_ITEMS_MB: of items of answers that are kept; 0: none */
    int64_t items_life_s;       /* RESPONSE_ITEMS_MINUTES */
    struct secret items_secret; /* the same on all nodes: names of items in Redis are HMACs */
    /* A channel was switched off in the database: read the configuration again. Pool thread. */
    enum err_code (*reload)(void *ctx, struct err *err);
    void *ctx;
};

struct relay *relay_new(const struct relay_conf *conf);
void relay_free(struct relay *r); /* after the loops have ended */
/* The relay's part of loop number `i`; before the loop runs. Owned by the relay. `redis` is the
 * loop's client; NULL: none. */
struct relay_loop *relay_loop_new(struct relay *r, unsigned i, struct loop *loop,
                                  struct http_client *client, struct redis *redis);
/* The loop reserves through this member of shared balances, which lives until the loop has ended.
 * Before the loop runs. */
void relay_loop_share(struct relay_loop *rl, struct shared_member *member);
/* At the beginning of shutdown: realtime sessions, which otherwise go on for as long as their
 * clients like, are ended as soon as no response runs in them. Loop thread. */
void relay_loop_drain(struct relay_loop *rl);
/* At shutdown, when running requests have had their time: settles those that wait for an upstream
 * for what they have used, tells their clients, and begins no call any more. Loop thread. */
void relay_loop_stop(struct relay_loop *rl);
/* Hands a new snapshot to every loop; takes over the caller's reference. Returns when each loop has
 * it, if `wait` (not on a loop thread). */
void relay_publish(struct relay *r, struct snapshot *snap, bool wait);
/* /v1/chat/completions and so on. */
void relay_add_routes(struct relay *r, struct router *router);
/* Error bodies of the server itself (400, 404, 408, 413, 431) in the dialect of the path; for
 * http_server_conf.error_body. */
struct str relay_error_body(void *ctx, struct arena *a, const struct http_req *r, int status,
                            const char *message, struct str *content_type);

/* For apikeys_conf: ctx is the relay. */
enum err_code relay_attach_balance(void *ctx, struct credential *c, struct err *err);
void relay_detach_balance(void *ctx, struct credential *c);

/* Calls a channel once with a small request, as a user's request would, without charging anybody;
 * any channel status. Blocks: pool thread. */
void relay_probe(struct relay *r, int64_t channel_id, struct str model, struct probe_result *out);
/* At shutdown, while the loops still run: ends the tests that wait for an upstream (they answer
 * ERR_UNAVAILABLE), and those that begin from now on. Returns when none is left. */
void relay_stop_probes(struct relay *r);
