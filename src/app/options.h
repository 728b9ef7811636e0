/*
 * options - what the command line and the environment say, as typed values: one table of rows
 * (options reference, 3 and 4).
 */
#pragma once
#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/secret.h"
#include "cache/redis_conf.h"

enum { NODE_NAME_BYTES = 100 }; /* of the 128 that its column takes */

struct app_options {
    bool version, help;
    uint16_t port;
    struct str data_dir, log_dir;
    bool log_json, debug;

    struct str sql_dsn, log_sql_dsn; /* the second empty: logs are where the rest is */
    struct str sqlite_path, log_sqlite_path;
    int64_t sqlite_busy_timeout_ms;
    unsigned sql_max_open_conns, sql_max_idle_conns; /* at least 1 */
    int64_t sql_conn_lifetime_ms;                    /* 0: for ever */
    int64_t sql_statement_timeout_ms;
    bool slave; /* NODE_TYPE=slave: never migrates */

    struct secret session_secret; /* never empty: random when not given */
    int64_t sync_frequency_s;
    unsigned relay_threads;
    uint64_t relay_timeout_ms, stream_timeout_ms;
    size_t body_limit, event_limit;
    uint64_t idle_conn_ms;
    size_t loop_idle_conns, loop_idle_conns_per_host; /* of each loop; the first 0: no limit */
    bool force_stream_option, enforce_include_usage, error_log, count_token, media_token,
        media_token_not_stream, generate_default_token, tls_insecure;
    struct str http_proxy, https_proxy, no_proxy;
    struct str media_proxy; /* empty: none */
    int64_t media_timeout_s;
    size_t media_max_bytes;
    struct str azure_api_version, gemini_version, gemini_safety;
    int64_t gemini_images;  /* 0: any number */
    size_t items_max_bytes; /* 0: none */
    int64_t items_life_s;
    struct secret initial_root_token, initial_root_access_token;
    int64_t polling_interval_s;
    int64_t channel_test_minutes; /* 0: never */
    struct str test_prompt;       /* empty: the usual one */
    struct {
        bool enabled;
        int64_t limit, duration_s;
    } api_limit, web_limit;

    /* several nodes */
    const struct redis_conf *redis; /* NULL: none */
    bool redis_pool_given;          /* REDIS_CONN_POOL_SIZE, which has no effect */
    bool session_secret_given, crypto_secret_given;
    struct secret crypto_secret;  /* never empty */
    struct str frontend_base_url; /* empty: none */
    struct str node_name;         /* empty: one is made up */
    bool batch_update;            /* as /api/status shows it */
};

/* What a command takes besides the options. */
struct options_more {
    const struct conf_row *rows; /* its own flags */
    size_t count;
    struct conf_value *values; /* out, in the arena: of each row */
    bool takes_args;
    struct conf_args args; /* out */
};

/* Reads flags and environment. ERR_BAD_REQUEST with a line that names the flag or variable. Strings
 * live in the arena or in env. */
MUST_CHECK enum err_code options_read(struct arena *a, int argc, char *const *argv,
                                      char *const *env, struct options_more *more,
                                      struct app_options *out, struct err *err);
/* The flags and variables behind the usage given. */
struct str options_help(struct arena *a, const char *usage);
