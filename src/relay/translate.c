/*
 * Between two dialects: the client's request becomes the canonical form and that the upstream's
 * body; the upstream's events become canonical events and those the client's. An upstream that
 * speaks the client's own dialect is only read, for what its events say; its bytes go through.
 */
#include "relay/exchange.h"

#include "base/json.h"
#include "base/text.h"
#include "model/responses_policy.h"

enum {
    BODY_LIMIT = 256 * 1024 * 1024,
    OUT_LIMIT = REPLY_LIMIT,
    FOLD_LIMIT = REPLY_LIMIT,
    SCRATCH_BYTES = 4096,
    ANSWER_ID_CHARS = 24
};

bool translates(const struct exchange *x)
{
    return x->tr && x->upstream != x->client;
}

bool rewrites(const struct exchange *x)
{
    return x->tr && x->tr->rewrites;
}

bool exchange_has_prompt(const struct exchange *x)
{
    return x->mode == MODE_CHAT && x->channel->system_prompt.n > 0;
}

struct system_prompt exchange_prompt(const struct exchange *x)
{
    return (struct system_prompt){.text = x->channel->system_prompt,
                                  .override = x->channel->system_prompt_override};
}

struct loss_list *exchange_loss_list(const struct exchange *x)
{
    if (embedding_translates(x))
        return embedding_losses(x);
    return translates(x) ? &x->tr->losses : x->losses;
}

struct str exchange_losses(const struct exchange *x)
{
    const struct loss_list *list = exchange_loss_list(x);

    if (!list)
        return STR_NULL;
    return x->mode == MODE_CHAT ? loss_text_for(x->arena, list, x->client->id)
                                : loss_text(x->arena, list);
}

/* ---- the attempt ---- */

static void free_translation(void *ptr)
{
    struct translation *tr = ptr;

    arena_fini(&tr->scratch);
    sb_fini(&tr->out);
}

/* Letters and digits of the request's id, for answers whose upstream names none. */
static struct str answer_id(struct exchange *x)
{
    struct str id = x->req ? x->req->request_id : STR_NULL;
    char *to = arena_alloc(x->arena, ANSWER_ID_CHARS);
    size_t n = 0;

    for (size_t i = 0; i < id.n && n < ANSWER_ID_CHARS; i++) {
        char c = id.p[i];

        if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
            to[n++] = c;
    }
    while (n < ANSWER_ID_CHARS)
        to[n++] = '0';
    return str_make(to, n);
}

/* Such clients get a stream as events only when they ask for them. */
static bool wants_array(const struct exchange *x)
{
    struct str alt;

    return x->req && x->client->request_in_path &&
           !(url_query_get(x->arena, x->req->query, STR("alt"), &alt) && str_eq(alt, STR("sse")));
}

static struct translation *new_translation(struct exchange *x)
{
    struct translation *tr = arena_new(x->arena, struct translation);

    arena_init(&tr->scratch, SCRATCH_BYTES);
    sb_init(&tr->out, x->rl->relay->conf.event_limit > OUT_LIMIT ? x->rl->relay->conf.event_limit
                                                                 : OUT_LIMIT);
    arena_defer(x->arena, free_translation, tr);
    tr->conf.id = answer_id(x);
    tr->conf.model = x->peek.model;
    tr->conf.now_s = clock_now_s(x->rl->relay->conf.clock);
    tr->conf.json_array = x->peek.stream && wants_array(x);
    return tr;
}

/* Is it enough to look into OpenAI's chunks as they go by? */
static bool only_peeks(const struct exchange *x)
{
    return x->mode != MODE_CHAT ||
           (x->upstream->id == DIALECT_OPENAI_CHAT && x->client->id == DIALECT_OPENAI_CHAT &&
            !x->channel->force_format && !x->channel->thinking_to_content);
}

/* Option global.chat_completions_to_responses_policy: chats go out as Responses. Who cannot be
 * concerned is let go before a pattern is looked at. */
static bool wants_responses(const struct exchange *x, const struct provider *p)
{
    const struct responses_policy *policy = x->snap->settings.chat_to_responses;

    return policy && x->mode == MODE_CHAT && x->client->id != DIALECT_OPENAI_RESPONSES &&
           (p->dialects & 1u << DIALECT_OPENAI_RESPONSES) &&
           responses_policy_wants(policy, x->channel->row.id, x->channel->row.type, x->peek.model);
}

static const struct dialect *choose_dialect(const struct exchange *x, const struct provider *p)
{
    if (x->asked && (x->mode != MODE_IMAGES || (p->dialects & 1u << x->client->id)))
        return x->client;
    if (x->mode == MODE_COMPLETIONS || x->mode == MODE_REALTIME)
        return x->client;
    if (wants_responses(x, p))
        return &dialect_openai_responses;
    return dialect_of(provider_dialect(p, x->client->id));
}

void translate_prepare(struct exchange *x, const struct provider *p)
{
    x->upstream = choose_dialect(x, p);
    x->tr = NULL;
    if (only_peeks(x))
        return;
    if (!x->translation)
        x->translation = new_translation(x);
    x->tr = x->translation;
    x->tr->reader = x->tr->writer = NULL;
    x->tr->fold = NULL;
    x->tr->ended = x->tr->thinking = x->tr->array_begun = x->tr->fold_has_content = false;
    x->tr->rewrites =
        x->upstream != x->client || x->channel->force_format || x->channel->thinking_to_content;
    x->tr->losses = (struct loss_list){0};
    x->tr->answer_is_call = false;
    x->tr->answer_tool = (struct answer_tool){0};
    x->tr->items = (struct answer_items){0};
    sb_reset(&x->tr->out);
}

/* ---- the request ---- */

/* What does not stand in the body of every dialect. */
static void set_frame(const struct exchange *x, struct chat_request *request)
{
    request->model = x->peek.model;
    request->stream = x->peek.stream;
    request->include_usage = x->peek.include_usage;
}

enum err_code translate_parse(struct exchange *x, struct err *err)
{
    struct str body = x->whole_body.n > 0 ? x->whole_body : x->body;

    if (x->tr->root)
        return ERR_OK;
    return json_read(x->arena, body, JSON_DEPTH_DEFAULT, &x->tr->root, err);
}

/* The client's request in canonical form, which all attempts share. */
enum err_code translate_read(struct exchange *x, struct err *err)
{
    struct translation *tr = x->tr;
    struct chat_request *request;
    enum err_code rc;

    if (tr->request)
        return ERR_OK;
    rc = translate_parse(x, err);
    if (rc != ERR_OK)
        return rc;
    request = arena_new(x->arena, struct chat_request);
    rc = x->client->read_request(x->arena, tr->root, request, &tr->read_losses, err);
    if (rc != ERR_OK)
        return rc;
    set_frame(x, request);
    tr->request = request;
    tr->conf.request = request;
    return ERR_OK;
}

enum err_code translate_request(struct exchange *x, const struct provider *p,
                                const struct provider_call *call, struct str *body, struct err *err)
{
    struct translation *tr = x->tr;
    struct request_conf conf = {.arena = x->arena, .losses = &tr->losses};
    const struct system_prompt prompt = exchange_prompt(x);
    struct chat_request request;
    struct sb *out;
    enum err_code rc = translate_read(x, err);

    if (rc != ERR_OK)
        return rc;
    tr->losses = tr->read_losses;
    request = *tr->request;
    request.model = call->model;
    request.include_usage = x->peek.stream && p->stream_options;
    if (exchange_has_prompt(x))
        system_prompt_add(x->arena, &request, &prompt);
    if (p->adapt)
        p->adapt(p, call, &request, &conf);
    tr->answer_is_call = request.answer_tool;
    out = arena_new(x->arena, struct sb);
    sb_init(out, BODY_LIMIT);
    arena_defer(x->arena, sb_finip, out);
    rc = x->upstream->write_request(&conf, &request, out, err);
    if (rc == ERR_OK && sb_failed(out))
        rc = err_set(err, ERR_TOO_LARGE, "the request is too large for the upstream's dialect");
    *body = sb_str(out);
    return rc;
}

/* ---- what the events say ---- */

struct reading {
    struct exchange *x;
    struct seen *seen;
};

static void note_text(struct exchange *x, const struct chat_event *ev, struct seen *seen)
{
    token_meter_add(&x->meter, ev->text);
    seen->content |= ev->text.n > 0;
}

static void note_call(struct exchange *x, const struct chat_event *ev, struct seen *seen)
{
    token_meter_add(&x->meter, ev->call.name);
    if ((int64_t)ev->tool + 1 > x->meter.tool_calls)
        x->meter.tool_calls = (int64_t)ev->tool + 1;
    seen->content = true;
}

static void note_content(struct exchange *x UNUSED, const struct chat_event *ev UNUSED,
                         struct seen *seen)
{
    seen->content = true;
}

/* A client of the upstream's own dialect is shown it, others have nothing of it. */
static void note_other(struct exchange *x, const struct chat_event *ev UNUSED, struct seen *seen)
{
    seen->content |= !translates(x);
}

/* An answer that ends for another reason than that all was said is one even without content. */
static void note_finish(struct exchange *x, const struct chat_event *ev, struct seen *seen)
{
    x->finish_seen = true;
    seen->content |= ev->finish != CHAT_FINISH_STOP;
}

static void note_usage(struct exchange *x, const struct chat_event *ev, struct seen *seen UNUSED)
{
    x->usage = ev->usage;
    x->usage_seen = ev->usage.prompt + ev->usage.completion > 0;
}

static void note_error(struct exchange *x, const struct chat_event *ev, struct seen *seen)
{
    fault_from_event(x, ev);
    seen->error = true;
}

static void note_end(struct exchange *x, const struct chat_event *ev UNUSED, struct seen *seen)
{
    x->tr->ended = true;
    seen->end = true;
}

static void note(struct exchange *x, const struct chat_event *ev, struct seen *seen)
{
    static void (*const notes[])(struct exchange *, const struct chat_event *, struct seen *) = {
        [CHAT_EVENT_TEXT] = note_text,      [CHAT_EVENT_REFUSAL] = note_text,
        [CHAT_EVENT_REASONING] = note_text, [CHAT_EVENT_TOOL_ARGUMENTS] = note_text,
        [CHAT_EVENT_TOOL_CALL] = note_call, [CHAT_EVENT_AUDIO] = note_content,
        [CHAT_EVENT_IMAGE] = note_content,  [CHAT_EVENT_FINISH] = note_finish,
        [CHAT_EVENT_USAGE] = note_usage,    [CHAT_EVENT_ERROR] = note_error,
        [CHAT_EVENT_END] = note_end,        [CHAT_EVENT_OTHER] = note_other,
    };

    if ((size_t)ev->kind < ARRAY_LEN(notes) && notes[ev->kind])
        notes[ev->kind](x, ev, seen);
}

static void write_event(struct exchange *x, const struct chat_event *ev)
{
    struct translation *tr = x->tr;

    if (tr->fold)
        chat_fold_event(tr->fold, ev);
    else if (tr->writer && ev->kind != CHAT_EVENT_END && ev->kind != CHAT_EVENT_ERROR)
        x->client->write_event(tr->writer, ev, &tr->out);
}

/* Thoughts as text between marks (relay reference 10.6). */
static void write_thinking(struct exchange *x, const struct chat_event *ev)
{
    struct translation *tr = x->tr;
    struct chat_event text = {.kind = CHAT_EVENT_TEXT, .choice = ev->choice};

    if (ev->kind == CHAT_EVENT_STATE)
        return;
    if (ev->kind == CHAT_EVENT_REASONING && !tr->thinking) {
        text.text = STR("<think>\n");
        write_event(x, &text);
    } else if (ev->kind != CHAT_EVENT_REASONING && ev->kind != CHAT_EVENT_USAGE && tr->thinking) {
        text.text = STR("\n</think>\n");
        write_event(x, &text);
    }
    if (ev->kind == CHAT_EVENT_REASONING) {
        text.text = ev->text;
        write_event(x, &text);
    } else {
        write_event(x, ev);
    }
    if (ev->kind != CHAT_EVENT_USAGE)
        tr->thinking = ev->kind == CHAT_EVENT_REASONING;
}

static void on_answer_event(void *ctx, const struct chat_event *ev)
{
    struct reading *reading = ctx;
    struct exchange *x = reading->x;

    note(x, ev, reading->seen);
    if (x->channel->thinking_to_content && x->peek.stream)
        write_thinking(x, ev);
    else
        write_event(x, ev);
}

static void on_chat_event(void *ctx, const struct chat_event *ev)
{
    const struct reading *reading = ctx;
    struct translation *tr = reading->x->tr;
    struct chat_event answer;

    if (!tr->answer_is_call) {
        on_answer_event(ctx, ev);
        return;
    }
    answer = *ev;
    if (answer_tool_event(&tr->answer_tool, &answer))
        on_answer_event(ctx, &answer);
}

static bool is_too_large(const struct translation *tr)
{
    return sb_failed(&tr->out) || (tr->fold && chat_fold_too_large(tr->fold));
}

/* ---- a stream ---- */

/*
 * A request that was translated has been read. One that went out as it came need not be readable
 * here: the upstream has understood it, and its answer names everything as the client does.
 */
static void read_for_writing(struct exchange *x)
{
    struct translation *tr = x->tr;
    struct chat_request *request;

    if (translate_read(x, NULL) == ERR_OK)
        return;
    request = arena_new(x->arena, struct chat_request);
    request->dialect = x->client->id;
    request->reasoning.budget = -1;
    set_frame(x, request);
    tr->conf.request = request;
}

static void begin_writing(struct exchange *x)
{
    struct translation *tr = x->tr;

    read_for_writing(x);
    tr->conf.prompt_tokens = exchange_prompt_tokens(x);
    tr->conf.items = recall_wants(x) ? &tr->items : NULL;
    if (x->peek.stream)
        tr->writer = x->client->writer_new(x->arena, &tr->conf);
    else
        tr->fold = chat_fold_new(x->arena, FOLD_LIMIT);
}

enum err_code translate_event(struct exchange *x, const struct sse_event *ev, struct seen *seen,
                              struct err *err)
{
    struct translation *tr = x->tr;
    struct reading reading = {.x = x, .seen = seen};
    enum err_code rc;

    if (!tr->reader) {
        tr->reader = x->upstream->reader_new(x->arena);
        if (rewrites(x))
            begin_writing(x);
    }
    rc = x->upstream->read_event(tr->reader, &tr->scratch, ev,
                                 &(struct chat_sink){on_chat_event, &reading}, err);
    arena_reset(&tr->scratch, SCRATCH_BYTES);
    if (rc == ERR_OK && is_too_large(tr))
        rc = err_set(err, ERR_UPSTREAM_BODY, "the answer is too large");
    return rc;
}

void translate_close(struct exchange *x, struct seen *seen)
{
    struct translation *tr = x->tr;
    struct reading reading = {.x = x, .seen = seen};

    if (tr->reader && !tr->ended)
        x->upstream->read_end(tr->reader, &(struct chat_sink){on_chat_event, &reading});
}

void translate_end(struct exchange *x)
{
    struct translation *tr = x->tr;

    if (tr->fold) {
        x->client->write_answer(x->arena, &tr->conf, chat_fold_answer(tr->fold), &tr->out);
        return;
    }
    if (!tr->writer)
        return;
    if (!x->usage_seen)
        x->client->write_event(tr->writer,
                               &(struct chat_event){.kind = CHAT_EVENT_USAGE, .usage = x->usage},
                               &tr->out);
    x->client->write_event(tr->writer, &(struct chat_event){.kind = CHAT_EVENT_END}, &tr->out);
}

/* ---- a whole answer ---- */

enum err_code translate_answer(struct exchange *x, struct str body, struct seen *seen,
                               struct err *err)
{
    struct translation *tr = x->tr;
    struct reading reading = {.x = x, .seen = seen};
    enum err_code rc;

    if (rewrites(x) || x->peek.stream) /* an answer has to become a stream in any dialect */
        begin_writing(x);
    rc =
        x->upstream->read_answer(x->arena, body, &(struct chat_sink){on_chat_event, &reading}, err);
    if (rc == ERR_OK && is_too_large(tr))
        rc = err_set(err, ERR_UPSTREAM_BODY, "the answer is too large");
    return rc;
}
