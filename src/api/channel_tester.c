#include "api/channel_tester.h"

#include <inttypes.h>

#include "base/json_write.h"
#include "base/log.h"
#include "base/mem.h"
#include "billing/price.h"
#include "model/channel_rules.h"
#include "store/repo_channel.h"
#include "store/repo_log.h"
#include "store/repo_quota_data.h"
#include "store/repo_user.h"

/* Tests are booked on the first user, and charge nobody (billing reference 9.2). */
enum { TESTER_USER_ID = 1, HOUR_S = 3600, OTHER_LIMIT = 16 << 10 };
#define TEST_NAME STR("模型测试")

/* ---- one channel ---- */

/* The members of logs.other that say what the test would have cost. */
static struct str other_text(struct arena *a, const struct price_plan *plan,
                             const struct usage *usage, int64_t channel_id)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, OTHER_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    price_write_other(&w, plan, usage);
    jw_key_i64(&w, STR("frt"), -1000);
    jw_key(&w, STR("admin_info"));
    jw_object(&w);
    jw_key(&w, STR("use_channel"));
    jw_array(&w);
    jw_str(&w, arena_fmt(a, "%" PRId64, channel_id));
    jw_end(&w);
    jw_end(&w);
    jw_end(&w);
    return str_dup(a, sb_str(&sb));
}

static enum err_code find_tester(struct api *a, struct arena *arena, struct user **user,
                                 struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(db_acquire(a->conf.db, DB_READ, &conn, err));
    return repo_user_find(conn, arena, TESTER_USER_ID, REPO_WITH_DELETED, user, err);
}

static enum err_code insert_log(struct api *a, const struct log_row *row, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(db_acquire(a->conf.log_db, DB_WRITE, &conn, err));
    return repo_log_insert(conn, row, err);
}

static enum err_code insert_hour(struct api *a, const struct log_row *row, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    const struct quota_data q = {.user_id = row->user_id,
                                 .username = row->username,
                                 .model_name = row->model_name,
                                 .created_at = row->created_at - row->created_at % HOUR_S,
                                 .token_used = row->prompt_tokens + row->completion_tokens,
                                 .count = 1,
                                 .quota = row->quota};

    TRY(db_acquire(a->conf.db, DB_WRITE, &conn, err));
    return repo_quota_data_add(conn, &q, 1, err);
}

static enum err_code book(struct api *a, struct arena *arena, const struct channel *channel,
                          const struct probe_result *r, const struct snapshot *snap,
                          struct err *err)
{
    struct str model = str_dup(arena, str_from(r->model));
    struct price_plan plan;
    struct user *user;
    struct log_row row;

    TRY(find_tester(a, arena, &user, err));
    TRY(price_plan_make(snap, model, STR_NULL, STR_NULL, true, &plan, err));
    plan.group_ratio = 1;
    row = (struct log_row){.user_id = TESTER_USER_ID,
                           .username = user ? user->username : STR_NULL,
                           .group = user ? user->group : STR_NULL,
                           .created_at = clock_now_s(a->conf.clock),
                           .type = LOG_TYPE_CONSUME,
                           .content = TEST_NAME,
                           .token_name = TEST_NAME,
                           .model_name = model,
                           .quota = price_charge(&plan, &r->usage),
                           .prompt_tokens = r->usage.prompt,
                           .completion_tokens = r->usage.completion,
                           .use_time = r->elapsed_ms / 1000,
                           .channel_id = channel->id,
                           .other = other_text(arena, &plan, &r->usage, channel->id)};
    TRY(insert_log(a, &row, err));
    return snap->settings.data_export ? insert_hour(a, &row, err) : ERR_OK;
}

static enum err_code save_result(struct api *a, int64_t channel_id, const struct probe_result *r,
                                 struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(db_acquire(a->conf.db, DB_WRITE, &conn, err));
    return repo_channel_set_test_result(conn, channel_id, r->elapsed_ms, clock_now_s(a->conf.clock),
                                        err);
}

void tester_probe(struct api *a, const struct channel *channel, struct str model,
                  struct probe_result *out)
{
    CLEANUP(arena_finip) struct arena arena;
    struct snapshot *snap = a->conf.snapshot(a->conf.ctx);
    struct err err = {.code = ERR_OK};
    enum err_code rc;

    arena_init(&arena, 0);
    *out = (struct probe_result){.code = ERR_OK};
    a->conf.probe(a->conf.ctx, channel->id, model, out);
    rc = save_result(a, channel->id, out, &err);
    if (rc == ERR_OK && out->code == ERR_OK && snap->settings.log_consume)
        rc = book(a, &arena, channel, out, snap, &err);
    if (rc != ERR_OK)
        log_error(NULL, "api.test_not_saved", "channel=%" PRId64 " error=\"%s\"", channel->id,
                  err.msg);
    snapshot_put(snap);
}

/* ---- all channels ---- */

struct tester {
    struct api *api;
    pthread_mutex_t lock;
    pthread_cond_t wake; /* of the pause between two channels */
    pthread_t thread;
    bool stop, running, joinable;
    bool (*may_go_on)(void *ctx); /* of the run; NULL: nobody is asked */
    void *ctx;
};

struct tester *tester_new(struct api *a)
{
    struct tester *t = mem_new(struct tester);

    t->api = a;
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->wake, NULL);
    return t;
}

/* Why the test says that the channel must be switched off; STR_NULL: it need not be. The rules are
 * those of relay reference 7.1. */
static struct str reason_to_disable(struct arena *a, const struct settings *s,
                                    const struct channel *channel, const struct probe_result *r)
{
    double limit_s = s->channel_disable_threshold_s, took_s = (double)r->elapsed_ms / 1000;

    if (r->code != ERR_OK && err_fault_of(r->code) != FAULT_GATEWAY &&
        channel_should_disable(s, channel->type, r->upstream_status, str_from(r->error_code),
                               str_from(r->error_type), str_from(r->message)))
        return str_dup(a, str_from(r->message));
    if (limit_s > 0 && took_s > limit_s)
        return arena_fmt(a, "响应时间 %.2fs 超过阈值 %.2fs", took_s, limit_s);
    return STR_NULL;
}

static enum err_code set_status(struct api *a, int64_t id, enum channel_status status,
                                struct str note, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    bool changed;

    TRY(db_acquire(a->conf.db, DB_WRITE, &conn, err));
    TRY(repo_channel_set_status(conn, id, status, note, &changed, err));
    db_release(conn);
    conn = NULL;
    if (!changed)
        return ERR_OK;
    log_warn(NULL, "channel.status_changed", "channel=%" PRId64 " status=%d", id, (int)status);
    return api_reload(a, err);
}

static enum err_code apply_rules(struct api *a, struct arena *arena, const struct channel *channel,
                                 const struct probe_result *r, struct err *err)
{
    struct snapshot *snap = a->conf.snapshot(a->conf.ctx);
    const struct settings *s = &snap->settings;
    struct str reason = reason_to_disable(arena, s, channel, r);
    enum err_code rc = ERR_OK;

    if (channel->status == CHANNEL_ENABLED && reason.n > 0 && channel->auto_ban == 1) {
        struct str note = channel_status_note(arena, reason, clock_now_s(a->conf.clock));
        rc = set_status(a, channel->id, CHANNEL_AUTO_DISABLED, note, err);
    } else if (channel->status == CHANNEL_AUTO_DISABLED && r->code == ERR_OK &&
               s->automatic_enable) {
        struct str note = channel_status_note(arena, STR_NULL, clock_now_s(a->conf.clock));
        rc = set_status(a, channel->id, CHANNEL_ENABLED, note, err);
    }
    snapshot_put(snap);
    return rc;
}

/* Midjourney and Suno have no call that is cheap enough to test with (admin-api 5.8.1). */
static bool testable(int64_t type)
{
    return type != 2 && type != 5 && type != 36;
}

static void test_one(struct tester *t, const struct channel *channel)
{
    CLEANUP(arena_finip) struct arena arena;
    struct probe_result result;
    struct err err = {.code = ERR_OK};

    arena_init(&arena, 0);
    tester_probe(t->api, channel, STR_NULL, &result);
    if (apply_rules(t->api, &arena, channel, &result, &err) != ERR_OK)
        log_error(NULL, "api.test_rule_failed", "channel=%" PRId64 " error=\"%s\"", channel->id,
                  err.msg);
}

/* Waits between two channels; false when the run must end. */
static bool go_on(struct tester *t)
{
    struct timespec until;
    bool stop;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += t->api->conf.polling_interval_s;
    pthread_mutex_lock(&t->lock);
    while (!t->stop && t->api->conf.polling_interval_s > 0) {
        if (pthread_cond_timedwait(&t->wake, &t->lock, &until) != 0)
            break;
    }
    stop = t->stop;
    pthread_mutex_unlock(&t->lock);
    return !stop && (!t->may_go_on || t->may_go_on(t->ctx));
}

static enum err_code list_channels(struct api *a, struct arena *arena, struct channel **rows,
                                   size_t *n, struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(db_acquire(a->conf.db, DB_READ, &conn, err));
    return repo_channel_list_all(conn, arena, rows, n, err);
}

static void *run(void *ctx)
{
    struct tester *t = ctx;
    struct arena arena;
    struct channel *rows;
    struct err err = {.code = ERR_OK};
    size_t n = 0;

    arena_init(&arena, 0);
    if (list_channels(t->api, &arena, &rows, &n, &err) != ERR_OK) {
        log_error(NULL, "api.test_failed", "error=\"%s\"", err.msg);
        n = 0;
    }
    for (size_t i = 0; i < n && (i == 0 || go_on(t)); i++) {
        if (testable(rows[i].type))
            test_one(t, &rows[i]);
    }
    log_info(NULL, "api.test_finished", "channels=%zu", n);
    arena_fini(&arena);
    pthread_mutex_lock(&t->lock);
    t->running = false;
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

bool tester_start(struct tester *t, bool (*may_go_on)(void *ctx), void *ctx)
{
    bool ok = false;

    pthread_mutex_lock(&t->lock);
    if (!t->running && !t->stop) {
        if (t->joinable)
            pthread_join(t->thread, NULL); /* it has left the lock for the last time */
        t->may_go_on = may_go_on;
        t->ctx = ctx;
        ok = pthread_create(&t->thread, NULL, run, t) == 0;
        t->joinable = t->running = ok;
    }
    pthread_mutex_unlock(&t->lock);
    return ok;
}

bool tester_running(struct tester *t)
{
    bool running;

    pthread_mutex_lock(&t->lock);
    running = t->running;
    pthread_mutex_unlock(&t->lock);
    return running;
}

void tester_stop(struct tester *t)
{
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_broadcast(&t->wake);
    pthread_mutex_unlock(&t->lock);
}

void tester_free(struct tester *t)
{
    tester_stop(t);
    if (t->joinable)
        pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->wake);
    pthread_mutex_destroy(&t->lock);
    mem_free(t);
}

bool api_test_channels(struct api *a, bool (*may_go_on)(void *ctx), void *ctx)
{
    return tester_start(a->tester, may_go_on, ctx);
}
