/*
 * api - the management API: every row of reference admin-api.md that this program answers, as one
 * table of routes.
 *
 * A request is handed whole to the offload pool, where its handler is plain blocking code. The
 * parts of the program that it works on are handed in here, by the narrowest type.
 */
#pragma once
#include "auth/apikey.h"
#include "base/clock.h"
#include "http/router.h"
#include "ledger/ledger.h"
#include "model/snapshot.h"
#include "model/usage.h"
#include "store/db.h"

struct api;

/* Result of a channel test (admin-api 5.8.1). */
struct api_probe_result {
    int64_t elapsed_ms;
    enum err_code code; /* ERR_OK: the upstream answered well */
    int upstream_status;
    char message[512]; /* for the administrator: may hold the upstream's text, never the key */
    /* what the call used, for the log row of the test */
    struct usage usage;
    char model[256]; /* requested model that was used */
};

struct api_conf {
    struct db *db, *log_db;
    struct offload *offload;
    const struct clock *clock;
    struct apikeys *apikeys;
    struct balances *balances;
    struct ledger *ledger;
    struct str session_secret; /* SESSION_SECRET, or random per start */
    struct str version;
    int64_t started_at_s;
    bool generate_default_token; /* GENERATE_DEFAULT_TOKEN */
    struct str
        setup_code; /* asked for by POST /api/setup from a public address; printed at start */
    struct {
        int64_t limit, duration_s;
        bool enabled;
    } api_limit, web_limit; /* GLOBAL_API_RATE_LIMIT..., per client address */
    /* The configuration in force: a reference that the caller puts. Any thread. */
    struct snapshot *(*snapshot)(void *ctx);
    /* Reads channels and options from the database again and gives the new snapshot to every loop;
     * returns when it is in force. Pool thread. */
    enum err_code (*reload)(void *ctx, struct err *err);
    /* Calls the upstream of a channel once with a small request; blocks. `model` may be empty. Pool
     * thread. */
    void (*probe)(void *ctx, int64_t channel_id, struct str model, struct api_probe_result *out);
    void *ctx;
};

struct api *api_new(const struct api_conf *conf);
void api_free(struct api *a);
/* Adds all its rows. */
void api_add_routes(struct api *a, struct router *router);
