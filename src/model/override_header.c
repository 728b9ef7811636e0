/* The steps that work on headers, and which of a client's may be sent on. */
#include "model/override_op.h"

bool override_may_pass(struct str header)
{
    static const struct str never[] = {
        /* credentials for this gateway */
        STR_INIT("authorization"), STR_INIT("x-api-key"), STR_INIT("x-goog-api-key"),
        STR_INIT("api-key"), STR_INIT("mj-api-secret"), STR_INIT("cookie"),
        STR_INIT("new-api-user"), STR_INIT("proxy-authorization"),
        /* of the connection, and of the body as the client sent it */
        STR_INIT("host"), STR_INIT("connection"), STR_INIT("keep-alive"),
        STR_INIT("proxy-connection"), STR_INIT("te"), STR_INIT("trailer"),
        STR_INIT("transfer-encoding"), STR_INIT("upgrade"), STR_INIT("expect"),
        STR_INIT("content-length"), STR_INIT("content-encoding"), STR_INIT("content-type"),
        STR_INIT("accept-encoding")};

    for (size_t i = 0; i < ARRAY_LEN(never); i++) {
        if (str_eq_nocase(header, never[i]))
            return false;
    }
    return !str_starts_nocase(header, STR("sec-websocket-"));
}

static struct override_header *find(const struct override_headers *h, struct str name)
{
    for (size_t i = 0; i < h->n; i++) {
        if (str_eq_nocase(h->at[i].name, name))
            return &h->at[i];
    }
    return NULL;
}

void override_header_set(struct arena *a, struct override_headers *h, struct str name,
                         struct str value)
{
    struct override_header *at = find(h, name), *more;

    if (!at && h->n == h->room) {
        h->room = 2 * h->room + 16;
        more = arena_new_array(a, struct override_header, h->room);
        for (size_t i = 0; i < h->n; i++)
            more[i] = h->at[i];
        h->at = more;
    }
    if (!at)
        at = &h->at[h->n++];
    *at = (struct override_header){.name = name, .value = value};
}

static void delete (struct override_headers *h, struct str name)
{
    struct override_header *at = find(h, name);

    if (!at)
        return;
    for (h->n--; at < h->at + h->n; at++)
        at[0] = at[1];
}

static struct str of_client(const struct override_call *call, struct str name)
{
    return call->client_header && override_may_pass(name) ? call->client_header(call->ctx, name)
                                                          : STR_NULL;
}

struct str override_header_find(const struct override_headers *h, const struct override_call *call,
                                struct str name)
{
    const struct override_header *at = find(h, name);

    return at ? at->value : of_client(call, name);
}

static void put(const struct override_op *op, struct arena *a, struct override_headers *h,
                struct str name, struct str value)
{
    if (value.n > 0 && !(op->keep_origin && find(h, name)))
        override_header_set(a, h, name, value);
}

static void copy(const struct override_op *op, const struct override_call *call, struct arena *a,
                 struct override_headers *h)
{
    struct str value = override_header_find(h, call, op->from_header);

    put(op, a, h, op->to_header, value);
    if (op->mode == OVERRIDE_MOVE_HEADER && !str_eq_nocase(op->from_header, op->to_header))
        delete (h, op->from_header);
}

void override_do_header(const struct override_op *op, const struct override_call *call,
                        struct arena *a, struct override_headers *h)
{
    if (op->mode == OVERRIDE_SET_HEADER)
        put(op, a, h, op->header, str_replace(a, op->text, STR("{api_key}"), call->key));
    else if (op->mode == OVERRIDE_DELETE_HEADER)
        delete (h, op->header);
    else if (op->mode == OVERRIDE_PASS_HEADERS)
        for (size_t i = 0; i < op->name_count; i++)
            put(op, a, h, op->names[i], of_client(call, op->names[i]));
    else
        copy(op, call, a, h);
}
