#include "store/migrate_table.h"

#include <stdarg.h>

#include "base/log.h"

/* What is said. */

void migrate_remark(struct migration *m, const char *format, ...)
{
    va_list args;

    if (!m->said)
        return;
    sb_add(m->said, STR("-- "));
    va_start(args, format);
    sb_vfmt(m->said, format, args);
    va_end(args);
    sb_add_char(m->said, '\n');
}

static void say_sql(struct migration *m)
{
    if (!m->said)
        return;
    sb_add(m->said, str_trim_right_char(sb_str(&m->sql), '\0'));
    sb_add(m->said, STR(";\n"));
}

/* Statements. */

enum err_code migrate_sql(struct migration *m, struct err *err)
{
    sb_add_char(&m->sql, '\0');
    if (sb_failed(&m->sql))
        return err_set(err, ERR_INTERNAL, "DDL statement too long");
    if (!m->plan)
        TRY(db_exec(m->conn, NULL, err, m->sql.p));
    say_sql(m);
    return ERR_OK;
}

/* MySQL has no transaction around DDL, so there is nothing to go back to; PostgreSQL's would be
 * over without this. */
enum err_code migrate_try_sql(struct migration *m, struct err *err)
{
    enum err_code rc;

    if (m->plan || db_conn_kind(m->conn) == DB_MYSQL)
        return migrate_sql(m, err);
    TRY(db_exec(m->conn, NULL, err, "SAVEPOINT attempt"));
    rc = migrate_sql(m, err);
    if (rc != ERR_OK)
        TRY(db_exec(m->conn, NULL, NULL, "ROLLBACK TO SAVEPOINT attempt"));
    TRY(db_exec(m->conn, NULL, rc == ERR_OK ? err : NULL, "RELEASE SAVEPOINT attempt"));
    return rc;
}

bool migrate_listed(const struct str *names, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (str_eq_nocase(names[i], str_from(name)))
            return true;
    return false;
}

enum err_code migrate_has(struct migration *m, const char *table, const char *column, bool *has,
                          struct err *err)
{
    struct str *names;
    size_t n;

    TRY(db_list_columns(m->conn, m->arena, table, &names, &n, err));
    *has = column ? migrate_listed(names, n, column) : n > 0;
    return ERR_OK;
}

/* Runs a statement that makes a table or a column. Where it fails because somebody else has made it
 * since we looked (the original that starts at the same time knows nothing of our lock), what was
 * wanted is there. */
static enum err_code make(struct migration *m, const char *table, const char *column, bool *made,
                          struct err *err)
{
    enum err_code rc = migrate_try_sql(m, err);

    *made = rc == ERR_OK;
    if (rc == ERR_OK || rc == ERR_UNAVAILABLE)
        return rc;
    if (migrate_has(m, table, column, made, NULL) != ERR_OK || !*made)
        return rc;
    *made = false;
    return ERR_OK;
}

/* Tables and columns. */

static bool is_abilities(const struct schema_table *t)
{
    return str_eq(str_from(t->name), STR("abilities"));
}

static enum err_code create_table(struct migration *m, const struct schema_table *t,
                                  struct err *err)
{
    bool made;

    if (is_abilities(t))
        TRY(migrate_abilities_due(m, err));
    sb_reset(&m->sql);
    schema_create_table(&m->sql, db_conn_kind(m->conn), t);
    TRY(make(m, t->name, NULL, &made, err));
    m->tables += made;
    return ERR_OK;
}

static enum err_code add_columns(struct migration *m, const struct schema_table *t,
                                 const struct str *have, size_t n, struct err *err)
{
    bool made;

    for (size_t i = 0; i < t->column_count; i++) {
        if (migrate_listed(have, n, t->columns[i].name))
            continue;
        if (is_abilities(t))
            TRY(migrate_abilities_due(m, err));
        sb_reset(&m->sql);
        schema_add_column(&m->sql, db_conn_kind(m->conn), t, &t->columns[i]);
        TRY(make(m, t->name, t->columns[i].name, &made, err));
        m->columns += made;
    }
    return ERR_OK;
}

/* Indexes. */

static enum err_code create_index(struct migration *m, const struct schema_table *t,
                                  const struct schema_index *index, struct err *err)
{
    enum err_code rc;

    sb_reset(&m->sql);
    schema_create_index(&m->sql, db_conn_kind(m->conn), t, index);
    rc = migrate_try_sql(m, err);
    if (rc == ERR_CONFLICT) {
        /* Rows that are there already break it: the data is the operator's, the index is not worth
         * refusing to start. */
        log_warn(NULL, "migrate.index", "index=%s reason=\"%s\"", index->name,
                 err ? err->msg : "not unique");
        return ERR_OK;
    }
    m->indexes += rc == ERR_OK;
    return rc;
}

static enum err_code has_index(struct migration *m, const struct schema_table *t, const char *name,
                               bool *has, struct err *err)
{
    struct str *have;
    size_t n;

    TRY(db_list_indexes(m->conn, m->arena, t->name, &have, &n, err));
    *has = migrate_listed(have, n, name);
    return ERR_OK;
}

static enum err_code make_index(struct migration *m, const struct schema_table *t,
                                const struct schema_index *index, struct err *err)
{
    enum err_code rc = create_index(m, t, index, err);
    bool has;

    if (rc == ERR_OK || rc == ERR_UNAVAILABLE || has_index(m, t, index->name, &has, NULL) != ERR_OK)
        return rc;
    return has ? ERR_OK : rc;
}

static enum err_code add_indexes(struct migration *m, const struct schema_table *t, struct err *err)
{
    struct str *have;
    size_t n;

    TRY(db_list_indexes(m->conn, m->arena, t->name, &have, &n, err));
    for (size_t i = 0; i < t->index_count; i++)
        if (schema_index_wanted(&t->indexes[i]) && !migrate_listed(have, n, t->indexes[i].name))
            TRY(make_index(m, t, &t->indexes[i], err));
    return ERR_OK;
}

enum err_code migrate_table(struct migration *m, const struct schema_table *t, struct err *err)
{
    struct str *have;
    size_t n;

    TRY(db_list_columns(m->conn, m->arena, t->name, &have, &n, err));
    if (n == 0) {
        TRY(create_table(m, t, err));
    } else {
        TRY(add_columns(m, t, have, n, err));
        TRY(migrate_widen(m, t, err));
    }
    return add_indexes(m, t, err);
}
