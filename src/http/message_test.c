#include "http/message.h"

#include "base/test.h"

TEST(headers_are_found_whatever_their_case_first_one_first)
{
    static const struct http_header headers[] = {
        {STR_INIT("Accept"), STR_INIT("a")},
        {STR_INIT("X-Key"), STR_INIT(" one ")},
        {STR_INIT("x-key"), STR_INIT("two")},
    };

    CHECK_STR(http_header_find(headers, 3, STR("x-KEY")), "one");
    CHECK(http_header_find(headers, 3, STR("x-ke")).p == NULL);
    CHECK(http_header_find(headers, 0, STR("accept")).p == NULL);
}

TEST(methods_and_their_names_are_one_table)
{
    for (enum http_method m = HTTP_M_GET; m < HTTP_M_OTHER; m++)
        CHECK_EQ(http_method_read(http_method_name(m)), m);
    CHECK_EQ(http_method_read(STR("get")), HTTP_M_OTHER);
    CHECK_EQ(http_method_read(STR("BREW")), HTTP_M_OTHER);
}

TEST(statuses_have_texts)
{
    CHECK_STR(str_from(http_status_text(200)), "OK");
    CHECK_STR(str_from(http_status_text(431)), "Request Header Fields Too Large");
    CHECK_STR(str_from(http_status_text(299)), "Unknown");
}

TEST_MAIN(headers_are_found_whatever_their_case_first_one_first,
          methods_and_their_names_are_one_table, statuses_have_texts)
