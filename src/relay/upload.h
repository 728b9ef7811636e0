/*
 * upload - a request that is handed over before its body has come (HTTP_ROUTE_EARLY), private to
 * the room.
 *
 * Who calls is checked before anything else: a stranger's body is not waited for; and once more
 * when all is there. A form goes on to the upstream while it comes, as soon as it has named its
 * model and begun its file. Its closing boundary is held back until the rest has been read, too,
 * and what it costs is reserved, so that no upstream acts on what is refused here. What has come
 * stays until the end of the exchange: an attempt that fails is followed by another when all is
 * there, from the first byte on.
 */
#pragma once
#include "relay/exchange.h"

/* Begins it for an exchange whose body is not whole. */
void upload_begin(struct exchange *x);
/* ROUTE: NEXT_STEP when the body is whole, or has come as far as upload_goes_through(), or with
 * x->step at STEP_SETTLE. */
enum step_next upload_wait(struct exchange *x);
/* The form is sent on while it comes, and not all of it was read and reserved: x->asked and x->peek
 * are set as far as they are known, and no answer counts. */
bool upload_goes_through(const struct exchange *x);
/* SEND: NEXT_STEP when an attempt is due, or with x->step at STEP_SETTLE; NEXT_WAIT while one is
 * under way. */
enum step_next upload_go_on(struct exchange *x);
/* SEND: what `http` says of the body so far is the beginning of a longer one. */
void upload_describe(struct exchange *x, struct http_call_conf *http);
/* http_call_handler.on_room */
void upload_on_room(void *ctx);
/* Has the upstream not yet got all of the form, so that it can have nothing to work on? */
bool upload_is_unsent(const struct exchange *x);
/* The attempt has failed, but the answer of a job comes first: then exchange_attempt_failed() is
 * called again. */
bool upload_defers_failure(struct exchange *x);
/* It may be for the client's slowness that the attempt has failed. */
bool upload_excuses_failure(const struct exchange *x);
/* Is a job under way, whose callback goes on with the exchange? */
bool upload_has_job(const struct exchange *x);
/* Ends one that waits for its client and for nothing else; the program stops. */
void upload_stop(struct exchange *x);
