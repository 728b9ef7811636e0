/*
 * The table of the dialect, its errors, and the states of other dialects that travel in it.
 */
#include "dialect/openai_responses.h"

#include "base/text.h"
#include "dialect/sealed.h"

/* An event holds the texts twice, escaped. */
enum { ERROR_TEXT_MAX = 8192, ERROR_WORD_MAX = 256, ERROR_EVENT_LIMIT = 512 * 1024 };

/* ---- for the relay ---- */

const struct chat_extra *responses_extra(const struct chat_request *r, struct str name)
{
    for (const struct chat_extra *extra = r->extras; extra; extra = extra->next) {
        if (str_eq(extra->name, name) && !str_eq(extra->raw, STR("null")))
            return extra;
    }
    return NULL;
}

const struct chat_extra *responses_kept_turns(const struct chat_request *r)
{
    const struct chat_extra *previous = responses_extra(r, STR("previous_response_id"));

    return previous ? previous : responses_extra(r, STR("conversation"));
}

/* ---- states ---- */

static const struct str redacted_mark = STR_INIT("redacted"), call_mark = STR_INIT("toolcall");

struct str responses_state_write(struct arena *a, const struct chat_state *state,
                                 enum responses_state_kind kind)
{
    struct str value = state->value;

    if (state->origin == DIALECT_OPENAI_RESPONSES)
        return value;
    if (state->redacted)
        value = str_concat(a, (struct str[]){redacted_mark, value}, 2);
    if (kind == RESPONSES_STATE_CALL)
        value = str_concat(a, (struct str[]){call_mark, value}, 2);
    return sealed_write(a, state->origin, value, DIALECT_OPENAI_RESPONSES);
}

struct chat_state responses_state_read(struct str value, enum responses_state_kind *kind)
{
    struct chat_state state = {0};

    *kind = RESPONSES_STATE_PLAIN;
    state.value = sealed_read(value, DIALECT_OPENAI_RESPONSES, &state.origin);
    if (state.origin == DIALECT_OPENAI_RESPONSES)
        return state;
    if (str_starts(state.value, call_mark)) {
        *kind = RESPONSES_STATE_CALL;
        state.value = str_skip(state.value, call_mark.n);
    }
    if (str_starts(state.value, redacted_mark)) {
        state.redacted = true;
        state.value = str_skip(state.value, redacted_mark.n);
    }
    return state;
}

/* ---- errors ---- */

struct openai_error responses_complete_error(int status, const struct openai_error *error)
{
    struct openai_error whole = {
        .message = utf8_prefix(error->message, ERROR_TEXT_MAX),
        .type = error->type.n > 0 ? utf8_prefix(error->type, ERROR_WORD_MAX)
                                  : openai_error_type(status),
        .param = utf8_prefix(error->param, ERROR_WORD_MAX),
        .code = utf8_prefix(error->code, ERROR_WORD_MAX),
    };

    if (error->code_raw.n <= ERROR_WORD_MAX)
        whole.code_raw = error->code_raw;
    return whole;
}

static struct str write_error(struct arena *a, int status, const struct openai_error *error)
{
    const struct openai_error whole = responses_complete_error(status, error);

    return openai_error_write(a, &whole, STR_NULL);
}

static void write_code(struct json_writer *w, const struct openai_error *error)
{
    if (error->code_raw.n > 0)
        jw_key_raw(w, STR("code"), error->code_raw);
    else if (error->code.n > 0)
        jw_key_str(w, STR("code"), error->code);
    else
        jw_key_null(w, STR("code"));
}

static void write_param(struct json_writer *w, const struct openai_error *error)
{
    if (error->param.n > 0)
        jw_key_str(w, STR("param"), error->param);
    else
        jw_key_null(w, STR("param"));
}

/* The reference has the members in the event itself; the service sends them in `error`, which is
 * also where the SDK looks for what it is to throw. Both are written. */
void responses_write_error_members(struct json_writer *w, const struct openai_error *error)
{
    write_code(w, error);
    jw_key_str(w, STR("message"), error->message);
    write_param(w, error);
    jw_key(w, STR("error"));
    jw_object(w);
    jw_key_str(w, STR("type"), error->type);
    write_code(w, error);
    jw_key_str(w, STR("message"), error->message);
    write_param(w, error);
    jw_end(w);
}

static struct str write_stream_error(struct arena *a, int status, const struct openai_error *error)
{
    const struct openai_error whole = responses_complete_error(status, error);
    struct sb data, framed;
    struct json_writer w;
    struct str text;

    sb_init(&data, ERROR_EVENT_LIMIT);
    sb_init(&framed, 2 * ERROR_EVENT_LIMIT);
    jw_init(&w, &data);
    jw_object(&w);
    jw_key_str(&w, STR("type"), STR("error"));
    jw_key_i64(&w, STR("sequence_number"), 0);
    responses_write_error_members(&w, &whole);
    jw_end(&w);
    sse_write_event(&framed, STR("error"), sb_str(&data));
    text = str_dup(a, sb_str(&framed));
    sb_fini(&data);
    sb_fini(&framed);
    return text;
}

/* ---- the table ---- */

const struct dialect dialect_openai_responses = {
    .id = DIALECT_OPENAI_RESPONSES,
    .name = STR_INIT("openai_responses"),
    .read_request = responses_read_request,
    .writer_new = responses_writer_new,
    .write_event = responses_write_event,
    .write_answer = responses_write_answer,
    .write_error = write_error,
    .write_stream_error = write_stream_error,
    .write_request = responses_write_request,
    .reader_new = responses_reader_new,
    .read_event = responses_read_event,
    .read_end = responses_read_end,
    .read_answer = responses_read_answer,
};
