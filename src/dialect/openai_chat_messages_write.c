/*
 * The messages of a chat request. What a client of this dialect wrote goes back as it was; what
 * comes from another dialect is written for servers that are strict: texts as one string, nothing
 * empty, pictures of tool results in a message of the user.
 */
#include "base/hash.h"
#include "dialect/openai_chat.h"

enum { CALL_ID_MAX = 40 }; /* OpenAI refuses longer ones */

static void lose(struct openai_request_writer *wr, struct str name)
{
    loss_add(wr->conf->losses, name);
}

/* ---- names and ids ---- */

struct str openai_tool_name(struct openai_request_writer *wr, struct str ns, struct str name)
{
    return wr->own && ns.n == 0 ? name : chat_flat_name(wr->conf->arena, ns, name);
}

static struct str call_id(struct openai_request_writer *wr, struct str id)
{
    if (wr->own || id.n <= CALL_ID_MAX)
        return id;
    return arena_fmt(wr->conf->arena, "call_%016" PRIx64, hash_bytes(id));
}

/* ---- parts ---- */

static void write_cache(struct openai_request_writer *wr, struct str cache)
{
    if (cache.n == 0)
        return;
    if (wr->own || wr->conf->cache_marks)
        jw_key_raw(&wr->w, STR("cache_control"), cache);
    else
        lose(wr, STR("cache_control"));
}

static void write_text(struct openai_request_writer *wr, struct str text, struct str cache)
{
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("text"));
    jw_key_str(&wr->w, STR("text"), text);
    write_cache(wr, cache);
    jw_end(&wr->w);
}

/* Begins {"type":T,"T":{ of a part. */
static void begin_part(struct json_writer *w, struct str type)
{
    jw_object(w);
    jw_key_str(w, STR("type"), type);
    jw_key(w, type);
    jw_object(w);
}

static enum err_code write_url_part(struct openai_request_writer *wr, const struct chat_part *part,
                                    struct str type)
{
    const struct chat_media *media = &part->media;

    if (media->data.n == 0 && media->url.n == 0) {
        lose(wr, type);
        return ERR_OK;
    }
    begin_part(&wr->w, type);
    jw_key_str(&wr->w, STR("url"), chat_media_url(wr->conf->arena, media));
    if (media->detail.n > 0)
        jw_key_str(&wr->w, STR("detail"), media->detail);
    jw_end(&wr->w);
    write_cache(wr, part->cache);
    jw_end(&wr->w);
    return ERR_OK;
}

static enum err_code write_image(struct openai_request_writer *wr, const struct chat_part *part)
{
    return write_url_part(wr, part, STR("image_url"));
}

static enum err_code write_video(struct openai_request_writer *wr, const struct chat_part *part)
{
    return write_url_part(wr, part, STR("video_url"));
}

static enum err_code write_audio(struct openai_request_writer *wr, const struct chat_part *part)
{
    const struct chat_media *media = &part->media;

    if (media->data.n == 0 && !(wr->own && media->url.n > 0))
        return err_set(wr->err, ERR_BAD_REQUEST,
                       "a sound must be given as its data for this model");
    begin_part(&wr->w, STR("input_audio"));
    jw_key_str(&wr->w, STR("data"), media->data.n > 0 ? media->data : media->url);
    jw_key_str(&wr->w, STR("format"), openai_audio_format(media->mime));
    jw_end(&wr->w);
    write_cache(wr, part->cache);
    jw_end(&wr->w);
    return ERR_OK;
}

static struct str file_name(struct arena *a, const struct chat_media *media)
{
    ptrdiff_t bar = str_find_char(media->mime, '/');
    struct str kind = bar >= 0 ? str_skip(media->mime, (size_t)bar + 1) : STR("pdf");

    if (media->name.n > 0)
        return media->name;
    return str_concat(a, (struct str[]){STR("document."), kind}, 2);
}

static enum err_code write_file(struct openai_request_writer *wr, const struct chat_part *part)
{
    const struct chat_media *media = &part->media;
    bool known_id = media->file_id.n > 0 && (media->origin == DIALECT_OPENAI_CHAT ||
                                             media->origin == DIALECT_OPENAI_RESPONSES);

    if (media->text.n > 0) {
        write_text(wr, media->text, part->cache);
        return ERR_OK;
    }
    if (media->data.n == 0 && !known_id && !(wr->own && media->url.n > 0))
        return err_set(wr->err, ERR_BAD_REQUEST, "a file must be given as its data for this model");
    begin_part(&wr->w, STR("file"));
    if (media->data.n > 0)
        jw_key_str(&wr->w, STR("filename"), file_name(wr->conf->arena, media));
    else if (media->name.n > 0)
        jw_key_str(&wr->w, STR("filename"), media->name);
    if (media->data.n > 0 || media->url.n > 0)
        jw_key_str(&wr->w, STR("file_data"), chat_media_url(wr->conf->arena, media));
    if (known_id)
        jw_key_str(&wr->w, STR("file_id"), media->file_id);
    jw_end(&wr->w);
    write_cache(wr, part->cache);
    jw_end(&wr->w);
    return ERR_OK;
}

static enum err_code write_text_part(struct openai_request_writer *wr, const struct chat_part *part)
{
    write_text(wr, part->text, part->cache);
    return ERR_OK;
}

typedef enum err_code part_fn(struct openai_request_writer *wr, const struct chat_part *part);

/* The parts that a `content` can hold. */
static part_fn *const part_writers[] = {
    [CHAT_PART_TEXT] = write_text_part, [CHAT_PART_IMAGE] = write_image,
    [CHAT_PART_AUDIO] = write_audio,    [CHAT_PART_FILE] = write_file,
    [CHAT_PART_VIDEO] = write_video,
};

static part_fn *writer_of(const struct chat_part *part)
{
    return (size_t)part->kind < ARRAY_LEN(part_writers) ? part_writers[part->kind] : NULL;
}

/* ---- content ---- */

static bool has_kind(const struct chat_parts *parts, enum chat_part_kind kind)
{
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == kind)
            return true;
    }
    return false;
}

static bool is_media(const struct chat_part *part)
{
    return part->kind != CHAT_PART_TEXT && writer_of(part);
}

static bool has_media(const struct chat_parts *parts)
{
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (is_media(part))
            return true;
    }
    return false;
}

static bool has_cache(const struct chat_parts *parts)
{
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->cache.n > 0)
            return true;
    }
    return false;
}

static void note_cache(struct openai_request_writer *wr, const struct chat_parts *parts)
{
    if (has_cache(parts) && !wr->own && !wr->conf->cache_marks)
        lose(wr, STR("cache_control"));
}

/* The texts alone: as one string, or where marks have to be kept as a list. */
static void write_texts(struct openai_request_writer *wr, const struct chat_parts *parts,
                        struct str between)
{
    note_cache(wr, parts);
    jw_key(&wr->w, STR("content"));
    if (!has_cache(parts) || !(wr->own || wr->conf->cache_marks)) {
        jw_str(&wr->w, chat_text_of(wr->conf->arena, parts, between));
        return;
    }
    jw_array(&wr->w);
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == CHAT_PART_TEXT)
            write_text(wr, part->text, part->cache);
    }
    jw_end(&wr->w);
}

static enum err_code write_parts(struct openai_request_writer *wr, const struct chat_parts *parts)
{
    enum err_code rc = ERR_OK;

    jw_key(&wr->w, STR("content"));
    jw_array(&wr->w);
    for (const struct chat_part *part = parts->first; part && rc == ERR_OK; part = part->next) {
        if (writer_of(part))
            rc = writer_of(part)(wr, part);
    }
    jw_end(&wr->w);
    return rc;
}

static void begin_message(struct openai_request_writer *wr, struct str role, struct str name)
{
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("role"), role);
    if (name.n > 0)
        jw_key_str(&wr->w, STR("name"), name);
}

/* ---- system, developer, user ---- */

static enum err_code write_instruction(struct openai_request_writer *wr,
                                       const struct chat_message *m)
{
    bool is_developer = m->role == CHAT_DEVELOPER;

    if (has_media(&m->parts))
        lose(wr, STR("messages.system.media"));
    if (!wr->own && !has_kind(&m->parts, CHAT_PART_TEXT))
        return ERR_OK;
    begin_message(wr, is_developer ? STR("developer") : STR("system"), m->name);
    write_texts(wr, &m->parts, STR("\n"));
    jw_end(&wr->w);
    return ERR_OK;
}

static enum err_code write_user(struct openai_request_writer *wr, const struct chat_message *m)
{
    const struct chat_part *first = m->parts.first;
    enum err_code rc = ERR_OK;

    if (!wr->own && !has_media(&m->parts) && !has_kind(&m->parts, CHAT_PART_TEXT))
        return ERR_OK;
    begin_message(wr, STR("user"), m->name);
    if (!first || (!first->next && first->kind == CHAT_PART_TEXT))
        write_texts(wr, &m->parts, STR(""));
    else
        rc = write_parts(wr, &m->parts);
    jw_end(&wr->w);
    return rc;
}

/* ---- assistant ---- */

static bool keeps_reasoning(const struct openai_request_writer *wr)
{
    return wr->own || wr->conf->reasoning_history;
}

static void write_details(struct openai_request_writer *wr, const struct chat_parts *parts)
{
    bool open = false;
    int64_t index = 0;

    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind != CHAT_PART_REASONING || part->state.value.n == 0 ||
            part->state.origin != DIALECT_OPENAI_CHAT)
            continue;
        if (!open) {
            jw_key(&wr->w, STR("reasoning_details"));
            jw_array(&wr->w);
            open = true;
        }
        openai_write_details(&wr->w, wr->conf->arena, part->text, &part->state, index++);
    }
    if (open)
        jw_end(&wr->w);
}

static void write_reasoning(struct openai_request_writer *wr, const struct chat_parts *parts)
{
    struct chat_parts texts = {0};

    if (!keeps_reasoning(wr))
        return;
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == CHAT_PART_REASONING)
            (void)chat_add_text(wr->conf->arena, &texts, part->text);
    }
    if (texts.first)
        jw_key_str(&wr->w, STR("reasoning_content"),
                   chat_text_of(wr->conf->arena, &texts, STR("")));
    write_details(wr, parts);
}

/* {"input": text}: what a custom tool that was declared as a function is called with. */
static struct str wrap_input(struct arena *a, struct str text)
{
    return str_concat(a, (struct str[]){STR("{\"input\":"), json_quote(a, text), STR("}")}, 3);
}

static void write_call(struct openai_request_writer *wr, const struct chat_part *part)
{
    const struct chat_tool_call *call = &part->call;
    bool is_custom = call->custom && (wr->own || wr->conf->custom_tools);
    bool has_signature =
        part->state.value.n > 0 && (part->state.origin == DIALECT_OPENAI_CHAT ||
                                    (part->state.origin == DIALECT_GEMINI && wr->own));
    struct str arguments =
        call->custom && !is_custom ? wrap_input(wr->conf->arena, call->arguments) : call->arguments;

    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("id"), call_id(wr, call->id));
    jw_key_str(&wr->w, STR("type"), is_custom ? STR("custom") : STR("function"));
    jw_key(&wr->w, is_custom ? STR("custom") : STR("function"));
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("name"), openai_tool_name(wr, call->ns, call->name));
    jw_key_str(&wr->w, is_custom ? STR("input") : STR("arguments"),
               arguments.n == 0 && !is_custom ? STR("{}") : arguments);
    jw_end(&wr->w);
    if (has_signature)
        openai_write_signature(&wr->w, part->state.value);
    write_cache(wr, part->cache);
    jw_end(&wr->w);
}

static void write_calls(struct openai_request_writer *wr, const struct chat_parts *parts)
{
    jw_key(&wr->w, STR("tool_calls"));
    jw_array(&wr->w);
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == CHAT_PART_TOOL_CALL)
            write_call(wr, part);
    }
    jw_end(&wr->w);
}

/* A refusal, a spoken answer by its id, pictures that the model made. */
static void write_output(struct openai_request_writer *wr, const struct chat_part *part)
{
    if (part->kind == CHAT_PART_REFUSAL) {
        jw_key_str(&wr->w, STR("refusal"), part->text);
    } else if (part->kind == CHAT_PART_AUDIO && part->media.file_id.n > 0 &&
               part->media.origin == DIALECT_OPENAI_CHAT) {
        jw_key(&wr->w, STR("audio"));
        jw_object(&wr->w);
        jw_key_str(&wr->w, STR("id"), part->media.file_id);
        jw_end(&wr->w);
    }
}

static void write_outputs(struct openai_request_writer *wr, const struct chat_parts *parts)
{
    bool seen[CHAT_PART_TOOL_RESULT + 1] = {false};

    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (!seen[part->kind]) /* each is one member */
            write_output(wr, part);
        seen[part->kind] = true;
        if (part->kind == CHAT_PART_TEXT && wr->own && part->state.value.n > 0 &&
            part->state.origin == DIALECT_GEMINI && !part->next)
            openai_write_signature(&wr->w, part->state.value);
    }
    if (!has_kind(parts, CHAT_PART_IMAGE))
        return;
    if (!wr->own) {
        lose(wr, STR("messages.images"));
        return;
    }
    jw_key(&wr->w, STR("images"));
    jw_array(&wr->w);
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == CHAT_PART_IMAGE)
            (void)write_image(wr, part);
    }
    jw_end(&wr->w);
}

static bool says_nothing(const struct openai_request_writer *wr, const struct chat_parts *parts)
{
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == CHAT_PART_TEXT || part->kind == CHAT_PART_REFUSAL ||
            part->kind == CHAT_PART_TOOL_CALL || part->kind == CHAT_PART_AUDIO ||
            (part->kind == CHAT_PART_REASONING && keeps_reasoning(wr)))
            return false;
    }
    return true;
}

static enum err_code write_assistant(struct openai_request_writer *wr, const struct chat_message *m)
{
    bool has_calls = has_kind(&m->parts, CHAT_PART_TOOL_CALL);
    bool has_text = has_kind(&m->parts, CHAT_PART_TEXT);

    if (!wr->own && says_nothing(wr, &m->parts))
        return ERR_OK;
    begin_message(wr, STR("assistant"), m->name);
    if (has_text || !(has_calls || has_kind(&m->parts, CHAT_PART_REFUSAL)))
        write_texts(wr, &m->parts, STR(""));
    else
        jw_key_null(&wr->w, STR("content"));
    write_reasoning(wr, &m->parts);
    write_outputs(wr, &m->parts);
    if (has_calls)
        write_calls(wr, &m->parts);
    jw_end(&wr->w);
    return ERR_OK;
}

/* ---- tool results ---- */

static enum err_code write_result(struct openai_request_writer *wr, const struct chat_part *part)
{
    const struct chat_tool_result *result = &part->result;
    bool in_place = wr->own && has_media(&result->parts);
    enum err_code rc = ERR_OK;

    begin_message(wr, STR("tool"), STR_NULL);
    jw_key_str(&wr->w, STR("tool_call_id"), call_id(wr, result->id));
    if (in_place)
        rc = write_parts(wr, &result->parts);
    else
        write_texts(wr, &result->parts, STR("\n"));
    if (result->is_error)
        lose(wr, STR("is_error"));
    write_cache(wr, part->cache);
    jw_end(&wr->w);
    return rc;
}

static enum err_code write_results(struct openai_request_writer *wr, const struct chat_message *m)
{
    enum err_code rc = ERR_OK;

    for (const struct chat_part *part = m->parts.first; part && rc == ERR_OK; part = part->next) {
        if (part->kind == CHAT_PART_TOOL_RESULT)
            rc = write_result(wr, part);
    }
    return rc;
}

/* What the results hold beside text, in a message of the user behind them. */
static enum err_code write_result_media(struct openai_request_writer *wr,
                                        const struct chat_message *m, bool *open)
{
    enum err_code rc = ERR_OK;

    for (const struct chat_part *result = m->parts.first; result; result = result->next) {
        for (const struct chat_part *part = result->result.parts.first; part && rc == ERR_OK;
             part = part->next) {
            if (!is_media(part))
                continue;
            if (!*open) {
                begin_message(wr, STR("user"), STR_NULL);
                jw_key(&wr->w, STR("content"));
                jw_array(&wr->w);
                *open = true;
            }
            rc = writer_of(part)(wr, part);
        }
    }
    return rc;
}

/* From the first message of results on, up to the one behind the last. */
static enum err_code write_tool_messages(struct openai_request_writer *wr,
                                         const struct chat_message **at)
{
    const struct chat_message *first = *at, *end = first;
    enum err_code rc = ERR_OK;
    bool open = false;

    for (; end && end->role == CHAT_TOOL && rc == ERR_OK; end = end->next)
        rc = write_results(wr, end);
    for (const struct chat_message *m = first; m != end && rc == ERR_OK && !wr->own; m = m->next)
        rc = write_result_media(wr, m, &open);
    if (open) {
        jw_end(&wr->w);
        jw_end(&wr->w);
    }
    *at = end;
    return rc;
}

/* ---- messages ---- */

enum err_code openai_write_messages(struct openai_request_writer *wr)
{
    static enum err_code (*const writers[])(struct openai_request_writer *,
                                            const struct chat_message *) = {
        [CHAT_SYSTEM] = write_instruction,
        [CHAT_DEVELOPER] = write_instruction,
        [CHAT_USER] = write_user,
        [CHAT_ASSISTANT] = write_assistant,
    };
    const struct chat_message *m = wr->r->messages;
    enum err_code rc = ERR_OK;

    jw_key(&wr->w, STR("messages"));
    jw_array(&wr->w);
    while (m && rc == ERR_OK) {
        if (m->role == CHAT_TOOL) {
            rc = write_tool_messages(wr, &m);
            continue;
        }
        rc = writers[m->role](wr, m);
        m = m->next;
    }
    jw_end(&wr->w);
    return rc;
}
