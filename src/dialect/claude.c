#include "dialect/claude.h"

#include <inttypes.h>

/* The answer to count_tokens (providers reference 4.1). */
static struct str write_count(struct arena *a, int64_t tokens)
{
    return arena_fmt(a, "{\"input_tokens\":%" PRId64 "}", tokens);
}

const struct dialect dialect_claude = {
    .id = DIALECT_CLAUDE,
    .name = STR_INIT("claude"),
    .read_request = claude_read_request,
    .writer_new = claude_writer_new,
    .write_event = claude_write_event,
    .write_answer = claude_write_answer,
    .write_error = claude_write_error,
    .write_stream_error = claude_write_stream_error,
    .write_request = claude_write_request,
    .reader_new = claude_reader_new,
    .read_event = claude_read_event,
    .read_end = claude_read_end,
    .read_answer = claude_read_answer,
    .write_count = write_count,
};
