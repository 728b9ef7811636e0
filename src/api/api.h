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
#include "base/secret.h"
#include "http/router.h"
#include "ledger/ledger.h"
#include "model/probe_result.h"
#include "model/snapshot.h"
#include "store/db.h"

struct api;
struct cache;
struct shared_balances;

struct api_conf {
    struct db *db, *log_db;
    struct offload *offload;
    const struct clock *clock;
    struct apikeys *apikeys;
    struct first_password *first_password;
    struct balances *balances;
    struct ledger *ledger;
    struct cache *cache;            /* what nodes share; may be NULL */
    struct shared_balances *shared; /* balances among it; may be NULL */
    struct str node_name;           /* of this node among the others */
    struct secret session_secret;   /* SESSION_SECRET, or random per start */
    struct secret crypto_secret;    /* CRYPTO_SECRET: hides addresses in Redis */
    struct str version;
    int64_t started_at_s;
    bool generate_default_token; /* GENERATE_DEFAULT_TOKEN */
    struct str
        setup_code; /* asked for by POST /api/setup from a public address; printed at start */
    /* INITIAL_ROOT_TOKEN: 48 characters of 0-9a-zA-Z, with or without "sk-" before them; and
     * INITIAL_ROOT_ACCESS_TOKEN: 1 to 32 printable characters. Empty: none. They are made by
     * api_first_start(), and let in although the root account still has its first password, because
     * the operator gave them on purpose. */
    struct secret initial_root_token, initial_root_access_token;
    bool batch_update;          /* BATCH_UPDATE_ENABLED, as /api/status shows it */
    int64_t polling_interval_s; /* POLLING_INTERVAL: pause between channels of a test of all */
    struct str turnstile_url;   /* empty: Cloudflare's; for tests */
    struct {
        int64_t limit, duration_s;
        bool enabled;
    } api_limit; /* GLOBAL_API_RATE_LIMIT..., per client address */
    /* The configuration in force: a reference that the caller puts. Any thread. */
    struct snapshot *(*snapshot)(void *ctx);
    /* Reads channels and options from the database again and gives the new snapshot to every loop;
     * returns when it is in force. Pool thread. */
    enum err_code (*reload)(void *ctx, struct err *err);
    /* Calls the upstream of a channel once with a small request; blocks. `model` may be empty. Pool
     * thread. */
    void (*probe)(void *ctx, int64_t channel_id, struct str model, struct probe_result *out);
    void *ctx;
};

/* The form of the two initial tokens, empty ones being none. ERR_BAD_REQUEST: the text names the
 * variable, never the value. Any thread. */
MUST_CHECK enum err_code api_check_initial_tokens(struct secret token, struct secret access_token,
                                                  struct err *err);

/*
 * Once at start, after the migration and before api_new(), of the conf it needs db, clock, version
 * and the initial tokens only. A database without a root account gets root / 123456, which can do
 * nothing but change its password (or be set up by POST /api/setup); a set-up root account without
 * the mark of it (`setups`) gets the mark. The initial tokens are made for the root account where
 * they are missing. ERR_BAD_REQUEST as api_check_initial_tokens(); ERR_DB.
 */
MUST_CHECK enum err_code api_first_start(const struct api_conf *conf, struct err *err);

struct api *api_new(const struct api_conf *conf); /* strings are copied */
/* At shutdown, early: the test of all channels ends after the channel it is at. */
void api_stop(struct api *a);
/* After the pool and the loops have ended. */
void api_free(struct api *a);
/* Adds all its rows. They live as long as `a`. */
void api_add_routes(struct api *a, struct router *router);
/* Starts the test of all channels (CHANNEL_TEST_FREQUENCY); false: one runs already. It ends early
 * when `may_go_on`, asked before each channel but the first, says no. Any thread. */
bool api_test_channels(struct api *a, bool (*may_go_on)(void *ctx), void *ctx);
