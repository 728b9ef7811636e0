/*
 * Azure OpenAI: OpenAI's models behind the operator's own resource, one deployment a model.
 *
 * Source: providers reference 3.1-3.3; relay reference 9.5.
 */
#include "base/text.h"
#include "provider/openai_rules.h"
#include "provider/provider_parts.h"
#include "provider/realtime_url.h"

/* Deployments of channels that are older have no dots in their names: 2025-05-10 00:00 UTC. */
enum { DOTS_SINCE_S = 1746835200 };

static const struct str default_version = STR_INIT("2024-12-01-preview");
static const struct str cloudflare = STR_INIT("https://gateway.ai.cloudflare.com");

/* The client's, the channel's, the installation's. */
static struct str version_of(const struct provider_call *call, struct arena *a)
{
    struct str version;

    if (url_query_get(a, call->query, STR("api-version"), &version) && version.n > 0)
        return version;
    if (call->other.n > 0)
        return call->other;
    return call->azure_api_version.n > 0 ? call->azure_api_version : default_version;
}

static struct str deployment_of(const struct provider_call *call, struct arena *a)
{
    struct str name = call->model;

    if (call->channel_created_s < DOTS_SINCE_S)
        name = str_replace(a, name, STR("."), STR(""));
    return url_encode(a, name);
}

/* "chat/completions" */
static struct str task_of(const struct provider_call *call)
{
    return str_starts(call->path, STR("/v1/")) ? str_skip(call->path, 4) : call->path;
}

static struct str with_version(struct arena *a, struct str base, struct str path,
                               struct str version)
{
    return str_concat(a, (struct str[]){base, path, STR("?api-version="), url_encode(a, version)},
                      4);
}

/* The Responses API has no deployments in its path, and versions of its own. */
static struct str responses_url(const struct provider_call *call, struct arena *a, struct str base)
{
    struct str version = call->responses_version;

    if (str_has(base, STR(".cognitiveservices.azure.com")))
        return with_version(a, base, STR("/openai/responses"),
                            version.n > 0 ? version : version_of(call, a));
    return with_version(a, base, STR("/openai/v1/responses"),
                        version.n > 0 ? version : STR("preview"));
}

static enum err_code azure_url(const struct provider *p, const struct provider_call *call,
                               struct arena *a, struct str *out, struct err *err)
{
    struct str base, path;
    enum err_code rc = provider_base(p, call, &base, err);

    *out = STR_NULL;
    if (rc != ERR_OK)
        return rc;
    if (call->mode == MODE_REALTIME) {
        *out = realtime_url_azure(call, a, base, deployment_of(call, a), version_of(call, a));
        return ERR_OK;
    }
    if (str_ends(base, STR("/openai/v1"))) { /* the current API: as OpenAI's own */
        *out = provider_join(a, base, str_skip(call->path, 3), call->query);
        return ERR_OK;
    }
    if (call->dialect == DIALECT_OPENAI_RESPONSES && call->mode == MODE_CHAT) {
        *out = responses_url(call, a, base);
        return ERR_OK;
    }
    path = str_concat(
        a,
        (struct str[]){str_starts(base, cloudflare) ? STR("/") : STR("/openai/deployments/"),
                       deployment_of(call, a), STR("/"), task_of(call)},
        4);
    *out = with_version(a, base, path, version_of(call, a));
    return ERR_OK;
}

static void azure_headers(const struct provider *p UNUSED, const struct provider_call *call,
                          struct arena *a UNUSED, struct provider_headers *out)
{
    if (call->mode != MODE_REALTIME)
        provider_add_types(out, call);
    provider_add_header(out, STR("api-key"), secret_reveal(call->key));
}

const struct provider provider_azure = {
    .type = 3,
    .name = STR_INIT("azure"),
    .modes = 1u << MODE_CHAT | 1u << MODE_COMPLETIONS | 1u << MODE_EMBEDDINGS |
             1u << MODE_COUNT_TOKENS | 1u << MODE_REALTIME | 1u << MODE_IMAGES |
             1u << MODE_IMAGE_EDITS | 1u << MODE_SPEECH | 1u << MODE_TRANSCRIPTIONS |
             1u << MODE_TRANSLATIONS,
    .dialects = 1u << DIALECT_OPENAI_CHAT | 1u << DIALECT_OPENAI_RESPONSES,
    .dialect = DIALECT_OPENAI_CHAT,
    .stream_options = true,
    .url = azure_url,
    .headers = azure_headers,
    .model_name = openai_rules_name,
    .edits = openai_rules_apply,
    .edit = openai_rules_edit,
    .adapt = openai_rules_adapt,
};
