#include "dialect/system_prompt.h"

#include "base/json_write.h"

/* A body, and what is to be put into it. */
struct edit {
    struct arena *arena;
    const struct json *body;
    const struct system_prompt *prompt;
    struct json_patch *patch;
};

static struct str quote(const struct edit *e)
{
    return json_quote(e->arena, e->prompt->text);
}

/* {"type":"text","text":PROMPT}, which three dialects write alike. */
static struct str text_part(const struct edit *e)
{
    return str_concat(e->arena,
                      (struct str[]){STR("{\"type\":\"text\",\"text\":"), quote(e), STR("}")}, 3);
}

/* The prompt, a line's end, and the text that was there. */
static struct str joined(struct arena *a, const struct system_prompt *prompt, struct str text)
{
    return str_concat(a, (struct str[]){prompt->text, STR("\n"), text}, 3);
}

/* In front of the elements of a list that is not empty. */
static void put_first(const struct edit *e, const struct json *list, struct str element)
{
    const struct json *first = json_at(list, 0);

    json_patch_replace(e->patch, first,
                       str_concat(e->arena, (struct str[]){element, STR(","), json_raw(first)}, 3));
}

static bool is_empty(const struct json *value)
{
    return !value || json_is(value, JSON_NULL) || json_str_eq(value, STR("")) ||
           (!json_is(value, JSON_STRING) && json_count(value) == 0);
}

/* In front of a member that is a text or a list of parts; any other is replaced. */
static void put_into(const struct edit *e, const struct json *object, struct str key)
{
    const struct json *value = json_get(object, key);
    struct str text;

    if (json_is(value, JSON_ARRAY) && !is_empty(value))
        put_first(e, value, text_part(e));
    else if (!is_empty(value) && json_str(e->arena, value, &text))
        json_patch_set(e->patch, object, key,
                       json_quote(e->arena, joined(e->arena, e->prompt, text)));
    else
        json_patch_set(e->patch, object, key, quote(e));
}

/* The first message of the system or the developer; NULL: none. */
static const struct json *system_message(const struct json *messages)
{
    JSON_EACH (message, messages) {
        const struct json *role = json_get(message, STR("role"));

        if (json_str_eq(role, STR("system")) || json_str_eq(role, STR("developer")))
            return message;
    }
    return NULL;
}

static void patch_chat(const struct edit *e)
{
    const struct json *messages = json_get(e->body, STR("messages"));
    const struct json *system = system_message(messages);
    struct str message = str_concat(
        e->arena, (struct str[]){STR("{\"role\":\"system\",\"content\":"), quote(e), STR("}")}, 3);

    if (system && e->prompt->override)
        put_into(e, system, STR("content"));
    else if (!system && json_count(messages) > 0)
        put_first(e, messages, message);
}

/* Instructions stand before the messages of the system among the input. */
static void patch_responses(const struct edit *e)
{
    bool has = !is_empty(json_get(e->body, STR("instructions"))) ||
               system_message(json_get(e->body, STR("input")));

    if (!has || e->prompt->override)
        put_into(e, e->body, STR("instructions"));
}

static void patch_claude(const struct edit *e)
{
    if (is_empty(json_get(e->body, STR("system"))) || e->prompt->override)
        put_into(e, e->body, STR("system"));
}

/* Parts are joined without anything between them. */
static void patch_gemini(const struct edit *e)
{
    struct str key = json_get(e->body, STR("system_instruction")) ? STR("system_instruction")
                                                                  : STR("systemInstruction");
    const struct json *parts = json_get(json_get(e->body, key), STR("parts"));
    bool has = json_is(parts, JSON_ARRAY) && json_count(parts) > 0;
    struct str text = has ? joined(e->arena, e->prompt, STR("")) : e->prompt->text;
    struct str part = str_concat(
        e->arena, (struct str[]){STR("{\"text\":"), json_quote(e->arena, text), STR("}")}, 3);

    if (has && e->prompt->override)
        put_first(e, parts, part);
    else if (!has)
        json_patch_set(
            e->patch, e->body, key,
            str_concat(e->arena, (struct str[]){STR("{\"parts\":["), part, STR("]}")}, 3));
}

void system_prompt_patch(enum dialect_id dialect, struct arena *a, const struct json *body,
                         const struct system_prompt *prompt, struct json_patch *patch)
{
    static void (*const patches[DIALECT_COUNT])(const struct edit *) = {
        [DIALECT_OPENAI_CHAT] = patch_chat,
        [DIALECT_OPENAI_RESPONSES] = patch_responses,
        [DIALECT_CLAUDE] = patch_claude,
        [DIALECT_GEMINI] = patch_gemini,
    };
    const struct edit e = {.arena = a, .body = body, .prompt = prompt, .patch = patch};

    patches[dialect](&e);
}

/* ---- the canonical form ---- */

static bool is_system(const struct chat_message *m)
{
    return m->role == CHAT_SYSTEM || m->role == CHAT_DEVELOPER;
}

static struct chat_message *copy_message(struct arena *a, const struct chat_message *m)
{
    struct chat_message *copy = arena_new(a, struct chat_message);

    *copy = *m;
    return copy;
}

/* The list up to its first system message copied, which is returned and may be changed; NULL, and
 * nothing copied: there is none. */
static struct chat_message *own_system(struct arena *a, struct chat_request *r)
{
    struct chat_message **at = &r->messages, *system = r->messages;

    while (system && !is_system(system))
        system = system->next;
    if (!system)
        return NULL;
    for (const struct chat_message *m = r->messages;; m = m->next) {
        *at = copy_message(a, m);
        if (m == system)
            break;
        at = &(*at)->next;
    }
    if (r->last_message == system)
        r->last_message = *at;
    return *at;
}

static void put_message(struct arena *a, struct chat_request *r, struct str text)
{
    struct chat_message *m = arena_new(a, struct chat_message);

    m->role = CHAT_SYSTEM;
    (void)chat_add_text(a, &m->parts, text);
    m->next = r->messages;
    r->messages = m;
    if (!r->last_message)
        r->last_message = m;
}

/* Into the first text, which may have a cache mark; a new part before any other. */
static void put_text(struct arena *a, struct chat_message *m, const struct system_prompt *prompt)
{
    struct chat_part *first = m->parts.first, *part = arena_new(a, struct chat_part);

    if (first && first->kind == CHAT_PART_TEXT) {
        *part = *first;
        part->text = joined(a, prompt, first->text);
    } else {
        part->kind = CHAT_PART_TEXT;
        part->text = prompt->text;
        part->next = first;
    }
    m->parts.first = part;
    if (!part->next)
        m->parts.last = part;
}

void system_prompt_add(struct arena *a, struct chat_request *r, const struct system_prompt *prompt)
{
    struct chat_message *system = own_system(a, r);

    if (!system)
        put_message(a, r, prompt->text);
    else if (prompt->override)
        put_text(a, system, prompt);
}
