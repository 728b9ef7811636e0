#include "ledger/record.h"

#include "base/mem.h"
#include "base/test.h"

static struct usage_record sample(void)
{
    return (struct usage_record){
        .kind = RECORD_CONSUME,
        .created_at_s = 1700000000,
        .user_id = 1,
        .token_id = INT64_MAX,
        .channel_id = 3,
        .quota = -7,
        .prompt_tokens = 10,
        .completion_tokens = 20,
        .use_time_s = 2,
        .is_stream = true,
        .write_log = true,
        .username = STR("root"),
        .token_name = STR("my token"),
        .model_name = STR("gpt-4o"),
        .group = STR("default"),
        .content = STR("模型倍率 1.25"),
        .other = STR("{\"a\":1}"),
        .request_id = STR("20250101"),
        .ip = STR_NULL,
    };
}

TEST(a_record_reads_back_as_it_was_written)
{
    struct usage_record in = sample(), out;
    size_t n = record_size(&in);
    char *bytes = mem_alloc(n); /* to the byte, so that a sanitizer sees one too many */

    record_encode(&in, bytes);
    CHECK_EQ(record_decode(str_make(bytes, n), &out, NULL), ERR_OK);
    CHECK_EQ(out.kind, RECORD_CONSUME);
    CHECK_EQ(out.created_at_s, 1700000000);
    CHECK_EQ(out.user_id, 1);
    CHECK(out.token_id == INT64_MAX);
    CHECK_EQ(out.channel_id, 3);
    CHECK_EQ(out.quota, -7);
    CHECK_EQ(out.prompt_tokens, 10);
    CHECK_EQ(out.completion_tokens, 20);
    CHECK_EQ(out.use_time_s, 2);
    CHECK(out.is_stream && out.write_log && !out.count_request);
    CHECK_STR(out.username, "root");
    CHECK_STR(out.token_name, "my token");
    CHECK_STR(out.model_name, "gpt-4o");
    CHECK_STR(out.group, "default");
    CHECK_STR(out.content, "模型倍率 1.25");
    CHECK_STR(out.other, "{\"a\":1}");
    CHECK_STR(out.request_id, "20250101");
    CHECK_STR(out.ip, "");
    mem_free(bytes);
}

TEST(a_cut_or_lengthened_record_is_refused)
{
    struct usage_record in = sample(), out;
    size_t n = record_size(&in);
    char *bytes = mem_zalloc(n + 1), *cut;

    record_encode(&in, bytes);
    for (size_t i = 0; i < n; i++) {
        cut = mem_alloc(i);
        memcpy(cut, bytes, i);
        CHECK_EQ(record_decode(str_make(cut, i), &out, NULL), ERR_INTERNAL);
        mem_free(cut);
    }
    CHECK_EQ(record_decode(str_make(bytes, n + 1), &out, NULL), ERR_INTERNAL);
    bytes[0] = 9;
    CHECK_EQ(record_decode(str_make(bytes, n), &out, NULL), ERR_INTERNAL);
    mem_free(bytes);
}

TEST(a_string_that_is_too_long_is_cut)
{
    struct usage_record in = {.kind = RECORD_ERROR}, out;
    char *text = mem_zalloc(RECORD_STRING_MAX + 5), *bytes;
    size_t n;

    in.content = str_make(text, RECORD_STRING_MAX + 5);
    n = record_size(&in);
    bytes = mem_alloc(n);
    record_encode(&in, bytes);
    CHECK_EQ(record_decode(str_make(bytes, n), &out, NULL), ERR_OK);
    CHECK_EQ(out.content.n, RECORD_STRING_MAX);
    mem_free(bytes);
    mem_free(text);
}

TEST_MAIN(a_record_reads_back_as_it_was_written, a_cut_or_lengthened_record_is_refused,
          a_string_that_is_too_long_is_cut)
