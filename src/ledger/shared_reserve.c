#include "ledger/shared_member.h"

#include "base/clock.h"

enum {
    TRIES = 100,       /* scripts for one reservation, before it is given up */
    CHECK_MS = 1000,   /* a denial reads the database again unless it was read since */
    FRESH_MS = 2000,   /* without Redis a balance is read again when it was not since */
    AGAIN_MS = 60000,  /* an account in use is read so often */
    RICH_MS = 200,     /* how long what Redis said was left is believed */
    RICH_TIMES = 1000, /* so many times what is under way must have been left */
    DB_PAUSE_MS = 5000 /* after the database could not be read */
};

/* ---- how a reservation ends ---- */

static void hold_here(struct balance_wait *w)
{
    w->own.hold->shared = (struct shared_hold){w->own.member, w->own.user, w->own.token};
    w->own.user->refs++;
    w->own.user->outstanding += w->own.points;
    if (!w->own.token)
        return;
    w->own.token->refs++;
    w->own.token->outstanding += w->own.points;
}

static void take(struct balance_wait *w)
{
    balance_take(w->own.local_user, w->own.local_token, w->own.points, w->own.hold);
    hold_here(w);
    w->own.rc = ERR_OK;
}

static void let_go(struct balance_wait *w)
{
    list_remove(&w->own.link);
    shared_account_put(w->own.user);
    shared_account_put(w->own.token);
    w->own.user = w->own.token = NULL;
    w->own.active = false;
}

static void finish(struct balance_wait *w)
{
    struct err err = w->own.err;
    enum err_code rc = w->own.rc;

    let_go(w);
    w->done(w, rc, rc == ERR_OK ? NULL : &err);
}

/* ---- here ---- */

static bool token_limited(const struct balance_wait *w)
{
    return w->own.token && !balance_is_unlimited(w->own.local_token);
}

static bool read_since(const struct balance_wait *w, uint64_t age_ms)
{
    uint64_t now_ms = loop_now_ms(w->own.member->loop);
    const struct shared_account *user = w->own.user, *token = w->own.token;

    return user->read_ms != 0 && now_ms - user->read_ms < age_ms &&
           (!token || (token->read_ms != 0 && now_ms - token->read_ms < age_ms));
}

/* Puts the wait behind a reading of its accounts. False: the pool is full. */
static bool wait_for_read(struct balance_wait *w, bool set)
{
    if (!w->own.user->reading && !shared_read_start(w->own.member, w->own.user, w->own.token, set))
        return false;
    list_push_back(&w->own.user->readers, &w->own.link);
    return true;
}

/* Other nodes spend, too: what is known here is read again before it is relied upon. */
static bool must_read(struct balance_wait *w)
{
    struct shared_member *m = w->own.member;
    uint64_t now_ms = loop_now_ms(m->loop);

    if (w->own.points == 0 || w->own.checked || read_since(w, FRESH_MS))
        return false;
    return m->db_failed_ms == 0 || now_ms - m->db_failed_ms >= DB_PAUSE_MS;
}

static bool reserve_here(struct balance_wait *w)
{
    struct shared_member *m = w->own.member;

    if (must_read(w)) {
        w->own.checked = true;
        if (wait_for_read(w, false))
            return false;
    }
    w->own.rc = balance_reserve(w->own.local_user, w->own.local_token, w->own.points, w->own.hold,
                                &w->own.err);
    if (w->own.rc != ERR_OK)
        return true;
    hold_here(w);
    if (w->own.points > 0 && shared_member_connected(m))
        shared_tell_move(m, w->own.user, w->own.token, w->own.points);
    return true;
}

/* ---- there ---- */

static bool reserves_there(const struct balance_wait *w)
{
    struct shared_member *m = w->own.member;

    return !w->own.alone && w->own.points > 0 && shared_member_connected(m) &&
           m->state == SHARED_LIVE && loop_now_ms(m->loop) >= m->warm_until_ms;
}

static bool has_plenty(const struct shared_member *m, const struct shared_account *a,
                       int64_t points)
{
    return a->left_ms != 0 && loop_now_ms(m->loop) - a->left_ms <= RICH_MS &&
           a->left / RICH_TIMES >= a->unwaited + points;
}

/* Made and told, not asked for. */
static bool reserve_unasked(struct balance_wait *w)
{
    struct shared_command *c;
    struct shared_account *token = w->own.token;

    if (!has_plenty(w->own.member, w->own.user, w->own.points) ||
        (token_limited(w) && !has_plenty(w->own.member, token, w->own.points)))
        return false;
    take(w);
    c = shared_tell_move(w->own.member, w->own.user, token, w->own.points);
    c->unwaited = true;
    w->own.user->unwaited += w->own.points;
    if (token)
        token->unwaited += w->own.points;
    return true;
}

static void ask(struct balance_wait *w)
{
    struct shared_command *c = shared_command_new(w->own.member, SHARED_RESERVE, 2);
    struct shared_text points;
    struct str args[2];

    c->parts[c->count++] = (struct shared_part){w->own.user, w->own.points};
    if (w->own.token)
        c->parts[c->count++] = (struct shared_part){w->own.token, w->own.points};
    c->wait = w;
    w->own.command = c;
    w->own.tries++;
    args[0] = shared_number(&points, w->own.points);
    args[1] = !w->own.token ? STR("0") : token_limited(w) ? STR("1") : STR("2");
    shared_command_send(c, args, 2);
}

/* True: it is finished. */
static bool advance(struct balance_wait *w)
{
    struct shared_member *m = w->own.member;

    if (!reserves_there(w))
        return reserve_here(w);
    if (reserve_unasked(w))
        return true;
    if (m->under_way >= SHARED_COMMANDS_MAX)
        list_push_back(&m->backlog, &w->own.link);
    else
        ask(w);
    return false;
}

void shared_wait_continue(struct balance_wait *w)
{
    list_remove(&w->own.link);
    if (advance(w))
        finish(w);
}

/* A member that left meanwhile has nobody to give it to. */
static void give_back(struct shared_command *c)
{
    struct shared_member *m = c->member;

    if (shared_member_connected(m) && m->number == c->number)
        shared_tell_move(m, c->parts[0].account, c->count > 1 ? c->parts[1].account : NULL,
                         -c->parts[0].value);
}

static void deny(struct balance_wait *w)
{
    w->final = true;
    if (w->own.denied == SHARED_USER)
        w->own.rc = balance_deny_user(w->own.user->left, w->own.points, &w->own.err);
    else
        w->own.rc = balance_deny_token(w->own.token->left, w->own.points, &w->own.err);
    finish(w);
}

/* Redis has too little: does the database say so, too? */
static void on_too_little(struct balance_wait *w)
{
    bool check = !w->own.checked && (w->own.user->reading || !read_since(w, CHECK_MS));

    w->own.checked = true;
    if (!check || !wait_for_read(w, true))
        deny(w);
}

/* Somebody may have changed the database without a word. */
static void read_again_sometimes(struct balance_wait *w)
{
    if (!w->own.user->reading && !read_since(w, AGAIN_MS))
        (void)shared_read_start(w->own.member, w->own.user, w->own.token, true);
}

static void go_alone(struct balance_wait *w)
{
    w->own.alone = true;
    shared_wait_continue(w);
}

static void give_up(struct balance_wait *w)
{
    w->final = true;
    w->own.rc = err_set(&w->own.err, ERR_UNAVAILABLE,
                        "the balance could not be determined, it is changed all the time");
    finish(w);
}

void shared_wait_after_read(struct balance_wait *w, enum shared_outcome how)
{
    list_remove(&w->own.link);
    if (how == SHARED_READ)
        shared_wait_continue(w);
    else if (w->own.denied != 0)
        deny(w);
    else if (how == SHARED_RESTLESS)
        give_up(w);
    else
        go_alone(w);
}

/* Without a base: it is read, unless the base was taken away again and again since. */
static void on_missing(struct balance_wait *w)
{
    w->own.denied = 0;
    if (w->own.tries >= TRIES)
        give_up(w);
    else if (!wait_for_read(w, true))
        go_alone(w);
}

void shared_reserve_answered(struct shared_command *c, const struct redis_value *reply)
{
    struct balance_wait *w = c->wait;
    enum shared_status status = reply ? (enum shared_status)reply->items[0].i : SHARED_JOIN;

    if (!w) {
        if (status == SHARED_OK)
            give_back(c);
        return;
    }
    w->own.command = NULL;
    if (c->member->state == SHARED_ENDED)
        return;
    if (status == SHARED_OK) {
        take(w);
        read_again_sometimes(w);
        finish(w);
    } else if (status == SHARED_USER || status == SHARED_TOKEN) {
        w->own.denied = (int)status;
        on_too_little(w);
    } else if (status == SHARED_MISS) {
        on_missing(w);
    } else {
        go_alone(w);
    }
}

/* ---- interface ---- */

bool balance_reserve_start(struct shared_member *m, struct balance *user, struct balance *token,
                           int64_t points, struct hold *hold, struct balance_wait *w,
                           enum err_code *rc, struct err *err)
{
    if (!m || m->state == SHARED_ENDED) {
        *rc = balance_reserve(user, token, points, hold, err);
        return true;
    }
    *hold = (struct hold){.points = 0};
    if (points > SHARED_POINTS_MAX) {
        *rc = balance_deny_user(balance_available(user), points, err);
        return true;
    }
    memset(&w->own, 0, sizeof w->own);
    w->final = false;
    w->own.member = m;
    w->own.local_user = user;
    w->own.local_token = token;
    w->own.user = shared_account_get(m, user, false);
    w->own.token = token ? shared_account_get(m, token, true) : NULL;
    w->own.points = points > 0 ? points : 0;
    w->own.hold = hold;
    w->own.active = true;
    if (!advance(w)) {
        *rc = ERR_OK;
        return false;
    }
    *rc = w->own.rc;
    if (*rc != ERR_OK && err)
        *err = w->own.err;
    let_go(w);
    return true;
}

void balance_wait_cancel(struct balance_wait *w)
{
    if (!w->own.active)
        return;
    if (w->own.command)
        w->own.command->wait = NULL;
    w->own.command = NULL;
    let_go(w);
}

void balance_shared_settle(struct shared_hold *hold, int64_t points, int64_t cost)
{
    struct shared_member *m = hold->member;

    hold->user->outstanding += cost - points;
    if (hold->token)
        hold->token->outstanding += cost - points;
    if (cost != points && shared_member_connected(m))
        shared_tell_move(m, hold->user, hold->token, cost - points);
    shared_account_put(hold->user);
    shared_account_put(hold->token);
}
