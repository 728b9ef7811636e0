/*
 * record - the usage record of one finished call: what the journal keeps and the ledger applies.
 * Plain data and its coding.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/usage.h"

enum record_kind { RECORD_CONSUME = 2, RECORD_ERROR = 5 }; /* = logs.type */

/* Strings are borrowed. The id makes a record unique for ever (journal + offset), it is given by
 * the journal. */
struct usage_record {
    int64_t kind; /* enum record_kind; an error row charges nothing */
    int64_t created_at_s;
    int64_t user_id, token_id, channel_id;
    int64_t quota; /* points; may be 0 */
    int64_t prompt_tokens, completion_tokens, use_time_s;
    bool is_stream;
    bool count_request; /* adds 1 to users.request_count, and quota to the used_quota columns (false
                           when no tokens were used) */
    bool write_log;     /* LogConsumeEnabled when the call began */
    struct str username, token_name, model_name, group, content, other, request_id, ip;
};

/* Bytes that record_encode() needs. No string is longer than RECORD_STRING_MAX: what is, is cut. */
enum { RECORD_STRING_MAX = 1 << 20 };
size_t record_size(const struct usage_record *r);
/* Writes exactly record_size() bytes. */
void record_encode(const struct usage_record *r, char *to);
/* Strings point into `bytes`. ERR_INTERNAL on a damaged or unknown record. */
MUST_CHECK enum err_code record_decode(struct str bytes, struct usage_record *out, struct err *err);
