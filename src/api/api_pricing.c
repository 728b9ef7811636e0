/* GET /api/pricing: what each model costs, and in which groups (admin-api 4.2). */
#include "api/handlers.h"

#include "api/groups.h"

static void write_model(struct json_writer *w, const struct catalog *catalog,
                        const struct group_model *m)
{
    struct model_price price;

    catalog_price(catalog, m->name, &price);
    jw_object(w);
    jw_key_str(w, STR("model_name"), m->name);
    jw_key_i64(w, STR("quota_type"), price.per_call ? 1 : 0);
    jw_key_f64(w, STR("model_ratio"), price.per_call ? 0 : price.ratio);
    jw_key_f64(w, STR("model_price"), price.per_call ? price.price_usd : 0);
    jw_key_str(w, STR("owner_by"), STR_NULL);
    jw_key_f64(w, STR("completion_ratio"), price.per_call ? 0 : price.completion_ratio);
    jw_key(w, STR("enable_groups"));
    jw_array(w);
    for (size_t i = 0; i < m->group_count; i++)
        jw_str(w, m->groups[i]);
    jw_end(w);
    jw_end(w);
}

static void write_groups(struct api_call *c, struct json_writer *w)
{
    const struct settings *s = call_settings(c);
    struct str own = c->me ? c->me->group : STR_NULL;
    size_t n;
    const struct usable_group *groups = groups_usable(c->arena, s, own, c->english, &n);

    jw_key(w, STR("group_ratio"));
    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        if (settings_group_exists(s, groups[i].name))
            jw_key_f64(w, groups[i].name, settings_group_ratio(s, own, groups[i].name));
    }
    jw_end(w);
    jw_key(w, STR("usable_group"));
    jw_object(w);
    for (size_t i = 0; i < n; i++)
        jw_key_str(w, groups[i].name, groups[i].label);
    jw_end(w);
}

enum err_code api_pricing_get(struct api_call *c)
{
    size_t n;
    const struct group_model *models = groups_models(c->arena, c->snap, &n);
    struct json_writer *w = reply_data_only(c);

    jw_array(w);
    for (size_t i = 0; i < n; i++)
        write_model(w, &c->snap->catalog, &models[i]);
    jw_end(w);
    write_groups(c, w);
    return ERR_OK;
}
