/*
 * Images and documents of a request for an upstream that speaks Anthropic's dialect. It checks the
 * kind that it is told against the bytes, so the bytes are asked first.
 */
#include "base/text.h"
#include "dialect/claude.h"

/* How the base64 of a kind of file begins. */
static const struct {
    struct str begin, mime;
} signs[] = {
    {STR_INIT("iVBORw0KGgo"), STR_INIT("image/png")},   {STR_INIT("/9j/"), STR_INIT("image/jpeg")},
    {STR_INIT("R0lGOD"), STR_INIT("image/gif")},        {STR_INIT("UklGR"), STR_INIT("image/webp")},
    {STR_INIT("JVBERi0"), STR_INIT("application/pdf")},
};

static struct str mime_of(struct arena *a, const struct chat_media *m)
{
    struct str mime = m->mime;

    for (size_t i = 0; i < ARRAY_LEN(signs); i++) {
        if (str_starts(m->data, signs[i].begin))
            return signs[i].mime;
    }
    mime = str_lower(a, str_trim(str_cut(&mime, ';')));
    return str_eq(mime, STR("image/jpg")) ? STR("image/jpeg") : mime;
}

/* Kinds of documents that are text, by their kind or the end of their name. */
static bool is_text(struct str mime, struct str name)
{
    static const struct str mimes[] = {
        STR_INIT("application/json"), STR_INIT("application/xml"),
        STR_INIT("application/csv"),  STR_INIT("application/x-yaml"),
        STR_INIT("application/yaml"), STR_INIT("application/javascript"),
        STR_INIT("application/sql"),  STR_INIT("application/x-sh"),
    };
    static const struct str ends[] = {
        STR_INIT(".txt"),  STR_INIT(".md"),   STR_INIT(".csv"), STR_INIT(".json"),
        STR_INIT(".html"), STR_INIT(".xml"),  STR_INIT(".yml"), STR_INIT(".yaml"),
        STR_INIT(".log"),  STR_INIT(".toml"), STR_INIT(".ini"), STR_INIT(".tsv"),
    };

    if (str_starts(mime, STR("text/")))
        return true;
    for (size_t i = 0; i < ARRAY_LEN(mimes); i++) {
        if (str_eq(mime, mimes[i]))
            return true;
    }
    for (size_t i = 0; i < ARRAY_LEN(ends); i++) {
        if (str_ends(name, ends[i]))
            return true;
    }
    return false;
}

/* ---- blocks ---- */

static void begin_block(struct claude_writer *cw, const char *type, const char *source)
{
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), str_from(type));
    jw_key(&cw->w, STR("source"));
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), str_from(source));
}

static void end_block(struct claude_writer *cw, const struct chat_part *part)
{
    jw_end(&cw->w);
    if (part->kind == CHAT_PART_FILE && part->media.name.n > 0)
        jw_key_str(&cw->w, STR("title"), part->media.name);
    claude_write_cache(cw, part->cache);
    jw_end(&cw->w);
    cw->blocks++;
}

static enum err_code refuse(struct claude_writer *cw, const char *what)
{
    return err_set(cw->err, ERR_BAD_REQUEST, "this model cannot take %s", what);
}

static enum err_code write_base64(struct claude_writer *cw, const struct chat_part *part,
                                  struct str mime)
{
    begin_block(cw, str_starts(mime, STR("image/")) ? "image" : "document", "base64");
    jw_key_str(&cw->w, STR("media_type"), mime);
    jw_key_str(&cw->w, STR("data"), part->media.data);
    end_block(cw, part);
    return ERR_OK;
}

static enum err_code write_plain(struct claude_writer *cw, const struct chat_part *part,
                                 struct str text)
{
    if (str_trim(text).n == 0)
        return ERR_OK; /* refused like any blank text */
    begin_block(cw, "document", "text");
    jw_key_str(&cw->w, STR("media_type"), STR("text/plain"));
    jw_key_str(&cw->w, STR("data"), text);
    end_block(cw, part);
    return ERR_OK;
}

static enum err_code write_data(struct claude_writer *cw, const struct chat_part *part)
{
    const struct chat_media *m = &part->media;
    struct str mime = mime_of(cw->arena, m), text;

    if (str_starts(mime, STR("image/")) || str_eq(mime, STR("application/pdf")))
        return write_base64(cw, part, mime);
    if (part->kind == CHAT_PART_IMAGE)
        return write_base64(cw, part, STR("image/jpeg"));
    if (is_text(mime, str_lower(cw->arena, m->name)) && base64_decode(cw->arena, m->data, &text) &&
        utf8_valid(text))
        return write_plain(cw, part, text);
    if (str_ends(str_lower(cw->arena, m->name), STR(".pdf")))
        return write_base64(cw, part, STR("application/pdf"));
    return refuse(cw, "a file of this kind (messages.content.file)");
}

static enum err_code write_elsewhere(struct claude_writer *cw, const struct chat_part *part)
{
    const struct chat_media *m = &part->media;
    const char *type = part->kind == CHAT_PART_IMAGE ? "image" : "document";

    if (m->url.n > 0) {
        begin_block(cw, type, "url");
        jw_key_str(&cw->w, STR("url"), m->url);
    } else if (m->file_id.n > 0 && m->origin == DIALECT_CLAUDE) {
        begin_block(cw, type, "file");
        jw_key_str(&cw->w, STR("file_id"), m->file_id);
    } else {
        return refuse(cw, "a file that another provider keeps (messages.content.file)");
    }
    end_block(cw, part);
    return ERR_OK;
}

enum err_code claude_write_media(struct claude_writer *cw, const struct chat_part *part)
{
    if (part->kind == CHAT_PART_AUDIO)
        return refuse(cw, "sound (messages.content.input_audio)");
    if (part->kind == CHAT_PART_VIDEO)
        return refuse(cw, "video (messages.content.video_url)");
    if (part->kind != CHAT_PART_IMAGE && part->kind != CHAT_PART_FILE)
        return ERR_OK; /* what only an assistant says */
    if (part->media.detail.n > 0 && !str_eq(part->media.detail, STR("auto")))
        loss_add(cw->losses, STR("messages.content.image_url.detail"));
    if (part->media.data.n > 0)
        return write_data(cw, part);
    if (part->media.text.n > 0)
        return write_plain(cw, part, part->media.text);
    return write_elsewhere(cw, part);
}
