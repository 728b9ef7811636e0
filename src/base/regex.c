#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/regex.h"

#include <pcre2.h>

#include "base/mem.h"

/* A million steps are some ten milliseconds; the heap counts in KiB. */
enum { MATCH_STEPS = 1000 * 1000, MATCH_HEAP_KB = 64 * 1024 };

struct regex {
    pcre2_code *code;
};

static void free_code(void *code)
{
    pcre2_code_free(code);
}

static enum err_code refuse(struct err *err, int number, size_t at)
{
    char text[120];

    if (pcre2_get_error_message(number, (PCRE2_UCHAR *)text, sizeof text) < 0 &&
        number != PCRE2_ERROR_NOMEMORY)
        text[0] = '\0';
    return err_set(err, ERR_BAD_REQUEST, "%s (at byte %zu)", text, at);
}

enum err_code regex_compile(struct arena *a, struct str pattern, const struct regex **out,
                            struct err *err)
{
    struct regex *re = arena_new(a, struct regex);
    int number;
    size_t at;

    *out = NULL;
    if (pattern.n > REGEX_PATTERN_BYTES)
        return err_set(err, ERR_BAD_REQUEST, "longer than %d bytes", REGEX_PATTERN_BYTES);
    re->code = pcre2_compile((PCRE2_SPTR)(pattern.p ? pattern.p : ""), pattern.n,
                             PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C, &number, &at, NULL);
    if (!re->code)
        return refuse(err, number, at);
    /* Without it, where memory may not be executed, the pattern is interpreted. */
    (void)pcre2_jit_compile(re->code, PCRE2_JIT_COMPLETE);
    arena_defer(a, free_code, re->code);
    *out = re;
    return ERR_OK;
}

static void *take(size_t bytes, void *ctx UNUSED)
{
    return mem_alloc(bytes);
}

static void give_back(void *ptr, void *ctx UNUSED)
{
    mem_free(ptr);
}

static int search(const struct regex *re, struct str text, uint32_t steps, uint32_t options)
{
    pcre2_general_context *memory = pcre2_general_context_create(take, give_back, NULL);
    pcre2_match_context *bounds = pcre2_match_context_create(memory);
    pcre2_match_data *found = pcre2_match_data_create(1, memory);
    int n;

    pcre2_set_match_limit(bounds, steps);
    pcre2_set_heap_limit(bounds, MATCH_HEAP_KB);
    n = pcre2_match(re->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, options, found,
                    bounds);
    pcre2_match_data_free(found);
    pcre2_match_context_free(bounds);
    pcre2_general_context_free(memory);
    return n;
}

static bool is_utf_fault(int n)
{
    return n <= PCRE2_ERROR_UTF8_ERR1 && n >= PCRE2_ERROR_UTF8_ERR21;
}

enum err_code regex_search(const struct regex *re, struct str text, uint32_t steps, bool *hit,
                           struct err *err)
{
    int n = search(re, text, steps, 0);

    if (n == PCRE2_ERROR_JIT_STACKLIMIT)
        n = search(re, text, steps, PCRE2_NO_JIT);
    *hit = n >= 0;
    if (n >= 0 || n == PCRE2_ERROR_NOMATCH || is_utf_fault(n))
        return ERR_OK;
    return err_set(err, ERR_CONVERT, "a regular expression failed (%d)", n);
}

/* One run into a buffer; as pcre2_substitute(): the number of replacements, or a negative number;
 * *bytes is then what would have been needed, where the buffer was too small. */
static int substitute(const struct regex *re, struct str text, struct str with, uint32_t options,
                      char *buffer, size_t *bytes)
{
    pcre2_general_context *memory = pcre2_general_context_create(take, give_back, NULL);
    pcre2_match_context *bounds = pcre2_match_context_create(memory);
    int n;

    pcre2_set_match_limit(bounds, MATCH_STEPS);
    pcre2_set_heap_limit(bounds, MATCH_HEAP_KB);
    options |= PCRE2_SUBSTITUTE_GLOBAL | PCRE2_SUBSTITUTE_UNKNOWN_UNSET |
               PCRE2_SUBSTITUTE_UNSET_EMPTY | PCRE2_SUBSTITUTE_OVERFLOW_LENGTH | PCRE2_NO_UTF_CHECK;
    n = pcre2_substitute(re->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, options, NULL,
                         bounds, (PCRE2_SPTR)(with.p ? with.p : ""), with.n, (PCRE2_UCHAR *)buffer,
                         bytes);
    pcre2_match_context_free(bounds);
    pcre2_general_context_free(memory);
    return n;
}

/* The stack of compiled patterns is small; the interpreter's memory is on the heap. */
static int substitute_somehow(const struct regex *re, struct str text, struct str with,
                              uint32_t options, char *buffer, size_t *bytes)
{
    size_t room = *bytes;
    int n = substitute(re, text, with, options, buffer, bytes);

    if (n != PCRE2_ERROR_JIT_STACKLIMIT)
        return n;
    *bytes = room;
    return substitute(re, text, with, options | PCRE2_NO_JIT, buffer, bytes);
}

static enum err_code replace(const struct regex *re, struct arena *a, struct str text,
                             struct str with, uint32_t options, size_t limit_bytes, struct str *out,
                             struct err *err)
{
    size_t bytes = text.n + text.n / 4 + with.n + 64, room = bytes;
    char *buffer = arena_alloc(a, room);
    int n = substitute_somehow(re, text, with, options, buffer, &bytes);

    *out = text;
    if (n == PCRE2_ERROR_NOMEMORY && bytes > room && bytes <= limit_bytes) {
        buffer = arena_alloc(a, bytes);
        n = substitute_somehow(re, text, with, options, buffer, &bytes);
    }
    if (n == PCRE2_ERROR_NOMEMORY)
        return err_set(err, ERR_TOO_LARGE, "the result of a replacement is too long");
    if (n < 0)
        return err_set(err, ERR_CONVERT, "a regular expression failed (%d)", n);
    if (n > 0)
        *out = str_make(buffer, bytes);
    return ERR_OK;
}

enum err_code regex_replace(const struct regex *re, struct arena *a, struct str text,
                            struct str with, size_t limit_bytes, struct str *out, struct err *err)
{
    return replace(re, a, text, with, 0, limit_bytes, out, err);
}

bool regex_is_replacement(struct str with)
{
    CLEANUP(arena_finip) struct arena a;
    const struct regex *empty;
    struct str out;

    arena_init(&a, 0);
    /* It is only looked at when there is a match. */
    return regex_compile(&a, STR(""), &empty, NULL) == ERR_OK &&
           regex_replace(empty, &a, STR(""), with, SIZE_MAX, &out, NULL) == ERR_OK;
}

enum err_code regex_change_case(struct arena *a, struct str text, enum regex_case to,
                                size_t limit_bytes, struct str *out, struct err *err)
{
    const struct regex *all;
    enum err_code rc = regex_compile(a, STR("(?s).+"), &all, err);

    *out = text;
    if (rc != ERR_OK)
        return rc;
    return replace(all, a, text, to == REGEX_LOWER ? STR("\\L$0") : STR("\\U$0"),
                   PCRE2_SUBSTITUTE_EXTENDED, limit_bytes, out, err);
}
