/* Where and how sessions of the realtime API are opened. */
#include "base/test.h"
#include "provider/provider.h"

static struct arena arena;

static struct provider_call call_of(int64_t type, const char *base, const char *query, bool beta)
{
    return (struct provider_call){.mode = MODE_REALTIME,
                                  .channel_type = type,
                                  .channel_created_s = 1800000000,
                                  .base_url = str_from(base),
                                  .path = STR("/v1/realtime"),
                                  .query = str_from(query),
                                  .model = STR("gpt realtime.1"),
                                  .realtime_beta = beta,
                                  .key = secret_make(STR("k"))};
}

static void check_url(int64_t type, const char *base, const char *query, bool beta,
                      const char *want)
{
    const struct provider *p = provider_find(type);
    struct provider_call call = call_of(type, base, query, beta);
    struct str url;

    CHECK(p && p->modes & 1u << MODE_REALTIME);
    CHECK_EQ(p->url(p, &call, &arena, &url, NULL), ERR_OK);
    CHECK_STR(url, want);
}

TEST(openai_gets_the_query_with_the_name_that_it_knows)
{
    arena_init(&arena, 0);
    check_url(1, "", "model=alias", false,
              "https://api.openai.com/v1/realtime?model=gpt%20realtime.1");
    check_url(1, "https://x/v1/", "intent=transcription&model=alias&a=b%20c", false,
              "https://x/v1/realtime?model=gpt%20realtime.1&intent=transcription&a=b%20c");
    check_url(1, "https://x", "model=a&api-version=1&deployment=d&api-key=secret&&x", true,
              "https://x/v1/realtime?model=gpt%20realtime.1&x");
    check_url(8, "https://x/deep/{model}", "model=a", true, "https://x/deep/gpt%20realtime.1");
    arena_fini(&arena);
}

TEST(azure_has_an_address_for_each_protocol)
{
    arena_init(&arena, 0);
    check_url(3, "https://r.openai.azure.com", "model=a&x=1", false,
              "https://r.openai.azure.com/openai/v1/realtime?model=gpt%20realtime.1&x=1");
    check_url(3, "https://r.openai.azure.com/", "model=a&api-version=2024-10-01", true,
              "https://r.openai.azure.com/openai/realtime?api-version=2024-10-01"
              "&deployment=gpt%20realtime.1");
    check_url(3, "https://r/openai/v1", "model=a", false,
              "https://r/openai/v1/realtime?model=gpt%20realtime.1");
    check_url(3, "https://r/openai/v1", "model=a", true,
              "https://r/openai/realtime?api-version=2024-12-01-preview"
              "&deployment=gpt%20realtime.1");
    arena_fini(&arena);
}

static struct str header_of(int64_t type, bool beta, const char *name)
{
    const struct provider *p = provider_find(type);
    struct provider_call call = call_of(type, "https://x", "", beta);
    struct provider_headers h = {0};

    p->headers(p, &call, &arena, &h);
    for (size_t i = 0; i < h.n; i++) {
        if (str_eq_nocase(h.at[i].name, str_from(name)))
            return h.at[i].value;
    }
    return STR("none");
}

TEST(headers_hold_the_key_and_the_beta_only_when_it_is_spoken)
{
    arena_init(&arena, 0);
    CHECK_STR(header_of(1, false, "authorization"), "Bearer k");
    CHECK_STR(header_of(1, false, "openai-beta"), "none");
    CHECK_STR(header_of(1, true, "openai-beta"), "realtime=v1");
    CHECK_STR(header_of(1, true, "content-type"), "none");
    CHECK_STR(header_of(3, true, "api-key"), "k");
    CHECK_STR(header_of(3, true, "authorization"), "none");
    CHECK_STR(header_of(3, true, "openai-beta"), "none");
    CHECK_STR(header_of(3, true, "content-type"), "none");
    arena_fini(&arena);
}

TEST_MAIN(openai_gets_the_query_with_the_name_that_it_knows, azure_has_an_address_for_each_protocol,
          headers_hold_the_key_and_the_beta_only_when_it_is_spoken)
