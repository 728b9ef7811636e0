/* What streams and whole answers of Anthropic's dialect have in common, both ways. */
#include "base/sb.h"
#include "dialect/claude.h"

enum { COUNT_MAX = 1000000000 }; /* of tokens: what is above is nonsense */

/* ---- usage ---- */

/* Takes the member when it says something: later events of a stream repeat it as 0 or leave it
 * out. */
static void note(const struct json *object, struct str name, int64_t *out)
{
    int64_t value;

    if (json_i64(json_get(object, name), &value) && value > 0 && value <= COUNT_MAX)
        *out = value;
}

/* Rounds of compaction are paid for, but stand in no sum. */
static void note_rounds(struct claude_usage *u, const struct json *rounds)
{
    if (json_count(rounds) == 0)
        return;
    u->extra_input = u->extra_output = 0;
    JSON_EACH (item, rounds) {
        int64_t in = 0, out = 0;

        if (!json_str_eq(json_get(item, STR("type")), STR("compaction")))
            continue;
        note(item, STR("input_tokens"), &in);
        note(item, STR("output_tokens"), &out);
        u->extra_input += in;
        u->extra_output += out;
    }
}

void claude_usage_note(struct claude_usage *u, const struct json *usage)
{
    const struct json *creation = json_get(usage, STR("cache_creation"));

    if (!json_is(usage, JSON_OBJECT))
        return;
    u->found = true;
    note(usage, STR("input_tokens"), &u->input);
    note(usage, STR("output_tokens"), &u->output);
    note(usage, STR("cache_read_input_tokens"), &u->cache_read);
    note(usage, STR("cache_creation_input_tokens"), &u->cache_write);
    note(creation, STR("ephemeral_1h_input_tokens"), &u->cache_write_1h);
    note(json_get(usage, STR("output_tokens_details")), STR("thinking_tokens"), &u->thinking);
    note(json_get(usage, STR("server_tool_use")), STR("web_search_requests"), &u->searches);
    note_rounds(u, json_get(usage, STR("iterations")));
}

static int64_t at_most(int64_t value, int64_t limit)
{
    return value < limit ? value : limit;
}

struct usage claude_usage_of(const struct claude_usage *u)
{
    int64_t completion = u->output + u->extra_output;

    return (struct usage){
        .prompt = u->input + u->cache_read + u->cache_write + u->extra_input,
        .completion = completion,
        .cached = u->cache_read,
        .cache_write = u->cache_write,
        .cache_write_1h = at_most(u->cache_write_1h, u->cache_write),
        .reasoning = at_most(u->thinking, completion),
        .searches = u->searches,
        .reported = u->found,
    };
}

static void write_creation(struct json_writer *w, const struct usage *u)
{
    jw_key(w, STR("cache_creation"));
    jw_object(w);
    jw_key_i64(w, STR("ephemeral_5m_input_tokens"), u->cache_write - u->cache_write_1h);
    jw_key_i64(w, STR("ephemeral_1h_input_tokens"), u->cache_write_1h);
    jw_end(w);
}

static void write_one(struct json_writer *w, struct str object, struct str name, int64_t value)
{
    jw_key(w, object);
    jw_object(w);
    jw_key_i64(w, name, value);
    jw_end(w);
}

void claude_usage_write(struct json_writer *w, const struct usage *u)
{
    int64_t input = u->prompt - u->cached - u->cache_write;

    jw_object(w);
    jw_key_i64(w, STR("input_tokens"), input > 0 ? input : 0);
    jw_key_i64(w, STR("cache_creation_input_tokens"), u->cache_write);
    jw_key_i64(w, STR("cache_read_input_tokens"), u->cached);
    jw_key_i64(w, STR("output_tokens"), u->completion);
    if (u->cache_write_1h > 0)
        write_creation(w, u);
    if (u->reasoning > 0)
        write_one(w, STR("output_tokens_details"), STR("thinking_tokens"), u->reasoning);
    if (u->searches > 0)
        write_one(w, STR("server_tool_use"), STR("web_search_requests"), u->searches);
    jw_end(w);
}

/* ---- the reason to stop ---- */

enum chat_finish claude_finish_of(struct str stop_reason)
{
    static const struct {
        struct str reason;
        enum chat_finish finish;
    } rows[] = {
        {STR_INIT("stop_sequence"), CHAT_FINISH_STOP_SEQUENCE},
        {STR_INIT("max_tokens"), CHAT_FINISH_LENGTH},
        {STR_INIT("model_context_window_exceeded"), CHAT_FINISH_LENGTH},
        {STR_INIT("tool_use"), CHAT_FINISH_TOOL_CALLS},
        {STR_INIT("refusal"), CHAT_FINISH_FILTER},
        {STR_INIT("pause_turn"), CHAT_FINISH_PAUSE},
    };

    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        if (str_eq(rows[i].reason, stop_reason))
            return rows[i].finish;
    }
    return CHAT_FINISH_STOP; /* end_turn, compaction, and what is newer */
}

struct str claude_stop_reason(enum chat_finish finish, bool called)
{
    static const struct str reasons[] = {
        [CHAT_FINISH_NONE] = STR_INIT("end_turn"),
        [CHAT_FINISH_STOP] = STR_INIT("end_turn"),
        [CHAT_FINISH_STOP_SEQUENCE] = STR_INIT("stop_sequence"),
        [CHAT_FINISH_LENGTH] = STR_INIT("max_tokens"),
        [CHAT_FINISH_TOOL_CALLS] = STR_INIT("tool_use"),
        [CHAT_FINISH_FILTER] = STR_INIT("refusal"),
        [CHAT_FINISH_PAUSE] = STR_INIT("pause_turn"),
    };

    /* Some servers say stop, or nothing, when they call a tool; clients of this dialect go by the
     * reason. */
    if ((finish == CHAT_FINISH_STOP || finish == CHAT_FINISH_NONE) && called)
        finish = CHAT_FINISH_TOOL_CALLS;
    return reasons[finish];
}

/* ---- names and ids ---- */

struct str claude_message_id(struct arena *a, const struct answer_conf *conf, struct str id)
{
    if (str_starts(id, STR("msg_")))
        return id;
    return str_concat(a, (struct str[]){STR("msg_"), id.n > 0 ? id : conf->id}, 2);
}

struct str claude_tool_name(struct arena *a, const struct answer_conf *conf, struct str name)
{
    const struct chat_tool *tool = chat_find_flat(a, conf->request, name);

    return tool ? tool->name : name;
}

struct str claude_tool_id(struct arena *a, const struct answer_conf *conf, unsigned tool)
{
    return arena_fmt(a, "toolu_%.*s%u", STR_ARG(conf->id), tool);
}

struct str claude_image_text(struct arena *a, const struct chat_media *m)
{
    return str_concat(a, (struct str[]){STR("![image]("), chat_media_url(a, m), STR(")")}, 3);
}

/* ---- citations ---- */

void claude_citation_write(struct json_writer *w, const struct chat_citation *c)
{
    const struct str key = STR("type");
    struct str type;

    if (json_find_members(c->raw, &key, &type, 1, NULL) == ERR_OK &&
        str_ends(type, STR("_location\""))) {
        jw_raw(w, c->raw); /* Claude's own */
        return;
    }
    jw_object(w);
    jw_key_str(w, STR("type"), STR("web_search_result_location"));
    jw_key_str(w, STR("url"), c->url);
    jw_key_str(w, STR("title"), c->title);
    jw_key_str(w, STR("cited_text"), c->cited_text);
    jw_key_str(w, STR("encrypted_index"), STR(""));
    jw_end(w);
}

/* ---- JSON ---- */

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

struct str claude_compact(struct arena *a, struct str raw)
{
    char *to = NULL;
    size_t n = 0;
    bool inside = false;

    for (size_t i = 0; i < raw.n; i++) {
        char c = raw.p[i];

        if (!inside && is_space(c)) {
            if (!to) {
                to = arena_alloc(a, raw.n);
                memcpy(to, raw.p, i);
                n = i;
            }
            continue;
        }
        if (inside && c == '\\' && i + 1 < raw.n) { /* the escaped byte is no quote */
            if (to)
                to[n++] = c;
            c = raw.p[++i];
        } else if (c == '"') {
            inside = !inside;
        }
        if (to)
            to[n++] = c;
    }
    return to ? str_make(to, n) : raw;
}
