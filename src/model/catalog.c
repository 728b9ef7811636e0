#include "model/catalog.h"

#include "base/json.h"
#include "base/log.h"
#include "model/catalog_table.h"
#include "model/completion_rule.h"
#include "model/snapshot.h"

static const double ratio_unset = 37.5; /* billing reference 1: used in self-use mode */

/* The stored text of an option, the last row of the key; STR_NULL: none. */
static struct str stored_text(const struct option_row *rows, size_t n, struct str key)
{
    struct str text = STR_NULL;

    for (size_t i = 0; i < n; i++) {
        if (str_eq(rows[i].key, key))
            text = rows[i].value;
    }
    return text;
}

static const struct json *read_object(struct arena *a, struct str text)
{
    const struct json *root = NULL;

    if (json_read(a, text, JSON_DEPTH_DEFAULT, &root, NULL) != ERR_OK)
        return NULL;
    return json_is(root, JSON_OBJECT) ? root : NULL;
}

static void fill_column(struct arena *a, const struct json *object, struct str option,
                        struct map *column)
{
    double *numbers = arena_new_array(a, double, json_count(object)), value;
    struct str name;

    JSON_EACH_MEMBER (key, number, object) {
        if (!json_str(a, key, &name))
            continue;
        if (!json_f64(number, &value) || value < 0 || value > CATALOG_NUMBER_MAX) {
            log_warn(NULL, "catalog.number", "option=%.*s model=%.*s: not a number from 0 to 1e9",
                     STR_ARG(option), STR_ARG(name));
            map_remove(column, name); /* of two rows with one name the last one counts */
            continue;
        }
        *numbers = value;
        map_put(column, name, numbers++);
    }
}

static void read_column(struct arena *a, const struct catalog_table *table, struct str stored,
                        struct map *column)
{
    const struct json *object = NULL;

    if (stored.p) {
        object = read_object(a, str_dup(a, stored)); /* names stay slices of the text */
        if (!object)
            log_warn(NULL, "catalog.table", "option=%.*s: no JSON object, using the built-in table",
                     STR_ARG(table->option));
    }
    map_init(column);
    fill_column(a, object ? object : read_object(a, table->json), table->option, column);
}

void catalog_read(struct arena *a, const struct option_row *rows, size_t n, struct catalog *out)
{
    static_assert(CATALOG_TABLES == (int)CATALOG_COLUMNS, "a table a column");
    for (size_t i = 0; i < CATALOG_TABLES; i++) {
        struct str stored = stored_text(rows, n, catalog_tables[i].option);

        read_column(a, &catalog_tables[i], stored, &out->columns[i]);
    }
}

void catalog_fini(struct catalog *c)
{
    for (size_t i = 0; i < CATALOG_COLUMNS; i++)
        map_fini(&c->columns[i]);
}

struct str catalog_default_json(struct str option_key)
{
    for (size_t i = 0; i < CATALOG_TABLES; i++) {
        if (str_eq(catalog_tables[i].option, option_key))
            return catalog_tables[i].json;
    }
    return STR_NULL;
}

struct names { /* what a model is looked up by */
    struct str exact, normal;
};

static const double *find(const struct catalog *c, enum catalog_column column, struct names names)
{
    const double *hit = map_find(&c->columns[column], names.exact);

    return hit ? hit : map_find(&c->columns[column], names.normal);
}

static double find_or(const struct catalog *c, enum catalog_column column, struct names names,
                      double fallback)
{
    const double *hit = find(c, column, names);

    return hit ? *hit : fallback;
}

static double completion_ratio(const struct catalog *c, struct names names)
{
    const double *table = find(c, CATALOG_COMPLETION, names);
    struct completion_rule rule = completion_rule_of(names.normal);

    if (table && (!rule.locked || str_find_char(names.exact, '/') >= 0))
        return *table;
    return rule.ratio;
}

/* Audio input over text input where the table says nothing: dated names take the ratio of the name
 * they begin with, names of the two families that speak the rules of May 2025. 0: no rule. */
static double audio_rule(const struct catalog *c, struct str model)
{
    static const struct str families[] = {
        STR_INIT("gpt-4o-mini-audio-preview"), STR_INIT("gpt-4o-audio-preview"),
        STR_INIT("gpt-4o-mini-realtime-preview"), STR_INIT("gpt-4o-realtime-preview")};

    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        const double *hit = map_find(&c->columns[CATALOG_AUDIO], families[i]);

        if (hit && str_starts(model, families[i]))
            return *hit;
    }
    if (str_starts(model, STR("gpt-4o-audio")))
        return 40;
    return str_starts(model, STR("gpt-")) && str_has(model, STR("-realtime")) ? 20 : 0;
}

static void audio_price(const struct catalog *c, struct names names, struct model_price *out)
{
    const double *table = find(c, CATALOG_AUDIO, names);
    double ratio = table ? *table : audio_rule(c, names.exact);
    bool speaks = str_has(names.exact, STR("-audio")) || str_has(names.exact, STR("-realtime"));

    out->audio_priced = table || ratio > 0;
    out->audio_ratio = out->audio_priced ? ratio : 1;
    out->audio_completion_ratio = find_or(c, CATALOG_AUDIO_COMPLETION, names, speaks ? 2 : 1);
}

void catalog_price(const struct catalog *c, struct str model, struct model_price *out)
{
    struct names names = {.exact = model, .normal = model_normalise(model)};
    const double *price = find(c, CATALOG_PRICE, names), *ratio = find(c, CATALOG_RATIO, names);

    *out = (struct model_price){
        .known = price || ratio,
        .per_call = price,
        .price_usd = price ? *price : -1,
        .ratio = ratio ? *ratio : ratio_unset,
        .completion_ratio = completion_ratio(c, names),
        .cache_ratio = find_or(c, CATALOG_CACHE, names, 1),
        .cache_write_ratio = find_or(c, CATALOG_CACHE_WRITE, names, 1.25),
        .image_ratio = find_or(c, CATALOG_IMAGE, names, 1),
    };
    audio_price(c, names, out);
}
