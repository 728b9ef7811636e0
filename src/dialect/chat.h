/*
 * chat - the canonical request: what a chat request means, whichever dialect it came in. It is the
 * only thing that the readers and writers of the four dialects have in common.
 *
 * A reader fills it from a client's body, a writer makes an upstream's body of it. Absent, null and
 * zero are three different things: a number that only passes through is kept as its JSON text, with
 * STR_NULL for "not given"; a choice has a value that means "not given". What a provider needs to
 * see again in the next turn (signatures, encrypted reasoning, ids) is carried with its origin.
 *
 * Everything lives in the request's arena or points into the client's body; lists are linked in
 * their order. Plain data, pure.
 *
 * Sources: OpenAI API reference (chat, responses), Anthropic Messages API, Gemini API; relay
 * reference 11-13; providers reference 1.2-1.3, 2.8, 4.2-4.5, 5.2-5.5.
 */
#pragma once
#include "base/json.h"
#include "dialect/dialect_id.h"

enum chat_role {
    CHAT_SYSTEM,
    CHAT_DEVELOPER, /* system, where a dialect has no such word */
    CHAT_USER,
    CHAT_ASSISTANT,
    CHAT_TOOL, /* holds CHAT_PART_TOOL_RESULT parts only */
};

enum chat_part_kind {
    CHAT_PART_TEXT,
    CHAT_PART_REFUSAL,   /* text in which the model refused */
    CHAT_PART_REASONING, /* text may be empty where only the state is known */
    CHAT_PART_IMAGE,
    CHAT_PART_AUDIO,
    CHAT_PART_FILE,
    CHAT_PART_VIDEO,
    CHAT_PART_TOOL_CALL,
    CHAT_PART_TOOL_RESULT,
};

/* Opaque state of a provider, to be given back to it unchanged and to nobody else. */
struct chat_state {
    enum dialect_id origin; /* whose it is */
    struct str value;       /* signature, encrypted reasoning, thoughtSignature; STR_NULL: none */
    bool redacted;          /* Claude: it is a redacted_thinking block, which has no text */
    struct str id;          /* Responses: id of the reasoning item; may be empty */
};

/* An image, a sound, a file, a video: one of data, url, file_id and text says where its bytes are.
 */
struct chat_media {
    struct str mime;    /* "image/png"; empty: not said */
    struct str data;    /* base64, without a data URL's head */
    struct str url;     /* http, https, gs; never a data URL */
    struct str file_id; /* in the files of the dialect that `origin` names */
    struct str text;    /* a plain text document */
    struct str name;    /* of the file, title; may be empty */
    struct str detail;  /* images: auto, low, high; may be empty */
    enum dialect_id origin;
};

struct chat_tool_call {
    struct str id; /* that its result names; never empty in a request that was read well */
    struct str ns; /* Responses: namespace of the tool; else empty */
    struct str name;
    struct str arguments; /* JSON text of an object ("{}" when there were none); of a custom tool
                             the free text */
    struct str item_id;   /* Responses: id of the item; may be empty */
    bool custom;
};

struct chat_part;

struct chat_parts { /* a list; the members are read by walking from `first` */
    struct chat_part *first, *last;
};

struct chat_tool_result {
    struct str id;       /* of the call */
    struct str ns, name; /* of the tool; chat_link_results() fills them where the dialect does not
                            say them */
    bool is_error;
    bool custom;             /* result of a custom tool */
    struct chat_parts parts; /* text, images, files */
};

struct chat_part {
    struct chat_part *next;
    enum chat_part_kind kind;
    struct str text;         /* TEXT, REFUSAL, REASONING */
    struct chat_media media; /* IMAGE, AUDIO, FILE, VIDEO */
    struct chat_tool_call call;
    struct chat_tool_result result;
    struct chat_state state; /* REASONING, TOOL_CALL, TEXT */
    struct str cache;        /* prompt-cache mark: raw JSON of cache_control; STR_NULL: none */
};

struct chat_message {
    struct chat_message *next;
    enum chat_role role;
    struct str name; /* of the speaker; may be empty */
    struct chat_parts parts;
};

enum chat_tool_kind {
    CHAT_TOOL_FUNCTION,
    CHAT_TOOL_CUSTOM,     /* takes free text */
    CHAT_TOOL_WEB_SEARCH, /* the provider's own */
    CHAT_TOOL_WEB_FETCH,
    CHAT_TOOL_CODE,  /* the provider's own code execution */
    CHAT_TOOL_OTHER, /* known to one dialect only; `type` names it */
};

struct chat_tool {
    struct chat_tool *next;
    enum chat_tool_kind kind;
    struct str ns;             /* Responses: the namespace it stands in; else empty */
    struct str ns_description; /* what the client says of that namespace; may be empty */
    struct str name;
    struct str description; /* STR_NULL: none */
    struct str parameters;  /* FUNCTION: raw JSON Schema; STR_NULL: none. CUSTOM: raw `format` */
    struct str strict;      /* raw true, false, null; STR_NULL: not given */
    struct str cache;       /* as in chat_part */
    struct str type;        /* of the dialect's own tools: "web_search_20250305" */
    struct str raw;         /* the tool as the client wrote it */
    /* WEB_SEARCH */
    struct str search_size;     /* low, medium, high; may be empty */
    struct str search_location; /* raw {city,country,region,timezone}; STR_NULL: none */
    int64_t max_uses;           /* 0: not said */
};

enum chat_choice {
    CHAT_CHOICE_UNSET,
    CHAT_CHOICE_NONE,
    CHAT_CHOICE_AUTO,
    CHAT_CHOICE_REQUIRED, /* any tool */
    CHAT_CHOICE_TOOL,     /* the one named */
};

enum chat_format { CHAT_FORMAT_UNSET, CHAT_FORMAT_TEXT, CHAT_FORMAT_JSON, CHAT_FORMAT_SCHEMA };

enum chat_tristate { CHAT_UNSET, CHAT_NO, CHAT_YES };

/* How hard the model shall think. */
struct chat_reasoning {
    enum chat_tristate
        enabled;       /* CHAT_NO: off by name; CHAT_YES: on, by effort, budget or freely */
    struct str effort; /* none, minimal, low, medium, high, xhigh, max; empty: not given */
    int64_t budget;    /* tokens; -1: not given */
    bool adaptive;     /* Claude: how long to think is the model's choice, within the effort */
    enum chat_tristate visible; /* the client wants to read the thoughts */
    struct str summary;         /* Responses: auto, concise, detailed; may be empty */
    struct str member;          /* OpenAI chat: what says it beside reasoning_effort: "reasoning",
                                   "thinking"; empty: nothing */
    bool encrypted;             /* Responses: the client asked for encrypted_content */
};

/* A top-level member that has no place here, for the writer of the same dialect. */
struct chat_extra {
    struct chat_extra *next;
    struct str name, raw;
};

struct chat_request {
    enum dialect_id dialect; /* that it was read from */
    struct str model;        /* the upstream's name once the channel is known */
    bool stream;
    bool include_usage; /* OpenAI chat: the client wants the usage chunk */

    struct chat_message *messages, *last_message; /* system ones among them, in their places */

    struct chat_tool *tools, *last_tool;
    enum chat_choice choice;
    struct str choice_name; /* CHAT_CHOICE_TOOL */
    struct str *allowed;    /* names of the tools that may be chosen from; NULL: all */
    size_t allowed_count;
    enum chat_tristate parallel_tools;

    int64_t max_tokens;     /* of the answer, reasoning included; 0: not given */
    bool completion_tokens; /* OpenAI chat: it goes by its newer name, max_completion_tokens */
    int64_t n;              /* answers; 0: not given */
    struct str temperature, top_p, top_k, frequency_penalty, presence_penalty, seed; /* raw */
    struct str *stop;
    size_t stop_count;
    enum chat_tristate logprobs;
    struct str top_logprobs; /* raw */
    struct str logit_bias;   /* raw */

    enum chat_format format;
    struct str schema;                          /* raw JSON Schema */
    struct str schema_name, schema_description; /* may be empty */
    struct str schema_strict;                   /* raw; STR_NULL: not given */
    bool answer_tool; /* the schema went into the only tool: see answer_tool.h */

    struct chat_reasoning reasoning;
    struct str verbosity; /* low, medium, high; may be empty */

    struct str user;         /* opaque id of the end user; may be empty */
    struct str service_tier; /* as the dialect says it; may be empty */
    struct str metadata;     /* raw; STR_NULL: none */
    struct str store;        /* raw */
    struct str modalities;   /* raw array of text, audio, image; STR_NULL: not given */
    struct str audio;        /* OpenAI: raw voice and format of the spoken answer */
    struct str prediction;   /* raw */
    struct str cache_key;    /* prompt_cache_key; may be empty */

    struct chat_extra *extras, *last_extra;
};

/* ---- building one ---- */

/* Appends to the lists; the object is zeroed and lives in the arena. */
struct chat_message *chat_add_message(struct arena *a, struct chat_request *r, enum chat_role role);
struct chat_part *chat_add_part(struct arena *a, struct chat_parts *list, enum chat_part_kind kind);
struct chat_tool *chat_add_tool(struct arena *a, struct chat_request *r, enum chat_tool_kind kind);
void chat_add_extra(struct arena *a, struct chat_request *r, struct str name, struct str raw);
/* A text part, unless the text is empty; NULL then. */
struct chat_part *chat_add_text(struct arena *a, struct chat_parts *list, struct str text);

/*
 * Names and kinds of tool results from the calls that they answer, for dialects whose results do
 * not repeat them. Called by every reader at its end.
 */
void chat_link_results(struct chat_request *r);

/* Takes a data URL apart: mime (without parameters) and base64 data. False, and nothing written,
 * when it is none or not in base64. */
bool chat_read_data_url(struct str url, struct str *mime, struct str *data);
/* data:MIME;base64,DATA; of the media's url when it has no data. */
struct str chat_media_url(struct arena *a, const struct chat_media *m);

/* ---- reading one ---- */

/* Text parts one after the other, with `between` between them; a slice of the message where there
 * is one part. */
struct str chat_text_of(struct arena *a, const struct chat_parts *parts, struct str between);
/* The tool that the client declared under this (namespace and) name; NULL: none. */
const struct chat_tool *chat_find_tool(const struct chat_request *r, struct str ns,
                                       struct str name);
/*
 * The name under which a tool goes to a dialect that has no namespaces, and back: "ns" and "name"
 * are joined by "__" unless ns ends so already, and cut to what every dialect accepts (64
 * characters of letters, digits, _ and -).
 */
struct str chat_flat_name(struct arena *a, struct str ns, struct str name);
/*
 * The end user's name as OpenAI takes it, of at most 64 characters: a longer one becomes its
 * SHA-256 in hex, so that one user stays one user. Claude's clients put a whole JSON text there.
 */
struct str chat_short_user(struct arena *a, struct str user);
/* The client's tool whose flat name this is; NULL: none. */
const struct chat_tool *chat_find_flat(struct arena *a, const struct chat_request *r,
                                       struct str flat);

/* Does the raw number exceed the limit? False when it is no number. */
bool chat_number_above(struct str raw, double limit);
