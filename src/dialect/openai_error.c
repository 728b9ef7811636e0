#include "dialect/openai_error.h"

#include "base/json.h"
#include "base/json_write.h"

enum { ERROR_TEXT_LIMIT = 64 * 1024 };

struct str openai_error_write(struct arena *a, const struct openai_error *e, struct str request_id)
{
    struct sb sb;
    struct json_writer w;
    struct str message = e->message;

    if (request_id.n > 0)
        message = arena_fmt(a, "%.*s (request id: %.*s)", STR_ARG(e->message), STR_ARG(request_id));
    sb_init(&sb, ERROR_TEXT_LIMIT);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_key_str(&w, STR("message"), message);
    jw_key_str(&w, STR("type"), e->type);
    jw_key_str(&w, STR("param"), e->param);
    if (e->code_raw.n > 0)
        jw_key_raw(&w, STR("code"), e->code_raw);
    else
        jw_key_str(&w, STR("code"), e->code);
    jw_end(&w);
    jw_end(&w);
    struct str text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

static bool read_object(struct arena *a, const struct json *error, struct openai_error *out)
{
    struct str message = json_str_or_null(a, json_get(error, STR("message")));
    const struct json *code = json_get(error, STR("code"));
    struct str type = json_str_or_null(a, json_get(error, STR("type")));

    if (message.n == 0)
        return false;
    out->message = message;
    if (type.n > 0)
        out->type = type;
    out->param = json_str_or_null(a, json_get(error, STR("param")));
    if (json_is(code, JSON_STRING))
        out->code = json_str_or_null(a, code);
    else if (json_is(code, JSON_NUMBER) || json_is(code, JSON_NULL))
        out->code_raw = json_raw(code);
    else
        out->code = STR("");
    return true;
}

/* Cloudflare's errors[], the validation errors of FastAPI in detail[], Fireworks' fault, Bedrock's
 * capital letter. */
static struct str find_nested_text(struct arena *a, const struct json *root)
{
    const struct json *const places[] = {
        json_get(json_at(json_get(root, STR("errors")), 0), STR("message")),
        json_get(json_at(json_get(root, STR("detail")), 0), STR("msg")),
        json_get(json_get(root, STR("detail")), STR("message")),
        json_get(json_get(root, STR("fault")), STR("faultstring")),
        json_get(root, STR("Message")),
    };
    struct str text = STR_NULL;

    for (size_t i = 0; i < ARRAY_LEN(places) && text.n == 0; i++)
        text = json_str_or_null(a, places[i]);
    return text;
}

/* Other shapes that are seen in the wild, first hit wins. */
static struct str find_text(struct arena *a, const struct json *root)
{
    static const struct str names[] = {STR_INIT("message"), STR_INIT("msg"),
                                       STR_INIT("err"),     STR_INIT("error_msg"),
                                       STR_INIT("error"),   STR_INIT("detail")};
    struct str text = STR_NULL;

    for (size_t i = 0; i < ARRAY_LEN(names) && text.n == 0; i++)
        text = json_str_or_null(a, json_get(root, names[i]));
    if (text.n == 0)
        text = json_str_or_null(a, json_get(json_get(root, STR("header")), STR("message")));
    if (text.n == 0)
        text = json_str_or_null(
            a, json_get(json_get(json_get(root, STR("response")), STR("error")), STR("message")));
    if (text.n == 0)
        text = find_nested_text(a, root);
    return text;
}

bool openai_error_read(struct arena *a, struct str body, int status, struct openai_error *out)
{
    const struct json *root;

    *out = (struct openai_error){
        .message = arena_fmt(a, "bad response status code %d", status),
        .type = STR("upstream_error"),
        .param = arena_fmt(a, "%d", status),
        .code = STR("bad_response_status_code"),
    };
    if (json_read(a, body, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return false;
    if (json_is(root, JSON_ARRAY)) /* Gemini wraps its errors in an array */
        root = json_at(root, 0);
    if (read_object(a, json_get(root, STR("error")), out))
        return true;
    struct str text = find_text(a, root);
    if (text.n > 0)
        out->message = text;
    return text.n > 0;
}

struct str openai_error_type(int status)
{
    static const struct {
        int status;
        struct str type;
    } rows[] = {
        {401, STR_INIT("authentication_error")},
        {403, STR_INIT("permission_error")},
        {404, STR_INIT("not_found_error")},
        {429, STR_INIT("rate_limit_error")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].status == status)
            return rows[i].type;
    }
    return status >= 400 && status < 500 ? STR("invalid_request_error") : STR("server_error");
}
