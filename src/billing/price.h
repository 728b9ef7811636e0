/*
 * price - what a call costs, as integer points (billing reference, sections 1-4): its tokens by
 * class, or the call, and the tools that the provider ran for it (tool_cost.h). Pure.
 *
 * Ratios are decimal numbers of the operator; a charge is computed in one place, here, and rounded
 * once. No floating point is ever added to a balance: the result is an int64_t.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "dialect/dialect_id.h"
#include "model/snapshot.h"
#include "model/usage.h"

/* Everything that a price depends on, pinned when the request is admitted; plain value that borrows
 * from the snapshot it was made of. */
struct price_plan {
    struct str name; /* of the model; borrowed */
    struct model_price model;
    const struct json *tool_prices; /* {"tool" or "tool:prefix*": USD for 1000 calls}; NULL: none */
    enum dialect_id upstream;       /* whose searches they are; the caller's to set */
    double group_ratio;
    double user_group_ratio; /* group-to-group ratio that replaced it; -1: none */
    double quota_per_unit;
    int64_t pre_consumed_tokens; /* assumed when the request names no maximum */
    bool realtime;               /* price_plan_realtime() was called */
    int64_t images;              /* price_plan_images() was called: so many; 0: it was not */
    double image_size, image_quality;
};

/*
 * Looks the price up. ERR_MODEL_PRICE when the model has neither price nor ratio, unless self-use
 * mode is on or `accept_unset` (the user's setting accept_unset_model_ratio_model) is set.
 */
MUST_CHECK enum err_code price_plan_make(const struct snapshot *snap, struct str model,
                                         struct str user_group, struct str using_group,
                                         bool accept_unset, struct price_plan *out,
                                         struct err *err);

/*
 * The plan of a realtime session, whose responses are charged one by one: audio has its own price
 * also where the model has none in the tables (20 x text, spoken answers twice that: billing
 * reference 5.3 and 7), and log rows say so.
 */
void price_plan_realtime(struct price_plan *plan);

/*
 * The plan of `n` images, each of which costs `size` x `quality` of the model's price, where it has
 * one (billing reference 5.1).
 */
void price_plan_images(struct price_plan *plan, int64_t n, double size, double quality);

/*
 * Points to reserve before the call: billing reference 3.1, but never less than the prompt costs.
 * `max_tokens` 0 = the request names none.
 */
int64_t price_reserve(const struct price_plan *plan, int64_t prompt_tokens, int64_t max_tokens);
/*
 * Points to reserve for the tools that the provider may run (searches, file_searches and drawn of
 * `calls`). Whose searches they will be is not known yet: they count as the dearest. The original
 * reserves nothing for them; then many calls at once could search for far more than there is.
 */
int64_t price_reserve_tools(const struct price_plan *plan, const struct usage *calls);
/* Does the call cost nothing, whatever it uses of tokens and of these tools? */
bool price_is_free(const struct price_plan *plan, const struct usage *calls);

/* Points that the call costs: billing reference 4.1-4.4, rounded half away from zero, at least 1
 * unless it is free. 0 when nothing was used. */
int64_t price_charge(const struct price_plan *plan, const struct usage *usage);

/* The members of logs.other that tell how the price came about (ratios, cache tokens, model price),
 * written without braces' surroundings into an open JSON object; and the `content` text of the row
 * (billing reference, section 9). */
struct json_writer;
void price_write_other(struct json_writer *w, const struct price_plan *plan,
                       const struct usage *usage);
struct str price_content(struct arena *a, const struct price_plan *plan, const struct usage *usage);
