/*
 * mode - what the steps do in another way for the modes of dialect/media_request.h, private to the
 * room: images, speech, transcriptions, rerank, moderations, edits. x->asked is set.
 *
 * Their requests go on as they came, but for the model, and so do their answers: JSON and texts
 * whole, events as a stream (stream.c), sound as bytes (mode_bytes.c). Only images are translated,
 * for Gemini's channels (mode_imagen.c).
 */
#pragma once
#include "relay/exchange.h"

/* ROUTE: reads the request; sets x->asked and what x->peek has for it. */
MUST_CHECK enum err_code mode_read(struct exchange *x, struct err *err);
/* ROUTE: the same of a form that is still coming and begins so. False: not yet, or never, to be
 * sent on before it is whole. */
bool mode_begin(struct exchange *x, struct str begin);
/* ROUTE: the model of /v1/engines/MODEL/embeddings goes into a body that names none. */
MUST_CHECK enum err_code mode_read_engine(struct exchange *x, struct err *err);
/* ADMIT: what the call may use, and how that changes the price plan. */
void mode_price(struct exchange *x);
/* ADMIT: the text in which no listed word may stand; empty: none is looked at. */
struct str mode_checked_text(const struct exchange *x);
/* SEND: the head of a reply came. */
void mode_take_head(struct exchange *x, struct str content_type);
/* SEND: a reply with status 200 was read whole. Sets x->usage, or x->fault. */
void mode_judge(struct exchange *x, struct str body);
/* An event of a stream, which is forwarded as it is. */
void mode_read_event(struct exchange *x, const struct sse_event *ev, struct seen *seen);
/* SETTLE: what was used, where the upstream has not told it, and the final price plan. */
void mode_settle(struct exchange *x);
/* SETTLE: the log row's content with what is told of an image. */
struct str mode_content(struct exchange *x, struct str content);

/* mode_imagen.c: an upstream of another dialect draws. */
/* SEND: its body. ERR_NOT_IMPLEMENTED: the model does not draw in this way. */
MUST_CHECK enum err_code mode_write(struct exchange *x, const struct provider_call *call,
                                    struct str *body, struct err *err);
/* SEND: x->collected, and `body`, become what the client gets, unless that is no answer. False:
 * x->fault is set. */
bool mode_take_drawn(struct exchange *x, struct str *body);

/* mode_bytes.c: a reply of bytes, which begins with its first byte and ends with its last. */
void bytes_feed(struct exchange *x, struct str bytes);
void bytes_end(struct exchange *x);
void bytes_broken(struct exchange *x, const struct err *err);

/* mode_absent.c: paths of the API that are not served; in the form of route.c's lists. */
struct absent_route {
    enum http_method method;
    const char *pattern;
};
const struct absent_route *absent_routes(size_t *n);
void relay_absent(struct http_req *r, void *ctx);
