/*
 * Words that no prompt may hold (relay reference 9, step 2). Nearly every prompt holds none, which
 * is found in the bytes as they came; only where those hold a word, or spell characters in another
 * way, are the texts of the prompt taken out and looked at one by one.
 */
#include "relay/exchange.h"

#include "relay/mode.h"

const char prompt_refusal[] =
    "输入内容包含屏蔽词 (the prompt holds a word that is not allowed here)";

/* Do the bytes of the body hold every listed word that its texts hold? Any character may be spelt
 * by its number, the slash by an escape, and the characters that always are escaped are known to be
 * in a word or not. */
static bool is_spelt_plainly(struct str body, const struct settings *s)
{
    const char *at = body.p, *end = body.p + body.n;

    while ((at = memchr(at, '\\', (size_t)(end - at))) && at + 1 < end) {
        if (at[1] == 'u' || at[1] == '/')
            return false;
        at += 2;
    }
    return !s->sensitive_escaped;
}

/* The words, and memory for what is taken out. */
struct finder {
    const struct words *words;
    struct arena *arena;
};

static struct str find_in_text(const struct finder *f, const struct json *text)
{
    struct str plain;

    if (!json_str(f->arena, text, &plain))
        return STR_NULL;
    return words_find(f->words, plain);
}

/* A text, or a list of texts or of parts with a text, as is in parts that are a tool's result. */
static struct str find_in_parts(const struct finder *f, const struct json *content)
{
    struct str word = find_in_text(f, content);

    JSON_EACH (part, content) {
        if (word.n == 0)
            word = find_in_text(f, json_is(part, JSON_OBJECT) ? json_get(part, STR("text")) : part);
    }
    return word;
}

static struct str find_in_content(const struct finder *f, const struct json *content)
{
    struct str word = find_in_parts(f, content);

    JSON_EACH (part, content) {
        if (word.n == 0)
            word = find_in_parts(f, json_get(part, STR("content")));
    }
    return word;
}

/* What a message, an item, or Gemini's content says. */
static struct str find_in_message(const struct finder *f, const struct json *message)
{
    static const struct str names[] = {STR_INIT("content"), STR_INIT("parts"), STR_INIT("output")};
    struct str word = STR_NULL;

    for (size_t i = 0; i < ARRAY_LEN(names) && word.n == 0; i++)
        word = find_in_content(f, json_get(message, names[i]));
    return word;
}

/* What a request says, or the settings of a session or a response. */
static struct str find_in_request(const struct finder *f, const struct json *root)
{
    static const struct str texts[] = {STR_INIT("prompt"), STR_INIT("input"),
                                       STR_INIT("instructions"), STR_INIT("system")};
    static const struct str messages[] = {STR_INIT("systemInstruction"),
                                          STR_INIT("system_instruction")};
    static const struct str lists[] = {STR_INIT("messages"), STR_INIT("input"),
                                       STR_INIT("contents")};
    struct str word = STR_NULL;

    for (size_t i = 0; i < ARRAY_LEN(texts) && word.n == 0; i++)
        word = find_in_content(f, json_get(root, texts[i]));
    for (size_t i = 0; i < ARRAY_LEN(messages) && word.n == 0; i++)
        word = find_in_message(f, json_get(root, messages[i]));
    for (size_t i = 0; i < ARRAY_LEN(lists) && word.n == 0; i++) {
        JSON_EACH (message, json_get(root, lists[i])) {
            if (word.n == 0)
                word = find_in_message(f, message);
        }
    }
    return word;
}

static bool is_checked(const struct settings *s)
{
    return s->check_sensitive && s->check_sensitive_prompt && s->sensitive.count > 0;
}

/* `raw` is JSON that was found readable: a request, or an item of a conversation. */
static bool json_holds_word(struct arena *a, const struct settings *s, struct str raw)
{
    const struct finder f = {.words = &s->sensitive, .arena = a};
    const struct json *root = NULL;

    if (words_find(&s->sensitive, raw).n == 0 && is_spelt_plainly(raw, s))
        return false;
    if (json_read(a, raw, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return false;
    return find_in_request(&f, root).n > 0 || find_in_message(&f, root).n > 0;
}

bool prompt_holds_word(struct arena *a, const struct settings *s, struct str raw)
{
    return is_checked(s) && json_holds_word(a, s, raw);
}

static bool holds_word(struct exchange *x)
{
    if (x->asked) /* the text is taken out already */
        return words_find(&x->snap->settings.sensitive, mode_checked_text(x)).n > 0;
    return json_holds_word(x->arena, &x->snap->settings, x->body);
}

enum step_next prompt_check(struct exchange *x)
{
    const struct settings *s = &x->snap->settings;

    if (!is_checked(s) || x->mode == MODE_EMBEDDINGS || x->mode == MODE_REALTIME)
        return NEXT_STEP;
    if (!holds_word(x))
        return NEXT_STEP;
    return exchange_fail(x, ERR_SENSITIVE, "%s", prompt_refusal);
}
