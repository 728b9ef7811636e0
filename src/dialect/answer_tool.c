#include "dialect/answer_tool.h"

/* ---- the request ---- */

/* Alternatives at the top are refused as a tool's input; a list or a text cannot be one. */
static bool is_of_object(struct str schema)
{
    static const struct str names[] = {STR_INIT("type"), STR_INIT("anyOf"), STR_INIT("oneOf"),
                                       STR_INIT("allOf"), STR_INIT("$ref")};
    struct str found[ARRAY_LEN(names)];

    if (json_find_members(schema, names, found, ARRAY_LEN(names), NULL) != ERR_OK)
        return false;
    for (size_t i = 1; i < ARRAY_LEN(names); i++) {
        if (found[i].p)
            return false;
    }
    return str_eq(found[0], STR("\"object\""));
}

static bool has_begun_answer(const struct chat_request *r)
{
    const struct chat_message *last = NULL;

    for (const struct chat_message *m = r->messages; m; m = m->next) {
        if (m->role != CHAT_SYSTEM && m->role != CHAT_DEVELOPER)
            last = m;
    }
    return last && last->role == CHAT_ASSISTANT;
}

bool answer_tool_force(struct arena *a, struct chat_request *r)
{
    struct chat_tool *tool;

    if (r->format != CHAT_FORMAT_SCHEMA || r->tools || !is_of_object(r->schema) ||
        has_begun_answer(r))
        return false;
    tool = chat_add_tool(a, r, CHAT_TOOL_FUNCTION);
    tool->name = STR("answer");
    tool->description = r->schema_description.n > 0
                            ? r->schema_description
                            : STR("Gives the answer: the input is all that is answered.");
    tool->parameters = r->schema;
    r->choice = CHAT_CHOICE_TOOL;
    r->choice_name = tool->name;
    r->allowed = NULL;
    r->allowed_count = 0;
    r->parallel_tools = CHAT_NO;
    r->format = CHAT_FORMAT_UNSET;
    r->answer_tool = true;
    return true;
}

/* ---- the answer ---- */

/* There is one tool, and one call of it is asked for: what else is called is nothing of the
 * answer. */
bool answer_tool_event(struct answer_tool *t, struct chat_event *ev)
{
    if (ev->kind == CHAT_EVENT_TOOL_CALL) {
        t->tool = t->called ? t->tool : ev->tool;
        t->called = true;
        return false;
    }
    if (ev->kind == CHAT_EVENT_TOOL_ARGUMENTS) {
        if (!t->called || ev->tool != t->tool)
            return false;
        ev->kind = CHAT_EVENT_TEXT;
        ev->tool = 0;
    } else if (ev->kind == CHAT_EVENT_FINISH && ev->finish == CHAT_FINISH_TOOL_CALLS) {
        ev->finish = CHAT_FINISH_STOP;
    }
    return true;
}
