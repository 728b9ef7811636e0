/*
 * realtime_session - what the files of a realtime session share: opening (realtime_open.c), the
 * pumps (realtime.c), what a response needs (realtime_check.c), accounting (realtime_charge.c),
 * errors (realtime_error.c).
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

/* The client's message that waits until a response may run. */
struct held_message {
    struct sb data;
    bool is_held, binary;
};

/* Private to realtime_check.c. */
struct realtime_check {
    struct apikey_lookup lookup;
    enum { LOOKUP_IDLE, LOOKUP_WAITS, LOOKUP_ANSWERED } state;
    struct credential *found;
    enum err_code rc;
    bool passed;
};

struct realtime {
    struct wsock *up, *client; /* NULL: not yet, or no more */
    struct str protocol;       /* that the client is told was chosen; may be empty */
    bool beta, by_protocols;   /* the client spoke of the beta; it sent sub-protocols */
    bool transcribes;          /* the query or the upstream said so: there are no responses */
    bool open;                 /* the client had its WebSocket */
    bool client_full, up_full; /* they take no more for now */
    bool waiting;              /* for what a response needs: an account in order, a reservation */
    bool ending;               /* that is all that is waited for before the end */
    bool leaving;              /* nobody hears the upstream any more but for its usage */
    bool asked;                /* the client asked for a response that has not begun */
    int64_t responding;        /* responses that have begun and not ended */
    uint64_t begun_us;         /* when the one that runs was begun */
    int close_code;            /* for the client, when there is no fault */
    struct str close_reason;
    struct realtime_check check;
    struct held_message held;
    struct realtime_meter meter;
    struct arena scratch;
};

/* What is to be done when a callback is through. */
enum action {
    GO_ON,
    PREPARE, /* gets what the next response needs */
    LEAVE,   /* the client is gone or has to go; what runs is still paid */
    END,
};

/* realtime.c */
extern const struct wsock_handler realtime_client_handler, realtime_upstream_handler;

/* realtime_open.c: the upstream's first message opens the client's WebSocket, or is a refusal.
 * False: there is no session, and the exchange may be gone. */
bool realtime_take_first(struct exchange *x, struct str text, bool binary);

/* realtime_check.c */
/* Gets what a response needs: somebody who may have it, and a reservation, where there is none.
 * Asked again when it waited. NEXT_STEP: it is there, or the session failed with x->step at
 * STEP_SETTLE. */
enum step_next realtime_get_ready(struct exchange *x);
/* Holds what the client says a word that no prompt may hold? It has been told then. */
bool realtime_refuses(struct exchange *x, const struct realtime_event *ev, struct str text);
void realtime_check_fini(struct realtime_check *check);

/* realtime_charge.c: each says what is to be done then. */
/* A response has ended: it is paid before the client hears of it. */
enum action realtime_response_done(struct exchange *x, const struct realtime_event *ev);
/* So has the transcription of a piece of audio. */
enum action realtime_transcribed(struct exchange *x, const struct realtime_event *ev);
/* The session ends: charges what was counted of a response that is cut. */
void realtime_charge_rest(struct exchange *x, enum outcome outcome);

/* realtime_error.c */
/* An error as an event of the session (relay reference 8.1). `cause` is the name of the client's
 * event that it is about; empty: none. */
struct str realtime_error_event(struct arena *a, const struct exchange *x,
                                const struct openai_error *e, struct str cause);
/* The upstream's error event without names of its account; in the session's scratch. */
struct str realtime_mask_error(struct exchange *x, struct str text);
/* With which code the client's WebSocket is closed. */
int realtime_close_code(const struct relay_fault *fault);
