/* Testing channels: admin-api 5.8.1, 5.8.2. */
#include "api/handlers.h"

#include "api/channel_tester.h"
#include "store/repo_channel.h"

/* Types that have no call to test with, and what the original says of them. */
static const struct {
    int64_t type;
    struct str text;
} untestable[] = {
    {2, STR_INIT("midjourney channel test is not supported")},
    {5, STR_INIT("midjourney plus channel test is not supported!!!")},
    {36, STR_INIT("suno channel test is not supported")},
};

static enum err_code find(struct api_call *c, int64_t id, struct channel **row)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_channel_find(conn, c->arena, id, row, &c->err));
    return *row ? ERR_OK : api_fail_not_found(c);
}

static void reply_time(struct api_call *c, bool success, struct str message, double seconds)
{
    jw_key_f64(reply_members(c, success, message), STR("time"), seconds);
}

static struct str failure_text(struct api_call *c, const struct probe_result *r)
{
    if (r->upstream_status > 0 && r->upstream_status != 200)
        return arena_fmt(c->arena, "status code %d: %s", r->upstream_status, r->message);
    return r->message[0] ? str_from(r->message) : str_from(err_name(r->code));
}

static enum err_code find_asked(struct api_call *c, struct channel **row)
{
    int64_t id;

    TRY(path_id(c, 0, &id));
    return find(c, id, row);
}

enum err_code api_channel_test_one(struct api_call *c)
{
    struct probe_result *result = arena_new(c->arena, struct probe_result);
    struct channel *row;
    enum err_code rc = find_asked(c, &row);

    if (rc != ERR_OK && c->message.p) {
        reply_time(c, false, c->message, 0); /* failures have a time, too */
        return ERR_OK;
    }
    TRY(rc);
    for (size_t i = 0; i < ARRAY_LEN(untestable); i++) {
        if (untestable[i].type == row->type) {
            reply_time(c, false, untestable[i].text, 0);
            return ERR_OK;
        }
    }
    tester_probe(c->api, row, query_str(c, STR("model")), result);
    reply_time(c, result->code == ERR_OK,
               result->code == ERR_OK ? STR_NULL : failure_text(c, result),
               (double)result->elapsed_ms / 1000);
    return ERR_OK;
}

enum err_code api_channel_test_all(struct api_call *c)
{
    return tester_start(c->api->tester, NULL, NULL) ? ERR_OK : api_fail(c, MSG_TEST_RUNNING);
}
