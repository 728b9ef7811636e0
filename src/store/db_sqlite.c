/*
 * The SQLite driver: one writing connection, a few reading ones, WAL, so that readers never wait
 * for the writer nor the writer for them.
 *
 * A connection is used by one thread at a time (the pool sees to that), so SQLite's own mutexes are
 * off. The writer begins its transactions with BEGIN IMMEDIATE: a lock that another program holds
 * is waited for there, once, for the busy time-out, and never fails in the middle.
 */
#include "store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/wait.h"
#include "store/db_sqlite_stmt.h"

enum { READERS = 4, BUSY_TIMEOUT_MS = 5000, BUSY_TIMEOUT_MAX_MS = 600000 };

struct sqlite_db {
    struct db base;
    char *path;
    char *uri; /* how it is opened, where the path alone does not say it; else NULL */
    int busy_ms;
    bool read_only; /* no writer then */
    struct {
        pthread_mutex_t lock;
        pthread_cond_t returned;
        struct list idle; /* readers */
        unsigned readers; /* open ones */
        bool writer_out;
    } pool; /* under lock; a leaf */
    struct sqlite_conn *writer;
};

static const struct db_driver sqlite_driver;

static struct sqlite_db *db_of(struct db *db)
{
    return container_of(db, struct sqlite_db, base);
}

/* Statements. */

static enum err_code do_exec(struct db_conn *base, int64_t *changed, struct err *err,
                             const char *sql, const struct db_value *values, size_t n)
{
    struct sqlite_conn *c = db_sqlite_conn_of(base);

    TRY(db_sqlite_run(c, sql, values, n, err));
    if (changed)
        *changed = sqlite3_changes64(c->handle);
    return ERR_OK;
}

static enum err_code do_insert(struct db_conn *base, int64_t *id, struct err *err, const char *sql,
                               const struct db_value *values, size_t n)
{
    struct sqlite_conn *c = db_sqlite_conn_of(base);

    TRY(db_sqlite_run(c, sql, values, n, err));
    *id = sqlite3_last_insert_rowid(c->handle);
    return ERR_OK;
}

/* Transactions. */

static enum err_code do_begin(struct db_conn *base, struct err *err)
{
    return db_sqlite_run(db_sqlite_conn_of(base),
                         base->access == DB_WRITE ? "BEGIN IMMEDIATE" : "BEGIN", NULL, 0, err);
}

static enum err_code do_commit(struct db_conn *base, struct err *err)
{
    return db_sqlite_run(db_sqlite_conn_of(base), "COMMIT", NULL, 0, err);
}

static void do_rollback(struct db_conn *base)
{
    struct sqlite_conn *c = db_sqlite_conn_of(base);
    struct err err;

    /* Some errors (disk full) have rolled back already. */
    if (!sqlite3_get_autocommit(c->handle) && db_sqlite_run(c, "ROLLBACK", NULL, 0, &err) != ERR_OK)
        log_error(NULL, "db.rollback", "reason=\"%s\"", err.msg);
}

/* Catalogue. */

static enum err_code do_columns(struct db_conn *c, struct arena *a, const char *table,
                                struct str **names, size_t *n, struct err *err)
{
    return db_list_names(c, a, "SELECT name FROM pragma_table_info(?)", table, names, n, err);
}

static enum err_code do_indexes(struct db_conn *c, struct arena *a, const char *table,
                                struct str **names, size_t *n, struct err *err)
{
    return db_list_names(c, a,
                         "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = ?",
                         table, names, n, err);
}

/* Connections. */

static void conn_close(struct sqlite_conn *c)
{
    if (!c)
        return;
    db_sqlite_drop_statements(c);
    db_cache_fini(&c->statements);
    sqlite3_close(c->handle);
    mem_free(c);
}

/* The settings that a connection carries. Foreign keys are off because the original declares none
 * and deletes rows in any order. */
static enum err_code conn_setup(struct sqlite_conn *c, struct err *err)
{
    static const char *const pragmas[] = {
        "PRAGMA foreign_keys = OFF",
        "PRAGMA synchronous = NORMAL",
        "PRAGMA temp_store = MEMORY",
        "PRAGMA cache_size = -16000",
        "PRAGMA journal_size_limit = 67108864",
        "PRAGMA case_sensitive_like = OFF",
    };

    sqlite3_extended_result_codes(c->handle, 1);
    sqlite3_busy_timeout(c->handle, c->db->busy_ms);
    for (size_t i = 0; i < ARRAY_LEN(pragmas); i++)
        TRY(db_sqlite_run(c, pragmas[i], NULL, 0, err));
    return ERR_OK;
}

static enum err_code conn_open(struct sqlite_db *db, enum db_access access,
                               struct sqlite_conn **out, struct err *err)
{
    const int flags =
        SQLITE_OPEN_NOMUTEX | (db->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE) |
        (db->uri ? SQLITE_OPEN_URI : 0) | (access == DB_WRITE ? SQLITE_OPEN_CREATE : 0);
    struct sqlite_conn *c = mem_new(struct sqlite_conn);
    enum err_code code;
    int rc;

    *out = NULL;
    c->base.driver = &sqlite_driver;
    c->db = db;
    c->path = db->path;
    db_cache_init(&c->statements, DB_CACHE_STATEMENTS);
    rc = sqlite3_open_v2(db->uri ? db->uri : db->path, &c->handle, flags, NULL);
    code = rc == SQLITE_OK ? conn_setup(c, err) : db_sqlite_failed(c, rc, err);
    if (code != ERR_OK) {
        conn_close(c);
        return code;
    }
    *out = c;
    return ERR_OK;
}

/* Pool. */

static bool can_take_locked(const struct sqlite_db *db, enum db_access access)
{
    if (access == DB_WRITE)
        return !db->pool.writer_out;
    return !list_empty(&db->pool.idle) || db->pool.readers < READERS;
}

/* Waits until one may be taken; false when the busy time-out is over. */
static bool pool_wait_locked(struct sqlite_db *db, enum db_access access)
{
    struct timespec until = wait_until_ms(db->busy_ms);

    while (!can_take_locked(db, access))
        if (!wait_locked(&db->pool.returned, &db->pool.lock, &until))
            return can_take_locked(db, access);
    return true;
}

/* An idle reader, or NULL after counting a new one in, which the caller must open. */
static struct sqlite_conn *take_locked(struct sqlite_db *db, enum db_access access)
{
    struct list *node;

    if (access == DB_WRITE) {
        db->pool.writer_out = true;
        return db->writer;
    }
    node = list_pop_front(&db->pool.idle);
    if (node)
        return list_entry(node, struct sqlite_conn, idle);
    db->pool.readers++;
    return NULL;
}

static enum err_code open_reader(struct sqlite_db *db, struct sqlite_conn **out, struct err *err)
{
    enum err_code rc = conn_open(db, DB_READ, out, err);

    if (rc == ERR_OK)
        rc = db_sqlite_run(*out, "PRAGMA query_only = ON", NULL, 0, err);
    if (rc == ERR_OK)
        return ERR_OK;
    conn_close(*out);
    *out = NULL;
    pthread_mutex_lock(&db->pool.lock);
    db->pool.readers--;
    pthread_cond_broadcast(&db->pool.returned);
    pthread_mutex_unlock(&db->pool.lock);
    return rc;
}

static enum err_code do_acquire(struct db *base, enum db_access access, struct db_conn **out,
                                struct err *err)
{
    struct sqlite_db *db = db_of(base);
    struct sqlite_conn *c = NULL;
    bool taken;

    assert(access == DB_READ || db->writer);
    pthread_mutex_lock(&db->pool.lock);
    taken = pool_wait_locked(db, access);
    if (taken)
        c = take_locked(db, access);
    pthread_mutex_unlock(&db->pool.lock);
    if (!taken)
        return err_set(err, ERR_UNAVAILABLE, "no %s connection to the database was free for %d ms",
                       access == DB_WRITE ? "writing" : "reading", db->busy_ms);
    if (!c)
        TRY(open_reader(db, &c, err));
    *out = &c->base;
    return ERR_OK;
}

static void do_release(struct db_conn *base)
{
    struct sqlite_conn *c = db_sqlite_conn_of(base);
    struct sqlite_db *db = c->db;

    pthread_mutex_lock(&db->pool.lock);
    if (c == db->writer)
        db->pool.writer_out = false;
    else
        list_push_front(&db->pool.idle, &c->idle);
    /* Writers and readers wait on the same condition, so everybody looks. */
    pthread_cond_broadcast(&db->pool.returned);
    pthread_mutex_unlock(&db->pool.lock);
}

static void do_close(struct db *base)
{
    struct sqlite_db *db = db_of(base);
    struct list *node;

    while ((node = list_pop_front(&db->pool.idle)))
        conn_close(list_entry(node, struct sqlite_conn, idle));
    conn_close(db->writer);
    pthread_cond_destroy(&db->pool.returned);
    pthread_mutex_destroy(&db->pool.lock);
    mem_free(db->path);
    mem_free(db->uri);
    mem_free(db);
}

static const struct db_driver sqlite_driver = {
    .kind = DB_SQLITE,
    .close = do_close,
    .acquire = do_acquire,
    .release = do_release,
    .exec = do_exec,
    .insert = do_insert,
    .query = db_sqlite_query,
    .next = db_sqlite_next,
    .is_null = db_sqlite_is_null,
    .i64 = db_sqlite_i64,
    .f64 = db_sqlite_f64,
    .boolean = db_sqlite_boolean,
    .text = db_sqlite_text,
    .end = db_sqlite_end,
    .begin = do_begin,
    .commit = do_commit,
    .rollback = do_rollback,
    .columns = do_columns,
    .indexes = do_indexes,
};

/* Opening. */

/* The value of _busy_timeout in "file.db?_busy_timeout=5000&x=y"; `fallback` when it is not there.
 */
static int64_t path_busy_timeout(struct str parameters, int64_t fallback)
{
    STR_SPLIT_EACH (pair, parameters, '&') {
        struct str name = str_cut(&pair, '=');
        int64_t ms;

        if (str_eq(name, STR("_busy_timeout")) && str_to_i64(pair, &ms) && ms > 0)
            return ms;
    }
    return fallback;
}

static struct sqlite_db *db_new(const struct db_conf *conf)
{
    struct sqlite_db *db = mem_new(struct sqlite_db);
    struct str parameters = conf->sqlite_path, path = str_cut(&parameters, '?');
    int64_t busy_ms = conf->busy_timeout_ms > 0 ? conf->busy_timeout_ms : BUSY_TIMEOUT_MS;

    busy_ms = path_busy_timeout(parameters, busy_ms);
    db->base.driver = &sqlite_driver;
    db->busy_ms = (int)(busy_ms < BUSY_TIMEOUT_MAX_MS ? busy_ms : BUSY_TIMEOUT_MAX_MS);
    db->path = mem_zalloc(path.n + 1);
    if (path.n)
        memcpy(db->path, path.p, path.n);
    list_init(&db->pool.idle);
    pthread_mutex_init(&db->pool.lock, NULL);
    wait_init(&db->pool.returned);
    return db;
}

/* The file holds keys and password hashes, so a new one is for its owner only (SQLite gives its
 * companions the same mode). Says at once what is wrong with the path. An existing file is not
 * opened here: closing it again would drop the locks that this process holds on it. */
static enum err_code check_path(const char *path, struct err *err)
{
    struct stat st;
    int fd;

    if (path[0] == '\0' || strcmp(path, ":memory:") == 0) /* each connection would have its own */
        return err_set(err, ERR_BAD_REQUEST, "SQLITE_PATH names no file");
    if (stat(path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return err_set(err, ERR_DB, "%s is not a file", path);
        if (access(path, R_OK | W_OK) != 0)
            return err_set(err, ERR_DB, "%s cannot be written: %s", path, strerror(errno));
        return ERR_OK;
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_DB, "%s cannot be made: %s", path, strerror(errno));
    close(fd);
    return ERR_OK;
}

/* Readable, writable, and in WAL mode if the file system can do that. */
static enum err_code check_writer(struct sqlite_conn *c, struct err *err)
{
    TRY(db_sqlite_run(c, "PRAGMA journal_mode = WAL", NULL, 0, err));
    TRY(db_sqlite_run(c, "PRAGMA wal_autocheckpoint = 4000", NULL, 0, err));
    TRY(db_sqlite_run(c, "BEGIN IMMEDIATE", NULL, 0, err));
    TRY(db_sqlite_run(c, "SELECT count(*) FROM sqlite_master", NULL, 0, err));
    return db_sqlite_run(c, "ROLLBACK", NULL, 0, err);
}

static bool has_beside(struct arena *a, const char *path, const char *end)
{
    struct stat st;

    return stat(arena_fmt(a, "%s%s", path, end).p, &st) == 0 && st.st_size > 0;
}

static bool may_write_beside(struct arena *a, const char *path)
{
    struct str folder = str_from(path);
    ptrdiff_t slash = str_rfind_char(folder, '/');

    folder = slash < 0 ? STR(".") : str_sub(folder, 0, (size_t)slash + 1);
    return faccessat(AT_FDCWD, str_dup(a, folder).p, W_OK, AT_EACCESS) == 0;
}

/* Even who only reads wants SQLite to make a file beside one in WAL mode. Where that cannot be,
 * nobody has this one open, so it is read as it stands, unless a part of it is in another file. */
static enum err_code choose_uri(struct sqlite_db *db, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    struct str uri;

    arena_init(&a, 0);
    if (may_write_beside(&a, db->path) || has_beside(&a, db->path, "-shm"))
        return ERR_OK;
    if (has_beside(&a, db->path, "-wal") || has_beside(&a, db->path, "-journal"))
        return err_set(err, ERR_DB,
                       "%s cannot be read where it is: a part of it is in the file beside it "
                       "(-wal or -journal), and that folder cannot be written: copy both elsewhere",
                       db->path);
    uri = arena_fmt(&a, "file:%.*s?immutable=1", STR_ARG(url_encode(&a, str_from(db->path))));
    db->uri = mem_zalloc(uri.n + 1);
    memcpy(db->uri, uri.p, uri.n);
    return ERR_OK;
}

static enum err_code check_reader(struct sqlite_db *db, struct err *err)
{
    struct sqlite_conn *c;
    enum err_code rc;

    TRY(conn_open(db, DB_READ, &c, err));
    rc = db_sqlite_run(c, "SELECT count(*) FROM sqlite_master", NULL, 0, err);
    conn_close(c);
    return rc;
}

/* Nothing is made. A path that is empty is SQLite's word for a database that nobody else sees. */
static enum err_code open_to_look(struct sqlite_db *db, struct err *err)
{
    struct stat st;

    if (stat(db->path, &st) == 0) {
        if (!S_ISREG(st.st_mode))
            return err_set(err, ERR_DB, "%s is not a file", db->path);
        db->read_only = true;
        TRY(choose_uri(db, err));
        return check_reader(db, err);
    }
    if (errno != ENOENT)
        return err_set(err, ERR_DB, "%s cannot be read: %s", db->path, strerror(errno));
    db->path[0] = '\0';
    return ERR_OK;
}

static enum err_code open_to_write(struct sqlite_db *db, struct err *err)
{
    TRY(check_path(db->path, err));
    TRY(conn_open(db, DB_WRITE, &db->writer, err));
    return check_writer(db->writer, err);
}

enum err_code db_sqlite_open(const struct db_conf *conf, struct db **out, struct err *err)
{
    struct sqlite_db *db = db_new(conf);
    enum err_code rc = conf->read_only ? open_to_look(db, err) : open_to_write(db, err);

    if (rc != ERR_OK) {
        do_close(&db->base);
        return rc;
    }
    *out = &db->base;
    return ERR_OK;
}
