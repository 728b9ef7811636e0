/*
 * What an answer carries beside its parts: usage, sources, probabilities; and code that the
 * provider has run, as text.
 */
#include "base/text.h"
#include "dialect/gemini.h"

bool gemini_is_ascii(struct str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80)
            return false;
    }
    return true;
}

/* ---- usage ---- */

static int64_t count_of(const struct json *metadata, const char *name)
{
    int64_t n = json_i64_or(gemini_get(metadata, str_from(name)), 0);

    return n > 0 ? n : 0;
}

static int64_t least(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Of a list of {modality, tokenCount} the one; the number is its place in the enum. */
static int64_t modality_of(const struct json *list, const char *name, int64_t number)
{
    JSON_EACH (item, list) {
        const struct json *modality = gemini_get(item, STR("modality"));

        if (json_str_eq(modality, str_from(name)) || json_i64_or(modality, 0) == number)
            return count_of(item, "tokenCount");
    }
    return 0;
}

enum { MODALITY_IMAGE = 2, MODALITY_AUDIO = 4 };

bool gemini_read_usage(const struct json *metadata, struct usage *out)
{
    const struct json *in = gemini_get(metadata, STR("promptTokensDetails"));
    const struct json *answer = gemini_get(metadata, STR("candidatesTokensDetails"));
    int64_t total = count_of(metadata, "totalTokenCount");
    struct usage u = {.reported = true};

    u.prompt =
        count_of(metadata, "promptTokenCount") + count_of(metadata, "toolUsePromptTokenCount");
    u.reasoning = count_of(metadata, "thoughtsTokenCount");
    u.completion = count_of(metadata, "candidatesTokenCount") + u.reasoning;
    if (u.completion == 0 && total > u.prompt)
        u.completion = total - u.prompt;
    u.cached = least(count_of(metadata, "cachedContentTokenCount"), u.prompt);
    if (u.prompt == 0 && u.completion == 0)
        return false;
    u.image_in = modality_of(in, "IMAGE", MODALITY_IMAGE);
    u.audio_in = modality_of(in, "AUDIO", MODALITY_AUDIO);
    u.cached_audio =
        modality_of(gemini_get(metadata, STR("cacheTokensDetails")), "AUDIO", MODALITY_AUDIO);
    u.cached_audio = least(least(u.cached_audio, u.cached), u.audio_in);
    u.image_out = modality_of(answer, "IMAGE", MODALITY_IMAGE);
    u.audio_out = modality_of(answer, "AUDIO", MODALITY_AUDIO);
    *out = u;
    return true;
}

/* ---- sources ---- */

/* Gives out those from the `skip`-th on. */
struct sources {
    struct arena *a;
    const struct chat_sink *sink;
    unsigned choice;
    size_t skip, n;
    bool ascii;
};

static void give(struct sources *s, const struct chat_citation *citation)
{
    if (s->n++ >= s->skip)
        chat_emit(s->sink, &(struct chat_event){.kind = CHAT_EVENT_CITATION,
                                                .choice = s->choice,
                                                .citation = *citation});
}

/* {"web":{"uri","title"}}, or retrievedContext or maps in its place. */
static struct chat_citation citation_of(struct arena *a, const struct json *chunk)
{
    static const char *const kinds[] = {"web", "retrievedContext", "maps"};
    struct chat_citation out = {.start = -1, .end = -1, .raw = json_raw(chunk)};

    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        const struct json *inner = gemini_get(chunk, str_from(kinds[i]));

        if (!inner)
            continue;
        out.url = json_str_or_null(a, gemini_get(inner, STR("uri")));
        out.title = json_str_or_null(a, gemini_get(inner, STR("title")));
    }
    return out;
}

/* A support names a segment of the text and the chunks that it rests on. Offsets count bytes of one
 * part; they are passed on where they are characters of the whole. */
static void give_support(struct sources *s, const struct json *support,
                         const struct json *const *chunks, size_t count)
{
    const struct json *segment = gemini_get(support, STR("segment"));
    bool placed = s->ascii && json_i64_or(gemini_get(segment, STR("partIndex")), 0) == 0 &&
                  gemini_get(segment, STR("endIndex"));

    JSON_EACH (index, gemini_get(support, STR("groundingChunkIndices"))) {
        int64_t at = json_i64_or(index, -1);
        struct chat_citation citation;

        if (at < 0 || (uint64_t)at >= count)
            continue;
        citation = citation_of(s->a, chunks[at]);
        citation.cited_text = json_str_or_null(s->a, gemini_get(segment, STR("text")));
        if (placed) {
            citation.start = json_i64_or(gemini_get(segment, STR("startIndex")), 0);
            citation.end = json_i64_or(gemini_get(segment, STR("endIndex")), 0);
        }
        give(s, &citation);
    }
}

static void give_grounding(struct sources *s, const struct json *metadata)
{
    const struct json *list = gemini_get(metadata, STR("groundingChunks"));
    const struct json *supports = gemini_get(metadata, STR("groundingSupports"));
    size_t count = json_count(list), n = 0;
    const struct json **chunks;

    if (!json_is(list, JSON_ARRAY) || count == 0)
        return;
    chunks = arena_new_array(s->a, const struct json *, count);
    JSON_EACH (chunk, list)
        chunks[n++] = chunk;
    JSON_EACH (support, supports)
        give_support(s, support, chunks, count);
    for (size_t i = 0; i < count && json_count(supports) == 0; i++) {
        struct chat_citation citation = citation_of(s->a, chunks[i]);

        give(s, &citation);
    }
}

static void give_recitations(struct sources *s, const struct json *metadata)
{
    const struct json *list = gemini_get(metadata, STR("citationSources"));

    if (!list)
        list = gemini_get(metadata, STR("citations"));
    JSON_EACH (source, list) {
        struct chat_citation citation = {
            .url = json_str_or_null(s->a, gemini_get(source, STR("uri"))),
            .title = json_str_or_null(s->a, gemini_get(source, STR("title"))),
            .start = -1,
            .end = -1,
            .raw = json_raw(source)};

        if (s->ascii && gemini_get(source, STR("endIndex"))) {
            citation.start = json_i64_or(gemini_get(source, STR("startIndex")), 0);
            citation.end = json_i64_or(gemini_get(source, STR("endIndex")), 0);
        }
        give(s, &citation);
    }
}

size_t gemini_read_citations(struct arena *a, const struct json *candidate, unsigned choice,
                             size_t skip, bool ascii, const struct chat_sink *sink)
{
    struct sources s = {.a = a, .sink = sink, .choice = choice, .skip = skip, .ascii = ascii};

    give_grounding(&s, gemini_get(candidate, STR("groundingMetadata")));
    give_recitations(&s, gemini_get(candidate, STR("citationMetadata")));
    return s.n;
}

/* ---- probabilities ---- */

static void write_token(struct json_writer *w, struct arena *a, const struct json *token)
{
    const struct json *logprob = gemini_get(token, STR("logProbability"));

    jw_key_str(w, STR("token"), json_str_or_null(a, gemini_get(token, STR("token"))));
    jw_key_raw(w, STR("logprob"), json_is(logprob, JSON_NUMBER) ? json_raw(logprob) : STR("0"));
    jw_key_null(w, STR("bytes"));
}

/* The list of alternatives of the n-th token; the lists run side by side. */
static void write_alternatives(struct json_writer *w, struct arena *a, const struct json *top)
{
    jw_key(w, STR("top_logprobs"));
    jw_array(w);
    JSON_EACH (token, gemini_get(top, STR("candidates"))) {
        jw_object(w);
        write_token(w, a, token);
        jw_end(w);
    }
    jw_end(w);
}

struct str gemini_read_logprobs(struct arena *a, const struct json *result)
{
    const struct json *chosen = gemini_get(result, STR("chosenCandidates"));
    const struct json *tops = gemini_get(result, STR("topCandidates"));
    const struct json *top = json_walk_first(tops, JSON_ARRAY);
    CLEANUP(sb_finip) struct sb sb;
    struct json_writer w;

    sb_init(&sb, GEMINI_BUILD_LIMIT);
    if (!json_is(chosen, JSON_ARRAY) || json_count(chosen) == 0)
        return STR_NULL;
    jw_init(&w, &sb);
    jw_array(&w);
    JSON_EACH (token, chosen) {
        jw_object(&w);
        write_token(&w, a, token);
        write_alternatives(&w, a, top);
        jw_end(&w);
        top = top ? json_walk_next(tops, top) : NULL;
    }
    jw_end(&w);
    return str_dup(a, sb_str(&sb));
}

/* ---- sound ---- */

enum { GROUP_BYTES = 3 };

struct str gemini_sound_piece(struct gemini_sound *sound, struct arena *a,
                              const struct chat_media *piece)
{
    struct str bytes, all, data = piece->data;
    size_t rest;

    if ((sound->kept_n == 0 && data.n % 4 == 0 && !str_ends(data, STR("="))) ||
        !base64_decode(a, data, &bytes))
        return data;
    all = str_concat(a, (struct str[]){str_make(sound->kept, sound->kept_n), bytes}, 2);
    rest = all.n % GROUP_BYTES;
    memcpy(sound->kept, all.p + all.n - rest, rest);
    sound->kept_n = rest;
    sound->mime_n = piece->mime.n < sizeof sound->mime ? piece->mime.n : 0;
    if (sound->mime_n > 0)
        memcpy(sound->mime, piece->mime.p, sound->mime_n);
    return base64_encode(a, str_sub(all, 0, all.n - rest));
}

void gemini_sound_end(struct gemini_sound *sound, unsigned choice, const struct chat_sink *sink)
{
    CLEANUP(arena_finip) struct arena scratch;
    struct chat_event ev = {.kind = CHAT_EVENT_AUDIO, .choice = choice};

    arena_init(&scratch, 0);
    if (sound->kept_n == 0)
        return;
    ev.media.mime = str_make(sound->mime, sound->mime_n);
    ev.media.data = base64_encode(&scratch, str_make(sound->kept, sound->kept_n));
    chat_emit(sink, &ev);
    sound->kept_n = 0;
}

/* ---- code ---- */

struct str gemini_read_code(struct arena *a, const struct json *part)
{
    const struct json *code = gemini_get(part, STR("executableCode"));
    const struct json *result = gemini_get(part, STR("codeExecutionResult"));
    struct str language = json_str_or_null(a, gemini_get(code, STR("language")));
    struct str text = json_str_or_null(a, code ? gemini_get(code, STR("code"))
                                               : gemini_get(result, STR("output")));
    bool has_end = str_ends(text, STR("\n"));

    if (!code && !result)
        return STR_NULL;
    if (result)
        language = STR("output");
    else if (str_eq(language, STR("LANGUAGE_UNSPECIFIED")))
        language = STR_NULL;
    return str_concat(a,
                      (struct str[]){STR("\n```"), str_lower(a, language), STR("\n"), text,
                                     has_end ? STR("```\n") : STR("\n```\n")},
                      5);
}
