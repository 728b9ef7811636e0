/*
 * An answer of the Responses API, streamed or whole, as canonical events.
 *
 * Upstreams of this API differ in what they send: deltas, or only the *.done events, or only whole
 * items, or nothing but the response at the end. So every item that is being written has a slot
 * which knows what of it has been given out, and the later events give out what the earlier ones
 * did not. Slots are few and fixed: an item's slot is free again when the item is done.
 *
 * Partial images are not given out: they are drafts of the image that comes whole with its item.
 */
#include "dialect/openai_responses.h"
#include "dialect/peek_tools.h"

enum { SLOTS = 32 };

struct slot {
    bool used;
    int64_t output; /* output_index */
    unsigned tool;
    uint64_t parts;    /* a bit for each content part of which text was given out */
    uint64_t summary;  /* the same for parts of a summary */
    int64_t citations; /* given out */
    bool is_call, has_arguments;
};

struct reader {
    struct slot slots[SLOTS];
    unsigned next_slot; /* to be taken when all are used */
    unsigned tools;     /* calls so far */
    struct usage used;  /* of the provider's own tools */
    bool started, has_items, ended;
    bool after_reasoning; /* the event before was a piece of reasoning */
};

/* What one event is read with. */
struct reading {
    struct reader *r;
    struct arena *a;
    const struct chat_sink *sink;
    const struct json *event;
};

/* ---- giving out ---- */

static void give(struct reading *rd, const struct chat_event *ev)
{
    rd->r->after_reasoning = ev->kind == CHAT_EVENT_REASONING;
    chat_emit(rd->sink, ev);
}

static void give_text(struct reading *rd, enum chat_event_kind kind, struct str text)
{
    if (text.n > 0)
        give(rd, &(struct chat_event){.kind = kind, .text = text});
}

static void give_logprobs(struct reading *rd, const struct json *v)
{
    if (json_is(v, JSON_ARRAY) && json_count(v) > 0)
        give(rd, &(struct chat_event){.kind = CHAT_EVENT_LOGPROBS, .raw = json_raw(v)});
}

static struct str word(struct reading *rd, const struct json *object, struct str name)
{
    return json_str_or_null(rd->a, json_get(object, name));
}

static void start(struct reading *rd, const struct json *response)
{
    double created = 0;

    if (rd->r->started)
        return;
    rd->r->started = true;
    if (!json_f64(json_get(response, STR("created_at")), &created) || created < 0 || created > 1e15)
        created = 0;
    give(rd, &(struct chat_event){.kind = CHAT_EVENT_START,
                                  .id = word(rd, response, STR("id")),
                                  .model = word(rd, response, STR("model")),
                                  .created_s = (int64_t)created});
}

/* ---- slots ---- */

static struct slot *find_slot(struct reader *r, int64_t output)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (r->slots[i].used && r->slots[i].output == output)
            return &r->slots[i];
    }
    return NULL;
}

static struct slot *take_slot(struct reader *r, int64_t output)
{
    struct slot *slot = find_slot(r, output);

    if (slot)
        return slot;
    for (size_t i = 0; i < SLOTS && !slot; i++)
        slot = r->slots[i].used ? NULL : &r->slots[i];
    if (!slot)
        slot = &r->slots[r->next_slot++ % SLOTS];
    *slot = (struct slot){.used = true, .output = output};
    return slot;
}

static struct slot *slot_of(struct reading *rd)
{
    rd->r->has_items = true;
    start(rd, NULL);
    return take_slot(rd->r, json_i64_or(json_get(rd->event, STR("output_index")), 0));
}

static uint64_t bit(int64_t index)
{
    return (uint64_t)1 << ((uint64_t)index % 64);
}

static uint64_t event_bit(const struct reading *rd, struct str name)
{
    return bit(json_i64_or(json_get(rd->event, name), 0));
}

/* ---- text ---- */

static void read_text_delta(struct reading *rd)
{
    struct slot *slot = slot_of(rd);

    slot->parts |= event_bit(rd, STR("content_index"));
    give_text(rd, CHAT_EVENT_TEXT, word(rd, rd->event, STR("delta")));
    give_logprobs(rd, json_get(rd->event, STR("logprobs")));
}

static void read_text_done(struct reading *rd)
{
    struct slot *slot = slot_of(rd);
    uint64_t part = event_bit(rd, STR("content_index"));

    if (slot->parts & part)
        return;
    slot->parts |= part;
    give_text(rd, CHAT_EVENT_TEXT, word(rd, rd->event, STR("text")));
    give_logprobs(rd, json_get(rd->event, STR("logprobs")));
}

static void read_refusal_delta(struct reading *rd)
{
    slot_of(rd)->parts |= event_bit(rd, STR("content_index"));
    give_text(rd, CHAT_EVENT_REFUSAL, word(rd, rd->event, STR("delta")));
}

static void read_refusal_done(struct reading *rd)
{
    struct slot *slot = slot_of(rd);
    uint64_t part = event_bit(rd, STR("content_index"));

    if (!(slot->parts & part))
        give_text(rd, CHAT_EVENT_REFUSAL, word(rd, rd->event, STR("refusal")));
    slot->parts |= part;
}

/* url_citation has an address; the citations of files have a name. */
static void give_citation(struct reading *rd, const struct json *v)
{
    struct chat_event ev = {.kind = CHAT_EVENT_CITATION};
    struct chat_citation *c = &ev.citation;

    c->url = word(rd, v, STR("url"));
    c->title = word(rd, v, STR("title"));
    if (c->title.n == 0)
        c->title = word(rd, v, STR("filename"));
    c->start = json_i64_or(json_get(v, STR("start_index")), -1);
    c->end = json_i64_or(json_get(v, STR("end_index")), -1);
    c->raw = json_raw(v);
    give(rd, &ev);
}

static void read_annotation(struct reading *rd)
{
    struct slot *slot = slot_of(rd);

    slot->citations++;
    give_citation(rd, json_get(rd->event, STR("annotation")));
}

/* ---- reasoning ---- */

/* A new part of it stands behind a blank line. */
static void begin_reasoning(struct reading *rd, uint64_t *seen, uint64_t part)
{
    if (!(*seen & part) && rd->r->after_reasoning)
        give_text(rd, CHAT_EVENT_REASONING, STR("\n\n"));
    *seen |= part;
}

static void read_summary_delta(struct reading *rd)
{
    struct slot *slot = slot_of(rd);
    struct str text = word(rd, rd->event, STR("delta"));

    if (text.n > 0)
        begin_reasoning(rd, &slot->summary, event_bit(rd, STR("summary_index")));
    give_text(rd, CHAT_EVENT_REASONING, text);
}

static void read_thought_delta(struct reading *rd)
{
    struct slot *slot = slot_of(rd);
    struct str text = word(rd, rd->event, STR("delta"));

    if (text.n > 0)
        begin_reasoning(rd, &slot->parts, event_bit(rd, STR("content_index")));
    give_text(rd, CHAT_EVENT_REASONING, text);
}

static void give_thought(struct reading *rd, uint64_t *seen, uint64_t part, struct str text)
{
    if ((*seen & part) || text.n == 0)
        return;
    begin_reasoning(rd, seen, part);
    give_text(rd, CHAT_EVENT_REASONING, text);
}

static void read_summary_done(struct reading *rd)
{
    give_thought(rd, &slot_of(rd)->summary, event_bit(rd, STR("summary_index")),
                 word(rd, rd->event, STR("text")));
}

static void read_thought_done(struct reading *rd)
{
    give_thought(rd, &slot_of(rd)->parts, event_bit(rd, STR("content_index")),
                 word(rd, rd->event, STR("text")));
}

/* ---- calls ---- */

static void give_arguments(struct reading *rd, struct slot *slot, struct str text)
{
    if (text.n == 0)
        return;
    slot->has_arguments = true;
    give(rd,
         &(struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS, .tool = slot->tool, .text = text});
}

static void begin_call(struct reading *rd, struct slot *slot, const struct json *item, bool custom)
{
    struct str id = word(rd, item, STR("call_id"));

    if (slot->is_call)
        return;
    slot->is_call = true;
    slot->tool = rd->r->tools++;
    give(rd, &(struct chat_event){.kind = CHAT_EVENT_TOOL_CALL,
                                  .tool = slot->tool,
                                  .call = {.id = id.n > 0 ? id : word(rd, item, STR("id")),
                                           .ns = word(rd, item, STR("namespace")),
                                           .name = word(rd, item, STR("name")),
                                           .item_id = word(rd, item, STR("id")),
                                           .custom = custom}});
}

static void read_arguments_delta(struct reading *rd)
{
    struct slot *slot = slot_of(rd);

    if (slot->is_call)
        give_arguments(rd, slot, word(rd, rd->event, STR("delta")));
}

static void give_rest(struct reading *rd, struct slot *slot, struct str whole)
{
    if (slot->is_call && !slot->has_arguments)
        give_arguments(rd, slot, whole);
}

static void read_arguments_done(struct reading *rd)
{
    give_rest(rd, slot_of(rd), word(rd, rd->event, STR("arguments")));
}

static void read_input_done(struct reading *rd)
{
    give_rest(rd, slot_of(rd), word(rd, rd->event, STR("input")));
}

/* ---- whole items ---- */

typedef void item_fn(struct reading *rd, struct slot *slot, const struct json *item);

static void end_content(struct reading *rd, const struct json *part)
{
    bool refused = json_str_eq(json_get(part, STR("type")), STR("refusal"));

    give_text(rd, refused ? CHAT_EVENT_REFUSAL : CHAT_EVENT_TEXT,
              word(rd, part, refused ? STR("refusal") : STR("text")));
    give_logprobs(rd, json_get(part, STR("logprobs")));
}

/* An item of which anything was given out has given out all: its parts cannot be told by their
 * number, since there are upstreams whose events number them otherwise than the item does. */
static void end_message(struct reading *rd, struct slot *slot, const struct json *item)
{
    const struct json *role = json_get(item, STR("role"));
    bool is_new = slot->parts == 0;
    int64_t citation = 0;

    if (role && !json_str_eq(role, STR("assistant")))
        return;
    JSON_EACH (part, json_get(item, STR("content"))) {
        if (is_new)
            end_content(rd, part);
        JSON_EACH (annotation, json_get(part, STR("annotations"))) {
            if (citation++ >= slot->citations)
                give_citation(rd, annotation);
        }
    }
}

static void end_thoughts(struct reading *rd, uint64_t *seen, const struct json *parts)
{
    uint64_t before = *seen;
    int64_t index = 0;

    JSON_EACH (part, parts) {
        if (before == 0)
            give_thought(rd, seen, bit(index++), word(rd, part, STR("text")));
    }
}

static void end_reasoning(struct reading *rd, struct slot *slot, const struct json *item)
{
    struct str state = word(rd, item, STR("encrypted_content"));

    end_thoughts(rd, &slot->summary, json_get(item, STR("summary")));
    end_thoughts(rd, &slot->parts, json_get(item, STR("content")));
    if (state.n > 0)
        give(rd, &(struct chat_event){.kind = CHAT_EVENT_STATE,
                                      .state = {.origin = DIALECT_OPENAI_RESPONSES,
                                                .value = state,
                                                .id = word(rd, item, STR("id"))}});
}

static void end_function(struct reading *rd, struct slot *slot, const struct json *item)
{
    begin_call(rd, slot, item, false);
    give_rest(rd, slot, word(rd, item, STR("arguments")));
}

static void end_custom(struct reading *rd, struct slot *slot, const struct json *item)
{
    begin_call(rd, slot, item, true);
    give_rest(rd, slot, word(rd, item, STR("input")));
}

static void end_image(struct reading *rd, struct slot *slot UNUSED, const struct json *item)
{
    struct chat_event ev = {.kind = CHAT_EVENT_IMAGE};
    struct str format = word(rd, item, STR("output_format"));
    struct str result = word(rd, item, STR("result"));

    if (result.n == 0)
        return;
    rd->r->used.drawn[peek_drawn(item, USAGE_DRAWN_HIGH)]++; /* what is not told is the best */
    if (!chat_read_data_url(result, &ev.media.mime, &ev.media.data)) {
        ev.media.data = result;
        ev.media.mime =
            str_concat(rd->a, (struct str[]){STR("image/"), format.n > 0 ? format : STR("png")}, 2);
    }
    give(rd, &ev);
}

/* Opening a page, or looking for something on one, is no search. */
static void end_search(struct reading *rd, struct slot *slot UNUSED, const struct json *item)
{
    const struct json *type = json_get(json_get(item, STR("action")), STR("type"));

    if (!type || json_str_eq(type, STR("search")))
        rd->r->used.searches++;
}

/* A tool of the API's own: for clients of other dialects there is nothing to tell of it. */
static void note_other(struct reading *rd, struct slot *slot UNUSED, const struct json *item UNUSED)
{
    give(rd, &(struct chat_event){.kind = CHAT_EVENT_OTHER});
}

static void end_file_search(struct reading *rd, struct slot *slot, const struct json *item)
{
    rd->r->used.file_searches++;
    note_other(rd, slot, item);
}

static void end_item(struct reading *rd, struct slot *slot, const struct json *item)
{
    static const struct {
        struct str type;
        item_fn *end;
    } rows[] = {
        {STR_INIT("message"), end_message},
        {STR_INIT("function_call"), end_function},
        {STR_INIT("reasoning"), end_reasoning},
        {STR_INIT("custom_tool_call"), end_custom},
        {STR_INIT("web_search_call"), end_search},
        {STR_INIT("image_generation_call"), end_image},
        {STR_INIT("file_search_call"), end_file_search},
    };
    const struct json *type = json_get(item, STR("type"));

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (json_str_eq(type, rows[i].type)) {
            rows[i].end(rd, slot, item);
            return;
        }
    }
    note_other(rd, slot, item);
}

static bool is_tool_of_its_own(struct str type)
{
    return str_ends(type, STR("_call")) && !str_eq(type, STR("function_call")) &&
           !str_eq(type, STR("custom_tool_call"));
}

static void read_item_added(struct reading *rd)
{
    const struct json *item = json_get(rd->event, STR("item"));
    const struct json *type = json_get(item, STR("type"));
    struct slot *slot = slot_of(rd);

    /* A slot of the same index belongs to an item that was never done. */
    *slot = (struct slot){.used = true, .output = slot->output};
    if (json_str_eq(type, STR("function_call")))
        begin_call(rd, slot, item, false);
    else if (json_str_eq(type, STR("custom_tool_call")))
        begin_call(rd, slot, item, true);
    else if (is_tool_of_its_own(word(rd, item, STR("type"))))
        note_other(rd, slot, item);
}

static void read_item_done(struct reading *rd)
{
    struct slot *slot = slot_of(rd);

    end_item(rd, slot, json_get(rd->event, STR("item")));
    slot->used = false;
}

/* ---- the end ---- */

static void give_usage(struct reading *rd, const struct json *v)
{
    const struct json *in = json_get(v, STR("input_tokens_details"));
    const struct json *out = json_get(v, STR("output_tokens_details"));
    struct usage usage = rd->r->used;

    if (!json_is(v, JSON_OBJECT))
        return;
    usage.reported = true;
    usage.prompt = json_i64_or(json_get(v, STR("input_tokens")), 0);
    usage.completion = json_i64_or(json_get(v, STR("output_tokens")), 0);
    usage.cached = json_i64_or(json_get(in, STR("cached_tokens")), 0);
    usage.cache_write = json_i64_or(json_get(in, STR("cache_write_tokens")), 0);
    usage.audio_in = json_i64_or(json_get(in, STR("audio_tokens")), 0);
    usage.image_in = json_i64_or(json_get(in, STR("image_tokens")), 0);
    usage.reasoning = json_i64_or(json_get(out, STR("reasoning_tokens")), 0);
    usage.audio_out = json_i64_or(json_get(out, STR("audio_tokens")), 0);
    usage.image_out = json_i64_or(json_get(out, STR("image_tokens")), 0);
    chat_emit_usage(rd->sink, &usage);
}

/* Items of a response of which no event has told. */
static void give_output(struct reading *rd, const struct json *response)
{
    if (rd->r->has_items)
        return;
    JSON_EACH (item, json_get(response, STR("output"))) {
        struct slot slot = {0};

        end_item(rd, &slot, item);
    }
}

static void finish(struct reading *rd, const struct json *response, enum chat_finish why)
{
    start(rd, response);
    give_output(rd, response);
    give_usage(rd, json_get(response, STR("usage")));
    if (why == CHAT_FINISH_STOP && rd->r->tools > 0)
        why = CHAT_FINISH_TOOL_CALLS;
    chat_emit_finish(rd->sink, 0, why);
    give(rd, &(struct chat_event){.kind = CHAT_EVENT_END});
    rd->r->ended = true;
}

static void read_completed(struct reading *rd)
{
    finish(rd, json_get(rd->event, STR("response")), CHAT_FINISH_STOP);
}

static enum chat_finish incomplete_reason(const struct json *response)
{
    const struct json *details = json_get(response, STR("incomplete_details"));

    return json_str_eq(json_get(details, STR("reason")), STR("content_filter"))
               ? CHAT_FINISH_FILTER
               : CHAT_FINISH_LENGTH;
}

static void read_incomplete(struct reading *rd)
{
    const struct json *response = json_get(rd->event, STR("response"));

    finish(rd, response, incomplete_reason(response));
}

static int status_of(const struct openai_error *error)
{
    static const struct {
        struct str word;
        int status;
    } rows[] = {
        {STR_INIT("rate_limit"), 429},
        {STR_INIT("insufficient_quota"), 429},
        {STR_INIT("too_many_requests"), 429},
        {STR_INIT("usage_limit"), 429},
        {STR_INIT("overloaded"), 503},
        {STR_INIT("slow_down"), 503},
        {STR_INIT("server_error"), 500},
        {STR_INIT("invalid_api_key"), 401},
        {STR_INIT("authentication"), 401},
        {STR_INIT("permission"), 403},
        {STR_INIT("not_found"), 404},
        {STR_INIT("context_length"), 400},
        {STR_INIT("invalid"), 400},
        {STR_INIT("image"), 400},
        {STR_INIT("policy"), 400},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_has(error->code, rows[i].word) || str_has(error->type, rows[i].word))
            return rows[i].status;
    }
    return 500;
}

static void give_error(struct reading *rd, const struct json *v)
{
    struct chat_event ev = {.kind = CHAT_EVENT_ERROR};
    struct str type = word(rd, v, STR("type"));
    const struct json *code = json_get(v, STR("code"));

    ev.error.message = word(rd, v, STR("message"));
    if (ev.error.message.n == 0)
        ev.error.message = STR("the upstream ended the response without saying why");
    ev.error.type = type.n > 0 && !str_eq(type, STR("error")) ? type : STR("upstream_error");
    ev.error.param = word(rd, v, STR("param"));
    ev.error.code = json_str_or_null(rd->a, code);
    ev.status = status_of(&ev.error);
    if (json_is(code, JSON_NUMBER)) { /* some gateways put the status there */
        int64_t status = json_i64_or(code, 0);

        ev.error.code_raw = json_raw(code);
        ev.status = status >= 400 && status <= 599 ? (int)status : ev.status;
    }
    give(rd, &ev);
    rd->r->ended = true;
}

static void fail(struct reading *rd, const struct json *response)
{
    start(rd, response);
    give_output(rd, response);
    give_usage(rd, json_get(response, STR("usage")));
    give_error(rd, json_get(response, STR("error")));
}

static void read_failed(struct reading *rd)
{
    fail(rd, json_get(rd->event, STR("response")));
}

/* The reference has the members in the event, the service sends them in `error`. */
static void read_error(struct reading *rd)
{
    const struct json *inner = json_get(rd->event, STR("error"));

    give_error(rd, json_is(inner, JSON_OBJECT) ? inner : rd->event);
}

static void read_created(struct reading *rd)
{
    start(rd, json_get(rd->event, STR("response")));
}

/* ---- events ---- */

static const struct {
    struct str type;
    void (*read)(struct reading *rd);
} rows[] = {
    {STR_INIT("response.output_text.delta"), read_text_delta},
    {STR_INIT("response.reasoning_summary_text.delta"), read_summary_delta},
    {STR_INIT("response.reasoning_text.delta"), read_thought_delta},
    {STR_INIT("response.function_call_arguments.delta"), read_arguments_delta},
    {STR_INIT("response.custom_tool_call_input.delta"), read_arguments_delta},
    {STR_INIT("response.refusal.delta"), read_refusal_delta},
    {STR_INIT("response.output_text.done"), read_text_done},
    {STR_INIT("response.reasoning_summary_text.done"), read_summary_done},
    {STR_INIT("response.reasoning_text.done"), read_thought_done},
    {STR_INIT("response.function_call_arguments.done"), read_arguments_done},
    {STR_INIT("response.custom_tool_call_input.done"), read_input_done},
    {STR_INIT("response.refusal.done"), read_refusal_done},
    {STR_INIT("response.output_text.annotation.added"), read_annotation},
    {STR_INIT("response.output_item.added"), read_item_added},
    {STR_INIT("response.output_item.done"), read_item_done},
    {STR_INIT("response.created"), read_created},
    {STR_INIT("response.in_progress"), read_created},
    {STR_INIT("response.queued"), read_created},
    {STR_INIT("response.completed"), read_completed},
    {STR_INIT("response.incomplete"), read_incomplete},
    {STR_INIT("response.failed"), read_failed},
    {STR_INIT("response.cancelled"), read_failed},
    {STR_INIT("error"), read_error},
};

void *responses_reader_new(struct arena *a)
{
    return arena_new(a, struct reader);
}

enum err_code responses_read_event(void *reader, struct arena *scratch, const struct sse_event *ev,
                                   const struct chat_sink *sink, struct err *err)
{
    struct reading rd = {.r = reader, .a = scratch, .sink = sink};
    struct str type;

    if (rd.r->ended || str_starts(str_trim(ev->data), STR("[DONE]")))
        return ERR_OK;
    if (json_read(scratch, ev->data, JSON_DEPTH_DEFAULT, &rd.event, NULL) != ERR_OK ||
        !json_is(rd.event, JSON_OBJECT))
        return err_set(err, ERR_UPSTREAM_BODY, "an event of the stream is no JSON object");
    type = word(&rd, rd.event, STR("type"));
    if (type.n == 0)
        type = json_is(json_get(rd.event, STR("error")), JSON_OBJECT) ? STR("error") : ev->type;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(type, rows[i].type)) {
            rows[i].read(&rd);
            break;
        }
    }
    return ERR_OK;
}

void responses_read_end(void *reader UNUSED, const struct chat_sink *sink UNUSED)
{
}

/* ---- a whole answer ---- */

static enum err_code read_status(struct reading *rd, const struct json *response, struct err *err)
{
    const struct json *status = json_get(response, STR("status"));

    if (json_str_eq(status, STR("failed")) || json_str_eq(status, STR("cancelled")) ||
        json_is(json_get(response, STR("error")), JSON_OBJECT))
        fail(rd, response);
    else if (json_str_eq(status, STR("incomplete")))
        finish(rd, response, incomplete_reason(response));
    else if (json_str_eq(status, STR("queued")) || json_str_eq(status, STR("in_progress")))
        return err_set(err, ERR_UPSTREAM_BODY, "the upstream's response is not complete yet");
    else
        finish(rd, response, CHAT_FINISH_STOP);
    return ERR_OK;
}

enum err_code responses_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                    struct err *err)
{
    struct reading rd = {.r = arena_new(a, struct reader), .a = a, .sink = sink};
    const struct json *root;

    if (json_read(a, body, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return err_set(err, ERR_UPSTREAM_BODY, "the upstream's answer is no JSON");
    if (!json_is(json_get(root, STR("output")), JSON_ARRAY) &&
        !json_is(json_get(root, STR("error")), JSON_OBJECT))
        return err_set(err, ERR_UPSTREAM_BODY, "the upstream's answer has no output");
    return read_status(&rd, root, err);
}
