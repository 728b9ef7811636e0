#include "dialect/gemini_partial.h"

#include "base/json_write.h"

enum { DEPTH_MAX = 32 };

/* A step of a path: a member's name or an element's number. */
struct step {
    struct str text;
    bool is_index;
};

struct path {
    struct step steps[DEPTH_MAX];
    size_t n;
};

static void say(const struct gemini_partial *p, const struct chat_sink *sink, struct str text)
{
    if (text.n > 0)
        chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS,
                                             .choice = p->choice,
                                             .tool = p->tool,
                                             .text = text});
}

/* One of .name [0] ['name'] ["name"] off the front. */
static bool read_step(struct str *text, struct step *out)
{
    size_t n = 1;

    if (text->p[0] == '.') {
        while (n < text->n && text->p[n] != '.' && text->p[n] != '[')
            n++;
        *out = (struct step){.text = str_sub(*text, 1, n - 1)};
        *text = str_skip(*text, n);
        return out->text.n > 0;
    }
    while (n < text->n && text->p[n] != ']')
        n++;
    if (text->p[0] != '[' || n == text->n || n == 1)
        return false;
    out->text = str_sub(*text, 1, n - 1);
    *text = str_skip(*text, n + 1);
    out->is_index = out->text.p[0] != '\'' && out->text.p[0] != '"';
    if (!out->is_index)
        out->text = str_sub(out->text, 1, out->text.n > 2 ? out->text.n - 2 : 0);
    return true;
}

static bool read_path(struct str text, struct path *out)
{
    out->n = 0;
    if (text.n < 2 || text.p[0] != '$')
        return false;
    text = str_skip(text, 1);
    while (text.n > 0) {
        if (out->n == DEPTH_MAX || !read_step(&text, &out->steps[out->n]))
            return false;
        out->n++;
    }
    return true;
}

/* How many steps both paths go together; the last one of either is its own. */
static size_t common_steps(const struct path *x, const struct path *y)
{
    size_t n = 0;

    while (n + 1 < x->n && n + 1 < y->n && str_eq(x->steps[n].text, y->steps[n].text) &&
           x->steps[n].is_index == y->steps[n].is_index)
        n++;
    return n;
}

static void close_down_to(const struct gemini_partial *p, const struct chat_sink *sink,
                          const struct path *path, size_t level)
{
    for (size_t i = path->n; i > level; i--)
        say(p, sink, path->steps[i - 1].is_index ? STR("]") : STR("}"));
}

static void open_step(const struct gemini_partial *p, struct arena *scratch,
                      const struct chat_sink *sink, const struct step *step)
{
    if (step->is_index)
        return;
    say(p, sink, json_quote(scratch, step->text));
    say(p, sink, STR(":"));
}

/* From the last value's place to the next one's. */
static void move_to(struct gemini_partial *p, struct arena *scratch, const struct path *to,
                    const struct chat_sink *sink)
{
    struct path from;
    size_t level = 0;

    if (p->path_n > 0 && read_path(str_make(p->path, p->path_n), &from)) {
        level = common_steps(&from, to);
        close_down_to(p, sink, &from, level + 1);
        say(p, sink, STR(","));
    } else {
        say(p, sink, to->steps[0].is_index ? STR("[") : STR("{"));
    }
    open_step(p, scratch, sink, &to->steps[level]);
    for (size_t i = level + 1; i < to->n; i++) {
        say(p, sink, to->steps[i].is_index ? STR("[") : STR("{"));
        open_step(p, scratch, sink, &to->steps[i]);
    }
}

static void say_value(struct gemini_partial *p, struct arena *scratch, const struct json *value,
                      const struct chat_sink *sink)
{
    static const char *const names[] = {"numberValue", "boolValue"};
    struct str text;

    if (json_str(scratch, json_get(value, STR("stringValue")), &text)) {
        text = json_quote(scratch, text);
        p->in_string = json_bool_or(json_get(value, STR("willContinue")), false);
        say(p, sink, str_sub(text, 0, p->in_string ? text.n - 1 : text.n));
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        const struct json *plain = json_get(value, str_from(names[i]));

        if (plain) {
            say(p, sink, json_raw(plain));
            return;
        }
    }
    say(p, sink, STR("null"));
}

/* The next piece of a string: without its quotes, but for the last one. */
static void go_on(struct gemini_partial *p, struct arena *scratch, const struct json *value,
                  const struct chat_sink *sink)
{
    struct str text = json_str_or_null(scratch, json_get(value, STR("stringValue")));

    text = json_quote(scratch, text);
    say(p, sink, str_sub(text, 1, text.n - 2));
    p->in_string = json_bool_or(json_get(value, STR("willContinue")), false);
    if (!p->in_string)
        say(p, sink, STR("\""));
}

static void add_value(struct gemini_partial *p, struct arena *scratch, const struct json *value,
                      const struct chat_sink *sink)
{
    struct str text = json_str_or_null(scratch, json_get(value, STR("jsonPath")));
    struct path to;

    if (p->in_string && str_eq(text, str_make(p->path, p->path_n))) {
        go_on(p, scratch, value, sink);
        return;
    }
    if (p->in_string)
        say(p, sink, STR("\""));
    p->in_string = false;
    if (text.n > GEMINI_PATH_MAX || !read_path(text, &to)) {
        p->broken = true;
        return;
    }
    move_to(p, scratch, &to, sink);
    memcpy(p->path, text.p, text.n);
    p->path_n = text.n;
    say_value(p, scratch, value, sink);
}

void gemini_partial_add(struct gemini_partial *p, struct arena *scratch, const struct json *list,
                        const struct chat_sink *sink)
{
    JSON_EACH (value, list) {
        if (!p->broken)
            add_value(p, scratch, value, sink);
    }
}

void gemini_partial_end(struct gemini_partial *p, const struct chat_sink *sink)
{
    struct path last;

    if (p->open && p->in_string)
        say(p, sink, STR("\""));
    if (p->open && p->path_n > 0 && read_path(str_make(p->path, p->path_n), &last))
        close_down_to(p, sink, &last, 0);
    *p = (struct gemini_partial){0};
}
