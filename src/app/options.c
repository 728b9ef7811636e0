#include "app/options.h"

#include <unistd.h>

#include "api/api.h"
#include "base/random.h"
#include "base/text.h"
#include "http/proxy.h"
#include "http/url.h"

enum {
    O_VERSION,
    O_HELP,
    O_PORT,
    O_DATA_DIR,
    O_LOG_DIR,
    O_LOG_FORMAT,
    O_DEBUG,
    O_SQL_DSN,
    O_LOG_SQL_DSN,
    O_SQLITE_PATH,
    O_LOG_SQLITE_PATH,
    O_SQLITE_BUSY,
    O_SQL_IDLE,
    O_SQL_OPEN,
    O_SQL_LIFETIME_MIN,
    O_SQL_LIFETIME_S,
    O_SQL_STATEMENT,
    O_NODE_TYPE,
    O_SESSION_SECRET,
    O_SYNC,
    O_THREADS,
    O_RELAY_TIMEOUT,
    O_STREAM_TIMEOUT,
    O_BODY_MB,
    O_EVENT_MB,
    O_IDLE_S,
    O_IDLE_ALL,
    O_IDLE_HOST,
    O_FORCE_STREAM,
    O_ENFORCE_USAGE,
    O_ERROR_LOG,
    O_COUNT_TOKEN,
    O_MEDIA_TOKEN,
    O_MEDIA_TOKEN_WHOLE,
    O_DEFAULT_TOKEN,
    O_TLS_INSECURE,
    O_HTTP_PROXY,
    O_HTTPS_PROXY,
    O_NO_PROXY,
    O_MEDIA_PROXY,
    O_MEDIA_TIMEOUT,
    O_MEDIA_MB,
    O_AZURE_VERSION,
    O_GEMINI_VERSION,
    O_GEMINI_SAFETY,
    O_GEMINI_IMAGES,
    O_ITEMS_MB,
    O_ITEMS_MINUTES,
    O_ROOT_TOKEN,
    O_ROOT_ACCESS,
    O_TEST_FREQUENCY,
    O_TEST_PROMPT,
    O_POLLING,
    O_API_LIMIT_ON,
    O_API_LIMIT,
    O_API_LIMIT_S,
    O_WEB_LIMIT_ON,
    O_WEB_LIMIT,
    O_WEB_LIMIT_S,
    O_REDIS,
    O_REDIS_PASSWORD,
    O_REDIS_MASTER,
    O_REDIS_POOL,
    O_CRYPTO_SECRET,
    O_FRONTEND,
    O_NODE_NAME,
    O_MEMORY_CACHE,
    O_BATCH_UPDATE,
    O_BATCH_INTERVAL,
    O_COUNT
};

/* Variable, its other spelling, flag, kind, default, bounds, "the variable wins over the flag",
 * help. */
static const struct conf_row rows[O_COUNT] = {
    [O_VERSION] = {.flag = "version", .kind = CONF_BOOL, .help = "print the version and end"},
    [O_HELP] = {.flag = "help", .kind = CONF_BOOL, .help = "print this text and end"},
    [O_PORT] = {.env = "PORT",
                .flag = "port",
                .kind = CONF_INT,
                .fallback = "3000",
                .min = 1,
                .max = 65535,
                .env_wins = true,
                .help = "port to listen on"},
    [O_DATA_DIR] = {.env = "DATA_DIR",
                    .flag = "data-dir",
                    .kind = CONF_TEXT,
                    .fallback = "data",
                    .help = "folder of the database and the journal"},
    [O_LOG_DIR] = {.env = "LOG_DIR",
                   .flag = "log-dir",
                   .kind = CONF_TEXT,
                   .help = "folder of log files (default: none, only stderr)"},
    [O_LOG_FORMAT] = {.env = "LOG_FORMAT",
                      .kind = CONF_TEXT,
                      .fallback = "text",
                      .help = "text or json"},
    [O_DEBUG] = {.env = "DEBUG", .kind = CONF_BOOL, .fallback = "false", .help = "log more"},
    [O_SQL_DSN] = {.env = "SQL_DSN",
                   .kind = CONF_TEXT,
                   .help = "database; empty or local: SQLite in the data folder; "
                           "postgres://user:password@host:5432/name: PostgreSQL; "
                           "user:password@tcp(host:3306)/name: MySQL, MariaDB"},
    [O_LOG_SQL_DSN] = {.env = "LOG_SQL_DSN",
                       .kind = CONF_TEXT,
                       .help = "database of the log rows, in the same forms (default: SQL_DSN's)"},
    [O_SQLITE_PATH] = {.env = "SQLITE_PATH",
                       .kind = CONF_TEXT,
                       .help = "SQLite file (default: one-api.db in the data folder)"},
    [O_LOG_SQLITE_PATH] = {.env = "LOG_SQLITE_PATH",
                           .kind = CONF_TEXT,
                           .help = "SQLite file of LOG_SQL_DSN=local (default: SQLITE_PATH's)"},
    [O_SQLITE_BUSY] = {.env = "SQLITE_BUSY_TIMEOUT",
                       .kind = CONF_INT,
                       .fallback = "3000",
                       .min = 0,
                       .max = 600000,
                       .help = "ms to wait for a locked SQLite file"},
    [O_SQL_IDLE] = {.env = "SQL_MAX_IDLE_CONNS",
                    .kind = CONF_INT,
                    .fallback = "100",
                    .min = 0,
                    .max = 100000,
                    .help = "connections to a database server that are kept while not in use"},
    [O_SQL_OPEN] = {.env = "SQL_MAX_OPEN_CONNS",
                    .kind = CONF_INT,
                    .fallback = "1000",
                    .min = 0,
                    .max = 100000,
                    .help = "connections to a database server in all (0: no limit)"},
    [O_SQL_LIFETIME_MIN] = {.env = "SQL_CONN_MAX_LIFETIME",
                            .kind = CONF_INT,
                            .fallback = "60",
                            .min = 0,
                            .max = 525600,
                            .help = "minutes until a connection is replaced (0: never)"},
    [O_SQL_LIFETIME_S] = {.env = "SQL_MAX_LIFETIME",
                          .kind = CONF_INT,
                          .min = 0,
                          .max = 31536000,
                          .help = "the same in s; the shorter of the two counts"},
    [O_SQL_STATEMENT] = {.env = "SQL_STATEMENT_TIMEOUT",
                         .kind = CONF_INT,
                         .fallback = "60",
                         .min = 5,
                         .max = 86400,
                         .help = "s after which a database server ends a statement"},
    [O_NODE_TYPE] = {.env = "NODE_TYPE",
                     .kind = CONF_TEXT,
                     .fallback = "master",
                     .help = "slave: never changes the tables of a database (else: master)"},
    [O_SESSION_SECRET] = {.env = "SESSION_SECRET",
                          .kind = CONF_TEXT,
                          .help =
                              "signs sessions (default: random, sign-ins end with the process)"},
    [O_SYNC] = {.env = "SYNC_FREQUENCY",
                .kind = CONF_INT,
                .fallback = "60",
                .min = 1,
                .max = 86400,
                .help = "s between two readings of channels and options"},
    [O_THREADS] = {.env = "RELAY_THREADS",
                   .kind = CONF_INT,
                   .fallback = "0",
                   .min = 0,
                   .max = 256,
                   .help = "event loops (default: one a processor core)"},
    [O_RELAY_TIMEOUT] = {.env = "RELAY_TIMEOUT",
                         .kind = CONF_INT,
                         .fallback = "0",
                         .min = 0,
                         .max = 86400,
                         .help = "s that a whole upstream call may take (0: no limit)"},
    [O_STREAM_TIMEOUT] = {.env = "STREAMING_TIMEOUT",
                          .kind = CONF_INT,
                          .fallback = "60",
                          .min = 1,
                          .max = 86400,
                          .help = "s of silence after which a stream is cut"},
    [O_BODY_MB] = {.env = "MAX_REQUEST_BODY_MB",
                   .kind = CONF_INT,
                   .fallback = "128",
                   .min = 1,
                   .max = 2048,
                   .help = "largest request body"},
    [O_EVENT_MB] = {.env = "STREAM_SCANNER_MAX_BUFFER_MB",
                    .kind = CONF_INT,
                    .fallback = "128",
                    .min = 1,
                    .max = 2048,
                    .help = "largest event of an upstream's stream"},
    [O_IDLE_S] = {.env = "RELAY_IDLE_CONN_TIMEOUT",
                  .kind = CONF_INT,
                  .fallback = "90",
                  .min = 0,
                  .max = 31536000,
                  .help = "s that a connection to an upstream is kept while not in use (0: for as "
                          "long as the upstream keeps it)"},
    [O_IDLE_ALL] = {.env = "RELAY_MAX_IDLE_CONNS",
                    .kind = CONF_INT,
                    .min = 0,
                    .max = 1000000,
                    .help = "connections to upstreams that are kept while not in use (default: 500 "
                            "an event loop; 0: no limit)"},
    [O_IDLE_HOST] = {.env = "RELAY_MAX_IDLE_CONNS_PER_HOST",
                     .kind = CONF_INT,
                     .min = 1,
                     .max = 1000000,
                     .help = "of them to one upstream (default: 100 an event loop)"},
    [O_FORCE_STREAM] = {.env = "FORCE_STREAM_OPTION",
                        .kind = CONF_BOOL,
                        .fallback = "true",
                        .help = "ask upstreams for the usage of streams"},
    [O_ENFORCE_USAGE] = {.env = "ENFORCE_INCLUDE_USAGE",
                         .kind = CONF_BOOL,
                         .fallback = "false",
                         .help = "send usage to every streaming client"},
    [O_ERROR_LOG] = {.env = "ERROR_LOG_ENABLED",
                     .kind = CONF_BOOL,
                     .fallback = "false",
                     .help = "write log rows for failed attempts"},
    [O_COUNT_TOKEN] = {.env = "CountToken",
                       .kind = CONF_BOOL,
                       .fallback = "true",
                       .help =
                           "count the tokens of prompts; false: as none where no usage is told"},
    [O_MEDIA_TOKEN] = {.env = "GET_MEDIA_TOKEN",
                       .kind = CONF_BOOL,
                       .fallback = "true",
                       .help = "count images in requests by their size; false: all alike"},
    [O_MEDIA_TOKEN_WHOLE] = {.env = "GET_MEDIA_TOKEN_NOT_STREAM",
                             .kind = CONF_BOOL,
                             .fallback = "true",
                             .help = "also where no stream is asked for; false: as 255 tokens"},
    [O_DEFAULT_TOKEN] = {.env = "GENERATE_DEFAULT_TOKEN",
                         .kind = CONF_BOOL,
                         .fallback = "false",
                         .help = "new users get a token"},
    [O_TLS_INSECURE] = {.env = "TLS_INSECURE_SKIP_VERIFY",
                        .kind = CONF_BOOL,
                        .fallback = "false",
                        .help = "do not check upstreams' certificates"},
    [O_HTTP_PROXY] = {.env = "HTTP_PROXY",
                      .env_alias = "http_proxy",
                      .kind = CONF_TEXT,
                      .help = "proxy for http:// upstreams"},
    [O_HTTPS_PROXY] = {.env = "HTTPS_PROXY",
                       .env_alias = "https_proxy",
                       .kind = CONF_TEXT,
                       .help = "proxy for https:// upstreams"},
    [O_NO_PROXY] = {.env = "NO_PROXY",
                    .env_alias = "no_proxy",
                    .kind = CONF_TEXT,
                    .help = "hosts that are called directly"},
    [O_MEDIA_PROXY] = {.env = "USER_CONTENT_REQUEST_PROXY",
                       .kind = CONF_TEXT,
                       .help = "proxy for the images and files that requests name by address"},
    [O_MEDIA_TIMEOUT] = {.env = "USER_CONTENT_REQUEST_TIMEOUT",
                         .kind = CONF_INT,
                         .fallback = "20",
                         .min = 1,
                         .max = 3600,
                         .help = "s that fetching those of one request may take"},
    [O_MEDIA_MB] = {.env = "MAX_FILE_DOWNLOAD_MB",
                    .kind = CONF_INT,
                    .fallback = "20",
                    .min = 1,
                    .max = 1024,
                    .help = "largest of them"},
    [O_AZURE_VERSION] = {.env = "AZURE_DEFAULT_API_VERSION",
                         .kind = CONF_TEXT,
                         .fallback = "2024-12-01-preview",
                         .help = "API version of Azure channels that name none"},
    [O_GEMINI_VERSION] = {.env = "GEMINI_VERSION",
                          .kind = CONF_TEXT,
                          .fallback = "v1beta",
                          .help = "API version of Gemini where the option "
                                  "gemini.version_settings names none"},
    [O_GEMINI_SAFETY] = {.env = "GEMINI_SAFETY_SETTING",
                         .kind = CONF_TEXT,
                         .fallback = "OFF",
                         .help = "threshold of harms where the option gemini.safety_settings "
                                 "names none"},
    [O_GEMINI_IMAGES] = {.env = "GEMINI_VISION_MAX_IMAGE_NUM",
                         .kind = CONF_INT,
                         .fallback = "16",
                         .min = -1,
                         .max = 100000,
                         .help = "images that one message to Gemini may have (-1: any number)"},
    [O_ITEMS_MB] = {.env = "RESPONSE_ITEMS_MB",
                    .kind = CONF_INT,
                    .fallback = "64",
                    .min = 0,
                    .max = 65536,
                    .help =
                        "memory for items of answers that clients of the Responses API may name "
                        "(0: none is kept)"},
    [O_ITEMS_MINUTES] = {.env = "RESPONSE_ITEMS_MINUTES",
                         .kind = CONF_INT,
                         .fallback = "1440",
                         .min = 1,
                         .max = 43200,
                         .help = "how long one is kept"},
    [O_ROOT_TOKEN] = {.env = "INITIAL_ROOT_TOKEN",
                      .kind = CONF_TEXT,
                      .help = "first start: API key of the root user"},
    [O_ROOT_ACCESS] = {.env = "INITIAL_ROOT_ACCESS_TOKEN",
                       .kind = CONF_TEXT,
                       .help = "first start: management token of the root user"},
    [O_TEST_FREQUENCY] = {.env = "CHANNEL_TEST_FREQUENCY",
                          .kind = CONF_INT,
                          .fallback = "0",
                          .min = 0,
                          .max = 525600,
                          .help = "minutes between two tests of all channels (0: never)"},
    [O_TEST_PROMPT] = {.env = "TEST_PROMPT",
                       .kind = CONF_TEXT,
                       .help = "what a test says to the channel's model (default: hi)"},
    [O_POLLING] = {.env = "POLLING_INTERVAL",
                   .kind = CONF_INT,
                   .fallback = "0",
                   .min = 0,
                   .max = 3600,
                   .help = "s between two channels of a test of all"},
    [O_API_LIMIT_ON] = {.env = "GLOBAL_API_RATE_LIMIT_ENABLE",
                        .kind = CONF_BOOL,
                        .fallback = "true",
                        .help = "limit management calls"},
    [O_API_LIMIT] = {.env = "GLOBAL_API_RATE_LIMIT",
                     .kind = CONF_INT,
                     .fallback = "180",
                     .min = 1,
                     .max = 1000000,
                     .help = "calls an address may make"},
    [O_API_LIMIT_S] = {.env = "GLOBAL_API_RATE_LIMIT_DURATION",
                       .kind = CONF_INT,
                       .fallback = "180",
                       .min = 1,
                       .max = 1200,
                       .help = "in so many s"},
    [O_WEB_LIMIT_ON] = {.env = "GLOBAL_WEB_RATE_LIMIT_ENABLE",
                        .kind = CONF_BOOL,
                        .fallback = "true",
                        .help = "limit console pages"},
    [O_WEB_LIMIT] = {.env = "GLOBAL_WEB_RATE_LIMIT",
                     .kind = CONF_INT,
                     .fallback = "60",
                     .min = 1,
                     .max = 1000000,
                     .help = "pages an address may load"},
    [O_WEB_LIMIT_S] = {.env = "GLOBAL_WEB_RATE_LIMIT_DURATION",
                       .kind = CONF_INT,
                       .fallback = "180",
                       .min = 1,
                       .max = 1200,
                       .help = "in so many s"},
    [O_REDIS] = {.env = "REDIS_CONN_STRING",
                 .kind = CONF_TEXT,
                 .help = "redis://user:password@host:6379/0, rediss:// with TLS, several with "
                         "commas between: what nodes share quickly (default: none)"},
    [O_REDIS_PASSWORD] = {.env = "REDIS_PASSWORD",
                          .kind = CONF_TEXT,
                          .help = "password of Redis, where the address has none"},
    [O_REDIS_MASTER] = {.env = "REDIS_MASTER_NAME",
                        .kind = CONF_TEXT,
                        .help = "the addresses are Sentinels, to be asked for the master so named"},
    [O_REDIS_POOL] = {.env = "REDIS_CONN_POOL_SIZE",
                      .env_alias = "REDIS_POOL_SIZE",
                      .kind = CONF_INT,
                      .fallback = "10",
                      .min = 0,
                      .max = 100000,
                      .help = "has no effect: each event loop has one pipelined connection"},
    [O_CRYPTO_SECRET] = {.env = "CRYPTO_SECRET",
                         .kind = CONF_TEXT,
                         .help = "hides what is personal in the names of entries in Redis; the "
                                 "same on all nodes (default: SESSION_SECRET)"},
    [O_FRONTEND] = {.env = "FRONTEND_BASE_URL",
                    .kind = CONF_TEXT,
                    .help = "slave: visitors of the console are sent there"},
    [O_NODE_NAME] = {.env = "NODE_NAME",
                     .kind = CONF_TEXT,
                     .help = "name of this node among others (default: host name and port)"},
    [O_MEMORY_CACHE] = {.env = "MEMORY_CACHE_ENABLED",
                        .kind = CONF_BOOL,
                        .fallback = "false",
                        .help = "has no effect: channels and options are always in memory"},
    [O_BATCH_UPDATE] = {.env = "BATCH_UPDATE_ENABLED",
                        .kind = CONF_BOOL,
                        .fallback = "false",
                        .help = "shown to the console; what was used is always written in batches"},
    [O_BATCH_INTERVAL] = {.env = "BATCH_UPDATE_INTERVAL",
                          .kind = CONF_INT,
                          .fallback = "5",
                          .min = 1,
                          .max = 86400,
                          .help = "has no effect: a batch waits for less than a second"},
};

struct str options_help(struct arena *a, const char *usage)
{
    return conf_help(a, usage, rows, O_COUNT);
}

static unsigned threads_of(int64_t wanted)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);

    if (wanted > 0)
        return (unsigned)wanted;
    return cores > 0 ? (unsigned)cores : 1;
}

static enum err_code check_combinations(const struct conf_value *v, struct err *err)
{
    if (str_eq(v[O_SESSION_SECRET].text, STR("random_string")))
        return err_set(
            err, ERR_BAD_REQUEST,
            "SESSION_SECRET: random_string is the example's value; choose one of your own");
    if (v[O_DATA_DIR].text.n == 0)
        return err_set(err, ERR_BAD_REQUEST, "flag --data-dir: must name a folder");
    if (!str_eq(v[O_NODE_TYPE].text, STR("master")) && !str_eq(v[O_NODE_TYPE].text, STR("slave")))
        return err_set(err, ERR_BAD_REQUEST, "NODE_TYPE: must be master or slave");
    if (!str_eq(v[O_LOG_FORMAT].text, STR("text")) && !str_eq(v[O_LOG_FORMAT].text, STR("json")))
        return err_set(err, ERR_BAD_REQUEST, "LOG_FORMAT: must be text or json");
    return ERR_OK;
}

/* Values whose form other rooms know. None is repeated in the error: they hold secrets. */
static enum err_code check_forms(struct arena *a, const struct conf_value *v, struct err *err)
{
    static const unsigned proxies[] = {O_HTTP_PROXY, O_HTTPS_PROXY, O_MEDIA_PROXY};

    for (size_t i = 0; i < ARRAY_LEN(proxies); i++) {
        struct err why = {0};

        if (http_proxy_env_check(a, v[proxies[i]].text, &why) != ERR_OK)
            return err_set(err, ERR_BAD_REQUEST, "variable %s: %s", rows[proxies[i]].env, why.msg);
    }
    return api_check_initial_tokens(secret_make(v[O_ROOT_TOKEN].text),
                                    secret_make(v[O_ROOT_ACCESS].text), err);
}

/* Parts of addresses are sent as they are. */
static bool is_plain_word(struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '-' || c == '.'))
            return false;
    }
    return text.n > 0;
}

static bool is_threshold(struct str text)
{
    static const struct str all[] = {STR_INIT("OFF"),
                                     STR_INIT("BLOCK_NONE"),
                                     STR_INIT("BLOCK_ONLY_HIGH"),
                                     STR_INIT("BLOCK_MEDIUM_AND_ABOVE"),
                                     STR_INIT("BLOCK_LOW_AND_ABOVE"),
                                     STR_INIT("HARM_BLOCK_THRESHOLD_UNSPECIFIED")};

    for (size_t i = 0; i < ARRAY_LEN(all); i++) {
        if (str_eq(text, all[i]))
            return true;
    }
    return false;
}

static enum err_code check_providers(const struct conf_value *v, struct err *err)
{
    if (!is_plain_word(v[O_AZURE_VERSION].text))
        return err_set(err, ERR_BAD_REQUEST,
                       "variable AZURE_DEFAULT_API_VERSION: must be a version as 2024-10-21");
    if (!is_plain_word(v[O_GEMINI_VERSION].text))
        return err_set(err, ERR_BAD_REQUEST,
                       "variable GEMINI_VERSION: must be a version as v1beta");
    if (!is_threshold(v[O_GEMINI_SAFETY].text))
        return err_set(err, ERR_BAD_REQUEST,
                       "variable GEMINI_SAFETY_SETTING: must be OFF, BLOCK_NONE, BLOCK_ONLY_HIGH, "
                       "BLOCK_MEDIUM_AND_ABOVE or BLOCK_LOW_AND_ABOVE");
    if (v[O_GEMINI_IMAGES].i == 0)
        return err_set(err, ERR_BAD_REQUEST,
                       "variable GEMINI_VISION_MAX_IMAGE_NUM: must be 1 or more, or -1 for any "
                       "number");
    return ERR_OK;
}

/* ms that a connection may live; 0: for ever. Both variables speak of it, in units of their own. */
static int64_t lifetime_ms(const struct conf_value *minutes, const struct conf_value *seconds)
{
    int64_t a = minutes->i * 60000, b = seconds->i * 1000;

    if (!seconds->given)
        return a;
    if (!minutes->given || a == 0)
        return b;
    return b == 0 || a < b ? a : b;
}

/* Go's pool reads "no limit" from 0; a program with so few threads never comes near this one. */
static unsigned open_conns(int64_t wanted)
{
    return wanted > 0 ? (unsigned)wanted : 100000;
}

/* A loop's part of what all of them may keep, rounded up; what was not named is `usual` for each.
 */
static size_t share_of(const struct conf_value *v, size_t usual, unsigned loops)
{
    return v->given ? ((size_t)v->i + loops - 1) / loops : usual;
}

static void read_idle(const struct conf_value *v, struct app_options *o)
{
    enum { ALL = 500, ONE_HOST = 100, YEAR_S = 31536000 };

    o->idle_conn_ms = (uint64_t)(v[O_IDLE_S].i > 0 ? v[O_IDLE_S].i : YEAR_S) * 1000;
    o->loop_idle_conns = share_of(&v[O_IDLE_ALL], ALL, o->relay_threads);
    o->loop_idle_conns_per_host = share_of(&v[O_IDLE_HOST], ONE_HOST, o->relay_threads);
}

/* NULL in *out: no Redis. */
static enum err_code read_redis(struct arena *a, const struct conf_value *v,
                                const struct redis_conf **out, struct err *err)
{
    struct redis_conf *conf = arena_new(a, struct redis_conf);

    *out = NULL;
    if (v[O_REDIS].text.n == 0)
        return ERR_OK;
    TRY(redis_conf_read(a, v[O_REDIS].text, secret_make(v[O_REDIS_PASSWORD].text),
                        v[O_REDIS_MASTER].text, conf, err));
    *out = conf;
    return ERR_OK;
}

static enum err_code check_node(const struct conf_value *v, struct err *err)
{
    struct str name = v[O_NODE_NAME].text;
    struct http_url url;

    if (v[O_FRONTEND].text.n > 0 && http_url_read(v[O_FRONTEND].text, &url, NULL) != ERR_OK)
        return err_set(err, ERR_BAD_REQUEST,
                       "FRONTEND_BASE_URL: must be an address that begins with http:// or "
                       "https://");
    if (name.n > NODE_NAME_BYTES || !utf8_valid(name))
        return err_set(err, ERR_BAD_REQUEST, "NODE_NAME: must be a text of at most %d bytes",
                       NODE_NAME_BYTES);
    return ERR_OK;
}

/* The options' rows and the command's are read together: a flag may stand anywhere. */
static enum err_code read_rows(struct arena *a, int argc, char *const *argv, char *const *env,
                               struct options_more *more, struct conf_value *values,
                               struct err *err)
{
    size_t n = O_COUNT + more->count;
    struct conf_row *all = arena_new_array(a, struct conf_row, n);

    memcpy(all, rows, sizeof rows);
    if (more->count > 0)
        memcpy(all + O_COUNT, more->rows, more->count * sizeof *all);
    more->values = values + O_COUNT;
    return conf_read_args(a, all, n, argc, argv, env, values, more->takes_args ? &more->args : NULL,
                          err);
}

/* ---- the options, a subject each ---- */

static void read_database(const struct conf_value *v, struct app_options *o)
{
    o->sql_dsn = v[O_SQL_DSN].text;
    o->log_sql_dsn = v[O_LOG_SQL_DSN].text;
    o->sqlite_path = v[O_SQLITE_PATH].text;
    o->log_sqlite_path = v[O_LOG_SQLITE_PATH].text;
    o->sqlite_busy_timeout_ms = v[O_SQLITE_BUSY].i;
    o->sql_max_open_conns = open_conns(v[O_SQL_OPEN].i);
    o->sql_max_idle_conns = (unsigned)(v[O_SQL_IDLE].i > 0 ? v[O_SQL_IDLE].i : 1);
    o->sql_conn_lifetime_ms = lifetime_ms(&v[O_SQL_LIFETIME_MIN], &v[O_SQL_LIFETIME_S]);
    o->sql_statement_timeout_ms = v[O_SQL_STATEMENT].i * 1000;
}

static void read_relay(const struct conf_value *v, struct app_options *o)
{
    o->relay_threads = threads_of(v[O_THREADS].i);
    o->relay_timeout_ms = (uint64_t)v[O_RELAY_TIMEOUT].i * 1000;
    o->stream_timeout_ms = (uint64_t)v[O_STREAM_TIMEOUT].i * 1000;
    o->body_limit = (size_t)v[O_BODY_MB].i << 20;
    o->event_limit = (size_t)v[O_EVENT_MB].i << 20;
    read_idle(v, o);
    o->force_stream_option = v[O_FORCE_STREAM].b;
    o->enforce_include_usage = v[O_ENFORCE_USAGE].b;
    o->error_log = v[O_ERROR_LOG].b;
    o->count_token = v[O_COUNT_TOKEN].b;
    o->media_token = v[O_MEDIA_TOKEN].b;
    o->media_token_not_stream = v[O_MEDIA_TOKEN_WHOLE].b;
    o->tls_insecure = v[O_TLS_INSECURE].b;
    o->http_proxy = v[O_HTTP_PROXY].text;
    o->https_proxy = v[O_HTTPS_PROXY].text;
    o->no_proxy = v[O_NO_PROXY].text;
}

static void read_providers(const struct conf_value *v, struct app_options *o)
{
    o->media_proxy = v[O_MEDIA_PROXY].text;
    o->media_timeout_s = v[O_MEDIA_TIMEOUT].i;
    o->media_max_bytes = (size_t)v[O_MEDIA_MB].i << 20;
    o->azure_api_version = v[O_AZURE_VERSION].text;
    o->gemini_version = v[O_GEMINI_VERSION].text;
    o->gemini_safety = v[O_GEMINI_SAFETY].text;
    o->gemini_images = v[O_GEMINI_IMAGES].i > 0 ? v[O_GEMINI_IMAGES].i : 0;
    o->items_max_bytes = (size_t)v[O_ITEMS_MB].i << 20;
    o->items_life_s = v[O_ITEMS_MINUTES].i * 60;
}

static void read_management(const struct conf_value *v, struct app_options *o)
{
    o->generate_default_token = v[O_DEFAULT_TOKEN].b;
    o->initial_root_token = secret_make(v[O_ROOT_TOKEN].text);
    o->initial_root_access_token = secret_make(v[O_ROOT_ACCESS].text);
    o->polling_interval_s = v[O_POLLING].i;
    o->channel_test_minutes = v[O_TEST_FREQUENCY].i;
    o->test_prompt = v[O_TEST_PROMPT].text;
    o->api_limit.enabled = v[O_API_LIMIT_ON].b;
    o->api_limit.limit = v[O_API_LIMIT].i;
    o->api_limit.duration_s = v[O_API_LIMIT_S].i;
    o->web_limit.enabled = v[O_WEB_LIMIT_ON].b;
    o->web_limit.limit = v[O_WEB_LIMIT].i;
    o->web_limit.duration_s = v[O_WEB_LIMIT_S].i;
}

/* What it is among others. */
static void read_node(struct arena *a, const struct conf_value *v, struct app_options *o)
{
    o->slave = str_eq(v[O_NODE_TYPE].text, STR("slave"));
    o->node_name = v[O_NODE_NAME].text;
    o->frontend_base_url = v[O_FRONTEND].text;
    o->sync_frequency_s = v[O_SYNC].i;
    o->batch_update = v[O_BATCH_UPDATE].b;
    o->redis_pool_given = v[O_REDIS_POOL].given;
    o->session_secret_given = v[O_SESSION_SECRET].text.n > 0;
    o->session_secret =
        secret_make(o->session_secret_given ? v[O_SESSION_SECRET].text : random_text(a, 48));
    o->crypto_secret_given = v[O_CRYPTO_SECRET].text.n > 0;
    o->crypto_secret =
        o->crypto_secret_given ? secret_make(v[O_CRYPTO_SECRET].text) : o->session_secret;
}

static enum err_code check_all(struct arena *a, const struct conf_value *v, struct app_options *o,
                               struct err *err)
{
    TRY(check_combinations(v, err));
    TRY(check_forms(a, v, err));
    TRY(check_node(v, err));
    TRY(check_providers(v, err));
    return read_redis(a, v, &o->redis, err);
}

enum err_code options_read(struct arena *a, int argc, char *const *argv, char *const *env,
                           struct options_more *more, struct app_options *out, struct err *err)
{
    struct conf_value *v = arena_new_array(a, struct conf_value, O_COUNT + more->count);
    struct app_options o = {.redis = NULL};

    TRY(read_rows(a, argc, argv, env, more, v, err));
    o.version = v[O_VERSION].b;
    o.help = v[O_HELP].b;
    if (!o.version && !o.help)
        TRY(check_all(a, v, &o, err));
    o.port = (uint16_t)v[O_PORT].i;
    o.data_dir = v[O_DATA_DIR].text;
    o.log_dir = v[O_LOG_DIR].text;
    o.log_json = str_eq(v[O_LOG_FORMAT].text, STR("json"));
    o.debug = v[O_DEBUG].b;
    read_database(v, &o);
    read_relay(v, &o);
    read_providers(v, &o);
    read_management(v, &o);
    read_node(a, v, &o);
    *out = o;
    return ERR_OK;
}
