/*
 * The pieces of which a Gemini client's answer is made, streamed or whole.
 */
#include "base/text.h"
#include "dialect/gemini.h"
#include "dialect/sealed.h"

struct str gemini_finish_name(enum chat_finish finish)
{
    static const struct str names[] = {
        [CHAT_FINISH_NONE] = STR_INIT("STOP"),
        [CHAT_FINISH_STOP] = STR_INIT("STOP"),
        [CHAT_FINISH_STOP_SEQUENCE] = STR_INIT("STOP"),
        [CHAT_FINISH_LENGTH] = STR_INIT("MAX_TOKENS"),
        [CHAT_FINISH_TOOL_CALLS] = STR_INIT("STOP"),
        [CHAT_FINISH_FILTER] = STR_INIT("SAFETY"),
        [CHAT_FINISH_PAUSE] = STR_INIT("STOP"),
    };

    return names[finish];
}

/* ---- parts ---- */

static void put_state(struct json_writer *w, struct arena *a, const struct chat_state *state)
{
    if (state && state->value.n > 0)
        jw_key_str(w, STR("thoughtSignature"),
                   sealed_write(a, state->origin, state->value, DIALECT_GEMINI));
}

void gemini_put_text(struct json_writer *w, struct arena *a, struct str text, bool thought,
                     const struct chat_state *state)
{
    jw_object(w);
    jw_key_str(w, STR("text"), text);
    if (thought)
        jw_key_bool(w, STR("thought"), true);
    put_state(w, a, state);
    jw_end(w);
}

void gemini_put_media(struct json_writer *w, const struct chat_media *m, struct str mime)
{
    bool is_inline = m->data.n > 0;

    mime = m->mime.n > 0 ? m->mime : mime;

    jw_object(w);
    jw_key(w, is_inline ? STR("inlineData") : STR("fileData"));
    jw_object(w);
    jw_key_str(w, STR("mimeType"), mime);
    jw_key_str(w, is_inline ? STR("data") : STR("fileUri"), is_inline ? m->data : m->url);
    jw_end(w);
    jw_end(w);
}

/* The arguments as an object; STR_NULL when they are none: broken off, or of another kind. */
static struct str args_of(struct arena *a, const struct chat_tool_call *call)
{
    struct str text = str_trim(call->arguments);

    if (call->custom)
        return str_concat(
            a, (struct str[]){STR("{\"input\":"), json_quote(a, call->arguments), STR("}")}, 3);
    if (text.n == 0)
        return STR("{}");
    return json_find_members(text, NULL, NULL, 0, NULL) == ERR_OK ? text : STR_NULL;
}

bool gemini_put_call(struct json_writer *w, struct arena *a, const struct chat_request *r,
                     const struct chat_tool_call *call, const struct chat_state *state)
{
    const struct chat_tool *tool = chat_find_flat(a, r, call->name);
    struct str args = args_of(a, call);

    if (args.n == 0)
        return false;
    jw_object(w);
    jw_key(w, STR("functionCall"));
    jw_object(w);
    if (call->id.n > 0)
        jw_key_str(w, STR("id"), call->id);
    jw_key_str(w, STR("name"), tool ? tool->name : call->name);
    jw_key_raw(w, STR("args"), args);
    jw_end(w);
    put_state(w, a, state);
    jw_end(w);
    return true;
}

/* ---- usage ---- */

static void put_details(struct json_writer *w, struct str name, int64_t all, int64_t image,
                        int64_t audio)
{
    const struct {
        struct str name;
        int64_t tokens;
    } rows[] = {{STR_INIT("TEXT"), all - image - audio},
                {STR_INIT("IMAGE"), image},
                {STR_INIT("AUDIO"), audio}};

    if (image + audio == 0)
        return;
    jw_key(w, name);
    jw_array(w);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (rows[i].tokens <= 0)
            continue;
        jw_object(w);
        jw_key_str(w, STR("modality"), rows[i].name);
        jw_key_i64(w, STR("tokenCount"), rows[i].tokens);
        jw_end(w);
    }
    jw_end(w);
}

void gemini_put_usage(struct json_writer *w, const struct usage *u)
{
    /* Some upstreams count more thoughts than the answer that they are part of. */
    int64_t thoughts = u->reasoning < u->completion ? u->reasoning : u->completion;
    int64_t answer = u->completion - thoughts;

    jw_key(w, STR("usageMetadata"));
    jw_object(w);
    jw_key_i64(w, STR("promptTokenCount"), u->prompt);
    jw_key_i64(w, STR("candidatesTokenCount"), answer);
    jw_key_i64(w, STR("totalTokenCount"), u->prompt + u->completion);
    if (thoughts > 0)
        jw_key_i64(w, STR("thoughtsTokenCount"), thoughts);
    if (u->cached > 0)
        jw_key_i64(w, STR("cachedContentTokenCount"), u->cached);
    put_details(w, STR("promptTokensDetails"), u->prompt, u->image_in, u->audio_in);
    put_details(w, STR("cacheTokensDetails"), u->cached, 0, u->cached_audio);
    put_details(w, STR("candidatesTokensDetails"), answer, u->image_out, u->audio_out);
    jw_end(w);
}

/* ---- sources ---- */

static void put_chunks(struct json_writer *w, const struct chat_citation *list, size_t count)
{
    jw_key(w, STR("groundingChunks"));
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        jw_key(w, STR("web"));
        jw_object(w);
        jw_key_str(w, STR("uri"), list[i].url);
        if (list[i].title.n > 0)
            jw_key_str(w, STR("title"), list[i].title);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
}

/* Offsets count bytes, and ours characters: both are the same where the text is ASCII. */
static void put_support(struct json_writer *w, const struct chat_citation *c, size_t index,
                        bool ascii)
{
    jw_object(w);
    jw_key(w, STR("segment"));
    jw_object(w);
    if (ascii && c->end > 0) {
        jw_key_i64(w, STR("startIndex"), c->start > 0 ? c->start : 0);
        jw_key_i64(w, STR("endIndex"), c->end);
    }
    if (c->cited_text.n > 0)
        jw_key_str(w, STR("text"), c->cited_text);
    jw_end(w);
    jw_key(w, STR("groundingChunkIndices"));
    jw_array(w);
    jw_i64(w, (int64_t)index);
    jw_end(w);
    jw_end(w);
}

void gemini_put_citations(struct json_writer *w, const struct chat_citation *list, size_t count,
                          bool ascii)
{
    if (count == 0)
        return;
    jw_key(w, STR("groundingMetadata"));
    jw_object(w);
    put_chunks(w, list, count);
    jw_key(w, STR("groundingSupports"));
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        if (list[i].cited_text.n > 0 || (ascii && list[i].end > 0))
            put_support(w, &list[i], i, ascii);
    }
    jw_end(w);
    jw_end(w);
}

/* ---- probabilities ---- */

static void put_token(struct json_writer *w, struct arena *a, const struct json *token)
{
    const struct json *logprob = json_get(token, STR("logprob"));

    jw_object(w);
    jw_key_str(w, STR("token"), json_str_or_null(a, json_get(token, STR("token"))));
    jw_key_raw(w, STR("logProbability"),
               json_is(logprob, JSON_NUMBER) ? json_raw(logprob) : STR("0"));
    jw_end(w);
}

void gemini_put_logprobs(struct json_writer *w, struct arena *a, struct str raw)
{
    const struct json *tokens;

    if (raw.n == 0 || json_read(a, raw, JSON_DEPTH_DEFAULT, &tokens, NULL) != ERR_OK ||
        !json_is(tokens, JSON_ARRAY))
        return;
    jw_key(w, STR("logprobsResult"));
    jw_object(w);
    jw_key(w, STR("topCandidates"));
    jw_array(w);
    JSON_EACH (token, tokens) {
        jw_object(w);
        jw_key(w, STR("candidates"));
        jw_array(w);
        JSON_EACH (top, json_get(token, STR("top_logprobs")))
            put_token(w, a, top);
        jw_end(w);
        jw_end(w);
    }
    jw_end(w);
    jw_key(w, STR("chosenCandidates"));
    jw_array(w);
    JSON_EACH (token, tokens)
        put_token(w, a, token);
    jw_end(w);
    jw_end(w);
}
