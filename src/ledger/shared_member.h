/*
 * shared_member - a loop's part in shared balances: its accounts, its connection, what it sends.
 * Private to the ledger; balance_shared.h says what it is for. Loop thread, where not said
 * otherwise.
 */
#pragma once
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/map.h"
#include "ledger/balance_shared.h"
#include "ledger/shared_scripts.h"
#include "net/offload.h"

enum {
    SHARED_KEYS = 64,          /* accounts in one command */
    SHARED_COMMANDS_MAX = 4096 /* under way, before reservations wait their turn */
};
/* Redis counts in doubles: a balance beyond it counts as this much, which is less. */
#define SHARED_POINTS_MAX ((int64_t)1 << 51)

enum shared_state {
    SHARED_OFF,        /* nothing is sent; what changes is published later */
    SHARED_ENTERING,   /* the same, until the member is on the list */
    SHARED_PUBLISHING, /* what changes is told, reservations are made here */
    SHARED_LIVE,       /* reservations are made there */
    SHARED_ENDED       /* the loop is ending */
};

struct shared_balances {
    struct shared_conf conf;
    char *node, *prefix;
    struct shared_scripts scripts;
    struct shared_member **members;
    unsigned count;
    _Atomic unsigned live;
    _Atomic bool void_all; /* a change could not be told: no base holds any more */
};

struct shared_account {
    int64_t id;
    bool is_token;
    bool doubt;   /* what Redis has may differ from `confirmed` */
    bool reading; /* waits in `readers` are continued when the database was read */
    struct balance *local;
    int64_t outstanding; /* reserved, or settled and not applied, in this member */
    int64_t confirmed;   /* that Redis has, by its last reply */
    int64_t generation, left, unwaited;
    uint64_t left_ms, read_ms, used_ms; /* when `left` came, the database was read, it was in use */
    unsigned refs, commands;            /* holds and waits; commands under way */
    struct list readers;
};

struct shared_member {
    struct shared_balances *shared;
    struct loop *loop;
    struct redis *redis;
    char name[17];
    enum shared_state state;
    uint64_t number;     /* of the entry; part of each command */
    uint64_t connection; /* of the client, on which it entered */
    uint64_t position;   /* up to which the ledger has applied the journal */
    uint64_t retry_ms, pause_ms, warm_until_ms, db_failed_ms, swept_ms;
    unsigned publishing; /* commands that have to be answered first */
    _Atomic unsigned under_way;
    _Atomic bool marked; /* what was said before a drain has been taken */
    bool told;           /* that it is not live was logged */
    struct map accounts;
    struct list backlog; /* reservations that wait their turn */
    struct loop_timer tick;
    struct loop_task turn;
    struct loop_ending ending;
    struct { /* under lock; a leaf */
        pthread_mutex_t lock;
        struct list inbox; /* struct shared_note */
        bool woken, ended;
        struct loop_msg wake;
    } post;
};

struct shared_part {
    struct shared_account *account;
    int64_t value;
};

struct shared_read;

struct shared_text { /* of a number or a key */
    char text[80];
};
static inline struct str shared_number(struct shared_text *to, int64_t value)
{
    return str_make(to->text, (size_t)snprintf(to->text, sizeof to->text, "%" PRId64, value));
}

struct shared_command {
    struct redis_call call;
    struct shared_member *member;
    enum shared_script script;
    uint64_t number;
    bool unwaited, voids;
    struct balance_wait *wait;
    struct shared_read *read;
    size_t count;
    struct shared_part parts[];
};

/* ---- shared_member.c ---- */

/* Its entry still holds on the connection in use; otherwise it is OFF from now on. */
bool shared_member_connected(struct shared_member *m);
/* May changes be told? */
static inline bool shared_member_tells(const struct shared_member *m)
{
    return m->state == SHARED_PUBLISHING || m->state == SHARED_LIVE;
}
void shared_member_set(struct shared_member *m, enum shared_state state);
/* What Redis holds of this member may be wrong: it enters anew. */
void shared_member_lost(struct shared_member *m, const char *why);

struct shared_account *shared_account_get(struct shared_member *m, struct balance *local,
                                          bool is_token);
void shared_account_put(struct shared_account *a);
uint64_t shared_account_key(int64_t id, bool is_token); /* in the map */

struct shared_command *shared_command_new(struct shared_member *m, enum shared_script script,
                                          size_t parts);
/* `args` are those behind J and the number. */
void shared_command_send(struct shared_command *c, const struct str *args, size_t n);
/* The same where behind `first` stands the value of each part. */
void shared_command_send_values(struct shared_command *c, const struct str *first, size_t n);
struct str shared_members_key(const struct shared_member *m, struct shared_text *to);
struct str shared_key_of(const struct shared_member *m, const struct shared_account *a,
                         struct shared_text *to);
/* Tells a change of outstanding. */
struct shared_command *shared_tell_move(struct shared_member *m, struct shared_account *user,
                                        struct shared_account *token, int64_t points);

/* ---- shared_entry.c ---- */

/* There is a connection: begins to enter on it. */
void shared_entry_begin(struct shared_member *m);
/* It is on the list. */
void shared_entry_publish(struct shared_member *m);

/* ---- shared_notes.c ---- */

void shared_notes_wake(struct loop_msg *msg);
/* For balances_on_changed(); any thread. */
void shared_notes_changed(void *ctx, int64_t id, bool is_token);
void shared_notes_free(struct shared_member *m);

/* ---- shared_reserve.c ---- */

/* A reply to RESERVE; NULL: there is none that counts. */
void shared_reserve_answered(struct shared_command *c, const struct redis_value *reply);
/* Continues a wait that was put off. */
void shared_wait_continue(struct balance_wait *w);
enum shared_outcome {
    SHARED_READ,
    SHARED_UNREAD,  /* the database or Redis is away, or others have not entered yet */
    SHARED_RESTLESS /* it changed all the time */
};
/* What was denied stays so unless it was read; what is not known is reserved here, but for what
 * does not come to rest. */
void shared_wait_after_read(struct balance_wait *w, enum shared_outcome how);

/* ---- shared_read.c ---- */

/* Reads both from the database; with `set` offers that as bases. Then everybody in user->readers is
 * continued. `token` may be NULL. False: the pool is full. */
bool shared_read_start(struct shared_member *m, struct shared_account *user,
                       struct shared_account *token, bool set);
/* A reply to BASE; NULL as above. */
void shared_read_answered(struct shared_command *c, const struct redis_value *reply);
