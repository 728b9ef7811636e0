/*
 * text - spellings of bytes: UTF-8, base64, hex, percent (URL) coding. Pure; results live in the
 * arena.
 */
#pragma once
#include "base/arena.h"

/* True for well-formed UTF-8 (no surrogates, no overlong forms). */
bool utf8_valid(struct str s);
/* Longest prefix of at most `n` bytes that does not cut a character. */
struct str utf8_prefix(struct str s, size_t n);
/* Number of code points; each malformed byte counts as one. */
size_t utf8_count(struct str s);

struct str base64_encode(struct arena *a, struct str bytes);    /* RFC 4648 section 4, padded */
struct str base64url_encode(struct arena *a, struct str bytes); /* section 5, not padded */
/* Either alphabet, padding optional; false on any other byte. */
MUST_CHECK bool base64_decode(struct arena *a, struct str text, struct str *bytes);

struct str hex_encode(struct arena *a, struct str bytes); /* lower case */
MUST_CHECK bool hex_decode(struct arena *a, struct str text, struct str *bytes);

/* Everything but A-Z a-z 0-9 - _ . ~ becomes %XX. */
struct str url_encode(struct arena *a, struct str s);
/* %XX and, when `plus_is_space`, '+'. A broken escape stays as it is written. */
struct str url_decode(struct arena *a, struct str s, bool plus_is_space);
/* First value of `name` in "a=1&b=2", decoded; false when it is not there. */
bool url_query_get(struct arena *a, struct str query, struct str name, struct str *value);

/* The secret with its middle hidden ("sk-***yz9"): first 3 and last 3 characters; "***" when it is
 * shorter than 10, "" when it is empty. */
struct str text_mask(struct arena *a, struct str secret);
