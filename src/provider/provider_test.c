#include "provider/provider.h"

#include "base/test.h"

static struct str url_of(struct arena *a, int64_t type, const char *base, const char *path,
                         const char *model)
{
    const struct provider *p = provider_find(type);
    struct provider_call call = {.channel_type = type,
                                 .base_url = str_from(base),
                                 .path = str_from(path),
                                 .model = str_from(model)};
    struct str out;

    return p->url(p, &call, a, &out, NULL) == ERR_OK ? out : STR("error");
}

TEST(an_openai_channel_appends_the_clients_path)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(url_of(&a, 1, "", "/v1/chat/completions", "m"),
              "https://api.openai.com/v1/chat/completions");
    CHECK_STR(url_of(&a, 1, "http://h:1/", "/v1/embeddings", "m"), "http://h:1/v1/embeddings");
    CHECK_STR(url_of(&a, 1, "http://h/v1", "/v1/chat/completions", "m"),
              "http://h/v1/chat/completions");
    CHECK_STR(url_of(&a, 1, "https://gateway.ai.cloudflare.com/v1/acc/gw/openai",
                     "/v1/chat/completions", "m"),
              "https://gateway.ai.cloudflare.com/v1/acc/gw/openai/chat/completions");
    arena_fini(&a);
}

TEST(a_custom_channel_is_the_whole_address_with_the_model_filled_in)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(url_of(&a, 8, "http://h/x/{model}/chat?m={model}", "/v1/chat/completions", "a/b c"),
              "http://h/x/a%2Fb%20c/chat?m=a%2Fb%20c");
    CHECK_STR(url_of(&a, 8, "http://h:8000", "/v1/chat/completions", "m"),
              "http://h:8000/v1/chat/completions");
    CHECK_STR(url_of(&a, 8, "http://h:8000/", "/v1/chat/completions", "m"),
              "http://h:8000/v1/chat/completions");
    CHECK_STR(url_of(&a, 8, "", "/v1/chat/completions", "m"), "error");
    arena_fini(&a);
}

static struct str header(const struct provider_headers *h, const char *name)
{
    for (size_t i = 0; i < h->n; i++) {
        if (str_eq_nocase(h->at[i].name, str_from(name)))
            return h->at[i].value;
    }
    return STR("(absent)");
}

TEST(the_key_goes_into_the_authorization_header)
{
    struct arena a;
    struct provider_headers h = {0};
    struct provider_call call = {
        .key = secret_make(STR("sk-up")), .stream = true, .organization = STR("org-1")};

    arena_init(&a, 0);
    provider_openai.headers(&provider_openai, &call, &a, &h);
    CHECK_STR(header(&h, "authorization"), "Bearer sk-up");
    CHECK_STR(header(&h, "accept"), "text/event-stream");
    CHECK_STR(header(&h, "content-type"), "application/json");
    CHECK_STR(header(&h, "openai-organization"), "org-1");
    arena_fini(&a);
}

TEST(an_unknown_type_has_no_provider)
{
    CHECK(provider_find(9999) == NULL);
    CHECK_STR(provider_owner_of(STR("gpt-4o")), "openai");
    CHECK_STR(provider_owner_of(STR("no-such-model")), "custom");
}

TEST_MAIN(an_openai_channel_appends_the_clients_path,
          a_custom_channel_is_the_whole_address_with_the_model_filled_in,
          the_key_goes_into_the_authorization_header, an_unknown_type_has_no_provider)
