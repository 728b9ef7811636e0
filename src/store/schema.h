/*
 * schema - every table, column and index that the project knows, as data, and its DDL for each kind
 * of database.
 *
 * The types are those of new-api of April 2025 plus the columns and tables of later versions
 * (database reference 1, 5.1, 5.3, and 5.2 for what is not applied), spelled exactly as the
 * original's migration spells them, because it reads the DDL text again. Tables of our own start
 * with yourapi_.
 *
 * Indexes: a name that is there is left alone, whatever it covers. Of the original's indexes only
 * the unique ones and those marked USED are made: a row of `logs` costs several times as much with
 * all of its ten. What each serves stands in the table beside it. Pure.
 */
#pragma once
#include "base/sb.h"
#include "store/db.h"

/* What a column holds; the spelling a database is in schema.c (database reference 0.2). */
enum schema_family {
    SCHEMA_ID, /* given by the database */
    SCHEMA_ID_UNSIGNED,
    SCHEMA_INT,
    SCHEMA_UINT,
    SCHEMA_UINT32,
    SCHEMA_BIGINT,
    SCHEMA_BOOL,
    SCHEMA_FLOAT,
    SCHEMA_PRICE,
    SCHEMA_STRING,     /* unsized */
    SCHEMA_KEY_STRING, /* unsized, but with an index or a default */
    SCHEMA_SIZED,      /* of at most `size` characters, unsized on SQLite */
    SCHEMA_VARCHAR,    /* the three below are spelled alike everywhere */
    SCHEMA_CHAR,
    SCHEMA_TEXT,
    SCHEMA_JSON, /* a BLOB cell on SQLite: bind it so (database reference 0.3) */
    SCHEMA_TIME
};

enum { SCHEMA_NOT_NULL = 1, SCHEMA_UNIQUE = 2 };
enum { SCHEMA_INDEX_UNIQUE = 1, SCHEMA_INDEX_USED = 2 };

struct schema_column {
    const char *name;
    enum schema_family family;
    unsigned size;
    const char *fallback; /* DEFAULT as MySQL and PostgreSQL spell it; NULL: none */
    unsigned flags;
};

struct schema_index {
    const char *name;
    const char *columns; /* comma between */
    unsigned flags;
    const char *where; /* partial, where the database can do that; NULL: all rows */
};

struct schema_table {
    const char *name;
    const char *key; /* columns of the primary key, comma between */
    const struct schema_column *columns;
    size_t column_count;
    const struct schema_index *indexes;
    size_t index_count;
    bool clustered; /* kept in the order of its key where that must be asked for (SQLite) */
};

/* All tables: the original's of April 2025, those of later versions, ours. */
size_t schema_table_count(void);
const struct schema_table *schema_table_at(size_t i);
/* NULL: no such table. */
const struct schema_table *schema_find_table(const char *name);

/* Each appends one statement, without a semicolon. */
void schema_create_table(struct sb *sql, enum db_kind kind, const struct schema_table *table);
void schema_add_column(struct sb *sql, enum db_kind kind, const struct schema_table *table,
                       const struct schema_column *column);
/* The column with its type, on a server; not_null, charset and collation (MySQL) are as they were.
 */
void schema_widen_column(struct sb *sql, enum db_kind kind, const struct schema_table *table,
                         const struct schema_column *column, bool not_null, struct str charset,
                         struct str collation);
void schema_create_index(struct sb *sql, enum db_kind kind, const struct schema_table *table,
                         const struct schema_index *index);
/* Is the index one that we make? */
bool schema_index_wanted(const struct schema_index *index);
