/*
 * Input items of a request: messages, calls and their outputs, reasoning. A table by type; what is
 * not in it is an item of OpenAI's own tools and a loss by its type.
 */
#include "dialect/openai_responses.h"

/* Where in the input we are, for the texts of errors. */
struct place {
    struct responses_reading *rd;
    size_t item, part;
    const char *list;        /* "content", "output", "summary": NULL outside of one */
    struct chat_state *call; /* state that belongs to the call that comes next */
};

static enum err_code wrong(const struct place *at, const char *name, const char *what)
{
    if (at->list)
        return err_set(at->rd->err, ERR_BAD_REQUEST, "input[%zu].%s[%zu]%s%s must be %s", at->item,
                       at->list, at->part, *name ? "." : "", name, what);
    return err_set(at->rd->err, ERR_BAD_REQUEST, "input[%zu]%s%s must be %s", at->item,
                   *name ? "." : "", name, what);
}

static bool is_given(const struct json *v)
{
    return v && !json_is(v, JSON_NULL);
}

/* ---- messages that items join ---- */

static struct chat_message *message_of(struct place *at, enum chat_role role)
{
    struct chat_request *r = at->rd->r;

    if (r->last_message && r->last_message->role == role)
        return r->last_message;
    return chat_add_message(at->rd->arena, r, role);
}

/* ---- parts of a content ---- */

typedef enum err_code part_fn(struct place *at, const struct json *v, struct chat_parts *out);

static enum err_code read_text_part(struct place *at, const struct json *v, struct chat_parts *out)
{
    struct chat_part *part;
    const struct json *cache = json_get(v, STR("cache_control"));
    struct str text;

    if (!json_str(at->rd->arena, json_get(v, STR("text")), &text))
        return wrong(at, "text", "a string");
    part = chat_add_text(at->rd->arena, out, text);
    if (part && json_is(cache, JSON_OBJECT))
        part->cache = json_raw(cache);
    return ERR_OK;
}

static enum err_code read_refusal_part(struct place *at, const struct json *v,
                                       struct chat_parts *out)
{
    struct str text;

    if (!json_str(at->rd->arena, json_get(v, STR("refusal")), &text))
        return wrong(at, "refusal", "a string");
    if (text.n > 0)
        chat_add_part(at->rd->arena, out, CHAT_PART_REFUSAL)->text = text;
    return ERR_OK;
}

static void read_url(struct chat_media *m, struct str url)
{
    if (url.n > 0 && !chat_read_data_url(url, &m->mime, &m->data))
        m->url = url;
}

static enum err_code read_image_part(struct place *at, const struct json *v, struct chat_parts *out)
{
    const struct json *image = json_get(v, STR("image_url"));
    struct chat_media m = {.origin = DIALECT_OPENAI_RESPONSES};
    struct str url = STR_NULL;
    struct arena *a = at->rd->arena;

    if (json_is(image, JSON_OBJECT)) /* chat's form, which some clients send here */
        image = json_get(image, STR("url"));
    if (is_given(image) && !json_str(a, image, &url))
        return wrong(at, "image_url", "a string");
    if (!responses_read_str(a, v, STR("file_id"), &m.file_id) ||
        !responses_read_str(a, v, STR("detail"), &m.detail))
        return wrong(at, "file_id and detail", "strings");
    if (str_eq(m.detail, STR("original"))) /* a word that only this API knows */
        m.detail = STR("high");
    read_url(&m, url);
    if (m.url.n + m.data.n + m.file_id.n == 0)
        return wrong(at, "image_url", "a URL, or file_id a file");
    chat_add_part(a, out, CHAT_PART_IMAGE)->media = m;
    return ERR_OK;
}

/* A data URL, or base64 without one, whose kind only the name tells. */
static void read_file_data(struct chat_media *m, struct str data)
{
    if (data.n == 0 || chat_read_data_url(data, &m->mime, &m->data))
        return;
    m->data = data;
    if (str_ends(m->name, STR(".pdf")))
        m->mime = STR("application/pdf");
}

static enum err_code read_file_part(struct place *at, const struct json *v, struct chat_parts *out)
{
    struct chat_media m = {.origin = DIALECT_OPENAI_RESPONSES};
    struct arena *a = at->rd->arena;
    struct str data, url;

    if (!responses_read_str(a, v, STR("file_id"), &m.file_id) ||
        !responses_read_str(a, v, STR("filename"), &m.name) ||
        !responses_read_str(a, v, STR("file_data"), &data) ||
        !responses_read_str(a, v, STR("file_url"), &url))
        return wrong(at, "file_id, filename, file_data and file_url", "strings");
    read_url(&m, url);
    read_file_data(&m, data);
    if (m.url.n + m.data.n + m.file_id.n == 0)
        return wrong(at, "file_data", "a file, or file_id or file_url one");
    chat_add_part(a, out, CHAT_PART_FILE)->media = m;
    return ERR_OK;
}

static enum err_code read_audio_part(struct place *at, const struct json *v, struct chat_parts *out)
{
    const struct json *audio = json_get(v, STR("input_audio"));
    struct arena *a = at->rd->arena;
    struct chat_part *part;
    struct str data, format;

    if (!json_str(a, json_get(audio, STR("data")), &data) ||
        !responses_read_str(a, audio, STR("format"), &format))
        return wrong(at, "input_audio", "an object with data and format");
    part = chat_add_part(a, out, CHAT_PART_AUDIO);
    part->media.data = data;
    part->media.mime =
        str_concat(a, (struct str[]){STR("audio/"), format.n > 0 ? format : STR("wav")}, 2);
    return ERR_OK;
}

static const struct {
    struct str type;
    part_fn *read;
} part_rows[] = {
    {STR_INIT("input_text"), read_text_part},
    {STR_INIT("output_text"), read_text_part},
    {STR_INIT("text"), read_text_part},
    {STR_INIT("summary_text"), read_text_part},
    {STR_INIT("reasoning_text"), read_text_part},
    {STR_INIT("refusal"), read_refusal_part},
    {STR_INIT("input_image"), read_image_part},
    {STR_INIT("input_file"), read_file_part},
    {STR_INIT("computer_screenshot"), read_image_part},
    {STR_INIT("input_audio"), read_audio_part},
};

static enum err_code read_part(struct place *at, const struct json *v, struct chat_parts *out)
{
    const struct json *type = json_get(v, STR("type"));

    if (!json_is(type, JSON_STRING))
        return wrong(at, "type", "a string");
    for (size_t i = 0; i < ARRAY_LEN(part_rows); i++) {
        if (json_str_eq(type, part_rows[i].type))
            return part_rows[i].read(at, v, out);
    }
    loss_add_under(at->rd->losses, at->rd->arena, STR("input.content"),
                   json_str_or_null(at->rd->arena, type));
    return ERR_OK;
}

/* A string or a list of parts. */
static enum err_code read_content(struct place *at, const char *name, const struct json *v,
                                  struct chat_parts *out)
{
    enum err_code rc = ERR_OK;
    struct str text;

    if (json_str(at->rd->arena, v, &text)) {
        chat_add_text(at->rd->arena, out, text);
        return ERR_OK;
    }
    if (!json_is(v, JSON_ARRAY))
        return wrong(at, name, "a string or a list");
    at->list = name;
    at->part = 0;
    JSON_EACH (part, v) {
        rc = read_part(at, part, out);
        if (rc != ERR_OK)
            return rc;
        at->part++;
    }
    at->list = NULL;
    return ERR_OK;
}

/* ---- items ---- */

static bool read_role(const struct json *v, enum chat_role *out)
{
    static const struct {
        struct str name;
        enum chat_role role;
    } rows[] = {
        {STR_INIT("user"), CHAT_USER},
        {STR_INIT("assistant"), CHAT_ASSISTANT},
        {STR_INIT("system"), CHAT_SYSTEM},
        {STR_INIT("developer"), CHAT_DEVELOPER},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        *out = rows[i].role;
        if (json_str_eq(v, rows[i].name))
            return true;
    }
    return false;
}

static enum err_code read_message(struct place *at, const struct json *v)
{
    struct chat_message *m;
    enum chat_role role;

    if (!read_role(json_get(v, STR("role")), &role))
        return wrong(at, "role", "user, assistant, system or developer");
    if (is_given(json_get(v, STR("phase"))))
        loss_add(at->rd->losses, STR("input.phase"));
    m = role == CHAT_ASSISTANT ? message_of(at, role)
                               : chat_add_message(at->rd->arena, at->rd->r, role);
    return read_content(at, "content", json_get(v, STR("content")), &m->parts);
}

/* Names of a call that both kinds of tools have. */
static enum err_code read_call(struct place *at, const struct json *v, const char *text,
                               struct chat_tool_call *call)
{
    struct arena *a = at->rd->arena;

    if (!responses_read_str(a, v, STR("id"), &call->item_id) ||
        !responses_read_str(a, v, STR("namespace"), &call->ns))
        return wrong(at, "id and namespace", "strings");
    if (!json_str(a, json_get(v, STR("call_id")), &call->id) || call->id.n == 0)
        return wrong(at, "call_id", "a string that is not empty");
    if (!json_str(a, json_get(v, STR("name")), &call->name) || call->name.n == 0)
        return wrong(at, "name", "a string that is not empty");
    if (!json_str(a, json_get(v, str_from(text)), &call->arguments))
        return wrong(at, text, "a string");
    return ERR_OK;
}

static void add_call(struct place *at, const struct chat_tool_call *call)
{
    struct chat_message *m = message_of(at, CHAT_ASSISTANT);
    struct chat_part *part = chat_add_part(at->rd->arena, &m->parts, CHAT_PART_TOOL_CALL);

    part->call = *call;
    part->state = *at->call;
    *at->call = (struct chat_state){0};
}

static enum err_code read_function_call(struct place *at, const struct json *v)
{
    struct chat_tool_call call = {0};
    enum err_code rc = read_call(at, v, "arguments", &call);

    if (rc != ERR_OK)
        return rc;
    if (str_trim(call.arguments).n == 0)
        call.arguments = STR("{}");
    add_call(at, &call);
    return ERR_OK;
}

static enum err_code read_custom_call(struct place *at, const struct json *v)
{
    struct chat_tool_call call = {.custom = true};
    enum err_code rc = read_call(at, v, "input", &call);

    if (rc != ERR_OK)
        return rc;
    add_call(at, &call);
    return ERR_OK;
}

static enum err_code read_output(struct place *at, const struct json *v, bool custom)
{
    const struct json *output = json_get(v, STR("output"));
    struct chat_tool_result result = {.custom = custom};
    struct chat_message *m;
    enum err_code rc = ERR_OK;

    if (!json_str(at->rd->arena, json_get(v, STR("call_id")), &result.id) || result.id.n == 0)
        return wrong(at, "call_id", "a string that is not empty");
    if (is_given(output))
        rc = read_content(at, "output", output, &result.parts);
    if (rc != ERR_OK)
        return rc;
    m = message_of(at, CHAT_TOOL);
    chat_add_part(at->rd->arena, &m->parts, CHAT_PART_TOOL_RESULT)->result = result;
    return ERR_OK;
}

static enum err_code read_function_output(struct place *at, const struct json *v)
{
    return read_output(at, v, false);
}

static enum err_code read_custom_output(struct place *at, const struct json *v)
{
    return read_output(at, v, true);
}

/* The texts of a list, a blank line between them. */
static enum err_code read_texts(struct place *at, const char *name, const struct json *v,
                                struct str *out)
{
    struct chat_parts parts = {0};
    enum err_code rc = ERR_OK;

    if (json_is(v, JSON_ARRAY))
        rc = read_content(at, name, v, &parts);
    if (rc == ERR_OK)
        *out = chat_text_of(at->rd->arena, &parts, STR("\n\n"));
    return rc;
}

static enum err_code add_reasoning(struct place *at, struct str text, struct str id,
                                   struct str encrypted)
{
    enum responses_state_kind kind;
    struct chat_state state = responses_state_read(encrypted, &kind);
    struct chat_message *m = message_of(at, CHAT_ASSISTANT);
    struct chat_part *part;

    if (kind == RESPONSES_STATE_CALL) {
        *at->call = state;
        return ERR_OK;
    }
    state.id = id;
    part = chat_add_part(at->rd->arena, &m->parts, CHAT_PART_REASONING);
    part->text = text;
    part->state = state;
    return ERR_OK;
}

/* The reasoning itself where it is there, else its summary. */
static enum err_code read_reasoning(struct place *at, const struct json *v)
{
    struct arena *a = at->rd->arena;
    struct str content = STR_NULL, summary = STR_NULL, id, encrypted;
    enum err_code rc;

    if (!responses_read_str(a, v, STR("id"), &id) ||
        !responses_read_str(a, v, STR("encrypted_content"), &encrypted))
        return wrong(at, "id and encrypted_content", "strings");
    rc = read_texts(at, "content", json_get(v, STR("content")), &content);
    if (rc == ERR_OK)
        rc = read_texts(at, "summary", json_get(v, STR("summary")), &summary);
    if (rc != ERR_OK)
        return rc;
    return add_reasoning(at, content.n > 0 ? content : summary, id, encrypted);
}

/* Tools that are known from this item on: elsewhere tools are known from the beginning. */
static enum err_code read_tools(struct place *at, const struct json *v)
{
    const struct json *tools = json_get(v, STR("tools"));

    if (!is_given(tools))
        return ERR_OK;
    return responses_read_tools_at(at->rd, arena_fmt(at->rd->arena, "input[%zu].tools", at->item),
                                   tools);
}

/* ---- the client's search for tools ---- */

/* Who else has searched has left nothing for other models to read. */
static bool lose_search(struct place *at, const struct json *v)
{
    if (json_str_eq(json_get(v, STR("execution")), STR("client")))
        return false;
    loss_add_under(at->rd->losses, at->rd->arena, STR("input"),
                   json_str_or_null(at->rd->arena, json_get(v, STR("type"))));
    return true;
}

static enum err_code read_search_call(struct place *at, const struct json *v)
{
    const struct json *arguments = json_get(v, STR("arguments"));
    struct chat_tool_call call = {.name = STR(RESPONSES_TOOL_SEARCH)};
    struct arena *a = at->rd->arena;

    if (lose_search(at, v))
        return ERR_OK;
    if (!responses_read_str(a, v, STR("id"), &call.item_id))
        return wrong(at, "id", "a string");
    if (!json_str(a, json_get(v, STR("call_id")), &call.id) || call.id.n == 0)
        return wrong(at, "call_id", "a string that is not empty");
    call.arguments = json_is(arguments, JSON_OBJECT) ? json_raw(arguments) : STR("{}");
    add_call(at, &call);
    return ERR_OK;
}

/* What was found may be called from here on: it is told by name, since the tools are the
 * request's. */
static enum err_code read_search_output(struct place *at, const struct json *v)
{
    struct chat_tool_result result = {0};
    struct arena *a = at->rd->arena;
    struct str names;

    if (lose_search(at, v))
        return ERR_OK;
    if (!json_str(a, json_get(v, STR("call_id")), &result.id) || result.id.n == 0)
        return wrong(at, "call_id", "a string that is not empty");
    TRY(read_tools(at, v));
    names = responses_flat_names(a, json_get(v, STR("tools")));
    (void)chat_add_text(
        a, &result.parts,
        names.n == 0
            ? STR("No tools were found.")
            : str_concat(a, (struct str[]){STR("Found, and from now on there: "), names}, 2));
    chat_add_part(a, &message_of(at, CHAT_TOOL)->parts, CHAT_PART_TOOL_RESULT)->result = result;
    return ERR_OK;
}

/* ---- all of them ---- */

static const struct {
    struct str type;
    enum err_code (*read)(struct place *at, const struct json *v);
} item_rows[] = {
    {STR_INIT("message"), read_message},
    {STR_INIT("function_call"), read_function_call},
    {STR_INIT("function_call_output"), read_function_output},
    {STR_INIT("custom_tool_call"), read_custom_call},
    {STR_INIT("custom_tool_call_output"), read_custom_output},
    {STR_INIT("reasoning"), read_reasoning},
    {STR_INIT("additional_tools"), read_tools},
    {STR_INIT("tool_search_call"), read_search_call},
    {STR_INIT("tool_search_output"), read_search_output},
};

/* The type may be left out, as that of a message may, which has a role. */
static bool is_reference(const struct json *v)
{
    const struct json *type = json_get(v, STR("type"));

    if (is_given(type))
        return json_str_eq(type, STR("item_reference"));
    return is_given(json_get(v, STR("id"))) && !is_given(json_get(v, STR("role")));
}

static enum err_code read_item(struct place *at, const struct json *v)
{
    const struct json *type = json_get(v, STR("type"));

    if (!json_is(v, JSON_OBJECT))
        return wrong(at, "", "an object");
    if (is_reference(v)) {
        loss_add(at->rd->losses, STR("input.item_reference"));
        return ERR_OK;
    }
    if (!is_given(type)) /* the easy form */
        return read_message(at, v);
    if (!json_is(type, JSON_STRING))
        return wrong(at, "type", "a string");
    for (size_t i = 0; i < ARRAY_LEN(item_rows); i++) {
        if (json_str_eq(type, item_rows[i].type))
            return item_rows[i].read(at, v);
    }
    loss_add_under(at->rd->losses, at->rd->arena, STR("input"),
                   json_str_or_null(at->rd->arena, type));
    return ERR_OK;
}

enum err_code responses_read_input(struct responses_reading *rd, const struct json *v)
{
    struct chat_state call = {0};
    struct place at = {.rd = rd, .call = &call};
    struct str text;

    if (json_str(rd->arena, v, &text)) {
        chat_add_text(rd->arena, &chat_add_message(rd->arena, rd->r, CHAT_USER)->parts, text);
        return ERR_OK;
    }
    if (!json_is(v, JSON_ARRAY))
        return err_set(rd->err, ERR_BAD_REQUEST, "input must be a string or a list");
    JSON_EACH (item, v) {
        enum err_code rc = read_item(&at, item);

        if (rc != ERR_OK)
            return rc;
        at.item++;
    }
    return ERR_OK;
}

size_t responses_references(struct arena *a, const struct json *body,
                            struct responses_reference **out)
{
    const struct json *input = json_get(body, STR("input"));
    size_t n = 0;

    *out = NULL;
    JSON_EACH (item, input)
        n += is_reference(item);
    if (n == 0)
        return 0;
    *out = arena_new_array(a, struct responses_reference, n);
    n = 0;
    JSON_EACH (item, input) {
        if (is_reference(item))
            (*out)[n++] = (struct responses_reference){
                .item = item, .id = json_str_or_null(a, json_get(item, STR("id")))};
    }
    return n;
}
