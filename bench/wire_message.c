#include "bench/wire_message.h"

enum { HEAD_BYTES = 4096 };

void wire_message_init(struct wire_message *m, bool is_reply)
{
    arena_init(&m->arena, HEAD_BYTES);
    sb_init(&m->text, HTTP1_HEAD_MAX + 1);
    m->is_reply = is_reply;
    m->in_body = false;
}

void wire_message_fini(struct wire_message *m)
{
    arena_fini(&m->arena);
    sb_fini(&m->text);
}

void wire_message_reset(struct wire_message *m)
{
    arena_reset(&m->arena, HEAD_BYTES);
    sb_reset(&m->text);
    m->in_body = false;
}

/* A head that came in one piece is read where it lies. */
static enum wire_part read_head(struct wire_message *m, struct str *in)
{
    struct http1_scan scan = {0};
    size_t before = m->text.n, end;
    struct str text = *in;
    struct err err = {0};
    enum err_code rc;

    if (before > 0) {
        sb_add(&m->text, *in);
        text = sb_str(&m->text);
    }
    switch (http1_head_end(text, &scan, &end)) {
    case HTTP1_HEAD_PART:
        if (before == 0)
            sb_add(&m->text, *in);
        *in = STR_NULL;
        return sb_failed(&m->text) ? WIRE_BAD : WIRE_MORE;
    case HTTP1_HEAD_WHOLE:
        break;
    case HTTP1_HEAD_LONG:
    case HTTP1_HEAD_BAD:
        return WIRE_BAD;
    }
    *in = str_skip(*in, end - before);
    arena_reset(&m->arena, HEAD_BYTES);
    text = str_dup(&m->arena, str_sub(text, 0, end));
    sb_reset(&m->text);
    rc = m->is_reply ? http1_read_reply(text, false, &m->arena, &m->head, &err)
                     : http1_read_request(text, &m->arena, &m->head, &err);
    if (rc != ERR_OK)
        return WIRE_BAD;
    http1_body_init(&m->body, &m->head);
    m->in_body = true;
    return WIRE_HEAD;
}

enum wire_part wire_message_next(struct wire_message *m, struct str *in, struct str *data)
{
    if (!m->in_body)
        return in->n > 0 ? read_head(m, in) : WIRE_MORE;
    switch (http1_body_next(&m->body, in, data)) {
    case HTTP1_MORE:
        return WIRE_MORE;
    case HTTP1_DATA:
        return WIRE_DATA;
    case HTTP1_END:
        m->in_body = false;
        return WIRE_END;
    case HTTP1_BAD:
        break;
    }
    return WIRE_BAD;
}
