/*
 * Answers of an upstream that speaks Anthropic's dialect. A stream numbers its blocks and says for
 * each when it begins, goes on and stops; a whole answer is read as blocks that come in one piece.
 *
 * Usage comes with the first and the last event; what comes later replaces what came before, and 0
 * there says nothing. Blocks of tools that the provider ran itself are not content of ours: what
 * they found shows in the citations of the text.
 */
#include "base/text.h"
#include "dialect/claude.h"
#include "dialect/sealed.h"

enum { OPEN_MAX = 8, PENDING_LIMIT = 64 * 1024 };

/* A block of a client's tool that has begun. */
struct open_call {
    bool used;
    int64_t index;
    unsigned tool;
    bool said;  /* arguments have come */
    bool whole; /* they stood in the block's beginning: what follows repeats them */
};

struct reader {
    struct claude_usage usage;
    struct open_call calls[OPEN_MAX]; /* one at a time is usual */
    unsigned tools;                   /* calls so far */
    int64_t chars, block_start;       /* of the answer's text so far, at the open block's start */
    struct sb pending; /* citations of the open text block, a line each: their place is known when
                          it stops */
    bool started, finished, ended;
};

/* One event being read. */
struct step {
    struct reader *rd;
    struct arena *arena; /* for this event only */
    const struct chat_sink *sink;
};

void *claude_reader_new(struct arena *a)
{
    struct reader *rd = arena_new(a, struct reader);

    sb_init(&rd->pending, PENDING_LIMIT);
    arena_defer(a, sb_finip, &rd->pending);
    return rd;
}

static struct str text_of(const struct step *s, const struct json *v, const char *name)
{
    return json_str_or_null(s->arena, json_get(v, str_from(name)));
}

static int64_t index_of(const struct json *v)
{
    return json_i64_or(json_get(v, STR("index")), 0);
}

/* ---- text and citations ---- */

static void emit_citation(const struct step *s, const struct json *v, int64_t start, int64_t end)
{
    struct chat_citation c = {
        .url = text_of(s, v, "url"),
        .title = text_of(s, v, "title"),
        .cited_text = text_of(s, v, "cited_text"),
        .start = start,
        .end = end,
        .raw = claude_compact(s->arena, json_raw(v)),
    };

    if (c.title.n == 0)
        c.title = text_of(s, v, "document_title");
    if (c.url.n == 0) /* search results that the client gave have a source instead */
        c.url = text_of(s, v, "source");
    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_CITATION, .citation = c});
}

static void note_citation(const struct step *s, const struct json *v)
{
    struct sb *pending = &s->rd->pending;
    struct str raw = claude_compact(s->arena, json_raw(v));

    if (!json_is(v, JSON_OBJECT))
        return;
    if (raw.n + 1 > PENDING_LIMIT - pending->n - 1) { /* too many to wait for the block's end */
        emit_citation(s, v, -1, -1);
        return;
    }
    sb_add(pending, raw);
    sb_add_char(pending, '\n');
}

static void emit_citations(const struct step *s)
{
    struct reader *rd = s->rd;
    struct str rest = sb_str(&rd->pending);

    while (rest.n > 0) {
        const struct json *v;

        if (json_read(s->arena, str_cut(&rest, '\n'), JSON_DEPTH_DEFAULT, &v, NULL) == ERR_OK)
            emit_citation(s, v, rd->block_start, rd->chars);
    }
    sb_reset(&rd->pending);
}

static void emit_answer_text(const struct step *s, struct str text)
{
    s->rd->chars += (int64_t)utf8_count(text);
    chat_emit_text(s->sink, CHAT_EVENT_TEXT, 0, text);
}

/* ---- blocks begin ---- */

static void emit_state(const struct step *s, struct str value, bool redacted)
{
    if (value.n > 0)
        chat_emit(s->sink,
                  &(struct chat_event){
                      .kind = CHAT_EVENT_STATE,
                      .state = {.origin = DIALECT_CLAUDE, .value = value, .redacted = redacted}});
}

static void begin_text(const struct step *s, const struct json *block, int64_t index UNUSED)
{
    JSON_EACH (citation, json_get(block, STR("citations")))
        note_citation(s, citation);
    emit_answer_text(s, text_of(s, block, "text"));
}

static void begin_thinking(const struct step *s, const struct json *block, int64_t index UNUSED)
{
    chat_emit_text(s->sink, CHAT_EVENT_REASONING, 0, text_of(s, block, "thinking"));
    emit_state(s, text_of(s, block, "signature"), false);
}

static void begin_redacted(const struct step *s, const struct json *block, int64_t index UNUSED)
{
    emit_state(s, text_of(s, block, "data"), true);
}

static struct open_call *call_of(struct reader *rd, int64_t index)
{
    for (size_t i = 0; i < OPEN_MAX; i++) {
        if (rd->calls[i].used && rd->calls[i].index == index)
            return &rd->calls[i];
    }
    return NULL;
}

/* Room for one more; who leaves that many open loses the first of them. */
static struct open_call *new_call(struct reader *rd, int64_t index)
{
    struct open_call *call = call_of(rd, index);

    for (size_t i = 0; i < OPEN_MAX && !call; i++) {
        if (!rd->calls[i].used)
            call = &rd->calls[i];
    }
    call = call ? call : &rd->calls[0];
    *call = (struct open_call){.used = true, .index = index, .tool = rd->tools++};
    return call;
}

static void emit_arguments(const struct step *s, struct open_call *call, struct str text)
{
    if (text.n == 0)
        return;
    call->said = true;
    chat_emit(s->sink, &(struct chat_event){
                           .kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = call->tool, .text = text});
}

static void begin_call(const struct step *s, const struct json *block, int64_t index)
{
    struct open_call *call = new_call(s->rd, index);
    const struct json *input = json_get(block, STR("input"));

    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_TOOL_CALL,
                                            .tool = call->tool,
                                            .call = {.id = text_of(s, block, "id"),
                                                     .name = text_of(s, block, "name")}});
    if (json_is(input, JSON_OBJECT) && json_count(input) > 0) {
        emit_arguments(s, call, claude_compact(s->arena, json_raw(input)));
        call->whole = true;
    }
}

static const struct {
    struct str type;
    void (*begin)(const struct step *s, const struct json *block, int64_t index);
} blocks[] = {
    {STR_INIT("text"), begin_text},
    {STR_INIT("thinking"), begin_thinking},
    {STR_INIT("redacted_thinking"), begin_redacted},
    {STR_INIT("tool_use"), begin_call},
};

static void begin_block(const struct step *s, const struct json *block, int64_t index)
{
    s->rd->block_start = s->rd->chars;
    for (size_t i = 0; i < ARRAY_LEN(blocks); i++) {
        if (json_str_eq(json_get(block, STR("type")), blocks[i].type)) {
            blocks[i].begin(s, block, index);
            return;
        }
    }
    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_OTHER});
}

static void stop_block(const struct step *s, int64_t index)
{
    struct open_call *call = call_of(s->rd, index);

    if (call && !call->said)
        emit_arguments(s, call, STR("{}"));
    if (call)
        call->used = false;
    emit_citations(s);
}

/* ---- blocks go on ---- */

static void add_text(const struct step *s, const struct json *delta, int64_t index UNUSED)
{
    emit_answer_text(s, text_of(s, delta, "text"));
}

static void add_thinking(const struct step *s, const struct json *delta, int64_t index UNUSED)
{
    chat_emit_text(s->sink, CHAT_EVENT_REASONING, 0, text_of(s, delta, "thinking"));
}

static void add_signature(const struct step *s, const struct json *delta, int64_t index UNUSED)
{
    emit_state(s, text_of(s, delta, "signature"), false);
}

static void add_arguments(const struct step *s, const struct json *delta, int64_t index)
{
    struct open_call *call = call_of(s->rd, index); /* NULL: of a tool that is not the client's */

    if (call && !call->whole)
        emit_arguments(s, call, text_of(s, delta, "partial_json"));
}

static void add_citation(const struct step *s, const struct json *delta, int64_t index UNUSED)
{
    note_citation(s, json_get(delta, STR("citation")));
}

static const struct {
    struct str type;
    void (*add)(const struct step *s, const struct json *delta, int64_t index);
} deltas[] = {
    {STR_INIT("text_delta"), add_text},           {STR_INIT("thinking_delta"), add_thinking},
    {STR_INIT("signature_delta"), add_signature}, {STR_INIT("input_json_delta"), add_arguments},
    {STR_INIT("citations_delta"), add_citation},
};

/* ---- the answer's frame ---- */

static void emit_usage(const struct step *s)
{
    const struct usage usage = claude_usage_of(&s->rd->usage);

    if (s->rd->usage.found)
        chat_emit_usage(s->sink, &usage);
}

static void emit_start(const struct step *s, const struct json *message)
{
    if (s->rd->started)
        return;
    s->rd->started = true;
    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_START,
                                            .id = text_of(s, message, "id"),
                                            .model = text_of(s, message, "model")});
}

/* `v` has stop_reason and stop_sequence. */
static void emit_finish(const struct step *s, const struct json *v)
{
    struct str reason = text_of(s, v, "stop_reason");

    if (reason.n == 0 || s->rd->finished)
        return;
    s->rd->finished = true;
    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_FINISH,
                                            .finish = claude_finish_of(reason),
                                            .text = text_of(s, v, "stop_sequence")});
}

static void emit_end(const struct step *s)
{
    s->rd->ended = true;
    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_END});
}

static void emit_error(const struct step *s, const struct json *error)
{
    struct str type = text_of(s, error, "type");
    struct str message = text_of(s, error, "message");
    struct openai_error e = {.message = message.n > 0 ? message : STR("the upstream failed"),
                             .type = type.n > 0 ? type : STR("api_error")};

    s->rd->ended = true;
    chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_ERROR,
                                            .error = e,
                                            .status = claude_error_status(e.type)});
}

/* ---- events ---- */

/* A second one, which a provider that falls back to another model may send, numbers its blocks
 * anew. */
static void on_message_start(const struct step *s, const struct json *v)
{
    const struct json *message = json_get(v, STR("message"));

    emit_start(s, message);
    memset(s->rd->calls, 0, sizeof s->rd->calls);
    claude_usage_note(&s->rd->usage, json_get(message, STR("usage")));
    emit_usage(s);
}

static void on_block_start(const struct step *s, const struct json *v)
{
    begin_block(s, json_get(v, STR("content_block")), index_of(v));
}

static void on_block_delta(const struct step *s, const struct json *v)
{
    const struct json *delta = json_get(v, STR("delta"));

    for (size_t i = 0; i < ARRAY_LEN(deltas); i++) {
        if (json_str_eq(json_get(delta, STR("type")), deltas[i].type)) {
            deltas[i].add(s, delta, index_of(v));
            return;
        }
    }
}

static void on_block_stop(const struct step *s, const struct json *v)
{
    stop_block(s, index_of(v));
}

static void on_message_delta(const struct step *s, const struct json *v)
{
    emit_citations(s);
    emit_finish(s, json_get(v, STR("delta")));
    claude_usage_note(&s->rd->usage, json_get(v, STR("usage")));
    emit_usage(s);
}

static void on_message_stop(const struct step *s, const struct json *v UNUSED)
{
    emit_end(s);
}

static void on_error(const struct step *s, const struct json *v)
{
    emit_error(s, json_get(v, STR("error")));
}

static const struct {
    struct str type;
    void (*on)(const struct step *s, const struct json *v);
} events[] = {
    {STR_INIT("message_start"), on_message_start},
    {STR_INIT("content_block_start"), on_block_start},
    {STR_INIT("content_block_delta"), on_block_delta},
    {STR_INIT("content_block_stop"), on_block_stop},
    {STR_INIT("message_delta"), on_message_delta},
    {STR_INIT("message_stop"), on_message_stop},
    {STR_INIT("error"), on_error},
};

/* The event's type stands in its data, and again before it; some servers have one of the two. */
static struct str type_of(const struct step *s, const struct json *v, const struct sse_event *event)
{
    struct str type = text_of(s, v, "type");

    if (type.n > 0)
        return type;
    return json_is(json_get(v, STR("error")), JSON_OBJECT) ? STR("error") : event->type;
}

enum err_code claude_read_event(void *reader, struct arena *scratch, const struct sse_event *event,
                                const struct chat_sink *sink, struct err *err)
{
    const struct step s = {.rd = reader, .arena = scratch, .sink = sink};
    const struct json *v;
    struct str type;

    if (s.rd->ended || str_eq(event->data, STR("[DONE]")))
        return ERR_OK;
    if (json_read(scratch, event->data, JSON_DEPTH_DEFAULT, &v, NULL) != ERR_OK ||
        !json_is(v, JSON_OBJECT))
        return err_set(err, ERR_UPSTREAM_BODY, "an event of the stream is no JSON object");
    type = type_of(&s, v, event);
    for (size_t i = 0; i < ARRAY_LEN(events); i++) {
        if (str_eq(events[i].type, type))
            events[i].on(&s, v);
    }
    return ERR_OK; /* ping, and kinds that are newer than this */
}

/* The dialect says itself when an answer is over: a stream that only ends was cut. */
void claude_read_end(void *reader UNUSED, const struct chat_sink *sink UNUSED)
{
}

/* ---- a whole answer ---- */

static void read_content(const struct step *s, const struct json *content)
{
    int64_t index = 0;

    JSON_EACH (block, content) {
        begin_block(s, block, index);
        stop_block(s, index++);
    }
}

enum err_code claude_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                 struct err *err)
{
    const struct step s = {.rd = claude_reader_new(a), .arena = a, .sink = sink};
    const struct json *v, *content;

    if (json_read(a, body, JSON_DEPTH_DEFAULT, &v, NULL) != ERR_OK)
        return err_set(err, ERR_UPSTREAM_BODY, "the answer is no JSON");
    content = json_get(v, STR("content"));
    if (json_is(json_get(v, STR("error")), JSON_OBJECT)) {
        emit_error(&s, json_get(v, STR("error")));
        return ERR_OK;
    }
    if (!json_is(content, JSON_ARRAY))
        return err_set(err, ERR_UPSTREAM_BODY, "the answer has no content");
    emit_start(&s, v);
    read_content(&s, content);
    emit_finish(&s, v);
    claude_usage_note(&s.rd->usage, json_get(v, STR("usage")));
    emit_usage(&s);
    emit_end(&s);
    return ERR_OK;
}
