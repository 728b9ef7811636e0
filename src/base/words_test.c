#include "base/words.h"

#include "base/test.h"

static struct str find(const char *list, const char *text)
{
    static struct arena a;
    struct str parts[16];
    struct words w;
    size_t n = 0;

    arena_fini(&a);
    arena_init(&a, 0);
    STR_SPLIT_EACH (part, str_from(list), ',')
        parts[n++] = part;
    words_init(&a, &w, parts, n);
    return words_find(&w, str_from(text));
}

TEST(one_word_is_found_anywhere_and_in_any_case)
{
    static const char *const words[] = {"test_word", "testword", "_", "x", "敏感", "a-"};

    for (size_t i = 0; i < ARRAY_LEN(words); i++) {
        static const char *const before[] = {"", "", "before ", "be"}, *const behind[] = {
                                                                           "", " behind", "",
                                                                           "hind"};
        char text[64];

        for (size_t k = 0; k < ARRAY_LEN(before); k++) {
            snprintf(text, sizeof text, "%s%s%s", before[k], words[i], behind[k]);
            CHECK_STR(find(words[i], text), words[i]);
        }
    }
    CHECK_STR(find("test_word", "a TEST_Word"), "test_word");
    CHECK_STR(find("testword", "a TESTWord"), "testword");
    CHECK_STR(find("a_b", "__a_a_b"), "a_b");
}

TEST(what_is_not_there_is_not_found)
{
    CHECK_STR(find("test_word", "test_wor"), "");
    CHECK_STR(find("test_word", "_word test_ word"), "");
    CHECK_STR(find("testword", "testwor testwodr"), "");
    CHECK_STR(find("testword", ""), "");
    CHECK_STR(find("", "anything"), "");
    CHECK_STR(find("敏感", "敏 感 感敏"), "");
}

TEST(many_words_are_looked_for_at_once)
{
    static const char list[] = "abcd,abd,b,敏感,敏捷词,zz top,abc1";

    CHECK_STR(find(list, "xxABDxx"), "abd");
    CHECK_STR(find(list, "acd abc a敏x"), "b"); /* one letter is a word, too */
    CHECK_STR(find(list, "用敏捷词"), "敏捷词");
    CHECK_STR(find(list, "敏捷 敏"), "");
    CHECK_STR(find(list, "zz tozz TOP"), "zz top");
    CHECK_STR(find("ab,abc,abcd", "xabcd"), "ab");
    CHECK_STR(find("abcd,bc", "abcx"), "bc");
    CHECK_STR(find("ab,ab", "ab"), "ab");
}

TEST_MAIN(one_word_is_found_anywhere_and_in_any_case, what_is_not_there_is_not_found,
          many_words_are_looked_for_at_once)
