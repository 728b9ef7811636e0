/* Users, as administrators see and change them: admin-api 3.6. */
#include "api/handlers.h"

#include <inttypes.h>

#include "api/rows.h"
#include "api/setup.h"
#include "api/user_check.h"
#include "store/repo_user.h"

enum { PAGE_CAP = 1000 };
/* Beyond this a sum of balances could overflow. */
#define QUOTA_MAX (INT64_C(1) << 52)

static enum err_code reply_page(struct api_call *c, const struct user_filter *filter)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct page_query q = query_page(c, 1, STR("page_size"), PAGE_CAP);
    struct user_page page;
    struct json_writer *w;

    TRY(call_db(c, DB_READ, &conn));
    TRY(repo_user_page(conn, c->arena, filter, (struct repo_page){q.offset, q.size}, &page,
                       &c->err));
    w = reply_data(c);
    jw_object(w);
    jw_key(w, STR("items"));
    jw_array(w);
    for (size_t i = 0; i < page.count; i++)
        row_user(c->arena, w, &page.rows[i], false);
    jw_end(w);
    page_members(w, &q, page.total);
    jw_end(w);
    return ERR_OK;
}

enum err_code api_users_list(struct api_call *c)
{
    return reply_page(c, &(struct user_filter){.keyword = STR_NULL});
}

enum err_code api_users_search(struct api_call *c)
{
    return reply_page(c, &(struct user_filter){.keyword = query_str(c, STR("keyword")),
                                               .group = query_str(c, STR("group"))});
}

static enum err_code find(struct api_call *c, int64_t id, enum repo_deleted deleted,
                          struct user **user)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    TRY(call_db(c, DB_READ, &conn));
    return repo_user_find(conn, c->arena, id, deleted, user, &c->err);
}

enum err_code api_users_get(struct api_call *c)
{
    struct user *user;
    int64_t id;

    TRY(path_id(c, 0, &id));
    TRY(find(c, id, REPO_LIVE, &user));
    if (!user)
        return api_fail_not_found(c);
    if (!access_outranks(c->me->role, user->role))
        return api_fail(c, MSG_USER_NOT_YOURS);
    row_user(c->arena, reply_data(c), user, false);
    return ERR_OK;
}

/* ---- create ---- */

enum err_code api_users_create(struct api_call *c)
{
    struct body b;
    struct user_fields f = {.username = STR_NULL};
    struct user row;
    int64_t role;

    TRY(body_read(c, &b));
    f.username = str_trim(body_str(&b, STR("username")));
    f.password = body_str(&b, STR("password"));
    f.display_name = body_str(&b, STR("display_name"));
    role = body_i64(&b, STR("role"));
    TRY(body_end(&b));
    if (f.username.n == 0 || f.password.n == 0)
        return api_fail(c, MSG_BAD_PARAM);
    TRY(user_check_fields(c, &f));
    if (role >= c->me->role)
        return api_fail(c, MSG_ROLE_TOO_HIGH);
    row = (struct user){.username = f.username,
                        .display_name = f.display_name.n > 0 ? f.display_name : f.username,
                        .role = ROLE_COMMON,
                        .status = USER_ENABLED,
                        .quota = call_settings(c)->quota_for_new_user,
                        .created_at = call_now_s(c)};
    TRY(user_hash_password(c, f.password, &row.password));
    TRY(user_insert(c, &row));
    user_log_gift(c, &row, USER_GIFT_NEW, row.quota);
    return ERR_OK;
}

/* ---- update ---- */

struct user_edit {
    int64_t id, quota, role;
    struct user_fields f;
    struct str group;
};

static enum err_code read_edit(struct api_call *c, struct user_edit *e)
{
    struct body b;

    *e = (struct user_edit){.id = 0};
    TRY(body_read(c, &b));
    e->id = body_i64(&b, STR("id"));
    e->quota = body_i64(&b, STR("quota"));
    e->role = body_i64(&b, STR("role"));
    e->f.username = str_trim(body_str(&b, STR("username")));
    e->f.password = body_str(&b, STR("password"));
    e->f.display_name = body_str(&b, STR("display_name"));
    e->group = body_str(&b, STR("group"));
    TRY(body_end(&b));
    /* The original blanks a name that is missing, and with it locks the account out. */
    if (e->id == 0 || e->f.username.n == 0)
        return api_fail(c, MSG_BAD_PARAM);
    if (e->quota > QUOTA_MAX || e->quota < -QUOTA_MAX)
        return api_fail(c, MSG_QUOTA_RANGE);
    if (e->group.n > 64) /* the column's width */
        return api_fail_arg(c, MSG_TOO_LONG, STR("group"));
    return user_check_fields(c, &e->f);
}

static enum err_code write_edit(struct api_call *c, struct user *row, const struct user_edit *e,
                                int64_t *delta)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    uint64_t columns = COL(USER_COL_USERNAME) | COL(USER_COL_DISPLAY_NAME) | COL(USER_COL_GROUP);
    bool found;

    if (e->f.password.n > 0)
        columns |= COL(USER_COL_PASSWORD);
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(db_begin(conn, &c->err));
    TRY(repo_user_update(conn, row, columns, &found, &c->err));
    TRY(repo_user_set_quota(conn, row->id, e->quota, delta, &found, &c->err));
    return db_commit(conn, &c->err);
}

/* A change of quota is noted in the log of its user. */
static void note_quota(struct api_call *c, const struct user *user, int64_t delta, int64_t quota)
{
    struct arena *a = c->arena;
    struct str from = api_quota_text(a, call_settings(c), quota - delta);
    struct str to = api_quota_text(a, call_settings(c), quota);

    balance_changed_user(call_conf(c)->balances, user->id, delta);
    api_log_event(c->api, LOG_TYPE_MANAGE, user->id, user->username,
                  arena_fmt(a, "管理员将用户额度从 %.*s 修改为 %.*s", STR_ARG(from), STR_ARG(to)));
}

enum err_code api_users_update(struct api_call *c)
{
    struct user_edit e;
    struct user *user;
    int64_t delta = 0;

    TRY(read_edit(c, &e));
    TRY(find(c, e.id, REPO_LIVE, &user));
    if (!user)
        return api_fail_not_found(c);
    if (!access_outranks(c->me->role, user->role) || !access_outranks(c->me->role, e.role))
        return api_fail(c, MSG_USER_NOT_YOURS);
    user->username = e.f.username;
    user->display_name = e.f.display_name;
    user->group = e.group;
    if (e.f.password.n > 0)
        TRY(user_hash_password(c, e.f.password, &user->password));
    TRY(write_edit(c, user, &e, &delta));
    apikeys_forget_user(call_conf(c)->apikeys, user->id);
    if (delta != 0)
        note_quota(c, user, delta, e.quota);
    return e.f.password.n > 0 ? setup_finish_after_password(c, user) : ERR_OK;
}

/* ---- manage ---- */

/* What an action does; a failure is told by the message. */
static enum err_code act_disable(struct api_call *c, struct user *u, struct db_conn *conn)
{
    if (u->role == ROLE_ROOT)
        return api_fail(c, MSG_ROOT_NOT_DISABLED);
    u->status = USER_DISABLED;
    return repo_user_update(conn, u, COL(USER_COL_STATUS), NULL, &c->err);
}

static enum err_code act_enable(struct api_call *c, struct user *u, struct db_conn *conn)
{
    u->status = USER_ENABLED;
    return repo_user_update(conn, u, COL(USER_COL_STATUS), NULL, &c->err);
}

static enum err_code act_delete(struct api_call *c, struct user *u, struct db_conn *conn)
{
    bool found;

    if (u->role == ROLE_ROOT)
        return api_fail(c, MSG_ROOT_NOT_DELETED);
    return repo_user_soft_delete(conn, u->id, call_now_s(c), &found, &c->err);
}

static enum err_code act_promote(struct api_call *c, struct user *u, struct db_conn *conn)
{
    if (c->me->role != ROLE_ROOT)
        return api_fail(c, MSG_PROMOTE_ROOT_ONLY);
    if (u->role >= ROLE_ADMIN)
        return api_fail(c, MSG_ALREADY_ADMIN);
    u->role = ROLE_ADMIN;
    return repo_user_update(conn, u, COL(USER_COL_ROLE), NULL, &c->err);
}

static enum err_code act_demote(struct api_call *c, struct user *u, struct db_conn *conn)
{
    if (u->role == ROLE_ROOT)
        return api_fail(c, MSG_ROOT_NOT_DEMOTED);
    if (u->role == ROLE_COMMON)
        return api_fail(c, MSG_ALREADY_COMMON);
    u->role = ROLE_COMMON;
    return repo_user_update(conn, u, COL(USER_COL_ROLE), NULL, &c->err);
}

static const struct action {
    struct str name;
    enum err_code (*act)(struct api_call *c, struct user *u, struct db_conn *conn);
} actions[] = {
    {STR_INIT("disable"), act_disable}, {STR_INIT("enable"), act_enable},
    {STR_INIT("delete"), act_delete},   {STR_INIT("promote"), act_promote},
    {STR_INIT("demote"), act_demote},
};

static enum err_code act(struct api_call *c, struct str name, struct user *user)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;

    for (size_t i = 0; i < ARRAY_LEN(actions); i++) {
        if (!str_eq(actions[i].name, name))
            continue;
        TRY(call_db(c, DB_WRITE, &conn));
        TRY(actions[i].act(c, user, conn));
        apikeys_forget_user(call_conf(c)->apikeys, user->id);
        return ERR_OK;
    }
    return ERR_OK; /* an unknown action changes nothing and succeeds (admin-api 3.6.1) */
}

enum err_code api_users_manage(struct api_call *c)
{
    struct body b;
    struct user *user, shown = {.id = 0};
    struct str action;
    int64_t id;

    TRY(body_read(c, &b));
    id = body_i64(&b, STR("id"));
    action = body_str(&b, STR("action"));
    TRY(body_end(&b));
    TRY(find(c, id, REPO_WITH_DELETED, &user));
    if (!user)
        return api_fail(c, MSG_USER_MISSING);
    if (!access_outranks(c->me->role, user->role))
        return api_fail(c, MSG_USER_NOT_YOURS);
    TRY(act(c, action, user));
    shown.role = user->role;
    shown.status = user->status;
    row_user(c->arena, reply_data(c), &shown, false);
    return ERR_OK;
}

enum err_code api_users_delete(struct api_call *c)
{
    CLEANUP(db_releasep) struct db_conn *conn = NULL;
    struct user *user;
    int64_t id;
    bool found;

    TRY(path_id(c, 0, &id));
    TRY(find(c, id, REPO_WITH_DELETED, &user));
    if (!user)
        return api_fail_not_found(c);
    if (user->role >= c->me->role)
        return api_fail(c, MSG_USER_NOT_YOURS);
    TRY(call_db(c, DB_WRITE, &conn));
    TRY(repo_user_hard_delete(conn, id, &found, &c->err));
    apikeys_forget_user(call_conf(c)->apikeys, id);
    return ERR_OK;
}
