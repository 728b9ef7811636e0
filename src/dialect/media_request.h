/*
 * media_request - what the gateway must know of a request that is neither a chat, a completion nor
 * an embedding: moderations, edits, images, speech, transcriptions, rerank. Its body is a JSON
 * object or a form; it is sent on as it came, but for the model.
 *
 * Source: OpenAI API reference (images, audio, moderations; read 2026-11-26), Jina's and Cohere's
 * pages on rerank; relay reference 6.2, 8.4, 14; providers reference 1.13, 2.5-2.7, 8.4. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "dialect/peek.h"

struct media_request {
    struct str model; /* that is asked for: named, or the usual one of the mode */
    struct str named; /* where the body names it: the JSON value, or the body of the form's part.
                         STR_NULL: nowhere */
    struct str usual; /* what the upstream is told when no model was named */
    bool is_form;
    struct str boundary;  /* of the form; a slice of the Content-Type */
    struct str text;      /* what is to be drawn, spoken, changed, or asked; empty where it is no
                             plain text */
    struct str documents; /* rerank: the raw JSON list */
    struct str size, quality; /* as named, or the usual ones of an image */
    bool size_is_void;        /* the body says "empty", which no upstream knows */
    int64_t n;                /* images, at least 1 */
    int64_t partial_images;   /* that a stream shows on the way to each image; 0: no stream */
    bool stream;              /* events are wanted */
    struct str file;          /* transcriptions: what was recorded */
};

/* Is it one of these modes? */
bool media_mode(enum relay_mode mode);
bool media_mode_draws(enum relay_mode mode);       /* images in any way */
bool media_mode_transcribes(enum relay_mode mode); /* and translations of speech */

/*
 * Checks the body and takes out what counts; what is longer than a word lies in the body or in the
 * arena. A form that could be read in two ways (codec/multipart.h), or that names a member above
 * twice, is refused. Codes: ERR_BAD_JSON, ERR_BAD_TEXT_REQUEST, ERR_BAD_IMAGE_REQUEST,
 * ERR_BAD_AUDIO_REQUEST, ERR_BAD_QUERY, ERR_BAD_DOCUMENTS with the texts of relay reference 8.4 and
 * 14.
 */
MUST_CHECK enum err_code media_request_read(struct arena *a, struct str body,
                                            struct str content_type, enum relay_mode mode,
                                            struct media_request *out, struct err *err);

/*
 * The same of what has come so far of a form: true when that names a model and the file has begun,
 * which is as much as the request can be sent on with. `out` then knows nothing of what follows,
 * and of the file its beginning. False: not yet, or never; what is wrong is told when all is read.
 */
bool media_request_begin(struct str body, struct str content_type, enum relay_mode mode,
                         struct media_request *out);

/* The form with another model, as slices of it and of the arena: the bytes of the part, or a part
 * of its own before the others where none was. */
const struct str *media_request_rename(struct arena *a, struct str body,
                                       const struct media_request *r, struct str model,
                                       size_t *count);
