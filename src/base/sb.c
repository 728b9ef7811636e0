#include "base/sb.h"

#include <inttypes.h>

#include "base/mem.h"

void sb_init(struct sb *sb, size_t limit_bytes)
{
    *sb = (struct sb){.limit = limit_bytes};
}

void sb_fini(struct sb *sb)
{
    mem_free(sb->p);
    sb_init(sb, sb->limit);
}

void sb_finip(void *sb)
{
    sb_fini(sb);
}

void sb_reset(struct sb *sb)
{
    sb->n = 0;
    sb->failed = false;
}

static void grow(struct sb *sb, size_t need)
{
    size_t cap = sb->cap ? sb->cap : 64;

    while (cap < need)
        cap *= 2;
    if (cap > sb->limit)
        cap = sb->limit;
    sb->p = mem_realloc(sb->p, cap);
    sb->cap = cap;
}

char *sb_reserve_more(struct sb *sb, size_t bytes)
{
    if (sb->failed || bytes > sb->limit || sb->n > sb->limit - bytes) {
        sb->failed = true;
        return NULL;
    }
    if (sb->n + bytes > sb->cap)
        grow(sb, sb->n + bytes);
    return sb->p ? sb->p + sb->n
                 : (char *)""; /* zero bytes of an empty builder: nothing may be written */
}

void sb_add(struct sb *sb, struct str s)
{
    char *at = sb_reserve(sb, s.n);

    if (at && s.n > 0) {
        memcpy(at, s.p, s.n);
        sb->n += s.n;
    }
}

void sb_add_char(struct sb *sb, char c)
{
    char *at = sb_reserve(sb, 1);

    if (at) {
        *at = c;
        sb->n++;
    }
}

void sb_add_i64(struct sb *sb, int64_t value)
{
    char digits[24];
    size_t at = sizeof digits;
    uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;

    do {
        digits[--at] = (char)('0' + rest % 10);
        rest /= 10;
    } while (rest > 0);
    if (value < 0)
        digits[--at] = '-';
    sb_add(sb, str_make(digits + at, sizeof digits - at));
}

void sb_vfmt(struct sb *sb, const char *format, va_list args)
{
    va_list again;

    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    char *at = n < 0 ? NULL : sb_reserve(sb, (size_t)n + 1); /* vsnprintf writes a NUL behind */
    if (at) {
        vsnprintf(at, (size_t)n + 1, format, again);
        sb->n += (size_t)n;
    } else {
        sb->failed = true;
    }
    va_end(again);
}

void sb_fmt(struct sb *sb, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    sb_vfmt(sb, format, args);
    va_end(args);
}

void sb_drop_front(struct sb *sb, size_t bytes)
{
    assert(bytes <= sb->n);
    sb->n -= bytes;
    if (sb->n > 0)
        memmove(sb->p, sb->p + bytes, sb->n);
}

struct str sb_take(struct sb *sb)
{
    struct str all = sb_str(sb);

    sb_init(sb, sb->limit);
    return all;
}
