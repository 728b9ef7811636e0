/*
 * claude - what the files of Anthropic's Messages dialect share: reading and writing of requests,
 * and of the parts that streams and whole answers have in common. Private to dialect/claude_*.c.
 *
 * Source: providers reference 1.9, 1.11, 4, 25.4 to 25.6, which describe Anthropic's Messages API.
 */
#pragma once
#include "base/json_write.h"
#include "dialect/dialect.h"

/* ---- requests, read ---- */

struct claude_reader {
    struct arena *arena;
    struct chat_request *out;
    struct loss_list *losses;
    struct err *err;
};

/* Text for a message about a value that is wrong: "PATH must be WANT". */
enum err_code claude_wrong(struct claude_reader *r, struct str path, const char *want);
/* Typed members of `object`, which errors call `path`: absent and null leave *out as it is. */
enum err_code claude_take_str(struct claude_reader *r, const struct json *object, struct str path,
                              const char *name, struct str *out);
enum err_code claude_take_i64(struct claude_reader *r, const struct json *object, struct str path,
                              const char *name, int64_t *out);
enum err_code claude_take_bool(struct claude_reader *r, const struct json *object, struct str path,
                               const char *name, bool *found, bool *out);
/* The cache_control of a block, raw; STR_NULL when it has none. */
struct str claude_cache_of(const struct json *object);

/* Values of the members system, messages, tools and tool_choice. */
enum err_code claude_read_system(struct claude_reader *r, const struct json *v);
enum err_code claude_read_messages(struct claude_reader *r, const struct json *v);
enum err_code claude_read_tools(struct claude_reader *r, const struct json *v);
enum err_code claude_read_tool_choice(struct claude_reader *r, const struct json *v);

/* ---- requests, written ---- */

enum { CLAUDE_MARKS_MAX = 4 }; /* cache_control members that a request may have */

struct claude_writer {
    struct arena *arena;
    struct loss_list *losses;
    const struct chat_request *r;
    struct json_writer w;
    struct err *err;
    unsigned marks;                  /* cache_control members written */
    unsigned blocks;                 /* content blocks written in the open turn */
    bool tells_schema;               /* as in request_conf */
    const struct chat_part *prefill; /* text that the answer goes on from; NULL: none */
};

void claude_write_system(struct claude_writer *cw);
MUST_CHECK enum err_code claude_write_messages(struct claude_writer *cw);
/* An image or a file as a block. */
MUST_CHECK enum err_code claude_write_media(struct claude_writer *cw, const struct chat_part *part);
/* tools and tool_choice. */
void claude_write_tools(struct claude_writer *cw);
/* The mark of a block, as a member of the open object. */
void claude_write_cache(struct claude_writer *cw, struct str cache);
/* Will this part of an assistant's message become a block? */
bool claude_says(const struct chat_part *part);
/* The name under which a tool is declared: the own one where the dialect can hold it. */
struct str claude_tool_name_of(struct claude_writer *cw, struct str ns, struct str name);
/* The id of a call as the dialect allows it: letters, digits, _ and -. */
struct str claude_call_id(struct arena *a, struct str id);
/* A JSON Schema with only what the dialect's structured output takes; the schema itself when it
 * cannot be read. */
struct str claude_schema(struct arena *a, struct str raw);

/* ---- answers ---- */

/* Usage as the upstream counts it, collected over the events of a stream: what comes later
 * replaces what came before. */
struct claude_usage {
    int64_t input, cache_read, cache_write, cache_write_1h; /* input is without the other two */
    int64_t output, thinking, searches;
    int64_t extra_input, extra_output; /* of compaction rounds, which the sums leave out */
    bool found;
};

void claude_usage_note(struct claude_usage *u, const struct json *usage);
struct usage claude_usage_of(const struct claude_usage *u);
/* {"input_tokens":...} in Claude's meaning, as a value. */
void claude_usage_write(struct json_writer *w, const struct usage *u);

/* stop_reason, both ways; writing: `called` when the answer has calls of tools. */
enum chat_finish claude_finish_of(struct str stop_reason);
struct str claude_stop_reason(enum chat_finish finish, bool called);

/* The id that an answer goes to the client with. */
struct str claude_message_id(struct arena *a, const struct answer_conf *conf, struct str id);
/* The name of the client's tool that an upstream calls `name`. */
struct str claude_tool_name(struct arena *a, const struct answer_conf *conf, struct str name);
/* An id for a call that has none. */
struct str claude_tool_id(struct arena *a, const struct answer_conf *conf, unsigned tool);
/* An image as text, which is all that an answer can hold. */
struct str claude_image_text(struct arena *a, const struct chat_media *m);
/* A citation as Claude's clients know it. */
void claude_citation_write(struct json_writer *w, const struct chat_citation *c);

/* JSON without white space between its tokens; the same slice when there is none. */
struct str claude_compact(struct arena *a, struct str raw);

/* The status that an error's type stands for; 0: not known. */
int claude_error_status(struct str type);

/* ---- the functions of the struct ---- */

enum err_code claude_read_request(struct arena *a, const struct json *body,
                                  struct chat_request *out, struct loss_list *losses,
                                  struct err *err);
enum err_code claude_write_request(const struct request_conf *conf, const struct chat_request *r,
                                   struct sb *out, struct err *err);
void *claude_reader_new(struct arena *a);
enum err_code claude_read_event(void *reader, struct arena *scratch, const struct sse_event *event,
                                const struct chat_sink *sink, struct err *err);
void claude_read_end(void *reader, const struct chat_sink *sink);
enum err_code claude_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                 struct err *err);
void *claude_writer_new(struct arena *a, const struct answer_conf *conf);
void claude_write_event(void *writer, const struct chat_event *event, struct sb *out);
void claude_write_answer(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out);
struct str claude_write_error(struct arena *a, int status, const struct openai_error *error);
struct str claude_write_stream_error(struct arena *a, int status, const struct openai_error *error);
