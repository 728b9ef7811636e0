/*
 * openai_rules - what OpenAI's reasoning models take and what they refuse (relay reference 9.6,
 * providers reference 2.2): the o-series, gpt-5 and later, in chat and Responses bodies. Private to
 * the room, pure; slots of struct provider.
 */
#pragma once
#include "provider/provider.h"

/* The name without an effort at its end ("o3-mini-high"). */
struct str openai_rules_name(const struct provider_call *call, struct arena *a);
/* Is there a rule for the model? */
bool openai_rules_apply(const struct provider_call *call);
void openai_rules_edit(const struct provider *p, const struct provider_call *call,
                       const struct json *body, struct json_patch *patch, struct arena *a);
/* Members of other dialects that OpenAI refuses by name become losses. */
void openai_rules_adapt(const struct provider *p, const struct provider_call *call,
                        struct chat_request *r, struct request_conf *conf);
