/*
 * realtime - a session of the realtime API: two WebSockets with the gateway between them, private
 * to the room.
 *
 * It takes the steps of every request up to SEND: the upstream's WebSocket is opened first, so that
 * a refusal can go to another channel and the client still gets an HTTP status. With the upstream's
 * first event the client's is opened, and from then on two pumps forward messages as they are. The
 * exchange stays in SEND until one of both sides ends.
 *
 * Each response of the upstream is charged as a call of its own: its usage record is in the journal
 * before the client gets the event that says that it is done; then account and channel are looked
 * at again and the next is reserved. When that is denied, the session ends with an error event. A
 * client that leaves while a response runs pays it by the usage that the upstream still tells.
 */
#pragma once
#include "http/wsock.h"
#include "relay/exchange.h"

struct realtime;

/* ROUTE: is it a WebSocket's handshake with a model in its query? Makes x->rt. ERR_BAD_REQUEST,
 * ERR_BAD_TEXT_REQUEST. */
MUST_CHECK enum err_code realtime_read_request(struct exchange *x, struct err *err);
/* Does the client speak the beta protocol? */
bool realtime_is_beta(const struct exchange *x);
/* SEND: makes the call one that opens a WebSocket. */
void realtime_prepare(struct exchange *x, const struct provider_call *call,
                      struct http_call_conf *http);
/* http_call_handler.on_websocket; ctx is the exchange. */
void realtime_opened(void *ctx, const struct http_reply_head *head, struct wsock *up);
/* http_req.on_gone: the client left before its WebSocket was open. */
void realtime_gone(struct http_req *r);

/* Has the client its WebSocket, or had it? */
bool realtime_is_open(const struct exchange *x);
/* Is it open, with no response under way? */
bool realtime_is_idle(const struct exchange *x);
/* SEND of an open session, when a reservation was waited for. */
enum step_next realtime_go_on(struct exchange *x);
/* SETTLE: tells x->fault to the client, closes both sides, ends the request. */
void realtime_end(struct exchange *x);
/* The program ends. */
void realtime_stop(struct exchange *x);
