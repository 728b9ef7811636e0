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

struct catalog_row {
    unsigned set; /* bit i: the table of column i has a number for the model */
    double value[CATALOG_COLUMNS];
};

static void set_number(struct arena *a, struct catalog *c, enum catalog_column column,
                       struct str model, double value)
{
    struct catalog_row *row = map_find(&c->rows, model);

    if (!row) {
        row = arena_new(a, struct catalog_row);
        map_put(&c->rows, model, row);
    }
    row->set |= 1u << column;
    row->value[column] = value;
}

static void forget_number(struct catalog *c, enum catalog_column column, struct str model)
{
    struct catalog_row *row = map_find(&c->rows, model);

    if (row)
        row->set &= ~(1u << column);
}

static void fill_column(struct arena *a, const struct json *object, enum catalog_column column,
                        struct catalog *out)
{
    const struct str option = catalog_tables[column].option;
    struct str name;
    double value;

    JSON_EACH_MEMBER (key, number, object) {
        if (!json_str(a, key, &name))
            continue;
        if (!json_f64(number, &value) || value < 0 || value > CATALOG_NUMBER_MAX) {
            log_warn(NULL, "catalog.number", "option=%.*s model=%.*s: not a number from 0 to 1e9",
                     STR_ARG(option), STR_ARG(name));
            forget_number(out, column, name); /* of two with one name the last one counts */
            continue;
        }
        set_number(a, out, column, name, value);
    }
}

static void read_column(struct arena *a, enum catalog_column column, struct str stored,
                        struct catalog *out)
{
    const struct catalog_table *table = &catalog_tables[column];
    const struct json *object = NULL;

    if (stored.p) {
        object = read_object(a, str_dup(a, stored)); /* names stay slices of the text */
        if (!object)
            log_warn(NULL, "catalog.table", "option=%.*s: no JSON object, using the built-in table",
                     STR_ARG(table->option));
    }
    fill_column(a, object ? object : read_object(a, table->json), column, out);
}

void catalog_read(struct arena *a, const struct option_row *rows, size_t n, struct catalog *out)
{
    static_assert(CATALOG_TABLES == (int)CATALOG_COLUMNS, "a table a column");
    map_init(&out->rows);
    for (size_t i = 0; i < CATALOG_TABLES; i++)
        read_column(a, (enum catalog_column)i, stored_text(rows, n, catalog_tables[i].option), out);
}

void catalog_fini(struct catalog *c)
{
    map_fini(&c->rows);
}

struct str catalog_default_json(struct str option_key)
{
    for (size_t i = 0; i < CATALOG_TABLES; i++) {
        if (str_eq(catalog_tables[i].option, option_key))
            return catalog_tables[i].json;
    }
    return STR_NULL;
}

/* A model as the tables know it: by its name, and by the name of its family. */
struct entry {
    struct str exact, normal;
    const struct catalog_row *by_exact, *by_normal; /* NULL: no table has it */
};

static const double *number_of(const struct catalog_row *row, enum catalog_column column)
{
    return row && row->set & 1u << column ? &row->value[column] : NULL;
}

static const double *find(const struct entry *e, enum catalog_column column)
{
    const double *hit = number_of(e->by_exact, column);

    return hit ? hit : number_of(e->by_normal, column);
}

static double find_or(const struct entry *e, enum catalog_column column, double fallback)
{
    const double *hit = find(e, column);

    return hit ? *hit : fallback;
}

static double completion_ratio(const struct entry *e)
{
    const double *table = find(e, CATALOG_COMPLETION);
    struct completion_rule rule = completion_rule_of(e->normal);

    if (table && (!rule.locked || str_find_char(e->exact, '/') >= 0))
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

    if (!str_starts(model, STR("gpt-")))
        return 0;
    for (size_t i = 0; i < ARRAY_LEN(families); i++) {
        const double *hit = str_starts(model, families[i])
                                ? number_of(map_find(&c->rows, families[i]), CATALOG_AUDIO)
                                : NULL;

        if (hit)
            return *hit;
    }
    if (str_starts(model, STR("gpt-4o-audio")))
        return 40;
    return str_has(model, STR("-realtime")) ? 20 : 0;
}

static void audio_price(const struct catalog *c, const struct entry *e, struct model_price *out)
{
    const double *table = find(e, CATALOG_AUDIO);
    double ratio = table ? *table : audio_rule(c, e->exact);
    bool speaks = str_has(e->exact, STR("-audio")) || str_has(e->exact, STR("-realtime"));

    out->audio_priced = table || ratio > 0;
    out->audio_ratio = out->audio_priced ? ratio : 1;
    out->audio_completion_ratio = find_or(e, CATALOG_AUDIO_COMPLETION, speaks ? 2 : 1);
}

void catalog_price(const struct catalog *c, struct str model, struct model_price *out)
{
    struct entry e = {
        .exact = model, .normal = model_normalise(model), .by_exact = map_find(&c->rows, model)};

    if (e.normal.p != model.p)
        e.by_normal = map_find(&c->rows, e.normal);
    const double *price = find(&e, CATALOG_PRICE), *ratio = find(&e, CATALOG_RATIO);
    *out = (struct model_price){
        .known = price || ratio,
        .per_call = price,
        .price_usd = price ? *price : -1,
        .ratio = ratio ? *ratio : ratio_unset,
        .completion_ratio = completion_ratio(&e),
        .cache_ratio = find_or(&e, CATALOG_CACHE, 1),
        .cache_write_ratio = find_or(&e, CATALOG_CACHE_WRITE, 1.25),
        .image_ratio = find_or(&e, CATALOG_IMAGE, 1),
    };
    audio_price(c, &e, out);
}
