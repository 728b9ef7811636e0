/* Channels: adding, changing, copying (admin-api 5.7.1, 5.7.2, 7.3). */
#include "api/handlers.h"

#include "api/channel_check.h"
#include "api/rows.h"
#include "store/repo_channel.h"

enum { TYPE_VERTEX = 41, KEYS_CAP = 10000 };

/* ---- fields ---- */

/* One field of the body: where it goes, and when an update writes it. */
struct field {
    struct str name;
    enum channel_column column;
    size_t at;           /* of the struct str or int64_t in struct channel */
    size_t null_at;      /* of its *_null flag; 0: it has none */
    bool number, secret; /* neither: text */
    bool clears;         /* an update may make it empty, though it has no *_null flag */
};

#define FIELD(n, c, m, ...)                                                                        \
    {                                                                                              \
        .name = STR_INIT(n), .column = (c), .at = offsetof(struct channel, m), __VA_ARGS__         \
    }
#define NULL_AT(flag)                 .null_at = offsetof(struct channel, flag)
#define TEXT(n, c, m)                 FIELD(n, c, m, .number = false)
#define TEXT_OR_EMPTY(n, c, m)        FIELD(n, c, m, .clears = true)
#define TEXT_OR_NULL(n, c, m, null)   FIELD(n, c, m, NULL_AT(null))
#define SECRET(n, c, m)               FIELD(n, c, m, .secret = true)
#define NUMBER(n, c, m)               FIELD(n, c, m, .number = true)
#define NUMBER_OR_NULL(n, c, m, null) FIELD(n, c, m, .number = true, NULL_AT(null))

/* What people may write. The counters and dates of a channel are the program's: a client sends back
 * the row that it once read, and would undo what happened since. */
static const struct field fields[] = {
    NUMBER("type", CHANNEL_COL_TYPE, type),
    SECRET("key", CHANNEL_COL_KEY, key),
    TEXT_OR_NULL("openai_organization", CHANNEL_COL_ORGANIZATION, open_ai_organization,
                 organization_null),
    TEXT_OR_NULL("test_model", CHANNEL_COL_TEST_MODEL, test_model, test_model_null),
    NUMBER("status", CHANNEL_COL_STATUS, status),
    TEXT("name", CHANNEL_COL_NAME, name),
    NUMBER_OR_NULL("weight", CHANNEL_COL_WEIGHT, weight, weight_null),
    TEXT_OR_NULL("base_url", CHANNEL_COL_BASE_URL, base_url, base_url_null),
    TEXT("other", CHANNEL_COL_OTHER, other),
    TEXT("models", CHANNEL_COL_MODELS, models),
    TEXT("group", CHANNEL_COL_GROUP, group),
    TEXT_OR_NULL("model_mapping", CHANNEL_COL_MODEL_MAPPING, model_mapping, model_mapping_null),
    TEXT_OR_NULL("status_code_mapping", CHANNEL_COL_STATUS_CODE_MAPPING, status_code_mapping,
                 status_code_mapping_null),
    NUMBER_OR_NULL("priority", CHANNEL_COL_PRIORITY, priority, priority_null),
    NUMBER_OR_NULL("auto_ban", CHANNEL_COL_AUTO_BAN, auto_ban, auto_ban_null),
    TEXT("other_info", CHANNEL_COL_OTHER_INFO, other_info),
    TEXT_OR_NULL("tag", CHANNEL_COL_TAG, tag, tag_null),
    TEXT_OR_NULL("setting", CHANNEL_COL_SETTING, setting, setting_null),
    TEXT_OR_NULL("param_override", CHANNEL_COL_PARAM_OVERRIDE, param_override, param_override_null),
    TEXT_OR_EMPTY("header_override", CHANNEL_COL_HEADER_OVERRIDE, header_override),
    TEXT_OR_EMPTY("remark", CHANNEL_COL_REMARK, remark),
    TEXT_OR_EMPTY("settings", CHANNEL_COL_SETTINGS, settings),
};

static void *member_of(struct channel *row, size_t at)
{
    return (char *)row + at;
}

/* Reads one field; true when an update has to write it: one that may be empty and is given, or
 * another that is not zero. */
static bool read_field(struct body *b, const struct field *f, struct channel *row)
{
    bool given = body_has(b, f->name), zero;

    if (f->number) {
        int64_t *value = member_of(row, f->at);

        *value = body_i64(b, f->name);
        zero = *value == 0;
    } else {
        struct str text = body_str(b, f->name);

        if (f->secret)
            *(struct secret *)member_of(row, f->at) = secret_make(text);
        else
            *(struct str *)member_of(row, f->at) = text;
        zero = text.n == 0;
    }
    if (f->null_at == 0)
        return given && (f->clears || !zero);
    *(bool *)member_of(row, f->null_at) = !given;
    return given;
}

/* Reads all fields; the columns that an update writes. */
static uint64_t read_fields(struct body *b, struct channel *row)
{
    uint64_t columns = 0;

    for (size_t i = 0; i < ARRAY_LEN(fields); i++) {
        if (read_field(b, &fields[i], row))
            columns |= COL(fields[i].column);
    }
    return columns;
}

/* ---- create ---- */

/* Where the original's column defaults stand for what is not given (admin-api 1.10). */
static void fill_defaults(struct channel *row)
{
    if (row->auto_ban_null)
        row->auto_ban = 1;
    row->weight_null = row->priority_null = row->auto_ban_null = false;
    row->base_url_null = row->status_code_mapping_null = false;
}

static enum err_code insert_all(struct api_call *c, struct channel *row, struct str keys,
                                bool split)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t id;
    size_t n = 0;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(db_begin(conn, &c->err));
    while (keys.p) {
        struct str key = split ? str_trim(str_cut(&keys, '\n')) : str_trim(keys);

        if (!split)
            keys = STR_NULL;
        if (key.n == 0)
            continue;
        if (++n > KEYS_CAP)
            return api_fail(c, MSG_CHANNEL_TOO_MANY);
        row->key = secret_make(key);
        TRY(repo_channel_insert(conn, row, &id, &c->err));
    }
    if (n == 0)
        return api_fail(c, MSG_CHANNEL_NO_KEY);
    return db_commit(conn, &c->err);
}

/* Later versions wrap the channel: {"mode":"single"|"batch","channel":{..}}. *split: a key a line.
 */
static enum err_code unwrap(struct api_call *c, struct body *b, bool *split)
{
    const struct json *channel = json_get(b->root, STR("channel"));
    struct str mode = body_str(b, STR("mode"));

    *split = true;
    if (mode.n == 0 && !json_is(channel, JSON_OBJECT))
        return body_end(b);
    if (!json_is(channel, JSON_OBJECT))
        return api_fail(c, MSG_CHANNEL_EMPTY);
    *split = str_eq(mode, STR("batch"));
    if (!*split && !str_eq(mode, STR("single")))
        return api_fail(c, MSG_CHANNEL_MODE);
    b->root = channel;
    return body_end(b);
}

enum err_code api_channel_create(struct api_call *c)
{
    struct channel row = {.id = 0};
    struct body b;
    bool split;

    TRY(body_read(c, &b));
    TRY(unwrap(c, &b, &split));
    read_fields(&b, &row);
    TRY(body_end(&b));
    TRY(channel_check(c, &row));
    TRY(channel_check_region(c, &row));
    fill_defaults(&row);
    row.created_time = call_now_s(c);
    TRY(insert_all(c, &row, secret_reveal(row.key), split && row.type != TYPE_VERTEX));
    return api_reload(c->api, &c->err);
}

/* ---- update ---- */

static enum err_code write_row(struct api_call *c, const struct channel *row, uint64_t columns,
                               struct channel **after)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    bool found;

    TRY(call_db(c, DB_WRITE, &conn));
    if (columns != 0) {
        TRY(repo_channel_update(conn, row, columns, &found, &c->err));
        if (!found)
            return api_fail_not_found(c);
    }
    TRY(repo_channel_find(conn, c->arena, row->id, after, &c->err));
    return *after ? ERR_OK : api_fail_not_found(c);
}

enum err_code api_channel_update(struct api_call *c)
{
    struct channel row = {.id = 0}, *after = NULL;
    struct body b;
    uint64_t columns;

    TRY(body_read(c, &b));
    row.id = body_i64(&b, STR("id"));
    columns = read_fields(&b, &row);
    TRY(body_end(&b));
    TRY(channel_check(c, &row));
    TRY(channel_check_region(c, &row));
    TRY(write_row(c, &row, columns, &after));
    TRY(api_reload(c->api, &c->err));
    row_channel(reply_data(c), after);
    return ERR_OK;
}

/* ---- copy ---- */

static enum err_code insert_copy(struct api_call *c, int64_t from, struct str suffix, bool reset,
                                 int64_t *id)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct channel *row;

    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_channel_find(conn, c->arena, from, &row, &c->err));
    if (!row)
        return api_fail_not_found(c);
    row->name = arena_fmt(c->arena, "%.*s%.*s", STR_ARG(row->name), STR_ARG(suffix));
    row->created_time = call_now_s(c);
    row->test_time = row->response_time = row->used_quota = 0;
    if (reset)
        row->balance = 0;
    TRY(channel_check(c, row));
    return repo_channel_insert(conn, row, id, &c->err);
}

enum err_code api_channel_copy(struct api_call *c)
{
    struct str suffix = query_has(c, STR("suffix")) ? query_str(c, STR("suffix"))
                                                    : message_text(MSG_COPY_SUFFIX, c->english);
    struct str reset = query_str(c, STR("reset_balance"));
    struct json_writer *w;
    int64_t from, id = 0;

    TRY(path_id(c, 0, &from));
    TRY(insert_copy(c, from, suffix, !str_eq(reset, STR("false")), &id));
    TRY(api_reload(c->api, &c->err));
    w = reply_data(c);
    jw_object(w);
    jw_key_i64(w, STR("id"), id);
    jw_end(w);
    return ERR_OK;
}
