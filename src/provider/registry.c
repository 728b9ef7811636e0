#include "provider/provider.h"

static const struct provider *const providers[] = {
    &provider_openai, &provider_azure, &provider_custom, &provider_anthropic, &provider_gemini,
};

const struct provider *provider_find(int64_t channel_type)
{
    for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
        if (providers[i]->type == channel_type)
            return providers[i];
    }
    return NULL;
}

const struct provider *const *provider_all(size_t *n)
{
    *n = ARRAY_LEN(providers);
    return providers;
}

enum dialect_id provider_dialect(const struct provider *p, enum dialect_id client)
{
    return p->dialects & (1u << client) ? client : p->dialect;
}

struct str provider_owner_of(struct str model)
{
    for (size_t i = 0; i < ARRAY_LEN(providers); i++) {
        for (size_t k = 0; k < providers[i]->model_count; k++) {
            if (str_eq(providers[i]->models[k], model))
                return providers[i]->name;
        }
    }
    return STR("custom");
}
