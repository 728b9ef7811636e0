/* Hourly figures for the dashboard: admin-api 3.12. */
#include "api/handlers.h"

#include "api/rows.h"
#include "store/repo_quota_data.h"

enum { MONTH_S = 2592000 };

static void write_rows(struct api_call *c, const struct quota_data *rows, size_t n)
{
    struct json_writer *w = reply_data(c);

    jw_array(w);
    for (size_t i = 0; i < n; i++)
        row_quota_data(w, &rows[i]);
    jw_end(w);
}

enum err_code api_data_list(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct str username = query_str(c, STR("username"));
    int64_t start = query_i64(c, STR("start_timestamp")), end = query_i64(c, STR("end_timestamp"));
    struct quota_data *rows;
    size_t n;

    TRY(call_db(c, DB_READ, &conn));
    if (username.n > 0)
        TRY(repo_quota_data_list(conn, c->arena, 0, username, start, end, &rows, &n, &c->err));
    else
        TRY(repo_quota_data_list_sums(conn, c->arena, start, end, &rows, &n, &c->err));
    write_rows(c, rows, n);
    return ERR_OK;
}

enum err_code api_data_list_own(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    int64_t start = query_i64(c, STR("start_timestamp")), end = query_i64(c, STR("end_timestamp"));
    struct quota_data *rows;
    size_t n;

    if (start < 0 || end < 0 || end - start > MONTH_S)
        return api_fail(c, MSG_SPAN_TOO_LONG);
    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_quota_data_list(conn, c->arena, c->me->id, STR_NULL, start, end, &rows, &n, &c->err));
    write_rows(c, rows, n);
    return ERR_OK;
}
