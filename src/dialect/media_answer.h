/*
 * media_answer - what decides about the answer of a mode of media_request.h: is it one, and what
 * was used. Whole answers and events of a stream, read from the raw JSON. Pure.
 *
 * Source: OpenAI API reference ("The image generation streaming events", "Speech streaming
 * events", "Transcription streaming events", usage objects; read 2026-11-26), Cohere's page on
 * rerank (meta.billed_units); providers reference 2.5-2.7, 8.4.
 */
#pragma once
#include "base/str.h"
#include "dialect/peek.h"

struct media_answer {
    bool is_object; /* false: nothing below is set */
    bool has_error; /* an `error` member that is an object or a non-empty string */
    bool has_result;
    bool has_usage;           /* `usage` is set */
    bool tells_usage;         /* in a member that the client will look for */
    bool is_end;              /* an event: the last one of its kind */
    bool is_partial;          /* an event: an image on the way to the whole one */
    struct str size, quality; /* of the images; a slice of the text, empty: not told */
    int64_t seconds;          /* of speech that was heard, rounded up; -1: not told */
    struct usage usage;       /* tokens */
};

void media_answer_read(struct str json, enum relay_mode mode, struct media_answer *out);
/* `type` is the event's own, which some servers leave out of its data; may be empty. */
void media_event_read(struct str json, struct str type, enum relay_mode mode,
                      struct media_answer *out);
