/*
 * gemini_schema - JSON Schema to the subset of OpenAPI's that Gemini takes, and back. Pure.
 *
 * Source: Gemini API reference, "Schema"; providers reference 5.5.
 */
#pragma once
#include "base/json.h"

/* What a schema is for. */
enum gemini_schema_use {
    GEMINI_SCHEMA_PARAMETERS, /* of a function: an object, left out when it has no properties */
    GEMINI_SCHEMA_ANSWER,
};

/*
 * The schema `raw` cleaned: only members that Gemini knows, local references put in their places
 * (a recursive one becomes an object without properties), const and oneOf as enum and anyOf, allOf
 * merged, null as `nullable`, values of an enum as strings, types in capitals. The text lives in
 * the arena. STR_NULL when there is nothing to send, also when `raw` is no object. What nests
 * deeper, or grows larger through its references, than anybody writes is cut to plain objects.
 */
struct str gemini_schema_write(struct arena *a, struct str raw, enum gemini_schema_use use);

/* A schema in Gemini's form as JSON Schema: types in small letters, `nullable` as a type, what only
 * Gemini knows left out. */
struct str gemini_schema_read(struct arena *a, const struct json *schema);
