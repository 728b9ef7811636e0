/*
 * override_op - one step of an override as it was read. Private to the override files.
 */
#pragma once
#include "base/json_tree.h"
#include "base/regex.h"
#include "model/override.h"

/* name, enum, what the step needs (NEED_ bits of override_read.c) */
#define OVERRIDE_MODES(X)                                                                          \
    X("set", SET, NEED_PATH | NEED_VALUE)                                                          \
    X("delete", DELETE, NEED_PATH)                                                                 \
    X("move", MOVE, NEED_FROM_TO)                                                                  \
    X("copy", COPY, NEED_FROM_TO)                                                                  \
    X("prepend", PREPEND, NEED_PATH | NEED_VALUE)                                                  \
    X("append", APPEND, NEED_PATH | NEED_VALUE)                                                    \
    X("trim_prefix", TRIM_PREFIX, NEED_PATH | NEED_TEXT)                                           \
    X("trim_suffix", TRIM_SUFFIX, NEED_PATH | NEED_TEXT)                                           \
    X("ensure_prefix", ENSURE_PREFIX, NEED_PATH | NEED_TEXT)                                       \
    X("ensure_suffix", ENSURE_SUFFIX, NEED_PATH | NEED_TEXT)                                       \
    X("trim_space", TRIM_SPACE, NEED_PATH)                                                         \
    X("to_lower", TO_LOWER, NEED_PATH)                                                             \
    X("to_upper", TO_UPPER, NEED_PATH)                                                             \
    X("replace", REPLACE, NEED_PATH | NEED_PATTERN)                                                \
    X("regex_replace", REGEX_REPLACE, NEED_PATH | NEED_PATTERN)                                    \
    X("return_error", RETURN_ERROR, NEED_ERROR)                                                    \
    X("prune_objects", PRUNE_OBJECTS, NEED_PRUNE)                                                  \
    X("set_header", SET_HEADER, NEED_HEADER | NEED_SCALAR)                                         \
    X("delete_header", DELETE_HEADER, NEED_HEADER)                                                 \
    X("copy_header", COPY_HEADER, NEED_HEADERS)                                                    \
    X("move_header", MOVE_HEADER, NEED_HEADERS)                                                    \
    X("pass_headers", PASS_HEADERS, NEED_NAMES)                                                    \
    X("sync_fields", SYNC_FIELDS, NEED_ENDS)

enum override_mode {
#define X(name, mode, needs) OVERRIDE_##mode,
    OVERRIDE_MODES(X)
#undef X
        OVERRIDE_MODE_COUNT
};

enum override_relation {
    CONDITION_FULL,
    CONDITION_PREFIX,
    CONDITION_SUFFIX,
    CONDITION_CONTAINS,
    CONDITION_GT,
    CONDITION_GTE,
    CONDITION_LT,
    CONDITION_LTE
};

struct override_condition {
    struct json_path path;
    enum override_relation relation;
    const struct json *value;
    struct str text; /* of the value: a string's content, else its JSON */
    bool invert;     /* holds when it would not */
    bool if_missing; /* the answer when the path is not there */
};

struct override_conditions {
    const struct override_condition *at;
    size_t n;
    bool all; /* else one that holds is enough; none at all: holds */
};

/* One end of sync_fields. */
struct override_end {
    bool header;
    struct str name; /* of the header */
    struct json_path path;
};

struct override_op {
    enum override_mode mode;
    struct json_path path, from, to;
    struct str header, from_header, to_header; /* names */
    struct str from_text, to_text;             /* of replace and regex_replace */
    const struct regex *regex;
    const struct json *value;
    struct str text; /* of the value, as in a condition */
    bool keep_origin;
    struct override_conditions conditions;
    struct override_conditions prune; /* which objects prune_objects takes out */
    bool recursive;                   /* ... at any depth */
    struct override_refusal refusal;  /* of return_error */
    const struct str *names;          /* of pass_headers */
    size_t name_count;
    struct override_end ends[2]; /* of sync_fields: from, to */
};

/* Where a condition looks when the body does not have the path: what override_call holds, as JSON
 * that is made when first asked for. */
struct override_scene {
    struct arena *arena;
    const struct override_call *call;
    struct json_tree *extra; /* NULL: not made yet */
};

/* Do the conditions hold at the node? `scene` NULL: only what is below the node counts. */
bool override_holds(const struct override_conditions *c, struct json_tree *t,
                    struct json_node *node, struct arena *a, struct override_scene *scene);

/* A string's content, else the JSON text. */
struct str override_text(struct arena *a, const struct json *value);

/* override_header.c: the steps that work on headers. */
void override_do_header(const struct override_op *op, const struct override_call *call,
                        struct arena *a, struct override_headers *h);
struct str override_header_find(const struct override_headers *h, const struct override_call *call,
                                struct str name);
