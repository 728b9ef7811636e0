/*
 * relay_fixture - for the tests of this room: a relay over a temporary database with one loop on a
 * thread of its own, a scripted upstream, and blocking clients for the test's thread.
 *
 *     struct relay_fixture *f = relay_fixture_new(NULL);
 *     relay_fixture_script(f, answer_with_a_stream, NULL);
 *     const char *reply = relay_fixture_post(f, "/v1/chat/completions", body);
 *     ...
 *     relay_fixture_free(f);
 *
 * There is one user with one token ("sk-" RELAY_FIXTURE_KEY), both with RELAY_FIXTURE_QUOTA, and
 * one channel whose address is the upstream's. Nothing sleeps: what a test waits for is a reply, a
 * mark of the script, or the ledger.
 */
#pragma once
#include "model/channel.h"
#include "relay/relay.h"
#include "store/db.h"
#include "store/store_fixture.h"

#define RELAY_FIXTURE_KEY "0123456789012345678901234567890123456789abcdefgh"
enum { RELAY_FIXTURE_QUOTA = 1000000, RELAY_FIXTURE_CHANNELS = 4, RELAY_FIXTURE_SEEN = 64 };

struct relay_fixture;
struct relay_fixture_parts;

/* A clock that stands still until the test moves it; other threads read it. */
struct relay_fixture_clock {
    struct clock clock;
    _Atomic int64_t us;
};

/* The upstream's side of one request. Script thread only. */
struct relay_fixture_call {
    struct relay_fixture *fixture;
    int fd;
    unsigned number; /* of the request, from 0 */
    struct str head, body;
    unsigned channel; /* which channel was called: its address ends with /N, from 0 */
    const void *ctx;  /* what relay_fixture_script() was given */
};

struct relay_fixture {
    struct db *db;
    struct relay *relay;
    struct balances *balances;
    struct ledger *ledger;
    struct relay_fixture_clock clock;
    int64_t user, token;
    int64_t channels[RELAY_FIXTURE_CHANNELS]; /* ids, in the order in which they were added */
    unsigned channel_count;
    _Atomic unsigned requests; /* that the upstream got */
    _Atomic unsigned reloads;  /* by the relay, after it switched a channel off */
    char *seen_body[RELAY_FIXTURE_SEEN], *seen_head[RELAY_FIXTURE_SEEN]; /* of request N */
    struct arena arena;                                                  /* of the test */
    struct relay_fixture_parts *parts;
};

/* `change` (may be NULL) sees the relay's settings before they are used. */
struct relay_fixture *relay_fixture_new(void (*change)(struct relay_conf *conf));
/* The same, but balances are shared through the Redis on this port of the loopback address, which
 * is given all the time that it takes to answer. */
struct relay_fixture *relay_fixture_new_shared(void (*change)(struct relay_conf *conf),
                                               uint16_t redis_port);
void relay_fixture_free(struct relay_fixture *f);

/* One more channel with the models "m,m2,embed" of the group default; the members of `given` that
 * are set replace those of the usual one. Not in force before relay_fixture_publish(). */
void relay_fixture_add_channel(struct relay_fixture *f, const struct channel *given);
/* Two channels like this one in the place of all others, of which the first is preferred. */
void relay_fixture_two_channels(struct relay_fixture *f, const struct channel *given);
/* Brings the database's channels and these options (name, value, ..., NULL) into force; the
 * options stay until the next call that names any. */
void relay_fixture_publish(struct relay_fixture *f, ...);

/* ---- the upstream ---- */

/* From now on `script` answers each request, on a thread of its own; the connection is closed
 * behind it. What `ctx` points to is read until relay_fixture_free(), for the relay may be done
 * with an upstream that still sends: it is static or lives in f->arena, and does not change. */
void relay_fixture_script(struct relay_fixture *f, void (*script)(struct relay_fixture_call *c),
                          const void *ctx);

/* The same, but `hasty` sees each request when its head is there (c->body is what has come with it,
 * the rest may be read from c->fd) and may answer it: true, and `script` does not see it. */
void relay_fixture_script_early(struct relay_fixture *f,
                                bool (*hasty)(struct relay_fixture_call *c),
                                void (*script)(struct relay_fixture_call *c), const void *ctx);
/* Waits until the upstream has got so many bytes of a body, in all its requests together. */
void relay_fixture_wait_body(struct relay_fixture *f, size_t bytes);
size_t relay_fixture_got_body(struct relay_fixture *f);
/* Waits until a request to the upstream has ended before it was whole. */
void relay_fixture_wait_broken(struct relay_fixture *f);

void relay_fixture_send(struct relay_fixture_call *c, const char *text);
/* A reply with a JSON body. */
void relay_fixture_json(struct relay_fixture_call *c, int status, const char *body);
/* The head of a stream that ends with the connection. */
void relay_fixture_stream(struct relay_fixture_call *c);
/* A chunk of a stream with this choice, and one with usage, in the way of "data: ...". */
void relay_fixture_text(struct relay_fixture_call *c, const char *text);
/* finish_reason, usage 10 and 5, [DONE]. */
void relay_fixture_end_stream(struct relay_fixture_call *c);
/* Cuts the connection with a reset. */
void relay_fixture_reset(struct relay_fixture_call *c);
/* True when the relay has closed the connection; waits for it or for bytes. */
bool relay_fixture_closed(struct relay_fixture_call *c);
/* From script to test and back: a mark is set once and taken once. */
enum { RELAY_FIXTURE_MARKS = 4 };
void relay_fixture_set(struct relay_fixture *f, unsigned mark);
void relay_fixture_wait(struct relay_fixture *f, unsigned mark);

/* ---- clients ---- */

/* Sends a request and reads the reply to the end of the connection: "HTTP/1.1 ..." with head and
 * body as they came; in the test's arena. */
const char *relay_fixture_post(struct relay_fixture *f, const char *path, const char *body);
/* The same with header lines ("Name: value\r\n..."), which then have to bring the key. */
const char *relay_fixture_request(struct relay_fixture *f, const char *method, const char *path,
                                  const char *headers, const char *body);
/* A connection with a request on it, for tests that leave; `receive_bytes` 0: the usual buffer. */
int relay_fixture_connect(struct relay_fixture *f, const char *path, const char *body,
                          int receive_bytes);
/* A connection on which nothing was sent yet. */
int relay_fixture_dial(struct relay_fixture *f);
/* Sends on a connection; false: the relay has closed it. */
bool relay_fixture_write(struct relay_fixture *f, int fd, struct str bytes);
const char *relay_fixture_read(struct relay_fixture *f, int fd, const char *until);
/* Closes the client's connection and waits until the relay has noticed it; no other client may be
 * connected. */
void relay_fixture_leave(struct relay_fixture *f, int fd);
/* Waits until the loop has gone through everything that had come before. */
void relay_fixture_turn(struct relay_fixture *f);
/* Wait until a form of which all has come, but not all been sent on, waits for a job that checks
 * it; until one was approved, which is then sent on to its end. */
void relay_fixture_wait_checking(struct relay_fixture *f);
void relay_fixture_wait_approved(struct relay_fixture *f);
/* Waits until no upstream is called. */
void relay_fixture_wait_no_call(struct relay_fixture *f);
/* Ends what runs on the loop, as at the end of the program. */
void relay_fixture_stop(struct relay_fixture *f);
int relay_fixture_status(const char *reply);
/* The body of a reply, chunks joined. */
const char *relay_fixture_body(struct relay_fixture *f, const char *reply);

/* ---- accounts ---- */

void relay_fixture_sql(struct relay_fixture *f, const char *sql);
/* The first cell of the first row; the text lives in the test's arena. */
int64_t relay_fixture_number(struct relay_fixture *f, const char *sql);
const char *relay_fixture_cell(struct relay_fixture *f, const char *sql);
/* Waits until every exchange is over and what was charged is in the database, and checks that
 * nothing is reserved or lost: the log's sum, the user's and the token's balance and used quota,
 * the channels' used quota. */
void relay_fixture_check_books(struct relay_fixture *f);
/* Behind that: waits until nothing is reserved in Redis, either, and checks the balances there. */
void relay_fixture_check_redis(struct relay_fixture *f);
