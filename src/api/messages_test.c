#include "api/messages.h"

#include "base/test.h"

TEST(the_language_with_the_greater_weight_wins_and_chinese_is_the_default)
{
    static const struct {
        const char *header;
        bool english;
    } rows[] = {
        {"", false},
        {"*", false},
        {"fr-FR,fr;q=0.9", false},
        {"en", true},
        {"en-US,en;q=0.9", true},
        {"EN-gb", true},
        {"zh-CN,zh;q=0.9,en;q=0.8", false},
        {"en;q=0.5, zh;q=0.4", true},
        {"zh;q=0.1, en-US;q=0.2", true},
        {"en;q=0", false},
        {"english", false},
        {"en;q=x, zh;q=0.1", false},
        {"en,zh", false},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        CHECK_EQ(message_prefers_english(str_from(rows[i].header)), rows[i].english);
}

TEST(every_message_has_both_texts_with_the_same_arguments)
{
    for (enum message m = MSG_BAD_PARAM; m <= MSG_GROUP_OF_USER; m++) {
        CHECK(message_text(m, false).n > 0);
        CHECK(message_text(m, true).n > 0);
        CHECK_EQ(str_has(message_text(m, false), STR("{}")),
                 str_has(message_text(m, true), STR("{}")));
    }
}

TEST_MAIN(the_language_with_the_greater_weight_wins_and_chinese_is_the_default,
          every_message_has_both_texts_with_the_same_arguments)
