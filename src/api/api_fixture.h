/*
 * api_fixture - for tests: the whole management API over a temporary database, served on loopback
 * by a real server, and a small client that asks it.
 *
 *     struct api_fixture *f = api_fixture_open();
 *     struct api_answer a = api_fixture_call(f, &(struct api_ask){.path = "/api/user/self",
 *                                                                 .user_id = FIXTURE_ANN});
 *     ... a.status, api_at(a.json, "data.username") ...
 *     api_fixture_close(f);
 *
 * A failure of the fixture itself ends the test program with a line on stderr.
 */
#pragma once
#include "api/api.h"
#include "base/json.h"

/* The accounts that are there; each has the password FIXTURE_PASSWORD. */
enum { FIXTURE_ROOT = 1, FIXTURE_ADMIN = 2, FIXTURE_ANN = 3 };
#define FIXTURE_PASSWORD "password1"
#define FIXTURE_NOW_S    INT64_C(1700000000)

struct api_fixture {
    struct db *db;
    struct arena arena; /* of the answers */
    struct clock_manual clock;
    struct offload *offload;
    struct first_password *first_password;
    struct apikeys *apikeys;
    struct balances *balances;
    struct api *api;
    uint16_t port;
    struct probe_result probe; /* what a channel test answers; set by the test */
    _Atomic int probes, reloads;
    _Atomic bool reload_fails;
    _Atomic bool probe_waits;        /* tests of channels last until this is false again */
    struct api_fixture_parts *parts; /* private */
};

struct api_ask {
    const char *method; /* NULL: GET, or POST when there is a body */
    const char *path;   /* with its query */
    const char *body;   /* NULL: none */
    int64_t user_id;    /* signs in as this user (cookie and New-Api-User); 0: nobody */
    const char *cookie, *authorization, *new_api_user, *language; /* NULL: not sent */
    const char *ip; /* X-Forwarded-For; NULL: the loopback address */
    const char *origin;
};

struct api_answer {
    int status;
    struct str head, body;   /* in the fixture's arena */
    const struct json *json; /* NULL when the body is not JSON */
};

/* An open database with the three accounts, set up. */
struct api_fixture *api_fixture_open(void);
/* An empty database, over which api_first_start() ran with `conf`'s tokens; api_new() takes the
 * rest of `conf` (setup code, limits) from there, too. */
struct api_fixture *api_fixture_open_fresh(const struct api_conf *conf);
/* The three accounts and the parts of `conf` that concern api_new() alone. */
struct api_fixture *api_fixture_open_conf(const struct api_conf *conf);
void api_fixture_close(struct api_fixture *f);

struct api_answer api_fixture_call(struct api_fixture *f, const struct api_ask *ask);
/* As a user who is signed in; 0: nobody. */
struct api_answer api_as(struct api_fixture *f, int64_t user_id, const char *method,
                         const char *path, const char *body);
struct api_answer api_get(struct api_fixture *f, int64_t user_id, const char *path);
/* Is it the envelope of a success? */
bool api_succeeded(const struct api_answer *a);
/* Asks without waiting for the answer: the socket, which the test closes. */
int api_fixture_send(struct api_fixture *f, const struct api_ask *ask);
/* Calls that the pool may hold in its queue, and threads that work on them. */
enum { FIXTURE_QUEUE = 20, FIXTURE_THREADS = 2 };
/* `path` may hold indices: "data.items.0.id". NULL when it is not there. */
const struct json *api_at(const struct json *v, const char *path);
/* The text at a path; "" when it is not a string. */
struct str api_text_at(struct api_fixture *f, const struct json *v, const char *path);
/* The number at a path; INT64_MIN when there is none. */
int64_t api_i64_at(const struct json *v, const char *path);
/* Value of a header of the answer; STR_NULL when it is not there. */
struct str api_header(const struct api_answer *a, struct str name);
/* The cookie that signs the user in now, as a browser would send it. */
const char *api_fixture_cookie(struct api_fixture *f, int64_t user_id);
/* The relay's credential for a key, loaded when it is not in memory; the caller puts it. */
struct credential *api_fixture_credential(struct api_fixture *f, const char *key);
/* Runs one statement without parameters. */
void api_fixture_sql(struct api_fixture *f, const char *sql);
/* The first column of the first row; INT64_MIN when there is none. */
int64_t api_fixture_sql_i64(struct api_fixture *f, const char *sql);
