/*
 * provider_parts - what several providers do in the same way. Private to the room, pure.
 */
#pragma once
#include "provider/provider.h"

void provider_add_header(struct provider_headers *h, struct str name, struct str value);
/* Content-Type and Accept as the client sent them, with the usual ones where it did not. */
void provider_add_types(struct provider_headers *h, const struct provider_call *call);
/* The channel's base URL, or the provider's, without slashes at its end; "" and ERR_CHANNEL when
 * there is none. */
MUST_CHECK enum err_code provider_base(const struct provider *p, const struct provider_call *call,
                                       struct str *out, struct err *err);
/* base, path, and the query if there is one. */
struct str provider_join(struct arena *a, struct str base, struct str path, struct str query);

/*
 * An effort that the model's name ends with ("-high"), and the name without it. The longest known
 * suffix counts; STR_NULL: none. `efforts` is the list that the provider's models know.
 */
struct str provider_cut_effort(struct str *model, const struct str *efforts, size_t n);

/* Lists a member of the body that does not reach the model. What is not there or says nothing
 * (null, false, the default of a sampler) is no loss. */
void provider_note_loss(const struct provider_call *call, const struct json *body, struct str name);
/* Takes a member out of the body, and lists it likewise. */
void provider_drop(const struct provider_call *call, const struct json *body,
                   struct json_patch *patch, struct str name);

/* Does the client want the model to reason? */
bool provider_wants_reasoning(const struct chat_reasoning *asked);
/* For a model that cannot reason: nothing is said of it, and listed if the client wanted it. */
void provider_forget_reasoning(struct chat_request *r, struct request_conf *conf);

/* The member of that name, else "default"; NULL: neither. */
const struct json *provider_entry(const struct json *option, struct str name);
/* A value of an option that is an object by model, with "default" for the others; NULL: neither. */
const struct json *provider_option_of(struct arena *a, const struct settings *s, struct str key,
                                      struct str model);
/* Is the name in an option that is a list of names? */
bool provider_option_lists(struct arena *a, const struct settings *s, struct str key,
                           struct str model);
