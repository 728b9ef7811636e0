/*
 * redis_wire - the Redis protocol (RESP2): commands to bytes, bytes to replies. Pure; one thread at
 * a time.
 *
 * Source: redis.io, "Redis serialization protocol specification" (read 2026-11-26).
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/sb.h"

/* What a reply may be at most; a server that sends more has broken the protocol. */
enum {
    REDIS_REPLY_BYTES_MAX = 16 * 1024 * 1024,
    REDIS_REPLY_VALUES_MAX = 256 * 1024, /* elements of all its arrays */
    REDIS_REPLY_DEPTH_MAX = 7,           /* arrays in arrays */
};

enum redis_kind {
    REDIS_NIL,
    REDIS_INT,    /* i */
    REDIS_STRING, /* s */
    REDIS_STATUS, /* s, such as "OK" */
    REDIS_ERROR,  /* s, its first word is the kind of error */
    REDIS_ARRAY,  /* items, count */
};

struct redis_value {
    enum redis_kind kind;
    int64_t i;
    struct str s;
    struct redis_value *items;
    size_t count;
};

/* Whether it is a string or a status with these bytes. */
bool redis_value_is(const struct redis_value *v, struct str text);
/* A copy that lives in the arena with everything in it. */
struct redis_value redis_value_dup(struct arena *a, const struct redis_value *v);

/* Adds "*count": what follows are `count` calls of redis_add_arg(). */
void redis_add_head(struct sb *out, size_t count);
void redis_add_arg(struct sb *out, struct str arg);
/* Adds a whole command. */
void redis_add_command(struct sb *out, const struct str *argv, size_t argc);

struct redis_reader;

struct redis_reader *redis_reader_new(void);
void redis_reader_free(struct redis_reader *r); /* NULL is allowed */
/* Bytes as they come; they are copied. */
void redis_reader_feed(struct redis_reader *r, struct str bytes);
enum redis_read {
    REDIS_READ_MORE,  /* feed more */
    REDIS_READ_VALUE, /* *out holds until the next call of this or of free */
    REDIS_READ_FAIL,  /* not the protocol, or past a cap: `err` (ERR_IO); stays so */
};
MUST_CHECK enum redis_read redis_reader_next(struct redis_reader *r, const struct redis_value **out,
                                             struct err *err);
