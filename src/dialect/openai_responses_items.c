/*
 * Messages as input items: what the assistant said becomes items of several kinds in their order,
 * results become outputs.
 */
#include "dialect/openai_responses.h"

/* What the API takes as the id of a call. */
enum { CALL_ID_MAX = 64 };

/* ---- parts ---- */

static void write_typed_text(struct json_writer *w, struct str type, struct str key,
                             struct str text)
{
    jw_object(w);
    jw_key_str(w, STR("type"), type);
    jw_key_str(w, key, text);
    jw_end(w);
}

/* The files of OpenAI's two dialects are the same. */
static bool knows_file(const struct chat_media *m)
{
    return m->file_id.n > 0 &&
           (m->origin == DIALECT_OPENAI_RESPONSES || m->origin == DIALECT_OPENAI_CHAT);
}

static enum err_code write_image(struct responses_writing *wr, const struct chat_part *part)
{
    const struct chat_media *m = &part->media;
    struct json_writer *w = &wr->w;

    if (m->data.n + m->url.n == 0 && !knows_file(m)) {
        loss_add(wr->conf->losses, STR("messages.content.image.file_id"));
        return ERR_OK;
    }
    jw_object(w);
    jw_key_str(w, STR("type"), STR("input_image"));
    if (m->data.n + m->url.n > 0)
        jw_key_str(w, STR("image_url"), chat_media_url(wr->conf->arena, m));
    else
        jw_key_str(w, STR("file_id"), m->file_id);
    if (m->detail.n > 0)
        jw_key_str(w, STR("detail"), m->detail);
    jw_end(w);
    return ERR_OK;
}

/* A file's data needs a name, which tells its kind. */
static struct str file_name(const struct chat_media *m)
{
    if (m->name.n > 0)
        return m->name;
    return str_eq(m->mime, STR("text/plain")) ? STR("file.txt") : STR("file.pdf");
}

static enum err_code write_file(struct responses_writing *wr, const struct chat_part *part)
{
    const struct chat_media *m = &part->media;
    struct json_writer *w = &wr->w;

    if (m->text.n > 0) {
        write_typed_text(w, STR("input_text"), STR("text"), m->text);
        return ERR_OK;
    }
    if (m->data.n + m->url.n == 0 && !knows_file(m)) {
        loss_add(wr->conf->losses, STR("messages.content.file.file_id"));
        return ERR_OK;
    }
    jw_object(w);
    jw_key_str(w, STR("type"), STR("input_file"));
    if (m->data.n > 0) {
        jw_key_str(w, STR("filename"), file_name(m));
        jw_key_str(w, STR("file_data"),
                   wr->own && m->mime.n == 0 ? m->data : chat_media_url(wr->conf->arena, m));
    } else if (m->url.n > 0) {
        jw_key_str(w, STR("file_url"), m->url);
    } else {
        jw_key_str(w, STR("file_id"), m->file_id);
    }
    jw_end(w);
    return ERR_OK;
}

static enum err_code write_audio(struct responses_writing *wr, const struct chat_part *part)
{
    const struct chat_media *m = &part->media;
    struct json_writer *w = &wr->w;

    if (!wr->own || m->data.n == 0)
        return err_set(wr->err, ERR_BAD_REQUEST,
                       "this model is reached through an API that takes no sound");
    jw_object(w);
    jw_key_str(w, STR("type"), STR("input_audio"));
    jw_key(w, STR("input_audio"));
    jw_object(w);
    jw_key_str(w, STR("data"), m->data);
    jw_key_str(w, STR("format"), str_skip(m->mime, sizeof "audio/" - 1));
    jw_end(w);
    jw_end(w);
    return ERR_OK;
}

static enum err_code refuse_video(struct responses_writing *wr, const struct chat_part *part UNUSED)
{
    return err_set(wr->err, ERR_BAD_REQUEST,
                   "this model is reached through an API that takes no video");
}

static enum err_code write_text(struct responses_writing *wr, const struct chat_part *part)
{
    write_typed_text(&wr->w, STR("input_text"), STR("text"), part->text);
    return ERR_OK;
}

static enum err_code write_input_part(struct responses_writing *wr, const struct chat_part *part)
{
    static enum err_code (*const rows[])(struct responses_writing *, const struct chat_part *) = {
        [CHAT_PART_TEXT] = write_text,   [CHAT_PART_REFUSAL] = write_text,
        [CHAT_PART_IMAGE] = write_image, [CHAT_PART_AUDIO] = write_audio,
        [CHAT_PART_FILE] = write_file,   [CHAT_PART_VIDEO] = refuse_video,
    };

    if ((size_t)part->kind >= ARRAY_LEN(rows) || !rows[part->kind])
        return ERR_OK;
    return rows[part->kind](wr, part);
}

/* A string where one text is all, else a list of parts. */
static enum err_code write_content(struct responses_writing *wr, const struct chat_parts *parts)
{
    const struct chat_part *first = parts->first;
    enum err_code rc = ERR_OK;

    if (!first || (!first->next && first->kind == CHAT_PART_TEXT)) {
        jw_str(&wr->w, first ? first->text : STR_NULL);
        return ERR_OK;
    }
    jw_array(&wr->w);
    for (const struct chat_part *part = first; part && rc == ERR_OK; part = part->next)
        rc = write_input_part(wr, part);
    jw_end(&wr->w);
    return rc;
}

/* ---- what the assistant said ---- */

static bool is_said(const struct chat_part *part)
{
    return part && (part->kind == CHAT_PART_TEXT || part->kind == CHAT_PART_REFUSAL);
}

/* Texts and refusals that stand beside each other; the last one of them. */
static const struct chat_part *write_said(struct responses_writing *wr,
                                          const struct chat_part *part)
{
    struct json_writer *w = &wr->w;

    jw_object(w);
    jw_key_str(w, STR("type"), STR("message"));
    jw_key_str(w, STR("role"), STR("assistant"));
    jw_key(w, STR("content"));
    if (part->kind == CHAT_PART_TEXT && !is_said(part->next)) {
        jw_str(w, part->text);
        jw_end(w);
        return part;
    }
    jw_array(w);
    for (;; part = part->next) {
        if (part->kind == CHAT_PART_TEXT)
            write_typed_text(w, STR("output_text"), STR("text"), part->text);
        else
            write_typed_text(w, STR("refusal"), STR("refusal"), part->text);
        if (!is_said(part->next))
            break;
    }
    jw_end(w);
    jw_end(w);
    return part;
}

/* Without a state of this dialect there is nothing that the API would take back. */
static void write_reasoning(struct responses_writing *wr, const struct chat_part *part)
{
    const struct chat_state *state = &part->state;
    struct json_writer *w = &wr->w;

    if (state->origin != DIALECT_OPENAI_RESPONSES || (!wr->own && state->value.n == 0) ||
        state->value.n + state->id.n + (wr->own ? part->text.n : 0) == 0)
        return;
    jw_object(w);
    jw_key_str(w, STR("type"), STR("reasoning"));
    if (state->id.n > 0)
        jw_key_str(w, STR("id"), state->id);
    jw_key(w, STR("summary"));
    jw_array(w);
    if (part->text.n > 0)
        write_typed_text(w, STR("summary_text"), STR("text"), part->text);
    jw_end(w);
    if (state->value.n > 0)
        jw_key_str(w, STR("encrypted_content"), state->value);
    jw_end(w);
}

static void write_call_id(struct json_writer *w, struct str id)
{
    if (id.n > CALL_ID_MAX) /* its end is what tells ids apart */
        id = str_skip(id, id.n - CALL_ID_MAX);
    jw_key_str(w, STR("call_id"), id);
}

static void write_call(struct responses_writing *wr, const struct chat_part *part)
{
    const struct chat_tool_call *call = &part->call;
    struct json_writer *w = &wr->w;

    jw_object(w);
    jw_key_str(w, STR("type"), call->custom ? STR("custom_tool_call") : STR("function_call"));
    if (wr->own && call->item_id.n > 0)
        jw_key_str(w, STR("id"), call->item_id);
    write_call_id(w, call->id);
    if (wr->own && call->ns.n > 0)
        jw_key_str(w, STR("namespace"), call->ns);
    jw_key_str(w, STR("name"),
               wr->own ? call->name : chat_flat_name(wr->conf->arena, call->ns, call->name));
    jw_key_str(w, call->custom ? STR("input") : STR("arguments"), call->arguments);
    jw_end(w);
}

static void lose_part(struct responses_writing *wr, const struct chat_part *part)
{
    static const struct str names[] = {
        [CHAT_PART_IMAGE] = STR_INIT("messages.content.image"),
        [CHAT_PART_AUDIO] = STR_INIT("messages.audio"),
        [CHAT_PART_FILE] = STR_INIT("messages.content.file"),
        [CHAT_PART_VIDEO] = STR_INIT("messages.content.video"),
    };

    if ((size_t)part->kind < ARRAY_LEN(names))
        loss_add(wr->conf->losses, names[part->kind]);
}

static void write_assistant(struct responses_writing *wr, const struct chat_message *m)
{
    for (const struct chat_part *part = m->parts.first; part; part = part->next) {
        if (is_said(part))
            part = write_said(wr, part);
        else if (part->kind == CHAT_PART_REASONING)
            write_reasoning(wr, part);
        else if (part->kind == CHAT_PART_TOOL_CALL)
            write_call(wr, part);
        else
            lose_part(wr, part);
    }
}

/* ---- results, and what others said ---- */

static enum err_code write_results(struct responses_writing *wr, const struct chat_message *m)
{
    enum err_code rc = ERR_OK;

    for (const struct chat_part *part = m->parts.first; part && rc == ERR_OK; part = part->next) {
        const struct chat_tool_result *result = &part->result;

        if (part->kind != CHAT_PART_TOOL_RESULT)
            continue;
        if (result->is_error)
            loss_add(wr->conf->losses, STR("messages.content.is_error"));
        jw_object(&wr->w);
        jw_key_str(&wr->w, STR("type"),
                   result->custom ? STR("custom_tool_call_output") : STR("function_call_output"));
        write_call_id(&wr->w, result->id);
        jw_key(&wr->w, STR("output"));
        rc = write_content(wr, &result->parts);
        jw_end(&wr->w);
    }
    return rc;
}

static enum err_code write_message(struct responses_writing *wr, const struct chat_message *m)
{
    static const struct str roles[] = {
        [CHAT_SYSTEM] = STR_INIT("system"),
        [CHAT_DEVELOPER] = STR_INIT("developer"),
        [CHAT_USER] = STR_INIT("user"),
    };
    enum err_code rc;

    if (!m->parts.first)
        return ERR_OK;
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("role"), roles[m->role]);
    jw_key(&wr->w, STR("content"));
    rc = write_content(wr, &m->parts);
    jw_end(&wr->w);
    return rc;
}

enum err_code responses_write_input(struct responses_writing *wr, const struct chat_message *m)
{
    enum err_code rc = ERR_OK;

    jw_array(&wr->w);
    for (; m && rc == ERR_OK; m = m->next) {
        if (m->name.n > 0)
            loss_add(wr->conf->losses, STR("messages.name"));
        if (m->role == CHAT_ASSISTANT)
            write_assistant(wr, m);
        else if (m->role == CHAT_TOOL)
            rc = write_results(wr, m);
        else
            rc = write_message(wr, m);
    }
    jw_end(&wr->w);
    return rc;
}
