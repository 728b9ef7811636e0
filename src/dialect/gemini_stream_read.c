/*
 * An answer of a Gemini upstream: events of a stream, the JSON array that a stream without alt=sse
 * is, or one object. All are the same: a response with the parts that are new.
 *
 * A finish reason is kept until the end, because some upstreams name one with every event, and
 * STOP means something else when there were calls. The end itself is not said: the stream ends.
 */
#include "dialect/gemini.h"
#include "dialect/gemini_partial.h"

enum { CHOICES_MAX = 8, ID_MAX_BYTES = 24 };

struct choice {
    bool seen, non_ascii;
    unsigned tools;
    enum chat_finish finish;
    size_t citations; /* given out */
    size_t searches;
    struct gemini_sound sound;
};

struct reader {
    bool started, failed;
    char id[ID_MAX_BYTES]; /* of the answer, as far as an id of a call may hold it */
    size_t id_n;
    struct choice choices[CHOICES_MAX];
    struct gemini_partial partial;
};

/* One event being read. */
struct reading {
    struct reader *r;
    struct arena *scratch;
    const struct chat_sink *sink;
    struct choice *choice;
    unsigned index;
    struct chat_state state; /* of the text before, which waits for the text's sources */
};

void *gemini_reader_new(struct arena *a)
{
    return arena_new(a, struct reader);
}

/* ---- parts ---- */

/* The next call's id when the upstream gives none: the answer's id makes it its own. */
static struct str make_id(const struct reading *g)
{
    const struct reader *r = g->r;

    if (r->id_n == 0)
        return arena_fmt(g->scratch, "call_%u_%u", g->index, g->choice->tools);
    return arena_fmt(g->scratch, "call_%.*s_%u%u", (int)r->id_n, r->id, g->index, g->choice->tools);
}

static struct chat_state state_of(const struct reading *g, const struct json *part)
{
    return (struct chat_state){
        .origin = DIALECT_GEMINI,
        .value = json_str_or_null(g->scratch, gemini_get(part, STR("thoughtSignature"))),
    };
}

/* A state ends the text that it belongs to, for clients of other dialects; so what else there is to
 * say of that text goes first. */
static void emit_state(struct reading *g)
{
    if (g->state.value.n > 0)
        chat_emit(g->sink, &(struct chat_event){
                               .kind = CHAT_EVENT_STATE, .choice = g->index, .state = g->state});
    g->state = (struct chat_state){0};
}

static void emit_arguments(const struct reading *g, unsigned tool, struct str text)
{
    chat_emit(g->sink, &(struct chat_event){.kind = CHAT_EVENT_TOOL_ARGUMENTS,
                                            .choice = g->index,
                                            .tool = tool,
                                            .text = text});
}

static void begin_call(const struct reading *g, const struct json *part, struct str id,
                       struct str name)
{
    struct chat_event ev = {.kind = CHAT_EVENT_TOOL_CALL,
                            .choice = g->index,
                            .tool = g->choice->tools,
                            .call = {.id = id.n > 0 ? id : make_id(g), .name = name},
                            .state = state_of(g, part)};

    g->choice->tools++;
    chat_emit(g->sink, &ev);
}

static void read_call(const struct reading *g, const struct json *part, const struct json *call)
{
    const struct json *args = gemini_get(call, STR("args"));
    const struct json *some = gemini_get(call, STR("partialArgs"));
    bool goes_on = json_bool_or(gemini_get(call, STR("willContinue")), false);
    struct gemini_partial *partial = &g->r->partial;
    struct str name;

    if (json_str(g->scratch, gemini_get(call, STR("name")), &name)) {
        gemini_partial_end(partial, g->sink);
        begin_call(g, part, json_str_or_null(g->scratch, gemini_get(call, STR("id"))), name);
        if (!some && !goes_on) {
            emit_arguments(g, g->choice->tools - 1, args ? json_raw(args) : STR("{}"));
            return;
        }
        *partial =
            (struct gemini_partial){.open = true, .choice = g->index, .tool = g->choice->tools - 1};
    }
    if (!partial->open)
        return;
    gemini_partial_add(partial, g->scratch, some, g->sink);
    if (!goes_on)
        gemini_partial_end(partial, g->sink);
}

static void read_inline(const struct reading *g, const struct json *data)
{
    struct chat_event ev = {
        .choice = g->index,
        .media = {.mime = json_str_or_null(g->scratch, gemini_get(data, STR("mimeType"))),
                  .data = json_str_or_null(g->scratch, gemini_get(data, STR("data")))}};

    if (str_starts_nocase(ev.media.mime, STR("image/")))
        ev.kind = CHAT_EVENT_IMAGE;
    else if (str_starts_nocase(ev.media.mime, STR("audio/")))
        ev.kind = CHAT_EVENT_AUDIO;
    else
        return;
    if (ev.kind == CHAT_EVENT_AUDIO)
        ev.media.data = gemini_sound_piece(&g->choice->sound, g->scratch, &ev.media);
    if (ev.media.data.n > 0)
        chat_emit(g->sink, &ev);
}

static void read_file(const struct reading *g, const struct json *data)
{
    struct chat_event ev = {
        .kind = CHAT_EVENT_IMAGE,
        .choice = g->index,
        .media = {.mime = json_str_or_null(g->scratch, gemini_get(data, STR("mimeType"))),
                  .url = json_str_or_null(g->scratch, gemini_get(data, STR("fileUri")))}};

    if (str_starts_nocase(ev.media.mime, STR("image/")) && ev.media.url.n > 0)
        chat_emit(g->sink, &ev);
}

static void read_text(struct reading *g, const struct json *part, struct str text)
{
    bool thought = json_bool_or(gemini_get(part, STR("thought")), false);

    g->choice->non_ascii |= !thought && !gemini_is_ascii(text);
    chat_emit_text(g->sink, thought ? CHAT_EVENT_REASONING : CHAT_EVENT_TEXT, g->index, text);
    g->state = state_of(g, part);
}

static void read_part(struct reading *g, const struct json *part)
{
    const struct json *call = gemini_get(part, STR("functionCall"));
    struct str text;

    if (!gemini_get(part, STR("inlineData"))) /* a sound goes on in pieces that follow each other */
        gemini_sound_end(&g->choice->sound, g->index, g->sink);
    emit_state(g);
    if (json_str(g->scratch, gemini_get(part, STR("text")), &text)) {
        read_text(g, part, text);
        return;
    }
    if (call) {
        read_call(g, part, call);
        return;
    }
    read_inline(g, gemini_get(part, STR("inlineData")));
    read_file(g, gemini_get(part, STR("fileData")));
    text = gemini_read_code(g->scratch, part);
    g->choice->non_ascii |= !gemini_is_ascii(text);
    chat_emit_text(g->sink, CHAT_EVENT_TEXT, g->index, text);
    /* A signature of what is not passed on, a search of the provider's own, means nothing. */
    if (!gemini_get(part, STR("toolCall")) && !gemini_get(part, STR("toolResponse")))
        g->state = state_of(g, part);
}

/* ---- candidates ---- */

static const struct {
    const char *name;
    int64_t number; /* of the enum, with alt=json;enum-encoding=int */
    enum chat_finish finish;
} reasons[] = {
    {"STOP", 1, CHAT_FINISH_STOP},
    {"MAX_TOKENS", 2, CHAT_FINISH_LENGTH},
    {"SAFETY", 3, CHAT_FINISH_FILTER},
    {"RECITATION", 4, CHAT_FINISH_FILTER},
    {"BLOCKLIST", 6, CHAT_FINISH_FILTER},
    {"PROHIBITED_CONTENT", 7, CHAT_FINISH_FILTER},
    {"SPII", 8, CHAT_FINISH_FILTER},
    {"MODEL_ARMOR", -1, CHAT_FINISH_FILTER},
    {"IMAGE_SAFETY", -1, CHAT_FINISH_FILTER},
    {"IMAGE_PROHIBITED_CONTENT", -1, CHAT_FINISH_FILTER},
    {"IMAGE_RECITATION", -1, CHAT_FINISH_FILTER},
};

/* Others (MALFORMED_FUNCTION_CALL, LANGUAGE, OTHER ...) say that the model stopped. */
static enum chat_finish finish_of(const struct json *reason)
{
    int64_t number = json_i64_or(reason, -2);

    if (!reason || number == 0 || json_str_eq(reason, STR("FINISH_REASON_UNSPECIFIED")))
        return CHAT_FINISH_NONE;
    for (size_t i = 0; i < ARRAY_LEN(reasons); i++) {
        if (json_str_eq(reason, str_from(reasons[i].name)) || number == reasons[i].number)
            return reasons[i].finish;
    }
    return CHAT_FINISH_STOP;
}

static void read_sources(const struct reading *g, const struct json *candidate)
{
    const struct json *grounding = gemini_get(candidate, STR("groundingMetadata"));
    size_t searches = json_count(gemini_get(grounding, STR("webSearchQueries")));
    size_t n = gemini_read_citations(g->scratch, candidate, g->index, g->choice->citations,
                                     !g->choice->non_ascii, g->sink);

    if (n > g->choice->citations)
        g->choice->citations = n;
    if (searches > g->choice->searches)
        g->choice->searches = searches;
}

static void read_candidate(struct reading *g, const struct json *candidate, size_t position)
{
    int64_t index = json_i64_or(gemini_get(candidate, STR("index")), (int64_t)position);
    const struct json *parts = gemini_get(gemini_get(candidate, STR("content")), STR("parts"));
    enum chat_finish finish = finish_of(gemini_get(candidate, STR("finishReason")));
    struct str logprobs;

    if (index < 0 || index >= CHOICES_MAX)
        return;
    g->index = (unsigned)index;
    g->choice = &g->r->choices[index];
    g->choice->seen = true;
    JSON_EACH (part, parts)
        read_part(g, part);
    logprobs = gemini_read_logprobs(g->scratch, gemini_get(candidate, STR("logprobsResult")));
    if (logprobs.n > 0)
        chat_emit(g->sink, &(struct chat_event){
                               .kind = CHAT_EVENT_LOGPROBS, .choice = g->index, .raw = logprobs});
    read_sources(g, candidate);
    emit_state(g);
    if (finish != CHAT_FINISH_NONE)
        g->choice->finish = finish;
}

/* ---- a response ---- */

static bool is_id_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static void start(struct reading *g, const struct json *root)
{
    struct str id = json_str_or_null(g->scratch, gemini_get(root, STR("responseId")));
    struct str model = json_str_or_null(g->scratch, gemini_get(root, STR("modelVersion")));
    struct reader *r = g->r;

    if (r->started)
        return;
    r->started = true;
    for (size_t i = 0; i < id.n && r->id_n < ID_MAX_BYTES; i++) {
        if (is_id_char(id.p[i]))
            r->id[r->id_n++] = id.p[i];
    }
    chat_emit(g->sink, &(struct chat_event){.kind = CHAT_EVENT_START, .id = id, .model = model});
}

static void emit_error(struct reading *g, const struct json *error)
{
    struct chat_event ev = {.kind = CHAT_EVENT_ERROR, .error = {.type = STR("upstream_error")}};
    int64_t code = json_i64_or(json_get(error, STR("code")), 0);

    if (!json_str(g->scratch, error, &ev.error.message))
        ev.error.message = json_str_or_null(g->scratch, json_get(error, STR("message")));
    ev.error.code = json_str_or_null(g->scratch, json_get(error, STR("status")));
    ev.status = code >= 400 && code <= 599 ? (int)code : 0;
    g->r->failed = true;
    chat_emit(g->sink, &ev);
}

static void read_usage(const struct reading *g, const struct json *metadata)
{
    struct usage usage;

    if (!gemini_read_usage(metadata, &usage))
        return;
    for (size_t i = 0; i < CHOICES_MAX; i++)
        usage.searches += (int64_t)g->r->choices[i].searches;
    chat_emit_usage(g->sink, &usage);
}

/* A prompt that was refused has no candidates. */
static void read_feedback(struct reading *g, const struct json *root)
{
    const struct json *feedback = gemini_get(root, STR("promptFeedback"));

    if (!gemini_get(feedback, STR("blockReason")) ||
        json_count(gemini_get(root, STR("candidates"))) > 0)
        return;
    g->r->choices[0].seen = true;
    g->r->choices[0].finish = CHAT_FINISH_FILTER;
}

/* False: the object is no response. */
static bool read_response(struct reading *g, const struct json *root)
{
    const struct json *error = json_get(root, STR("error"));
    const struct json *candidates = gemini_get(root, STR("candidates"));
    const struct json *usage = gemini_get(root, STR("usageMetadata"));
    size_t position = 0;

    if (!json_is(root, JSON_OBJECT))
        return false;
    if (g->r->failed)
        return true;
    if (error && !json_is(error, JSON_NULL)) {
        emit_error(g, error);
        return true;
    }
    if (!candidates && !usage && !gemini_get(root, STR("promptFeedback")))
        return false;
    start(g, root);
    JSON_EACH (candidate, candidates)
        read_candidate(g, candidate, position++);
    read_feedback(g, root);
    read_usage(g, usage);
    return true;
}

/* One response, or a list of them. */
static bool read_responses(struct reading *g, const struct json *root)
{
    if (!json_is(root, JSON_ARRAY))
        return read_response(g, root);
    JSON_EACH (item, root) {
        if (!read_response(g, item))
            return false;
    }
    return json_count(root) > 0;
}

enum err_code gemini_read_event(void *reader, struct arena *scratch, const struct sse_event *event,
                                const struct chat_sink *sink, struct err *err)
{
    struct reading g = {.r = reader, .scratch = scratch, .sink = sink};
    struct str data = str_trim(event->data);
    const struct json *root;

    if (data.n == 0 || str_eq(data, STR("[DONE]")))
        return ERR_OK;
    if (json_read(scratch, data, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return err_set(err, ERR_UPSTREAM_BODY, "an event of the stream is not JSON");
    if (json_is(root, JSON_OBJECT) || json_is(root, JSON_ARRAY))
        (void)read_responses(&g, root); /* an event of another kind is passed over */
    return ERR_OK;
}

bool gemini_may_be_over(const void *reader)
{
    const struct reader *r = reader;

    for (size_t i = 0; i < CHOICES_MAX; i++) {
        if (r->choices[i].finish != CHAT_FINISH_NONE)
            return true;
    }
    return false;
}

void gemini_read_end(void *reader, const struct chat_sink *sink)
{
    struct reader *r = reader;
    bool any = false;

    if (r->failed)
        return;
    gemini_partial_end(&r->partial, sink);
    for (unsigned i = 0; i < CHOICES_MAX; i++) {
        enum chat_finish finish = r->choices[i].finish;

        gemini_sound_end(&r->choices[i].sound, i, sink);
        if (finish == CHAT_FINISH_NONE)
            continue;
        if (finish == CHAT_FINISH_STOP && r->choices[i].tools > 0)
            finish = CHAT_FINISH_TOOL_CALLS;
        any = true;
        chat_emit_finish(sink, i, finish);
    }
    if (any)
        chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_END});
}

enum err_code gemini_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                 struct err *err)
{
    struct reader *r = gemini_reader_new(a);
    struct reading g = {.r = r, .scratch = a, .sink = sink};
    const struct json *root;
    enum err_code rc = json_read(a, body, JSON_DEPTH_DEFAULT, &root, NULL);

    if (rc != ERR_OK || !read_responses(&g, root))
        return err_set(err, ERR_UPSTREAM_BODY, "the answer is no response of Gemini's");
    gemini_read_end(r, sink);
    return ERR_OK;
}
