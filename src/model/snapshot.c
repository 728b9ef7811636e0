#include "model/snapshot.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "model/gated.h"
#include "model/route_index.h"

enum { ARENA_CHUNK_BYTES = 64 * 1024 };

/* Ways to write that there is nothing (database reference 3). */
static bool says_nothing(struct str text)
{
    text = str_trim(text);
    return text.n == 0 || str_eq(text, STR("{}")) || str_eq(text, STR("null"));
}

static const struct json *read_json(struct arena *a, const struct channel *row, struct str text,
                                    const char *what)
{
    const struct json *root = NULL;

    if (says_nothing(text))
        return NULL;
    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK ||
        !json_is(root, JSON_OBJECT)) {
        log_warn(NULL, "snapshot.channel", "channel=%" PRId64 ": %s is no JSON object, left out",
                 row->id, what);
        return NULL;
    }
    return root;
}

static void copy_text(struct arena *a, struct str *s)
{
    *s = s->n > 0 ? str_dup(a, *s) : STR("");
}

static void copy_row(struct arena *a, const struct channel *from, struct channel *to)
{
    *to = *from;
    struct str *const texts[] = {
        &to->name,
        &to->base_url,
        &to->models,
        &to->group,
        &to->test_model,
        &to->open_ai_organization,
        &to->other,
        &to->other_info,
        &to->tag,
        &to->remark,
        &to->setting,
        &to->settings,
        &to->model_mapping,
        &to->status_code_mapping,
        &to->param_override,
        &to->header_override,
        &to->channel_info,
    };

    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        copy_text(a, texts[i]);
    to->key = secret_make(str_dup(a, secret_reveal(from->key)));
}

/* Is key number `index` of a multi-key channel in use? What is not listed is. */
static bool key_enabled(const struct json *status_list, size_t index)
{
    char name[24];
    int n = snprintf(name, sizeof name, "%zu", index);

    return json_i64_or(json_get(status_list, str_make(name, (size_t)n)), CHANNEL_ENABLED) ==
           CHANNEL_ENABLED;
}

/* The parts of a multi-key column: elements of a JSON array (a string, or an object as it is
 * written), otherwise lines. Empty ones have no number, as in the original. */
static size_t split_keys(struct arena *a, struct str text, struct str *keys)
{
    const struct json *root = NULL;
    size_t n = 0;

    if (text.n > 0 && text.p[0] == '[' &&
        json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) == ERR_OK) {
        JSON_EACH (item, root) {
            if (!json_str(a, item, &keys[n]))
                keys[n] = json_raw(item);
            n++;
        }
        return n;
    }
    STR_SPLIT_EACH (line, text, '\n')
        keys[n++] = line;
    return n;
}

static void read_keys(struct arena *a, struct route_channel *c)
{
    const struct json *info = read_json(a, &c->row, c->row.channel_info, "channel_info");
    struct str text = secret_reveal(c->row.key), *keys;
    uint32_t *numbers;
    size_t most = 1, kept = 0;

    if (!json_bool_or(json_get(info, STR("is_multi_key")), false)) {
        keys = arena_new(a, struct str);
        keys[0] = text;
        c->keys = keys;
        c->key_count = 1;
        return;
    }
    text = str_trim(text);
    for (size_t i = 0; i < text.n; i++) /* a part has a line end or a comma behind it */
        most += text.p[i] == '\n' || text.p[i] == ',';
    keys = arena_new_array(a, struct str, most);
    numbers = arena_new_array(a, uint32_t, most);
    most = split_keys(a, text, keys);
    for (size_t i = 0; i < most; i++) {
        if (!key_enabled(json_get(info, STR("multi_key_status_list")), i))
            continue;
        numbers[kept] = (uint32_t)i;
        keys[kept++] = keys[i];
    }
    c->keys = keys;
    c->key_count = kept;
    c->key_numbers = numbers;
    c->poll_keys = json_str_eq(json_get(info, STR("multi_key_mode")), STR("polling"));
}

static const struct override *read_override(struct arena *a, const struct channel *row)
{
    const struct json *root = read_json(a, row, row->param_override, "param_override");
    const struct override *o = NULL;
    struct err err;

    if (root && override_read(a, root, &o, &err) != ERR_OK)
        log_warn(NULL, "snapshot.channel", "channel=%" PRId64 ": param_override, left out: %s",
                 row->id, err.msg);
    return o;
}

/* Relay reference 9.2. */
static void read_channel_setting(struct arena *a, struct route_channel *out)
{
    const struct json *setting = out->setting;

    out->proxy = json_str_or_null(a, json_get(setting, STR("proxy")));
    out->system_prompt = json_str_or_null(a, json_get(setting, STR("system_prompt")));
    out->system_prompt_override =
        json_bool_or(json_get(setting, STR("system_prompt_override")), false);
    out->force_format = json_bool_or(json_get(setting, STR("force_format")), false);
    out->thinking_to_content = json_bool_or(json_get(setting, STR("thinking_to_content")), false);
    out->pass_through = json_bool_or(json_get(setting, STR("pass_through_body_enabled")), false);
}

static void read_other_settings(struct arena *a, struct route_channel *out)
{
    const struct json *settings = read_json(a, &out->row, out->row.settings, "settings");

    out->withheld = gated_withheld(settings);
    out->responses_version =
        json_str_or_null(a, json_get(settings, STR("azure_responses_version")));
    out->beta_query = json_bool_or(json_get(settings, STR("claude_beta_query")), false);
}

static void prepare(struct arena *a, const struct channel *row, struct route_channel *out)
{
    copy_row(a, row, &out->row);
    row = &out->row;
    read_keys(a, out);
    out->model_mapping = read_json(a, row, row->model_mapping, "model_mapping");
    out->mapping_broken = !out->model_mapping && !says_nothing(row->model_mapping);
    out->status_code_mapping = read_json(a, row, row->status_code_mapping, "status_code_mapping");
    out->override = read_override(a, row);
    out->header_override = read_json(a, row, row->header_override, "header_override");
    out->setting = read_json(a, row, row->setting, "setting");
    read_channel_setting(a, out);
    read_other_settings(a, out);
}

static void add_channels(struct snapshot *s, const struct channel *rows, size_t n)
{
    struct route_channel *channels = arena_new_array(&s->arena, struct route_channel, n);

    for (size_t i = 0; i < n; i++) {
        prepare(&s->arena, &rows[i], &channels[i]);
        map_put_u64(&s->by_id, (uint64_t)rows[i].id, &channels[i]);
    }
    s->channels = channels;
    s->channel_count = n;
}

struct snapshot *snapshot_build(const struct channel *channels, size_t channel_count,
                                const struct option_row *options, size_t option_count,
                                uint64_t version)
{
    struct snapshot *s = mem_new(struct snapshot);

    arena_init(&s->arena, ARENA_CHUNK_BYTES);
    map_init(&s->by_id);
    map_init(&s->groups);
    atomic_init(&s->refs, 1);
    s->version = version;
    settings_read(&s->arena, options, option_count, &s->settings);
    catalog_read(&s->arena, options, option_count, &s->catalog);
    add_channels(s, channels, channel_count);
    route_index_build(&s->arena, s->channels, s->channel_count, &s->groups);
    return s;
}

struct snapshot *snapshot_get(struct snapshot *s)
{
    atomic_fetch_add_explicit(&s->refs, 1, memory_order_relaxed);
    return s;
}

void snapshot_put(struct snapshot *s)
{
    if (!s || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    route_index_fini(&s->groups);
    map_fini(&s->by_id);
    catalog_fini(&s->catalog);
    arena_fini(&s->arena);
    mem_free(s);
}

const struct route_entry *snapshot_route(const struct snapshot *s, struct str group,
                                         struct str model)
{
    const struct route_group *g = map_find(&s->groups, group);
    const struct route_entry *hit;

    if (!g)
        return NULL;
    hit = map_find(&g->by_model, model);
    return hit ? hit : map_find(&g->by_model, model_normalise(model));
}

const struct route_channel *snapshot_channel(const struct snapshot *s, int64_t id)
{
    return map_find_u64(&s->by_id, (uint64_t)id);
}

struct secret snapshot_channel_key(const struct route_channel *channel, size_t i)
{
    assert(i < channel->key_count);
    return secret_make(channel->keys[i]);
}

void snapshot_attach_health(struct snapshot *s,
                            struct channel_health *(*find)(void *ctx, int64_t channel_id),
                            void *ctx)
{
    /* The array is the snapshot's own memory; it is const for readers only. */
    struct route_channel *channels = (struct route_channel *)(uintptr_t)s->channels;

    for (size_t i = 0; i < s->channel_count; i++)
        channels[i].health = find(ctx, channels[i].row.id);
}

const struct str *snapshot_models(const struct snapshot *s, struct str group, size_t *n)
{
    const struct route_group *g = map_find(&s->groups, group);

    *n = g ? g->model_count : 0;
    return g ? g->models : NULL;
}
