/* A whole answer for a client that speaks Anthropic's dialect. */
#include "dialect/claude.h"
#include "dialect/sealed.h"

struct writer {
    struct arena *arena;
    const struct answer_conf *conf;
    const struct chat_answer_choice *choice;
    const struct chat_part *cited; /* the text that the citations are written with */
    struct json_writer w;
    unsigned calls;
};

/* ---- blocks ---- */

static void write_citations(struct writer *wr, const struct chat_part *part)
{
    if (part != wr->cited || wr->choice->citation_count == 0)
        return;
    jw_key(&wr->w, STR("citations"));
    jw_array(&wr->w);
    for (size_t i = 0; i < wr->choice->citation_count; i++)
        claude_citation_write(&wr->w, &wr->choice->citations[i]);
    jw_end(&wr->w);
}

static void write_text_block(struct writer *wr, const struct chat_part *part, struct str text)
{
    if (text.n == 0)
        return;
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("text"));
    jw_key_str(&wr->w, STR("text"), text);
    write_citations(wr, part);
    jw_end(&wr->w);
}

static void write_text(struct writer *wr, const struct chat_part *part)
{
    write_text_block(wr, part, part->text);
}

static void write_audio(struct writer *wr, const struct chat_part *part)
{
    write_text_block(wr, part, part->media.text);
}

static void write_image(struct writer *wr, const struct chat_part *part)
{
    write_text_block(wr, part, claude_image_text(wr->arena, &part->media));
}

static void write_redacted(struct writer *wr, const struct chat_state *state)
{
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("redacted_thinking"));
    jw_key_str(&wr->w, STR("data"),
               sealed_write(wr->arena, state->origin, state->value, DIALECT_CLAUDE));
    jw_end(&wr->w);
}

static void write_reasoning(struct writer *wr, const struct chat_part *part)
{
    const struct chat_state *state = &part->state;
    bool own = state->origin == DIALECT_CLAUDE;

    if (part->text.n == 0 && state->value.n == 0)
        return;
    if (part->text.n == 0 && (state->redacted || !own)) {
        write_redacted(wr, state);
        return;
    }
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("thinking"));
    jw_key_str(&wr->w, STR("thinking"), part->text);
    jw_key_str(&wr->w, STR("signature"),
               sealed_write(wr->arena, state->origin, state->value, DIALECT_CLAUDE));
    jw_end(&wr->w);
}

/* Arguments that are no object cannot be told here: the call has none then. */
static void write_input(struct writer *wr, const struct chat_tool_call *call)
{
    jw_key(&wr->w, STR("input"));
    if (call->custom) {
        jw_object(&wr->w);
        jw_key_str(&wr->w, STR("input"), call->arguments);
        jw_end(&wr->w);
    } else if (json_find_members(call->arguments, NULL, NULL, 0, NULL) == ERR_OK) {
        jw_raw(&wr->w, call->arguments);
    } else {
        jw_raw(&wr->w, STR("{}"));
    }
}

static void write_call(struct writer *wr, const struct chat_part *part)
{
    const struct chat_tool_call *call = &part->call;
    unsigned number = wr->calls++;

    if (part->state.value.n > 0)
        write_redacted(wr, &part->state);
    jw_object(&wr->w);
    jw_key_str(&wr->w, STR("type"), STR("tool_use"));
    jw_key_str(&wr->w, STR("id"),
               call->id.n > 0 ? call->id : claude_tool_id(wr->arena, wr->conf, number));
    jw_key_str(&wr->w, STR("name"), claude_tool_name(wr->arena, wr->conf, call->name));
    write_input(wr, call);
    jw_end(&wr->w);
}

static void write_part(struct writer *wr, const struct chat_part *part)
{
    static void (*const writers[])(struct writer *, const struct chat_part *) = {
        [CHAT_PART_TEXT] = write_text,   [CHAT_PART_REFUSAL] = write_text,
        [CHAT_PART_IMAGE] = write_image, [CHAT_PART_REASONING] = write_reasoning,
        [CHAT_PART_AUDIO] = write_audio, [CHAT_PART_TOOL_CALL] = write_call,
    };

    if ((size_t)part->kind < ARRAY_LEN(writers) && writers[part->kind])
        writers[part->kind](wr, part);
}

/* ---- the message ---- */

static void write_content(struct writer *wr)
{
    const struct chat_part *first = wr->choice ? wr->choice->parts.first : NULL;

    for (const struct chat_part *part = first; part; part = part->next)
        wr->cited = part->kind == CHAT_PART_TEXT && part->text.n > 0 ? part : wr->cited;
    jw_key(&wr->w, STR("content"));
    jw_array(&wr->w);
    for (const struct chat_part *part = first; part; part = part->next)
        write_part(wr, part);
    jw_end(&wr->w);
}

static void write_finish(struct writer *wr)
{
    enum chat_finish finish = wr->choice ? wr->choice->finish : CHAT_FINISH_NONE;
    struct str sequence = wr->choice ? wr->choice->stop_sequence : STR_NULL;

    jw_key_str(&wr->w, STR("stop_reason"), claude_stop_reason(finish, wr->calls > 0));
    if (finish == CHAT_FINISH_STOP_SEQUENCE && sequence.n > 0)
        jw_key_str(&wr->w, STR("stop_sequence"), sequence);
    else
        jw_key_null(&wr->w, STR("stop_sequence"));
}

void claude_write_answer(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out)
{
    struct writer wr = {.arena = a, .conf = conf, .choice = answer->choices};
    struct usage usage = {.prompt = conf->prompt_tokens};

    jw_init(&wr.w, out);
    jw_object(&wr.w);
    jw_key_str(&wr.w, STR("id"), claude_message_id(a, conf, answer->id));
    jw_key_str(&wr.w, STR("type"), STR("message"));
    jw_key_str(&wr.w, STR("role"), STR("assistant"));
    jw_key_str(&wr.w, STR("model"), conf->model);
    write_content(&wr);
    write_finish(&wr);
    if (answer->has_usage)
        usage = answer->usage;
    jw_key(&wr.w, STR("usage"));
    claude_usage_write(&wr.w, &usage);
    jw_end(&wr.w);
}
