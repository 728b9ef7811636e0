#include "relay/upload.h"

#include "relay/mode.h"

enum {
    PIECE = 128 * 1024,           /* of the body, written at once */
    FORM_BEGIN_LIMIT = 256 * 1024 /* in which the file must begin; no more is looked through */
};

struct upload {
    bool waits;       /* ROUTE waits for the body, and for nothing else */
    bool through;     /* the form is sent on while it comes */
    bool approved;    /* all is there, read and reserved */
    bool has_job;     /* the reservation is waited for */
    bool call_failed; /* the attempt failed meanwhile */
    size_t looked_at; /* bytes of the body, for the beginning of a form */
    size_t sent;      /* of the body: the next byte for the upstream */
};

/* ---- the client's side ---- */

static void on_body(struct http_req *r)
{
    struct exchange *x = r->user;
    struct upload *u = x->upload;

    x->body = r->body;
    if (!u->waits && !x->call)
        return; /* a job is under way, and whoever goes on behind it looks at the body */
    u->waits = false;
    exchange_run(x);
}

static void on_gone(struct http_req *r)
{
    struct exchange *x = r->user;

    x->client_gone = true;
    if (x->upload->waits)
        exchange_go(x, STEP_SETTLE);
}

void upload_begin(struct exchange *x)
{
    x->upload = arena_new(x->arena, struct upload);
    x->req->on_body = on_body;
    x->req->on_gone = on_gone;
}

void upload_stop(struct exchange *x)
{
    if (!x->upload || !x->upload->waits)
        return;
    exchange_stopping(x);
    exchange_run(x);
}

static bool form_has_begun(struct exchange *x)
{
    struct upload *u = x->upload;
    struct str begin = str_sub(x->body, 0, FORM_BEGIN_LIMIT);

    if (begin.n <= u->looked_at)
        return false;
    u->looked_at = begin.n;
    return mode_begin(x, begin);
}

enum step_next upload_wait(struct exchange *x)
{
    struct upload *u = x->upload;
    enum step_next next = exchange_identify(x);

    if (next == NEXT_WAIT || x->step != STEP_ROUTE)
        return next;
    if (x->client_gone || x->req->body_refused) {
        x->step = STEP_SETTLE;
        return NEXT_STEP;
    }
    if (x->rl->stopping)
        return exchange_stopping(x);
    u->approved = x->req->body_whole;
    u->through = !u->approved && form_has_begun(x);
    u->waits = !u->approved && !u->through;
    return u->waits ? NEXT_WAIT : NEXT_STEP;
}

/* ---- the upstream's side ---- */

bool upload_goes_through(const struct exchange *x)
{
    return x->upload && x->upload->through;
}

bool upload_is_coming(const struct exchange *x)
{
    return x->upload && !x->upload->approved;
}

bool upload_has_job(const struct exchange *x)
{
    return x->upload && x->upload->has_job;
}

bool upload_defers_failure(struct exchange *x)
{
    if (!upload_has_job(x))
        return false;
    x->upload->call_failed = true;
    return true;
}

/* The provider's slices end with a part of the client's body: that goes on. */
void upload_describe(struct exchange *x, struct http_call_conf *http)
{
    const struct str *last = &http->body[http->body_count - 1];
    size_t at = (size_t)(last->p - x->body.p), before = 0;

    assert(last->p + last->n == x->body.p + x->body.n);
    http->body_count--;
    for (size_t i = 0; i < http->body_count; i++)
        before += http->body[i].n;
    http->body_length = before + x->req->body_length - at;
    x->upload->sent = at;
}

/* What has come, but for the last byte of what is not approved. */
static void pump(struct exchange *x)
{
    struct upload *u = x->upload;
    size_t there = x->body.n;

    if (!u->approved && there == x->req->body_length)
        there--;
    while (u->sent < there && http_call_has_room(x->call)) {
        struct str piece =
            str_sub(x->body, u->sent, there - u->sent < PIECE ? there - u->sent : PIECE);

        u->sent += piece.n;
        http_call_write(x->call, piece);
    }
}

void upload_on_room(void *ctx)
{
    pump(ctx);
}

/* All is there: the fields behind the file are read, too, and what the call will cost is known. */
static enum step_next read_whole(struct exchange *x)
{
    struct err err = {0};

    x->body = x->req->body;
    if (mode_read(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    mode_price(x);
    balance_release(&x->hold);
    x->refreshed = false;
    return prompt_check(x);
}

static enum step_next approve(struct exchange *x)
{
    struct upload *u = x->upload;
    enum step_next next;

    if (!u->has_job) {
        next = read_whole(x);
        if (x->step != STEP_SEND)
            return next;
    }
    next = exchange_reserve(x);
    u->has_job = next == NEXT_WAIT;
    u->approved = next != NEXT_WAIT && x->step == STEP_SEND;
    if (u->approved && x->peek.stream)
        stream_keep_alive(x);
    return next;
}

enum step_next upload_go_on(struct exchange *x)
{
    struct upload *u = x->upload;

    if (!u->approved && x->req->body_whole) {
        enum step_next next = approve(x);

        if (next == NEXT_WAIT || x->step != STEP_SEND)
            return next;
    }
    if (u->call_failed) {
        u->call_failed = false;
        exchange_attempt_failed(x);
        return NEXT_WAIT;
    }
    if (!x->call)
        return NEXT_STEP;
    pump(x);
    return NEXT_WAIT;
}
