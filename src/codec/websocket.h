/*
 * websocket - the frames of a WebSocket connection behind its handshake, for both roles, over
 * wslay.
 *
 * Source: RFC 6455, sections 5 to 8 (read 2026-11-26). Pure: bytes in, messages out; what is sent
 * goes to a function of the owner. (The masks that a client must put on its frames are random.)
 *
 *     while ((rc = websocket_next(ws, &chunk, &ev)) == WEBSOCKET_EVENT)
 *         use(&ev);
 *     if (rc == WEBSOCKET_BAD)
 *         websocket_close(ws, ev.code, ev.data);
 *
 * A message of several frames is given out whole. One that came in one piece is not copied; else it
 * is gathered in a buffer that grows with what has come, never with what is announced, and is given
 * back when the message is over. No extension is known, so every reserved bit is a fault; texts are
 * checked to be UTF-8. An idle connection keeps some 4 KB: wslay's own buffer for reading.
 */
#pragma once
#include "base/sb.h"

struct websocket;

enum websocket_role { WEBSOCKET_SERVER, WEBSOCKET_CLIENT };

enum websocket_kind {
    WEBSOCKET_TEXT,
    WEBSOCKET_BINARY,
    WEBSOCKET_PING,
    WEBSOCKET_PONG,
    WEBSOCKET_CLOSE,
};

enum websocket_result {
    WEBSOCKET_MORE,  /* the chunk is used up */
    WEBSOCKET_EVENT, /* `ev` is filled, call again */
    WEBSOCKET_BAD,   /* the peer broke the protocol: `ev` has the close code and the reason to
                        send; nothing can be read any more */
};

/* Close codes of RFC 6455, section 7.4.1. */
enum {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL_ERROR = 1002,
    WEBSOCKET_NO_STATUS = 1005, /* never sent: a close frame without a code */
    WEBSOCKET_ABNORMAL = 1006,  /* never sent: the connection ended without a close frame */
    WEBSOCKET_BAD_DATA = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_INTERNAL = 1011,
    WEBSOCKET_TRY_LATER = 1013,
};

enum { WEBSOCKET_MESSAGE_MAX = 16 << 20, WEBSOCKET_REASON_MAX = 123 };

struct websocket_event {
    enum websocket_kind kind;
    struct str data; /* of the message; of CLOSE the reason. Holds until the next call */
    int code;        /* of CLOSE: what the peer sent, WEBSOCKET_NO_STATUS without one */
};

/* `message_max`: bytes of a message, 0 = WEBSOCKET_MESSAGE_MAX. `send` takes the bytes of frames in
 * their order, within websocket_send() and websocket_close(); it must take all of them. */
struct websocket *websocket_new(enum websocket_role role, size_t message_max,
                                void (*send)(void *ctx, struct str bytes), void *ctx);
void websocket_free(struct websocket *ws);

/* Takes from the front of *in. After CLOSE nothing more is given out: MORE, and *in is empty. */
enum websocket_result websocket_next(struct websocket *ws, struct str *in,
                                     struct websocket_event *ev);
/* A message in one frame, or a ping or pong (whose data is cut at 125 bytes). Nothing after
 * websocket_close(). */
void websocket_send(struct websocket *ws, enum websocket_kind kind, struct str data);
/* A close frame. A code that must not stand on the wire (1005, 1006, out of range) sends none; the
 * reason is cut at WEBSOCKET_REASON_MAX bytes. Does nothing the second time. */
void websocket_close(struct websocket *ws, int code, struct str reason);

/* --- the handshake (section 4) --- */

enum { WEBSOCKET_KEY_BYTES = 16, WEBSOCKET_ACCEPT_MAX = 32 };
struct arena;
/* Sec-WebSocket-Accept for a Sec-WebSocket-Key. */
struct str websocket_accept(struct arena *a, struct str key);
/* Is it base64 of 16 bytes? */
bool websocket_key_ok(struct arena *a, struct str key);
