/*
 * hiredis cuts the bytes into tokens; the values are made here, in an arena that is emptied with
 * each reply, so that a reply costs no malloc and its size is bounded where it grows.
 */
#include "cache/redis_wire.h"

#include <hiredis/hiredis.h>

#include "base/mem.h"

enum { ARENA_BYTES = 1024 };

struct redis_reader {
    redisReader *tokens;
    struct arena arena; /* of the reply that is being read, or was read last */
    size_t values;      /* elements of its arrays so far */
    size_t bytes;       /* fed since the last reply, at most */
    const char *past;   /* which cap was passed; NULL: none */
    bool broken, whole; /* whole: the arena holds a reply that was handed out */
};

/* --- values ---------------------------------------------------------------------------------- */

bool redis_value_is(const struct redis_value *v, struct str text)
{
    return (v->kind == REDIS_STRING || v->kind == REDIS_STATUS) && str_eq(v->s, text);
}

/* One level of a copy: what is left of an array. */
struct level {
    const struct redis_value *from;
    struct redis_value *to;
    size_t left;
};

static struct level open_level(struct arena *a, const struct redis_value *from,
                               struct redis_value *to)
{
    to->items = from->count ? arena_new_array(a, struct redis_value, from->count) : NULL;
    return (struct level){.from = from->items, .to = to->items, .left = from->count};
}

struct redis_value redis_value_dup(struct arena *a, const struct redis_value *v)
{
    struct redis_value copy = *v;
    struct level levels[REDIS_REPLY_DEPTH_MAX + 1];
    size_t depth = 1;

    levels[0] = (struct level){.from = v, .to = &copy, .left = 1};
    while (depth > 0) {
        struct level *at = &levels[depth - 1];

        if (at->left == 0) {
            depth--;
            continue;
        }
        const struct redis_value *from = at->from++;
        struct redis_value *to = at->to++;

        at->left--;
        *to = *from;
        if (from->s.p)
            to->s = str_dup(a, from->s);
        if (from->kind == REDIS_ARRAY) {
            assert(depth < ARRAY_LEN(levels));
            levels[depth++] = open_level(a, from, to);
        }
    }
    return copy;
}

/* --- commands -------------------------------------------------------------------------------- */

static void add_number(struct sb *out, char mark, size_t n)
{
    sb_add_char(out, mark);
    sb_add_i64(out, (int64_t)n);
    sb_add(out, STR("\r\n"));
}

void redis_add_head(struct sb *out, size_t count)
{
    add_number(out, '*', count);
}

void redis_add_arg(struct sb *out, struct str arg)
{
    add_number(out, '$', arg.n);
    sb_add(out, arg);
    sb_add(out, STR("\r\n"));
}

void redis_add_command(struct sb *out, const struct str *argv, size_t argc)
{
    redis_add_head(out, argc);
    for (size_t i = 0; i < argc; i++)
        redis_add_arg(out, argv[i]);
}

/* --- hiredis's slots: each makes the value of one token -------------------------------------- */

static struct redis_reader *reader_of(const redisReadTask *task)
{
    return task->privdata;
}

/* Where the token's value goes: its place in its array, or a value of its own. */
static struct redis_value *place(const redisReadTask *task, enum redis_kind kind)
{
    struct redis_value *v;

    if (task->parent)
        v = &((struct redis_value *)task->parent->obj)->items[task->idx];
    else
        v = arena_new(&reader_of(task)->arena, struct redis_value);
    v->kind = kind;
    return v;
}

static void *make_string(const redisReadTask *task, char *bytes, size_t n)
{
    enum redis_kind kind = task->type == REDIS_REPLY_ERROR    ? REDIS_ERROR
                           : task->type == REDIS_REPLY_STATUS ? REDIS_STATUS
                                                              : REDIS_STRING;
    struct redis_value *v = place(task, kind);

    v->s = str_dup(&reader_of(task)->arena, str_make(bytes, n));
    return v;
}

static void *make_int(const redisReadTask *task, long long i)
{
    struct redis_value *v = place(task, REDIS_INT);

    v->i = i;
    return v;
}

static void *make_nil(const redisReadTask *task)
{
    return place(task, REDIS_NIL);
}

static int depth_of(const redisReadTask *task)
{
    int depth = 1;

    for (const redisReadTask *at = task->parent; at; at = at->parent)
        depth++;
    return depth;
}

/* NULL refuses the reply. */
static void *add_array(const redisReadTask *task, size_t count)
{
    struct redis_reader *r = reader_of(task);
    struct redis_value *v;

    if (depth_of(task) > REDIS_REPLY_DEPTH_MAX)
        r->past = "nests too deep";
    if (count > REDIS_REPLY_VALUES_MAX - r->values)
        r->past = "has too many values";
    if (r->past)
        return NULL;
    r->values += count;
    v = place(task, REDIS_ARRAY);
    v->count = count;
    if (count > 0)
        v->items = arena_new_array(&r->arena, struct redis_value, count);
    return v;
}

static void free_nothing(void *value)
{
    (void)value; /* the arena does it */
}

/* From version 1 on hiredis knows the kinds of RESP3, which no server sends unasked. */
#if HIREDIS_MAJOR >= 1
static void *make_array(const redisReadTask *task, size_t count)
{
    return task->type == REDIS_REPLY_ARRAY ? add_array(task, count) : NULL;
}

static void *refuse_double(const redisReadTask *task, double value, char *text, size_t n)
{
    (void)task, (void)value, (void)text, (void)n;
    return NULL;
}

static void *refuse_bool(const redisReadTask *task, int value)
{
    (void)task, (void)value;
    return NULL;
}
#else
static void *make_array(const redisReadTask *task, int count)
{
    return add_array(task, (size_t)count);
}
#endif

static redisReplyObjectFunctions makers = {
    .createString = make_string,
    .createArray = make_array,
    .createInteger = make_int,
    .createNil = make_nil,
#if HIREDIS_MAJOR >= 1
    .createDouble = refuse_double,
    .createBool = refuse_bool,
#endif
    .freeObject = free_nothing,
};

/* --- the reader ------------------------------------------------------------------------------ */

struct redis_reader *redis_reader_new(void)
{
    struct redis_reader *r = mem_new(struct redis_reader);

    arena_init(&r->arena, ARENA_BYTES);
    r->tokens = redisReaderCreateWithFunctions(&makers);
    if (!r->tokens)
        abort(); /* out of memory */
    r->tokens->privdata = r;
    return r;
}

void redis_reader_free(struct redis_reader *r)
{
    if (!r)
        return;
    redisReaderFree(r->tokens);
    arena_fini(&r->arena);
    mem_free(r);
}

void redis_reader_feed(struct redis_reader *r, struct str bytes)
{
    if (r->broken || bytes.n == 0)
        return;
    r->bytes += bytes.n;
    if (redisReaderFeed(r->tokens, bytes.p, bytes.n) != REDIS_OK)
        r->broken = true;
}

static enum redis_read refuse(struct redis_reader *r, struct err *err)
{
    r->broken = true;
    if (r->past)
        err_set(err, ERR_IO, "the reply %s", r->past);
    else
        err_set(err, ERR_IO, "the reply is not of the Redis protocol");
    return REDIS_READ_FAIL;
}

static void begin(struct redis_reader *r)
{
    arena_reset(&r->arena, ARENA_BYTES);
    r->values = 0;
    r->whole = false;
    r->bytes = r->tokens->len - r->tokens->pos;
}

enum redis_read redis_reader_next(struct redis_reader *r, const struct redis_value **out,
                                  struct err *err)
{
    void *value = NULL;

    *out = NULL;
    if (r->whole)
        begin(r);
    if (r->broken || redisReaderGetReply(r->tokens, &value) != REDIS_OK)
        return refuse(r, err);
    if (value) {
        r->whole = true;
        *out = value;
        return REDIS_READ_VALUE;
    }
    if (r->bytes > REDIS_REPLY_BYTES_MAX) {
        r->past = "is too long";
        return refuse(r, err);
    }
    return REDIS_READ_MORE;
}
