/*
 * realtime_meter - what a realtime session has used since it was last asked, by our own count: for
 * upstreams that do not report the usage of a response, and for responses that are cut.
 *
 * Source: relay reference 15, billing reference 8.6. Audio is counted by its length (input 100 /
 * 0.06 tokens a minute, output 200 / 0.24), text by billing/tokens. Pure; constant memory.
 */
#pragma once
#include "billing/tokens.h"
#include "dialect/realtime_event.h"

struct realtime_meter { /* plain value; the members are private */
    struct str model;
    struct realtime_formats formats;
    int64_t in_audio_us, out_audio_us;
    int64_t in_text;         /* instructions, user's messages */
    struct token_meter text; /* of the answer */
    int64_t tool_tokens;     /* of the session's tools, for a response */
    bool produced;           /* some of an answer came */
    bool later;              /* a response has ended */
};

/* `model` is borrowed. */
void realtime_meter_init(struct realtime_meter *m, struct str model);
/* An event of either side; `a` is for scratch. */
void realtime_meter_note(struct realtime_meter *m, struct arena *a,
                         const struct realtime_event *ev);
/* Has some of an answer come since it was last asked? */
bool realtime_meter_has_output(const struct realtime_meter *m);
/* The usage of a response that has ended without one; the count begins anew. */
void realtime_meter_take(struct realtime_meter *m, struct usage *out);
/* A response has ended, and its usage is known: the count begins anew. */
void realtime_meter_reset(struct realtime_meter *m);
