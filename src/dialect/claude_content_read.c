/*
 * The messages of a client's request in Anthropic's dialect. A user's message that answers calls of
 * tools becomes two: the results first, then the rest, as the other dialects have it.
 */
#include "dialect/claude.h"
#include "dialect/sealed.h"

/* Where a block stands, for messages about it; made into text only when something is wrong. */
struct place {
    size_t message, block;
    ptrdiff_t inner; /* of the blocks of a tool result; -1: not in one */
    bool in_system;
};

struct block {
    struct claude_reader *r;
    const struct json *v;
    struct str type;
    struct place at;
    enum chat_role role;
    struct chat_parts *parts; /* where it goes */
};

static struct str path_of(struct claude_reader *r, const struct place *at, const char *member)
{
    const char *dot = *member ? "." : "";

    if (at->in_system)
        return arena_fmt(r->arena, "system[%zu]%s%s", at->block, dot, member);
    if (at->inner >= 0)
        return arena_fmt(r->arena, "messages[%zu].content[%zu].content[%td]%s%s", at->message,
                         at->block, at->inner, dot, member);
    return arena_fmt(r->arena, "messages[%zu].content[%zu]%s%s", at->message, at->block, dot,
                     member);
}

static enum err_code bad(const struct block *b, const char *member, const char *want)
{
    return claude_wrong(b->r, path_of(b->r, &b->at, member), want);
}

/* A string that the block must have. */
static enum err_code need_str(const struct block *b, const char *member, struct str *out)
{
    if (!json_str(b->r->arena, json_get(b->v, str_from(member)), out))
        return bad(b, member, "a string");
    return ERR_OK;
}

static struct chat_part *add(const struct block *b, enum chat_part_kind kind)
{
    struct chat_part *part = chat_add_part(b->r->arena, b->parts, kind);

    part->cache = claude_cache_of(b->v);
    return part;
}

static void lose(struct claude_reader *r, struct str what)
{
    loss_add_under(r->losses, r->arena, STR("messages.content"), what);
}

/* ---- text ---- */

static enum err_code read_text(const struct block *b)
{
    struct str text;
    struct chat_part *part;

    TRY(need_str(b, "text", &text));
    if (json_count(json_get(b->v, STR("citations"))) > 0)
        lose(b->r, STR("citations"));
    part = chat_add_text(b->r->arena, b->parts, text);
    if (part)
        part->cache = claude_cache_of(b->v);
    return ERR_OK;
}

/* The texts of a list of text blocks, one below the other. */
static struct str joined_text(struct arena *a, const struct json *blocks)
{
    struct chat_parts parts = {0};

    JSON_EACH (item, blocks)
        (void)chat_add_text(a, &parts, json_str_or_null(a, json_get(item, STR("text"))));
    return chat_text_of(a, &parts, STR("\n"));
}

/* A finding that the client made itself: its text, with where it is from. */
static enum err_code read_search_result(const struct block *b)
{
    struct arena *a = b->r->arena;
    struct str title, source;

    TRY(need_str(b, "title", &title));
    TRY(need_str(b, "source", &source));
    add(b, CHAT_PART_TEXT)->text =
        str_concat(a,
                   (struct str[]){title, STR("\n"), source, STR("\n\n"),
                                  joined_text(a, json_get(b->v, STR("content")))},
                   5);
    return ERR_OK;
}

/* ---- media ---- */

static enum err_code read_plain(const struct block *b, struct chat_media *m,
                                const struct json *source)
{
    if (!json_str(b->r->arena, json_get(source, STR("data")), &m->text))
        return bad(b, "source.data", "a string");
    return ERR_OK;
}

static enum err_code read_base64(const struct block *b, struct chat_media *m,
                                 const struct json *source)
{
    if (!json_str(b->r->arena, json_get(source, STR("data")), &m->data))
        return bad(b, "source.data", "a string");
    return ERR_OK;
}

static enum err_code read_url(const struct block *b, struct chat_media *m,
                              const struct json *source)
{
    if (!json_str(b->r->arena, json_get(source, STR("url")), &m->url))
        return bad(b, "source.url", "a string");
    if (chat_read_data_url(m->url, &m->mime, &m->data))
        m->url = STR_NULL;
    return ERR_OK;
}

static enum err_code read_file_id(const struct block *b, struct chat_media *m,
                                  const struct json *source)
{
    m->origin = DIALECT_CLAUDE;
    if (!json_str(b->r->arena, json_get(source, STR("file_id")), &m->file_id))
        return bad(b, "source.file_id", "a string");
    return ERR_OK;
}

/* A document made of blocks: only its texts can be told to others. */
static enum err_code read_blocks(const struct block *b, struct chat_media *m,
                                 const struct json *source)
{
    const struct json *content = json_get(source, STR("content"));

    if (!json_str(b->r->arena, content, &m->text))
        m->text = joined_text(b->r->arena, content);
    m->mime = STR("text/plain");
    JSON_EACH (item, content) {
        if (!json_str_eq(json_get(item, STR("type")), STR("text")))
            lose(b->r, STR("document"));
    }
    return ERR_OK;
}

static enum err_code read_source(const struct block *b, struct chat_media *m)
{
    static const struct {
        struct str type;
        enum err_code (*read)(const struct block *, struct chat_media *, const struct json *);
    } sources[] = {
        {STR_INIT("base64"), read_base64},  {STR_INIT("url"), read_url},
        {STR_INIT("file"), read_file_id},   {STR_INIT("text"), read_plain},
        {STR_INIT("content"), read_blocks},
    };
    const struct json *source = json_get(b->v, STR("source"));

    m->mime = json_str_or_null(b->r->arena, json_get(source, STR("media_type")));
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        if (json_str_eq(json_get(source, STR("type")), sources[i].type))
            return sources[i].read(b, m, source);
    }
    return bad(b, "source.type", "base64, url, file, text or content");
}

static enum err_code read_image(const struct block *b)
{
    return read_source(b, &add(b, CHAT_PART_IMAGE)->media);
}

static enum err_code read_document(const struct block *b)
{
    struct chat_media *m = &add(b, CHAT_PART_FILE)->media;
    const struct json *citations = json_get(b->v, STR("citations"));

    m->name = json_str_or_null(b->r->arena, json_get(b->v, STR("title")));
    if (json_bool_or(json_get(citations, STR("enabled")), false))
        lose(b->r, STR("citations"));
    if (json_is(json_get(b->v, STR("context")), JSON_STRING))
        lose(b->r, STR("document.context"));
    return read_source(b, m);
}

/* ---- thinking ---- */

static enum err_code read_thinking(const struct block *b)
{
    struct str text, signature;
    struct chat_part *part;

    TRY(need_str(b, "thinking", &text));
    part = add(b, CHAT_PART_REASONING);
    part->text = text;
    signature = json_str_or_null(b->r->arena, json_get(b->v, STR("signature")));
    if (signature.n > 0)
        part->state.value = sealed_read(signature, DIALECT_CLAUDE, &part->state.origin);
    return ERR_OK;
}

static enum err_code read_redacted(const struct block *b)
{
    struct str data;
    struct chat_state *state;

    TRY(need_str(b, "data", &data));
    state = &add(b, CHAT_PART_REASONING)->state;
    state->value = sealed_read(data, DIALECT_CLAUDE, &state->origin);
    state->redacted = state->origin == DIALECT_CLAUDE;
    return ERR_OK;
}

/* ---- tools ---- */

/*
 * The part for a call. Gemini's state of a call came to the client as a redacted block before the
 * call: such a block becomes the call.
 */
static struct chat_part *call_part(const struct block *b)
{
    struct chat_part *last = b->parts->last;

    if (!last || last->kind != CHAT_PART_REASONING || last->text.n > 0 ||
        last->state.origin != DIALECT_GEMINI || last->state.value.n == 0)
        return add(b, CHAT_PART_TOOL_CALL);
    last->kind = CHAT_PART_TOOL_CALL;
    last->cache = claude_cache_of(b->v);
    return last;
}

static enum err_code read_tool_use(const struct block *b)
{
    struct chat_tool_call call = {.arguments = STR("{}")};
    const struct json *input = json_get(b->v, STR("input"));

    TRY(need_str(b, "id", &call.id));
    TRY(need_str(b, "name", &call.name));
    if (call.id.n == 0)
        return bad(b, "id", "a string that is not empty");
    if (json_is(input, JSON_OBJECT))
        call.arguments = claude_compact(b->r->arena, json_raw(input));
    else if (input && !json_is(input, JSON_NULL))
        return bad(b, "input", "an object");
    call_part(b)->call = call;
    return ERR_OK;
}

static enum err_code read_blocks_of_result(const struct block *b, struct chat_tool_result *result);

static enum err_code read_tool_result(const struct block *b)
{
    struct chat_part *part = add(b, CHAT_PART_TOOL_RESULT);
    const struct json *content = json_get(b->v, STR("content"));
    struct str text;

    TRY(need_str(b, "tool_use_id", &part->result.id));
    part->result.is_error = json_bool_or(json_get(b->v, STR("is_error")), false);
    if (json_str(b->r->arena, content, &text)) {
        (void)chat_add_text(b->r->arena, &part->result.parts, text);
        return ERR_OK;
    }
    if (json_is(content, JSON_ARRAY))
        return read_blocks_of_result(b, &part->result);
    if (content && !json_is(content, JSON_NULL))
        return bad(b, "content", "a string or a list");
    return ERR_OK;
}

/* ---- a list of blocks ---- */

enum { IN_MESSAGE = 1, IN_RESULT = 2 };

static const struct kind {
    struct str type;
    unsigned where;
    enum err_code (*read)(const struct block *b);
} kinds[] = {
    {STR_INIT("text"), IN_MESSAGE | IN_RESULT, read_text},
    {STR_INIT("image"), IN_MESSAGE | IN_RESULT, read_image},
    {STR_INIT("document"), IN_MESSAGE | IN_RESULT, read_document},
    {STR_INIT("search_result"), IN_MESSAGE | IN_RESULT, read_search_result},
    {STR_INIT("thinking"), IN_MESSAGE, read_thinking},
    {STR_INIT("redacted_thinking"), IN_MESSAGE, read_redacted},
    {STR_INIT("tool_use"), IN_MESSAGE, read_tool_use},
    {STR_INIT("tool_result"), IN_MESSAGE, read_tool_result},
};

/* Blocks of tools that the provider ran itself, and those that are newer than this, are losses. */
static enum err_code read_block(struct block *b, unsigned where)
{
    TRY(need_str(b, "type", &b->type));
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        if ((kinds[i].where & where) && str_eq(b->type, kinds[i].type))
            return kinds[i].read(b);
    }
    lose(b->r, b->type);
    return ERR_OK;
}

static enum err_code read_blocks_of_result(const struct block *b, struct chat_tool_result *result)
{
    struct block inner = *b;

    inner.parts = &result->parts;
    inner.at.inner = 0;
    JSON_EACH (item, json_get(b->v, STR("content"))) {
        inner.v = item;
        TRY(read_block(&inner, IN_RESULT));
        inner.at.inner++;
    }
    return ERR_OK;
}

/* ---- messages ---- */

static bool is_result(const struct json *block)
{
    return json_str_eq(json_get(block, STR("type")), STR("tool_result"));
}

/* The blocks of a message that are results, or those that are not. */
static enum err_code read_some(struct claude_reader *r, const struct json *content, size_t index,
                               bool results, struct chat_message *m)
{
    struct block b = {
        .r = r, .at = {.message = index, .inner = -1}, .role = m->role, .parts = &m->parts};

    JSON_EACH (item, content) {
        b.v = item;
        if (is_result(item) == results)
            TRY(read_block(&b, IN_MESSAGE));
        b.at.block++;
    }
    return ERR_OK;
}

static enum err_code read_list(struct claude_reader *r, const struct json *content, size_t index,
                               enum chat_role role)
{
    size_t results = 0;

    JSON_EACH (item, content)
        results += is_result(item);
    if (results > 0)
        TRY(read_some(r, content, index, true, chat_add_message(r->arena, r->out, CHAT_TOOL)));
    if (results < json_count(content) || results == 0)
        return read_some(r, content, index, false, chat_add_message(r->arena, r->out, role));
    return ERR_OK;
}

static bool role_of(const struct json *v, enum chat_role *role)
{
    static const struct {
        struct str name;
        enum chat_role role;
    } roles[] = {{STR_INIT("user"), CHAT_USER},
                 {STR_INIT("assistant"), CHAT_ASSISTANT},
                 {STR_INIT("system"), CHAT_SYSTEM}};

    for (size_t i = 0; i < ARRAY_LEN(roles); i++) {
        if (json_str_eq(v, roles[i].name)) {
            *role = roles[i].role;
            return true;
        }
    }
    return false;
}

static enum err_code read_message(struct claude_reader *r, const struct json *v, size_t index)
{
    const struct json *content = json_get(v, STR("content"));
    enum chat_role role;
    struct str text;

    if (!role_of(json_get(v, STR("role")), &role))
        return err_set(r->err, ERR_BAD_REQUEST, "messages[%zu].role must be user or assistant",
                       index);
    if (json_is(content, JSON_ARRAY))
        return read_list(r, content, index, role);
    if (!json_str(r->arena, content, &text))
        return err_set(r->err, ERR_BAD_REQUEST, "messages[%zu].content must be a string or a list",
                       index);
    (void)chat_add_text(r->arena, &chat_add_message(r->arena, r->out, role)->parts, text);
    return ERR_OK;
}

enum err_code claude_read_messages(struct claude_reader *r, const struct json *v)
{
    size_t index = 0;

    if (!json_is(v, JSON_ARRAY))
        return claude_wrong(r, STR("messages"), "a list");
    JSON_EACH (item, v)
        TRY(read_message(r, item, index++));
    return ERR_OK;
}

enum err_code claude_read_system(struct claude_reader *r, const struct json *v)
{
    struct chat_message *m = chat_add_message(r->arena, r->out, CHAT_SYSTEM);
    struct block b = {
        .r = r, .at = {.inner = -1, .in_system = true}, .role = CHAT_SYSTEM, .parts = &m->parts};
    struct str text;

    if (json_str(r->arena, v, &text)) {
        (void)chat_add_text(r->arena, &m->parts, text);
        return ERR_OK;
    }
    if (!json_is(v, JSON_ARRAY))
        return claude_wrong(r, STR("system"), "a string or a list");
    JSON_EACH (item, v) {
        b.v = item;
        TRY(read_block(&b, IN_RESULT));
        b.at.block++;
    }
    return ERR_OK;
}
