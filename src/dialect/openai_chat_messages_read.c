#include "dialect/openai_chat.h"

/* Where an error is, for its text: messages[3].content[1]. */
struct place {
    size_t part;
    bool in_part;
};

static enum err_code wrong(struct openai_request_reader *rd, struct place at, const char *member,
                           const char *what)
{
    if (at.in_part)
        return err_set(rd->err, ERR_BAD_REQUEST, "messages[%zu].content[%zu]%s must be %s",
                       rd->message, at.part, member, what);
    return err_set(rd->err, ERR_BAD_REQUEST, "messages[%zu]%s must be %s", rd->message, member,
                   what);
}

/* A value that says something: not null, not false, not empty. */
static bool says_something(const struct json *v)
{
    struct str raw = json_raw(v);

    if (json_is(v, JSON_ARRAY) || json_is(v, JSON_OBJECT))
        return json_count(v) > 0;
    return !json_is(v, JSON_NULL) && !str_eq(raw, STR("false")) && !str_eq(raw, STR("\"\""));
}

/* Members of the object that are not among the names are named as losses. */
static void note_losses(struct openai_request_reader *rd, const struct json *object,
                        const struct str *names, size_t n, struct str prefix)
{
    JSON_EACH_MEMBER (key, value, object) {
        bool known = false;

        for (size_t i = 0; i < n && !known; i++)
            known = json_str_eq(key, names[i]);
        if (!known && says_something(value))
            loss_add_under(rd->losses, rd->a, prefix, json_str_or_null(rd->a, key));
    }
}

/* ---- parts ---- */

typedef enum err_code part_fn(struct openai_request_reader *rd, struct chat_parts *to,
                              const struct json *part, struct place at);

static enum err_code read_text(struct openai_request_reader *rd, struct chat_parts *to,
                               const struct json *part, struct place at)
{
    struct str text;

    if (!json_str(rd->a, json_get(part, STR("text")), &text))
        return wrong(rd, at, ".text", "a string");
    (void)chat_add_text(rd->a, to, text);
    return ERR_OK;
}

static enum err_code read_refusal(struct openai_request_reader *rd, struct chat_parts *to,
                                  const struct json *part, struct place at)
{
    struct str text;

    if (!json_str(rd->a, json_get(part, STR("refusal")), &text))
        return wrong(rd, at, ".refusal", "a string");
    chat_add_part(rd->a, to, CHAT_PART_REFUSAL)->text = text;
    return ERR_OK;
}

/* The URL of a member that is a string, or an object with `url` in it. */
static bool read_url_member(struct openai_request_reader *rd, const struct json *v,
                            struct chat_media *media)
{
    struct str url;

    if (!json_str(rd->a, json_is(v, JSON_OBJECT) ? json_get(v, STR("url")) : v, &url))
        return false;
    return openai_read_url(url, media);
}

static enum err_code read_image(struct openai_request_reader *rd, struct chat_parts *to,
                                const struct json *part, struct place at)
{
    const struct json *v = json_get(part, STR("image_url"));
    struct chat_media media = {.detail = json_str_or_null(rd->a, json_get(v, STR("detail")))};

    if (!read_url_member(rd, v, &media))
        return wrong(rd, at, ".image_url.url", "a URL, or a data URL in base64");
    chat_add_part(rd->a, to, CHAT_PART_IMAGE)->media = media;
    return ERR_OK;
}

static enum err_code read_video(struct openai_request_reader *rd, struct chat_parts *to,
                                const struct json *part, struct place at)
{
    struct chat_media media = {0};

    if (!read_url_member(rd, json_get(part, STR("video_url")), &media))
        return wrong(rd, at, ".video_url.url", "a URL, or a data URL in base64");
    chat_add_part(rd->a, to, CHAT_PART_VIDEO)->media = media;
    return ERR_OK;
}

/* {data, format}; with Mistral the data alone, or a URL. */
static enum err_code read_audio(struct openai_request_reader *rd, struct chat_parts *to,
                                const struct json *part, struct place at)
{
    const struct json *v = json_get(part, STR("input_audio"));
    const struct json *data = json_is(v, JSON_OBJECT) ? json_get(v, STR("data")) : v;
    struct str format = json_str_or_null(rd->a, json_get(v, STR("format"))), text;
    struct chat_media media = {.mime = openai_audio_mime(rd->a, format)};

    if (!json_str(rd->a, data, &text) || !openai_read_url(text, &media))
        return wrong(rd, at, ".input_audio.data", "base64");
    chat_add_part(rd->a, to, CHAT_PART_AUDIO)->media = media;
    return ERR_OK;
}

static struct str mime_of_name(struct str name)
{
    static const struct {
        struct str end, mime;
    } rows[] = {
        {STR_INIT(".pdf"), STR_INIT("application/pdf")},
        {STR_INIT(".txt"), STR_INIT("text/plain")},
        {STR_INIT(".md"), STR_INIT("text/markdown")},
        {STR_INIT(".csv"), STR_INIT("text/csv")},
        {STR_INIT(".html"), STR_INIT("text/html")},
        {STR_INIT(".xml"), STR_INIT("text/xml")},
        {STR_INIT(".json"), STR_INIT("application/json")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_ends(name, rows[i].end))
            return rows[i].mime;
    }
    return STR_NULL;
}

static enum err_code read_file(struct openai_request_reader *rd, struct chat_parts *to,
                               const struct json *part, struct place at)
{
    const struct json *v = json_get(part, STR("file"));
    const struct json *data = json_get(v, STR("file_data"));
    struct chat_media media = {.origin = DIALECT_OPENAI_CHAT};
    struct str text;

    if (!json_is(v, JSON_OBJECT))
        return wrong(rd, at, ".file", "an object");
    media.name = json_str_or_null(rd->a, json_get(v, STR("filename")));
    media.file_id = json_str_or_null(rd->a, json_get(v, STR("file_id")));
    media.mime = mime_of_name(media.name);
    if (json_is(data, JSON_STRING) && json_str(rd->a, data, &text)) {
        if (!openai_read_url(text, &media))
            return wrong(rd, at, ".file.file_data", "a data URL in base64");
    } else if (media.file_id.n == 0) {
        return wrong(rd, at, ".file", "an object with file_data or file_id");
    }
    chat_add_part(rd->a, to, CHAT_PART_FILE)->media = media;
    return ERR_OK;
}

/* Mistral's document_url and Perplexity's file_url. */
static enum err_code read_document(struct openai_request_reader *rd, struct chat_parts *to,
                                   const struct json *part, struct place at)
{
    static const struct str urls[] = {STR_INIT("document_url"), STR_INIT("file_url"),
                                      STR_INIT("pdf_url")};
    static const struct str names[] = {STR_INIT("document_name"), STR_INIT("file_name"),
                                       STR_INIT("pdf_name")};
    struct chat_media media = {.mime = STR_NULL};

    for (size_t i = 0; i < ARRAY_LEN(urls); i++) {
        const struct json *v = json_get(part, urls[i]);

        if (!v)
            continue;
        media.name = json_str_or_null(rd->a, json_get(part, names[i]));
        media.mime = mime_of_name(media.name);
        if (!read_url_member(rd, v, &media))
            break;
        chat_add_part(rd->a, to, CHAT_PART_FILE)->media = media;
        return ERR_OK;
    }
    return wrong(rd, at, "", "a document's URL, or a data URL in base64");
}

/* Mistral's thoughts: {type: thinking, thinking: [{type: text, text}]}. */
static enum err_code read_thinking(struct openai_request_reader *rd, struct chat_parts *to,
                                   const struct json *part, struct place at)
{
    const struct json *v = json_get(part, STR("thinking"));
    struct chat_parts texts = {0};
    struct str text = json_str_or_null(rd->a, v);

    if (!json_is(v, JSON_STRING) && !json_is(v, JSON_ARRAY))
        return wrong(rd, at, ".thinking", "a string or a list");
    JSON_EACH (item, v)
        (void)chat_add_text(rd->a, &texts, json_str_or_null(rd->a, json_get(item, STR("text"))));
    if (texts.first)
        text = chat_text_of(rd->a, &texts, STR(""));
    if (text.n > 0)
        chat_add_part(rd->a, to, CHAT_PART_REASONING)->text = text;
    return ERR_OK;
}

static part_fn *part_reader(const struct json *type)
{
    static const struct {
        struct str type;
        part_fn *read;
    } rows[] = {
        {STR_INIT("text"), read_text},         {STR_INIT("image_url"), read_image},
        {STR_INIT("input_audio"), read_audio}, {STR_INIT("file"), read_file},
        {STR_INIT("video_url"), read_video},   {STR_INIT("refusal"), read_refusal},
        {STR_INIT("input_text"), read_text},   {STR_INIT("output_text"), read_text},
        {STR_INIT("thinking"), read_thinking}, {STR_INIT("document_url"), read_document},
        {STR_INIT("file_url"), read_document}, {STR_INIT("pdf_url"), read_document},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(type, rows[i].type))
            return rows[i].read;
    }
    return NULL;
}

static enum err_code read_part(struct openai_request_reader *rd, struct chat_parts *to,
                               const struct json *part, struct place at)
{
    static const struct str known[] = {
        STR_INIT("type"),          STR_INIT("text"),     STR_INIT("image_url"),
        STR_INIT("input_audio"),   STR_INIT("file"),     STR_INIT("video_url"),
        STR_INIT("refusal"),       STR_INIT("thinking"), STR_INIT("document_url"),
        STR_INIT("document_name"), STR_INIT("file_url"), STR_INIT("file_name"),
        STR_INIT("pdf_url"),       STR_INIT("pdf_name"), STR_INIT("cache_control"),
    };
    const struct json *type = json_get(part, STR("type"));
    const struct json *cache = json_get(part, STR("cache_control"));
    struct chat_part *before = to->last;
    part_fn *read = part_reader(type);
    enum err_code rc;

    if (!json_is(part, JSON_OBJECT))
        return wrong(rd, at, "", "an object");
    if (!read)
        return wrong(rd, at, ".type", "a kind of part that is known (text, image_url, ...)");
    rc = read(rd, to, part, at);
    if (rc == ERR_OK && json_is(cache, JSON_OBJECT) && to->last && to->last != before)
        to->last->cache = json_raw(cache);
    if (rc == ERR_OK && json_count(part) > 2)
        note_losses(rd, part, known, ARRAY_LEN(known), STR("messages.content"));
    return rc;
}

static enum err_code read_content(struct openai_request_reader *rd, struct chat_parts *to,
                                  const struct json *v)
{
    struct place at = {.in_part = true};
    enum err_code rc = ERR_OK;
    struct str text;

    if (!v || json_is(v, JSON_NULL))
        return ERR_OK;
    if (json_str(rd->a, v, &text)) {
        (void)chat_add_text(rd->a, to, text);
        return ERR_OK;
    }
    if (!json_is(v, JSON_ARRAY))
        return wrong(rd, (struct place){0}, ".content", "a string or a list");
    JSON_EACH (part, v) {
        rc = read_part(rd, to, part, at);
        if (rc != ERR_OK)
            return rc;
        at.part++;
    }
    return rc;
}

/* ---- tool calls ---- */

/* The JSON text of the arguments: of a string what is in it, of an object itself. */
static bool read_arguments(struct openai_request_reader *rd, const struct json *v, struct str *out)
{
    *out = STR("{}");
    if (!v || json_is(v, JSON_NULL))
        return true;
    if (json_is(v, JSON_OBJECT)) {
        *out = json_raw(v);
        return true;
    }
    if (!json_str(rd->a, v, out))
        return false;
    if (str_trim(*out).n == 0)
        *out = STR("{}");
    return true;
}

static enum err_code read_function(struct openai_request_reader *rd, const struct json *function,
                                   const char *member, struct chat_tool_call *out)
{
    struct place at = {0};

    if (!json_str(rd->a, json_get(function, STR("name")), &out->name))
        return wrong(rd, at, member, "an object with the name of a function");
    if (!read_arguments(rd, json_get(function, STR("arguments")), &out->arguments))
        return wrong(rd, at, member, "an object with arguments as a string");
    return ERR_OK;
}

static enum err_code read_call(struct openai_request_reader *rd, struct chat_parts *to,
                               const struct json *call, size_t number)
{
    const struct json *custom = openai_custom_of(call);
    const struct json *cache = json_get(call, STR("cache_control"));
    struct chat_part *part = chat_add_part(rd->a, to, CHAT_PART_TOOL_CALL);
    enum err_code rc = ERR_OK;

    part->call.id = json_str_or_null(rd->a, json_get(call, STR("id")));
    if (part->call.id.n == 0)
        part->call.id = arena_fmt(rd->a, "call_%zu_%zu", rd->message, number);
    part->state = openai_read_signature(rd->a, call, DIALECT_GEMINI);
    if (json_is(cache, JSON_OBJECT))
        part->cache = json_raw(cache);
    if (!custom)
        return read_function(rd, json_get(call, STR("function")), ".tool_calls[].function",
                             &part->call);
    part->call.custom = true;
    part->call.arguments = json_str_or_null(rd->a, json_get(custom, STR("input")));
    if (!json_str(rd->a, json_get(custom, STR("name")), &part->call.name))
        rc = wrong(rd, (struct place){0}, ".tool_calls[].custom", "an object with a name");
    return rc;
}

static enum err_code read_calls(struct openai_request_reader *rd, struct chat_parts *to,
                                const struct json *calls)
{
    size_t number = 0;

    if (calls && !json_is(calls, JSON_NULL) && !json_is(calls, JSON_ARRAY))
        return wrong(rd, (struct place){0}, ".tool_calls", "a list");
    JSON_EACH (call, calls) {
        enum err_code rc = read_call(rd, to, call, number++);

        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

/* The deprecated form has no id; its result follows with the role `function`. */
static enum err_code read_function_call(struct openai_request_reader *rd, struct chat_parts *to,
                                        const struct json *call)
{
    struct chat_part *part;

    if (json_str_or_null(rd->a, json_get(call, STR("name"))).n == 0)
        return ERR_OK; /* some servers write an empty one, which clients hand back */
    part = chat_add_part(rd->a, to, CHAT_PART_TOOL_CALL);
    part->call.id = rd->function_id = arena_fmt(rd->a, "call_%zu", rd->message);
    return read_function(rd, call, ".function_call", &part->call);
}

/* ---- what only the assistant's messages hold ---- */

static void add_reasoning(struct openai_request_reader *rd, struct chat_parts *to,
                          const struct openai_reasoning *piece)
{
    struct chat_part *last = to->last;

    if (piece->text.n == 0 && !piece->state.redacted && last && last->kind == CHAT_PART_REASONING &&
        last->state.value.n == 0) {
        last->state = piece->state;
        return;
    }
    last = chat_add_part(rd->a, to, CHAT_PART_REASONING);
    last->text = piece->text;
    last->state = piece->state;
}

static void read_reasoning(struct openai_request_reader *rd, struct chat_parts *to,
                           const struct json *message)
{
    struct openai_reasoning *pieces;
    size_t n = openai_read_reasoning(rd->a, message, &pieces);

    for (size_t i = 0; i < n; i++)
        add_reasoning(rd, to, &pieces[i]);
}

static void read_message_signature(struct openai_request_reader *rd, struct chat_parts *to,
                                   const struct json *message)
{
    if (to->last && to->last->kind == CHAT_PART_TEXT)
        to->last->state = openai_read_signature(rd->a, message, DIALECT_GEMINI);
}

static enum err_code read_outputs(struct openai_request_reader *rd, struct chat_parts *to,
                                  const struct json *message)
{
    struct str refusal = json_str_or_null(rd->a, json_get(message, STR("refusal")));
    struct str audio =
        json_str_or_null(rd->a, json_get(json_get(message, STR("audio")), STR("id")));

    if (refusal.n > 0)
        chat_add_part(rd->a, to, CHAT_PART_REFUSAL)->text = refusal;
    JSON_EACH (image, json_get(message, STR("images"))) {
        enum err_code rc = read_image(rd, to, image, (struct place){0});

        if (rc != ERR_OK)
            return rc;
    }
    if (audio.n > 0)
        chat_add_part(rd->a, to, CHAT_PART_AUDIO)->media =
            (struct chat_media){.file_id = audio, .origin = DIALECT_OPENAI_CHAT};
    return ERR_OK;
}

static enum err_code read_assistant(struct openai_request_reader *rd, struct chat_message *m,
                                    const struct json *message)
{
    struct chat_part *before;
    enum err_code rc;

    read_reasoning(rd, &m->parts, message);
    rc = read_content(rd, &m->parts, json_get(message, STR("content")));
    if (rc != ERR_OK)
        return rc;
    read_message_signature(rd, &m->parts, message);
    rc = read_outputs(rd, &m->parts, message);
    if (rc != ERR_OK)
        return rc;
    before = m->parts.last;
    rc = read_calls(rd, &m->parts, json_get(message, STR("tool_calls")));
    if (rc == ERR_OK)
        rc = read_function_call(rd, &m->parts, json_get(message, STR("function_call")));
    rd->open = before ? before->next : m->parts.first;
    return rc;
}

/* ---- the other roles ---- */

/* A result that does not say whose it is answers the next call that has none. */
static struct str next_open_id(struct openai_request_reader *rd)
{
    const struct chat_part *part = rd->open;

    while (part && part->kind != CHAT_PART_TOOL_CALL)
        part = part->next;
    rd->open = part ? part->next : NULL;
    return part ? part->call.id : STR_NULL;
}

static enum err_code read_result(struct openai_request_reader *rd, struct chat_message *m,
                                 const struct json *message)
{
    struct chat_part *part = chat_add_part(rd->a, &m->parts, CHAT_PART_TOOL_RESULT);
    struct chat_tool_result *result = &part->result;

    result->name = json_str_or_null(rd->a, json_get(message, STR("name")));
    result->id = json_str_or_null(rd->a, json_get(message, STR("tool_call_id")));
    if (result->id.n == 0)
        result->id = next_open_id(rd);
    if (result->id.n == 0)
        return wrong(rd, (struct place){0}, ".tool_call_id", "the id of a call");
    return read_content(rd, &result->parts, json_get(message, STR("content")));
}

static enum err_code read_function_result(struct openai_request_reader *rd, struct chat_message *m,
                                          const struct json *message)
{
    struct chat_part *part = chat_add_part(rd->a, &m->parts, CHAT_PART_TOOL_RESULT);
    struct chat_tool_result *result = &part->result;

    result->name = json_str_or_null(rd->a, json_get(message, STR("name")));
    result->id = rd->function_id;
    if (result->id.n == 0)
        return wrong(rd, (struct place){0}, ".role", "that of an answer to a function_call");
    return read_content(rd, &result->parts, json_get(message, STR("content")));
}

static enum err_code read_plain(struct openai_request_reader *rd, struct chat_message *m,
                                const struct json *message)
{
    return read_content(rd, &m->parts, json_get(message, STR("content")));
}

struct role_row {
    struct str name;
    enum chat_role role;
    enum err_code (*read)(struct openai_request_reader *, struct chat_message *,
                          const struct json *);
};

static const struct role_row *find_role(const struct json *v)
{
    static const struct role_row rows[] = {
        {STR_INIT("user"), CHAT_USER, read_plain},
        {STR_INIT("assistant"), CHAT_ASSISTANT, read_assistant},
        {STR_INIT("tool"), CHAT_TOOL, read_result},
        {STR_INIT("system"), CHAT_SYSTEM, read_plain},
        {STR_INIT("developer"), CHAT_DEVELOPER, read_plain},
        {STR_INIT("function"), CHAT_TOOL, read_function_result},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(v, rows[i].name))
            return &rows[i];
    }
    return NULL;
}

/* ---- messages ---- */

static void finish_message(struct openai_request_reader *rd, struct chat_message *m,
                           const struct json *message)
{
    static const struct str known[] = {
        STR_INIT("role"),
        STR_INIT("content"),
        STR_INIT("name"),
        STR_INIT("tool_calls"),
        STR_INIT("tool_call_id"),
        STR_INIT("function_call"),
        STR_INIT("refusal"),
        STR_INIT("audio"),
        STR_INIT("reasoning_content"),
        STR_INIT("reasoning"),
        STR_INIT("reasoning_details"),
        STR_INIT("images"),
        STR_INIT("cache_control"),
        STR_INIT("extra_content"),
    };
    const struct json *cache = json_get(message, STR("cache_control"));

    if (json_is(cache, JSON_OBJECT) && m->parts.last)
        m->parts.last->cache = json_raw(cache);
    if (json_count(message) > 2 || !json_get(message, STR("content")))
        note_losses(rd, message, known, ARRAY_LEN(known), STR("messages"));
}

static enum err_code read_message(struct openai_request_reader *rd, const struct json *message)
{
    const struct role_row *row = find_role(json_get(message, STR("role")));
    struct chat_message *m;
    enum err_code rc;

    if (!json_is(message, JSON_OBJECT))
        return wrong(rd, (struct place){0}, "", "an object");
    if (!row)
        return wrong(rd, (struct place){0}, ".role",
                     "one of system, developer, user, assistant, tool");
    m = chat_add_message(rd->a, rd->r, row->role);
    if (row->role != CHAT_TOOL) /* there it is the tool's */
        m->name = json_str_or_null(rd->a, json_get(message, STR("name")));
    rc = row->read(rd, m, message);
    if (rc == ERR_OK)
        finish_message(rd, m, message);
    return rc;
}

enum err_code openai_read_messages(struct openai_request_reader *rd, const struct json *messages)
{
    if (!json_is(messages, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "messages must be a list");
    JSON_EACH (message, messages) {
        enum err_code rc = read_message(rd, message);

        if (rc != ERR_OK)
            return rc;
        rd->message++;
    }
    return ERR_OK;
}
