/*
 * Errors of Anthropic's dialect: {"type":"error","error":{"type","message"}}, in a stream as an
 * event of its own. The type follows from the status.
 */
#include "base/text.h"
#include "dialect/claude.h"

enum { ERROR_LIMIT = 64 * 1024 };

static const struct {
    int status;
    struct str type;
} types[] = {
    {400, STR_INIT("invalid_request_error")}, {401, STR_INIT("authentication_error")},
    {402, STR_INIT("billing_error")},         {403, STR_INIT("permission_error")},
    {404, STR_INIT("not_found_error")},       {408, STR_INIT("timeout_error")},
    {409, STR_INIT("conflict_error")},        {413, STR_INIT("request_too_large")},
    {429, STR_INIT("rate_limit_error")},      {500, STR_INIT("api_error")},
    {503, STR_INIT("overloaded_error")},      {504, STR_INIT("timeout_error")},
    {529, STR_INIT("overloaded_error")},
};

static struct str type_of(int status)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (types[i].status == status)
            return types[i].type;
    }
    return status >= 400 && status < 500 ? STR("invalid_request_error") : STR("api_error");
}

int claude_error_status(struct str type)
{
    int status = 0;

    for (size_t i = 0; i < ARRAY_LEN(types); i++) { /* the last one is the usual one */
        if (str_eq(types[i].type, type))
            status = types[i].status;
    }
    return status;
}

static void write_object(struct json_writer *w, int status, const struct openai_error *error)
{
    jw_object(w);
    jw_key_str(w, STR("type"), STR("error"));
    jw_key(w, STR("error"));
    jw_object(w);
    jw_key_str(w, STR("type"), type_of(status));
    jw_key_str(w, STR("message"), error->message);
    jw_end(w);
    jw_end(w);
}

/* A message that passes the limit is cut: an error must not be lost for its length. */
static struct openai_error shortened(const struct openai_error *error)
{
    struct openai_error e = *error;

    e.message = utf8_prefix(e.message, ERROR_LIMIT / 8);
    return e;
}

static struct str write_body(struct arena *a, int status, const struct openai_error *error,
                             bool framed)
{
    const struct openai_error e = shortened(error);
    struct sb sb, frame;
    struct json_writer w;
    struct str text;

    sb_init(&sb, ERROR_LIMIT);
    sb_init(&frame, 2 * (size_t)ERROR_LIMIT);
    jw_init(&w, &sb);
    write_object(&w, status, &e);
    if (framed)
        sse_write_event(&frame, STR("error"), sb_str(&sb));
    text = str_dup(a, sb_str(framed ? &frame : &sb));
    sb_fini(&sb);
    sb_fini(&frame);
    return text;
}

struct str claude_write_error(struct arena *a, int status, const struct openai_error *error)
{
    return write_body(a, status, error, false);
}

struct str claude_write_stream_error(struct arena *a, int status, const struct openai_error *error)
{
    return write_body(a, status, error, true);
}
