/*
 * json_bench_rivals - other JSON libraries, each behind one function. In a file of its own, because
 * their names are ours.
 */
#pragma once
#include "base/str.h"

/* Reads the text and frees the tree; false when the library refuses it or is not built in. */
bool rival_cjson(struct str text);
bool rival_jansson(struct str text);
