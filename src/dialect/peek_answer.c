/*
 * A chunk of a stream is looked at once for each chunk of each stream, so this is one walk over the
 * text without a tree or an allocation: it goes down only into the containers that can hold what
 * counts (choices, delta or message, tool calls) and skips the others.
 */
#include "base/json_scan.h"
#include "base/json_text.h"
#include "dialect/peek.h"

enum { PIECE_BYTES = 256 };

struct walk {
    const char *p, *end;
    const char *comma; /* before the member that was read last; NULL: it is the first */
    const struct json_scan *scan;
    peek_text_fn *fn;
    void *ctx;
    struct peek_answer *out;
    struct str usage, choice_usage, groq_usage; /* raw */
    bool some_choice, some_data, broken;
};

/* ---- tokens ---- */

static void give_up(struct walk *w)
{
    w->p = w->end;
    w->broken = true;
}

/* The next character that is no white space, NUL at the end. */
static inline char look(struct walk *w)
{
    while (w->p < w->end && (*w->p == ' ' || *w->p == '\n' || *w->p == '\t' || *w->p == '\r'))
        w->p++;
    return w->p < w->end ? *w->p : '\0';
}

/* The inside of the string whose quote is next. */
static inline struct str take_string(struct walk *w, bool *escaped)
{
    const char *from = w->p + 1, *close = from;
    unsigned stops = 0;

    while (w->end - close >= 16 && (stops = json_scan_stops16(close)) == 0)
        close += 16;
    close += stops != 0 ? __builtin_ctz(stops) : 0;
    if (stops == 0 || *close != '"') /* an escape, or the end is near */
        close = w->scan->string(close, w->end, escaped);
    if (UNLIKELY(close == w->end || *close != '"')) {
        give_up(w);
        return STR_NULL;
    }
    w->p = close + 1;
    return str_make(from, (size_t)(close - from));
}

static void skip_container(struct walk *w)
{
    size_t depth = 0;
    bool escaped = false;

    do {
        char c = w->p < w->end ? *w->p : '\0';

        if (c == '"') {
            take_string(w, &escaped);
            continue;
        }
        if (c == '\0') {
            give_up(w);
            return;
        }
        depth += c == '{' || c == '[';
        depth -= c == '}' || c == ']';
        w->p++;
    } while (depth > 0 && !w->broken);
}

/* Any value; returns its text. */
static inline struct str skip_value(struct walk *w)
{
    char c = look(w);
    const char *from = w->p;
    bool escaped = false;

    if (c == '"') {
        take_string(w, &escaped);
    } else if (c == '{' || c == '[') {
        skip_container(w);
    } else {
        while (w->p < w->end && *w->p != ',' && *w->p != '}' && *w->p != ']' && *w->p > ' ')
            w->p++;
        if (w->p == from)
            give_up(w);
    }
    return str_make(from, (size_t)(w->p - from));
}

/* Steps into the container that is next; another value is skipped. */
static inline bool enter(struct walk *w, char bracket)
{
    if (look(w) != bracket) {
        skip_value(w);
        return false;
    }
    w->p++;
    w->comma = NULL;
    return true;
}

/* True: there is one more element or member, and the walk stands before it. */
static inline bool one_more(struct walk *w, char bracket, bool first)
{
    char c = look(w);

    if (c == bracket) {
        w->p++;
        return false;
    }
    if (first && c != '\0')
        return true;
    if (c != ',') {
        give_up(w);
        return false;
    }
    w->comma = w->p++;
    return true;
}

/* The next member's name; the walk stands before its value. */
static inline bool next_member(struct walk *w, bool *first, struct str *name)
{
    bool escaped = false;

    if (!one_more(w, '}', *first))
        return false;
    *first = false;
    if (look(w) != '"') {
        give_up(w);
        return false;
    }
    *name = take_string(w, &escaped);
    if (look(w) != ':') {
        give_up(w);
        return false;
    }
    w->p++;
    return true;
}

static inline bool next_element(struct walk *w, bool *first)
{
    bool more = one_more(w, ']', *first);

    *first = false;
    return more;
}

#define NAME_IS(name, lit) ((name).n == sizeof(lit) - 1 && memcmp((name).p, lit, (name).n) == 0)

/* ---- text ---- */

/* An escaped text in small pieces, so that nothing is allocated however long it is. */
static void give_unescaped(struct walk *w, struct str text)
{
    char piece[PIECE_BYTES];

    while (text.n > 0) {
        size_t n = json_text_unescape_some(&text, piece, sizeof piece);

        w->fn(w->ctx, str_make(piece, n));
    }
}

/* A string, if that is what the value is. Not empty: content. */
static inline void take_text(struct walk *w)
{
    bool escaped = false;
    struct str text;

    if (look(w) != '"') {
        skip_value(w);
        return;
    }
    text = take_string(w, &escaped);
    if (text.n == 0)
        return;
    w->out->has_content = true;
    if (!w->fn)
        return;
    if (escaped)
        give_unescaped(w, text);
    else
        w->fn(w->ctx, text);
}

/* A container with something in it, or a string that is not empty: content that is no text. */
static void take_filled(struct walk *w)
{
    struct str raw = skip_value(w);

    if (raw.n > 2 && (raw.p[0] == '[' || raw.p[0] == '{' || raw.p[0] == '"') &&
        str_trim(str_sub(raw, 1, raw.n - 2)).n > 0)
        w->out->has_content = true;
}

/* [{"type":"text","text":..}, ..] (Mistral's thinking parts: "thinking":[{"text":..}]). */
/* NOLINTNEXTLINE(misc-no-recursion): thinking stands in a text's place, not in other thinking. */
static void take_parts(struct walk *w, unsigned depth)
{
    struct str name;

    if (!enter(w, '['))
        return;
    for (bool first = true; next_element(w, &first);) {
        w->out->has_content = true;
        if (!enter(w, '{'))
            continue;
        for (bool start = true; next_member(w, &start, &name);) {
            if (NAME_IS(name, "text"))
                take_text(w);
            else if (depth == 0 && NAME_IS(name, "thinking"))
                look(w) == '[' ? take_parts(w, depth + 1) : take_text(w);
            else
                skip_value(w);
        }
    }
}

/* {"name":..,"arguments":..}; arguments are a string, with some servers an object. */
static void take_function(struct walk *w)
{
    struct str name;

    if (!enter(w, '{'))
        return;
    for (bool first = true; next_member(w, &first, &name);) {
        if (NAME_IS(name, "name") || (NAME_IS(name, "arguments") && look(w) == '"'))
            take_text(w);
        else if (NAME_IS(name, "arguments") && look(w) == '{' && w->fn)
            w->fn(w->ctx, skip_value(w));
        else
            skip_value(w);
    }
}

static void take_tool_calls(struct walk *w)
{
    unsigned calls = 0;
    struct str name;

    if (!enter(w, '['))
        return;
    for (bool first = true; next_element(w, &first); calls++) {
        w->out->has_content = true;
        if (!enter(w, '{'))
            continue;
        for (bool start = true; next_member(w, &start, &name);) {
            if (NAME_IS(name, "function"))
                take_function(w);
            else
                skip_value(w);
        }
    }
    if (calls > w->out->tool_calls)
        w->out->tool_calls = calls;
}

/* ---- the answer ---- */

static void take_message_member(struct walk *w, struct str name)
{
    if (NAME_IS(name, "content") && look(w) == '[')
        take_parts(w, 0);
    else if (NAME_IS(name, "content") || NAME_IS(name, "reasoning_content") ||
             NAME_IS(name, "reasoning") || NAME_IS(name, "refusal"))
        take_text(w);
    else if (NAME_IS(name, "tool_calls"))
        take_tool_calls(w);
    else if (NAME_IS(name, "function_call") && look(w) == '{')
        w->out->has_content = true, take_function(w);
    else if (NAME_IS(name, "audio") || NAME_IS(name, "images") ||
             NAME_IS(name, "reasoning_details"))
        take_filled(w);
    else
        skip_value(w);
}

static void take_message(struct walk *w)
{
    struct str name;

    if (!enter(w, '{'))
        return;
    for (bool first = true; next_member(w, &first, &name);)
        take_message_member(w, name);
}

static void take_choice(struct walk *w)
{
    struct str name;

    if (!enter(w, '{'))
        return;
    for (bool first = true; next_member(w, &first, &name);) {
        if (NAME_IS(name, "delta") || NAME_IS(name, "message")) {
            take_message(w);
        } else if (NAME_IS(name, "text")) {
            take_text(w);
        } else if (NAME_IS(name, "finish_reason")) {
            struct str raw = skip_value(w);

            w->out->has_finish |= raw.n > 2 && raw.p[0] == '"';
            w->out->has_cause |= raw.n > 2 && raw.p[0] == '"' && !NAME_IS(raw, "\"stop\"");
        } else if (NAME_IS(name, "usage")) {
            w->choice_usage = skip_value(w);
        } else {
            skip_value(w);
        }
    }
}

static void take_choices(struct walk *w)
{
    if (!enter(w, '['))
        return;
    for (bool first = true; next_element(w, &first);) {
        w->some_choice = true;
        take_choice(w);
    }
}

/* Vectors are not looked at: that there is one is enough. */
static void take_data(struct walk *w)
{
    struct str raw = skip_value(w);

    if (raw.n > 2 && raw.p[0] == '[' && str_has(str_sub(raw, 0, 4096), STR("\"embedding\"")))
        w->some_data = w->out->has_content = true;
}

static void take_groq(struct walk *w)
{
    struct str name;

    if (!enter(w, '{'))
        return;
    for (bool first = true; next_member(w, &first, &name);) {
        struct str raw = skip_value(w);

        if (NAME_IS(name, "usage"))
            w->groq_usage = raw;
    }
}

/* The member whose name begins at `from` and its comma: the one before it, or for the first member
 * the one behind it. */
static struct str with_comma(struct walk *w, const char *from, const char *comma)
{
    const char *end = w->p;

    if (comma)
        return str_make(comma, (size_t)(end - comma));
    if (look(w) == ',')
        end = w->p + 1;
    return str_make(from, (size_t)(end - from));
}

static void take_top_usage(struct walk *w, struct str name)
{
    const char *comma = w->comma;

    w->usage = skip_value(w);
    w->out->usage_member = with_comma(w, name.p - 1, comma);
}

static void take_error(struct walk *w)
{
    struct str raw = skip_value(w);

    w->out->has_error = raw.n > 2 && (raw.p[0] == '{' || raw.p[0] == '"');
}

static void take_top(struct walk *w)
{
    struct str name;

    if (look(w) != '{') {
        give_up(w);
        return;
    }
    w->p++;
    for (bool first = true; next_member(w, &first, &name);) {
        if (NAME_IS(name, "choices"))
            take_choices(w);
        else if (NAME_IS(name, "usage"))
            take_top_usage(w, name);
        else if (NAME_IS(name, "error"))
            take_error(w);
        else if (NAME_IS(name, "data"))
            take_data(w);
        else if (NAME_IS(name, "x_groq"))
            take_groq(w);
        else
            skip_value(w);
    }
    w->broken |= look(w) != '\0' || w->p != w->end;
}

static void find_usage(struct walk *w)
{
    const struct str places[] = {w->usage, w->choice_usage, w->groq_usage};
    struct peek_answer *out = w->out;

    for (size_t i = 0; i < ARRAY_LEN(places) && !out->has_usage; i++)
        out->has_usage = places[i].n > 4 && peek_usage(places[i], &out->usage);
    out->has_null_usage = str_eq(w->usage, STR("null"));
    out->usage_only = out->has_usage && !w->some_choice && !w->some_data;
}

void peek_answer(struct str json, peek_text_fn *fn, void *ctx, struct peek_answer *out)
{
    struct walk w = {.p = json.p,
                     .end = json.p + json.n,
                     .scan = json_scan_best(),
                     .fn = fn,
                     .ctx = ctx,
                     .out = out};

    *out = (struct peek_answer){0};
    if (json.n == 0)
        return;
    take_top(&w);
    if (w.broken) {
        *out = (struct peek_answer){0};
        return;
    }
    out->is_object = true;
    find_usage(&w);
}
