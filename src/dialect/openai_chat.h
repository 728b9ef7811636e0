/*
 * openai_chat - what the files of the dialect "OpenAI chat completions" share; private to them. The
 * public face is dialect_openai_chat in dialect.h.
 *
 * Sources: OpenAI API reference, "Chat completions"; providers reference 1.2-1.4, 1.8, 1.10, 1.15,
 * 2.2, 3.3, 9-14, 19-24 (what other servers do). Pure.
 */
#pragma once
#include "base/json.h"
#include "base/json_write.h"
#include "dialect/dialect.h"

/* ---- openai_chat_parts.c: what requests and answers have in common ---- */

/* A piece of reasoning: text, state, or both. */
struct openai_reasoning {
    struct str text;
    struct chat_state state; /* value STR_NULL: none */
};

/*
 * The reasoning of a message or a delta, in its order: reasoning_details, or where these hold no
 * text reasoning_content or reasoning. A state of our own dialect is a whole entry of
 * reasoning_details but for its text, in base64.
 */
size_t openai_read_reasoning(struct arena *a, const struct json *message,
                             struct openai_reasoning **out);
/* Adds the entries of reasoning_details that say it to an open array. */
void openai_write_details(struct json_writer *w, struct arena *a, struct str text,
                          const struct chat_state *state, int64_t index);

/* Data URL, URL or bare base64, whose kind is told by its first bytes. False: neither. */
bool openai_read_url(struct str url, struct chat_media *out);
/* "wav" of "audio/wav", "mp3" of "audio/mpeg", and back. */
struct str openai_audio_format(struct str mime);
struct str openai_audio_mime(struct arena *a, struct str format);

/* The state that extra_content.google.thought_signature holds; value STR_NULL: none. A bare value
 * is of `bare`: Gemini's own to a client, the upstream's own in an answer. */
struct chat_state openai_read_signature(struct arena *a, const struct json *holder,
                                        enum dialect_id bare);
/* Adds the member extra_content with that value to an open object. */
void openai_write_signature(struct json_writer *w, struct str value);

/* The member `custom` of a call, or a piece of one, that is of a custom tool; NULL: of a function.
 * Some servers write both, one of them empty. */
const struct json *openai_custom_of(const struct json *call);

/* A finish_reason of any server of this dialect, and ours. CHAT_FINISH_NONE: it is an error. */
enum chat_finish openai_read_finish(struct str reason);
struct str openai_write_finish(enum chat_finish finish);

/* The usage object as a value. */
void openai_write_usage(struct json_writer *w, const struct usage *usage);

/* ---- requests ---- */

/* A request being read. */
struct openai_request_reader {
    struct arena *a;
    struct chat_request *r;
    struct loss_list *losses;
    struct err *err;
    size_t message;               /* number of the message */
    const struct chat_part *open; /* the first call that a result without an id may answer */
    struct str function_id;       /* of the last function_call */
};

/* openai_chat_messages_read.c */
MUST_CHECK enum err_code openai_read_messages(struct openai_request_reader *rd,
                                              const struct json *messages);
/* openai_chat_tools_read.c: the values of `tools`, `functions`, `tool_choice`, `function_call`,
 * `web_search_options` */
MUST_CHECK enum err_code openai_read_tools(struct openai_request_reader *rd, const struct json *v);
MUST_CHECK enum err_code openai_read_functions(struct openai_request_reader *rd,
                                               const struct json *v);
MUST_CHECK enum err_code openai_read_choice(struct openai_request_reader *rd, const struct json *v);
MUST_CHECK enum err_code openai_read_function_call(struct openai_request_reader *rd,
                                                   const struct json *v);
MUST_CHECK enum err_code openai_read_search(struct openai_request_reader *rd, const struct json *v);
/* openai_chat_request_read.c */
MUST_CHECK enum err_code openai_read_request(struct arena *a, const struct json *body,
                                             struct chat_request *out, struct loss_list *losses,
                                             struct err *err);

/* A request being written. */
struct openai_request_writer {
    const struct request_conf *conf;
    const struct chat_request *r;
    struct json_writer w;
    struct err *err;
    bool own; /* the client speaks this dialect */
};

/* openai_chat_messages_write.c: the member `messages` */
MUST_CHECK enum err_code openai_write_messages(struct openai_request_writer *wr);
/* The name under which the upstream knows a tool. */
struct str openai_tool_name(struct openai_request_writer *wr, struct str ns, struct str name);
/* openai_chat_tools_write.c: the members tools, tool_choice, parallel_tool_calls and
 * web_search_options */
void openai_write_tools(struct openai_request_writer *wr);
/* openai_chat_request_write.c */
MUST_CHECK enum err_code openai_write_request(const struct request_conf *conf,
                                              const struct chat_request *r, struct sb *out,
                                              struct err *err);

/* ---- answers ---- */

/* openai_chat_stream_read.c */
void *openai_reader_new(struct arena *a);
MUST_CHECK enum err_code openai_read_event(void *reader, struct arena *scratch,
                                           const struct sse_event *event,
                                           const struct chat_sink *sink, struct err *err);
void openai_read_end(void *reader, const struct chat_sink *sink);
MUST_CHECK enum err_code openai_read_answer(struct arena *a, struct str body,
                                            const struct chat_sink *sink, struct err *err);

/* openai_chat_stream_write.c */
void *openai_writer_new(struct arena *a, const struct answer_conf *conf);
void openai_write_event(void *writer, const struct chat_event *event, struct sb *out);
/* The client's tool of a call that came under its flat name; where the client's is a custom tool
 * and the call is one of a function, *unwrap is set. */
struct chat_tool_call openai_client_call(struct arena *a, const struct chat_request *request,
                                         const struct chat_tool_call *call, bool *unwrap);
/* The free text in {"input":".."}; the arguments as they are when they are something else. */
struct str openai_unwrap_input(struct arena *a, struct str arguments);
/* An entry of annotations as a value; false, and nothing written, for a citation without URL. */
bool openai_write_citation(struct json_writer *w, const struct chat_citation *citation);
/* An entry of images as a value. */
void openai_write_image(struct json_writer *w, struct arena *a, const struct chat_media *media);

/* openai_chat_answer_write.c */
void openai_write_answer(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out);
struct str openai_write_error(struct arena *a, int status, const struct openai_error *error);
struct str openai_write_stream_error(struct arena *a, int status, const struct openai_error *error);
