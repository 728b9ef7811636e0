/*
 * exchange - one relayed request, private to the room. It lives in the request's arena and on one
 * loop.
 *
 * The steps are functions in a table (relay.c). A step moves on, waits for an event whose callback
 * calls exchange_run() again, or is done. Whoever fails sets x->fault and goes to STEP_SETTLE,
 * which is reached once on every path: it charges what was used, gives back what was held, and
 * answers.
 */
#pragma once
#include "base/list.h"
#include "base/log.h"
#include "billing/media_cost.h"
#include "billing/price.h"
#include "billing/tokens.h"
#include "codec/sse.h"
#include "dialect/answer_tool.h"
#include "dialect/dialect.h"
#include "dialect/embed.h"
#include "dialect/media_request.h"
#include "dialect/system_prompt.h"
#include "provider/provider.h"
#include "relay/rate.h"
#include "relay/rate_shared.h"
#include "relay/relay.h"
#include "relay/response_items.h"

enum step { STEP_ROUTE, STEP_ADMIT, STEP_SELECT, STEP_SEND, STEP_SETTLE, STEP_COUNT };
enum step_next { NEXT_STEP, NEXT_WAIT, NEXT_DONE };

enum {
    MAX_ATTEMPTS = 16,
    UPSTREAM_ERROR_LIMIT = 64 * 1024,
    REPLY_LIMIT = 64 * 1024 * 1024,
    HELD_LIMIT = 64 * 1024
};

/* How the exchange ended, decided from what was seen. */
enum outcome {
    OUTCOME_NONE, /* nothing came from an upstream */
    OUTCOME_COMPLETE,
    OUTCOME_CUT_CLIENT, /* the client left */
    OUTCOME_CUT_UPSTREAM,
    OUTCOME_ERROR,   /* the upstream said so in mid-stream */
    OUTCOME_STOPPED, /* the program ended */
};

/* Why the client gets an error: the gateway's own, or the upstream's masked. */
struct relay_fault {
    enum err_code code; /* ERR_OK: no fault */
    int status;
    struct openai_error error;
    bool local; /* raised by the gateway: never retried */
};

/* Service of one loop. */
struct relay_loop {
    struct relay *relay;
    struct loop *loop;
    struct http_client *client;
    struct redis *redis; /* NULL: none */
    struct journal *journal;
    struct shared_member *shared; /* NULL: balances are this node's alone */
    struct snapshot *snap;        /* in force; swapped by a message */
    bool primed;                  /* it had its first snapshot; the publisher's only */
    bool appended;                /* a record went into the journal in this turn */
    struct list exchanges;        /* all that live */
    bool draining;                /* sessions end with the response that runs */
    bool stopping;                /* no call to an upstream begins any more */
};

struct relay {
    struct relay_conf conf;
    struct relay_loop *loops;
    struct health_table *health;
    struct rate *rate;
    struct rate_scripts rate_scripts;
    struct response_items *items; /* NULL: none are kept */
    struct http_route *routes;
    _Atomic unsigned probes; /* channel tests under way */
    _Atomic bool stopping;   /* they have to end */
};

/* Balances of a credential (credential.attached). */
struct credential_balance {
    struct balance *user, *token;
};

/*
 * The canonical forms of an exchange whose dialects differ, and the reader of an upstream that
 * speaks another dialect than OpenAI's chat; translate.c. In the request's arena.
 */
struct translation {
    const struct json *root;      /* of the client's request, for who reads it; NULL: not read */
    struct chat_request *request; /* the same in canonical form; NULL: not read (same dialect) */
    struct loss_list read_losses; /* what the canonical form has no place for */
    struct loss_list losses;      /* these, and what this attempt's dialect cannot say */
    struct answer_conf conf;
    struct answer_items items; /* of the answer that was written, if they are to be kept */
    void *reader, *writer;     /* of this attempt's stream */
    struct chat_fold *fold;    /* a client that wants no stream gets the fold of one */
    struct arena scratch;      /* of one event */
    struct sb out;             /* what the writer has written and the client not yet got */
    bool ended;                /* END came */
    bool array_begun;          /* a stream as a JSON array: its first element is out */
    bool fold_has_content;
    bool rewrites;                  /* the answer is written anew */
    bool thinking;                  /* thinking_to_content: thoughts are being told */
    bool answer_is_call;            /* this attempt's answer comes as a call: answer_tool.h */
    struct answer_tool answer_tool; /* ... its state */
};

struct exchange {
    struct http_req *req; /* NULL: a probe */
    struct arena *arena;
    struct log_ctx *log;
    struct relay_loop *rl;
    struct list link; /* in rl->exchanges */
    enum step step;
    bool running, again; /* exchange_run() is on the stack; it was called once more */

    /* ROUTE */
    enum relay_mode mode;
    const struct dialect *client; /* whose dialect the request is in */
    struct peek_request peek;
    bool embed_batch; /* the path names Gemini's method for embeddings of several texts */
    struct snapshot *snap;
    struct str body;
    struct str whole_body;       /* with items in the place of their names; empty: the same */
    struct str path;             /* the client's, or the usual one that it stands for */
    struct media_request *asked; /* in a mode of media_request.h; NULL: another mode (mode.h) */
    struct upload *upload;       /* the body was not whole when the exchange began; NULL: it was */

    /* ADMIT */
    struct credential *cred;
    void (*authenticated)(struct exchange *x); /* for handlers that only need to know who calls */
    struct apikey_lookup *lookup;
    struct str group;       /* using group: routing and price */
    int64_t forced_channel; /* sk-KEY-ID; 0: none */
    struct price_plan plan;
    int64_t prompt_tokens; /* our own count; -1: not counted, see exchange_prompt_tokens() */
    struct usage estimate; /* of x->asked, until the upstream tells */
    struct drawn_images drawn;
    bool rate_entered;              /* counted as under way by rate.c */
    struct rate_shared rate_shared; /* the same over all nodes */
    struct hold hold;
    struct reservation *reservation; /* admit.c's; NULL: balances are this node's alone */
    bool refreshed;                  /* a denial was re-checked at the source */
    int64_t least_hold;              /* points that are reserved at least */
    unsigned checks;                 /* that were passed */

    /* SELECT and SEND, anew for each attempt */
    const struct route_channel *channel;
    struct str channel_key;
    int64_t key_number; /* of a multi-key channel: the key's place in the stored list; else -1 */
    const struct route_channel *tried[MAX_ATTEMPTS];
    size_t tried_keys[MAX_ATTEMPTS]; /* place among the channel's keys */
    unsigned attempts;
    struct str upstream_model;
    bool mapped;
    struct recall *recall;           /* NULL: nothing was looked up */
    struct media_job *media;         /* NULL: nothing was fetched */
    const struct dialect *upstream;  /* of a chat request */
    struct translation *translation; /* made once, for all attempts */
    struct translation *tr;          /* the same; NULL: OpenAI's chat on both sides */
    struct embedding *embedding;     /* NULL: no embeddings, or both sides speak OpenAI's dialect */
    struct loss_list *losses;        /* of a request that is not translated; NULL: not sent */
    struct realtime *rt;             /* of a session over WebSockets; NULL: no such request */
    struct http_call *call;
    bool upstream_answered; /* a 200 head came */
    int upstream_status;
    bool stream_reply;     /* the reply is an event stream */
    bool byte_reply;       /* the reply goes through as it comes: mode_bytes.c */
    struct str reply_type; /* Content-Type, where the upstream's goes through; empty: JSON */
    struct sb collected;   /* an error body, or a reply that is not streamed */

    /* the stream */
    struct sse sse;
    struct sb held;          /* events that came before the first content */
    struct sb last;          /* an event that may be the end, held until the charge is safe */
    struct str last_type;    /* its type; empty: none */
    struct str *chunk_names; /* id, object, ... of the stream's chunks, raw; NULL: not kept */
    bool reply_started, content_seen, finish_seen, done_seen, paused;
    bool client_gone;
    struct token_meter meter;
    struct usage usage;
    bool usage_seen;
    uint64_t first_payload_us; /* 0: none yet */
    struct loop_timer timer;   /* drain, or what comes after [DONE]; ping */
    struct loop_timer ping;

    /* the end */
    enum outcome outcome;
    struct relay_fault fault;
    bool settled;
    void (*probe_done)(struct exchange *x);
    void *probe;
};

void exchange_run(struct exchange *x);
/* Sets the next step and runs; from callbacks. */
void exchange_go(struct exchange *x, enum step step);

enum step_next relay_route(struct exchange *x);
enum step_next relay_admit(struct exchange *x);
enum step_next relay_select(struct exchange *x);
enum step_next relay_send(struct exchange *x);
enum step_next relay_settle(struct exchange *x);

/* A fault of the gateway's own: "new_api_error" with the code of the table. Returns NEXT_STEP with
 * x->step = STEP_SETTLE. */
enum step_next exchange_fail(struct exchange *x, enum err_code code, const char *format, ...)
    PRINTF_LIKE(3, 4);
/* The same because the program ends. */
enum step_next exchange_stop(struct exchange *x);
/* The client has gone, its body was refused, or the program ends: x->step is at STEP_SETTLE. */
bool exchange_is_over(struct exchange *x);
/* An attempt failed before the client has seen anything: another channel, or the end. */
void exchange_attempt_failed(struct exchange *x);
/* The operator's rules refuse the request, with x->fault: as above, but nothing is held against the
 * channel. */
enum step_next exchange_refuse(struct exchange *x);
/* Fault of a call that broke (`err` from http/client). */
void fault_from_err(struct exchange *x, const struct err *err);
/* Fault from a reply with an error status or an error object. */
void fault_from_reply(struct exchange *x, int status, struct str body);
/* Fault from an error event of a stream. */
void fault_from_event(struct exchange *x, const struct chat_event *ev);
/* The error with the request's id in its text. */
struct openai_error fault_error(const struct exchange *x);
/* The client's error body, or event in mid-stream, in its dialect. */
struct str fault_body(struct exchange *x, bool in_stream);
/* Text without addresses, keys and organisation names. */
struct str fault_mask(struct arena *a, struct str text, const struct route_channel *channel,
                      struct str key);

/* prompt.c: an ADMIT check. Refuses a prompt that holds a word of the option SensitiveWords. */
enum step_next prompt_check(struct exchange *x);
/* Does this JSON, which may be a request's, an item of a conversation or settings with
 * instructions, hold such a word? False where the options want no check. `a` is for scratch. */
bool prompt_holds_word(struct arena *a, const struct settings *s, struct str raw);
extern const char prompt_refusal[]; /* what the client is told */

/* stream.c */
/* Comments for the client while the upstream is silent, if the options want them. */
void stream_keep_alive(struct exchange *x);
void stream_begin(struct exchange *x);
void stream_feed(struct exchange *x, struct str bytes);
void stream_end(struct exchange *x); /* the upstream's reply was complete */
void stream_broken(struct exchange *x, const struct err *err); /* it was not */

/* The answer had begun and x->fault is set: writes an error event, then the end. */
void stream_break_off(struct exchange *x);
void stream_from_answer(struct exchange *x); /* a JSON answer to a streaming request */

/* route.c: in which dialect errors of the server itself are told on a path. */
const struct dialect *relay_dialect_of(struct str path);

/* media.c: gets what the request names by address, where the upstream does not; once an exchange.
 * NEXT_WAIT: exchange_run() comes back; NEXT_STEP with x->step at STEP_SETTLE: it failed. */
enum step_next media_fetch(struct exchange *x, const struct provider *p);

/* recall.c: what a client of the Responses API takes to be kept, towards upstreams of other
 * dialects, which keep nothing. */
/* Puts the items that were kept in the place of those that the request only names; before it is
 * read. NEXT_WAIT: other nodes are asked; call again. NEXT_STEP with x->step at STEP_SETTLE: the
 * request needs something that is not there. */
enum step_next recall_items(struct exchange *x);
/* Is an answer to this request to be kept? */
bool recall_wants(const struct exchange *x);
/* Keeps the items of the answer, which is charged and not yet shown to its end. */
void recall_keep(struct exchange *x);

/* embedding.c: embeddings whose client or upstream speaks another dialect than OpenAI's. */
/* Reads what is to be translated, at the start of an attempt. NEXT_STEP with x->step at
 * STEP_SETTLE: it failed. */
enum step_next embedding_prepare(struct exchange *x);
/* Are the two dialects different? */
bool embedding_translates(const struct exchange *x);
/* What the request says and the upstream's dialect does not. */
struct loss_list *embedding_losses(const struct exchange *x);
/* Does the call that comes bring a list of texts? */
bool embedding_is_batch(const struct exchange *x);
/* The body of this call, for a client of another dialect. */
MUST_CHECK enum err_code embedding_request(struct exchange *x, const struct provider_call *call,
                                           struct str *body, struct err *err);
/* Takes the answer of a call; with the last one x->collected becomes what the client gets. */
MUST_CHECK enum err_code embedding_answer(struct exchange *x, struct str body, struct err *err);
/* Is another call of the attempt due, which STEP_SEND makes? */
bool embedding_goes_on(const struct exchange *x);

/* request.c: what is sent to the channel that was chosen. */
/* Follows the channel's model mapping to x->upstream_model. ERR_MODEL_MAPPING. */
MUST_CHECK enum err_code request_map_model(struct exchange *x, struct err *err);
/* All that the call needs, in the arena. With x->fault set, an override has refused it. */
MUST_CHECK enum err_code request_build(struct exchange *x, const struct provider *p,
                                       struct http_call_conf *http, struct err *err);

/* translate.c */
/* Is the upstream's dialect not the client's? */
bool translates(const struct exchange *x);
/* Is the answer written anew: for that, or because the channel wants it? */
bool rewrites(const struct exchange *x);
/* Has the channel a system prompt that the request may get, and which? */
bool exchange_has_prompt(const struct exchange *x);
struct system_prompt exchange_prompt(const struct exchange *x);
/* What the request says and the upstream is not told, because its dialect, the rules of its models
 * or the channel leave it out; NULL before anything was sent. */
struct loss_list *exchange_loss_list(const struct exchange *x);
/* The same as text; "" for nothing. */
struct str exchange_losses(const struct exchange *x);
/* Chooses the attempt's upstream dialect, and makes x->tr where that needs one. */
void translate_prepare(struct exchange *x, const struct provider *p);
/* Reads the syntax of the client's request, once, and then into the canonical form. */
MUST_CHECK enum err_code translate_parse(struct exchange *x, struct err *err);
MUST_CHECK enum err_code translate_read(struct exchange *x, struct err *err);
/* The body in the upstream's dialect, for a client of another. */
MUST_CHECK enum err_code translate_request(struct exchange *x, const struct provider *p,
                                           const struct provider_call *call, struct str *body,
                                           struct err *err);
/* What an event, or a whole answer, held that decides about the exchange. */
struct seen {
    bool content; /* something that the client pays for, or a finish with a cause */
    bool error;   /* x->fault is set */
    bool end;
};
/* Reads one event of an upstream with x->tr; writes to tr->out what the client gets of it when its
 * dialect is another, all but the end. */
MUST_CHECK enum err_code translate_event(struct exchange *x, const struct sse_event *ev,
                                         struct seen *seen, struct err *err);
/* The end of the stream. */
void translate_close(struct exchange *x, struct seen *seen);
/* Writes the end of the client's stream, behind the charge, or its whole answer to tr->out. */
void translate_end(struct exchange *x);
/* Reads a whole answer. What the client gets of it is in tr->out after translate_end(), unless the
 * upstream's bytes are the answer. */
MUST_CHECK enum err_code translate_answer(struct exchange *x, struct str body, struct seen *seen,
                                          struct err *err);

/* admit.c: may `now`, which is the caller's credential as it is by now, still do what the exchange
 * was admitted for? False: x->fault says why, and x->step is STEP_SETTLE. */
bool exchange_admits_still(struct exchange *x, struct credential *now);
/* admit.c: fails because the caller's key was not found, for the reason that a lookup gave. */
enum step_next exchange_no_credential(struct exchange *x, enum err_code code);
/* admit.c: reserves what the price plan says; asked again when it waited. NEXT_STEP: reserved, or
 * failed with x->step at STEP_SETTLE. A new reservation begins with x->refreshed false. */
enum step_next exchange_reserve(struct exchange *x);
/* Who calls, and may they call at all? In any step before ADMIT is done; asked again when it
 * waited. NEXT_STEP: x->cred is set, or failed with x->step at STEP_SETTLE. */
enum step_next exchange_identify(struct exchange *x);
/* May the caller's token use the model, or the family that it belongs to? */
bool exchange_allows_model(const struct exchange *x, struct str model);
/* Tokens of the prompt by our own count, made when it is first asked for: most calls never ask. */
int64_t exchange_prompt_tokens(struct exchange *x);

/* settle.c: writes the usage record; does nothing the second time. False: the journal could not
 * take it. */
bool exchange_charge(struct exchange *x);
/* Ends what rate_enter() began; does nothing the second time. */
void exchange_leave_rate(struct exchange *x, bool success);
/* An error row for an attempt that failed, when ERROR_LOG_ENABLED. */
void exchange_log_failure(struct exchange *x);

/* health.c */
struct health_table *health_new(void);
void health_free(struct health_table *h);
/* Gives each channel of a new snapshot its health; before it is published. */
void health_attach(struct health_table *h, struct snapshot *snap);
bool health_ok(const struct route_channel *channel, uint64_t now_ms);
/* Which of the channel's keys is next: any, or one after the other. */
size_t health_next_key(const struct route_channel *channel);
void health_note_success(const struct route_channel *channel);
/* Notes the failure in x->fault and, when the channel's own fault says so, switches the channel
 * off. */
void health_note_failure(struct exchange *x);

/* disable.c */
/* Switches off the channel of the failed exchange, or of a multi-key channel the key that was used
 * and the channel with its last one; in the database, on the pool. `busy` is true until then. */
void channel_disable(struct exchange *x, _Atomic bool *busy);

/* model_list.c */
void relay_list_models(struct http_req *r, void *ctx);
void relay_get_model(struct http_req *r, void *ctx);
/* admit.c: finds who calls for the handlers above and then calls `then`, or answers with the error
 * in the caller's dialect. */
void relay_authenticate(struct relay *relay, struct http_req *r, const struct dialect *client,
                        void (*then)(struct exchange *x));

struct relay_loop *relay_loop_of(struct relay *r, const struct loop *loop);
struct exchange *exchange_new(struct relay *relay, struct http_req *r);
/* Without a client; `arena` ends it. */
struct exchange *exchange_new_probe(struct relay_loop *rl, struct arena *arena,
                                    struct log_ctx *log);
