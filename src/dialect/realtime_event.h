/*
 * realtime_event - the events of OpenAI's realtime API, as far as the gateway must know them. Pure.
 *
 * Source: providers reference 2.9; relay reference 15. An event is a JSON object in a text message,
 * in both directions. The beta protocol and the current one differ in names; both are known here,
 * and nobody else has to know which of them is spoken.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/usage.h"

enum realtime_kind {
    REALTIME_OTHER,
    /* of the client */
    REALTIME_SESSION_UPDATE,
    REALTIME_AUDIO_APPEND,
    REALTIME_ITEM_CREATE,
    REALTIME_RESPONSE_CREATE,
    /* of the upstream */
    REALTIME_SESSION, /* was created or updated */
    REALTIME_ITEM,    /* joined the conversation */
    REALTIME_RESPONSE_CREATED,
    REALTIME_TEXT_DELTA, /* text, transcript, or arguments of a function */
    REALTIME_AUDIO_DELTA,
    REALTIME_RESPONSE_DONE,
    REALTIME_TRANSCRIBED, /* input audio */
    REALTIME_ERROR,
};

struct realtime_event {
    enum realtime_kind kind;
    /* Raw JSON of the member that the kind is about: session, audio, response, item, delta, usage,
     * error. A slice of the text; STR_NULL when it is not there. */
    struct str about;
};

/* Checks the whole text as strictly as json_read(): ERR_BAD_JSON when it is no JSON object. */
MUST_CHECK enum err_code realtime_event_read(struct arena *a, struct str text,
                                             struct realtime_event *out, struct err *err);

/* How a response ended. */
struct realtime_response {
    struct usage usage;
    bool has_usage; /* and something is in it */
    bool failed;    /* status "failed" */
};
/* `raw`: about of RESPONSE_DONE. */
void realtime_response_read(struct arena *a, struct str raw, struct realtime_response *out);
/* `raw`: a usage object; false when it is none, or counts no tokens. Cached tokens that are not
 * told apart count as text. */
bool realtime_usage_read(struct arena *a, struct str raw, struct usage *out);

/* Bytes of audio a second, 0 where the session does not say: `raw` is about of SESSION. */
struct realtime_formats {
    int64_t in_rate, out_rate;
};
void realtime_formats_read(struct arena *a, struct str raw, struct realtime_formats *out);
/* Is it one that only transcribes, and makes no responses? `raw` is about of SESSION. */
bool realtime_session_transcribes(struct arena *a, struct str raw);
/* Bytes of audio in a base64 string as it stands in JSON, quotes included. */
int64_t realtime_audio_bytes(struct str raw);
/* The name that the sender gave the event, "" for none; in `a` where it has escapes. */
struct str realtime_event_id(struct arena *a, struct str text);
/* The HTTP status that an error (about of ERROR) would have had as a reply. */
int realtime_error_status(struct arena *a, struct str raw);
