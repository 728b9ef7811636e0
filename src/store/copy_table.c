#include "store/copy_table.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/text.h"
#include "store/copy_cell.h"

enum {
    SQL_LIMIT = 64 * 1024,
    BATCH_ROWS = 10000,     /* in a transaction, at most */
    BATCH_FIRST_ROWS = 100, /* until it is known how long rows are */
    BATCH_BYTES = 16 << 20,
    ROW_BYTES = 64 /* what a row costs beside its texts */
};

void copy_table_init(struct copy_table *t, const struct schema_table *schema)
{
    *t = (struct copy_table){.schema = schema};
    STR_SPLIT_EACH (name, str_from(schema->key), ',') {
        assert(t->key_count < COPY_KEYS_MAX);
        for (size_t i = 0; i < schema->column_count; i++) {
            if (str_eq(str_from(schema->columns[i].name), name))
                t->keys[t->key_count++] = i;
        }
    }
    assert(t->key_count > 0);
}

/* ---- keys as text: "i12,t6162" ---- */

static struct str key_text(struct arena *a, const struct copy_table *t, const struct db_value *row)
{
    struct str *parts = arena_new_array(a, struct str, t->key_count);

    for (size_t i = 0; i < t->key_count; i++) {
        const struct db_value *v = &row[t->keys[i]];
        const char *comma = i > 0 ? "," : "";

        parts[i] = v->type == DB_T_TEXT
                       ? arena_fmt(a, "%st%.*s", comma, STR_ARG(hex_encode(a, v->s)))
                       : arena_fmt(a, "%si%" PRId64, comma, v->i);
    }
    return str_concat(a, parts, t->key_count);
}

static bool read_key(struct arena *a, const struct copy_table *t, struct db_value *out)
{
    size_t n = 0;

    for (struct str rest = t->last_key, part; rest.p && n < t->key_count; n++) {
        part = str_cut(&rest, ',');
        if (part.n == 0)
            return false;
        out[n] = part.p[0] == 't' ? DB_TEXT(STR_NULL) : DB_I64(0);
        if (part.p[0] == 't' ? !hex_decode(a, str_skip(part, 1), &out[n].s)
                             : !str_to_i64(str_skip(part, 1), &out[n].i))
            return false;
    }
    return n == t->key_count;
}

/* ---- reading ---- */

static const char *key_name(const struct copy_table *t, size_t i)
{
    return t->schema->columns[t->keys[i]].name;
}

/* MySQL finds its way in an index by this form only; the others find it by the short one. Values
 * are appended in the order of the marks. */
static size_t add_behind_long(struct sb *sql, const struct copy_table *t,
                              const struct db_value *key, struct db_value *values)
{
    size_t n = 0;

    for (size_t i = 0; i < t->key_count; i++) {
        sb_add(sql, i > 0 ? STR(" OR (") : STR("("));
        for (size_t k = 0; k <= i; k++) {
            sb_fmt(sql, "%s\"%s\" %s ?", k > 0 ? " AND " : "", key_name(t, k), k < i ? "=" : ">");
            values[n++] = key[k];
        }
        sb_add_char(sql, ')');
    }
    return n;
}

static size_t add_behind_short(struct sb *sql, const struct copy_table *t,
                               const struct db_value *key, struct db_value *values)
{
    for (size_t i = 0; i < t->key_count; i++) {
        sb_fmt(sql, "%s\"%s\"", i > 0 ? "," : "(", key_name(t, i));
        values[i] = key[i];
    }
    sb_add(sql, STR(") > "));
    for (size_t i = 0; i < t->key_count; i++)
        sb_add(sql, i > 0 ? STR(",?") : STR("(?"));
    sb_add_char(sql, ')');
    return t->key_count;
}

static void add_select(struct sb *sql, const struct copy_table *t)
{
    for (size_t i = 0; i < t->schema->column_count; i++)
        sb_fmt(sql, "%s\"%s\"", i > 0 ? "," : "SELECT ", t->schema->columns[i].name);
    sb_fmt(sql, " FROM \"%s\"", t->schema->name);
}

static void add_order(struct sb *sql, const struct copy_table *t)
{
    for (size_t i = 0; i < t->key_count; i++)
        sb_fmt(sql, "%s\"%s\"", i > 0 ? "," : " ORDER BY ", key_name(t, i));
    sb_add(sql, STR(" LIMIT ?"));
    sb_add_char(sql, '\0');
}

static enum err_code open_rows(const struct copy_table *t, const struct copy_side *from,
                               struct arena *a, int64_t limit, struct db_rows **rows,
                               struct err *err)
{
    struct db_value key[COPY_KEYS_MAX], values[COPY_KEYS_MAX * COPY_KEYS_MAX + 1];
    CLEANUP(sb_finip) struct sb sql;
    size_t n = 0;

    sb_init(&sql, SQL_LIMIT);
    add_select(&sql, t);
    if (t->last_key.p) {
        if (!read_key(a, t, key))
            return err_set(err, ERR_DB, "yourapi_copy: the key of %s cannot be read",
                           t->schema->name);
        sb_add(&sql, STR(" WHERE "));
        n = from->kind == DB_MYSQL ? add_behind_long(&sql, t, key, values)
                                   : add_behind_short(&sql, t, key, values);
    }
    values[n++] = DB_I64(limit);
    add_order(&sql, t);
    assert(!sb_failed(&sql));
    return db_query_values(from->conn, a, rows, err, sql.p, values, n);
}

struct batch {
    const struct copy_table *t;
    const struct copy_side *from, *to;
    struct arena *arena;
    struct db_value *values; /* rows * columns */
    size_t *bytes;           /* of the texts of a row */
    size_t rows;
};

static enum err_code does_not_fit(const struct batch *b, const struct db_value *row, size_t column,
                                  struct err *err)
{
    const struct schema_column *c = &b->t->schema->columns[column];

    return err_set(err, ERR_TOO_LARGE,
                   "%s.%s: a text of %zu characters does not fit (key %.*s): shorten it first",
                   b->t->schema->name, c->name, utf8_count(row[column].s),
                   STR_ARG(utf8_prefix(key_text(b->arena, b->t, row), 60)));
}

static enum err_code take_row(struct batch *b, const struct db_rows *rows, struct err *err)
{
    size_t columns = b->t->schema->column_count;
    struct db_value *row = b->values + b->rows * columns;

    b->bytes[b->rows] = ROW_BYTES;
    for (size_t i = 0; i < columns; i++) {
        const struct schema_column *c = &b->t->schema->columns[i];

        row[i] = copy_cell(b->arena, b->from->kind, b->to->kind, c, rows, (int)i);
        if (!copy_cell_fits(b->to->kind, c, &row[i]))
            return does_not_fit(b, row, i, err);
        b->bytes[b->rows] += row[i].s.n;
    }
    b->rows++;
    return ERR_OK;
}

static enum err_code take_rows(struct batch *b, struct db_rows *rows, struct err *err)
{
    enum err_code rc = ERR_OK, end;
    struct err of_end;

    while (rc == ERR_OK && db_next(rows))
        rc = take_row(b, rows, err);
    end = db_end(rows, rc == ERR_OK ? err : &of_end);
    return rc == ERR_OK ? end : rc;
}

/* ---- writing ---- */

static enum err_code write_rows(const struct batch *b, struct err *err)
{
    const struct schema_table *s = b->t->schema;
    const char **names = arena_new_array(b->arena, const char *, s->column_count);
    const struct db_insert what = {s->name, names, s->column_count};

    for (size_t i = 0; i < s->column_count; i++)
        names[i] = s->columns[i].name;
    if (db_insert_rows(b->to->conn, &what, b->values, b->rows, err) != ERR_OK)
        return err_wrap(err, "%s", s->name);
    return ERR_OK;
}

/* Rows of a table are much alike: as many as give about BATCH_BYTES by those before. */
static int64_t next_limit(const struct copy_table *t)
{
    int64_t most = t->row_bytes > 0 ? BATCH_BYTES / (int64_t)t->row_bytes : BATCH_FIRST_ROWS;

    return most < 1 ? 1 : most > BATCH_ROWS ? BATCH_ROWS : most;
}

static void note_bytes(struct copy_table *t, const struct batch *b)
{
    size_t bytes = 0;

    for (size_t i = 0; i < b->rows; i++)
        bytes += b->bytes[i];
    if (b->rows > 0)
        t->row_bytes = bytes / b->rows;
}

enum err_code copy_table_batch(struct copy_table *t, const struct copy_side *from,
                               const struct copy_side *to, struct arena *a, int64_t *batch_rows,
                               struct err *err)
{
    CLEANUP(arena_finip) struct arena mine;
    int64_t limit = next_limit(t);
    size_t columns = t->schema->column_count;
    struct batch b = {.t = t, .from = from, .to = to, .arena = &mine};
    struct db_rows *rows;

    *batch_rows = 0;
    arena_init(&mine, 1 << 20);
    b.values = arena_new_array(&mine, struct db_value, (size_t)limit * columns);
    b.bytes = arena_new_array(&mine, size_t, (size_t)limit);
    if (open_rows(t, from, &mine, limit, &rows, err) != ERR_OK ||
        take_rows(&b, rows, err) != ERR_OK)
        return err_wrap(err, "reading");
    TRY(write_rows(&b, err));
    note_bytes(t, &b);
    if (b.rows > 0)
        t->last_key = str_dup(a, key_text(&mine, t, b.values + (b.rows - 1) * columns));
    t->rows += (int64_t)b.rows;
    *batch_rows = (int64_t)b.rows;
    return ERR_OK;
}

/* ---- verifying ---- */

/* One number of one row. */
static enum err_code ask(const struct copy_side *side, const char *sql, int64_t *out,
                         struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct db_rows *rows;

    *out = 0;
    arena_init(&a, 0);
    TRY(db_query(side->conn, &a, &rows, err, sql));
    if (db_next(rows))
        *out = db_i64(rows, 0);
    return db_end(rows, err);
}

enum err_code copy_table_count(const struct copy_side *side, const char *table, int64_t *rows,
                               struct err *err)
{
    char sql[128];

    snprintf(sql, sizeof sql, "SELECT COUNT(*) FROM \"%s\"", table);
    return ask(side, sql, rows, err);
}

/* Points: what the sums are shown of. */
static bool is_money(const struct schema_column *c)
{
    return c->family == SCHEMA_INT && str_ends(str_from(c->name), STR("quota"));
}

static bool is_number(const struct schema_column *c)
{
    return c->family == SCHEMA_ID || c->family == SCHEMA_INT || c->family == SCHEMA_UINT ||
           c->family == SCHEMA_UINT32 || c->family == SCHEMA_BIGINT ||
           c->family == SCHEMA_ID_UNSIGNED;
}

size_t copy_table_sum_count(const struct schema_table *schema)
{
    size_t n = 0;

    for (size_t i = 0; i < schema->column_count; i++)
        n += is_money(&schema->columns[i]);
    return n;
}

/* Rows, then a sum of each column of whole numbers. Some hold hashes and ids of 64 bits, whose sum
 * would not fit: of those that are not money the remainders are summed up. */
static void add_sums(struct sb *sql, const struct schema_table *s)
{
    sb_add(sql, STR("SELECT COUNT(*)"));
    for (size_t i = 0; i < s->column_count; i++) {
        if (is_number(&s->columns[i]))
            sb_fmt(sql, is_money(&s->columns[i]) ? ", SUM(\"%s\")" : ", SUM(\"%s\" %% 1000000007)",
                   s->columns[i].name);
    }
    sb_fmt(sql, " FROM \"%s\"", s->name);
    sb_add_char(sql, '\0');
}

static enum err_code read_sums(const struct copy_table *t, const struct copy_side *side,
                               int64_t *sums, size_t n, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    CLEANUP(sb_finip) struct sb sql;
    struct db_rows *rows;

    arena_init(&a, 0);
    sb_init(&sql, SQL_LIMIT);
    add_sums(&sql, t->schema);
    TRY(db_query(side->conn, &a, &rows, err, sql.p));
    if (db_next(rows)) {
        for (size_t i = 0; i < n; i++)
            sums[i] = db_i64(rows, (int)i);
    }
    return db_end(rows, err);
}

static enum err_code compare(const struct copy_table *t, const int64_t *from, const int64_t *to,
                             struct copy_sum *sums, struct err *err)
{
    size_t at = 1, money = 0;

    if (from[0] != to[0])
        return err_set(err, ERR_DB, "%s: the source has %" PRId64 " rows, the target %" PRId64,
                       t->schema->name, from[0], to[0]);
    for (size_t i = 0; i < t->schema->column_count; i++) {
        const struct schema_column *c = &t->schema->columns[i];

        if (!is_number(c))
            continue;
        if (from[at] != to[at])
            return err_set(err, ERR_DB, "%s.%s: the sums differ, %" PRId64 " and %" PRId64,
                           t->schema->name, c->name, from[at], to[at]);
        if (is_money(c))
            sums[money++] = (struct copy_sum){t->schema->name, c->name, from[at]};
        at++;
    }
    return ERR_OK;
}

enum err_code copy_table_verify(const struct copy_table *t, const struct copy_side *from,
                                const struct copy_side *to, struct copy_sum *sums, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    int64_t *of_source, *of_target;
    size_t n = 1;

    arena_init(&a, 0);
    for (size_t i = 0; i < t->schema->column_count; i++)
        n += is_number(&t->schema->columns[i]);
    of_source = arena_new_array(&a, int64_t, n);
    of_target = arena_new_array(&a, int64_t, n);
    TRY(read_sums(t, from, of_source, n, err));
    TRY(read_sums(t, to, of_target, n, err));
    return compare(t, of_source, of_target, sums, err);
}
