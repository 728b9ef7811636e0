#include "ledger/flush.h"

#include "base/mem.h"
#include "ledger/balance_shared.h"
#include "ledger/batch.h"
#include "obs/metrics.h"
#include "store/repo_log_index.h"

enum { DEADLOCK_TRIES = 5 };

/* How long a finished journal's position is kept: so long a copy of its files, brought to light
 * once more, charges nobody. An id has seconds in its upper half. */
#define KEPT_IDS (UINT64_C(400 * 24 * 3600) << 32)

struct flush_position {
    uint64_t journal_id, applied;
};

static void side_init(struct flush_side *s, struct db *db, bool money, bool logs)
{
    *s = (struct flush_side){.db = db, .money = money, .logs = logs};
    map_init(&s->positions);
}

void flush_init(struct flush *f, struct db *db, struct db *log_db, struct balances *balances,
                struct metrics *metrics)
{
    *f = (struct flush){.balances = balances, .metrics = metrics};
    atomic_init(&f->data_export, true);
    f->index_due = true; /* an imported database has all of its rows to index */
    if (db == log_db) {
        side_init(&f->sides[f->side_count++], db, true, true);
        return;
    }
    side_init(&f->sides[f->side_count++], log_db, false, true);
    side_init(&f->sides[f->side_count++], db, true, false);
}

static void side_fini(struct flush_side *s)
{
    struct flush_position *p;
    size_t at = 0;

    while ((p = map_next(&s->positions, &at)))
        mem_free(p);
    map_fini(&s->positions);
}

void flush_fini(struct flush *f)
{
    for (unsigned i = 0; i < f->side_count; i++)
        side_fini(&f->sides[i]);
}

static struct flush_position *position_of(struct flush_side *s, uint64_t journal_id)
{
    struct flush_position *p = map_find_u64(&s->positions, journal_id);

    if (!p) {
        p = mem_new(struct flush_position);
        p->journal_id = journal_id;
        map_put_u64(&s->positions, journal_id, p);
    }
    return p;
}

enum err_code flush_know(struct flush *f, uint64_t journal_id, struct err *err)
{
    for (unsigned i = 0; i < f->side_count; i++) {
        CLEANUP(db_releasep) struct db_conn *c = NULL;
        uint64_t applied;

        TRY(db_acquire(f->sides[i].db, DB_READ, &c, err));
        TRY(repo_ledger_find_position(c, journal_id, &applied, err));
        position_of(&f->sides[i], journal_id)->applied = applied;
    }
    return ERR_OK;
}

uint64_t flush_applied(struct flush *f, unsigned side, uint64_t journal_id)
{
    assert(side < f->side_count);
    return position_of(&f->sides[side], journal_id)->applied;
}

enum err_code flush_announce(struct flush *f, uint64_t journal_id, struct err *err)
{
    for (unsigned i = 0; i < f->side_count; i++) {
        CLEANUP(db_releasep) struct db_conn *c = NULL;

        if (!f->sides[i].money)
            continue;
        TRY(db_acquire(f->sides[i].db, DB_WRITE, &c, err));
        TRY(repo_ledger_move_position(c, journal_id, 0, 0, err));
    }
    return ERR_OK;
}

/* ---- one side, one transaction ---- */

struct work {
    struct flush *f;
    struct flush_side *side;
    struct arena arena;
    const struct flush_item **items; /* those that the side does not hold */
    size_t n;
    struct batch batch;
    /* Those that it holds, though the balances may not have heard of it: the answer of a commit was
     * lost, or somebody else applies the same journal. */
    const struct flush_item **landed;
    size_t landed_count;
    struct map ends; /* journal id -> the last of `items` that is its */
};

static enum err_code reload_positions(struct flush_side *s, struct db_conn *c, struct err *err)
{
    struct flush_position *p;
    size_t at = 0;

    while ((p = map_next(&s->positions, &at)))
        TRY(repo_ledger_find_position(c, p->journal_id, &p->applied, err));
    return ERR_OK;
}

static void select_items(struct work *w, const struct flush_item *items, size_t n)
{
    w->items = arena_new_array(&w->arena, const struct flush_item *, n);
    w->landed = arena_new_array(&w->arena, const struct flush_item *, n);
    for (size_t i = 0; i < n; i++) {
        const struct flush_item *item = &items[i];

        if (item->end.position <= position_of(w->side, item->end.journal_id)->applied) {
            w->landed[w->landed_count++] = item;
            continue;
        }
        w->items[w->n++] = item;
        map_put_u64(&w->ends, item->end.journal_id, (void *)(uintptr_t)item);
    }
}

static enum err_code write_money(struct work *w, struct db_conn *c, struct err *err)
{
    struct batch *b = &w->batch;

    batch_add_money(&w->arena, w->items, w->n, b);
    TRY(repo_ledger_apply_users(c, b->users, b->user_count, err));
    TRY(repo_ledger_apply_tokens(c, b->tokens, b->token_count, err));
    TRY(repo_ledger_apply_channels(c, b->channels, b->channel_count, err));
    if (!atomic_load(&w->f->data_export))
        return ERR_OK;
    batch_add_hours(&w->arena, w->items, w->n, b);
    return b->hour_count > 0 ? repo_quota_data_add(c, b->hours, b->hour_count, err) : ERR_OK;
}

static enum err_code write_logs(struct work *w, struct db_conn *c, struct err *err)
{
    struct batch *b = &w->batch;

    batch_add_logs(&w->arena, w->items, w->n, b);
    if (b->log_count == 0)
        return ERR_OK;
    TRY(repo_log_insert_many(c, b->logs, b->log_count, err));
    return repo_log_index(c, REPO_LOG_PORTION, &w->f->index_due, err);
}

static enum err_code write_positions(struct work *w, struct db_conn *c, struct err *err)
{
    const struct flush_item *last;
    size_t at = 0;

    while ((last = map_next(&w->ends, &at)))
        TRY(repo_ledger_move_position(c, last->end.journal_id,
                                      position_of(w->side, last->end.journal_id)->applied,
                                      last->end.position, err));
    return ERR_OK;
}

static void begin_commit(struct work *w)
{
    if (!w->side->money || !w->f->balances || w->f->committing)
        return;
    balances_commit_begin(w->f->balances);
    w->f->committing = true;
}

static void lower_balances(struct balances *balances, const struct batch *b)
{
    for (size_t i = 0; i < b->user_count; i++)
        balance_applied_user(balances, b->users[i].id, b->users[i].quota);
    for (size_t i = 0; i < b->token_count; i++)
        balance_applied_token(balances, b->tokens[i].id, b->tokens[i].quota);
}

static void lower_landed(struct work *w)
{
    struct batch landed = {.users = NULL};

    if (w->landed_count == 0)
        return;
    batch_add_money(&w->arena, w->landed, w->landed_count, &landed);
    lower_balances(w->f->balances, &landed);
}

/* What the journal of `end` has in `items`, for the member that shares its balances. */
static void tell_journal(struct work *w, const struct flush_item *const *items, size_t item_count,
                         const struct journal_mark *end)
{
    const struct flush_item **own =
        arena_new_array(&w->arena, const struct flush_item *, item_count);
    struct shared_cost *costs;
    struct batch b = {.users = NULL};
    size_t n = 0, count = 0;

    for (size_t i = 0; i < item_count; i++) {
        if (items[i]->end.journal_id == end->journal_id)
            own[n++] = items[i];
    }
    batch_add_money(&w->arena, own, n, &b);
    costs = arena_new_array(&w->arena, struct shared_cost, b.user_count + b.token_count);
    for (size_t i = 0; i < b.user_count; i++)
        costs[count++] = (struct shared_cost){b.users[i].id, b.users[i].quota, false};
    for (size_t i = 0; i < b.token_count; i++)
        costs[count++] = (struct shared_cost){b.tokens[i].id, b.tokens[i].quota, true};
    shared_balances_applied(w->f->shared, end->journal_id, end->position, costs, count);
}

/* Of what landed before and what this transaction brought, each journal's in its order. */
static void tell_members(struct work *w)
{
    const struct flush_item **all =
        arena_new_array(&w->arena, const struct flush_item *, w->landed_count + w->n);
    const struct flush_item *last;
    size_t count = 0, at = 0;
    struct map ends;

    map_init(&ends);
    for (size_t i = 0; i < w->landed_count; i++)
        all[count++] = w->landed[i];
    for (size_t i = 0; i < w->n; i++)
        all[count++] = w->items[i];
    for (size_t i = 0; i < count; i++)
        map_put_u64(&ends, all[i]->end.journal_id, (void *)(uintptr_t)all[i]);
    while ((last = map_next(&ends, &at)))
        tell_journal(w, all, count, &last->end);
    map_fini(&ends);
}

/* The items are in the database. `ours`: those that landed before are this process's own doing. */
static void committed(struct work *w, bool ours)
{
    const struct flush_item *last;
    size_t at = 0;

    w->side->doubt = false;
    while ((last = map_next(&w->ends, &at)))
        position_of(w->side, last->end.journal_id)->applied = last->end.position;
    if (w->side->money)
        w->f->charged += w->n + (ours ? w->landed_count : 0);
    if (!w->side->money || !w->f->committing)
        return;
    lower_balances(w->f->balances, &w->batch);
    lower_landed(w);
    balances_commit_end(w->f->balances);
    w->f->committing = false;
    if (w->f->shared)
        tell_members(w);
}

static enum err_code transaction(struct work *w, struct db_conn *c, const struct flush_item *items,
                                 size_t n, struct err *err)
{
    const bool ours = w->f->committing;

    TRY(db_begin(c, err));
    if (w->side->doubt)
        TRY(reload_positions(w->side, c, err));
    select_items(w, items, n);
    if (w->n == 0) {
        db_rollback(c);
        begin_commit(w);
        committed(w, ours);
        return ERR_OK;
    }
    if (w->side->money)
        TRY(write_money(w, c, err));
    if (w->side->logs)
        TRY(write_logs(w, c, err));
    TRY(write_positions(w, c, err));
    begin_commit(w);
    TRY(db_commit(c, err));
    committed(w, ours);
    return ERR_OK;
}

static void work_reset(struct work *w)
{
    map_fini(&w->ends);
    map_init(&w->ends);
    w->n = w->landed_count = 0;
    w->batch = (struct batch){0};
}

/* A batch that gave way in a deadlock (with another node's, or the console's) is applied again at
 * once: that is no sign of a database in trouble. */
static enum err_code apply_side(struct work *w, const struct flush_item *items, size_t n,
                                struct err *err)
{
    CLEANUP(db_releasep) struct db_conn *c = NULL;

    TRY(db_acquire(w->side->db, DB_WRITE, &c, err));
    for (int tries = 1;; tries++) {
        enum err_code rc = transaction(w, c, items, n, err);

        if (rc != ERR_OK)
            db_rollback(c);
        if (rc == ERR_OK || tries == DEADLOCK_TRIES || !db_gave_way(c))
            return rc;
        work_reset(w);
        w->side->doubt = true; /* it may have been the commit that failed */
    }
}

enum err_code flush_apply(struct flush *f, const struct flush_item *items, size_t n,
                          struct err *err)
{
    enum err_code rc = ERR_OK;

    for (unsigned i = 0; i < f->side_count && rc == ERR_OK; i++) {
        struct work w = {.f = f, .side = &f->sides[i]};

        arena_init(&w.arena, 1 << 16);
        map_init(&w.ends);
        rc = apply_side(&w, items, n, err);
        map_fini(&w.ends);
        arena_fini(&w.arena);
        if (rc != ERR_OK)
            f->sides[i].doubt = true;
    }
    if (rc != ERR_OK)
        metrics_add(f->metrics, METRIC_DB_ERRORS, 0, 1);
    else
        metrics_observe(f->metrics, METRIC_LEDGER_BATCH, 0, (int64_t)n);
    return rc;
}

enum err_code flush_index(struct flush *f, struct err *err)
{
    for (unsigned i = 0; i < f->side_count; i++) {
        CLEANUP(db_releasep) struct db_conn *c = NULL;

        if (!f->sides[i].logs)
            continue;
        TRY(db_acquire(f->sides[i].db, DB_WRITE, &c, err));
        TRY(repo_log_index(c, REPO_LOG_PORTION, &f->index_due, err));
    }
    return ERR_OK;
}

enum err_code flush_forget(struct flush *f, uint64_t journal_id, struct err *err)
{
    for (unsigned i = 0; i < f->side_count; i++) {
        CLEANUP(db_releasep) struct db_conn *c = NULL;

        TRY(db_acquire(f->sides[i].db, DB_WRITE, &c, err));
        TRY(repo_ledger_finish(c, journal_id, err));
        TRY(repo_ledger_delete_finished(c, journal_id - KEPT_IDS, err));
        mem_free(map_remove_u64(&f->sides[i].positions, journal_id));
    }
    return ERR_OK;
}
