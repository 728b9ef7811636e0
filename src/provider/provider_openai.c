/*
 * OpenAI, and every server that speaks its dialect under another address.
 *
 * Source: OpenAI API reference, "Authentication"; providers reference 1.1 (URL rule) and 24 (custom
 * channels).
 */
#include "base/text.h"
#include "provider/openai_rules.h"
#include "provider/provider_parts.h"
#include "provider/realtime_url.h"

static const struct str openai_models[] = {
    STR_INIT("gpt-3.5-turbo"),
    STR_INIT("gpt-3.5-turbo-0613"),
    STR_INIT("gpt-3.5-turbo-1106"),
    STR_INIT("gpt-3.5-turbo-0125"),
    STR_INIT("gpt-3.5-turbo-16k"),
    STR_INIT("gpt-3.5-turbo-16k-0613"),
    STR_INIT("gpt-3.5-turbo-instruct"),
    STR_INIT("gpt-4"),
    STR_INIT("gpt-4-0613"),
    STR_INIT("gpt-4-1106-preview"),
    STR_INIT("gpt-4-0125-preview"),
    STR_INIT("gpt-4-32k"),
    STR_INIT("gpt-4-32k-0613"),
    STR_INIT("gpt-4-turbo-preview"),
    STR_INIT("gpt-4-turbo"),
    STR_INIT("gpt-4-turbo-2024-04-09"),
    STR_INIT("gpt-4-vision-preview"),
    STR_INIT("chatgpt-4o-latest"),
    STR_INIT("gpt-4o"),
    STR_INIT("gpt-4o-2024-05-13"),
    STR_INIT("gpt-4o-2024-08-06"),
    STR_INIT("gpt-4o-2024-11-20"),
    STR_INIT("gpt-4o-mini"),
    STR_INIT("gpt-4o-mini-2024-07-18"),
    STR_INIT("gpt-4.5-preview"),
    STR_INIT("gpt-4.5-preview-2025-02-27"),
    STR_INIT("o1-preview"),
    STR_INIT("o1-preview-2024-09-12"),
    STR_INIT("o1-mini"),
    STR_INIT("o1-mini-2024-09-12"),
    STR_INIT("o3-mini"),
    STR_INIT("o3-mini-2025-01-31"),
    STR_INIT("o3-mini-high"),
    STR_INIT("o3-mini-2025-01-31-high"),
    STR_INIT("o3-mini-low"),
    STR_INIT("o3-mini-2025-01-31-low"),
    STR_INIT("o3-mini-medium"),
    STR_INIT("o3-mini-2025-01-31-medium"),
    STR_INIT("o1"),
    STR_INIT("o1-2024-12-17"),
    STR_INIT("gpt-4o-audio-preview"),
    STR_INIT("gpt-4o-audio-preview-2024-10-01"),
    STR_INIT("gpt-4o-realtime-preview"),
    STR_INIT("gpt-4o-realtime-preview-2024-10-01"),
    STR_INIT("gpt-4o-realtime-preview-2024-12-17"),
    STR_INIT("gpt-4o-mini-realtime-preview"),
    STR_INIT("gpt-4o-mini-realtime-preview-2024-12-17"),
    STR_INIT("text-embedding-ada-002"),
    STR_INIT("text-embedding-3-small"),
    STR_INIT("text-embedding-3-large"),
    STR_INIT("text-curie-001"),
    STR_INIT("text-babbage-001"),
    STR_INIT("text-ada-001"),
    STR_INIT("text-moderation-latest"),
    STR_INIT("text-moderation-stable"),
    STR_INIT("text-davinci-edit-001"),
    STR_INIT("davinci-002"),
    STR_INIT("babbage-002"),
    STR_INIT("dall-e-3"),
    STR_INIT("whisper-1"),
    STR_INIT("tts-1"),
    STR_INIT("tts-1-1106"),
    STR_INIT("tts-1-hd"),
    STR_INIT("tts-1-hd-1106"),
    STR_INIT("gpt-4.1"),
    STR_INIT("gpt-4.1-mini"),
    STR_INIT("gpt-4.1-nano"),
    STR_INIT("gpt-5"),
    STR_INIT("gpt-5-mini"),
    STR_INIT("gpt-5-nano"),
    STR_INIT("o1-pro"),
    STR_INIT("o3"),
    STR_INIT("o3-pro"),
    STR_INIT("o4-mini"),
    STR_INIT("gpt-image-1"),
};

static void openai_headers(const struct provider *p UNUSED, const struct provider_call *call,
                           struct arena *a, struct provider_headers *out)
{
    struct str key = secret_reveal(call->key);

    if (call->mode == MODE_REALTIME) {
        realtime_headers_openai(call, a, out);
        return;
    }
    provider_add_types(out, call);
    provider_add_header(out, STR("Authorization"),
                        str_concat(a, (struct str[]){STR("Bearer "), key}, 2));
    if (call->organization.n > 0)
        provider_add_header(out, STR("OpenAI-Organization"), call->organization);
}

/* Cloudflare's AI gateway has the provider's prefix in its address already, so that /v1 is left out
 * (providers reference 1.1). */
static struct str path_for(struct str base, struct str path)
{
    if (str_starts(base, STR("https://gateway.ai.cloudflare.com")) || str_ends(base, STR("/v1"))) {
        if (str_starts(path, STR("/v1/")))
            return str_skip(path, 3);
    }
    return path;
}

static enum err_code openai_url(const struct provider *p, const struct provider_call *call,
                                struct arena *a, struct str *out, struct err *err)
{
    struct str base;
    enum err_code rc = provider_base(p, call, &base, err);

    *out = STR_NULL;
    if (rc != ERR_OK)
        return rc;
    if (call->mode == MODE_REALTIME)
        *out = realtime_url_openai(call, a, base, path_for(base, call->path));
    else
        *out = provider_join(a, base, path_for(base, call->path), call->query);
    return ERR_OK;
}

/* Has the address something behind its host? */
static bool has_path(struct str url)
{
    ptrdiff_t scheme = str_find(url, STR("://"));
    struct str rest = scheme < 0 ? url : str_skip(url, (size_t)scheme + 3);
    ptrdiff_t slash = str_find_char(rest, '/');

    return slash >= 0 && rest.n > (size_t)slash + 1;
}

/* The base is the whole address, {model} filled in; a bare host gets the client's path like an
 * OpenAI channel. */
static enum err_code custom_url(const struct provider *p, const struct provider_call *call,
                                struct arena *a, struct str *out, struct err *err)
{
    *out = STR_NULL;
    if (call->base_url.n == 0)
        return err_set(err, ERR_CHANNEL, "the channel has no base URL");
    if (!has_path(call->base_url))
        return openai_url(p, call, a, out, err);
    *out = str_replace(a, call->base_url, STR("{model}"), url_encode(a, call->model));
    return ERR_OK;
}

enum {
    OPENAI_MODES = 1u << MODE_CHAT | 1u << MODE_COMPLETIONS | 1u << MODE_EMBEDDINGS |
                   1u << MODE_COUNT_TOKENS | 1u << MODE_REALTIME | 1u << MODE_MODERATIONS |
                   1u << MODE_EDITS | 1u << MODE_IMAGES | 1u << MODE_IMAGE_EDITS |
                   1u << MODE_IMAGE_VARIATIONS | 1u << MODE_SPEECH | 1u << MODE_TRANSCRIPTIONS |
                   1u << MODE_TRANSLATIONS | 1u << MODE_RERANK
};

const struct provider provider_openai = {
    .type = 1,
    .name = STR_INIT("openai"),
    .base_url = STR_INIT("https://api.openai.com"),
    .modes = OPENAI_MODES,
    .dialects = 1u << DIALECT_OPENAI_CHAT | 1u << DIALECT_OPENAI_RESPONSES,
    .dialect = DIALECT_OPENAI_CHAT,
    .stream_options = true,
    .key_protocol = true,
    .url = openai_url,
    .headers = openai_headers,
    .model_name = openai_rules_name,
    .edits = openai_rules_apply,
    .edit = openai_rules_edit,
    .adapt = openai_rules_adapt,
    .models = openai_models,
    .model_count = ARRAY_LEN(openai_models),
};

const struct provider provider_custom = {
    .type = 8,
    .name = STR_INIT("custom"),
    .modes = OPENAI_MODES,
    .dialects = 1u << DIALECT_OPENAI_CHAT,
    .dialect = DIALECT_OPENAI_CHAT,
    .stream_options = true,
    .key_protocol = true,
    .url = custom_url,
    .headers = openai_headers,
    .model_name = openai_rules_name,
    .edits = openai_rules_apply,
    .edit = openai_rules_edit,
    .models = openai_models,
    .model_count = ARRAY_LEN(openai_models),
};
