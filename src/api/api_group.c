/* Groups: admin-api 3.5, 3.13, 4.6. */
#include "api/handlers.h"

#include "api/groups.h"

enum err_code api_group_list(struct api_call *c)
{
    struct json_writer *w = reply_data(c);

    jw_array(w);
    JSON_EACH_MEMBER (key, value, call_settings(c)->group_ratio)
        jw_str(w, json_str_or_null(c->arena, key));
    jw_end(w);
    return ERR_OK;
}

/* Only groups that have a ratio are of use. */
static enum err_code reply_groups(struct api_call *c, struct str user_group)
{
    const struct settings *s = call_settings(c);
    size_t n;
    const struct usable_group *groups = groups_usable(c->arena, s, user_group, c->english, &n);
    struct json_writer *w = reply_data(c);

    jw_object(w);
    for (size_t i = 0; i < n; i++) {
        if (!settings_group_exists(s, groups[i].name))
            continue;
        jw_key(w, groups[i].name);
        jw_object(w);
        jw_key_f64(w, STR("ratio"), settings_group_ratio(s, user_group, groups[i].name));
        jw_key_str(w, STR("desc"), groups[i].label);
        jw_end(w);
    }
    jw_end(w);
    return ERR_OK;
}

enum err_code api_group_usable(struct api_call *c)
{
    return reply_groups(c, STR_NULL);
}

enum err_code api_group_own(struct api_call *c)
{
    return reply_groups(c, c->me->group);
}
