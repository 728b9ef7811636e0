#include "dialect/peek_tools.h"

#include "base/json.h"
#include "base/test.h"
#include "dialect/peek.h"

static struct usage asked(enum dialect_id dialect, const char *body)
{
    struct peek_request r;
    struct arena a;

    arena_init(&a, 0);
    CHECK_EQ(peek_request(&a, str_from(body), MODE_CHAT, dialect, &r, NULL), ERR_OK);
    arena_fini(&a);
    return r.tools;
}

#define CHAT(rest)   asked(DIALECT_OPENAI_CHAT, "{\"model\":\"m\",\"messages\":[{}]," rest "}")
#define CLAUDE(rest) asked(DIALECT_CLAUDE, "{\"model\":\"m\",\"messages\":[{}]," rest "}")
#define RESPONSES(rest)                                                                            \
    asked(DIALECT_OPENAI_RESPONSES, "{\"model\":\"m\",\"input\":\"x\"," rest "}")
#define GEMINI(rest) asked(DIALECT_GEMINI, "{\"contents\":[{}]," rest "}")

TEST(searches_are_found_in_each_dialect)
{
    CHECK_EQ(CHAT("\"web_search_options\":{}").searches, 1);
    CHECK_EQ(CHAT("\"web_search_options\":null").searches, 0);
    CHECK_EQ(CHAT("\"tools\":[{\"type\":\"openrouter:web_search\"}]").searches, 1);
    CHECK_EQ(CHAT("\"tools\":[{\"type\":\"web_search\"}],\"web_search_options\":{}").searches, 1);
    CHECK_EQ(asked(DIALECT_OPENAI_CHAT, "{\"model\":\"gpt-4o-search-preview\",\"messages\":[{}]}")
                 .searches,
             1);
    CHECK_EQ(CLAUDE("\"tools\":[{\"type\":\"web_search_20250305\",\"name\":\"web_search\","
                    "\"max_uses\":8}]")
                 .searches,
             8);
    CHECK_EQ(CLAUDE("\"tools\":[{\"type\":\"web_search_20250305\"}]").searches, 1);
    CHECK_EQ(CLAUDE("\"tools\":[{\"type\":\"web_search_20250305\",\"max_uses\":1e9}]").searches,
             PEEK_TOOL_CALLS_MAX);
    CHECK_EQ(CLAUDE("\"tools\":[{\"type\":\"web_search_20250305\",\"max_uses\":-4}]").searches, 1);
    CHECK_EQ(RESPONSES("\"tools\":[{\"type\":\"web_search_preview\"}]").searches, 1);
    CHECK_EQ(RESPONSES("\"tools\" : [ { \"type\" : \"web_search_2025_08_26\" } ]").searches, 1);
    CHECK_EQ(GEMINI("\"tools\":[{\"googleSearch\":{}}]").searches, 1);
    CHECK_EQ(GEMINI("\"tools\":[{\"google_search\":{}},{\"codeExecution\":{}}]").searches, 1);
}

TEST(searches_in_files_and_images_are_found)
{
    struct usage u = RESPONSES("\"tools\":[{\"type\":\"file_search\",\"vector_store_ids\":[\"v\"]},"
                               "{\"type\":\"image_generation\"},"
                               "{\"type\":\"image_generation\",\"quality\":\"low\","
                               "\"size\":\"1536x1024\"}]");

    CHECK_EQ(u.file_searches, 1);
    CHECK_EQ(u.searches, 0);
    CHECK_EQ(u.drawn[USAGE_DRAWN_MEDIUM], 1);
    CHECK_EQ(u.drawn[USAGE_DRAWN_LOW_LARGE], 1);
}

/* Functions of the client's own may be called whatever they like, and lists be none. */
TEST(what_the_client_does_itself_costs_nothing)
{
    static const char *const others[] = {
        "\"tools\":[{\"type\":\"function\",\"function\":{\"name\":\"web_search\"}}]",
        "\"tools\":[{\"name\":\"web_search\",\"description\":\"web_search googleSearch\"}]",
        "\"tools\":[{\"functionDeclarations\":[{\"name\":\"google_search\"}]}]",
        "\"tools\":[\"web_search\",7,null]",
        "\"tools\":{\"type\":\"web_search\"}",
        "\"tools\":\"web_search\"",
        "\"tools\":null",
        "\"tool_choice\":{\"type\":\"web_search\"}",
    };

    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct usage u;

        arena_init(&a, 0);
        u = asked(DIALECT_OPENAI_RESPONSES,
                  arena_fmt(&a, "{\"model\":\"m\",\"input\":\"x\",%s}", others[i]).p);
        CHECK_EQ(u.searches + u.file_searches, 0);
    }
}

TEST_MAIN(searches_are_found_in_each_dialect, searches_in_files_and_images_are_found,
          what_the_client_does_itself_costs_nothing)
