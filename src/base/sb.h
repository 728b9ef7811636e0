/*
 * sb - a growing buffer of bytes with a cap.
 *
 * Past the cap it turns failed and ignores everything further; whoever built it asks sb_failed()
 * once at the end. Heap memory, owned by the builder, freed by sb_fini(). One thread at a time.
 */
#pragma once
#include <stdarg.h>

#include "base/attr.h"
#include "base/str.h"

struct sb {
    char *p;
    size_t n, cap, limit;
    bool failed;
};

/* No memory is taken before the first byte. `limit_bytes` is the cap. */
void sb_init(struct sb *sb, size_t limit_bytes);
void sb_fini(struct sb *sb);
/* For CLEANUP(sb_finip) and arena_defer(). */
void sb_finip(void *sb);
/* Empty, not failed, memory kept. */
void sb_reset(struct sb *sb);

static inline bool sb_failed(const struct sb *sb)
{
    return sb->failed;
}

/* What was built; holds until the next change of the builder. */
static inline struct str sb_str(const struct sb *sb)
{
    return (struct str){.p = sb->p, .n = sb->n};
}

/* sb_reserve() where there is not enough room. */
char *sb_reserve_more(struct sb *sb, size_t bytes);

/* Room for `bytes` more behind the content, or NULL when that passes the cap (the builder is then
 * failed). sb->n is not moved. */
static inline char *sb_reserve(struct sb *sb, size_t bytes)
{
    if (LIKELY(!sb->failed && sb->cap - sb->n > bytes))
        return sb->p + sb->n;
    return sb_reserve_more(sb, bytes);
}

void sb_add(struct sb *sb, struct str s);
void sb_add_char(struct sb *sb, char c);
void sb_add_i64(struct sb *sb, int64_t value);
void sb_fmt(struct sb *sb, const char *format, ...) PRINTF_LIKE(2, 3);
void sb_vfmt(struct sb *sb, const char *format, va_list args) PRINTF_LIKE(2, 0);
/* Removes the first `bytes` bytes; what follows moves to the front. */
void sb_drop_front(struct sb *sb, size_t bytes);
/* The content as a malloc'd block that the caller frees with mem_free(); the builder is empty
 * after. */
struct str sb_take(struct sb *sb);
