/*
 * wslay's frame level reads headers, lengths and masks; here are the rules above frames: how
 * messages are made of them, what may stand between them, and what a close frame may say. Its event
 * level is not used: it takes memory for a frame as large as the frame claims to be, and cannot
 * stop in the middle of what it has read.
 */
#include "codec/websocket.h"

#include <wslay/wslay.h>

#include "base/crypto.h"
#include "base/mem.h"
#include "base/panic.h"
#include "base/random.h"
#include "base/text.h"

enum { CONTROL_MAX = 125, KEEP_BYTES = 4096 };

struct websocket {
    wslay_frame_context_ptr frames;
    enum websocket_role role;
    size_t message_max;
    void (*send)(void *ctx, struct str bytes);
    void *ctx;
    struct str *in; /* during websocket_next(): where wslay's reads come from */
    struct sb message;
    uint64_t frame_left;  /* bytes of the frame that are still to come */
    uint8_t opcode;       /* of the message that is being read; 0: none */
    bool in_frame, given; /* the message was given out: its memory goes with the next call */
    uint8_t control[CONTROL_MAX];
    uint8_t control_n;
    bool over, closing; /* nothing is read any more; a close frame was sent */
};

/* --- what wslay asks for ---------------------------------------------------------------------- */

static ssize_t on_recv(uint8_t *buf, size_t len, int flags UNUSED, void *user)
{
    struct websocket *ws = user;
    size_t n = len < ws->in->n ? len : ws->in->n;

    if (n == 0)
        return -1;
    memcpy(buf, ws->in->p, n);
    *ws->in = str_skip(*ws->in, n);
    return (ssize_t)n;
}

static ssize_t on_send(const uint8_t *data, size_t len, int flags UNUSED, void *user)
{
    struct websocket *ws = user;

    ws->send(ws->ctx, str_make((const char *)data, len));
    return (ssize_t)len;
}

static int on_mask(uint8_t *buf, size_t len, void *user UNUSED)
{
    random_bytes(buf, len);
    return 0;
}

struct websocket *websocket_new(enum websocket_role role, size_t message_max,
                                void (*send)(void *ctx, struct str bytes), void *ctx)
{
    static const struct wslay_frame_callbacks callbacks = {
        .send_callback = on_send, .recv_callback = on_recv, .genmask_callback = on_mask};
    struct websocket *ws = mem_new(struct websocket);

    ws->role = role;
    ws->message_max = message_max > 0 ? message_max : WEBSOCKET_MESSAGE_MAX;
    ws->send = send;
    ws->ctx = ctx;
    sb_init(&ws->message, ws->message_max);
    if (wslay_frame_context_init(&ws->frames, &callbacks, ws) != 0)
        panic("no memory for a WebSocket");
    return ws;
}

void websocket_free(struct websocket *ws)
{
    if (!ws)
        return;
    wslay_frame_context_free(ws->frames);
    sb_fini(&ws->message);
    mem_free(ws);
}

/* --- reading -----------------------------------------------------------------------------------
 */

static enum websocket_result bad(struct websocket *ws, int code, const char *why,
                                 struct websocket_event *ev)
{
    ws->over = true;
    *ev = (struct websocket_event){.kind = WEBSOCKET_CLOSE, .data = str_from(why), .code = code};
    return WEBSOCKET_BAD;
}

/* What the header of a frame must not say; NULL when all is well. wslay has checked lengths, and
 * that control frames are short and whole. */
static const char *header_fault(const struct websocket *ws, const struct wslay_frame_iocb *f)
{
    if (f->rsv != 0)
        return "a reserved bit is set";
    if ((f->mask != 0) != (ws->role == WEBSOCKET_SERVER))
        return ws->role == WEBSOCKET_SERVER ? "a frame is not masked" : "a frame is masked";
    switch (f->opcode) {
    case WSLAY_CONTINUATION_FRAME:
        return ws->opcode ? NULL : "a continuation of nothing";
    case WSLAY_TEXT_FRAME:
    case WSLAY_BINARY_FRAME:
        return ws->opcode ? "a message within a message" : NULL;
    case WSLAY_CONNECTION_CLOSE:
    case WSLAY_PING:
    case WSLAY_PONG:
        return NULL;
    default:
        return "an unknown kind of frame";
    }
}

static bool code_may_come(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

static enum websocket_result on_close_frame(struct websocket *ws, struct websocket_event *ev)
{
    struct str body = str_make((const char *)ws->control, ws->control_n);

    *ev = (struct websocket_event){.kind = WEBSOCKET_CLOSE, .code = WEBSOCKET_NO_STATUS};
    if (body.n == 1)
        return bad(ws, WEBSOCKET_PROTOCOL_ERROR, "half a close code", ev);
    if (body.n >= 2) {
        ev->code = ws->control[0] << 8 | ws->control[1];
        ev->data = str_skip(body, 2);
    }
    if (body.n >= 2 && !code_may_come(ev->code))
        return bad(ws, WEBSOCKET_PROTOCOL_ERROR, "a close code that must not be sent", ev);
    if (!utf8_valid(ev->data))
        return bad(ws, WEBSOCKET_BAD_DATA, "a close reason that is not UTF-8", ev);
    ws->over = true;
    return WEBSOCKET_EVENT;
}

/* A piece of a control frame; these may stand between the frames of a message. */
static enum websocket_result take_control(struct websocket *ws, const struct wslay_frame_iocb *f,
                                          struct websocket_event *ev)
{
    if (f->data_length > 0)
        memcpy(ws->control + ws->control_n, f->data, f->data_length);
    ws->control_n = (uint8_t)(ws->control_n + f->data_length);
    if (ws->frame_left > 0)
        return WEBSOCKET_MORE;
    if (f->opcode == WSLAY_CONNECTION_CLOSE)
        return on_close_frame(ws, ev);
    *ev =
        (struct websocket_event){.kind = f->opcode == WSLAY_PING ? WEBSOCKET_PING : WEBSOCKET_PONG,
                                 .data = str_make((const char *)ws->control, ws->control_n)};
    return WEBSOCKET_EVENT;
}

static enum websocket_result give(struct websocket *ws, struct str data, struct websocket_event *ev)
{
    bool text = ws->opcode == WSLAY_TEXT_FRAME;

    ws->opcode = 0;
    ws->given = true;
    if (text && !utf8_valid(data))
        return bad(ws, WEBSOCKET_BAD_DATA, "a text that is not UTF-8", ev);
    *ev = (struct websocket_event){.kind = text ? WEBSOCKET_TEXT : WEBSOCKET_BINARY, .data = data};
    return WEBSOCKET_EVENT;
}

static enum websocket_result take_data(struct websocket *ws, const struct wslay_frame_iocb *f,
                                       struct websocket_event *ev)
{
    struct str piece = str_make((const char *)f->data, f->data_length);
    bool last = f->fin && ws->frame_left == 0;

    if (ws->frame_left > ws->message_max - ws->message.n ||
        piece.n > ws->message_max - ws->message.n - ws->frame_left)
        return bad(ws, WEBSOCKET_TOO_BIG, "the message is too large", ev);
    if (last && ws->message.n == 0) /* the usual case: it lies in wslay's buffer */
        return give(ws, piece, ev);
    sb_add(&ws->message, piece);
    return last ? give(ws, sb_str(&ws->message), ev) : WEBSOCKET_MORE;
}

/* The first piece of a frame: its header. */
static enum websocket_result begin_frame(struct websocket *ws, const struct wslay_frame_iocb *f,
                                         struct websocket_event *ev)
{
    const char *fault = header_fault(ws, f);

    if (fault)
        return bad(ws, WEBSOCKET_PROTOCOL_ERROR, fault, ev);
    ws->in_frame = true;
    ws->frame_left = f->payload_length;
    if (wslay_is_ctrl_frame(f->opcode))
        ws->control_n = 0;
    else if (f->opcode != WSLAY_CONTINUATION_FRAME)
        ws->opcode = f->opcode;
    return WEBSOCKET_MORE;
}

static enum websocket_result take(struct websocket *ws, const struct wslay_frame_iocb *f,
                                  struct websocket_event *ev)
{
    if (!ws->in_frame && begin_frame(ws, f, ev) == WEBSOCKET_BAD)
        return WEBSOCKET_BAD;
    ws->frame_left -= f->data_length;
    ws->in_frame = ws->frame_left > 0;
    return wslay_is_ctrl_frame(f->opcode) ? take_control(ws, f, ev) : take_data(ws, f, ev);
}

static void drop_given(struct websocket *ws)
{
    if (!ws->given)
        return;
    ws->given = false;
    if (ws->message.cap > KEEP_BYTES) {
        sb_fini(&ws->message);
        sb_init(&ws->message, ws->message_max);
    }
    sb_reset(&ws->message);
}

enum websocket_result websocket_next(struct websocket *ws, struct str *in,
                                     struct websocket_event *ev)
{
    enum websocket_result rc = WEBSOCKET_MORE;

    *ev = (struct websocket_event){.kind = WEBSOCKET_TEXT};
    drop_given(ws);
    ws->in = in;
    while (rc == WEBSOCKET_MORE && !ws->over) {
        struct wslay_frame_iocb frame = {0};
        ssize_t n = wslay_frame_recv(ws->frames, &frame);

        if (n == WSLAY_ERR_WANT_READ)
            break;
        rc = n < 0 ? bad(ws, WEBSOCKET_PROTOCOL_ERROR, "the frame is malformed", ev)
                   : take(ws, &frame, ev);
    }
    if (ws->over && rc == WEBSOCKET_MORE)
        *in = STR_NULL;
    ws->in = NULL;
    return rc;
}

/* --- writing -----------------------------------------------------------------------------------
 */

static void send_frame(struct websocket *ws, uint8_t opcode, struct str data)
{
    struct wslay_frame_iocb frame = {
        .fin = 1,
        .opcode = opcode,
        .payload_length = data.n,
        .mask = ws->role == WEBSOCKET_CLIENT,
        .data = (const uint8_t *)data.p,
        .data_length = data.n,
    };
    ssize_t sent = wslay_frame_send(ws->frames, &frame);

    /* on_send() takes everything, so there is nothing that could be left. */
    assert(sent == (ssize_t)data.n);
    (void)sent;
}

void websocket_send(struct websocket *ws, enum websocket_kind kind, struct str data)
{
    static const uint8_t opcodes[] = {
        [WEBSOCKET_TEXT] = WSLAY_TEXT_FRAME,
        [WEBSOCKET_BINARY] = WSLAY_BINARY_FRAME,
        [WEBSOCKET_PING] = WSLAY_PING,
        [WEBSOCKET_PONG] = WSLAY_PONG,
        [WEBSOCKET_CLOSE] = WSLAY_CONNECTION_CLOSE,
    };

    if (ws->closing)
        return;
    if (kind == WEBSOCKET_PING || kind == WEBSOCKET_PONG)
        data = str_sub(data, 0, CONTROL_MAX);
    send_frame(ws, opcodes[kind], data);
}

void websocket_close(struct websocket *ws, int code, struct str reason)
{
    char body[CONTROL_MAX];
    size_t n = 0;

    if (ws->closing)
        return;
    if (code_may_come(code)) {
        reason = utf8_prefix(reason, WEBSOCKET_REASON_MAX);
        body[0] = (char)(code >> 8);
        body[1] = (char)(code & 0xff);
        if (reason.n > 0)
            memcpy(body + 2, reason.p, reason.n);
        n = reason.n + 2;
    }
    send_frame(ws, WSLAY_CONNECTION_CLOSE, str_make(body, n));
    ws->closing = true;
}

/* --- the handshake -----------------------------------------------------------------------------
 */

struct str websocket_accept(struct arena *a, struct str key)
{
    uint8_t digest[SHA1_BYTES];
    const struct str parts[] = {key, STR("258EAFA5-E914-47DA-95CA-C5AB0DC85B11")};

    sha1(str_concat(a, parts, ARRAY_LEN(parts)), digest);
    return base64_encode(a, str_make((const char *)digest, sizeof digest));
}

bool websocket_key_ok(struct arena *a, struct str key)
{
    struct str bytes;

    return base64_decode(a, key, &bytes) && bytes.n == WEBSOCKET_KEY_BYTES;
}
