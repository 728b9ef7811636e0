/*
 * settings_table - every option that is known: key, kind, default and what is allowed (options
 * reference, section 2; what "NEW" marks there is in it). Private to settings.c and
 * settings_check.c.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum settings_kind {
    SETTING_BOOL,
    SETTING_INT,
    SETTING_FLOAT,
    SETTING_TEXT,
    SETTING_LINES,        /* a part a line */
    SETTING_COMMAS,       /* parts with commas between */
    SETTING_RANGES,       /* HTTP status codes: "401,500-599" */
    SETTING_NUMBERS,      /* {name: number from 0 to 1e9} */
    SETTING_STRINGS,      /* {name: text} */
    SETTING_NUMBER_MAPS,  /* {name: {name: number from 0 to 1e9}} */
    SETTING_LIMITS,       /* {name: [total >= 0, success >= 1]} */
    SETTING_OBJECT,       /* any JSON object */
    SETTING_ARRAY,        /* any JSON array, or empty */
    SETTING_STRING_ARRAY, /* ["text", ...] */
    SETTING_RESPONSES,    /* responses_policy.h */
};

enum { SETTING_NO_MEMBER = -1 };

struct settings_row {
    struct str key;
    enum settings_kind kind;
    struct str fallback; /* as GET shows it; STR_NULL: the built-in table of the catalog */
    double min, max;     /* numbers; both 0: any */
    int member;          /* offset in struct settings, or SETTING_NO_MEMBER */
    int count_member;    /* of LINES: where the number of parts goes */
    struct str in_force; /* what the member gets while the text is empty */
};

extern const struct settings_row settings_rows[];
extern const size_t settings_row_count;

/* Is `value` of the row's kind and within its bounds? ERR_BAD_REQUEST with a text for people. */
MUST_CHECK enum err_code settings_check(struct arena *a, const struct settings_row *row,
                                        struct str value, struct err *err);
