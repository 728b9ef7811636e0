/*
 * wire_message - reads HTTP/1.1 messages off a connection, one after the other.
 *
 * The grammar is codec/http1; here are only the states between the calls. Head and headers hold
 * until the next message begins.
 */
#pragma once
#include "base/arena.h"
#include "base/sb.h"
#include "codec/http1.h"

enum wire_part {
    WIRE_MORE, /* the input is used up */
    WIRE_HEAD, /* m->head has been read */
    WIRE_DATA, /* *data is a piece of the body */
    WIRE_END,  /* the message is complete */
    WIRE_BAD
};

struct wire_message { /* zeroed before wire_message_init() */
    struct arena arena;
    struct sb text;
    struct http1_head head;
    struct http1_body body;
    bool is_reply, in_body;
};

void wire_message_init(struct wire_message *m, bool is_reply);
void wire_message_fini(struct wire_message *m);
/* Forgets the message that has begun. */
void wire_message_reset(struct wire_message *m);
/* Takes the next part from the front of *in; call it until WIRE_MORE or WIRE_BAD. */
enum wire_part wire_message_next(struct wire_message *m, struct str *in, struct str *data);
