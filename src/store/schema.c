/*
 * DDL text from the tables. On SQLite the original reads its own DDL back with regular expressions:
 * names in backticks, one word a type, the primary key last, text defaults in double quotes.
 */
#include "store/schema.h"

#include "store/schema_tables.h"

/* The spelling of a family: SQLite, MySQL, PostgreSQL; %u is the size. */
static const char *const spellings[][3] = {
    [SCHEMA_ID] = {"integer", "bigint AUTO_INCREMENT", "bigserial"},
    [SCHEMA_ID_UNSIGNED] = {"integer", "bigint unsigned AUTO_INCREMENT", "bigserial"},
    [SCHEMA_INT] = {"integer", "bigint", "bigint"},
    [SCHEMA_UINT] = {"integer", "bigint unsigned", "bigint"},
    [SCHEMA_UINT32] = {"integer", "int unsigned", "bigint"},
    [SCHEMA_BIGINT] = {"bigint", "bigint", "bigint"},
    [SCHEMA_BOOL] = {"numeric", "boolean", "boolean"},
    [SCHEMA_FLOAT] = {"real", "double", "decimal"},
    [SCHEMA_PRICE] = {"decimal(10,6)", "decimal(10,6)", "decimal(10,6)"},
    [SCHEMA_STRING] = {"text", "longtext", "text"},
    [SCHEMA_KEY_STRING] = {"text", "varchar(#)", "text"},
    [SCHEMA_SIZED] = {"text", "varchar(#)", "varchar(#)"},
    [SCHEMA_VARCHAR] = {"varchar(#)", "varchar(#)", "varchar(#)"},
    [SCHEMA_CHAR] = {"char(#)", "char(#)", "char(#)"},
    [SCHEMA_TEXT] = {"text", "text", "text"},
    [SCHEMA_JSON] = {"json", "json", "json"},
    [SCHEMA_TIME] = {"datetime", "datetime(3)", "timestamptz"},
};

static char quote_of(enum db_kind kind)
{
    return kind == DB_POSTGRES ? '"' : '`';
}

static void add_name(struct sb *sql, enum db_kind kind, struct str name)
{
    sb_add_char(sql, quote_of(kind));
    sb_add(sql, name);
    sb_add_char(sql, quote_of(kind));
}

static void add_names(struct sb *sql, enum db_kind kind, const char *list)
{
    bool first = true;

    STR_SPLIT_EACH (name, str_from(list), ',') {
        if (!first)
            sb_add_char(sql, ',');
        add_name(sql, kind, name);
        first = false;
    }
}

static void add_type(struct sb *sql, enum db_kind kind, const struct schema_column *column)
{
    struct str after = str_from(spellings[column->family][kind]), before = str_cut(&after, '#');

    sb_add(sql, before);
    if (after.p)
        sb_fmt(sql, "%u%.*s", column->size, STR_ARG(after));
}

/* SQLite: a text in single quotes would count as a difference and have the table rebuilt. */
static void add_fallback(struct sb *sql, enum db_kind kind, const char *fallback)
{
    sb_add(sql, STR(" DEFAULT "));
    for (const char *p = fallback; *p; p++)
        sb_add_char(sql, kind == DB_SQLITE && *p == '\'' ? '"' : *p);
}

static void add_column(struct sb *sql, enum db_kind kind, const struct schema_column *column)
{
    add_name(sql, kind, str_from(column->name));
    sb_add_char(sql, ' ');
    add_type(sql, kind, column);
    if (column->flags & SCHEMA_NOT_NULL)
        sb_add(sql, STR(" NOT NULL"));
    else if (kind == DB_MYSQL && column->family == SCHEMA_TIME)
        sb_add(sql, STR(" NULL"));
    if (column->flags & SCHEMA_UNIQUE)
        sb_add(sql, STR(" UNIQUE"));
    if (column->family == SCHEMA_PRICE && column->fallback && kind != DB_SQLITE)
        add_fallback(sql, kind, "0"); /* where the original writes it by hand it has the zeros */
    else if (column->fallback)
        add_fallback(sql, kind, column->fallback);
}

void schema_create_table(struct sb *sql, enum db_kind kind, const struct schema_table *table)
{
    sb_add(sql, STR("CREATE TABLE "));
    add_name(sql, kind, str_from(table->name));
    sb_add(sql, STR(" ("));
    for (size_t i = 0; i < table->column_count; i++) {
        add_column(sql, kind, &table->columns[i]);
        sb_add_char(sql, ',');
    }
    sb_add(sql, STR("PRIMARY KEY ("));
    add_names(sql, kind, table->key);
    sb_add(sql, STR("))"));
    if (kind == DB_SQLITE && table->clustered)
        sb_add(sql, STR(" WITHOUT ROWID"));
}

void schema_add_column(struct sb *sql, enum db_kind kind, const struct schema_table *table,
                       const struct schema_column *column)
{
    sb_add(sql, STR("ALTER TABLE "));
    add_name(sql, kind, str_from(table->name));
    sb_add(sql, STR(" ADD "));
    add_column(sql, kind, column);
}

/* MySQL takes the whole definition anew, and forgets what is not in it. */
static void add_modified(struct sb *sql, const struct schema_column *column, bool not_null,
                         struct str charset, struct str collation)
{
    sb_add(sql, STR(" MODIFY "));
    add_name(sql, DB_MYSQL, str_from(column->name));
    sb_add_char(sql, ' ');
    add_type(sql, DB_MYSQL, column);
    if (charset.n > 0 && collation.n > 0)
        sb_fmt(sql, " CHARACTER SET %.*s COLLATE %.*s", STR_ARG(charset), STR_ARG(collation));
    if (not_null)
        sb_add(sql, STR(" NOT NULL"));
    if (column->fallback)
        add_fallback(sql, DB_MYSQL, column->fallback);
}

void schema_widen_column(struct sb *sql, enum db_kind kind, const struct schema_table *table,
                         const struct schema_column *column, bool not_null, struct str charset,
                         struct str collation)
{
    assert(kind != DB_SQLITE);
    sb_add(sql, STR("ALTER TABLE "));
    add_name(sql, kind, str_from(table->name));
    if (kind == DB_MYSQL) {
        add_modified(sql, column, not_null, charset, collation);
        return;
    }
    sb_add(sql, STR(" ALTER COLUMN "));
    add_name(sql, kind, str_from(column->name));
    sb_add(sql, STR(" TYPE "));
    add_type(sql, kind, column);
}

void schema_create_index(struct sb *sql, enum db_kind kind, const struct schema_table *table,
                         const struct schema_index *index)
{
    sb_add(sql,
           index->flags & SCHEMA_INDEX_UNIQUE ? STR("CREATE UNIQUE INDEX ") : STR("CREATE INDEX "));
    add_name(sql, kind, str_from(index->name));
    sb_add(sql, STR(" ON "));
    add_name(sql, kind, str_from(table->name));
    sb_add_char(sql, '(');
    add_names(sql, kind, index->columns);
    sb_add_char(sql, ')');
    if (index->where && kind != DB_MYSQL)
        sb_fmt(sql, " WHERE %s", index->where);
}

bool schema_index_wanted(const struct schema_index *index)
{
    return index->flags != 0;
}

size_t schema_table_count(void)
{
    return schema_core_table_count + schema_later_table_count;
}

const struct schema_table *schema_table_at(size_t i)
{
    assert(i < schema_table_count());
    return i < schema_core_table_count ? &schema_core_tables[i]
                                       : &schema_later_tables[i - schema_core_table_count];
}

const struct schema_table *schema_find_table(const char *name)
{
    for (size_t i = 0; i < schema_table_count(); i++)
        if (str_eq(str_from(schema_table_at(i)->name), str_from(name)))
            return schema_table_at(i);
    return NULL;
}
