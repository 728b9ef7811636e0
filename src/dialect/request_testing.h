/*
 * request_testing - canonical requests put together, and bodies that a dialect refuses. Test code.
 */
#pragma once
#include "dialect/arena_testing.h"
#include "dialect/dialect.h"

/* Of another dialect than the one that it is written in. */
static inline struct chat_request *new_request(enum dialect_id from, const char *model)
{
    struct chat_request *r = arena_new(&arena, struct chat_request);

    r->dialect = from;
    r->model = str_from(model);
    r->reasoning.budget = -1;
    return r;
}

/* A message with a text. */
static inline struct chat_message *say(struct chat_request *r, enum chat_role role,
                                       const char *text)
{
    struct chat_message *m = chat_add_message(&arena, r, role);

    (void)chat_add_text(&arena, &m->parts, str_from(text));
    return m;
}

/* A call in the assistant's message. */
static inline struct chat_part *call_in(struct chat_message *m, const char *id, const char *name,
                                        const char *arguments)
{
    struct chat_part *part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_CALL);

    part->call = (struct chat_tool_call){
        .id = str_from(id), .name = str_from(name), .arguments = str_from(arguments)};
    return part;
}

/* ... in a message of its own. */
static inline struct chat_part *add_call(struct chat_request *r, const char *id, const char *name,
                                         const char *arguments)
{
    return call_in(chat_add_message(&arena, r, CHAT_ASSISTANT), id, name, arguments);
}

/* A message with the result of a call. */
static inline struct chat_part *add_result(struct chat_request *r, const char *id, const char *text)
{
    struct chat_message *m = chat_add_message(&arena, r, CHAT_TOOL);
    struct chat_part *part = chat_add_part(&arena, &m->parts, CHAT_PART_TOOL_RESULT);

    part->result.id = str_from(id);
    (void)chat_add_text(&arena, &part->result.parts, str_from(text));
    return part;
}

static inline struct chat_tool *add_tool(struct chat_request *r, const char *name,
                                         const char *parameters)
{
    struct chat_tool *tool = chat_add_tool(&arena, r, CHAT_TOOL_FUNCTION);

    tool->name = str_from(name);
    tool->parameters = str_from(parameters);
    return tool;
}

/* The message of the error that the dialect refuses the body with. */
static inline const char *refusal_by(const struct dialect *d, const char *body)
{
    static struct err err;
    struct chat_request r;
    const struct json *root;

    err = (struct err){0};
    CHECK_EQ(json_read(&arena, str_from(body), JSON_DEPTH_DEFAULT, &root, NULL), ERR_OK);
    CHECK_EQ(d->read_request(&arena, root, &r, &losses, &err), ERR_BAD_REQUEST);
    return err.msg;
}

static inline void check_losses(const char *want)
{
    CHECK_STR(loss_text(&arena, &losses), want);
}
