/*
 * systemInstruction and contents of a Gemini client. What the canonical form keeps apart stands
 * here in one turn: a user's turn holds texts and results of functions, so it becomes several
 * messages, in their order. Calls often come without an id; they get one that tells them apart, and
 * the results find them by their function's name, first come first served.
 */
#include "base/map.h"
#include "dialect/gemini.h"
#include "dialect/sealed.h"

/* A call that waits for its result. */
struct waiting {
    struct waiting *next;      /* of the same name */
    struct waiting *next_call; /* of any name */
    struct str id;
    bool answered;
};

struct queue {
    struct waiting *first, *last;
};

struct contents {
    struct gemini_reading *g;
    struct map ids;    /* of the calls so far: to struct waiting */
    struct map queues; /* of the batch, by function's name: to struct queue */
    struct waiting *first, *last;
    bool answering; /* a result has come since the last call */
    unsigned made;  /* ids made */
    size_t turn, part;
    struct chat_part *thought; /* that may go on */
    struct sb thought_text;    /* its pieces, when there are several */
};

static enum err_code wrong(const struct contents *c, const char *name, const char *what)
{
    return err_set(c->g->err, ERR_BAD_REQUEST, "contents[%zu].parts[%zu]%s must be %s", c->turn,
                   c->part, name, what);
}

/* ---- calls and their results ---- */

static struct str make_id(struct contents *c)
{
    struct str id;

    do
        id = arena_fmt(c->g->a, "call_%04u", ++c->made);
    while (map_find(&c->ids, id));
    return id;
}

static void forget_batch(struct contents *c)
{
    map_fini(&c->queues);
    map_init(&c->queues);
    c->first = c->last = NULL;
    c->answering = false;
}

static void await_result(struct contents *c, struct str id, struct str name)
{
    struct waiting *w = arena_new(c->g->a, struct waiting);
    struct queue *q;

    if (c->answering)
        forget_batch(c);
    w->id = id;
    (void)map_put(&c->ids, id, w);
    q = map_find(&c->queues, name);
    if (!q) {
        q = arena_new(c->g->a, struct queue);
        (void)map_put(&c->queues, name, q);
    }
    if (q->last)
        q->last->next = w;
    q->first = q->first ? q->first : w;
    q->last = w;
    if (c->last)
        c->last->next_call = w;
    c->first = c->first ? c->first : w;
    c->last = w;
}

/* The call that a result answers: named by its id, else the first of that name, else the first. */
static struct str answered_id(struct contents *c, struct str id, struct str name)
{
    struct waiting *w = id.n > 0 ? map_find(&c->ids, id) : NULL;
    struct queue *q = map_find(&c->queues, name);

    if (!w && q) {
        while (q->first && q->first->answered)
            q->first = q->first->next;
        w = q->first;
    }
    if (!w && id.n == 0 && !q) {
        while (c->first && c->first->answered)
            c->first = c->first->next_call;
        w = c->first;
    }
    c->answering = true;
    if (!w)
        return id.n > 0 ? id : make_id(c);
    w->answered = true;
    return w->id;
}

/* ---- parts ---- */

static enum chat_part_kind kind_of(struct str mime)
{
    if (str_starts_nocase(mime, STR("image/")))
        return CHAT_PART_IMAGE;
    if (str_starts_nocase(mime, STR("audio/")))
        return CHAT_PART_AUDIO;
    return str_starts_nocase(mime, STR("video/")) ? CHAT_PART_VIDEO : CHAT_PART_FILE;
}

static bool is_youtube(struct str url)
{
    return str_has(url, STR("youtube.com/")) || str_has(url, STR("youtu.be/"));
}

static enum err_code read_inline(struct contents *c, const struct json *data,
                                 struct chat_parts *list)
{
    struct arena *a = c->g->a;
    struct chat_media media = {.mime = json_str_or_null(a, gemini_get(data, STR("mimeType"))),
                               .name = json_str_or_null(a, gemini_get(data, STR("displayName")))};

    if (!json_str(a, gemini_get(data, STR("data")), &media.data))
        return wrong(c, ".inlineData.data", "a string");
    chat_add_part(a, list, kind_of(media.mime))->media = media;
    return ERR_OK;
}

static enum err_code read_file(struct contents *c, const struct json *data, struct chat_parts *list)
{
    struct arena *a = c->g->a;
    struct chat_media media = {.mime = json_str_or_null(a, gemini_get(data, STR("mimeType"))),
                               .name = json_str_or_null(a, gemini_get(data, STR("displayName")))};
    enum chat_part_kind kind = kind_of(media.mime);
    struct str uri;

    if (!json_str(a, gemini_get(data, STR("fileUri")), &uri))
        return wrong(c, ".fileData.fileUri", "a string");
    if (media.mime.n == 0 && is_youtube(uri))
        kind = CHAT_PART_VIDEO;
    if (str_has(uri, STR("://")) && !str_has(uri, STR("generativelanguage.googleapis.com/"))) {
        media.url = uri;
    } else {
        media.file_id = uri;
        media.origin = DIALECT_GEMINI;
    }
    chat_add_part(a, list, kind)->media = media;
    return ERR_OK;
}

/* inlineData or fileData. False when the part is neither. */
static bool read_media(struct contents *c, const struct json *part, struct chat_parts *list,
                       enum err_code *rc)
{
    const struct json *data = gemini_get(part, STR("inlineData"));
    const struct json *file = gemini_get(part, STR("fileData"));

    if (data)
        *rc = read_inline(c, data, list);
    else if (file)
        *rc = read_file(c, file, list);
    return data || file;
}

static struct chat_state state_of(struct contents *c, const struct json *part)
{
    struct chat_state state = {.origin = DIALECT_GEMINI};
    struct str value = json_str_or_null(c->g->a, gemini_get(part, STR("thoughtSignature")));

    state.value = sealed_read(value, DIALECT_GEMINI, &state.origin);
    return state;
}

static void end_thought(struct contents *c)
{
    if (c->thought && c->thought_text.n > 0)
        c->thought->text = str_dup(c->g->a, sb_str(&c->thought_text));
    sb_reset(&c->thought_text);
    c->thought = NULL;
}

/* A thought that came in pieces, and a signature behind it, are one part again: who signed the text
 * wants it whole. */
static void add_thought(struct contents *c, struct chat_message *m, struct str text,
                        struct chat_state state)
{
    struct chat_part *last = m->parts.last;

    if (last && last == c->thought && last->state.value.n == 0) {
        if (c->thought_text.n == 0)
            sb_add(&c->thought_text, last->text);
        sb_add(&c->thought_text, text);
        last->state = state;
        return;
    }
    end_thought(c);
    if (text.n == 0 && state.value.n == 0)
        return;
    c->thought = chat_add_part(c->g->a, &m->parts, CHAT_PART_REASONING);
    c->thought->text = text;
    c->thought->state = state;
    c->thought->state.redacted = text.n == 0 && state.origin == DIALECT_CLAUDE;
}

static enum err_code read_text(struct contents *c, const struct json *part, struct chat_message *m)
{
    const struct json *value = gemini_get(part, STR("text"));
    struct chat_state state = state_of(c, part);
    struct chat_part *added;
    struct str text;

    if (!json_str(c->g->a, value, &text))
        return wrong(c, ".text", "a string");
    if (json_bool_or(gemini_get(part, STR("thought")), false) ||
        (text.n == 0 && state.value.n > 0)) {
        add_thought(c, m, text, state);
        return ERR_OK;
    }
    added = chat_add_text(c->g->a, &m->parts, text);
    if (added)
        added->state = state;
    return ERR_OK;
}

static enum err_code read_call(struct contents *c, const struct json *part, struct chat_message *m)
{
    const struct json *call = gemini_get(part, STR("functionCall"));
    const struct json *args = gemini_get(call, STR("args"));
    struct chat_part *added;

    added = chat_add_part(c->g->a, &m->parts, CHAT_PART_TOOL_CALL);
    if (!json_str(c->g->a, gemini_get(call, STR("name")), &added->call.name))
        return wrong(c, ".functionCall.name", "a string");
    if (args && !json_is(args, JSON_OBJECT))
        return wrong(c, ".functionCall.args", "an object");
    added->call.arguments = args ? json_raw(args) : STR("{}");
    added->call.id = json_str_or_null(c->g->a, gemini_get(call, STR("id")));
    if (added->call.id.n == 0)
        added->call.id = make_id(c);
    added->state = state_of(c, part);
    await_result(c, added->call.id, added->call.name);
    return ERR_OK;
}

/* ---- results ---- */

/* What a response says, which must be an object here: of {"output":x}, {"result":x}, {"content":x},
 * {"error":x} and {"name":function,"content":x} the x. */
static const struct json *inner_of(const struct json *response, struct str name, bool *is_error)
{
    static const char *const names[] = {"output", "result", "content", "error"};
    size_t count = json_count(response);

    if (count == 2 && json_str_eq(json_get(response, STR("name")), name) &&
        json_get(response, STR("content")))
        return json_get(response, STR("content"));
    for (size_t i = 0; i < ARRAY_LEN(names) && count == 1; i++) {
        const struct json *inner = json_get(response, str_from(names[i]));

        if (!inner)
            continue;
        *is_error = str_eq(str_from(names[i]), STR("error"));
        return inner;
    }
    return response;
}

static enum err_code read_result_parts(struct contents *c, const struct json *list,
                                       struct chat_parts *to)
{
    enum err_code rc = ERR_OK;

    JSON_EACH (part, list) {
        if (!read_media(c, part, to, &rc))
            loss_add(c->g->losses, STR("contents.parts.functionResponse.parts"));
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static enum err_code read_result(struct contents *c, const struct json *part,
                                 struct chat_message *m)
{
    const struct json *from = gemini_get(part, STR("functionResponse"));
    const struct json *response = gemini_get(from, STR("response")), *inner;
    struct arena *a = c->g->a;
    struct chat_tool_result *to = &chat_add_part(a, &m->parts, CHAT_PART_TOOL_RESULT)->result;
    struct str text;

    if (!json_str(a, gemini_get(from, STR("name")), &to->name))
        return wrong(c, ".functionResponse.name", "a string");
    if (response && !json_is(response, JSON_OBJECT))
        return wrong(c, ".functionResponse.response", "an object");
    to->id = answered_id(c, json_str_or_null(a, gemini_get(from, STR("id"))), to->name);
    inner = inner_of(response, to->name, &to->is_error);
    if (!json_str(a, inner, &text))
        text = json_raw(inner);
    (void)chat_add_text(a, &to->parts, text);
    return read_result_parts(c, gemini_get(from, STR("parts")), &to->parts);
}

/* ---- turns ---- */

static void read_code(struct contents *c, const struct json *part, struct str text,
                      struct chat_message *m)
{
    struct chat_part *added = chat_add_text(c->g->a, &m->parts, text);

    if (added)
        added->state = state_of(c, part);
}

/* A part that is no result, and goes to the turn's own message. */
static enum err_code read_own_part(struct contents *c, const struct json *part,
                                   struct chat_message *m)
{
    struct str code = gemini_read_code(c->g->a, part);
    enum err_code rc = ERR_OK;

    if (gemini_get(part, STR("text")))
        return read_text(c, part, m);
    if (gemini_get(part, STR("functionCall")))
        return read_call(c, part, m);
    if (code.n > 0) {
        read_code(c, part, code, m);
        return ERR_OK;
    }
    if (read_media(c, part, &m->parts, &rc))
        return rc;
    if (gemini_get(part, STR("thoughtSignature"))) {
        add_thought(c, m, STR_NULL, state_of(c, part));
        return ERR_OK;
    }
    JSON_EACH_MEMBER (key, value, part) {
        if (!json_is(value, JSON_NULL))
            loss_add_under(c->g->losses, c->g->a, STR("contents.parts"),
                           json_str_or_null(c->g->a, key));
    }
    return ERR_OK;
}

/* The message that a part belongs to: the last one if it has the role, else a new one. `turn`: the
 * messages before it belong to other turns. */
static struct chat_message *message_for(struct contents *c, enum chat_role role,
                                        const struct chat_message *before_turn)
{
    struct chat_message *last = c->g->r->last_message;

    if (last && last->role == role && (last != before_turn || role == CHAT_ASSISTANT))
        return last;
    return chat_add_message(c->g->a, c->g->r, role);
}

static enum err_code read_part(struct contents *c, const struct json *part, enum chat_role role,
                               const struct chat_message *before_turn)
{
    if (!json_is(part, JSON_OBJECT))
        return wrong(c, "", "an object");
    if (gemini_get(part, STR("videoMetadata")))
        loss_add(c->g->losses, STR("contents.parts.videoMetadata"));
    if (gemini_get(part, STR("functionResponse")))
        return read_result(c, part, message_for(c, CHAT_TOOL, before_turn));
    return read_own_part(c, part, message_for(c, role, before_turn));
}

/* `parts` of a turn: a list; one part alone and a bare text occur, too. */
static enum err_code read_parts(struct contents *c, const struct json *parts, enum chat_role role)
{
    const struct chat_message *before = c->g->r->last_message;
    struct str text;

    c->part = 0;
    if (json_str(c->g->a, parts, &text)) {
        (void)chat_add_text(c->g->a, &message_for(c, role, before)->parts, text);
        return ERR_OK;
    }
    if (json_is(parts, JSON_OBJECT))
        return read_part(c, parts, role, before);
    JSON_EACH (part, parts) {
        enum err_code rc = read_part(c, part, role, before);

        if (rc != ERR_OK)
            return rc;
        c->part++;
    }
    return ERR_OK;
}

static bool role_of(const struct json *role, enum chat_role *out)
{
    static const struct {
        const char *name;
        enum chat_role role;
    } rows[] = {
        {"user", CHAT_USER},     {"model", CHAT_ASSISTANT},
        {"function", CHAT_USER}, {"assistant", CHAT_ASSISTANT},
        {"system", CHAT_SYSTEM}, {"tool", CHAT_USER},
        {"", CHAT_USER},
    };

    *out = CHAT_USER;
    if (!role)
        return true;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(role, str_from(rows[i].name))) {
            *out = rows[i].role;
            return true;
        }
    }
    return false;
}

static enum err_code read_content(struct contents *c, const struct json *content)
{
    const struct json *parts = gemini_get(content, STR("parts"));
    struct err *err = c->g->err;
    enum chat_role role;

    if (json_is(content, JSON_STRING))
        return read_parts(c, content, CHAT_USER);
    if (!json_is(content, JSON_OBJECT))
        return err_set(err, ERR_BAD_REQUEST, "contents[%zu] must be an object", c->turn);
    if (!role_of(gemini_get(content, STR("role")), &role))
        return err_set(err, ERR_BAD_REQUEST, "contents[%zu].role must be user, model or function",
                       c->turn);
    if (parts && parts->type != JSON_ARRAY && parts->type != JSON_OBJECT)
        return err_set(err, ERR_BAD_REQUEST, "contents[%zu].parts must be a list", c->turn);
    return read_parts(c, parts, role);
}

static enum err_code read_list(struct contents *c, const struct json *contents)
{
    if (json_is(contents, JSON_OBJECT) || json_is(contents, JSON_STRING))
        return read_content(c, contents);
    JSON_EACH (content, contents) {
        enum err_code rc = read_content(c, content);

        if (rc != ERR_OK)
            return rc;
        c->turn++;
    }
    return ERR_OK;
}

/* A content, or a bare text; only its texts mean anything. */
static enum err_code read_system(struct gemini_reading *g, const struct json *system)
{
    const struct json *parts = gemini_get(system, STR("parts"));
    struct chat_message *m;
    struct str text;

    if (!system)
        return ERR_OK;
    m = chat_add_message(g->a, g->r, CHAT_SYSTEM);
    if (json_str(g->a, system, &text) || json_str(g->a, gemini_get(parts, STR("text")), &text)) {
        (void)chat_add_text(g->a, &m->parts, text);
        return ERR_OK;
    }
    if (!json_is(system, JSON_OBJECT))
        return err_set(g->err, ERR_BAD_REQUEST, "systemInstruction must be a content or a string");
    JSON_EACH (part, parts) {
        if (!json_str(g->a, gemini_get(part, STR("text")), &text))
            return err_set(g->err, ERR_BAD_REQUEST,
                           "systemInstruction.parts may hold nothing but texts");
        (void)chat_add_text(g->a, &m->parts, text);
    }
    return ERR_OK;
}

enum err_code gemini_read_contents(struct gemini_reading *g, const struct json *body)
{
    const struct json *contents = gemini_get(body, STR("contents"));
    struct contents c = {.g = g};
    enum err_code rc = read_system(g, gemini_get(body, STR("systemInstruction")));

    if (rc != ERR_OK)
        return rc;
    if (contents && contents->type != JSON_ARRAY && contents->type != JSON_OBJECT &&
        contents->type != JSON_STRING)
        return err_set(g->err, ERR_BAD_REQUEST, "contents must be a list");
    map_init(&c.ids);
    map_init(&c.queues);
    sb_init(&c.thought_text, GEMINI_BUILD_LIMIT);
    rc = read_list(&c, contents);
    end_thought(&c);
    sb_fini(&c.thought_text);
    map_fini(&c.ids);
    map_fini(&c.queues);
    return rc;
}
