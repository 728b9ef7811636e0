/* Images that a client of OpenAI's asks for, of a channel of Gemini's. */
#include "relay/mode.h"

#include "base/json.h"
#include "dialect/imagen.h"

enum err_code mode_write(struct exchange *x, const struct provider_call *call, struct str *body,
                         struct err *err)
{
    const struct json *root;
    struct sb *out;

    if (!imagen_model(call->model))
        return err_set(err, ERR_NOT_IMPLEMENTED,
                       "该渠道只有 imagen 模型可以画图 (of this type of channel only models named "
                       "imagen draw images on this path)");
    TRY(json_read(x->arena, x->body, JSON_DEPTH_DEFAULT, &root, err));
    out = arena_new(x->arena, struct sb);
    sb_init(out, REPLY_LIMIT);
    arena_defer(x->arena, sb_finip, out);
    imagen_write(x->arena, root, x->asked, call->losses, out);
    *body = sb_str(out);
    return sb_failed(out) ? err_set(err, ERR_TOO_LARGE, "the request is too large") : ERR_OK;
}

/* Every image was held back, which another channel would do as well. */
static void fail_held_back(struct exchange *x, struct str why)
{
    why = fault_mask(x->arena, why, x->channel, x->channel_key);
    x->fault = (struct relay_fault){
        .code = ERR_BAD_IMAGE_REQUEST,
        .status = err_status(ERR_BAD_IMAGE_REQUEST),
        .local = true,
        .error = {.message = why.n > 0 ? why
                                       : STR("没有生成图片 (no image was drawn, the upstream has "
                                             "held all of them back)"),
                  .type = STR("upstream_error"),
                  .code = STR("no_images")},
    };
}

bool mode_take_drawn(struct exchange *x, struct str *body)
{
    struct imagen_answer told;
    struct sb out;

    sb_init(&out, REPLY_LIMIT);
    imagen_read(x->arena, *body, clock_now_s(x->rl->relay->conf.clock), &told, &out);
    if (!told.is_answer) { /* an error, or nothing that could be read: told as it came */
        sb_fini(&out);
        return true;
    }
    sb_fini(&x->collected);
    x->collected = out;
    *body = sb_str(&x->collected);
    x->usage = (struct usage){.prompt = told.images * IMAGEN_IMAGE_TOKENS};
    x->usage_seen = true;
    if (told.images == 0)
        fail_held_back(x, told.kept);
    else if (sb_failed(&x->collected))
        fault_from_err(x,
                       &(struct err){.code = ERR_UPSTREAM_BODY, .msg = "the reply is too large"});
    return x->fault.code == ERR_OK;
}
