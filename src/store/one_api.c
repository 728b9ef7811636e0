/*
 * Columns of one-api that this line does not have are read here and stay as they are; an older
 * one-api may lack any of them.
 */
#include "store/one_api.h"

#include <inttypes.h>

#include "base/json.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/sb.h"
#include "model/channel.h"
#include "store/repo_row.h"

/* One-api's number of a type, ours, and the address that one-api knew for it where ours has none.
 */
struct type_change {
    int64_t from, to;
    const char *base_url;
};

enum { NO_TYPE = -1 }; /* nothing here serves it */

/*
 * Source: database reference 6.3; addresses as one-api of February 2025 had them built in. Three
 * rows go their own way: Xunfei v2 (48) speaks OpenAI's dialect, so it becomes type 1; Novita (41)
 * has no /v1 in its path, so it becomes a custom full URL; 50 and 51 are in translate_url().
 */
static const struct type_change changes[] = {
    {2, CHANNEL_TYPE_OPENAI, "https://oa.api2d.net"},
    {4, CHANNEL_TYPE_OPENAI, "https://api.closeai-proxy.xyz"},
    {5, CHANNEL_TYPE_OPENAI, "https://api.openai-sb.com"},
    {8, CHANNEL_TYPE_OPENAI, NULL},
    {26, CHANNEL_TYPE_OPENAI, "https://api.baichuan-ai.com"},
    {27, 35, NULL},
    {28, 42, NULL},
    {29, CHANNEL_TYPE_OPENAI, "https://api.groq.com/openai"},
    {30, 4, NULL},
    {32, CHANNEL_TYPE_OPENAI, "https://api.stepfun.com"},
    {34, 49, NULL},
    {35, 34, NULL},
    {36, 43, NULL},
    {37, 39, NULL},
    {38, NO_TYPE, NULL},
    {39, CHANNEL_TYPE_OPENAI, "https://api.together.xyz"},
    {40, 45, NULL},
    {41, CHANNEL_TYPE_CUSTOM, "https://api.novita.ai/v3/openai"},
    {42, 41, NULL},
    {43, NO_TYPE, NULL},
    {44, 40, NULL},
    {45, 48, NULL},
    {46, 56, NULL},
    {47, 46, NULL},
    {48, CHANNEL_TYPE_OPENAI, "https://spark-api-open.xf-yun.com"},
    {49, 17, NULL},
    {50, CHANNEL_TYPE_OPENAI, NULL},
    {51, 24, NULL},
};

/* A channel as one-api has it. */
struct old_channel {
    int64_t id, type, status;
    struct secret key;
    struct str base_url, other, config, system_prompt, setting;
};

/* What becomes of it. */
struct new_channel {
    int64_t type, status;
    struct str key, base_url, other, setting, other_info;
};

static const struct type_change *find_change(int64_t type)
{
    for (size_t i = 0; i < ARRAY_LEN(changes); i++)
        if (changes[i].from == type)
            return &changes[i];
    return NULL;
}

/* One-api's types 41, 50 and 51 put the path without /v1 behind the address; type 8 put the whole
 * path behind it, where ours takes a full URL. */
static void translate_url(struct arena *a, const struct old_channel *old, struct new_channel *new)
{
    struct str url = str_trim_right_char(new->base_url, '/');

    if (old->type == 8 && (str_has(url, STR("/chat/completions")) || str_has(url, STR("{model}"))))
        new->type = CHANNEL_TYPE_CUSTOM;
    if (old->type == 51 && url.n)
        new->type = CHANNEL_TYPE_OPENAI;
    if (old->type != 41 && !((old->type == 50 || old->type == 51) && url.n))
        return;
    if (str_ends(url, STR("/v1"))) {
        new->type = CHANNEL_TYPE_OPENAI;
        new->base_url = str_sub(url, 0, url.n - 3);
        return;
    }
    new->type = CHANNEL_TYPE_CUSTOM;
    new->base_url = arena_fmt(a, "%.*s/chat/completions", STR_ARG(url));
}

static void translate_type(struct arena *a, const struct old_channel *old, struct new_channel *new)
{
    const struct type_change *change = find_change(old->type);

    if (!change)
        return;
    if (change->to == NO_TYPE) {
        /* Under its old number it would be called as something else, with its key. */
        new->type = 0;
        new->status = CHANNEL_MANUALLY_DISABLED;
        new->other_info = STR("{\"status_reason\":\"this channel type of one-api is not served\"}");
        return;
    }
    new->type = change->to;
    if (new->base_url.n == 0 && change->base_url)
        new->base_url = str_from(change->base_url);
    translate_url(a, old, new);
}

static struct str member(struct arena *a, const struct json *config, const char *name)
{
    return str_trim(json_str_or_null(a, json_get(config, str_from(name))));
}

/* AWS: key = access key|secret key|region. */
static void carry_aws(struct arena *a, const struct json *config, struct new_channel *new)
{
    struct str ak = member(a, config, "ak"), sk = member(a, config, "sk"),
               region = member(a, config, "region");

    if (ak.n && sk.n)
        new->key = arena_fmt(a, "%.*s|%.*s|%.*s", STR_ARG(ak), STR_ARG(sk), STR_ARG(region));
}

/* Vertex AI: key = the service account's JSON, other = region. */
static void carry_vertex(struct arena *a, const struct json *config, struct new_channel *new)
{
    struct str adc = member(a, config, "vertex_ai_adc"), region = member(a, config, "region");

    if (adc.n)
        new->key = adc;
    if (region.n)
        new->other = region;
}

/* What `other` holds by one-api's type, as the name of a member of `config`. */
static const char *other_member(int64_t type)
{
    switch (type) {
    case 3:  /* Azure */
    case 18: /* Xunfei */
    case 24: /* Gemini */
        return "api_version";
    case 17: /* Ali */
        return "plugin";
    case 21: /* AIProxy library */
        return "library_id";
    case 37: /* Cloudflare */
        return "user_id";
    default:
        return NULL;
    }
}

enum { CONFIG_DEPTH = 16, ONE_API_AWS = 33, ONE_API_VERTEX = 42 };

static void carry_config(struct arena *a, const struct old_channel *old, struct new_channel *new)
{
    const char *name = other_member(old->type);
    const struct json *config;

    if (old->config.n == 0 || json_read(a, old->config, CONFIG_DEPTH, &config, NULL) != ERR_OK)
        return;
    if (old->type == ONE_API_AWS)
        carry_aws(a, config, new);
    if (old->type == ONE_API_VERTEX)
        carry_vertex(a, config, new);
    if (name && new->other.n == 0)
        new->other = member(a, config, name);
}

static void carry_prompt(struct arena *a, const struct old_channel *old, struct new_channel *new)
{
    struct str quoted;

    if (old->system_prompt.n == 0 || old->setting.n != 0)
        return;
    quoted = json_quote(a, old->system_prompt);
    new->setting = arena_fmt(a, "{\"system_prompt\":%.*s}", STR_ARG(quoted));
}

static struct new_channel translate(struct arena *a, const struct old_channel *old)
{
    struct new_channel new = {.type = old->type,
                              .status = old->status,
                              .key = secret_reveal(old->key),
                              .base_url = old->base_url,
                              .other = old->other,
                              .setting = old->setting};

    translate_type(a, old, &new);
    carry_config(a, old, &new);
    carry_prompt(a, old, &new);
    return new;
}

static enum err_code write_channel(struct db_conn *c, int64_t id, const struct new_channel *new,
                                   struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "UPDATE channels SET type = ?", DB_I64(new->type));
    repo_query_add(&q, ", status = ?", DB_I64(new->status));
    repo_query_add(&q, ", \"key\" = ?", DB_TEXT(new->key));
    repo_query_add(&q, ", base_url = ?", DB_TEXT(new->base_url));
    repo_query_add(&q, ", other = ?", DB_TEXT(new->other));
    if (new->setting.n)
        repo_query_add(&q, ", setting = ?", DB_TEXT(new->setting));
    if (new->other_info.n)
        repo_query_add(&q, ", other_info = ?", DB_TEXT(new->other_info));
    repo_query_add(&q, " WHERE id = ?", DB_I64(id));
    return repo_query_exec(c, &q, NULL, err);
}

static bool has_name(const struct str *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq(names[i], str_from(name)))
            return true;
    return false;
}

static enum err_code carry_channels(struct db_conn *c, struct arena *a, struct err *err)
{
    /* The last two are columns that may be missing; a constant stands in. */
    struct repo_column columns[] = {
        REPO_COLUMN(struct old_channel, id, "id", CELL_I64),
        REPO_COLUMN(struct old_channel, type, "type", CELL_I64),
        REPO_COLUMN(struct old_channel, status, "status", CELL_I64),
        REPO_COLUMN(struct old_channel, key, "key", CELL_SECRET),
        REPO_COLUMN(struct old_channel, base_url, "base_url", CELL_TEXT),
        REPO_COLUMN(struct old_channel, other, "other", CELL_TEXT),
        REPO_COLUMN(struct old_channel, setting, "setting", CELL_TEXT),
        REPO_COLUMN(struct old_channel, config, "config", CELL_TEXT),
        REPO_COLUMN(struct old_channel, system_prompt, "system_prompt", CELL_TEXT),
    };
    struct repo_table table = {"channels", columns, ARRAY_LEN(columns), sizeof(struct old_channel)};
    const struct old_channel *old;
    struct str *names;
    size_t n;
    void *rows;

    TRY(db_list_columns(c, a, "channels", &names, &n, err));
    if (n == 0)
        return ERR_OK;
    for (size_t i = ARRAY_LEN(columns) - 2; i < ARRAY_LEN(columns); i++)
        if (!has_name(names, n, columns[i].name))
            columns[i].name = "remark"; /* new, so it is NULL everywhere */
    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " ORDER BY id");
    TRY(repo_fetch(c, a, &table, &q, &rows, &n, err));
    old = rows;
    for (size_t i = 0; i < n; i++) {
        struct new_channel new = translate(a, &old[i]);

        TRY(write_channel(c, old[i].id, &new, err));
        if (new.type != old[i].type)
            log_info(NULL, "migrate.channel",
                     "channel=%" PRId64 " one_api_type=%" PRId64 " type=%" PRId64, old[i].id,
                     old[i].type, new.type);
    }
    return ERR_OK;
}

/* Tokens: a limit that is not carried over would be a permission given. */

static enum err_code carry_models(struct db_conn *c, struct err *err)
{
    return db_exec(c, NULL, err,
                   "UPDATE tokens SET model_limits = models, model_limits_enabled = ?"
                   " WHERE models <> '' AND COALESCE(model_limits, '') = ''",
                   DB_BOOL(true));
}

static enum err_code carry_subnet(struct db_conn *c, int64_t id, struct str subnet, struct err *err)
{
    CLEANUP(sb_finip) struct sb lines;

    sb_init(&lines, subnet.n + 2);
    STR_SPLIT_EACH (one, subnet, ',') {
        if (lines.n)
            sb_add_char(&lines, '\n');
        sb_add(&lines, one);
    }
    return db_exec(c, NULL, err, "UPDATE tokens SET allow_ips = ? WHERE id = ?",
                   DB_TEXT(sb_str(&lines)), DB_I64(id));
}

static enum err_code carry_subnets(struct db_conn *c, struct arena *a, struct err *err)
{
    struct subnet {
        int64_t id;
        struct str text;
    };
    static const struct repo_column columns[] = {
        REPO_COLUMN(struct subnet, id, "id", CELL_I64),
        REPO_COLUMN(struct subnet, text, "subnet", CELL_TEXT),
    };
    static const struct repo_table table = {"tokens", columns, ARRAY_LEN(columns),
                                            sizeof(struct subnet)};
    const struct subnet *subnets;
    void *rows;
    size_t n;

    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " WHERE subnet <> '' AND COALESCE(allow_ips, '') = ''");
    TRY(repo_fetch(c, a, &table, &q, &rows, &n, err));
    subnets = rows;
    for (size_t i = 0; i < n; i++)
        TRY(carry_subnet(c, subnets[i].id, subnets[i].text, err));
    return ERR_OK;
}

static enum err_code carry_tokens(struct db_conn *c, struct arena *a, struct err *err)
{
    struct str *names;
    size_t n;

    TRY(db_list_columns(c, a, "tokens", &names, &n, err));
    if (has_name(names, n, "models"))
        TRY(carry_models(c, err));
    if (has_name(names, n, "subnet"))
        TRY(carry_subnets(c, a, err));
    return ERR_OK;
}

/* Milliseconds to whole seconds, written so that no database divides to a fraction. */
static enum err_code carry_logs(struct db_conn *c, struct arena *a, struct err *err)
{
    struct str *names;
    size_t n;

    TRY(db_list_columns(c, a, "logs", &names, &n, err));
    if (!has_name(names, n, "elapsed_time"))
        return ERR_OK;
    return db_exec(c, NULL, err,
                   "UPDATE logs SET use_time = (elapsed_time - elapsed_time % 1000) / 1000"
                   " WHERE elapsed_time >= 1000 AND COALESCE(use_time, 0) = 0");
}

enum err_code one_api_carry_over(struct db_conn *c, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;

    arena_init(&a, 0);
    TRY(carry_channels(c, &a, err));
    TRY(carry_tokens(c, &a, err));
    return carry_logs(c, &a, err);
}

/* What it will do, for people. */

static void describe_type(struct sb *said, int64_t type, int64_t channels)
{
    const struct type_change *change = find_change(type);

    if (!change)
        return;
    sb_fmt(said, "-- channels: %" PRId64 " of one-api's type %" PRId64, channels, type);
    if (change->to == NO_TYPE)
        sb_add(said, STR(" are disabled: nothing here serves it\n"));
    else if (change->to == type || type == 8 || type == 50 || type == 51)
        sb_add(said, STR(" get the type that fits their address\n"));
    else
        sb_fmt(said, " get type %" PRId64 "%s%s\n", change->to,
               change->base_url ? ", where they have no address " : "",
               change->base_url ? change->base_url : "");
}

static enum err_code describe_types(struct db_conn *c, struct arena *a, struct sb *said,
                                    struct err *err)
{
    struct db_rows *rows;

    TRY(db_query(c, a, &rows, err,
                 "SELECT \"type\", COUNT(*) FROM channels GROUP BY \"type\" ORDER BY \"type\""));
    while (db_next(rows))
        describe_type(said, db_i64(rows, 0), db_i64(rows, 1));
    return db_end(rows, err);
}

enum err_code one_api_describe(struct db_conn *c, struct arena *a, struct sb *said, struct err *err)
{
    static const struct {
        const char *table, *column, *text;
    } carried[] = {
        {"channels", "config",
         "-- channels: config goes into the columns that have its fields now\n"},
        {"channels", "system_prompt", "-- channels: system_prompt goes into setting\n"},
        {"tokens", "models", "-- tokens: models become model_limits\n"},
        {"tokens", "subnet", "-- tokens: subnet becomes allow_ips\n"},
        {"logs", "elapsed_time", "-- logs: use_time is filled from elapsed_time\n"},
    };
    struct str *names;
    size_t n;

    if (!said)
        return ERR_OK;
    TRY(db_list_columns(c, a, "channels", &names, &n, err));
    if (n > 0)
        TRY(describe_types(c, a, said, err));
    for (size_t i = 0; i < ARRAY_LEN(carried); i++) {
        TRY(db_list_columns(c, a, carried[i].table, &names, &n, err));
        if (has_name(names, n, carried[i].column))
            sb_add(said, str_from(carried[i].text));
    }
    return ERR_OK;
}
