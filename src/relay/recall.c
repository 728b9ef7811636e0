/*
 * A client of the Responses API that leaves `store` alone takes it that its answers are kept, and
 * names items of earlier ones by their ids. An upstream of that API has them; for the others this
 * gateway keeps the items that it wrote itself. What an upstream of that API has answered is not
 * known here.
 *
 * A name behind which nothing is found is an error as OpenAI has it, and so is a turn that is named
 * by its response: without them another question would be asked than the client's.
 */
#include "relay/exchange.h"

#include "base/json_patch.h"
#include "base/text.h"
#include "dialect/openai_responses.h"

enum { NAMED_MAX = 4096 }; /* of one request */

/* Items that a request names. */
struct recall {
    struct responses_reference *named;
    struct str *json; /* of each; empty: not found */
    size_t n, bytes;
    bool done;
};

static int64_t now_s(const struct exchange *x)
{
    return clock_now_s(x->rl->relay->conf.clock);
}

/* ---- what is not there ---- */

/* The rest of an error in OpenAI's words, which clients know. `code` empty: null. */
static enum step_next refuse(struct exchange *x, struct str param, struct str code)
{
    struct openai_error *e = &x->fault.error;

    e->type = STR("invalid_request_error");
    e->param = param;
    e->code = code;
    if (code.n == 0)
        e->code_raw = STR("null");
    return NEXT_STEP;
}

static enum step_next miss(struct exchange *x, struct str id)
{
    (void)exchange_fail(
        x, ERR_NOT_FOUND,
        "Item with id '%.*s' not found. Items are not persisted when `store` is set to false, and "
        "for a limited time otherwise. Send the item itself, or remove it from your input. "
        "(找不到该条目：请直接发送其内容)",
        STR_ARG(utf8_prefix(id, RESPONSE_ITEM_ID_MAX)));
    return refuse(x, STR("input"), STR_NULL);
}

/* Turns that the request does not bring. */
static enum step_next refuse_turns(struct exchange *x, const struct chat_extra *named)
{
    bool response = str_eq(named->name, STR("previous_response_id"));
    const struct json *given = json_get(x->tr->root, named->name);
    const struct json *inner = json_get(given, STR("id"));
    struct str id = json_str_or_null(x->arena, inner ? inner : given);

    (void)exchange_fail(
        x, ERR_BAD_REQUEST,
        "%s with id '%.*s' not found. The upstream of this model keeps no earlier turns: send them "
        "instead of %.*s. (该模型的上游不保存之前的对话：请直接发送其内容)",
        response ? "Previous response" : "Conversation",
        STR_ARG(utf8_prefix(id, RESPONSE_ITEM_ID_MAX)), STR_ARG(named->name));
    return refuse(x, named->name, response ? STR("previous_response_not_found") : STR_NULL);
}

static enum step_next refuse_size(struct exchange *x)
{
    return exchange_fail(
        x, ERR_TOO_LARGE,
        "引用的条目过多或过大 (the items that the request names are too many or too large)");
}

/* ---- looking up ---- */

static bool look_up(struct exchange *x, struct recall *r, size_t i)
{
    struct response_items *items = x->rl->relay->items;
    size_t room = x->rl->relay->conf.body_limit;

    if (items && response_items_find(items, x->cred->user.id, r->named[i].id, now_s(x), x->arena,
                                     &r->json[i]))
        r->bytes += r->json[i].n;
    return r->bytes <= room;
}

/* The whole body, and what is to be read of it. */
static enum err_code put_in_place(struct exchange *x, const struct recall *r, struct err *err)
{
    struct json_patch *patch = json_patch_new(x->arena, x->body, x->tr->root);
    const struct str *slices;
    size_t n;

    for (size_t i = 0; i < r->n; i++)
        json_patch_replace(patch, r->named[i].item, r->json[i]);
    slices = json_patch_render(patch, &n);
    x->whole_body = str_concat(x->arena, slices, n);
    x->prompt_tokens = -1; /* which were counted without the items */
    x->tr->root = NULL;
    x->tr->request = NULL; /* as an attempt before may have read it, without the items */
    x->tr->read_losses = (struct loss_list){0};
    return translate_parse(x, err);
}

static enum step_next conclude(struct exchange *x)
{
    struct recall *r = x->recall;
    const struct chat_extra *turns;
    struct err err = {0};

    for (size_t i = 0; i < r->n; i++) {
        if (r->json[i].n == 0)
            return miss(x, r->named[i].id);
    }
    if (r->n > 0 && put_in_place(x, r, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    if (translate_read(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    r->done = true;
    turns = responses_kept_turns(x->tr->request);
    return turns ? refuse_turns(x, turns) : NEXT_STEP;
}

enum step_next recall_items(struct exchange *x)
{
    struct err err = {0};
    struct recall *r;

    if (!translates(x) || x->client->id != DIALECT_OPENAI_RESPONSES ||
        (x->recall && x->recall->done))
        return NEXT_STEP;
    if (translate_parse(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    r = x->recall = arena_new(x->arena, struct recall);
    r->n = responses_references(x->arena, x->tr->root, &r->named);
    if (r->n > NAMED_MAX)
        return refuse_size(x);
    r->json = arena_new_array(x->arena, struct str, r->n);
    for (size_t i = 0; i < r->n; i++) {
        if (!look_up(x, r, i))
            return refuse_size(x);
    }
    return conclude(x);
}

/* ---- keeping ---- */

bool recall_wants(const struct exchange *x)
{
    return x->rl->relay->items && translates(x) && x->cred &&
           x->client->id == DIALECT_OPENAI_RESPONSES &&
           !str_eq(x->tr->request->store, STR("false"));
}

void recall_keep(struct exchange *x)
{
    const struct answer_item *item = x->tr ? x->tr->items.first : NULL;

    for (; item; item = item->next)
        response_items_put(x->rl->relay->items, x->cred->user.id, item->id, item->json, now_s(x));
}
