/* Changes of all channels of a tag: admin-api 3.8, 5.7.3. */
#include "api/handlers.h"

#include "api/channel_check.h"
#include "store/repo_channel.h"

enum { BATCH_CAP = 10000 };

/* A tag from the body that must not be empty. */
static enum err_code read_tag(struct api_call *c, struct body *b, enum message complaint,
                              struct str *tag)
{
    TRY(body_read(c, b));
    *tag = body_str(b, STR("tag"));
    return body_end(b) == ERR_OK && tag->n > 0 ? ERR_OK : api_fail(c, complaint);
}

enum err_code api_channel_tag_batch(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct body b;
    struct str tag;
    int64_t *ids, changed;
    size_t n;

    TRY(body_read(c, &b));
    body_ids(&b, STR("ids"), BATCH_CAP, &ids, &n);
    tag = body_str(&b, STR("tag"));
    TRY(body_end(&b));
    if (n == 0)
        return api_fail(c, MSG_BAD_PARAM);
    if (tag.n > CHANNEL_TEXT_BYTES)
        return api_fail_arg(c, MSG_TOO_LONG, STR("tag"));
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_channel_set_tag(conn, ids, n, tag, &changed, &c->err));
    db_release(conn);
    conn = NULL;
    TRY(api_reload(c->api, &c->err));
    jw_i64(reply_data(c), (int64_t)n);
    return ERR_OK;
}

static enum err_code set_status(struct api_call *c, enum channel_status status)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct body b;
    struct str tag;
    int64_t changed;

    TRY(read_tag(c, &b, MSG_BAD_PARAM, &tag));
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_channel_set_tag_status(conn, tag, status, &changed, &c->err));
    db_release(conn);
    conn = NULL;
    return api_reload(c->api, &c->err);
}

enum err_code api_channel_tag_enable(struct api_call *c)
{
    return set_status(c, CHANNEL_ENABLED);
}

enum err_code api_channel_tag_disable(struct api_call *c)
{
    return set_status(c, CHANNEL_MANUALLY_DISABLED);
}

/* Is there a name in the comma list? */
static bool has_names(struct str list)
{
    STR_SPLIT_EACH (name, list, ',')
        return true;
    return false;
}

/* Which columns the body names. An empty text of models, groups or mapping changes nothing ("{}"
 * takes the mappings away); an empty one of the tag or an override takes it away. */
static uint64_t read_edit(struct body *b, struct channel *row)
{
    uint64_t columns = 0;

    row->model_mapping = body_str(b, STR("model_mapping"));
    row->models = body_str(b, STR("models"));
    row->group = body_str(b, STR("groups"));
    row->priority = body_i64(b, STR("priority"));
    row->weight = body_i64(b, STR("weight"));
    row->tag = body_str(b, STR("new_tag"));
    row->tag_null = row->tag.n == 0;
    row->param_override = body_str(b, STR("param_override"));
    row->header_override = body_str(b, STR("header_override"));
    columns |= row->model_mapping.n > 0 ? COL(CHANNEL_COL_MODEL_MAPPING) : 0;
    columns |= has_names(row->models) ? COL(CHANNEL_COL_MODELS) : 0;
    columns |= has_names(row->group) ? COL(CHANNEL_COL_GROUP) : 0;
    columns |= body_has(b, STR("priority")) ? COL(CHANNEL_COL_PRIORITY) : 0;
    columns |= body_has(b, STR("weight")) ? COL(CHANNEL_COL_WEIGHT) : 0;
    columns |= body_has(b, STR("new_tag")) ? COL(CHANNEL_COL_TAG) : 0;
    columns |= body_has(b, STR("param_override")) ? COL(CHANNEL_COL_PARAM_OVERRIDE) : 0;
    columns |= body_has(b, STR("header_override")) ? COL(CHANNEL_COL_HEADER_OVERRIDE) : 0;
    return columns;
}

enum err_code api_channel_tag_update(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct channel row = {.id = 0};
    struct body b;
    struct str tag;
    uint64_t columns;

    TRY(read_tag(c, &b, MSG_TAG_EMPTY, &tag));
    columns = read_edit(&b, &row);
    TRY(body_end(&b));
    TRY(channel_check(c, &row));
    if (columns == 0)
        return ERR_OK;
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_channel_update_tag(conn, tag, &row, columns, NULL, &c->err));
    db_release(conn);
    conn = NULL;
    return api_reload(c->api, &c->err);
}

enum err_code api_channel_tag_models(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct str tag = query_str(c, STR("tag")), models;

    if (tag.n == 0)
        return api_fail_status(c, 400, MSG_TAG_EMPTY);
    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_channel_find_tag_models(conn, c->arena, tag, &models, &c->err));
    jw_str(reply_data(c), models);
    return ERR_OK;
}
