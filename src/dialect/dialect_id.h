/*
 * dialect_id - the dialects that clients and upstreams speak. Plain value.
 */
#pragma once

enum dialect_id {
    DIALECT_OPENAI_CHAT, /* chat completions, with its older and smaller relatives */
    DIALECT_OPENAI_RESPONSES,
    DIALECT_CLAUDE, /* Messages */
    DIALECT_GEMINI, /* generateContent */
    DIALECT_COUNT
};
