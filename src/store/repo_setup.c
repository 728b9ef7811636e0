#include "store/repo_setup.h"

#include "store/repo_row.h"

static const struct repo_column columns[] = {
    REPO_COLUMN(struct setup_row, id, "id", CELL_I64),
    REPO_COLUMN(struct setup_row, version, "version", CELL_TEXT),
    REPO_COLUMN(struct setup_row, initialized_at, "initialized_at", CELL_I64),
};
static const struct repo_table table = {"setups", columns, ARRAY_LEN(columns),
                                        sizeof(struct setup_row)};

enum err_code repo_setup_find(struct db_conn *c, struct arena *a, struct setup_row **out,
                              struct err *err)
{
    void *row;
    enum err_code rc;

    REPO_QUERY(q);
    repo_select(&q, &table);
    repo_query_fmt(&q, " ORDER BY id LIMIT 1");
    rc = repo_fetch_one(c, a, &table, &q, &row, err);
    *out = row;
    return rc;
}

enum err_code repo_setup_insert(struct db_conn *c, struct str version, int64_t now_s,
                                struct err *err)
{
    const struct setup_row row = {.version = version, .initialized_at = now_s};
    int64_t id;

    return repo_insert(c, &table, &row, &id, err);
}
