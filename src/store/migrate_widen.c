/*
 * Columns that one-api and older versions of this line made narrower than they are now (database
 * reference 6.1). SQLite keeps any text in any column, so nothing is to be done there. Only columns
 * that have no unique index of their own: the original would add another one each time (0.4).
 */
#include "base/log.h"
#include "store/migrate_table.h"

static const struct widened {
    const char *table, *column;
} widened[] = {
    {"channels", "key"}, {"channels", "group"},  {"channels", "model_mapping"},
    {"users", "group"},  {"abilities", "group"}, {"abilities", "model"},
};

/* A column as the catalogue has it. */
struct found {
    struct str type; /* "varchar", "character varying", "text", "longtext", ... */
    int64_t size;    /* characters of a varchar */
    bool not_null;
    struct str charset, collation; /* MySQL */
};

static const char *const queries[] = {
    [DB_MYSQL] = "SELECT data_type, character_maximum_length, is_nullable, character_set_name,"
                 " collation_name FROM information_schema.columns"
                 " WHERE table_schema = DATABASE() AND table_name = ? AND column_name = ?",
    [DB_POSTGRES] = "SELECT data_type, character_maximum_length, is_nullable, NULL, NULL"
                    " FROM information_schema.columns"
                    " WHERE table_schema = current_schema() AND table_name = ? AND column_name = ?",
};

static enum err_code find_column(struct migration *m, const struct widened *w, struct found *out,
                                 struct err *err)
{
    struct db_rows *rows;

    *out = (struct found){.type = STR_NULL};
    TRY(db_query(m->conn, m->arena, &rows, err, queries[db_conn_kind(m->conn)],
                 DB_TEXT(str_from(w->table)), DB_TEXT(str_from(w->column))));
    if (db_next(rows)) {
        out->type = str_dup(m->arena, db_text(rows, 0));
        out->size = db_i64(rows, 1);
        out->not_null = str_eq_nocase(db_text(rows, 2), STR("NO"));
        out->charset = str_dup(m->arena, db_text(rows, 3));
        out->collation = str_dup(m->arena, db_text(rows, 4));
    }
    return db_end(rows, err);
}

/* How much a text of the type may hold; bytes and characters are far enough apart. 0: no text. */
static int64_t room_of(const struct found *f, enum db_kind kind)
{
    static const struct {
        struct str type;
        int64_t room;
    } texts[] = {{STR_INIT("tinytext"), 255},
                 {STR_INIT("text"), 65535},
                 {STR_INIT("mediumtext"), 16777215},
                 {STR_INIT("longtext"), INT64_MAX}};

    if (str_eq_nocase(f->type, STR("varchar")) || str_eq_nocase(f->type, STR("character varying")))
        return f->size > 0 ? f->size : INT64_MAX;
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (str_eq_nocase(f->type, texts[i].type))
            return kind == DB_POSTGRES ? INT64_MAX : texts[i].room;
    return 0;
}

static int64_t room_wanted(const struct schema_column *c, enum db_kind kind)
{
    if (c->family == SCHEMA_VARCHAR)
        return c->size;
    if (c->family == SCHEMA_TEXT && kind == DB_MYSQL)
        return 65535;
    return INT64_MAX; /* the rest of the table above is unbounded */
}

static const struct schema_column *column_of(const struct schema_table *t, const char *name)
{
    for (size_t i = 0; i < t->column_count; i++)
        if (str_eq(str_from(t->columns[i].name), str_from(name)))
            return &t->columns[i];
    return NULL;
}

/* Not worth refusing to start: a view may hold on to the column. */
static enum err_code widen(struct migration *m, const struct schema_table *t,
                           const struct schema_column *c, const struct found *f, struct err *err)
{
    enum err_code rc;

    sb_reset(&m->sql);
    schema_widen_column(&m->sql, db_conn_kind(m->conn), t, c, f->not_null, f->charset,
                        f->collation);
    rc = migrate_try_sql(m, err);
    if (rc == ERR_OK) {
        m->widened++;
        return ERR_OK;
    }
    if (rc == ERR_UNAVAILABLE)
        return rc;
    log_warn(NULL, "migrate.widen", "table=%s column=%s reason=\"%s\"", t->name, c->name,
             err ? err->msg : "failed");
    return ERR_OK;
}

enum err_code migrate_widen(struct migration *m, const struct schema_table *t, struct err *err)
{
    enum db_kind kind = db_conn_kind(m->conn);

    if (kind == DB_SQLITE)
        return ERR_OK;
    for (size_t i = 0; i < ARRAY_LEN(widened); i++) {
        const struct schema_column *c = column_of(t, widened[i].column);
        struct found found;
        int64_t room;

        if (!c || !str_eq(str_from(t->name), str_from(widened[i].table)))
            continue;
        TRY(find_column(m, &widened[i], &found, err));
        room = room_of(&found, kind);
        if (room > 0 && room < room_wanted(c, kind))
            TRY(widen(m, t, c, &found, err));
    }
    return ERR_OK;
}
