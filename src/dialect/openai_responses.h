/*
 * openai_responses - OpenAI's Responses API, as the client's and as the upstream's dialect.
 *
 * The dialect's table is dialect_openai_responses of dialect.h. Here is what the relay asks of such
 * a request beside it, and what the files of the dialect share. Pure.
 *
 * Items of the input become messages: adjacent ones that the assistant said (message, reasoning,
 * function_call, custom_tool_call) one assistant message, adjacent outputs one message of the tool
 * role. Tools among the items (additional_tools) are the request's. Items of OpenAI's own tools
 * have no place in other dialects and are a loss by their type
 * ("input.web_search_call"). So are references to items: who has the items puts them in their place
 * before the request is read.
 *
 * Sources: OpenAI API reference (responses, its streaming events), types of the official SDK 6.49
 * (read 2026-11-26); providers reference 2.8.
 */
#pragma once
#include "base/json_write.h"
#include "base/map.h"
#include "dialect/dialect.h"

/* ---- for the relay ---- */

/* The top-level member that has no place in the canonical form; NULL: not given, or null. */
const struct chat_extra *responses_extra(const struct chat_request *r, struct str name);
/*
 * What the request needs of an upstream that keeps responses: previous_response_id or conversation.
 * NULL: nothing; else the relay must refuse the request where the upstream keeps none, since the
 * turns before it are not in it.
 */
const struct chat_extra *responses_kept_turns(const struct chat_request *r);

/* An item of the input that only names one of an answer before. */
struct responses_reference {
    const struct json *item;
    struct str id; /* empty: none that is a string */
};
/* All of them in their order; returns how many, which is 0 for a body that is no such request. */
size_t responses_references(struct arena *a, const struct json *body,
                            struct responses_reference **out);

/* ---- reading a request ---- */

struct responses_reading {
    struct arena *arena;
    struct chat_request *r;
    struct loss_list *losses;
    struct err *err;
    struct map tools; /* those read so far, by namespace and name */
};

/* Each fails with ERR_BAD_REQUEST that names the member. `v` is neither absent nor null. */
enum err_code responses_read_input(struct responses_reading *rd, const struct json *v);
enum err_code responses_read_tools(struct responses_reading *rd, const struct json *v);
enum err_code responses_read_choice(struct responses_reading *rd, const struct json *v);
/* A list of tools that stands elsewhere; `list`: where, for the texts of errors. */
enum err_code responses_read_tools_at(struct responses_reading *rd, struct str list,
                                      const struct json *v);

/*
 * Is it the search for tools that the client makes when the model asks for it? It is a function of
 * this name like any other, whose calls and results have items of their own.
 */
#define RESPONSES_TOOL_SEARCH "tool_search"
bool responses_is_search(const struct chat_tool *tool);
/* The names that the tools of a list have where there are no namespaces, "a, b". */
struct str responses_flat_names(struct arena *a, const struct json *tools);

/* A string member; STR_NULL when it is absent or null, false when it is something else. */
bool responses_read_str(struct arena *a, const struct json *object, struct str name,
                        struct str *out);

/* ---- writing a request ---- */

struct responses_writing {
    const struct request_conf *conf;
    const struct chat_request *r;
    struct json_writer w;
    bool own; /* the request came in this dialect */
    struct err *err;
};

/* The messages from `m` on as the array of input items. */
enum err_code responses_write_input(struct responses_writing *wr, const struct chat_message *m);
/* Member names and values of what the request has of them; also for the echo in an answer. */
void responses_write_tools(struct responses_writing *wr);
void responses_write_choice(struct responses_writing *wr);
void responses_write_text(struct responses_writing *wr);
void responses_write_reasoning(struct responses_writing *wr);

/* ---- states of other dialects in encrypted_content ---- */

/*
 * Beside whose it is (sealed.h) a state may need to say that it is Claude's redacted thinking, or
 * belongs to the tool call that follows: eight letters of base64 before it.
 */
enum responses_state_kind { RESPONSES_STATE_PLAIN, RESPONSES_STATE_CALL };
struct str responses_state_write(struct arena *a, const struct chat_state *state,
                                 enum responses_state_kind kind);
struct chat_state responses_state_read(struct str value, enum responses_state_kind *kind);

/* ---- the answer ---- */

void *responses_reader_new(struct arena *a);
enum err_code responses_read_event(void *reader, struct arena *scratch, const struct sse_event *ev,
                                   const struct chat_sink *sink, struct err *err);
void responses_read_end(void *reader, const struct chat_sink *sink);
enum err_code responses_read_answer(struct arena *a, struct str body, const struct chat_sink *sink,
                                    struct err *err);

void *responses_writer_new(struct arena *a, const struct answer_conf *conf);
void responses_write_event(void *writer, const struct chat_event *ev, struct sb *out);
void responses_write_answer(struct arena *a, const struct answer_conf *conf,
                            const struct chat_answer *answer, struct sb *out);

enum err_code responses_read_request(struct arena *a, const struct json *body,
                                     struct chat_request *out, struct loss_list *losses,
                                     struct err *err);
enum err_code responses_write_request(const struct request_conf *conf, const struct chat_request *r,
                                      struct sb *out, struct err *err);

/* With a type where there was none, and texts of a bearable length. */
struct openai_error responses_complete_error(int status, const struct openai_error *error);
/* The error object's members into the open object of an `error` event. */
void responses_write_error_members(struct json_writer *w, const struct openai_error *error);
