/*
 * A client of the Responses API that leaves `store` alone takes it that its answers are kept, and
 * names items of earlier ones by their ids. An upstream of that API has them; for the others this
 * gateway keeps the items that it wrote itself: in memory, and where there is Redis also in it, for
 * the other nodes. What an upstream of that API has answered is not known here.
 *
 * A name behind which nothing is found is an error as OpenAI has it, and so is a turn that is named
 * by its response: without them another question would be asked than the client's.
 */
#include "relay/exchange.h"

#include "base/json_patch.h"
#include "base/text.h"
#include "dialect/openai_responses.h"
#include "relay/response_items_shared.h"

enum { NAMED_MAX = 4096 }; /* of one request */

/* Items that a request names. */
struct recall {
    struct exchange *x;
    struct responses_reference *named;
    struct str *json; /* of each; empty: not found */
    size_t n, bytes;
    size_t next;                        /* from here on Redis was not asked */
    size_t batch[RESPONSE_ITEMS_BATCH]; /* what it is asked for */
    struct response_items_ask ask;
    bool asking, away, done;
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

static enum step_next refuse_now(struct exchange *x)
{
    return exchange_fail(
        x, ERR_UNAVAILABLE,
        "暂时无法查找引用的条目，请稍后重试 (the items that the request names cannot "
        "be looked up now, try again later)");
}

static bool is_too_large(const struct exchange *x, const struct recall *r)
{
    return r->bytes > x->rl->relay->conf.body_limit;
}

/* ---- looking up ---- */

/* In memory. */
static void look_up(struct exchange *x, struct recall *r)
{
    struct response_items *items = x->rl->relay->items;

    for (size_t i = 0; items && i < r->n && !is_too_large(x, r); i++) {
        if (response_items_find(items, x->cred->user.id, r->named[i].id, now_s(x), x->arena,
                                &r->json[i]))
            r->bytes += r->json[i].n;
    }
}

static void on_answer(struct response_items_ask *ask, const struct str *json)
{
    struct recall *r = container_of(ask, struct recall, ask);

    r->asking = false;
    r->away = !json;
    for (size_t i = 0; json && i < ask->n && !is_too_large(r->x, r); i++) {
        r->json[r->batch[i]] = str_dup(r->x->arena, json[i]);
        r->bytes += json[i].n;
    }
    exchange_run(r->x);
}

/* Asks the other nodes' memory for the next ones that are missing. False: for none. */
static bool ask_redis(struct exchange *x, struct recall *r)
{
    struct str ids[RESPONSE_ITEMS_BATCH];
    struct relay *relay = x->rl->relay;
    size_t n = 0;

    if (!x->rl->redis || !relay->items || r->away || is_too_large(x, r))
        return false;
    for (; r->next < r->n && n < RESPONSE_ITEMS_BATCH; r->next++) {
        struct str id = r->named[r->next].id;

        if (r->json[r->next].n > 0 || id.n == 0 || id.n > RESPONSE_ITEM_ID_MAX)
            continue;
        r->batch[n] = r->next;
        ids[n++] = id;
    }
    if (n == 0)
        return false;
    r->asking = true;
    r->ask = (struct response_items_ask){.done = on_answer};
    response_items_ask(&r->ask, x->rl->redis, relay->conf.items_secret, x->cred->user.id, ids, n);
    return true;
}

static void stop_asking(void *recall)
{
    struct recall *r = recall;

    if (r->asking)
        redis_cancel(&r->ask.call);
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
            return r->away ? refuse_now(x) : miss(x, r->named[i].id);
    }
    if (r->n > 0 && put_in_place(x, r, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    if (translate_read(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    r->done = true;
    turns = responses_kept_turns(x->tr->request);
    return turns ? refuse_turns(x, turns) : NEXT_STEP;
}

/* What is named, and what of it is in memory. */
static struct recall *begin(struct exchange *x)
{
    struct recall *r = arena_new(x->arena, struct recall);

    r->x = x;
    r->n = responses_references(x->arena, x->tr->root, &r->named);
    r->json = arena_new_array(x->arena, struct str, r->n);
    arena_defer(x->arena, stop_asking, r);
    if (r->n <= NAMED_MAX)
        look_up(x, r);
    return r;
}

enum step_next recall_items(struct exchange *x)
{
    struct err err = {0};

    if (!translates(x) || x->client->id != DIALECT_OPENAI_RESPONSES ||
        (x->recall && x->recall->done))
        return NEXT_STEP;
    if (translate_parse(x, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    if (!x->recall)
        x->recall = begin(x);
    if (x->recall->asking)
        return NEXT_WAIT;
    if (x->recall->n <= NAMED_MAX && ask_redis(x, x->recall))
        return NEXT_WAIT;
    if (x->recall->n > NAMED_MAX || is_too_large(x, x->recall))
        return refuse_size(x);
    return conclude(x);
}

/* ---- keeping ---- */

bool recall_wants(const struct exchange *x)
{
    return x->rl->relay->items && translates(x) && x->cred &&
           x->client->id == DIALECT_OPENAI_RESPONSES &&
           !str_eq(x->tr->request->store, STR("false"));
}

/* In Redis only so much as it has memory for: what is full there stops more than this. */
static void share(struct exchange *x, const struct answer_item *item)
{
    const struct relay *relay = x->rl->relay;
    size_t bytes = response_items_shared_bytes(item->json);

    if (item->json.n <= RESPONSE_ITEM_SHARED_MAX &&
        response_items_may_share(relay->items, bytes, now_s(x)))
        response_items_share(x->rl->redis, relay->conf.items_secret, x->cred->user.id, item->id,
                             item->json, relay->conf.items_life_s);
}

void recall_keep(struct exchange *x)
{
    const struct answer_item *item = x->tr ? x->tr->items.first : NULL;

    for (; item; item = item->next) {
        response_items_put(x->rl->relay->items, x->cred->user.id, item->id, item->json, now_s(x));
        if (x->rl->redis)
            share(x, item);
    }
}
