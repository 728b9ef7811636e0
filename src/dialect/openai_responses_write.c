/*
 * A request for an upstream of the Responses API: its top-level members. What the API has no word
 * for goes to the loss list under its name of OpenAI's chat API.
 */
#include "dialect/openai_responses.h"

/* What the API takes as max_output_tokens at least. */
enum { MIN_OUTPUT_TOKENS = 16 };

/* ---- text and reasoning ---- */

static bool has_inner_extras(const struct responses_writing *wr, struct str prefix)
{
    if (!wr->own)
        return false;
    for (const struct chat_extra *extra = wr->r->extras; extra; extra = extra->next) {
        if (str_starts(extra->name, prefix))
            return true;
    }
    return false;
}

static void write_inner_extras(struct responses_writing *wr, struct str prefix)
{
    if (!wr->own)
        return;
    for (const struct chat_extra *extra = wr->r->extras; extra; extra = extra->next) {
        if (str_starts(extra->name, prefix))
            jw_key_raw(&wr->w, str_skip(extra->name, prefix.n), extra->raw);
    }
}

static void write_format(struct responses_writing *wr)
{
    static const struct str types[] = {
        [CHAT_FORMAT_UNSET] = STR_INIT("text"),
        [CHAT_FORMAT_TEXT] = STR_INIT("text"),
        [CHAT_FORMAT_JSON] = STR_INIT("json_object"),
        [CHAT_FORMAT_SCHEMA] = STR_INIT("json_schema"),
    };
    const struct chat_request *r = wr->r;
    struct json_writer *w = &wr->w;

    jw_key(w, STR("format"));
    jw_object(w);
    jw_key_str(w, STR("type"), types[r->format]);
    if (r->format == CHAT_FORMAT_SCHEMA) {
        struct str name = r->schema_name.n > 0 ? r->schema_name : STR("response");

        jw_key_str(w, STR("name"), chat_flat_name(wr->conf->arena, STR_NULL, name));
        if (r->schema_description.n > 0)
            jw_key_str(w, STR("description"), r->schema_description);
        jw_key_raw(w, STR("schema"), r->schema);
        if (r->schema_strict.n > 0)
            jw_key_raw(w, STR("strict"), r->schema_strict);
    }
    jw_end(w);
}

void responses_write_text(struct responses_writing *wr)
{
    jw_key(&wr->w, STR("text"));
    jw_object(&wr->w);
    write_format(wr);
    if (wr->r->verbosity.n > 0)
        jw_key_str(&wr->w, STR("verbosity"), wr->r->verbosity);
    write_inner_extras(wr, STR("text."));
    jw_end(&wr->w);
}

/* Of a budget in tokens, by the table of the providers reference, 1.9. */
static struct str effort_of(const struct chat_reasoning *reasoning)
{
    if (reasoning->effort.n > 0)
        return reasoning->effort;
    if (reasoning->enabled != CHAT_YES || reasoning->budget < 0)
        return STR_NULL;
    return reasoning->budget <= 1280   ? STR("low")
           : reasoning->budget <= 2048 ? STR("medium")
                                       : STR("high");
}

static struct str summary_of(const struct chat_reasoning *reasoning)
{
    if (reasoning->summary.n > 0 || reasoning->visible != CHAT_YES)
        return reasoning->summary;
    return STR("auto");
}

void responses_write_reasoning(struct responses_writing *wr)
{
    struct str effort = effort_of(&wr->r->reasoning), summary = summary_of(&wr->r->reasoning);
    struct json_writer *w = &wr->w;

    jw_key(w, STR("reasoning"));
    jw_object(w);
    if (effort.n > 0)
        jw_key_str(w, STR("effort"), effort);
    if (summary.n > 0)
        jw_key_str(w, STR("summary"), summary);
    write_inner_extras(wr, STR("reasoning."));
    jw_end(w);
}

/* ---- include ---- */

static bool has_own_state(const struct chat_request *r)
{
    for (const struct chat_message *m = r->messages; m; m = m->next) {
        for (const struct chat_part *part = m->parts.first; part; part = part->next) {
            if (part->kind == CHAT_PART_REASONING && part->state.value.n > 0 &&
                part->state.origin == DIALECT_OPENAI_RESPONSES)
                return true;
        }
    }
    return false;
}

/* A client of another dialect gets the state in a field of its own and gives it back, since
 * nothing is stored for it. Models that do not reason refuse to be asked. */
static bool wants_encrypted(const struct responses_writing *wr)
{
    const struct chat_reasoning *reasoning = &wr->r->reasoning;

    if (wr->own)
        return reasoning->encrypted;
    if (reasoning->enabled == CHAT_NO)
        return false;
    return effort_of(reasoning).n > 0 || summary_of(reasoning).n > 0 ||
           reasoning->enabled == CHAT_YES || has_own_state(wr->r);
}

static void write_include(struct responses_writing *wr)
{
    const struct chat_extra *extra = wr->own ? responses_extra(wr->r, STR("include")) : NULL;
    bool encrypted = wants_encrypted(wr), logprobs = wr->r->logprobs == CHAT_YES;
    const struct json *rest = NULL;
    struct json_writer *w = &wr->w;

    if (extra && json_read(wr->conf->arena, extra->raw, JSON_DEPTH_DEFAULT, &rest, NULL) != ERR_OK)
        rest = NULL;
    if (!encrypted && !logprobs && !rest)
        return;
    jw_key(w, STR("include"));
    jw_array(w);
    if (encrypted)
        jw_str(w, STR("reasoning.encrypted_content"));
    if (logprobs)
        jw_str(w, STR("message.output_text.logprobs"));
    JSON_EACH (item, rest)
        jw_raw(w, json_raw(item));
    jw_end(w);
}

/* ---- what is lost ---- */

/* A number that asks for nothing is no loss. */
static void lose_number(struct responses_writing *wr, struct str name, struct str raw,
                        double neutral)
{
    double value;

    if (raw.n > 0 && !(str_to_f64(raw, &value) && value >= neutral && value <= neutral))
        loss_add(wr->conf->losses, name);
}

static void lose_raw(struct responses_writing *wr, struct str name, struct str raw)
{
    if (raw.n > 0 && !str_eq(raw, STR("null")))
        loss_add(wr->conf->losses, name);
}

static bool is_text_only(struct str modalities)
{
    return modalities.n == 0 ||
           (str_has(modalities, STR("\"text\"")) && str_find_char(modalities, ',') < 0);
}

/* OpenAI caches on its own; where a client wants it to begin cannot be said. */
static void lose_cache_marks(struct responses_writing *wr)
{
    bool marked = false;

    for (const struct chat_message *m = wr->r->messages; m; m = m->next) {
        for (const struct chat_part *part = m->parts.first; part; part = part->next)
            marked |= part->cache.n > 0;
    }
    for (const struct chat_tool *tool = wr->r->tools; tool; tool = tool->next)
        marked |= tool->cache.n > 0;
    if (marked)
        loss_add(wr->conf->losses, STR("cache_control"));
}

static void lose_rest(struct responses_writing *wr)
{
    const struct chat_request *r = wr->r;

    lose_raw(wr, STR("top_k"), r->top_k);
    lose_number(wr, STR("frequency_penalty"), r->frequency_penalty, 0);
    lose_number(wr, STR("presence_penalty"), r->presence_penalty, 0);
    lose_raw(wr, STR("seed"), r->seed);
    lose_raw(wr, STR("logit_bias"), r->logit_bias);
    lose_raw(wr, STR("audio"), r->audio);
    lose_raw(wr, STR("prediction"), r->prediction);
    if (r->stop_count > 0)
        loss_add(wr->conf->losses, STR("stop"));
    if (r->n > 1)
        loss_add(wr->conf->losses, STR("n"));
    if (!is_text_only(r->modalities))
        loss_add(wr->conf->losses, STR("modalities"));
}

/* Members that this API and the chat API have in common. */
static bool is_shared(const struct chat_extra *extra)
{
    static const struct str names[] = {STR_INIT("safety_identifier"),
                                       STR_INIT("prompt_cache_retention"),
                                       STR_INIT("prompt_cache_options"), STR_INIT("moderation")};

    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        if (str_eq(extra->name, names[i]))
            return true;
    }
    return false;
}

static bool is_written_elsewhere(const struct chat_extra *extra)
{
    return str_eq(extra->name, STR("include")) || str_eq(extra->name, STR("tool_choice")) ||
           str_starts(extra->name, STR("text.")) || str_starts(extra->name, STR("reasoning."));
}

static void write_extras(struct responses_writing *wr)
{
    const struct chat_request *r = wr->r;

    for (const struct chat_extra *extra = r->extras; extra; extra = extra->next) {
        if (wr->own ? !is_written_elsewhere(extra)
                    : r->dialect == DIALECT_OPENAI_CHAT && is_shared(extra))
            jw_key_raw(&wr->w, extra->name, extra->raw);
        else if (!wr->own)
            loss_add(wr->conf->losses, extra->name);
    }
}

/* ---- the rest ---- */

static void write_word(struct responses_writing *wr, struct str name, struct str word)
{
    if (word.n > 0)
        jw_key_str(&wr->w, name, word);
}

static void write_raw(struct responses_writing *wr, struct str name, struct str raw)
{
    if (raw.n > 0 && !str_eq(raw, STR("null")))
        jw_key_raw(&wr->w, name, raw);
}

static void write_max_tokens(struct responses_writing *wr)
{
    int64_t n = wr->r->max_tokens;

    if (n > 0)
        jw_key_i64(&wr->w, STR("max_output_tokens"),
                   wr->own || n >= MIN_OUTPUT_TOKENS ? n : MIN_OUTPUT_TOKENS);
}

/* Nothing of a client of another dialect is stored unless it asks for it. */
static void write_store(struct responses_writing *wr)
{
    if (wr->r->store.n > 0)
        write_raw(wr, STR("store"), wr->r->store);
    else if (!wr->own)
        jw_key_bool(&wr->w, STR("store"), false);
}

/* The words of other vendors mean other things. */
static void write_tier(struct responses_writing *wr)
{
    if (wr->own || wr->r->dialect == DIALECT_OPENAI_CHAT)
        write_word(wr, STR("service_tier"), wr->r->service_tier);
    else if (wr->r->service_tier.n > 0 && !str_eq(wr->r->service_tier, STR("auto")))
        loss_add(wr->conf->losses, STR("service_tier"));
}

static void write_metadata(struct responses_writing *wr)
{
    if (wr->own || wr->r->dialect == DIALECT_OPENAI_CHAT)
        write_raw(wr, STR("metadata"), wr->r->metadata);
    else
        lose_raw(wr, STR("metadata"), wr->r->metadata);
}

/* One text at the very front is what `instructions` is for; anything else there is an item. */
static const struct chat_message *write_instructions(struct responses_writing *wr)
{
    const struct chat_message *m = wr->r->messages;
    const struct chat_part *part = m ? m->parts.first : NULL;

    if (!part || m->role != CHAT_SYSTEM || part->next || part->kind != CHAT_PART_TEXT)
        return m;
    jw_key_str(&wr->w, STR("instructions"), part->text);
    return m->next;
}

static void write_tool_members(struct responses_writing *wr)
{
    const struct chat_request *r = wr->r;

    if (r->tools)
        responses_write_tools(wr);
    if (r->choice != CHAT_CHOICE_UNSET || (wr->own && responses_extra(r, STR("tool_choice"))))
        responses_write_choice(wr);
    if (r->parallel_tools != CHAT_UNSET)
        jw_key_bool(&wr->w, STR("parallel_tool_calls"), r->parallel_tools == CHAT_YES);
}

static void write_objects(struct responses_writing *wr)
{
    const struct chat_request *r = wr->r;

    if (r->format != CHAT_FORMAT_UNSET || r->verbosity.n > 0 || has_inner_extras(wr, STR("text.")))
        responses_write_text(wr);
    if (effort_of(&r->reasoning).n > 0 || summary_of(&r->reasoning).n > 0 ||
        has_inner_extras(wr, STR("reasoning.")))
        responses_write_reasoning(wr);
    write_include(wr);
}

static void write_members(struct responses_writing *wr)
{
    const struct chat_request *r = wr->r;

    write_tool_members(wr);
    write_objects(wr);
    write_max_tokens(wr);
    write_raw(wr, STR("temperature"), r->temperature);
    write_raw(wr, STR("top_p"), r->top_p);
    write_raw(wr, STR("top_logprobs"), r->top_logprobs);
    write_metadata(wr);
    write_store(wr);
    write_tier(wr);
    write_word(wr, STR("user"), wr->own ? r->user : chat_short_user(wr->conf->arena, r->user));
    write_word(wr, STR("prompt_cache_key"), r->cache_key);
    if (r->stream)
        jw_key_bool(&wr->w, STR("stream"), true);
    write_extras(wr);
    lose_cache_marks(wr);
    if (!wr->own)
        lose_rest(wr);
}

enum err_code responses_write_request(const struct request_conf *conf, const struct chat_request *r,
                                      struct sb *out, struct err *err)
{
    struct responses_writing wr = {
        .conf = conf, .r = r, .own = r->dialect == DIALECT_OPENAI_RESPONSES, .err = err};
    const struct chat_message *rest;
    enum err_code rc;

    jw_init(&wr.w, out);
    jw_object(&wr.w);
    if (r->model.n > 0)
        jw_key_str(&wr.w, STR("model"), r->model);
    rest = write_instructions(&wr);
    jw_key(&wr.w, STR("input"));
    rc = responses_write_input(&wr, rest);
    if (rc != ERR_OK)
        return rc;
    write_members(&wr);
    jw_end(&wr.w);
    return ERR_OK;
}
