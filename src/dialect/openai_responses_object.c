/*
 * Output items and the response object, which echoes what the request asked for.
 */
#include "dialect/openai_responses_answer.h"

/* ---- items ---- */

static void write_list(struct json_writer *w, struct str key, const struct sb *array)
{
    jw_key_raw(w, key, array->n > 0 ? sb_str(array) : STR("[]"));
}

void responses_write_part(struct json_writer *w, const struct responses_content *part)
{
    jw_object(w);
    if (part->refusal) {
        jw_key_str(w, STR("type"), STR("refusal"));
        jw_key_str(w, STR("refusal"), sb_str(&part->text));
    } else {
        jw_key_str(w, STR("type"), STR("output_text"));
        write_list(w, STR("annotations"), &part->annotations);
        write_list(w, STR("logprobs"), &part->logprobs);
        jw_key_str(w, STR("text"), sb_str(&part->text));
    }
    jw_end(w);
}

static void write_message(struct json_writer *w, const struct responses_item *item)
{
    jw_key_str(w, STR("status"), item->status);
    jw_key_str(w, STR("role"), STR("assistant"));
    jw_key(w, STR("content"));
    jw_array(w);
    for (const struct responses_content *part = item->first; part; part = part->next)
        responses_write_part(w, part);
    jw_end(w);
}

static void write_reasoning(struct json_writer *w, const struct responses_item *item)
{
    jw_key(w, STR("summary"));
    jw_array(w);
    if (item->text.n > 0) {
        jw_object(w);
        jw_key_str(w, STR("type"), STR("summary_text"));
        jw_key_str(w, STR("text"), sb_str(&item->text));
        jw_end(w);
    }
    jw_end(w);
    if (item->encrypted.n > 0)
        jw_key_str(w, STR("encrypted_content"), item->encrypted);
}

static void write_call(struct json_writer *w, const struct responses_item *item)
{
    bool custom = item->kind == RESPONSES_ITEM_CUSTOM;

    jw_key_str(w, STR("status"), item->status);
    jw_key_str(w, STR("call_id"), item->call_id);
    jw_key_str(w, STR("name"), item->name);
    if (item->ns.n > 0)
        jw_key_str(w, STR("namespace"), item->ns);
    jw_key_str(w, custom ? STR("input") : STR("arguments"), sb_str(&item->text));
}

/* The arguments are an object, which there is when they are whole. */
static void write_search(struct json_writer *w, const struct responses_item *item)
{
    jw_key_str(w, STR("status"), item->status);
    jw_key_str(w, STR("call_id"), item->call_id);
    jw_key_str(w, STR("execution"), STR("client"));
    jw_key_raw(w, STR("arguments"), item->open ? STR("{}") : sb_str(&item->text));
}

static void write_image(struct json_writer *w, const struct responses_item *item)
{
    jw_key_str(w, STR("status"), item->status);
    if (item->format.n > 0)
        jw_key_str(w, STR("output_format"), item->format);
    if (item->text.n > 0)
        jw_key_str(w, STR("result"), sb_str(&item->text));
    else
        jw_key_null(w, STR("result"));
}

void responses_write_item(struct json_writer *w, const struct responses_item *item)
{
    static const struct {
        struct str type;
        void (*write)(struct json_writer *, const struct responses_item *);
    } rows[] = {
        [RESPONSES_ITEM_MESSAGE] = {STR_INIT("message"), write_message},
        [RESPONSES_ITEM_REASONING] = {STR_INIT("reasoning"), write_reasoning},
        [RESPONSES_ITEM_FUNCTION] = {STR_INIT("function_call"), write_call},
        [RESPONSES_ITEM_CUSTOM] = {STR_INIT("custom_tool_call"), write_call},
        [RESPONSES_ITEM_IMAGE] = {STR_INIT("image_generation_call"), write_image},
        [RESPONSES_ITEM_SEARCH] = {STR_INIT("tool_search_call"), write_search},
    };

    jw_object(w);
    jw_key_str(w, STR("id"), item->id);
    jw_key_str(w, STR("type"), rows[item->kind].type);
    rows[item->kind].write(w, item);
    jw_end(w);
}

static struct str kept_json(struct arena *a, const struct responses_item *item)
{
    struct responses_item kept = *item;
    struct json_writer w;
    struct str json;
    struct sb sb;

    if (kept.kind == RESPONSES_ITEM_IMAGE)
        kept.text = (struct sb){0};
    sb_init(&sb, RESPONSES_LINE_MAX);
    jw_init(&w, &sb);
    responses_write_item(&w, &kept);
    json = sb_failed(&sb) ? STR_NULL : str_dup(a, sb_str(&sb));
    sb_fini(&sb);
    return json;
}

void responses_list_items(const struct responses_output *out, struct answer_items *items)
{
    for (const struct responses_item *item = out->first; item; item = item->next) {
        struct answer_item *listed = arena_new(out->arena, struct answer_item);

        listed->id = item->id;
        listed->json = kept_json(out->arena, item);
        if (items->last)
            items->last->next = listed;
        else
            items->first = listed;
        items->last = listed;
    }
}

/* ---- the echo of the request ---- */

static void echo_word(struct json_writer *w, struct str key, struct str value)
{
    if (value.n > 0)
        jw_key_str(w, key, value);
    else
        jw_key_null(w, key);
}

static void echo_raw(struct json_writer *w, struct str key, struct str raw, struct str otherwise)
{
    jw_key_raw(w, key, raw.n > 0 ? raw : otherwise);
}

static void echo_extra(struct json_writer *w, const struct chat_request *r, struct str key,
                       struct str otherwise)
{
    const struct chat_extra *extra = responses_extra(r, key);

    echo_raw(w, key, extra ? extra->raw : STR_NULL, otherwise);
}

/* What the reader made of `instructions`: one text at the very front. */
static struct str instructions_of(const struct chat_request *r)
{
    const struct chat_message *m = r->messages;
    const struct chat_part *part = m ? m->parts.first : NULL;

    return part && m->role == CHAT_SYSTEM && !part->next ? part->text : STR_NULL;
}

static void echo_reasoning(struct json_writer *w, const struct chat_request *r)
{
    jw_key(w, STR("reasoning"));
    jw_object(w);
    echo_word(w, STR("effort"), r->reasoning.effort);
    echo_word(w, STR("summary"), r->reasoning.summary);
    jw_end(w);
}

/* Tools, choice and text are written as for an upstream. */
static void echo_tools(struct json_writer *w, const struct responses_output *out,
                       const struct chat_request *r)
{
    struct loss_list losses = {0};
    const struct request_conf conf = {.arena = out->arena, .losses = &losses};
    struct responses_writing wr = {
        .conf = &conf, .r = r, .w = *w, .own = r->dialect == DIALECT_OPENAI_RESPONSES};

    responses_write_text(&wr);
    responses_write_tools(&wr);
    responses_write_choice(&wr);
    *w = wr.w;
}

static void echo_request(struct json_writer *w, const struct responses_output *out,
                         const struct chat_request *r)
{
    echo_extra(w, r, STR("background"), STR("false"));
    echo_word(w, STR("instructions"), instructions_of(r));
    if (r->max_tokens > 0)
        jw_key_i64(w, STR("max_output_tokens"), r->max_tokens);
    else
        jw_key_null(w, STR("max_output_tokens"));
    echo_extra(w, r, STR("max_tool_calls"), STR("null"));
    echo_raw(w, STR("metadata"), r->metadata, STR("{}"));
    jw_key_bool(w, STR("parallel_tool_calls"), r->parallel_tools != CHAT_NO);
    echo_extra(w, r, STR("previous_response_id"), STR("null"));
    echo_word(w, STR("prompt_cache_key"), r->cache_key);
    echo_reasoning(w, r);
    echo_extra(w, r, STR("safety_identifier"), STR("null"));
    jw_key_str(w, STR("service_tier"), r->service_tier.n > 0 ? r->service_tier : STR("default"));
    jw_key_bool(w, STR("store"), false); /* whatever was asked for: nobody keeps this object */
    echo_raw(w, STR("temperature"), r->temperature, STR("1.0"));
    echo_tools(w, out, r);
    echo_raw(w, STR("top_logprobs"), r->top_logprobs, STR("0"));
    echo_raw(w, STR("top_p"), r->top_p, STR("1.0"));
    echo_extra(w, r, STR("truncation"), STR("\"disabled\""));
    echo_word(w, STR("user"), r->user);
}

/* ---- the response ---- */

static void write_usage(struct json_writer *w, const struct usage *usage)
{
    jw_object(w);
    jw_key_i64(w, STR("input_tokens"), usage->prompt);
    jw_key(w, STR("input_tokens_details"));
    jw_object(w);
    jw_key_i64(w, STR("cached_tokens"), usage->cached);
    jw_key_i64(w, STR("cache_write_tokens"), usage->cache_write);
    jw_end(w);
    jw_key_i64(w, STR("output_tokens"), usage->completion);
    jw_key(w, STR("output_tokens_details"));
    jw_object(w);
    jw_key_i64(w, STR("reasoning_tokens"), usage->reasoning);
    jw_end(w);
    jw_key_i64(w, STR("total_tokens"), usage->prompt + usage->completion);
    jw_end(w);
}

static void write_error(struct json_writer *w, const struct openai_error *error)
{
    jw_key(w, STR("error"));
    if (error->message.n == 0) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, STR("code"), error->code.n > 0 ? error->code : STR("server_error"));
    jw_key_str(w, STR("message"), error->message);
    jw_end(w);
}

static void write_incomplete(struct json_writer *w, struct str reason)
{
    jw_key(w, STR("incomplete_details"));
    if (reason.n == 0) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_key_str(w, STR("reason"), reason);
    jw_end(w);
}

static void write_output(struct json_writer *w, const struct responses_output *out, bool whole)
{
    jw_key(w, STR("output"));
    jw_array(w);
    for (const struct responses_item *item = whole ? out->first : NULL; item; item = item->next)
        responses_write_item(w, item);
    jw_end(w);
    jw_key(w, STR("usage"));
    if (whole && out->has_usage)
        write_usage(w, &out->usage);
    else
        jw_null(w);
}

void responses_write_object(struct json_writer *w, const struct responses_output *out, bool whole)
{
    static const struct chat_request none = {.dialect = DIALECT_OPENAI_RESPONSES};

    jw_object(w);
    jw_key_str(w, STR("id"), out->id);
    jw_key_str(w, STR("object"), STR("response"));
    jw_key_i64(w, STR("created_at"), out->created_s);
    jw_key_str(w, STR("status"), out->status);
    jw_key_str(w, STR("model"), out->model);
    write_error(w, &out->error);
    write_incomplete(w, out->incomplete_reason);
    echo_request(w, out, out->conf->request ? out->conf->request : &none);
    write_output(w, out, whole);
    jw_end(w);
}
