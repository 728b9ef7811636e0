/*
 * gemini - what the files of Gemini's dialect (generateContent) share. Private to them. Pure.
 *
 * Sources: Gemini API reference (generateContent, function calling, thinking, thought signatures,
 * structured output); providers reference 5; relay reference 13.
 */
#pragma once
#include "base/json_write.h"
#include "dialect/dialect.h"
#include "dialect/gemini_schema.h"

enum { GEMINI_BUILD_LIMIT = 64 << 20 }; /* bytes of a value that is put together */

/* ---- names ---- */

/* Member of an object under its lowerCamelCase name or, as Google reads requests, under its
 * snake_case one; null counts as absent, which is NULL. */
const struct json *gemini_get(const struct json *object, struct str camel);
/* "top_p" -> "topP"; the same slice when there is no underscore in it. */
struct str gemini_camel(struct arena *a, struct str name);

/* ---- request, read ---- */

struct gemini_reading {
    struct arena *a;
    struct chat_request *r;
    struct loss_list *losses;
    struct err *err;
};

enum err_code gemini_read_request(struct arena *a, const struct json *body,
                                  struct chat_request *out, struct loss_list *losses,
                                  struct err *err);
/* systemInstruction and contents, in this order. */
enum err_code gemini_read_contents(struct gemini_reading *g, const struct json *body);
/* generationConfig, which may be NULL. */
enum err_code gemini_read_config(struct gemini_reading *g, const struct json *config);
/* tools and toolConfig. */
enum err_code gemini_read_tools(struct gemini_reading *g, const struct json *body);
/* Members of `object` that are not in `known` become extras named "prefix.name". */
void gemini_read_extras(struct gemini_reading *g, const struct json *object, const char *prefix,
                        const struct str *known, size_t count);

/* ---- request, write ---- */

struct gemini_writing {
    struct arena *a;
    const struct request_conf *conf;
    const struct chat_request *r;
    struct json_writer *w;
    struct err *err;
    bool same;                  /* the client speaks Gemini, too */
    const struct json *options; /* extra_body.google of an OpenAI client; NULL: none */
};

enum err_code gemini_write_request(const struct request_conf *conf, const struct chat_request *r,
                                   struct sb *out, struct err *err);
/* The members systemInstruction and contents. */
enum err_code gemini_write_contents(struct gemini_writing *g);
/* The members tools and toolConfig. */
enum err_code gemini_write_tools(struct gemini_writing *g);
/* The member generationConfig. */
void gemini_write_config(struct gemini_writing *g);
/* The member thinkingConfig of it. */
void gemini_write_thinking(struct gemini_writing *g);
/* The extras named "prefix.name" as members "name", where the client speaks Gemini. */
void gemini_write_extras(struct gemini_writing *g, const char *prefix);
void gemini_lose(struct gemini_writing *g, const char *name);
/* The name under which the upstream knows a tool. */
struct str gemini_tool_name(const struct gemini_writing *g, struct str ns, struct str name);

/* Families of models that differ in what the dialect must say of thinking. */
enum gemini_family {
    GEMINI_UNKNOWN,
    GEMINI_OLD, /* does not think */
    GEMINI_2_5_PRO,
    GEMINI_2_5_FLASH,
    GEMINI_2_5_LITE,
    GEMINI_3_PRO,   /* levels low and high */
    GEMINI_3_1_PRO, /* and medium */
    GEMINI_3_FLASH, /* and minimal */
};

enum gemini_family gemini_family_of(struct str model);

static inline bool gemini_has_levels(enum gemini_family family)
{
    return family >= GEMINI_3_PRO;
}

/* ---- answer, read ---- */

void *gemini_reader_new(struct arena *a);
enum err_code gemini_read_event(void *reader, struct arena *scratch, const struct sse_event *event,
                                const struct chat_sink *sink, struct err *err);
bool gemini_may_be_over(const void *reader);
void gemini_read_end(void *reader, const struct chat_sink *sink);
enum err_code gemini_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                 struct err *err);
/* usageMetadata in our meaning. False, and nothing written, when it counts nothing. */
bool gemini_read_usage(const struct json *metadata, struct usage *out);
/* What groundingMetadata and citationMetadata of a candidate name as sources, from the `skip`-th
 * on, as events; returns how many there are in all. `ascii`: the text so far is, so that offsets in
 * bytes are offsets in characters. */
size_t gemini_read_citations(struct arena *a, const struct json *candidate, unsigned choice,
                             size_t skip, bool ascii, const struct chat_sink *sink);
/* logprobsResult as OpenAI's array of tokens; STR_NULL when there is none. */
struct str gemini_read_logprobs(struct arena *a, const struct json *result);
/* Pieces of a sound are encoded each for itself, with padding; ours go on in one base64 text. */
struct gemini_sound { /* zeroed: at the start */
    char kept[2];     /* bytes that do not fill a group of base64 yet */
    size_t kept_n;
    char mime[64]; /* of the sound that they belong to */
    size_t mime_n;
};

/* The piece as it follows on those before it; empty when it waits for the next one. Text that is
 * not base64 stays as it is. */
struct str gemini_sound_piece(struct gemini_sound *sound, struct arena *a,
                              const struct chat_media *piece);
/* The sound is over: what is left of it, as an event, if anything is. */
void gemini_sound_end(struct gemini_sound *sound, unsigned choice, const struct chat_sink *sink);
/* executableCode or codeExecutionResult as a fenced block of text; STR_NULL when the part is
 * neither. */
struct str gemini_read_code(struct arena *a, const struct json *part);

/* ---- answer, written ---- */

void *gemini_writer_new(struct arena *a, const struct answer_conf *conf);
void gemini_write_event(void *writer, const struct chat_event *event, struct sb *out);
void gemini_write_answer(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out);
struct str gemini_write_error(struct arena *a, int status, const struct openai_error *error);
struct str gemini_write_stream_error(struct arena *a, int status, const struct openai_error *error);

/* One element of `parts`. A state that is not Gemini's own goes into thoughtSignature sealed. */
void gemini_put_text(struct json_writer *w, struct arena *a, struct str text, bool thought,
                     const struct chat_state *state);
/* `mime`: where the media does not say; a client cannot use it without. */
void gemini_put_media(struct json_writer *w, const struct chat_media *m, struct str mime);
/* False, and nothing written, when the arguments are not what a call may carry. */
bool gemini_put_call(struct json_writer *w, struct arena *a, const struct chat_request *r,
                     const struct chat_tool_call *call, const struct chat_state *state);
void gemini_put_usage(struct json_writer *w, const struct usage *usage); /* the member */
void gemini_put_citations(struct json_writer *w, const struct chat_citation *list, size_t count,
                          bool ascii); /* the member groundingMetadata, unless there are none */
/* The member logprobsResult of OpenAI's array of tokens. */
void gemini_put_logprobs(struct json_writer *w, struct arena *a, struct str raw);
struct str gemini_finish_name(enum chat_finish finish);
bool gemini_is_ascii(struct str s);
