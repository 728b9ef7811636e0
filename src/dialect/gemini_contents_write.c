/*
 * systemInstruction and contents for a Gemini upstream. Its rules: roles user and model take turns;
 * all results of one batch of calls stand in one turn, in the calls' order, directly behind them
 * and with nothing else; the conversation begins with the user; every turn has a part.
 *
 * So messages are gathered into turns: between two turns of the model the results come first, then
 * what the user says.
 */
#include "base/map.h"
#include "dialect/gemini.h"

/* The documented stand-in for a signature that nobody has kept. */
#define SENTINEL "skip_thought_signature_validator"

struct turns {
    struct gemini_writing *g;
    const struct chat_message *loop; /* the last message of the user: calls behind it belong to the
                                        tool loop that goes on now; NULL: all do */
    bool in_loop;
    bool any;       /* a turn was written */
    bool open;      /* a turn is being written */
    bool own_parts; /* results may carry media (Gemini 3) */
    const char *role;
    const struct chat_message *calls; /* the model's turn that the results answer */
    const struct chat_message *calls_end;
    bool system_in_turn; /* the model has no systemInstruction: its text begins the first turn */
};

/* ---- turns ---- */

static void close_turn(struct turns *t)
{
    if (!t->open)
        return;
    jw_end(t->g->w);
    jw_end(t->g->w);
    t->open = false;
}

static void open_turn(struct turns *t, const char *role)
{
    t->role = role;
    t->open = t->any = true;
    jw_object(t->g->w);
    jw_key_str(t->g->w, STR("role"), str_from(role));
    jw_key(t->g->w, STR("parts"));
    jw_array(t->g->w);
}

static void put_text(struct turns *t, struct str text)
{
    jw_object(t->g->w);
    jw_key_str(t->g->w, STR("text"), text);
    jw_end(t->g->w);
}

/* All system messages, in their order, into the open list. */
static void put_system(struct turns *t)
{
    for (const struct chat_message *m = t->g->r->messages; m; m = m->next) {
        if (m->role != CHAT_SYSTEM && m->role != CHAT_DEVELOPER)
            continue;
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            if (p->kind == CHAT_PART_TEXT && p->text.n > 0)
                put_text(t, p->text);
            else if (p->kind != CHAT_PART_TEXT)
                gemini_lose(t->g, "messages.system");
        }
    }
}

/* A turn of this role is open after it. The first one is the user's. */
static void want_turn(struct turns *t, const char *role)
{
    bool first = !t->any;

    if (t->open && *t->role == *role)
        return;
    close_turn(t);
    if (first && *role == 'm') {
        open_turn(t, "user");
        if (t->system_in_turn)
            put_system(t);
        else
            put_text(t, STR(" "));
        close_turn(t);
        first = false;
    }
    open_turn(t, role);
    if (first && t->system_in_turn)
        put_system(t);
}

/* ---- media ---- */

/* By the first letters of the base64 text. */
static struct str sniff(struct str data)
{
    static const struct {
        const char *head;
        struct str mime;
    } rows[] = {
        {"/9j/", STR_INIT("image/jpeg")},       {"iVBOR", STR_INIT("image/png")},
        {"R0lG", STR_INIT("image/gif")},        {"UklGR", STR_INIT("image/webp")},
        {"JVBER", STR_INIT("application/pdf")},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_starts(data, str_from(rows[i].head)))
            return rows[i].mime;
    }
    return STR_NULL;
}

static struct str mime_of(const struct chat_part *p)
{
    static const struct str usual[] = {
        [CHAT_PART_IMAGE] = STR_INIT("image/png"),
        [CHAT_PART_AUDIO] = STR_INIT("audio/wav"),
        [CHAT_PART_FILE] = STR_INIT("application/pdf"),
        [CHAT_PART_VIDEO] = STR_INIT("video/mp4"),
    };
    struct str mime = p->media.mime;

    if (mime.n == 0 && p->kind != CHAT_PART_AUDIO)
        mime = sniff(p->media.data);
    return mime.n > 0 ? mime : usual[p->kind];
}

static void put_inline(struct gemini_writing *g, const struct chat_part *p)
{
    jw_object(g->w);
    jw_key(g->w, STR("inlineData"));
    jw_object(g->w);
    jw_key_str(g->w, STR("mimeType"), mime_of(p));
    jw_key_str(g->w, STR("data"), p->media.data);
    jw_end(g->w);
    jw_end(g->w);
}

static void put_file(struct gemini_writing *g, const struct chat_part *p, struct str uri)
{
    jw_object(g->w);
    jw_key(g->w, STR("fileData"));
    jw_object(g->w);
    if (p->media.mime.n > 0)
        jw_key_str(g->w, STR("mimeType"), p->media.mime);
    jw_key_str(g->w, STR("fileUri"), uri);
    jw_end(g->w);
    jw_end(g->w);
}

/* What Gemini fetches itself: its own files, YouTube, Cloud Storage; of a Gemini client, whatever
 * it says. */
static bool may_be_uri(const struct gemini_writing *g, struct str url)
{
    return g->same || str_starts(url, STR("gs://")) ||
           str_has(url, STR("generativelanguage.googleapis.com/")) ||
           str_has(url, STR("youtube.com/")) || str_has(url, STR("youtu.be/"));
}

static void lose_media(struct gemini_writing *g, enum chat_part_kind kind)
{
    static const char *const names[] = {
        [CHAT_PART_IMAGE] = "messages.content.image_url",
        [CHAT_PART_AUDIO] = "messages.content.input_audio",
        [CHAT_PART_FILE] = "messages.content.file",
        [CHAT_PART_VIDEO] = "messages.content.video_url",
    };

    gemini_lose(g, names[kind]);
}

static bool has_own_file(const struct chat_part *p)
{
    return p->media.file_id.n > 0 && p->media.origin == DIALECT_GEMINI;
}

/* Can it be written at all? Else it is a loss. */
static bool can_carry(struct gemini_writing *g, const struct chat_part *p)
{
    if (p->media.data.n > 0 || p->media.text.n > 0 || has_own_file(p) ||
        (p->media.url.n > 0 && may_be_uri(g, p->media.url)))
        return true;
    lose_media(g, p->kind);
    return false;
}

static void put_media(struct turns *t, const struct chat_part *p)
{
    if (p->media.detail.n > 0 && !str_eq(p->media.detail, STR("auto")))
        gemini_lose(t->g, "messages.content.image_url.detail");
    if (p->media.data.n > 0)
        put_inline(t->g, p);
    else if (p->media.text.n > 0)
        put_text(t, p->media.text);
    else
        put_file(t->g, p, has_own_file(p) ? p->media.file_id : p->media.url);
}

/* ---- the model's turn ---- */

static void put_signature(struct turns *t, const struct chat_state *state, bool sentinel)
{
    if (state->value.n > 0 && state->origin == DIALECT_GEMINI)
        jw_key_str(t->g->w, STR("thoughtSignature"), state->value);
    else if (sentinel)
        jw_key_str(t->g->w, STR("thoughtSignature"), STR(SENTINEL));
}

/* The arguments as the object that they must be. */
static void put_args(struct turns *t, const struct chat_tool_call *call)
{
    struct gemini_writing *g = t->g;
    struct str text = str_trim(call->arguments);

    jw_key(g->w, STR("args"));
    if (text.n == 0 && !call->custom) {
        jw_raw(g->w, STR("{}"));
    } else if (!call->custom && text.p[0] == '{' &&
               json_find_members(text, NULL, NULL, 0, NULL) == ERR_OK) {
        jw_raw(g->w, text);
    } else { /* free text, or what a model has broken off */
        jw_object(g->w);
        jw_key_str(g->w, STR("input"), call->arguments);
        jw_end(g->w);
    }
}

static void put_call(struct turns *t, const struct chat_part *p, bool sentinel)
{
    struct json_writer *w = t->g->w;

    jw_object(w);
    jw_key(w, STR("functionCall"));
    jw_object(w);
    jw_key_str(w, STR("name"), gemini_tool_name(t->g, p->call.ns, p->call.name));
    put_args(t, &p->call);
    jw_end(w);
    put_signature(t, &p->state, sentinel);
    jw_end(w);
}

/* A thought goes back to the model that thought it; others have no use for it. */
static void put_thought(struct turns *t, const struct chat_part *p)
{
    bool own = p->state.value.n > 0 ? p->state.origin == DIALECT_GEMINI : t->g->same;

    if (!own)
        return;
    want_turn(t, "model");
    jw_object(t->g->w);
    jw_key_str(t->g->w, STR("text"), p->text);
    if (p->text.n > 0)
        jw_key_bool(t->g->w, STR("thought"), true);
    put_signature(t, &p->state, false);
    jw_end(t->g->w);
}

static void put_said(struct turns *t, const char *role, const struct chat_part *p)
{
    if (p->text.n == 0)
        return;
    want_turn(t, role);
    jw_object(t->g->w);
    jw_key_str(t->g->w, STR("text"), p->text);
    put_signature(t, &p->state, false);
    jw_end(t->g->w);
}

static bool needs_sentinel(const struct turns *t)
{
    return t->in_loop && gemini_has_levels(gemini_family_of(t->g->r->model));
}

static void write_model(struct turns *t, const struct chat_message *m, bool *first_call)
{
    for (const struct chat_part *p = m->parts.first; p; p = p->next) {
        if (p->cache.n > 0)
            gemini_lose(t->g, "cache_control");
        if (p->kind == CHAT_PART_TOOL_CALL) {
            want_turn(t, "model");
            put_call(t, p, *first_call && needs_sentinel(t));
            *first_call = false;
        } else if (p->kind == CHAT_PART_REASONING) {
            put_thought(t, p);
        } else if (p->kind == CHAT_PART_TEXT || p->kind == CHAT_PART_REFUSAL) {
            put_said(t, "model", p);
        } else if (p->kind != CHAT_PART_TOOL_RESULT && can_carry(t->g, p)) {
            want_turn(t, "model");
            put_media(t, p);
        }
    }
}

/* ---- results ---- */

/* A result as the object that it must be: itself, or {"name":..,"content":..}. */
static void put_response(struct turns *t, const struct chat_tool_result *result, struct str name)
{
    struct json_writer *w = t->g->w;
    struct str text = chat_text_of(t->g->a, &result->parts, STR("\n"));
    struct str trimmed = str_trim(text);

    jw_key(w, STR("response"));
    if (!result->is_error && trimmed.n > 0 && trimmed.p[0] == '{' &&
        json_find_members(trimmed, NULL, NULL, 0, NULL) == ERR_OK) {
        jw_raw(w, trimmed);
        return;
    }
    jw_object(w);
    if (result->is_error) {
        jw_key_str(w, STR("error"), text);
    } else {
        jw_key_str(w, STR("name"), name);
        jw_key_str(w, STR("content"), text);
    }
    jw_end(w);
}

static bool is_media(const struct chat_part *p)
{
    return p->kind == CHAT_PART_IMAGE || p->kind == CHAT_PART_AUDIO || p->kind == CHAT_PART_FILE ||
           p->kind == CHAT_PART_VIDEO;
}

/* Does it stand in the result itself? */
static bool goes_with_result(const struct turns *t, const struct chat_part *p)
{
    return t->own_parts && is_media(p) && p->media.text.n == 0 &&
           (p->media.data.n > 0 || has_own_file(p) ||
            (p->media.url.n > 0 && may_be_uri(t->g, p->media.url)));
}

static void put_result_media(struct turns *t, const struct chat_tool_result *result)
{
    bool any = false;

    for (const struct chat_part *p = result->parts.first; p; p = p->next) {
        if (!goes_with_result(t, p))
            continue;
        if (!any) {
            jw_key(t->g->w, STR("parts"));
            jw_array(t->g->w);
        }
        any = true;
        put_media(t, p);
    }
    if (any)
        jw_end(t->g->w);
}

static void put_result(struct turns *t, const struct chat_part *p)
{
    struct json_writer *w = t->g->w;
    const struct chat_tool_result *result = &p->result;
    struct str name =
        gemini_tool_name(t->g, result->ns, result->name.n > 0 ? result->name : result->id);

    want_turn(t, "user");
    jw_object(w);
    jw_key(w, STR("functionResponse"));
    jw_object(w);
    jw_key_str(w, STR("name"), name);
    put_response(t, result, name);
    put_result_media(t, result);
    jw_end(w);
    jw_end(w);
}

/* The results between `from` and `to`, by the ids of their calls. */
static void index_results(struct map *results, const struct chat_message *from,
                          const struct chat_message *to)
{
    for (const struct chat_message *m = from; m != to; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            if (p->kind == CHAT_PART_TOOL_RESULT)
                (void)map_put(results, p->result.id, (void *)(uintptr_t)p);
        }
    }
}

/* Results of the calls of the model's turn, in the calls' order; then those of no call of it. */
static void write_results(struct turns *t, const struct chat_message *from,
                          const struct chat_message *to)
{
    CLEANUP(map_fini) struct map results;

    map_init(&results);
    index_results(&results, from, to);
    for (const struct chat_message *m = t->calls; m && m != t->calls_end; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            const struct chat_part *result =
                p->kind == CHAT_PART_TOOL_CALL ? map_remove(&results, p->call.id) : NULL;

            if (result)
                put_result(t, result);
        }
    }
    for (const struct chat_message *m = from; m != to; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            if (p->kind == CHAT_PART_TOOL_RESULT && map_find(&results, p->result.id) == p)
                put_result(t, p);
        }
    }
    close_turn(t);
}

/* ---- the user's turn ---- */

/* Pictures of a result go into what the user says, where the result itself cannot carry them. */
static void write_result_media(struct turns *t, const struct chat_part *result)
{
    for (const struct chat_part *p = result->result.parts.first; p; p = p->next) {
        if (!is_media(p) || goes_with_result(t, p) || !can_carry(t->g, p))
            continue;
        want_turn(t, "user");
        put_media(t, p);
    }
}

static enum err_code write_user_part(struct turns *t, const struct chat_part *p)
{
    if (p->cache.n > 0)
        gemini_lose(t->g, "cache_control");
    if (p->kind == CHAT_PART_TOOL_RESULT) {
        write_result_media(t, p);
    } else if (p->kind == CHAT_PART_TEXT || p->kind == CHAT_PART_REFUSAL) {
        put_said(t, "user", p);
    } else if (is_media(p)) {
        if (p->media.file_id.n > 0 && !has_own_file(p) && p->media.data.n == 0)
            return err_set(t->g->err, ERR_BAD_REQUEST,
                           "messages: a file_id of another provider cannot be sent to Gemini");
        if (can_carry(t->g, p)) {
            want_turn(t, "user");
            put_media(t, p);
        }
    }
    return ERR_OK;
}

static enum err_code write_user(struct turns *t, const struct chat_message *from,
                                const struct chat_message *to)
{
    for (const struct chat_message *m = from; m != to; m = m->next) {
        if (m->name.n > 0 && m->role == CHAT_USER)
            gemini_lose(t->g, "messages.name");
        if (m == t->loop)
            t->in_loop = true;
        if (m->role == CHAT_SYSTEM || m->role == CHAT_DEVELOPER)
            continue;
        for (const struct chat_part *p = m->parts.first; p; p = p->next) {
            enum err_code rc = write_user_part(t, p);

            if (rc != ERR_OK)
                return rc;
        }
    }
    close_turn(t);
    return ERR_OK;
}

/* ---- the conversation ---- */

static bool is_model(const struct chat_message *m)
{
    return m->role == CHAT_ASSISTANT;
}

static bool is_system(const struct chat_message *m)
{
    return m->role == CHAT_SYSTEM || m->role == CHAT_DEVELOPER;
}

/* The end of the run of messages that are, or are not, the model's; system ones belong to any. */
static const struct chat_message *end_of_run(const struct chat_message *m, bool model)
{
    while (m && (is_system(m) || is_model(m) == model))
        m = m->next;
    return m;
}

static void write_model_run(struct turns *t, const struct chat_message *from,
                            const struct chat_message *to)
{
    bool first_call = true;

    t->calls = from;
    t->calls_end = to;
    for (const struct chat_message *m = from; m != to; m = m->next) {
        if (is_model(m))
            write_model(t, m, &first_call);
    }
    close_turn(t);
}

static enum err_code write_turns(struct turns *t)
{
    const struct chat_message *m = end_of_run(t->g->r->messages, false), *end;
    enum err_code rc;

    if (m != t->g->r->messages) {
        rc = write_user(t, t->g->r->messages, m);
        if (rc != ERR_OK)
            return rc;
    }
    for (; m; m = end) {
        const struct chat_message *answers = end_of_run(m, true);

        write_model_run(t, m, answers);
        end = end_of_run(answers, false);
        write_results(t, answers, end);
        rc = write_user(t, answers, end);
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static const struct chat_message *last_user(const struct chat_request *r)
{
    const struct chat_message *last = NULL;

    for (const struct chat_message *m = r->messages; m; m = m->next) {
        if (m->role == CHAT_USER)
            last = m;
    }
    return last;
}

static bool has_system(const struct chat_request *r)
{
    for (const struct chat_message *m = r->messages; m; m = m->next) {
        for (const struct chat_part *p = m->parts.first; p && is_system(m); p = p->next) {
            if (p->kind == CHAT_PART_TEXT && p->text.n > 0)
                return true;
        }
    }
    return false;
}

/* Models that refuse systemInstruction. */
static bool lacks_system(struct str model)
{
    return str_has(model, STR("gemma")) || str_has(model, STR("gemini-1.0")) ||
           str_has(model, STR("image-generation"));
}

static void write_system(struct turns *t)
{
    jw_key(t->g->w, STR("systemInstruction"));
    jw_object(t->g->w);
    jw_key(t->g->w, STR("parts"));
    jw_array(t->g->w);
    put_system(t);
    jw_end(t->g->w);
    jw_end(t->g->w);
}

static bool only_system(const struct chat_request *r)
{
    for (const struct chat_message *m = r->messages; m; m = m->next) {
        if (!is_system(m))
            return false;
    }
    return true;
}

enum err_code gemini_write_contents(struct gemini_writing *g)
{
    struct turns t = {.g = g,
                      .loop = last_user(g->r),
                      .own_parts = gemini_has_levels(gemini_family_of(g->r->model))};
    bool system = has_system(g->r);
    enum err_code rc;

    t.in_loop = !t.loop;
    t.system_in_turn = system && (lacks_system(g->r->model) || only_system(g->r));
    if (system && !t.system_in_turn)
        write_system(&t);
    jw_key(g->w, STR("contents"));
    jw_array(g->w);
    rc = write_turns(&t);
    if (rc != ERR_OK)
        return rc;
    if (!t.any && t.system_in_turn) {
        want_turn(&t, "user");
        close_turn(&t);
    }
    jw_end(g->w);
    if (!t.any)
        return err_set(g->err, ERR_BAD_REQUEST, "messages: there is nothing to send");
    return ERR_OK;
}
