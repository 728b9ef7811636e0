/*
 * origin_build - makes the tables of the original programs (origin_rows.h) in any kind of database,
 * with rows in them. For tests.
 */
#pragma once
#include "base/sb.h"
#include "store/origin_rows.h"
#include "store/store_fx.h"

/* April 2025; the same with all that came later, which is what we make; made by the newest. */
enum origin { ORIGIN_APRIL, ORIGIN_COMPLETE, ORIGIN_NEWEST, ORIGIN_ONE_API };

static inline const struct origin_table *origin_at(enum origin o, size_t i)
{
    if (o == ORIGIN_ONE_API)
        return i < ARRAY_LEN(one_api_tables) ? &one_api_tables[i] : NULL;
    for (size_t k = 0; k < ARRAY_LEN(origin_tables); k++)
        if ((o != ORIGIN_APRIL || !origin_tables[k].later) && i-- == 0)
            return &origin_tables[k];
    return NULL;
}

/* The column as the origin has it; NULL when it has not. */
static inline const struct origin_column *origin_column_at(enum origin o,
                                                           const struct origin_table *t, size_t i)
{
    const struct origin_column *c = &t->columns[i];

    if (o == ORIGIN_APRIL && c->later)
        return NULL;
    for (size_t k = 0; o == ORIGIN_NEWEST && k < ARRAY_LEN(origin_newest); k++)
        if (strcmp(origin_newest[k].table, t->name) == 0 &&
            strcmp(origin_newest[k].column.name, c->name) == 0)
            return &origin_newest[k].column;
    return c;
}

static inline struct str origin_type(const struct origin_column *c, enum db_kind kind)
{
    struct str rest = str_from(c->type), first = str_cut(&rest, '/'), second;

    if (!rest.p || kind == DB_SQLITE)
        return first;
    second = str_cut(&rest, '/');
    return kind == DB_MYSQL ? second : rest;
}

static inline void origin_name(struct sb *sql, enum db_kind kind, struct str name)
{
    const char *quote = kind == DB_POSTGRES ? "\"" : "`";

    sb_fmt(sql, "%s%.*s%s", quote, STR_ARG(name), quote);
}

static inline void origin_names(struct sb *sql, enum db_kind kind, const char *list)
{
    bool first = true;

    STR_SPLIT_EACH (name, str_from(list), ',') {
        if (!first)
            sb_add_char(sql, ',');
        origin_name(sql, kind, name);
        first = false;
    }
}

/* SQLite's texts stand in double quotes. */
static inline void origin_add_fallback(struct sb *sql, enum db_kind kind, struct str fallback)
{
    struct str servers = fallback, text = str_cut(&servers, '/');

    if (servers.p && kind != DB_SQLITE)
        text = servers;
    sb_add(sql, STR(" DEFAULT "));
    for (size_t i = 0; i < text.n; i++)
        sb_add_char(sql, kind == DB_SQLITE && text.p[i] == '\'' ? '"' : text.p[i]);
}

static inline void origin_add_column(struct sb *sql, enum db_kind kind,
                                     const struct origin_column *c)
{
    origin_name(sql, kind, str_from(c->name));
    sb_fmt(sql, " %.*s", STR_ARG(origin_type(c, kind)));
    if (kind == DB_MYSQL && str_starts(origin_type(c, kind), STR("datetime")) && !c->not_null)
        sb_add(sql, STR(" NULL"));
    if (c->not_null)
        sb_add(sql, STR(" NOT NULL"));
    if (c->unique)
        sb_add(sql, STR(" UNIQUE"));
    if (c->fallback)
        origin_add_fallback(sql, kind, str_from(c->fallback));
}

static inline void origin_run(struct store_fx *f, struct sb *sql)
{
    sb_add_char(sql, '\0');
    CHECK(!sb_failed(sql));
    CHECK_OK(f, db_exec(f->c, NULL, &f->err, sql->p));
    sb_reset(sql);
}

static inline void origin_create(struct store_fx *f, struct sb *sql, enum origin o,
                                 const struct origin_table *t)
{
    enum db_kind kind = db_conn_kind(f->c);

    sb_add(sql, STR("CREATE TABLE "));
    origin_name(sql, kind, str_from(t->name));
    sb_add(sql, STR(" ("));
    for (size_t i = 0; i < t->column_count; i++) {
        if (!origin_column_at(o, t, i))
            continue;
        origin_add_column(sql, kind, origin_column_at(o, t, i));
        sb_add_char(sql, ',');
    }
    sb_add(sql, STR("PRIMARY KEY ("));
    origin_names(sql, kind, t->key);
    sb_add(sql, STR("))"));
    origin_run(f, sql);
}

static inline void origin_index(struct store_fx *f, struct sb *sql, const char *table,
                                const struct origin_index *x)
{
    enum db_kind kind = db_conn_kind(f->c);

    sb_fmt(sql, "CREATE %sINDEX ", x->unique ? "UNIQUE " : "");
    origin_name(sql, kind, str_from(x->name));
    sb_add(sql, STR(" ON "));
    origin_name(sql, kind, str_from(table));
    sb_add_char(sql, '(');
    origin_names(sql, kind, x->columns);
    sb_add_char(sql, ')');
    if (x->where && kind != DB_MYSQL)
        sb_fmt(sql, " WHERE %s", x->where);
    origin_run(f, sql);
}

/* The newest has two of April's names with other columns. */
static inline bool origin_has_index(enum origin o, const struct origin_index *x)
{
    for (size_t i = 0; o == ORIGIN_NEWEST && i < ARRAY_LEN(origin_newest_indexes); i++)
        if (strcmp(origin_newest_indexes[i].index.name, x->name) == 0)
            return false;
    return o != ORIGIN_APRIL || !x->later;
}

static inline void origin_indexes(struct store_fx *f, struct sb *sql, enum origin o,
                                  const struct origin_table *t)
{
    for (size_t i = 0; i < t->index_count; i++)
        if (origin_has_index(o, &t->indexes[i]))
            origin_index(f, sql, t->name, &t->indexes[i]);
    for (size_t i = 0; o == ORIGIN_NEWEST && i < ARRAY_LEN(origin_newest_indexes); i++)
        if (strcmp(origin_newest_indexes[i].table, t->name) == 0)
            origin_index(f, sql, t->name, &origin_newest_indexes[i].index);
}

/* Rows. */

static inline bool origin_is_key(const struct origin_table *t, const char *column)
{
    STR_SPLIT_EACH (name, str_from(t->key), ',')
        if (str_eq(name, str_from(column)))
            return true;
    return false;
}

/* A text as long as the column takes it, but not longer than 64 characters; unlike another row's.
 */
static inline void origin_text(struct sb *sql, const struct origin_column *c, int row)
{
    struct str type = origin_type(c, DB_MYSQL), size = type;
    uint64_t n = 20;

    str_cut(&size, '(');
    if (!size.p || !str_to_u64(str_cut(&size, ')'), &n) || n > 64)
        n = n > 64 ? 64 : 20;
    sb_fmt(sql, "'中%d", row);
    for (uint64_t i = 2; i < n; i++)
        sb_add_char(sql, (char)('a' + i % 26));
    sb_add_char(sql, '\'');
}

static inline void origin_value(struct sb *sql, enum db_kind kind, const struct origin_column *c,
                                int row)
{
    struct str type = origin_type(c, DB_SQLITE);

    if (str_eq(type, STR("integer")) || str_eq(type, STR("bigint")))
        sb_fmt(sql, "%d", row);
    else if (str_eq(type, STR("numeric")))
        sb_add(sql, row % 2 ? STR("true") : STR("false"));
    else if (str_eq(type, STR("real")) || str_starts(type, STR("decimal")))
        sb_add(sql, STR("1.5"));
    else if (str_eq(type, STR("datetime")))
        sb_fmt(sql, "'2025-04-11 10:00:0%d'", row);
    else if (str_eq(type, STR("json")))
        sb_add(sql, kind == DB_SQLITE ? STR("x'7b7d'") : STR("'{}'"));
    else
        origin_text(sql, c, row);
}

/* Row 1 has something everywhere, row 2 nothing wherever that is allowed. Each `row` once. */
static inline void origin_insert(struct store_fx *f, struct sb *sql, enum origin o,
                                 const struct origin_table *t, int row)
{
    enum db_kind kind = db_conn_kind(f->c);
    struct sb values;

    sb_init(&values, 1 << 16);
    sb_add(sql, STR("INSERT INTO "));
    origin_name(sql, kind, str_from(t->name));
    sb_add(sql, STR(" ("));
    for (size_t i = 0; i < t->column_count; i++) {
        const struct origin_column *c = origin_column_at(o, t, i);

        if (!c)
            continue;
        if (values.n > 0) {
            sb_add_char(sql, ',');
            sb_add_char(&values, ',');
        }
        origin_name(sql, kind, str_from(c->name));
        if (row % 2 || c->not_null || origin_is_key(t, c->name))
            origin_value(&values, kind, c, row);
        else
            sb_add(&values, STR("NULL"));
    }
    sb_fmt(sql, ") VALUES (%.*s)", STR_ARG(sb_str(&values)));
    sb_fini(&values);
    origin_run(f, sql);
}

/* All of it, with the two rows of each table. In a transaction where that is quicker. */
static inline void origin_build(struct store_fx *f, enum origin o)
{
    const struct origin_table *t;
    struct sb sql;

    sb_init(&sql, 1 << 16);
    CHECK_OK(f, db_begin(f->c, &f->err));
    for (size_t i = 0; (t = origin_at(o, i)); i++) {
        origin_create(f, &sql, o, t);
        origin_indexes(f, &sql, o, t);
        if (o == ORIGIN_ONE_API)
            continue; /* whose rows mean something: one_api_fx.h */
        origin_insert(f, &sql, o, t, 1);
        origin_insert(f, &sql, o, t, 2);
    }
    CHECK_OK(f, db_commit(f->c, &f->err));
    sb_fini(&sql);
}
