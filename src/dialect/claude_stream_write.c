/*
 * A stream for a client that speaks Anthropic's dialect. One block of text or thought is open at a
 * time; a call stays open until its arguments are a whole object, so that calls whose pieces come
 * interleaved have their blocks side by side. Every block that begins stops, numbers have no gaps,
 * and the last usage is told once, before the end.
 */
#include "dialect/claude.h"
#include "dialect/sealed.h"

enum { EVENT_LIMIT = 64 << 20, CALLS_MAX = 4096, CALLS_FIRST = 8, WAITING_LIMIT = 1 << 20 };

enum current { NOTHING, TEXT, THINKING };

/* A call whose block has begun. How deep its arguments stand tells when they are whole. */
struct call {
    unsigned index; /* of its block */
    bool open, custom;
    unsigned depth;
    bool in_string, escaped, whole;
};

struct writer {
    struct arena *arena;
    const struct answer_conf *conf;
    struct sb json;
    struct sb waiting;      /* citations that came before their text, a line each */
    struct chat_state held; /* of the open text, which may yet be cited; value empty: none */
    struct sb *out;         /* of the event being written */
    unsigned next;          /* number of the next block */
    enum current current;   /* what is open beside calls */
    unsigned current_index;
    struct call *calls; /* by running number */
    unsigned call_count, call_cap, open_calls;
    enum chat_finish finish;
    struct str stop_sequence;
    struct usage usage;
    bool started, ended;
};

void *claude_writer_new(struct arena *a, const struct answer_conf *conf)
{
    struct writer *wr = arena_new(a, struct writer);

    wr->arena = a;
    wr->conf = conf;
    wr->usage = (struct usage){.prompt = conf->prompt_tokens};
    sb_init(&wr->json, EVENT_LIMIT);
    arena_defer(a, sb_finip, &wr->json);
    sb_init(&wr->waiting, WAITING_LIMIT);
    arena_defer(a, sb_finip, &wr->waiting);
    return wr;
}

/* ---- events ---- */

/* Begins the data of an event; end_event() sends it. */
static struct json_writer begin_event(struct writer *wr, const char *type)
{
    struct json_writer w;

    sb_reset(&wr->json);
    jw_init(&w, &wr->json);
    jw_object(&w);
    jw_key_str(&w, STR("type"), str_from(type));
    return w;
}

static void end_event(struct writer *wr, struct json_writer *w, const char *type)
{
    jw_end(w);
    if (!sb_failed(&wr->json))
        sse_write_event(wr->out, str_from(type), sb_str(&wr->json));
}

static void write_message_start(struct writer *wr, struct str id)
{
    struct json_writer w = begin_event(wr, "message_start");

    jw_key(&w, STR("message"));
    jw_object(&w);
    jw_key_str(&w, STR("id"), claude_message_id(wr->arena, wr->conf, id));
    jw_key_str(&w, STR("type"), STR("message"));
    jw_key_str(&w, STR("role"), STR("assistant"));
    jw_key_str(&w, STR("model"), wr->conf->model);
    jw_key(&w, STR("content"));
    jw_array(&w);
    jw_end(&w);
    jw_key_null(&w, STR("stop_reason"));
    jw_key_null(&w, STR("stop_sequence"));
    jw_key(&w, STR("usage"));
    claude_usage_write(&w, &wr->usage);
    jw_end(&w);
    end_event(wr, &w, "message_start");
    wr->started = true;
}

/* Begins content_block_start up to the members of the block beside its type. */
static struct json_writer begin_block(struct writer *wr, const char *type)
{
    struct json_writer w = begin_event(wr, "content_block_start");

    jw_key_i64(&w, STR("index"), wr->next);
    jw_key(&w, STR("content_block"));
    jw_object(&w);
    jw_key_str(&w, STR("type"), str_from(type));
    return w;
}

/* Gives the block's number. */
static unsigned end_block(struct writer *wr, struct json_writer *w)
{
    jw_end(w);
    end_event(wr, w, "content_block_start");
    return wr->next++;
}

static struct json_writer begin_delta(struct writer *wr, unsigned index, const char *type)
{
    struct json_writer w = begin_event(wr, "content_block_delta");

    jw_key_i64(&w, STR("index"), index);
    jw_key(&w, STR("delta"));
    jw_object(&w);
    jw_key_str(&w, STR("type"), str_from(type));
    return w;
}

static void end_delta(struct writer *wr, struct json_writer *w)
{
    jw_end(w);
    end_event(wr, w, "content_block_delta");
}

/* A delta with one text. */
static void write_delta(struct writer *wr, unsigned index, const char *type, const char *member,
                        struct str text)
{
    struct json_writer w = begin_delta(wr, index, type);

    jw_key_str(&w, str_from(member), text);
    end_delta(wr, &w);
}

static void write_stop(struct writer *wr, unsigned index)
{
    struct json_writer w = begin_event(wr, "content_block_stop");

    jw_key_i64(&w, STR("index"), index);
    end_event(wr, &w, "content_block_stop");
}

/* ---- blocks open and close ---- */

static void close_current(struct writer *wr)
{
    if (wr->current != NOTHING)
        write_stop(wr, wr->current_index);
    wr->current = NOTHING;
}

static void close_call(struct writer *wr, struct call *call)
{
    if (!call->open)
        return;
    if (call->custom) /* the end of the object around free text */
        write_delta(wr, call->index, "input_json_delta", "partial_json", STR("\"}"));
    write_stop(wr, call->index);
    call->open = false;
    wr->open_calls--;
}

/* Calls whose arguments are whole; all of them when `all`. */
static void close_calls(struct writer *wr, bool all)
{
    for (unsigned i = 0; i < wr->call_count && wr->open_calls > 0; i++) {
        if (all || wr->calls[i].whole)
            close_call(wr, &wr->calls[i]);
    }
}

static void write_citation(struct writer *wr, struct str citation)
{
    struct json_writer w = begin_delta(wr, wr->current_index, "citations_delta");

    jw_key_raw(&w, STR("citation"), citation);
    end_delta(wr, &w);
}

static void write_waiting(struct writer *wr)
{
    struct str rest = sb_str(&wr->waiting);

    while (rest.n > 0)
        write_citation(wr, str_cut(&rest, '\n'));
    sb_reset(&wr->waiting);
}

static void open_current(struct writer *wr, enum current wanted)
{
    static const struct {
        const char *type, *member;
    } kinds[] = {[TEXT] = {"text", "text"}, [THINKING] = {"thinking", "thinking"}};
    struct json_writer w;

    if (wr->current == wanted)
        return;
    close_current(wr);
    close_calls(wr, false);
    w = begin_block(wr, kinds[wanted].type);
    jw_key_str(&w, str_from(kinds[wanted].member), STR(""));
    if (wanted == THINKING)
        jw_key_str(&w, STR("signature"), STR(""));
    wr->current = wanted;
    wr->current_index = end_block(wr, &w);
    if (wanted == TEXT)
        write_waiting(wr);
}

/* ---- content ---- */

static void write_text(struct writer *wr, struct str text)
{
    if (text.n == 0)
        return;
    open_current(wr, TEXT);
    write_delta(wr, wr->current_index, "text_delta", "text", text);
}

static void on_text(struct writer *wr, const struct chat_event *ev)
{
    write_text(wr, ev->text); /* of sound: what is said in it */
}

static void on_image(struct writer *wr, const struct chat_event *ev)
{
    write_text(wr, claude_image_text(wr->arena, &ev->media));
}

static void on_reasoning(struct writer *wr, const struct chat_event *ev)
{
    if (ev->text.n == 0)
        return;
    open_current(wr, THINKING);
    write_delta(wr, wr->current_index, "thinking_delta", "thinking", ev->text);
}

static struct str sealed(struct writer *wr, const struct chat_state *state)
{
    return sealed_write(wr->arena, state->origin, state->value, DIALECT_CLAUDE);
}

/* A block that comes whole. */
static void write_redacted(struct writer *wr, const struct chat_state *state)
{
    struct json_writer w;

    close_current(wr);
    close_calls(wr, false);
    w = begin_block(wr, "redacted_thinking");
    jw_key_str(&w, STR("data"), sealed(wr, state));
    write_stop(wr, end_block(wr, &w));
}

/* The signature of a thought ends it. State of others that belongs to no thought is a block of its
 * own. */
static void on_state(struct writer *wr, const struct chat_event *ev)
{
    const struct chat_state *state = &ev->state;

    if (state->value.n == 0)
        return;
    if (wr->current == TEXT && state->origin != DIALECT_CLAUDE) {
        wr->held = *state;
        wr->held.value = str_dup(wr->arena, state->value);
        return;
    }
    if (state->redacted || (wr->current != THINKING && state->origin != DIALECT_CLAUDE)) {
        write_redacted(wr, state);
        return;
    }
    open_current(wr, THINKING);
    write_delta(wr, wr->current_index, "signature_delta", "signature", sealed(wr, state));
    close_current(wr);
}

static void write_held(struct writer *wr)
{
    if (wr->held.value.n > 0)
        write_redacted(wr, &wr->held);
    wr->held = (struct chat_state){0};
}

/* A citation stands in a block of text; where none is open it waits for the next one. */
static void on_citation(struct writer *wr, const struct chat_event *ev)
{
    struct chat_citation citation = ev->citation;
    struct json_writer w;

    citation.raw = claude_compact(wr->arena, citation.raw); /* on one line */
    jw_init(&w, &wr->waiting);
    claude_citation_write(&w, &citation);
    sb_add_char(&wr->waiting, '\n');
    if (sb_failed(&wr->waiting))
        sb_reset(&wr->waiting);
    else if (wr->current == TEXT)
        write_waiting(wr);
}

/* ---- calls ---- */

/* The call of this running number, which may be new; NULL: too many, or out of turn. */
static struct call *find_call(struct writer *wr, unsigned tool)
{
    return tool < wr->call_count ? &wr->calls[tool] : NULL;
}

static struct call *new_call(struct writer *wr, unsigned tool)
{
    if (tool >= CALLS_MAX)
        return NULL;
    if (tool >= wr->call_cap) {
        unsigned cap = wr->call_cap ? wr->call_cap : CALLS_FIRST;
        struct call *more;

        while (cap <= tool)
            cap *= 2;
        more = arena_new_array(wr->arena, struct call, cap);
        if (wr->calls)
            memcpy(more, wr->calls, wr->call_count * sizeof *more);
        wr->calls = more;
        wr->call_cap = cap;
    }
    if (tool >= wr->call_count)
        wr->call_count = tool + 1;
    return &wr->calls[tool];
}

static void open_call(struct writer *wr, struct call *call, const struct chat_event *ev)
{
    struct str id = ev->call.id;
    struct json_writer w = begin_block(wr, "tool_use");

    jw_key_str(&w, STR("id"), id.n > 0 ? id : claude_tool_id(wr->arena, wr->conf, ev->tool));
    jw_key_str(&w, STR("name"), claude_tool_name(wr->arena, wr->conf, ev->call.name));
    jw_key(&w, STR("input"));
    jw_object(&w);
    jw_end(&w);
    *call = (struct call){.open = true, .custom = ev->call.custom};
    call->index = end_block(wr, &w);
    wr->open_calls++;
    if (call->custom) /* input is an object: free text becomes a member of one */
        write_delta(wr, call->index, "input_json_delta", "partial_json", STR("{\"input\":\""));
}

static void on_call(struct writer *wr, const struct chat_event *ev)
{
    struct call *call = new_call(wr, ev->tool);

    if (!call || call->open || call->whole)
        return;
    close_current(wr);
    close_calls(wr, false);
    if (ev->state.value.n > 0)
        write_redacted(wr, &ev->state);
    open_call(wr, call, ev);
}

/* Follows the arguments' brackets. */
static void follow(struct call *call, struct str text)
{
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];

        if (call->escaped) {
            call->escaped = false;
        } else if (call->in_string) {
            call->escaped = c == '\\';
            call->in_string = c != '"';
        } else if (c == '"') {
            call->in_string = true;
        } else if (c == '{' || c == '[') {
            call->depth++;
        } else if ((c == '}' || c == ']') && call->depth > 0 && --call->depth == 0) {
            call->whole = true;
        }
    }
}

static void on_arguments(struct writer *wr, const struct chat_event *ev)
{
    struct call *call = find_call(wr, ev->tool);
    struct str text = ev->text;

    if (!call || !call->open || text.n == 0)
        return;
    if (call->custom) {
        text = json_quote(wr->arena, text);
        text = str_sub(text, 1, text.n - 2);
    } else {
        follow(call, text);
    }
    write_delta(wr, call->index, "input_json_delta", "partial_json", text);
}

/* ---- the end ---- */

static void close_all(struct writer *wr)
{
    close_current(wr);
    close_calls(wr, true);
}

static void on_finish(struct writer *wr, const struct chat_event *ev)
{
    close_all(wr);
    wr->finish = ev->finish;
    wr->stop_sequence = str_dup(wr->arena, ev->text);
}

static void on_usage(struct writer *wr, const struct chat_event *ev)
{
    wr->usage = ev->usage;
}

static void write_message_delta(struct writer *wr)
{
    struct json_writer w = begin_event(wr, "message_delta");

    jw_key(&w, STR("delta"));
    jw_object(&w);
    jw_key_str(&w, STR("stop_reason"), claude_stop_reason(wr->finish, wr->call_count > 0));
    if (wr->finish == CHAT_FINISH_STOP_SEQUENCE && wr->stop_sequence.n > 0)
        jw_key_str(&w, STR("stop_sequence"), wr->stop_sequence);
    else
        jw_key_null(&w, STR("stop_sequence"));
    jw_end(&w);
    jw_key(&w, STR("usage"));
    claude_usage_write(&w, &wr->usage);
    end_event(wr, &w, "message_delta");
}

static void on_end(struct writer *wr, const struct chat_event *ev UNUSED)
{
    struct json_writer w;

    close_all(wr);
    write_message_delta(wr);
    w = begin_event(wr, "message_stop");
    end_event(wr, &w, "message_stop");
    wr->ended = true;
}

static void on_error(struct writer *wr, const struct chat_event *ev)
{
    int status = ev->status > 0 ? ev->status : 500;

    sb_add(wr->out, claude_write_stream_error(wr->arena, status, &ev->error));
    wr->ended = true;
}

/* Nothing to write: it only makes sure that the message has begun. */
static void on_start(struct writer *wr UNUSED, const struct chat_event *ev UNUSED)
{
}

static void (*const handlers[])(struct writer *wr, const struct chat_event *ev) = {
    [CHAT_EVENT_START] = on_start,
    [CHAT_EVENT_TEXT] = on_text,
    [CHAT_EVENT_REFUSAL] = on_text,
    [CHAT_EVENT_REASONING] = on_reasoning,
    [CHAT_EVENT_STATE] = on_state,
    [CHAT_EVENT_TOOL_CALL] = on_call,
    [CHAT_EVENT_TOOL_ARGUMENTS] = on_arguments,
    [CHAT_EVENT_CITATION] = on_citation,
    [CHAT_EVENT_AUDIO] = on_text,
    [CHAT_EVENT_IMAGE] = on_image,
    [CHAT_EVENT_LOGPROBS] = on_start,
    [CHAT_EVENT_FINISH] = on_finish,
    [CHAT_EVENT_USAGE] = on_usage,
    [CHAT_EVENT_ERROR] = on_error,
    [CHAT_EVENT_END] = on_end,
};

/* Of several answers only the first can be told. */
void claude_write_event(void *writer, const struct chat_event *event, struct sb *out)
{
    struct writer *wr = writer;

    if (wr->ended || event->choice != 0 || event->kind == CHAT_EVENT_OTHER)
        return;
    wr->out = out;
    if (!wr->started && event->kind != CHAT_EVENT_ERROR && event->kind != CHAT_EVENT_USAGE)
        write_message_start(wr, event->kind == CHAT_EVENT_START ? event->id : STR_NULL);
    if (event->kind != CHAT_EVENT_CITATION && event->kind != CHAT_EVENT_LOGPROBS &&
        event->kind != CHAT_EVENT_USAGE)
        write_held(wr);
    handlers[event->kind](wr, event);
}
