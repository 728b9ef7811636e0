/*
 * Entering: the server says who it is, the member goes on the list, then it publishes what it has.
 */
#include "ledger/shared_member.h"

#include "base/mem.h"
#include "base/random.h"

enum { SCRIPTS_LOADED = SHARED_RETIRE };

void shared_entry_publish(struct shared_member *m)
{
    struct shared_command *c;
    struct shared_account *a;
    struct shared_text text;
    struct str position = shared_number(&text, (int64_t)m->position);
    size_t at = 0;

    m->publishing = 1; /* at least one, whose answer ends the entry */
    c = shared_command_new(m, SHARED_PUBLISH, SHARED_KEYS);
    while ((a = map_next(&m->accounts, &at))) {
        if (c->count == SHARED_KEYS) {
            shared_command_send_values(c, &position, 1);
            c = shared_command_new(m, SHARED_PUBLISH, SHARED_KEYS);
            m->publishing++;
        }
        c->parts[c->count++] = (struct shared_part){a, a->outstanding};
    }
    shared_command_send_values(c, &position, 1);
}

/* Plain commands on the way in: loading scripts, and asking the server who it is. */
struct question {
    struct redis_call call;
    struct shared_member *member;
    uint64_t number;
};

static void send_question(struct shared_member *m, const struct str *argv, size_t n,
                          void (*done)(struct redis_call *call, const struct redis_value *reply,
                                       const struct err *err))
{
    struct question *q = mem_new(struct question);

    q->call.done = done;
    q->call.timeout_ms = m->shared->conf.call_ms;
    q->member = m;
    q->number = m->number;
    m->under_way++;
    redis_call(m->redis, argv, n, &q->call);
}

static void on_loaded(struct redis_call *call, const struct redis_value *reply UNUSED,
                      const struct err *err)
{
    struct question *q = container_of(call, struct question, call);

    q->member->under_way--;
    if (err && q->number == q->member->number)
        shared_member_lost(q->member, err->msg);
    mem_free(q);
}

/* The names of the node's members, with commas around. */
static void add_siblings(const struct shared_balances *s, struct sb *out)
{
    sb_add_char(out, ',');
    for (unsigned i = 0; i < s->count; i++)
        sb_fmt(out, "%s,", s->members[i]->name);
}

static void send_enter(struct shared_member *m, struct str server)
{
    CLEANUP(sb_finip) struct sb siblings;
    struct shared_text epoch, position;
    bool void_all = atomic_exchange(&m->shared->void_all, false);
    struct shared_command *c = shared_command_new(m, SHARED_ENTER, 0);

    sb_init(&siblings, 1 << 20);
    add_siblings(m->shared, &siblings);
    snprintf(epoch.text, sizeof epoch.text, "%016" PRIx64, random_u64());
    c->voids = void_all;
    shared_command_send(c,
                        (struct str[]){server, str_from(epoch.text), str_from(m->shared->node),
                                       sb_str(&siblings), void_all ? STR("1") : STR("0"),
                                       shared_number(&position, (int64_t)m->position)},
                        6);
}

/* INFO has a line "run_id:..." that is another after each start of the server. */
static void on_info(struct redis_call *call, const struct redis_value *reply, const struct err *err)
{
    struct question *q = container_of(call, struct question, call);
    struct shared_member *m = q->member;
    struct str server = STR_NULL;

    m->under_way--;
    if (err && q->number == m->number)
        shared_member_lost(m, err->msg);
    if (reply) {
        STR_SPLIT_EACH (line, reply->s, '\n')
            if (str_starts(line, STR("run_id:")))
                server = str_trim(str_skip(line, 7));
    }
    if (q->number == m->number && m->state == SHARED_ENTERING)
        send_enter(m, server);
    mem_free(q);
}

void shared_entry_begin(struct shared_member *m)
{
    const struct shared_scripts *scripts = &m->shared->scripts;

    m->connection = redis_connection(m->redis);
    m->number++;
    shared_member_set(m, SHARED_ENTERING);
    /* A script that the server does not know would be carried out later than what is sent after it.
     */
    for (unsigned i = 0; i < SCRIPTS_LOADED; i++)
        send_question(m, (struct str[]){STR("SCRIPT"), STR("LOAD"), scripts->script[i].source}, 3,
                      on_loaded);
    send_question(m, (struct str[]){STR("INFO"), STR("server")}, 2, on_info);
}
