/*
 * wsock - a WebSocket, whichever side began it.
 *
 * The server's end comes of wsock_accept() in a handler, the client's of a call with
 * http_call_conf.websocket (http/client.h). From then on both are the same: whole messages come
 * through on_message, the end comes once through on_close, after which the wsock is gone. Who wants
 * to end it himself calls wsock_close() or wsock_cut() at any time, also inside a callback; then
 * nothing comes any more. No callback comes inside wsock_send(). Nothing comes before the end of
 * the turn in which the wsock was made, so that its owner can set a handler.
 *
 * What it does alone: pongs, the answer to a close frame, a ping every 30 s of silence (a peer that
 * stays silent for as long again is gone), an end with a peer that breaks the protocol or takes
 * nothing of what waits for it within 30 s.
 *
 * Memory: what has come of one message (16 MB at most), what waits to be sent (64 KB and the
 * message that went past it, when the owner keeps to on_drain), some 4 KB beside. Loop thread only.
 */
#pragma once
#include "codec/websocket.h"
#include "http/server.h"

struct wsock;
struct sock;

enum { WSOCK_HIGH_WATER = 65536, WSOCK_ALIVE_MS = 30000, WSOCK_STALL_MS = 30000 };

struct wsock_handler { /* a static table of the owner; on_drain may be NULL */
    void (*on_message)(void *ctx, struct str data, bool binary); /* data holds during the call */
    void (*on_drain)(void *ctx); /* wsock_send() said false; now there is room again */
    /* The peer closed with this code and reason, WEBSOCKET_NO_STATUS without one; or it did not
     * close but went, fell silent or broke the protocol: WEBSOCKET_ABNORMAL and a text for logs. */
    void (*on_close)(void *ctx, int code, struct str reason);
};

/* --- the server's side --- */

/* Does the request ask for a WebSocket in a way that can be granted? Otherwise *why says in a few
 * words what is wrong (the reply would be 400). */
bool wsock_wanted(const struct http_req *r, const char **why);
/* Answers 101 and takes the connection over. `protocol` is the sub-protocol that was chosen among
 * those of the client; empty: none. The request stays, with its arena, until http_reply_end(),
 * which its handler owes it also when the wsock has long ended; on_gone does not come any more, and
 * http_req_gone() says true. NULL when the client has gone, or has sent something before it was
 * its turn: then http_reply_abort() is due. Only after wsock_wanted(). */
struct wsock *wsock_accept(struct http_req *r, struct str protocol, const struct wsock_handler *h,
                           void *ctx);

/* --- both --- */

/* Takes over a connected stream behind its handshake; `early` is what came with it and is copied.
 * For the two ways above. */
struct wsock *wsock_start(struct sock *s, enum websocket_role role, struct str early,
                          const struct wsock_handler *h, void *ctx);
void wsock_set_handler(struct wsock *ws, const struct wsock_handler *h, void *ctx);
/* Other times than WSOCK_ALIVE_MS and WSOCK_STALL_MS, for tests. Before the first message. */
void wsock_set_patience(struct wsock *ws, uint64_t alive_ms, uint64_t stall_ms);
/* Sends a message; it is sent or copied before this returns. False: more than WSOCK_HIGH_WATER
 * waits, stop until on_drain. */
bool wsock_send(struct wsock *ws, struct str data, bool binary);
/* Back-pressure: no message comes after it until resumed, and nothing is read. Resuming never calls
 * back inside itself. */
void wsock_pause(struct wsock *ws);
void wsock_resume(struct wsock *ws);
/* Sends what waits, the close frame, and ends. NULL is allowed. */
void wsock_close(struct wsock *ws, int code, struct str reason);
/* Ends without a word; what waits is thrown away. NULL is allowed. */
void wsock_cut(struct wsock *ws);
