/*
 * A whole answer for a Gemini client.
 */
#include "dialect/gemini.h"

struct answer {
    struct arena *a;
    const struct answer_conf *conf;
    struct json_writer w;
    bool broken_call; /* the choice had a call that could not be written */
};

static void put_call(struct answer *s, const struct chat_part *p)
{
    if (!gemini_put_call(&s->w, s->a, s->conf->request, &p->call, &p->state))
        s->broken_call = true;
}

static void put_part(struct answer *s, const struct chat_part *p)
{
    if (p->kind == CHAT_PART_TOOL_CALL) {
        put_call(s, p);
    } else if (p->kind == CHAT_PART_REASONING) {
        gemini_put_text(&s->w, s->a, p->text, true, &p->state);
    } else if (p->kind == CHAT_PART_TEXT || p->kind == CHAT_PART_REFUSAL) {
        gemini_put_text(&s->w, s->a, p->text, false, &p->state);
    } else if (p->kind == CHAT_PART_IMAGE || p->kind == CHAT_PART_AUDIO) {
        if (p->media.data.n > 0 || p->media.url.n > 0)
            gemini_put_media(&s->w, &p->media,
                             p->kind == CHAT_PART_AUDIO ? STR("audio/wav") : STR("image/png"));
        if (p->kind == CHAT_PART_AUDIO && p->media.text.n > 0)
            gemini_put_text(&s->w, s->a, p->media.text, false, NULL);
    }
}

static bool text_is_ascii(const struct chat_answer_choice *c)
{
    for (const struct chat_part *p = c->parts.first; p; p = p->next) {
        if (p->kind == CHAT_PART_TEXT && !gemini_is_ascii(p->text))
            return false;
    }
    return true;
}

static void put_choice(struct answer *s, const struct chat_answer_choice *c)
{
    struct str reason = gemini_finish_name(c->finish);

    s->broken_call = false;
    jw_object(&s->w);
    jw_key(&s->w, STR("content"));
    jw_object(&s->w);
    jw_key(&s->w, STR("parts"));
    jw_array(&s->w);
    for (const struct chat_part *p = c->parts.first; p; p = p->next)
        put_part(s, p);
    jw_end(&s->w);
    jw_key_str(&s->w, STR("role"), STR("model"));
    jw_end(&s->w);
    if (s->broken_call && c->finish != CHAT_FINISH_LENGTH)
        reason = STR("MALFORMED_FUNCTION_CALL");
    jw_key_str(&s->w, STR("finishReason"), reason);
    jw_key_i64(&s->w, STR("index"), c->index);
    gemini_put_citations(&s->w, c->citations, c->citation_count, text_is_ascii(c));
    gemini_put_logprobs(&s->w, s->a, c->logprobs);
    jw_end(&s->w);
}

void gemini_write_answer(struct arena *a, const struct answer_conf *conf,
                         const struct chat_answer *answer, struct sb *out)
{
    struct answer s = {.a = a, .conf = conf};

    jw_init(&s.w, out);
    jw_object(&s.w);
    jw_key(&s.w, STR("candidates"));
    jw_array(&s.w);
    for (const struct chat_answer_choice *c = answer->choices; c; c = c->next)
        put_choice(&s, c);
    jw_end(&s.w);
    if (answer->has_usage)
        gemini_put_usage(&s.w, &answer->usage);
    jw_key_str(&s.w, STR("modelVersion"), conf->model);
    jw_key_str(&s.w, STR("responseId"), answer->id.n > 0 ? answer->id : conf->id);
    jw_end(&s.w);
}
