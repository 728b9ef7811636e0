#include "relay/upload.h"

#include "relay/mode.h"

enum {
    PIECE = 128 * 1024,            /* of the body, written at once */
    FORM_BEGIN_LIMIT = 256 * 1024, /* in which the file must begin; no more is looked through */
};

struct upload {
    enum { UPLOAD_COMES, UPLOAD_GOES_THROUGH, UPLOAD_APPROVED } state;
    bool waits;       /* for the body, and for nothing else */
    bool has_job;     /* its callback goes on */
    bool call_failed; /* the attempt failed meanwhile: before it had got all */
    bool attempted;   /* an upstream was called before all was there */
    bool renewed;     /* who calls was looked up again when all was there */
    bool reread;      /* all is there and was read */
    size_t looked_at; /* bytes of the body, for the beginning of a form */
    struct str close; /* two dashes, the boundary, two dashes */
    size_t searched;  /* bytes of the body in which no `close` begins */
    size_t unsent;    /* bytes of the body that pump() has still to bring to the upstream */
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
    if (x->upload && x->upload->waits)
        exchange_run(x);
}

/* The key may have been revoked while the body came, which can take as long as the client likes. */
static enum step_next identify(struct exchange *x)
{
    struct upload *u = x->upload;

    if (x->cred && x->req->body_whole && !u->renewed) {
        u->renewed = true;
        x->group = str_dup(x->arena, x->group); /* it stays, and lies in the credential */
        credential_put(x->cred);
        x->cred = NULL;
        x->checks = 0;
        x->refreshed = false;
    }
    return exchange_identify(x);
}

/* Reading again is worth it when a quarter more is there, so that the whole is read in linear time.
 */
static bool form_has_begun(struct exchange *x)
{
    struct upload *u = x->upload;
    struct str begin = str_sub(x->body, 0, FORM_BEGIN_LIMIT);
    size_t more = begin.n - u->looked_at;

    if (more == 0 || (more < u->looked_at / 4 && begin.n < FORM_BEGIN_LIMIT))
        return false;
    u->looked_at = begin.n;
    if (!mode_begin(x, begin))
        return false;
    u->close = str_concat(x->arena, (struct str[]){STR("--"), x->asked->boundary, STR("--")}, 3);
    return true;
}

enum step_next upload_wait(struct exchange *x)
{
    struct upload *u = x->upload;
    enum step_next next = identify(x);

    if (next == NEXT_WAIT || x->step != STEP_ROUTE || exchange_is_over(x))
        return next;
    if (x->req->body_whole)
        u->state = UPLOAD_APPROVED;
    else if (form_has_begun(x))
        u->state = UPLOAD_GOES_THROUGH;
    u->waits = u->state == UPLOAD_COMES;
    return u->waits ? NEXT_WAIT : NEXT_STEP;
}

/* ---- the upstream's side ---- */

bool upload_goes_through(const struct exchange *x)
{
    return x->upload && x->upload->state == UPLOAD_GOES_THROUGH;
}

bool upload_is_unsent(const struct exchange *x)
{
    return upload_goes_through(x) || (x->upload && x->upload->unsent > 0);
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

bool upload_excuses_failure(const struct exchange *x)
{
    return x->upload && (x->upload->state == UPLOAD_GOES_THROUGH || x->upload->call_failed) &&
           (x->fault.code == ERR_UPSTREAM_CUT || x->fault.code == ERR_UPSTREAM_TIMEOUT ||
            x->fault.status == 408);
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
    x->upload->unsent = x->req->body_length - at;
    x->upload->attempted = true;
}

/* How much of the body the upstream may have. Many readers take a form for complete at its closing
 * boundary, whatever length was announced, so nothing from there on goes before it is approved. */
static size_t may_have(struct exchange *x)
{
    struct upload *u = x->upload;
    ptrdiff_t at;

    if (u->state == UPLOAD_APPROVED)
        return x->body.n;
    at = str_find(str_skip(x->body, u->searched), u->close);
    if (at >= 0)
        u->searched += (size_t)at; /* and no further */
    else if (x->body.n >= u->searched + u->close.n)
        u->searched = x->body.n - (u->close.n - 1);
    return u->searched;
}

static void pump(struct exchange *x)
{
    struct upload *u = x->upload;
    size_t until = may_have(x), at = x->req->body_length - u->unsent;

    while (at < until && http_call_has_room(x->call)) {
        struct str piece = str_sub(x->body, at, until - at < PIECE ? until - at : PIECE);

        at += piece.n;
        u->unsent -= piece.n;
        http_call_write(x->call, piece);
    }
}

void upload_on_room(void *ctx)
{
    pump(ctx);
}

/* The fields behind the file are read, too, and what the call will cost is known. */
static enum step_next reread(struct exchange *x)
{
    struct err err = {0};

    if (mode_read(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    mode_price(x);
    balance_release(&x->hold);
    x->refreshed = false;
    x->upload->reread = true;
    return prompt_check(x);
}

/* What must hold before the upstream gets the end; asked again when it waited. */
static enum step_next check_all(struct exchange *x)
{
    enum step_next next = x->upload->reread ? NEXT_STEP : identify(x);

    if (next == NEXT_WAIT || x->step != STEP_SEND)
        return next;
    if (!x->upload->reread)
        (void)reread(x);
    return x->step == STEP_SEND ? exchange_reserve(x) : NEXT_STEP;
}

static enum step_next approve(struct exchange *x)
{
    struct upload *u = x->upload;
    enum step_next next = check_all(x);

    u->has_job = next == NEXT_WAIT;
    if (u->has_job || x->step != STEP_SEND)
        return next;
    u->state = UPLOAD_APPROVED;
    if (x->peek.stream && x->call)
        stream_keep_alive(x);
    return NEXT_STEP;
}

enum step_next upload_go_on(struct exchange *x)
{
    struct upload *u = x->upload;

    if (upload_goes_through(x) && x->req->body_whole) {
        enum step_next next = approve(x);

        if (next == NEXT_WAIT || x->step != STEP_SEND)
            return next;
    }
    if (u->call_failed) {
        exchange_attempt_failed(x);
        u->call_failed = false; /* upload_excuses_failure() has seen it */
        return NEXT_WAIT;
    }
    if (x->call) {
        pump(x);
        return NEXT_WAIT;
    }
    u->unsent = 0; /* of an attempt that is over */
    /* Another channel would only wait for the same client. */
    u->waits = upload_goes_through(x) && u->attempted;
    return u->waits ? NEXT_WAIT : NEXT_STEP;
}
