/*
 * json_text - the inside of JSON strings: escapes undone, compared, made. For the json modules, and
 * for who scans JSON on its own. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/sb.h"

/*
 * `inside` is what stands between the quotes of a string that was checked. The result in the arena.
 * \u escapes of a surrogate pair give one character; a surrogate without its partner, which RFC
 * 8259 section 8.2 allows in a text and UTF-8 cannot hold, gives U+FFFD.
 */
struct str json_text_unescape(struct arena *a, struct str inside);

enum { JSON_TEXT_CHAR_MAX = 4 }; /* bytes that one escape can give */
/* The same in pieces, without memory: writes at most `room` bytes (at least JSON_TEXT_CHAR_MAX) to
 * `out`, takes what they come from off the front of `inside`, and returns their number. A character
 * that is written as it is may be cut. */
size_t json_text_unescape_some(struct str *inside, char *out, size_t room);

/* Is `inside`, unescaped as above, equal to `s`? Nothing is allocated. */
bool json_text_eq(struct str inside, struct str s);

/* Adds `s` with quotes and escapes; a byte that is not UTF-8 becomes U+FFFD. */
void json_text_quote(struct sb *sb, struct str s);
