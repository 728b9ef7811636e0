/*
 * The tokens of a request's prompt, read off its JSON text in one pass. Each function below stands
 * on the first byte of what its name says and leaves the scan behind it; a text that ends too early
 * or has something else there marks the scan broken, which ends every loop.
 */
#include "billing/token_counter.h"
#include "billing/tokens.h"

/* billing reference 8.2 and 8.3, in hundredths of a token */
enum {
    EACH_MESSAGE = 300,
    EACH_NAME = 100,
    END_OF_MESSAGES = 300,
    EACH_TOOL = 800,
    EACH_NUMBER = 100,
    AUDIO = 10000,
    MEDIA_FILE = 500000,
    CLAUDE_MEDIA = 100000, /* an image or a document of that dialect */
};

enum { DATA_URL_MIN_BYTES = 256 };

struct scan {
    const char *p, *end;
    struct token_counter counter;
    struct image_weights image;
    struct {
        struct str url;
        bool low;
    } seen; /* of the image that is being read */
    bool broken;
};

typedef void member_fn(struct scan *s, struct str key);

static char peek(struct scan *s)
{
    while (s->p < s->end && (*s->p == ' ' || *s->p == '\n' || *s->p == '\r' || *s->p == '\t'))
        s->p++;
    if (s->p < s->end)
        return *s->p;
    s->broken = true;
    return '\0';
}

static void add(struct scan *s, uint64_t hundredths)
{
    s->counter.hundredths += hundredths;
}

static void add_tokens(struct scan *s, int64_t tokens)
{
    add(s, (uint64_t)tokens * 100);
}

/* The raw text between the quotes. */
static struct str skip_string(struct scan *s)
{
    const char *start = ++s->p;

    while (s->p < s->end) {
        const char *quote = memchr(s->p, '"', (size_t)(s->end - s->p)), *slash = quote;

        if (!quote)
            break;
        s->p = quote + 1;
        while (slash > start && slash[-1] == '\\')
            slash--;
        if ((quote - slash) % 2 == 0)
            return str_make(start, (size_t)(quote - start));
    }
    s->broken = true;
    return STR_NULL;
}

/* Inline media would be counted as if it were read aloud. */
static bool is_data_url(const struct scan *s)
{
    struct str text = str_make(s->p + 1, (size_t)(s->end - s->p - 1));

    return str_starts(text, STR("data:")) &&
           !memchr(text.p, '"', text.n < DATA_URL_MIN_BYTES ? text.n : DATA_URL_MIN_BYTES);
}

static void count_string(struct scan *s)
{
    const char *next;

    if (is_data_url(s)) {
        add_tokens(s, image_tokens_of_url(&s->image, skip_string(s)));
        return;
    }
    token_counter_break(&s->counter);
    next = token_counter_json_string(&s->counter, s->p + 1, s->end);
    if (!next)
        s->broken = true;
    s->p = next ? next : s->end;
}

static void skip_scalar(struct scan *s)
{
    const char *start = s->p;

    while (s->p < s->end && !memchr(",]}: \t\r\n\"[{", *s->p, 11))
        s->p++;
    if (s->p == start)
        s->broken = true;
}

/* The value with all that is in it; `count`: its strings (names of members, too) and numbers. */
static void walk_value(struct scan *s, bool count)
{
    size_t depth = 0;

    do {
        char c = peek(s);

        if (c == '{' || c == '[') {
            depth++;
            s->p++;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
            s->p++;
        } else if ((c == ',' || c == ':') && depth > 0) {
            s->p++;
        } else if (c == '"') {
            if (count)
                count_string(s);
            else
                skip_string(s);
        } else {
            if (count && (c == '-' || (c >= '0' && c <= '9')))
                add(s, EACH_NUMBER);
            skip_scalar(s);
        }
    } while (depth > 0 && !s->broken);
}

static void skip_value(struct scan *s)
{
    walk_value(s, false);
}

static void count_value(struct scan *s)
{
    walk_value(s, true);
}

/* Goes behind a comma or the closing bracket; true: another element follows. */
static bool next_element(struct scan *s, char close)
{
    char c = peek(s);

    if (c != ',' && c != close)
        s->broken = true;
    if (!s->broken)
        s->p++;
    return c == ',' && !s->broken;
}

/* Goes behind the opening bracket; true: there is a first element. */
static bool open_bracket(struct scan *s, char close)
{
    s->p++;
    if (peek(s) != close)
        return !s->broken;
    s->p++;
    return false;
}

static void each_member(struct scan *s, member_fn *member)
{
    bool more = open_bracket(s, '}');

    while (more) {
        struct str key = peek(s) == '"' ? skip_string(s) : STR_NULL;

        if (!key.p || peek(s) != ':') {
            s->broken = true;
            return;
        }
        s->p++;
        peek(s);
        if (!s->broken)
            member(s, key);
        more = next_element(s, '}');
    }
}

static void each_element(struct scan *s, void (*element)(struct scan *s))
{
    bool more = open_bracket(s, ']');

    while (more) {
        peek(s);
        if (!s->broken)
            element(s);
        more = next_element(s, ']');
    }
}

static void image_member(struct scan *s, struct str key)
{
    if (*s->p == '"' && str_eq(key, STR("detail")))
        s->seen.low = str_eq(skip_string(s), STR("low"));
    else if (*s->p == '"' && str_eq(key, STR("url")))
        s->seen.url = skip_string(s);
    else
        skip_value(s);
}

static void image_url(struct scan *s)
{
    s->seen.url = STR_NULL;
    s->seen.low = false;
    if (*s->p == '{')
        each_member(s, image_member);
    else if (*s->p == '"')
        s->seen.url = skip_string(s);
    else
        skip_value(s);
    add_tokens(s, s->seen.low ? s->image.low : image_tokens_of_url(&s->image, s->seen.url));
}

static void content_value(struct scan *s);

static bool is_one_of(struct str key, const struct str *names, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(key, names[i]))
            return true;
    }
    return false;
}

/* A part of OpenAI's, Claude's or Gemini's dialect. */
static void part_member(struct scan *s, struct str key)
{
    static const struct str texts[] = {STR_INIT("text"),
                                       STR_INIT("thinking"),
                                       STR_INIT("input"),
                                       STR_INIT("functionCall"),
                                       STR_INIT("functionResponse"),
                                       STR_INIT("function_call"),
                                       STR_INIT("function_response")};
    static const struct str media[] = {STR_INIT("inlineData"), STR_INIT("inline_data"),
                                       STR_INIT("fileData"), STR_INIT("file_data")};

    if (is_one_of(key, texts, ARRAY_LEN(texts))) {
        count_value(s);
        return;
    }
    if (str_eq(key, STR("content"))) {
        content_value(s);
        return;
    }
    if (str_eq(key, STR("image_url"))) {
        image_url(s);
        return;
    }
    if (str_eq(key, STR("input_audio")))
        add(s, AUDIO);
    else if (str_eq(key, STR("file")) || str_eq(key, STR("video_url")))
        add(s, MEDIA_FILE);
    else if (str_eq(key, STR("source")))
        add(s, CLAUDE_MEDIA);
    else if (is_one_of(key, media, ARRAY_LEN(media)))
        add_tokens(s, s->image.flat);
    skip_value(s);
}

static void content_part(struct scan *s)
{
    if (*s->p == '{')
        each_member(s, part_member);
    else
        count_value(s);
}

/* A text, or a list of parts. */
static void content_value(struct scan *s)
{
    if (*s->p == '[')
        each_element(s, content_part);
    else
        count_value(s);
}

static void message_member(struct scan *s, struct str key)
{
    if (str_eq(key, STR("content")) || str_eq(key, STR("parts"))) {
        content_value(s);
    } else if (str_eq(key, STR("role")) || str_eq(key, STR("tool_calls"))) {
        count_value(s);
    } else if (str_eq(key, STR("name"))) {
        add(s, EACH_NAME);
        count_value(s);
    } else {
        skip_value(s);
    }
}

static void message(struct scan *s)
{
    add(s, EACH_MESSAGE);
    if (*s->p == '{')
        each_member(s, message_member);
    else
        count_value(s);
}

static void tool(struct scan *s)
{
    add(s, EACH_TOOL);
    count_value(s);
}

/* Of Gemini's embeddings: one content, and what batches hold. */
static void embed_member(struct scan *s, struct str key)
{
    if (str_eq(key, STR("content")) && *s->p == '{')
        each_member(s, message_member);
    else
        skip_value(s);
}

static void embed_request(struct scan *s)
{
    if (*s->p == '{')
        each_member(s, embed_member);
    else
        skip_value(s);
}

static void request_member(struct scan *s, struct str key)
{
    static const struct str texts[] = {STR_INIT("prompt"),       STR_INIT("input"),
                                       STR_INIT("suffix"),       STR_INIT("instruction"),
                                       STR_INIT("system"),       STR_INIT("systemInstruction"),
                                       STR_INIT("instructions"), STR_INIT("system_instruction")};
    bool array = *s->p == '[';

    if (array && (str_eq(key, STR("messages")) || str_eq(key, STR("contents")))) {
        add(s, END_OF_MESSAGES);
        each_element(s, message);
        return;
    }
    if (array && (str_eq(key, STR("tools")) || str_eq(key, STR("functions")))) {
        each_element(s, tool);
        return;
    }
    if (array && str_eq(key, STR("requests")))
        each_element(s, embed_request);
    else if (is_one_of(key, texts, ARRAY_LEN(texts)))
        count_value(s);
    else
        embed_member(s, key);
}

int64_t tokens_of_request(struct str model, struct str body, enum image_counting images)
{
    struct scan s = {.p = body.p, .end = body.p + body.n};

    image_weights_init(&s.image, model, images);
    token_counter_init(&s.counter, token_table_of(model));
    if (body.n == 0 || peek(&s) != '{')
        return 0;
    each_member(&s, request_member);
    if (s.broken)
        return 0;
    peek(&s);
    if (s.p != s.end) /* something stands behind the object */
        return 0;
    return (int64_t)((s.counter.hundredths + 99) / 100);
}
