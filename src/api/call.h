/*
 * call - one management request: from the loop to the pool, through the checks of its route, into
 * its handler, and back as a reply.
 *
 * The loop side only counts the request against its limits and hands it to the offload pool. There
 * the caller is identified (call_auth.c), the handler runs as plain blocking code, and the reply is
 * finished; the loop sends it.
 */
#pragma once
#include <pthread.h>

#include "api/api.h"
#include "api/messages.h"
#include "auth/access.h"
#include "auth/first_password.h"
#include "auth/limit.h"
#include "auth/limit_shared.h"
#include "auth/session.h"
#include "base/json.h"
#include "base/json_write.h"
#include "http/server.h"

struct api_call;
struct tester;

/* Anything but ERR_OK makes the reply a failure with the text that api_fail() set, or else that of
 * call->err. */
typedef enum err_code api_handler_fn(struct api_call *call);

/* Which counters a request goes against (admin-api 1.6). */
enum api_limit {
    API_LIMIT_UNSET,
    API_LIMIT_GLOBAL,   /* GA: every route of /api and the billing routes */
    API_LIMIT_CRITICAL, /* GA and CT: what may be guessed at */
};

enum {
    API_ROUTE_CORS = 1,           /* may be called from other origins */
    API_ROUTE_FIRST_PASSWORD = 2, /* also for an account with its first password */
    API_ROUTE_OPENAI = 4,         /* failures are OpenAI's error object */
    API_ROUTE_TURNSTILE = 8,      /* asks for a proof of being human when that is switched on */
};

/* A row of the table of routes. */
struct api_route {
    enum http_method method;
    const char *path;
    enum access access; /* least role */
    enum api_limit limit;
    size_t body_limit; /* bytes */
    unsigned flags;    /* API_ROUTE_* */
    api_handler_fn *handler;
};

/* The table, and the number of its rows. */
const struct api_route *api_routes(size_t *n);

struct api {
    struct api_conf conf; /* strings copied */
    struct arena arena;
    struct http_route *http_routes;
    struct route_entry_ctx *route_ctx;
    struct limit *global_limit, *critical_limit;        /* of this node */
    struct limit_shared global_shared, critical_shared; /* of all nodes */
    struct tester *tester;                              /* the test of all channels */
    pthread_mutex_t reload_lock; /* so that an older reading never replaces a newer one */
    _Atomic bool set_up;         /* found to be; it stays so */
    _Atomic uint64_t ping_ok_us; /* when the database answered last; 0: never */
};

struct api_call {
    struct api *api;
    const struct api_route *route;
    struct http_req *req;
    struct arena *arena;   /* the request's */
    struct snapshot *snap; /* the configuration in force when it began */
    struct session session;
    struct user *me;      /* who is signed in, with hash and access token; NULL: nobody */
    bool by_access_token; /* how */
    bool must_change;     /* still has the first password */
    struct token *token;  /* of ACCESS_TOKEN */
    bool english;
    bool refused;          /* by a limit of all nodes: 429 without a body */
    struct err err;        /* for the functions that are called */
    struct str message;    /* failure text; STR_NULL: take err's */
    struct str answer;     /* the finished body */
    int status;            /* HTTP status, 200 unless changed */
    struct str set_cookie; /* value of Set-Cookie; STR_NULL: none */
    struct sb body;
    struct json_writer writer;
    enum { REPLY_NONE, REPLY_OPEN, REPLY_WHOLE } reply; /* has the envelope been begun? */
    struct offload_job job;
};

/* Shorthands that handlers use all the time. */
static inline const struct api_conf *call_conf(const struct api_call *c)
{
    return &c->api->conf;
}
static inline const struct settings *call_settings(const struct api_call *c)
{
    return &c->snap->settings;
}
static inline int64_t call_now_s(const struct api_call *c)
{
    return clock_now_s(c->api->conf.clock);
}
MUST_CHECK static inline enum err_code call_db(struct api_call *c, enum db_access access,
                                               struct db_conn **out)
{
    return db_acquire(c->api->conf.db, access, out, &c->err);
}

/* Is the database, or that of the logs, known to be away? */
bool call_db_down(const struct api_call *c);
/* Identifies the caller and checks the route's level, in the order of admin-api 1.4. */
MUST_CHECK enum err_code call_authenticate(struct api_call *c);
/* The visitor's proof of being human (admin-api 1.7); passes when that is switched off. */
MUST_CHECK enum err_code call_check_turnstile(struct api_call *c);
/* Brings changed channels and options in force. */
MUST_CHECK enum err_code api_reload(struct api *a, struct err *err);
/* A row in the log of the user, in its own connection; a failure is logged, never told: what it
 * reports has happened. `user_id` 0: nobody's. */
void api_log_event(struct api *a, int64_t type, int64_t user_id, struct str username,
                   struct str content);
/* Points as people read them (admin-api 1.10), in the arena. */
struct str api_quota_text(struct arena *a, const struct settings *s, int64_t points);
