/*
 * responses_policy - which chats go out to their upstream as Responses, where that speaks both: the
 * option global.chat_completions_to_responses_policy, a JSON object of
 *
 *   enabled         bool
 *   all_channels    bool; otherwise the channels named by
 *   channel_ids     whole numbers, or
 *   channel_types   whole numbers
 *   model_patterns  regular expressions (Perl's syntax, RESPONSES_PATTERNS at most), one of which
 *                   must match somewhere in the name that the client asked for; none: every name
 *
 * Read once, for a snapshot or to judge what an operator has typed; used by any thread. Pure.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

enum { RESPONSES_PATTERNS = 32 };

struct responses_policy;

/* `root` is an object. The result lives as long as the arena, NULL when the policy is not enabled
 * or names no channel. ERR_BAD_REQUEST with a text for the operator in both languages that names
 * the member. */
MUST_CHECK enum err_code responses_policy_read(struct arena *a, const struct json *root,
                                               const struct responses_policy **out,
                                               struct err *err);

/* Patterns are tried for channels that the policy names only, each for a bounded time; one that
 * explodes on a name is logged and does not match it. */
bool responses_policy_wants(const struct responses_policy *policy, int64_t channel_id,
                            int64_t channel_type, struct str model);
