#include "dialect/embed.h"

/* OpenAI takes any number of texts at once. */
static size_t one_call(const struct embed_request *r UNUSED)
{
    return 1;
}

static void write_openai(struct arena *a UNUSED, const struct embed_request *r, size_t call UNUSED,
                         struct loss_list *losses, struct sb *out)
{
    embed_write_openai(r, losses, out);
}

static void write_gemini_answer(struct arena *a UNUSED, const struct embed_request *r,
                                const struct embed_answer *answer, struct sb *out)
{
    embed_write_gemini_answer(r, answer, out);
}

static const struct embed_dialect openai = {
    .read_request = embed_read_openai,
    .calls = one_call,
    .write_request = write_openai,
    .read_answer = embed_read_openai_answer,
    .write_answer = embed_write_openai_answer,
};

static const struct embed_dialect gemini = {
    .read_request = embed_read_gemini,
    .calls = embed_gemini_calls,
    .write_request = embed_write_gemini,
    .read_answer = embed_read_gemini_answer,
    .needs_normalising = embed_needs_normalising,
    .write_answer = write_gemini_answer,
};

const struct embed_dialect *embed_dialect_of(enum dialect_id id)
{
    static const struct embed_dialect *const all[DIALECT_COUNT] = {
        [DIALECT_OPENAI_CHAT] = &openai,
        [DIALECT_GEMINI] = &gemini,
    };

    return all[id];
}
