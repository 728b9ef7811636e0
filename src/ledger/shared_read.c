/*
 * Reading what accounts have: on the pool, in memory for the time without Redis, and in one view
 * with the positions of the journals for Redis. A view that is refused because something moved is
 * taken anew.
 */
#include "ledger/shared_member.h"

#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "store/db.h"
#include "store/repo_ledger.h"

enum {
    TRIES = 60,       /* some two seconds in which something moved all the time */
    STRICT_TRIES = 8, /* so often a commit that is not told yet is waited for */
    PAUSE_US = 2000,  /* before the next try, once more for each, but at most */
    PAUSE_MOST_US = 40000,
    WARM_MS = 300, /* until it is asked again whether all have entered */
    VECTOR_LIMIT = 1 << 20
};

struct shared_read {
    struct offload_job job;
    struct shared_member *member;
    struct shared_account *user, *token; /* with references; token NULL: none */
    bool set;
    uint64_t number;
    unsigned tries, pause_us;
    int64_t generations[2], values[2];
    struct sb vector;
    enum err_code rc;
    struct err err;
};

static int64_t in_reach(int64_t points)
{
    if (points > SHARED_POINTS_MAX)
        return SHARED_POINTS_MAX;
    return points < -SHARED_POINTS_MAX ? -SHARED_POINTS_MAX : points;
}

static enum err_code view(struct shared_read *r, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(db_releasep) struct db_conn *c = NULL;
    struct ledger_view v;

    arena_init(&a, 0);
    sb_reset(&r->vector);
    TRY(db_acquire(r->member->shared->conf.db, DB_READ, &c, err));
    TRY(repo_ledger_view(c, &a, r->user->id, r->token ? r->token->id : 0, &v, err));
    r->values[0] = in_reach(v.quota);
    r->values[1] = in_reach(v.remain_quota);
    for (size_t i = 0; i < v.count; i++)
        sb_fmt(&r->vector, "%016" PRIx64 "=%" PRIu64 ",", v.positions[i].journal_id,
               v.positions[i].applied);
    return ERR_OK;
}

/* The balance in memory is brought up to date by the way; the ledger keeps it from being read while
 * it commits, which is not worth failing for. */
static void work(struct offload_job *job)
{
    struct shared_read *r = container_of(job, struct shared_read, job);
    const struct shared_conf *conf = &r->member->shared->conf;

    usleep(r->pause_us);
    r->rc = ERR_OK;
    if (r->tries == 0)
        r->rc = balance_refresh(conf->balances, conf->db, r->user->local,
                                r->token ? r->token->local : NULL, &r->err);
    if (r->set)
        r->rc = view(r, &r->err);
}

static void finish(struct shared_read *r, enum shared_outcome how)
{
    struct shared_member *m = r->member;
    uint64_t now_ms = loop_now_ms(m->loop);
    struct list batch;

    if (how == SHARED_READ)
        r->user->read_ms = now_ms;
    if (how == SHARED_READ && r->token)
        r->token->read_ms = now_ms;
    r->user->reading = false;
    list_init(&batch);
    for (struct list *it; (it = list_pop_front(&r->user->readers));)
        list_push_back(&batch, it);
    shared_account_put(r->user);
    shared_account_put(r->token);
    sb_fini(&r->vector);
    mem_free(r);
    for (struct list *it; (it = list_pop_front(&batch));)
        shared_wait_after_read(list_entry(it, struct balance_wait, own.link), how);
}

static void offer(struct shared_read *r)
{
    enum { FIRST = 3 };
    struct shared_command *c = shared_command_new(r->member, SHARED_BASE, 2);
    struct shared_text texts[5];
    struct str args[FIRST + 4];
    size_t n = FIRST;

    args[0] = r->tries < STRICT_TRIES ? STR("1") : STR("0");
    args[1] = shared_number(&texts[4], r->member->shared->conf.warm_ms);
    args[2] = r->vector.n > 0 ? sb_str(&r->vector) : STR("");
    c->parts[c->count++] = (struct shared_part){r->user, 0};
    if (r->token)
        c->parts[c->count++] = (struct shared_part){r->token, 0};
    for (size_t i = 0; i < c->count; i++) {
        args[n++] = shared_number(&texts[2 * i], r->generations[i]);
        args[n++] = shared_number(&texts[2 * i + 1], r->values[i]);
    }
    c->read = r;
    shared_command_send(c, args, n);
}

static void done(struct offload_job *job)
{
    struct shared_read *r = container_of(job, struct shared_read, job);
    struct shared_member *m = r->member;

    if (r->rc != ERR_OK) {
        m->db_failed_ms = loop_now_ms(m->loop);
        log_warn(NULL, "balance.read", "member=%s error=\"%s\"", m->name, r->err.msg);
        finish(r, SHARED_UNREAD);
    } else if (!r->set) {
        finish(r, SHARED_READ);
    } else if (r->number != m->number || !shared_member_connected(m) || sb_failed(&r->vector)) {
        finish(r, SHARED_UNREAD);
    } else {
        offer(r);
    }
}

static bool submit(struct shared_read *r)
{
    r->number = r->member->number;
    r->generations[0] = r->user->generation;
    r->generations[1] = r->token ? r->token->generation : 0;
    return offload_submit(r->member->shared->conf.offload, &r->job, NULL) == ERR_OK;
}

bool shared_read_start(struct shared_member *m, struct shared_account *user,
                       struct shared_account *token, bool set)
{
    struct shared_read *r = mem_new(struct shared_read);

    r->job = (struct offload_job){.work = work, .done = done, .loop = m->loop};
    r->member = m;
    r->user = user;
    r->token = token;
    r->set = set;
    sb_init(&r->vector, VECTOR_LIMIT);
    if (!submit(r)) {
        mem_free(r);
        return false;
    }
    user->reading = true;
    user->refs++;
    if (token)
        token->refs++;
    return true;
}

/* Something moved: at once when it was a change, whose generation we know now; after a while when a
 * commit is not told yet. */
static bool try_again(struct shared_read *r, bool changed)
{
    if (++r->tries >= TRIES)
        return false;
    r->pause_us = r->pause_us + PAUSE_US < PAUSE_MOST_US ? r->pause_us + PAUSE_US : PAUSE_MOST_US;
    if (changed)
        r->pause_us = 0;
    return submit(r);
}

void shared_read_answered(struct shared_command *c, const struct redis_value *reply)
{
    struct shared_read *r = c->read;
    struct shared_member *m = c->member;
    int64_t status = reply ? reply->items[0].i : SHARED_JOIN;
    bool changed = false;

    if (status == SHARED_WARM)
        m->warm_until_ms = loop_now_ms(m->loop) + WARM_MS;
    for (size_t i = 0; reply && i < c->count && i + 1 < reply->count; i++) {
        c->parts[i].account->generation = reply->items[i + 1].i;
        changed = changed || r->generations[i] != reply->items[i + 1].i;
    }
    if (status == SHARED_OK)
        finish(r, SHARED_READ);
    else if (status != SHARED_MOVED)
        finish(r, SHARED_UNREAD);
    else if (!try_again(r, changed))
        finish(r, SHARED_RESTLESS);
}
