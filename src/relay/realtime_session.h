/*
 * realtime_session - what the files of a realtime session share: opening (realtime_open.c), the
 * pumps (realtime.c), accounting (realtime_charge.c), errors (realtime_error.c).
 *
 * What a callback may do to the exchange, up to its end, is done last in it: realtime_act() runs
 * the steps, and after it the session may be gone.
 *
 * A session may last for an hour and a thousand responses, so what is made for one message lives in
 * `scratch`, which the charge borrows as the exchange's arena.
 */
#pragma once
#include "billing/realtime_meter.h"
#include "relay/realtime.h"

enum { SCRATCH_BYTES = 4096 };

struct realtime {
    struct wsock *up, *client; /* NULL: not yet, or no more */
    struct str protocol;       /* that the client is told was chosen; may be empty */
    bool beta, by_protocols;   /* the client spoke of the beta; it sent sub-protocols */
    bool transcribes;          /* intent=transcription: there are no responses */
    bool open;                 /* the client had its WebSocket */
    bool client_full;          /* it takes no more for now */
    bool reserving, ending;    /* the next response's reservation is waited for; only for that */
    int64_t responding;        /* responses that have begun and not ended */
    uint64_t begun_us;         /* when the one that runs was begun */
    int close_code;            /* for the client, when there is no fault */
    struct str close_reason;
    struct realtime_meter meter;
    struct arena scratch;
};

/* What is to be done when a callback is through. */
enum action { GO_ON, RESERVE, END };

/* realtime.c */
extern const struct wsock_handler realtime_client_handler, realtime_upstream_handler;

/* realtime_open.c: the upstream's first message opens the client's WebSocket, or is a refusal.
 * False: there is no session, and the exchange may be gone. */
bool realtime_take_first(struct exchange *x, struct str text, bool binary);

/* realtime_charge.c: each says what is to be done then. */
/* A response has ended: it is paid before the client hears of it. */
enum action realtime_response_done(struct exchange *x, const struct realtime_event *ev);
/* So has the transcription of a piece of audio. */
enum action realtime_transcribed(struct exchange *x, const struct realtime_event *ev);
/* The session ends: charges what was counted of a response that is cut. */
void realtime_charge_rest(struct exchange *x, enum outcome outcome);

/* realtime_error.c */
/* x->fault as an event of the session (relay reference 8.1), in the exchange's arena. */
struct str realtime_error_event(struct exchange *x);
/* The upstream's error event without names of its account; in the session's scratch. */
struct str realtime_mask_error(struct exchange *x, struct str text);
/* With which code the client's WebSocket is closed. */
int realtime_close_code(const struct relay_fault *fault);
