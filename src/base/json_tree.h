/*
 * json_tree - a JSON value that is edited step by step, each step seeing what the ones before made.
 *
 * It begins as a value that json_read() has read, and only what a path leads through becomes nodes
 * of its own: all else stays the text it was. Writing gives an object or array that nothing was
 * changed in byte for byte; in one that was, the members that stayed are as they were written and
 * the white space between them is gone. json_patch is for edits that do not depend on each other.
 *
 * Everything lives in the arena; what was read and the texts of values must outlive it. Nodes are
 * valid until they, or one above them, are removed or replaced. Pure.
 */
#pragma once
#include "base/json.h"
#include "base/sb.h"

struct json_tree;
struct json_node;

/* A path as operators write it: names and positions with dots between, "messages.0.content",
 * "messages.-1" for the last one; "\." is a dot in a name. The empty path is the value itself. */
struct json_path {
    struct str *parts;
    size_t n;
};

enum { JSON_PATH_PARTS = 64 };

/* False when it has more parts than JSON_PATH_PARTS, or an empty one; `*out` is then empty. */
MUST_CHECK bool json_path_read(struct arena *a, struct str text, struct json_path *out);

struct json_tree *json_tree_new(struct arena *a, const struct json *root);
/* Was anything set or removed? */
bool json_tree_changed(const struct json_tree *t);
struct json_node *json_tree_root(struct json_tree *t);

/* NULL when it is not there. Of several members with the name, the last one. */
struct json_node *json_tree_find(struct json_tree *t, struct json_node *from,
                                 const struct json_path *path);
enum json_type json_tree_type(const struct json_node *node);

/*
 * Gives the place below `from` the value, which is borrowed and never written to. Members on the
 * way that are absent or null are made: objects, and an array where the next part is "0". An array
 * takes a position that it has, and the one behind its last. False, and nothing is changed, where
 * the path leads through a text, a number or a flag, or past an array's end.
 */
bool json_tree_set(struct json_tree *t, struct json_node *from, const struct json_path *path,
                   const struct json *value);
/* Puts an element before one of the array's, NULL: behind its last. */
void json_tree_insert(struct json_tree *t, struct json_node *array, struct json_node *before,
                      const struct json *value);
/* Replaces the value of a node. */
void json_tree_replace(struct json_tree *t, struct json_node *node, const struct json *value);
/* Takes the node, and members of the same name, out of its object or array. The root stays. */
void json_tree_remove(struct json_tree *t, struct json_node *node);

/* Elements of an array or members of an object, in order; NULL: none. */
struct json_node *json_tree_first(struct json_tree *t, struct json_node *node);
struct json_node *json_tree_next(struct json_node *node);
/* The node that it is an element or member of; NULL: it is the root. */
struct json_node *json_tree_parent(struct json_node *node);

/* The node's present value as text. */
void json_tree_write(const struct json_node *top, struct sb *sb);
/* The node's present value, apart from the tree. NULL when it is nested deeper than
 * JSON_DEPTH_DEFAULT or its text is longer than `limit_bytes`. */
const struct json *json_tree_value(struct json_tree *t, const struct json_node *node,
                                   size_t limit_bytes);
