#include "dialect/dialect.h"

static const struct dialect *const dialects[DIALECT_COUNT] = {
    [DIALECT_OPENAI_CHAT] = &dialect_openai_chat,
    [DIALECT_OPENAI_RESPONSES] = &dialect_openai_responses,
    [DIALECT_CLAUDE] = &dialect_claude,
    [DIALECT_GEMINI] = &dialect_gemini,
};

const struct dialect *dialect_of(enum dialect_id id)
{
    return dialects[id];
}
