#include "provider/realtime_url.h"

#include "base/sb.h"
#include "base/text.h"

/* Members of the query that name what the gateway decides, or a key of its own. */
static bool is_replaced(struct str name)
{
    static const struct str names[] = {STR_INIT("model"), STR_INIT("deployment"),
                                       STR_INIT("api-version"), STR_INIT("api-key")};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(names[i], name))
            return true;
    }
    return false;
}

/* What the client has said beside that ("intent=transcription"), each with '&' before it. */
static struct str rest_of_query(const struct provider_call *call, struct arena *a)
{
    CLEANUP(sb_finip) struct sb rest;

    sb_init(&rest, call->query.n + 1);
    STR_SPLIT_EACH (pair, call->query, '&') {
        struct str value = pair;

        if (is_replaced(str_cut(&value, '=')))
            continue;
        sb_add_char(&rest, '&');
        sb_add(&rest, pair);
    }
    return str_dup(a, sb_str(&rest));
}

struct str realtime_url_openai(const struct provider_call *call, struct arena *a, struct str base,
                               struct str path)
{
    return str_concat(a,
                      (struct str[]){base, path, STR("?model="), url_encode(a, call->model),
                                     rest_of_query(call, a)},
                      5);
}

struct str realtime_url_azure(const struct provider_call *call, struct arena *a, struct str base,
                              struct str deployment, struct str version)
{
    static const struct str current = STR_INIT("/openai/v1");

    if (str_ends(base, current))
        base = str_sub(base, 0, base.n - current.n);
    if (call->realtime_beta)
        return str_concat(a,
                          (struct str[]){base, STR("/openai/realtime?api-version="),
                                         url_encode(a, version), STR("&deployment="), deployment,
                                         rest_of_query(call, a)},
                          6);
    return str_concat(
        a,
        (struct str[]){base, STR("/openai/v1/realtime?model="), deployment, rest_of_query(call, a)},
        4);
}

void realtime_headers_openai(const struct provider_call *call, struct arena *a,
                             struct provider_headers *out)
{
    struct str key = secret_reveal(call->key);

    provider_add_header(out, STR("Authorization"),
                        str_concat(a, (struct str[]){STR("Bearer "), key}, 2));
    if (call->organization.n > 0)
        provider_add_header(out, STR("OpenAI-Organization"), call->organization);
    if (call->realtime_beta)
        provider_add_header(out, STR("OpenAI-Beta"), STR("realtime=v1"));
}
