/*
 * json_write - writes JSON text into a builder, commas and escapes done here.
 *
 *     struct json_writer w;
 *     jw_init(&w, &sb);
 *     jw_object(&w);
 *     jw_key(&w, STR("id"));  jw_i64(&w, 7);
 *     jw_end(&w);
 *
 * Nesting up to 64; deeper fails the builder. A builder past its cap fails quietly, as sb.h says. A
 * value where a key is due, and the reverse, is a bug and caught by an assert. Text that is not
 * UTF-8 is written with U+FFFD for each broken byte, so that the output is always JSON.
 */
#pragma once
#include "base/arena.h"
#include "base/sb.h"

struct json_writer {
    struct sb *sb;
    uint64_t is_array; /* a bit a level */
    uint64_t has_item; /* a bit a level: a comma is due */
    unsigned depth;
    bool after_key;
};

void jw_init(struct json_writer *w, struct sb *sb);
void jw_object(struct json_writer *w);
void jw_array(struct json_writer *w);
void jw_end(struct json_writer *w); /* of the innermost object or array */
void jw_key(struct json_writer *w, struct str key);
void jw_str(struct json_writer *w, struct str s); /* STR_NULL writes "" */
void jw_i64(struct json_writer *w, int64_t value);
/* The fewest digits that read back as the same double, laid out as JavaScript and Go do (0.000001,
 * but 1e-7 and 1e+21); NaN and infinity as null. */
void jw_f64(struct json_writer *w, double value);
void jw_bool(struct json_writer *w, bool value);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w,
            struct str json); /* a whole value, taken as it is; an empty slice writes null */

/* key and value in one call */
void jw_key_str(struct json_writer *w, struct str key, struct str s);
void jw_key_i64(struct json_writer *w, struct str key, int64_t value);
void jw_key_f64(struct json_writer *w, struct str key, double value);
void jw_key_bool(struct json_writer *w, struct str key, bool value);
void jw_key_null(struct json_writer *w, struct str key);
void jw_key_raw(struct json_writer *w, struct str key, struct str json);

/* The string with quotes and escapes, as a value text of its own in the arena. */
struct str json_quote(struct arena *a, struct str s);
