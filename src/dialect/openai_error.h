/*
 * openai_error - the error object of OpenAI's dialect, written and read. Pure.
 *
 * Source: relay reference 8.1 and 8.3; OpenAI API reference, "Error codes".
 */
#pragma once
#include "base/arena.h"

/* The members of an error object. All borrowed. */
struct openai_error {
    struct str message, type, param, code;
    struct str code_raw; /* the code's JSON text when it was not a string (a number, null); else
                            STR_NULL */
};

/* {"error":{"message":"... (request id: ID)","type":..,"param":..,"code":..}}; an empty request_id
 * adds nothing. */
struct str openai_error_write(struct arena *a, const struct openai_error *e, struct str request_id);

/* The type that OpenAI gives to a status, for errors that come without one. Static. */
struct str openai_error_type(int status);

/*
 * Reads what an upstream sent with a status that is not 200: the error object (bare, as the one
 * element of a list as Google sends it, beside a type as Anthropic does), or the first of message,
 * msg, err, error_msg, a bare string in error or detail, header.message, response.error.message,
 * errors[0].message, detail[0].msg, detail.message, fault.faultstring, Message. False when no text
 * was found; `out` then holds "bad response status code N", type upstream_error, code
 * bad_response_status_code.
 */
bool openai_error_read(struct arena *a, struct str body, int status, struct openai_error *out);
