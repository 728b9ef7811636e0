#include "dialect/chat_event.h"

void chat_emit(const struct chat_sink *sink, const struct chat_event *event)
{
    sink->fn(sink->ctx, event);
}

void chat_emit_text(const struct chat_sink *sink, enum chat_event_kind kind, unsigned choice,
                    struct str text)
{
    if (text.n > 0)
        chat_emit(sink, &(struct chat_event){.kind = kind, .choice = choice, .text = text});
}

void chat_emit_finish(const struct chat_sink *sink, unsigned choice, enum chat_finish finish)
{
    chat_emit(sink,
              &(struct chat_event){.kind = CHAT_EVENT_FINISH, .choice = choice, .finish = finish});
}

void chat_emit_usage(const struct chat_sink *sink, const struct usage *usage)
{
    chat_emit(sink, &(struct chat_event){.kind = CHAT_EVENT_USAGE, .usage = *usage});
}
