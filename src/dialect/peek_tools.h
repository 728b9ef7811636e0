/*
 * peek_tools - which tools a request asks the provider to run by itself, as far as they cost by the
 * call: searches in the web and in files, images. In any dialect of a chat. Pure.
 */
#pragma once
#include "base/arena.h"
#include "model/usage.h"

enum { PEEK_TOOL_CALLS_MAX = 100 };

/*
 * Adds to `out` the calls that must be reckoned with (searches, file_searches, drawn): as many as
 * the request allows, where it says so (Claude's max_uses, PEEK_TOOL_CALLS_MAX at most), else one
 * of each. `tools` is the raw JSON of the member; what is no list adds nothing.
 */
void peek_tools(struct arena *a, struct str tools, struct usage *out);
/* Which image it is: of a tool, or of an item that it made. `unsaid`: for a quality that is none.
 */
struct json;
enum usage_drawn peek_drawn(const struct json *image, enum usage_drawn unsaid);
