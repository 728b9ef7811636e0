#include "relay/mode.h"

#include "base/json_patch.h"
#include "base/json_write.h"
#include "dialect/media_answer.h"

/* ---- the request ---- */

static struct str content_type(const struct exchange *x)
{
    return http_req_header(x->req, STR("content-type"));
}

static void take(struct exchange *x, const struct media_request *asked)
{
    if (!x->asked)
        x->asked = arena_new(x->arena, struct media_request);
    *x->asked = *asked;
    x->peek = (struct peek_request){
        .model = asked->model, .stream = asked->stream, .choices = 1, .generated = 1};
}

enum err_code mode_read(struct exchange *x, struct err *err)
{
    struct media_request asked;

    TRY(media_request_read(x->arena, x->body, content_type(x), x->mode, &asked, err));
    take(x, &asked);
    return ERR_OK;
}

bool mode_begin(struct exchange *x, struct str begin)
{
    struct media_request asked;

    if (!media_mode(x->mode) || !media_request_begin(begin, content_type(x), x->mode, &asked))
        return false;
    take(x, &asked);
    return true;
}

enum err_code mode_read_engine(struct exchange *x, struct err *err)
{
    const struct json *root, *model;
    const struct str *slices;
    struct json_patch *patch;
    size_t n;

    x->path = STR("/v1/embeddings");
    TRY(json_read(x->arena, x->body, JSON_DEPTH_DEFAULT, &root, err));
    model = json_get(root, STR("model"));
    if (model && !json_is(model, JSON_NULL))
        return ERR_OK;
    patch = json_patch_new(x->arena, x->body, root);
    json_patch_set(patch, root, STR("model"), json_quote(x->arena, x->req->params[0]));
    slices = json_patch_render(patch, &n);
    x->body = str_concat(x->arena, slices, n);
    return ERR_OK;
}

/* ---- the price ---- */

static void plan_images(struct exchange *x, struct str model)
{
    struct image_ratios ratios = media_cost_image_ratios(model, x->asked->size, x->asked->quality);

    if (media_mode_draws(x->mode))
        price_plan_images(&x->plan, x->asked->n, ratios.size, ratios.quality);
}

void mode_price(struct exchange *x)
{
    x->estimate = media_cost_estimate(x->mode, x->asked, x->body);
    x->prompt_tokens = x->estimate.prompt;
    x->peek.max_tokens = x->estimate.completion;
    plan_images(x, x->peek.model);
}

void mode_settle(struct exchange *x)
{
    if (!x->usage_seen)
        x->usage = media_mode_draws(x->mode) ? media_cost_drawn(x->asked, &x->drawn) : x->estimate;
    plan_images(x, x->upstream_model);
}

struct str mode_content(struct exchange *x, struct str content)
{
    bool hd = str_eq(x->asked->quality, STR("hd"));

    if (!media_mode_draws(x->mode))
        return content;
    return str_concat(x->arena,
                      (struct str[]){content, STR(", 大小 "), x->asked->size, STR(", 品质 "),
                                     hd ? STR("hd") : STR("standard")},
                      5);
}

struct str mode_checked_text(const struct exchange *x)
{
    return media_mode_draws(x->mode) || x->mode == MODE_SPEECH ? x->asked->text : STR_NULL;
}

/* ---- the answer ---- */

static bool is_json(struct str content_type)
{
    return content_type.n == 0 || str_starts_nocase(content_type, STR("application/json"));
}

void mode_take_head(struct exchange *x, struct str content_type)
{
    if (!x->upstream_answered || x->stream_reply)
        return;
    if (content_type.n > 0)
        x->reply_type = str_dup(x->arena, content_type);
    /* A page of words is no sound, and a client that was already told of events hears none. */
    x->byte_reply = x->mode == MODE_SPEECH && !is_json(content_type) &&
                    !str_starts_nocase(content_type, STR("text/")) && !x->reply_started;
    if (x->byte_reply)
        loop_timer_stop(&x->ping);
}

/* A transcription, or subtitles, as plain text. */
static bool is_plain_text(const struct exchange *x, struct str body)
{
    return media_mode_transcribes(x->mode) && !str_starts_nocase(x->reply_type, STR("text/html")) &&
           !(is_json(x->reply_type) && str_starts(str_trim(body), STR("{")));
}

static void note_usage(struct exchange *x, const struct media_answer *seen)
{
    if (seen->seconds >= 0 && !seen->has_usage && media_mode_transcribes(x->mode)) {
        x->usage = (struct usage){.prompt = media_cost_tokens_of_seconds(seen->seconds)};
        x->usage_seen = x->usage.prompt > 0;
        return;
    }
    if (!seen->has_usage)
        return;
    /* Each image of a stream has its own. */
    x->usage.prompt += seen->usage.prompt;
    x->usage.completion += seen->usage.completion;
    x->usage.cached += seen->usage.cached;
    x->usage.image_in += seen->usage.image_in;
    x->usage.image_out += seen->usage.image_out;
    x->usage.audio_in += seen->usage.audio_in;
    x->usage.audio_out += seen->usage.audio_out;
    x->usage.reported = x->usage_seen = true;
}

static void note_drawn(struct exchange *x, const struct media_answer *seen)
{
    x->drawn.partials += seen->is_partial;
    if (seen->size.n > 0)
        x->drawn.size = str_dup(x->arena, seen->size);
    if (seen->quality.n > 0)
        x->drawn.quality = str_dup(x->arena, seen->quality);
}

/* Cohere's answer tells no tokens in the place where Jina's clients look for them. */
static void add_rerank_usage(struct exchange *x)
{
    struct str body = sb_str(&x->collected);
    ptrdiff_t end = str_rfind_char(body, '}');
    int64_t tokens = x->usage_seen ? x->usage.prompt : x->estimate.prompt;

    assert(end > 0);
    body = str_dup(x->arena, str_sub(body, 0, (size_t)end));
    sb_reset(&x->collected);
    sb_add(&x->collected, body);
    sb_fmt(&x->collected,
           ",\"usage\":{\"prompt_tokens\":%" PRId64 ",\"total_tokens\":%" PRId64 "}}", tokens,
           tokens);
}

static void fail(struct exchange *x, enum err_code code, const char *why)
{
    struct err err;

    err_set(&err, code, "%s", why);
    fault_from_err(x, &err);
}

void mode_judge(struct exchange *x, struct str body)
{
    struct media_answer seen;

    if (is_plain_text(x, body) || (x->upstream != x->client && !mode_take_drawn(x, &body)))
        return;
    media_answer_read(body, x->mode, &seen);
    if (!seen.is_object)
        fail(x, ERR_UPSTREAM_BODY, "the reply is not a JSON object");
    else if (seen.has_error)
        fault_from_reply(x, 200, body);
    else if (!seen.has_result)
        fail(x, ERR_UPSTREAM_EMPTY, "the reply is empty");
    if (x->fault.code != ERR_OK)
        return;
    note_usage(x, &seen);
    note_drawn(x, &seen);
    if (x->mode == MODE_RERANK && !seen.tells_usage)
        add_rerank_usage(x);
}

void mode_read_event(struct exchange *x, const struct sse_event *ev, struct seen *seen)
{
    struct media_answer event;

    if (x->first_payload_us == 0)
        x->first_payload_us = clock_mono_us();
    media_event_read(ev->data, ev->type, x->mode, &event);
    seen->error = event.has_error;
    seen->content = event.has_result;
    x->finish_seen |= event.is_end;
    note_usage(x, &event);
    note_drawn(x, &event);
}
