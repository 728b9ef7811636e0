#include "api/groups.h"

static bool has(const struct usable_group *groups, size_t n, struct str name)
{
    for (size_t i = 0; i < n; i++) {
        if (str_eq(groups[i].name, name))
            return true;
    }
    return false;
}

struct usable_group *groups_usable(struct arena *a, const struct settings *s, struct str user_group,
                                   bool english, size_t *n)
{
    const struct str added = message_text(MSG_GROUP_OF_USER, english);
    size_t room = json_count(s->user_usable_groups) + 2;
    struct usable_group *groups = arena_new_array(a, struct usable_group, room);

    *n = 0;
    JSON_EACH_MEMBER (key, value, s->user_usable_groups) {
        struct usable_group g = {json_str_or_null(a, key), json_str_or_null(a, value)};

        if (!has(groups, *n, g.name))
            groups[(*n)++] = g;
    }
    if (user_group.n == 0 && !has(groups, *n, STR("default")))
        groups[(*n)++] = (struct usable_group){STR("default"), added};
    if (!has(groups, *n, user_group))
        groups[(*n)++] = (struct usable_group){user_group, added};
    return groups;
}

/* ---- models ---- */

/* One (model, group) that a channel serves. */
struct offer {
    struct str model, group;
};

static int offer_order(const void *left, const void *right)
{
    const struct offer *l = left, *r = right;
    int by_model = str_cmp(l->model, r->model);

    return by_model != 0 ? by_model : str_cmp(l->group, r->group);
}

static size_t count_parts(struct str list)
{
    size_t n = 0;

    STR_SPLIT_EACH (part, list, ',')
        n++;
    return n;
}

static struct offer *offers(struct arena *a, const struct snapshot *snap, size_t *n)
{
    struct offer *all;
    size_t room = 0;

    for (size_t i = 0; i < snap->channel_count; i++)
        room +=
            count_parts(snap->channels[i].row.models) * count_parts(snap->channels[i].row.group);
    all = arena_new_array(a, struct offer, room);
    *n = 0;
    for (size_t i = 0; i < snap->channel_count; i++) {
        const struct channel *row = &snap->channels[i].row;

        if (row->status != CHANNEL_ENABLED)
            continue;
        STR_SPLIT_EACH (model, row->models, ',') {
            STR_SPLIT_EACH (group, row->group, ',')
                all[(*n)++] = (struct offer){model, group};
        }
    }
    if (*n > 0)
        qsort(all, *n, sizeof *all, offer_order);
    return all;
}

struct group_model *groups_models(struct arena *a, const struct snapshot *snap, size_t *n)
{
    size_t offer_count;
    const struct offer *all = offers(a, snap, &offer_count);
    struct group_model *models = arena_new_array(a, struct group_model, offer_count);
    struct str *groups = arena_new_array(a, struct str, offer_count);

    *n = 0;
    for (size_t i = 0; i < offer_count; i++) {
        struct group_model *last = *n > 0 ? &models[*n - 1] : NULL;

        groups[i] = all[i].group;
        if (!last || !str_eq(last->name, all[i].model)) {
            models[(*n)++] = (struct group_model){all[i].model, &groups[i], 1};
        } else if (!str_eq(last->groups[last->group_count - 1], all[i].group)) {
            last->groups[last->group_count++] = all[i].group;
        }
    }
    return models;
}
