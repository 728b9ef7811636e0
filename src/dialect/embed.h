/*
 * embed - embeddings: the canonical request and answer, and how OpenAI's and Gemini's dialects say
 * them. Pure; everything lives in the arena or points into the bodies.
 *
 * Sources: OpenAI API reference (embeddings), Gemini API (embedContent, batchEmbedContents), Vertex
 * AI (predict); providers reference 2.4, 5.8, 6.3.
 */
#pragma once
#include "base/json.h"
#include "base/sb.h"
#include "dialect/dialect_id.h"
#include "dialect/loss.h"

enum {
    EMBED_BATCH_MAX = 100, /* texts of one batchEmbedContents */
    EMBED_TEXTS_MAX = 2048 /* of one request that is translated; OpenAI's limit */
};

struct embed_request {
    struct str model;
    struct str *inputs;
    size_t count;
    bool single;                 /* the client gave one text, not a list */
    int64_t dimensions;          /* 0: not given */
    bool base64;                 /* OpenAI: the client wants vectors as base64 */
    struct str user;             /* OpenAI: may be empty */
    struct str task_type, title; /* Gemini: may be empty */
};

struct embed_vector {
    double *values;
    size_t n;
};

struct embed_answer { /* zeroed at the start; answers of several calls are read into one */
    struct embed_vector *vectors;
    size_t count, cap;
    int64_t prompt_tokens; /* 0: not said */
};

/* ---- the client's side ---- */

/* ERR_BAD_EMBEDDING_REQUEST names the member that is wrong; tokens in the place of texts are
 * refused. */
MUST_CHECK enum err_code embed_read_openai(struct arena *a, const struct json *body,
                                           struct embed_request *out, struct loss_list *losses,
                                           struct err *err);
/* Of embedContent, or with a member `requests` of batchEmbedContents. The model stands in the URL:
 * the caller sets it. */
MUST_CHECK enum err_code embed_read_gemini(struct arena *a, const struct json *body,
                                           struct embed_request *out, struct loss_list *losses,
                                           struct err *err);
void embed_write_openai_answer(struct arena *a, const struct embed_request *r,
                               const struct embed_answer *answer, struct sb *out);
void embed_write_gemini_answer(const struct embed_request *r, const struct embed_answer *answer,
                               struct sb *out);

/* ---- the upstream's side ---- */

/* Asks for numbers, whatever the client wants: the answer is written for it anew. */
void embed_write_openai(const struct embed_request *r, struct loss_list *losses, struct sb *out);
/* The number of calls that the request takes: one text goes to embedContent, a list to
 * batchEmbedContents in pieces of EMBED_BATCH_MAX. */
size_t embed_gemini_calls(const struct embed_request *r);
/* The body of the call with this number, from 0. */
void embed_write_gemini(struct arena *a, const struct embed_request *r, size_t call,
                        struct loss_list *losses, struct sb *out);

/* Appends the vectors of a 200's body and adds its tokens. ERR_UPSTREAM_BODY when it is no such
 * answer. */
MUST_CHECK enum err_code embed_read_openai_answer(struct arena *a, struct str body,
                                                  struct embed_answer *answer, struct err *err);
/* Of embedContent, batchEmbedContents or Vertex's predict. */
MUST_CHECK enum err_code embed_read_gemini_answer(struct arena *a, struct str body,
                                                  struct embed_answer *answer, struct err *err);
/* Does the upstream give vectors that are not of unit length, though its whole ones are? So
 * gemini-embedding-001 does when it is asked for fewer dimensions. */
bool embed_needs_normalising(const struct embed_request *r);
/* Brings every vector to unit length; one of zeros stays. */
void embed_normalise(struct embed_answer *answer);

/* ---- by dialect ---- */

/* How a dialect says embeddings; the functions above behind one shape. */
struct embed_dialect {
    enum err_code (*read_request)(struct arena *a, const struct json *body,
                                  struct embed_request *out, struct loss_list *losses,
                                  struct err *err);
    /* How many calls the request takes, and the body of one of them. */
    size_t (*calls)(const struct embed_request *r);
    void (*write_request)(struct arena *a, const struct embed_request *r, size_t call,
                          struct loss_list *losses, struct sb *out);
    enum err_code (*read_answer)(struct arena *a, struct str body, struct embed_answer *answer,
                                 struct err *err);
    /* embed_needs_normalising(), where a provider of the dialect may; NULL: never. */
    bool (*needs_normalising)(const struct embed_request *r);
    void (*write_answer)(struct arena *a, const struct embed_request *r,
                         const struct embed_answer *answer, struct sb *out);
};

/* NULL: the dialect has no embeddings. */
const struct embed_dialect *embed_dialect_of(enum dialect_id id);
