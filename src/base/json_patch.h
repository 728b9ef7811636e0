/*
 * json_patch - edits of a JSON text that leave every other byte as it was.
 *
 * A patch is a list of changes to the values of a tree that json_read() made; rendering gives the
 * new text as slices, most of them into the old text. Unknown members, number spellings, key order
 * and white space pass through. Lives in the arena; the old text and the given values must outlive
 * the rendered slices (keys are copied). A member changed twice: the last change wins. A change
 * inside a value that is replaced or deleted is lost with it, whichever came first. A NULL value or
 * one that is not an object, where an object is asked for, changes nothing: what must be there is
 * the caller's to check.
 */
#pragma once
#include "base/json.h"

struct json_patch;

/* `text` is what was read, `root` its tree. */
struct json_patch *json_patch_new(struct arena *a, struct str text, const struct json *root);
/* Sets a member: replaces the value (of every duplicate of the key), or adds the member at the end
 * of the object. `value` is JSON text. */
void json_patch_set(struct json_patch *p, const struct json *object, struct str key,
                    struct str value);
/* Removes the member (every duplicate) with its comma; nothing happens when it is absent. */
void json_patch_delete(struct json_patch *p, const struct json *object, struct str key);
/* Replaces any value of the tree. */
void json_patch_replace(struct json_patch *p, const struct json *value, struct str text);
bool json_patch_empty(const struct json_patch *p);
/* The new text as `*count` slices in the arena, none empty; without changes the one slice `text`.
 * The patch may be changed and rendered again. */
const struct str *json_patch_render(struct json_patch *p, size_t *count);
