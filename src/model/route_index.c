/*
 * Ten thousand channels of a hundred models each are a million (group, model, channel) triples, so
 * nothing is hashed per triple: a list of names is read once however many channels share its text,
 * and becomes an array of numbers; what is left is counting and filling, a group at a time.
 */
#include "model/route_index.h"

#include <stdlib.h>

#include "base/mem.h"

/* Names as numbers: 0, 1, 2, ... in the order of their first appearance. */
struct names {
    struct arena *a;
    struct map number_of; /* name -> uint32_t*, counted from 1 so that a value is never NULL */
    struct map lists;     /* text of a comma list -> struct list_of */
    struct str *names;
    uint32_t count, cap;
};

struct list_of {
    uint32_t *numbers;
    size_t count;
};

struct member { /* an enabled channel, in the order of its priority */
    const struct route_channel *channel;
    const struct list_of *models, *groups;
};

struct builder {
    struct arena *a;
    struct arena scratch;
    struct names models, groups;
    struct member *members;
    size_t member_count;
    uint32_t *rank; /* of a model, among all names sorted */
    /* By rank, for the group in hand: */
    uint32_t *counts;
    struct route_candidate **next; /* where its next candidate goes */
};

static void names_init(struct names *n, struct arena *keep)
{
    *n = (struct names){.a = keep};
    map_init(&n->number_of);
    map_init(&n->lists);
}

static void names_fini(struct names *n)
{
    map_fini(&n->number_of);
    map_fini(&n->lists);
    mem_free(n->names);
}

/* `name` must live as long as the snapshot. */
static uint32_t number_of(struct names *n, struct str name)
{
    uint32_t *hit = map_find(&n->number_of, name);

    if (hit)
        return *hit;
    if (n->count == n->cap) {
        n->cap = n->cap ? n->cap * 2 : 64;
        n->names = mem_realloc(n->names, n->cap * sizeof *n->names);
    }
    hit = arena_new(n->a, uint32_t);
    *hit = n->count;
    n->names[n->count++] = name;
    map_put(&n->number_of, name, hit);
    return *hit;
}

static int by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

static void drop_repeated(struct list_of *list)
{
    size_t kept = 0;

    qsort(list->numbers, list->count, sizeof *list->numbers, by_number);
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->numbers[i] != list->numbers[i - 1])
            list->numbers[kept++] = list->numbers[i];
    }
    list->count = kept;
}

static const struct list_of *list_read(struct names *n, struct str text)
{
    struct list_of *list = map_find(&n->lists, text);
    size_t most = 1;

    if (list)
        return list;
    for (size_t i = 0; i < text.n; i++)
        most += text.p[i] == ',';
    list = arena_new(n->a, struct list_of);
    list->numbers = arena_new_array(n->a, uint32_t, most);
    STR_SPLIT_EACH (name, text, ',')
        list->numbers[list->count++] = number_of(n, name);
    drop_repeated(list);
    map_put(&n->lists, text, list);
    return list;
}

static int by_priority(const void *a, const void *b)
{
    const struct channel *x = &((const struct member *)a)->channel->row;
    const struct channel *y = &((const struct member *)b)->channel->row;

    if (x->priority != y->priority)
        return x->priority > y->priority ? -1 : 1;
    return x->id < y->id ? -1 : x->id > y->id;
}

static void collect_members(struct builder *b, const struct route_channel *channels, size_t n)
{
    b->members = arena_new_array(&b->scratch, struct member, n);
    for (size_t i = 0; i < n; i++) {
        if (channels[i].row.status != CHANNEL_ENABLED)
            continue;
        b->members[b->member_count++] =
            (struct member){.channel = &channels[i],
                            .models = list_read(&b->models, channels[i].row.models),
                            .groups = list_read(&b->groups, channels[i].row.group)};
    }
    qsort(b->members, b->member_count, sizeof *b->members, by_priority);
}

struct named {
    struct str name;
    uint32_t number;
};

static int by_name(const void *a, const void *b)
{
    return str_cmp(((const struct named *)a)->name, ((const struct named *)b)->name);
}

/* Sorting all names once makes sorting those of a group a matter of numbers. */
static void rank_models(struct builder *b)
{
    struct named *sorted = arena_new_array(&b->scratch, struct named, b->models.count);

    for (uint32_t i = 0; i < b->models.count; i++)
        sorted[i] = (struct named){.name = b->models.names[i], .number = i};
    qsort(sorted, b->models.count, sizeof *sorted, by_name);
    b->rank = arena_new_array(&b->scratch, uint32_t, b->models.count);
    for (uint32_t i = 0; i < b->models.count; i++)
        b->rank[sorted[i].number] = i;
    for (uint32_t i = 0; i < b->models.count; i++)
        b->models.names[i] = sorted[i].name; /* from here on by rank */
}

/* The members of each group, one group behind the other. */
struct grouped {
    size_t *start; /* groups + 1 */
    const struct member **members;
};

static struct grouped group_members(struct builder *b)
{
    struct grouped g = {.start = arena_new_array(&b->scratch, size_t, b->groups.count + 2)};
    size_t *at = g.start + 1; /* one further, so that filling leaves the starts behind */

    for (size_t i = 0; i < b->member_count; i++) {
        for (size_t k = 0; k < b->members[i].groups->count; k++)
            at[b->members[i].groups->numbers[k] + 1]++;
    }
    for (size_t i = 1; i <= b->groups.count; i++)
        at[i] += at[i - 1];
    g.members = arena_new_array(&b->scratch, const struct member *, at[b->groups.count]);
    for (size_t i = 0; i < b->member_count; i++) {
        for (size_t k = 0; k < b->members[i].groups->count; k++)
            g.members[at[b->members[i].groups->numbers[k]]++] = &b->members[i];
    }
    return g;
}

/* How many candidates each model (by rank) has among the members; returns the sum. */
static size_t count_candidates(const struct builder *b, const struct member *const *members,
                               size_t n)
{
    size_t sum = 0;

    memset(b->counts, 0, b->models.count * sizeof *b->counts);
    for (size_t i = 0; i < n; i++) {
        const struct list_of *models = members[i]->models;

        for (size_t k = 0; k < models->count; k++)
            b->counts[b->rank[models->numbers[k]]]++;
        sum += models->count;
    }
    return sum;
}

/* The members come by priority, so every entry is filled in its order. */
static void fill_candidates(const struct builder *b, const struct member *const *members, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct route_channel *channel = members[i]->channel;
        const struct route_candidate candidate = {
            .channel = channel,
            .priority = channel->row.priority,
            .weight = channel->row.weight > 0 ? (uint64_t)channel->row.weight : 0};

        for (size_t k = 0; k < members[i]->models->count; k++)
            *b->next[b->rank[members[i]->models->numbers[k]]]++ = candidate;
    }
}

static struct route_group *build_group(struct builder *b, struct str name,
                                       const struct member *const *members, size_t n)
{
    const uint32_t models = b->models.count;
    struct route_group *group = arena_new(b->a, struct route_group);
    size_t sum = count_candidates(b, members, n), used = 0;
    struct route_candidate *at = arena_new_array(b->a, struct route_candidate, sum);

    for (uint32_t i = 0; i < models; i++)
        used += b->counts[i] > 0;
    struct route_entry *entries = arena_new_array(b->a, struct route_entry, used);
    struct str *sorted = arena_new_array(b->a, struct str, used);

    *group = (struct route_group){.name = name, .models = sorted};
    map_init(&group->by_model);
    for (uint32_t i = 0; i < models; i++) {
        if (b->counts[i] == 0)
            continue;
        struct route_entry *entry = entries++;

        *entry = (struct route_entry){
            .group = name, .model = b->models.names[i], .candidates = at, .count = b->counts[i]};
        b->next[i] = at;
        at += b->counts[i];
        sorted[group->model_count++] = entry->model;
        map_put(&group->by_model, entry->model, entry);
    }
    fill_candidates(b, members, n);
    return group;
}

static void build_groups(struct builder *b, struct map *groups)
{
    struct grouped g = group_members(b);

    b->counts = arena_new_array(&b->scratch, uint32_t, b->models.count);
    b->next = arena_new_array(&b->scratch, struct route_candidate *, b->models.count);
    for (uint32_t i = 0; i < b->groups.count; i++) {
        struct route_group *group =
            build_group(b, b->groups.names[i], g.members + g.start[i], g.start[i + 1] - g.start[i]);

        map_put(groups, group->name, group);
    }
}

void route_index_build(struct arena *a, const struct route_channel *channels, size_t n,
                       struct map *groups)
{
    struct builder b = {.a = a};

    arena_init(&b.scratch, 0);
    names_init(&b.models, &b.scratch);
    names_init(&b.groups, &b.scratch);
    collect_members(&b, channels, n);
    rank_models(&b);
    build_groups(&b, groups);
    names_fini(&b.models);
    names_fini(&b.groups);
    arena_fini(&b.scratch);
}

void route_index_fini(struct map *groups)
{
    struct route_group *group;
    size_t at = 0;

    while ((group = map_next(groups, &at)))
        map_fini(&group->by_model);
    map_fini(groups);
}
