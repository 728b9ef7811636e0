/*
 * regex - regular expressions of people we trust (operators) over texts of people we do not.
 *
 * Perl's syntax over UTF-8 (PCRE2), compiled to machine code where the processor and the system
 * allow it. A pattern is compiled once and may then be used by any thread. The work and the memory
 * of each match are bounded, so that a pattern that explodes on some text ends with an error
 * instead of holding a loop up.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

struct regex;

enum { REGEX_PATTERN_BYTES = 4096 };

/* Lives as long as the arena. ERR_BAD_REQUEST with the place of the fault when `pattern` is longer
 * than REGEX_PATTERN_BYTES or is none; `*out` is then NULL. */
MUST_CHECK enum err_code regex_compile(struct arena *a, struct str pattern,
                                       const struct regex **out, struct err *err);

/*
 * Is there a match anywhere in `text`? A text that is not UTF-8 has none. ERR_CONVERT when that
 * could not be found out in `steps` steps of the matcher; `*hit` is then false.
 */
MUST_CHECK enum err_code regex_search(const struct regex *re, struct str text, uint32_t steps,
                                      bool *hit, struct err *err);

/* Can `with` be a replacement: are its $1, ${1}, ${name} and $$ well-formed? */
bool regex_is_replacement(struct str with);

/*
 * Every match in `text` (UTF-8) replaced. $1, ${1} and ${name} in `with` stand for what the groups
 * matched, nothing when they did not or there is no such group, $0 for the whole match, $$ for a
 * dollar. `*out` is `text` itself where nothing matches, else in the arena. ERR_TOO_LARGE when the
 * result is longer than `limit_bytes`, ERR_CONVERT when a bound of the work was reached or `with`
 * is malformed.
 */
MUST_CHECK enum err_code regex_replace(const struct regex *re, struct arena *a, struct str text,
                                       struct str with, size_t limit_bytes, struct str *out,
                                       struct err *err);

enum regex_case { REGEX_LOWER, REGEX_UPPER };
/* Every letter of any script in lower or upper case, where that is one letter again. `text` must be
 * UTF-8. Errors as above. */
MUST_CHECK enum err_code regex_change_case(struct arena *a, struct str text, enum regex_case to,
                                           size_t limit_bytes, struct str *out, struct err *err);
