#include "dialect/loss.h"

enum { NAME_MAX_BYTES = 64 };

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-' || c == ':';
}

static struct str token_of(struct str name)
{
    size_t n = 0;

    while (n < name.n && n < NAME_MAX_BYTES && is_token_char(name.p[n]))
        n++;
    return str_sub(name, 0, n);
}

void loss_add(struct loss_list *list, struct str name)
{
    name = token_of(name);
    if (name.n == 0)
        return;
    for (size_t i = 0; i < list->n; i++) {
        if (str_eq(list->names[i], name))
            return;
    }
    if (list->n < LOSS_MAX)
        list->names[list->n++] = name;
    else
        list->more = true;
}

void loss_add_under(struct loss_list *list, struct arena *a, struct str prefix, struct str name)
{
    loss_add(list, str_concat(a, (struct str[]){prefix, STR("."), token_of(name)}, 3));
}

/* Members that the dialects call differently. Empty: as OpenAI's chat does, or not there. */
static const struct {
    struct str chat, responses, claude, gemini;
} names[] = {
    {.chat = STR_INIT("temperature"), .gemini = STR_INIT("generationConfig.temperature")},
    {.chat = STR_INIT("top_p"), .gemini = STR_INIT("generationConfig.topP")},
    {.chat = STR_INIT("top_k"), .gemini = STR_INIT("generationConfig.topK")},
    {.chat = STR_INIT("seed"), .gemini = STR_INIT("generationConfig.seed")},
    {.chat = STR_INIT("n"), .gemini = STR_INIT("generationConfig.candidateCount")},
    {.chat = STR_INIT("frequency_penalty"),
     .gemini = STR_INIT("generationConfig.frequencyPenalty")},
    {.chat = STR_INIT("presence_penalty"), .gemini = STR_INIT("generationConfig.presencePenalty")},
    {.chat = STR_INIT("logprobs"),
     .responses = STR_INIT("top_logprobs"),
     .gemini = STR_INIT("generationConfig.responseLogprobs")},
    {.chat = STR_INIT("top_logprobs"), .gemini = STR_INIT("generationConfig.logprobs")},
    {.chat = STR_INIT("stop"),
     .claude = STR_INIT("stop_sequences"),
     .gemini = STR_INIT("generationConfig.stopSequences")},
    {.chat = STR_INIT("modalities"), .gemini = STR_INIT("generationConfig.responseModalities")},
    {.chat = STR_INIT("reasoning_effort"),
     .responses = STR_INIT("reasoning.effort"),
     .claude = STR_INIT("thinking"),
     .gemini = STR_INIT("generationConfig.thinkingConfig")},
    {.chat = STR_INIT("verbosity"), .responses = STR_INIT("text.verbosity")},
    {.chat = STR_INIT("user"), .claude = STR_INIT("metadata.user_id")},
    {.chat = STR_INIT("parallel_tool_calls"),
     .claude = STR_INIT("tool_choice.disable_parallel_tool_use")},
    {.chat = STR_INIT("messages.content.image_url.detail"),
     .responses = STR_INIT("input.content.detail")},
};

static struct str name_for(struct str name, enum dialect_id client)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        struct str own = STR_NULL;

        if (!str_eq(names[i].chat, name))
            continue;
        if (client == DIALECT_OPENAI_RESPONSES)
            own = names[i].responses;
        else if (client == DIALECT_CLAUDE)
            own = names[i].claude;
        else if (client == DIALECT_GEMINI)
            own = names[i].gemini;
        return own.n > 0 ? own : name;
    }
    return name;
}

struct str loss_text_for(struct arena *a, const struct loss_list *list, enum dialect_id client)
{
    struct loss_list told = {.more = list->more};

    for (size_t i = 0; i < list->n; i++)
        loss_add(&told, name_for(list->names[i], client));
    return loss_text(a, &told);
}

struct str loss_text(struct arena *a, const struct loss_list *list)
{
    struct str parts[2 * LOSS_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < list->n; i++) {
        if (i > 0)
            parts[n++] = STR(", ");
        parts[n++] = list->names[i];
    }
    if (list->more)
        parts[n++] = STR(", ...");
    return n > 0 ? str_concat(a, parts, n) : STR_NULL;
}
