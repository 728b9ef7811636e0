#include "billing/tokens.h"

#include "base/clock.h"
#include "base/mem.h"
#include "base/sb.h"
#include "base/arena.h"
#include "base/test.h"

static int64_t text(const char *t)
{
    return tokens_of_text(STR("gpt-4o"), str_from(t));
}

static int64_t request(const char *body)
{
    return tokens_of_request(STR("gpt-4o"), str_from(body), IMAGES_BY_SIZE);
}

TEST(items_weigh_as_the_table_says)
{
    CHECK_EQ(text(""), 0);
    CHECK_EQ(text("word"), 2);             /* 1.02 */
    CHECK_EQ(text("two words"), 3);        /* 1.02 + 0.42 + 1.02 = 2.46 */
    CHECK_EQ(text("12345 67"), 4);         /* 1.55 + 0.42 + 1.55 = 3.52 */
    CHECK_EQ(text("你好世界你好世界"), 7); /* 8 x 0.85 = 6.8 */
    CHECK_EQ(text("a1a1"), 6);             /* 1.02 + 1.55 + 1.02 + 1.55 = 5.14 */
    CHECK_EQ(text("://?&=;#%/"), 10);      /* ten delimiters of 1.0 */
    CHECK_EQ(text("\n\n\n\n"), 2);
    CHECK_EQ(text("@@"), 4);
    CHECK_EQ(text("\xf0\x9f\x98\x80"), 3); /* an emoji 2.12 */
    CHECK_EQ(text("\xe2\x88\x91"), 3);     /* a sum sign 2.68 */
    CHECK_EQ(text("\"\\"), 1);             /* two symbols 0.8 */
    CHECK_EQ(text("привет мир"), 3);       /* letters of another script run, too */
    CHECK_EQ(text("cafe\xcc\x81s"), 2);    /* a combining mark does not end the word */
}

TEST(each_family_has_its_own_weights)
{
    CHECK_EQ(tokens_of_text(STR("gpt-4o"), STR("12345678 1")), 4);          /* 3.52 */
    CHECK_EQ(tokens_of_text(STR("Claude-3"), STR("你好你好你好你好")), 10); /* 9.68 */
    CHECK_EQ(tokens_of_text(STR("gemini-2"), STR("12345678 1")), 6);        /* 5.8 */
}

TEST(malformed_bytes_count_as_symbols)
{
    CHECK_EQ(text("\xff\xff\xff\xff\xff"), 2);  /* 5 x 0.4 */
    CHECK_EQ(text("\xe4\xe4\xe4\xe4\xe4z"), 4); /* 2.0 + 1.02 */
}

TEST(a_meter_gives_the_same_count_for_any_cut)
{
    static const char all[] = "One two, 你好 \xf0\x9f\x98\x80 ok é 123 \xe4\xbd the end \xf0\x9f";
    const size_t n = sizeof all - 1;
    int64_t whole;

    for (size_t first = 0; first <= n; first++) {
        for (size_t second = first; second <= n; second++) {
            struct token_meter m;

            token_meter_init(&m, STR("gpt-4o"));
            token_meter_add(&m, str_make(all, first));
            token_meter_add(&m, str_make(all + first, second - first));
            token_meter_add(&m, str_make(all + second, n - second));
            whole = tokens_of_text(STR("gpt-4o"), STR(all));
            if (token_meter_count(&m) != whole)
                fail_msg("cut at %zu and %zu: %d", first, second, (int)token_meter_count(&m));
        }
    }
}

TEST(tool_calls_of_a_stream_are_added)
{
    struct token_meter m;

    token_meter_init(&m, STR("gpt-4o"));
    token_meter_add(&m, STR("word"));
    m.tool_calls = 2;
    CHECK_EQ(token_meter_count(&m), 16);
}

TEST(a_chat_request_counts_its_messages)
{
    /* 3 at the end, 3 a message, role 1.02, content 1.02 */
    CHECK_EQ(request("{\"model\":\"m\",\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]}"), 9);
    CHECK_EQ(request(" { \"messages\" : [ { \"role\" : \"user\" , \"content\" : \"hi\" } ] } \n"),
             9);
    /* and a name: 1 + 1.02 */
    CHECK_EQ(request("{\"messages\":[{\"role\":\"user\",\"name\":\"bob\",\"content\":\"hi\"}]}"),
             11); /* 10.06 */
    CHECK_EQ(request("{\"messages\":[]}"), 3);
    CHECK_EQ(request("{\"messages\":[{\"role\":\"user\",\"content\":null}],\"x\":[1,{\"a\":[]}]}"),
             8); /* 7.02 */
}

TEST(geminis_calls_count_in_both_spellings)
{
    static const char *const pairs[][2] = {
        {"functionCall\":{\"name\":\"f\",\"args\":{\"city\":\"Paris in spring\"}}",
         "function_call\":{\"name\":\"f\",\"args\":{\"city\":\"Paris in spring\"}}"},
        {"functionResponse\":{\"name\":\"f\",\"response\":{\"is\":\"warm and sunny\"}}",
         "function_response\":{\"name\":\"f\",\"response\":{\"is\":\"warm and sunny\"}}"},
    };

    for (size_t i = 0; i < ARRAY_LEN(pairs); i++) {
        char bodies[2][256];

        for (size_t k = 0; k < 2; k++)
            snprintf(bodies[k], sizeof bodies[k], "{\"contents\":[{\"parts\":[{\"%s}]}]}",
                     pairs[i][k]);
        CHECK(request(bodies[0]) > 10);
        CHECK_EQ(request(bodies[1]), request(bodies[0]));
    }
}

TEST(escapes_count_as_what_they_stand_for)
{
    CHECK_EQ(request("{\"prompt\":\"\\u4f60\\u597d\\u4f60\\u597d\\u4f60\\u597d\\u4f60\\u597d\"}"),
             7); /* 6.8 */
    CHECK_EQ(request("{\"prompt\":\"a\\n\\n\\\"b\\\\\"}"),
             4); /* 1.02+0.5+0.5+0.4+1.02+0.4 = 3.84 */
    CHECK_EQ(request("{\"prompt\":\"\\ud83d\\ude00\"}"), 3);
    CHECK_EQ(request("{\"prompt\":\"\\ud83d x\"}"), 2); /* half a pair: 0.4 + 0.42 + 1.02 = 1.84 */
}

TEST(media_parts_count_flat_and_their_data_is_not_read)
{
    CLEANUP(sb_finip) struct sb sb;

    CHECK_EQ(request("{\"messages\":[{\"content\":[{\"type\":\"text\",\"text\":\"hi\"},"
                     "{\"type\":\"image_url\",\"image_url\":{\"url\":\"http://x/y\"}}]}]}"),
             263); /* 3 + 3 + 1.02 + 255 */
    CHECK_EQ(request("{\"messages\":[{\"content\":[{\"type\":\"image_url\",\"image_url\":"
                     "{\"url\":\"http://x/y\",\"detail\":\"low\"}}]}]}"),
             91);
    CHECK_EQ(tokens_of_request(STR("gpt-4o-mini"),
                               STR("{\"messages\":[{\"content\":[{\"image_url\":\"u\"}]}]}"),
                               IMAGES_FLAT),
             8505);
    CHECK_EQ(request("{\"messages\":[{\"content\":[{\"input_audio\":{\"data\":\"AAAA\"}}]}]}"),
             106);
    sb_init(&sb, 1 << 20);
    sb_add(&sb, STR("{\"input\":[{\"image_url\":\"data:image/png;base64,"));
    for (int i = 0; i < 10000; i++)
        sb_add(&sb, STR("abcd/123"));
    sb_add(&sb, STR("\"}]}"));
    CHECK_EQ(tokens_of_request(STR("gpt-4o"), sb_str(&sb), IMAGES_BY_SIZE),
             258); /* 255 and the name, 2.44 */
}

/* An image of 1300 x 900: scaled to 1110 x 768, six tiles. */
#define GIF_HEAD(width, height) "data:image\\/gif;base64,R0lGODlh" width height
#define GIF_1300_900            GIF_HEAD("FAWE", "A/cA")
/* 2048 x 2048 is made 768 x 768, 65535 x 1 is made 2048 x 1; 512 x 512 fits one tile. */
#define GIF_2048_2048 GIF_HEAD("AAgA", "CPcA")
#define GIF_65535_1   GIF_HEAD("//8B", "APcA")
#define GIF_512_512   GIF_HEAD("AAIA", "AvcA")

TEST(images_count_by_their_size_as_far_as_is_wanted)
{
    static const struct {
        const char *model, *image;
        int64_t by_size, flat, small;
    } rows[] = {
        {"gpt-4o", "{\"url\":\"" GIF_1300_900 "\"}", 85 + 6 * 170, 255, 255},
        {"gpt-4o", "{\"url\":\"" GIF_2048_2048 "\",\"detail\":\"high\"}", 85 + 4 * 170, 255, 255},
        {"gpt-4o", "{\"url\":\"" GIF_65535_1 "\",\"detail\":\"auto\"}", 85 + 4 * 170, 255, 255},
        {"gpt-4o", "{\"detail\":null,\"url\":\"" GIF_512_512 "\"}", 85 + 170, 255, 255},
        {"gpt-4o", "{\"url\":\"" GIF_1300_900 "\",\"detail\":\"low\"}", 85, 85, 85},
        {"gpt-4o", "{\"detail\":\"low\",\"url\":\"http://x/y\"}", 85, 85, 85},
        {"gpt-4o", "{\"url\":\"http://x/base64,R0lGODlhAAgACPcA\"}", 255, 255, 255},
        {"gpt-4o", "{\"url\":\"data:image/gif;base64,R0lGODlhAAgA\"}", 255, 255, 255},
        {"gpt-4o", "{\"url\":\"data:image/gif,GIF\"}", 255, 255, 255},
        {"gpt-4o", "{}", 255, 255, 255},
        {"gpt-4o", "\"" GIF_1300_900 "\"", 85 + 6 * 170, 255, 255},
        {"gpt-4o", "7", 255, 255, 255},
        {"gpt-4o-mini", "{\"url\":\"" GIF_1300_900 "\"}", 2833 + 6 * 5667, 8499, 255},
        {"gpt-4o-mini", "{\"url\":\"" GIF_1300_900 "\",\"detail\":\"low\"}", 85, 85, 85},
        {"glm-4v", "{\"url\":\"" GIF_1300_900 "\"}", 1047, 1047, 1047},
        {"glm-4v", "{\"url\":\"x\",\"detail\":\"low\"}", 1047, 1047, 1047},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        CLEANUP(arena_finip) struct arena a;
        struct str body, model = str_from(rows[i].model);

        arena_init(&a, 0);
        body = arena_fmt(&a, "{\"messages\":[{\"content\":[{\"image_url\":%s}]}]}", rows[i].image);
        CHECK_EQ(tokens_of_request(model, body, IMAGES_BY_SIZE), 6 + rows[i].by_size);
        CHECK_EQ(tokens_of_request(model, body, IMAGES_FLAT), 6 + rows[i].flat);
        CHECK_EQ(tokens_of_request(model, body, IMAGES_SMALL), 6 + rows[i].small);
    }
    /* In a Responses request an image is told from a text by its length. */
    char rest[301] = {0};
    CLEANUP(arena_finip) struct arena a;

    memset(rest, 'A', sizeof rest - 1);
    arena_init(&a, 0);
    CHECK_EQ(request(arena_fmt(&a, "{\"input\":[{\"image_url\":\"%s%s\"}]}", GIF_1300_900, rest).p),
             85 + 6 * 170 + 3); /* and the name, 2.44 */
}

TEST(inputs_and_tools_are_counted)
{
    CHECK_EQ(request("{\"input\":\"word\"}"), 2);
    CHECK_EQ(request("{\"input\":[\"word\",\"word\"]}"), 3);
    CHECK_EQ(request("{\"input\":[1,2,3,40000]}"), 4);
    CHECK_EQ(request("{\"tools\":[{\"type\":\"function\"},{\"a\":1}]}"), 21); /* 16+3.06+1 */
    CHECK_EQ(request("{\"max_tokens\":5,\"stop\":[\"word word word\"]}"), 0);
}

TEST(broken_json_counts_nothing)
{
    static const char whole[] =
        "{\"a\":{\"b\":[1,\"x\\\"\"]},\"messages\":[{\"role\":\"user\",\"content\":[{\"text\":"
        "\"h\\u00e4 \\\\ \xe4\xbd\xa0\"}]}],\"tools\":[{}],\"n\":1.5}";
    char *copy;

    CHECK(request(whole) > 0);
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        copy = mem_alloc(n); /* so that reading behind the end is seen */
        memcpy(copy, whole, n);
        CHECK_EQ(tokens_of_request(STR("m"), str_make(copy, n), IMAGES_BY_SIZE), 0);
        mem_free(copy);
    }
    CHECK_EQ(request("[]"), 0);
    CHECK_EQ(request("\"text\""), 0);
    CHECK_EQ(request("{\"prompt\":\"x\"} trailing"), 0);
    CHECK_EQ(request("{\"prompt\" \"x\"}"), 0);
    CHECK_EQ(request("{\"messages\":[{]}"), 0);
}

TEST(a_request_of_400_kb_is_counted_in_one_pass)
{
    CLEANUP(sb_finip) struct sb sb;
    uint64_t started;
    int64_t count;

    sb_init(&sb, 1 << 20);
    sb_add(&sb, STR("{\"messages\":[{\"role\":\"user\",\"content\":\""));
    while (sb.n < 400000)
        sb_add(&sb, STR("The quick brown fox jumps over the lazy dog, again and again.\\n"));
    sb_add(&sb, STR("\"}]}"));
    started = clock_mono_us();
    count = tokens_of_request(STR("gpt-4o"), sb_str(&sb), IMAGES_BY_SIZE);
    print_message("  400 KB: %lld tokens in %u us\n", (long long)count,
                  (unsigned)(clock_mono_us() - started));
    CHECK(count > 80000 && count < 150000);
}

/* The same words weigh alike in every dialect, but for what frames them. */
TEST(requests_of_other_dialects_are_counted)
{
    static const char *const bodies[] = {
        "{\"messages\":[{\"role\":\"user\",\"content\":\"how many words are these here\"}]}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\","
        "\"text\":\"how many words are these here\"}]}]}",
        "{\"contents\":[{\"role\":\"user\",\"parts\":[{\"text\":"
        "\"how many words are these here\"}]}]}",
        "{\"contents\":[{\"role\":\"user\"}],\"systemInstruction\":{\"parts\":[{\"text\":"
        "\"how many words are these here\"}]}}",
        "{\"system\":\"how many words are these here\",\"messages\":[{\"role\":\"user\"}]}",
        "{\"input\":\"how many words are these here\",\"instructions\":\"x\"}",
        "{\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"tool_result\","
        "\"content\":[{\"type\":\"text\",\"text\":\"how many words are these here\"}]}]}]}",
        "{\"content\":{\"parts\":[{\"text\":\"how many words are these here\"}]}}",
        "{\"requests\":[{\"model\":\"models/m\",\"content\":{\"parts\":[{\"text\":"
        "\"how many words are these here\"}]}}]}",
    };

    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        int64_t n = request(bodies[i]);

        if (n < 6 || n > 20)
            print_error("%s: %lld\n", bodies[i], (long long)n);
        CHECK(n >= 6 && n <= 20);
    }
    /* An image counts flat, whatever its data. */
    CHECK(request(
              "{\"contents\":[{\"parts\":[{\"inlineData\":{\"data\":\"AAAABBBBCCCCDDDD\"}}]}]}") ==
          request("{\"contents\":[{\"parts\":[{\"inlineData\":{\"data\":\"A\"}}]}]}"));
    CHECK_EQ(request("{\"messages\":[{\"content\":[{\"source\":{\"data\":\"A\"}}]}]}"), 1006);
}

/* The count of the whole goes over blocks, that of single bytes over none. */
TEST(a_text_in_blocks_counts_as_its_bytes_one_by_one)
{
    char bytes[1024];

    for (size_t seed = 0; seed < 50; seed++) {
        struct token_meter m;

        for (size_t i = 0; i < sizeof bytes; i++)
            bytes[i] = (char)((i * (seed + 3) + i / 97 * seed) % (seed % 5 == 0 ? 200 : 128));
        token_meter_init(&m, STR("gpt-4o"));
        for (size_t i = 0; i < sizeof bytes - seed; i++)
            token_meter_add(&m, str_make(bytes + i, 1));
        CHECK_EQ(tokens_of_text(STR("gpt-4o"), str_make(bytes, sizeof bytes - seed)),
                 token_meter_count(&m));
    }
}

TEST_MAIN(requests_of_other_dialects_are_counted, items_weigh_as_the_table_says,
          each_family_has_its_own_weights, malformed_bytes_count_as_symbols,
          a_meter_gives_the_same_count_for_any_cut, tool_calls_of_a_stream_are_added,
          a_chat_request_counts_its_messages, geminis_calls_count_in_both_spellings,
          escapes_count_as_what_they_stand_for, media_parts_count_flat_and_their_data_is_not_read,
          images_count_by_their_size_as_far_as_is_wanted, inputs_and_tools_are_counted,
          broken_json_counts_nothing, a_request_of_400_kb_is_counted_in_one_pass,
          a_text_in_blocks_counts_as_its_bytes_one_by_one)
