/*
 * Events as chunks. Each choice begins with a chunk that names the role and ends with one that
 * names the finish; calls without arguments get "{}" before it. A call of a custom tool that the
 * upstream knew as a function is held back until it is whole, since its text lies in JSON.
 */
#include "codec/sse.h"
#include "dialect/openai_chat.h"
#include "dialect/sealed.h"

enum {
    CHOICES_MAX = 128,
    HELD_LIMIT = 4 << 20, /* bytes of arguments, or of thoughts, that are held back */
    CHUNK_LIMIT = 256 << 20,
};

struct open_call {
    struct open_call *next;
    unsigned tool;
    bool custom;        /* written as one */
    bool unwrap;        /* `held` are arguments that hold the input */
    bool has_arguments; /* some were written */
    struct sb held;
};

struct choice_writer {
    bool begun, finished;
    struct open_call *calls, *last_call;
    struct sb thoughts; /* since the last state, for the entry that holds the next */
    int64_t details;    /* written so far */
};

struct openai_writer {
    struct arena *arena;
    const struct answer_conf *conf;
    struct choice_writer *choices[CHOICES_MAX];
    struct str id, model;
    int64_t created_s;
    bool has_usage, over;
    struct usage usage;
    struct sb chunk;
    struct arena scratch; /* of one event */
    struct json_writer w; /* into `chunk` */
};

static void scratch_fini(void *arena)
{
    arena_fini(arena);
}

void *openai_writer_new(struct arena *a, const struct answer_conf *conf)
{
    struct openai_writer *wr = arena_new(a, struct openai_writer);

    wr->arena = a;
    wr->conf = conf;
    wr->id = str_concat(a, (struct str[]){STR("chatcmpl-"), conf->id}, 2);
    wr->model = conf->model;
    wr->created_s = conf->now_s;
    sb_init(&wr->chunk, CHUNK_LIMIT);
    arena_defer(a, sb_finip, &wr->chunk);
    arena_init(&wr->scratch, 0);
    arena_defer(a, scratch_fini, &wr->scratch);
    return wr;
}

static bool wants_usage(const struct openai_writer *wr)
{
    return wr->conf->request && wr->conf->request->include_usage;
}

/* ---- chunks ---- */

/* {"id":..,"object":..,"created":..,"model":..,"choices":[ */
static void begin_chunk(struct openai_writer *wr)
{
    struct json_writer *w = &wr->w;

    sb_reset(&wr->chunk);
    jw_init(w, &wr->chunk);
    jw_object(w);
    jw_key_str(w, STR("id"), wr->id);
    jw_key_str(w, STR("object"), STR("chat.completion.chunk"));
    jw_key_i64(w, STR("created"), wr->created_s);
    jw_key_str(w, STR("model"), wr->model);
    jw_key(w, STR("choices"));
    jw_array(w);
}

static void end_chunk(struct openai_writer *wr, struct sb *out)
{
    jw_end(&wr->w);
    sse_write_data(out, sb_str(&wr->chunk));
}

/* Then come the delta's members. */
static void begin_delta(struct openai_writer *wr, unsigned choice)
{
    begin_chunk(wr);
    jw_object(&wr->w);
    jw_key_i64(&wr->w, STR("index"), choice);
    jw_key(&wr->w, STR("delta"));
    jw_object(&wr->w);
}

/* `finish` may be empty, `logprobs`, too. */
static void end_delta(struct openai_writer *wr, struct str finish, struct str logprobs,
                      struct sb *out)
{
    struct json_writer *w = &wr->w;

    jw_end(w);
    if (logprobs.n > 0) {
        jw_key(w, STR("logprobs"));
        jw_object(w);
        jw_key_raw(w, STR("content"), logprobs);
        jw_key_null(w, STR("refusal"));
        jw_end(w);
    }
    if (finish.n > 0)
        jw_key_str(w, STR("finish_reason"), finish);
    else
        jw_key_null(w, STR("finish_reason"));
    jw_end(w);
    jw_end(w);
    if (wants_usage(wr))
        jw_key_null(w, STR("usage"));
    end_chunk(wr, out);
}

static void write_delta_str(struct openai_writer *wr, unsigned choice, struct str name,
                            struct str text, struct sb *out)
{
    begin_delta(wr, choice);
    jw_key_str(&wr->w, name, text);
    end_delta(wr, STR_NULL, STR_NULL, out);
}

/* ---- choices ---- */

static struct choice_writer *begun_choice(struct openai_writer *wr, unsigned choice, struct sb *out)
{
    struct choice_writer *c;

    if (choice >= CHOICES_MAX)
        return NULL;
    if (!wr->choices[choice]) {
        wr->choices[choice] = c = arena_new(wr->arena, struct choice_writer);
        sb_init(&c->thoughts, HELD_LIMIT);
        arena_defer(wr->arena, sb_finip, &c->thoughts);
    }
    c = wr->choices[choice];
    if (c->finished)
        return NULL;
    if (!c->begun) {
        c->begun = true;
        begin_delta(wr, choice);
        jw_key_str(&wr->w, STR("role"), STR("assistant"));
        jw_key_str(&wr->w, STR("content"), STR(""));
        end_delta(wr, STR_NULL, STR_NULL, out);
    }
    return c;
}

/* ---- tools ---- */

struct chat_tool_call openai_client_call(struct arena *a, const struct chat_request *request,
                                         const struct chat_tool_call *call, bool *unwrap)
{
    const struct chat_tool *tool = call->ns.n == 0 ? chat_find_flat(a, request, call->name) : NULL;
    struct chat_tool_call own = *call;

    *unwrap = tool && tool->kind == CHAT_TOOL_CUSTOM && !call->custom;
    if (tool)
        own.name = tool->name;
    else
        own.name = chat_flat_name(a, call->ns, call->name);
    own.custom |= *unwrap;
    return own;
}

struct str openai_unwrap_input(struct arena *a, struct str arguments)
{
    const struct json *root;
    struct str input;

    if (json_read(a, arguments, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK &&
        json_str(a, json_get(root, STR("input")), &input))
        return input;
    return arguments;
}

static struct open_call *find_call(struct choice_writer *c, unsigned tool)
{
    for (struct open_call *call = c->calls; call; call = call->next) {
        if (call->tool == tool)
            return call;
    }
    return NULL;
}

static void begin_call_delta(struct openai_writer *wr, unsigned choice, unsigned tool)
{
    begin_delta(wr, choice);
    jw_key(&wr->w, STR("tool_calls"));
    jw_array(&wr->w);
    jw_object(&wr->w);
    jw_key_i64(&wr->w, STR("index"), tool);
}

static void end_call_delta(struct openai_writer *wr, struct sb *out)
{
    jw_end(&wr->w);
    jw_end(&wr->w);
    end_delta(wr, STR_NULL, STR_NULL, out);
}

static void write_arguments(struct openai_writer *wr, unsigned choice, struct open_call *call,
                            struct str piece, struct sb *out)
{
    call->has_arguments = true;
    begin_call_delta(wr, choice, call->tool);
    jw_key(&wr->w, call->custom ? STR("custom") : STR("function"));
    jw_object(&wr->w);
    jw_key_str(&wr->w, call->custom ? STR("input") : STR("arguments"), piece);
    jw_end(&wr->w);
    end_call_delta(wr, out);
}

static struct open_call *add_call(struct openai_writer *wr, struct choice_writer *c, unsigned tool)
{
    struct open_call *call = arena_new(wr->arena, struct open_call);

    call->tool = tool;
    if (c->last_call)
        c->last_call->next = call;
    else
        c->calls = call;
    c->last_call = call;
    return call;
}

static struct str call_id(struct openai_writer *wr, const struct chat_event *ev)
{
    if (ev->call.id.n > 0)
        return ev->call.id;
    return arena_fmt(&wr->scratch, "call_%.*s_%u_%u", STR_ARG(wr->conf->id), ev->choice, ev->tool);
}

static void write_call(struct openai_writer *wr, struct choice_writer *c,
                       const struct chat_event *ev, struct sb *out)
{
    struct json_writer *w = &wr->w;
    struct chat_tool_call own;
    struct open_call *call;

    if (find_call(c, ev->tool))
        return;
    call = add_call(wr, c, ev->tool);
    own = openai_client_call(&wr->scratch, wr->conf->request, &ev->call, &call->unwrap);
    call->custom = own.custom;
    if (call->unwrap) {
        sb_init(&call->held, HELD_LIMIT);
        arena_defer(wr->arena, sb_finip, &call->held);
    }
    begin_call_delta(wr, ev->choice, ev->tool);
    jw_key_str(w, STR("id"), call_id(wr, ev));
    jw_key_str(w, STR("type"), own.custom ? STR("custom") : STR("function"));
    jw_key(w, own.custom ? STR("custom") : STR("function"));
    jw_object(w);
    jw_key_str(w, STR("name"), own.name);
    jw_key_str(w, own.custom ? STR("input") : STR("arguments"), STR(""));
    jw_end(w);
    if (ev->state.value.n > 0)
        openai_write_signature(
            w, sealed_write(&wr->scratch, ev->state.origin, ev->state.value, DIALECT_GEMINI));
    end_call_delta(wr, out);
}

static void write_call_arguments(struct openai_writer *wr, struct choice_writer *c,
                                 const struct chat_event *ev, struct sb *out)
{
    struct open_call *call = find_call(c, ev->tool);

    if (!call || ev->text.n == 0)
        return;
    if (call->unwrap)
        sb_add(&call->held, ev->text);
    else
        write_arguments(wr, ev->choice, call, ev->text, out);
}

/* What is due of the calls when there will be no more of them. */
static void close_calls(struct openai_writer *wr, struct choice_writer *c, unsigned choice,
                        struct sb *out)
{
    for (struct open_call *call = c->calls; call; call = call->next) {
        if (call->unwrap)
            write_arguments(wr, choice, call,
                            openai_unwrap_input(&wr->scratch, sb_str(&call->held)), out);
        else if (!call->has_arguments && !call->custom)
            write_arguments(wr, choice, call, STR("{}"), out);
    }
}

/* ---- text and reasoning ---- */

static void write_text(struct openai_writer *wr, struct choice_writer *c UNUSED,
                       const struct chat_event *ev, struct sb *out)
{
    write_delta_str(wr, ev->choice, STR("content"), ev->text, out);
}

static void write_refusal(struct openai_writer *wr, struct choice_writer *c UNUSED,
                          const struct chat_event *ev, struct sb *out)
{
    write_delta_str(wr, ev->choice, STR("refusal"), ev->text, out);
}

static void write_reasoning(struct openai_writer *wr, struct choice_writer *c,
                            const struct chat_event *ev, struct sb *out)
{
    sb_add(&c->thoughts, ev->text);
    write_delta_str(wr, ev->choice, STR("reasoning_content"), ev->text, out);
}

/* The entry repeats the thoughts that its state belongs to, so that a client which hands the list
 * back hands back all that the provider asks for. */
static void write_state(struct openai_writer *wr, struct choice_writer *c,
                        const struct chat_event *ev, struct sb *out)
{
    struct str thoughts =
        ev->state.redacted || sb_failed(&c->thoughts) ? STR_NULL : sb_str(&c->thoughts);

    begin_delta(wr, ev->choice);
    jw_key(&wr->w, STR("reasoning_details"));
    jw_array(&wr->w);
    openai_write_details(&wr->w, &wr->scratch, thoughts, &ev->state, c->details++);
    jw_end(&wr->w);
    end_delta(wr, STR_NULL, STR_NULL, out);
}

/* ---- the others ---- */

bool openai_write_citation(struct json_writer *w, const struct chat_citation *citation)
{
    if (citation->url.n == 0)
        return false;
    jw_object(w);
    jw_key_str(w, STR("type"), STR("url_citation"));
    jw_key(w, STR("url_citation"));
    jw_object(w);
    if (citation->start >= 0 && citation->end >= 0) {
        jw_key_i64(w, STR("start_index"), citation->start);
        jw_key_i64(w, STR("end_index"), citation->end);
    }
    jw_key_str(w, STR("url"), citation->url);
    jw_key_str(w, STR("title"), citation->title);
    if (citation->cited_text.n > 0)
        jw_key_str(w, STR("content"), citation->cited_text);
    jw_end(w);
    jw_end(w);
    return true;
}

static void write_citation(struct openai_writer *wr, struct choice_writer *c UNUSED,
                           const struct chat_event *ev, struct sb *out)
{
    if (ev->citation.url.n == 0)
        return;
    begin_delta(wr, ev->choice);
    jw_key(&wr->w, STR("annotations"));
    jw_array(&wr->w);
    (void)openai_write_citation(&wr->w, &ev->citation);
    jw_end(&wr->w);
    end_delta(wr, STR_NULL, STR_NULL, out);
}

void openai_write_image(struct json_writer *w, struct arena *a, const struct chat_media *media)
{
    jw_object(w);
    jw_key_str(w, STR("type"), STR("image_url"));
    jw_key(w, STR("image_url"));
    jw_object(w);
    jw_key_str(w, STR("url"), chat_media_url(a, media));
    jw_end(w);
    jw_end(w);
}

static void write_image(struct openai_writer *wr, struct choice_writer *c UNUSED,
                        const struct chat_event *ev, struct sb *out)
{
    begin_delta(wr, ev->choice);
    jw_key(&wr->w, STR("images"));
    jw_array(&wr->w);
    openai_write_image(&wr->w, &wr->scratch, &ev->media);
    jw_end(&wr->w);
    end_delta(wr, STR_NULL, STR_NULL, out);
}

static void write_audio(struct openai_writer *wr, struct choice_writer *c UNUSED,
                        const struct chat_event *ev, struct sb *out)
{
    begin_delta(wr, ev->choice);
    jw_key(&wr->w, STR("audio"));
    jw_object(&wr->w);
    if (ev->id.n > 0)
        jw_key_str(&wr->w, STR("id"), ev->id);
    if (ev->media.data.n > 0)
        jw_key_str(&wr->w, STR("data"), ev->media.data);
    if (ev->text.n > 0)
        jw_key_str(&wr->w, STR("transcript"), ev->text);
    jw_end(&wr->w);
    end_delta(wr, STR_NULL, STR_NULL, out);
}

static void write_logprobs(struct openai_writer *wr, struct choice_writer *c UNUSED,
                           const struct chat_event *ev, struct sb *out)
{
    begin_delta(wr, ev->choice);
    end_delta(wr, STR_NULL, ev->raw, out);
}

/* ---- finish and end ---- */

static void write_finish(struct openai_writer *wr, struct choice_writer *c,
                         const struct chat_event *ev, struct sb *out)
{
    enum chat_finish finish = ev->finish;

    close_calls(wr, c, ev->choice, out);
    if (finish == CHAT_FINISH_NONE && c->calls)
        finish = CHAT_FINISH_TOOL_CALLS;
    begin_delta(wr, ev->choice);
    end_delta(wr, openai_write_finish(finish), STR_NULL, out);
    c->finished = true;
}

static void write_usage_chunk(struct openai_writer *wr, struct sb *out)
{
    begin_chunk(wr);
    jw_end(&wr->w);
    jw_key(&wr->w, STR("usage"));
    openai_write_usage(&wr->w, &wr->usage);
    end_chunk(wr, out);
}

static void write_end(struct openai_writer *wr, const struct chat_event *ev UNUSED, struct sb *out)
{
    for (unsigned i = 0; i < CHOICES_MAX; i++) {
        if (wr->choices[i] && wr->choices[i]->begun && !wr->choices[i]->finished)
            write_finish(wr, wr->choices[i], &(struct chat_event){.choice = i}, out);
    }
    if (wants_usage(wr) && wr->has_usage)
        write_usage_chunk(wr, out);
    sse_write_data(out, STR("[DONE]"));
    wr->over = true;
}

static void write_start(struct openai_writer *wr, const struct chat_event *ev, struct sb *out)
{
    if (ev->id.n > 0)
        wr->id = str_dup(wr->arena, ev->id);
    if (wr->model.n == 0)
        wr->model = str_dup(wr->arena, ev->model);
    if (ev->created_s > 0)
        wr->created_s = ev->created_s;
    (void)begun_choice(wr, 0, out);
}

static void note_usage(struct openai_writer *wr, const struct chat_event *ev, struct sb *out UNUSED)
{
    wr->usage = ev->usage;
    wr->has_usage = true;
}

static void write_error(struct openai_writer *wr, const struct chat_event *ev, struct sb *out)
{
    sb_add(out, openai_write_stream_error(&wr->scratch, ev->status, &ev->error));
    wr->over = true;
}

/* ---- the table ---- */

/* Thoughts that are followed by something else than their state have none. */
static void forget_thoughts(struct choice_writer *c, const struct chat_event *ev)
{
    if (ev->kind != CHAT_EVENT_REASONING)
        sb_reset(&c->thoughts);
}

void openai_write_event(void *writer, const struct chat_event *ev, struct sb *out)
{
    static void (*const of_answer[])(struct openai_writer *, const struct chat_event *,
                                     struct sb *) = {
        [CHAT_EVENT_START] = write_start,
        [CHAT_EVENT_USAGE] = note_usage,
        [CHAT_EVENT_ERROR] = write_error,
        [CHAT_EVENT_END] = write_end,
    };
    static void (*const of_choice[])(struct openai_writer *, struct choice_writer *,
                                     const struct chat_event *, struct sb *) = {
        [CHAT_EVENT_TEXT] = write_text,
        [CHAT_EVENT_REFUSAL] = write_refusal,
        [CHAT_EVENT_REASONING] = write_reasoning,
        [CHAT_EVENT_STATE] = write_state,
        [CHAT_EVENT_TOOL_CALL] = write_call,
        [CHAT_EVENT_TOOL_ARGUMENTS] = write_call_arguments,
        [CHAT_EVENT_CITATION] = write_citation,
        [CHAT_EVENT_AUDIO] = write_audio,
        [CHAT_EVENT_IMAGE] = write_image,
        [CHAT_EVENT_LOGPROBS] = write_logprobs,
        [CHAT_EVENT_FINISH] = write_finish,
    };
    struct openai_writer *wr = writer;
    struct choice_writer *c;

    if (wr->over || ev->kind == CHAT_EVENT_OTHER)
        return;
    if ((size_t)ev->kind < ARRAY_LEN(of_answer) && of_answer[ev->kind]) {
        of_answer[ev->kind](wr, ev, out);
    } else {
        c = begun_choice(wr, ev->choice, out);
        if (c) {
            of_choice[ev->kind](wr, c, ev, out);
            forget_thoughts(c, ev);
        }
    }
    arena_reset(&wr->scratch, 0);
}
