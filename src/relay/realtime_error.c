/*
 * Errors of a realtime session: our own as events, and the upstream's without its names.
 */
#include "relay/realtime_session.h"

#include "base/json_patch.h"
#include "base/json_write.h"

enum { EVENT_MAX = 64 * 1024 };

struct str realtime_error_event(struct arena *a, const struct exchange *x,
                                const struct openai_error *e, struct str cause)
{
    struct str id = x->req->request_id, text;
    struct json_writer w;
    struct sb sb;

    sb_init(&sb, EVENT_MAX);
    jw_init(&w, &sb);
    jw_object(&w);
    jw_key_str(&w, STR("event_id"), str_concat(a, (struct str[]){STR("evt_"), id}, 2));
    jw_key_str(&w, STR("type"), STR("error"));
    jw_key(&w, STR("error"));
    jw_object(&w);
    jw_key_str(&w, STR("message"),
               arena_fmt(a, "%.*s (request id: %.*s)", STR_ARG(e->message), STR_ARG(id)));
    jw_key_str(&w, STR("type"), e->type);
    jw_key_str(&w, STR("param"), e->param);
    jw_key_str(&w, STR("code"), e->code);
    if (cause.n > 0)
        jw_key_str(&w, STR("event_id"), cause);
    jw_end(&w);
    jw_end(&w);
    text = str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return text;
}

/* Names of the upstream's account do not go to the client; all else of the event does, as it is. */
struct str realtime_mask_error(struct exchange *x, struct str text)
{
    static const struct str names[] = {STR_INIT("message"), STR_INIT("code"), STR_INIT("param"),
                                       STR_INIT("type")};
    struct arena *a = &x->rt->scratch;
    const struct json *root, *error;
    struct json_patch *patch;
    const struct str *slices;
    size_t n;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return text;
    error = json_get(root, STR("error"));
    patch = json_patch_new(a, text, root);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str plain, masked;

        if (!json_str(a, json_get(error, names[i]), &plain))
            continue;
        masked = fault_mask(a, plain, x->channel, x->channel_key);
        if (!str_eq(masked, plain))
            json_patch_set(patch, error, names[i], json_quote(a, masked));
    }
    slices = json_patch_render(patch, &n);
    return str_concat(a, slices, n);
}

int realtime_close_code(const struct relay_fault *fault)
{
    if (fault->code == ERR_UNAVAILABLE)
        return WEBSOCKET_GOING_AWAY;
    if (fault->code == ERR_BAD_JSON)
        return WEBSOCKET_BAD_DATA;
    return err_fault_of(fault->code) == FAULT_CALLER ? WEBSOCKET_POLICY : WEBSOCKET_INTERNAL;
}
