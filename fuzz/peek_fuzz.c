/*
 * Whatever an upstream or a client may send: a request and an answer are looked into, an error and
 * an answer are read. Nothing may fall over, what is found lies in the input, and an answer is told
 * the same whether its texts are wanted or not.
 */
#include <stdlib.h>

#include "base/json.h"
#include "base/sb.h"
#include "dialect/openai_chunk.h"
#include "dialect/openai_error.h"
#include "dialect/peek.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

static void collect(void *ctx, struct str text)
{
    check(text.n == 0 || text.p);
    sb_add(ctx, text);
}

static bool lies_in(struct str part, struct str whole)
{
    return part.n == 0 || (part.p >= whole.p && part.p + part.n <= whole.p + whole.n);
}

static void fuzz_answer(struct str text)
{
    struct peek_answer a, b;
    struct sb sb;

    sb_init(&sb, text.n);
    peek_answer(text, NULL, NULL, &a);
    peek_answer(text, collect, &sb, &b);
    check(!sb_failed(&sb)); /* unescaping only shortens */
    check(a.has_usage == b.has_usage && a.has_content == b.has_content &&
          a.has_finish == b.has_finish && a.has_error == b.has_error &&
          a.usage_only == b.usage_only && a.tool_calls == b.tool_calls);
    check(lies_in(a.usage_member, text));
    check(a.usage.cached <= a.usage.prompt);
    sb_fini(&sb);
}

/* Without its null usage member a JSON object is still one. */
static void fuzz_usage_member(struct str text, struct arena *arena)
{
    struct peek_answer a;

    peek_answer(text, NULL, NULL, &a);
    if (!a.has_null_usage || json_find_members(text, NULL, NULL, 0, NULL) != ERR_OK)
        return;
    size_t at = (size_t)(a.usage_member.p - text.p);
    struct str parts[] = {str_sub(text, 0, at), str_skip(text, at + a.usage_member.n)};
    check(json_find_members(str_concat(arena, parts, 2), NULL, NULL, 0, NULL) == ERR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = str_make((const char *)data, size), chunk, usage;
    struct peek_request request;
    struct openai_error error;
    struct arena arena;
    struct err err = {0};

    arena_init(&arena, 0);
    for (int i = 0; i < MODE_COUNT + DIALECT_COUNT; i++) {
        enum relay_mode mode = i < MODE_COUNT ? (enum relay_mode)i : MODE_CHAT;
        enum dialect_id dialect =
            i < MODE_COUNT ? DIALECT_OPENAI_CHAT : (enum dialect_id)(i - MODE_COUNT);

        if (peek_request(&arena, text, mode, dialect, &request, &err) == ERR_OK)
            check((request.model.n > 0 || dialect == DIALECT_GEMINI) && request.choices >= 1 &&
                  request.max_tokens >= 0 && lies_in(request.stream_options, text));
    }
    fuzz_answer(text);
    fuzz_usage_member(text, &arena);
    if (openai_error_read(&arena, text, 500, &error))
        check(error.message.n > 0);
    (void)openai_error_write(&arena, &error, STR("id"));
    if (openai_chunk_from_answer(&arena, text, &chunk, &usage, &err) == ERR_OK)
        check(json_find_members(chunk, NULL, NULL, 0, NULL) == ERR_OK);
    arena_fini(&arena);
    return 0;
}
