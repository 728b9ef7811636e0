#include "base/json_scan.h"

#include "base/mem.h"
#include "base/test.h"

/* Slow and obvious: what every kind must agree with. */
static const char *plain_by_hand(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"' && *p != '\\')
        p++;
    return p;
}

static bool utf8_char_by_hand(const unsigned char *s, size_t left, size_t *n)
{
    static const struct {
        unsigned char from, to;      /* of the first byte */
        unsigned char second, last2; /* of the second */
        size_t n;
    } rows[] = {
        /* the table of RFC 3629 section 4, a row a row */
        {0x00, 0x7F, 0x80, 0xBF, 1}, {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3},
        {0xE1, 0xEC, 0x80, 0xBF, 3}, {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (s[0] < rows[i].from || s[0] > rows[i].to || left < rows[i].n)
            continue;
        if (rows[i].n > 1 && (s[1] < rows[i].second || s[1] > rows[i].last2))
            continue;
        if (rows[i].n > 2 && (s[2] & 0xC0) != 0x80)
            continue;
        if (rows[i].n > 3 && (s[3] & 0xC0) != 0x80)
            continue;
        *n = rows[i].n;
        return true;
    }
    return false;
}

static const char *utf8_by_hand(const char *p, const char *end)
{
    size_t n;

    while (p < end && utf8_char_by_hand((const unsigned char *)p, (size_t)(end - p), &n))
        p += n;
    return p;
}

#define EACH_KIND(scan)                                                                            \
    const struct json_scan *scan = NULL;                                                           \
    for (size_t scan##_i = 0; (scan = json_scan_kind(scan##_i)) != NULL; scan##_i++)

/* `n` bytes at the end of a heap block of their own, so that reading past them is seen. */
static char *exact(const char *bytes, size_t n)
{
    char *p = mem_alloc(n + 1);

    memcpy(p, bytes, n);
    char *tight = mem_realloc(p, n > 0 ? n : 1);
    return tight;
}

TEST(the_best_kind_is_one_that_is_listed)
{
    bool listed = false;

    EACH_KIND(scan)
    listed |= scan == json_scan_best();
    CHECK(listed);
}

TEST(each_stop_is_found_at_each_place)
{
    static const char stops[] = {'"', '\\', '\0', '\n', 0x1F};
    char text[200];

    EACH_KIND(scan)
    {
        for (size_t at = 0; at < sizeof text; at++) {
            for (size_t k = 0; k < sizeof stops; k++) {
                memset(text, 0x20 + (int)(at % 2) * 0x5F, sizeof text); /* blank or DEL */
                text[at] = stops[k];
                for (size_t from = 0; from <= at; from += 7)
                    CHECK(scan->plain(text + from, text + sizeof text) == text + at);
            }
        }
        memset(text, 0xFF, sizeof text);
        CHECK(scan->plain(text, text + sizeof text) == text + sizeof text);
    }
}

TEST(every_byte_is_a_stop_or_not_in_every_kind)
{
    char text[80];

    for (unsigned c = 0; c < 256; c++) {
        memset(text, 'x', sizeof text);
        text[3] = (char)c;
        EACH_KIND(scan)
        CHECK(scan->plain(text, text + sizeof text) == plain_by_hand(text, text + sizeof text));
    }
}

TEST(a_string_ends_at_the_quote_that_is_not_escaped)
{
    static const char inside[] = "a\\\"b\\\\\\\\\\\"c\\n\\u00e9\\ud83d\\ude00\\/\\b\\f\\r\\t";
    const size_t n = sizeof inside - 1;
    char text[300];

    EACH_KIND(scan)
    {
        for (size_t lead = 0; lead < 150; lead++) { /* so that the escapes meet each block border */
            bool escaped = false;
            const char *end = text + lead + n + 1;

            memset(text, 'x', sizeof text);
            memcpy(text + lead, inside, n);
            text[lead + n] = '"';
            for (size_t behind = 0; behind < 130; behind += 43) {
                CHECK(scan->string(text, end + behind, &escaped) == end - 1);
                CHECK(escaped);
            }
        }
    }
}

TEST(a_string_without_escapes_is_said_to_have_none)
{
    EACH_KIND(scan)
    {
        bool escaped = false;

        const char *text =
            "plain, for more than one block of sixty-four bytes, so that it counts\"";
        CHECK(*scan->string(text, text + strlen(text), &escaped) == '"');
        CHECK(!escaped);
    }
}

TEST(a_fault_in_a_string_is_found_where_it_is)
{
    static const char *const faults[] = {"\\x", "\\u12g4", "\\u", "\\U0041",
                                         "\\ ", "\\",      "\n",  "\\\n"};
    char text[260];

    EACH_KIND(scan)
    {
        for (size_t k = 0; k < ARRAY_LEN(faults); k++) {
            for (size_t at = 0; at < 140; at++) {
                bool escaped = false;
                size_t n = at + strlen(faults[k]);

                memset(text, 'x', sizeof text);
                memcpy(text + at, faults[k], strlen(faults[k]));
                char *tight = exact(text, n);
                CHECK(scan->string(tight, tight + n, &escaped) == tight + at);
                mem_free(tight);
            }
        }
    }
}

TEST(a_string_without_end_stops_at_the_end)
{
    char text[200];

    memset(text, 'x', sizeof text);
    EACH_KIND(scan)
    {
        for (size_t n = 0; n < sizeof text; n++) {
            bool escaped = false;
            char *tight = exact(text, n);

            CHECK(scan->string(tight, tight + n, &escaped) == tight + n);
            mem_free(tight);
        }
    }
}

/* Slow and obvious. */
static const char *string_by_hand(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p >= 0x20 && *p != '"') {
        size_t n = *p == '\\' ? json_scan_escape(p, end) : 1;

        if (n == 0)
            break;
        p += n;
    }
    return p;
}

TEST(random_escapes_end_where_they_should_in_every_kind)
{
    static const char likely[] = "\\\\\\\\\\\\uuuu0aF9\"\"nx/\n";
    uint64_t seed = 7;
    char text[180];

    for (int round = 0; round < 60000; round++) {
        memset(text, 'b', sizeof text);
        for (size_t i = (size_t)round % 100; i < sizeof text; i++) {
            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            if (seed >> 62 || i % 64 > 55)
                text[i] = likely[(seed >> 33) % (sizeof likely - 1)];
            if (text[i] == 'u' && i + 4 < sizeof text && (seed >> 40 & 3))
                i += 4; /* leaves four digits "bbbb" behind */
        }
        const char *end = text + sizeof text - (size_t)(seed >> 60);
        const char *want = string_by_hand(text, end);
        bool has_escape = memchr(text, '\\', (size_t)(want - text)) != NULL;
        EACH_KIND(scan)
        {
            bool escaped = false;

            CHECK(scan->string(text, end, &escaped) == want);
            CHECK(want == end || *want != '"' || escaped == has_escape);
        }
    }
}

TEST(every_byte_behind_a_backslash_is_judged_alike)
{
    char text[200];

    for (unsigned c = 0; c < 65536;
         c++) { /* two bytes: the second is a digit of \u where it is one */
        memset(text, '0', sizeof text);
        size_t at = 58 + c % 8;
        text[at] = '\\';
        text[at + 1] = c & 1 ? 'u' : (char)(c >> 8);
        text[at + 2 + c % 3] = (char)(c >> 8);
        text[150] = '"';
        const char *want = string_by_hand(text, text + sizeof text);
        EACH_KIND(scan)
        {
            bool escaped = false;

            CHECK(scan->string(text, text + sizeof text, &escaped) == want);
        }
    }
}

TEST(every_pair_of_bytes_is_utf8_or_not_as_the_table_says)
{
    static const size_t borders[] = {32, 128}; /* of a block, and of what is skipped at once */
    char text[200];

    EACH_KIND(scan)
    {
        for (unsigned pair = 0; pair < 65536; pair++) {
            for (size_t i = 0; i < ARRAY_LEN(borders); i++) {
                memset(text, 'x', sizeof text);
                text[borders[i] - 1] = (char)(pair >> 8);
                text[borders[i]] = (char)pair;
                CHECK(scan->utf8(text, text + sizeof text) ==
                      utf8_by_hand(text, text + sizeof text));
            }
        }
    }
}

TEST(every_character_is_utf8_at_every_place)
{
    static const char *const good[] = {
        "\xC2\x80",         "\xDF\xBF",         "\xE0\xA0\x80",
        "\xED\x9F\xBF",     "\xEE\x80\x80",     "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "\xE4\xB8\xAD\xE6\x96\x87"};
    char text[130];

    EACH_KIND(scan)
    {
        for (size_t k = 0; k < ARRAY_LEN(good); k++) {
            for (size_t at = 0; at + strlen(good[k]) <= sizeof text; at++) {
                memset(text, 'x', sizeof text);
                memcpy(text + at, good[k], strlen(good[k]));
                CHECK(scan->utf8(text, text + sizeof text) == text + sizeof text);
            }
        }
    }
}

TEST(what_is_not_utf8_is_found_at_every_place)
{
    static const char *const bad[] = {"\x80",
                                      "\xBF",
                                      "\xC0\x80",
                                      "\xC1\xBF",
                                      "\xC2",
                                      "\xE0\x80\x80",
                                      "\xE0\x9F\xBF",
                                      "\xE4\xB8",
                                      "\xE4",
                                      "\xED\xA0\x80",
                                      "\xED\xBF\xBF",
                                      "\xF0\x80\x80\x80",
                                      "\xF0\x8F\xBF\xBF",
                                      "\xF0\x90\x80",
                                      "\xF0\x90",
                                      "\xF0",
                                      "\xF4\x90\x80\x80",
                                      "\xF5\x80\x80\x80",
                                      "\xF8\x88\x80\x80\x80",
                                      "\xFC\x84\x80\x80\x80\x80",
                                      "\xFE",
                                      "\xFF"};
    char text[130];

    EACH_KIND(scan)
    {
        for (size_t k = 0; k < ARRAY_LEN(bad); k++) {
            for (size_t at = 0; at + strlen(bad[k]) <= sizeof text; at++) {
                for (int end_here = 0; end_here < 2; end_here++) {
                    size_t n = end_here ? at + strlen(bad[k]) : sizeof text;

                    memset(text, 'x', sizeof text);
                    memcpy(text + at, bad[k], strlen(bad[k]));
                    char *tight = exact(text, n);
                    CHECK(scan->utf8(tight, tight + n) == tight + at);
                    mem_free(tight);
                }
            }
        }
    }
}

TEST(random_bytes_are_judged_alike_by_every_kind)
{
    uint64_t seed = 42;
    unsigned char text[150];

    for (int round = 0; round < 20000; round++) {
        for (size_t i = 0; i < sizeof text; i++) {
            static const unsigned char likely[] = {'a',  0xC3, 0xA9, 0xE4, 0xB8, 0xAD, 0xF0,
                                                   0x9F, 0x98, 0x80, 0xED, 0xA0, 0x90, 0xF4};

            seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
            text[i] = i % 5 ? likely[i % 3 ? (seed >> 33) % ARRAY_LEN(likely) : 0]
                            : likely[(seed >> 40) % ARRAY_LEN(likely)];
        }
        const char *p = (const char *)text, *end = p + sizeof text - (size_t)(seed >> 60);
        EACH_KIND(scan)
        CHECK(scan->utf8(p, end) == utf8_by_hand(p, end));
    }
}

TEST_MAIN(the_best_kind_is_one_that_is_listed, each_stop_is_found_at_each_place,
          every_byte_is_a_stop_or_not_in_every_kind, a_string_ends_at_the_quote_that_is_not_escaped,
          a_string_without_escapes_is_said_to_have_none, a_fault_in_a_string_is_found_where_it_is,
          a_string_without_end_stops_at_the_end, random_escapes_end_where_they_should_in_every_kind,
          every_byte_behind_a_backslash_is_judged_alike,
          every_pair_of_bytes_is_utf8_or_not_as_the_table_says,
          every_character_is_utf8_at_every_place, what_is_not_utf8_is_found_at_every_place,
          random_bytes_are_judged_alike_by_every_kind)
