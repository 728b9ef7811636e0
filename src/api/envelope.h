/*
 * envelope - the one place where replies of the management API get their form (admin-api 1.1).
 *
 * A handler writes the value of `data` into a JSON writer, or nothing; or it sets a failure and
 * returns its code. Nothing is sent before the handler has returned.
 */
#pragma once
#include "api/call.h"

/* {"success":true,"message":"","data": ... - the caller writes one value, and may write further
 * members (key and value) beside it. Closed by the framework. */
struct json_writer *reply_data(struct api_call *c);
/* The same without the member `message`, for the routes that have none. */
struct json_writer *reply_data_only(struct api_call *c);
/* {"success":..,"message":.. - the caller adds members. */
struct json_writer *reply_members(struct api_call *c, bool success, struct str message);
/* Success with a text and no data. */
enum err_code reply_message(struct api_call *c, enum message m);
/* A body that is not an envelope: the caller writes one whole value. */
struct json_writer *reply_whole(struct api_call *c);

/* Sets the failure's text in the caller's language and returns ERR_BAD_REQUEST. The HTTP status
 * stays 200. `arg` stands where the text has "{}". */
enum err_code api_fail(struct api_call *c, enum message m);
enum err_code api_fail_arg(struct api_call *c, enum message m, struct str arg);
/* The same with another HTTP status. */
enum err_code api_fail_status(struct api_call *c, int status, enum message m);
/* A text that is not in the table: that of another program, or of a library. Copied. */
enum err_code api_fail_text(struct api_call *c, struct str text);
/* What any lookup by id says that finds nothing: "record not found". */
enum err_code api_fail_not_found(struct api_call *c);
#define api_fail(...)           err_failure(api_fail(__VA_ARGS__))
#define api_fail_arg(...)       err_failure(api_fail_arg(__VA_ARGS__))
#define api_fail_status(...)    err_failure(api_fail_status(__VA_ARGS__))
#define api_fail_text(...)      err_failure(api_fail_text(__VA_ARGS__))
#define api_fail_not_found(...) err_failure(api_fail_not_found(__VA_ARGS__))

/* After the handler: closes what is open, or writes the failure. The body holds as long as the
 * call. */
struct str envelope_finish(struct api_call *c, enum err_code rc);
