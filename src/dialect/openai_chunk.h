/*
 * openai_chunk - a whole chat answer as the one chunk of a stream, for upstreams that answer a
 * streaming request with plain JSON.
 *
 * Source: providers reference 24 ("a plain JSON body in reply to a stream request"). Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/*
 * {"object":"chat.completion.chunk", ...} with each choice's message as its delta; every other
 * member, and what is in the message, stays as it is written but for `usage`, which is left out
 * (the caller sends it as a chunk of its own: *usage is its raw text, STR_NULL when absent). A
 * legacy completion (choices with `text`) keeps its shape, which is that of its stream.
 * ERR_UPSTREAM_BODY when it is no such answer.
 */
MUST_CHECK enum err_code openai_chunk_from_answer(struct arena *a, struct str answer,
                                                  struct str *chunk, struct str *usage,
                                                  struct err *err);
