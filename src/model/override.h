/*
 * override - what an operator changes in each request of a channel before it goes out: the column
 * param_override (relay reference 9.3).
 *
 * It is a JSON object. Its members are set at the top of the body; the member `operations` is a
 * list of steps, each with a mode, what it works on, and conditions. A step sees what the ones
 * before it made. Read once, for a snapshot or to judge what an operator has typed; applied by any
 * thread. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

/* A member that is set at the top of the body. */
struct override_member {
    struct str name, value; /* unescaped; JSON text */
};

struct override_op;

struct override {
    const struct override_member *members;
    size_t member_count;
    const struct override_op *ops;
    size_t op_count;
};

/*
 * `root` is an object. The result lives in the arena, as long as `root`; a value that is not an
 * array under `operations` is refused like a step that cannot be done: ERR_BAD_REQUEST with a text
 * for the operator in both languages that names the step.
 */
MUST_CHECK enum err_code override_read(struct arena *a, const struct json *root,
                                       const struct override **out, struct err *err);

/* A header that is sent. Names are unique without regard to case; the list is the caller's. */
struct override_header {
    struct str name, value;
};

struct override_headers {
    struct override_header *at; /* in the arena */
    size_t n, room;
};

/* Sets the header, in the place of one with the name. */
void override_header_set(struct arena *a, struct override_headers *h, struct str name,
                         struct str value);

/* May a client's header be sent on when the operator says so? Not its credentials for this gateway,
 * nor what belongs to its connection or to the body as it sent it. */
bool override_may_pass(struct str header);

/* What is known of the request beside its body. Borrowed. */
struct override_call {
    struct str path;                            /* that the client asked for */
    struct str requested_model, upstream_model; /* before and after the mapping */
    unsigned attempt;                           /* 0: the first */
    bool is_test;                               /* of a channel, by the operator: no client */
    struct str key;                             /* of the channel: {api_key} in set_header */
    struct str (*client_header)(const void *ctx, struct str name); /* STR_NULL: absent */
    const void *ctx;
};

/* The operator does not want the request to be sent. */
struct override_refusal {
    bool refused;
    bool retry; /* another channel may be asked */
    int status;
    struct str message, type, code; /* code may be empty */
};

enum { OVERRIDE_BODY_BYTES = 256 * 1024 * 1024 }; /* cap of a body that the steps have changed */

/*
 * Does the steps one after the other. `*body`, the body as it would be sent, becomes what they
 * make of it, in the arena; it stays itself when they change nothing in it. A step whose place is
 * not there, or holds something that it does not work on, does nothing. After a refusal body and
 * headers are not to be used. ERR_CONVERT when a bound was reached: a regular expression that
 * explodes on the text, a body past its cap.
 */
MUST_CHECK enum err_code override_apply(const struct override *o, const struct override_call *call,
                                        struct arena *a, struct str *body,
                                        struct override_headers *headers,
                                        struct override_refusal *refusal, struct err *err);
