/*
 * The fold of an answer's events, and its reverse. Pieces of one part are collected in builders of
 * the heap, which end with the arena, so that a long answer is not copied for each of its pieces.
 */
#include "base/json.h"
#include "dialect/chat_event.h"

/* A part being collected. */
struct open_part {
    struct open_part *next;
    struct chat_part part;
    struct sb text, data;
    unsigned tool; /* running number of a call */
};

struct open_choice {
    struct open_choice *next;
    struct chat_answer_choice choice;
    struct open_part *first, *last;
    struct chat_citation *citations; /* grows by doubling */
    size_t citation_cap;
    struct sb logprobs;
};

struct chat_fold {
    struct arena *arena;
    size_t limit_bytes, used_bytes;
    struct open_choice *choices;
    struct chat_answer answer;
};

enum { PARTS_PER_ANSWER_BYTES = 256 }; /* what a part costs of the limit beside its text */

struct chat_fold *chat_fold_new(struct arena *a, size_t limit_bytes)
{
    struct chat_fold *fold = arena_new(a, struct chat_fold);

    fold->arena = a;
    fold->limit_bytes = limit_bytes;
    return fold;
}

static bool take(struct chat_fold *fold, size_t bytes)
{
    if (bytes > fold->limit_bytes - fold->used_bytes) {
        fold->answer.too_large = true;
        return false;
    }
    fold->used_bytes += bytes;
    return true;
}

static struct sb *new_builder(struct chat_fold *fold, struct sb *sb)
{
    sb_init(sb, fold->limit_bytes);
    arena_defer(fold->arena, sb_finip, sb);
    return sb;
}

static void append(struct chat_fold *fold, struct sb *sb, struct str piece)
{
    if (take(fold, piece.n))
        sb_add(sb, piece);
}

static struct str keep(struct chat_fold *fold, struct str s)
{
    return s.n > 0 && take(fold, s.n) ? str_dup(fold->arena, s) : STR_NULL;
}

static struct open_choice *choice_of(struct chat_fold *fold, unsigned index)
{
    struct open_choice **at = &fold->choices, *made;

    while (*at && (*at)->choice.index < index)
        at = &(*at)->next;
    if (*at && (*at)->choice.index == index)
        return *at;
    if (!take(fold, PARTS_PER_ANSWER_BYTES))
        return NULL;
    made = arena_new(fold->arena, struct open_choice);
    made->choice.index = index;
    new_builder(fold, &made->logprobs);
    made->next = *at;
    *at = made;
    return made;
}

static struct open_part *new_part(struct chat_fold *fold, struct open_choice *c,
                                  enum chat_part_kind kind)
{
    struct open_part *p;

    if (!take(fold, PARTS_PER_ANSWER_BYTES))
        return NULL;
    p = arena_new(fold->arena, struct open_part);
    p->part.kind = kind;
    new_builder(fold, &p->text);
    new_builder(fold, &p->data);
    if (c->last)
        c->last->next = p;
    else
        c->first = p;
    c->last = p;
    return p;
}

/* Text goes on with the part that is last, unless its state has come, which ends it. */
static void add_text(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    static const enum chat_part_kind kinds[] = {[CHAT_EVENT_TEXT] = CHAT_PART_TEXT,
                                                [CHAT_EVENT_REFUSAL] = CHAT_PART_REFUSAL,
                                                [CHAT_EVENT_REASONING] = CHAT_PART_REASONING};
    enum chat_part_kind kind = kinds[ev->kind];
    struct open_part *p = c->last;

    if (!p || p->part.kind != kind || p->part.state.value.n > 0)
        p = new_part(fold, c, kind);
    if (p)
        append(fold, &p->text, ev->text);
}

static struct chat_state keep_state(struct chat_fold *fold, const struct chat_state *state)
{
    struct chat_state kept = *state;

    kept.value = keep(fold, state->value);
    kept.id = keep(fold, state->id);
    return kept;
}

static void add_state(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    struct open_part *p = c->last;

    if (ev->state.redacted || !p || p->part.kind != CHAT_PART_REASONING ||
        p->part.state.value.n > 0)
        p = new_part(fold, c, CHAT_PART_REASONING);
    if (p)
        p->part.state = keep_state(fold, &ev->state);
}

static struct open_part *call_of(struct open_choice *c, unsigned tool)
{
    for (struct open_part *p = c->first; p; p = p->next) {
        if (p->part.kind == CHAT_PART_TOOL_CALL && p->tool == tool)
            return p;
    }
    return NULL;
}

static void add_call(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    struct open_part *p = call_of(c, ev->tool);

    if (p)
        return;
    p = new_part(fold, c, CHAT_PART_TOOL_CALL);
    if (!p)
        return;
    p->tool = ev->tool;
    p->part.call = (struct chat_tool_call){.id = keep(fold, ev->call.id),
                                           .ns = keep(fold, ev->call.ns),
                                           .name = keep(fold, ev->call.name),
                                           .item_id = keep(fold, ev->call.item_id),
                                           .custom = ev->call.custom};
    p->part.state = keep_state(fold, &ev->state);
}

static void add_arguments(struct chat_fold *fold, struct open_choice *c,
                          const struct chat_event *ev)
{
    struct open_part *p = call_of(c, ev->tool);

    if (p)
        append(fold, &p->text, ev->text);
}

static struct chat_media keep_media(struct chat_fold *fold, const struct chat_media *m)
{
    return (struct chat_media){.mime = keep(fold, m->mime),
                               .data = keep(fold, m->data),
                               .url = keep(fold, m->url),
                               .file_id = keep(fold, m->file_id),
                               .text = keep(fold, m->text),
                               .name = keep(fold, m->name),
                               .detail = keep(fold, m->detail),
                               .origin = m->origin};
}

static void add_audio(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    struct open_part *p = c->last;

    if (!p || p->part.kind != CHAT_PART_AUDIO)
        p = new_part(fold, c, CHAT_PART_AUDIO);
    if (!p)
        return;
    if (p->part.media.file_id.n == 0)
        p->part.media.file_id = keep(fold, ev->id);
    if (p->part.media.mime.n == 0)
        p->part.media.mime = keep(fold, ev->media.mime);
    append(fold, &p->data, ev->media.data);
    append(fold, &p->text, ev->text);
}

static void add_image(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    struct open_part *p = new_part(fold, c, CHAT_PART_IMAGE);

    if (p)
        p->part.media = keep_media(fold, &ev->media);
}

static void add_citation(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    const struct chat_citation *from = &ev->citation;
    struct chat_citation *to;

    if (!take(fold, sizeof *from))
        return;
    if (c->choice.citation_count == c->citation_cap) {
        size_t cap = c->citation_cap ? 2 * c->citation_cap : 8;
        struct chat_citation *more = arena_new_array(fold->arena, struct chat_citation, cap);

        if (c->citations)
            memcpy(more, c->citations, c->choice.citation_count * sizeof *more);
        c->citations = more;
        c->citation_cap = cap;
    }
    to = &c->citations[c->choice.citation_count++];
    *to = *from;
    to->url = keep(fold, from->url);
    to->title = keep(fold, from->title);
    to->cited_text = keep(fold, from->cited_text);
    to->raw = keep(fold, from->raw);
}

/* `raw` is an array of tokens; the fold's is one array of all. */
static void add_logprobs(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    struct str inner = str_trim(ev->raw);

    if (inner.n < 2 || inner.p[0] != '[' || inner.p[inner.n - 1] != ']')
        return;
    inner = str_trim(str_sub(inner, 1, inner.n - 2));
    if (inner.n == 0)
        return;
    append(fold, &c->logprobs, c->logprobs.n > 0 ? STR(",") : STR("["));
    append(fold, &c->logprobs, inner);
}

static void add_finish(struct chat_fold *fold, struct open_choice *c, const struct chat_event *ev)
{
    c->choice.finish = ev->finish;
    c->choice.stop_sequence = keep(fold, ev->text);
}

static void note_start(struct chat_fold *fold, const struct chat_event *ev)
{
    struct chat_answer *answer = &fold->answer;

    if (answer->id.n == 0)
        answer->id = keep(fold, ev->id);
    if (answer->model.n == 0)
        answer->model = keep(fold, ev->model);
    if (answer->created_s == 0)
        answer->created_s = ev->created_s;
}

static void note_error(struct chat_fold *fold, const struct chat_event *ev)
{
    struct chat_answer *answer = &fold->answer;

    answer->has_error = true;
    answer->error_status = ev->status;
    answer->error = (struct openai_error){.message = keep(fold, ev->error.message),
                                          .type = keep(fold, ev->error.type),
                                          .param = keep(fold, ev->error.param),
                                          .code = keep(fold, ev->error.code),
                                          .code_raw = keep(fold, ev->error.code_raw)};
}

static void note_usage(struct chat_fold *fold, const struct chat_event *ev)
{
    fold->answer.usage = ev->usage;
    fold->answer.has_usage = true;
}

static void note_end(struct chat_fold *fold, const struct chat_event *ev UNUSED)
{
    fold->answer.has_end = true;
}

void chat_fold_event(void *ctx, const struct chat_event *ev)
{
    static void (*const of_answer[])(struct chat_fold *, const struct chat_event *) = {
        [CHAT_EVENT_START] = note_start,
        [CHAT_EVENT_USAGE] = note_usage,
        [CHAT_EVENT_ERROR] = note_error,
        [CHAT_EVENT_END] = note_end,
    };
    static void (*const of_choice[])(struct chat_fold *, struct open_choice *,
                                     const struct chat_event *) = {
        [CHAT_EVENT_TEXT] = add_text,         [CHAT_EVENT_REFUSAL] = add_text,
        [CHAT_EVENT_REASONING] = add_text,    [CHAT_EVENT_STATE] = add_state,
        [CHAT_EVENT_TOOL_CALL] = add_call,    [CHAT_EVENT_TOOL_ARGUMENTS] = add_arguments,
        [CHAT_EVENT_CITATION] = add_citation, [CHAT_EVENT_AUDIO] = add_audio,
        [CHAT_EVENT_IMAGE] = add_image,       [CHAT_EVENT_LOGPROBS] = add_logprobs,
        [CHAT_EVENT_FINISH] = add_finish,
    };
    struct chat_fold *fold = ctx;
    struct open_choice *c;

    if (ev->kind == CHAT_EVENT_OTHER)
        return;
    if (of_answer[ev->kind]) {
        of_answer[ev->kind](fold, ev);
        return;
    }
    c = choice_of(fold, ev->choice);
    if (c)
        of_choice[ev->kind](fold, c, ev);
}

bool chat_fold_too_large(const struct chat_fold *fold)
{
    return fold->answer.too_large;
}

/* ---- the whole ---- */

static void close_part(struct chat_fold *fold, struct chat_answer_choice *choice,
                       struct open_part *open)
{
    struct chat_part *part = chat_add_part(fold->arena, &choice->parts, open->part.kind);
    struct str text = sb_str(&open->text);

    *part = open->part;
    if (part->kind == CHAT_PART_TOOL_CALL) {
        part->call.arguments = text.n == 0 && !part->call.custom ? STR("{}") : text;
    } else if (part->kind == CHAT_PART_AUDIO) {
        part->media.text = text;
        part->media.data = sb_str(&open->data);
    } else {
        part->text = text;
    }
}

const struct chat_answer *chat_fold_answer(struct chat_fold *fold)
{
    struct chat_answer_choice **at = &fold->answer.choices;

    for (struct open_choice *c = fold->choices; c; c = c->next) {
        for (struct open_part *p = c->first; p; p = p->next)
            close_part(fold, &c->choice, p);
        c->choice.citations = c->citations;
        if (c->logprobs.n > 0) {
            sb_add_char(&c->logprobs, ']');
            c->choice.logprobs = sb_str(&c->logprobs);
        }
        *at = &c->choice;
        at = &c->choice.next;
    }
    return &fold->answer;
}

/* ---- the reverse ---- */

static void unfold_text(const struct chat_sink *sink, struct chat_event *ev,
                        const struct chat_part *part)
{
    ev->text = part->text;
    if (part->text.n > 0)
        chat_emit(sink, ev);
    if (part->state.value.n > 0)
        chat_emit(sink, &(struct chat_event){
                            .kind = CHAT_EVENT_STATE, .choice = ev->choice, .state = part->state});
}

static void unfold_call(const struct chat_sink *sink, struct chat_event *ev,
                        const struct chat_part *part)
{
    ev->call = part->call;
    ev->state = part->state;
    chat_emit(sink, ev);
    ev->kind = CHAT_EVENT_TOOL_ARGUMENTS;
    ev->text = part->call.arguments;
    chat_emit(sink, ev);
}

static void unfold_media(const struct chat_sink *sink, struct chat_event *ev,
                         const struct chat_part *part)
{
    ev->media = part->media;
    if (ev->kind == CHAT_EVENT_AUDIO) {
        ev->id = part->media.file_id;
        ev->text = part->media.text;
    }
    chat_emit(sink, ev);
}

static void unfold_part(const struct chat_sink *sink, unsigned choice, unsigned *tools,
                        const struct chat_part *part)
{
    static const struct {
        enum chat_event_kind kind;
        void (*unfold)(const struct chat_sink *, struct chat_event *, const struct chat_part *);
    } rows[] = {
        [CHAT_PART_TEXT] = {CHAT_EVENT_TEXT, unfold_text},
        [CHAT_PART_REFUSAL] = {CHAT_EVENT_REFUSAL, unfold_text},
        [CHAT_PART_REASONING] = {CHAT_EVENT_REASONING, unfold_text},
        [CHAT_PART_IMAGE] = {CHAT_EVENT_IMAGE, unfold_media},
        [CHAT_PART_AUDIO] = {CHAT_EVENT_AUDIO, unfold_media},
        [CHAT_PART_TOOL_CALL] = {CHAT_EVENT_TOOL_CALL, unfold_call},
    };
    struct chat_event ev = {.choice = choice};

    if ((size_t)part->kind >= ARRAY_LEN(rows) || !rows[part->kind].unfold)
        return;
    ev.kind = rows[part->kind].kind;
    if (part->kind == CHAT_PART_TOOL_CALL)
        ev.tool = (*tools)++;
    rows[part->kind].unfold(sink, &ev, part);
}

static void unfold_choice(const struct chat_sink *sink, const struct chat_answer_choice *c)
{
    unsigned tools = 0;

    for (const struct chat_part *part = c->parts.first; part; part = part->next)
        unfold_part(sink, c->index, &tools, part);
    for (size_t i = 0; i < c->citation_count; i++)
        chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_CITATION,
                                             .choice = c->index,
                                             .citation = c->citations[i]});
    if (c->logprobs.n > 0)
        chat_emit(sink, &(struct chat_event){
                            .kind = CHAT_EVENT_LOGPROBS, .choice = c->index, .raw = c->logprobs});
    if (c->finish != CHAT_FINISH_NONE)
        chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_FINISH,
                                             .choice = c->index,
                                             .finish = c->finish,
                                             .text = c->stop_sequence});
}

void chat_unfold(const struct chat_answer *answer, const struct chat_sink *sink)
{
    chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_START,
                                         .id = answer->id,
                                         .model = answer->model,
                                         .created_s = answer->created_s});
    for (const struct chat_answer_choice *c = answer->choices; c; c = c->next)
        unfold_choice(sink, c);
    if (answer->has_usage)
        chat_emit_usage(sink, &answer->usage);
    if (answer->has_error)
        chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_ERROR,
                                             .error = answer->error,
                                             .status = answer->error_status});
    else if (answer->has_end)
        chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_END});
}
