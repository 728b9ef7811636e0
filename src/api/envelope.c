#include "api/envelope.h"

#include "base/text.h"
#include "dialect/openai_error.h"

static struct json_writer *open_envelope(struct api_call *c, bool success)
{
    c->reply = REPLY_OPEN;
    jw_object(&c->writer);
    jw_key_bool(&c->writer, STR("success"), success);
    return &c->writer;
}

struct json_writer *reply_members(struct api_call *c, bool success, struct str message)
{
    jw_key_str(open_envelope(c, success), STR("message"), message);
    return &c->writer;
}

struct json_writer *reply_data(struct api_call *c)
{
    jw_key(reply_members(c, true, STR_NULL), STR("data"));
    return &c->writer;
}

struct json_writer *reply_data_only(struct api_call *c)
{
    jw_key(open_envelope(c, true), STR("data"));
    return &c->writer;
}

enum err_code reply_message(struct api_call *c, enum message m)
{
    reply_members(c, true, message_text(m, c->english));
    return ERR_OK;
}

struct json_writer *reply_whole(struct api_call *c)
{
    c->reply = REPLY_WHOLE;
    return &c->writer;
}

enum err_code(api_fail)(struct api_call *c, enum message m)
{
    c->message = message_text(m, c->english);
    return ERR_BAD_REQUEST;
}

enum err_code(api_fail_arg)(struct api_call *c, enum message m, struct str arg)
{
    struct str text = message_text(m, c->english);
    ptrdiff_t at = str_find(text, STR("{}"));

    assert(at >= 0);
    c->message = arena_fmt(c->arena, "%.*s%.*s%.*s", (int)at, text.p,
                           STR_ARG(utf8_prefix(arg, 300)), STR_ARG(str_skip(text, (size_t)at + 2)));
    return ERR_BAD_REQUEST;
}

enum err_code(api_fail_status)(struct api_call *c, int status, enum message m)
{
    c->status = status;
    return api_fail(c, m);
}

enum err_code(api_fail_text)(struct api_call *c, struct str text)
{
    c->message = str_dup(c->arena, text);
    return ERR_BAD_REQUEST;
}

enum err_code(api_fail_not_found)(struct api_call *c)
{
    c->message = STR("record not found");
    return ERR_BAD_REQUEST;
}

/* Billing tools read OpenAI's error object (admin-api 1.4). */
static struct str openai_failure(struct api_call *c, struct str message)
{
    const struct openai_error e = {.message = message, .type = STR("new_api_error")};

    return openai_error_write(c->arena, &e, c->req->request_id);
}

static struct str failure(struct api_call *c)
{
    struct str message = c->message.p ? c->message : str_from(c->err.msg);

    if (message.n == 0)
        message = message_text(MSG_INTERNAL, c->english);
    if (c->route->flags & API_ROUTE_OPENAI)
        return openai_failure(c, message);
    sb_reset(&c->body);
    jw_init(&c->writer, &c->body);
    reply_members(c, false, message);
    jw_end(&c->writer);
    return sb_str(&c->body);
}

struct str envelope_finish(struct api_call *c, enum err_code rc)
{
    if (rc != ERR_OK)
        return failure(c);
    if (c->reply == REPLY_NONE)
        reply_members(c, true, STR_NULL);
    if (c->reply == REPLY_OPEN)
        jw_end(&c->writer);
    if (sb_failed(&c->body)) {
        c->status = 500;
        api_fail(c, MSG_INTERNAL);
        return failure(c);
    }
    return sb_str(&c->body);
}
