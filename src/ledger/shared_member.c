#include "ledger/shared_member.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum {
    TICK_MS = 100,
    SWEEP_MS = 1000,
    IDLE_MS = 10000,        /* an account that nobody needs stays so long */
    TOUCH_MS = 6 * 3600000, /* what is outstanding is told again, so that it is not forgotten */
    RETRY_FIRST_MS = 100,   /* between two tries to enter, doubled with each further */
    RETRY_MOST_MS = 5000
};

/* ---- accounts ---- */

uint64_t shared_account_key(int64_t id, bool is_token)
{
    return (uint64_t)id * 2 + is_token;
}

struct shared_account *shared_account_get(struct shared_member *m, struct balance *local,
                                          bool is_token)
{
    uint64_t key = shared_account_key(balance_id(local), is_token);
    struct shared_account *a = map_find_u64(&m->accounts, key);

    if (!a) {
        a = mem_new(struct shared_account);
        a->id = balance_id(local);
        a->is_token = is_token;
        list_init(&a->readers);
        map_put_u64(&m->accounts, key, a);
    }
    if (a->local != local) { /* the table has dropped the one that we knew */
        balance_put(a->local);
        a->local = balance_ref(local);
    }
    a->used_ms = loop_now_ms(m->loop);
    a->refs++;
    return a;
}

void shared_account_put(struct shared_account *a)
{
    if (a)
        a->refs--;
}

static void account_free(struct shared_account *a)
{
    balance_put(a->local);
    mem_free(a);
}

static bool account_idle(const struct shared_account *a, uint64_t now_ms)
{
    return a->refs == 0 && a->commands == 0 && !a->reading && !a->doubt && a->outstanding == 0 &&
           a->confirmed == 0 && now_ms - a->used_ms >= IDLE_MS;
}

/* ---- commands ---- */

bool shared_member_connected(struct shared_member *m)
{
    if (shared_member_tells(m) && redis_connection(m->redis) != m->connection)
        shared_member_lost(m, "the connection was lost");
    return shared_member_tells(m);
}

void shared_member_set(struct shared_member *m, enum shared_state state)
{
    if (m->state == SHARED_LIVE && state != SHARED_LIVE)
        atomic_fetch_sub(&m->shared->live, 1);
    if (m->state != SHARED_LIVE && state == SHARED_LIVE)
        atomic_fetch_add(&m->shared->live, 1);
    m->state = state;
}

void shared_member_lost(struct shared_member *m, const char *why)
{
    if (m->state == SHARED_OFF || m->state == SHARED_ENDED)
        return;
    if (!m->told)
        log_warn(NULL, "balance.alone", "member=%s why=\"%s\"", m->name, why);
    m->told = true;
    m->pause_ms = m->pause_ms * 2 < RETRY_MOST_MS ? m->pause_ms * 2 : RETRY_MOST_MS;
    m->retry_ms = loop_now_ms(m->loop) + m->pause_ms;
    shared_member_set(m, SHARED_OFF);
    loop_defer(m->loop, &m->turn); /* those who wait their turn need not wait any more */
}

static void on_reply(struct redis_call *call, const struct redis_value *reply,
                     const struct err *err);

struct shared_command *shared_command_new(struct shared_member *m, enum shared_script script,
                                          size_t parts)
{
    struct shared_command *c = mem_zalloc(sizeof *c + parts * sizeof c->parts[0]);

    c->call.done = on_reply;
    c->call.timeout_ms = m->shared->conf.call_ms;
    c->member = m;
    c->script = script;
    c->number = m->number;
    m->under_way++;
    return c;
}

struct str shared_members_key(const struct shared_member *m, struct shared_text *to)
{
    int n = snprintf(to->text, sizeof to->text, "%sbalance:members", m->shared->prefix);

    return str_make(to->text, (size_t)n);
}

struct str shared_key_of(const struct shared_member *m, const struct shared_account *a,
                         struct shared_text *to)
{
    int n = snprintf(to->text, sizeof to->text, "%sbalance:%c:%" PRId64, m->shared->prefix,
                     a->is_token ? 't' : 'u', a->id);

    return str_make(to->text, (size_t)n);
}

void shared_command_send(struct shared_command *c, const struct str *args, size_t n)
{
    enum { MOST = SHARED_KEYS * 3 + 16 };
    struct shared_member *m = c->member;
    const struct redis_script *script = &m->shared->scripts.script[c->script];
    struct shared_text keys[SHARED_KEYS + 1], key_count, number;
    struct str argv[MOST];
    struct redis_command cmd = {.script = script, .keys = c->count + 1, .argv = argv};
    size_t count = 0;

    assert(c->count <= SHARED_KEYS && c->count + n + 6 <= MOST);
    if (c->script == SHARED_PUBLISH) {
        /* A script that the server has forgotten is sent again, behind what came after it. Changes
         * may change places, an absolute value may not: it goes with its text. */
        cmd.script = NULL;
        argv[count++] = STR("EVAL");
        argv[count++] = script->source;
        argv[count++] = shared_number(&key_count, (int64_t)cmd.keys);
    }
    argv[count++] = shared_members_key(m, &keys[0]);
    for (size_t i = 0; i < c->count; i++) {
        argv[count++] = shared_key_of(m, c->parts[i].account, &keys[i + 1]);
        c->parts[i].account->commands++;
        c->parts[i].account->used_ms = loop_now_ms(m->loop);
    }
    argv[count++] = str_from(m->name);
    argv[count++] = shared_number(&number, (int64_t)c->number);
    for (size_t i = 0; i < n; i++)
        argv[count++] = args[i];
    cmd.argc = count;
    redis_start(m->redis, &cmd, &c->call);
}

/* Sends a command whose arguments are `first` and a number for each part. */
void shared_command_send_values(struct shared_command *c, const struct str *first, size_t n)
{
    struct shared_text texts[SHARED_KEYS];
    struct str args[SHARED_KEYS + 2];

    for (size_t i = 0; i < n; i++)
        args[i] = first[i];
    for (size_t i = 0; i < c->count; i++)
        args[n + i] = shared_number(&texts[i], c->parts[i].value);
    shared_command_send(c, args, n + c->count);
}

struct shared_command *shared_tell_move(struct shared_member *m, struct shared_account *user,
                                        struct shared_account *token, int64_t points)
{
    struct shared_command *c = shared_command_new(m, SHARED_MOVE, 2);

    c->parts[c->count++] = (struct shared_part){user, points};
    if (token)
        c->parts[c->count++] = (struct shared_part){token, points};
    shared_command_send_values(c, NULL, 0);
    return c;
}

/* ---- replies ---- */

static int64_t number_at(const struct redis_value *reply, size_t i)
{
    return reply->kind == REDIS_ARRAY && i < reply->count ? reply->items[i].i : -1;
}

/* What Redis says that it has of us must be what we know that we told it: replies come in the order
 * in which the commands were carried out. */
static void confirm(struct shared_command *c, size_t i, int64_t expected, int64_t has)
{
    struct shared_account *a = c->parts[i].account;

    a->confirmed = expected;
    if (has == expected)
        return;
    log_warn(NULL, "balance.differs",
             "member=%s account=%s%" PRId64 " has=%" PRId64 " expected=%" PRId64, c->member->name,
             a->is_token ? "token:" : "user:", a->id, has, expected);
    a->doubt = true;
    shared_member_lost(c->member, "Redis lost a part of a balance");
}

static void note_left(struct shared_command *c, size_t i, int64_t left, int64_t generation)
{
    struct shared_account *a = c->parts[i].account;

    a->left = left;
    a->left_ms = loop_now_ms(c->member->loop);
    a->generation = generation;
}

static void take_reserve(struct shared_command *c, const struct redis_value *reply)
{
    bool granted = number_at(reply, 0) == SHARED_OK;

    for (size_t i = 0; i < c->count; i++) {
        if (granted)
            confirm(c, i, c->parts[i].account->confirmed + c->parts[i].value,
                    number_at(reply, 1 + 3 * i));
        note_left(c, i, number_at(reply, 2 + 3 * i), number_at(reply, 3 + 3 * i));
    }
}

static void take_move(struct shared_command *c, const struct redis_value *reply)
{
    for (size_t i = 0; i < c->count; i++) {
        confirm(c, i, c->parts[i].account->confirmed + c->parts[i].value,
                number_at(reply, 1 + 3 * i));
        note_left(c, i, number_at(reply, 2 + 3 * i), number_at(reply, 3 + 3 * i));
    }
}

static void take_publish(struct shared_command *c, const struct redis_value *reply)
{
    struct shared_member *m = c->member;

    for (size_t i = 0; i < c->count; i++) {
        c->parts[i].account->doubt = false;
        confirm(c, i, c->parts[i].value, number_at(reply, 1 + i));
    }
    if (m->state != SHARED_PUBLISHING || --m->publishing > 0)
        return;
    shared_member_set(m, SHARED_LIVE);
    m->told = false;
    m->pause_ms = RETRY_FIRST_MS / 2;
    log_info(NULL, "balance.shared", "member=%s", m->name);
}

static void take_applied(struct shared_command *c, const struct redis_value *reply)
{
    for (size_t i = 0; i < c->count; i++)
        confirm(c, i, c->parts[i].account->confirmed - c->parts[i].value, number_at(reply, 1 + i));
}

static void take_enter(struct shared_command *c)
{
    struct shared_member *m = c->member;

    if (m->state != SHARED_ENTERING)
        return;
    shared_member_set(m, SHARED_PUBLISHING);
    m->warm_until_ms = 0;
    shared_entry_publish(m);
}

static void dispatch(struct shared_command *c, const struct redis_value *reply)
{
    switch (c->script) {
    case SHARED_RESERVE:
        take_reserve(c, reply);
        break;
    case SHARED_MOVE:
        take_move(c, reply);
        break;
    case SHARED_PUBLISH:
        take_publish(c, reply);
        break;
    case SHARED_APPLIED:
        take_applied(c, reply);
        break;
    case SHARED_ENTER:
        take_enter(c);
        break;
    case SHARED_BASE:
    case SHARED_VOID:
    case SHARED_RETIRE:
    case SHARED_SCRIPTS:
        break;
    }
}

/* The owners of a command go on; `reply` NULL: nothing is known of its outcome. */
static void finish_command(struct shared_command *c, const struct redis_value *reply)
{
    for (size_t i = 0; i < c->count; i++) {
        struct shared_account *a = c->parts[i].account;

        a->commands--;
        if (c->unwaited)
            a->unwaited -= c->parts[i].value;
    }
    c->member->under_way--;
    if (c->script == SHARED_RESERVE)
        shared_reserve_answered(c, reply);
    else if (c->script == SHARED_BASE)
        shared_read_answered(c, reply);
    else if ((c->script == SHARED_VOID || c->voids) && !reply)
        atomic_store(&c->member->shared->void_all, true);
}

static void fail_command(struct shared_command *c, const char *why)
{
    for (size_t i = 0; i < c->count; i++)
        c->parts[i].account->doubt = true;
    if (c->number == c->member->number)
        shared_member_lost(c->member, why);
}

static void on_reply(struct redis_call *call, const struct redis_value *reply,
                     const struct err *err)
{
    struct shared_command *c = container_of(call, struct shared_command, call);
    struct shared_member *m = c->member;

    if (err)
        fail_command(c, err->msg);
    else if (number_at(reply, 0) <= SHARED_JOIN)
        fail_command(c, "Redis does not know the member");
    else if (c->number == m->number)
        dispatch(c, reply);
    /* Between two entries a grant of the first still is one: what is published counts it. */
    finish_command(c, !err && number_at(reply, 0) > SHARED_JOIN ? reply : NULL);
    mem_free(c);
    if (!list_empty(&m->backlog))
        loop_defer(m->loop, &m->turn);
}

/* ---- life ---- */

/* Drops accounts that nobody needs and keeps those alive in Redis that have something there. */
static void sweep(struct shared_member *m, uint64_t now_ms)
{
    struct shared_account *a, *idle[SHARED_KEYS];
    size_t at = 0, n = 0;

    m->swept_ms = now_ms;
    while ((a = map_next(&m->accounts, &at))) {
        if (account_idle(a, now_ms) && n < ARRAY_LEN(idle))
            idle[n++] = a;
        else if (shared_member_tells(m) && a->outstanding != 0 && now_ms - a->used_ms > TOUCH_MS)
            shared_tell_move(m, a, NULL, 0);
    }
    for (size_t i = 0; i < n; i++) {
        map_remove_u64(&m->accounts, shared_account_key(idle[i]->id, idle[i]->is_token));
        account_free(idle[i]);
    }
}

static void on_tick(struct loop_timer *timer)
{
    struct shared_member *m = container_of(timer, struct shared_member, tick);
    uint64_t now_ms = loop_now_ms(m->loop);

    if (m->state != SHARED_OFF && redis_connection(m->redis) != m->connection)
        shared_member_lost(m, "the connection was lost");
    if (m->state == SHARED_LIVE && atomic_load(&m->shared->void_all))
        shared_member_lost(m, "a change of a balance could not be told");
    if (m->state == SHARED_OFF && now_ms >= m->retry_ms && redis_connection(m->redis) != 0)
        shared_entry_begin(m);
    if (now_ms - m->swept_ms >= SWEEP_MS)
        sweep(m, now_ms);
    loop_timer_set(m->loop, timer, TICK_MS, on_tick);
}

/* Those who waited for their turn, when there is room, or when there is nothing to wait for. */
static void on_turn(struct loop_task *task)
{
    struct shared_member *m = container_of(task, struct shared_member, turn);
    struct list batch;

    list_init(&batch);
    for (struct list *it; (m->state != SHARED_LIVE || m->under_way < SHARED_COMMANDS_MAX) &&
                          (it = list_pop_front(&m->backlog));)
        shared_wait_continue(list_entry(it, struct balance_wait, own.link));
}

/* What is under way is answered by the client's end, but nobody is called any more. */
static void on_ending(struct loop_ending *ending)
{
    struct shared_member *m = container_of(ending, struct shared_member, ending);

    pthread_mutex_lock(&m->post.lock);
    m->post.ended = true;
    pthread_mutex_unlock(&m->post.lock);
    loop_timer_stop(&m->tick);
    loop_task_cancel(&m->turn);
    shared_member_set(m, SHARED_ENDED);
}

struct shared_member *shared_member_new(struct shared_balances *s, struct loop *loop,
                                        struct redis *redis, uint64_t journal_id)
{
    struct shared_member *m = mem_new(struct shared_member);
    struct shared_member **more = mem_zalloc((s->count + 1) * sizeof(void *));

    m->shared = s;
    m->loop = loop;
    m->redis = redis;
    m->pause_ms = RETRY_FIRST_MS / 2;
    snprintf(m->name, sizeof m->name, "%016" PRIx64, journal_id);
    map_init(&m->accounts);
    list_init(&m->backlog);
    list_init(&m->post.inbox);
    pthread_mutex_init(&m->post.lock, NULL);
    m->post.wake.fn = shared_notes_wake;
    m->turn.fn = on_turn;
    m->ending.fn = on_ending;
    loop_on_end(loop, &m->ending);
    loop_timer_set(loop, &m->tick, 1, on_tick);
    if (s->count > 0)
        memcpy((void *)more, (const void *)s->members, s->count * sizeof(void *));
    mem_free((void *)s->members);
    s->members = more;
    s->members[s->count++] = m;
    return m;
}

void shared_member_free(struct shared_member *m)
{
    struct shared_account *a;
    size_t at = 0;

    if (!m)
        return;
    assert(m->under_way == 0);
    loop_on_end_cancel(&m->ending);
    shared_notes_free(m);
    while ((a = map_next(&m->accounts, &at)))
        account_free(a);
    map_fini(&m->accounts);
    pthread_mutex_destroy(&m->post.lock);
    mem_free(m);
}

static char *text_of(struct str s)
{
    char *copy = mem_zalloc(s.n + 1);

    if (s.n > 0)
        memcpy(copy, s.p, s.n);
    return copy;
}

static struct str prefix_or_default(struct str prefix)
{
    return prefix.n > 0 ? prefix : STR("yourapi:");
}

struct shared_balances *shared_balances_new(const struct shared_conf *conf)
{
    struct shared_balances *s = mem_new(struct shared_balances);

    s->conf = *conf;
    s->node = text_of(conf->node);
    s->prefix = text_of(str_sub(prefix_or_default(conf->prefix), 0, 32));
    s->conf.warm_ms = conf->warm_ms > 0 ? conf->warm_ms : 8000;
    s->conf.call_ms = conf->call_ms > 0 ? conf->call_ms : 3000;
    shared_scripts_init(&s->scripts);
    balances_on_changed(conf->balances, shared_notes_changed, s);
    return s;
}

void shared_balances_free(struct shared_balances *s)
{
    if (!s)
        return;
    balances_on_changed(s->conf.balances, NULL, NULL);
    mem_free((void *)s->members);
    mem_free(s->node);
    mem_free(s->prefix);
    mem_free(s);
}

void shared_balances_status(struct shared_balances *s, struct shared_balances_state *out)
{
    *out = (struct shared_balances_state){.members = s->count, .live = atomic_load(&s->live)};
}

enum err_code balance_shared_retire(struct redis *redis, struct str prefix, uint64_t journal_id,
                                    struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct redis_script *script;
    struct shared_scripts *scripts;
    struct redis_value reply;
    struct str argv[2];

    arena_init(&a, 0);
    scripts = arena_new(&a, struct shared_scripts);
    shared_scripts_init(scripts);
    script = &scripts->script[SHARED_RETIRE];
    argv[0] = arena_fmt(&a, "%.*sbalance:members", STR_ARG(prefix_or_default(prefix)));
    argv[1] = arena_fmt(&a, "%016" PRIx64, journal_id);
    return redis_ask(redis,
                     &(struct redis_command){.script = script, .keys = 1, .argv = argv, .argc = 2},
                     0, &a, &reply, NULL, err);
}
