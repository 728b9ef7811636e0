/*
 * err - what went wrong, as one table and one small struct in the caller's frame.
 *
 * A function that can fail returns `enum err_code`, is MUST_CHECK, and fills `err` where the fact
 * is known; callers pass it through or add one layer with err_wrap(). `err` may be NULL where the
 * caller needs only the code. On success `err` is left untouched. The table is also the mapping to
 * the client: no other place knows a status for an error.
 */
#pragma once
#include "base/attr.h"

/* Whose fault it is, decided before any rule (retry, disabling a channel) acts. */
enum err_fault {
    FAULT_NONE,
    FAULT_CALLER,   /* the request, the key, the balance */
    FAULT_GATEWAY,  /* our program, our database, our settings */
    FAULT_CHANNEL,  /* the operator's account at the upstream: key, quota, address */
    FAULT_UPSTREAM, /* the provider: overload, cut, garbage */
};

/*
 * name, HTTP status, fault, `code` of the error object sent to the client (relay reference,
 * section 8.4).
 */
#define ERR_MAP(X)                                                                                 \
    X(OK, 200, FAULT_NONE, "")                                                                     \
    X(BAD_REQUEST, 400, FAULT_CALLER, "invalid_request")                                           \
    X(BAD_TEXT_REQUEST, 400, FAULT_CALLER, "invalid_text_request")                                 \
    X(BAD_RESPONSES_REQUEST, 400, FAULT_CALLER, "invalid_responses_request")                       \
    X(BAD_CLAUDE_REQUEST, 400, FAULT_CALLER, "invalid_claude_request")                             \
    X(BAD_EMBEDDING_REQUEST, 400, FAULT_CALLER, "invalid_embedding_request")                       \
    X(BAD_JSON, 400, FAULT_CALLER, "invalid_json")                                                 \
    X(BAD_IMAGE_REQUEST, 400, FAULT_CALLER, "invalid_image_request")                               \
    X(BAD_AUDIO_REQUEST, 400, FAULT_CALLER, "invalid_audio_request")                               \
    X(BAD_QUERY, 400, FAULT_CALLER, "invalid_query")                                               \
    X(BAD_DOCUMENTS, 400, FAULT_CALLER, "invalid_documents")                                       \
    X(SENSITIVE, 400, FAULT_CALLER, "sensitive_words_detected")                                    \
    X(UNAUTHORIZED, 401, FAULT_CALLER, "invalid_api_key")                                          \
    X(FORBIDDEN, 403, FAULT_CALLER, "access_denied")                                               \
    X(NO_USER_QUOTA, 403, FAULT_CALLER, "insufficient_user_quota")                                 \
    X(NO_TOKEN_QUOTA, 403, FAULT_CALLER, "pre_consume_token_quota_failed")                         \
    X(NOT_FOUND, 404, FAULT_CALLER, "not_found")                                                   \
    X(METHOD, 405, FAULT_CALLER, "method_not_allowed")                                             \
    X(TIMEOUT, 408, FAULT_CALLER, "request_timeout")                                               \
    X(CONFLICT, 409, FAULT_CALLER, "conflict")                                                     \
    X(TOO_LARGE, 413, FAULT_CALLER, "request_too_large")                                           \
    X(MEDIA_TYPE, 415, FAULT_CALLER, "unsupported_media_type")                                     \
    X(RATE_LIMITED, 429, FAULT_CALLER, "rate_limit_exceeded")                                      \
    X(HEADERS_TOO_LARGE, 431, FAULT_CALLER, "headers_too_large")                                   \
    X(CLIENT_GONE, 499, FAULT_CALLER, "client_gone")                                               \
    X(INTERNAL, 500, FAULT_GATEWAY, "internal_error")                                              \
    X(MODEL_PRICE, 500, FAULT_GATEWAY, "model_price_error")                                        \
    X(MODEL_MAPPING, 500, FAULT_GATEWAY, "model_mapped_error")                                     \
    X(CONVERT, 500, FAULT_GATEWAY, "convert_request_failed")                                       \
    X(NOT_IMPLEMENTED, 501, FAULT_CALLER, "api_not_implemented")                                   \
    X(NO_CHANNEL, 503, FAULT_GATEWAY, "no_available_channel")                                      \
    X(UNAVAILABLE, 503, FAULT_GATEWAY, "service_unavailable")                                      \
    X(DB, 500, FAULT_GATEWAY, "query_data_error")                                                  \
    X(IO, 500, FAULT_GATEWAY, "io_error")                                                          \
    X(CHANNEL, 502, FAULT_CHANNEL, "channel_error")                                                \
    X(CONNECT, 502, FAULT_UPSTREAM, "do_request_failed")                                           \
    X(TLS, 502, FAULT_UPSTREAM, "do_request_failed")                                               \
    X(UPSTREAM_STATUS, 502, FAULT_UPSTREAM, "bad_response_status_code")                            \
    X(UPSTREAM_BODY, 502, FAULT_UPSTREAM, "bad_response_body")                                     \
    X(UPSTREAM_EMPTY, 502, FAULT_UPSTREAM, "empty_response")                                       \
    X(UPSTREAM_CUT, 502, FAULT_UPSTREAM, "upstream_cut")                                           \
    X(UPSTREAM_TIMEOUT, 504, FAULT_UPSTREAM, "upstream_timeout")

enum err_code {
#define X(name, status, fault, code) ERR_##name,
    ERR_MAP(X)
#undef X
};

struct err {
    enum err_code code;
    char msg[200]; /* for people: never parsed, never holds a key or a prompt; ends with NUL */
};

/* Sets code and text and returns the code, which is not ERR_OK, so that
 * `return err_set(err, ERR_X, ...)` reads well. */
enum err_code err_set(struct err *err, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* Puts "text: " before the text that is there; returns err->code (ERR_INTERNAL for a NULL err). */
enum err_code err_wrap(struct err *err, const char *format, ...) PRINTF_LIKE(2, 3);

/*
 * The code of a failure as it is. Around a call in another file it tells the analyser, which reads
 * one file at a time, that the call never returns ERR_OK; the definition then has its name in
 * parentheses.
 */
static inline enum err_code err_failure(enum err_code code)
{
    assert_slow(code != ERR_OK);
    return code;
}
#define err_set(err, ...)  err_failure(err_set(err, __VA_ARGS__))
#define err_wrap(err, ...) err_failure(err_wrap(err, __VA_ARGS__))

int err_status(enum err_code code);              /* HTTP status */
enum err_fault err_fault_of(enum err_code code); /* whose fault */
const char *err_client_code(enum err_code code); /* `code` of the error object; static */
const char *err_name(enum err_code code);        /* "BAD_REQUEST"; static, for logs */

/* Early return on an error, for the straight-line code of repositories and handlers. */
#define TRY(call)                                                                                  \
    do {                                                                                           \
        enum err_code try_rc = (call);                                                             \
        if (try_rc != ERR_OK)                                                                      \
            return try_rc;                                                                         \
    } while (0)
