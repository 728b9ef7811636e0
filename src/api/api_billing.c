/* What key-balance tools ask of an OpenAI-like server: admin-api 3.14. */
#include "api/handlers.h"

/* What such tools take for no limit. */
#define UNLIMITED_USD 100000000.0

/* Figures of the token or of its owner, in points. */
struct figures {
    int64_t remain, used, access_until;
    bool unlimited;
};

static struct figures figures_of(const struct api_call *c)
{
    const struct token *t = c->token;

    if (!call_settings(c)->display_token_stat)
        return (struct figures){.remain = c->me->quota, .used = c->me->used_quota};
    return (struct figures){.remain = t->remain_quota,
                            .used = t->used_quota,
                            .access_until = t->expired_time > 0 ? t->expired_time : 0,
                            .unlimited = t->unlimited_quota};
}

static double amount(const struct api_call *c, double points)
{
    const struct settings *s = call_settings(c);

    return s->display_in_currency && s->quota_per_unit > 0 ? points / s->quota_per_unit : points;
}

enum err_code api_billing_subscription(struct api_call *c)
{
    struct figures f = figures_of(c);
    double limit = f.unlimited ? UNLIMITED_USD : amount(c, (double)f.remain + (double)f.used);
    struct json_writer *w = reply_whole(c);

    jw_object(w);
    jw_key_str(w, STR("object"), STR("billing_subscription"));
    jw_key_bool(w, STR("has_payment_method"), true);
    jw_key_f64(w, STR("soft_limit_usd"), limit);
    jw_key_f64(w, STR("hard_limit_usd"), limit);
    jw_key_f64(w, STR("system_hard_limit_usd"), limit);
    jw_key_i64(w, STR("access_until"), f.access_until);
    jw_end(w);
    return ERR_OK;
}

enum err_code api_billing_usage(struct api_call *c)
{
    struct json_writer *w = reply_whole(c);

    jw_object(w);
    jw_key_str(w, STR("object"), STR("list"));
    jw_key_f64(w, STR("total_usage"), amount(c, (double)figures_of(c).used * 100));
    jw_end(w);
    return ERR_OK;
}
