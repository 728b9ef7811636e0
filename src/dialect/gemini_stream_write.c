/*
 * A stream for a Gemini client: each event is a whole response with the parts that are new, as an
 * event of its own or as an element of one JSON array. Calls go out whole, so their arguments are
 * collected until the choice finishes; why it finished, the sources and the usage stand in the last
 * response, which is written at the end.
 */
#include "dialect/gemini.h"

enum {
    CHOICES_MAX = 8,
    CALLS_MAX = 256,              /* of one choice */
    ARGUMENTS_LIMIT = 16 << 20,   /* bytes, of one call */
    THOUGHT_LIMIT = 16 << 20,     /* bytes, of one piece */
    CITATIONS_MAX = 512,          /* of one choice */
    CITATION_BYTES_MAX = 1 << 20, /* of all their texts */
};

struct call {
    struct call *next;
    unsigned tool;
    struct chat_tool_call call;
    struct chat_state state;
    struct sb arguments;
};

struct choice {
    bool seen, finished, non_ascii, broken_call;
    enum chat_finish finish;
    struct call *calls, *last_call;
    unsigned call_count;
    struct sb thought;               /* the newest piece of one, which waits for its signature */
    struct chat_citation *citations; /* CITATIONS_MAX of them, from the first on */
    size_t citation_count;
};

struct writer {
    struct arena *a; /* what lives as long as the stream */
    const struct answer_conf *conf;
    struct str id;
    bool any, ended; /* a response was written; the stream is over */
    struct choice choices[CHOICES_MAX];
    size_t citation_bytes;
    size_t arguments_bytes;
    bool has_usage;
    struct usage usage;
};

void *gemini_writer_new(struct arena *a, const struct answer_conf *conf)
{
    struct writer *s = arena_new(a, struct writer);

    s->a = a;
    s->conf = conf;
    s->id = conf->id;
    for (size_t i = 0; i < CHOICES_MAX; i++) {
        sb_init(&s->choices[i].thought, THOUGHT_LIMIT);
        arena_defer(a, sb_finip, &s->choices[i].thought);
    }
    return s;
}

/* ---- framing ---- */

static void frame(struct writer *s, struct str json, struct sb *out)
{
    if (!s->conf->json_array) {
        sse_write_data(out, json);
    } else {
        sb_add(out, s->any ? STR(",\r\n") : STR("["));
        sb_add(out, json);
        sb_add_char(out, '\n');
    }
    s->any = true;
}

static void end_frame(struct writer *s, struct sb *out)
{
    if (s->conf->json_array)
        sb_add(out, s->any ? STR("]") : STR("[]"));
    s->ended = true;
}

/* ---- one response ---- */

/* What a response needs while it is written. */
struct response {
    struct arena scratch;
    struct sb sb;
    struct json_writer w;
};

static void begin_response(struct response *p)
{
    arena_init(&p->scratch, 0);
    sb_init(&p->sb, 2 * (size_t)GEMINI_BUILD_LIMIT);
    jw_init(&p->w, &p->sb);
    jw_object(&p->w);
    jw_key(&p->w, STR("candidates"));
    jw_array(&p->w);
}

static void begin_parts(struct response *p)
{
    jw_object(&p->w);
    jw_key(&p->w, STR("content"));
    jw_object(&p->w);
    jw_key(&p->w, STR("parts"));
    jw_array(&p->w);
}

static void end_parts(struct response *p)
{
    jw_end(&p->w);
    jw_key_str(&p->w, STR("role"), STR("model"));
    jw_end(&p->w);
}

/* Closes the list of candidates and sends the response. */
static void end_response(struct writer *s, struct response *p, const struct usage *usage,
                         struct sb *out)
{
    jw_end(&p->w);
    if (usage)
        gemini_put_usage(&p->w, usage);
    jw_key_str(&p->w, STR("modelVersion"), s->conf->model);
    jw_key_str(&p->w, STR("responseId"), s->id);
    jw_end(&p->w);
    if (sb_failed(&p->sb))
        out->failed = true;
    else
        frame(s, sb_str(&p->sb), out);
    sb_fini(&p->sb);
    arena_fini(&p->scratch);
}

/* ---- content ---- */

static void write_content(struct writer *s, const struct chat_event *ev, struct sb *out)
{
    bool thought = ev->kind == CHAT_EVENT_REASONING || ev->kind == CHAT_EVENT_STATE;
    struct response p;

    begin_response(&p);
    begin_parts(&p);
    if (ev->media.data.n > 0 || ev->media.url.n > 0)
        gemini_put_media(&p.w, &ev->media,
                         ev->kind == CHAT_EVENT_AUDIO ? STR("audio/wav") : STR("image/png"));
    if (ev->text.n > 0 || ev->kind == CHAT_EVENT_STATE)
        gemini_put_text(&p.w, &p.scratch, ev->text, thought, &ev->state);
    end_parts(&p);
    jw_key_i64(&p.w, STR("index"), ev->choice);
    jw_end(&p.w);
    end_response(s, &p, NULL, out);
}

/* Writes the piece of a thought that waits, with its signature if `state` is one. */
static void end_thought(struct writer *s, struct choice *c, const struct chat_state *state,
                        struct sb *out)
{
    struct chat_event piece = {.kind = CHAT_EVENT_REASONING,
                               .choice = (unsigned)(c - s->choices),
                               .text = sb_str(&c->thought)};

    if (state)
        piece.state = *state;
    if (sb_failed(&c->thought))
        out->failed = true;
    else if (piece.text.n > 0)
        write_content(s, &piece, out);
    sb_reset(&c->thought);
}

/* A signature behind a thought stands on its last piece, as Google writes it: clients pass over
 * parts without text, and with them over the signature. */
static void on_thought(struct writer *s, struct choice *c, const struct chat_event *ev,
                       struct sb *out)
{
    bool waits = sb_str(&c->thought).n > 0;

    if (ev->kind == CHAT_EVENT_REASONING && ev->state.value.n == 0) {
        end_thought(s, c, NULL, out);
        sb_add(&c->thought, ev->text);
    } else if (ev->kind == CHAT_EVENT_STATE && waits && !ev->state.redacted) {
        end_thought(s, c, &ev->state, out);
    } else {
        end_thought(s, c, NULL, out);
        if (ev->text.n > 0 || ev->state.value.n > 0)
            write_content(s, ev, out);
    }
}

static void on_content(struct writer *s, struct choice *c, const struct chat_event *ev,
                       struct sb *out)
{
    end_thought(s, c, NULL, out);
    if (ev->text.n == 0 && ev->state.value.n == 0 && ev->media.data.n == 0 && ev->media.url.n == 0)
        return;
    c->non_ascii |= ev->kind == CHAT_EVENT_TEXT && !gemini_is_ascii(ev->text);
    write_content(s, ev, out);
}

static void on_logprobs(struct writer *s, struct choice *c UNUSED, const struct chat_event *ev,
                        struct sb *out)
{
    struct response p;

    begin_response(&p);
    jw_object(&p.w);
    jw_key_i64(&p.w, STR("index"), ev->choice);
    gemini_put_logprobs(&p.w, &p.scratch, ev->raw);
    jw_end(&p.w);
    end_response(s, &p, NULL, out);
}

/* ---- calls ---- */

static void on_call(struct writer *s, struct choice *c, const struct chat_event *ev, struct sb *out)
{
    struct call *call;

    end_thought(s, c, NULL, out);
    if (c->call_count == CALLS_MAX) {
        c->broken_call = true;
        return;
    }
    call = arena_new(s->a, struct call);
    call->tool = ev->tool;
    call->call = (struct chat_tool_call){.id = str_dup(s->a, ev->call.id),
                                         .name = str_dup(s->a, ev->call.name),
                                         .custom = ev->call.custom};
    call->state = ev->state;
    call->state.value = str_dup(s->a, ev->state.value);
    sb_init(&call->arguments, ARGUMENTS_LIMIT);
    arena_defer(s->a, sb_finip, &call->arguments);
    if (c->last_call)
        c->last_call->next = call;
    else
        c->calls = call;
    c->last_call = call;
    c->call_count++;
}

static void on_arguments(struct writer *s, struct choice *c, const struct chat_event *ev,
                         struct sb *out UNUSED)
{
    struct call *call = c->last_call && c->last_call->tool == ev->tool ? c->last_call : c->calls;

    while (call && call->tool != ev->tool)
        call = call->next;
    if (!call)
        return;
    s->arguments_bytes += ev->text.n;
    if (s->arguments_bytes > ARGUMENTS_LIMIT)
        call->arguments.failed = true;
    sb_add(&call->arguments, ev->text);
}

static void put_call(struct writer *s, struct choice *c, struct call *call, struct response *p)
{
    call->call.arguments = sb_str(&call->arguments);
    if (sb_failed(&call->arguments) ||
        !gemini_put_call(&p->w, &p->scratch, s->conf->request, &call->call, &call->state))
        c->broken_call = true;
}

/* All calls of the choice in one response. */
static void write_calls(struct writer *s, struct choice *c, unsigned index, struct sb *out)
{
    struct response p;

    if (!c->calls)
        return;
    begin_response(&p);
    begin_parts(&p);
    for (struct call *call = c->calls; call; call = call->next)
        put_call(s, c, call, &p);
    end_parts(&p);
    jw_key_i64(&p.w, STR("index"), index);
    jw_end(&p.w);
    end_response(s, &p, NULL, out);
    c->calls = c->last_call = NULL;
}

/* ---- sources, finish, usage ---- */

static void on_citation(struct writer *s, struct choice *c, const struct chat_event *ev,
                        struct sb *out UNUSED)
{
    const struct chat_citation *from = &ev->citation;
    size_t bytes = from->url.n + from->title.n + from->cited_text.n;
    struct chat_citation *to;

    if (c->citation_count == CITATIONS_MAX || bytes > CITATION_BYTES_MAX - s->citation_bytes)
        return;
    s->citation_bytes += bytes;
    if (!c->citations)
        c->citations = arena_new_array(s->a, struct chat_citation, CITATIONS_MAX);
    to = &c->citations[c->citation_count++];
    *to = (struct chat_citation){.url = str_dup(s->a, from->url),
                                 .title = str_dup(s->a, from->title),
                                 .cited_text = str_dup(s->a, from->cited_text),
                                 .start = from->start,
                                 .end = from->end};
}

static void on_finish(struct writer *s, struct choice *c, const struct chat_event *ev,
                      struct sb *out)
{
    if (c->finished)
        return;
    c->finished = true;
    c->finish = ev->finish;
    end_thought(s, c, NULL, out);
    write_calls(s, c, ev->choice, out);
}

static void put_last(struct choice *c, unsigned index, struct response *p)
{
    struct str reason = gemini_finish_name(c->finish);
    struct json_writer *w = &p->w;

    begin_parts(p);
    gemini_put_text(w, &p->scratch, STR_NULL, false, NULL);
    end_parts(p);
    if (c->broken_call && c->finish != CHAT_FINISH_LENGTH)
        reason = STR("MALFORMED_FUNCTION_CALL");
    jw_key_str(w, STR("finishReason"), reason);
    jw_key_i64(w, STR("index"), index);
    gemini_put_citations(w, c->citations, c->citation_count, !c->non_ascii);
    jw_end(w);
}

static void on_end(struct writer *s, struct sb *out)
{
    struct response p;
    bool any = false;

    for (unsigned i = 0; i < CHOICES_MAX; i++) {
        end_thought(s, &s->choices[i], NULL, out);
        write_calls(s, &s->choices[i], i, out); /* of a choice that did not finish */
        any |= s->choices[i].seen;
    }
    s->choices[0].seen |= !any;
    begin_response(&p);
    for (unsigned i = 0; i < CHOICES_MAX; i++) {
        if (s->choices[i].seen)
            put_last(&s->choices[i], i, &p);
    }
    end_response(s, &p, s->has_usage ? &s->usage : NULL, out);
    end_frame(s, out);
}

static void on_error(struct writer *s, const struct chat_event *ev, struct sb *out)
{
    struct arena scratch;

    for (unsigned i = 0; i < CHOICES_MAX; i++)
        end_thought(s, &s->choices[i], NULL, out);
    arena_init(&scratch, 0);
    frame(s, gemini_write_error(&scratch, ev->status > 0 ? ev->status : 500, &ev->error), out);
    arena_fini(&scratch);
    end_frame(s, out);
}

/* ---- events ---- */

typedef void event_fn(struct writer *s, struct choice *c, const struct chat_event *ev,
                      struct sb *out);

static event_fn *const of_choice[] = {
    [CHAT_EVENT_TEXT] = on_content,      [CHAT_EVENT_REFUSAL] = on_content,
    [CHAT_EVENT_REASONING] = on_thought, [CHAT_EVENT_STATE] = on_thought,
    [CHAT_EVENT_AUDIO] = on_content,     [CHAT_EVENT_IMAGE] = on_content,
    [CHAT_EVENT_TOOL_CALL] = on_call,    [CHAT_EVENT_TOOL_ARGUMENTS] = on_arguments,
    [CHAT_EVENT_CITATION] = on_citation, [CHAT_EVENT_LOGPROBS] = on_logprobs,
    [CHAT_EVENT_FINISH] = on_finish,     [CHAT_EVENT_END] = NULL,
    [CHAT_EVENT_OTHER] = NULL,
};

static void of_stream(struct writer *s, const struct chat_event *ev, struct sb *out)
{
    if (ev->kind == CHAT_EVENT_START && ev->id.n > 0) {
        s->id = str_dup(s->a, ev->id);
    } else if (ev->kind == CHAT_EVENT_USAGE) {
        s->usage = ev->usage;
        s->has_usage = true;
    } else if (ev->kind == CHAT_EVENT_ERROR) {
        on_error(s, ev, out);
    } else if (ev->kind == CHAT_EVENT_END) {
        on_end(s, out);
    }
}

void gemini_write_event(void *writer, const struct chat_event *ev, struct sb *out)
{
    struct writer *s = writer;
    event_fn *fn = of_choice[ev->kind];

    if (s->ended)
        return;
    if (!fn) {
        of_stream(s, ev, out);
    } else if (ev->choice < CHOICES_MAX) {
        s->choices[ev->choice].seen = true;
        fn(s, &s->choices[ev->choice], ev, out);
    }
}
