/*
 * repo_row - the one place that moves a struct to and from a row: a repository describes its table
 * once, as an array of columns in the order of its column enum, and gets reading, inserting and
 * updating from here. Only repo_*.c include this.
 */
#pragma once
#include "base/sb.h"
#include "store/db.h"
#include "store/repo.h"

/* How a member of the struct is kept in a cell. NULL reads as zero. */
enum repo_cell {
    CELL_I64,
    CELL_F64,
    CELL_BOOL,
    CELL_TEXT,
    CELL_SECRET,
    CELL_JSON /* struct str; BLOB on SQLite (database reference 0.3), empty is NULL */
};

struct repo_column {
    const char *name;
    enum repo_cell cell;
    size_t at;          /* offset of the member */
    size_t null_at;     /* offset of its bool "the cell is NULL"; 0: it has none */
    bool empty_is_null; /* an empty text is written as NULL */
};

struct repo_table {
    const char *name;
    const struct repo_column *columns; /* the first is the id */
    size_t count, row_bytes;
};

/* Rows of the array; what follows is .null_at or .empty_is_null. */
#define REPO_COLUMN(type, member, name_, cell_, ...)                                               \
    {                                                                                              \
        .name = (name_), .cell = (cell_), .at = offsetof(type, member) __VA_OPT__(, ) __VA_ARGS__  \
    }

/* A statement under construction: text and values grow together. */
enum { REPO_VALUES = 64, REPO_SQL_LIMIT = 16 * 1024 };
struct repo_query {
    struct sb sql;
    struct db_value values[REPO_VALUES];
    size_t count;
};
void repo_query_init(struct repo_query *q);
void repo_query_finip(struct repo_query *q);
void repo_query_fmt(struct repo_query *q, const char *format, ...) PRINTF_LIKE(2, 3);
/* Text with one `?` for the value behind it. */
void repo_query_add(struct repo_query *q, const char *text, struct db_value value);
/* What stands in another one. */
void repo_query_append(struct repo_query *q, const struct repo_query *part);
/* LIMIT and OFFSET of a page. */
void repo_query_page(struct repo_query *q, struct repo_page page);
/* " IN (?,?,...)"; at most as many as there is room for, which the caller sees to. */
void repo_query_in(struct repo_query *q, const int64_t *ids, size_t n);
/* The text with its NUL, or NULL when it grew too long. */
const char *repo_query_text(struct repo_query *q);
#define REPO_QUERY(q)                                                                              \
    CLEANUP(repo_query_finip) struct repo_query q;                                                 \
    repo_query_init(&(q))

MUST_CHECK enum err_code repo_query_exec(struct db_conn *c, struct repo_query *q, int64_t *changed,
                                         struct err *err);
MUST_CHECK enum err_code repo_query_open(struct db_conn *c, struct arena *a, struct repo_query *q,
                                         struct db_rows **rows, struct err *err);
/* First column of the first row; 0 when there is none. */
MUST_CHECK enum err_code repo_query_i64(struct db_conn *c, struct repo_query *q, int64_t *value,
                                        struct err *err);

/* "SELECT <all columns> FROM <table>" into the query; `alias` stands before each name, "" none. */
void repo_select(struct repo_query *q, const struct repo_table *t);
/* The row as a new struct in the arena. */
void *repo_read(const struct repo_table *t, const struct db_rows *rows, struct arena *a);
/* Runs the query; *rows is an array of structs. */
MUST_CHECK enum err_code repo_fetch(struct db_conn *c, struct arena *a, const struct repo_table *t,
                                    struct repo_query *q, void **rows, size_t *count,
                                    struct err *err);
/* A page of the table's rows and, in `total`, how many there are. `where` holds " WHERE ..." with
 * its values, `order` the rest before LIMIT. */
struct repo_fetched {
    void *rows; /* an array of structs */
    size_t count;
    int64_t total;
};
MUST_CHECK enum err_code repo_fetch_page(struct db_conn *c, struct arena *a,
                                         const struct repo_table *t, const struct repo_query *where,
                                         const char *order, struct repo_page page,
                                         struct repo_fetched *out, struct err *err);
/* Runs the query and reads its first row; NULL when there is none. */
MUST_CHECK enum err_code repo_fetch_one(struct db_conn *c, struct arena *a,
                                        const struct repo_table *t, struct repo_query *q,
                                        void **row, struct err *err);

/* The value that a column of the struct is written as. */
struct db_value repo_value(const struct repo_column *column, const void *row, enum db_kind kind);
/* Every column but the first. */
MUST_CHECK enum err_code repo_insert(struct db_conn *c, const struct repo_table *t, const void *row,
                                     int64_t *id, struct err *err);
/* "UPDATE <table> SET <columns of the mask>" into the query; the caller adds the WHERE. */
void repo_update(struct repo_query *q, const struct repo_table *t, const void *row,
                 uint64_t columns, enum db_kind kind);

/* Deletes the rows whose `column` is one of the ids, in statements of a bearable length. *deleted
 * grows by their number. */
MUST_CHECK enum err_code repo_delete_ids(struct db_conn *c, const char *table, const char *column,
                                         const int64_t *ids, size_t n, int64_t *deleted,
                                         struct err *err);

/* A pattern that finds `part` anywhere / at the start; used as: name LIKE ? ESCAPE '!'. */
struct str repo_like_part(struct arena *a, struct str part);
struct str repo_like_start(struct arena *a, struct str start);
/* A caller's own pattern: % and _ keep their meaning. */
struct str repo_like_pattern(struct arena *a, struct str pattern);

/* A time column's text (database reference 4.6): "2026-11-23 16:15:15+00:00" (MySQL without zone).
 */
struct str repo_time_text(struct arena *a, enum db_kind kind, int64_t at_s);
/* Distinct texts of a query's first column. */
MUST_CHECK enum err_code repo_fetch_texts(struct db_conn *c, struct arena *a, struct repo_query *q,
                                          struct str **texts, size_t *count, struct err *err);
MUST_CHECK enum err_code repo_fetch_ids(struct db_conn *c, struct arena *a, struct repo_query *q,
                                        int64_t **ids, size_t *count, struct err *err);
/* Brings a balance to `value` by a delta: compares the one it read and adds the difference in one
 * statement, again when another writer was quicker. *delta is what was added. */
MUST_CHECK enum err_code repo_set_balance(struct db_conn *c, const char *table, const char *column,
                                          int64_t id, int64_t value, int64_t *delta, bool *found,
                                          struct err *err);
