#include "dialect/sealed.h"

/* "YourApi" and a letter for the dialect: eight letters of base64. */
static const struct str mark = STR_INIT("YourApi");
static const char letters[DIALECT_COUNT] = {
    [DIALECT_OPENAI_CHAT] = 'o',
    [DIALECT_OPENAI_RESPONSES] = 'r',
    [DIALECT_CLAUDE] = 'c',
    [DIALECT_GEMINI] = 'g',
};

struct str sealed_write(struct arena *a, enum dialect_id origin, struct str state,
                        enum dialect_id field)
{
    if (origin == field || state.n == 0)
        return state;
    return str_concat(a, (struct str[]){mark, str_make(&letters[origin], 1), state}, 3);
}

struct str sealed_read(struct str value, enum dialect_id field, enum dialect_id *origin)
{
    *origin = field;
    if (!str_starts(value, mark) || value.n == mark.n)
        return value;
    for (int i = 0; i < DIALECT_COUNT; i++) {
        if (value.p[mark.n] == letters[i]) {
            *origin = (enum dialect_id)i;
            return str_skip(value, mark.n + 1);
        }
    }
    return value;
}
