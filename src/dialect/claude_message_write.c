/*
 * The messages of a request for an upstream that speaks Anthropic's dialect. Its rules: the turns
 * of user and assistant alternate, the user begins, the results of tools stand first in the turn
 * that follows their calls, no text is blank, and a thought goes back only with its signature.
 */
#include "base/crc32c.h"
#include "base/text.h"
#include "dialect/claude.h"

/*
 * Neighbouring messages that make one turn: from `first` up to, not including, `end`. System
 * messages stand elsewhere, but for those that a client of this dialect put among the turns.
 */
struct turn {
    const struct chat_message *first, *end;
    enum chat_role role; /* CHAT_USER, CHAT_ASSISTANT, CHAT_SYSTEM */
};

static bool is_blank(struct str text)
{
    return str_trim(text).n == 0;
}

/* ---- what is written ---- */

static bool has_own_state(const struct chat_part *part)
{
    return part->state.origin == DIALECT_CLAUDE && part->state.value.n > 0;
}

bool claude_says(const struct chat_part *part)
{
    switch (part->kind) {
    case CHAT_PART_TEXT:
    case CHAT_PART_REFUSAL:
        return !is_blank(part->text);
    case CHAT_PART_REASONING:
        return has_own_state(part);
    case CHAT_PART_TOOL_CALL:
        return true;
    case CHAT_PART_AUDIO:
        return !is_blank(part->media.text);
    case CHAT_PART_IMAGE:
    case CHAT_PART_FILE:
    case CHAT_PART_VIDEO:
    case CHAT_PART_TOOL_RESULT:
        break;
    }
    return false;
}

static bool message_says(const struct chat_message *m)
{
    for (const struct chat_part *part = m->parts.first; part; part = part->next) {
        if (claude_says(part))
            return true;
    }
    return false;
}

static bool is_system(const struct chat_message *m)
{
    return m->role == CHAT_SYSTEM || m->role == CHAT_DEVELOPER;
}

static bool is_own(const struct claude_writer *cw)
{
    return cw->r->dialect == DIALECT_CLAUDE;
}

static enum chat_role turn_role(const struct chat_message *m)
{
    if (is_system(m))
        return CHAT_SYSTEM;
    return m->role == CHAT_ASSISTANT ? CHAT_ASSISTANT : CHAT_USER;
}

/* An assistant, or a system message among the turns, that says nothing is left out. */
static bool is_left_out(const struct claude_writer *cw, const struct chat_message *m)
{
    if (is_system(m) && !is_own(cw))
        return true;
    return turn_role(m) != CHAT_USER && !message_says(m);
}

static const struct chat_message *skip_left_out(const struct claude_writer *cw,
                                                const struct chat_message *m)
{
    while (m && is_left_out(cw, m))
        m = m->next;
    return m;
}

/* The turn that begins at `m`; false: there is none. */
static bool next_turn(const struct claude_writer *cw, const struct chat_message *m,
                      struct turn *turn)
{
    m = skip_left_out(cw, m);
    if (!m)
        return false;
    *turn = (struct turn){.first = m, .role = turn_role(m)};
    while (m && turn_role(m) == turn->role)
        m = skip_left_out(cw, m->next);
    turn->end = m;
    return true;
}

/* ---- blocks ---- */

void claude_write_cache(struct claude_writer *cw, struct str cache)
{
    if (cache.n == 0)
        return;
    if (cw->marks >= CLAUDE_MARKS_MAX) {
        loss_add(cw->losses, STR("cache_control"));
        return;
    }
    cw->marks++;
    jw_key_raw(&cw->w, STR("cache_control"), cache);
}

static void write_text(struct claude_writer *cw, struct str text, struct str cache)
{
    if (is_blank(text))
        return;
    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), STR("text"));
    jw_key_str(&cw->w, STR("text"), text);
    claude_write_cache(cw, cache);
    jw_end(&cw->w);
    cw->blocks++;
}

/* The last text of an answer that is to be gone on with must not end in white space. */
static void write_said(struct claude_writer *cw, const struct chat_part *part)
{
    struct str text = part->text;

    while (part == cw->prefill && text.n > 0 && is_blank(str_skip(text, text.n - 1)))
        text.n--;
    write_text(cw, text, part->cache);
}

static void write_thought(struct claude_writer *cw, const struct chat_part *part)
{
    struct json_writer *w = &cw->w;
    bool redacted = part->state.redacted;

    if (!has_own_state(part))
        return;
    jw_object(w);
    jw_key_str(w, STR("type"), redacted ? STR("redacted_thinking") : STR("thinking"));
    if (!redacted)
        jw_key_str(w, STR("thinking"), part->text);
    jw_key_str(w, redacted ? STR("data") : STR("signature"), part->state.value);
    jw_end(w);
    cw->blocks++;
}

/* ---- calls and results ---- */

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_id(struct str id)
{
    for (size_t i = 0; i < id.n; i++) {
        if (!is_id_char(id.p[i]))
            return false;
    }
    return id.n > 0;
}

/* The checksum keeps ids apart that differ only in what is replaced. */
struct str claude_call_id(struct arena *a, struct str id)
{
    char *to;

    if (is_id(id))
        return id;
    to = arena_alloc(a, id.n + 1);
    for (size_t i = 0; i < id.n; i++)
        to[i] = is_id_char(id.p[i]) ? id.p[i] : '_';
    return arena_fmt(a, "%.*s_%08" PRIx32, (int)id.n, to, crc32c(0, id));
}

/* Arguments that are no object, which a model may have written, stay readable to the next. */
static void write_input(struct claude_writer *cw, const struct chat_tool_call *call)
{
    jw_key(&cw->w, STR("input"));
    if (!call->custom && is_blank(call->arguments)) {
        jw_raw(&cw->w, STR("{}"));
    } else if (!call->custom && json_find_members(call->arguments, NULL, NULL, 0, NULL) == ERR_OK) {
        jw_raw(&cw->w, call->arguments);
    } else {
        jw_object(&cw->w);
        jw_key_str(&cw->w, STR("input"), call->arguments);
        jw_end(&cw->w);
    }
}

static void write_call(struct claude_writer *cw, const struct chat_part *part)
{
    const struct chat_tool_call *call = &part->call;

    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), STR("tool_use"));
    jw_key_str(&cw->w, STR("id"), claude_call_id(cw->arena, call->id));
    jw_key_str(&cw->w, STR("name"), claude_tool_name_of(cw, call->ns, call->name));
    write_input(cw, call);
    claude_write_cache(cw, part->cache);
    jw_end(&cw->w);
    cw->blocks++;
}

static enum err_code write_shown(struct claude_writer *cw, const struct chat_part *part)
{
    if (part->kind != CHAT_PART_TEXT && part->kind != CHAT_PART_REFUSAL)
        return claude_write_media(cw, part);
    write_text(cw, part->text, part->cache);
    return ERR_OK;
}

static enum err_code write_result_content(struct claude_writer *cw, const struct chat_parts *parts)
{
    const struct chat_part *first = parts->first;

    if (!first)
        return ERR_OK;
    jw_key(&cw->w, STR("content"));
    if (first == parts->last && first->kind == CHAT_PART_TEXT) {
        jw_str(&cw->w, first->text);
        return ERR_OK;
    }
    jw_array(&cw->w);
    for (const struct chat_part *part = first; part; part = part->next) {
        struct chat_part unmarked = *part; /* marks stand on whole results only */

        unmarked.cache = STR_NULL;
        TRY(write_shown(cw, &unmarked));
    }
    jw_end(&cw->w);
    return ERR_OK;
}

static enum err_code write_result(struct claude_writer *cw, const struct chat_part *part)
{
    const struct chat_tool_result *result = &part->result;

    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("type"), STR("tool_result"));
    jw_key_str(&cw->w, STR("tool_use_id"), claude_call_id(cw->arena, result->id));
    TRY(write_result_content(cw, &result->parts));
    if (result->is_error)
        jw_key_bool(&cw->w, STR("is_error"), true);
    claude_write_cache(cw, part->cache);
    jw_end(&cw->w);
    cw->blocks++;
    return ERR_OK;
}

/* ---- turns ---- */

/* Pictures and files that an assistant made cannot be shown to this dialect again. */
static void lose_said(struct claude_writer *cw, const struct chat_part *part)
{
    static const struct str names[] = {
        [CHAT_PART_IMAGE] = STR_INIT("messages.content.image_url"),
        [CHAT_PART_AUDIO] = STR_INIT("messages.audio"),
        [CHAT_PART_FILE] = STR_INIT("messages.content.file"),
        [CHAT_PART_VIDEO] = STR_INIT("messages.content.video_url"),
    };

    if ((size_t)part->kind < ARRAY_LEN(names) && names[part->kind].n > 0)
        loss_add(cw->losses, names[part->kind]);
}

static void write_assistant_part(struct claude_writer *cw, const struct chat_part *part)
{
    if (part->kind == CHAT_PART_TEXT || part->kind == CHAT_PART_REFUSAL)
        write_said(cw, part);
    else if (part->kind == CHAT_PART_REASONING)
        write_thought(cw, part);
    else if (part->kind == CHAT_PART_TOOL_CALL)
        write_call(cw, part);
    else if (part->kind == CHAT_PART_AUDIO && !is_blank(part->media.text))
        write_text(cw, part->media.text, STR_NULL);
    else
        lose_said(cw, part);
}

/* The last text of the conversation, when the assistant has the last word. */
static const struct chat_part *prefill_of(const struct turn *turn)
{
    const struct chat_part *last = NULL;

    if (turn->end || turn->role != CHAT_ASSISTANT)
        return NULL;
    for (const struct chat_message *m = turn->first; m; m = m->next) {
        for (const struct chat_part *part = m->parts.first; part; part = part->next) {
            if (turn_role(m) == turn->role && claude_says(part))
                last = part;
        }
    }
    return last;
}

static void write_said_parts(struct claude_writer *cw, const struct turn *turn)
{
    cw->prefill = prefill_of(turn);
    for (const struct chat_message *m = turn->first; m != turn->end; m = m->next) {
        for (const struct chat_part *part = m->parts.first; part; part = part->next) {
            if (turn_role(m) == turn->role)
                write_assistant_part(cw, part);
        }
    }
}

static enum err_code write_user_parts(struct claude_writer *cw, const struct turn *turn,
                                      bool results)
{
    for (const struct chat_message *m = turn->first; m != turn->end; m = m->next) {
        if (m->role != CHAT_USER && m->role != CHAT_TOOL)
            continue;
        for (const struct chat_part *part = m->parts.first; part; part = part->next) {
            if ((part->kind == CHAT_PART_TOOL_RESULT) != results)
                continue;
            TRY(results ? write_result(cw, part) : write_shown(cw, part));
        }
    }
    return ERR_OK;
}

static enum err_code write_user(struct claude_writer *cw, const struct turn *turn)
{
    TRY(write_user_parts(cw, turn, true));
    TRY(write_user_parts(cw, turn, false));
    if (cw->blocks == 0)
        write_text(cw, STR("..."), STR_NULL);
    return ERR_OK;
}

/* A user's turn without content may be asked for: the dialect wants one to begin with. */
static enum err_code write_turn(struct claude_writer *cw, const struct turn *turn)
{
    static const struct str names[] = {[CHAT_SYSTEM] = STR_INIT("system"),
                                       [CHAT_USER] = STR_INIT("user"),
                                       [CHAT_ASSISTANT] = STR_INIT("assistant")};

    jw_object(&cw->w);
    jw_key_str(&cw->w, STR("role"), names[turn->role]);
    jw_key(&cw->w, STR("content"));
    jw_array(&cw->w);
    cw->blocks = 0;
    if (turn->role == CHAT_USER)
        TRY(write_user(cw, turn));
    else
        write_said_parts(cw, turn);
    jw_end(&cw->w);
    jw_end(&cw->w);
    return ERR_OK;
}

/* Where the turns begin: behind the system messages that do not stand among them. */
static const struct chat_message *first_turn(const struct claude_writer *cw)
{
    const struct chat_message *m = cw->r->messages;

    while (m && is_system(m))
        m = m->next;
    return m;
}

enum err_code claude_write_messages(struct claude_writer *cw)
{
    const struct turn opening = {.role = CHAT_USER};
    struct turn turn;
    bool more = next_turn(cw, first_turn(cw), &turn);

    jw_key(&cw->w, STR("messages"));
    jw_array(&cw->w);
    if (!more || turn.role != CHAT_USER)
        TRY(write_turn(cw, &opening));
    for (; more; more = next_turn(cw, turn.end, &turn))
        TRY(write_turn(cw, &turn));
    jw_end(&cw->w);
    for (const struct chat_message *m = cw->r->messages; m; m = m->next) {
        if (m->name.n > 0)
            loss_add(cw->losses, STR("messages.name"));
    }
    return ERR_OK;
}

/* ---- system ---- */

/* What the model is told of the answer's form where no member says it: JSON without a schema has
 * none, and older models know none for a schema. STR_NULL: nothing. */
static struct str told_form(const struct claude_writer *cw)
{
    const struct chat_request *r = cw->r;

    if (r->format == CHAT_FORMAT_SCHEMA && r->schema.n > 0)
        return !cw->tells_schema
                   ? STR_NULL
                   : str_concat(cw->arena,
                                (struct str[]){STR("Answer with one JSON value and nothing else: "
                                                   "no explanation, no code fence. It must follow "
                                                   "this JSON Schema:\n"),
                                               r->schema},
                                2);
    if (r->format != CHAT_FORMAT_JSON && r->format != CHAT_FORMAT_SCHEMA)
        return STR_NULL;
    return STR(
        "Answer with one valid JSON object and nothing else: no explanation, no code fence.");
}

static bool is_system_text(const struct chat_message *m, const struct chat_part *part)
{
    return is_system(m) && part->kind == CHAT_PART_TEXT && !is_blank(part->text);
}

/* Writes the texts, or only counts them. */
static size_t system_texts(struct claude_writer *cw, bool write)
{
    const struct chat_message *end = is_own(cw) ? first_turn(cw) : NULL;
    size_t n = 0;

    for (const struct chat_message *m = cw->r->messages; m != end; m = m->next) {
        for (const struct chat_part *part = m->parts.first; part; part = part->next) {
            if (!is_system_text(m, part))
                continue;
            n++;
            if (write)
                write_text(cw, part->text, part->cache);
        }
    }
    return n;
}

void claude_write_system(struct claude_writer *cw)
{
    struct str form = told_form(cw);

    if (system_texts(cw, false) == 0 && form.n == 0)
        return;
    jw_key(&cw->w, STR("system"));
    jw_array(&cw->w);
    (void)system_texts(cw, true);
    if (form.n > 0)
        write_text(cw, form, STR_NULL);
    jw_end(&cw->w);
}
