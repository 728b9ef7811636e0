/*
 * What other threads have to say to a member: the ledger, that something is applied; those who
 * change balances; and the end, who waits until everything was told.
 */
#include "ledger/shared_member.h"

#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

enum { LOOK_US = 5000 };

struct shared_note {
    struct list link;
    enum { NOTE_APPLIED, NOTE_CHANGED, NOTE_MARK } kind;
    uint64_t position;
    size_t count;
    struct shared_cost costs[];
};

/* A cost that we do not know of must not make the account richer. */
static int64_t lower(struct shared_member *m, struct shared_account *a,
                     const struct shared_cost *cost)
{
    int64_t known = a ? a->outstanding : 0, points = cost->cost < known ? cost->cost : known;

    if (points < cost->cost) {
        log_error(NULL, "balance.unknown_cost", "member=%s id=%" PRId64 " points=%" PRId64, m->name,
                  cost->id, cost->cost - points);
        atomic_store(&m->shared->void_all, true);
    }
    if (a)
        a->outstanding -= points;
    return points;
}

static void send_applied(struct shared_member *m, struct shared_command *c, bool whole)
{
    struct shared_text position;

    shared_command_send_values(
        c,
        (struct str[]){shared_number(&position, (int64_t)m->position), whole ? STR("1") : STR("0")},
        2);
}

static void on_applied(struct shared_member *m, const struct shared_note *note)
{
    bool tells = shared_member_connected(m);
    struct shared_command *c = NULL;

    m->position = note->position;
    if (tells)
        c = shared_command_new(m, SHARED_APPLIED, SHARED_KEYS);
    for (size_t i = 0; i < note->count; i++) {
        const struct shared_cost *cost = &note->costs[i];
        struct shared_account *a =
            map_find_u64(&m->accounts, shared_account_key(cost->id, cost->is_token));
        int64_t points = lower(m, a, cost);

        if (!a || !c)
            continue;
        if (c->count == SHARED_KEYS) {
            send_applied(m, c, false);
            c = shared_command_new(m, SHARED_APPLIED, SHARED_KEYS);
        }
        c->parts[c->count++] = (struct shared_part){a, points};
    }
    if (c)
        send_applied(m, c, true);
}

static void on_changed(struct shared_member *m, const struct shared_note *note)
{
    struct shared_account name = {.id = note->costs[0].id, .is_token = note->costs[0].is_token};
    struct shared_command *c;
    struct shared_text keys[2], number;
    struct str argv[4];

    if (!shared_member_connected(m)) {
        atomic_store(&m->shared->void_all, true);
        return;
    }
    c = shared_command_new(m, SHARED_VOID, 0);
    argv[0] = shared_members_key(m, &keys[0]);
    argv[1] = shared_key_of(m, &name, &keys[1]);
    argv[2] = str_from(m->name);
    argv[3] = shared_number(&number, (int64_t)m->number);
    redis_start(
        m->redis,
        &(struct redis_command){
            .script = &m->shared->scripts.script[SHARED_VOID], .keys = 2, .argv = argv, .argc = 4},
        &c->call);
}

static void take_note(struct shared_member *m, const struct shared_note *note)
{
    switch (note->kind) {
    case NOTE_APPLIED:
        on_applied(m, note);
        break;
    case NOTE_CHANGED:
        on_changed(m, note);
        break;
    case NOTE_MARK:
        atomic_store(&m->marked, true);
        break;
    }
}

void shared_notes_wake(struct loop_msg *msg)
{
    struct shared_member *m = container_of(msg, struct shared_member, post.wake);
    struct list batch;

    list_init(&batch);
    pthread_mutex_lock(&m->post.lock);
    m->post.woken = false;
    for (struct list *it; (it = list_pop_front(&m->post.inbox));)
        list_push_back(&batch, it);
    pthread_mutex_unlock(&m->post.lock);
    for (struct list *it; (it = list_pop_front(&batch));) {
        struct shared_note *note = list_entry(it, struct shared_note, link);

        take_note(m, note);
        mem_free(note);
    }
}

/* Any thread. False: the loop has ended. */
static bool post_note(struct shared_member *m, struct shared_note *note)
{
    bool taken;

    pthread_mutex_lock(&m->post.lock);
    taken = !m->post.ended;
    if (taken)
        list_push_back(&m->post.inbox, &note->link);
    if (taken && !m->post.woken)
        loop_post(m->loop, &m->post.wake);
    m->post.woken = m->post.woken || taken;
    pthread_mutex_unlock(&m->post.lock);
    return taken;
}

void shared_balances_applied(struct shared_balances *s, uint64_t journal_id, uint64_t position,
                             const struct shared_cost *costs, size_t n)
{
    char name[17];

    snprintf(name, sizeof name, "%016" PRIx64, journal_id);
    for (unsigned i = 0; i < s->count; i++) {
        struct shared_note *note;

        if (strcmp(s->members[i]->name, name) != 0)
            continue;
        note = mem_zalloc(sizeof *note + n * sizeof *costs);
        note->kind = NOTE_APPLIED;
        note->position = position;
        note->count = n;
        if (n > 0)
            memcpy(note->costs, costs, n * sizeof *costs);
        if (!post_note(s->members[i], note))
            mem_free(note);
    }
}

void shared_notes_changed(void *ctx, int64_t id, bool is_token)
{
    struct shared_balances *s = ctx;
    struct shared_note *note = mem_zalloc(sizeof *note + sizeof note->costs[0]);

    note->kind = NOTE_CHANGED;
    note->count = 1;
    note->costs[0] = (struct shared_cost){.id = id, .is_token = is_token};
    for (unsigned i = 0; i < s->count; i++) {
        if (post_note(s->members[i], note))
            return;
    }
    mem_free(note);
}

void shared_notes_free(struct shared_member *m)
{
    for (struct list *it; (it = list_pop_front(&m->post.inbox));)
        mem_free(list_entry(it, struct shared_note, link));
}

static bool all_told(struct shared_balances *s)
{
    for (unsigned i = 0; i < s->count; i++) {
        struct shared_member *m = s->members[i];

        if (!atomic_load(&m->marked) || atomic_load(&m->under_way) > 0)
            return false;
    }
    return true;
}

bool shared_balances_drain(struct shared_balances *s, int64_t timeout_ms)
{
    uint64_t due_ms = clock_mono_ms() + (uint64_t)timeout_ms;
    bool told;

    for (unsigned i = 0; i < s->count; i++) {
        struct shared_note *note = mem_new(struct shared_note);

        note->kind = NOTE_MARK;
        atomic_store(&s->members[i]->marked, false);
        if (!post_note(s->members[i], note)) {
            mem_free(note);
            return false;
        }
    }
    while (!(told = all_told(s)) && clock_mono_ms() < due_ms)
        usleep(LOOK_US);
    return told;
}
