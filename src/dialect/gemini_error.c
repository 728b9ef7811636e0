/*
 * Errors in Google's shape: {"error":{"code":400,"message":"...","status":"INVALID_ARGUMENT"}}.
 *
 * Source: google.rpc.Code and its mapping to HTTP; providers reference 5.10.
 */
#include "dialect/gemini.h"

static const struct {
    int status;
    struct str name;
} rows[] = {
    {400, STR_INIT("INVALID_ARGUMENT")},
    {401, STR_INIT("UNAUTHENTICATED")},
    {402, STR_INIT("FAILED_PRECONDITION")},
    {403, STR_INIT("PERMISSION_DENIED")},
    {404, STR_INIT("NOT_FOUND")},
    {408, STR_INIT("DEADLINE_EXCEEDED")},
    {409, STR_INIT("ABORTED")},
    {429, STR_INIT("RESOURCE_EXHAUSTED")},
    {499, STR_INIT("CANCELLED")},
    {500, STR_INIT("INTERNAL")},
    {501, STR_INIT("UNIMPLEMENTED")},
    {502, STR_INIT("UNAVAILABLE")},
    {503, STR_INIT("UNAVAILABLE")},
    {504, STR_INIT("DEADLINE_EXCEEDED")},
    {529, STR_INIT("UNAVAILABLE")},
};

static struct str name_of(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status)
            return rows[i].name;
    }
    return status >= 400 && status < 500 ? STR("INVALID_ARGUMENT") : STR("INTERNAL");
}

struct str gemini_write_error(struct arena *a, int status, const struct openai_error *error)
{
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, GEMINI_BUILD_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_key_i64(&w, STR("code"), status > 0 ? status : 500);
    jw_key_str(&w, STR("message"), error->message);
    jw_key_str(&w, STR("status"), name_of(status));
    jw_end(&w);
    jw_end(&w);
    return str_dup(a, sb_str(&sb));
}

struct str gemini_write_stream_error(struct arena *a, int status, const struct openai_error *error)
{
    CLEANUP(sb_finip) struct sb sb;

    sb_init(&sb, GEMINI_BUILD_LIMIT);
    sse_write_data(&sb, gemini_write_error(a, status, error));
    return str_dup(a, sb_str(&sb));
}
