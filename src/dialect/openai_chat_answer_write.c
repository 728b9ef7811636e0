#include "dialect/openai_chat.h"
#include "dialect/sealed.h"

/* An answer being written. */
struct answer_writer {
    struct arena *a;
    const struct answer_conf *conf;
    const struct chat_answer_choice *choice;
    struct json_writer w;
};

/* ---- texts ---- */

/* The texts of the parts of one kind, one after the other; STR_NULL where there are none. */
static struct str text_of(struct answer_writer *wr, enum chat_part_kind kind)
{
    struct chat_parts texts = {0};

    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind == kind)
            (void)chat_add_text(wr->a, &texts, part->text);
    }
    return chat_text_of(wr->a, &texts, STR(""));
}

static bool has_kind(const struct answer_writer *wr, enum chat_part_kind kind)
{
    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind == kind)
            return true;
    }
    return false;
}

static void write_text_or_null(struct answer_writer *wr, struct str name, struct str text,
                               bool is_null)
{
    if (is_null)
        jw_key_null(&wr->w, name);
    else
        jw_key_str(&wr->w, name, text);
}

/* ---- reasoning ---- */

static bool has_state(const struct answer_writer *wr)
{
    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind == CHAT_PART_REASONING && part->state.value.n > 0)
            return true;
    }
    return false;
}

static void write_reasoning(struct answer_writer *wr)
{
    struct str text = text_of(wr, CHAT_PART_REASONING);
    int64_t index = 0;

    if (text.n > 0)
        jw_key_str(&wr->w, STR("reasoning_content"), text);
    if (!has_state(wr))
        return;
    jw_key(&wr->w, STR("reasoning_details"));
    jw_array(&wr->w);
    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind == CHAT_PART_REASONING)
            openai_write_details(&wr->w, wr->a, part->text, &part->state, index++);
    }
    jw_end(&wr->w);
}

/* ---- tool calls ---- */

static void write_call(struct answer_writer *wr, const struct chat_part *part, unsigned number)
{
    struct json_writer *w = &wr->w;
    bool unwrap;
    struct chat_tool_call own = openai_client_call(wr->a, wr->conf->request, &part->call, &unwrap);
    struct str kind = own.custom ? STR("custom") : STR("function");

    jw_object(w);
    if (own.id.n == 0)
        own.id =
            arena_fmt(wr->a, "call_%.*s_%u_%u", STR_ARG(wr->conf->id), wr->choice->index, number);
    jw_key_str(w, STR("id"), own.id);
    jw_key_str(w, STR("type"), kind);
    jw_key(w, kind);
    jw_object(w);
    jw_key_str(w, STR("name"), own.name);
    jw_key_str(w, own.custom ? STR("input") : STR("arguments"),
               unwrap ? openai_unwrap_input(wr->a, own.arguments) : own.arguments);
    jw_end(w);
    if (part->state.value.n > 0)
        openai_write_signature(
            w, sealed_write(wr->a, part->state.origin, part->state.value, DIALECT_GEMINI));
    jw_end(w);
}

static void write_calls(struct answer_writer *wr)
{
    unsigned number = 0;

    if (!has_kind(wr, CHAT_PART_TOOL_CALL))
        return;
    jw_key(&wr->w, STR("tool_calls"));
    jw_array(&wr->w);
    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind == CHAT_PART_TOOL_CALL)
            write_call(wr, part, number++);
    }
    jw_end(&wr->w);
}

/* ---- media, citations ---- */

static void write_images(struct answer_writer *wr)
{
    if (!has_kind(wr, CHAT_PART_IMAGE))
        return;
    jw_key(&wr->w, STR("images"));
    jw_array(&wr->w);
    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind == CHAT_PART_IMAGE)
            openai_write_image(&wr->w, wr->a, &part->media);
    }
    jw_end(&wr->w);
}

static void write_audio(struct answer_writer *wr)
{
    for (const struct chat_part *part = wr->choice->parts.first; part; part = part->next) {
        if (part->kind != CHAT_PART_AUDIO)
            continue;
        jw_key(&wr->w, STR("audio"));
        jw_object(&wr->w);
        jw_key_str(&wr->w, STR("id"), part->media.file_id);
        jw_key_str(&wr->w, STR("data"), part->media.data);
        jw_key_str(&wr->w, STR("transcript"), part->media.text);
        jw_end(&wr->w);
        return; /* the form has room for one */
    }
}

static void write_annotations(struct answer_writer *wr)
{
    const struct chat_answer_choice *c = wr->choice;
    bool open = false;

    for (size_t i = 0; i < c->citation_count; i++) {
        if (c->citations[i].url.n == 0)
            continue;
        if (!open) {
            jw_key(&wr->w, STR("annotations"));
            jw_array(&wr->w);
            open = true;
        }
        (void)openai_write_citation(&wr->w, &c->citations[i]);
    }
    if (open)
        jw_end(&wr->w);
}

/* ---- choices ---- */

static void write_message(struct answer_writer *wr)
{
    struct str text = text_of(wr, CHAT_PART_TEXT), refusal = text_of(wr, CHAT_PART_REFUSAL);
    bool has_other =
        has_kind(wr, CHAT_PART_TOOL_CALL) || has_kind(wr, CHAT_PART_AUDIO) || refusal.n > 0;

    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("role"), STR("assistant"));
    write_text_or_null(wr, STR("content"), text, text.n == 0 && has_other);
    write_text_or_null(wr, STR("refusal"), refusal, refusal.n == 0);
    write_reasoning(wr);
    write_calls(wr);
    write_images(wr);
    write_audio(wr);
    write_annotations(wr);
    jw_end(&wr->w);
}

static void write_logprobs(struct answer_writer *wr)
{
    jw_key(&wr->w, STR("logprobs"));
    if (wr->choice->logprobs.n == 0) {
        jw_null(&wr->w);
        return;
    }
    jw_object(&wr->w);
    jw_key_raw(&wr->w, STR("content"), wr->choice->logprobs);
    jw_key_null(&wr->w, STR("refusal"));
    jw_end(&wr->w);
}

static void write_choice(struct answer_writer *wr)
{
    enum chat_finish finish = wr->choice->finish;

    if (finish == CHAT_FINISH_NONE && has_kind(wr, CHAT_PART_TOOL_CALL))
        finish = CHAT_FINISH_TOOL_CALLS;
    jw_object(&wr->w);
    jw_key_i64(&wr->w, STR("index"), wr->choice->index);
    jw_key(&wr->w, STR("message"));
    write_message(wr);
    write_logprobs(wr);
    jw_key_str(&wr->w, STR("finish_reason"), openai_write_finish(finish));
    jw_end(&wr->w);
}

/* ---- the answer ---- */

void openai_write_answer(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out)
{
    static const struct chat_answer_choice nothing;
    struct answer_writer wr = {.a = a, .conf = conf};
    struct json_writer *w = &wr.w;
    struct str id = answer->id;

    if (id.n == 0)
        id = str_concat(a, (struct str[]){STR("chatcmpl-"), conf->id}, 2);
    jw_init(w, out);
    jw_object(w);
    jw_key_str(w, STR("id"), id);
    jw_key_str(w, STR("object"), STR("chat.completion"));
    jw_key_i64(w, STR("created"), answer->created_s > 0 ? answer->created_s : conf->now_s);
    jw_key_str(w, STR("model"), conf->model.n > 0 ? conf->model : answer->model);
    jw_key(w, STR("choices"));
    jw_array(w);
    wr.choice = answer->choices ? answer->choices : &nothing;
    for (; wr.choice; wr.choice = wr.choice->next)
        write_choice(&wr);
    jw_end(w);
    if (answer->has_usage) {
        jw_key(w, STR("usage"));
        openai_write_usage(w, &answer->usage);
    }
    jw_end(w);
}

/* ---- errors ---- */

struct str openai_write_error(struct arena *a, int status, const struct openai_error *error)
{
    struct openai_error full = *error;

    if (full.type.n == 0)
        full.type = openai_error_type(status);
    return openai_error_write(a, &full, STR_NULL);
}

struct str openai_write_stream_error(struct arena *a, int status, const struct openai_error *error)
{
    return str_concat(
        a, (struct str[]){STR("data: "), openai_write_error(a, status, error), STR("\n\n")}, 3);
}
