#include "base/test.h"
#include "relay/exchange.h"

static struct str masked(struct arena *a, const char *text)
{
    static const struct route_channel channel = {
        .row = {.base_url = STR_INIT("https://up.example.com:8443/v1")}};

    return fault_mask(a, str_from(text), &channel, STR("very-secret-key"));
}

TEST(addresses_keys_and_accounts_are_masked_in_upstream_texts)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(
        masked(
            &a,
            "Incorrect API key provided: sk-abc***xyz. See https://platform.openai.com/account."),
        "Incorrect API key provided: *** See ***");
    CHECK_STR(masked(&a, "org-Abc123 and proj_x1y2 at 10.1.2.3:8080 or up.example.com/path"),
              "*** and *** at *** or ***");
    CHECK_STR(masked(&a, "key \"very-secret-key\" (x=very-secret-key)"), "key \"***\" (***)");
    arena_fini(&a);
}

TEST(ordinary_words_stay_as_they_are)
{
    struct arena a;

    arena_init(&a, 0);
    CHECK_STR(masked(&a, "Rate limit of 3.5 requests reached, try again in 20s; model gpt-4o-mini"),
              "Rate limit of 3.5 requests reached, try again in 20s; model gpt-4o-mini");
    CHECK_STR(masked(&a, "1.2.3 is a version, org- is no account"),
              "1.2.3 is a version, org- is no account");
    CHECK_STR(masked(&a, ""), "");
    arena_fini(&a);
}

TEST(a_path_tells_the_dialect_of_the_servers_errors)
{
    static const struct {
        struct str path;
        const struct dialect *dialect;
    } rows[] = {
        {STR_INIT("/v1/chat/completions"), &dialect_openai_chat},
        {STR_INIT("/v1/responses"), &dialect_openai_chat},
        {STR_INIT("/v1/messages"), &dialect_claude},
        {STR_INIT("/v1beta/models/m:generateContent"), &dialect_gemini},
        {STR_INIT("/v1/models/m:generateContent"), &dialect_gemini},
        {STR_INIT("/v1/models/m"), &dialect_openai_chat},
        {STR_INIT("/v1beta/openai/models"), &dialect_openai_chat},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK(relay_dialect_of(rows[i].path) == rows[i].dialect);
}

TEST(a_very_long_text_is_cut)
{
    struct arena a;
    char text[40000];

    memset(text, 'x', sizeof text);
    arena_init(&a, 0);
    CHECK(fault_mask(&a, str_make(text, sizeof text), NULL, STR_NULL).n <= 16 * 1024);
    arena_fini(&a);
}

TEST_MAIN(addresses_keys_and_accounts_are_masked_in_upstream_texts, ordinary_words_stay_as_they_are,
          a_path_tells_the_dialect_of_the_servers_errors, a_very_long_text_is_cut)
