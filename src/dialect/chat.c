#include "dialect/chat.h"

#include "base/crypto.h"
#include "base/map.h"
#include "base/text.h"

/* What every dialect takes as the name of a tool, and OpenAI as that of a user. */
enum { TOOL_NAME_MAX = 64, USER_MAX = 64 };

/* ---- building ---- */

struct chat_message *chat_add_message(struct arena *a, struct chat_request *r, enum chat_role role)
{
    struct chat_message *m = arena_new(a, struct chat_message);

    m->role = role;
    if (r->last_message)
        r->last_message->next = m;
    else
        r->messages = m;
    r->last_message = m;
    return m;
}

struct chat_part *chat_add_part(struct arena *a, struct chat_parts *list, enum chat_part_kind kind)
{
    struct chat_part *part = arena_new(a, struct chat_part);

    part->kind = kind;
    if (list->last)
        list->last->next = part;
    else
        list->first = part;
    list->last = part;
    return part;
}

struct chat_tool *chat_add_tool(struct arena *a, struct chat_request *r, enum chat_tool_kind kind)
{
    struct chat_tool *tool = arena_new(a, struct chat_tool);

    tool->kind = kind;
    if (r->last_tool)
        r->last_tool->next = tool;
    else
        r->tools = tool;
    r->last_tool = tool;
    return tool;
}

void chat_add_extra(struct arena *a, struct chat_request *r, struct str name, struct str raw)
{
    struct chat_extra *extra = arena_new(a, struct chat_extra);

    extra->name = name;
    extra->raw = raw;
    if (r->last_extra)
        r->last_extra->next = extra;
    else
        r->extras = extra;
    r->last_extra = extra;
}

struct chat_part *chat_add_text(struct arena *a, struct chat_parts *list, struct str text)
{
    struct chat_part *part;

    if (text.n == 0)
        return NULL;
    part = chat_add_part(a, list, CHAT_PART_TEXT);
    part->text = text;
    return part;
}

/* ---- results and their calls ---- */

static void link_result(const struct map *calls, struct chat_tool_result *result)
{
    const struct chat_part *call = map_find(calls, result->id);

    if (!call)
        return;
    if (result->name.n == 0) {
        result->ns = call->call.ns;
        result->name = call->call.name;
    }
    result->custom |= call->call.custom;
}

void chat_link_results(struct chat_request *r)
{
    struct map calls;

    map_init(&calls);
    for (struct chat_message *m = r->messages; m; m = m->next) {
        for (struct chat_part *part = m->parts.first; part; part = part->next) {
            if (part->kind == CHAT_PART_TOOL_CALL)
                (void)map_put(&calls, part->call.id, part);
            else if (part->kind == CHAT_PART_TOOL_RESULT)
                link_result(&calls, &part->result);
        }
    }
    map_fini(&calls);
}

/* ---- media ---- */

bool chat_read_data_url(struct str url, struct str *mime, struct str *data)
{
    struct str head, type;

    if (!str_starts_nocase(url, STR("data:")))
        return false;
    url = str_skip(url, 5);
    head = str_cut(&url, ',');
    if (!url.p || head.n < 7 || !str_eq_nocase(str_skip(head, head.n - 7), STR(";base64")))
        return false;
    head.n -= 7;
    type = str_cut(&head, ';');
    *mime = str_trim(type);
    *data = url;
    return true;
}

struct str chat_media_url(struct arena *a, const struct chat_media *m)
{
    struct str mime = m->mime.n > 0 ? m->mime : STR("application/octet-stream");

    if (m->data.n == 0)
        return m->url;
    return str_concat(a, (struct str[]){STR("data:"), mime, STR(";base64,"), m->data}, 4);
}

/* ---- reading ---- */

struct str chat_text_of(struct arena *a, const struct chat_parts *parts, struct str between)
{
    const struct chat_part *only = NULL;
    size_t count = 0, n = 0;
    struct str *slices;

    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind == CHAT_PART_TEXT) {
            only = part;
            count++;
        }
    }
    if (count <= 1)
        return only ? only->text : STR_NULL;
    slices = arena_new_array(a, struct str, 2 * count);
    for (const struct chat_part *part = parts->first; part; part = part->next) {
        if (part->kind != CHAT_PART_TEXT)
            continue;
        if (n > 0)
            slices[n++] = between;
        slices[n++] = part->text;
    }
    return str_concat(a, slices, n);
}

const struct chat_tool *chat_find_tool(const struct chat_request *r, struct str ns, struct str name)
{
    for (const struct chat_tool *tool = r->tools; tool; tool = tool->next) {
        if (str_eq(tool->name, name) && str_eq(tool->ns, ns))
            return tool;
    }
    return NULL;
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

static bool is_plain_name(struct str name)
{
    for (size_t i = 0; i < name.n; i++) {
        if (!is_name_char(name.p[i]))
            return false;
    }
    return name.n > 0 && name.n <= TOOL_NAME_MAX;
}

struct str chat_flat_name(struct arena *a, struct str ns, struct str name)
{
    struct str joined = name;
    char *to;

    if (ns.n > 0) {
        bool has_bar = str_ends(ns, STR("__"));

        joined = str_concat(a, (struct str[]){ns, has_bar ? STR("") : STR("__"), name}, 3);
    }
    if (is_plain_name(joined))
        return joined;
    if (joined.n > TOOL_NAME_MAX) /* its end tells tools of one namespace apart */
        joined = str_skip(joined, joined.n - TOOL_NAME_MAX);
    to = arena_alloc(a, joined.n + 1);
    for (size_t i = 0; i < joined.n; i++)
        to[i] = is_name_char(joined.p[i]) ? joined.p[i] : '_';
    return joined.n > 0 ? str_make(to, joined.n) : STR("tool");
}

const struct chat_tool *chat_find_flat(struct arena *a, const struct chat_request *r,
                                       struct str flat)
{
    const struct chat_tool *plain = r ? chat_find_tool(r, STR_NULL, flat) : NULL;

    if (plain || !r)
        return plain;
    for (const struct chat_tool *tool = r->tools; tool; tool = tool->next) {
        if ((tool->ns.n > 0 || !is_plain_name(tool->name)) &&
            str_eq(chat_flat_name(a, tool->ns, tool->name), flat))
            return tool;
    }
    return NULL;
}

bool chat_number_above(struct str raw, double limit)
{
    double value;

    return str_to_f64(raw, &value) && value > limit;
}

struct str chat_short_user(struct arena *a, struct str user)
{
    uint8_t sum[SHA256_BYTES];

    if (utf8_count(user) <= USER_MAX)
        return user;
    sha256(user, sum);
    return hex_encode(a, str_make((const char *)sum, sizeof sum));
}
