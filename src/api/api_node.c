/*
 * The nodes that share the database, as their heart-beats tell (docs/api.md). Rows that another
 * program has written show what they have in common with ours.
 */
#include "api/handlers.h"

#include "store/repo_node.h"

enum { ONLINE_S = 30 /* three heart-beats */ };

struct view {
    struct api_call *call;
    struct json_writer *w;
    const struct json *info; /* NULL: not an object */
    const struct lease_row *leases;
    size_t lease_count;
    int64_t now_s;
};

static struct str text(const struct view *v, struct str key)
{
    return json_str_or_null(v->call->arena, json_get(v->info, key));
}

static struct str state_of(const struct view *v, const struct node_row *row)
{
    if (json_bool_or(json_get(v->info, STR("stopped")), false))
        return STR("stopped");
    return v->now_s - row->last_seen_at <= ONLINE_S ? STR("online") : STR("lost");
}

/* A lease's holder is "NAME/ID", and the id that of one run of the program. */
static void write_jobs(const struct view *v, const struct node_row *row)
{
    struct str holder =
        arena_fmt(v->call->arena, "%.*s/%.*s", STR_ARG(row->name), STR_ARG(text(v, STR("id"))));

    jw_key(v->w, STR("jobs"));
    jw_array(v->w);
    for (size_t i = 0; i < v->lease_count; i++) {
        if (str_eq(v->leases[i].holder, holder) || str_eq(v->leases[i].holder, row->name))
            jw_str(v->w, v->leases[i].type);
    }
    jw_end(v->w);
}

/* As the node wrote it. */
static void write_load(const struct view *v)
{
    const struct json *load = json_get(v->info, STR("load"));

    jw_key_raw(v->w, STR("load"), json_is(load, JSON_OBJECT) ? json_raw(load) : STR("{}"));
}

static void write_node(const struct view *v, const struct node_row *row)
{
    static const struct str texts[] = {
        STR_INIT("id"),      STR_INIT("program"), STR_INIT("version"), STR_INIT("hostname"),
        STR_INIT("address"), STR_INIT("type"),    STR_INIT("redis")};

    jw_object(v->w);
    jw_key_str(v->w, STR("name"), row->name);
    jw_key_str(v->w, STR("state"), state_of(v, row));
    jw_key_bool(v->w, STR("self"), str_eq(row->name, call_conf(v->call)->node_name));
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        jw_key_str(v->w, texts[i], text(v, texts[i]));
    jw_key_i64(v->w, STR("started_at"), row->started_at);
    jw_key_i64(v->w, STR("last_seen_at"), row->last_seen_at);
    jw_key_i64(v->w, STR("seen_ago_s"), v->now_s - row->last_seen_at);
    write_jobs(v, row);
    write_load(v);
    jw_end(v->w);
}

enum err_code api_node_list(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct view v = {.call = c};
    struct node_row *rows;
    struct lease_row *leases;
    size_t n;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_node_list(conn, c->arena, &rows, &n, &v.now_s, &c->err));
    TRY(repo_lease_list(conn, c->arena, &leases, &v.lease_count, &c->err));
    v.leases = leases;
    v.w = reply_data(c);
    jw_array(v.w);
    for (size_t i = 0; i < n; i++) {
        if (json_read(c->arena, rows[i].info, JSON_DEPTH_DEFAULT, &v.info, NULL) != ERR_OK)
            v.info = NULL;
        write_node(&v, &rows[i]);
    }
    jw_end(v.w);
    return ERR_OK;
}
