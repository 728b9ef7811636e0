/*
 * Embeddings where the client or the upstream speaks another dialect than OpenAI's. A request that
 * is translated may take several calls of one attempt, one after the other (Gemini takes a hundred
 * texts at once); their vectors are one answer. What is not translated is only looked into: is it
 * an answer at all, and what did it use?
 */
#include "relay/exchange.h"

#include "base/json_write.h"

struct embedding {
    struct embed_request request; /* the client's; count 0: not read */
    struct loss_list read_losses, losses;
    struct embed_answer answer;
    size_t calls, call; /* of the attempt, and which is made */
    bool goes_on;       /* the next call is due */
};

bool embedding_translates(const struct exchange *x)
{
    return x->embedding && x->upstream != x->client;
}

struct loss_list *embedding_losses(const struct exchange *x)
{
    return &x->embedding->losses;
}

bool embedding_is_batch(const struct exchange *x)
{
    return embedding_translates(x) ? !x->embedding->request.single : x->embed_batch;
}

bool embedding_goes_on(const struct exchange *x)
{
    return x->embedding && x->embedding->goes_on;
}

static const struct embed_dialect *dialect_for(const struct dialect *d)
{
    const struct embed_dialect *e = embed_dialect_of(d->id);

    assert(e); /* no path and no provider brings embeddings in the other dialects */
    return e;
}

/* The client's request, which all attempts share. */
static enum err_code read_request(struct exchange *x, struct embedding *e, struct err *err)
{
    const struct json *root;

    if (e->request.count > 0)
        return ERR_OK;
    TRY(json_read(x->arena, x->body, JSON_DEPTH_DEFAULT, &root, err));
    TRY(dialect_for(x->client)->read_request(x->arena, root, &e->request, &e->read_losses, err));
    if (e->request.count > EMBED_TEXTS_MAX)
        return err_set(err, ERR_BAD_EMBEDDING_REQUEST, "at most %d texts may be sent at once",
                       EMBED_TEXTS_MAX);
    return ERR_OK;
}

enum step_next embedding_prepare(struct exchange *x)
{
    struct embedding *e = x->embedding;
    struct err err = {0};

    if (e && e->goes_on) {
        e->goes_on = false;
        return NEXT_STEP;
    }
    if (x->client->id == DIALECT_OPENAI_CHAT && x->upstream == x->client) {
        x->embedding = NULL;
        return NEXT_STEP;
    }
    if (!e)
        e = x->embedding = arena_new(x->arena, struct embedding);
    e->answer = (struct embed_answer){0};
    e->call = 0;
    e->calls = 1;
    if (x->upstream == x->client)
        return NEXT_STEP;
    if (read_request(x, e, &err) != ERR_OK)
        return exchange_fail(x, err.code, "%s", err.msg);
    e->calls = dialect_for(x->upstream)->calls(&e->request);
    e->losses = e->read_losses;
    return NEXT_STEP;
}

enum err_code embedding_request(struct exchange *x, const struct provider_call *call,
                                struct str *body, struct err *err)
{
    struct embedding *e = x->embedding;
    struct embed_request request = e->request;
    struct sb *out = arena_new(x->arena, struct sb);

    request.model = call->model;
    sb_init(out, REPLY_LIMIT);
    arena_defer(x->arena, sb_finip, out);
    dialect_for(x->upstream)->write_request(x->arena, &request, e->call, &e->losses, out);
    *body = sb_str(out);
    return sb_failed(out)
               ? err_set(err, ERR_TOO_LARGE, "the request is too large for the upstream's dialect")
               : ERR_OK;
}

static void write_answer(struct exchange *x, struct embedding *e)
{
    struct embed_request request = e->request;

    request.model = x->peek.model;
    if (e->answer.prompt_tokens == 0)
        e->answer.prompt_tokens = exchange_prompt_tokens(x);
    sb_reset(&x->collected);
    dialect_for(x->client)->write_answer(x->arena, &request, &e->answer, &x->collected);
}

static void normalise(struct exchange *x, struct embedding *e)
{
    const struct embed_dialect *from = dialect_for(x->upstream);
    struct embed_request request = e->request;

    request.model = x->upstream_model;
    if (from->needs_normalising && from->needs_normalising(&request))
        embed_normalise(&e->answer);
}

enum err_code embedding_answer(struct exchange *x, struct str body, struct err *err)
{
    struct embedding *e = x->embedding;

    TRY(dialect_for(x->upstream)->read_answer(x->arena, body, &e->answer, err));
    e->goes_on = ++e->call < e->calls;
    if (e->goes_on)
        return ERR_OK;
    x->usage =
        (struct usage){.prompt = e->answer.prompt_tokens, .reported = e->answer.prompt_tokens > 0};
    x->usage_seen = x->usage.reported;
    if (!embedding_translates(x))
        return ERR_OK;
    if (e->answer.count != e->request.count)
        return err_set(err, ERR_UPSTREAM_BODY, "%zu vectors came for %zu texts", e->answer.count,
                       e->request.count);
    normalise(x, e);
    write_answer(x, e);
    return sb_failed(&x->collected) ? err_set(err, ERR_UPSTREAM_BODY, "the answer is too large")
                                    : ERR_OK;
}
