#include "dialect/openai_chat.h"

const struct dialect dialect_openai_chat = {
    .id = DIALECT_OPENAI_CHAT,
    .name = STR_INIT("openai_chat"),
    .read_request = openai_read_request,
    .writer_new = openai_writer_new,
    .write_event = openai_write_event,
    .write_answer = openai_write_answer,
    .write_error = openai_write_error,
    .write_stream_error = openai_write_stream_error,
    .write_request = openai_write_request,
    .reader_new = openai_reader_new,
    .read_event = openai_read_event,
    .read_end = openai_read_end,
    .read_answer = openai_read_answer,
    .usage_is_last = true,
};
