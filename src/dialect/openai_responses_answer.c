/*
 * The writer of an answer: canonical events become the API's events in their order, or, for a whole
 * answer, only what they leave behind, the response object.
 *
 * A message or a reasoning item is open until something else begins. Calls stay open until the
 * answer is finished, since the pieces of several may come in turns. Numbers of items, parts and
 * events have no gaps.
 */
#include "dialect/openai_responses_answer.h"

#include "base/map.h"
#include "base/text.h"

enum { ITEM_COST_BYTES = 512 }; /* what an item or a part counts beside its text */

struct writer {
    struct responses_output answer;
    struct responses_item *open; /* message or reasoning; NULL: none */
    struct responses_content *last_text;
    struct chat_state held; /* of the open text; value empty: none */
    struct map calls;       /* items of calls by the events' number */
    struct map tools;       /* the client's by their flat names; empty until there is a call */
    struct sb *out;         /* NULL: a whole answer is collected, no events are written */
    struct sb line, piece;
    struct json_writer w;
    struct str type; /* of the event being written */
    int64_t sequence;
    size_t kept_bytes;
    enum chat_finish finish;
    bool begun, ended, too_large;
};

/* ---- keeping ---- */

static bool take(struct writer *wr, size_t bytes)
{
    if (bytes > RESPONSES_KEPT_MAX - wr->kept_bytes) {
        wr->too_large = true;
        return false;
    }
    wr->kept_bytes += bytes;
    return true;
}

static void keep_in(struct writer *wr, struct sb *sb, struct str s)
{
    if (take(wr, s.n))
        sb_add(sb, s);
}

static struct str keep(struct writer *wr, struct str s)
{
    return s.n > 0 && take(wr, s.n) ? str_dup(wr->answer.arena, s) : STR_NULL;
}

static void new_builder(struct writer *wr, struct sb *sb, size_t limit)
{
    sb_init(sb, limit);
    arena_defer(wr->answer.arena, sb_finip, sb);
}

/* Adds a value to a JSON array that is kept closed. */
static void keep_in_array(struct writer *wr, struct sb *array, struct str value)
{
    if (!take(wr, value.n + 2))
        return;
    if (array->n > 0)
        array->n--; /* its bracket */
    sb_add_char(array, array->n > 0 ? ',' : '[');
    sb_add(array, value);
    sb_add_char(array, ']');
}

/* ---- events ---- */

/* Opens an event. False: a whole answer is collected, and nothing is to be written. */
static bool begin(struct writer *wr, struct str type)
{
    if (!wr->out)
        return false;
    sb_reset(&wr->line);
    jw_init(&wr->w, &wr->line);
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), type);
    jw_key_i64(&wr->w, STR("sequence_number"), wr->sequence++);
    wr->type = type;
    return true;
}

static void send(struct writer *wr)
{
    jw_end(&wr->w);
    if (!sb_failed(&wr->line))
        sse_write_event(wr->out, wr->type, sb_str(&wr->line));
}

static bool begin_of_item(struct writer *wr, struct str type, const struct responses_item *item)
{
    if (!begin(wr, type))
        return false;
    jw_key_str(&wr->w, STR("item_id"), item->id);
    jw_key_i64(&wr->w, STR("output_index"), item->index);
    return true;
}

static bool begin_of_part(struct writer *wr, struct str type, const struct responses_item *item,
                          const struct responses_content *part)
{
    if (!begin_of_item(wr, type, item))
        return false;
    jw_key_i64(&wr->w, STR("content_index"), part->index);
    return true;
}

static void send_response(struct writer *wr, struct str type, bool whole)
{
    if (!begin(wr, type))
        return;
    jw_key(&wr->w, STR("response"));
    responses_write_object(&wr->w, &wr->answer, whole);
    send(wr);
}

static void send_item(struct writer *wr, struct str type, const struct responses_item *item)
{
    if (!begin(wr, type))
        return;
    jw_key_i64(&wr->w, STR("output_index"), item->index);
    jw_key(&wr->w, STR("item"));
    responses_write_item(&wr->w, item);
    send(wr);
}

static void send_part(struct writer *wr, struct str type, const struct responses_item *item,
                      const struct responses_content *part)
{
    if (!begin_of_part(wr, type, item, part))
        return;
    jw_key(&wr->w, STR("part"));
    responses_write_part(&wr->w, part);
    send(wr);
}

/* An event of an item with one text. */
static void send_text(struct writer *wr, struct str type, const struct responses_item *item,
                      struct str key, struct str text)
{
    if (!begin_of_item(wr, type, item))
        return;
    if (item->kind == RESPONSES_ITEM_REASONING)
        jw_key_i64(&wr->w, STR("summary_index"), 0);
    jw_key_str(&wr->w, key, text);
    send(wr);
}

/* ---- the response begins ---- */

static void begin_response(struct writer *wr, const struct chat_event *ev)
{
    struct responses_output *answer = &wr->answer;
    const struct answer_conf *conf = answer->conf;

    if (wr->begun)
        return;
    wr->begun = true;
    answer->id = str_starts(ev->id, STR("resp_"))
                     ? keep(wr, ev->id)
                     : str_concat(answer->arena, (struct str[]){STR("resp_"), conf->id}, 2);
    answer->model = conf->model.n > 0 ? conf->model : keep(wr, ev->model);
    answer->created_s = ev->created_s > 0 ? ev->created_s : conf->now_s;
    answer->status = STR("in_progress");
    send_response(wr, STR("response.created"), false);
    send_response(wr, STR("response.in_progress"), false);
}

/* ---- items begin ---- */

static struct responses_item *new_item(struct writer *wr, enum responses_item_kind kind)
{
    static const char *const prefixes[] = {
        [RESPONSES_ITEM_MESSAGE] = "msg", [RESPONSES_ITEM_REASONING] = "rs",
        [RESPONSES_ITEM_FUNCTION] = "fc", [RESPONSES_ITEM_CUSTOM] = "ctc",
        [RESPONSES_ITEM_IMAGE] = "ig",    [RESPONSES_ITEM_SEARCH] = "tsc",
    };
    struct responses_output *answer = &wr->answer;
    struct responses_item *item = arena_new(answer->arena, struct responses_item);

    (void)take(wr, ITEM_COST_BYTES);
    item->kind = kind;
    item->index = answer->count++;
    item->id = arena_fmt(answer->arena, "%s_%.*s%u", prefixes[kind], STR_ARG(answer->conf->id),
                         item->index);
    item->status = STR("in_progress");
    item->open = true;
    new_builder(wr, &item->text, RESPONSES_KEPT_MAX);
    if (answer->last)
        answer->last->next = item;
    else
        answer->first = item;
    answer->last = item;
    return item;
}

static struct responses_content *new_part(struct writer *wr, struct responses_item *item,
                                          bool refusal)
{
    struct responses_content *part = arena_new(wr->answer.arena, struct responses_content);

    (void)take(wr, ITEM_COST_BYTES);
    part->refusal = refusal;
    part->index = item->last ? item->last->index + 1 : 0;
    new_builder(wr, &part->text, RESPONSES_KEPT_MAX);
    new_builder(wr, &part->annotations, (size_t)2 * RESPONSES_KEPT_MAX);
    new_builder(wr, &part->logprobs, (size_t)2 * RESPONSES_KEPT_MAX);
    if (item->last)
        item->last->next = part;
    else
        item->first = part;
    item->last = part;
    if (!refusal)
        wr->last_text = part;
    send_part(wr, STR("response.content_part.added"), item, part);
    return part;
}

/* ---- items end ---- */

static void end_part(struct writer *wr, const struct responses_item *item,
                     const struct responses_content *part)
{
    struct str type =
        part->refusal ? STR("response.refusal.done") : STR("response.output_text.done");

    if (begin_of_part(wr, type, item, part)) {
        jw_key_str(&wr->w, part->refusal ? STR("refusal") : STR("text"), sb_str(&part->text));
        if (!part->refusal)
            jw_key_raw(&wr->w, STR("logprobs"),
                       part->logprobs.n > 0 ? sb_str(&part->logprobs) : STR("[]"));
        send(wr);
    }
    send_part(wr, STR("response.content_part.done"), item, part);
}

static void end_message(struct writer *wr, struct responses_item *item)
{
    if (item->last)
        end_part(wr, item, item->last);
}

static void send_summary_part(struct writer *wr, struct str type, const struct responses_item *item,
                              struct str text)
{
    if (!begin_of_item(wr, type, item))
        return;
    jw_key_i64(&wr->w, STR("summary_index"), 0);
    jw_key(&wr->w, STR("part"));
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("summary_text"));
    jw_key_str(&wr->w, STR("text"), text);
    jw_end(&wr->w);
    send(wr);
}

static void end_reasoning(struct writer *wr, struct responses_item *item)
{
    struct str text = sb_str(&item->text);

    if (text.n == 0)
        return;
    send_text(wr, STR("response.reasoning_summary_text.done"), item, STR("text"), text);
    send_summary_part(wr, STR("response.reasoning_summary_part.done"), item, text);
}

static void end_function(struct writer *wr, struct responses_item *item)
{
    bool cut = str_eq(item->status, STR("incomplete"));

    if (!cut && str_trim(sb_str(&item->text)).n == 0) {
        sb_reset(&item->text);
        sb_add(&item->text, STR("{}"));
    }
    send_text(wr, STR("response.function_call_arguments.done"), item, STR("arguments"),
              sb_str(&item->text));
}

/* The free text that a custom tool's stand-in got as its one parameter. */
static void unwrap(struct writer *wr, struct responses_item *item)
{
    const struct json *root;
    struct str input;

    if (json_read(wr->answer.arena, sb_str(&item->text), JSON_DEPTH_DEFAULT, &root, NULL) ==
            ERR_OK &&
        json_str(wr->answer.arena, json_get(root, STR("input")), &input)) {
        input = str_dup(wr->answer.arena, input);
        sb_reset(&item->text);
        sb_add(&item->text, input);
    }
    if (item->text.n > 0)
        send_text(wr, STR("response.custom_tool_call_input.delta"), item, STR("delta"),
                  sb_str(&item->text));
}

static void end_custom(struct writer *wr, struct responses_item *item)
{
    if (item->wrapped)
        unwrap(wr, item);
    send_text(wr, STR("response.custom_tool_call_input.done"), item, STR("input"),
              sb_str(&item->text));
}

/* Arguments that are no object would make no item. */
static void end_search(struct writer *wr, struct responses_item *item)
{
    const struct json *root;

    if (json_read(wr->answer.arena, sb_str(&item->text), JSON_DEPTH_DEFAULT, &root, NULL) ==
            ERR_OK &&
        json_is(root, JSON_OBJECT))
        return;
    sb_reset(&item->text);
    sb_add(&item->text, STR("{}"));
}

static void end_image(struct writer *wr, struct responses_item *item)
{
    if (begin_of_item(wr, STR("response.image_generation_call.completed"), item))
        send(wr);
}

/* An answer that ended early was cut in its last item. */
static bool is_cut(const struct writer *wr, const struct responses_item *item)
{
    return !item->next && (wr->finish == CHAT_FINISH_LENGTH || wr->finish == CHAT_FINISH_FILTER);
}

static void end_item(struct writer *wr, struct responses_item *item)
{
    static void (*const rows[])(struct writer *, struct responses_item *) = {
        [RESPONSES_ITEM_MESSAGE] = end_message,   [RESPONSES_ITEM_REASONING] = end_reasoning,
        [RESPONSES_ITEM_FUNCTION] = end_function, [RESPONSES_ITEM_CUSTOM] = end_custom,
        [RESPONSES_ITEM_IMAGE] = end_image,       [RESPONSES_ITEM_SEARCH] = end_search,
    };

    item->open = false;
    item->status = is_cut(wr, item) ? STR("incomplete") : STR("completed");
    rows[item->kind](wr, item);
    send_item(wr, STR("response.output_item.done"), item);
    if (wr->open == item)
        wr->open = NULL;
}

static void end_open(struct writer *wr)
{
    if (wr->open)
        end_item(wr, wr->open);
}

static void end_all(struct writer *wr)
{
    for (struct responses_item *item = wr->answer.first; item; item = item->next) {
        if (item->open)
            end_item(wr, item);
    }
}

/* ---- text ---- */

/* The part that text of the kind goes on in. */
static struct responses_content *open_part(struct writer *wr, bool refusal)
{
    if (!wr->open || wr->open->kind != RESPONSES_ITEM_MESSAGE) {
        end_open(wr);
        wr->open = new_item(wr, RESPONSES_ITEM_MESSAGE);
        send_item(wr, STR("response.output_item.added"), wr->open);
    }
    if (wr->open->last && wr->open->last->refusal == refusal)
        return wr->open->last;
    if (wr->open->last)
        end_part(wr, wr->open, wr->open->last);
    return new_part(wr, wr->open, refusal);
}

static void send_delta(struct writer *wr, const struct responses_content *part, struct str text,
                       struct str logprobs)
{
    struct str type =
        part->refusal ? STR("response.refusal.delta") : STR("response.output_text.delta");

    if (!begin_of_part(wr, type, wr->open, part))
        return;
    jw_key_str(&wr->w, STR("delta"), text);
    if (!part->refusal)
        jw_key_raw(&wr->w, STR("logprobs"), logprobs);
    send(wr);
}

static void add_text(struct writer *wr, bool refusal, struct str text)
{
    struct responses_content *part;

    if (text.n == 0)
        return;
    part = open_part(wr, refusal);
    part->chars += (int64_t)utf8_count(text);
    keep_in(wr, &part->text, text);
    send_delta(wr, part, text, STR("[]"));
}

static void write_text(struct writer *wr, const struct chat_event *ev)
{
    add_text(wr, ev->kind == CHAT_EVENT_REFUSAL, ev->text);
}

/* Sound has no place in this API's answers; what is said in it has. */
static void write_audio(struct writer *wr, const struct chat_event *ev)
{
    add_text(wr, false, ev->text);
}

/* Whether the part that text went to last can still be told of in events. */
static bool is_being_written(const struct writer *wr, const struct responses_content *part)
{
    return wr->open && wr->open->last == part;
}

static void write_logprobs(struct writer *wr, const struct chat_event *ev)
{
    struct str raw = str_trim(ev->raw), inner;
    struct responses_content *part = wr->last_text;

    if (raw.n < 2 || raw.p[0] != '[' || raw.p[raw.n - 1] != ']')
        return;
    inner = str_trim(str_sub(raw, 1, raw.n - 2));
    if (inner.n == 0)
        return;
    if (!part)
        part = open_part(wr, false);
    keep_in_array(wr, &part->logprobs, inner);
    if (is_being_written(wr, part))
        send_delta(wr, part, STR_NULL, raw);
}

/* Where the upstream does not say what the citation belongs to it stands at the text's end. */
static struct str citation_json(struct writer *wr, const struct chat_citation *c, int64_t chars)
{
    bool known = c->start >= 0 && c->end >= c->start;
    struct json_writer w;

    sb_reset(&wr->piece);
    jw_init(&w, &wr->piece);
    jw_object(&w);
    jw_key_str(&w, STR("type"), STR("url_citation"));
    jw_key_i64(&w, STR("start_index"), known ? c->start : chars);
    jw_key_i64(&w, STR("end_index"), known ? c->end : chars);
    jw_key_str(&w, STR("title"), c->title);
    jw_key_str(&w, STR("url"), c->url);
    jw_end(&w);
    return sb_str(&wr->piece);
}

static void write_citation(struct writer *wr, const struct chat_event *ev)
{
    struct responses_content *part = wr->last_text;
    struct str annotation;

    if (ev->citation.url.n == 0)
        return;
    if (!part)
        part = open_part(wr, false);
    annotation = citation_json(wr, &ev->citation, part->chars);
    keep_in_array(wr, &part->annotations, annotation);
    if (is_being_written(wr, part) &&
        begin_of_part(wr, STR("response.output_text.annotation.added"), wr->open, part)) {
        jw_key_i64(&wr->w, STR("annotation_index"), part->annotation_count);
        jw_key_raw(&wr->w, STR("annotation"), annotation);
        send(wr);
    }
    part->annotation_count++;
}

/* ---- reasoning ---- */

static void open_reasoning(struct writer *wr)
{
    end_open(wr);
    wr->open = new_item(wr, RESPONSES_ITEM_REASONING);
    send_item(wr, STR("response.output_item.added"), wr->open);
}

static void write_reasoning(struct writer *wr, const struct chat_event *ev)
{
    if (ev->text.n == 0)
        return;
    if (!wr->open || wr->open->kind != RESPONSES_ITEM_REASONING)
        open_reasoning(wr);
    if (wr->open->text.n == 0)
        send_summary_part(wr, STR("response.reasoning_summary_part.added"), wr->open, STR_NULL);
    keep_in(wr, &wr->open->text, ev->text);
    send_text(wr, STR("response.reasoning_summary_text.delta"), wr->open, STR("delta"), ev->text);
}

static void add_state(struct writer *wr, const struct chat_state *state,
                      enum responses_state_kind kind)
{
    struct str value = responses_state_write(wr->answer.arena, state, kind);

    if (!wr->open || wr->open->kind != RESPONSES_ITEM_REASONING || kind == RESPONSES_STATE_CALL ||
        state->redacted)
        open_reasoning(wr);
    wr->open->encrypted = keep(wr, value);
    end_open(wr);
}

static void write_held(struct writer *wr)
{
    struct chat_state state = wr->held;

    wr->held = (struct chat_state){0};
    if (state.value.n > 0)
        add_state(wr, &state, RESPONSES_STATE_PLAIN);
}

/* An item of its own, which ends an open text; that may yet be cited. */
static void write_state(struct writer *wr, const struct chat_event *ev)
{
    if (ev->state.value.n == 0)
        return;
    wr->held = ev->state;
    wr->held.value = keep(wr, ev->state.value);
    if (!wr->open || wr->open->kind != RESPONSES_ITEM_MESSAGE)
        write_held(wr);
}

/* ---- calls ---- */

/* Upstreams without namespaces call a tool by its flat name; a name as it is goes first. */
static void map_tools(struct writer *wr)
{
    const struct chat_request *r = wr->answer.conf->request;

    if (!r || wr->tools.count > 0)
        return;
    for (struct chat_tool *tool = r->tools; tool; tool = tool->next) {
        struct str flat = chat_flat_name(wr->answer.arena, tool->ns, tool->name);

        if (tool->name.n > 0 && !map_find(&wr->tools, flat))
            (void)map_put(&wr->tools, flat, tool);
    }
    for (struct chat_tool *tool = r->tools; tool; tool = tool->next) {
        if (tool->ns.n == 0 && tool->name.n > 0)
            (void)map_put(&wr->tools, tool->name, tool);
    }
}

/* The tool under the client's names. */
static const struct chat_tool *client_tool(struct writer *wr, const struct chat_tool_call *call)
{
    const struct chat_request *r = wr->answer.conf->request;

    if (call->ns.n > 0)
        return r ? chat_find_tool(r, call->ns, call->name) : NULL;
    map_tools(wr);
    return map_find(&wr->tools, call->name);
}

static enum responses_item_kind kind_of_call(const struct chat_tool_call *call,
                                             const struct chat_tool *tool)
{
    if (call->custom || (tool && tool->kind == CHAT_TOOL_CUSTOM))
        return RESPONSES_ITEM_CUSTOM;
    return tool && responses_is_search(tool) ? RESPONSES_ITEM_SEARCH : RESPONSES_ITEM_FUNCTION;
}

static struct responses_item *new_call(struct writer *wr, const struct chat_tool_call *call)
{
    const struct chat_tool *tool = client_tool(wr, call);
    struct responses_item *item = new_item(wr, kind_of_call(call, tool));

    item->wrapped = item->kind == RESPONSES_ITEM_CUSTOM && !call->custom;
    item->name = tool ? tool->name : keep(wr, call->name);
    item->ns = tool ? tool->ns : keep(wr, call->ns);
    item->call_id = call->id.n > 0 ? keep(wr, call->id)
                                   : arena_fmt(wr->answer.arena, "call_%.*s%u",
                                               STR_ARG(wr->answer.conf->id), item->index);
    return item;
}

static void write_call(struct writer *wr, const struct chat_event *ev)
{
    struct responses_item *item;

    if (map_find_u64(&wr->calls, ev->tool))
        return;
    if (ev->state.value.n > 0)
        add_state(wr, &ev->state, RESPONSES_STATE_CALL);
    end_open(wr);
    item = new_call(wr, &ev->call);
    (void)map_put_u64(&wr->calls, ev->tool, item);
    send_item(wr, STR("response.output_item.added"), item);
}

static void write_arguments(struct writer *wr, const struct chat_event *ev)
{
    struct responses_item *item = map_find_u64(&wr->calls, ev->tool);

    if (!item || !item->open || ev->text.n == 0)
        return;
    keep_in(wr, &item->text, ev->text);
    if (item->wrapped || item->kind == RESPONSES_ITEM_SEARCH)
        return;
    send_text(wr,
              item->kind == RESPONSES_ITEM_CUSTOM ? STR("response.custom_tool_call_input.delta")
                                                  : STR("response.function_call_arguments.delta"),
              item, STR("delta"), ev->text);
}

/* ---- images ---- */

/* An image that is only somewhere has no item of its own; its address goes into the text. */
static void write_image_url(struct writer *wr, struct str url)
{
    if (url.n > 0)
        add_text(wr, false,
                 str_concat(wr->answer.arena, (struct str[]){STR("![image]("), url, STR(")")}, 3));
}

static void write_image(struct writer *wr, const struct chat_event *ev)
{
    const struct chat_media *m = &ev->media;
    struct responses_item *item;

    if (m->data.n == 0) {
        write_image_url(wr, m->url);
        return;
    }
    end_open(wr);
    item = new_item(wr, RESPONSES_ITEM_IMAGE);
    send_item(wr, STR("response.output_item.added"), item);
    if (begin_of_item(wr, STR("response.image_generation_call.in_progress"), item))
        send(wr);
    if (begin_of_item(wr, STR("response.image_generation_call.generating"), item))
        send(wr);
    if (str_starts(m->mime, STR("image/")))
        item->format = keep(wr, str_skip(m->mime, sizeof "image/" - 1));
    keep_in(wr, &item->text, m->data);
    end_item(wr, item);
}

/* ---- the end ---- */

static void write_finish(struct writer *wr, const struct chat_event *ev)
{
    wr->finish = ev->finish;
    end_all(wr);
}

static void write_usage(struct writer *wr, const struct chat_event *ev)
{
    wr->answer.usage = ev->usage;
    wr->answer.has_usage = true;
}

static void note_status(struct writer *wr)
{
    struct responses_output *answer = &wr->answer;

    answer->status = STR("incomplete");
    if (wr->finish == CHAT_FINISH_LENGTH)
        answer->incomplete_reason = STR("max_output_tokens");
    else if (wr->finish == CHAT_FINISH_FILTER)
        answer->incomplete_reason = STR("content_filter");
    else
        answer->status = STR("completed");
}

static void write_end(struct writer *wr, const struct chat_event *ev UNUSED)
{
    end_all(wr);
    note_status(wr);
    wr->ended = true;
    if (wr->answer.conf->items)
        responses_list_items(&wr->answer, wr->answer.conf->items);
    send_response(wr,
                  wr->answer.incomplete_reason.n > 0 ? STR("response.incomplete")
                                                     : STR("response.completed"),
                  true);
}

/* Before the response has begun the error stands alone, else the response ends with it, too. Items
 * that are open stay so: what was not said is not made up. */
static void end_with_error(struct writer *wr, int status, const struct openai_error *error)
{
    struct responses_output *answer = &wr->answer;

    answer->error = responses_complete_error(status, error);
    if (answer->error.message.n == 0)
        answer->error.message = STR("the upstream failed");
    if (answer->error.code.n == 0 && status == 429)
        answer->error.code = STR("rate_limit_exceeded");
    answer->status = STR("failed");
    for (struct responses_item *item = answer->first; item; item = item->next)
        item->status = item->open ? STR("incomplete") : item->status;
    if (begin(wr, STR("error"))) {
        responses_write_error_members(&wr->w, &answer->error);
        send(wr);
    }
    if (wr->begun)
        send_response(wr, STR("response.failed"), true);
    wr->ended = true;
}

/* The texts of an error live as long as the event; those of a whole answer as long as the fold. */
static void write_error(struct writer *wr, const struct chat_event *ev)
{
    end_with_error(wr, ev->status, &ev->error);
}

/* ---- the dialect's functions ---- */

static void write_start(struct writer *wr UNUSED, const struct chat_event *ev UNUSED)
{
}

static void end_maps(void *writer)
{
    struct writer *wr = writer;

    map_fini(&wr->calls);
    map_fini(&wr->tools);
}

void *responses_writer_new(struct arena *a, const struct answer_conf *conf)
{
    struct writer *wr = arena_new(a, struct writer);

    wr->answer.arena = a;
    wr->answer.conf = conf;
    new_builder(wr, &wr->line, RESPONSES_LINE_MAX);
    new_builder(wr, &wr->piece, RESPONSES_KEPT_MAX);
    map_init(&wr->calls);
    map_init(&wr->tools);
    arena_defer(a, end_maps, wr);
    return wr;
}

/* The API has one answer: what belongs to a second choice is left out. */
static void write_one(struct writer *wr, const struct chat_event *ev)
{
    static void (*const rows[])(struct writer *, const struct chat_event *) = {
        [CHAT_EVENT_START] = write_start,
        [CHAT_EVENT_TEXT] = write_text,
        [CHAT_EVENT_REFUSAL] = write_text,
        [CHAT_EVENT_REASONING] = write_reasoning,
        [CHAT_EVENT_STATE] = write_state,
        [CHAT_EVENT_TOOL_CALL] = write_call,
        [CHAT_EVENT_TOOL_ARGUMENTS] = write_arguments,
        [CHAT_EVENT_CITATION] = write_citation,
        [CHAT_EVENT_AUDIO] = write_audio,
        [CHAT_EVENT_IMAGE] = write_image,
        [CHAT_EVENT_LOGPROBS] = write_logprobs,
        [CHAT_EVENT_FINISH] = write_finish,
        [CHAT_EVENT_USAGE] = write_usage,
        [CHAT_EVENT_ERROR] = write_error,
        [CHAT_EVENT_END] = write_end,
    };

    if (wr->ended || ev->choice > 0 || ev->kind == CHAT_EVENT_OTHER)
        return;
    if (ev->kind != CHAT_EVENT_ERROR)
        begin_response(wr, ev);
    if (ev->kind != CHAT_EVENT_CITATION && ev->kind != CHAT_EVENT_LOGPROBS &&
        ev->kind != CHAT_EVENT_USAGE)
        write_held(wr);
    rows[ev->kind](wr, ev);
    if (wr->too_large && !wr->ended)
        end_with_error(
            wr, 502,
            &(struct openai_error){.message = STR("the answer is larger than this API can repeat"),
                                   .code = STR("server_error")});
}

void responses_write_event(void *writer, const struct chat_event *ev, struct sb *out)
{
    struct writer *wr = writer;

    wr->out = out;
    write_one(wr, ev);
}

static void collect(void *ctx, const struct chat_event *ev)
{
    write_one(ctx, ev);
}

void responses_write_answer(struct arena *a, const struct answer_conf *conf,
                            const struct chat_answer *answer, struct sb *out)
{
    struct writer *wr = responses_writer_new(a, conf);
    struct json_writer w;

    chat_unfold(answer, &(struct chat_sink){collect, wr});
    write_held(wr);
    if (!wr->ended)
        write_end(wr, NULL);
    jw_init(&w, out);
    responses_write_object(&w, &wr->answer, true);
}
