/*
 * Chunks and whole answers of servers of OpenAI's chat dialect as events. A whole answer is read as
 * a chunk whose message stands in the delta's place.
 *
 * What the reader keeps does not grow with the answer: for each choice what of it has been seen,
 * and for each tool call its number and a hash of its id. Texts are given on as they come.
 */
#include "base/hash.h"
#include "dialect/openai_chat.h"

enum { CHOICES_MAX = 128, CALLS_MAX = 128, LEGACY_CALL = -1, GATEWAY_STATUS = 502 };

struct call_slot {
    int64_t index; /* the server's; LEGACY_CALL: of a function_call */
    uint64_t id;   /* hash; 0: it came without one */
};

struct choice_state {
    bool has_content, finished;
    bool has_thoughts; /* as plain text, so that reasoning_details only repeat them */
    unsigned calls;
    struct call_slot *slots; /* CALLS_MAX, made with the first call */
};

struct openai_reader {
    struct arena *arena;
    struct choice_state *choices[CHOICES_MAX];
    bool started, over;
    size_t citations; /* given out of the top's lists, which repeat in every chunk */
    uint64_t seed;    /* for ids of calls that come without one */
};

/* One chunk being read. */
struct chunk {
    struct openai_reader *rd;
    struct arena *a;
    const struct chat_sink *sink;
    struct err *err;
    unsigned choice;
    struct choice_state *state;
    bool whole; /* it is no chunk but a whole answer */
};

void *openai_reader_new(struct arena *a)
{
    struct openai_reader *rd = arena_new(a, struct openai_reader);

    rd->arena = a;
    return rd;
}

static struct choice_state *state_of(struct openai_reader *rd, int64_t choice)
{
    if (choice < 0 || choice >= CHOICES_MAX)
        return NULL;
    if (!rd->choices[choice])
        rd->choices[choice] = arena_new(rd->arena, struct choice_state);
    return rd->choices[choice];
}

static void emit_text(struct chunk *c, enum chat_event_kind kind, struct str text)
{
    if (text.n == 0)
        return;
    c->state->has_content = true;
    chat_emit_text(c->sink, kind, c->choice, text);
}

/* ---- start ---- */

/* Azure's first chunk has empty names and no choices: not the start yet. */
static void read_start(struct chunk *c, const struct json *root)
{
    struct chat_event ev = {.kind = CHAT_EVENT_START};

    if (c->rd->started)
        return;
    ev.id = json_str_or_null(c->a, json_get(root, STR("id")));
    ev.model = json_str_or_null(c->a, json_get(root, STR("model")));
    ev.created_s = json_i64_or(json_get(root, STR("created")), 0);
    if (json_count(json_get(root, STR("choices"))) == 0 && ev.model.n == 0)
        return;
    c->rd->started = true;
    c->rd->seed = hash_bytes(ev.id) ^ hash_u64((uint64_t)ev.created_s);
    chat_emit(c->sink, &ev);
}

/* ---- reasoning and text ---- */

static bool is_filled(const struct json *v)
{
    return ((json_is(v, JSON_OBJECT) || json_is(v, JSON_ARRAY)) && json_count(v) > 0) ||
           (json_is(v, JSON_STRING) && json_raw(v).n > 2);
}

/* OpenRouter says each thought both ways in one delta. We, and others, give the text first and the
 * whole of it again with its state. */
static void read_reasoning(struct chunk *c, const struct json *delta)
{
    bool has_plain = is_filled(json_get(delta, STR("reasoning_content"))) ||
                     is_filled(json_get(delta, STR("reasoning")));
    bool repeats = !has_plain && c->state->has_thoughts;
    struct openai_reasoning *pieces;
    size_t n = openai_read_reasoning(c->a, delta, &pieces);

    if (has_plain && !is_filled(json_get(delta, STR("reasoning_details"))))
        c->state->has_thoughts = true;
    for (size_t i = 0; i < n; i++) {
        if (!repeats)
            emit_text(c, CHAT_EVENT_REASONING, pieces[i].text);
        if (pieces[i].state.value.n == 0)
            continue;
        c->state->has_content = true;
        chat_emit(c->sink, &(struct chat_event){.kind = CHAT_EVENT_STATE,
                                                .choice = c->choice,
                                                .state = pieces[i].state});
    }
}

static void read_image(struct chunk *c, const struct json *image)
{
    const struct json *v = json_get(image, STR("image_url"));
    struct chat_event ev = {.kind = CHAT_EVENT_IMAGE, .choice = c->choice};
    struct str url = json_str_or_null(c->a, json_is(v, JSON_OBJECT) ? json_get(v, STR("url")) : v);

    if (!openai_read_url(url, &ev.media))
        return;
    c->state->has_content = true;
    chat_emit(c->sink, &ev);
}

/* Mistral: the thinking of a part is a list of texts, or one. */
static void read_thinking(struct chunk *c, const struct json *v)
{
    emit_text(c, CHAT_EVENT_REASONING, json_str_or_null(c->a, v));
    JSON_EACH (item, v)
        emit_text(c, CHAT_EVENT_REASONING, json_str_or_null(c->a, json_get(item, STR("text"))));
}

static void read_part(struct chunk *c, const struct json *part)
{
    const struct json *type = json_get(part, STR("type"));

    if (json_str_eq(type, STR("thinking")))
        read_thinking(c, json_get(part, STR("thinking")));
    else if (json_str_eq(type, STR("image_url")))
        read_image(c, part);
    else if (json_str_eq(type, STR("refusal")))
        emit_text(c, CHAT_EVENT_REFUSAL, json_str_or_null(c->a, json_get(part, STR("refusal"))));
    else
        emit_text(c, CHAT_EVENT_TEXT, json_str_or_null(c->a, json_get(part, STR("text"))));
}

static void read_content(struct chunk *c, const struct json *content)
{
    if (json_is(content, JSON_ARRAY)) {
        JSON_EACH (part, content)
            read_part(c, part);
        return;
    }
    emit_text(c, CHAT_EVENT_TEXT, json_str_or_null(c->a, content));
}

/* Google's state of a text comes beside it. */
static void read_text_state(struct chunk *c, const struct json *delta)
{
    struct chat_state state = openai_read_signature(c->a, delta, DIALECT_OPENAI_CHAT);

    /* A bare one has no place in our own form: its server takes it with calls only. */
    if (state.value.n > 0 && state.origin != DIALECT_OPENAI_CHAT)
        chat_emit(c->sink, &(struct chat_event){
                               .kind = CHAT_EVENT_STATE, .choice = c->choice, .state = state});
}

/* ---- tool calls ---- */

static struct call_slot *find_slot(struct choice_state *state, int64_t index)
{
    for (unsigned i = state->calls; i > 0; i--) {
        if (state->slots[i - 1].index == index)
            return &state->slots[i - 1];
    }
    return NULL;
}

/* Whose fragment is it? NULL: a new call's. Servers that give no index, or the same to all calls,
 * begin a new one with a new id. */
static struct call_slot *slot_of(struct chunk *c, int64_t index, uint64_t id, bool has_name)
{
    struct choice_state *state = c->state;
    struct call_slot *slot = NULL;

    if (state->calls == 0)
        return NULL;
    if (index >= 0 || index == LEGACY_CALL)
        slot = find_slot(state, index);
    else if (!has_name || (id != 0 && id == state->slots[state->calls - 1].id))
        slot = &state->slots[state->calls - 1];
    if (slot && id != 0 && slot->id != 0 && id != slot->id && has_name)
        return NULL;
    return slot;
}

static struct call_slot *new_slot(struct chunk *c, int64_t index, uint64_t id)
{
    struct choice_state *state = c->state;

    if (state->calls == CALLS_MAX)
        return NULL;
    if (!state->slots)
        state->slots = arena_new_array(c->rd->arena, struct call_slot, CALLS_MAX);
    state->slots[state->calls] = (struct call_slot){.index = index, .id = id};
    return &state->slots[state->calls++];
}

/* What a fragment of a call says. */
struct fragment {
    int64_t index;
    struct chat_tool_call call; /* arguments: the piece */
    struct chat_state state;
};

static enum err_code emit_fragment(struct chunk *c, struct fragment *f)
{
    uint64_t id = f->call.id.n > 0 ? hash_bytes(f->call.id) | 1 : 0;
    struct call_slot *slot = slot_of(c, f->index, id, f->call.name.n > 0);
    struct chat_event ev = {.choice = c->choice};

    c->state->has_content = true;
    if (!slot) {
        slot = new_slot(c, f->index, id);
        if (!slot)
            return err_set(c->err, ERR_UPSTREAM_BODY, "too many tool calls in one answer");
        if (id == 0)
            f->call.id = arena_fmt(c->a, "call_%016" PRIx64 "_%u", c->rd->seed,
                                   c->choice * CALLS_MAX + c->state->calls - 1);
        ev.kind = CHAT_EVENT_TOOL_CALL;
        ev.tool = c->state->calls - 1;
        ev.call = f->call;
        ev.call.arguments = STR_NULL;
        ev.state = f->state;
        chat_emit(c->sink, &ev);
    }
    if (f->call.arguments.n > 0)
        chat_emit(c->sink, &(struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS,
                                                .choice = c->choice,
                                                .tool = (unsigned)(slot - c->state->slots),
                                                .text = f->call.arguments});
    return ERR_OK;
}

static void read_function(struct chunk *c, const struct json *function, struct fragment *f)
{
    const struct json *arguments = json_get(function, STR("arguments"));

    f->call.name = json_str_or_null(c->a, json_get(function, STR("name")));
    f->call.arguments =
        json_is(arguments, JSON_OBJECT) ? json_raw(arguments) : json_str_or_null(c->a, arguments);
}

static enum err_code read_call(struct chunk *c, const struct json *call)
{
    const struct json *custom = openai_custom_of(call);
    struct fragment f = {.index = json_i64_or(json_get(call, STR("index")), LEGACY_CALL - 1)};

    f.call.id = json_str_or_null(c->a, json_get(call, STR("id")));
    f.state = openai_read_signature(c->a, call, DIALECT_OPENAI_CHAT);
    if (custom) {
        f.call.custom = true;
        f.call.name = json_str_or_null(c->a, json_get(custom, STR("name")));
        f.call.arguments = json_str_or_null(c->a, json_get(custom, STR("input")));
    } else {
        read_function(c, json_get(call, STR("function")), &f);
    }
    return emit_fragment(c, &f);
}

static enum err_code read_calls(struct chunk *c, const struct json *delta)
{
    const struct json *calls = json_get(delta, STR("tool_calls"));
    const struct json *legacy = json_get(delta, STR("function_call"));
    struct fragment f = {.index = LEGACY_CALL};
    enum err_code rc = ERR_OK;

    if (json_is(calls, JSON_OBJECT))
        rc = read_call(c, calls);
    JSON_EACH (call, calls) {
        if (rc == ERR_OK && json_is(call, JSON_OBJECT))
            rc = read_call(c, call);
    }
    if (rc != ERR_OK || !json_is(legacy, JSON_OBJECT))
        return rc;
    read_function(c, legacy, &f);
    return f.call.name.n > 0 || f.call.arguments.n > 0 ? emit_fragment(c, &f) : ERR_OK;
}

/* ---- audio, images, citations ---- */

static void read_audio(struct chunk *c, const struct json *audio)
{
    struct chat_event ev = {.kind = CHAT_EVENT_AUDIO, .choice = c->choice};

    ev.id = json_str_or_null(c->a, json_get(audio, STR("id")));
    ev.media.data = json_str_or_null(c->a, json_get(audio, STR("data")));
    ev.text = json_str_or_null(c->a, json_get(audio, STR("transcript")));
    if (ev.id.n + ev.media.data.n + ev.text.n == 0)
        return;
    c->state->has_content = true;
    chat_emit(c->sink, &ev);
}

static void read_annotation(struct chunk *c, const struct json *annotation)
{
    const struct json *v = json_get(annotation, STR("url_citation"));
    struct chat_event ev = {.kind = CHAT_EVENT_CITATION, .choice = c->choice};

    if (!json_is(v, JSON_OBJECT))
        v = annotation; /* flat with some servers */
    ev.citation = (struct chat_citation){
        .url = json_str_or_null(c->a, json_get(v, STR("url"))),
        .title = json_str_or_null(c->a, json_get(v, STR("title"))),
        .cited_text = json_str_or_null(c->a, json_get(v, STR("content"))),
        .start = json_i64_or(json_get(v, STR("start_index")), -1),
        .end = json_i64_or(json_get(v, STR("end_index")), -1),
        .raw = json_raw(annotation),
    };
    chat_emit(c->sink, &ev);
}

/* Perplexity's search_results and citations, xAI's citations: lists beside the choices. */
static void read_sources(struct chunk *c, const struct json *root)
{
    const struct json *list = json_get(root, STR("search_results"));
    size_t n = 0;

    if (json_count(list) == 0)
        list = json_get(root, STR("citations"));
    if (!c->rd->choices[0])
        return; /* no answer that they could belong to */
    JSON_EACH (source, list) {
        const struct json *url =
            json_is(source, JSON_STRING) ? source : json_get(source, STR("url"));
        struct chat_event ev = {.kind = CHAT_EVENT_CITATION};

        if (n++ < c->rd->citations || !json_is(url, JSON_STRING))
            continue;
        ev.citation = (struct chat_citation){
            .url = json_str_or_null(c->a, url),
            .title = json_str_or_null(c->a, json_get(source, STR("title"))),
            .start = -1,
            .end = -1,
            .raw = json_raw(source),
        };
        chat_emit(c->sink, &ev);
    }
    if (n > c->rd->citations)
        c->rd->citations = n;
}

/* ---- a choice ---- */

static enum err_code read_delta(struct chunk *c, const struct json *delta)
{
    read_reasoning(c, delta);
    read_content(c, json_get(delta, STR("content")));
    emit_text(c, CHAT_EVENT_REFUSAL, json_str_or_null(c->a, json_get(delta, STR("refusal"))));
    read_text_state(c, delta);
    read_audio(c, json_get(delta, STR("audio")));
    JSON_EACH (image, json_get(delta, STR("images")))
        read_image(c, image);
    JSON_EACH (annotation, json_get(delta, STR("annotations")))
        read_annotation(c, annotation);
    return read_calls(c, delta);
}

static void read_logprobs(struct chunk *c, const struct json *logprobs)
{
    const struct json *tokens = json_get(logprobs, STR("content"));

    if (json_is(tokens, JSON_ARRAY) && json_count(tokens) > 0)
        chat_emit(c->sink, &(struct chat_event){.kind = CHAT_EVENT_LOGPROBS,
                                                .choice = c->choice,
                                                .raw = json_raw(tokens)});
}

/* ---- errors ---- */

/* Codes that are HTTP statuses: of OpenRouter, Google, Groq. */
static int status_of(const struct json *error)
{
    static const struct str names[] = {STR_INIT("code"), STR_INIT("status"),
                                       STR_INIT("status_code"), STR_INIT("http_status")};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        int64_t status;

        if (json_i64(json_get(error, names[i]), &status) && status >= 400 && status <= 599)
            return (int)status;
    }
    return 0;
}

static void emit_error(struct chunk *c, struct str text, const struct json *error)
{
    struct chat_event ev = {.kind = CHAT_EVENT_ERROR, .status = status_of(error)};

    (void)openai_error_read(c->a, text, ev.status > 0 ? ev.status : GATEWAY_STATUS, &ev.error);
    c->rd->over = true;
    chat_emit(c->sink, &ev);
}

/* An error that came with status 200, or in the middle of a stream. */
static bool read_error(struct chunk *c, struct str text, const struct json *root,
                       struct str event_type)
{
    const struct json *error = json_get(root, STR("error"));
    bool no_answer = !json_get(root, STR("choices")) && !json_get(root, STR("usage"));
    struct openai_error found;
    bool success;

    if (is_filled(error)) {
        emit_error(c, text, json_is(error, JSON_OBJECT) ? error : root);
        return true;
    }
    if (!no_answer)
        return false;
    if (str_eq(event_type, STR("error")) ||
        json_str_eq(json_get(root, STR("object")), STR("error")) ||
        json_str_eq(json_get(root, STR("type")), STR("error")) ||
        (json_bool(json_get(root, STR("success")), &success) && !success) ||
        (!json_get(root, STR("object")) && openai_error_read(c->a, text, 0, &found))) {
        emit_error(c, text, root);
        return true;
    }
    return false;
}

static void emit_bare_error(struct chunk *c, const char *message)
{
    c->rd->over = true;
    chat_emit(c->sink, &(struct chat_event){.kind = CHAT_EVENT_ERROR,
                                            .status = GATEWAY_STATUS,
                                            .error = {.message = str_from(message),
                                                      .type = STR("upstream_error"),
                                                      .code = STR("upstream_error")}});
}

/* ---- finish ---- */

/* vLLM names the stop sequence that was hit in stop_reason; others have a reason there. */
static struct str stop_sequence_of(struct chunk *c, const struct json *choice)
{
    struct str text = json_str_or_null(c->a, json_get(choice, STR("stop_reason")));

    return str_eq(text, STR("stop")) || str_eq(text, STR("end_turn")) ? STR_NULL : text;
}

static void read_finish(struct chunk *c, const struct json *choice)
{
    struct str reason = json_str_or_null(c->a, json_get(choice, STR("finish_reason")));
    struct chat_event ev = {.kind = CHAT_EVENT_FINISH, .choice = c->choice};

    if (reason.n == 0)
        return;
    ev.finish = openai_read_finish(reason);
    if (ev.finish == CHAT_FINISH_NONE) {
        emit_bare_error(c, "the upstream ended its answer with an error");
        return;
    }
    /* OpenAI says "stop" after a call that was forced by its name; other servers always do. */
    if (ev.finish == CHAT_FINISH_STOP && c->state->calls > 0)
        ev.finish = CHAT_FINISH_TOOL_CALLS;
    if (ev.finish == CHAT_FINISH_STOP)
        ev.text = stop_sequence_of(c, choice);
    if (ev.text.n > 0)
        ev.finish = CHAT_FINISH_STOP_SEQUENCE;
    c->state->finished = true;
    chat_emit(c->sink, &ev);
}

/* ---- a chunk ---- */

/* Perplexity repeats the whole message beside the delta, or instead of it at the end; its whole
 * answers have an empty delta beside the message. */
static const struct json *delta_of(const struct chunk *c, const struct json *choice)
{
    const struct json *delta = json_get(choice, STR("delta"));
    const struct json *message = json_get(choice, STR("message"));

    if (json_is(delta, JSON_OBJECT) && !(c->whole && json_is(message, JSON_OBJECT)))
        return delta;
    return c->state->has_content ? NULL : message;
}

/* `root`: the chunk that the choice stands in. */
static enum err_code read_choice(struct chunk *c, const struct json *root,
                                 const struct json *choice, int64_t position)
{
    int64_t index = json_i64_or(json_get(choice, STR("index")), position);
    const struct json *delta;
    enum err_code rc = ERR_OK;

    c->state = state_of(c->rd, index);
    if (!c->state || c->state->finished)
        return ERR_OK;
    c->choice = (unsigned)index;
    if (is_filled(json_get(choice, STR("error")))) {
        emit_error(c, json_raw(choice), json_get(choice, STR("error")));
        return ERR_OK;
    }
    delta = delta_of(c, choice);
    if (delta)
        rc = read_delta(c, delta);
    else if (!c->state->has_content || !json_get(choice, STR("message")))
        emit_text(c, CHAT_EVENT_TEXT, json_str_or_null(c->a, json_get(choice, STR("text"))));
    if (rc == ERR_OK) {
        read_logprobs(c, json_get(choice, STR("logprobs")));
        if (index == 0)
            read_sources(c, root);
        read_finish(c, choice);
    }
    return rc;
}

static void read_usage(struct chunk *c, const struct json *root)
{
    const struct json *choice = json_at(json_get(root, STR("choices")), 0);
    const struct str places[] = {
        json_raw(json_get(root, STR("usage"))),
        json_raw(json_get(choice, STR("usage"))), /* Moonshot */
        json_raw(json_get(json_get(root, STR("x_groq")), STR("usage"))),
    };

    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct usage usage;

        if (places[i].n > 0 && peek_usage(places[i], &usage)) {
            chat_emit_usage(c->sink, &usage);
            return;
        }
    }
}

static enum err_code read_root(struct chunk *c, struct str text, const struct json *root,
                               struct str event_type)
{
    int64_t position = 0;
    enum err_code rc = ERR_OK;

    if (read_error(c, text, root, event_type))
        return ERR_OK;
    read_start(c, root);
    JSON_EACH (choice, json_get(root, STR("choices"))) {
        if (rc == ERR_OK && !c->rd->over)
            rc = read_choice(c, root, choice, position++);
    }
    if (rc != ERR_OK || c->rd->over)
        return rc;
    if (json_count(json_get(root, STR("choices"))) == 0)
        read_sources(c, root);
    read_usage(c, root);
    return ERR_OK;
}

/* ---- the reader ---- */

static void emit_end(struct openai_reader *rd, const struct chat_sink *sink)
{
    if (rd->over)
        return;
    rd->over = true;
    chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_END});
}

enum err_code openai_read_event(void *reader, struct arena *scratch, const struct sse_event *event,
                                const struct chat_sink *sink, struct err *err)
{
    struct openai_reader *rd = reader;
    struct chunk c = {.rd = rd, .a = scratch, .sink = sink, .err = err};
    struct str text = str_trim(event->data);
    const struct json *root;

    if (rd->over || text.n == 0)
        return ERR_OK;
    if (str_eq(text, STR("[DONE]"))) {
        emit_end(rd, sink);
        return ERR_OK;
    }
    if (json_read(scratch, text, JSON_DEPTH_DEFAULT, &root, err) != ERR_OK)
        return err_set(err, ERR_UPSTREAM_BODY, "an event of the stream is no JSON");
    if (json_is(root, JSON_ARRAY) && is_filled(json_get(json_at(root, 0), STR("error"))))
        root = json_at(root, 0); /* Google's way to say an error */
    if (!json_is(root, JSON_OBJECT))
        return ERR_OK;
    return read_root(&c, text, root, event->type);
}

static bool is_finished(const struct openai_reader *rd)
{
    bool some = false;

    for (size_t i = 0; i < CHOICES_MAX; i++) {
        if (rd->choices[i] && !rd->choices[i]->finished)
            return false;
        some |= rd->choices[i] != NULL;
    }
    return some;
}

/* Some servers just close the connection behind the last finish. */
void openai_read_end(void *reader, const struct chat_sink *sink)
{
    struct openai_reader *rd = reader;

    if (is_finished(rd))
        emit_end(rd, sink);
}

enum err_code openai_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                 struct err *err)
{
    struct openai_reader *rd = openai_reader_new(a);
    struct chunk c = {.rd = rd, .a = a, .sink = sink, .err = err, .whole = true};
    const struct json *root;
    enum err_code rc;

    if (json_read(a, body, JSON_DEPTH_DEFAULT, &root, err) != ERR_OK)
        return err_set(err, ERR_UPSTREAM_BODY, "the answer is no JSON");
    if (json_is(root, JSON_ARRAY))
        root = json_at(root, 0);
    rc = read_root(&c, body, root, STR_NULL);
    if (rc == ERR_OK && !rd->over && json_count(json_get(root, STR("choices"))) == 0)
        return err_set(err, ERR_UPSTREAM_BODY, "the answer has no choices");
    if (rc == ERR_OK)
        emit_end(rd, sink);
    return rc;
}
