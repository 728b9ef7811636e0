#include "billing/realtime_meter.h"

#include "base/json.h"

enum { USUAL_RATE = 48000, TOOL_TOKENS = 8, SECOND_US = 1000000 };

void realtime_meter_init(struct realtime_meter *m, struct str model)
{
    *m = (struct realtime_meter){.model = model, .formats = {USUAL_RATE, USUAL_RATE}};
    token_meter_init(&m->text, model);
}

static const struct json *read(struct arena *a, struct str raw)
{
    const struct json *root = NULL;

    if (raw.n == 0 || json_read(a, raw, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return NULL;
    return root;
}

static int64_t count_text(const struct realtime_meter *m, struct arena *a, const struct json *text)
{
    struct str s;

    return json_str(a, text, &s) ? tokens_of_text(m->model, s) : 0;
}

/* Of a session or a response: instructions are read again, tools are kept for each response. */
static void note_settings(struct realtime_meter *m, struct arena *a, struct str raw)
{
    const struct json *settings = read(a, raw), *tools = json_get(settings, STR("tools"));

    m->in_text += count_text(m, a, json_get(settings, STR("instructions")));
    if (!json_is(tools, JSON_ARRAY))
        return;
    m->tool_tokens = 0;
    JSON_EACH (tool, tools)
        m->tool_tokens += TOOL_TOKENS + tokens_of_text(m->model, json_raw(tool));
}

/* What the user wrote; audio was counted when it was sent. */
static void note_item(struct realtime_meter *m, struct arena *a, struct str raw)
{
    const struct json *item = read(a, raw);

    if (!json_str_eq(json_get(item, STR("type")), STR("message")))
        return;
    JSON_EACH (part, json_get(item, STR("content"))) {
        if (json_str_eq(json_get(part, STR("type")), STR("input_text")))
            m->in_text += count_text(m, a, json_get(part, STR("text")));
    }
}

static int64_t length_us(struct str raw, int64_t rate)
{
    return realtime_audio_bytes(raw) * SECOND_US / rate;
}

static void note_formats(struct realtime_meter *m, struct arena *a, struct str raw)
{
    struct realtime_formats said;

    realtime_formats_read(a, raw, &said);
    if (said.in_rate > 0)
        m->formats.in_rate = said.in_rate;
    if (said.out_rate > 0)
        m->formats.out_rate = said.out_rate;
}

static void note_answer(struct realtime_meter *m, struct arena *a, const struct realtime_event *ev)
{
    struct str text;

    m->produced = true;
    if (ev->kind == REALTIME_AUDIO_DELTA)
        m->out_audio_us += length_us(ev->about, m->formats.out_rate);
    else if (json_unescape(a, ev->about, &text))
        token_meter_add(&m->text, text);
}

void realtime_meter_note(struct realtime_meter *m, struct arena *a, const struct realtime_event *ev)
{
    switch (ev->kind) {
    case REALTIME_SESSION_UPDATE:
    case REALTIME_RESPONSE_CREATE:
        note_settings(m, a, ev->about);
        break;
    case REALTIME_AUDIO_APPEND:
        m->in_audio_us += length_us(ev->about, m->formats.in_rate);
        break;
    case REALTIME_SESSION:
        note_formats(m, a, ev->about);
        break;
    case REALTIME_ITEM:
        note_item(m, a, ev->about);
        break;
    case REALTIME_TEXT_DELTA:
    case REALTIME_AUDIO_DELTA:
        note_answer(m, a, ev);
        break;
    case REALTIME_OTHER:
    case REALTIME_ITEM_CREATE: /* the upstream tells of it, when it took it */
    case REALTIME_RESPONSE_CREATED:
    case REALTIME_RESPONSE_DONE:
    case REALTIME_TRANSCRIBED:
    case REALTIME_ERROR:
        break;
    }
}

bool realtime_meter_has_output(const struct realtime_meter *m)
{
    return m->produced;
}

void realtime_meter_take(struct realtime_meter *m, struct usage *out)
{
    int64_t in_audio = m->in_audio_us * 250 / 9 / SECOND_US;   /* 100 / 0.06 a minute */
    int64_t out_audio = m->out_audio_us * 125 / 9 / SECOND_US; /* 200 / 0.24 a minute */
    int64_t tools = m->later ? m->tool_tokens : 0; /* not of the first response, as the original */

    *out = (struct usage){
        .prompt = in_audio + m->in_text + tools,
        .completion = out_audio + token_meter_count(&m->text),
        .audio_in = in_audio,
        .audio_out = out_audio,
    };
    realtime_meter_reset(m);
}

void realtime_meter_reset(struct realtime_meter *m)
{
    m->in_audio_us = m->out_audio_us = m->in_text = 0;
    m->produced = false;
    m->later = true;
    token_meter_init(&m->text, m->model);
}
