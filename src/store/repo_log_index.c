/*
 * Writing the index. How it is read is in repo_log_view.c.
 */
#include "store/repo_log_index.h"

#include "base/map.h"
#include "store/repo_log_row.h"
#include "store/repo_meta.h"

/* Rows that are read to be indexed. */

struct name {
    struct str text;
    uint64_t code;
};

struct reading {
    struct arena arena;
    struct log_chunk_row *rows;
    size_t count;
    struct map names[LOG_PARTS]; /* of the parts whose values are names: struct name by its text */
};

static void reading_init(struct reading *r)
{
    arena_init(&r->arena, 64 * 1024);
    r->rows = arena_new_array(&r->arena, struct log_chunk_row, LOG_CHUNK_ROWS);
    r->count = 0;
    for (size_t i = 0; i < LOG_PARTS; i++)
        map_init(&r->names[i]);
}

static void reading_finip(struct reading *r)
{
    for (size_t i = 0; i < LOG_PARTS; i++)
        map_fini(&r->names[i]);
    arena_fini(&r->arena);
}

static uint64_t code_of(struct reading *r, enum log_part part, struct str text)
{
    struct name *name = map_find(&r->names[part], text);

    if (name)
        return name->code;
    name = arena_new(&r->arena, struct name);
    name->text = str_dup(&r->arena, text);
    name->code = log_name_code(text);
    map_put(&r->names[part], name->text, name);
    return name->code;
}

/* Columns of the SELECT below, in the order of the text. */
static const enum log_part number_columns[] = {LOG_BY_TYPE, LOG_BY_USER, LOG_BY_TOKEN,
                                               LOG_BY_CHANNEL};
static const enum log_part name_columns[] = {LOG_BY_USERNAME, LOG_BY_TOKEN_NAME, LOG_BY_MODEL,
                                             LOG_BY_GROUP};
enum {
    NUMBERS_AT = 3,
    NAMES_AT = NUMBERS_AT + ARRAY_LEN(number_columns),
};

static void read_row(struct reading *r, const struct db_rows *rows)
{
    struct log_chunk_row *row = &r->rows[r->count++];

    row->ref = (struct log_ref){.id = db_i64(rows, 0), .created_at = db_i64(rows, 1)};
    for (size_t i = 0; i < ARRAY_LEN(number_columns); i++)
        row->codes[number_columns[i] - LOG_BY_TYPE] = (uint64_t)db_i64(rows, NUMBERS_AT + (int)i);
    for (size_t i = 0; i < ARRAY_LEN(name_columns); i++)
        row->codes[name_columns[i] - LOG_BY_TYPE] =
            code_of(r, name_columns[i], db_text(rows, NAMES_AT + (int)i));
    if (row->codes[0] == LOG_TYPE_CONSUME)
        row->consumed = db_i64(rows, 2);
}

/* The next rows behind the mark, at most a chunk of them; *last is the highest id. */
static enum err_code read_rows(struct db_conn *c, struct reading *r, int64_t mark, int64_t *last,
                               struct err *err)
{
    struct db_rows *rows;

    *last = mark;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT id, created_at, quota, type, user_id, token_id, channel_id,"
                       " username, token_name, model_name, \"group\" FROM logs");
    repo_query_add(&q, " WHERE id > ? ORDER BY id", DB_I64(mark));
    repo_query_page(&q, (struct repo_page){0, LOG_CHUNK_ROWS});
    TRY(repo_query_open(c, &r->arena, &q, &rows, err));
    while (db_next(rows)) {
        read_row(r, rows);
        *last = r->rows[r->count - 1].ref.id;
    }
    return db_end(rows, err);
}

/* Writing a chunk. */

enum { NAMES_ASKED = 50, NAMES_WRITTEN = 32, PARTS_WRITTEN = 16 };

/* Forgets those of the names that the database has already. */
static enum err_code drop_known(struct db_conn *c, struct arena *a, enum log_part part,
                                struct name **names, size_t n, struct map *unknown, struct err *err)
{
    struct db_rows *rows;

    for (size_t i = 0; i < n; i++)
        map_put_u64(unknown, names[i]->code, names[i]);
    REPO_QUERY(q);
    repo_query_add(&q, "SELECT hash FROM yourapi_log_names WHERE part = ? AND hash", DB_I64(part));
    for (size_t i = 0; i < NAMES_ASKED; i++) /* always as many: the statement stays prepared */
        repo_query_add(&q, i ? ",?" : " IN (?", DB_I64((int64_t)names[i < n ? i : 0]->code));
    repo_query_fmt(&q, ")");
    TRY(repo_query_open(c, a, &q, &rows, err));
    while (db_next(rows))
        map_remove_u64(unknown, (uint64_t)db_i64(rows, 0));
    return db_end(rows, err);
}

static enum err_code upsert_names(struct db_conn *c, enum log_part part, struct name **names,
                                  size_t n, struct err *err)
{
    static const char *const columns[] = {"part", "hash", "name"};
    static const struct db_upsert what = {"yourapi_log_names", columns, ARRAY_LEN(columns), 2, 0};
    struct db_value values[NAMES_WRITTEN * ARRAY_LEN(columns)];

    for (size_t i = 0; i < n; i++) {
        values[3 * i] = DB_I64(part);
        values[3 * i + 1] = DB_I64((int64_t)names[i]->code);
        values[3 * i + 2] = DB_TEXT(names[i]->text);
    }
    return db_upsert_values(c, &what, values, n, err);
}

static enum err_code write_unknown(struct db_conn *c, struct reading *r, enum log_part part,
                                   struct map *unknown, struct err *err)
{
    struct name **names = arena_new_array(&r->arena, struct name *, unknown->count + 1), *name;
    size_t n = 0, at = 0, done = 0;

    while ((name = map_next(unknown, &at)))
        names[n++] = name;
    for (; n - done >= NAMES_WRITTEN; done += NAMES_WRITTEN)
        TRY(upsert_names(c, part, names + done, NAMES_WRITTEN, err));
    for (; done < n; done++) /* one by one: the statements stay prepared */
        TRY(upsert_names(c, part, names + done, 1, err));
    return ERR_OK;
}

static enum err_code find_unknown(struct db_conn *c, struct reading *r, enum log_part part,
                                  struct map *unknown, struct err *err)
{
    struct name *some[NAMES_ASKED], *name;
    size_t n = 0, at = 0;

    while ((name = map_next(&r->names[part], &at))) {
        some[n++] = name;
        if (n == NAMES_ASKED) {
            TRY(drop_known(c, &r->arena, part, some, n, unknown, err));
            n = 0;
        }
    }
    return n ? drop_known(c, &r->arena, part, some, n, unknown, err) : ERR_OK;
}

static enum err_code write_names(struct db_conn *c, struct reading *r, struct err *err)
{
    for (size_t i = 0; i < ARRAY_LEN(name_columns); i++) {
        struct map unknown;
        enum err_code rc;

        map_init(&unknown);
        rc = find_unknown(c, r, name_columns[i], &unknown, err);
        if (rc == ERR_OK)
            rc = write_unknown(c, r, name_columns[i], &unknown, err);
        map_fini(&unknown);
        if (rc != ERR_OK)
            return rc;
    }
    return ERR_OK;
}

static enum err_code upsert_parts(struct db_conn *c, int64_t chunk,
                                  const struct log_chunk_part *parts, size_t n, struct err *err)
{
    static const char *const columns[] = {"part", "bucket", "chunk_id", "data"};
    static const struct db_upsert what = {"yourapi_log_parts", columns, ARRAY_LEN(columns), 3, 0};
    struct db_value values[PARTS_WRITTEN * ARRAY_LEN(columns)];

    for (size_t i = 0; i < n; i++) {
        values[4 * i] = DB_I64(parts[i].part);
        values[4 * i + 1] = DB_I64(parts[i].bucket);
        values[4 * i + 2] = DB_I64(chunk);
        values[4 * i + 3] = DB_TEXT(parts[i].data);
    }
    return db_upsert_values(c, &what, values, n, err);
}

static enum err_code write_parts(struct db_conn *c, int64_t chunk,
                                 const struct log_chunk_part *parts, size_t n, struct err *err)
{
    size_t done = 0;

    for (; n - done >= PARTS_WRITTEN; done += PARTS_WRITTEN)
        TRY(upsert_parts(c, chunk, parts + done, PARTS_WRITTEN, err));
    for (; done < n; done++)
        TRY(upsert_parts(c, chunk, parts + done, 1, err));
    return ERR_OK;
}

static enum err_code write_chunk(struct db_conn *c, struct reading *r, int64_t chunk,
                                 struct err *err)
{
    struct log_chunk_part *parts;
    int64_t consumed = 0;
    size_t count;

    log_chunk_build(&r->arena, r->rows, r->count, &parts, &count);
    for (size_t i = 0; i < r->count; i++)
        consumed += r->rows[i].consumed;
    TRY(write_parts(c, chunk, parts, count, err));
    return db_exec(c, NULL, err,
                   "INSERT INTO yourapi_log_chunks (chunk_id, newest_s, oldest_s, left_s,"
                   " log_count, consumed) VALUES (?, ?, ?, ?, ?, ?)",
                   DB_I64(chunk), DB_I64(r->rows[0].ref.created_at),
                   DB_I64(r->rows[r->count - 1].ref.created_at), DB_I64(0),
                   DB_I64((int64_t)r->count), DB_I64(consumed));
}

/* After deletions. */

enum { CHUNKS_FORGOTTEN = 32 };

/* The parts are kept together by value: a chunk's stand in every bucket. */
static enum err_code delete_parts(struct db_conn *c, const int64_t *chunks, size_t n,
                                  enum log_part part, unsigned bucket, struct err *err)
{
    REPO_QUERY(q);
    repo_query_add(&q, "DELETE FROM yourapi_log_parts WHERE part = ?", DB_I64(part));
    repo_query_add(&q, " AND bucket = ? AND chunk_id", DB_I64(bucket));
    for (size_t i = 0; i < CHUNKS_FORGOTTEN; i++) /* always as many: it stays prepared */
        repo_query_add(&q, i ? ",?" : " IN (?", DB_I64(chunks[i < n ? i : 0]));
    repo_query_fmt(&q, ")");
    return repo_query_exec(c, &q, NULL, err);
}

static enum err_code delete_chunks(struct db_conn *c, const int64_t *chunks, size_t n,
                                   struct err *err)
{
    for (enum log_part part = 0; part < LOG_PARTS; part++)
        for (unsigned bucket = 0; bucket < log_part_buckets(part); bucket++)
            TRY(delete_parts(c, chunks, n, part, bucket, err));
    REPO_QUERY(q);
    repo_query_fmt(&q, "DELETE FROM yourapi_log_chunks WHERE chunk_id");
    repo_query_in(&q, chunks, n);
    return repo_query_exec(c, &q, NULL, err);
}

static enum err_code delete_old_chunks(struct db_conn *c, struct arena *a, int64_t left_s,
                                       struct err *err)
{
    int64_t *chunks;
    size_t n;

    REPO_QUERY(q);
    repo_query_add(&q, "SELECT chunk_id FROM yourapi_log_chunks WHERE newest_s < ?",
                   DB_I64(left_s));
    TRY(repo_fetch_ids(c, a, &q, &chunks, &n, err));
    for (size_t at = 0; at < n; at += CHUNKS_FORGOTTEN)
        TRY(delete_chunks(c, chunks + at, n - at < CHUNKS_FORGOTTEN ? n - at : CHUNKS_FORGOTTEN,
                          err));
    return ERR_OK;
}

static enum err_code begin_anew(struct db_conn *c, struct err *err)
{
    TRY(db_exec(c, NULL, err, "DELETE FROM yourapi_log_parts"));
    return db_exec(c, NULL, err, "DELETE FROM yourapi_log_chunks");
}

/* The time of the oldest row that is left; 0 when there is none, or one without a time. */
static enum err_code oldest_time(struct db_conn *c, int64_t *oldest_s, struct err *err)
{
    int64_t timeless;

    REPO_QUERY(none);
    repo_query_fmt(&none, "SELECT id FROM logs WHERE created_at IS NULL LIMIT 1");
    TRY(repo_query_i64(c, &none, &timeless, err));
    *oldest_s = 0;
    if (timeless)
        return ERR_OK;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MIN(created_at) FROM logs");
    return repo_query_i64(c, &q, oldest_s, err);
}

static enum err_code max_id(struct db_conn *c, int64_t *id, struct err *err)
{
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MAX(id) FROM logs");
    return repo_query_i64(c, &q, id, err);
}

/* Old rows are deleted by their time, by us or by another program: what is older than the oldest
 * that is left is gone, whichever chunk it was in. */
static enum err_code forget_deleted(struct db_conn *c, struct err *err)
{
    CLEANUP(arena_finip) struct arena a;
    int64_t left_s;

    arena_init(&a, 0);
    TRY(oldest_time(c, &left_s, err));
    if (left_s <= 0)
        return ERR_OK;
    TRY(delete_old_chunks(c, &a, left_s, err));
    return db_exec(c, NULL, err,
                   "UPDATE yourapi_log_chunks SET left_s = ? WHERE oldest_s < ? AND left_s < ?",
                   DB_I64(left_s), DB_I64(left_s), DB_I64(left_s));
}

enum err_code repo_log_index_forget(struct db_conn *c, struct err *err)
{
    int64_t mark, newest;

    TRY(repo_log_mark(c, &mark, err));
    TRY(max_id(c, &newest, err));
    TRY(newest == 0 ? begin_anew(c, err) : forget_deleted(c, err));
    /* SQLite gives the ids of deleted top rows again. */
    return newest < mark ? repo_meta_put_i64(c, LOG_MARK, newest, err) : ERR_OK;
}

/* Going forward. */

/* Was the table emptied by another program? Then ids begin anew (SQLite) or go on (the servers),
 * and in either case no row that was indexed is left. */
static enum err_code was_emptied(struct db_conn *c, int64_t mark, int64_t newest, bool *emptied,
                                 struct err *err)
{
    int64_t oldest;

    *emptied = newest < mark;
    if (*emptied || mark == 0)
        return ERR_OK;
    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MIN(id) FROM logs");
    TRY(repo_query_i64(c, &q, &oldest, err));
    *emptied = oldest > mark;
    return ERR_OK;
}

/* A chunk is named by its highest id; SQLite may have given that before, to rows since deleted. */
static enum err_code name_chunk(struct db_conn *c, int64_t last, int64_t *chunk, struct err *err)
{
    int64_t highest;

    REPO_QUERY(q);
    repo_query_fmt(&q, "SELECT MAX(chunk_id) FROM yourapi_log_chunks");
    TRY(repo_query_i64(c, &q, &highest, err));
    *chunk = last > highest ? last : highest + 1;
    return ERR_OK;
}

static enum err_code go_on(struct db_conn *c, int64_t mark, int64_t newest, bool *behind,
                           struct err *err)
{
    CLEANUP(reading_finip) struct reading r;
    int64_t last, chunk;

    reading_init(&r);
    TRY(forget_deleted(c, err));
    TRY(read_rows(c, &r, mark, &last, err));
    if (r.count == 0)
        return ERR_OK;
    *behind = last < newest;
    TRY(write_names(c, &r, err));
    TRY(name_chunk(c, last, &chunk, err));
    TRY(write_chunk(c, &r, chunk, err));
    return repo_meta_put_i64(c, LOG_MARK, last, err);
}

static enum err_code index_some(struct db_conn *c, int64_t min_rows, bool *behind, struct err *err)
{
    int64_t mark, newest;
    bool emptied;

    TRY(repo_log_lock(c, err));
    TRY(repo_log_mark(c, &mark, err));
    TRY(max_id(c, &newest, err));
    TRY(was_emptied(c, mark, newest, &emptied, err));
    if (emptied) {
        TRY(begin_anew(c, err));
        TRY(repo_meta_put_i64(c, LOG_MARK, 0, err));
        mark = 0;
    } else if (newest - mark < min_rows) {
        return ERR_OK;
    }
    return go_on(c, mark, newest, behind, err);
}

enum err_code repo_log_mark(struct db_conn *c, int64_t *mark, struct err *err)
{
    return repo_meta_find_i64(c, LOG_MARK, mark, err);
}

enum err_code repo_log_index(struct db_conn *c, int64_t min_rows, bool *behind, struct err *err)
{
    struct db_tx tx;
    bool unused;

    behind = behind ? behind : &unused;
    *behind = false;
    TRY(db_join(c, &tx, err));
    return db_join_end(&tx, index_some(c, min_rows > 0 ? min_rows : 1, behind, err), err);
}
